"""Empirical-Bayes (hierarchical) logistic regression: the Gaussian prior that the training lines' weights teach.

Each training line e has weights w_e; a new line's weights are drawn from N(m, C). Five lines do not determine C, so
it is shrunk, and how far is chosen by leaving one line out: the prior is fitted on the other lines and judged by the
area under the precision-recall curve that supports of 4 to 64 pairs reach on the left-out one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from metabam.learners.folds import line_folds
from metabam.learners.logistic import (
    Array,
    Standardiser,
    base_rate,
    check_contexts,
    draw_support,
    sampling_offset,
    whitened_newton,
)
from metabam.metrics import task_auprcs
from metabam.records import LabelledContext

SHOTS = (4, 16, 64)
"""Support sizes on which the shrinkage is chosen."""


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """How the sample moments of the per-line weights become a prior.

    ``mean`` in [0, 1] multiplies the mean weight; ``blend`` in [0, 1] moves the covariance from the lines' own
    (0) to its diagonal (1); ``level`` in [0, 1] moves that diagonal to its average; ``scale`` multiplies the result.
    """

    mean: float
    blend: float
    level: float
    scale: float


@dataclass(frozen=True, slots=True)
class HierarchicalPrior:
    """Gaussian prior over a new line's weights, on standardised features.

    ``mean`` (D,), ``covariance`` (D, D), ``intercept`` and ``intercept_variance`` in logits; ``line_weights`` (E, D)
    and ``line_intercepts`` (E,) are the training lines' own fits; ``base_rate`` their mean share of positives.
    A raw feature x enters as ``(x - standardiser.centre) / standardiser.scale``.
    """

    mean: Array
    covariance: Array
    intercept: float
    intercept_variance: float
    line_weights: Array
    line_intercepts: Array
    base_rate: float
    standardiser: Standardiser
    shrinkage: Shrinkage
    left_out_auprc: float

    def raw(self) -> tuple[Array, Array, float]:
        """Return mean (D,), covariance (D, D) and intercept of the same prior for features as they come."""
        weights = self.mean / self.standardiser.scale
        covariance = self.covariance / np.outer(self.standardiser.scale, self.standardiser.scale)
        return weights, covariance, self.intercept - float(weights @ self.standardiser.centre)

    def joint(self) -> tuple[Array, Array]:
        """Return mean (1 + D,) and factor (1 + D, 1 + D) with the intercept first, as the solver takes them."""
        mean = np.concatenate([[self.intercept], self.mean])
        return mean, joint_factor(self.covariance, self.intercept_variance)


def joint_factor(covariance: Array, intercept_variance: float) -> Array:
    """Return F (1 + D, 1 + D), F F^T = blockdiag(intercept_variance, covariance), for any positive semi-definite."""
    values, vectors = np.linalg.eigh(covariance)
    factor = np.zeros((len(covariance) + 1, len(covariance) + 1))
    factor[0, 0] = np.sqrt(intercept_variance)
    factor[1:, 1:] = vectors * np.sqrt(np.maximum(values, 0.0))
    return factor


def line_fits(contexts: Sequence[LabelledContext], standardiser: Standardiser) -> tuple[Array, Array]:
    """Return per-line weights (E, 1 + D), intercept first, and their Laplace covariances (E, 1 + D, 1 + D).

    The ridge of each line is N(0, 1) per standardised feature (weak against thousands of pairs) and N(0, 100) for
    the intercept.
    """
    width = len(standardiser.centre)
    scale = np.ones(1 + width)
    scale[0] = 10.0
    weights, covariances = [], []
    for context in contexts:
        design = standardiser.design(context.features) * scale
        labels = context.labels.astype(np.float64)
        v, hessian = whitened_newton(design[None], labels[None], np.zeros((1, len(labels))))
        weights.append(v[0] * scale)
        covariances.append(np.linalg.inv(hessian[0]) * np.outer(scale, scale))
    return np.stack(weights), np.stack(covariances)


def prior_moments(weights: Array, covariances: Array, shrinkage: Shrinkage) -> tuple[Array, Array, float, float]:
    """Return mean (D,), covariance (D, D), intercept and its variance from per-line fits (E, 1 + D).

    The lines' scatter about the (shrunk) mean is an unbiased estimate of C plus the fits' own error, so the mean error
    is taken off its diagonal; what is left is floored, shrunk as :class:`Shrinkage` says, and widened by (1 + 1/E)
    because the mean itself is known from E lines only.
    """
    n_lines, width = weights.shape[0], weights.shape[1] - 1
    slopes = weights[:, 1:]
    mean = shrinkage.mean * slopes.mean(axis=0)
    spread = slopes - mean
    # about the lines' own mean one degree of freedom is spent, about a fixed zero none
    freedom = max(n_lines - shrinkage.mean**2, 1.0)
    error = covariances[:, 1:, 1:].mean(axis=0)
    scatter = spread.T @ spread / freedom
    floor = 1e-2 * max(float(np.trace(scatter)) / width, 1e-4)
    diagonal = np.maximum(np.diag(scatter) - np.diag(error), floor)
    diagonal = (1.0 - shrinkage.level) * diagonal + shrinkage.level * diagonal.mean()
    covariance = (1.0 - shrinkage.blend) * scatter + shrinkage.blend * np.diag(diagonal)
    covariance[np.diag_indices(width)] = np.maximum(np.diag(covariance), floor)
    intercepts = weights[:, 0]
    variance = float(np.var(intercepts, ddof=1)) if n_lines > 1 else 1.0
    widening = shrinkage.scale * (1.0 + 1.0 / n_lines)
    return mean, widening * covariance, float(intercepts.mean()), max(variance, 0.01) * (1.0 + 1.0 / n_lines)


@dataclass(frozen=True, slots=True)
class LeftOutTasks:
    """Supports (G, S, 1 + D) of one left-out line, padded, with the queries (G, Q, 1 + D) that judge them."""

    design: Array
    labels: Array
    offset: Array
    mask: Array
    queries: Array
    truth: Array


def _tasks(
    context: LabelledContext, standardiser: Standardiser, rate: float, rng: np.random.Generator, repeats: int, size: int
) -> LeftOutTasks:
    rows: list[tuple[Array, Array, float, Array, Array]] = []
    largest = max(SHOTS)
    for shots, repeat in product(SHOTS, range(repeats)):
        support, queries = draw_support(context, shots, rng, queries=size, balanced=repeat % 2 == 1)
        truth = context.labels[queries].astype(np.float64)
        if len(queries) < 10 or not 0 < truth.sum() < len(truth):
            continue
        labels = context.labels[support]
        offset = sampling_offset(labels, rate)
        rows.append((standardiser.design(context.features[support]), labels.astype(np.float64), offset,
                     standardiser.design(context.features[queries]), truth))  # fmt: skip
    width = 1 + len(standardiser.centre)
    smallest = min((len(row[4]) for row in rows), default=0)
    count = len(rows)
    tasks = LeftOutTasks(
        design=np.zeros((count, largest, width)),
        labels=np.zeros((count, largest)),
        offset=np.zeros((count, largest)),
        mask=np.zeros((count, largest)),
        queries=np.zeros((count, smallest, width)),
        truth=np.zeros((count, smallest)),
    )
    for at, (design, labels_, offset, queries_, truth) in enumerate(rows):
        n = len(labels_)
        tasks.design[at, :n], tasks.labels[at, :n] = design, labels_
        tasks.offset[at, :n], tasks.mask[at, :n] = offset, 1.0
        tasks.queries[at], tasks.truth[at] = queries_[:smallest], truth[:smallest]
    return tasks


def moderated_auprc(tasks: LeftOutTasks, mean: Array, factor: Array) -> Array:
    """Return the area under each task's precision-recall curve, (G,), as the learner answers: moderated.

    A wide prior draws an uncertain pair's probability towards a half and so changes ranks: judged by its mean logit, a
    setting would not be charged for that.
    """
    score, variance = answers(tasks, mean, factor)
    return task_auprcs(score / np.sqrt(1.0 + np.pi * variance / 8.0), tasks.truth)


def answers(tasks: LeftOutTasks, mean: Array, factor: Array) -> tuple[Array, Array]:
    """Return mean and variance (G, Q) of the queries' logits after each support, under the prior N(mean, F F^T)."""
    offset = tasks.offset + tasks.design @ mean
    v, hessian = whitened_newton(tasks.design @ factor, tasks.labels, offset, tasks.mask, tol=1e-4)
    score = np.matmul(tasks.queries, (mean + v @ factor.T)[:, :, None])[:, :, 0]
    queries = tasks.queries @ factor
    return score, np.sum(np.matmul(queries, np.linalg.inv(hessian)) * queries, axis=2)


