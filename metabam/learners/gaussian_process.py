"""Gaussian process classification with a kernel that the training lines choose (Laplace; Rasmussen & Williams s3.4).

    f ~ GP(m(x), k),  m(x) = b + mu w . x,  k(x, x') = v + a^2 x . x' / D + r^2 exp(-|x - x'|^2 / (2 l^2 D))

on standardised features, with (w, b) the pooled logistic regression: mu = 0 is a learner from scratch, mu = 1 one
that shrinks to zero-shot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import brentq
from scipy.special import expit, ndtri

from metabam.errors import TrainingError
from metabam.learners.classical import pooled_weights
from metabam.learners.folds import MOST_LEFT_OUT, line_folds
from metabam.learners.logistic import (
    Array,
    Standardiser,
    base_rate,
    check_contexts,
    draw_support,
    sampling_offset,
    whitened_newton,
)
from metabam.records import FloatArray, LabelledContext, Prediction, SupportSet

SHOTS = (4, 16, 64)
_JITTER = 1e-8
_REFERENCE = 400


@dataclass(frozen=True, slots=True)
class Kernel:
    """Standard deviations in logits: ``level`` (intercept), ``linear`` (a), ``smooth`` (r) with length ``length`` (l);
    ``pooled`` (mu) multiplies the pooled slopes in the mean.
    """

    pooled: float = 1.0
    linear: float = 1.0
    smooth: float = 1.0
    length: float = 1.0
    level: float = 0.5

    def between(self, x: Array, z: Array) -> Array:
        """Return k (N, M) between standardised rows x (N, D) and z (M, D)."""
        width = x.shape[1]
        inner = x @ z.T
        square = np.sum(x * x, axis=1)[:, None] + np.sum(z * z, axis=1)[None, :] - 2.0 * inner
        near = np.exp(-np.maximum(square, 0.0) / (2.0 * self.length**2 * width))
        return np.asarray(self.level**2 + self.linear**2 * inner / width + self.smooth**2 * near)

    def itself(self, x: Array) -> Array:
        """Return k(x, x) of each row, (N,)."""
        return np.asarray(self.level**2 + self.smooth**2 + self.linear**2 * np.sum(x * x, axis=1) / x.shape[1])


GRID = tuple(
    Kernel(pooled, linear, smooth, length)
    for pooled, linear, smooth, length in product((0.0, 0.5, 1.0), (0.5, 1.0, 2.0), (0.0, 0.5, 1.0, 2.0), (0.7, 1.5))
    if smooth > 0.0 or length == 0.7
)


@dataclass(frozen=True, slots=True)
class ProcessContext:
    """The Laplace posterior of one support: rows x (S, D), ``pull`` = y - P at the mode (S,), and L^-1 W^1/2 (S, S)."""

    x: Array
    pull: Array
    root: Array


def laplace(kernel: Kernel, x: Array, labels: Array, mean: Array) -> ProcessContext:
    """Return the posterior after labels (S,) at rows x (S, D), ``mean`` (S,) being the prior logit plus any offset.

    The mode solves ``f = mean + K (y - sigmoid(f))``; with K = C C^T it is a ridge problem in C^-1 (f - mean), solved
    by the damped Newton of every other learner here.
    """
    if not len(x):
        return ProcessContext(x, np.zeros(0), np.zeros((0, 0)))
    gram = kernel.between(x, x)
    chol = np.linalg.cholesky(gram + _JITTER * np.trace(gram) / len(x) * np.eye(len(x)))
    v, _ = whitened_newton(chol[None], labels[None], mean[None])
    p = expit(chol @ v[0] + mean)
    root = np.sqrt(p * (1.0 - p))
    inner = np.linalg.cholesky(np.eye(len(x)) + root[:, None] * gram * root[None, :])
    return ProcessContext(x, labels - p, solve_triangular(inner, np.diag(root), lower=True))


def posterior(kernel: Kernel, context: ProcessContext, x: Array, mean: Array) -> tuple[Array, Array]:
    """Return mean and variance (Q,) of the logit at rows x (Q, D), whose prior mean is ``mean`` (Q,)."""
    cross = kernel.between(x, context.x)
    variance = kernel.itself(x) - np.sum((cross @ context.root.T) ** 2, axis=1)
    return mean + cross @ context.pull, np.maximum(variance, 0.0)


class GaussianProcess:
    """The Gaussian process as a learner; ``kernel`` is the one with the least log loss on left-out training lines."""

    name = "gaussian_process"

    def __init__(self) -> None:
        self.kernel = Kernel()
        self._standardiser: Standardiser | None = None
        self._weights: Array = np.zeros(1)
        self._rate = 0.5

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        """Fit the pooled mean, choose the kernel, and set the intercept to the training base rate."""
        check_contexts(contexts)
        self._standardiser = standardiser = Standardiser.of(contexts)
        self._rate = base_rate(contexts)
        weights = pooled_weights(contexts, standardiser)
        if len(line_folds(contexts)) >= 3:
            self.kernel = choose_kernel(contexts, standardiser, seed)
        self._weights = calibrated(self.kernel, weights, contexts, standardiser)

    def _mean(self, x: Array) -> Array:
        return np.asarray(self._weights[0] + self.kernel.pooled * (x @ self._weights[1:]))

    def _design(self, features: FloatArray) -> Array:
        if self._standardiser is None:
            raise TrainingError("not-fitted", f"learner {self.name!r} has not been fitted.", "Call fit first.")
        return self._standardiser.design(features)[:, 1:]

    def adapt(self, support: SupportSet) -> ProcessContext:
        """Return the Laplace posterior of the support; the prior at S = 0."""
        x = self._design(support.features)
        mean = self._mean(x) + sampling_offset(support.labels, self._rate)
        return laplace(self.kernel, x, support.labels.astype(np.float64), mean)

    def predict(self, context: ProcessContext, queries: FloatArray, *, level: float = 0.9) -> Prediction:
        """Return the posterior mean probability (probit approximation) and a central interval for queries (Q, D)."""
        x = self._design(queries)
        mean, variance = posterior(self.kernel, context, x, self._mean(x))
        z = mean / np.sqrt(1.0 + np.pi * variance / 8.0)
        half = float(ndtri(0.5 + level / 2.0)) * np.sqrt(variance)
        lower, upper = expit(np.minimum(mean - half, z)), expit(np.maximum(mean + half, z))
        return Prediction(expit(z), z, lower, upper, level)


def calibrated(
    kernel: Kernel, weights: Array, contexts: Sequence[LabelledContext], standardiser: Standardiser
) -> Array:
    """Return the weights with the intercept at which the prior predicts the training base rate on average."""
    rows = [c.features[np.unique(np.linspace(0, len(c) - 1, _REFERENCE).astype(np.int64))] for c in contexts]
    x = [standardiser.design(features)[:, 1:] for features in rows]
    slope = [kernel.pooled * (part @ weights[1:]) for part in x]
    damp = [np.sqrt(1.0 + np.pi * kernel.itself(part) / 8.0) for part in x]
    rate = base_rate(contexts)

    def excess(intercept: float) -> float:
        shares = [np.mean(expit((s + intercept) / d)) for s, d in zip(slope, damp, strict=True)]
        return float(np.mean(shares)) - rate

    reach = 10.0 + max(float(np.abs(s).max()) + 20.0 * float(d.max()) for s, d in zip(slope, damp, strict=True))
    found = weights.copy()
    found[0] = brentq(excess, -reach, reach)
    return found


def choose_kernel(
    contexts: Sequence[LabelledContext], standardiser: Standardiser, seed: int, repeats: int = 4
) -> Kernel:
    """Return the kernel of ``GRID`` with the least log loss on left-out lines, supports of 4, 16 and 64 pairs."""
    rng = np.random.default_rng([seed, 19])
    loss = np.zeros(len(GRID))
    for held, rest in line_folds(contexts, MOST_LEFT_OUT):
        others = [contexts[at] for at in rest]
        weights, rate = pooled_weights(others, standardiser), base_rate(others)
        starts = [calibrated(kernel, weights, others, standardiser) for kernel in GRID]
        for place, shots, repeat in product(held, SHOTS, range(repeats)):
            left_out = contexts[place]
            rows, queries = draw_support(left_out, shots, rng, queries=300, balanced=repeat % 2 == 1)
            if not len(queries):
                continue
            x = standardiser.design(left_out.features[rows])[:, 1:]
            q = standardiser.design(left_out.features[queries])[:, 1:]
            labels, truth = left_out.labels[rows].astype(np.float64), left_out.labels[queries].astype(np.float64)
            offset = sampling_offset(left_out.labels[rows], rate)
            for at, (kernel, start) in enumerate(zip(GRID, starts, strict=True)):
                slope = kernel.pooled * start[1:]
                context = laplace(kernel, x, labels, start[0] + offset + x @ slope)
                mean, variance = posterior(kernel, context, q, start[0] + q @ slope)
                z = mean / np.sqrt(1.0 + np.pi * variance / 8.0)
                loss[at] += float(np.mean(np.logaddexp(0.0, z) - truth * z)) / len(held)
    return GRID[int(np.argmin(loss))]
