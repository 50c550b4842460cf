"""Pair tables, their DNA windows, and what their features measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabam.records.arrays import ByteArray, IntArray, TextArray


@dataclass(frozen=True, slots=True)
class PairTable:
    """Enhancer-promoter pairs as read from a table: arrays of equal length ``B``, in input order.

    ``label`` is int8, -1 where the input has none. Text fields are object arrays of ``str``, empty where absent.
    ``line`` is the 1-based physical line of each row. ``enhancer_seq`` / ``promoter_seq`` are ``None`` where the
    table has no such
    column. Unknown columns are kept in ``extra`` as text, in input order.
    """

    pair_id: TextArray
    enhancer_chrom: TextArray
    enhancer_start: IntArray
    enhancer_end: IntArray
    promoter_chrom: TextArray
    promoter_start: IntArray
    promoter_end: IntArray
    label: NDArray[np.int8]
    cell_line: TextArray
    assay: TextArray
    gene_id: TextArray
    line: IntArray
    enhancer_seq: TextArray | None = None
    promoter_seq: TextArray | None = None
    extra: Mapping[str, TextArray] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of pairs ``B``."""
        return len(self.pair_id)

    def take(self, index: NDArray[Any]) -> PairTable:
        """Return the rows chosen by an integer or boolean index, in that order."""
        chosen: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "extra":
                chosen["extra"] = {name: column[index] for name, column in value.items()}
            else:
                chosen[item.name] = None if value is None else value[index]
        return PairTable(**chosen)

    def contexts(self) -> list[tuple[str, str]]:
        """Return the distinct (cell_line, assay), in order of first appearance."""
        return list(dict.fromkeys(zip(self.cell_line.tolist(), self.assay.tolist(), strict=True)))

    def rows_of(self, context: tuple[str, str]) -> IntArray:
        """Return the row numbers of one (cell_line, assay)."""
        return np.flatnonzero((self.cell_line == context[0]) & (self.assay == context[1])).astype(np.int64)

    def coordinates(self) -> list[list[Any]]:
        """Return chromosome, start and end of the enhancer, then of the promoter: six columns of plain values."""
        return [
            self.enhancer_chrom.tolist(),
            self.enhancer_start.tolist(),
            self.enhancer_end.tolist(),
            self.promoter_chrom.tolist(),
            self.promoter_start.tolist(),
            self.promoter_end.tolist(),
        ]

    def distance(self) -> NDArray[np.float64]:
        """Return the midpoint distance in bp, (B,); NaN where the two chromosomes differ."""
        gap = np.abs((self.enhancer_start + self.enhancer_end) - (self.promoter_start + self.promoter_end)) / 2.0
        return np.where(self.enhancer_chrom == self.promoter_chrom, gap, np.nan)


@dataclass(frozen=True, slots=True)
class PairWindows:
    """DNA windows of pairs, each distinct element stored once.

    ``enhancers`` (n_enhancers, L_E) and ``promoters`` (n_promoters, L_P) are uint8 codes: A 0, C 1, G 2, T 3, N 4.
    Pair ``b`` is ``enhancers[enhancer_index[b]]`` with ``promoters[promoter_index[b]]``. ``*_padding`` counts the N
    added outside
    the chromosome for each distinct element.
    """

    enhancers: ByteArray
    promoters: ByteArray
    enhancer_index: IntArray
    promoter_index: IntArray
    enhancer_padding: IntArray
    promoter_padding: IntArray

    def __len__(self) -> int:
        """Return the number of pairs ``B``."""
        return len(self.enhancer_index)

    def take(self, index: NDArray[Any]) -> PairWindows:
        """Return the chosen pairs over the same stored elements."""
        return replace(self, enhancer_index=self.enhancer_index[index], promoter_index=self.promoter_index[index])


@dataclass(frozen=True, slots=True)
class FeatureInfo:
    """What one pair feature measures, in words a biologist can check.

    ``kind`` is one of ``single_enhancer | single_promoter | spaced | pair | periodic | composition | learned``;
    ``motifs`` are indices
    into :class:`MotifSet`; ``detail`` holds kind-specific numbers (offset in bp, period in bp, strand, element side).
    """

    name: str
    kind: str
    motifs: tuple[int, ...] = ()
    detail: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MotifSet:
    """Position weight matrices: ``pwms[i]`` is (width_i, 4) float64 probabilities over A, C, G, T."""

    names: tuple[str, ...]
    pwms: tuple[NDArray[np.float64], ...]

    def __len__(self) -> int:
        """Return the number of motifs."""
        return len(self.names)
