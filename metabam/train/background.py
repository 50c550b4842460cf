"""Long work that has no steps of its own: it runs beside the generator, which turns its progress into records."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from queue import Empty, SimpleQueue
from typing import TypeVar

from metabam.records import StepRecord
from metabam.train.folder import RunFolder

Made = TypeVar("Made")
Progress = Callable[[str, float], None]


def in_background(work: Callable[[Progress], Made], folder: RunFolder, phase: str) -> Generator[StepRecord, None, Made]:
    """Yield a record for every hundredth that ``work`` reports as done; return what it returns, raise what it raises.

    The heartbeat goes on while the work says nothing. Ctrl-C acts at once: the work is a daemon thread.
    """
    updates: SimpleQueue[tuple[str, float]] = SimpleQueue()
    made: list[Made] = []
    failed: list[BaseException] = []

    def body() -> None:
        try:
            made.append(work(lambda what, share: updates.put((what, share))))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=body, name=phase, daemon=True)
    thread.start()
    step, seen = 0, -1.0
    what = ""
    while thread.is_alive() or not updates.empty():
        try:
            what, share = updates.get(timeout=0.2)
        except Empty:
            folder.heartbeat.beat(phase, fraction=max(seen, 0.0), message=what)
            continue
        folder.heartbeat.beat(phase, fraction=share, message=what)
        if share >= seen + 0.01 or share < seen:
            seen = share
            step += 1
            yield folder.record(step, phase, metrics={"share": float(share)})
    thread.join()
    if failed:
        raise failed[0]
    return made[0]
