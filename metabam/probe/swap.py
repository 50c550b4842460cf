"""Does line A's fingerprint impose A's logic on B's sequences? The fingerprint drift of Plan 34 s6."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from metabam.errors import ConfigError, InputError
from metabam.metrics import task_aurocs
from metabam.probe.subject import Subject
from metabam.records import (
    Fingerprint,
    FloatArray,
    IntArray,
    LabelledContext,
    PathRecord,
    SupportSet,
    SwapLine,
    SwapPairRecord,
    SwapRecord,
)

Array = NDArray[np.float64]
Judge = Literal["column", "row"]

MIN_SHARED = 50
SHUFFLES = 5
MOVED = 15
MOST_PINNED = 5


@dataclass(frozen=True, slots=True)
class _Column:
    """The fingerprints of one line: its own, from another support, and from permuted labels."""

    own: Fingerprint
    other: Fingerprint
    shuffled: list[Fingerprint]


def swap_fingerprints(
    learner: Subject,
    lines: Sequence[SwapLine],
    *,
    judged_by: Judge = "column",
    min_shared: int = MIN_SHARED,
    shuffles: int = SHUFFLES,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> SwapRecord:
    """Return how well each line's fingerprint (column) answers on each line's pairs (row), beside its controls.

    A cell is the AUROC on the pairs that both lines label, by the labels of the column's line (or of the row's); the
    diagonal is the unswapped answer. Pairs that share an element with a support of the column's line are left out.

    Parameters
    ----------
    lines
        At least two, each with two supports.
    min_shared
        With fewer shared pairs a cell holds their number and no score.
    shuffles
        Fingerprints from permuted support labels behind the ``shuffled`` control.

    Raises
    ------
    InputError
        ``swap-lines`` for fewer than two lines.
    ConfigError
        ``judged-by``.
    """
    if len(lines) < 2:
        raise InputError("swap-lines", "a swap needs two lines.", "Choose more lines.")
    if judged_by not in ("column", "row"):
        raise ConfigError("judged-by", f"unknown judge {judged_by!r}.", "Choose column or row.")
    rng = np.random.default_rng(seed)
    columns = [_column(learner, line, shuffles, rng) for line in lines]
    prior = learner.adapt(_support(lines[0].context, np.zeros(0, dtype=np.int64)))
    size = len(lines)
    names = ("auroc", "shuffled", "prior", "other", "reversal")
    scores = {name: np.full((size, size), np.nan) for name in names}
    n, n_reversal = np.zeros((size, size), dtype=np.int64), np.zeros((size, size), dtype=np.int64)
    for row, line in enumerate(lines):
        for column, other in enumerate(lines):
            pairs, native, foreign = shared_pairs(line.context, other.context)
            free = _apart(line.context, other, pairs)
            pairs, native, foreign = pairs[free], native[free], foreign[free]
            differs = native != foreign
            n[row, column], n_reversal[row, column] = len(pairs), int(differs.sum())
            if len(pairs) >= min_shared:
                truth = foreign if judged_by == "column" else native
                cell = _cell(learner, columns[column], prior, line.context.features[pairs], truth, differs)
                for name, value in cell.items():
                    scores[name][row, column] = value
            if progress is not None:
                progress((row * size + column + 1) / size**2)
    return SwapRecord(
        lines=tuple(line.context.name for line in lines),
        judged_by=judged_by,
        n=n,
        n_reversal=n_reversal,
        min_shared=min_shared,
        **scores,
    )


def swap_pair(
    learner: Subject,
    native: Fingerprint,
    foreign: Fingerprint,
    features: FloatArray,
    native_labels: NDArray[np.int8],
    foreign_labels: NDArray[np.int8],
) -> SwapPairRecord:
    """Return the answers of one line's pairs (N, D) under its own and under a foreign fingerprint, and what moved."""
    own, other = (learner.predict(fingerprint, features).logit for fingerprint in (native, foreign))
    quadrants = np.zeros((2, 2), dtype=np.int64)
    np.add.at(quadrants, ((own > 0).astype(int), (other > 0).astype(int)), 1)
    change = foreign.spectrum - native.spectrum
    moved = np.argsort(-np.abs(change), kind="stable")[:MOVED].astype(np.int64)
    return SwapPairRecord(
        own, other, native_labels.astype(np.int8), foreign_labels.astype(np.int8), quadrants, moved, change[moved]
    )


