"""What training, support and queries have in common; some of it forbids a score, the rest is said beside it.

Refused: a support pair among the queries, a held-out line among the training contexts. Flagged: everything else that
is shared (chromosome, gene, promoter, enhancer, enhancer window overlapping by half of the shorter one or more, pair,
identical sequence).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from metabam.bench.splits import Task
from metabam.bench.worlds import BenchContext, Fold, codes_of_texts
from metabam.errors import InputError
from metabam.records import BoolArray, IntArray, LeakageRecord

RELATIONS: Final = ("line", "chromosome", "gene", "promoter", "enhancer", "window", "pair", "sequence")
OVERLAP: Final = 0.5

_SHIFT = np.int64(1) << np.int64(36)
"""Chromosomes are laid end to end this far apart: no element is longer."""


def audit(world: str, fold: Fold, tasks: Sequence[Task]) -> list[LeakageRecord]:
    """Return what is shared, per held-out context: training with supports and queries, supports with queries.

    Training is compared with every pair that any support or query of the context may hold; a support with the queries
    of its own task, the worst task of each relation being the one reported (the sum over tasks, for refusals).
    """
    trained = [_Keys.of(context, np.arange(len(context))) for context in fold.training]
    known = None if not trained else _Keys.joined(trained)
    found: list[LeakageRecord] = []
    for which, context in enumerate(fold.held):
        mine = [task for task in tasks if task.context == which and not task.seen]
        used = {
            "training-support": _union([task.support for task in mine]),
            "training-query": _union([task.queries for task in mine]),
        }
        for between, rows in used.items():
            counts = {} if known is None else known.shared_with(_Keys.of(context, rows))
            counts["line"] = len(rows) if context.pairs.cell_line in _lines(fold) else 0
            found += _records(world, fold.name, context.name, between, len(rows), counts)
        found += _support_query(world, fold.name, context, mine)
    return found


def refuse(records: Sequence[LeakageRecord]) -> None:
    """Raise :class:`InputError` where a score must not be shown.

    Raises
    ------
    InputError
        ``leak-line`` (a held-out line in training) or ``leak-pair`` (a support pair among its queries).
    """
    for record in records:
        if record.verdict != "refused":
            continue
        if record.relation == "line":
            raise InputError(
                "leak-line",
                f"{record.world}: the held-out line of {record.line} is among the training contexts of fold "
                f"{record.fold}; no score is computed.",
                "Train with this line held out (--holdout), then run the benchmark again.",
            )
        raise InputError(
            "leak-pair",
            f"{record.world}: {record.shared} query pairs of {record.line} are in their own support; no score is "
            "computed.",
            "Draw supports and queries apart.",
        )


def verdict_of(between: str, relation: str, shared: int) -> Literal["refused", "flagged", "clear"]:
    """Return what follows from ``shared`` pairs of one relation."""
    if not shared or (between, relation) == ("support-query", "line"):
        return "clear"
    forbidden = (between, relation) == ("support-query", "pair") or relation == "line"
    return "refused" if forbidden else "flagged"


class _Keys:
    """One number per pair and relation; windows as (chromosome start, start, end)."""

    def __init__(self, keys: dict[str, tuple[IntArray, ...]], start: IntArray, end: IntArray) -> None:
        self.keys, self.start, self.end = keys, start, end

    @classmethod
    def of(cls, context: BenchContext, rows: IntArray) -> _Keys:
        """Return the keys of chosen rows."""
        table = context.table
        chrom, far = codes_of_texts(table.enhancer_chrom.tolist()), codes_of_texts(table.promoter_chrom.tolist())
        located = np.array([bool(name) for name in table.enhancer_chrom.tolist()], dtype=bool)
        offset = np.where(located, (chrom % (1 << 26)) * _SHIFT, -1)
        keys: dict[str, tuple[IntArray, ...]] = {
            "chromosome": (chrom[rows], far[rows]),
            "gene": (context.gene[rows],),
            "promoter": (context.pairs.promoter[rows],),
            "enhancer": (context.pairs.enhancer[rows],),
            "pair": (context.pair[rows],),
            "sequence": (context.sequence[rows],),
        }
        start = np.where(offset >= 0, offset + table.enhancer_start, -1)
        end = np.where(offset >= 0, offset + table.enhancer_end, -1)
        return cls(keys, start[rows], end[rows])

    @classmethod
    def joined(cls, parts: Sequence[_Keys]) -> _Keys:
        """Return the distinct keys of several sets."""
        keys: dict[str, tuple[IntArray, ...]] = {
            name: (np.unique(np.concatenate([k for p in parts for k in p.keys[name]])),) for name in parts[0].keys
        }
        windows = np.unique(np.concatenate([np.stack([p.start, p.end], axis=1) for p in parts]), axis=0)
        return cls(keys, windows[:, 0], windows[:, 1])

    def shared_with(self, asked: _Keys) -> dict[str, int]:
        """Return how many of the asked pairs share each relation with these."""
        counts = {}
        for name, columns in asked.keys.items():
            mine = np.concatenate(self.keys[name])
            hit: BoolArray = np.zeros(len(columns[0]), dtype=bool)
            for column in columns:
                hit |= np.isin(column, mine)
            counts[name] = int(hit.sum())
        counts["window"] = int(overlapping(self.start, self.end, asked.start, asked.end).sum())
        return counts


def overlapping(start: IntArray, end: IntArray, asked_start: IntArray, asked_end: IntArray) -> BoolArray:
    """Return which asked windows (Q,) overlap one of the windows (N,) by half of the shorter of the two, or more.

    0-based half-open; empty or unknown windows (negative start) overlap nothing.
    """
    hit = np.zeros(len(asked_start), dtype=bool)
    usable = (start >= 0) & (end > start)
    if not usable.any():
        return hit
    order = np.argsort(start[usable], kind="stable")
    first, last = start[usable][order], end[usable][order]
    longest = int((last - first).max())
    low = np.searchsorted(first, asked_start - longest, side="left")
    high = np.searchsorted(first, asked_end, side="left")
    for step in range(int(np.max(high - low, initial=0))):
        place = low + step
        live = (place < high) & (asked_start >= 0) & (asked_end > asked_start) & ~hit
        if not live.any():
            continue
        a, b = first[place[live]], last[place[live]]
        common = np.minimum(b, asked_end[live]) - np.maximum(a, asked_start[live])
        shorter = np.minimum(b - a, asked_end[live] - asked_start[live])
        hit[live] = common >= OVERLAP * shorter
    return hit


def _support_query(world: str, fold: str, context: BenchContext, tasks: Sequence[Task]) -> list[LeakageRecord]:
    """Return the overlap of supports with their own queries: the largest over tasks, pairs summed."""
    whole = _Keys.of(context, np.arange(len(context)))
    most = dict.fromkeys(RELATIONS, 0)
    pairs = 0
    for task in tasks:
        support, queries = _rows(whole, task.support), _rows(whole, task.queries)
        for name, count in support.shared_with(queries).items():
            most[name] = most[name] + count if name == "pair" else max(most[name], count)
        most["line"] = len(task.queries)
        pairs = max(pairs, len(task.queries))
    return _records(world, fold, context.name, "support-query", pairs, most)


def _rows(keys: _Keys, rows: IntArray) -> _Keys:
    chosen = {name: tuple(column[rows] for column in columns) for name, columns in keys.keys.items()}
    return _Keys(chosen, keys.start[rows], keys.end[rows])


def _records(world: str, fold: str, line: str, between: str, pairs: int, counts: dict[str, int]) -> list[LeakageRecord]:
    return [
        LeakageRecord(
            world, fold, line, between, name, pairs, counts.get(name, 0), verdict_of(between, name, counts.get(name, 0))
        )
        for name in RELATIONS
    ]


def _lines(fold: Fold) -> set[str]:
    return {context.pairs.cell_line for context in fold.training}


def _union(parts: Sequence[NDArray[np.int64]]) -> IntArray:
    return np.unique(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int64)
