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


@dataclass(frozen=True, slots=True)
class NoveltyRecord:
    """Distances to the nearest training pair in pair features, each feature in training standard deviations (RMS).

    ``reference`` (R,) ascending: of training pairs, to the nearest one that shares no element with them; ``support``
    (S,) and ``queries`` (Q',) of the user's pairs; ``*_percentile`` in [0, 100] the share of the reference that is
    nearer, NaN where there is no reference; ``query_rows`` (Q',) which of the ``query_total`` usable queries were
    measured; ``training_total`` all training pairs.
    """

    reference: NDArray[np.float64]
    support: NDArray[np.float64]
    support_percentile: NDArray[np.float64]
    queries: NDArray[np.float64]
    query_percentile: NDArray[np.float64]
    query_rows: IntArray
    training_total: int
    query_total: int

    @property
    def edge(self) -> float:
        """Return the distance that 95 % of training pairs stay within; NaN without a reference."""
        return float(np.quantile(self.reference, 0.95)) if len(self.reference) else float("nan")

    def beyond(self, distances: NDArray[np.float64]) -> int:
        """Return how many distances lie beyond the edge."""
        return int(np.sum(distances > self.edge))

    @property
    def outside(self) -> bool:
        """Return whether more than a quarter of the support lies beyond the edge, where 5 % is expected.

        At 16 pairs that is 5 or more, which training pairs would reach with probability 0.009.
        """
        return bool(len(self.support)) and self.beyond(self.support) > 0.25 * len(self.support)
