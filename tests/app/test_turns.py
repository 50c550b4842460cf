"""Heavy work of many visitors: first come, first served, never more at once than there are turns."""

import threading

import pytest

from metabam.app import turns

PATIENCE = 30.0


class Visitor(threading.Thread):
    """One visitor in a thread: waits for a turn, says so, holds it until let go."""

    def __init__(self, line):
        super().__init__(daemon=True)
        self.line, self.told = line, []
        self.waits, self.served, self.go = threading.Event(), threading.Event(), threading.Event()

    def heard(self, ahead):
        self.told.append(ahead)
        self.waits.set()

    def run(self):
        with self.line.turn(self.heard):
            self.served.set()
            self.go.wait(PATIENCE)


def arrive(line, count):
    visitors = []
    for at in range(count):
        visitors.append(Visitor(line))
        visitors[-1].start()
        assert (visitors[-1].served if at < line.slots else visitors[-1].waits).wait(PATIENCE)
    return visitors


def test_two_are_served_and_the_others_in_the_order_they_came():
    line = turns.Line(2)
    visitors = arrive(line, 5)
    assert [visitor.told[:1] for visitor in visitors] == [[], [], [1], [2], [3]]
    assert not any(visitor.served.is_set() for visitor in visitors[2:])
    visitors[1].go.set()
    assert visitors[2].served.wait(PATIENCE)
    assert not any(visitor.served.is_set() for visitor in visitors[3:])
    for visitor in visitors:
        visitor.go.set()
    for visitor in visitors:
        visitor.join(PATIENCE)
    assert all(visitor.served.is_set() for visitor in visitors)
    assert len(line) == 0


def leave(_ahead):
    raise KeyboardInterrupt


def fail_when_served(line):
    with line.turn(leave):
        raise ZeroDivisionError


def test_whoever_leaves_while_waiting_or_while_served_holds_nobody_up():
    line = turns.Line(1)
    with line.turn(leave):
        with pytest.raises(KeyboardInterrupt):
            fail_when_served(line)  # its turn does not come: it gives up waiting
        assert len(line) == 1
    with pytest.raises(ZeroDivisionError):
        fail_when_served(line)
    assert len(line) == 0
