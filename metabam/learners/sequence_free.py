"""Learners that read no sequence: what any model must beat before its accuracy means anything."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from metabam.errors import InputError, TrainingError
from metabam.learners.logistic import base_rate, check_contexts
from metabam.records import FloatArray, LabelledContext, PairFacts, Prediction, SupportSet


class SupportPrevalence:
    """The share of positives in the support, for every query: AUROC 0.5, AUPRC = prevalence, and a Brier floor.

    One pseudo-pair at the training base rate keeps the answer inside (0, 1); at S = 0 it is the base rate. The context
    is the probability itself.
    """

    name = "support_prevalence"

    def __init__(self) -> None:
        self._rate: float | None = None

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:  # noqa: ARG002 - the protocol's seed
        """Learn the training base rate; ``seed`` has no effect."""
        check_contexts(contexts)
        self._rate = base_rate(contexts)

    def adapt(self, support: SupportSet) -> float:
        """Return (positives + base rate) / (S + 1)."""
        if self._rate is None:
            raise TrainingError("not-fitted", f"learner {self.name!r} has not been fitted.", "Call fit first.")
        return (float(np.sum(support.labels)) + self._rate) / (len(support) + 1.0)

    def predict(self, context: float, queries: FloatArray) -> Prediction:
        """Return that share for each of the Q queries."""
        return Prediction(np.full(len(queries), context), np.full(len(queries), float(logit(context))))


class _OneNumber:
    """A logistic regression on one number per pair, fitted on the training lines; the support is not read.

    NaN (another chromosome) stands for the largest number seen in training.
    """

    name = ""

    def __init__(self) -> None:
        self._slope = 0.0
        self._intercept: float | None = None
        self._farthest = 0.0

    def _number(self, features: FloatArray) -> NDArray[np.float64]:
        raise NotImplementedError

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:  # noqa: ARG002 - the protocol's seed
        """Fit one logistic regression over all training pairs; ``seed`` has no effect."""
        check_contexts(contexts)
        values = np.concatenate([self._number(context.features) for context in contexts])
        labels = np.concatenate([context.labels for context in contexts])
        known = np.isfinite(values)
        self._farthest = float(values[known].max()) if known.any() else 0.0
        model = LogisticRegression(C=np.inf, max_iter=1_000)
        model.fit(np.where(known, values, self._farthest)[:, None], labels)
        self._slope, self._intercept = float(model.coef_[0, 0]), float(model.intercept_[0])

    def adapt(self, support: SupportSet) -> None:
        """Return nothing: there is nothing to learn from a support."""
        if self._intercept is None:
            raise TrainingError("not-fitted", f"learner {self.name!r} has not been fitted.", "Call fit first.")
        del support

    def predict(self, context: None, queries: FloatArray) -> Prediction:
        """Return the pooled logistic for each query."""
        del context
        if self._intercept is None:
            raise TrainingError("not-fitted", f"learner {self.name!r} has not been fitted.", "Call fit first.")
        values = self._number(queries)
        score = self._intercept + self._slope * np.where(np.isfinite(values), values, self._farthest)
        return Prediction(expit(score), score)


class DistanceLearner(_OneNumber):
    """Log distance, its slope and base rate from the training lines; the support is not read.

    Parameters
    ----------
    column
        Which column of the features holds log10 of the distance in bp (negative counts from the end: the last one is
        it in :meth:`metabam.records.PairFacts.view`). It may be the only one. NaN (another chromosome) stands for
        the largest distance seen in training.
    """

    name = "distance"

    def __init__(self, column: int = -1) -> None:
        super().__init__()
        self.column = column

    def _number(self, features: FloatArray) -> NDArray[np.float64]:
        if features.ndim != 2 or not -features.shape[1] <= self.column < features.shape[1]:
            raise InputError(
                "distance-column",
                f"features of shape {features.shape} have no column {self.column} for the distance.",
                "Append log10 of the distance in bp as a feature column.",
            )
        return features[:, self.column].astype(np.float64)


class TssCount(_OneNumber):
    """``log(1 + promoters between the two elements)``, read from the pair facts; the support is not read."""

    name = "tss_count"

    def _number(self, features: FloatArray) -> NDArray[np.float64]:
        return np.asarray(np.log1p(PairFacts.of_view(features).tss_between))
