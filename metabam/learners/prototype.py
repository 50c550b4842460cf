"""Prototype network on pair features: the distance to each class's centroid, and a temperature that was learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logit

from metabam.errors import TrainingError
from metabam.learners.logistic import (
    Array,
    LinearContext,
    Standardiser,
    base_rate,
    check_contexts,
    draw_support,
    predict_linear,
)
from metabam.records import FloatArray, LabelledContext, Prediction, SupportSet

TEMPERATURE_SHOTS = (4, 16, 64, 256)


class PrototypeNetwork:
    """Class centroids of the support (doi:10.48550/arXiv.1703.05175) with the training lines' temperature and rate.

    With centroids c1, c0 on standardised features, ``logit = t (|x - c0|^2 - |x - c1|^2) / 2 + logit(base rate)``,
    which is linear in x. ``temperatures`` (len(TEMPERATURE_SHOTS),) minimise the log loss of the training lines' own
    episodes at each support size. A class that the support lacks is represented by the training lines' centroid of it.
    """

    name = "prototype"
    context_type: ClassVar[type] = LinearContext

    def __init__(self) -> None:
        self._standardiser: Standardiser | None = None
        self._rate = 0.5
        self._centroids: Array = np.zeros((2, 0))
        self.temperatures: Array = np.full(len(TEMPERATURE_SHOTS), 0.1)

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        """Learn feature scales, base rate, fall-back centroids, and the temperature for each support size."""
        check_contexts(contexts)
        self._standardiser = Standardiser.of(contexts)
        self._rate = base_rate(contexts)
        means = [
            [self._standardiser.design(c.features[c.labels == value])[:, 1:].mean(axis=0) for value in (0, 1)]
            for c in contexts
        ]
        self._centroids = np.mean(np.asarray(means), axis=0)
        rng = np.random.default_rng(seed)
        self.temperatures = np.array([self._temperature(contexts, shots, rng) for shots in TEMPERATURE_SHOTS])

    def _temperature(
        self, contexts: Sequence[LabelledContext], shots: int, rng: np.random.Generator, repeats: int = 6
    ) -> float:
        standardiser = self._fitted()
        margins, truths = [], []
        for context in contexts:
            for _ in range(repeats):
                support, queries = draw_support(context, shots, rng, queries=400)
                direction, middle = self._direction(SupportSet(context.features[support], context.labels[support]))
                margins.append((standardiser.design(context.features[queries])[:, 1:] - middle) @ direction)
                truths.append(context.labels[queries].astype(np.float64))
        margin, truth, bias = np.concatenate(margins), np.concatenate(truths), logit(self._rate)

        def loss(log_temperature: float) -> float:
            z = np.exp(log_temperature) * margin + bias
            return float(np.mean(np.logaddexp(0.0, z) - truth * z))

        found = minimize_scalar(loss, bounds=(np.log(1e-4), np.log(10.0)), method="bounded")
        return float(np.exp(found.x))

    def _fitted(self) -> Standardiser:
        if self._standardiser is None:
            raise TrainingError("not-fitted", f"learner {self.name!r} has not been fitted.", "Call fit first.")
        return self._standardiser

    def _direction(self, support: SupportSet) -> tuple[Array, Array]:
        """Return c1 - c0 and the point half way, both (D,)."""
        design = self._fitted().design(support.features)[:, 1:]
        centroids = [
            design[support.labels == value].mean(axis=0) if np.any(support.labels == value) else self._centroids[value]
            for value in (0, 1)
        ]
        return centroids[1] - centroids[0], (centroids[1] + centroids[0]) / 2.0

    def adapt(self, support: SupportSet) -> LinearContext:
        """Return the linear read-out that the two centroids amount to; the base rate alone at S = 0."""
        weights = np.zeros(1 + self._centroids.shape[1])
        weights[0] = logit(self._rate)
        if len(support):
            direction, middle = self._direction(support)
            temperature = np.interp(np.log(len(support)), np.log(TEMPERATURE_SHOTS), self.temperatures)
            weights[0] -= temperature * float(direction @ middle)
            weights[1:] = temperature * direction
        return LinearContext(weights, None, len(support))

    def predict(self, context: LinearContext, queries: FloatArray) -> Prediction:
        """Return P(y = 1) for query features (Q, D), in order."""
        return predict_linear(self._fitted(), context, queries)


class KmerPrototype(PrototypeNetwork):
    """Prototypes in k-mer space: the same learner on :func:`metabam.data.views.kmer_view` instead of z_q.

    What anyone can do without an encoder: no motif is known, none is learned.
    """

    name = "kmer_prototype"
