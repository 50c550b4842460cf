"""The real benchmark worlds W2a and W2b: labelled contexts of real pairs, line and chromosome held out together.

Features are principal components of peak tracks plus where the two elements lie (:mod:`metabam.data.geometry`; the
promoters are the element table's, by coordinates alone). For a held-out line only OTHER lines' tracks are read, and the
components are fitted on the fold's training pairs: nothing measured in the held-out line but its labels reaches a
learner, and no label outside the support does.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from metabam.data.elements import element_identities
from metabam.data.episodes import holdout_split
from metabam.data.geometry import DISTANCE, GEOMETRY, geometry_of
from metabam.data.peaks import PeakTracks, read_peaks
from metabam.errors import ConfigError, InputError
from metabam.files import read_bytes
from metabam.records import FloatArray, IntArray, LabelledContext, PairTable, TextArray

FOLDS = "chromosome_folds.tsv"
BUILD = "hg19"
_PREFERRED, _OTHER = "BENGI/TransEPI", "BENGI(gene-level"
_FIT_PAIRS = 60_000
_CHUNK = 8_192
_CAP = 256 << 20


@dataclass(frozen=True, slots=True)
class RealFold:
    """One held-out line on one held-out set of chromosomes.

    ``training`` are the other lines' contexts without those chromosomes. ``support`` and ``query`` are the contexts
    of the held-out line, one each per assay and in the same order: supports come from its other chromosomes, queries
    from the held-out ones, so they share no element. ``*_rows`` number the same pairs in ``table``, which is the same
    object in every fold (gene ids, coordinates, :meth:`PairTable.distance`). The last feature is standardised
    log10 distance.
    """

    part: str
    line: str
    fold: int
    chromosomes: tuple[str, ...]
    training: tuple[LabelledContext, ...]
    support: tuple[LabelledContext, ...]
    query: tuple[LabelledContext, ...]
    table: PairTable
    training_rows: tuple[IntArray, ...]
    support_rows: tuple[IntArray, ...]
    query_rows: tuple[IntArray, ...]
    feature_names: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return ``line, fold n``."""
        return f"{self.line}, fold {self.fold}"


def real_world(
    part: Literal["W2a", "W2b"],
    root: Path,
    *,
    lines: tuple[str, ...] = (),
    folds: tuple[int, ...] = (),
    components: int = 40,
    full_geometry: bool = True,
    min_pairs: int = 100,
    seed: int = 0,
) -> Iterator[RealFold]:
    """Yield the folds of a real world, one at a time: each (line, chromosome fold), lines in the table's order.

    Parameters
    ----------
    part
        ``W2a``: Hi-C of five lines, one assay. ``W2b``: every assay of every line and tissue as a context of its own.
    root
        The data folder (``METABAM_DATA``): ``pairs/``, the peak tracks and ``chromosome_folds.tsv``.
    lines, folds
        Only these held-out lines and fold numbers; empty means all.
    components
        Principal components of the pair's tracks (enhancer and promoter columns together) before the geometry.
    full_geometry
        All columns of :data:`metabam.data.geometry.GEOMETRY`, or log10 distance alone.
    min_pairs
        Smaller contexts, and contexts with one class, are left out: of training, and of support and query together.
    seed
        Of the pairs on which the components are fitted (at most 60,000).

    Raises
    ------
    ConfigError
        ``unknown-part``, ``unknown-line`` or ``unknown-fold``.
    InputError
        ``file-missing``, or ``peak-files`` / ``no-peaks`` where tracks do not fit the pairs.

    Notes
    -----
    One core: 4 s to begin, then about 1 s (W2a) or 2 s (W2b) a fold; 0.5 and 0.9 GB at most.
    """
    if part not in ("W2a", "W2b"):
        raise ConfigError("unknown-part", f"there is no real world {part!r}.", "Choose W2a or W2b.")
    names = GEOMETRY if full_geometry else (DISTANCE,)
    world, chromosomes = _World.read(part, root, names), chromosome_folds(root)
    known = list(dict.fromkeys(world.table.cell_line.tolist()))
    if not set(lines) <= set(known):
        raise ConfigError("unknown-line", f"{part} has no line {sorted(set(lines) - set(known))}.", str(known))
    if not set(folds) <= set(chromosomes):
        raise ConfigError("unknown-fold", f"there is no fold {sorted(set(folds) - set(chromosomes))}.", "0 to 4.")
    for line in lines or tuple(known):
        for fold in folds or tuple(chromosomes):
            made = _fold(world, line, fold, chromosomes[fold], components, min_pairs, seed)
            if made is not None:
                yield made


