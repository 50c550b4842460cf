"""What the gallery and the card of an atom are computed from: the run's distinct training pairs, cached by digest.

Nothing here draws. Potentials and states come from the features that the run keeps; sequences and places only where a
planted world, or the table that the reader brings, says where the pairs lie.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from metabam.app import cache, session, truth
from metabam.app.layout import Scene
from metabam.app.widgets import digest
from metabam.records import (
    AblationCase,
    ExamplesRecord,
    FloatArray,
    GalleryRecord,
    IntArray,
    PairPlaces,
    PairTable,
    RecoveredRecord,
    SteeringRecord,
    SupportGatesRecord,
)

if TYPE_CHECKING:
    from metabam.app.model import Model
    from metabam.app.truth import Planted
    from metabam.probe.ablate import Progress

Array = NDArray[np.float64]
PER_LINE: Final = 100
PLACES: Final = "atom_places"


@dataclass(frozen=True, slots=True)
class Pairs:
    """The N distinct training pairs of a run, each in one of the lines that label it (chosen at random, seed 0).

    ``line`` (N,) indexes ``lines``, ``row`` (N,) the pair's row in that line; ``potential`` and ``state`` (N, K).
    """

    lines: tuple[str, ...]
    line: IntArray
    row: IntArray
    labels: NDArray[np.int8]
    features: FloatArray = field(repr=False)
    enhancer: IntArray = field(repr=False)
    promoter: IntArray = field(repr=False)
    potential: FloatArray = field(repr=False)
    state: FloatArray = field(repr=False)

    def __len__(self) -> int:
        """Return the number of distinct pairs."""
        return len(self.line)


@dataclass(frozen=True, slots=True)
class Rows:
    """Example pairs of one atom as the card lists them, m rows: P, logit and the logit lost without the atom."""

    examples: ExamplesRecord
    probability: Array
    lost: Array


@st.cache_resource(max_entries=2, show_spinner=False)
def _pairs(key: str, _model: Model) -> Pairs:  # noqa: ARG001 - the key is read by the cache alone
    contexts = _model.contexts
    whole = {
        name: np.concatenate([getattr(context, name) for context in contexts])
        for name in ("features", "labels", "enhancer", "promoter")
    }
    line = np.repeat(np.arange(len(contexts)), [len(context) for context in contexts])
    row = np.concatenate([np.arange(len(context)) for context in contexts])
    order = np.random.default_rng(0).permutation(len(line))
    both = np.stack([whole["enhancer"][order], whole["promoter"][order]], axis=1)
    first = np.sort(order[np.unique(both, axis=0, return_index=True)[1]])
    features = whole["features"][first]
    return Pairs(
        lines=tuple(context.name for context in contexts),
        line=line[first].astype(np.int64),
        row=row[first].astype(np.int64),
        labels=whole["labels"][first],
        features=features,
        enhancer=whole["enhancer"][first],
        promoter=whole["promoter"][first],
        potential=_model.learner.potentials(features),
        state=_model.learner.mechanism_states(features),
    )


def pairs(scene: Scene) -> Pairs:
    """Return the distinct training pairs of a run with their potentials, shared read-only."""
    return _pairs(cache.weights_digest(scene.run), cache.model(scene.run))


# ------------------------------------------------------------------ where the pairs lie


def places(scene: Scene, found: Pairs) -> PairPlaces | None:
    """Return ids and coordinates of the pairs, from the planted world or the reader's table; ``None`` without either.

    Pairs that a reader's table does not hold keep their line and row as id, and an empty chromosome.
    """
    world = truth.at_hand(scene)
    if not isinstance(world, str):
        rows = world_rows(world, found)
        return _world_places(digest(cache.weights_digest(scene.run), world.place), world, rows)
    table = session.get(PLACES)
    return _table_places(table, found) if isinstance(table, PairTable) else None


def world_rows(world: Planted, found: Pairs) -> IntArray:
    """Return the row of each pair in the arrays of a world's truth, (N,)."""
    out = np.empty(len(found), dtype=np.int64)
    for number, name in enumerate(found.lines):
        mine = found.line == number
        out[mine] = world.rows[name][found.row[mine]]
    return out


