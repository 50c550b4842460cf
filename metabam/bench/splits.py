"""The same tasks for every learner, and the manifest that says which pairs they are.

A support and its queries share no enhancer and no promoter; nor do the queries and the wrong line's support, so that
every control is judged on the very same pairs. Draws depend on names, not on places in a list: leaving a line out
changes no other line's tasks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabam.bench.worlds import BenchContext, Fold, codes_of_texts
from metabam.config import BenchConfig
from metabam.data.episodes import apart_from, draw_support
from metabam.errors import InputError
from metabam.records import IntArray

NATURAL, BALANCED = "natural", "balanced"
BALANCED_SHOTS = 16
SEEN_SUPPORTS = 3
"""Supports of each TRAINING line, at 16 shots, that the generalisation gap is measured on."""


@dataclass(frozen=True, slots=True)
class Task:
    """A support and queries (row numbers) of one context, and the rows of another context's support of the same size.

    ``context`` counts in ``fold.held`` (in ``fold.training`` where ``seen``), ``other`` in ``fold.references``.
    """

    context: int
    other: int
    shots: int
    repeat: int
    scheme: str
    support: IntArray
    queries: IntArray
    other_support: IntArray
    seen: bool = False


def draw_tasks(fold: Fold, which: int, config: BenchConfig) -> list[Task]:
    """Return the tasks of one held-out context; those that cannot be drawn (too few pairs) are left out.

    Every support size at natural prevalence, 8 + 8 beside where 16 is among them. At S = 0 the supports differ in
    their queries alone.
    """
    schemes = [(count, NATURAL) for count in config.shots]
    schemes += [(BALANCED_SHOTS, BALANCED)] if BALANCED_SHOTS in config.shots else []
    found = []
    for repeat in range(config.supports):
        for shots, scheme in schemes:
            task = _draw(fold, fold.held[which], which, shots, repeat, scheme, config)
            found += [] if task is None else [task]
    return found


def draw_seen_tasks(fold: Fold, config: BenchConfig) -> list[Task]:
    """Return a few tasks of every TRAINING context at 16 shots: how good a learner is where it was fitted."""
    if BALANCED_SHOTS not in config.shots:
        return []
    found = []
    for which, context in enumerate(fold.training):
        for repeat in range(min(SEEN_SUPPORTS, config.supports)):
            task = _draw(fold, context, which, BALANCED_SHOTS, repeat, NATURAL, config, seen=True)
            found += [] if task is None else [task]
    return found


def _draw(
    fold: Fold,
    context: BenchContext,
    which: int,
    shots: int,
    repeat: int,
    scheme: str,
    config: BenchConfig,
    *,
    seen: bool = False,
) -> Task | None:
    key = codes_of_texts([f"{fold.name}\n{context.name}"])[0]
    rng = np.random.default_rng([config.seed, int(key), repeat, shots, scheme == BALANCED, seen])
    other = _other(fold, context, repeat)
    try:
        support = _support(context, shots, scheme, rng)
        wrong = _support(fold.references[other], shots, scheme, rng)
    except InputError:
        return None
    free = context.query_pool & apart_from(context.pairs, support)
    lent = fold.references[other].pairs
    free &= ~np.isin(context.pairs.enhancer, lent.enhancer[wrong])
    free &= ~np.isin(context.pairs.promoter, lent.promoter[wrong])
    left = np.flatnonzero(free)
    if not len(left):
        return None
    queries = np.sort(rng.choice(left, min(config.queries, len(left)), replace=False))
    return Task(which, other, shots, repeat, scheme, support, queries, wrong, seen)


def _support(context: BenchContext, shots: int, scheme: str, rng: np.random.Generator) -> IntArray:
    pool = np.flatnonzero(context.support_pool)
    chosen = draw_support(context.pairs.labels[pool], shots, rng, balanced=scheme == BALANCED)
    return np.asarray(pool[chosen], dtype=np.int64)


def _other(fold: Fold, context: BenchContext, repeat: int) -> int:
    """Return which reference lends the wrong-line support: another cell line where there is one, in turn."""
    names = [reference.name for reference in fold.references]
    strangers = [n for n, ref in enumerate(fold.references) if ref.pairs.cell_line != context.pairs.cell_line]
    if not strangers:
        strangers = [n for n, name in enumerate(names) if name != context.name] or [0]
    own = names.index(context.name) if context.name in names else 0
    after = [n for n in strangers if n > own] + [n for n in strangers if n <= own]
    return after[repeat % len(after)]


# ------------------------------------------------------------------ the manifest


def digest(*arrays: NDArray[Any]) -> str:
    """Return 64 hex digits of the content of some arrays."""
    hasher = hashlib.sha256()
    for array in arrays:
        hasher.update(f"{array.dtype.str}{array.shape}".encode())
        hasher.update(np.ascontiguousarray(array).data)
    return hasher.hexdigest()


def manifest(fold: Fold, tasks: Sequence[Task]) -> dict[str, Any]:
    """Return which pairs train, support and query, as counts and digests: equal manifests mean equal splits."""
    held = [context.pair for context in fold.held]
    return {
        "fold": fold.name,
        "training": [_described(context) for context in fold.training],
        "held_out": [_described(context) for context in fold.held],
        "tasks": [
            {
                "line": fold.held[task.context].name,
                "wrong_line": fold.references[task.other].name,
                "S": task.shots,
                "support_seed": task.repeat,
                "scheme": task.scheme,
                "positives": int(fold.held[task.context].pairs.labels[task.support].sum()),
                "n": len(task.queries),
                "support": digest(held[task.context][task.support])[:16],
                "queries": digest(held[task.context][task.queries])[:16],
            }
            for task in tasks
        ],
    }


def _described(context: BenchContext) -> dict[str, Any]:
    return {
        "name": context.name,
        "pairs": len(context),
        "positives": int(context.pairs.labels.sum()),
        "pair_digest": digest(context.pair, context.pairs.labels),
        "feature_digest": digest(context.pairs.features),
    }


def other_labels(context: BenchContext, rows: IntArray, other: BenchContext) -> NDArray[np.int8]:
    """Return the other context's label of each chosen pair, (Q,); -1 where it does not hold the pair."""
    codes, index = np.unique(other.pair, return_index=True)
    asked = context.pair[rows]
    place = np.clip(np.searchsorted(codes, asked), 0, max(len(codes) - 1, 0))
    found = np.full(len(rows), -1, dtype=np.int8)
    if len(codes):
        known = codes[place] == asked
        found[known] = other.pairs.labels[index[place[known]]]
    return found


def all_tasks(fold: Fold, config: BenchConfig) -> Iterator[Task]:
    """Yield the tasks of every held-out context, line by line."""
    for which in range(len(fold.held)):
        yield from draw_tasks(fold, which, config)
