"""Whose turn it is: heavy work of all sessions stands in line, first come first served, a few at a time.

Ten visitors who press at once would otherwise share two cores in ten slices, and all of them wait for the last.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import streamlit as st

from metabam.app.layout import Scene

SLOTS: Final = 2
POLL: Final = 0.5


class Line:
    """A line of visitors of whom the first ``slots`` are served; safe for use by many threads."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._condition = threading.Condition()
        self._tickets: list[object] = []

    def __len__(self) -> int:
        """Return how many are served or wait."""
        return len(self._tickets)

    @contextmanager
    def turn(self, waiting: Callable[[int], object]) -> Iterator[None]:
        """Wait for a turn and hold it; ``waiting`` is told how many must finish first, again and again.

        Whoever raises, while waiting or while served, leaves the line. A turn must not be taken inside a turn.
        """
        ticket = object()
        with self._condition:
            self._tickets.append(ticket)
        try:
            while ahead := self._ahead(ticket):
                waiting(ahead)
            yield
        finally:
            with self._condition:
                self._tickets.remove(ticket)
                self._condition.notify_all()

    def _ahead(self, ticket: object) -> int:
        """Return how many must finish before this ticket is served, after at most a short wait for the turn."""
        with self._condition:
            self._condition.wait_for(lambda: self._tickets.index(ticket) < self.slots, timeout=POLL)
            return max(self._tickets.index(ticket) - self.slots + 1, 0)


HEAVY: Final = Line(SLOTS)


@contextmanager
def heavy(scene: Scene) -> Iterator[None]:
    """Hold one of the server's turns for heavy work; a visitor who has to wait sees how many are ahead."""
    place = st.empty()
    with HEAVY.turn(lambda ahead: place.caption(f":material/groups: {scene.text('shell.turn', n=ahead)}")):
        place.empty()
        yield
