"""Motifs that an atom is compared with, and the comparisons: kept for one session, for a motif file may be private."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from metabam.app import cache
from metabam.app.atomdata import Pairs, pairs
from metabam.app.layout import Scene
from metabam.app.widgets import digest
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
    from metabam.data.genome import Genome


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
    """Return which of the run's motifs are known ones; refuses without the optional package."""
    return _matches(digest(*(pwm.tobytes() for item in (found, known) for pwm in item.pwms)), found, known)
