"""Pair features that the user brings: a Parquet table by pair or by element, or a folder of peak tracks.

A source names its columns and reads chosen ones for any pair table. It knows nothing of models: what becomes of the
columns is the ``precomputed`` encoder's.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from metabam.data.elements import coordinate_identities, element_identities
from metabam.data.geometry import BENDS, DISTANCE, GEOMETRY, Promoters, geometry_of
from metabam.data.peaks import ELEMENTS, PeakTracks, read_peaks
from metabam.errors import InputError
from metabam.files import read_bytes, sha256
from metabam.records import BoolArray, FloatArray, IntArray, PairTable, TextArray

_CAP = 1 << 30
_COORDINATES = ("chrom", "start", "end")
_SIDES = ("enhancer", "promoter")


class PairFeatures(Protocol):
    """Columns of numbers for pairs."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns on offer, (R,), without where the two elements lie."""
        ...

    @property
    def promoters(self) -> Promoters | None:
        """Return the promoters that the source lists, ``None`` where it lists none."""
        ...

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what was brought: it tells one source from another."""
        ...

    def read(self, table: PairTable, names: Sequence[str]) -> tuple[FloatArray, BoolArray]:
        """Return the named columns of pairs (B, names) float32, and which pairs the source knows (B,)."""
        ...


def open_features(path: Path, without_lines: Collection[str] = ()) -> PairFeatures:
    """Return the source behind a path.

    A folder holds peak tracks (:func:`metabam.data.peaks.read_peaks`); tracks measured in ``without_lines`` are not on
    offer. A Parquet table with the column ``pair_id`` has one row per pair; one with ``chrom``, ``start`` and ``end``
    one row per element, 0-based half-open, and gives each column twice: of the enhancer and of the promoter. All other
    columns must be numbers.

    Raises
    ------
    InputError
        ``features-columns``, ``features-repeated``, ``features-file``, ``file-missing``, or what the folder lacks.
    """
    if path.is_dir():
        return PeakFeatures(read_peaks(path), without_lines, sha256(read_bytes(path / ELEMENTS, _CAP)))
    data = read_bytes(path, _CAP, follow_links=True)
    try:
        frame = pd.read_parquet(io.BytesIO(data))
    except (OSError, ValueError) as error:
        raise InputError("features-file", f"{path.name} is no Parquet table: {error}.", "Write it again.") from None
    keys = ("pair_id",) if "pair_id" in frame.columns else _COORDINATES
    numeric = [str(name) for name in frame.columns if name not in keys]
    wrong = [name for name in numeric if frame[name].dtype.kind not in "fiub"]
    if not set(keys) <= set(frame.columns) or not numeric or wrong or set(GEOMETRY) & set(numeric):
        raise InputError(
            "features-columns",
            f"{path.name} needs pair_id, or chrom, start and end, and columns of numbers; not numbers: {wrong[:5]}.",
            "Name the key columns so, and leave text out.",
        )
    values = np.ascontiguousarray(frame[numeric].to_numpy(dtype=np.float32))
    if keys == ("pair_id",):
        key = frame["pair_id"].fillna("").astype(str).to_numpy(dtype=object)
        found: PairFeatures = PairRows(tuple(numeric), key, values, sha256(data))
    else:
        identity = coordinate_identities(*(frame[name].to_numpy() for name in _COORDINATES))
        found = ElementRows(tuple(numeric), identity, values, sha256(data))
    return found


def read_chosen(source: PairFeatures, table: PairTable, names: Sequence[str]) -> tuple[FloatArray, BoolArray]:
    """Return the named columns of pairs (B, names), those of their geometry among them, and what is known (B,).

    A pair on two chromosomes, or without coordinates, has no distance and counts as unknown where one is named.

    Raises
    ------
    InputError
        ``features-missing`` with the columns that the source lacks.
    """
    own = [name for name in names if name not in GEOMETRY]
    lacking = sorted(set(own) - set(source.names))
    if lacking:
        raise InputError(
            "features-missing", f"{len(lacking)} features are not there: {', '.join(lacking[:5])}.",
            "Bring the columns that the run was trained on.",
        )  # fmt: skip
    values, known = source.read(table, own)
    if len(own) == len(names):
        return values, known
    here = np.array([name in GEOMETRY for name in names])
    lie = geometry_of(table, [name for name in names if name in GEOMETRY], source.promoters)
    out = np.zeros((len(table), len(names)), dtype=np.float32)
    out[:, ~here], out[:, here] = values, np.nan_to_num(lie)
    return out, known & np.isfinite(lie).all(axis=1)


def geometry_names(source: PairFeatures) -> tuple[str, ...]:
    """Return the columns of :data:`GEOMETRY` that a source can give: without promoters, what distance alone gives."""
    return (*BENDS, DISTANCE) if source.promoters is None else GEOMETRY


@dataclass(frozen=True, slots=True)
class _Keyed:
    """Columns (R,), and rows of values (n, R) by key."""

    columns: tuple[str, ...]
    key: IntArray | TextArray
    values: FloatArray
    digest: str
    promoters: Promoters | None = None

    def __post_init__(self) -> None:
        if len(pd.unique(self.key)) != len(self.key):
            raise InputError("features-repeated", "a pair or element has two rows of features.", "Keep one of them.")

    def rows(self, keys: IntArray | TextArray) -> tuple[IntArray, BoolArray]:
        """Return the row of each key, 0 where it is unknown, and which are known."""
        at = pd.Index(self.key).get_indexer(pd.Index(keys)).astype(np.int64)
        return np.maximum(at, 0), at >= 0


@dataclass(frozen=True, slots=True)
class PairRows(_Keyed):
    """One row of features per pair, by ``pair_id``."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns."""
        return self.columns

    def read(self, table: PairTable, names: Sequence[str]) -> tuple[FloatArray, BoolArray]:
        """Return the named columns of pairs, and which pairs have a row."""
        at, known = self.rows(table.pair_id)
        columns = np.array([self.columns.index(name) for name in names], dtype=np.int64)
        return np.where(known[:, None], self.values[at[:, None], columns], 0.0).astype(np.float32), known


