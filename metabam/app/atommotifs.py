"""Motifs that an atom is compared with, and the comparisons: kept for one session, for a motif file may be private."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import streamlit as st

from metabam.app import cache, session
from metabam.app.atomdata import Pairs, pairs
from metabam.app.layout import Scene
from metabam.app.widgets import digest
from metabam.errors import ConfigError
from metabam.records import (
    EnrichmentRecord,
    IntArray,
    MotifMatchRecord,
    MotifSet,
    PairPlaces,
    PairTable,
    PairWindows,
)

if TYPE_CHECKING:
    from metabam.app.truth import Planted
    from metabam.data.genome import Genome

COMPARED: Final = "motifs_compared"


def run_motifs(scene: Scene) -> MotifSet | None:
    """Return the motifs that the run's encoder found, or ``None`` for an encoder without any."""
    from metabam.model.encoders import innermost

    found = getattr(innermost(cache.model(scene.run).encoder), "motifs", None)
    return found if isinstance(found, MotifSet) else None


@st.cache_resource(max_entries=16, show_spinner=False, scope="session")
def _enrichment(
    key: str,  # noqa: ARG001 - the key is read by the cache alone
    atom: int,
    _found: Pairs,
    _where: PairPlaces,
    _dna: PairWindows,
    _motifs: MotifSet,
) -> EnrichmentRecord:
    from metabam.probe.enrichment import enriched

    here = np.flatnonzero(_where.chrom != "")
    distance = table_of(_where, here).distance()
    return enriched(_dna, distance, _found.potential[here, atom].astype(np.float64), _motifs, seed=atom)


@st.cache_resource(max_entries=2, show_spinner=False, scope="session")
def _windows(
    key: str,  # noqa: ARG001 - the key is read by the cache alone
    _where: PairPlaces,
    _genome: Genome,
    _sizes: tuple[int, int],
) -> PairWindows:
    from metabam.data.elements import windows_of

    return windows_of(table_of(_where, np.flatnonzero(_where.chrom != "")), _genome, *_sizes)[0]


def enrichment(scene: Scene, atom: int, where: PairPlaces, genome: Genome, motifs: MotifSet) -> EnrichmentRecord:
    """Return the motifs and k-mers of one atom's top pairs against a matched background."""
    model = cache.model(scene.run)
    named = digest(*motifs.names, *(pwm.tobytes() for pwm in motifs.pwms))
    place = digest(cache.weights_digest(scene.run), genome.fingerprint, *where.pair_id[:100].tolist())
    dna = _windows(place, where, genome, (model.enhancer_window, model.promoter_window))
    return _enrichment(digest(place, named), atom, pairs(scene), where, dna, motifs)


def table_of(where: PairPlaces, rows: IntArray) -> PairTable:
    """Return chosen pairs as a table without labels."""
    nothing = np.full(len(rows), "", dtype=object)
    return PairTable(
        pair_id=where.pair_id[rows],
        enhancer_chrom=where.chrom[rows],
        enhancer_start=where.enhancer_start[rows],
        enhancer_end=where.enhancer_end[rows],
        promoter_chrom=where.chrom[rows],
        promoter_start=where.promoter_start[rows],
        promoter_end=where.promoter_end[rows],
        label=np.full(len(rows), -1, dtype=np.int8),
        cell_line=nothing,
        assay=nothing,
        gene_id=nothing,
        line=np.arange(1, len(rows) + 1, dtype=np.int64),
    )


@st.cache_resource(max_entries=4, show_spinner=False, scope="session")
def _matches(key: str, _found: MotifSet, _known: MotifSet) -> MotifMatchRecord:  # noqa: ARG001 - the cache's key
    from metabam.probe.motifs import match_motifs

    return match_motifs(_found, _known)


def matches(found: MotifSet, known: MotifSet) -> MotifMatchRecord:
    """Return which of the run's motifs are known ones; refuses without memelite."""
    key = digest(*found.names, *known.names, *(pwm.tobytes() for item in (found, known) for pwm in item.pwms))
    return _matches(key, found, known)


def kept(scene: Scene, found: MotifSet, known: MotifSet) -> MotifMatchRecord | None:
    """Return the comparison with these very motifs that the run keeps, ``None`` where it keeps none."""
    from metabam.probe.naming import kept_matches

    return kept_matches(scene.run.folder, found, known)


def named(scene: Scene, world: Planted) -> MotifMatchRecord | None:
    """Return the comparison with a planted world's motifs: kept by the run, or asked for in this session."""
    from metabam.data.worldlink import world_motifs

    own, known = run_motifs(scene), world_motifs(world.truth)
    if own is None:
        return None
    found = kept(scene, own, known)
    if found is None and session.get(COMPARED):
        try:
            return matches(own, known)
        except ConfigError:
            return None
    return found


def planted_q(scene: Scene, mechanism: int, atom: int, world: Planted) -> dict[str, float | None] | None:
    """Return the q of each motif planted for a mechanism among those of its atom; ``None`` where nothing compared them.

    A motif without a match has ``None``; a mechanism without motifs has an empty dictionary.
    """
    from metabam.probe import naming

    planted = [str(name) for name in world.truth.mechanisms[mechanism]["motifs"]]
    record = named(scene, world) if planted and atom >= 0 else None
    if not planted:
        return {}
    if record is None:
        return None
    return naming.planted_q(planted, [name for name, _ in atom_motifs(scene, atom)], record)


def atom_motifs(scene: Scene, atom: int) -> list[tuple[str, Any]]:
    """Return name and matrix of the run's motifs behind the feature that weighs most in the atom."""
    from metabam.probe.naming import motifs_of_atom

    model, own = cache.model(scene.run), run_motifs(scene)
    if own is None:
        return []
    return [(own.names[at], own.pwms[at]) for at in motifs_of_atom(model.learner.atoms[atom], model.encoder.features)]
