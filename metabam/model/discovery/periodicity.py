"""Sequence periods without a motif: dinucleotide tracks by frequency, against dinucleotide shuffles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from metabam.records import ByteArray

Complex = NDArray[np.complex64]


@dataclass(frozen=True, slots=True)
class Periodicity:
    """A period that elements keep: ``loading`` (16,) complex64 weighs the dinucleotides AA, AC, ..., TT at it.

    ``scale`` is the mean power of shuffled elements; ``z`` how far the real ones stand out.
    """

    period: float
    loading: Complex
    scale: float
    z: float = 0.0

    def strength(self, codes: ByteArray) -> NDArray[np.float32]:
        """Return the amplitude at the period relative to the shuffles' root mean square, (N,) float32."""
        coefficients = fourier(codes, np.array([1.0 / self.period]))[:, :, 0]
        power = np.abs(coefficients @ self.loading.conj()) ** 2
        return np.asarray(np.sqrt(power / self.scale), dtype=np.float32)


def fourier(codes: ByteArray, frequencies: NDArray[np.float64]) -> Complex:
    """Return the Fourier coefficients of the 16 dinucleotide indicators, (N, 16, F) complex64, per square root of bp.

    ``frequencies`` (F,) are in cycles per bp. Steps that hold an N count for nothing.
    """
    n, length = codes.shape
    phase = 2 * np.pi * np.outer(np.arange(length - 1), frequencies)
    waves = np.concatenate([np.cos(phase), -np.sin(phase)], axis=1).astype(np.float32) / np.float32(np.sqrt(length))
    out = np.empty((n, 16, len(frequencies)), dtype=np.complex64)
    for start in range(0, n, 500):
        part = codes[start : start + 500]
        step = np.where((part[:, :-1] < 4) & (part[:, 1:] < 4), part[:, :-1] * 4 + part[:, 1:], 16)
        hot = (step[:, None, :] == np.arange(16, dtype=step.dtype)[None, :, None]).astype(np.float32)
        hot -= hot.mean(axis=2, keepdims=True)
        both = hot.reshape(-1, length - 1) @ waves
        both = both.reshape(len(part), 16, 2, len(frequencies))
        out[start : start + 500] = both[:, :, 0] + 1j * both[:, :, 1]
    return out


def covariances(coefficients: Complex) -> NDArray[np.complex128]:
    """Return the mean outer product of the 16 coefficients at each frequency, (F, 16, 16)."""
    return np.asarray(
        np.einsum("nif,njf->fij", coefficients, coefficients.conj()) / len(coefficients), dtype=np.complex128
    )


def find_periods(
    real: ByteArray,
    null: ByteArray,
    check: ByteArray,
    *,
    shortest: float = 4.5,
    longest: float = 40.0,
    limit: int = 2,
    min_z: float = 8.0,
    most: int = 2_000,
) -> list[Periodicity]:
    """Return the periods at which real elements stand out of their shuffles, most striking first.

    At each frequency the dinucleotides are weighed so that the real power is largest against the power of the
    shuffles ``null`` (a generalised eigenvector); the second set of shuffles, ``check``, says what chance reaches.
    All three are (N, L) uint8. Periods closer than the resolution 1 / L to one already taken are left out.
    """
    length = real.shape[1]
    frequencies = np.arange(1.0 / longest, 1.0 / shortest, 0.5 / length)
    real_c, null_c, check_c = (covariances(fourier(codes[:most], frequencies)) for codes in (real, null, check))
    ridge = 1e-3 * np.eye(16)
    gain, loadings, chance = [], [], []
    for index in range(len(frequencies)):
        floor = null_c[index] + ridge * np.trace(null_c[index]).real / 16
        values, vectors = scipy.linalg.eigh(real_c[index], floor)
        gain.append(values[-1])
        loadings.append(vectors[:, -1])
        chance.append(scipy.linalg.eigh(check_c[index], floor, eigvals_only=True)[-1])
    gains, null_gains = np.array(gain), np.array(chance)
    z = (gains - np.median(null_gains)) / (null_gains.std() + 1e-9)
    found: list[Periodicity] = []
    for index in np.argsort(-z):
        if z[index] < min_z or len(found) >= limit:
            break
        if any(abs(frequencies[index] - 1.0 / other.period) < 2.0 / length for other in found):
            continue
        loading = loadings[index].astype(np.complex64)
        scale = float((loading.conj() @ null_c[index] @ loading).real)
        found.append(Periodicity(float(1.0 / frequencies[index]), loading, scale, float(z[index])))
    return found
