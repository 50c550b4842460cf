"""A run directory that is being written: its log, heartbeat and checkpoints behind one object."""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from metabam.errors import StorageError
from metabam.files import append_record, remove_temporaries, repair_records
from metabam.records import StepRecord
from metabam.train.checkpoint import Checkpoints
from metabam.train.history import HistoryReader
from metabam.train.status import INTERVAL, Heartbeat

HISTORY: Final = "history.jsonl"


class RunFolder:
    """What a trainer writes into; the caller holds the lock (``metabam.train.lock.hold``).

    Parameters
    ----------
    path
        The run directory, which exists.
    interval
        Seconds between heartbeats.
    writable
        False for the processes of ``torchrun`` beside the first: they read checkpoints and write nothing.

    Attributes
    ----------
    elapsed_before
        Seconds that earlier processes spent on this run.
    """

    def __init__(self, path: Path, interval: float = INTERVAL, *, writable: bool = True) -> None:
        self.path = path
        self.heartbeat = Heartbeat(path, interval if writable else math.inf)
        self._writable = writable
        self.elapsed_before = max((record.seconds for record in HistoryReader(path / HISTORY).look()), default=0.0)
        self._started = time.monotonic()
        if writable:
            for place in (path, path / "snapshots"):
                remove_temporaries(place)
        self._seq = repair_records(path / HISTORY) if writable else 0

    @property
    def seconds(self) -> float:
        """Return the seconds of training so far, summed over resumes, by a clock that is never set back."""
        return self.elapsed_before + time.monotonic() - self._started

    def log(self, record: StepRecord) -> None:
        """Append one step to the history."""
        values: dict[str, Any] = {"kind": "step", "step": record.step, "phase": record.phase}
        values |= {"terms": dict(record.terms), "metrics": dict(record.metrics), "seconds": record.seconds}
        self._append(values)

    def mark(self, kind: str, phase: str, step: int, **values: Any) -> None:
        """Append a marker that is no step: ``resume``, ``refused-checkpoint``, ``nonfinite``."""
        self._append({"kind": kind, "step": step, "phase": phase, **values})

    def record(
        self,
        step: int,
        phase: str,
        terms: Mapping[str, float] | None = None,
        metrics: Mapping[str, float | Sequence[float]] | None = None,
    ) -> StepRecord:
        """Return a step, stamped and logged."""
        made = StepRecord(step, phase, terms or {}, metrics or {}, round(self.seconds, 3))
        self.log(made)
        return made

    def checkpoints(self, phase: str) -> Checkpoints:
        """Return the resume files of a phase."""
        return Checkpoints(self.path / "checkpoints" / phase)

    def _append(self, values: Mapping[str, Any]) -> None:
        if not self._writable:
            return
        try:
            append_record(self.path / HISTORY, values, self._seq)
        except StorageError:
            self._seq = repair_records(self.path / HISTORY)
            raise
        self._seq += 1


def keep_buffers() -> bool:
    """Tell glibc to keep large buffers between steps (1.5 times faster convolutions, same numbers); False elsewhere."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(-3, 2**30)) and bool(mallopt(-1, 2**31 - 1))  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD
