"""The pairs that probes look at: this session's own table, and the bundled tables of lines the model never saw.

A bundled table is shared by all sessions, by its content; what a visitor brought stays in that visitor's session.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from metabam.app import cache, session
from metabam.app.layout import Scene
from metabam.app.live import DONE, QUERY_STATE, SUPPORT_STATE
from metabam.app.model import no_support
from metabam.app.widgets import digest
from metabam.records import BoolArray, ByteArray, Fingerprint, FloatArray, PairTable

if TYPE_CHECKING:
    from metabam.app.adaptation import Loaded
    from metabam.app.model import Model
    from metabam.data.genome import Genome

Array = NDArray[np.float64]
OWN: Final = "yours"
LABELLED: Final = "labelled"
PRIVATE: Final = (OWN, LABELLED)
"""The tables that a visitor brought: they are in the visitor's session and nowhere else."""
FROM_SUPPORT: Final = "support"
FROM_LIVE: Final = "live"
FROM_NOTHING: Final = "prior"
_ENCODED: Final = "own_line_encoded"


@dataclass(frozen=True, slots=True)
class LineTable:
    """One line: ``table`` (N rows) to be read, ``support`` its labelled pairs or None, ``key`` its short name."""

    key: str
    table: PairTable = field(repr=False)
    support: PairTable | None = field(repr=False)
    digest: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class EncodedLine:
    """A line as the model reads it: ``features`` (N, D), which rows are ``usable`` (N,), belief and probabilities (N,).

    ``probability`` is that under the line's own fingerprint, NaN where a row cannot be read.
    """

    features: FloatArray = field(repr=False)
    usable: BoolArray = field(repr=False)
    fingerprint: Fingerprint = field(repr=False)
    probability: Array = field(repr=False)


@dataclass(frozen=True, slots=True)
class Element:
    """One element as the encoder reads it: ``codes`` (L,) uint8, and where the window begins, or no chromosome."""

    codes: ByteArray = field(repr=False)
    chrom: str
    start: int

    @property
    def place(self) -> str:
        """Return the window in words, empty where its coordinates are not known."""
        return f"{self.chrom}:{self.start:,}–{self.start + len(self.codes):,}" if self.chrom else ""


def line_tables() -> dict[str, LineTable]:
    """Return all lines by key: the session's own first, then the bundled ones."""
    found = {} if (own := _own()) is None else {OWN: own}
    names = cache.examples()
    for name in names:
        line = name.removeprefix("queries_").removesuffix(".tsv")
        if name.startswith("queries_"):
            support = f"support_{line}.tsv"
            data = (cache.example(name), cache.example(support) if support in names else b"")
            found[line] = _bundled(digest(line, *(_content(part) for part in data)), line, data)
    return found


def _content(data: bytes) -> str:
    from metabam.files import sha256

    return sha256(data)


@st.cache_resource(max_entries=32, show_spinner=False)
def _bundled(key: str, line: str, _data: tuple[bytes, bytes]) -> LineTable:
    """Return a bundled table as read."""
    from metabam.data.upload import read_queries, read_support

    asked = read_queries(_data[0], line)
    given = read_support(_data[1], line) if _data[1] else None
    support = None if given is None or given.refused else given.table
    return LineTable(line, asked.table.take(asked.usable), support, key)


def _own() -> LineTable | None:
    """Return the table that this session brought to Adapt live, if it is no bundled one."""
    asked: Loaded | None = session.get(QUERY_STATE)
    given: Loaded | None = session.get(SUPPORT_STATE)
    if asked is None or asked.origin == "example" or asked.result.refused or not asked.result.usable.any():
        return None
    support = None if given is None or given.result.refused else given.result.table
    key = digest(OWN, asked.sha256, "" if given is None else given.sha256)
    return LineTable(OWN, asked.result.table.take(asked.result.usable), support, key, own=True)


def labelled() -> dict[str, LineTable]:
    """Return the labelled pairs that this session has on Adapt live, by their key; empty where there are none."""
    given: Loaded | None = session.get(SUPPORT_STATE)
    if given is None or given.result.refused:
        return {}
    table = given.result.table
    return {LABELLED: LineTable(LABELLED, table, table, digest(LABELLED, given.sha256), own=True)}


