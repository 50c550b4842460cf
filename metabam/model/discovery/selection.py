"""Which codes and enhancer x promoter products the training lines' labels need: forward selection by score tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import chi2

from metabam.records import FloatArray

Float = NDArray[np.float64]


def fit_head(design: Float, labels: Float, weights: Float, ridge: float = 1.0, steps: int = 8) -> Float:
    """Return logistic weights (columns,) by damped Newton from ``weights``; the first column (intercept) is free."""
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 1e-6

    def loss(beta: Float) -> float:
        z = design @ beta
        return float((np.logaddexp(0.0, z) - labels * z).sum() + 0.5 * (penalty * beta**2).sum())

    now = loss(weights)
    for _ in range(steps):
        p = expit(design @ weights)
        gradient = design.T @ (p - labels) + penalty * weights
        hessian = (design * (p * (1 - p))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-3 and loss(weights - size * step) > now + 1e-9:
            size /= 2
        weights = weights - size * step
        before, now = now, loss(weights)
        if before - now < 1e-6:
            break
    return weights


def score_statistics(
    columns: Sequence[FloatArray], designs: Sequence[Float], labels: Sequence[Float], heads: Sequence[Float]
) -> Float:
    """Return Rao's score statistic of every candidate column, summed over lines, (C,).

    For each line: ``U^2 / I`` with ``U = x' (y - p)`` and ``I`` the information of x left over by the design.
    """
    total = np.zeros(columns[0].shape[1])
    for x, z, y, beta in zip(columns, designs, labels, heads, strict=True):
        p = expit(z @ beta)
        w = p * (1 - p)
        score = x.T @ (y - p).astype(np.float32)
        wz = z * w[:, None]
        cross = (x.T @ wz.astype(np.float32)).astype(np.float64)
        own = (x * x).T @ w.astype(np.float32)
        inside = np.linalg.solve(z.T @ wz + 1e-6 * np.eye(z.shape[1]), cross.T)
        left = own - (cross * inside.T).sum(axis=1)
        total += np.where(left > 1e-3 * own + 1e-9, score.astype(np.float64) ** 2 / np.maximum(left, 1e-9), 0.0)
    return total


def forward_selection(
    columns: Sequence[FloatArray], labels: Sequence[NDArray[np.int8]], limit: int, level: float = 0.05
) -> tuple[list[int], list[float]]:
    """Return the candidates chosen and the score statistic each had when it was chosen.

    One logistic head per line on the chosen columns; the candidate with the largest summed score statistic joins,
    until ``limit`` or until none passes ``level`` after Bonferroni. Columns that later ones made superfluous leave.

    Parameters
    ----------
    columns
        For each line, standardised candidates (n_l, C) float32.
    labels
        For each line, (n_l,) in {0, 1}.
    """
    n_lines, n_candidates = len(columns), columns[0].shape[1]
    targets = [np.asarray(y, dtype=np.float64) for y in labels]
    threshold = float(chi2.isf(level / max(1, n_candidates), n_lines))
    chosen: list[int] = []
    gains: list[float] = []
    barred: set[int] = set()
    designs = [np.ones((len(y), 1)) for y in targets]
    heads = [fit_head(z, y, np.zeros(1)) for z, y in zip(designs, targets, strict=True)]
    while len(chosen) < limit:
        statistic = score_statistics(columns, designs, targets, heads)
        statistic[[*chosen, *barred]] = -1.0
        best = int(statistic.argmax())
        if statistic[best] < threshold:
            break
        chosen.append(best)
        gains.append(float(statistic[best]))
        designs = [np.column_stack([z, x[:, best]]).astype(np.float64) for z, x in zip(designs, columns, strict=True)]
        heads = [fit_head(z, y, np.append(b, 0.0)) for z, y, b in zip(designs, targets, heads, strict=True)]
        worst, value = _weakest(designs, targets, heads)
        if value < 0.5 * threshold and worst != len(chosen) - 1:
            barred.add(chosen.pop(worst))
            gains.pop(worst)
            designs = [np.delete(z, worst + 1, axis=1) for z in designs]
            heads = [fit_head(z, y, np.delete(b, worst + 1)) for z, y, b in zip(designs, targets, heads, strict=True)]
    return chosen, gains


def _weakest(designs: Sequence[Float], labels: Sequence[Float], heads: Sequence[Float]) -> tuple[int, float]:
    """Return the chosen column of the smallest Wald statistic summed over lines, and that statistic."""
    total = np.zeros(designs[0].shape[1])
    for z, _, beta in zip(designs, labels, heads, strict=True):
        p = expit(z @ beta)
        cov = np.linalg.inv((z * (p * (1 - p))[:, None]).T @ z + 1e-3 * np.eye(z.shape[1]))
        total += beta**2 / np.diag(cov)
    worst = int(total[1:].argmin())
    return worst, float(total[1:][worst])