@st.cache_resource(max_entries=4, show_spinner=False)
def _world_places(key: str, _world: Planted, _rows: IntArray) -> PairPlaces:  # noqa: ARG001 - the key is the cache's
    known, length = _world.truth, _world.truth.settings
    enhancer, promoter = known.enhancer_start[_rows], known.promoter_start[_rows]
    return PairPlaces(
        known.pair_id[_rows],
        known.chrom[_rows],
        enhancer,
        enhancer + int(length["enhancer_length"]),
        promoter,
        promoter + int(length["promoter_length"]),
    )


def _table_places(table: PairTable, found: Pairs) -> PairPlaces:
    """Return the places of pairs that a table names, by the identities of their elements."""
    import pandas as pd

    from metabam.data.elements import element_identities

    known = pd.MultiIndex.from_arrays(element_identities(table))
    kept = np.flatnonzero(~known.duplicated())
    at = known[kept].get_indexer(pd.MultiIndex.from_arrays([found.enhancer, found.promoter]))
    here = at >= 0
    rows = kept[np.maximum(at, 0)]
    names = np.array(row_names(found), dtype=object)
    return PairPlaces(
        np.where(here, table.pair_id[rows], names),
        np.where(here, table.enhancer_chrom[rows], ""),
        np.where(here, table.enhancer_start[rows], 0),
        np.where(here, table.enhancer_end[rows], 0),
        np.where(here, table.promoter_start[rows], 0),
        np.where(here, table.promoter_end[rows], 0),
    )


def row_names(found: Pairs) -> list[str]:
    """Return ``line:row`` of each pair, rows counted from 1: its name where nothing else names it."""
    return [
        f"{found.lines[line].partition(' | ')[0]}:{row + 1}"
        for line, row in zip(found.line.tolist(), found.row.tolist(), strict=True)
    ]


def names_of(found: Pairs, where: PairPlaces | None) -> list[str]:
    """Return the id of each pair, stable from visit to visit."""
    return row_names(found) if where is None else [str(name) for name in where.pair_id]


def locus(where: PairPlaces, row: int) -> str:
    """Return enhancer and promoter of a pair in one text, 0-based half-open; empty where it is not known."""
    if not where.chrom[row]:
        return ""
    return (
        f"{where.chrom[row]}:{where.enhancer_start[row]:,}-{where.enhancer_end[row]:,} → "
        f"{where.promoter_start[row]:,}-{where.promoter_end[row]:,}"
    )


# ------------------------------------------------------------------ computed once


@st.cache_resource(max_entries=4, show_spinner=False)
def _gallery(key: str, _model: Model, _progress: Progress | None) -> GalleryRecord:
    from metabam.app.model import line_fingerprints
    from metabam.probe.gallery import gallery_of

    fingerprints, cases = line_fingerprints(_model), []
    rng = np.random.default_rng(0)
    for context in _model.contexts:
        rows = np.sort(rng.choice(len(context), size=min(PER_LINE, len(context)), replace=False))
        belief = fingerprints[context.name]
        cases.append(
            AblationCase(context.name, belief, context.features[rows], context.labels[rows], context.promoter[rows])
        )
    learner = _model.learner
    potential = _pairs(key, _model).potential
    return gallery_of(learner, cases, potential, learner.atoms, progress=_progress)


def gallery(scene: Scene, progress: Progress | None = None) -> GalleryRecord:
    """Return the gallery of a run's final atoms."""
    return _gallery(cache.weights_digest(scene.run), cache.model(scene.run), progress)