def encoded(scene: Scene, line: LineTable) -> EncodedLine:
    """Return a line as the run's model reads it; a bundled one is read once for all sessions, an own one once here."""
    model, genome = cache.model(scene.run), cache.genome(scene.summary.run_id)
    key = digest(cache.weights_digest(scene.run), line.digest)
    if not line.own:
        return _encoded(key, model, line, genome)
    kept = session.get(_ENCODED)
    if kept is None or kept[0] != key:
        kept = (key, read_line(model, line, genome))
        session.put(_ENCODED, kept)
    read: EncodedLine = kept[1]
    return read


@st.cache_resource(max_entries=32, show_spinner=False)
def _encoded(
    key: str,  # noqa: ARG001 - read by the cache alone
    _model: Model,
    _line: LineTable,
    _genome: Genome | None,
) -> EncodedLine:
    return read_line(_model, _line, _genome)


def read_line(model: Model, line: LineTable, genome: Genome | None) -> EncodedLine:
    """Return features, belief and probabilities of a line; without labelled pairs the belief is the prior."""
    from metabam.score import Predictor

    predictor = Predictor(model.encoder, model.learner, genome, model.enhancer_window, model.promoter_window)
    features, status = predictor.features(line.table)
    usable = np.asarray(status == "ok", dtype=np.bool_)
    if line.support is None:
        fingerprint = model.learner.adapt(no_support(model))
    else:
        fingerprint = model.learner.adapt(predictor.support_set(line.support))
    probability = np.full(len(features), np.nan)
    if usable.any():
        probability[usable] = model.learner.predict(fingerprint, features[usable]).probability
    return EncodedLine(features, usable, fingerprint, probability)


def fingerprints(scene: Scene, line: LineTable) -> list[str]:
    """Return the names of the beliefs that a pair of this line can be read under, the line's own first."""
    names = [FROM_SUPPORT] if line.support is not None else []
    done = session.get(DONE)
    if done is not None and done.weights == cache.weights_digest(scene.run):
        names.append(FROM_LIVE)
    return [*names, FROM_NOTHING, *(context.name for context in cache.model(scene.run).contexts)]


def fingerprint(scene: Scene, line: LineTable, name: str) -> Fingerprint:
    """Return one of the beliefs of :func:`fingerprints`."""
    model = cache.model(scene.run)
    if name == FROM_SUPPORT:
        return encoded(scene, line).fingerprint
    if name == FROM_LIVE:
        held: Fingerprint = session.get(DONE).fingerprint
        return held
    if name == FROM_NOTHING:
        return model.learner.adapt(no_support(model))
    return cache.line_fingerprints(scene.run)[name]


def elements(scene: Scene, line: LineTable, row: int) -> tuple[Element, Element]:
    """Return enhancer and promoter of one pair as the encoder reads them.

    Raises
    ------
    InputError
        ``genome-missing`` where the row has no sequence and there is no genome.
    """
    from metabam.data.elements import windows_of

    model = cache.model(scene.run)
    table = line.table.take(np.array([row]))
    windows, _ = windows_of(table, cache.genome(scene.summary.run_id), model.enhancer_window, model.promoter_window)
    return (
        _element(table, "enhancer", windows.enhancers[windows.enhancer_index[0]]),
        _element(table, "promoter", windows.promoters[windows.promoter_index[0]]),
    )


def _element(table: PairTable, side: str, codes: ByteArray) -> Element:
    """Return a window with its genome coordinates where the table has them."""
    from metabam.data.elements import window_around

    chrom = str(getattr(table, f"{side}_chrom")[0])
    start, end = int(getattr(table, f"{side}_start")[0]), int(getattr(table, f"{side}_end")[0])
    sequence = getattr(table, f"{side}_seq")
    if sequence is not None and sequence[0]:
        excess = len(sequence[0]) - len(codes)
        first = start + excess // 2 if excess >= 0 else start - (-excess) // 2
        known = end - start == len(sequence[0])
    else:
        first, known = window_around(start, end, len(codes))[0], end > start
    usable = bool(chrom) and known and start >= 0 and first >= 0
    return Element(codes, chrom if usable else "", first if usable else 0)


def named_pairs(table: PairTable) -> list[str]:
    """Return one distinct key per pair: its id, else its locus, else its place in the table."""
    names: list[str] = []
    for row in range(len(table)):
        locus = f"{table.enhancer_chrom[row]}:{table.enhancer_start[row]}-{table.promoter_start[row]}"
        names.append(str(table.pair_id[row]) or (locus if table.enhancer_chrom[row] else f"row {row + 1}"))
    seen: dict[str, int] = {}
    for row, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[row] = f"{name} ({seen[name]})"
    return names
