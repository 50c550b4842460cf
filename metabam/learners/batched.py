"""Many beliefs at once: leave-one-out answers under many labellings, and clouds of supports."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from metabam.learners.base import Learner
from metabam.learners.interventions import base_shift
from metabam.learners.metabam import MetaBamLearner
from metabam.model.context import ContextPosterior
from metabam.model.metabam import Belief, MetaBam, Support
from metabam.records import Fingerprint, FloatArray, SupportSet

Float64Array = NDArray[np.float64]
_BELIEFS = 400


def leave_one_out_logits(
    learner: Learner[Fingerprint], features: FloatArray, labels: NDArray[np.int8], *, every: int = 1
) -> Float64Array:
    """Return the logit of each support pair given the labels of all others, (P, S) float64.

    Parameters
    ----------
    learner
        Meta-BAM learners answer all P x S beliefs together, any other one after the other; neither is changed.
    features
        (S, D) of one support.
    labels
        (P, S) in {0, 1}: P labellings of that support.
    every
        Hold the base rate on every so manieth of the training pairs kept for it (1: exactly as ``predict`` does).

    Notes
    -----
    P = 200, S = 16, K = 24 takes 1.1 CPU seconds; with ``every=4`` about 0.6.
    """
    size = len(features)
    if size == 0 or not len(labels):
        return np.zeros(labels.shape)
    if not isinstance(learner, MetaBamLearner) or learner.model is None or learner.model.rotation is not None:
        return np.array([[_one(learner, features, row, at) for at in range(size)] for row in labels])
    model = learner.model
    keep = 1.0 - torch.eye(size)
    chunk = max(1, _BELIEFS // size)
    found = []
    with torch.inference_mode():
        states = model.states(learner.as_features(features))
        for start in range(0, len(labels), chunk):
            part = torch.from_numpy(labels[start : start + chunk].astype(np.float32))
            shape = (len(part), size, size)
            belief = adapt_states(model, states.expand(*shape, -1), part[:, None].expand(shape), keep.expand(shape))
            found.append(_answers(model, belief, states[:, None], every))
    return np.concatenate(found)


def adapt_many(learner: Learner[Fingerprint], supports: Sequence[SupportSet]) -> list[Fingerprint]:
    """Return ``learner.adapt`` of each support; Meta-BAM learners read supports of equal size together."""
    sizes = {len(support) for support in supports}
    if len(sizes) != 1 or not isinstance(learner, MetaBamLearner) or learner.model is None:
        return [learner.adapt(support) for support in supports]
    model, found = learner.model, []
    chunk = max(1, 64 * 256 // max(1, max(sizes)))
    with torch.inference_mode():
        for start in range(0, len(supports), chunk):
            part = supports[start : start + chunk]
            features = [learner.as_features(support.features) for support in part]
            states = torch.stack([model.states(each) for each in features])
            turned = None if model.rotation is None else torch.stack(features)
            labels = torch.from_numpy(np.stack([support.labels for support in part]).astype(np.float32))
            belief = model.adapt(Support(states, labels, torch.ones_like(labels), turned))
            rows = (belief.context.mean, belief.context.std, belief.alpha, belief.delta_mean, belief.delta_covariance)
            mean, std, spectrum, delta, covariance = (np.asarray(row.numpy(), dtype=np.float64) for row in rows)
            found += [
                Fingerprint(mean[at], std[at], spectrum[at], delta[at], covariance[at], n_support=len(part[at]))
                for at in range(len(part))
            ]
    return found


def adapt_states(model: MetaBam, states: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor) -> Belief:
    """Return beliefs about supports (..., S, K), the dimensions of z_c independent, as fingerprints keep them."""
    belief = model.adapt(Support(states, labels, mask))
    context = ContextPosterior(belief.context.mean, torch.diag_embed(belief.context.std))
    return Belief(context, belief.alpha, belief.delta_mean, belief.delta_covariance, belief.step_gates)


def _answers(model: MetaBam, belief: Belief, states: torch.Tensor, every: int) -> Float64Array:
    """Return moderated logits (P, S), pair s under the belief (p, s); ``states`` (S, 1, K)."""
    logit, variance = model.combine(model.unfolded(states, belief)[-1], states, belief)
    shift = torch.from_numpy(base_shift(model, belief, every=every)).unsqueeze(-1)
    return np.asarray(model.moderated(logit + shift, variance).squeeze(-1).numpy(), dtype=np.float64)


def _one(learner: Learner[Fingerprint], features: FloatArray, labels: NDArray[np.int8], at: int) -> float:
    others = np.delete(np.arange(len(features)), at)
    belief = learner.adapt(SupportSet(features[others], labels[others].astype(np.int8)))
    return float(learner.predict(belief, features[at : at + 1]).logit[0])
