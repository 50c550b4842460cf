"""How good predictions are, and how sure that is: plain functions of labels and probabilities.

*Undefined* is ``None``, never 0 and never NaN: a ranking metric over one class has no value. Labels are 0 or 1,
probabilities lie in [0, 1], scores are any real numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, rankdata
from sklearn.metrics import average_precision_score, roc_auc_score

from metabam.errors import InputError

Array = NDArray[np.float64]
WeightedMetric = Callable[[Array, Array, Array], Array]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its central bootstrap interval; all three are ``None`` where the estimate is undefined.

    ``level`` is the interval's nominal content, ``draws`` the bootstrap draws in which the metric was defined.
    """

    estimate: float | None
    low: float | None
    high: float | None
    level: float = 0.95
    draws: int = 0


def _labels(labels: ArrayLike) -> Array:
    values = np.asarray(labels, dtype=np.float64)
    if values.ndim != 1 or not np.isin(values, (0.0, 1.0)).all():
        raise InputError("metric-labels", "labels must be a vector of 0 and 1.", "Drop unlabelled pairs first.")
    return values


def _pair(labels: ArrayLike, scores: ArrayLike) -> tuple[Array, Array]:
    truth, values = _labels(labels), np.asarray(scores, dtype=np.float64)
    if values.shape != truth.shape:
        raise InputError("metric-shape", f"labels {truth.shape} and scores {values.shape} do not match.")
    if not np.isfinite(values).all():
        raise InputError("metric-scores", "scores must be finite.", "Leave out the rows that could not be scored.")
    return truth, values


def _both_classes(truth: Array) -> bool:
    return bool(0 < truth.sum() < len(truth))


def prevalence(labels: ArrayLike) -> float | None:
    """Return the share of positives, in [0, 1]; ``None`` without rows."""
    truth = _labels(labels)
    return float(truth.mean()) if len(truth) else None


def auroc(labels: ArrayLike, scores: ArrayLike) -> float | None:
    """Return the area under the ROC curve, ties counted half; ``None`` (undefined) for one class."""
    truth, values = _pair(labels, scores)
    return float(roc_auc_score(truth, values)) if _both_classes(truth) else None


def auprc(labels: ArrayLike, scores: ArrayLike) -> float | None:
    """Return average precision; ``None`` for one class. Read it beside :func:`prevalence`, its value by chance."""
    truth, values = _pair(labels, scores)
    return float(average_precision_score(truth, values)) if _both_classes(truth) else None


def brier(labels: ArrayLike, probabilities: ArrayLike) -> float | None:
    """Return the mean squared error of the probabilities, in [0, 1]; ``None`` without rows."""
    truth, values = _pair(labels, probabilities)
    return float(np.mean((values - truth) ** 2)) if len(truth) else None


def log_loss(labels: ArrayLike, probabilities: ArrayLike, *, floor: float = 1e-12) -> float | None:
    """Return the mean negative log likelihood in nats, probabilities kept ``floor`` from 0 and 1; ``None`` if empty."""
    truth, values = _pair(labels, probabilities)
    if not len(truth):
        return None
    kept = np.clip(values, floor, 1.0 - floor)
    return float(-np.mean(truth * np.log(kept) + (1.0 - truth) * np.log1p(-kept)))


def expected_calibration_error(labels: ArrayLike, probabilities: ArrayLike, *, bins: int = 10) -> float | None:
    """Return the mean gap between probability and share of positives over equal-width bins; ``None`` if empty.

    ``sum_b n_b / n |mean p - mean y|`` (doi:10.1609/aaai.v29i1.9602); 1 belongs to the last bin. It rises with the
    noise of small samples: compare it between learners on the same pairs only.
    """
    truth, values = _pair(labels, probabilities)
    if not len(truth):
        return None
    bin_of = np.minimum((values * bins).astype(np.int64), bins - 1)
    gap = np.bincount(bin_of, weights=values - truth, minlength=bins)
    return float(np.abs(gap).sum() / len(truth))


def reliability(labels: ArrayLike, probabilities: ArrayLike, *, bins: int = 10) -> tuple[Array, Array, Array]:
    """Return mean probability, share of positives and count per equal-width bin, (bins,) each; NaN where empty."""
    truth, values = _pair(labels, probabilities)
    bin_of = np.minimum((values * bins).astype(np.int64), bins - 1)
    count = np.bincount(bin_of, minlength=bins).astype(np.float64)
    size = np.where(count > 0, count, np.nan)
    mean = np.bincount(bin_of, weights=values, minlength=bins) / size
    return mean, np.bincount(bin_of, weights=truth, minlength=bins) / size, count


