"""Learners that remember labels by identity: what a table of training labels says without any sequence.

They read :class:`metabam.records.PairFacts` and not the support: a support shares no element with its queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from metabam.errors import TrainingError
from metabam.learners.logistic import base_rate, check_contexts
from metabam.records import FloatArray, IntArray, LabelledContext, PairFacts, Prediction, SupportSet

Array = NDArray[np.float64]
STRENGTHS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Pseudo-pairs at the base rate, from which a shrinkage is chosen."""
KEYS = ("gene", "enhancer", "pair")


def keys_of(facts: PairFacts) -> Mapping[str, IntArray]:
    """Return the identities (B,) by which labels are remembered; a pair is its two elements, mixed into 62 bits."""
    pair = (facts.enhancer * np.int64(0x9E3779B97F4A7C1) ^ facts.promoter) & np.int64(2**62 - 1)
    return {"gene": facts.gene, "enhancer": facts.enhancer, "pair": pair}


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each identity was seen, and how often it was positive: ``keys`` sorted, all (G,)."""

    keys: IntArray
    count: Array
    positives: Array

    @classmethod
    def of(cls, keys: IntArray, labels: NDArray[np.int8]) -> Tally:
        """Return the tally of labelled pairs."""
        distinct, back = np.unique(keys, return_inverse=True)
        positives = np.asarray(np.bincount(back, weights=labels), dtype=np.float64)
        return cls(distinct, np.bincount(back).astype(np.float64), positives)

    def mean(self, keys: IntArray, rate: float, strength: float) -> Array:
        """Return ``(positives + strength * rate) / (count + strength)`` of each key; ``rate`` for one never seen."""
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        seen = self.keys[place] == keys
        count, positives = np.where(seen, self.count[place], 0.0), np.where(seen, self.positives[place], 0.0)
        return np.asarray((positives + strength * rate) / (count + strength))


@dataclass(frozen=True, slots=True)
class _Labelled:
    """One training context as identities and labels."""

    cell_line: str
    keys: Mapping[str, IntArray]
    labels: NDArray[np.int8]

    @classmethod
    def of(cls, contexts: Sequence[LabelledContext]) -> list[_Labelled]:
        """Return every context."""
        return [
            cls(context.cell_line, keys_of(PairFacts.of_view(context.features)), context.labels) for context in contexts
        ]


def tally_of(parts: Sequence[_Labelled], key: str) -> Tally:
    """Return the tally of one kind of identity over contexts."""
    labels = np.concatenate([part.labels for part in parts])
    return Tally.of(np.concatenate([part.keys[key] for part in parts]), labels)


def left_out(parts: Sequence[_Labelled], rates: Sequence[float], key: str, strength: float) -> list[Array]:
    """Return, for each context, the log odds that the OTHER cell lines' tally gives its pairs."""
    found = []
    for part, rate in zip(parts, rates, strict=True):
        others = tally_of([other for other in parts if other.cell_line != part.cell_line], key)
        found.append(logit(others.mean(part.keys[key], rate, strength)))
    return found


def rates_without(contexts: Sequence[LabelledContext]) -> list[float]:
    """Return, for each context, the base rate of the other cell lines."""
    return [base_rate([other for other in contexts if other.cell_line != context.cell_line]) for context in contexts]


def choose_strength(parts: Sequence[_Labelled], rates: Sequence[float], key: str) -> float:
    """Return the shrinkage with the least log loss on left-out contexts, each weighing the same."""

    def loss(strength: float) -> float:
        scores = left_out(parts, rates, key, strength)
        return float(
            np.mean([np.mean(np.logaddexp(0.0, z) - p.labels * z) for z, p in zip(scores, parts, strict=True)])
        )

    return min(STRENGTHS, key=loss)


