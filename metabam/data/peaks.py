"""Peak tracks of elements: 389 yes / no columns a region, kept as packed bits, read by coordinates."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metabam.data.elements import coordinate_identities
from metabam.data.geometry import Promoters, promoters_of
from metabam.errors import InputError
from metabam.files import read_bytes
from metabam.records import BoolArray, ByteArray, FloatArray, IntArray, TextArray

ELEMENTS, BITS, TRACKS = "elements_hg19.parquet", "element_tracks.npz", "tracks.tsv"
_CAP = 512 << 20


@dataclass(frozen=True, slots=True)
class PeakTracks:
    """Which peaks each element overlaps.

    ``identity`` (n,) int64 are sorted numbers of ``chrom:start-end`` (:func:`coordinate_identities`); ``bits`` (n, W)
    uint8 hold a bit per track, the first track in the highest bit. ``lines`` and ``targets`` (T,) say in which cell
    line, and of what, a track was measured. ``promoters`` are the elements of kind ``P``, ``None`` where the elements
    have no kind.
    """

    identity: IntArray
    bits: ByteArray
    lines: TextArray
    targets: TextArray
    promoters: Promoters | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return one readable name per track; repeats carry a number."""
        seen: dict[str, int] = {}
        out = []
        for line, target in zip(self.lines.tolist(), self.targets.tolist(), strict=True):
            name = f"{target} in {line}"
            seen[name] = seen.get(name, 0) + 1
            out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
        return tuple(out)

    def columns(self, without_lines: Collection[str] = ()) -> IntArray:
        """Return the numbers of the tracks that were not measured in the named lines."""
        return np.flatnonzero(~np.isin(self.lines.astype(str), list(without_lines))).astype(np.int64)

    def places(self, identity: IntArray) -> tuple[IntArray, BoolArray]:
        """Return the row of each element (n,), and which of them are known; an unknown one points to row 0."""
        at = np.minimum(np.searchsorted(self.identity, identity), len(self.identity) - 1)
        known = self.identity[at] == identity
        return np.where(known, at, 0).astype(np.int64), known

    def read(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Return the chosen tracks of elements by row, (n, columns) float32 of 0 and 1."""
        whole: NDArray[np.uint8] = np.unpackbits(self.bits[rows], axis=1, count=len(self.lines))
        return whole[:, columns].astype(np.float32)


def read_peaks(root: Path) -> PeakTracks:
    """Return the peak tracks of a folder that holds ``elements_hg19.parquet``, ``element_tracks.npz``, ``tracks.tsv``.

    Raises
    ------
    InputError
        ``file-missing`` for an absent file, ``peak-files`` where the three do not fit together.
    """
    elements = pd.read_parquet(io.BytesIO(read_bytes(root / ELEMENTS, _CAP, follow_links=True)))
    tracks = pd.read_csv(
        io.BytesIO(read_bytes(root / TRACKS, _CAP, follow_links=True)), sep="\t", keep_default_na=False
    )
    with np.load(io.BytesIO(read_bytes(root / BITS, _CAP, follow_links=True))) as packed:
        bits = np.asarray(packed["bits"], dtype=np.uint8)
    if len(bits) != len(elements) or not 0 <= 8 * bits.shape[1] - len(tracks) < 8:
        raise InputError(
            "peak-files",
            f"{len(elements)} elements and {len(tracks)} tracks, but bits of shape {bits.shape}.",
            "Take the three files from one place.",
        )
    chrom, start, end = (elements[name].to_numpy() for name in ("chrom", "start", "end"))
    identity, first = np.unique(coordinate_identities(chrom, start, end), return_index=True)
    promoters = None
    if "kind" in elements.columns:
        of = elements["kind"].eq("P").to_numpy()
        promoters = promoters_of(chrom[of].astype(object), start[of], end[of])
    lines, targets = (tracks[name].to_numpy(dtype=object) for name in ("cell_line", "target"))
    return PeakTracks(identity, bits[first], lines, targets, promoters)
