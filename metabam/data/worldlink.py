"""Which pairs of a planted world are these? By the identities of their elements, which runs keep beside features."""

from __future__ import annotations

import numpy as np
import pandas as pd

from metabam.data.elements import coordinate_identities
from metabam.data.worldfiles import Truth
from metabam.records import IntArray, MotifSet


def world_elements(truth: Truth) -> tuple[IntArray, IntArray]:
    """Return the identity of enhancer and promoter of each distinct pair of a world, (N,) twice.

    They are those of :func:`metabam.data.elements.element_identities`.
    """
    length = truth.settings
    enhancer = coordinate_identities(
        truth.chrom, truth.enhancer_start, truth.enhancer_start + int(length["enhancer_length"])
    )
    promoter = coordinate_identities(
        truth.chrom, truth.promoter_start, truth.promoter_start + int(length["promoter_length"])
    )
    return enhancer, promoter


def rows_of_elements(truth: Truth, enhancer: IntArray, promoter: IntArray) -> IntArray:
    """Return the row of each pair (B,) in the arrays of a truth, -1 where the pair is not of this world."""
    known = pd.MultiIndex.from_arrays(world_elements(truth))
    return np.asarray(known.get_indexer(pd.MultiIndex.from_arrays([enhancer, promoter])), dtype=np.int64)


def world_motifs(truth: Truth, *, distractors: bool = True) -> MotifSet:
    """Return the motifs of a world: the planted ``M..`` and, where asked, the ``D..`` that no mechanism reads."""
    kept = [motif for motif in truth.motifs if distractors or motif.name.startswith("M")]
    return MotifSet(tuple(motif.name for motif in kept), tuple(motif.pwm for motif in kept))
