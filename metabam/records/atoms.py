"""What is known about single atoms: the gallery, and what the card of one atom shows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from metabam.records.arrays import BoolArray, IntArray
from metabam.records.interventions import ForestRecord

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GalleryRecord:
    """One row per atom; E lines, K atoms, potentials over ``n_pairs`` distinct pairs.

    ``density`` (K,) the share of pairs above the atom's threshold (p > 0); ``highest`` (K,) the largest p; ``gates``
    (E, K) in [-1, 1]; ``usage`` (E, K) the mean |logit| that a line's pairs lose without the atom, ``signed`` (E, K)
    the mean; ``effect`` the atoms against random directions; ``nearest`` (K,) the most alike other atom, -1 where there
    is none, and ``nearest_cosine`` (K,) their signed cosine.
    """

    lines: tuple[str, ...]
    n_pairs: int
    density: Array
    highest: Array
    gates: Array
    usage: Array
    signed: Array
    effect: ForestRecord
    nearest: IntArray
    nearest_cosine: Array

    @property
    def rank(self) -> IntArray:
        """Return the place of each atom by mean usage over lines, 1 the most used, (K,)."""
        order = np.argsort(-self.usage.mean(axis=0), kind="stable")
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(1, len(order) + 1)
        return place


@dataclass(frozen=True, slots=True)
class ExamplesRecord:
    """Pairs that show what an atom responds to, m rows in the order of the card.

    ``rows`` (m,) index the pairs that were given; ``group`` (m,) is 0 for the top, 1 for the bottom, 2 + b for bin b of
    equal width, from high to low; ``low``, ``high``, ``share`` (bins,) are edges and share of all pairs of each bin.
    """

    rows: IntArray
    group: IntArray
    low: Array
    high: Array
    share: Array


@dataclass(frozen=True, slots=True)
class SteeringRecord:
    """Answers of Q pairs when one atom's gate is multiplied by each factor, everything else as it is.

    ``factors`` (F,); ``logit``, ``probability`` (F, Q); ``gate`` the untouched alpha_k; ``bound`` the largest |factor|
    that keeps the gate in [-1, 1], infinite for a gate of zero.
    """

    atom: int
    factors: Array
    logit: Array
    probability: Array
    gate: float

    @property
    def bound(self) -> float:
        """Return the largest |factor| for which the gate stays a gate."""
        return float("inf") if self.gate == 0.0 else 1.0 / abs(self.gate)


@dataclass(frozen=True, slots=True)
class SupportGatesRecord:
    """Gates and evidence of all atoms over M random supports of each of E lines: ``gate``, ``evidence`` (E, M, K)."""

    lines: tuple[str, ...]
    shots: int
    gate: Array = field(repr=False)
    evidence: Array = field(repr=False)


@dataclass(frozen=True, slots=True)
class Enriched:
    """One motif or k-mer that the top pairs hold more often than the background (q <= 0.05).

    ``kind`` ``"motif"`` or ``"k-mer"``; ``side`` ``"enhancer"`` or ``"promoter"``; ``effect`` an AUROC in [0.5, 1] of
    best site scores (motif) or log2 odds of presence (k-mer); ``pwm`` (w, 4) the matrix that was tested.
    """

    kind: str
    name: str
    side: str
    effect: float
    p: float
    q: float
    pwm: Array = field(repr=False)


@dataclass(frozen=True, slots=True)
class EnrichmentRecord:
    """What is enriched, best first, with the sizes and the balance of the two sets.

    ``n_top`` and ``n_background`` count pairs, ``elements`` maps a side to its distinct elements in both sets;
    ``tested`` counts tests by kind; ``gc`` maps a side to the mean GC share of both sets, ``distance`` the median bp
    of both.
    """

    found: tuple[Enriched, ...]
    n_top: int
    n_background: int
    elements: dict[str, tuple[int, int]]
    tested: dict[str, int]
    gc: dict[str, tuple[float, float]]
    distance: tuple[float, float]


@dataclass(frozen=True, slots=True)
class RecoveredRecord:
    """Atoms beside M planted mechanisms: ``r`` (K, M) correlation of states with activities over ``n_pairs`` pairs.

    ``atom`` (M,) the atom of each mechanism in the one-to-one matching, -1 where there is none; ``matched`` (M,) where
    |r| >= ``bar``.
    """

    names: tuple[str, ...]
    r: Array
    atom: IntArray
    matched: BoolArray
    bar: float
    n_pairs: int

    def of_atom(self, atom: int) -> int:
        """Return the mechanism that an atom was matched to, -1 where there is none."""
        found = np.flatnonzero(self.atom == atom)
        return int(found[0]) if len(found) else -1

    def score(self, mechanism: int) -> float:
        """Return the signed r of a mechanism and its atom, 0 where it has none."""
        atom = int(self.atom[mechanism])
        return float(self.r[atom, mechanism]) if atom >= 0 else 0.0


@dataclass(frozen=True, slots=True)
class PairPlaces:
    """Names and places of N pairs: ids, chromosome and 0-based half-open bp of both elements, all (N,)."""

    pair_id: NDArray[np.object_]
    chrom: NDArray[np.object_]
    enhancer_start: IntArray
    enhancer_end: IntArray
    promoter_start: IntArray
    promoter_end: IntArray

    def __len__(self) -> int:
        """Return the number of pairs N."""
        return len(self.pair_id)

    @property
    def enhancer(self) -> Array:
        """Return the midpoints of the enhancers in bp, (N,)."""
        return np.asarray((self.enhancer_start + self.enhancer_end) / 2.0)

    @property
    def promoter(self) -> Array:
        """Return the midpoints of the promoters in bp, (N,)."""
        return np.asarray((self.promoter_start + self.promoter_end) / 2.0)
