"""A prediction as a differentiable function of pair features, the fingerprint held fixed: what attribution needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from metabam.errors import ConfigError, TrainingError
from metabam.learners.interventions import base_shift, belief_of
from metabam.learners.metabam import MetaBamLearner
from metabam.records import Fingerprint

Target = Literal["logit", "potential", "state"]


def value_of(
    learner: MetaBamLearner, context: Fingerprint, target: Target = "logit", atom: int = 0
) -> Callable[[Tensor], Tensor]:
    """Return f: features (Q, D) float32 -> (Q,), differentiable in the features; the belief is a constant.

    ``"logit"`` is what :meth:`MetaBamLearner.predict` answers, ``"potential"`` p_k, ``"state"`` h_k^(T) of one atom k.
    Weights keep no gradient: nothing in the learner changes.

    Raises
    ------
    ConfigError
        ``unknown-atom`` or ``unknown-target``.
    """
    model = learner.model
    if model is None:
        raise TrainingError("not-fitted", "this learner has not been trained.", "Call fit, or load a run.")
    if target not in ("logit", "potential", "state"):
        raise ConfigError("unknown-target", f"there is no target {target!r}.", "Choose logit, potential or state.")
    if not 0 <= atom < model.config.n_atoms:
        raise ConfigError("unknown-atom", f"there is no atom {atom}.", f"Choose 0 to {model.config.n_atoms - 1}.")
    with torch.no_grad():
        belief = belief_of(model, context)
        shift = float(base_shift(model, belief))

    def potential(features: Tensor) -> Tensor:
        return model.potentials(features, belief.context.mean)[..., atom]

    def state(features: Tensor) -> Tensor:
        return model.unfolded(model.states(features, belief.context.mean), belief)[-1][..., atom]

    def logit(features: Tensor) -> Tensor:
        states = model.states(features, belief.context.mean)
        centre, variance = model.combine(model.unfolded(states, belief)[-1], states, belief)
        return model.moderated(centre + shift, variance)

    return {"potential": potential, "state": state, "logit": logit}[target]