def fingerprint_path(
    learner: Subject, start: Fingerprint, end: Fingerprint, features: FloatArray, points: int = 11
) -> PathRecord:
    """Return the answers and the unfolding for at most 5 pairs on the straight way from one fingerprint to another.

    z_c, its width and delta go linearly, the gates are alpha(z_c) on the way; both ends are the fingerprints exactly.

    Raises
    ------
    InputError
        ``path-pairs`` for no pair or more than 5, ``path-points`` for fewer than 2 points.
    """
    if not 1 <= len(features) <= MOST_PINNED:
        raise InputError("path-pairs", f"{len(features)} pairs were pinned.", f"Pin 1 to {MOST_PINNED}.")
    if points < 2:
        raise InputError("path-points", "a path has at least its two ends.", "Ask for 11 points.")
    share = np.linspace(0.0, 1.0, points)
    contexts = np.stack([(1 - s) * start.mean + s * end.mean for s in share])
    gates = learner.spectrum_of(contexts)
    gates[0], gates[-1] = start.spectrum, end.spectrum
    logits, states = [], []
    for at, s in enumerate(share):
        here = start if at == 0 else end if at == points - 1 else _between(start, end, float(s), gates[at])
        found = learner.predict(here, features, trace=True)
        logits.append(found.logit)
        states.append(np.zeros((1, *found.logit.shape, 0), np.float32) if found.states is None else found.states)
    logit = np.stack(logits)
    turned = np.sign(logit) != np.sign(logit[0])
    flips = np.where(turned.any(axis=0), turned.argmax(axis=0), -1).astype(np.int64)
    return PathRecord(share, contexts, gates, logit, np.stack(states), flips)


def shared_pairs(row: LabelledContext, column: LabelledContext) -> tuple[IntArray, NDArray[np.int8], NDArray[np.int8]]:
    """Return rows of the first context whose pair both label, and the labels of both; repeats count once."""
    kind = np.dtype([("enhancer", np.int64), ("promoter", np.int64)])
    keys = []
    for context in (row, column):
        key = np.empty(len(context), dtype=kind)
        key["enhancer"], key["promoter"] = context.enhancer, context.promoter
        keys.append(key)
    _, first, second = np.intersect1d(keys[0], keys[1], return_indices=True)
    order = np.argsort(first)
    first, second = first[order].astype(np.int64), second[order]
    return first, row.labels[first], column.labels[second]


# ------------------------------------------------------------------ inside


def _support(context: LabelledContext, rows: IntArray) -> SupportSet:
    return SupportSet(context.features[rows], context.labels[rows])


def _column(learner: Subject, line: SwapLine, shuffles: int, rng: np.random.Generator) -> _Column:
    own, other = _support(line.context, line.support), _support(line.context, line.other)
    permuted = [replace(own, labels=rng.permutation(own.labels)) for _ in range(shuffles)]
    return _Column(learner.adapt(own), learner.adapt(other), [learner.adapt(support) for support in permuted])


def _apart(row: LabelledContext, column: SwapLine, pairs: IntArray) -> NDArray[np.bool_]:
    used = np.concatenate([column.support, column.other])
    apart = ~np.isin(row.enhancer[pairs], column.context.enhancer[used])
    return np.asarray(apart & ~np.isin(row.promoter[pairs], column.context.promoter[used]))


def _cell(
    learner: Subject,
    column: _Column,
    prior: Fingerprint,
    features: FloatArray,
    truth: NDArray[np.int8],
    differs: NDArray[np.bool_],
) -> dict[str, float]:
    """Return the scores of one cell: all fingerprints on the same pairs."""
    asked = [column.own, column.other, prior, *column.shuffled]
    logit = np.stack([learner.predict(fingerprint, features).logit for fingerprint in asked])
    found = task_aurocs(logit, np.broadcast_to(truth.astype(np.float64), logit.shape))
    reversal = np.nan
    if differs.any():
        reversal = float(task_aurocs(logit[:1, differs], truth[None, differs].astype(np.float64))[0])
    shuffled = found[3:]
    return {
        "auroc": float(found[0]),
        "other": float(found[1]),
        "prior": float(found[2]),
        "shuffled": float(shuffled.mean()) if len(shuffled) else np.nan,
        "reversal": reversal,
    }


def _between(start: Fingerprint, end: Fingerprint, share: float, gates: Array) -> Fingerprint:
    def mixed(name: str) -> Array:
        return np.asarray((1 - share) * getattr(start, name) + share * getattr(end, name))

    return Fingerprint(
        mixed("mean"), mixed("std"), gates, mixed("evidence_mean"), mixed("evidence_cov"), start.n_support
    )
