"""Does line A's fingerprint impose A's logic on B's sequences? The fingerprint drift of Plan 34 s6."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from metabam.errors import ConfigError, InputError
from metabam.metrics import clustered_auroc
from metabam.probe.subject import Subject
from metabam.records import (
    SWAP_SCORES,
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

if TYPE_CHECKING:
    from metabam.learners.metabam import MetaBamLearner

Array = NDArray[np.float64]
Judge = Literal["column", "row"]
Answer = Callable[[Fingerprint, FloatArray], Array]
"""Logits (N,) of pairs (N, D) under a fingerprint."""

JUDGES: tuple[Judge, Judge] = ("column", "row")
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

    def all(self, prior: Fingerprint) -> list[Fingerprint]:
        """Return own, other, prior and the shuffled ones, in the order that cells are scored in."""
        return [self.own, self.other, prior, *self.shuffled]


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

    One of the two records of :func:`swap_both`, which has the parameters.

    Raises
    ------
    InputError
        ``swap-lines`` for fewer than two lines.
    ConfigError
        ``judged-by``.
    """
    if judged_by not in JUDGES:
        raise ConfigError("judged-by", f"unknown judge {judged_by!r}.", "Choose column or row.")
    both = swap_both(learner, lines, min_shared=min_shared, shuffles=shuffles, seed=seed, progress=progress)
    return both[JUDGES.index(judged_by)]


