"""Bayesian logistic regression in whitened coordinates: the one solver behind every linear learner.

With weights ``w = m + F v`` and ``v ~ N(0, I)`` any Gaussian prior N(m, F F^T), singular ones included, becomes a
ridge problem with unit penalty, so its Hessian ``I + X'^T W X'`` is never worse than the data. Damped Newton with
backtracking (undamped Newton diverges on separable supports), many tasks at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, gammaln, logit, ndtri

from metabam.errors import InputError, TrainingError
from metabam.records import FloatArray, IntArray, LabelledContext, Prediction, SupportSet

Array = NDArray[np.float64]

PROBABILITY_FLOOR = 1e-6
"""Base rates are kept this far from 0 and 1, so that their logit stays finite."""


@dataclass(frozen=True, slots=True)
class Standardiser:
    """Column centre and scale, both (D,), learned on the training contexts; a constant column keeps scale 1."""

    centre: Array
    scale: Array

    @classmethod
    def of(cls, contexts: Sequence[LabelledContext]) -> Standardiser:
        """Return the mean and standard deviation over all training pairs, each context weighted alike."""
        means = np.stack([context.features.mean(axis=0, dtype=np.float64) for context in contexts])
        squares = np.stack([np.mean(context.features.astype(np.float64) ** 2, axis=0) for context in contexts])
        centre = means.mean(axis=0)
        deviation = np.sqrt(np.maximum(squares.mean(axis=0) - centre**2, 0.0))
        return cls(centre, np.where(deviation > 1e-6 * (1.0 + np.abs(centre)), deviation, 1.0))

    def design(self, features: FloatArray | Array) -> Array:
        """Return the standardised features with a leading column of ones, (N, 1 + D) float64."""
        if features.ndim != 2 or features.shape[1] != len(self.centre):
            raise InputError(
                "feature-width",
                f"features have shape {features.shape}, the learner was fitted on (N, {len(self.centre)}).",
                "Encode the pairs with the run's own encoder.",
            )
        design = np.empty((len(features), 1 + len(self.centre)))
        design[:, 0] = 1.0
        np.subtract(features, self.centre, out=design[:, 1:])
        design[:, 1:] /= self.scale
        return design


@dataclass(frozen=True, slots=True)
class LinearContext:
    """Belief about one context: a Gaussian over (1 + D) weights, intercept first, on standardised features.

    ``factor`` (1 + D, R) with covariance ``factor @ factor.T``; ``None`` where the learner has no posterior.
    """

    weights: Array
    factor: Array | None
    n_support: int


def base_rate(contexts: Sequence[LabelledContext]) -> float:
    """Return the mean share of positives over contexts, kept inside (0, 1)."""
    rate = float(np.mean([context.prevalence for context in contexts]))
    return float(np.clip(rate, PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR))


def check_contexts(contexts: Sequence[LabelledContext]) -> None:
    """Raise :class:`TrainingError` unless there is a context, and each has pairs of one width and of both classes."""
    if not contexts:
        raise TrainingError("no-contexts", "there is no training context.", "Give at least one labelled cell line.")
    widths = {context.features.shape[1] for context in contexts}
    if len(widths) != 1:
        raise TrainingError("feature-width", f"training contexts differ in width: {sorted(widths)}.")
    for context in contexts:
        if not 0 < int(np.sum(context.labels == 1)) < len(context):
            raise TrainingError(
                "one-class",
                f"training context {context.name!r} holds one class only.",
                "Leave it out, or add pairs of the other class.",
            )


def sampling_offset(labels: NDArray[np.int8] | Array, rate: float) -> float:
    """Return the log odds by which a support was chosen to over-represent positives against the base rate.

    A support is often chosen by its user (8 + 8): its share of positives then says nothing about the line's base rate.
    Conditional on the share, ``logit P(y | x, chosen) = logit P(y | x) + offset`` (the case-control argument,
    doi:10.1093/biomet/66.3.403). The offset counts by the probability that the share was chosen (half and half every
    other time, else every number of positives alike) rather than drawn at the base rate (binomial): whole for 8 + 8,
    small for 3 + 13 at a base rate of 0.2. One pseudo-pair at the base rate keeps one-class supports finite.
    """
    n, positives = len(labels), float(np.sum(labels))
    if n == 0:
        return 0.0
    log_drawn = (
        gammaln(n + 1.0)
        - gammaln(positives + 1.0)
        - gammaln(n - positives + 1.0)
        + positives * np.log(rate)
        + (n - positives) * np.log1p(-rate)
    )
    by_choice = 0.5 / (n + 1.0) + 0.5 * float(positives in (n // 2, n - n // 2)) / (1 + n % 2)
    chosen = expit(np.log(by_choice) - log_drawn)
    share = (positives + rate) / (n + 1.0)
    return float(chosen * (logit(share) - logit(rate)))


def whitened_newton(
    design: Array, labels: Array, offset: Array, mask: Array | None = None, *, max_steps: int = 60, tol: float = 1e-9
) -> tuple[Array, Array]:
    """Return the MAP weights v (G, R) and the Hessians (G, R, R) of G logistic problems with prior N(0, I).

    Minimises ``sum_i softplus(z_i) - y_i z_i + |v|^2 / 2`` with ``z = X v + offset``, by Newton steps halved until
    the objective falls enough (Armijo); convex, so it always ends at the one minimum.

    Parameters
    ----------
    design
        (G, S, R) rows, already multiplied by the prior's factor.
    labels, offset
        (G, S); labels in {0, 1}.
    mask
        (G, S) weights of the rows, 0 for padding; ``None`` for all ones.
    max_steps, tol
        Newton steps at most; half the squared Newton decrement, in nats, at which a problem counts as solved.
    """
    n_tasks, _, rank = design.shape
    rows = np.ones(labels.shape) if mask is None else mask
    weights = np.zeros((n_tasks, rank))
    eye = np.eye(rank)

    def objective(at: Array, chosen: NDArray[np.intp]) -> Array:
        z = np.matmul(design[chosen], at[:, :, None])[:, :, 0] + offset[chosen]
        loss = np.logaddexp(0.0, z) - labels[chosen] * z
        return np.asarray(np.sum(rows[chosen] * loss, axis=1) + 0.5 * np.sum(at * at, axis=1))

    active = np.arange(n_tasks)
    value = objective(weights, active)
    for _ in range(max_steps):
        if not len(active):
            break
        x, here = design[active], weights[active]
        p = expit(np.matmul(x, here[:, :, None])[:, :, 0] + offset[active])
        gradient = np.matmul((rows[active] * (p - labels[active]))[:, None, :], x)[:, 0, :] + here
        curvature = rows[active] * p * (1.0 - p)
        hessian = np.matmul((x * curvature[:, :, None]).transpose(0, 2, 1), x) + eye
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        decrement = np.sum(gradient * step, axis=1)
        going = 0.5 * decrement > tol
        active, here, step, decrement = active[going], here[going], step[going], decrement[going]
        length = np.ones(len(active))
        pending = np.arange(len(active))
        for _ in range(40):
            if not len(pending):
                break
            trial = here[pending] - length[pending, None] * step[pending]
            new = objective(trial, active[pending])
            accepted = new <= value[active[pending]] - 1e-4 * length[pending] * decrement[pending]
            done = pending[accepted]
            weights[active[done]] = trial[accepted]
            value[active[done]] = new[accepted]
            pending = pending[~accepted]
            length[pending] *= 0.5
        active = np.delete(active, pending)  # no step improves it any more: at machine precision
    p = expit(np.matmul(design, weights[:, :, None])[:, :, 0] + offset)
    curvature = rows * p * (1.0 - p)
    return weights, np.matmul((design * curvature[:, :, None]).transpose(0, 2, 1), design) + eye


def posterior_of(
    standardiser: Standardiser, support: SupportSet, mean: Array, factor: Array, rate: float, *, laplace: bool = True
) -> LinearContext:
    """Return the MAP weights and their Laplace covariance after a support, under the prior N(mean, factor factor^T).

    Parameters
    ----------
    mean, factor
        (1 + D,) and (1 + D, R), intercept first.
    rate
        Training base rate in (0, 1), for :func:`sampling_offset`.
    """
    if len(support) == 0:
        return LinearContext(mean, factor if laplace else None, 0)
    design = standardiser.design(support.features)
    labels = support.labels.astype(np.float64)
    offset = design @ mean + sampling_offset(support.labels, rate)
    v, hessian = whitened_newton((design @ factor)[None], labels[None], offset[None])
    spread = None
    if laplace:
        # covariance = F H^-1 F^T = (F C^-T)(F C^-T)^T with H = C C^T
        spread = np.asarray(np.linalg.solve(np.linalg.cholesky(hessian[0]), factor.T).T, dtype=np.float64)
    return LinearContext(mean + factor @ v[0], spread, len(support))


def predict_linear(
    standardiser: Standardiser, context: LinearContext, queries: FloatArray, *, level: float = 0.9
) -> Prediction:
    """Return P(y = 1) for queries (Q, D); with a posterior, its mean by the probit approximation and an interval.

    The posterior of a logit is N(a, s^2); its mean probability is sigmoid(a / sqrt(1 + pi s^2 / 8))
    (doi:10.1162/neco.1992.4.5.720), and ``logit`` is the logit of that probability. ``lower`` and ``upper`` are the
    quantiles of the sigmoid of that Gaussian, widened where a skewed posterior's mean lies outside them.
    """
    design = standardiser.design(queries)
    score = design @ context.weights
    if context.factor is None:
        return Prediction(expit(score), score, level=level)
    variance = np.sum((design @ context.factor) ** 2, axis=1)
    moderated = score / np.sqrt(1.0 + np.pi * variance / 8.0)
    half = float(ndtri(0.5 + level / 2.0)) * np.sqrt(variance)
    lower, upper = expit(np.minimum(score - half, moderated)), expit(np.maximum(score + half, moderated))
    return Prediction(expit(moderated), moderated, lower, upper, level)


def calibrated_intercept(
    standardiser: Standardiser, mean: Array, factor: Array, contexts: Sequence[LabelledContext], *, rows: int = 1_000
) -> Array:
    """Return ``mean`` (1 + D,) with the intercept at which the prior predicts the training base rate on average.

    Uncertain weights pull the mean probability towards a half; the intercept takes that back. At most ``rows``
    evenly spaced pairs of each context stand for it.
    """
    chosen = [c.features[np.unique(np.linspace(0, len(c) - 1, rows).astype(np.int64))] for c in contexts]
    design = np.concatenate([standardiser.design(features) for features in chosen])
    weight = np.concatenate([np.full(len(features), 1.0 / len(features)) for features in chosen]) / len(chosen)
    slope = design @ np.concatenate([[0.0], mean[1:]])
    shrink = np.sqrt(1.0 + np.pi * np.sum((design @ factor) ** 2, axis=1) / 8.0)
    rate = base_rate(contexts)

    def excess(intercept: float) -> float:
        return float(weight @ expit((slope + intercept) / shrink)) - rate

    reach = 10.0 + float(np.abs(slope).max()) + 20.0 * float(shrink.max())
    found = mean.copy()
    found[0] = brentq(excess, -reach, reach)
    return found


def draw_support(
    context: LabelledContext, shots: int, rng: np.random.Generator, *, queries: int = 1_000, balanced: bool = False
) -> tuple[IntArray, IntArray]:
    """Return row numbers of a support and of queries that share no enhancer and no promoter with it.

    At natural prevalence the draw is repeated until both classes are there (if the context and ``shots`` allow it).
    """
    support = np.zeros(0, dtype=np.int64)
    if shots and balanced:
        positive, negative = np.flatnonzero(context.labels == 1), np.flatnonzero(context.labels == 0)
        half = min(shots // 2, len(positive))
        support = np.concatenate(
            [rng.choice(positive, half, replace=False), rng.choice(negative, min(shots - half, len(negative)), False)]
        )
    elif shots:
        for _ in range(1_000):
            support = rng.choice(len(context), min(shots, len(context)), replace=False)
            if shots < 2 or 0 < int(np.sum(context.labels[support])) < len(support):
                break
    free = ~np.isin(context.enhancer, context.enhancer[support]) & ~np.isin(context.promoter, context.promoter[support])
    free[support] = False
    rest = np.flatnonzero(free)
    chosen = np.sort(rng.choice(rest, min(queries, len(rest)), replace=False)) if len(rest) else rest
    return support.astype(np.int64), chosen.astype(np.int64)
