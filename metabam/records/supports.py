"""What single labels taught, which pairs to test next, and where a context lies among the training lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metabam.records.arrays import BoolArray, FloatArray, IntArray
from metabam.records.learning import Fingerprint

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class InfluenceRecord:
    """What changes when each support row is left out (with it minus without it).

    ``context_change`` (S, Z) of the posterior mean, ``shift`` (S,) its length in prior standard deviations;
    ``gate_change`` (S, K); ``left_out`` (S,) log-likelihood of the row's own label given all others, ``prior`` (S,)
    given none, in nats: a low ``left_out`` marks a label that the others contradict; ``support_change`` (S,) of the
    log-likelihood of the other rows; ``query_change`` (S, Q) of the queries' probability.
    """

    labels: NDArray[np.int8]
    context_change: Array
    shift: Array
    gate_change: Array
    left_out: Array
    prior: Array
    support_change: Array
    query_change: Array


@dataclass(frozen=True, slots=True)
class WhatIfRecord:
    """Belief and predictions (Q,) before and after a change of the support or of gates."""

    before: Fingerprint
    after: Fingerprint
    logit_before: Array
    logit_after: Array
    probability_before: Array
    probability_after: Array


@dataclass(frozen=True, slots=True)
class InformedRecord:
    """Did the labels teach anything? Leave-one-out gain over the prior against permuted labels.

    ``gain`` in nats, summed over the support; ``null`` (P,) the same under permutations; ``p`` = (1 + null gains at
    least as large) / (P + 1); ``kl`` (Z,) of the context's marginals from the prior, in nats. ``informed`` needs
    sum(kl) >= ``kl_floor`` and p <= 0.05.
    """

    gain: float
    null: Array
    p: float
    kl: Array
    kl_floor: float
    informed: bool


@dataclass(frozen=True, slots=True)
class PosteriorDraws:
    """M draws of what a line may be like: ``context`` (M, Z), ``spectrum`` (M, K), ``probability`` (M, B) float32."""

    context: Array
    spectrum: Array
    probability: FloatArray


@dataclass(frozen=True, slots=True)
class DesignRecord:
    """Which b of B candidate pairs to test next, and what that is expected to teach, in nats.

    ``chosen`` (b,) candidate rows in the order picked; ``single`` (B,) each candidate's own information gain;
    ``gain`` (b,) joint gain of the first 1..b picks on fresh draws, ``greedy_gain`` (b,) as the search saw it;
    ``random_gain`` (20, b), ``uncertain_gain``, ``balanced_gain`` (b,) of the baselines on the same fresh draws.
    ``probability`` (B,) mean P(y = 1); ``expected_positives`` and ``one_class`` (probability that all labels come out
    the same) of the whole batch; ``std_before``, ``std_after`` (Z,) expected; ``gate_change`` (b, K) mean gates if the
    pick turns out 1 minus if it turns out 0. ``ceiling`` = ln M bounds every gain; ``saturated`` where the total comes
    within 15 % of it; ``nothing_to_learn`` where no candidate reaches 0.01 nats.
    """

    chosen: IntArray
    single: Array
    gain: Array
    greedy_gain: Array
    random_gain: Array
    uncertain_gain: Array
    balanced_gain: Array
    probability: Array
    expected_positives: float
    one_class: float
    std_before: Array
    std_after: Array
    gate_change: Array
    ceiling: float
    saturated: bool
    nothing_to_learn: bool


@dataclass(frozen=True, slots=True)
class RetrospectRecord:
    """Planned against random supports on a line whose labels are known, the same candidates and queries each time.

    ``planned`` and ``random`` (R,) AUROC on the queries; ``shots`` in the planned support; ``random_shots`` (n,) and
    ``random_curve`` (n,) mean AUROC of random supports of those sizes; ``equal_shots`` how many random pairs it takes
    to reach the planned mean (interpolated, NaN beyond the curve). ``planned_curve`` mean AUROC of the first picks at
    those ``random_shots`` that are <= ``shots``; ``planned_shots`` how many planned pairs do as well as ``shots``
    random ones.
    """

    planned: Array
    random: Array
    shots: int
    random_shots: IntArray
    random_curve: Array
    equal_shots: float
    planned_curve: Array
    planned_shots: float


@dataclass(frozen=True, slots=True)
class CloudRecord:
    """Posterior means of many supports per line.

    ``mean``, ``std`` (n, Z), ``spectrum`` (n, K), ``line`` (n,) indexes ``lines``, ``positives`` (n,), ``auroc`` (n,)
    on the line's other pairs (NaN where not asked for); ``full`` (E, Z) the mean after all pairs of the line.
    """

    lines: tuple[str, ...]
    mean: Array
    std: Array
    spectrum: Array
    line: IntArray
    positives: IntArray
    auroc: Array
    full: Array
    shots: int


@dataclass(frozen=True, slots=True)
class LayoutRecord:
    """Two coordinates for each point of a cloud, and how far they can be trusted.

    ``method`` pca | umap | raw; ``coordinates`` (n, 2); ``axes`` (2, Z) and ``centre`` (Z,) of a linear layout, else
    ``None``; ``explained`` (2,) share of variance, NaN for UMAP; ``ellipses`` (E, 2, 2) covariance of each line's
    points in the layout; ``trustworthiness`` and ``overlap`` of 15 nearest neighbours, both in [0, 1].
    """

    method: str
    coordinates: Array
    axes: Array | None
    centre: Array | None
    explained: Array
    ellipses: Array
    trustworthiness: float
    overlap: float


@dataclass(frozen=True, slots=True)
class PlacementRecord:
    """Where new contexts (m, Z) lie: ``coordinates`` (m, 2), ``ellipse`` (m, 2, 2) their covariance there.

    ``nearest`` (m, 3) lines by distance in z, ``distance`` (m, 3); ``inside`` (m,) whether the point lies in the
    convex hull of the cloud in z.
    """

    coordinates: Array
    ellipse: Array
    nearest: IntArray
    distance: Array
    inside: BoolArray
