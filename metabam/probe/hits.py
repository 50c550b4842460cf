"""Where does a motif sit in this enhancer and this promoter? Sites of the run's own motifs, and of a motif file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from metabam.errors import InputError
from metabam.model.discovery.reader import SideReader
from metabam.model.discovery.scan import strand_scores
from metabam.model.encoders import PairEncoder, innermost
from metabam.model.encoders.motif import MotifEncoder
from metabam.probe.motifs import benjamini_hochberg
from metabam.records import ByteArray, MotifHit, MotifHitRecord, MotifSet

Array = NDArray[np.float64]

LEVEL = 0.05
MOST_MOTIFS = 2_000
SIDES = ("enhancer", "promoter")
_BINS = 1_000
_LIKELY = 0.5


def dictionary_hits(
    encoder: PairEncoder, enhancer: ByteArray, promoter: ByteArray, *, level: float = LEVEL
) -> MotifHitRecord:
    """Return the sites of the run's own motifs with q <= ``level``, as the run's dictionary reads the two elements.

    P(site) is the dictionary's, calibrated against shuffles of the training elements; q is the mean of 1 - P over all
    sites at least as good (the false discovery rate of local ones, doi:10.1214/07-STS236). Of sites of one motif that
    overlap by half, the best is kept.

    Raises
    ------
    InputError
        ``no-motifs`` where the run's encoder has no motif dictionary.
    """
    encoder = innermost(encoder)
    if not isinstance(encoder, MotifEncoder) or not len(encoder.motifs):
        raise InputError("no-motifs", "this run's encoder has no motif dictionary.", "Bring a motif file.")
    names, found, tested = encoder.motifs.names, [], 0
    readers = (encoder.dictionary.enhancer, encoder.dictionary.promoter)
    for side, reader, codes in zip(SIDES, readers, (enhancer, promoter), strict=True):
        sites, count = _read_sites(reader, codes)
        tested += count
        for chance, score, at, start, strand in sites:
            motif, end = reader.motifs[at], start + len(reader.pwms[at])
            found.append(MotifHit(motif, names[motif], side, start, end, "+-"[strand], score, 1.0 - chance, 1.0))
    found = _apart(sorted(found, key=lambda hit: (hit.p, hit.side, hit.start)))
    q = np.cumsum([hit.p for hit in found]) / np.arange(1, len(found) + 1)
    return _record("run", found, q, len(names), tested, level)


def scan_motifs(motifs: MotifSet, enhancer: ByteArray, promoter: ByteArray, *, level: float = LEVEL) -> MotifHitRecord:
    """Return the sites of brought motifs with q <= ``level``: exact p values, Benjamini-Hochberg over all of them.

    A window's score is its log-odds against the pair's own base composition (both strands alike); its p value is the
    chance of that score or more in such bases, by convolution over the motif's columns in steps of a thousandth of
    its range (as FIMO does, doi:10.1093/bioinformatics/btr064). Windows with an N are not tested.

    Raises
    ------
    InputError
        ``no-motifs`` for an empty set, ``many-motifs`` for more than 2,000.
    """
    if not len(motifs):
        raise InputError("no-motifs", "there is no motif to look for.", "Bring a motif file.")
    if len(motifs) > MOST_MOTIFS:
        raise InputError("many-motifs", f"{len(motifs)} motifs; {MOST_MOTIFS} are read.", "Bring fewer motifs.")
    base = composition((enhancer, promoter))
    places, scores, chances = [], [], []
    for number, pwm in enumerate(motifs.pwms):
        weights, tail, step = _scored(pwm, base)
        for side, codes in enumerate((enhancer, promoter)):
            for strand, table in enumerate((weights, weights[::-1, ::-1])):
                start, total = _window_scores(codes, table)
                places.append(np.stack([np.full_like(start, value) for value in (number, side, strand)] + [start]))
                scores.append(total * step + float(np.log(pwm / base).min(axis=1).sum()))
                chances.append(tail[total])
    place, score, p = np.concatenate(places, axis=1), np.concatenate(scores), np.concatenate(chances)
    if not len(p):
        return MotifHitRecord("file", (), len(motifs), 0, 1.0, level)
    q = benjamini_hochberg(p)
    found = []
    for at in np.flatnonzero(q <= level).tolist():
        motif, of_side, turned, first = (int(value) for value in place[:, at])
        where = SIDES[of_side], first, first + len(motifs.pwms[motif]), "+-"[turned]
        found.append(MotifHit(motif, motifs.names[motif], *where, float(score[at]), float(p[at]), float(q[at])))
    kept = _apart(sorted(found, key=lambda hit: (hit.p, hit.side, hit.start)))
    return MotifHitRecord("file", tuple(kept), len(motifs), len(p), float(q.min()), level)


def composition(elements: tuple[ByteArray, ...]) -> Array:
    """Return the shares of A, C, G, T in elements, (4,), both strands taken together; a little is added to each."""
    counts = np.ones(4)
    for codes in elements:
        counts += np.bincount(codes[codes < 4], minlength=4)[:4]
    both = counts + counts[::-1]
    return np.asarray(both / both.sum())


# ------------------------------------------------------------------ inside


def _read_sites(reader: SideReader, codes: ByteArray) -> tuple[list[tuple[float, float, int, int, int]], int]:
    """Return likely sites (P, score, motif of the side, start, strand) of one element, and how many were looked at."""
    if not reader.pwms:
        return [], 0
    (_, response), *_ = strand_scores(codes[None], reader.background.surprise(codes[None]), reader.pwms)
    table = response.numpy()[0]
    best, strand = table.max(axis=0), table.argmax(axis=0)
    sites = []
    for at, known in enumerate(reader.motif_calibration):
        chance = known.probability(best[at])
        for start in np.flatnonzero(chance >= _LIKELY).tolist():
            if start + len(reader.pwms[at]) <= len(codes):
                sites.append((float(chance[start]), float(best[at, start]), at, int(start), int(strand[at, start])))
    return sites, int(sum(max(0, len(codes) - len(pwm) + 1) for pwm in reader.pwms))


def _scored(pwm: Array, base: Array) -> tuple[NDArray[np.int64], Array, float]:
    """Return integer weights (w, 4), least 0 in each row, P(score >= s) by s, and the nats of one step."""
    odds = np.log(pwm / base)
    lowest = odds.min(axis=1, keepdims=True)
    span = float((odds - lowest).max(axis=1).sum())
    step = max(span, 1e-9) / _BINS
    weights = np.round((odds - lowest) / step).astype(np.int64)
    density = np.ones(1)
    for row in weights:
        longer = np.zeros(len(density) + int(row.max()))
        for letter, shift in enumerate(row.tolist()):
            longer[shift : shift + len(density)] += base[letter] * density
        density = longer
    return weights, np.minimum(np.cumsum(density[::-1])[::-1], 1.0), step


def _window_scores(codes: ByteArray, weights: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return starts (n,) and integer scores (n,) of all windows without an N."""
    width = len(weights)
    if len(codes) < width:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(codes, width)
    start = np.flatnonzero((windows < 4).all(axis=1)).astype(np.int64)
    return start, weights[np.arange(width), windows[start]].sum(axis=1)


def _apart(hits: list[MotifHit]) -> list[MotifHit]:
    """Return hits, best first, without those that a better hit of the same motif overlaps by half or more."""
    kept: list[MotifHit] = []
    for hit in hits:
        width = hit.end - hit.start
        rivals = (other for other in kept if other.motif == hit.motif and other.side == hit.side)
        if all(2 * abs(other.start - hit.start) > width for other in rivals):
            kept.append(hit)
    return kept


def _record(source: str, found: list[MotifHit], q: Array, n_motifs: int, tested: int, level: float) -> MotifHitRecord:
    """Return the record of hits, best first, whose q rises along the list."""
    kept = tuple(replace(hit, q=float(value)) for hit, value in zip(found, q, strict=True) if value <= level)
    return MotifHitRecord(source, kept, n_motifs, tested, float(q[0]) if len(q) else 1.0, level)
