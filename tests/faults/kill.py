"""The kill -9 harness: starts real trainers, ends them, and looks at what they left."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from metabam.files import read_json, read_records

ROOT = Path(__file__).parents[2]


class Trainers:
    """One server process that forks trainers (``tests/faults/trainer.py``): importing PyTorch is paid for once."""

    def __init__(self, *options):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-W", "error", str(ROOT / "tests/faults/trainer.py"), *options]
        self.server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
        )
        assert self._line() == "ready"

    def _line(self):
        return self.server.stdout.readline().strip()

    def start(self, folder: Path, **request) -> int:
        """Start a trainer in ``folder``; return its process id at once."""
        folder.mkdir(parents=True, exist_ok=True)
        log = folder.parent / f"{folder.name}.log"
        self.server.stdin.write(json.dumps({"folder": str(folder), "log": str(log), **request}) + "\n")
        self.server.stdin.flush()
        return int(self._line())

    def wait(self) -> int:
        """Return the exit status of the trainer started last (minus the signal's number where one ended it)."""
        return int(self._line())

    def run(self, folder: Path, **request) -> int:
        """Start a trainer and wait for its end."""
        self.start(folder, **request)
        return self.wait()

    def close(self):
        self.server.stdin.close()
        self.server.wait(timeout=60)
        self.server.stdout.close()


def until(condition, folder: Path) -> None:
    """Wait until the condition holds; fail with what the trainer printed where it does not within a minute."""
    for _ in range(6_000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError(output(folder))


def output(folder: Path) -> str:
    """Return what the last trainer of a folder printed."""
    return (folder.parent / f"{folder.name}.log").read_text()


def weights(folder: Path) -> str:
    """Return the SHA-256 of the final weights."""
    return hashlib.sha256((folder / "final.safetensors").read_bytes()).hexdigest()


def steps(folder: Path) -> list[int]:
    """Return the optimizer steps in the log, in file order, every line of it being sound."""
    read = read_records(folder / "history.jsonl")
    assert read.bad_lines == 0
    return [row["step"] for row in read.rows if row["kind"] == "step" and row["step"]]


def checkpoints(folder: Path) -> list[int]:
    """Return the steps of the complete checkpoints: note there, resume file there, digests equal."""
    found = []
    for note in sorted((folder / "checkpoints/meta-train").glob("step-*.json")):
        stated = read_json(note)
        data = note.with_suffix(".pt").read_bytes()
        if hashlib.sha256(data).hexdigest() == stated["sha256"]:
            found.append(stated["step"])
    return found


def temporaries(folder: Path) -> list[str]:
    """Return the names of temporary files anywhere in a run directory."""
    return [path.name for path in folder.rglob("*.tmp")]
