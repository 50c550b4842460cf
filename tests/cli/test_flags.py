"""Flags, exit statuses and the two streams of every command, by real processes."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import typing
import urllib.request
from pathlib import Path

import pytest

import metabam
from metabam import config
from metabam.cli import main, parser
from metabam.config import EncoderConfig, RunConfig
from metabam.errors import ConfigError, MetaBamError

ROOT = Path(metabam.__file__).resolve().parent.parent
COMMANDS = ("simulate", "train", "draw", "adapt", "score", "bench", "check", "app")
TRAIN = ("train", "--genome", "g.fa", "--pairs", "p.tsv", "--holdout", "K562", "--out", "run")


def run(*words: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run one command as a user would."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "metabam.cli", *words],
        capture_output=True,
        text=True,
        cwd=cwd or ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **(env or {})},
        check=False,
    )


def test_version():
    done = run("--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"metabam {metabam.__version__}")


def test_help_of_every_command_names_its_flags():
    assert all(name in run("--help").stdout for name in COMMANDS)
    for name in COMMANDS:
        done = run(name, "--help")
        assert done.returncode == 0
        assert "--json" in done.stdout
        assert done.stderr == ""


@pytest.mark.parametrize("value", ["two", "0", "257", "-1", "1.5", "٢"])
def test_g13_threads_of_another_kind_are_refused_by_name(monkeypatch, value):
    monkeypatch.setenv("METABAM_THREADS", value)
    with pytest.raises(ConfigError) as refused:
        config.inference_threads()
    assert refused.value.code == "bad-variable"
    assert "METABAM_THREADS" in refused.value.message


def test_threads_default_to_one(monkeypatch):
    monkeypatch.delenv("METABAM_THREADS", raising=False)
    assert config.inference_threads() == 1
    monkeypatch.setenv("METABAM_THREADS", "13")
    assert config.inference_threads() == 13


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        ((*TRAIN, "--zigzag", "1"), "unknown-flag", "known:"),
        ((*TRAIN, "--sed", "1"), "unknown-flag", "nearest: --seed"),
        ((*TRAIN, "--pre", "demo"), "unknown-flag", "nearest: --preset"),
        (("trian",), "usage", "nearest: train"),
        ((), "usage", "COMMAND"),
        (("simulate", "--out", "w", "--seed", "-1"), "usage", "from 0 to 4294967295"),
        (("simulate", "--out", "w", "--seed", str(2**64)), "usage", "from 0 to 4294967295"),
        (("simulate", "--out", "w", "--seed", "1e3"), "usage", "whole number"),
        (("simulate", "--out", "w", "--seed", "08"), "usage", "whole number"),
        ((*TRAIN, "--threads", "0"), "bad-setting", "train.threads"),
        ((*TRAIN, "--threads", "-1"), "bad-setting", "train.threads"),
        ((*TRAIN, "--steps", "0"), "bad-setting", "train.steps"),
        ((*TRAIN, "--enhancer-window", "3"), "bad-setting", "encoder.enhancer_window"),
        ((*TRAIN, "--resume", "--fresh"), "usage", "not allowed with"),
        ((*TRAIN, "--encoder", "bert"), "usage", "invalid choice"),
        (("train", "--out", "run"), "usage", "--pairs"),
        (("train", "--genome", "g", "--pairs", "p", "--out", "r", "--holdout", "a,,b"), "usage", "empty name"),
        (("app", "--port", "99999"), "usage", "65535"),
    ],
    ids=lambda value: "_".join(value[-2:]) if isinstance(value, tuple) else None,
)
def test_a_wrong_flag_is_one_line_and_exit_2(words, code, hint, capsys):
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert f"[{code}]" in said.err
    assert hint in said.err


def test_errors_are_json_too_on_request(capsys):
    assert main((*TRAIN, "--sed", "1", "--json")) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert (said["error"]["code"], said["error"]["exit"]) == ("unknown-flag", 2)
    assert "--seed" in said["error"]["message"]


def test_missing_files_are_named(tmp_path, capsys):
    assert main(("check", str(tmp_path / "none.tsv"))) == 65
    assert "none.tsv" in capsys.readouterr().err
    words = ("adapt", "--run", str(tmp_path / "run"), "--support", "s.tsv", "--out", str(tmp_path / "f.json"))
    assert main(words) == 65
    assert "s.tsv" in capsys.readouterr().err


def test_cuda_is_never_replaced_in_silence(capsys):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA, so asking for it is no error")
    assert main((*TRAIN, "--device", "cuda")) == 2
    assert "[no-cuda]" in capsys.readouterr().err


def test_a_port_in_use_is_one_line_and_exit_2():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("app", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "[port-in-use]" in done.stderr


def test_share_warns_that_there_is_no_password():
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        done = run("app", "--share", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "NO password" in done.stderr


def test_choices_are_those_of_the_settings():
    def options(model: type, name: str) -> tuple[str, ...]:
        return typing.get_args(model.model_fields[name].annotation)

    assert options(RunConfig, "preset") == parser.PRESETS
    assert options(EncoderConfig, "kind") == parser.ENCODERS


def test_presets_say_their_name_and_survive_their_own_text():
    for name in parser.PRESETS:
        found = config.preset(name)
        assert found.preset == name
        assert config.build(found.model_dump(), RunConfig) == found
    with pytest.raises(ConfigError, match="unknown-preset"):
        config.preset("tiny")


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ({"train": {"learing_rate": 0.1}}, "train.learing_rate: unknown key"),
        ({"train": {"batch_task": 3}}, "nearest: 'batch_tasks'"),
        ({"seeds": 3}, "nearest: 'seed'"),
        ({"train": {"lr": "1e-3"}}, "train.lr"),
        ({"train": {"lr": -1.0}}, "train.lr"),
        ({"train": {"beta": float("nan")}}, "train.beta"),
        ({"model": {"n_atoms": 0}}, "model.n_atoms"),
        ({"model": {"n_steps": 0}}, "model.n_steps"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
    ],
    ids=str,
)
def test_wrong_settings_are_named(values, hint):
    with pytest.raises(MetaBamError) as caught:
        config.build(values, RunConfig)
    assert hint in caught.value.message
    assert caught.value.exit_code == 2


def test_app_answers_on_this_machine_alone(tmp_path):
    """The server comes up on 127.0.0.1 with the repository's settings, whatever folder it is started from."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    words = [sys.executable, "-m", "metabam.cli", "app", "--port", str(number), "--runs", str(tmp_path)]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        try:
            deadline, answer = time.monotonic() + 60, b""
            while not answer and time.monotonic() < deadline and server.poll() is None:
                time.sleep(0.2)
                with contextlib.suppress(OSError):
                    request = urllib.request.urlopen(f"http://127.0.0.1:{number}/_stcore/health", timeout=5)
                    with request:
                        answer = request.read()
            assert answer == b"ok"
            listening = Path("/proc/net/tcp").read_text().split()
            assert f"00000000:{number:04X}" not in listening
            assert f"0100007F:{number:04X}" in listening
        finally:
            server.terminate()
            server.communicate(timeout=30)
