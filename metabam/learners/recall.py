"""What the training lines' labels tell of single elements beyond their DNA features: random effects per element.

A feature is what DNA says of a mechanism, and DNA does not say all: with weak motifs half of the variance is left. The
same enhancers and promoters recur in every line of a genome, so the labels of the training lines tell the rest. Each
element carries a displacement r of its features, and a pair's logit in line e is

    w_e . (x + r_enhancer + r_promoter) + b_e,      r_k ~ N(0, tau_k^2 share_k u_k^2)

with w_e the line's own logistic weights; ``share`` the part of a feature's variance that lies between elements of that
side: what a feature does not vary with, the element cannot displace; ``u`` how undecided the feature is of this
element (a site that is clearly there or clearly absent leaves nothing to recall, p (1 - p)); and ``tau`` how much the
feature misses at all, learned from the labels. Because r lives among the mechanisms and not among the labels, it serves
a line in which the same mechanism is off, or works the other way. It is what a look-up table knows (gene propensity),
put where a fingerprint can turn it. An element that no training line holds has r = 0.

Laplace's method, enhancers and promoters in turn (doi:10.1080/01621459.1993.10594284, penalised quasi-likelihood); tau
by EM on the same posteriors. That method is known to find variances of sparse binary data too small, so a common
factor on tau is chosen by the likelihood of left-out lines, 0 (no recall) among the candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from metabam.learners.hierarchical import line_fits
from metabam.learners.logistic import Standardiser, check_contexts
from metabam.records import FeatureLayout, FloatArray, IntArray, LabelledContext

Array = NDArray[np.float64]
FACTORS = (0.0, 0.5, 0.75, 1.0, 1.3, 1.6)
"""Multiples of the tau that EM finds, among which left-out lines choose."""
LEAST_LINES = 3
_SWEEPS = 3
_EM_SWEEPS = 60
_EM_BEGINS = 2
_EM_PACE = 0.75  # a plain EM step has 0.5; the variances creep
_MOST = 2.0  # tau, in standard deviations of a feature
_LEAST_WEIGHT = 0.01  # of a label: below, one label would move an element without bound
_DECIDED = 0.1  # what is left of 4 p (1 - p) where a feature says all
_CHUNK = 4_096


@dataclass(frozen=True, slots=True)
class Recall:
    """Displacements by element: ``enhancer`` (n, D) float32 of ``enhancer_ids`` (n,), ``promoter`` likewise.

    ``strength`` (D,) is tau in standard deviations of each feature, ``factor`` (one of :data:`FACTORS`) in it;
    ``columns`` holds one (N_e, D) float32 per training context, made WITHOUT the labels of its cell line, so that a
    training line sees of its elements what a new line would; ``score`` the mean log likelihood per pair, in nats, of
    each of :data:`FACTORS`.
    """

    enhancer_ids: IntArray
    enhancer: FloatArray
    promoter_ids: IntArray
    promoter: FloatArray
    strength: FloatArray
    factor: float
    columns: tuple[FloatArray, ...]
    score: tuple[float, ...]

    def widened(self, contexts: Sequence[LabelledContext]) -> list[LabelledContext]:
        """Return the training contexts with their own columns behind all others, (N_e, W + D)."""
        width = self.enhancer.shape[1]
        return [
            replace(
                context,
                features=np.concatenate([context.features, columns], axis=1),
                layout=replace(context.layout or FeatureLayout(width), recall=True),
            )
            for context, columns in zip(contexts, self.columns, strict=True)
        ]


def learn_recall(contexts: Sequence[LabelledContext]) -> Recall | None:
    """Return what labels tell of elements, or ``None`` where it helps no line or fewer than three cell lines can tell.

    Parameters
    ----------
    contexts
        Training contexts, E of them, features z_q (N_e, D); element identities comparable across contexts.

    Notes
    -----
    The factor is the one of :data:`FACTORS` under which the labels of each line are most likely, given displacements
    from the OTHER lines' labels and weights refitted on the displaced features.
    """
    check_contexts(contexts)
    if len({context.cell_line for context in contexts}) < LEAST_LINES:
        return None
    problem = _Problem.of([context.of_pairs() for context in contexts])
    everyone = np.arange(len(contexts))
    found = problem.strengths(everyone)
    tried = [problem.cross_fitted(factor * found) for factor in FACTORS]
    scores = [problem.likelihood(columns) for columns in tried]
    best = int(np.argmax(scores))
    if FACTORS[best] == 0.0:
        return None
    enhancer, promoter = problem.effects(everyone, FACTORS[best] * found)
    scale = problem.standardiser.scale
    return Recall(
        enhancer_ids=problem.ids[0],
        enhancer=(enhancer * scale).astype(np.float32),
        promoter_ids=problem.ids[1],
        promoter=(promoter * scale).astype(np.float32),
        strength=(FACTORS[best] * found).astype(np.float32),
        factor=FACTORS[best],
        columns=tuple((columns * scale).astype(np.float32) for columns in tried[best]),
        score=tuple(scores),
    )


def between_share(x: Array, groups: IntArray) -> Array:
    """Return the share of each column's variance that lies between groups, (D,) in [0, 1] (one-way ANOVA).

    ``x`` (N, D); ``groups`` (N,) numbered from 0. Without a group of two members nothing is known: 1.
    """
    count = np.bincount(groups)
    if not (count > 1).any():
        return np.ones(x.shape[1])
    total = x.var(axis=0)
    within = np.empty(x.shape[1])
    for column in range(x.shape[1]):
        mean = np.bincount(groups, x[:, column]) / np.maximum(count, 1)
        within[column] = np.sum((x[:, column] - mean[groups]) ** 2) / np.sum((count - 1)[count > 1])
    return np.asarray(np.clip(1.0 - within / np.where(total > 0, total, 1.0), 0.0, 1.0))


def undecided(x: Array) -> Array:
    """Return how far features (N, D) are from saying yes or no, (N, D): the deviation of a yes of their probability.

    A feature's own range (its 0.1 and 99.9 percentiles) stands for probabilities 0 and 1; one half gives 1.05.
    """
    low, high = np.quantile(x, (0.001, 0.999), axis=0)
    p = np.clip((x - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    return np.asarray(np.sqrt(4.0 * p * (1.0 - p) + _DECIDED))


def _spread_of(x: Array, groups: IntArray) -> Array:
    """Return the prior deviation (n, D) of r for each element of one side, for tau = 1."""
    count = np.maximum(np.bincount(groups), 1)
    doubt = undecided(x)
    mean = np.stack([np.bincount(groups, column) / count for column in doubt.T], axis=1)
    mean /= np.sqrt(np.mean(mean**2, axis=0))
    return np.asarray(mean * np.sqrt(between_share(x, groups)))


@dataclass(frozen=True, slots=True)
class _Problem:
    """Standardised pairs of all contexts, one after the other, and the weights of their lines.

    ``x`` (N, D), ``y`` (N,), ``line`` (N,) number of the context; ``groups`` the element of each pair on either side,
    (N,) twice, positions in ``ids``; ``spread`` (n, D) twice; ``weights`` (E, D) and ``intercepts`` (E,).
    """

    x: Array
    y: Array
    line: IntArray
    ids: tuple[IntArray, IntArray]
    groups: tuple[IntArray, IntArray]
    spread: tuple[Array, Array]
    weights: Array
    intercepts: Array
    standardiser: Standardiser
    contexts: tuple[LabelledContext, ...]

    @classmethod
    def of(cls, contexts: Sequence[LabelledContext]) -> _Problem:
        standardiser = Standardiser.of(contexts)
        fits, _ = line_fits(contexts, standardiser)
        x = np.concatenate([standardiser.design(context.features)[:, 1:] for context in contexts])
        enhancer, e = np.unique(np.concatenate([context.enhancer for context in contexts]), return_inverse=True)
        promoter, p = np.unique(np.concatenate([context.promoter for context in contexts]), return_inverse=True)
        return cls(
            x=x,
            y=np.concatenate([context.labels for context in contexts]).astype(np.float64),
            line=np.repeat(np.arange(len(contexts)), [len(context) for context in contexts]),
            ids=(enhancer.astype(np.int64), promoter.astype(np.int64)),
            groups=(e, p),
            spread=(_spread_of(x, e), _spread_of(x, p)),
            weights=fits[:, 1:],
            intercepts=fits[:, 0],
            standardiser=standardiser,
            contexts=tuple(contexts),
        )

    def cross_fitted(self, tau: Array) -> list[Array]:
        """Return the displacement of each context's pairs as the OTHER cell lines' labels tell it, (N_e, D) each.

        Another assay of the same line is no stranger: its labels would tell a line of itself.
        """
        lines = np.array([context.cell_line for context in self.contexts])
        found: list[Array] = []
        for left_out, name in enumerate(lines.tolist()):
            enhancer, promoter = self.effects(np.flatnonzero(lines != name), tau)
            mine = self.line == left_out
            found.append(enhancer[self.groups[0][mine]] + promoter[self.groups[1][mine]])
        return found

    def likelihood(self, columns: Sequence[Array]) -> float:
        """Return the mean log likelihood per pair of the lines' labels, weights refitted on displaced features."""
        scale = self.standardiser.scale
        displaced = [
            replace(context, features=(context.features + part * scale).astype(np.float32))
            for context, part in zip(self.contexts, columns, strict=True)
        ]
        standardiser = Standardiser.of(displaced)
        fits, _ = line_fits(displaced, standardiser)
        total = 0.0
        for context, weights in zip(displaced, fits, strict=True):
            logit = standardiser.design(context.features) @ weights
            total += float(np.mean(context.labels * logit - np.logaddexp(0.0, logit)))
        return total / len(displaced)

    def effects(self, lines: IntArray, tau: Array) -> tuple[Array, Array]:
        """Return the posterior means of r, (n_enhancers, D) and (n_promoters, D), from the labels of some lines."""
        spread = [side * tau for side in self.spread]
        found = [np.zeros_like(side) for side in spread]
        if not tau.any():
            return found[0], found[1]
        fit = _Fit(self, lines)
        for _ in range(_SWEEPS):
            for side in (0, 1):
                for _ in range(2):
                    found[side] = spread[side] * posterior_means(*fit.work(side), fit.weights, spread[side])
                    fit.move(side, found[side])
        return found[0], found[1]

    def strengths(self, lines: IntArray) -> Array:
        """Return tau (D,) by EM: the mean second moment of r over the elements that have labels, side by side."""
        tau = np.ones(self.x.shape[1])
        fit = _Fit(self, lines)
        size = [np.mean(side**2, axis=0) for side in self.spread]
        for sweep in range(_EM_SWEEPS):
            moment = np.zeros_like(tau)
            for side in (0, 1):
                a, u = fit.work(side)
                spread = self.spread[side] * tau
                v = posterior_means(a, u, fit.weights, spread)
                fit.move(side, spread * v)
                held = a.any(axis=1)
                moment += size[side] * (v**2 + posterior_variances(a, fit.weights, spread))[held].mean(axis=0)
            if sweep >= _EM_BEGINS:
                ratio = moment / np.maximum(size[0] + size[1], 1e-12)
                tau = np.minimum(tau * ratio**_EM_PACE, _MOST)
        return tau


