"""What the command line says: one result on standard output, everything else on standard error."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from metabam.errors import MetaBamError


@dataclass(frozen=True, slots=True)
class Result:
    """What a command found: ``values`` for ``--json``, ``text`` for people, and the exit status."""

    values: Mapping[str, Any]
    text: str
    exit_code: int = 0


class Progress:
    """One line on standard error that says where the work stands.

    On a terminal the line is rewritten at most ten times a second; elsewhere (a log file) a new line is written when
    the phase changes and then at most every ``every`` seconds.
    """

    def __init__(self, every: float = 10.0, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._pause = 0.1 if self._terminal else every
        self._last = -math.inf
        self._phase = ""
        self._width = 0

    def update(self, phase: str, detail: str, *, last: bool = False) -> None:
        """Show ``phase: detail``; ``last`` ends the line."""
        now = time.monotonic()
        if self._quiet or (phase == self._phase and not last and now - self._last < self._pause):
            return
        self._phase, self._last = phase, now
        text = f"{phase}: {detail}"
        if self._terminal:
            sys.stderr.write("\r" + text.ljust(self._width) + ("\n" if last else ""))
            self._width = len(text)
        else:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def close(self) -> None:
        """End a line that is still open."""
        if self._terminal and self._width:
            sys.stderr.write("\n")
            self._width = 0


@dataclass(slots=True)
class Output:
    """The two streams of one command.

    ``as_json`` turns the result, and an error, into one JSON object on standard output. ``quiet`` keeps all but errors
    to itself: every worker of a distributed training but the first.
    """

    as_json: bool = False
    quiet: bool = False
    _notes: list[str] = field(default_factory=list)

    def result(self, result: Result) -> None:
        """Print the result of the command."""
        if self.quiet:
            return
        if self.as_json:
            print(
                json.dumps({"ok": result.exit_code == 0, **plain(result.values), "notes": self._notes}, allow_nan=False)
            )
        elif result.text:
            print(result.text)

    def note(self, text: str) -> None:
        """Say something on standard error; ``--json`` repeats it under ``notes``."""
        self._notes.append(text)
        if self.quiet:
            return
        print(f"metabam: {text}", file=sys.stderr, flush=True)

    def progress(self) -> Progress:
        """Return a progress line on standard error."""
        return Progress(quiet=self.quiet)

    def error(self, error: MetaBamError) -> None:
        """Say what went wrong and what to do about it."""
        if self.as_json:
            described = {"code": error.code, "message": error.message, "remedy": error.remedy, "exit": error.exit_code}
            print(json.dumps({"ok": False, "error": described, "notes": self._notes}))
        print(f"metabam: error: {error}", file=sys.stderr, flush=True)


def plain(value: Any) -> Any:
    """Return ``value`` with non-finite numbers as ``None`` and NumPy scalars as Python ones (reliability rule FI8)."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
