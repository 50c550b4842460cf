"""Worlds W2a and W2b: real contexts, line and chromosome held out together, by ``metabam.data.real.real_world``.

Of a real fold only this is asked for: ``name``; ``table`` with ``training_rows``, ``support_rows``, ``query_rows``
into it; and the labelled contexts ``training``, ``support``, ``query`` of those rows (supports and queries of one
context in the same place).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from metabam.bench.worlds import FACTS, BenchContext, Fold, both_classes, genes_of, pair_codes
from metabam.data.elements import element_identities
from metabam.data.views import facts_of
from metabam.files import read_bytes, sha256
from metabam.records import FloatArray, IntArray, LabelledContext, PairTable

_FILE_CAP = 1 << 30


class RealFold(Protocol):
    """What is asked of one real fold."""

    @property
    def name(self) -> str:
        """Return the name of the fold, unique in its world."""
        ...

    @property
    def table(self) -> PairTable:
        """Return all pairs of the world."""
        ...

    @property
    def training(self) -> Sequence[LabelledContext]:
        """Return the contexts to train on."""
        ...

    @property
    def support(self) -> Sequence[LabelledContext]:
        """Return the held-out contexts' pairs that supports come from."""
        ...

    @property
    def query(self) -> Sequence[LabelledContext]:
        """Return the held-out contexts' pairs that are asked."""
        ...

    @property
    def training_rows(self) -> Sequence[IntArray]:
        """Return the rows of the table behind ``training``."""
        ...

    @property
    def support_rows(self) -> Sequence[IntArray]:
        """Return the rows of the table behind ``support``."""
        ...

    @property
    def query_rows(self) -> Sequence[IntArray]:
        """Return the rows of the table behind ``query``."""
        ...


@dataclass(frozen=True)
class RealWorld:
    """A real world as the benchmark runs it.

    ``source`` yields the folds anew at each call (``lambda: real_world("W2a", root)``); ``inputs`` digest the files
    they are made of.
    """

    name: str
    source: Callable[[], Iterator[RealFold]]
    inputs: Mapping[str, Any]
    kind: str = "W2"

    def folds(self) -> Iterator[Fold]:
        """Yield the folds that have something to train on and to judge."""
        for fold in self.source():
            made = fold_of(fold)
            if made.training and made.held:
                yield made


def fold_of(real: RealFold) -> Fold:
    """Return a real fold as the benchmark sees it."""
    facts = facts_of(real.table).view()
    training = [
        _context(context, real.table.take(rows), facts[rows], pool=np.ones(len(rows), dtype=bool))
        for context, rows in zip(real.training, real.training_rows, strict=True)
    ]
    held = []
    for support, query, first, second in zip(real.support, real.query, real.support_rows, real.query_rows, strict=True):
        rows = np.concatenate([first, second])
        pool = np.arange(len(rows)) < len(first)
        joined = replace(
            support,
            features=np.concatenate([support.features, query.features]),
            labels=np.concatenate([support.labels, query.labels]),
            enhancer=np.concatenate([support.enhancer, query.enhancer]),
            promoter=np.concatenate([support.promoter, query.promoter]),
        )
        held.append(_context(joined, real.table.take(rows), facts[rows], pool=pool))
    kept = both_classes(training)
    return Fold(real.name, kept, both_classes(held), kept, mirrors=_mirrors(real, kept))


def _context(pairs: LabelledContext, table: PairTable, facts: FloatArray, *, pool: Any) -> BenchContext:
    whole = bool(pool.all())
    return BenchContext(
        pairs=pairs,
        table=table,
        gene=genes_of(table),
        sequence=pair_codes(pairs.enhancer, pairs.promoter),
        support_pool=pool,
        query_pool=pool if whole else ~pool,
        views={FACTS: facts},
    )


def _mirrors(real: RealFold, references: Sequence[BenchContext]) -> tuple[BenchContext, ...]:
    """Return the references' labels on the chromosomes that are asked: told to nobody, they show what reverses."""
    asked = np.concatenate([*real.query_rows, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    chroms = np.unique(real.table.enhancer_chrom[asked].astype(str))
    there = np.isin(real.table.enhancer_chrom.astype(str), chroms) & (real.table.label >= 0)
    out = []
    for reference in references:
        one = reference.pairs
        rows = np.flatnonzero(there & (real.table.cell_line == one.cell_line) & (real.table.assay == one.assay))
        table = real.table.take(rows)
        facts = np.zeros((len(rows), 0), dtype=np.float32)
        out.append(_context(labels_alone(table, one), table, facts, pool=np.ones(len(rows), dtype=bool)))
    return tuple(out)


def labels_alone(table: PairTable, like: LabelledContext) -> LabelledContext:
    """Return the pairs of a table as a context without features."""
    enhancer, promoter = element_identities(table)
    features = np.zeros((len(table), 0), dtype=np.float32)
    return LabelledContext(like.cell_line, like.assay, features, table.label.astype(np.int8), enhancer, promoter)


def folder_digest(root: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of the named files of a data folder, those that are there."""
    return {
        name: sha256(read_bytes(root / name, _FILE_CAP, follow_links=True)) for name in names if (root / name).is_file()
    }