ROBUST = Shrinkage(0.5, 0.15, 0.3, 1.5)
"""A prior for a line unlike the training lines: halfway to no effect at all, and wide.

The best of 100 settings over 18 families of five lines drawn anew from the laws of the planted worlds (none of them a
line of a benchmark). Where lines agree it is the worse choice, so it is a part of a prior, never the whole
(``benchmarks/robust_prior.py``).
"""
GRID = tuple(
    Shrinkage(mean, blend, 0.3, scale)
    for mean, blend, scale in product((0.5, 1.0), (0.05, 0.15, 0.4, 1.0), (0.05, 0.15, 0.5, 1.0, 2.0))
)


def choose_shrinkage(
    contexts: Sequence[LabelledContext],
    standardiser: Standardiser,
    weights: Array,
    covariances: Array,
    rng: np.random.Generator,
) -> tuple[Shrinkage, float]:
    """Return the shrinkage that serves left-out lines, and the best mean AUPRC seen on them (supports of 4, 16, 64).

    Five left-out lines seldom tell one setting from another: :func:`average_setting` answers. With fewer than three
    lines nothing can be left out: a middling choice and NaN.
    """
    if len(line_folds(contexts)) >= 3:
        judged = judged_settings(contexts, standardiser, weights, covariances, rng)
        if len(judged) >= 2:
            return average_setting(judged)
    return Shrinkage(0.5, 0.6, 0.3, 1.0), float("nan")


