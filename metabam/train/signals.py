"""Requests to stop, noticed at the next step boundary."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

_WATCHED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


class StopFlag:
    """The signal that asked to stop, or 0. A handler sets it and does nothing else."""

    def __init__(self) -> None:
        self.signal = 0

    def set(self, number: int, frame: FrameType | None = None) -> None:
        """Remember the first request; a second Ctrl-C acts at once."""
        del frame
        if self.signal and number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            raise KeyboardInterrupt
        self.signal = self.signal or number


@contextmanager
def watched() -> Iterator[StopFlag]:
    """Install the handlers, give the flag, and put the former handlers back.

    Outside the main thread (a notebook's worker) no handler can be installed: the flag then stays 0.
    """
    flag = StopFlag()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    former: dict[signal.Signals, Any] = {number: signal.signal(number, flag.set) for number in _WATCHED}
    try:
        yield flag
    finally:
        for number, handler in former.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def leave(number: int) -> NoReturn:
    """End as a shell expects: Ctrl-C as ``KeyboardInterrupt`` (130), any other signal as exit status 128 + number."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)