class _Fit:
    """Displacements being fitted to the labels of some of a problem's lines; ``weights`` (E, D) are theirs."""

    def __init__(self, problem: _Problem, lines: IntArray) -> None:
        rows = np.flatnonzero(np.isin(problem.line, lines))
        self.line = np.searchsorted(lines, problem.line[rows])
        self.weights = problem.weights[lines]
        self.y = problem.y[rows]
        self.groups = [group[rows] for group in problem.groups]
        self.count = [len(ids) for ids in problem.ids]
        self.own = self.weights[self.line]
        self.base = np.einsum("nd,nd->n", problem.x[rows], self.own) + problem.intercepts[lines][self.line]
        self.moved = [np.zeros(len(rows)), np.zeros(len(rows))]

    def work(self, side: int) -> tuple[Array, Array]:
        """Return the summed weights and working responses of each element in each line, (n, E) twice."""
        p = expit(self.base + self.moved[0] + self.moved[1])
        weight = np.maximum(p * (1.0 - p), _LEAST_WEIGHT)
        target = self.y - p + weight * self.moved[side]
        n_lines, count = len(self.weights), self.count[side]
        place = self.groups[side] * n_lines + self.line
        shape = (count, n_lines)
        sums = (np.bincount(place, values, count * n_lines) for values in (weight, target))
        a, u = (np.asarray(values, dtype=np.float64).reshape(shape) for values in sums)
        return a, u

    def move(self, side: int, found: Array) -> None:
        """Take displacements (n, D) of one side as given."""
        self.moved[side] = np.einsum("nd,nd->n", found[self.groups[side]], self.own)


