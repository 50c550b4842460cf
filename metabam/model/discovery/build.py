"""Calibrating one side's motifs, spaced pairs and periods against its shuffles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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


def site_calibrations(
    real: ByteArray, shuffles: Sequence[ByteArray], background: Background, pwms: Sequence[NDArray[np.float64]]
) -> list[Calibration]:
    """Return the calibration of each motif's position scores, real elements against their shuffles."""
    counts = []
    for codes in (real, *shuffles):
        total = np.zeros((len(pwms), len(_CENTRES)))
        for _, response in strand_scores(codes, background.surprise(codes), pwms):
            best = response.amax(dim=1).numpy()
            for index in range(len(pwms)):
                total[index] += _histogram(best[:, index])
        counts.append(total)
    null = sum(counts[1:])
    return [
        calibrate(r, n, len(shuffles), _CENTRES, rare=True) for r, n in zip(counts[0], np.asarray(null), strict=True)
    ]


def spaced_calibrations(
    real: ByteArray,
    background: Background,
    pwms: Sequence[NDArray[np.float64]],
    singles: Sequence[Calibration],
    spaced: Sequence[Spaced],
) -> list[Calibration]:
    """Return the calibration of each spaced pair: scores at its gap against those at other gaps of the SAME elements.

    Shuffles would not do: real elements hold the parts alone, which shuffles do not.
    """
    widths = [len(pwm) for pwm in pwms]
    taken = {(pair.first, pair.first_strand, pair.second, pair.second_strand, pair.gap) for pair in spaced}
    at_gap = np.zeros((len(spaced), len(_CENTRES)))
    elsewhere = np.zeros((len(spaced), len(_CENTRES)))
    controls: list[list[Spaced]] = []
    for pair in spaced:
        near = [pair.gap + step for step in (-9, -7, -5, -3, 3, 5, 7, 9, 11, 13)]
        others = [replace(pair, gap=gap) for gap in near if gap >= 0]
        controls.append([
            o for o in others if (o.first, o.first_strand, o.second, o.second_strand, o.gap) not in taken
        ][:6])  # fmt: skip
    for _, response in strand_scores(real, background.surprise(real), pwms):
        table = response.numpy()
        for index, pair in enumerate(spaced):
            at_gap[index] += _histogram(spaced_scores(table, pair, widths, singles))
            for other in controls[index]:
                elsewhere[index] += _histogram(spaced_scores(table, other, widths, singles))
    return [calibrate(r, n, len(c), _CENTRES, rare=True) for r, n, c in zip(at_gap, elsewhere, controls, strict=True)]


def spacings_in(
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
    singles = site_calibrations(codes, shuffles, background, pwms) if pwms else []
    if spaced is None:
        spaced = spacings_in(codes, background, pwms, singles) if pwms else []
    joint = spaced_calibrations(codes, background, pwms, singles, spaced) if spaced else []
    periods = find_periods(codes, shuffles[0], shuffles[1])
    return SideReader(
        background,
        tuple(motifs),
        tuple(pwms),
        tuple(singles),
        tuple(spaced),
        tuple(joint),
        tuple(periods),
        tuple(period_calibration(codes, shuffles, period) for period in periods),
    )
