"""Faults X01 to X10, each by a real end of a real training process (ids as in the reliability rules)."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import re
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path

import pytest

from metabam.files import read_records
from metabam.train.history import HistoryReader, Watch
from tests.faults.kill import ROOT, Trainers, checkpoints, output, steps, temporaries, weights

N, EVERY = 40, 5


@pytest.fixture(scope="module")
def trainers():
    started = Trainers()
    yield started
    started.close()


@pytest.fixture(scope="module")
def undisturbed(trainers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    assert trainers.run(folder) == 0, output(folder)
    assert steps(folder) == list(range(1, N + 1))
    return folder


def finish(trainers, folder, undisturbed):
    """Resume to the end; nothing may differ from the undisturbed run, nothing temporary may be left."""
    assert trainers.run(folder) == 0, output(folder)
    assert weights(folder) == weights(undisturbed)
    assert temporaries(folder) == []
    assert sorted(set(steps(folder))) == list(range(1, N + 1))
    names = [path.name for path in sorted((folder / "snapshots").iterdir())]
    assert names == [path.name for path in sorted((undisturbed / "snapshots").iterdir())]
    for name in names:
        assert (folder / "snapshots" / name).read_bytes() == (undisturbed / "snapshots" / name).read_bytes()


def kill_chain(trainers, folder, undisturbed, draw, kills):
    """Kill the run and its resumptions ``kills`` times, alternately at a step and at a random instant.

    A trainer may reach the end before the random instant; the chain ends there.
    """
    for number in range(kills):
        saved = max(checkpoints(folder), default=0) if folder.exists() else 0
        if saved >= N - 1:
            break
        logged = steps(folder) if folder.exists() else []
        if number % 2:
            pid = trainers.start(folder, pause=0.004)
            time.sleep(draw.uniform(0.0, 0.15))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            ended = trainers.wait()
            assert ended in (-signal.SIGKILL, 0), output(folder)
            if ended == 0:
                break
        else:
            step = draw.randint(saved + 1, min(saved + 2 * EVERY, N - 1))
            assert trainers.run(folder, at_step=[step, "kill"]) == -signal.SIGKILL, output(folder)
            assert max(steps(folder)) >= step
            newest = max(checkpoints(folder), default=0)
            assert step - newest <= EVERY
        assert steps(folder)[: len(logged)] == logged
        assert max(checkpoints(folder), default=0) >= saved
    finish(trainers, folder, undisturbed)


def x01(trainers, folder, undisturbed):
    kill_chain(trainers, folder, undisturbed, random.Random(1), 6)


def x02(trainers, folder, undisturbed):
    """Killed inside the write of the third checkpoint, when half its bytes are down."""
    assert trainers.run(folder, trap=["write", 3, "half", ".pt."]) == -signal.SIGKILL, output(folder)
    assert checkpoints(folder) == [5, 10]
    assert len(temporaries(folder)) == 1
    finish(trainers, folder, undisturbed)


def x03(trainers, folder, undisturbed):
    """Killed between temporary file and rename, rename and manifest, manifest and the next log line."""
    points = [
        (["replace", 2, "before", ".pt."], [5]),
        (["replace", 2, "after", ".pt."], [5, 10]),
        (["replace", 2, "after", ".json."], None),
    ]
    for trap, expected in points:
        before = checkpoints(folder) if folder.exists() else []
        assert trainers.run(folder, trap=trap) == -signal.SIGKILL, output(folder)
        after = checkpoints(folder)
        assert set(before[-2:]) <= set(after)
        assert expected is None or max(after) <= max(expected)
    finish(trainers, folder, undisturbed)


def x04(trainers, folder, undisturbed):
    """Killed inside a log append: that record is lost, every other kept, the next not glued on."""
    assert trainers.run(folder, trap=["write", 13, "half", "history.jsonl"]) == -signal.SIGKILL, output(folder)
    torn = read_records(folder / "history.jsonl")
    assert torn.torn_tail
    assert [row["step"] for row in torn.rows] == list(range(12))
    assert trainers.run(folder, at_step=[14, "kill"]) == -signal.SIGKILL
    assert steps(folder) == [*range(1, 12), *range(11, 15)]
    finish(trainers, folder, undisturbed)


def x05(trainers, folder, undisturbed):
    """Power loss: file, fsync, rename, fsync of the folder, and only then the manifest, in this order.

    The order is that of the calls our process makes (seen in ``os`` and, for renames, by the interpreter's audit
    events); what a disk does with a finished fsync is not tested.
    """
    assert trainers.run(folder, trace=True) == 0, output(folder)
    calls = json.loads((folder / "trace.json").read_text())
    names = {".pt.": 0, ".json.": 0, ".safetensors.": 0}
    for index, (call, *places) in enumerate(calls):
        kind = next((part for part in names if part in places[0]), None)
        if call != "audit:rename" or kind is None:
            continue
        names[kind] += 1
        temporary, final = places
        whole = [entry[0] for entry in calls[:index] if entry[1] == temporary]
        assert whole[0] == "open"
        assert whole[-1] == "fsync"
        assert set(whole[1:-1]) == {"write"}
        following = [entry[:2] for entry in calls[index + 1 : index + 4]]
        parent = str(Path(final).parent)
        assert following == [["replace", temporary], ["open", parent], ["fsync", parent]]
    assert names[".pt."] == N // EVERY
    assert names[".json."] >= N // EVERY
    renames = [places[-1] for call, *places in calls if call == "audit:rename" and "/checkpoints/" in places[-1]]
    assert [name.rpartition(".")[2] for name in renames] == ["pt", "json"] * (N // EVERY)
    assert [name.rpartition(".")[0] for name in renames[::2]] == [name.rpartition(".")[0] for name in renames[1::2]]


def x06(trainers, folder, undisturbed):
    """Disk full at a checkpoint: exit 74 with a message, the old one intact; goes on when there is space again."""
    assert trainers.run(folder, at_step=[7, "kill"]) == -signal.SIGKILL
    assert checkpoints(folder) == [5]
    assert trainers.run(folder, file_limit=20_000) == 74
    assert "[disk-full]" in output(folder)
    assert "trying once more" in output(folder)
    assert checkpoints(folder) == [5]
    assert temporaries(folder) == []
    finish(trainers, folder, undisturbed)


def x07(trainers, folder, undisturbed):
    """Disk full at the log: a short write is noticed by its byte count, cut off, and fatal."""
    assert trainers.run(folder, at_step=[7, "kill"]) == -signal.SIGKILL
    size = (folder / "history.jsonl").stat().st_size
    assert trainers.run(folder, file_limit=size + 37, save_every=1000) == 74
    assert "[disk-full]" in output(folder)
    read = read_records(folder / "history.jsonl")
    assert (read.bad_lines, read.torn_tail) == (0, False)
    assert (folder / "history.jsonl").stat().st_size <= size + 37
    finish(trainers, folder, undisturbed)


def x08(trainers, folder, undisturbed):
    """No temporary file can be made (as without inodes): a message and exit 74, the old checkpoint intact.

    The same for an upload's temporary file belongs to the app; the server that started this trainer lives on.
    """
    assert trainers.run(folder, at_step=[7, "kill"]) == -signal.SIGKILL
    assert trainers.run(folder, no_new_files=9) == 74
    assert "[write-failed]" in output(folder)
    assert "Too many open files" in output(folder)
    assert checkpoints(folder) == [5]
    finish(trainers, folder, undisturbed)


def x09(trainers, folder, undisturbed):
    """Read-only at the start, or revoked in the middle: fatal and loud, never swallowed; as an ordinary user."""
    user = 65_534 if os.getuid() == 0 else 0
    outer = Path(tempfile.mkdtemp())
    try:
        outer.chmod(0o755)
        inner = outer / "run"
        inner.mkdir()
        if user:
            os.chown(inner, user, user)
        inner.chmod(0o500)
        assert trainers.run(inner, user=user) == 74, output(inner)
        assert "Permission denied" in output(inner)
        inner.chmod(0o700)
        assert trainers.run(inner, user=user, at_step=[7, "chmod"]) == 74
        assert "[write-failed]" in output(inner)
        assert checkpoints(inner) == [5]
        assert max(steps(inner)) <= 2 * EVERY
        for path in [inner, *inner.rglob("*")]:
            if path.is_dir():
                path.chmod(0o700)
        assert trainers.run(inner, user=user) == 0, output(inner)
        assert weights(inner) == weights(undisturbed)
    finally:
        shutil.rmtree(outer)


def x10(trainers, folder, undisturbed):
    """Reads stall, then fail as on a lost network disk: the page gets the last good state and its age, at once."""
    shutil.copytree(undisturbed, folder)
    stalled = threading.Event()
    let_go = threading.Event()
    real = os.pread

    def stalling(*args):
        stalled.set()
        assert let_go.wait(60)
        return real(*args)

    def stale(*args):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    watch = Watch(HistoryReader(folder / "history.jsonl").look, patience=0.05)
    good = watch.look()
    assert (len(good.value), good.note) == (N + 1, "")
    try:
        os.pread = stalling
        slow = watch.look()
        assert stalled.is_set()
        assert slow.value is good.value
        assert "stalled" in slow.note
        again = watch.look()  # no second reader is piled onto the stalled one
        assert again.value is good.value
        assert again.age >= slow.age > 0
        os.pread = stale
        let_go.set()
        watch.settle()
        failed = watch.look()
        watch.settle()
        failed = watch.look()
        assert failed.value is not None
        assert "Stale file handle" in failed.note
    finally:
        os.pread = real
        let_go.set()
    watch.settle()
    watch.look()
    watch.settle()
    assert watch.look().note == ""


FAULTS = {"X01": x01, "X02": x02, "X03": x03, "X04": x04, "X05": x05, "X06": x06, "X07": x07, "X08": x08}
FAULTS |= {"X09": x09, "X10": x10}


ELSEWHERE = {"X11", "X12", "X13", "X16", "X17", "X27", "X29", "X35", "X36"}  # tests/train, by id in the test's name
SESSIONS = {"X23"}  # tests/app


def test_published_states_are_those_of_the_tests():
    table = dict(re.findall(r"^\| (X\d\d) \|.*\| ([^|]+) \|$", (ROOT / "RELIABILITY.md").read_text(), flags=re.M))
    assert len(table) == 40
    assert {fault for fault, state in table.items() if state.startswith("built")} == set(FAULTS) | ELSEWHERE | SESSIONS
    tests = " ".join(path.read_text().lower() for path in (ROOT / "tests/train").glob("test_*.py"))
    assert all(f"{fault.lower()}" in tests for fault in ELSEWHERE)
    assert all(fault.lower() in (ROOT / "tests/app/test_sessions.py").read_text() for fault in SESSIONS)


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(fault, trainers, tmp_path, undisturbed):
    FAULTS[fault](trainers, tmp_path / "run", undisturbed)


def test_resumed_without_random_state_the_weights_would_differ(trainers, tmp_path, undisturbed):
    """The bit-identity above is not trivial: dropout draws from the state that a resume file restores."""
    folder = tmp_path / "run"
    assert trainers.run(folder, at_step=[7, "kill"]) == -signal.SIGKILL
    assert trainers.run(folder, forget_random=True) == 0, output(folder)
    assert weights(folder) != weights(undisturbed)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(50))
def test_x01_long(seed, trainers, tmp_path, undisturbed):
    kill_chain(trainers, tmp_path / "run", undisturbed, random.Random(1000 + seed), 10)