def posterior_means(a: Array, u: Array, weights: Array, spread: Array) -> Array:
    """Return the means (n, D) of v ~ N(0, I), r = ``spread`` v, given working responses.

    ``a`` (n, E) summed weights and ``u`` (n, E) summed targets by element and line, ``weights`` (E, D), ``spread``
    (n, D). With S = ``weights`` * spread of the element: mean = S^T (I + A S S^T)^-1 u, an E x E system per element.
    """
    means = np.empty_like(spread)
    for start in range(0, len(spread), _CHUNK):
        rows = slice(start, start + _CHUNK)
        slopes = weights * spread[rows, None, :]
        system = np.eye(len(weights)) + a[rows, :, None] * (slopes @ slopes.transpose(0, 2, 1))
        means[rows] = np.einsum("ne,ned->nd", np.linalg.solve(system, u[rows, :, None])[:, :, 0], slopes)
    return means


def posterior_variances(a: Array, weights: Array, spread: Array) -> Array:
    """Return the variances (n, D) of the same v: diag(I - S^T (I + A S S^T)^-1 A S)."""
    variances = np.empty_like(spread)
    for start in range(0, len(spread), _CHUNK):
        rows = slice(start, start + _CHUNK)
        slopes = weights * spread[rows, None, :]
        system = np.eye(len(weights)) + a[rows, :, None] * (slopes @ slopes.transpose(0, 2, 1))
        told = np.linalg.solve(system, a[rows, :, None] * slopes)
        variances[rows] = 1.0 - np.einsum("ned,ned->nd", slopes, told)
    return variances
