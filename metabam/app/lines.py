"""The cell lines that a page can compare: training lines, bundled lines never seen, and the reader's own."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import streamlit as st

from metabam.app import adaptation, cache, session
from metabam.app.layout import Scene
from metabam.app.live import DONE, QUERY_STATE, SUPPORT_STATE
from metabam.app.scores import pairs_of_tables
from metabam.app.widgets import digest
from metabam.errors import MetaBamError
from metabam.records import Fingerprint, IntArray, LabelledContext, PairTable

if TYPE_CHECKING:
    from metabam.app.adaptation import Adaptation, Loaded
    from metabam.app.model import Model
    from metabam.data.genome import Genome
    from metabam.train.run import Run

OWN: Final = "uploaded"
ENCODED: Final = "own_line"
PLACES: Final = "pair_places"


@dataclass(frozen=True, slots=True)
class Line:
    """One cell line: its labelled pairs, where it comes from, and its own first ``shots`` rows if those are a support.

    ``origin`` is ``training``, ``example`` (bundled, never seen) or ``own`` (of this session, shared with nobody).
    ``table`` holds the same pairs with their coordinates where they are known.
    """

    context: LabelledContext = field(repr=False)
    origin: str
    table: PairTable | None = field(default=None, repr=False)
    shots: int = 0

    @property
    def name(self) -> str:
        """Return the name of the line, as controls and addresses have it."""
        return self.context.name


def lines_of(scene: Scene) -> list[Line]:
    """Return every line that can be compared on this run, training lines first."""
    model = cache.model(scene.run)
    found = [Line(context, "training") for context in model.contexts]
    if cache.is_bundled(scene.summary.run_id):
        found += example_lines(scene.run, model)
    own = own_line(scene, model)
    return found if own is None else [*found, own]


def example_lines(run: Run, model: Model) -> list[Line]:
    """Return the bundled lines that took no part in training: support first, then labelled queries."""
    from metabam.files import sha256

    tables = {name: cache.example(name) for name in cache.examples()}
    key = digest(cache.weights_digest(run), *(part for name in tables for part in (name, sha256(tables[name]))))
    return _examples(key, tables, model)


@st.cache_resource(max_entries=2, show_spinner=False)
def _examples(key: str, _tables: dict[str, bytes], _model: Model) -> list[Line]:  # noqa: ARG001 - the cache reads it
    """Encode the bundled tables."""
    from metabam.data.upload import read_queries, read_support

    found = []
    for _, support, queries in pairs_of_tables(sorted(_tables)):
        given, asked = read_support(_tables[support], support), read_queries(_tables[queries], queries)
        if not given.refused and not asked.refused:
            line = _encoded(_model, None, given.table, asked.table.take(asked.usable), "example")
            found += [] if line is None else [line]
    return found


def own_line(scene: Scene, model: Model) -> Line | None:
    """Return the line that this session adapted to on Adapt live, if its queries carry labels; encoded once."""
    done, support, queries = (session.get(name) for name in (DONE, SUPPORT_STATE, QUERY_STATE))
    if not adapted(scene) or not isinstance(support, adaptation.Loaded) or not isinstance(queries, adaptation.Loaded):
        return None
    key = (done.weights, support.sha256, queries.sha256)
    if (done.support_sha256, done.query_sha256) != key[1:] or support.result.refused or queries.result.refused:
        return None
    kept = session.get(ENCODED)
    if not kept or kept[0] != key:
        kept = (key, _own(scene, model, support, queries))
        session.put(ENCODED, kept)
    found: Line | None = kept[1]
    return found


def _own(scene: Scene, model: Model, support: Loaded, queries: Loaded) -> Line | None:
    """Encode the tables of this session; ``None`` where the labelled queries are too few to say anything."""
    usable = queries.result.usable & (queries.result.table.label >= 0)
    try:
        genome = cache.genome(scene.summary.run_id)
        return _encoded(model, genome, support.result.table, queries.result.table.take(usable), "own")
    except MetaBamError:
        return None


def adapted(scene: Scene) -> Adaptation | None:
    """Return what this session adapted to on Adapt live, if it was this run's model."""
    done = session.get(DONE)
    if not isinstance(done, adaptation.Adaptation) or done.weights != cache.weights_digest(scene.run):
        return None
    return done


def _encoded(model: Model, genome: Genome | None, support: PairTable, queries: PairTable, origin: str) -> Line | None:
    """Return support rows, then query rows, of one line as an encoded context."""
    from metabam.data.elements import element_identities
    from metabam.score import Predictor

    predictor = Predictor(
        model.encoder, model.learner, genome, model.enhancer_window, model.promoter_window, training=model.contexts
    )
    parts = []
    for table in (support, queries):
        features, status = predictor.features(table)
        good = np.asarray((status == "ok") & (table.label >= 0), dtype=np.bool_)
        parts.append((table.take(good), features[good]))
    (first, given), (second, asked) = parts
    if not len(first) or not len(second):
        return None
    (enhancer, promoter), (other_enhancer, other_promoter) = element_identities(first), element_identities(second)
    named = str(first.cell_line[0]) if origin == "example" else OWN
    context = LabelledContext(
        named or OWN,
        str(first.assay[0]) if origin == "example" else "",
        np.concatenate([given, asked]).astype(np.float32),
        np.concatenate([first.label, second.label]).astype(np.int8),
        np.concatenate([enhancer, other_enhancer]),
        np.concatenate([promoter, other_promoter]),
        layout=model.contexts[0].layout,
    )
    return Line(context, origin, joined([first, second]), len(first))


