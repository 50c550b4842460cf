"""One task's numbers: every metric of a prediction, on labels and, on a planted world, on the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabam import metrics
from metabam.bench.entries import Fitted
from metabam.bench.splits import NATURAL, Task, other_labels
from metabam.bench.worlds import Array, BenchContext, Fold
from metabam.config import BenchConfig
from metabam.records import FloatArray, IntArray, Prediction, SupportSet

OWN, NONE, WRONG, PERMUTED, FLIPPED, SEEN = "own", "none", "wrong_line", "permuted", "flipped", "seen_line"
CONTROLS = (OWN, NONE, WRONG, PERMUTED, FLIPPED)
Values = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a task is judged on: labels (Q,), Bayes probability (Q,) or ``None``, which pairs reverse (Q,) bool."""

    labels: NDArray[np.int8]
    bayes: Array | None
    reversed_pairs: NDArray[np.bool_]


def asked_of(fold: Fold, task: Task) -> Asked:
    """Return what the queries of a task are judged on; a pair reverses where the other line holds another label."""
    context = (fold.training if task.seen else fold.held)[task.context]
    labels = context.pairs.labels[task.queries]
    elsewhere = other_labels(context, task.queries, fold.mirror(task.other))
    bayes = None if context.bayes is None else context.bayes[task.queries]
    return Asked(labels, bayes, (elsewhere >= 0) & (elsewhere != labels))


def supports_of(fold: Fold, task: Task, view: str, config: BenchConfig) -> Iterator[tuple[str, SupportSet]]:
    """Yield the own support and, at the sizes that controls are due, none, the wrong line's, permuted and flipped."""
    if task.seen:
        yield SEEN, _support(fold.training[task.context], view, task.support)
        return
    own = _support(fold.held[task.context], view, task.support)
    yield OWN, own
    if task.shots == 0 or task.scheme != NATURAL:
        return
    yield NONE, own.take(np.zeros(0, dtype=np.int64))
    if task.shots in config.control_shots:
        shuffle = np.random.default_rng([config.seed, task.repeat, task.shots]).permutation(task.shots)
        other = fold.references[task.other]
        if other.name != fold.held[task.context].name:
            yield WRONG, _support(other, view, task.other_support)
        yield PERMUTED, replace(own, labels=own.labels[shuffle])
        yield FLIPPED, own.flipped()


def _support(context: BenchContext, view: str, rows: IntArray) -> SupportSet:
    seen = context.seen_as(view)
    return SupportSet(seen.features[rows], seen.labels[rows])


def judge(asked: Asked, found: Prediction) -> Values:
    """Return every metric of one prediction; undefined ones are ``None``."""
    labels, bayes, turned = asked.labels, asked.bayes, asked.reversed_pairs
    values: Values = {
        "auroc": ranking(metrics.weighted_auroc, labels, found.logit),
        "auprc": ranking(metrics.weighted_auprc, labels, found.logit),
        "log_loss": metrics.log_loss(labels, found.probability),
        "brier": metrics.brier(labels, found.probability),
        "ece": metrics.expected_calibration_error(labels, found.probability),
        "reversal_auroc": ranking(metrics.weighted_auroc, labels[turned], found.logit[turned]),
    }
    if bayes is not None:
        values["bayes_rmse"] = float(np.sqrt(np.mean((found.probability - bayes) ** 2)))
        values["truth_auroc"] = soft_auroc(bayes, found.logit)
        if found.lower is not None and found.upper is not None:
            values["coverage"] = metrics.interval_coverage(bayes, found.lower, found.upper)
    if found.lower is not None and found.upper is not None:
        values["interval_width"] = float(np.mean(found.upper - found.lower))
    return values


def ranking(metric: metrics.WeightedMetric, labels: NDArray[np.int8], scores: Array) -> float | None:
    """Return a ranking metric with every pair weighing 1; ``None`` for one class, or where a score is not finite.

    The same value as ``metrics.auroc`` and ``metrics.auprc``, at a tenth of the time: a benchmark asks a million times.
    """
    if not 0 < int(labels.sum()) < len(labels) or not np.isfinite(scores).all():
        return None
    return float(metric(labels.astype(np.float64), scores, np.ones((1, len(labels))))[0])


def soft_auroc(probability: Array, scores: Array) -> float | None:
    """Return the AUROC of scores (N,) in expectation over labels drawn from true probabilities (N,).

    ``sum_ij p_i (1 - p_j) [s_i > s_j] / (sum_i p_i sum_j (1 - p_j))``, ties half; ``None`` where either sum is 0. A
    pair is compared with itself too, which pulls the value to 1/2 by less than 1 / N.
    """
    _, place = np.unique(scores, return_inverse=True)
    positive = np.bincount(place, weights=probability)
    negative = np.bincount(place, weights=1.0 - probability)
    total = positive.sum() * negative.sum()
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2.0)).sum() / total) if total > 0 else None


def swapped(fold: Fold, task: Task, context: Any, learner: Fitted) -> Values:
    """Return how well line A's context orders line B's pairs by A's TRUTH (fingerprint drift).

    B is the task's other line; pairs that share an element with A's support are left out. Empty where the truth is not
    known of B's pairs in A.
    """
    own, other = fold.held[task.context], fold.references[task.other]
    truth = fold.truth_of(other, own.pairs.cell_line)
    if truth is None or other.name == own.name:
        return {}
    apart = ~np.isin(other.pairs.enhancer, own.pairs.enhancer[task.support])
    apart &= ~np.isin(other.pairs.promoter, own.pairs.promoter[task.support])
    rows = np.flatnonzero(apart & other.query_pool)
    found = learner.predict(context, other.seen_as(learner.view).features[rows])
    return {"swap_truth_auroc": soft_auroc(truth[rows], found.logit)}


def usable_mean(context: Any) -> FloatArray | None:
    """Return the context mean z_c (Z,) of what ``adapt`` returned, or ``None`` for a learner without one."""
    mean = getattr(context, "mean", None)
    return None if mean is None or np.ndim(mean) != 1 else np.asarray(mean, dtype=np.float32)
