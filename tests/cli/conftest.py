"""A small planted world and a run trained on it by the commands that a user would type."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from metabam.cli import main


@dataclass(frozen=True)
class Done:
    """What one command said."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


@dataclass(frozen=True)
class World:
    """Where everything lies; ``run`` starts a process, ``call`` does the same inside this one (no start-up time)."""

    folder: Path
    run: Callable[..., Done]

    def call(self, *words: str) -> Done:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
        return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("shell")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "METABAM_CACHE": str(folder / "cache")}

    def run(*words: str) -> Done:
        command = [sys.executable, "-W", "error", "-m", "metabam.cli", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    made = World(folder, run)
    sizes = ("--training-lines", "2", "--heldout-lines", "2", "--pairs-per-line", "300")
    assert run("simulate", "--out", "world", "--seed", "7", *sizes).code == 0
    return made


@pytest.fixture(scope="session")
def trained(world: World) -> World:
    words = ("--genome", "world/genome.fa", "--pairs", "world/pairs.tsv", "--holdout", "unseen*", "--seed", "3")
    done = world.run("train", *words, "--steps", "30", "--threads", "1", "--out", "run", "--json")
    assert done.code == 0, done.err
    assert done.json()["holdout"] == ["unseen01", "unseen02"]
    assert "step" in done.err
    words = (
        "--line",
        "unseen01",
        "--shots",
        "16",
        "--seed",
        "5",
        "--support",
        "support.tsv",
        "--queries",
        "queries.tsv",
    )
    assert world.run("draw", "--pairs", "world/pairs.tsv", *words).code == 0
    words = ("--genome", "world/genome.fa", "--support", "support.tsv", "--out", "fingerprint.json")
    done = world.run("adapt", "--run", "run", *words)
    assert done.code == 0, done.err
    return world
