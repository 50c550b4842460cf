"""Coefficients of position tracks: chosen Fourier coefficients, and energies of orthonormal wavelet bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from metabam.records import FloatArray

_ROOT3 = 3.0**0.5
LOW_PASS: dict[str, tuple[float, ...]] = {
    "haar": (0.5**0.5, 0.5**0.5),
    "db2": tuple(tap / (4.0 * 2.0**0.5) for tap in (1.0 + _ROOT3, 3.0 + _ROOT3, 3.0 - _ROOT3, 1.0 - _ROOT3)),
}
"""Scaling filters of the two wavelets (db2: doi:10.1002/cpa.3160410705)."""


def fourier_coefficients(track: FloatArray, periods: Sequence[float], step: float) -> NDArray[np.float32]:
    """Return real and imaginary part of each channel at each period, (N, C, F, 2): linear in the track.

    ``X(f) = P^-1/2 sum_n (x_n - mean x) exp(-2 pi i n step / period)``; the mean is taken off so that a period that
    does not divide the window sees nothing of a constant.

    Parameters
    ----------
    track
        (N, P, C).
    periods
        bp, each above two steps.
    step
        bp per position.
    """
    n_places = track.shape[1]
    phase = 2.0 * np.pi * np.outer(step / np.asarray(periods, dtype=np.float64), np.arange(n_places))
    waves = np.stack([np.cos(phase), -np.sin(phase)], axis=1).reshape(-1, n_places) / n_places**0.5
    waves = waves - waves.mean(axis=1, keepdims=True)  # the same as taking the mean off the track
    out = np.einsum("wp,npc->ncw", waves.astype(np.float32), track, optimize=True)
    return np.ascontiguousarray(out.reshape(len(track), track.shape[2], len(periods), 2), dtype=np.float32)


def band_coefficients(track: FloatArray, wavelet: Literal["haar", "db2"], levels: int) -> list[NDArray[np.float32]]:
    """Return the wavelet coefficients of each band, fine to broad, the smooth rest last: (N, P_b, C) each.

    The track is padded with zeros to a multiple of 2^levels and closed to a ring; the transform is orthonormal, so the
    coefficients' squares sum to the track's.
    """
    low = np.asarray(LOW_PASS[wavelet], dtype=np.float32)
    high = low[::-1] * np.where(np.arange(len(low)) % 2, -1.0, 1.0).astype(np.float32)
    missing = -track.shape[1] % 2**levels
    smooth = np.pad(track, ((0, 0), (0, missing), (0, 0))).astype(np.float32)
    bands = []
    for _ in range(levels):
        size = smooth.shape[1]
        places = [(2 * np.arange(size // 2) + tap) % size for tap in range(len(low))]
        taps = smooth[:, np.stack(places)]  # (N, taps, P / 2, C)
        bands.append(np.einsum("t,ntpc->npc", high, taps))
        smooth = np.einsum("t,ntpc->npc", low, taps)
    return [*bands, smooth]


def band_energies(track: FloatArray, wavelet: Literal["haar", "db2"], levels: int) -> NDArray[np.float32]:
    """Return each channel's mean power per position in each band, (N, C, levels + 1); sums to its mean square."""
    bands = [np.square(band).sum(axis=1) for band in band_coefficients(track, wavelet, levels)]
    return np.asarray(np.stack(bands, axis=2) / track.shape[1], dtype=np.float32)


def band_edges(levels: int, step: float) -> tuple[tuple[float, float], ...]:
    """Return the wavelengths (from, to) in bp of each band, fine to broad; the last one is open."""
    return (
        *((step * 2.0**j, step * 2.0 ** (j + 1)) for j in range(1, levels + 1)),
        (step * 2.0 ** (levels + 1), np.inf),
    )
