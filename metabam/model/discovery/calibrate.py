"""From PWM scores to P(site): local false discovery rate against dinucleotide shuffles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

SLOPE_PRECISION = 10.0
"""Half the prior precision of the log slope: a PWM and a background that are right have slope 1."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """P(site | score) = o / (rest + o) with o = exp(slope * score + intercept).

    ``o`` is the density of true sites and ``rest`` that of everything else, both relative to the shuffles; ``rest``
    is 1 where sites are rare.
    """

    slope: float
    intercept: float
    rest: float = 1.0

    def log_odds(self, score: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return log P / (1 - P), same shape."""
        return np.asarray(score * np.float32(self.slope) + np.float32(self.intercept - np.log(self.rest)))

    def probability(self, score: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return P(site), same shape, in [0, 1]."""
        return np.asarray(expit(self.log_odds(score)))


def calibrate(
    real: NDArray[np.float64], null: NDArray[np.float64], ratio: float, centres: NDArray[np.float64], *, rare: bool
) -> Calibration:
    """Return the calibration whose excess of real over shuffled scores has the largest likelihood.

    In a bin of score s the real elements hold ``rest + exp(slope s + intercept)`` times the shuffles' share; given
    both counts, the real one is binomial.

    Parameters
    ----------
    real, null
        Counts of scores by bin, (n,).
    ratio
        How many shuffles stand behind ``null``.
    centres
        Score at the middle of each bin, (n,).
    rare
        Whether ``rest`` is held at 1 (scores of positions); it is fitted otherwise (scores of whole elements).
    """
    used = (real + null) > 0
    r, s, x = real[used], null[used], centres[used]
    if not len(x) or real.sum() == 0:
        return Calibration(1.0, -50.0)

    def loss(theta: NDArray[np.float64]) -> float:
        rest = 1.0 if rare else expit(theta[2])
        excess = np.log(rest + np.exp(np.clip(np.exp(theta[0]) * (x - theta[1]), -60, 40)))
        total = np.logaddexp(excess, np.log(ratio))
        value = -(r * (excess - total) + s * (np.log(ratio) - total)).sum() + SLOPE_PRECISION * theta[0] ** 2
        return float(value + (0.0 if rare else 0.5 * (theta[2] - 1.0) ** 2))

    starts = [np.array([0.0, level, 1.0][: 2 if rare else 3]) for level in np.quantile(x, (0.2, 0.45, 0.7))]
    options = {"maxiter": 600, "xatol": 1e-4, "fatol": 1e-3}
    fits = [minimize(loss, start, method="Nelder-Mead", options=options) for start in starts]
    best = min(fits, key=lambda fit: float(fit.fun)).x
    slope = float(np.exp(best[0]))
    return Calibration(slope, -slope * float(best[1]), 1.0 if rare else float(expit(best[2])))


def noisy_or(log_odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return P(at least one site) from the log-odds of each position, over the last axis: 1 - prod(1 - P)."""
    free = -np.logaddexp(np.float32(0), log_odds).sum(axis=-1, dtype=np.float32)
    return np.asarray(-np.expm1(free), dtype=np.float32)
