"""How much of a pair's logit no feature holds: overdispersion, read off pairs that share an element.

Two pairs of one line that share an enhancer share whatever DNA features missed about it. Given fitted probabilities
p_i, residuals r_i = y_i - p_i of such pairs are correlated by it and by nothing else, because labels are drawn one by
one: a moment estimate that needs neither truth nor a second label of the same pair
(doi:10.1093/biomet/73.1.13, moment equations for clustered binary data).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from metabam.learners.hierarchical import line_fits
from metabam.learners.logistic import Standardiser
from metabam.records import LabelledContext

Array = NDArray[np.float64]
_MOST = 1.8  # of the apparent variance: v = 6.1; the estimate has a pole at 8 / pi
_MOST_FACTOR = 3.0


@dataclass(frozen=True, slots=True)
class _Residuals:
    """One line: ``enhancer`` and ``promoter`` (N,) identities, ``r`` = y - p and ``s`` = p (1 - p), (N,)."""

    enhancer: NDArray[np.int64]
    promoter: NDArray[np.int64]
    r: Array
    s: Array


def element_variance(contexts: Sequence[LabelledContext], plain: Sequence[LabelledContext] | None = None) -> float:
    """Return the variance, in logits squared, that elements give a pair beyond its features; 0 where none is seen.

    Parameters
    ----------
    contexts
        Training contexts with the features (N, K) that predictions are linear in.
    plain
        The same pairs with nothing recalled of their elements, where ``contexts`` have that; from them comes how much
        more two lines agree on the SAME pair than on its enhancer and promoter apart: what belongs to the pair alone.

    Notes
    -----
    With A the residuals' covariance over sharing pairs in units of s_i s_j (enhancers + promoters), the slope of a
    probability that averages over variance v is p (1 - p) / sqrt(1 + pi v / 8), so v = A / (1 - pi A / 8).
    """
    shared = _apparent(_residuals(contexts))
    apparent = min(max(shared, 0.0) * _pair_factor(_residuals(plain or contexts)), _MOST)
    return float(apparent / (1.0 - np.pi * apparent / 8.0))


def _residuals(contexts: Sequence[LabelledContext]) -> list[_Residuals]:
    standardiser = Standardiser.of(contexts)
    fits, _ = line_fits(contexts, standardiser)
    found = []
    for context, weights in zip(contexts, fits, strict=True):
        p = expit(standardiser.design(context.features) @ weights)
        found.append(_Residuals(context.enhancer, context.promoter, context.labels - p, p * (1.0 - p)))
    return found


def _apparent(lines: Sequence[_Residuals]) -> float:
    """Return A: covariance over pairs of a line that share an enhancer, plus the same for promoters."""
    total = 0.0
    for key in _SIDES:
        above, below = 0.0, 0.0
        for line in lines:
            _, group = np.unique(key(line), return_inverse=True)
            above += _distinct(np.bincount(group, line.r), line.r)
            below += _distinct(np.bincount(group, line.s), line.s)
        total += above / below if below > 0 else 0.0
    return total


def _distinct(sums: NDArray[Any], values: Array) -> float:
    """Return the sum over ordered couples of different members of a group."""
    return float(np.sum(sums**2) - np.sum(values**2))


def _pair_factor(lines: Sequence[_Residuals]) -> float:
    """Return how many times what two lines share of a pair exceeds what they share of its elements, in [1, 3].

    Regression through the origin over couples of lines: lines may agree or disagree, the ratio is the same.
    """
    same, apart = [], []
    for one, other in combinations(lines, 2):
        _, index = np.unique(
            np.stack([np.concatenate([one.enhancer, other.enhancer]), np.concatenate([one.promoter, other.promoter])]),
            axis=1, return_inverse=True,
        )  # fmt: skip
        index = np.ravel(index)
        whole = _crossed(index[: len(one.r)], index[len(one.r) :], one, other)
        if whole[1] <= 0:
            continue
        sides = 0.0
        for key in _SIDES:
            _, group = np.unique(np.concatenate([key(one), key(other)]), return_inverse=True)
            above, below = _crossed(group[: len(one.r)], group[len(one.r) :], one, other)
            sides += (above - whole[0]) / (below - whole[1]) if below > whole[1] else 0.0
        same.append(whole[0] / whole[1])
        apart.append(sides)
    scale = float(np.square(apart).sum())
    return float(np.clip(np.dot(same, apart) / scale, 1.0, _MOST_FACTOR)) if scale > 0 else 1.0


def _crossed(
    first: NDArray[np.int64], second: NDArray[np.int64], one: _Residuals, other: _Residuals
) -> tuple[float, float]:
    """Return the sums of r r' and s s' over couples of one line's and the other's pairs in the same group."""
    size = int(max(first.max(initial=0), second.max(initial=0))) + 1
    r = np.bincount(first, one.r, size) @ np.bincount(second, other.r, size)
    s = np.bincount(first, one.s, size) @ np.bincount(second, other.s, size)
    return float(r), float(s)


_SIDES: tuple[Callable[[_Residuals], NDArray[np.int64]], ...] = (lambda line: line.enhancer, lambda line: line.promoter)