@dataclass(frozen=True, slots=True)
class ElementRows(_Keyed):
    """One row of features per element, by coordinates; a pair has the enhancer's columns and the promoter's."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return every column twice, with the side in front."""
        return tuple(f"{side}: {name}" for side in _SIDES for name in self.columns)

    def read(self, table: PairTable, names: Sequence[str]) -> tuple[FloatArray, BoolArray]:
        """Return the named columns of pairs, and which pairs have both elements here."""
        out = np.zeros((len(table), len(names)), dtype=np.float32)
        everyone = np.ones(len(table), dtype=bool)
        for side, identity in zip(_SIDES, element_identities(table), strict=True):
            at, known = self.rows(identity)
            everyone &= known
            chosen = [(i, self.columns.index(n.removeprefix(f"{side}: "))) for i, n in _of_side(side, names)]
            columns = np.array([column for _, column in chosen], dtype=np.int64)
            out[:, [i for i, _ in chosen]] = self.values[at[:, None], columns]
        out[~everyone] = 0.0
        return out, everyone


class PeakFeatures:
    """Peak tracks of both elements: 0 or 1 per track and side.

    Parameters
    ----------
    peaks
        The tracks.
    without_lines
        Cell lines whose tracks are not on offer: a line that is held out must not be described by its own peaks.
    digest
        Of the element table.
    """

    def __init__(self, peaks: PeakTracks, without_lines: Collection[str], digest: str) -> None:
        self.peaks = peaks
        self._digest = digest
        self._column = {peaks.names[track]: int(track) for track in peaks.columns(without_lines)}
        self._names = tuple(f"{side}: {name}" for side in _SIDES for name in self._column)

    @property
    def names(self) -> tuple[str, ...]:
        """Return every track twice, with the side in front."""
        return self._names

    @property
    def promoters(self) -> Promoters | None:
        """Return the elements of kind ``P``."""
        return self.peaks.promoters

    @property
    def digest(self) -> str:
        """Return what tells one set of tracks from another."""
        return self._digest

    def read(self, table: PairTable, names: Sequence[str]) -> tuple[FloatArray, BoolArray]:
        """Return the named tracks of pairs, and which pairs have both elements among the tracks."""
        out = np.zeros((len(table), len(names)), dtype=np.float32)
        everyone = np.ones(len(table), dtype=bool)
        for side, identity in zip(_SIDES, element_identities(table), strict=True):
            at, known = self.peaks.places(identity)
            everyone &= known
            chosen = [(i, self._column[name.removeprefix(f"{side}: ")]) for i, name in _of_side(side, names)]
            tracks = np.array([track for _, track in chosen], dtype=np.int64)
            out[:, [i for i, _ in chosen]] = self.peaks.read(at, tracks)
        out[~everyone] = 0.0
        return out, everyone


def _of_side(side: str, names: Sequence[str]) -> list[tuple[int, str]]:
    return [(place, name) for place, name in enumerate(names) if name.startswith(f"{side}: ")]
