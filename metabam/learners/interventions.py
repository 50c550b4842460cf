"""What interventions do to a belief: edits of atoms, at all steps or one, and the base rate that every belief keeps."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metabam.errors import ConfigError
from metabam.model.context import ContextPosterior
from metabam.model.metabam import Belief, MetaBam
from metabam.records import AtomEdit, Fingerprint

Float64Array = NDArray[np.float64]


def belief_of(model: MetaBam, fingerprint: Fingerprint) -> Belief:
    """Return a fingerprint as the model's tensors: independent dimensions of z_c, float32."""
    mean, std, alpha, delta, covariance = (
        torch.from_numpy(np.asarray(values, dtype=np.float32))
        for values in (
            fingerprint.mean,
            fingerprint.std,
            fingerprint.spectrum,
            fingerprint.evidence_mean,
            fingerprint.evidence_cov,
        )
    )
    return Belief(ContextPosterior(mean, torch.diag(std)), alpha, delta, covariance, model.gates_by_step(mean))


def edited(belief: Belief, edit: AtomEdit) -> Belief:
    """Return the belief with gates and delta edited; the context posterior stays.

    Raises
    ------
    ConfigError
        ``atom-edit`` where the edit does not have the size of the belief, or is not finite.
    """
    n_atoms = belief.alpha.shape[-1]
    shapes = {"keep": (n_atoms, n_atoms), "gate": (n_atoms,), "evidence": (n_atoms,)}
    for name, shape in shapes.items():
        values = getattr(edit, name)
        if values.shape != shape or not np.isfinite(values).all():
            raise ConfigError("atom-edit", f"{name} of shape {values.shape} is not {shape}, or not finite.")
    keep, gate, evidence = (
        torch.from_numpy(np.asarray(values, dtype=np.float32)) for values in (edit.keep, edit.gate, edit.evidence)
    )
    return Belief(
        belief.context,
        belief.alpha @ keep.T + gate,
        belief.delta_mean @ keep.T + evidence,
        keep @ belief.delta_covariance @ keep.T,
        None if belief.step_gates is None else belief.step_gates @ keep.T + gate,
    )


def unfold_with(
    model: MetaBam, states: Tensor, usual: Belief, changed: Belief, step: int, steps: int | None
) -> list[Tensor]:
    """Return h^(0) ... h^(T) where step ``step`` (1..T) is taken under the gates of ``changed``, others ``usual``.

    Raises
    ------
    ConfigError
        ``unfold-steps`` for a step that is not taken.
    """
    wanted = model.unfold.n_steps if steps is None else steps
    if not 1 <= step <= wanted:
        raise ConfigError("unfold-steps", f"step {step} is not among the {wanted} that are taken.", "Count from 1.")
    trace = [states]
    for number in range(1, wanted + 1):
        belief = changed if number == step else usual
        gates = belief.alpha if belief.step_gates is None else belief.step_gates[number - 1]
        trace.append(model.unfold(trace[-1], gates, 1)[-1])
    return trace


def base_shift(
    model: MetaBam, belief: Belief, path: Literal["full", "context"] = "full", *, every: int = 1
) -> Float64Array:
    """Return b (...) such that training pairs, under each belief, have the training lines' base rate on average.

    A support's share of positives says nothing about a line's base rate, but moving gates moves the mean prediction;
    this takes that back, by Newton steps of at most 1 on the mean moderated probability. ``every`` thins the 256
    training pairs that stand for all, where thousands of beliefs are compared with each other.
    """
    states = model.states_of_reference(belief.context.mean)[..., ::every, :]
    logit, variance = model.combine(model.unfolded(states, belief)[-1], states, belief, path)
    spread = (variance * model.interval_scale.square()).detach().numpy().astype(np.float64)
    damp = np.sqrt(1.0 + np.pi / 8.0 * spread)
    centre, rate = logit.detach().numpy().astype(np.float64), float(torch.sigmoid(model.base_logit))
    shift = np.zeros(centre.shape[:-1])
    moving = np.ones(centre.shape[:-1], dtype=bool)
    for _ in range(12):
        p = sigmoid((centre + shift[..., None]) / damp)
        slope = np.maximum(np.mean(p * (1.0 - p) / damp, axis=-1), 1e-6)
        step = (p.mean(axis=-1) - rate) / slope
        shift = np.where(moving, shift - np.clip(step, -1.0, 1.0), shift)
        moving &= np.abs(step) >= 1e-6
        if not moving.any():
            break
    return shift


def sigmoid(logit: Float64Array) -> Float64Array:
    """Return 1 / (1 + exp(-logit)), without overflow."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -500.0, 500.0))))