class GenePropensity:
    """The gene's mean label in the training lines, shrunk to the base rate; a gene never seen gets the base rate.

    ``(positives + a rate) / (pairs + a)``; the number of pseudo-pairs a is chosen on left-out training lines (4 with
    fewer than two lines).
    """

    name = "gene_propensity"

    def __init__(self) -> None:
        self.strength = 4.0
        self._rate = 0.5
        self._tally: Tally | None = None

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:  # noqa: ARG002 - the protocol's seed
        """Count labels by gene; nothing is drawn, so ``seed`` has no effect."""
        check_contexts(contexts)
        parts = _Labelled.of(contexts)
        self._rate = base_rate(contexts)
        if len({part.cell_line for part in parts}) > 1:
            self.strength = choose_strength(parts, rates_without(contexts), "gene")
        self._tally = tally_of(parts, "gene")

    def adapt(self, support: SupportSet) -> None:
        """Return nothing: the support is not read."""
        if self._tally is None:
            raise TrainingError("not-fitted", f"learner {self.name!r} has not been fitted.", "Call fit first.")
        del support

    def predict(self, context: None, queries: FloatArray) -> Prediction:
        """Return the shrunk mean label of each query's gene."""
        del context
        if self._tally is None:
            raise TrainingError("not-fitted", f"learner {self.name!r} has not been fitted.", "Call fit first.")
        p = self._tally.mean(PairFacts.of_view(queries).gene, self._rate, self.strength)
        return Prediction(p, np.asarray(logit(p)))


class PairLookup:
    """Gene, enhancer and exact pair looked up in the training labels, and the three answers weighed.

    ``logit = logit(rate) + sum_k b_k (logit(mean_k) - logit(rate))`` with the shrunk means of :class:`GenePropensity`
    for each kind of identity. Shrinkages and weights b are chosen on left-out training lines, whose pairs are looked
    up in the other lines only; with one line there is nothing to leave out, and the three weigh a third each.
    """

    name = "pair_lookup"

    def __init__(self) -> None:
        self.strengths: dict[str, float] = dict.fromkeys(KEYS, 4.0)
        self.weights: Array = np.full(len(KEYS), 1.0 / len(KEYS))
        self._intercept = 0.0
        self._rate = 0.5
        self._tallies: dict[str, Tally] = {}

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:  # noqa: ARG002 - the protocol's seed
        """Count labels by identity and weigh the three looks-up; ``seed`` has no effect."""
        check_contexts(contexts)
        parts = _Labelled.of(contexts)
        self._rate = base_rate(contexts)
        if len({part.cell_line for part in parts}) > 1:
            rates = rates_without(contexts)
            self.strengths = {key: choose_strength(parts, rates, key) for key in KEYS}
            columns = [np.concatenate(left_out(parts, rates, key, self.strengths[key])) for key in KEYS]
            design = np.stack(columns, axis=1) - np.repeat(logit(rates), [len(part.labels) for part in parts])[:, None]
            share = np.concatenate([np.full(len(part.labels), 1.0 / len(part.labels)) for part in parts])
            labels = np.concatenate([part.labels for part in parts])
            model = LogisticRegression(C=1.0, max_iter=1_000)
            model.fit(design, labels, sample_weight=share * len(labels) / share.sum())
            self.weights = np.asarray(model.coef_[0], dtype=np.float64)
            self._intercept = float(model.intercept_[0] - logit(self._rate))
        self._tallies = {key: tally_of(parts, key) for key in KEYS}

    def adapt(self, support: SupportSet) -> None:
        """Return nothing: the support is not read."""
        if not self._tallies:
            raise TrainingError("not-fitted", f"learner {self.name!r} has not been fitted.", "Call fit first.")
        del support

    def predict(self, context: None, queries: FloatArray) -> Prediction:
        """Return the weighed look-up of each query."""
        self.adapt(SupportSet(queries[:0], np.zeros(0, np.int8)))
        del context
        keys = keys_of(PairFacts.of_view(queries))
        base = float(logit(self._rate))
        means = [self._tallies[key].mean(keys[key], self._rate, self.strengths[key]) for key in KEYS]
        z = base + self._intercept + (logit(np.stack(means, axis=1)) - base) @ self.weights
        return Prediction(np.asarray(expit(z)), np.asarray(z))
