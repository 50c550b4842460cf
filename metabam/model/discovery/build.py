"""Calibrating one side's motifs, spaced pairs and periods against its shuffles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from metabam.model.discovery.calibrate import Calibration, calibrate
from metabam.model.discovery.periodicity import Periodicity, find_periods
from metabam.model.discovery.reader import SideReader
from metabam.model.discovery.scan import Background, strand_scores
from metabam.model.discovery.shuffle import dinucleotide_shuffle
from metabam.model.discovery.spacing import Spaced, find_spacings, sorted_hits, spaced_scores
from metabam.records import ByteArray

_EDGES = np.arange(-2.0, 40.25, 0.25)
_CENTRES = (_EDGES[:-1] + _EDGES[1:]) / 2


def _histogram(values: NDArray[np.float32]) -> NDArray[np.float64]:
    index = ((values[values > _EDGES[0]] - _EDGES[0]) / 0.25).astype(np.int64)
    return np.bincount(np.minimum(index, len(_CENTRES) - 1), minlength=len(_CENTRES)).astype(np.float64)


def score_histograms(
    codes: ByteArray, background: Background, pwms: Sequence[NDArray[np.float64]], spaced: Sequence[Spaced] = ()
) -> NDArray[np.float64]:
    """Return counts of position scores by bin for each motif, then each spaced pair, (M + spaced, bins)."""
    widths = [len(pwm) for pwm in pwms]
    total = np.zeros((len(pwms) + len(spaced), len(_CENTRES)))
    for _, response in strand_scores(codes, background.surprise(codes), pwms):
        table = response.numpy()
        best = table.max(axis=1)
        for index in range(len(pwms)):
            total[index] += _histogram(best[:, index])
        for index, pair in enumerate(spaced):
            total[len(pwms) + index] += _histogram(spaced_scores(table, pair, widths))
    return total


def site_calibrations(
    real: ByteArray,
    shuffles: Sequence[ByteArray],
    background: Background,
    pwms: Sequence[NDArray[np.float64]],
    spaced: Sequence[Spaced] = (),
) -> list[Calibration]:
    """Return the calibration of each motif, then of each spaced pair, real elements against their shuffles."""
    if not pwms:
        return []
    found = score_histograms(real, background, pwms, spaced)
    null = sum(score_histograms(codes, background, pwms, spaced) for codes in shuffles)
    return [calibrate(r, n, len(shuffles), _CENTRES, rare=True) for r, n in zip(found, np.asarray(null), strict=True)]


def confident_hits(
    codes: ByteArray,
    background: Background,
    pwms: Sequence[NDArray[np.float64]],
    calibrations: Sequence[Calibration],
    least: float = 0.3,
) -> list[Spaced]:
    """Return the spacings among hits of P(site) above ``least``."""
    parts: list[tuple[NDArray[np.int64], ...]] = []
    threshold = float(np.log(least / (1 - least)))
    for part, response in strand_scores(codes, background.surprise(codes), pwms):
        table = response.numpy()
        for index, calibration in enumerate(calibrations):
            rows, strand, start = np.nonzero(calibration.log_odds(table[:, :, index]) > threshold)
            parts.append((rows + part.start, start, strand, np.full(len(rows), index)))
    element, start, strand, motif = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return find_spacings(sorted_hits(element, start, strand, motif), [len(pwm) for pwm in pwms])


def period_calibration(real: ByteArray, shuffles: Sequence[ByteArray], period: Periodicity) -> Calibration:
    """Return the calibration of a period's strength, real elements against their shuffles."""
    edges = np.linspace(0.0, 8.0, 65)
    centres = (edges[:-1] + edges[1:]) / 2
    found = np.histogram(np.minimum(period.strength(real), 7.99), edges)[0].astype(np.float64)
    null = sum(np.histogram(np.minimum(period.strength(codes), 7.99), edges)[0] for codes in shuffles)
    return calibrate(found, np.asarray(null, dtype=np.float64), len(shuffles), centres, rare=False)


def build_reader(
    codes: ByteArray,
    background: Background,
    motifs: Sequence[int],
    pwms: Sequence[NDArray[np.float64]],
    rng: np.random.Generator,
    *,
    n_shuffles: int = 2,
    spaced: Sequence[Spaced] | None = None,
) -> SideReader:
    """Return the calibrated reader of one side.

    Parameters
    ----------
    codes
        (N, L) uint8 distinct elements.
    motifs, pwms
        Numbers in the dictionary's motif set, and the matrices.
    spaced
        Spacings to read; found here when ``None``.
    """
    shuffles = [dinucleotide_shuffle(codes, rng) for _ in range(n_shuffles)]
    singles = site_calibrations(codes, shuffles, background, pwms)
    if spaced is None:
        spaced = confident_hits(codes, background, pwms, singles) if pwms else []
    both = site_calibrations(codes, shuffles, background, pwms, spaced) if spaced else singles
    periods = find_periods(codes, shuffles[0], shuffles[1])
    return SideReader(
        background,
        tuple(motifs),
        tuple(pwms),
        tuple(both[: len(pwms)]),
        tuple(spaced),
        tuple(both[len(pwms) :]),
        tuple(periods),
        tuple(period_calibration(codes, shuffles, period) for period in periods),
    )
