"""Everything that travels between rooms: frozen records of plain values and NumPy arrays.

Axis letters: ``B`` pairs, ``S`` support pairs, ``Q`` query pairs, ``L`` bp, ``P`` track positions, ``K`` atoms,
``D`` pair features,
``Z`` context width, ``T`` unfolding steps, ``M`` posterior draws, ``E`` contexts. Coordinates are 0-based half-open
bp.
A *context* is a pair (cell line, assay); where a table has no assay the assay is the empty string.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabam.errors import InputError

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
ByteArray = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]
TextArray = NDArray[np.object_]


# ------------------------------------------------------------------ problems


class Severity(StrEnum):
    """What a problem did to the row or file it names."""

    REJECTED = "REJ"
    FIXED = "FIX"
    WARNING = "WARN"
    QUESTION = "ASK"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about an input.

    ``line`` is the 1-based physical line in the file (the header is line 1), ``None`` for the file as a whole.
    """

    code: str
    severity: Severity
    message: str
    remedy: str = ""
    line: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        """Return one line for a terminal."""
        place = "" if self.line is None else f"line {self.line}: "
        column = "" if self.column is None else f"{self.column}: "
        return f"{self.severity} {place}{column}{self.message} {self.remedy}".rstrip() + f" [{self.code}]"


@dataclass(frozen=True, slots=True)
class ProblemReport:
    """All findings about one input, so that a user mends everything in one go.

    ``rows_read = rows_used + rows named as refused`` always holds.
    """

    source: str
    rows_read: int
    rows_used: int
    problems: tuple[Problem, ...] = ()

    def of(self, severity: Severity) -> tuple[Problem, ...]:
        """Return the findings of one severity, in file order."""
        return tuple(problem for problem in self.problems if problem.severity is severity)

    @property
    def rejected(self) -> bool:
        """Whether anything was refused or needs an answer from the user."""
        return any(problem.severity in (Severity.REJECTED, Severity.QUESTION) for problem in self.problems)

    def raise_if_rejected(self) -> None:
        """Raise :class:`InputError` listing every refused row, if there is one."""
        bad = [problem for problem in self.problems if problem.severity in (Severity.REJECTED, Severity.QUESTION)]
        if not bad:
            return
        lines = "\n".join(f"  {problem}" for problem in bad)
        first = bad[0]
        raise InputError(
            first.code,
            f"{self.source} is refused ({len(bad)} findings):\n{lines}\n",
            "Mend them all, then try again.",
        )


# ------------------------------------------------------------------ pairs