@st.cache_resource(max_entries=4, show_spinner=False)
def _support_gates(key: str, _model: Model) -> SupportGatesRecord:  # noqa: ARG001 - the key is read by the cache alone
    from metabam.probe.steering import gates_over_supports

    return gates_over_supports(_model.learner, _model.contexts)


def support_gates(scene: Scene) -> SupportGatesRecord:
    """Return the gates of all atoms over 12 random supports of each training line."""
    return _support_gates(cache.weights_digest(scene.run), cache.model(scene.run))


@st.cache_resource(max_entries=64, show_spinner=False)
def _examples(key: str, atom: int, _model: Model, _found: Pairs) -> Rows:
    from metabam.probe.examples import example_pairs

    chosen = example_pairs(_found.potential[:, atom], seed=atom)
    return Rows(chosen, *_answers(digest(key, *chosen.rows.tolist()), atom, _model, _found, chosen.rows))


def examples(scene: Scene, atom: int) -> Rows:
    """Return the example pairs of one atom with their answers, each under the fingerprint of its own line."""
    return _examples(cache.weights_digest(scene.run), atom, cache.model(scene.run), pairs(scene))


@st.cache_resource(max_entries=128, show_spinner=False)
def _answers(
    key: str,  # noqa: ARG001 - the key is read by the cache alone
    atom: int,
    _model: Model,
    _found: Pairs,
    _rows: IntArray,
) -> tuple[Array, Array]:
    from metabam.app.model import line_fingerprints
    from metabam.probe.steering import lost_without

    probability, lost = np.full(len(_rows), np.nan), np.full(len(_rows), np.nan)
    beliefs = line_fingerprints(_model)
    for number, name in enumerate(_found.lines):
        mine = np.flatnonzero(_found.line[_rows] == number)
        if len(mine):
            queries = _found.features[_rows[mine]]
            probability[mine], _, lost[mine] = lost_without(_model.learner, beliefs[name], queries, atom)
    return probability, lost


def top_pairs(scene: Scene, atom: int, most: int = 100) -> tuple[IntArray, Array]:
    """Return the rows of an atom's top pairs, strongest first, and P of each under its own line's fingerprint."""
    found = pairs(scene)
    rows = np.argsort(-found.potential[:, atom], kind="stable")[:most].astype(np.int64)
    key = digest(cache.weights_digest(scene.run), *rows.tolist())
    return rows, _answers(key, atom, cache.model(scene.run), found, rows)[0]


@st.cache_resource(max_entries=64, show_spinner=False)
def _steering(
    key: str,  # noqa: ARG001 - the key is read by the cache alone
    atom: int,
    line: str,
    _features: FloatArray,
    _model: Model,
) -> SteeringRecord:
    from metabam.app.model import line_fingerprints
    from metabam.probe.steering import steering_curve

    return steering_curve(_model.learner, line_fingerprints(_model)[line], _features, atom)


def steering(scene: Scene, atom: int, line: str, rows: IntArray) -> SteeringRecord:
    """Return the response of pinned pairs to one atom's gate under the fingerprint of one line."""
    key = digest(cache.weights_digest(scene.run), *rows.tolist())
    return _steering(key, atom, line, pairs(scene).features[rows], cache.model(scene.run))


@st.cache_resource(max_entries=4, show_spinner=False)
def _recovery(
    key: str,  # noqa: ARG001 - the key is read by the cache alone
    _states: FloatArray,
    _world: Planted,
    _rows: IntArray,
) -> RecoveredRecord:
    from metabam.data.worldfiles import activities
    from metabam.probe.recovery import recovered

    return recovered(_states, activities(_world.truth)[_rows], _world.truth.names)


def recovery(scene: Scene, world: Planted) -> RecoveredRecord:
    """Return which atom is which planted mechanism, on the run's distinct training pairs."""
    found = pairs(scene)
    key = digest(cache.weights_digest(scene.run), world.place)
    return _recovery(key, found.state, world, world_rows(world, found))
