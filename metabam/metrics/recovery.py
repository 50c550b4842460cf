"""Which atom is which planted mechanism: one-to-one matching by |r|, and whether gates have the true sign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from metabam.records import IntArray

Array = NDArray[np.float64]
MATCHED = 0.7
STRONG_GATE = 0.3


@dataclass(frozen=True, slots=True)
class Recovery:
    """One-to-one matching of atoms to M mechanisms: ``atom`` (M,), signed ``r`` (M,) of its states with the activity.

    ``matched`` (M,) bool: |r| >= 0.7, or within 0.03 of the ceiling where that is lower.
    """

    atom: IntArray
    r: Array
    matched: NDArray[np.bool_]


def recover(states: NDArray[np.float64], activities: NDArray[np.float64], ceiling: Array | None = None) -> Recovery:
    """Return the matching of atoms (N, K) to true activities (N, M) that maximises the sum of |r|, one atom each.

    Parameters
    ----------
    states, activities
        One row per DISTINCT pair. A constant column correlates with nothing. With K < M some mechanisms stay without
        an atom (``atom`` -1, r = 0).
    ceiling
        (M,) |r| that features made from the truth reach, where known.
    """
    r = np.nan_to_num(standardised(states).T @ standardised(activities) / len(states))
    rows, columns = linear_sum_assignment(-np.abs(r))
    atom = np.full(activities.shape[1], -1, dtype=np.int64)
    atom[columns] = rows
    value = np.where(atom >= 0, r[atom, np.arange(len(atom))], 0.0)
    bar = np.full(len(atom), MATCHED) if ceiling is None else np.minimum(MATCHED, ceiling - 0.03)
    return Recovery(atom, value, (atom >= 0) & (np.abs(value) >= bar))


def gate_signs(recovery: Recovery, spectrum: Array, gates: Array) -> tuple[float | None, int]:
    """Return the share of matched atoms whose gate has the true sign, and how many were judged.

    ``spectrum`` (K,) are the atoms' gates, ``gates`` (M,) the line's true ones; judged are matched mechanisms with
    |gate| > 0.3, and the atom's gate counts times the sign of its r (metabam/MODEL.md).
    """
    judged = recovery.matched & (np.abs(gates) > STRONG_GATE)
    if not judged.any():
        return None, 0
    said = spectrum[recovery.atom[judged]] * np.sign(recovery.r[judged])
    return float(np.mean(np.sign(said) == np.sign(gates[judged]))), int(judged.sum())


def standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return columns with mean 0 and variance 1; constant columns become 0."""
    centred = values - values.mean(axis=0)
    deviation = centred.std(axis=0)
    return np.where(deviation > 1e-12, centred / np.where(deviation > 1e-12, deviation, 1.0), 0.0)
