"""What probes answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metabam.records.arrays import IntArray


@dataclass(frozen=True, slots=True)
class SpectrumRecord:
    """Singular values of the atoms V (K, D), raw and row-normalised, beside Gaussian matrices of the same shape.

    ``singular`` and ``singular_normalised`` (min(K, D),) descending; ``null_low``, ``null_high`` the 5 and 95 %
    band of sigma_i / sigma_1 of
    ``null_draws`` Gaussian matrices; ``effective_rank`` = exp(entropy of sigma / sum sigma); ``stable_rank`` =
    ||V||_F^2 / ||V||_2^2; ``cosines`` (K, K).
    """

    singular: NDArray[np.float64]
    singular_normalised: NDArray[np.float64]
    null_low: NDArray[np.float64]
    null_high: NDArray[np.float64]
    null_draws: int
    effective_rank: float
    effective_rank_normalised: float
    stable_rank: float
    max_rank: int
    cosines: NDArray[np.float64]
    max_cosine: float
    mean_cosine: float
    step: int = -1


@dataclass(frozen=True, slots=True)
class ConvergenceRecord:
    """Posterior, gates and support log-likelihood from 1 to S shots over random orders of one support.

    ``shots`` (n,); ``std`` (orders, n, Z); ``spectrum`` (orders, n, K); ``log_likelihood`` (orders, n) of the WHOLE
    support in nats.
    """

    shots: IntArray
    std: NDArray[np.float64]
    spectrum: NDArray[np.float64]
    log_likelihood: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DecodingRecord:
    """How well the true activity of each of M planted mechanisms is read off the pair features; arrays (M,).

    ``best_r`` the largest |correlation| of one feature, ``best_sign`` its sign, ``best_feature`` its column;
    ``linear_r`` and ``linear_auroc`` of a cross-validated linear read-out of all features (NaN where undefined).
    """

    names: tuple[str, ...]
    best_r: NDArray[np.float64]
    best_sign: NDArray[np.float64]
    best_feature: IntArray
    linear_r: NDArray[np.float64]
    linear_auroc: NDArray[np.float64]
