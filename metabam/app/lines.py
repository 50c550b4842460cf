"""The cell lines that a page can compare: training lines, bundled lines never seen, and the reader's own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import streamlit as st

from metabam.app import adaptation, cache, session
from metabam.app.layout import Scene
from metabam.app.live import DONE, QUERY_STATE, SUPPORT_STATE
from metabam.app.scores import pairs_of_tables
from metabam.app.widgets import digest
from metabam.errors import InputError, MetaBamError
from metabam.records import Fingerprint, IntArray, LabelledContext, PairTable

if TYPE_CHECKING:
    from metabam.app.adaptation import Adaptation
    from metabam.app.model import Model
    from metabam.data.genome import Genome
    from metabam.score import Predictor
    from metabam.train.run import Run

OWN: Final = "uploaded"
ENCODED: Final = "own_line"
MOST_OWN: Final = 2_000
PLACES: Final = "pair_places"


@dataclass(frozen=True, slots=True)
class Line:
    """One cell line: its name, where it comes from, and its labelled pairs, encoded when they are first asked for.

    ``origin`` is ``training``, ``example`` (bundled, never seen) or ``own`` (of this session, shared with nobody).
    ``pairs`` counts its labelled pairs; ``table`` holds the same pairs with their coordinates where they are known;
    the first ``shots`` of them are a support that somebody chose.
    """

    name: str
    origin: str
    pairs: int
    source: Callable[[], LabelledContext] = field(repr=False)
    table: PairTable | None = field(default=None, repr=False)
    shots: int = 0

    @property
    def context(self) -> LabelledContext:
        """Return the encoded pairs."""
        return self.source()


def lines_of(scene: Scene) -> list[Line]:
    """Return every line that can be compared on this run, training lines first."""
    model = cache.model(scene.run)
    found = [training_line(context) for context in model.contexts]
    if cache.is_bundled(scene.summary.run_id):
        found += example_lines(scene.run, model)
    own = own_line(scene, model)
    return found if own is None else [*found, own]


def training_line(context: LabelledContext) -> Line:
    """Return a training line of a run, whose features are cached with it."""
    return Line(context.name, "training", len(context), lambda: context)


def example_lines(run: Run, model: Model) -> list[Line]:
    """Return the bundled lines that took no part in training: support first, then labelled queries."""
    from metabam.files import sha256

    tables = {name: cache.example(name) for name in cache.examples()}
    key = digest(cache.weights_digest(run), *(part for name in tables for part in (name, sha256(tables[name]))))
    return [
        Line(name, "example", len(table), partial(_example, digest(key, name), model, table, name), table, shots)
        for name, table, shots in _example_tables(key, tables)
    ]


@st.cache_resource(max_entries=2, show_spinner=False)
def _example_tables(key: str, _tables: dict[str, bytes]) -> list[tuple[str, PairTable, int]]:  # noqa: ARG001 - a key
    """Return name, pairs and size of the support of each bundled line."""
    from metabam.data.upload import read_queries, read_support

    found = []
    for _, support, queries in pairs_of_tables(sorted(_tables)):
        given, asked = read_support(_tables[support], support), read_queries(_tables[queries], queries)
        if given.refused or asked.refused or not len(given.table):
            continue
        labelled = asked.table.take(asked.usable & (asked.table.label >= 0))
        name, assay = str(given.table.cell_line[0]), str(given.table.assay[0])
        table = joined([given.table, labelled], sequences=True)
        found.append((f"{name} | {assay}" if assay else name, table, len(given.table)))
    return found


@st.cache_resource(max_entries=16, show_spinner=False)
def _example(key: str, _model: Model, _table: PairTable, name: str) -> LabelledContext:  # noqa: ARG001 - a key
    """Encode the pairs of a bundled line; its tables carry their sequences."""
    return encoded(_model, None, _table, name)


def own_line(scene: Scene, model: Model) -> Line | None:
    """Return the line that this session adapted to on Adapt live, if its queries carry labels; at most 2,000 pairs."""
    done, support, queries = (session.get(name) for name in (DONE, SUPPORT_STATE, QUERY_STATE))
    if not adapted(scene) or not isinstance(support, adaptation.Loaded) or not isinstance(queries, adaptation.Loaded):
        return None
    key = (done.weights, support.sha256, queries.sha256)
    if (done.support_sha256, done.query_sha256) != key[1:] or support.result.refused or queries.result.refused:
        return None
    labelled = np.flatnonzero(queries.result.usable & (queries.result.table.label >= 0))
    if not len(labelled):
        return None
    kept = labelled[np.unique(np.linspace(0, len(labelled) - 1, min(len(labelled), MOST_OWN)).round().astype(int))]
    table = joined([support.result.table, queries.result.table.take(kept)], sequences=True)
    genome = cache.genome(scene.summary.run_id)

    def source() -> LabelledContext:
        found = session.get(ENCODED)
        if not found or found[0] != key:
            found = (key, encoded(model, genome, table, OWN))
            session.put(ENCODED, found)
        context: LabelledContext = found[1]
        return context

    return Line(OWN, "own", len(table), source, table, len(support.result.table))


def adapted(scene: Scene) -> Adaptation | None:
    """Return what this session adapted to on Adapt live, if it was this run's model."""
    done = session.get(DONE)
    if not isinstance(done, adaptation.Adaptation) or done.weights != cache.weights_digest(scene.run):
        return None
    return done


def predictor_of(model: Model, genome: Genome | None) -> Predictor[Fingerprint]:
    """Return what encodes new pairs for a model."""
    from metabam.score import Predictor

    windows = model.enhancer_window, model.promoter_window
    return Predictor(model.encoder, model.learner, genome, *windows, training=model.contexts)


def encoded(model: Model, genome: Genome | None, table: PairTable, name: str) -> LabelledContext:
    """Return the labelled pairs of one line as an encoded context.

    Raises
    ------
    InputError
        ``line-unread`` when a pair cannot be encoded, so that rows and table keep together.
    """
    from metabam.data.elements import element_identities

    features, status = predictor_of(model, genome).features(table)
    bad = np.flatnonzero(np.asarray(status != "ok", dtype=np.bool_))
    if len(bad):
        raise InputError(
            "line-unread", f"{len(bad)} pairs of {name} cannot be encoded ({status[bad[0]]}).", "Give their sequences."
        )
    enhancer, promoter = element_identities(table)
    cell_line, _, assay = name.partition(" | ")
    return LabelledContext(
        cell_line, assay, features, table.label.astype(np.int8), enhancer, promoter, layout=model.contexts[0].layout
    )


def joined(tables: Sequence[PairTable], *, sequences: bool = False) -> PairTable:
    """Return several tables one after the other: names, coordinates and labels, and on request their sequences."""
    names = [item.name for item in fields(PairTable) if item.name not in ("enhancer_seq", "promoter_seq", "extra")]
    columns: dict[str, Any] = {name: np.concatenate([getattr(table, name) for table in tables]) for name in names}
    for name in ("enhancer_seq", "promoter_seq") if sequences else ():
        if any(getattr(table, name) is not None for table in tables):
            blank = [np.full(len(table), "", dtype=object) for table in tables]
            own = [getattr(table, name) for table in tables]
            columns[name] = np.concatenate([b if one is None else one for one, b in zip(own, blank, strict=True)])
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