def chromosome_folds(root: Path) -> dict[int, tuple[str, ...]]:
    """Return the chromosomes of each fold, by number."""
    text = read_bytes(root / FOLDS, 1 << 20, follow_links=True)
    frame = pd.read_csv(io.BytesIO(text), sep="\t", keep_default_na=False)
    return {int(fold): tuple(part["chrom"].tolist()) for fold, part in frame.groupby("fold", sort=True)}


def real_pairs(part: str, root: Path) -> PairTable:
    """Return the pairs of one part, one row per (cell line, assay, enhancer, promoter), in hg19.

    BENGI has two sources that overlap; one is used per context: the one with distance-matched negatives where it has
    the context, else the gene-level one. Genes with the same promoter region are one pair; a pair with contradicting
    labels in its context is left out.
    """
    frames = []
    for path in sorted((root / "pairs").glob("*.parquet")):
        frame = pd.read_parquet(io.BytesIO(read_bytes(path, _CAP, follow_links=True)))
        frame = frame[frame["genome_build"].eq(BUILD) & frame["source"].str.startswith((_PREFERRED, _OTHER))]
        for _, group in frame.groupby("assay", sort=True):
            preferred = group[group["source"].eq(_PREFERRED)]
            if part == "W2a" and (preferred.empty or group["assay"].iloc[0] != "HiC"):
                continue
            frames.append(preferred if len(preferred) else group)
    if not frames:
        raise InputError("no-pairs", f"{root.name}/pairs holds no BENGI pairs.", "Check the folder.")
    frame = pd.concat(frames, ignore_index=True)
    where = ["cell_line", "assay", "chrom", "enhancer_start", "enhancer_end", "promoter_start", "promoter_end"]
    contradicting = frame.groupby(where, sort=False)["label"].transform("nunique") > 1
    return _pair_table(frame[~contradicting].drop_duplicates(where, ignore_index=True))


def _pair_table(frame: pd.DataFrame) -> PairTable:
    def text(name: str) -> TextArray:
        return np.asarray(frame[name].fillna(""), dtype=object)

    def number(name: str) -> IntArray:
        return np.asarray(frame[name], dtype=np.int64)

    chrom = text("chrom")
    return PairTable(
        pair_id=np.array([f"row{row}" for row in range(len(frame))], dtype=object),
        enhancer_chrom=chrom,
        enhancer_start=number("enhancer_start"),
        enhancer_end=number("enhancer_end"),
        promoter_chrom=chrom,
        promoter_start=number("promoter_start"),
        promoter_end=number("promoter_end"),
        label=frame["label"].to_numpy(dtype=np.int8),
        cell_line=text("cell_line"),
        assay=text("assay"),
        gene_id=text("gene_id"),
        line=np.arange(2, len(frame) + 2, dtype=np.int64),
    )


@dataclass(frozen=True, slots=True)
class _World:
    """What every fold of one part reads: pairs, tracks, and for each side identities (B,) and rows of the tracks."""

    part: str
    table: PairTable
    peaks: PeakTracks
    identities: tuple[IntArray, IntArray]
    places: tuple[IntArray, IntArray]
    names: tuple[str, ...]
    geometry: FloatArray

    @classmethod
    def read(cls, part: str, root: Path, names: tuple[str, ...]) -> _World:
        table, peaks = real_pairs(part, root), read_peaks(root)
        enhancer, promoter = element_identities(table)
        places = []
        for identity in (enhancer, promoter):
            place, known = peaks.places(identity)
            if not known.all():
                raise InputError("no-peaks", f"{int((~known).sum())} pairs have an element without peak tracks.")
            places.append(place)
        geometry = geometry_of(table, names, peaks.promoters)
        return cls(part, table, peaks, (enhancer, promoter), (places[0], places[1]), names, geometry)

    def context(self, rows: IntArray, features: FloatArray) -> LabelledContext:
        """Return the pairs of one context with their features."""
        table, (enhancer, promoter) = self.table, self.identities
        line, assay = str(table.cell_line[rows[0]]), str(table.assay[rows[0]])
        return LabelledContext(line, assay, features, table.label[rows], enhancer[rows], promoter[rows])