def swap_both(
    learner: Subject,
    lines: Sequence[SwapLine],
    *,
    cells: Sequence[tuple[int, int]] | None = None,
    answer: Answer | None = None,
    min_shared: int = MIN_SHARED,
    most_shared: int | None = None,
    shuffles: int = SHUFFLES,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> tuple[SwapRecord, SwapRecord]:
    """Return how well each line's fingerprint (column) answers on each line's pairs (row), beside its controls.

    A cell is the AUROC on the pairs that both lines label: in the first record by the labels of the column's line, in
    the second by those of the row's; the diagonal is the unswapped answer. Pairs that share an element with a support
    of the column's line are left out.

    Parameters
    ----------
    lines
        At least two, each with two supports.
    cells
        The (row, column) wanted; all by default. The others are NaN, their counts 0.
    answer
        How a fingerprint answers; the learner's own prediction by default, or :func:`sampled_answer`.
    min_shared
        With fewer shared pairs a cell holds their number and no score.
    most_shared
        More shared pairs than this are thinned evenly.
    shuffles
        Fingerprints from permuted support labels behind the ``shuffled`` control.
    progress
        Told the share of cells that are done; may raise to cancel.

    Raises
    ------
    InputError
        ``swap-lines`` for fewer than two lines.
    """
    if len(lines) < 2:
        raise InputError("swap-lines", "a swap needs two lines.", "Choose more lines.")
    size = len(lines)
    wanted = [(row, column) for row in range(size) for column in range(size)] if cells is None else list(cells)
    says = answer or (lambda fingerprint, features: learner.predict(fingerprint, features).logit)
    prior = learner.adapt(_support(lines[0].context, np.zeros(0, dtype=np.int64)))
    columns = {
        at: _column(learner, lines[at], shuffles, np.random.default_rng([seed, *lines[at].context.name.encode()]))
        for at in sorted({column for _, column in wanted})
    }
    values = np.full((len(JUDGES), 3, len(SWAP_SCORES), size, size), np.nan)
    counts = np.zeros((3, size, size), dtype=np.int64)
    for done, (row, column) in enumerate(wanted):
        pairs, native, foreign, total = judged_pairs(lines[row], lines[column], most_shared)
        counts[:, row, column] = len(pairs), int((native != foreign).sum()), total
        if len(pairs) >= min_shared:
            context = lines[row].context
            logit = np.stack([says(one, context.features[pairs]) for one in columns[column].all(prior)])
            for judge, truth in enumerate((foreign, native)):
                values[judge, ..., row, column] = _cell(logit, truth, native != foreign, context.promoter[pairs])
        if progress is not None:
            progress((done + 1) / len(wanted))
    names = tuple(line.context.name for line in lines)
    first, second = (_record(names, judge, counts, values[at], min_shared) for at, judge in enumerate(JUDGES))
    return first, second


def judged_pairs(
    row: SwapLine, column: SwapLine, most: int | None = None
) -> tuple[IntArray, NDArray[np.int8], NDArray[np.int8], int]:
    """Return rows of the first line on which the second line's fingerprint is judged, both lines' labels, and a total.

    They are the shared pairs that no support of the column's line touches; more than ``most`` are thinned evenly, and
    the total counts them before that.
    """
    pairs, native, foreign = shared_pairs(row.context, column.context)
    free = np.flatnonzero(_apart(row.context, column, pairs))
    if most is not None and len(free) > most:
        kept = free[np.linspace(0, len(free) - 1, most).round().astype(np.int64)]
    else:
        kept = free
    return pairs[kept], native[kept], foreign[kept], len(free)


def sampled_answer(learner: MetaBamLearner, draws: int, *, seed: int = 0) -> Answer:
    """Return an answer that averages P(y = 1) over draws of z_c and delta from the belief, as a logit."""
    from metabam.learners.posterior import posterior_draws

    def says(fingerprint: Fingerprint, features: FloatArray) -> Array:
        drawn = posterior_draws(learner, fingerprint, features, draws, seed=seed, delta="drawn")
        mean = np.clip(drawn.probability.astype(np.float64).mean(axis=0), 1e-12, 1.0 - 1e-12)
        return np.asarray(np.log(mean) - np.log1p(-mean))

    return says


def swap_pair(
    learner: Subject,
    native: Fingerprint,
    foreign: Fingerprint,
    features: FloatArray,
    native_labels: NDArray[np.int8],
    foreign_labels: NDArray[np.int8],
    *,
    answer: Answer | None = None,
) -> SwapPairRecord:
    """Return the answers of one line's pairs (N, D) under its own and under a foreign fingerprint, and what moved."""
    says = answer or (lambda fingerprint, given: learner.predict(fingerprint, given).logit)
    own, other = (says(fingerprint, features) for fingerprint in (native, foreign))
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


def _cell(logit: Array, truth: NDArray[np.int8], differs: NDArray[np.bool_], groups: IntArray) -> Array:
    """Return value, low and high of all scores of a cell, (3, 8): all fingerprints' logits (F, n) on the same pairs."""
    parts = []
    for mask in (np.ones(len(truth), dtype=bool), differs):
        own, other, prior, *shuffled = (_scored(row[mask], truth[mask], groups[mask]) for row in logit)
        drawn = np.array([one[0] for one in shuffled if np.isfinite(one[0])])
        control = (drawn.mean(), drawn.min(), drawn.max()) if len(drawn) else (np.nan,) * 3
        parts += [own, control, prior, other]
    return np.array(parts, dtype=np.float64).T


def _scored(logit: Array, truth: NDArray[np.int8], groups: IntArray) -> tuple[float, float, float]:
    found = clustered_auroc(truth, logit, groups)
    low, middle, high = (np.nan if end is None else end for end in (found.low, found.estimate, found.high))
    return middle, low, high


def _record(names: tuple[str, ...], judged_by: str, counts: IntArray, values: Array, min_shared: int) -> SwapRecord:
    scores = dict(zip(SWAP_SCORES, values[0], strict=True))
    n, n_reversal, n_shared = counts.copy()
    return SwapRecord(
        lines=names,
        judged_by=judged_by,
        n=n,
        n_reversal=n_reversal,
        n_shared=n_shared,
        min_shared=min_shared,
        low=values[1],
        high=values[2],
        **scores,
    )


def _between(start: Fingerprint, end: Fingerprint, share: float, gates: Array) -> Fingerprint:
    def mixed(name: str) -> Array:
        return np.asarray((1 - share) * getattr(start, name) + share * getattr(end, name))

    return Fingerprint(
        mixed("mean"), mixed("std"), gates, mixed("evidence_mean"), mixed("evidence_cov"), start.n_support
    )
