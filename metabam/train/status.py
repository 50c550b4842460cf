"""The heartbeat of a run: a small file that says what is being done, rewritten at most every few seconds."""

from __future__ import annotations

import math
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from metabam.errors import InputError
from metabam.files import parse_json, read_bytes, write_json

STATUS: Final = "status.json"
INTERVAL: Final = 5.0  # seconds between two heartbeats
SILENT_AFTER: Final = 3 * INTERVAL
_CAP: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Status:
    """Content of ``status.json``.

    ``state`` is ``running | finished | failed | stopped``; ``heartbeat`` seconds since 1970 by the wall clock;
    ``fraction`` of the phase done, in [0, 1].
    """

    state: str
    phase: str = ""
    step: int = 0
    n_steps: int = 0
    fraction: float = 0.0
    message: str = ""
    heartbeat: float = 0.0
    pid: int = 0
    host: str = ""


class Heartbeat:
    """Writes ``status.json``; :meth:`beat` costs nothing between two intervals.

    Parameters
    ----------
    folder
        The run directory.
    interval
        Seconds between two writes of an unchanged phase; infinite: nothing is ever written.
    """

    def __init__(self, folder: Path, interval: float = INTERVAL) -> None:
        self.path = folder / STATUS
        self.interval = interval
        self._last = -1e9
        self._phase = ""

    def beat(self, phase: str, step: int = 0, n_steps: int = 0, fraction: float = 0.0, message: str = "") -> None:
        """Say that the run lives, if the last time was an interval ago or the phase is new."""
        now = time.monotonic()
        if math.isinf(self.interval):
            return
        if phase == self._phase and now - self._last < self.interval:
            return
        self._last, self._phase = now, phase
        self._write("running", phase, step, n_steps, fraction, message)

    def close(self, state: str, step: int = 0, n_steps: int = 0, message: str = "") -> None:
        """Say how the run ended."""
        if math.isinf(self.interval):
            return
        self._write(state, self._phase, step, n_steps, 1.0 if state == "finished" else 0.0, message)

    def _write(self, state: str, phase: str, step: int, n_steps: int, fraction: float, message: str) -> None:
        status = Status(
            state, phase, step, n_steps, fraction, message[:1000], time.time(), os.getpid(), socket.gethostname()
        )
        write_json(self.path, asdict(status))


def read_status(folder: Path, tries: int = 3) -> Status | None:
    """Return the last heartbeat, ``None`` where there is none; an empty file is looked at again, 50 ms later.

    Raises
    ------
    InputError
        The file is there and stays unreadable.
    """
    for attempt in range(tries):
        try:
            return _status(parse_json(read_bytes(folder / STATUS, _CAP), STATUS))
        except InputError as error:
            if error.code == "file-missing":
                return None
            if attempt == tries - 1:
                raise
            time.sleep(0.05)
    return None


def _status(values: Any) -> Status:
    if not isinstance(values, dict):
        raise InputError("status-invalid", f"{STATUS} holds no table.", "Start the run again.")
    kinds = {"state": str, "phase": str, "message": str, "host": str, "step": int, "n_steps": int, "pid": int}
    known: dict[str, Any] = {
        key: value
        for key, value in values.items()
        if (key in kinds and type(value) is kinds[key])
        or (key in ("heartbeat", "fraction") and isinstance(value, int | float))
    }
    if "state" not in known:
        raise InputError("status-invalid", f"{STATUS} names no state.", "Start the run again.")
    return Status(**known)
