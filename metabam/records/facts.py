"""What is known of pairs without reading their DNA: who they are, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabam.errors import InputError
from metabam.records.arrays import FloatArray, IntArray

_HALF = 1 << 24
"""Identities are 48 bits wide, in two float32 columns of 24 bits each: float32 holds whole numbers up to 2^24."""


@dataclass(frozen=True, slots=True)
class PairFacts:
    """Identities and distances of B pairs, as sequence-free learners read them.

    ``gene``, ``enhancer`` and ``promoter`` (B,) int64 are identities in [0, 2^48), comparable across contexts and
    tables; ``tss_between`` (B,) counts the promoters between the two elements and ``log10_distance`` (B,) is the
    logarithm of the midpoint distance in bp, both NaN where the chromosomes differ.
    """

    gene: IntArray
    enhancer: IntArray
    promoter: IntArray
    tss_between: NDArray[np.float64]
    log10_distance: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of pairs ``B``."""
        return len(self.gene)

    def take(self, index: NDArray[Any]) -> PairFacts:
        """Return the chosen pairs."""
        return PairFacts(**{item.name: getattr(self, item.name)[index] for item in fields(self)})

    def view(self) -> FloatArray:
        """Return the same facts as a matrix (B, 8) float32 that travels as ``features``; log10 distance comes last."""
        columns = [part for ids in (self.gene, self.enhancer, self.promoter) for part in (ids // _HALF, ids % _HALF)]
        return np.stack([*columns, self.tss_between, self.log10_distance], axis=1).astype(np.float32)

    @classmethod
    def of_view(cls, view: FloatArray) -> PairFacts:
        """Return the facts behind :meth:`view`, identities exactly.

        Raises
        ------
        InputError
            ``facts-view`` for a matrix of another width.
        """
        if view.ndim != 2 or view.shape[1] != 8:
            raise InputError(
                "facts-view",
                f"features of shape {view.shape} are no pair facts (pairs, 8).",
                "Give sequence-free learners the view of metabam.data.views.facts_of.",
            )
        wide = view.astype(np.float64)
        ids = [(wide[:, i] * _HALF + wide[:, i + 1]).astype(np.int64) for i in (0, 2, 4)]
        return cls(ids[0], ids[1], ids[2], wide[:, 6], wide[:, 7])
