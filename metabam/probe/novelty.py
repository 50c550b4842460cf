"""How far new pairs lie from the training pairs in feature space, beside how far training pairs lie from each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metabam.errors import InputError
from metabam.records import FloatArray, IntArray, LabelledContext, NoveltyRecord

Array = NDArray[np.float64]
MOST_BANK = 4_000
MOST_REFERENCE = 500
MOST_QUERIES = 1_000
CHUNK = 256


@dataclass(frozen=True, slots=True)
class TrainingPairs:
    """The training pairs that new pairs are measured against.

    ``bank`` (N, D) features in standard deviations of the training pairs; ``middle`` and ``scale`` (D,) put a new pair
    on that scale; ``reference`` (R,) ascending: distance of training pairs to the nearest one that shares neither
    enhancer nor promoter with them; ``total`` all training pairs of the run. New pairs have ``width`` columns, of which
    the first D, z_q, are read.
    """

    bank: Array
    middle: Array
    scale: Array
    reference: Array
    total: int
    width: int


def training_pairs(
    contexts: Sequence[LabelledContext], *, most: int = MOST_BANK, most_reference: int = MOST_REFERENCE
) -> TrainingPairs:
    """Return what new pairs are measured against, from the features of all training contexts.

    Features are centred and divided by their standard deviation over the training pairs (by 1 where it is 0). The
    reference distance of a training pair leaves out every pair that shares an element with it: otherwise the same pair
    of another line, or its neighbour on the same promoter, would make each training pair look familiar, and every new
    locus strange. Both samples are spread evenly over the pairs, so nothing is drawn by chance.

    Raises
    ------
    InputError
        There is no training pair.
    """
    total = sum(len(context) for context in contexts)
    if not total:
        raise InputError("novelty-empty", "the run holds no training pairs.", "Train it again.")
    features = np.concatenate([context.of_pairs().features for context in contexts]).astype(np.float64)
    enhancer = np.concatenate([context.enhancer for context in contexts])
    promoter = np.concatenate([context.promoter for context in contexts])
    middle, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale <= 1e-9 * (1.0 + np.abs(features).max(axis=0)), 1.0, scale)
    kept = _even(total, most)
    bank, enhancer, promoter = (features[kept] - middle) / scale, enhancer[kept], promoter[kept]
    asked = _even(len(bank), most_reference)
    own = distances(bank[asked], bank)
    shared = (enhancer[asked, None] == enhancer) | (promoter[asked, None] == promoter)
    own[shared] = np.inf
    nearest = own.min(axis=1)
    width = contexts[0].features.shape[1]
    return TrainingPairs(bank, middle, scale, np.sort(nearest[np.isfinite(nearest)]), total, width)


def novelty(
    training: TrainingPairs, support: FloatArray, queries: FloatArray | None = None, *, most: int = MOST_QUERIES
) -> NoveltyRecord:
    """Return how far support and queries lie from their nearest training pair, and which share of training is nearer.

    Parameters
    ----------
    support, queries
        (S, D) and (Q, D) features as the encoder gives them.
    most
        At most so many queries are measured, spread evenly over the table.

    Raises
    ------
    InputError
        The number of features is not that of the training pairs.
    """
    empty = np.zeros((0, training.width), dtype=np.float32)
    asked = empty if queries is None else queries
    for given in (support, asked):
        if given.ndim != 2 or given.shape[1] != training.width:
            raise InputError(
                "novelty-shape", f"features {given.shape} do not match training features (pairs, {training.width})."
            )
    rows = _even(len(asked), most)
    own, other = (_nearest(training, values) for values in (support, asked[rows]))
    return NoveltyRecord(
        training.reference,
        own,
        percentile(training.reference, own),
        other,
        percentile(training.reference, other),
        rows,
        training.total,
        len(asked),
    )


def percentile(reference: Array, values: Array) -> Array:
    """Return the percentage of ascending reference distances that are smaller than each value, NaN without any."""
    if not len(reference):
        return np.full(len(values), np.nan)
    return np.asarray(100.0 * np.searchsorted(reference, values, side="left") / len(reference), dtype=np.float64)


def distances(rows: Array, bank: Array) -> Array:
    """Return Euclidean distances (R, N) between rows (R, D) and (N, D), divided by sqrt(D)."""
    squares = (rows**2).sum(axis=1)[:, None] + (bank**2).sum(axis=1) - 2.0 * rows @ bank.T
    return np.asarray(np.sqrt(np.maximum(squares, 0.0) / max(1, bank.shape[1])), dtype=np.float64)


def _nearest(training: TrainingPairs, features: FloatArray) -> Array:
    """Return the distance of each row to its nearest training pair, in blocks."""
    scaled = (features[:, : len(training.middle)].astype(np.float64) - training.middle) / training.scale
    found = [
        distances(scaled[start : start + CHUNK], training.bank).min(axis=1) for start in range(0, len(scaled), CHUNK)
    ]
    return np.concatenate(found) if found else np.zeros(0)


def _even(size: int, most: int) -> IntArray:
    """Return at most ``most`` positions spread evenly over ``size``."""
    if size <= most:
        return np.arange(size, dtype=np.int64)
    return np.unique(np.linspace(0, size - 1, most).round().astype(np.int64))
