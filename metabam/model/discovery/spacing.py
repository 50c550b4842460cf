"""Motif pairs that keep their distance: a histogram of offsets between confident hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metabam.model.discovery.calibrate import Calibration


@dataclass(frozen=True, slots=True)
class Hits:
    """Confident sites, sorted by element and position: start in the element (bp), strand 0 or 1, motif number."""

    element: NDArray[np.int64]
    start: NDArray[np.int64]
    strand: NDArray[np.int64]
    motif: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Spaced:
    """Two motifs at a fixed gap: ``first`` on ``first_strand``, then ``gap`` bp, then ``second`` on ``second_strand``.

    The mirror image (second motif first, both strands turned, the same gap) is the same thing. ``z`` tells how far
    the gap stands out of the pair's other gaps.
    """

    first: int
    first_strand: int
    second: int
    second_strand: int
    gap: int
    z: float = 0.0


def sorted_hits(
    element: NDArray[np.int64], start: NDArray[np.int64], strand: NDArray[np.int64], motif: NDArray[np.int64]
) -> Hits:
    """Return the hits sorted by element, then by position."""
    order = np.lexsort((motif, start, element))
    return Hits(element[order], start[order], strand[order], motif[order])


def neighbours(
    hits: Hits, widths: Sequence[int], reach: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return all pairs of hits of one element that do not overlap and whose gap is at most ``reach`` bp.

    (left hit, right hit, gap), as indices into the hits.
    """
    width = np.asarray(widths, dtype=np.int64)
    left: list[NDArray[np.int64]] = []
    right: list[NDArray[np.int64]] = []
    n = len(hits.element)
    for lag in range(1, n):
        i = np.arange(n - lag)
        near = (hits.element[i] == hits.element[i + lag]) & (hits.start[i + lag] - hits.start[i] <= reach + width.max())
        if not near.any():
            break
        left.append(i[near])
        right.append(i[near] + lag)
    if not left:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing
    a, b = np.concatenate(left), np.concatenate(right)
    gap = hits.start[b] - hits.start[a] - width[hits.motif[a]]
    fits = (gap >= 0) & (gap <= reach)
    return a[fits], b[fits], gap[fits]


def find_spacings(
    hits: Hits, widths: Sequence[int], reach: int = 50, min_z: float = 8.0, least: int = 15
) -> list[Spaced]:
    """Return the spacings that stand out, most striking first; each EXPLAINS AWAY its hits before the next is sought.

    Of every ordered pair of motifs and strands the gaps 0..reach are counted, mirror images together; the expected
    count of a gap is the mean of the pair's other gaps.
    """
    a, b, gap = neighbours(hits, widths, reach)
    n = len(widths)
    plain = ((hits.motif[a] * 2 + hits.strand[a]) * n + hits.motif[b]) * 2 + hits.strand[b]
    mirror = ((hits.motif[b] * 2 + 1 - hits.strand[b]) * n + hits.motif[a]) * 2 + 1 - hits.strand[a]
    key = np.minimum(plain, mirror)
    alive = np.ones(len(hits.element), dtype=np.bool_)
    found: list[Spaced] = []
    while len(found) < 4 * n:
        free = alive[a] & alive[b]
        table = np.bincount(key[free] * (reach + 1) + gap[free], minlength=0).astype(np.float64)
        table = np.pad(table, (0, 4 * n * n * (reach + 1) - len(table))).reshape(-1, reach + 1)
        others = (table.sum(axis=1, keepdims=True) - table) / reach
        z = np.where(table >= least, (table - others) / np.sqrt(others + 1.0), 0.0)
        place = int(z.argmax())
        which, distance = divmod(place, reach + 1)
        if z.flat[place] < min_z:
            break
        rest, second_strand = divmod(which, 2)
        rest, second = divmod(rest, n)
        first, first_strand = divmod(rest, 2)
        found.append(Spaced(first, first_strand, second, second_strand, distance, float(z.flat[place])))
        taken = free & (key == which) & (gap == distance)
        alive[a[taken]] = False
        alive[b[taken]] = False
    return found


def spaced_scores(
    scores: NDArray[np.float32], spaced: Spaced, widths: Sequence[int], calibrations: Sequence[Calibration]
) -> NDArray[np.float32]:
    """Return the log-odds that a spaced pair, rather than one part alone or nothing, starts at each place, (N, L).

    ``s1 + s2 - log(1 + o1 + o2)`` with the parts' scores s and calibrated site odds o, the better strand: a lone part
    of high score does not pass for the pair.

    Parameters
    ----------
    scores
        Log-odds of the single motifs, (N, 2, M, L).
    spaced, widths, calibrations
        The pair; width in bp and calibration of every single motif.
    """
    length = scores.shape[3]
    out = np.full((2, scores.shape[0], length), -1e4, dtype=np.float32)
    for turn, (one, one_strand, two, two_strand) in enumerate(
        (
            (spaced.first, spaced.first_strand, spaced.second, spaced.second_strand),
            (spaced.second, 1 - spaced.second_strand, spaced.first, 1 - spaced.first_strand),
        )
    ):
        offset = widths[one] + spaced.gap
        if offset >= length:
            continue
        first, second = scores[:, one_strand, one, :-offset], scores[:, two_strand, two, offset:]
        alone = np.logaddexp(calibrations[one].log_odds(first), calibrations[two].log_odds(second))
        out[turn, :, :-offset] = first + second - np.logaddexp(np.float32(0), alone)
    return np.asarray(np.maximum(out[0], out[1]))
