"""Logistic regressions behind the learner protocol: per-task, pooled, pooled as prior mean, hierarchical.

All four are linear on standardised features, share one solver and one rule for the base rate: it comes from the
training lines, never from the share of positives in a support that its user chose.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import ClassVar

import numpy as np
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from metabam.errors import TrainingError
from metabam.learners.hierarchical import HierarchicalPrior, Shrinkage, fit_hierarchical
from metabam.learners.logistic import (
    Array,
    LinearContext,
    Standardiser,
    base_rate,
    calibrated_intercept,
    check_contexts,
    draw_support,
    posterior_of,
    predict_linear,
)
from metabam.metrics import task_aurocs
from metabam.records import FloatArray, LabelledContext, Prediction, SupportSet

__all__ = [
    "HierarchicalLogistic",
    "HierarchicalPrior",
    "PerTaskLogistic",
    "PooledLogistic",
    "PooledPriorLogistic",
    "Shrinkage",
    "fit_hierarchical",
]

PENALTY_SHOTS = (4, 16, 64, 256)
PRIOR_SCALES = tuple(float(scale) for scale in 10.0 ** np.arange(-2.0, 1.01, 0.5))
INTERCEPT_SCALE = 1.0
"""Prior standard deviation of a line's intercept about the training base rate, in logits."""


class _Linear:
    """What the four share: standardised features, the training base rate, prediction from a Gaussian over weights."""

    name = ""
    context_type: ClassVar[type] = LinearContext

    def __init__(self) -> None:
        self._standardiser: Standardiser | None = None
        self._rate = 0.5

    def _fitted(self) -> Standardiser:
        if self._standardiser is None:
            raise TrainingError("not-fitted", f"learner {self.name!r} has not been fitted.", "Call fit first.")
        return self._standardiser

    def predict(self, context: LinearContext, queries: FloatArray) -> Prediction:
        """Return P(y = 1) for query features (Q, D), in order."""
        return predict_linear(self._fitted(), context, queries)


def pooled_weights(contexts: Sequence[LabelledContext], standardiser: Standardiser) -> Array:
    """Return (1 + D,) weights of one logistic regression over all pairs, each context weighted alike."""
    design = np.concatenate([standardiser.design(context.features) for context in contexts])
    labels = np.concatenate([context.labels for context in contexts])
    share = np.concatenate([np.full(len(context), 1.0 / len(context)) for context in contexts])
    share *= len(labels) / share.sum()
    model = LogisticRegression(C=1.0, max_iter=1_000, tol=1e-8)
    model.fit(design[:, 1:], labels, sample_weight=share)
    return np.concatenate([model.intercept_, model.coef_[0]])


def _ridge_factor(width: int, scale: float) -> Array:
    deviations = np.full(1 + width, scale)
    deviations[0] = INTERCEPT_SCALE
    return np.diag(deviations)


def _score_scales(
    contexts: Sequence[LabelledContext],
    standardiser: Standardiser,
    means: Sequence[Array],
    rates: Sequence[float],
    seed: int,
    repeats: int = 6,
) -> tuple[Array, Array]:
    """Return mean AUROC and mean log loss (shots, scales) of ridge about ``means[e]`` on episodes of context e."""
    width = len(standardiser.centre)
    rng = np.random.default_rng(seed)
    shape = (len(PENALTY_SHOTS), len(PRIOR_SCALES), len(contexts) * repeats)
    ranking, loss = np.full(shape, np.nan), np.full(shape, np.nan)
    for (line, context), (at, shots), repeat in product(enumerate(contexts), enumerate(PENALTY_SHOTS), range(repeats)):
        support, queries = draw_support(context, shots, rng, queries=400)
        truth = context.labels[queries].astype(np.float64)
        if len(queries) < 10 or not 0 < truth.sum() < len(truth):
            continue
        chosen = SupportSet(context.features[support], context.labels[support])
        task = line * repeats + repeat
        for which, scale in enumerate(PRIOR_SCALES):
            belief = posterior_of(standardiser, chosen, means[line], _ridge_factor(width, scale), rates[line])
            z = predict_linear(standardiser, belief, context.features[queries]).logit
            ranking[at, which, task] = task_aurocs(z[None], truth[None])[0]
            loss[at, which, task] = np.mean(np.logaddexp(0.0, z) - truth * z)
    judged = np.isfinite(ranking).any(axis=(0, 1))
    return ranking[:, :, judged].mean(axis=2), loss[:, :, judged].mean(axis=2)