@dataclass(frozen=True, slots=True)
class PairTable:
    """Enhancer-promoter pairs as read from a table: arrays of equal length ``B``, in input order.

    ``label`` is int8, -1 where the input has none. Text fields are object arrays of ``str``, empty where absent.
    ``line`` is the 1-based physical line of each row. ``enhancer_seq`` / ``promoter_seq`` are ``None`` where the
    table has no such
    column. Unknown columns are kept in ``extra`` as text, in input order.
    """

    pair_id: TextArray
    enhancer_chrom: TextArray
    enhancer_start: IntArray
    enhancer_end: IntArray
    promoter_chrom: TextArray
    promoter_start: IntArray
    promoter_end: IntArray
    label: NDArray[np.int8]
    cell_line: TextArray
    assay: TextArray
    gene_id: TextArray
    line: IntArray
    enhancer_seq: TextArray | None = None
    promoter_seq: TextArray | None = None
    extra: Mapping[str, TextArray] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of pairs ``B``."""
        return len(self.pair_id)

    def take(self, index: NDArray[Any]) -> PairTable:
        """Return the rows chosen by an integer or boolean index, in that order."""
        chosen: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "extra":
                chosen["extra"] = {name: column[index] for name, column in value.items()}
            else:
                chosen[item.name] = None if value is None else value[index]
        return PairTable(**chosen)

    def contexts(self) -> list[tuple[str, str]]:
        """Return the distinct (cell_line, assay), in order of first appearance."""
        return list(dict.fromkeys(zip(self.cell_line.tolist(), self.assay.tolist(), strict=True)))

    def rows_of(self, context: tuple[str, str]) -> IntArray:
        """Return the row numbers of one (cell_line, assay)."""
        return np.flatnonzero((self.cell_line == context[0]) & (self.assay == context[1])).astype(np.int64)

    def distance(self) -> NDArray[np.float64]:
        """Return the midpoint distance in bp, (B,); NaN where the two chromosomes differ."""
        gap = np.abs((self.enhancer_start + self.enhancer_end) - (self.promoter_start + self.promoter_end)) / 2.0
        return np.where(self.enhancer_chrom == self.promoter_chrom, gap, np.nan)


@dataclass(frozen=True, slots=True)
class PairWindows:
    """DNA windows of pairs, each distinct element stored once.

    ``enhancers`` (n_enhancers, L_E) and ``promoters`` (n_promoters, L_P) are uint8 codes: A 0, C 1, G 2, T 3, N 4.
    Pair ``b`` is ``enhancers[enhancer_index[b]]`` with ``promoters[promoter_index[b]]``. ``*_padding`` counts the N
    added outside
    the chromosome for each distinct element.
    """

    enhancers: ByteArray
    promoters: ByteArray
    enhancer_index: IntArray
    promoter_index: IntArray
    enhancer_padding: IntArray
    promoter_padding: IntArray

    def __len__(self) -> int:
        """Return the number of pairs ``B``."""
        return len(self.enhancer_index)

    def take(self, index: NDArray[Any]) -> PairWindows:
        """Return the chosen pairs over the same stored elements."""
        return replace(self, enhancer_index=self.enhancer_index[index], promoter_index=self.promoter_index[index])


@dataclass(frozen=True, slots=True)
class FeatureInfo:
    """What one pair feature measures, in words a biologist can check.

    ``kind`` is one of ``single_enhancer | single_promoter | spaced | pair | periodic | composition | learned``;
    ``motifs`` are indices
    into :class:`MotifSet`; ``detail`` holds kind-specific numbers (offset in bp, period in bp, strand, element side).
    """

    name: str
    kind: str
    motifs: tuple[int, ...] = ()
    detail: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MotifSet:
    """Position weight matrices: ``pwms[i]`` is (width_i, 4) float64 probabilities over A, C, G, T."""

    names: tuple[str, ...]
    pwms: tuple[NDArray[np.float64], ...]

    def __len__(self) -> int:
        """Return the number of motifs."""
        return len(self.names)


# ------------------------------------------------------------------ learning


@dataclass(frozen=True, slots=True)
class LabelledContext:
    """All labelled pairs of one training context, encoded.

    ``features`` (N, D) float32; ``labels`` (N,) int8 in {0, 1}; ``enhancer`` and ``promoter`` (N,) int64 are
    element identities that
    are comparable across contexts, so that a support and its query can be kept apart.
    """

    cell_line: str
    assay: str
    features: FloatArray
    labels: NDArray[np.int8]
    enhancer: IntArray
    promoter: IntArray

    def __len__(self) -> int:
        """Return the number of pairs ``N``."""
        return len(self.labels)

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


# ------------------------------------------------------------------ training


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One line of ``history.jsonl``.

    ``phase`` is ``discover | pretrain | select-steps | meta-train | done``; ``terms`` are the loss terms in nats;
    ``metrics`` whatever was evaluated
    at this step (floats or lists of floats; NaN and infinities are allowed here and written as null plus a flag);
    ``seconds`` is the
    time since the start of the run by a monotonic clock, summed over resumes.
    """

    step: int
    phase: str
    terms: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float | Sequence[float]] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class History:
    """A run's whole log as read: records by step (the last written wins), plus what was wrong with the file.

    ``resumed_at`` lists the steps at which a resumed run took over; ``gaps`` the (step, name) whose value was not
    finite.
    """

    records: tuple[StepRecord, ...]
    bad_lines: int = 0
    torn_tail: bool = False
    resumed_at: tuple[int, ...] = ()
    gaps: tuple[tuple[int, str], ...] = ()

    def __iter__(self) -> Iterator[StepRecord]:
        """Iterate over the records in step order."""
        return iter(self.records)

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.records)

    def series(self, name: str, phase: str | None = None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return steps and values of one scalar term or metric, where it was recorded."""
        steps: list[int] = []
        values: list[float] = []
        for record in self.records:
            value = record.terms.get(name, record.metrics.get(name))
            if (phase is None or record.phase == phase) and isinstance(value, int | float):
                steps.append(record.step)
                values.append(float(value))
        return np.asarray(steps, dtype=np.int64), np.asarray(values, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One row of the run picker.

    ``state`` is ``running | finished | failed | stopped | silent | broken | incomplete``: *silent* is a run whose
    heartbeat is stale while nobody holds
    its lock ("stopped without saying so"); *broken* and *incomplete* come with ``reason``. ``synthetic`` is
    ``None`` when unknown.
    """

    run_id: str
    state: str
    reason: str = ""
    step: int = 0
    n_steps: int = 0
    phase: str = ""
    created: str = ""
    heartbeat_age: float | None = None
    synthetic: bool | None = None
    seed: int | None = None
    holdout: tuple[str, ...] = ()


# ------------------------------------------------------------------ probes


@dataclass(frozen=True, slots=True)
class SpectrumRecord:
    """Singular values of the atoms V (K, D), raw and row-normalised, beside Gaussian matrices of the same shape.

    ``singular`` and ``singular_normalised`` (min(K, D),) descending; ``null_low``, ``null_high`` the 5 and 95 %
    band of sigma_i / sigma_1 of
    ``null_draws`` Gaussian matrices; ``effective_rank`` = exp(entropy of sigma / sum sigma); ``stable_rank`` =
    ||V||_F^2 / ||V||_2^2; ``cosines`` (K, K).
    """

    singular: NDArray[np.float64]
    singular_normalised: NDArray[np.float64]
    null_low: NDArray[np.float64]
    null_high: NDArray[np.float64]
    null_draws: int
    effective_rank: float
    effective_rank_normalised: float
    stable_rank: float
    max_rank: int
    cosines: NDArray[np.float64]
    max_cosine: float
    mean_cosine: float
    step: int = -1


@dataclass(frozen=True, slots=True)
class ConvergenceRecord:
    """Posterior, gates and support log-likelihood from 1 to S shots over random orders of one support.

    ``shots`` (n,); ``std`` (orders, n, Z); ``spectrum`` (orders, n, K); ``log_likelihood`` (orders, n) of the WHOLE
    support in nats.
    """

    shots: IntArray
    std: NDArray[np.float64]
    spectrum: NDArray[np.float64]
    log_likelihood: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DecodingRecord:
    """How well the true activity of each of M planted mechanisms is read off the pair features; arrays (M,).

    ``best_r`` the largest |correlation| of one feature, ``best_sign`` its sign, ``best_feature`` its column;
    ``linear_r`` and ``linear_auroc`` of a cross-validated linear read-out of all features (NaN where undefined).
    """

    names: tuple[str, ...]
    best_r: NDArray[np.float64]
    best_sign: NDArray[np.float64]
    best_feature: IntArray
    linear_r: NDArray[np.float64]
    linear_auroc: NDArray[np.float64]