def joined(tables: Sequence[PairTable]) -> PairTable:
    """Return the coordinates and names of several tables, one after the other; sequences and extras are left out."""
    names = ("pair_id", "label", "cell_line", "assay", "gene_id", "line")
    sides = [f"{side}_{part}" for side in ("enhancer", "promoter") for part in ("chrom", "start", "end")]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(table, name) for table in tables]) for name in (*names, *sides)
    }
    return PairTable(**columns)


# ------------------------------------------------------------------ names and places of pairs


@dataclass(frozen=True, slots=True)
class Places:
    """Pairs with known names and coordinates, found by the identities of their elements."""

    table: PairTable = field(repr=False)
    rows: dict[tuple[int, int], int] = field(repr=False)

    def rows_of(self, enhancer: IntArray, promoter: IntArray) -> IntArray:
        """Return the row of each pair (N,) in the table, -1 where it is not known."""
        keys = zip(enhancer.tolist(), promoter.tolist(), strict=True)
        return np.array([self.rows.get(key, -1) for key in keys], dtype=np.int64)

    def names(self, enhancer: IntArray, promoter: IntArray) -> list[str]:
        """Return a name for each pair: its id or its locus, else the first digits of its elements' identities."""
        known = self.rows_of(enhancer, promoter)
        return [
            (str(self.table.pair_id[row]) or self.locus(row)) if row >= 0 else f"{one:x}"[:6] + "–" + f"{two:x}"[:6]
            for row, one, two in zip(known.tolist(), enhancer.tolist(), promoter.tolist(), strict=True)
        ]

    def locus(self, row: int) -> str:
        """Return where a pair lies, 0-based half-open, for reading."""
        table = self.table
        return (
            f"{table.enhancer_chrom[row]}:{table.enhancer_start[row]:,}–{table.enhancer_end[row]:,} / "
            f"{table.promoter_start[row]:,}–{table.promoter_end[row]:,}"
        )


def places_of(scene: Scene, lines: Sequence[Line]) -> Places:
    """Return the names and places of the pairs of some lines, as far as this session can know them.

    A run keeps identities of elements, not coordinates. They come from tables that do: the bundled world for its own
    run, the tables of example and uploaded lines, and a table that the reader gave for this purpose.
    """
    own = [line.table for line in lines if line.origin == "own" and line.table is not None]
    given = session.get(PLACES)
    key = digest(cache.weights_digest(scene.run), cache.is_bundled(scene.summary.run_id))
    shared = _shared_places(key, scene, lines)
    tables = [*own, *([given] if isinstance(given, PairTable) else [])]
    return shared if not tables else _indexed([*tables, shared.table])


@st.cache_resource(max_entries=2, show_spinner=False)
def _shared_places(key: str, _scene: Scene, _lines: Sequence[Line]) -> Places:  # noqa: ARG001 - the cache reads it
    """Return the places that everybody may know."""
    from metabam.data.worldtable import world_table

    tables = [line.table for line in _lines if line.origin == "example" and line.table is not None]
    if cache.is_bundled(_scene.summary.run_id):
        with contextlib.suppress(MetaBamError):
            tables.append(world_table(cache.BUNDLED / "world"))
    return _indexed(tables)


def _indexed(tables: Sequence[PairTable]) -> Places:
    from metabam.data.elements import element_identities

    if not tables:
        tables = [empty_table()]
    table = joined(tables)
    enhancer, promoter = element_identities(table)
    rows: dict[tuple[int, int], int] = {}
    placed = (table.enhancer_start >= 0) & (table.promoter_start >= 0)
    for row, key in enumerate(zip(enhancer.tolist(), promoter.tolist(), strict=True)):
        if placed[row]:
            rows.setdefault(key, row)
    return Places(table, rows)


def empty_table() -> PairTable:
    """Return a table of no pairs."""
    words, numbers = np.zeros(0, dtype=object), np.zeros(0, dtype=np.int64)
    labels = np.zeros(0, dtype=np.int8)
    return PairTable(words, words, numbers, numbers, words, numbers, numbers, labels, words, words, words, numbers)


def fingerprint_of(model: Model, line: Line, rows: IntArray) -> Fingerprint:
    """Return what the model believes about a line after some of its rows."""
    from metabam.records import SupportSet

    return model.learner.adapt(SupportSet(line.context.features[rows], line.context.labels[rows]))
