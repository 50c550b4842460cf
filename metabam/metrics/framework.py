"""Metrics of the expert framework (s6): disentanglement of a code, generalisation gap, adaptation efficiency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metabam.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Disentanglement:
    """D, C and I of a code by Eastwood and Williams (ICLR 2018), larger is better; ``None`` where undefined.

    ``disentanglement`` and ``completeness`` in [0, 1]; ``informativeness`` = 1 - normalised error, 1 for factors read
    off exactly, 0 for no better than their mean (it may be negative); ``importance`` (C, F) of code i for factor j.
    """

    disentanglement: float | None
    completeness: float | None
    informativeness: float | None
    importance: Array


def dci_of(importance: ArrayLike) -> tuple[float | None, float | None]:
    """Return disentanglement and completeness of an importance matrix R (C, F) >= 0; ``None`` where R is all zero.

    ``P_ij = R_ij / sum_j R_ij``, ``D_i = 1 - H_F(P_i.)``, ``D = sum_i rho_i D_i`` with rho_i code i's share of all
    importance; ``Q_ij = R_ij / sum_i R_ij``, ``C_j = 1 - H_C(Q_.j)``, ``C`` = mean over factors (0 for a factor that
    no code carries). Entropies have base F and C.

    Raises
    ------
    InputError
        ``dci-shape``: fewer than two codes or two factors (entropies of base 1 do not exist), or a negative entry.
    """
    table = np.asarray(importance, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2 or not np.isfinite(table).all() or (table < 0.0).any():
        raise InputError(
            "dci-shape",
            f"importance of shape {table.shape} must be finite, >= 0, with two codes and two factors or more.",
            "Disentanglement means nothing for a single factor.",
        )
    if not table.sum() > 0.0:
        return None, None
    per_code, per_factor = _focus(table), _focus(table.T)
    return float(table.sum(1) / table.sum() @ per_code), float(per_factor.mean())


def _focus(table: Array) -> Array:
    """Return 1 - entropy (base: columns) of each row, normalised to sum 1; 0 for a row of zeros."""
    total = table.sum(1, keepdims=True)
    share = np.divide(table, total, out=np.full_like(table, 1.0 / table.shape[1]), where=total > 0.0)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0.0)
    return np.asarray(1.0 + (share * logs).sum(1) / np.log(table.shape[1]))


def disentanglement(codes: ArrayLike, factors: ArrayLike, *, seed: int = 0) -> Disentanglement:
    """Return how well single codes stand for single known factors (metabam/MODEL.md section 5).

    Lasso regressions (penalty by cross-validation) of each standardised factor on the standardised codes, fitted on a
    random half of the rows: importance R_ij = |coefficient|, D and C by :func:`dci_of`. Informativeness is judged on
    the other half: ``I = mean_j (1 - sqrt(mean (f_j - prediction)^2) / sd(f_j))``. The document's own DCI formula is
    not used: it gives -0.72 for an independent code and 0.18 for a perfect one.

    Parameters
    ----------
    codes, factors
        (N, C) and (N, F), N >= 20, C >= 2, F >= 2. Constant codes carry nothing.
    seed
        Fixes the halves.

    Raises
    ------
    InputError
        ``dci-shape`` (shapes, too few rows, codes or factors, values that are not finite) or ``dci-constant``.
    """
    from sklearn.linear_model import LassoCV

    x, y = np.asarray(codes, dtype=np.float64), np.asarray(factors, dtype=np.float64)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or len(x) < 20 or min(x.shape[1], y.shape[1]) < 2:
        raise InputError(
            "dci-shape",
            f"codes {x.shape} and factors {y.shape} must share 20 rows or more and have two columns each or more.",
            "Disentanglement means nothing for a single factor.",
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError("dci-shape", "codes and factors must be finite.", "Leave out the rows that are not.")
    rows = np.random.default_rng(seed).permutation(len(x))
    fit, judge = rows[: len(x) // 2], rows[len(x) // 2 :]
    if min(y[fit].std(0).min(), y[judge].std(0).min()) <= 0.0:
        raise InputError("dci-constant", "a factor takes one value only.", "Leave it out.")
    scale = x[fit].std(0)
    x = (x - x[fit].mean(0)) / np.where(scale > 0.0, scale, 1.0)
    importance, quality = np.zeros((x.shape[1], y.shape[1])), np.zeros(y.shape[1])
    for at, factor in enumerate(y.T):
        target = (factor - factor[fit].mean()) / factor[fit].std()
        model = LassoCV(cv=5, alphas=20, max_iter=20_000, tol=1e-3).fit(x[fit], target[fit])
        importance[:, at] = np.abs(model.coef_)
        error = np.sqrt(np.mean((target[judge] - model.predict(x[judge])) ** 2))
        quality[at] = 1.0 - error / target[judge].std()
    return Disentanglement(*dci_of(importance), float(quality.mean()), importance)


def generalisation_gap(seen: Sequence[float], unseen: Sequence[float]) -> float | None:
    """Return ``mean(seen) - mean(unseen)`` of a metric over lines; ``None`` if either is empty. 0 is best."""
    return float(np.mean(seen) - np.mean(unseen)) if len(seen) and len(unseen) else None


def adaptation_efficiency(adapted: Sequence[float], zero_shot: Sequence[float], shots: int) -> float | None:
    """Return ``(mean(adapted) - mean(zero_shot)) / S``: what one labelled pair of a new line buys in a metric.

    ``None`` if either list is empty. Compare learners at the same S only: gains are not linear in S.

    Raises
    ------
    InputError
        ``efficiency-shots``: ``shots`` < 1.
    """
    if shots < 1:
        raise InputError("efficiency-shots", f"{shots} labelled pairs buy nothing.", "Give the support size, >= 1.")
    return float(np.mean(adapted) - np.mean(zero_shot)) / shots if len(adapted) and len(zero_shot) else None