class PerTaskLogistic(_Linear):
    """Ridge logistic regression on the support alone; the penalty for each S is what served the training lines best.

    At S = 0 it answers the training base rate. ``scales`` (len(PENALTY_SHOTS),) are the chosen prior deviations.
    """

    name = "per_task"

    def __init__(self) -> None:
        super().__init__()
        self.scales: Array = np.full(len(PENALTY_SHOTS), 0.3)

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        """Learn feature scales, base rate and, for each support size, the ridge."""
        check_contexts(contexts)
        self._standardiser = Standardiser.of(contexts)
        self._rate = base_rate(contexts)
        means = [self._prior_mean()] * len(contexts)
        ranking, _ = _score_scales(contexts, self._standardiser, means, [self._rate] * len(contexts), seed)
        if np.isfinite(ranking).all():
            self.scales = np.asarray(PRIOR_SCALES)[np.argmax(ranking, axis=1)]

    def _prior_mean(self) -> Array:
        mean = np.zeros(1 + len(self._fitted().centre))
        mean[0] = logit(self._rate)
        return mean

    def adapt(self, support: SupportSet) -> LinearContext:
        """Return ridge logistic weights of this support."""
        standardiser = self._fitted()
        if not len(support):
            return LinearContext(self._prior_mean(), None, 0)
        scale = np.exp(np.interp(np.log(len(support)), np.log(PENALTY_SHOTS), np.log(self.scales)))
        factor = _ridge_factor(len(standardiser.centre), float(scale))
        return posterior_of(standardiser, support, self._prior_mean(), factor, self._rate)


class PooledLogistic(_Linear):
    """One logistic regression over all training lines, the support ignored: zero-shot."""

    name = "pooled"

    def __init__(self) -> None:
        super().__init__()
        self._weights: Array = np.zeros(1)

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:  # noqa: ARG002 - the protocol's seed
        """Fit the pooled weights; nothing is drawn, so ``seed`` has no effect."""
        check_contexts(contexts)
        self._standardiser = Standardiser.of(contexts)
        self._rate = base_rate(contexts)
        self._weights = pooled_weights(contexts, self._standardiser)

    def adapt(self, support: SupportSet) -> LinearContext:
        """Return the pooled weights, whatever the support."""
        self._fitted()
        return LinearContext(self._weights, None, len(support))


class PooledPriorLogistic(_Linear):
    """Ridge towards the pooled weights; how strongly is chosen by the log loss on each training line left out."""

    name = "pooled_prior"

    def __init__(self) -> None:
        super().__init__()
        self._mean: Array = np.zeros(1)
        self.scale = 0.1

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        """Fit the pooled weights and choose the prior deviation about them."""
        check_contexts(contexts)
        self._standardiser = Standardiser.of(contexts)
        self._rate = base_rate(contexts)
        weights = pooled_weights(contexts, self._standardiser)
        rest = [[c for c in contexts if c.cell_line != left_out.cell_line] for left_out in contexts]
        if all(rest):
            means = [pooled_weights(others, self._standardiser) for others in rest]
            _, loss = _score_scales(contexts, self._standardiser, means, [base_rate(others) for others in rest], seed)
            if np.isfinite(loss).all():
                self.scale = PRIOR_SCALES[int(np.argmin(loss[:3].mean(axis=0)))]
        factor = _ridge_factor(len(self._standardiser.centre), self.scale)
        self._mean = calibrated_intercept(self._standardiser, weights, factor, contexts)

    def adapt(self, support: SupportSet) -> LinearContext:
        """Return the weights between the pooled ones and the support's own."""
        standardiser = self._fitted()
        factor = _ridge_factor(len(standardiser.centre), self.scale)
        return posterior_of(standardiser, support, self._mean, factor, self._rate)


class HierarchicalLogistic(_Linear):
    """Empirical-Bayes logistic regression: prior from :func:`fit_hierarchical`, Laplace posterior from the support."""

    name = "hierarchical"

    def __init__(self) -> None:
        super().__init__()
        self.prior: HierarchicalPrior | None = None
        self._mean: Array = np.zeros(1)
        self._factor: Array = np.zeros((1, 1))

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        """Learn the prior over a new line's weights."""
        self.prior = fit_hierarchical(contexts, seed)
        self._standardiser = self.prior.standardiser
        self._rate = self.prior.base_rate
        mean, self._factor = self.prior.joint()
        self._mean = calibrated_intercept(self._standardiser, mean, self._factor, contexts)

    def adapt(self, support: SupportSet) -> LinearContext:
        """Return the Gaussian posterior over the line's weights."""
        return posterior_of(self._fitted(), support, self._mean, self._factor, self._rate)
