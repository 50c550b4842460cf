"""Can the planted mechanisms be read off the pair features? The ceiling of every learner on those features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV

from metabam.errors import InputError
from metabam.metrics import auroc
from metabam.records import DecodingRecord, FloatArray, IntArray

Array = NDArray[np.float64]

RIDGES = tuple(float(value) for value in 10.0 ** np.arange(-2.0, 5.1))


def decode_mechanisms(
    features: FloatArray,
    activities: Array,
    names: Sequence[str],
    groups: IntArray,
    *,
    folds: int = 5,
    seed: int = 0,
) -> DecodingRecord:
    """Return how well each mechanism's true activity is read off the features, by one of them and by all linearly.

    A ridge regression of the activity on all features is fitted on pairs whose group (a promoter, say) is elsewhere,
    and judged on the left-out groups: ``linear_r``, its correlation with the activity, and ``linear_auroc``, how well
    it ranks active pairs (activity above its median; above its minimum where most pairs sit at the minimum) above
    the others. ``best_r`` is the largest |r| of a single feature, ``best_feature`` which one it is.

    Parameters
    ----------
    features, activities
        (N, D) and (N, M), one row per DISTINCT pair.
    names
        M names of the mechanisms.
    groups
        (N,) pairs of one group never lie on both sides of a fold.

    Raises
    ------
    InputError
        Lengths do not match, or there are fewer groups than folds.
    """
    n_pairs, n_mechanisms = activities.shape
    if len(features) != n_pairs or groups.shape != (n_pairs,) or len(names) != n_mechanisms:
        raise InputError(
            "decoding-shape",
            f"features {features.shape}, activities {activities.shape}, groups {groups.shape}, {len(names)} names.",
        )
    distinct, member = np.unique(groups, return_inverse=True)
    if len(distinct) < folds:
        raise InputError("decoding-groups", f"{len(distinct)} groups cannot fill {folds} folds.")
    fold = np.random.default_rng(seed).permutation(len(distinct))[member] % folds
    x, y = standard(features.astype(np.float64)), standard(activities)
    predicted = np.empty_like(y)
    for number in range(folds):
        held = fold == number
        predicted[held] = RidgeCV(alphas=RIDGES).fit(x[~held], y[~held]).predict(x[held]).reshape(-1, n_mechanisms)
    single = x.T @ y / n_pairs
    best = np.argmax(np.abs(single), axis=0)
    column = np.arange(n_mechanisms)
    ranked = [auroc(active_pairs(activities[:, k]), predicted[:, k]) for k in column]
    return DecodingRecord(
        names=tuple(names),
        best_r=np.abs(single)[best, column],
        best_sign=np.sign(single[best, column]),
        best_feature=best.astype(np.int64),
        linear_r=np.mean(standard(predicted) * y, axis=0),
        linear_auroc=np.array([np.nan if value is None else value for value in ranked]),
    )


def active_pairs(activity: Array) -> NDArray[np.int8]:
    """Return 1 where a mechanism is active: above the median, or above the minimum where that is the median."""
    median = np.median(activity)
    cut = activity.min() if median <= activity.min() else median
    return np.asarray(activity > cut, dtype=np.int8)


def standard(values: Array) -> Array:
    """Return columns with mean 0 and variance 1; constant columns become 0."""
    centred = values - values.mean(axis=0)
    deviation = centred.std(axis=0)
    constant = deviation <= 1e-9 * (1.0 + np.abs(values).max(axis=0))
    return np.where(constant, 0.0, centred / np.where(constant, 1.0, deviation))
