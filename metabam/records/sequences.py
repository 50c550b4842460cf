"""What single bases and motifs do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metabam.records.arrays import ByteArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AttributionRecord:
    """Which bases of one pair carry a value, the fingerprint held fixed; logits (or potentials, or states) per base.

    ``enhancer`` (L_E,), ``promoter`` (L_P,) attribution of each base; ``enhancer_hypothetical`` (4, L_E) and
    ``promoter_hypothetical`` (4, L_P) mean gradients by letter, their mean over A, C, G, T removed (zeros for feature
    ablation). ``value`` = f(x), ``baseline`` the mean f over baselines, ``total`` the sum of attributions;
    ``residual`` = |total - (value - baseline)| / max(|value - baseline|, 0.05): above 0.05 do not trust the bars;
    ``off_simplex`` what removing the mean over letters took from the total. ``null`` the 95 % quantile of |attribution|
    on a shuffle of the same pair.
    """

    target: str
    method: str
    baseline_kind: str
    enhancer: Array
    promoter: Array
    enhancer_hypothetical: Array
    promoter_hypothetical: Array
    enhancer_codes: ByteArray
    promoter_codes: ByteArray
    value: float
    baseline: float
    total: float
    residual: float
    off_simplex: float
    null: float

    @property
    def enhancer_share(self) -> float:
        """Return the enhancer's share of the absolute attribution, in [0, 1]; NaN where there is none."""
        e, p = float(np.abs(self.enhancer).sum()), float(np.abs(self.promoter).sum())
        return e / (e + p) if e + p > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class MutagenesisRecord:
    """Change of a value by every substitution in a window [start, end) of one side, 0-based half-open.

    ``change`` (4, end - start): value with the letter minus value as it is, 0 at the base that is there; ``importance``
    (end - start,) minus the mean change of the three substitutions; ``agreement`` the rank correlation of importance
    and an attribution over the window, NaN without one.
    """

    target: str
    side: str
    start: int
    end: int
    change: Array
    importance: Array
    value: float
    agreement: float


@dataclass(frozen=True, slots=True)
class MotifMatch:
    """One of the run's motifs and a known one: ``offset`` bp, ``strand`` + or -, p and q value (q <= 0.05)."""

    motif: str
    known: str
    p: float
    q: float
    offset: int
    strand: str
    overlap: int


@dataclass(frozen=True, slots=True)
class MotifMatchRecord:
    """All matches with q <= 0.05, best first; ``tested`` (motifs, known motifs); ``unmatched`` motifs by name.

    ``few_known`` where fewer than 25 known motifs stand behind the p values, which then depend on the choice of them.
    """

    matches: tuple[MotifMatch, ...]
    tested: tuple[int, int]
    unmatched: tuple[str, ...]
    few_known: bool


@dataclass(frozen=True, slots=True)
class MotifHit:
    """One site of one motif: ``motif`` its number in the set, [start, end) of the side's window, strand + or -.

    ``score`` log-odds in nats; ``p`` the chance of such a site where there is none; ``q`` the share of false sites
    among all that are at least as good.
    """

    motif: int
    name: str
    side: str
    start: int
    end: int
    strand: str
    score: float
    p: float
    q: float


@dataclass(frozen=True, slots=True)
class MotifHitRecord:
    """The sites of ``n_motifs`` motifs in one pair with q <= ``level``, best first.

    ``source`` is ``run`` (the run's own dictionary, calibrated in training) or ``file``; ``tested`` windows and strands
    were looked at; ``best_q`` is the smallest q of all of them, 1 where nothing could be tested.
    """

    source: str
    hits: tuple[MotifHit, ...]
    n_motifs: int
    tested: int
    best_q: float
    level: float
