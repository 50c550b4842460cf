"""What interventions on atoms and fingerprints are, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast

import numpy as np
from numpy.typing import NDArray

from metabam.records.arrays import BoolArray, FloatArray, IntArray
from metabam.records.learning import Fingerprint, LabelledContext

Array = NDArray[np.float64]
Verdict = Literal["needed", "harmful", "moves", "chance"]
"""What an atom is to predictions: labels are less likely without it; more likely without it; neither is shown, but it
moves answers more than a random direction; or no more than that. The first two where a 95 % interval excludes 0."""
SWAP_SCORES: Final = (
    *("auroc", "shuffled", "prior", "other"),
    *("reversal", "reversal_shuffled", "reversal_prior", "reversal_other"),
)


@dataclass(frozen=True, slots=True)
class AtomEdit:
    """A linear edit of what a fingerprint says about its atoms, given to ``predict`` as an argument.

    ``alpha <- keep alpha + gate``, ``delta <- keep delta + evidence``, ``cov(delta) <- keep cov(delta) keep^T``;
    ``keep`` (K, K), ``gate`` and ``evidence`` (K,). With ``step`` = t in 1..T the gates are edited in unfolding step t
    alone: read-out, delta and all other steps keep theirs.
    """

    keep: Array
    gate: Array
    evidence: Array
    step: int | None = None


@dataclass(frozen=True, slots=True)
class AblationCase:
    """One cell line to ablate in: its fingerprint and N pairs.

    ``features`` (N, D); ``labels`` (N,) int8, -1 where unknown; ``groups`` (N,) pairs of one group (a promoter, say)
    are drawn together in bootstraps.
    """

    name: str
    fingerprint: Fingerprint
    features: FloatArray
    labels: NDArray[np.int8]
    groups: IntArray


@dataclass(frozen=True, slots=True)
class AblationRecord:
    """What each pair's answer loses without each of G directions (the K atoms unless others were asked for).

    ``lost_logit`` and ``lost_probability`` (G, N): answer as it is minus answer without; ``random_logit`` and
    ``random_probability`` (R, N) the same for random directions. ``logit``, ``probability`` (N,) are the untouched
    answers; ``line`` (N,) indexes ``lines``; ``labels`` (N,) int8, -1 unknown; ``groups`` (N,) are distinct across
    lines.
    """

    lines: tuple[str, ...]
    replacement: str
    step: int | None
    line: IntArray
    labels: NDArray[np.int8]
    groups: IntArray
    logit: Array
    probability: Array
    lost_logit: Array
    lost_probability: Array
    random_logit: Array
    random_probability: Array

    def __len__(self) -> int:
        """Return the number of pairs N."""
        return len(self.line)


@dataclass(frozen=True, slots=True)
class ForestRecord:
    """Effect of removing each of G directions on n pairs, against random directions.

    ``effect`` the mean signed loss with its 95 % bootstrap ``low``, ``high``; ``size`` the mean absolute loss (for
    AUPRC the absolute drop) with ``size_low``, ``size_high``, all (G,). ``band`` (2,) holds the central 95 % of the
    random directions' effects, ``size_band`` the 95 % quantile of their sizes; ``p`` (G,) = (1 + random sizes at least
    as large) / (R + 1); ``inside`` (G,) where p > 0.05: no more than a random direction. ``n`` pairs, ``n_groups``
    groups. ``fit`` (G,) is the mean log-likelihood, in nats per labelled pair, that the ``n_labelled`` labels lose
    without the direction, with ``fit_low``, ``fit_high``; NaN without labels.
    """

    metric: str
    effect: Array
    low: Array
    high: Array
    size: Array
    size_low: Array
    size_high: Array
    band: Array
    size_band: float
    p: Array
    inside: BoolArray
    n: int
    n_groups: int
    fit: Array
    fit_low: Array
    fit_high: Array
    n_labelled: int

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Return what each direction is to the predictions, (G,): see :data:`Verdict`."""
        needed, harmful = self.fit_low > 0, self.fit_high < 0
        names = np.select([needed, harmful, ~self.inside], ["needed", "harmful", "moves"], "chance")
        return tuple(cast("Verdict", str(name)) for name in names)


