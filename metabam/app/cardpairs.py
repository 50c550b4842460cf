"""The training pairs on the card of one atom as a table that the Sequence lens reads, where their DNA is at hand."""

from __future__ import annotations

from typing import Final

import numpy as np

from metabam.app import atomdata, cache, truth
from metabam.app.layout import Scene
from metabam.app.pairtables import LineTable
from metabam.app.widgets import digest
from metabam.errors import MetaBamError
from metabam.records import PairTable

PREFIX: Final = "atom"


def key_of(atom: int) -> str:
    """Return the key of the table of one atom, counted from 0."""
    return f"{PREFIX}{atom + 1}"


def atom_of(key: object) -> int | None:
    """Return the atom, counted from 0, whose table a key asks for; ``None`` for any other key."""
    number = str(key).removeprefix(PREFIX)
    known = str(key).startswith(PREFIX) and number.isascii() and number.isdigit() and len(number) < 6
    return int(number) - 1 if known else None


def table_of(scene: Scene, atom: int) -> LineTable | None:
    """Return the training pairs that the card of an atom lists, with their DNA, in the order of the card.

    ``None`` for an atom that there is not, and where nothing says where the pairs lie or what stands there. ``label``
    and ``cell_line`` are those under which the card lists each pair.
    """
    if not 0 <= atom < len(cache.model(scene.run).learner.atoms):
        return None
    found = atomdata.pairs(scene)
    where, dna = atomdata.places(scene, found), truth.genome(scene)
    if where is None or dna is None:
        return None
    rows = atomdata.examples(scene, atom).examples.rows
    rows = rows[[bool(where.chrom[row]) for row in rows.tolist()]]
    if not len(rows):
        return None
    sides = {}
    for side in ("enhancer", "promoter"):
        start, end = (np.asarray(getattr(where, f"{side}_{part}"))[rows] for part in ("start", "end"))
        try:
            spans = zip(where.chrom[rows].tolist(), start.tolist(), end.tolist(), strict=True)
            read = [dna.fetch(chrom, first, last) for chrom, first, last in spans]
        except MetaBamError:
            return None
        sides[side] = start, end, np.array(read, dtype=object)
    names = [found.lines[line].partition(" | ") for line in found.line[rows].tolist()]
    table = PairTable(
        pair_id=np.array([str(where.pair_id[row]) for row in rows.tolist()], dtype=object),
        enhancer_chrom=np.asarray(where.chrom)[rows].astype(object),
        enhancer_start=sides["enhancer"][0],
        enhancer_end=sides["enhancer"][1],
        promoter_chrom=np.asarray(where.chrom)[rows].astype(object),
        promoter_start=sides["promoter"][0],
        promoter_end=sides["promoter"][1],
        label=found.labels[rows],
        cell_line=np.array([name[0] for name in names], dtype=object),
        assay=np.array([name[2] for name in names], dtype=object),
        gene_id=np.array([""] * len(rows), dtype=object),
        line=np.arange(1, len(rows) + 1),
        enhancer_seq=sides["enhancer"][2],
        promoter_seq=sides["promoter"][2],
    )
    return LineTable(key_of(atom), table, None, digest(PREFIX, atom, cache.weights_digest(scene.run), *table.pair_id))
