"""Learners that know the truth of a planted world: the ceilings of every comparison on W1, never competitors.

They read :func:`metabam.data.views.truth_view`: the Bayes logit of each pair in its own line, then the true
standardised activities after silencing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from metabam.data.planting import gates_of
from metabam.data.world import gate_law
from metabam.data.worldfiles import Truth, activities
from metabam.errors import ConfigError, InputError, TrainingError
from metabam.learners.logistic import base_rate, check_contexts, sampling_offset
from metabam.records import FloatArray, LabelledContext, Prediction, SupportSet

Array = NDArray[np.float64]
PARTICLES = 8_192
_ROWS = 200


class TruthKnower:
    """The Bayes probability of each pair in its line: nothing can rank these labels better. The support is not read."""

    name = "truth_knower"

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:  # noqa: ARG002 - the protocol's seed
        """Learn nothing; the contexts are checked."""
        check_contexts(contexts)

    def adapt(self, support: SupportSet) -> None:
        """Return nothing."""
        del support

    def predict(self, context: None, queries: FloatArray) -> Prediction:
        """Return the Bayes probability, with an interval of no width."""
        del context
        z = _checked(queries)[:, 0]
        p = np.asarray(expit(z))
        return Prediction(p, z, p, p)


def _checked(features: FloatArray) -> Array:
    if features.ndim != 2 or features.shape[1] < 2:
        raise InputError(
            "truth-view",
            f"features of shape {features.shape} are no truth view (pairs, 1 + mechanisms).",
            "Give this learner the view of metabam.data.views.truth_view.",
        )
    return features.astype(np.float64)


@dataclass(frozen=True, slots=True)
class LinePrior:
    """M lines that a planted world could have drawn: ``weights`` (M, 12) in logits per standardised activity, and
    ``intercept`` (M,).
    """

    weights: Array
    intercept: Array


def line_prior(truth: Truth, count: int, seed: int) -> LinePrior:
    """Return ``count`` lines drawn from a planted world's own law: ``u ~ N(0, I)``, gates, scale and intercept.

    The world solves the scale of each line for its Bayes AUROC, which fixes the spread of the logit: the training
    lines' own spread, on average, is taken; the intercept is solved for the prevalence, on evenly spaced pairs.

    Raises
    ------
    ConfigError
        ``no-law`` when the gates of the truth are not those of the law that its seed stands for.
    """
    law = gate_law(int(truth.settings["seed"]), truth.gates.shape[1])
    if not np.allclose(gates_of(law, truth.latent), truth.gates, atol=1e-6):
        raise ConfigError(
            "no-law",
            "the gates of this world do not follow the law of metabam simulate.",
            "The informed learner is for worlds that this version has written.",
        )
    training = [at for at, name in enumerate(truth.lines) if truth.roles[name] == "training"]
    spread = float(np.mean(logit(truth.probability[:, training]).std(axis=0)))
    every = activities(truth, effective=True)
    latent = np.random.default_rng([seed, 17]).normal(size=(count, truth.latent.shape[1]))
    weights = gates_of(law, latent)
    covariance = np.cov(every.T)
    weights *= (spread / np.sqrt(np.einsum("mi,ij,mj->m", weights, covariance, weights)))[:, None]
    rows = every[np.unique(np.linspace(0, len(every) - 1, _ROWS).astype(np.int64))]
    scores = weights @ rows.T
    low, high = np.full(count, -20.0), np.full(count, 20.0)
    for _ in range(20):
        middle = (low + high) / 2.0
        above = expit(scores + middle[:, None]).mean(axis=1) > float(truth.settings["prevalence"])
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return LinePrior(weights, (low + high) / 2.0)


@dataclass(frozen=True, slots=True)
class InformedContext:
    """Posterior share of each line that the world could have drawn, (M,), summing to 1."""

    share: Array
    n_support: int


class Informed:
    """Knows the activities and the law that lines are drawn from, and infers which line this is from the labels.

    The posterior over ``PARTICLES`` drawn lines, each weighed by the likelihood of the support; the answer is the
    posterior mean probability, its interval the central posterior interval. What labels alone leave open, no learner
    can know.

    Parameters
    ----------
    truth
        Of the planted world; ``fit`` refuses to go on without one (``no-truth``).
    """

    name = "informed"

    def __init__(self, truth: Truth | None = None) -> None:
        self.truth = truth
        self.prior: LinePrior | None = None
        self._rate = 0.5

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        """Draw the lines; of the contexts only the base rate is used."""
        check_contexts(contexts)
        if self.truth is None:
            raise ConfigError(
                "no-truth", "the informed learner needs a planted world's truth.", "Give Informed(truth)."
            )
        self._rate = base_rate(contexts)
        self.prior = line_prior(self.truth, PARTICLES, seed)

    def _fitted(self) -> LinePrior:
        if self.prior is None:
            raise TrainingError("not-fitted", f"learner {self.name!r} has not been fitted.", "Call fit first.")
        return self.prior

    def adapt(self, support: SupportSet) -> InformedContext:
        """Return the posterior over lines."""
        prior = self._fitted()
        logs = np.zeros(len(prior.intercept))
        if len(support):
            order = np.lexsort((*_checked(support.features).T, support.labels))  # sums do not depend on the order given
            design, labels = _checked(support.features)[order, 1:], support.labels[order].astype(np.float64)
            z = prior.weights @ design.T + prior.intercept[:, None] + sampling_offset(support.labels, self._rate)
            logs = np.sum(labels * z - np.logaddexp(0.0, z), axis=1)
        share = np.exp(logs - logs.max())
        return InformedContext(share / share.sum(), len(support))

    def predict(self, context: InformedContext, queries: FloatArray) -> Prediction:
        """Return P(y = 1) with a 90 % interval for queries (Q, 1 + 12); lines of negligible share are left out."""
        prior, design = self._fitted(), _checked(queries)[:, 1:]
        kept = np.argsort(-context.share, kind="stable")
        kept = kept[: int(np.searchsorted(np.cumsum(context.share[kept]), 1.0 - 1e-4)) + 1]
        share = context.share[kept] / context.share[kept].sum()
        mean, lower, upper = np.empty(len(design)), np.empty(len(design)), np.empty(len(design))
        step = max(1, 4_000_000 // len(kept))
        for start in range(0, len(design), step):
            rows = slice(start, start + step)
            p = expit(design[rows] @ prior.weights[kept].T + prior.intercept[kept])
            mean[rows] = p @ share
            order = np.argsort(p, axis=1)
            mass = np.cumsum(share[order], axis=1)
            for bound, at in ((lower, 0.05), (upper, 0.95)):
                place = np.minimum((mass < at).sum(axis=1), len(kept) - 1)
                bound[rows] = np.take_along_axis(p, np.take_along_axis(order, place[:, None], 1), 1)[:, 0]
        return Prediction(mean, logit(mean), np.minimum(lower, mean), np.maximum(upper, mean))
