"""Reading ``history.jsonl`` while it grows."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from metabam.errors import MetaBamError
from metabam.files import read_records
from metabam.records import History, StepRecord

Seen = TypeVar("Seen")
LOOK: Final = 12 << 20  # bytes parsed at one look, some 30,000 to 90,000 records; a longer unread part is sampled


class HistoryReader:
    """Follows a log by its byte offset: every look reads only what is new.

    Where a step was written more than once (a run that resumed), the record with the last sequence number counts. The
    phase ``select-steps`` counts its steps anew for every left-out line, whose number is the metric ``fold``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start_over()

    def _start_over(self) -> None:
        self._offset = 0
        self._bad = 0
        self._rows: dict[tuple[str, float, int], tuple[int, StepRecord]] = {}
        self._phases: dict[str, int] = {}
        self._resumed: set[int] = set()

    def look(self) -> History:
        """Return the history up to the last complete line."""
        read = read_records(self.path, self._offset, LOOK)
        if read.offset < self._offset:  # the file was replaced
            self._start_over()
            read = read_records(self.path, 0, LOOK)
        self._offset = read.offset
        self._bad += read.bad_lines
        for row in read.rows:
            self._take(row)
        order = sorted(self._rows, key=lambda key: (self._phases[key[0]], *key[1:]))
        records = tuple(self._rows[key][1] for key in order)
        gaps = tuple((record.step, name) for record in records for name in _gaps(record))
        return History(records, self._bad, read.torn_tail, tuple(sorted(self._resumed)), gaps)

    def _take(self, row: Mapping[str, Any]) -> None:
        step, phase, seq = row.get("step"), row.get("phase"), row["seq"]
        if not isinstance(step, int) or not isinstance(phase, str):
            self._bad += 1
            return
        if row.get("kind") == "resume":
            self._resumed.add(step)
        if row.get("kind") != "step":
            return
        metrics = dict(_numbers(row.get("metrics")))
        fold = metrics.get("fold", -1.0)
        key = (phase, fold if isinstance(fold, float) else -1.0, step)
        if key in self._rows and self._rows[key][0] > seq:
            return
        seconds = row.get("seconds")
        record = StepRecord(
            step,
            phase,
            {key: value for key, value in _numbers(row.get("terms")) if isinstance(value, float)},
            metrics,
            float(seconds) if isinstance(seconds, int | float) else 0.0,
        )
        self._phases.setdefault(phase, len(self._phases))
        self._rows[key] = (seq, record)


def _numbers(values: Any) -> Iterable[tuple[str, float | Sequence[float]]]:
    """Yield what is a number or a list of numbers; anything else another version may have written is passed over."""
    if not isinstance(values, Mapping):
        return
    for name, value in values.items():
        if isinstance(value, int | float):
            yield str(name), float(value)
        elif isinstance(value, list) and all(isinstance(item, int | float) for item in value):
            yield str(name), [float(item) for item in value]


def _gaps(record: StepRecord) -> Iterable[str]:
    for name, value in [*record.terms.items(), *record.metrics.items()]:
        values = [value] if isinstance(value, float) else list(value) if isinstance(value, list) else []
        if any(not math.isfinite(item) for item in values):
            yield name


@dataclass(frozen=True, slots=True)
class Look(Generic[Seen]):
    """The last good value (``None`` before the first), its age in seconds, and why it is not newer ("" if it is)."""

    value: Seen | None
    age: float
    note: str


class Watch(Generic[Seen]):
    """Reads in a thread of its own, so that a stalled disk makes a page old instead of stuck.

    Parameters
    ----------
    read
        What to call, for example ``run.history``.
    patience
        Seconds that :meth:`look` waits at most.
    """

    def __init__(self, read: Callable[[], Seen], patience: float = 1.0) -> None:
        self._read = read
        self._patience = patience
        self._thread: threading.Thread | None = None
        self._value: Seen | None = None
        self._since = time.monotonic()
        self._note = ""

    def look(self) -> Look[Seen]:
        """Return the newest value that can be had within ``patience``; an unfinished read is never doubled."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        self._thread.join(self._patience)
        age = time.monotonic() - self._since
        if self._thread.is_alive():
            return Look(self._value, age, f"reading has stalled; last seen {age:.0f} s ago")
        return Look(self._value, age, self._note)

    def settle(self, timeout: float = 60.0) -> None:
        """Wait until the read in progress, if any, has ended."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _work(self) -> None:
        try:
            value = self._read()
        except (MetaBamError, OSError) as error:
            self._note = error.message if isinstance(error, MetaBamError) else error.strerror or str(error)
            return
        self._value, self._since, self._note = value, time.monotonic(), ""