def interval_coverage(truth: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> float | None:
    """Return the share of true values (N,) inside [lower, upper], ends included; ``None`` without rows."""
    values, low, high = (np.asarray(item, dtype=np.float64) for item in (truth, lower, upper))
    if not values.shape == low.shape == high.shape:
        raise InputError("metric-shape", f"shapes {values.shape}, {low.shape}, {high.shape} do not match.")
    return float(np.mean((low <= values) & (values <= high))) if len(values) else None


def effective_rank(singular: Array) -> float:
    """Return exp of the entropy of singular values >= 0 (Roy & Vetterli, EUSIPCO 2007); 0 where all are zero."""
    total = float(singular.sum())
    if total <= 0:
        return 0.0
    share = singular[singular > 0] / total
    return float(np.exp(-np.sum(share * np.log(share))))


# ------------------------------------------------------------------ weighted metrics, many weightings at once


def _grouped(labels: Array, scores: Array, weights: Array) -> tuple[Array, Array]:
    """Return cumulative weight of positives and negatives (B, G) over the G distinct scores, highest first."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    chosen, truth = weights[:, order], labels[order]
    return np.cumsum(chosen * truth, axis=1)[:, last], np.cumsum(chosen * (1.0 - truth), axis=1)[:, last]


def weighted_auroc(labels: Array, scores: Array, weights: Array) -> Array:
    """Return the AUROC (B,) under B weightings (B, N) of the same pairs; NaN where one class has no weight."""
    hits, alarms = _grouped(labels, scores, weights)
    before = np.concatenate([np.zeros((len(hits), 1)), hits[:, :-1]], axis=1)
    steps = np.diff(alarms, axis=1, prepend=0.0)
    area = np.sum(steps * (hits + before) / 2.0, axis=1)
    total = hits[:, -1] * alarms[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, area / total, np.nan))


def weighted_auprc(labels: Array, scores: Array, weights: Array) -> Array:
    """Return average precision (B,) under B weightings (B, N); NaN where one class has no weight."""
    hits, alarms = _grouped(labels, scores, weights)
    flagged = hits + alarms
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(flagged > 0, hits / flagged, 0.0)
        area = np.sum(np.diff(hits, axis=1, prepend=0.0) * precision, axis=1)
        return np.asarray(np.where(hits[:, -1] * alarms[:, -1] > 0, area / hits[:, -1], np.nan))


# ------------------------------------------------------------------ bootstraps


def _interval(estimate: float | None, draws: Array, level: float) -> Interval:
    defined = draws[np.isfinite(draws)]
    if estimate is None or not len(defined):
        return Interval(None, None, None, level, 0)
    low, high = np.quantile(defined, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Interval(estimate, float(low), float(high), level, len(defined))


def paired_bootstrap(
    labels: ArrayLike,
    first: ArrayLike,
    second: ArrayLike | None,
    groups: ArrayLike,
    *,
    metric: WeightedMetric = weighted_auprc,
    draws: int = 2_000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return ``metric(first) - metric(second)`` on the same pairs, resampling whole groups (genes) of one line.

    Pairs of one gene are not independent, so genes are drawn with replacement and both scores are judged on the
    same draw. ``second=None`` gives the metric of ``first`` itself. Draws that leave one class are dropped.

    Parameters
    ----------
    labels, first, second, groups
        (N,) each; ``groups`` holds gene ids of any hashable, sortable kind.
    """
    truth, one = _pair(labels, first)
    other = None if second is None else _pair(labels, second)[1]
    _, member = np.unique(np.asarray(groups), return_inverse=True)
    n_groups = int(member.max()) + 1 if len(member) else 0
    if not _both_classes(truth):
        return Interval(None, None, None, level, 0)

    def value(weights: Array) -> Array:
        result = metric(truth, one, weights)
        return result if other is None else result - metric(truth, other, weights)

    rng = np.random.default_rng(seed)
    chunk = max(1, 4_000_000 // len(truth))
    found: list[Array] = []
    for start in range(0, draws, chunk):
        counts = rng.multinomial(n_groups, np.full(n_groups, 1.0 / n_groups), size=min(chunk, draws - start))
        found.append(value(counts[:, member].astype(np.float64)))
    return _interval(float(value(np.ones((1, len(truth))))[0]), np.concatenate(found), level)


def bootstrap_over_lines(
    values: ArrayLike, lines: ArrayLike, *, draws: int = 4_000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Return the mean of per-task values (paired differences, say) over lines, with an interval for UNSEEN lines.

    Two stages: lines are drawn with replacement, then supports within each drawn line; each line weighs the same.

    Parameters
    ----------
    values, lines
        (N,) one value per (line, support) and the line it belongs to. NaN values are left out.
    """
    numbers = np.asarray(values, dtype=np.float64)
    kept = np.isfinite(numbers)
    numbers = numbers[kept]
    names, member = np.unique(np.asarray(lines)[kept], return_inverse=True)
    if not len(names):
        return Interval(None, None, None, level, 0)
    order = np.argsort(member, kind="stable")
    sizes = np.bincount(member)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    means = np.bincount(member, weights=numbers) / sizes
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(names), size=(draws, len(names)))
    widest = int(sizes.max())
    within = (rng.random((draws, len(names), widest)) * sizes[drawn][:, :, None]).astype(np.int64)
    sample = numbers[order][first[drawn][:, :, None] + within]
    used = np.arange(widest)[None, None, :] < sizes[drawn][:, :, None]
    line_means = np.sum(sample * used, axis=2) / sizes[drawn]
    return _interval(float(means.mean()), line_means.mean(axis=1), level)


def task_aurocs(scores: Array, truth: Array) -> Array:
    """Return the AUROC of each row of scores (G, Q) against truth (G, Q), by mid-ranks; NaN for one class."""
    ranks = rankdata(scores, axis=1)
    positives = truth.sum(axis=1)
    negatives = truth.shape[1] - positives
    with np.errstate(invalid="ignore", divide="ignore"):
        wins = (ranks * truth).sum(axis=1) - positives * (positives + 1) / 2
        return np.asarray(np.where(positives * negatives > 0, wins / (positives * negatives), np.nan))


def task_auprcs(scores: Array, truth: Array) -> Array:
    """Return the average precision of each row of scores (G, Q) against truth (G, Q); NaN without a positive.

    Equal scores are taken in together, at the precision of all of them.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    ranked, hits = np.take_along_axis(scores, order, axis=1), np.take_along_axis(truth, order, axis=1)
    places = np.arange(1, scores.shape[1] + 1)
    last = np.append(ranked[:, 1:] != ranked[:, :-1], np.ones((len(ranked), 1), dtype=bool), axis=1)
    ends = np.minimum.accumulate(np.where(last, places, scores.shape[1])[:, ::-1], axis=1)[:, ::-1]
    precision = np.take_along_axis(np.cumsum(hits, axis=1), ends - 1, axis=1) / ends
    with np.errstate(invalid="ignore"):
        return np.asarray((precision * hits).sum(axis=1) / hits.sum(axis=1))


def clustered_auroc(labels: ArrayLike, scores: ArrayLike, groups: ArrayLike, *, level: float = 0.95) -> Interval:
    """Return AUROC with an interval that counts rows of one group (a promoter, say) as one observation.

    The variance is that of the placement values summed within groups (Obuchowski 1997, doi:10.2307/2533958; rows of
    their own give DeLong's); the interval is symmetric in logit(AUROC). No bounds where AUROC is 0 or 1, or where a
    class lies in fewer than two groups; nothing at all for one class.
    """
    truth, values = _pair(labels, scores)
    if not _both_classes(truth):
        return Interval(None, None, None, level)
    positive = truth == 1
    ups, downs = values[positive], values[~positive]
    m, n = len(ups), len(downs)
    placed = np.empty(len(truth))
    placed[positive] = (rankdata(np.r_[ups, downs])[:m] - rankdata(ups)) / n
    placed[~positive] = 1.0 - (rankdata(np.r_[downs, ups])[:n] - rankdata(downs)) / m
    area = float(placed[positive].mean())
    member = np.unique(np.asarray(groups), return_inverse=True)[1]
    size = int(member.max()) + 1
    over = np.where(positive, placed - area, 0.0)
    under = np.where(positive, 0.0, placed - area)
    sums = [np.bincount(member, weights=part, minlength=size) for part in (over, under)]
    held = [int((np.bincount(member[mask], minlength=size) > 0).sum()) for mask in (positive, ~positive)]
    if min(held) < 2 or not 0.0 < area < 1.0:
        return Interval(area, None, None, level)
    ten, one = (count / (count - 1) * float(part @ part) for count, part in zip(held, sums, strict=True))
    both = size / (size - 1) * float(sums[0] @ sums[1])
    deviation = np.sqrt(max(ten / m**2 + one / n**2 + 2.0 * both / (m * n), 0.0))
    middle = np.log(area / (1.0 - area))
    reach = float(norm.ppf(0.5 + level / 2.0)) * deviation / (area * (1.0 - area))
    low, high = (float(1.0 / (1.0 + np.exp(-(middle + sign * reach)))) for sign in (-1.0, 1.0))
    return Interval(area, low, high, level)
