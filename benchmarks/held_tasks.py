"""Lines to learn from and tasks that judge: real folds and families drawn from planted laws, for one benchmark's table.

Real folds are judged by the area under the precision-recall curve; families of five lines drawn anew from the law of a
world (so is every line that judges), on the pool of pairs and the encoder of a run with nothing recalled, by AUROC in
expectation over the Bayes probabilities.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from planted_families import LINES, parser_of
from scaling import SHOTS, Pool

from metabam.bench.judging import soft_auroc
from metabam.data.real import real_world
from metabam.files import write_bytes
from metabam.metrics import auprc
from metabam.records import FloatArray, LabelledContext, SupportSet
from metabam.train.run import RunStore

QUERIES = 1_500


@dataclass(frozen=True)
class Task:
    """A support, the features (Q, D) of its queries, and what their logits (Q,) are worth."""

    shots: int
    support: SupportSet
    queries: FloatArray
    worth: Callable[[np.ndarray], float | None]


Judged = Callable[[Sequence[LabelledContext], Iterator[Task]], np.ndarray]
"""Training contexts and tasks in, mean worth (candidates, shots) out."""


def options_of(about: str | None, families: int) -> argparse.ArgumentParser:
    """Return a parser with what all of these benchmarks share."""
    parser = parser_of(about, families, required=False)
    parser.add_argument("--supports", type=int, default=2, help="of each size and judging context")
    parser.add_argument("--real", action="append", default=[], choices=("W2a", "W2b"), help="through METABAM_DATA")
    parser.add_argument("--folds", type=int, nargs="+", default=[0], help="chromosome folds of --real")
    return parser


def tables_over(
    args: argparse.Namespace, judged: Judged, table_of: Callable[[str, np.ndarray, list[str]], str]
) -> None:
    """Judge every real fold and every family; print the tables of (units, candidates, shots), and write them."""
    tables = []
    for part in args.real:
        rows, names = [], []
        for fold in real_world(part, Path(os.environ["METABAM_DATA"]), folds=tuple(args.folds)):
            rows.append(judged(fold.training, _real_tasks(fold.support, fold.query, args.supports)))
            names.append(fold.line)
            print(fold.name, rows[-1].round(4).tolist(), flush=True)
        tables.append(table_of(f"{part}, {len(names)} folds, AUPRC", np.array(rows), names))
    if args.world:
        rows, names = [], []
        for world, run in zip(args.world, args.run, strict=True):
            pool = Pool(world, RunStore(run.parent).open(run.name))
            for number in range(args.families):
                training, lines = _family(pool, number, args.judges, args.pairs)
                rows.append(judged(training, _planted_tasks(pool, lines, args.supports, number)))
                names.append(f"{world.name} {number}")
                print(names[-1], rows[-1].round(4).tolist(), flush=True)
        tables.append(table_of(f"{len(names)} families, AUROC", np.array(rows), names))
    text = "\n".join(tables)
    print(text)
    if args.out:
        write_bytes(args.out, text.encode())


def means_of(values: dict[tuple[int, int], list[float | None]], candidates: int) -> np.ndarray:
    """Return the mean (candidates, shots) of values by (candidate, shots)."""
    means = [[np.mean(np.array(values[at, shots], dtype=float)) for shots in SHOTS] for at in range(candidates)]
    return np.array(means)


def _real_tasks(supports: Sequence[LabelledContext], queries: Sequence[LabelledContext], count: int) -> Iterator[Task]:
    """Yield random supports, both classes in each, of held-out contexts; their queries share no element with them."""
    for support, query in zip(supports, queries, strict=True):
        for shots in SHOTS:
            for turn in range(count):
                rng = np.random.default_rng([shots, turn])
                rows = np.zeros(0, np.int64)
                while not 0 < support.labels[rows].sum() < shots:
                    rows = rng.permutation(len(support))[:shots]
                drawn = SupportSet(support.features[rows], support.labels[rows])
                yield Task(shots, drawn, query.features, partial(auprc, query.labels))


def _family(pool: Pool, number: int, judges: int, pairs: int) -> tuple[list[LabelledContext], list[np.ndarray]]:
    """Return five labelled lines and the Bayes probabilities (N,) of the lines that judge them."""
    rng = np.random.default_rng([number, int(pool.truth.settings["seed"]), 37])  # another family in every world
    gates = pool.drawn_gates(LINES + judges, rng)
    training = [pool.line(f"drawn{at}", own, pairs, rng) for at, own in enumerate(gates[:LINES])]
    return training, [pool.probability(own) for own in gates[LINES:]]


def _planted_tasks(pool: Pool, lines: list[np.ndarray], supports: int, number: int) -> Iterator[Task]:
    for line, p in enumerate(lines):
        for shots in SHOTS:
            for turn in range(supports):
                rng = np.random.default_rng([number, line, shots, turn])
                labels = np.zeros(0, np.int8)
                while not 0 < labels.sum() < shots:
                    rows = rng.permutation(len(p))[:shots]
                    labels = (rng.random(shots) < p[rows]).astype(np.int8)
                apart = ~np.isin(pool.enhancer, pool.enhancer[rows]) & ~np.isin(pool.promoter, pool.promoter[rows])
                asked = rng.permutation(np.flatnonzero(apart))[:QUERIES]
                drawn = SupportSet(pool.features[rows], labels)
                yield Task(shots, drawn, pool.features[asked], partial(soft_auroc, p[asked]))
