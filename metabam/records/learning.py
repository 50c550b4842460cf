"""What learners eat and answer: contexts, supports, episodes, predictions, fingerprints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabam.errors import InputError
from metabam.records.arrays import FloatArray, IntArray
from metabam.records.layout import FeatureLayout


@dataclass(frozen=True, slots=True)
class LabelledContext:
    """All labelled pairs of one training context, encoded.

    ``features`` (N, D) float32; ``labels`` (N,) int8 in {0, 1}; ``enhancer`` and ``promoter`` (N,) int64 are
    element identities that
    are comparable across contexts, so that a support and its query can be kept apart. ``layout`` says which columns
    are z_q where track coefficients follow; ``None`` for z_q alone.
    """

    cell_line: str
    assay: str
    features: FloatArray
    labels: NDArray[np.int8]
    enhancer: IntArray
    promoter: IntArray
    layout: FeatureLayout | None = None

    def __len__(self) -> int:
        """Return the number of pairs ``N``."""
        return len(self.labels)

    def of_pairs(self) -> LabelledContext:
        """Return the same context with z_q alone: what learners without a track read."""
        if self.layout is None:
            return self
        return replace(self, features=self.layout.pair_features(self.features), layout=None)

    def displaced(self) -> LabelledContext:
        """Return the same context with z_q as Meta-BAM reads it: moved by what is recalled of its elements."""
        if self.layout is None or not self.layout.recall:
            return self.of_pairs()
        moved = self.layout.pair_features(self.features) + self.features[:, self.layout.recalled]
        return replace(self, features=moved, layout=None)

    @property
    def name(self) -> str:
        """Return ``cell_line`` or ``cell_line | assay``."""
        return f"{self.cell_line} | {self.assay}" if self.assay else self.cell_line

    @property
    def prevalence(self) -> float:
        """Return the share of positives, in [0, 1]."""
        return float(np.mean(self.labels == 1)) if len(self.labels) else float("nan")


@dataclass(frozen=True, slots=True)
class SupportSet:
    """The labelled pairs of a new context: ``features`` (S, D) float32, ``labels`` (S,) int8 in {0, 1}; S may be 0."""

    features: FloatArray
    labels: NDArray[np.int8]

    def __post_init__(self) -> None:
        """Check shapes and labels."""
        if self.features.ndim != 2 or self.labels.shape != (self.features.shape[0],):
            raise InputError(
                "support-shape",
                f"support features {self.features.shape} and labels {self.labels.shape} do not match.",
                "Give (S, D) and (S,).",
            )
        if not np.isin(self.labels, (0, 1)).all():
            raise InputError("support-label", "support labels must be 0 or 1.", "Drop unlabelled pairs first.")

    def __len__(self) -> int:
        """Return ``S``."""
        return len(self.labels)

    def flipped(self) -> SupportSet:
        """Return the same pairs with every label inverted (a control)."""
        return replace(self, labels=(1 - self.labels).astype(np.int8))

    def take(self, index: NDArray[Any]) -> SupportSet:
        """Return the chosen support pairs."""
        return SupportSet(self.features[index], self.labels[index])


@dataclass(frozen=True, slots=True)
class Episode:
    """One task: a support and the queries it is judged on, from one context; they share no enhancer and no promoter."""

    support: SupportSet
    query_features: FloatArray
    query_labels: NDArray[np.int8]
    context: str = ""


@dataclass(frozen=True, slots=True)
class Prediction:
    """P(y = 1) of query pairs.

    ``probability`` and ``logit`` (Q,) float64; ``lower`` and ``upper`` (Q,) bound the central ``level`` posterior
    interval of the
    probability, ``None`` for learners without a posterior. ``states`` (T + 1, Q, K) is the unfolding, on request.
    """

    probability: NDArray[np.float64]
    logit: NDArray[np.float64]
    lower: NDArray[np.float64] | None = None
    upper: NDArray[np.float64] | None = None
    level: float = 0.9
    states: FloatArray | None = None

    def __len__(self) -> int:
        """Return ``Q``."""
        return len(self.probability)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What Meta-BAM believes about one cell line after a support: the file that ``metabam adapt`` writes.

    ``mean``, ``std`` (Z,) are the context posterior q(z_c | S); ``spectrum`` (K,) the mechanism gates alpha(c) in
    [-1, 1];
    ``evidence_mean`` (K,) and ``evidence_cov`` (K, K) the Laplace posterior of delta on the atoms, in logits per
    unit potential.
    ``provenance`` holds run id, weights SHA-256, genome fingerprint, support digest, S, positives, seed and versions.
    """

    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    spectrum: NDArray[np.float64]
    evidence_mean: NDArray[np.float64]
    evidence_cov: NDArray[np.float64]
    n_support: int
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContextFingerprint:
    """What a learner other than Meta-BAM believes about one cell line, in a form that can be written down.

    ``learner`` is its name, ``arrays`` float64 of any shape by the names of its own context record's fields.
    """

    learner: str
    arrays: Mapping[str, NDArray[np.float64]]
    n_support: int
    provenance: Mapping[str, Any] = field(default_factory=dict)


AnyFingerprint = Fingerprint | ContextFingerprint
"""What ``metabam adapt`` writes, whichever learner the run holds; the file's ``format`` tells the two apart."""


@dataclass(frozen=True, slots=True)
class RefinementPath:
    """How z_c moved when it was refined: ``states`` (T + 1, C, Z) of C chains, ``objective`` (T + 1, C) in nats.

    The objective is log P(S | z) + log p(z) but for a constant. ``diverged``: a state or objective was not finite or
    ran away; the path ends there, and the context was left as it was.
    """

    states: NDArray[np.float64]
    objective: NDArray[np.float64]
    diverged: bool
