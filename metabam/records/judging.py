"""What the benchmark finds beside its table: leaks, baselines not beaten, intervals inside lines, claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class LeakageRecord:
    """How many pairs of one set have something in common with another set.

    ``between`` is ``training-support``, ``training-query`` or ``support-query``; of the ``pairs`` of the set named
    second, ``shared`` have the ``relation`` (line, chromosome, gene, promoter, enhancer, window, pair, sequence) in
    common with a pair of the first. ``verdict``: ``refused`` (no score may be shown), ``flagged`` or ``clear``.
    """

    world: str
    fold: str
    line: str
    between: str
    relation: str
    pairs: int
    shared: int
    verdict: Literal["refused", "flagged", "clear"]


@dataclass(frozen=True, slots=True)
class HonestyRecord:
    """Whether a learner is shown to beat a baseline that reads no sequence: paired AUPRC on the very same pairs.

    ``estimate`` (mean over lines and supports), ``low``, ``high`` the bootstrap interval over genes; ``None`` where
    undefined. ``pairs`` were judged, ``dropped`` left out because one method could not score them, from ``genes``
    genes and ``lines`` (line, fold). ``shown_to_beat`` is ``low > 0``.
    """

    world: str
    learner: str
    baseline: str
    shots: int
    estimate: float | None
    low: float | None
    high: float | None
    level: float
    draws: int
    pairs: int
    dropped: int
    genes: int
    lines: int

    @property
    def shown_to_beat(self) -> bool:
        """Return whether the lower bound of the paired difference lies above 0."""
        return self.low is not None and self.low > 0.0


@dataclass(frozen=True, slots=True)
class LineScoreRecord:
    """AUPRC of one learner on one line with its bootstrap interval over the line's genes: about THAT line alone."""

    world: str
    fold: str
    line: str
    learner: str
    shots: int
    estimate: float | None
    low: float | None
    high: float | None
    prevalence: float
    pairs: int
    genes: int


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """One claim of the project with its figure: ``holds`` is ``None`` where the table cannot decide it."""

    claim: str
    statement: str
    estimate: float | None
    low: float | None
    high: float | None
    holds: bool | None
    note: str = ""
