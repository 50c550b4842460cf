"""README's commands parse, name flags and files that exist, and CI runs the very same test command."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from metabam import files
from metabam.cli import parser

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def block(marker: str) -> str:
    """Return the code block after a marker."""
    found = re.search(rf"<!-- {marker} -->\s*```\w*\n(.*?)```", README, re.DOTALL)
    assert found, marker
    return found[1]


def shell_lines() -> list[list[str]]:
    """Return every `metabam ...` line in README's code blocks, as words."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.strip() for line in "\n".join(blocks).replace("\\\n", " ").splitlines()]
    return [shlex.split(line.replace("$seed", "1"), comments=True) for line in lines if line.startswith("metabam ")]


def test_the_two_set_up_commands_are_one_liners_that_make_their_own_environment():
    for marker in ("app-command", "test-command"):
        lines = block(marker).strip().splitlines()
        assert len(lines) == 1, marker
        assert lines[0].startswith("python3.11 -m venv .venv && .venv/bin/pip install"), marker
        assert "sudo" not in lines[0]
    assert block("app-command").strip().endswith("&& .venv/bin/metabam app")
    assert block("test-command").strip().endswith("&& .venv/bin/python -m pytest -n 2")


def test_every_shell_line_parses():
    lines = shell_lines()
    assert {line[1] for line in lines} >= {"simulate", "train", "draw", "adapt", "score", "check"}
    for words in lines:
        assert parser.parse(words[1:]).command == words[1]


def test_benchmark_lines_name_commands_and_flags_that_exist():
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in "\n".join(blocks).splitlines():
        if line.startswith("python "):
            script, *words = shlex.split(line)[1:]
            text = (ROOT / script).read_text()
            assert all(f'"{word}"' in text for word in words if word.startswith("--")), line


def test_the_python_example_runs_as_it_stands():
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 1
    assert len([line for line in blocks[0].splitlines() if line.strip()]) <= 12
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", blocks[0]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr
    assert re.search(r"0\.\d+", done.stdout)


def test_named_files_exist():
    for name in re.findall(r"`((?:metabam|tests|assets|notebooks|benchmarks|pages)/[\w./-]+)`", README):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"\]\((?!https?://)([\w./-]+)\)", README):
        assert (ROOT / name).exists(), name


def test_contributing_names_files_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for name in re.findall(r"`((?:metabam|tests|assets|notebooks)/[\w./-]*)`", text):
        assert (ROOT / name).exists(), name


def test_ci_runs_the_readme_command_and_returns_its_status(tmp_path):
    """The script reads the command from the README of the folder it stands in: try it on a stand-in checkout."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_text((ROOT / ".ci" / "run").read_text())
    lines = "echo first; echo '=== 3 passed, 1 failed in 2.50s ==='; exit 7"
    (tmp_path / "README.md").write_text(f"x\n<!-- test-command -->\n```sh\n{lines}\n```\n\n```sh\nexit 0\n```\n")
    chromium = tmp_path / "chromium"
    chromium.write_text("#!/bin/sh\n")
    chromium.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", ".ci/run"], cwd=tmp_path, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 7
    assert done.stdout.splitlines()[-1] == "=== 3 passed, 1 failed in 2.50s ==="
    assert lines in done.stdout
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_demo_is_what_its_manifest_says():
    manifest_path = ROOT / "assets" / "MANIFEST.json"
    if not manifest_path.is_file():
        pytest.skip("the demo has not been built: python assets/build.py")
    manifest = json.loads(manifest_path.read_text())
    assert manifest["command"] == "python assets/build.py"
    assert (ROOT / "assets" / "build.py").is_file()
    found = {
        str(path.relative_to(ROOT / "assets")): path
        for folder in ("world", "demo", "examples")
        for path in (ROOT / "assets" / folder).rglob("*")
        if path.is_file()
    }
    assert set(found) == set(manifest["files"])
    for name, path in found.items():
        assert files.sha256(path.read_bytes()) == manifest["files"][name]["sha256"], name
    assert sum(path.stat().st_size for path in found.values()) <= 25 * 10**6
