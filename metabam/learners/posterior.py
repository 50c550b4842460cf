"""What a line may be like: draws of z_c (and delta) with the probabilities that each draw gives to pairs."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from metabam.errors import InputError
from metabam.learners.interventions import base_shift, belief_of
from metabam.learners.metabam import MetaBamLearner
from metabam.model.metabam import Belief, MetaBam
from metabam.records import Fingerprint, FloatArray, PosteriorDraws

_CELLS = 4_000_000


def posterior_draws(
    learner: MetaBamLearner,
    context: Fingerprint,
    queries: FloatArray,
    draws: int = 512,
    *,
    seed: int = 0,
    delta: Literal["integrated", "drawn"] = "integrated",
) -> PosteriorDraws:
    """Return M draws z_m ~ q(z_c | S) and P(y = 1 | x, z_m) of the queries (Q, D).

    Parameters
    ----------
    context
        The belief to draw from; the prior where it knows no support.
    delta
        ``"integrated"``: what z_m says on the context path, and what Z numbers cannot say integrated out by the probit
        approximation (doi:10.1162/neco.1992.4.5.720). ``"drawn"``: each draw holds one delta too, on the full path;
        labels are then independent given the draw.

    Raises
    ------
    InputError
        Fewer than 2 draws.
    """
    if draws < 2 or learner.model is None:
        raise InputError("draws", f"{draws} draws of a trained model are not enough.", "Use 512.")
    model, rng = learner.model, np.random.default_rng(seed)
    noise = torch.from_numpy(rng.standard_normal((draws, len(context.mean))).astype(np.float32))
    with torch.inference_mode():
        belief = belief_of(model, context)
        z = belief.context.draw(noise)
        alphas = model.gate(z)
        features = learner.as_features(queries)
        states = model.states(features, belief.context.mean)
        deltas = _deltas(model, belief, alphas, rng) if delta == "drawn" and model.config.evidence else None
        logits = _context_logits(model, features, states, z, alphas, deltas)
        variance = torch.zeros(len(states))
        if delta != "drawn" and model.config.evidence:
            centred = states - model.readout.centre
            variance = ((centred @ model.beyond_context()) * centred).sum(-1).clamp(min=0.0)
        shift = float(base_shift(model, belief, "full" if delta == "drawn" else "context"))
        probability = torch.sigmoid(model.moderated(logits + shift, variance))
    return PosteriorDraws(
        np.asarray(z.numpy(), dtype=np.float64),
        np.asarray(alphas.numpy(), dtype=np.float64),
        np.asarray(probability.numpy(), dtype=np.float32),
    )


def _context_logits(
    model: MetaBam, features: Tensor, states: Tensor, z: Tensor, alphas: Tensor, deltas: Tensor | None
) -> Tensor:
    """Return the logits (M, Q) of features (Q, W), or their h^(0) (Q, K), under M contexts, gates and deltas (M, K).

    Where contexts rotate the atoms, each draw reads the features anew.
    """
    chunk = max(1, _CELLS // max(1, states.numel()))
    parts = []
    for start in range(0, len(alphas), chunk):
        some = slice(start, start + chunk)
        here = states if model.rotation is None else model.states(features, z[some])
        part = model.context_logit(here, alphas[some], step_gates=model.gates_by_step(z[some]))
        if deltas is not None and model.rotation is not None:
            part = part + ((here - model.readout.centre) @ deltas[some].unsqueeze(-1)).squeeze(-1)
        parts.append(part)
    logits = torch.cat(parts)
    if deltas is not None and model.rotation is None:
        logits = logits + deltas @ (states - model.readout.centre).T
    return logits


def _deltas(model: MetaBam, belief: Belief, alphas: Tensor, rng: np.random.Generator) -> Tensor:
    """Return one delta (M, K) for each draw of the gates; its mean takes back kappa of what the gates moved."""
    moved = model.readout.effects(alphas) - model.readout.effects(belief.alpha)
    values, vectors = torch.linalg.eigh(belief.delta_covariance.double())
    root = vectors * values.clamp(min=0.0).sqrt()  # a singular covariance is drawn in its span
    normal = torch.from_numpy(rng.standard_normal(tuple(alphas.shape)))
    deltas: Tensor = belief.delta_mean - model.evidence.kappa * moved + (normal @ root.T).float()
    return deltas
