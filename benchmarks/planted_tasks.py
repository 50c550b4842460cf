"""Held-out lines of a planted world, the tasks drawn from them, and the run that is measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from metabam.data.episodes import apart_from, contexts_of, draw_support
from metabam.data.pairs import read_pairs
from metabam.data.worldfiles import Truth, activities, read_truth
from metabam.records import FloatArray, LabelledContext, PairTable
from metabam.train.run import RunStore


def open_run(path: str) -> Any:
    """Return the finished run in a directory."""
    folder = Path(path).resolve()
    return RunStore(folder.parent).open(folder.name)


def read_world(folder: Path) -> tuple[PairTable, Truth]:
    """Return all labelled pairs of a planted world, and its truth."""
    return read_pairs(folder / "pairs.tsv", role="training")[0], read_truth(folder)


@dataclass(frozen=True)
class Held:
    """One held-out line: encoded pairs, the Bayes probability of each, and its true activities."""

    context: LabelledContext
    bayes: np.ndarray
    oracle: FloatArray


@dataclass(frozen=True)
class Task:
    """A support and queries (row numbers) of one held-out line, and the row numbers of another line's support."""

    line: int
    other: int
    shots: int
    repeat: int
    scheme: str
    support: np.ndarray
    queries: np.ndarray
    other_support: np.ndarray


def split(table: PairTable, truth: Truth, features: FloatArray) -> tuple[list[LabelledContext], list[Held]]:
    """Return the training contexts and the held-out lines."""
    oracle = activities(truth, table.pair_id).astype(np.float32)
    training, held = [], []
    for context, (line, assay) in zip(contexts_of(table, features), table.contexts(), strict=True):
        if truth.roles[line] == "training":
            training.append(context)
        else:
            rows = table.rows_of((line, assay))
            chosen = truth.rows_of(table.pair_id[rows])
            held.append(Held(context, truth.probability[chosen, truth.lines.index(line)], oracle[rows]))
    return training, held


def draw_tasks(held: list[Held], shots: list[int], supports: int, n_queries: int, seed: int) -> Iterator[Task]:
    """Yield the same tasks for every learner; queries share no element with the support, nor with the wrong line's."""
    schemes = [(count, "natural") for count in shots] + ([(16, "balanced")] if 16 in shots else [])
    for line, one in enumerate(held):
        for repeat in range(supports):
            for count, scheme in schemes:
                rng = np.random.default_rng([seed, line, repeat, count, scheme == "balanced"])
                other = (line + 1 + repeat % max(len(held) - 1, 1)) % len(held)
                balanced = scheme == "balanced"
                support = draw_support(one.context.labels, count, rng, balanced=balanced)
                wrong = draw_support(held[other].context.labels, count, rng, balanced=balanced)
                free = apart_from(one.context, support)
                for side in ("enhancer", "promoter"):
                    free &= ~np.isin(getattr(one.context, side), getattr(held[other].context, side)[wrong])
                left = np.flatnonzero(free)
                queries = rng.choice(left, min(n_queries, len(left)), replace=False)
                yield Task(line, other, count, repeat, scheme, support, queries, wrong)
