"""What the Evaluation page draws: judged pairs, scores by line, by support size and by slice, cutoffs, gene ranks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from metabam.records.arrays import BoolArray, IntArray
from metabam.records.judging import LeakageRecord

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class JudgedPairs:
    """The queries of one support of one line, and every learner's logits of them.

    ``labels`` (Q,) in {0, 1}; ``genes``, ``enhancers`` (Q,) identities; ``distance`` (Q,) bp, NaN across chromosomes;
    ``reversed`` (Q,) whether another line holds the other label; ``bayes`` (Q,) the planted P(y = 1). What a benchmark
    did not keep is ``None``. ``names`` (Q,) are ids or loci; ``logits`` maps learners to (Q,).
    """

    world: str
    fold: str
    line: str
    support_seed: int
    labels: NDArray[np.int8] = field(repr=False)
    genes: IntArray = field(repr=False)
    logits: Mapping[str, Array] = field(repr=False)
    enhancers: IntArray | None = field(default=None, repr=False)
    distance: Array | None = field(default=None, repr=False)
    reversed: BoolArray | None = field(default=None, repr=False)
    bayes: Array | None = field(default=None, repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        """Return ``Q``."""
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """A mean over supports with its 95 % interval, of one learner under one kind of support.

    ``line`` is empty for a mean over lines: the interval is then for UNSEEN lines (lines and supports redrawn), else
    over the supports of that line (Student t). ``base`` is the mean share of positives, ``n`` the supports.
    """

    learner: str
    control: str
    line: str
    shots: int
    metric: str
    estimate: float
    low: float
    high: float
    base: float
    n: int


@dataclass(frozen=True, slots=True)
class CutoffRecord:
    """What every cutoff on the probability would do: counts (C,) of hits and false alarms at P >= ``cutoff`` (C,).

    Cutoffs fall; ``positives`` and ``negatives`` are all pairs of each class.
    """

    cutoff: Array
    hits: IntArray
    alarms: IntArray
    positives: int
    negatives: int

    @property
    def precision(self) -> Array:
        """Return the share of flagged pairs that are positive, (C,)."""
        return np.asarray(self.hits / np.maximum(self.hits + self.alarms, 1), dtype=np.float64)

    @property
    def recall(self) -> Array:
        """Return the share of positives that are flagged, (C,): also the true positive rate."""
        return np.asarray(self.hits / max(self.positives, 1), dtype=np.float64)

    @property
    def false_rate(self) -> Array:
        """Return the share of negatives that are flagged, (C,)."""
        return np.asarray(self.alarms / max(self.negatives, 1), dtype=np.float64)

    def at(self, cutoff: float) -> int:
        """Return the place of the lowest stated cutoff that is >= ``cutoff``; -1 where no pair is flagged."""
        return int(np.searchsorted(-self.cutoff, -cutoff, side="right")) - 1


@dataclass(frozen=True, slots=True)
class SliceRecord:
    """AUPRC inside one slice of the pairs, with its 95 % interval over genes; NaN where a class is missing."""

    kind: str
    name: str
    learner: str
    estimate: float
    low: float
    high: float
    base: float
    pairs: int


@dataclass(frozen=True, slots=True)
class GeneRankRecord:
    """Where true genes rank among the judged candidates of their enhancer.

    ``outranked`` share of false candidates below a true one (ties half), mean over ``enhancers``, interval over
    enhancers, chance 1/2; ``first`` how often the best candidate is true, against ``first_chance``.
    """

    learner: str
    outranked: float
    low: float
    high: float
    first: float
    first_chance: float
    enhancers: int
    candidates: int


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """What a benchmark allows to be said of a learner.

    ``honesty``: ``not_audited``, ``not_beaten`` (the baselines in ``missed``), ``partial`` (those that ran are beaten,
    ``missing`` did not run) or ``beaten``. ``leakage``: ``not_audited``, ``refused`` (score withheld; ``refusals`` say
    why), ``flagged`` (``shared`` relations) or ``clear``.
    """

    learner: str
    honesty: Literal["not_audited", "not_beaten", "partial", "beaten"]
    missed: tuple[str, ...]
    missing: tuple[str, ...]
    leakage: Literal["not_audited", "refused", "flagged", "clear"]
    refusals: tuple[LeakageRecord, ...]
    shared: tuple[str, ...]

    @property
    def withheld(self) -> bool:
        """Return whether no score may be shown."""
        return self.leakage == "refused"


NOT_AUDITED = AuditRecord("metabam", "not_audited", (), (), "not_audited", (), ())
