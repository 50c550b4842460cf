"""Virtual cell lines: tasks that no training line is, made from the training lines' own label functions.

Five cell lines are five points; a learner that sees only them memorises them and is worse than logistic regression on
sixteen labels. Most training episodes therefore get their labels from a label function that is drawn afresh: a random
mixture of the training lines' heads, a random exemplar, or a head with its polarity flipped. Only heads and features
of training lines enter; nothing here ever sees a held-out line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from metabam.errors import ConfigError

Float64Array = NDArray[np.float64]
MODES = ("mixture", "exemplar", "flip", "real")
_REACH = 6.0  # logits; sigmoid(-6) < 0.01 and sigmoid(6) > 0.99


@dataclass(frozen=True, slots=True)
class VirtualMix:
    """How often each kind of episode is drawn; what is left to 1 are real episodes."""

    mixture: float = 0.60
    exemplar: float = 0.15
    flip: float = 0.10

    def draw(self, rng: np.random.Generator) -> str:
        """Return one of ``mixture | exemplar | flip | real``."""
        share = (self.mixture, self.exemplar, self.flip)
        return MODES[int(np.searchsorted(np.cumsum(share), rng.random(), side="right"))]


class VirtualLines:
    """Draws label functions ``x -> design(x) . theta + b`` of cell lines that do not exist.

    Parameters
    ----------
    heads
        Weights of the training lines' own label functions, (E, K).
    spread
        Extra standard deviation of each weight beyond the span of the heads, (K,), >= 0.
    prevalence
        Natural share of positives of each training line, (E,), in (0, 1).

    Raises
    ------
    ConfigError
        When shapes disagree (``virtual-shape``).

    Notes
    -----
    *mixture* (three in four): mean + sum_e c_e (head_e - mean) sqrt((1 + 1/E) / (E - 1)) + spread * noise with c ~
    N(0, 1), which has the predictive covariance of the heads; (one in four): sum_e c_e head_e / sqrt(E), a signed
    mixture about zero.
    *exemplar*: the label follows likeness to one random pair, with either sign. *flip*: minus the head of one
    training line.
    """

    def __init__(self, heads: Float64Array, spread: Float64Array, prevalence: Float64Array) -> None:
        if heads.ndim != 2 or spread.shape != heads.shape[1:] or prevalence.shape != heads.shape[:1]:
            raise ConfigError(
                "virtual-shape",
                f"heads {heads.shape}, spread {spread.shape} and prevalence {prevalence.shape} do not match.",
                "Give (E, K), (K,) and (E,).",
            )
        self.heads = heads
        self.spread = spread
        self.prevalence = prevalence
        self.mean = heads.mean(0)
        self._size = float(np.sqrt(np.mean(np.sum(heads**2, axis=1))))

    def draw(self, mode: str, design: Float64Array, rng: np.random.Generator) -> Float64Array:
        """Return the weights of one virtual line, (K,); ``design`` (N, K) supplies the exemplar."""
        n_lines, n_atoms = self.heads.shape
        if mode == "mixture":
            weights = rng.normal(size=n_lines)
            if rng.random() < 0.25:
                theta: Float64Array = weights @ self.heads / np.sqrt(n_lines)
            else:
                scale = np.sqrt((1.0 + 1.0 / n_lines) / max(n_lines - 1, 1))
                theta = self.mean + scale * weights @ (self.heads - self.mean)
            return np.asarray(theta + self.spread * rng.normal(size=n_atoms))
        if mode == "exemplar":
            row = design[int(rng.integers(len(design)))] * (np.abs(self.heads).mean(0) + self.spread)
            sign = 1.0 if rng.random() < 0.5 else -1.0
            return np.asarray(sign * self._size * row / max(float(np.linalg.norm(row)), 1e-9))
        if mode == "flip":
            return np.asarray(-self.heads[int(rng.integers(n_lines))] + self.spread * rng.normal(size=n_atoms))
        raise ConfigError("virtual-mode", f"unknown kind of virtual line {mode!r}.", f"Use one of {MODES[:3]}.")

    def intercept(self, logit: Float64Array, rng: np.random.Generator) -> float:
        """Return b such that mean(sigmoid(logit + b)) is the natural prevalence of a random training line."""
        target = float(np.clip(self.prevalence[int(rng.integers(len(self.prevalence)))], 0.01, 0.99))
        low, high = -float(logit.max()) - _REACH, _REACH - float(logit.min())  # shares below 0.01 and above 0.99
        return float(brentq(lambda b: float(expit(logit + b).mean()) - target, low, high, xtol=1e-6))

    def labels(self, mode: str, design: Float64Array, rng: np.random.Generator) -> NDArray[np.int8]:
        """Return labels of the pairs ``design`` (N, K) under a fresh virtual line at natural prevalence, (N,) int8."""
        logit = design @ self.draw(mode, design, rng)
        probability: Float64Array = expit(logit + self.intercept(logit, rng))
        return np.asarray(rng.random(len(design)) < probability, dtype=np.int8)
