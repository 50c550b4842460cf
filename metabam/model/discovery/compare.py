"""How alike two PWMs are, whatever their shift and strand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def reverse_complement_pwm(pwm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the PWM (w, 4) read on the other strand."""
    return pwm[::-1, ::-1]


def pwm_cosine(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the largest cosine of two PWMs over shifts and strands, in [-1, 1].

    Columns are centred at the uniform 1/4, so that an uninformative column adds nothing; columns without a partner
    count in the norm.
    """
    a = np.asarray(first) - 0.25
    norm = float(np.linalg.norm(a) * np.linalg.norm(np.asarray(second) - 0.25))
    if norm == 0.0:
        return 0.0
    best = -1.0
    for b in (np.asarray(second) - 0.25, reverse_complement_pwm(np.asarray(second)) - 0.25):
        products = a @ b.T
        for shift in range(-len(a) + 1, len(b)):
            best = max(best, float(np.trace(products, offset=shift)) / norm)
    return best


def cosine_table(first: Sequence[NDArray[np.float64]], second: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return :func:`pwm_cosine` of every pair, (len(first), len(second))."""
    return np.array([[pwm_cosine(a, b) for b in second] for a in first]).reshape(len(first), len(second))


def information(pwm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each column's information in bits against the uniform background, (w,) in [0, 2]."""
    return np.asarray(2.0 + (pwm * np.log2(np.maximum(pwm, 1e-12))).sum(axis=1))