@dataclass(frozen=True, slots=True)
class RemovalRecord:
    """Mean AUPRC over lines after removing 0..K atoms.

    ``order`` (K,) largest effect first; ``by_effect`` (K + 1,); ``random`` (orders, K + 1) in random orders;
    ``base_rate`` the mean prevalence over the same lines: AUPRC by chance.
    """

    order: IntArray
    by_effect: Array
    random: Array
    base_rate: float


@dataclass(frozen=True, slots=True)
class SynergyRecord:
    """loss(i, j) - loss(i) - loss(j) in logits for m atoms: ``mean`` and mean absolute ``size``, (m, m), diagonal 0."""

    atoms: IntArray
    mean: Array
    size: Array


@dataclass(frozen=True, slots=True)
class SwapLine:
    """One line that takes part in swaps: its labelled pairs, and the rows of two supports drawn from them."""

    context: LabelledContext
    support: IntArray
    other: IntArray


@dataclass(frozen=True, slots=True)
class SwapRecord:
    """AUROC of fingerprints (columns) on pairs of lines (rows), (E, E); NaN where it is undefined or n < 50.

    ``auroc`` is judged by the ``judged_by`` line's labels on the ``n`` pairs that both lines label, pairs that share
    an element with the column's supports left out; ``n_shared`` were to be had, and more than ``most_shared`` are
    thinned evenly. Controls on the same pairs: ``shuffled`` (mean over fingerprints from permuted support labels),
    ``prior`` (no support), ``other`` (another support of the column's line). ``reversal`` and ``reversal_*`` are the
    same on the ``n_reversal`` pairs alone whose label differs between the two lines. ``low`` and ``high`` (8, E, E)
    bound the 95 % interval of each, in the order of :data:`SWAP_SCORES`; pairs of one promoter count as one
    observation, and ``shuffled`` is bounded by its own fingerprints' range.
    """

    lines: tuple[str, ...]
    judged_by: str
    auroc: Array
    shuffled: Array
    prior: Array
    other: Array
    n: IntArray
    reversal: Array
    n_reversal: IntArray
    min_shared: int
    reversal_shuffled: Array
    reversal_prior: Array
    reversal_other: Array
    n_shared: IntArray
    low: Array
    high: Array

    def score(self, name: str, row: int, column: int) -> tuple[float, float, float]:
        """Return one of :data:`SWAP_SCORES` in one cell with the ends of its interval; NaN where undefined."""
        at = SWAP_SCORES.index(name)
        value = getattr(self, name)[row, column]
        return float(value), float(self.low[at, row, column]), float(self.high[at, row, column])


@dataclass(frozen=True, slots=True)
class SwapPairRecord:
    """One line's pairs under its own and under another line's fingerprint.

    ``native`` and ``swapped`` logits (N,); ``native_labels`` and ``foreign_labels`` (N,) int8, -1 unknown;
    ``quadrants`` (2, 2) counts, row: native logit > 0, column: swapped logit > 0; ``moved`` (<= 15,) atoms by |change|
    of their gate, ``gate_change`` their signed change, foreign minus native.
    """

    native: Array
    swapped: Array
    native_labels: NDArray[np.int8]
    foreign_labels: NDArray[np.int8]
    quadrants: IntArray
    moved: IntArray
    gate_change: Array


@dataclass(frozen=True, slots=True)
class PathRecord:
    """Answers along the straight path from one context to another, its ends being the two fingerprints exactly.

    ``share`` (n,) from 0 to 1; ``context`` (n, Z); ``spectrum`` (n, K); ``logit`` (n, Q); ``states`` (n, T + 1, Q, K);
    ``flips`` (Q,) the first place where the logit's sign is no longer that of the start, -1 where it never changes.
    """

    share: Array
    context: Array
    spectrum: Array
    logit: Array
    states: FloatArray
    flips: IntArray
