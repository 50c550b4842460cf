"""What the training lines' labels tell of single elements beyond their DNA features: random effects per element.

A feature is what DNA says of a mechanism, and DNA does not say all: with weak motifs half of the variance is left. The
same enhancers and promoters recur in every line of a genome, so the labels of the training lines tell the rest. Each
element carries a displacement r of its features, and a pair's logit in line e is

    w_e . (x + r_enhancer + r_promoter) + b_e,      r ~ N(0, tau^2 diag(share))

with w_e the line's own logistic weights and ``share`` the part of a feature's variance that lies between elements of
that side: what a feature does not vary with, the element cannot displace. Because r lives among the mechanisms and not
among the labels, it serves a line in which the same mechanism is off, or works the other way. It is what a look-up
table knows (gene propensity), put where a fingerprint can turn it. An element that no training line holds has r = 0.

Laplace's method, enhancers and promoters in turn (doi:10.1080/01621459.1993.10594284, penalised quasi-likelihood).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from metabam.learners.hierarchical import line_fits
from metabam.learners.logistic import Standardiser, check_contexts
from metabam.records import FeatureLayout, FloatArray, IntArray, LabelledContext

Array = NDArray[np.float64]
STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""tau, in standard deviations of a feature."""
LEAST_LINES = 3
_SWEEPS = 3
_CHUNK = 4_096


@dataclass(frozen=True, slots=True)
class Recall:
    """Displacements by element: ``enhancer`` (n, D) float32 of ``enhancer_ids`` (n,), ``promoter`` likewise.

    ``strength`` is tau; ``columns`` holds one (N_e, D) float32 per training context, made WITHOUT that context's
    labels, so that a training line sees of its elements what a new line would; ``score`` the mean log likelihood per
    pair, in nats, of each of :data:`STRENGTHS`.
    """

    enhancer_ids: IntArray
    enhancer: FloatArray
    promoter_ids: IntArray
    promoter: FloatArray
    strength: float
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
    """Return what labels tell of elements, or ``None`` where it helps no line or fewer than three lines can tell.

    Parameters
    ----------
    contexts
        Training contexts, E of them, features z_q (N_e, D); element identities comparable across contexts.

    Notes
    -----
    tau is the one of :data:`STRENGTHS` under which the labels of each line are most likely, given displacements
    from the OTHER lines' labels and weights refitted on the displaced features.
    """
    check_contexts(contexts)
    if len(contexts) < LEAST_LINES:
        return None
    problem = _Problem.of([context.of_pairs() for context in contexts])
    tried = [problem.cross_fitted(strength) for strength in STRENGTHS]
    scores = [problem.likelihood(columns) for columns in tried]
    best = int(np.argmax(scores))
    if STRENGTHS[best] == 0.0:
        return None
    everyone = problem.effects(np.arange(len(contexts)), STRENGTHS[best])
    scale = problem.standardiser.scale
    return Recall(
        enhancer_ids=problem.ids[0],
        enhancer=(everyone[0] * scale).astype(np.float32),
        promoter_ids=problem.ids[1],
        promoter=(everyone[1] * scale).astype(np.float32),
        strength=STRENGTHS[best],
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


@dataclass(frozen=True, slots=True)
class _Problem:
    """Standardised pairs of all contexts, one after the other, and the weights of their lines.

    ``x`` (N, D), ``y`` (N,), ``line`` (N,) number of the context; ``groups`` the element of each pair on either side,
    (N,) twice, positions in ``ids``; ``share`` (D,) twice; ``weights`` (E, D) and ``intercepts`` (E,).
    """

    x: Array
    y: Array
    line: IntArray
    ids: tuple[IntArray, IntArray]
    groups: tuple[IntArray, IntArray]
    share: tuple[Array, Array]
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
            share=(between_share(x, e), between_share(x, p)),
            weights=fits[:, 1:],
            intercepts=fits[:, 0],
            standardiser=standardiser,
            contexts=tuple(contexts),
        )

    def cross_fitted(self, strength: float) -> list[Array]:
        """Return the displacement of each context's pairs as the other contexts' labels tell it, (N_e, D) each."""
        found = []
        everyone = np.arange(len(self.contexts))
        for left_out in everyone.tolist():
            enhancer, promoter = self.effects(everyone[everyone != left_out], strength)
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

    def effects(self, lines: IntArray, strength: float) -> tuple[Array, Array]:
        """Return the posterior means of r, (n_enhancers, D) and (n_promoters, D), from the labels of some lines."""
        spread = tuple(strength * np.sqrt(share) for share in self.share)
        found = [np.zeros((len(ids), self.x.shape[1])) for ids in self.ids]
        if strength == 0.0:
            return found[0], found[1]
        rows = np.flatnonzero(np.isin(self.line, lines))
        at = np.searchsorted(lines, self.line[rows])
        weights = self.weights[lines]
        base = np.einsum("nd,nd->n", self.x[rows], weights[at]) + self.intercepts[lines][at]
        moved = [np.zeros(len(rows)), np.zeros(len(rows))]
        for _ in range(_SWEEPS):
            for side in (0, 1):
                group = self.groups[side][rows]
                for _ in range(2):
                    logit = base + moved[0] + moved[1]
                    p = 1.0 / (1.0 + np.exp(-logit))
                    weight = np.maximum(p * (1.0 - p), 1e-4)
                    target = self.y[rows] - p + weight * moved[side]
                    found[side] = _posterior_means(group, at, weight, target, weights * spread[side], len(found[side]))
                    found[side] *= spread[side]
                    moved[side] = np.einsum("nd,nd->n", found[side][group], weights[at])
        return found[0], found[1]


def _posterior_means(group: IntArray, line: IntArray, weight: Array, target: Array, slopes: Array, count: int) -> Array:
    """Return the means (count, D) of v ~ N(0, I) given working responses of logits ``slopes[line] . v[group]``.

    With A the summed weights by element and line, u the summed targets, S = ``slopes`` (E, D):
    mean = S^T (I + A S S^T)^-1 u, an E x E system per element.
    """
    n_lines = len(slopes)
    place = group * n_lines + line
    a = np.bincount(place, weight, count * n_lines).reshape(count, n_lines)
    u = np.bincount(place, target, count * n_lines).reshape(count, n_lines)
    gram = slopes @ slopes.T
    means = np.empty((count, slopes.shape[1]))
    for start in range(0, count, _CHUNK):
        rows = slice(start, start + _CHUNK)
        system = np.eye(n_lines) + a[rows, :, None] * gram
        means[rows] = np.linalg.solve(system, u[rows, :, None])[:, :, 0] @ slopes
    return means
