"""Refining a fingerprint by gradient: z_c moves, the gates follow, and the evidence is inferred anew at them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metabam.config import RefineConfig
from metabam.model.context import ContextPosterior
from metabam.model.metabam import MetaBam, Support
from metabam.model.refine import context_objective, refine_context
from metabam.records import Fingerprint, RefinementPath


def refined(
    model: MetaBam, fingerprint: Fingerprint, support: Support, config: RefineConfig
) -> tuple[Fingerprint, RefinementPath]:
    """Return the refined fingerprint and the path; where the search diverged, the fingerprint as it was.

    The first chain starts at the amortised mean, every further one at a draw from the amortised posterior. The
    spread of z_c stays the amortised one: a handful of steps does not measure it.
    """
    with torch.no_grad():
        mean = _tensor(fingerprint.mean)
        noise = np.random.default_rng([config.seed, 1]).normal(size=(config.chains, len(mean)))
        noise[0] = 0.0
        start = mean + _tensor(noise) * _tensor(fingerprint.std)
        objective = context_objective(model, support)
        found = refine_context(
            objective,
            start,
            step_size=config.step_size,
            steps=config.steps,
            noise=config.noise,
            seed=config.seed,
        )
        path = RefinementPath(_array(found.states), _array(found.objective), found.diverged)
        facts = {**config.model_dump(mode="json"), "diverged": found.diverged}
        if found.diverged:
            return replace(fingerprint, provenance={**fingerprint.provenance, "refinement": facts}), path
        facts["objective"] = [float(path.objective[0, 0]), float(objective(found.best))]
        context = ContextPosterior(found.best, torch.diag(_tensor(fingerprint.std)))
        belief = model.believe(support, context)
    made = replace(
        fingerprint,
        mean=_array(found.best),
        spectrum=_array(belief.alpha),
        evidence_mean=_array(belief.delta_mean),
        evidence_cov=_array(belief.delta_covariance),
        provenance={**fingerprint.provenance, "refinement": facts},
    )
    return made, path


def _tensor(array: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(np.asarray(array, dtype=np.float32))


def _array(tensor: Tensor) -> NDArray[np.float64]:
    return np.asarray(tensor.detach().numpy(), dtype=np.float64)