def _fold(
    world: _World, line: str, fold: int, chromosomes: tuple[str, ...], components: int, min_pairs: int, seed: int
) -> RealFold | None:
    """Return one fold, or ``None`` where the held-out line has no context large enough on both sides."""
    table = world.table
    train, query = holdout_split(table, [line], chromosomes)
    of_line = np.flatnonzero(table.cell_line == line)
    support = of_line[~np.isin(of_line, query)]
    training = [rows for rows in _by_context(table, train, train) if _large_enough(table, rows, min_pairs)]
    held = zip(_by_context(table, of_line, support), _by_context(table, of_line, query), strict=True)
    pairs = [both for both in held if all(_large_enough(table, rows, min_pairs) for rows in both)]
    if not pairs or not training:
        return None
    supports, queries = tuple(one for one, _ in pairs), tuple(two for _, two in pairs)
    groups = (*training, *supports, *queries)
    values = _pair_features(world, line, np.concatenate(groups), sum(map(len, training)), components, seed)
    parts = np.split(values, np.cumsum([len(rows) for rows in groups])[:-1])
    contexts = tuple(world.context(rows, part) for rows, part in zip(groups, parts, strict=True))
    first, second = len(training), len(training) + len(supports)
    own = values.shape[1] - len(world.names)
    names = (*(f"component {k + 1}" for k in range(own)), *world.names)
    return RealFold(
        world.part, line, fold, chromosomes,
        contexts[:first], contexts[first:second], contexts[second:],
        table, tuple(training), supports, queries, names,
    )  # fmt: skip


def _large_enough(table: PairTable, rows: IntArray, least: int) -> bool:
    return len(rows) >= least and len(np.unique(table.label[rows])) == 2


def _by_context(table: PairTable, order: IntArray, rows: IntArray) -> list[IntArray]:
    """Return ``rows`` split by (cell line, assay), contexts in the order in which they appear in ``order``."""
    keys = pd.MultiIndex.from_arrays([table.cell_line[order], table.assay[order]]).unique()
    code = keys.get_indexer(pd.MultiIndex.from_arrays([table.cell_line[rows], table.assay[rows]]))
    return [rows[code == number] for number in range(len(keys))]


def _pair_features(world: _World, line: str, rows: IntArray, n_fit: int, components: int, seed: int) -> FloatArray:
    """Return features (B, components + geometry) float32; the first ``n_fit`` pairs alone fit and standardise them.

    The components are those of the covariance of [enhancer tracks, promoter tracks] over at most 60,000 fitted pairs;
    signs make the largest loading positive.
    """
    peaks, columns = world.peaks, world.peaks.columns(without_lines=[line])
    sides = [place[rows] for place in world.places]
    rng = np.random.default_rng(seed)
    fit = np.sort(rng.choice(n_fit, min(n_fit, _FIT_PAIRS), replace=False))
    total, square = np.zeros(2 * len(columns)), np.zeros((2 * len(columns), 2 * len(columns)))
    for start in range(0, len(fit), _CHUNK):
        part = fit[start : start + _CHUNK]
        both = np.concatenate([peaks.read(side[part], columns) for side in sides], axis=1)
        total += both.sum(axis=0, dtype=np.float64)
        square += both.T @ both
    mean = total / len(fit)
    _, vectors = np.linalg.eigh(square / len(fit) - np.outer(mean, mean))
    loading = vectors[:, ::-1][:, :components].astype(np.float32)
    loading *= np.sign(loading[np.abs(loading).argmax(axis=0), np.arange(loading.shape[1])])
    own_columns = loading.shape[1]
    out = np.concatenate([np.zeros((len(rows), own_columns), dtype=np.float32), world.geometry[rows]], axis=1)
    for number, side in enumerate(sides):
        used, back = np.unique(side, return_inverse=True)
        own = loading[number * len(columns) : (number + 1) * len(columns)]
        scores = [peaks.read(used[at : at + _CHUNK], columns) @ own for at in range(0, len(used), _CHUNK)]
        out[:, :own_columns] += np.concatenate(scores)[back]
    spread = out[:n_fit].std(axis=0, dtype=np.float64)
    return np.asarray((out - out[:n_fit].mean(axis=0, dtype=np.float64)) / np.maximum(spread, 1e-6), dtype=np.float32)