def judged_settings(
    contexts: Sequence[LabelledContext],
    standardiser: Standardiser,
    weights: Array,
    covariances: Array,
    rng: np.random.Generator,
    *,
    judge: Callable[[LeftOutTasks, Array, Array], Array] = moderated_auprc,
    repeats: int = 8,
    size: int = 400,
) -> Array:
    """Return what each setting of :data:`GRID` is worth on each left-out line, (lines, settings).

    Parameters
    ----------
    weights, covariances
        Of :func:`line_fits`.
    judge
        What a prior (mean (1 + D,), factor (1 + D, 1 + D)) is worth on tasks, (G,), more being better.
    repeats, size
        Supports of each size and line, and queries of each at most.
    """
    judged: list[Array] = []
    for left_out, others in line_folds(contexts):
        rate = base_rate([contexts[at] for at in others])
        tasks = [_tasks(contexts[at], standardiser, rate, rng, repeats, size) for at in left_out]
        tasks = [task for task in tasks if len(task.truth)]
        if not tasks:
            continue
        found = np.empty(len(GRID))
        for at, shrinkage in enumerate(GRID):
            mean, covariance, intercept, variance = prior_moments(weights[others], covariances[others], shrinkage)
            joint, factor = np.concatenate([[intercept], mean]), joint_factor(covariance, variance)
            found[at] = np.mean([np.nanmean(judge(task, joint, factor)) for task in tasks])
        judged.append(found)
    return np.reshape(judged, (len(judged), len(GRID)))


def average_setting(judged: Array, sharpness: float = 2.0) -> tuple[Shrinkage, float]:
    """Return the weighted mean of :data:`GRID` given what settings are worth (lines, settings), and the best's worth.

    Each setting weighs as much as it is compatible with being the best, ``exp(-sharpness t^2)`` with t its paired
    t-statistic over lines against the best one. ``blend`` and ``scale`` are averaged as logarithms. Differences between
    settings are never trusted beyond 0.002, the noise of the left-out episodes themselves.
    """
    best = int(np.argmax(judged.mean(axis=0)))
    behind = judged[:, [best]] - judged
    error = np.maximum(behind.std(axis=0, ddof=1) / np.sqrt(len(judged)), 0.002)
    weight = np.exp(-sharpness * (behind.mean(axis=0) / error) ** 2)
    weight /= weight.sum()
    settings = np.array([[item.mean, np.log(item.blend), item.level, np.log(item.scale)] for item in GRID])
    mean, log_blend, level, log_scale = weight @ settings
    chosen = Shrinkage(float(mean), float(np.exp(log_blend)), float(level), float(np.exp(log_scale)))
    return chosen, float(judged.mean(axis=0)[best])


def fit_hierarchical(
    contexts: Sequence[LabelledContext], seed: int = 0, *, shrinkage: Shrinkage | None = None
) -> HierarchicalPrior:
    """Return the empirical-Bayes prior N(mean, covariance) of a new line's logistic weights.

    Parameters
    ----------
    contexts
        Training contexts, features (N, D).
    seed
        Fixes the left-out episodes; the result is deterministic in it.
    shrinkage
        Given: taken as it is. ``None``: chosen by leaving one line out (:func:`choose_shrinkage`).

    Raises
    ------
    TrainingError
        No context, or one with a single class or another width.
    """
    check_contexts(contexts)
    standardiser = Standardiser.of(contexts)
    weights, covariances = line_fits(contexts, standardiser)
    score = float("nan")
    if shrinkage is None:
        shrinkage, score = choose_shrinkage(contexts, standardiser, weights, covariances, np.random.default_rng(seed))
    mean, covariance, intercept, variance = prior_moments(weights, covariances, shrinkage)
    return HierarchicalPrior(
        mean,
        covariance,
        intercept,
        variance,
        weights[:, 1:],
        weights[:, 0],
        base_rate(contexts),
        standardiser,
        shrinkage,
        score,
    )
