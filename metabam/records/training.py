"""What a run writes down about itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One line of ``history.jsonl``.

    ``phase`` is ``discover | pretrain | select-steps | meta-train | joint | done``; ``terms`` are the loss terms in
    nats; ``metrics`` whatever was evaluated
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
