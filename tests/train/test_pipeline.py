"""The whole road from FASTA and table to a finished run; killed on the way, it ends with the same bytes."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from metabam.data.elements import windows_of
from metabam.data.genome import Genome
from metabam.data.pairs import read_pairs
from metabam.data.synthetic import simulate
from metabam.errors import ConfigError, LockedError, StorageError
from metabam.files import read_json, sha256
from metabam.learners.selection import clearly_best
from metabam.model.encoders import RecallingEncoder, layout_of
from metabam.records import SupportSet
from metabam.train import pipeline
from metabam.train.lock import hold
from metabam.train.metatrain import MetaTraining
from metabam.train.pipeline import train_run
from metabam.train.run import RunStore
from tests.faults.kill import ROOT, Trainers, output, temporaries
from tests.faults.trainer import settings

SAME = (
    "encoder.safetensors", "memory.safetensors", "features.safetensors", "lines.json", "selection.json",
    "weights.safetensors",
)  # fmt: skip


@pytest.fixture(scope="module")
def trainers():
    started = Trainers("--pipeline")
    yield started
    started.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "w"
    simulate(folder, 3, training_lines=3, heldout_lines=1, pairs_per_line=150, enhancer_length=200, promoter_length=200)
    return folder


@pytest.fixture(scope="module")
def given(world):
    with Genome(world / "genome.fa") as genome:
        yield genome, read_pairs(world / "pairs.tsv", role="training", genome=genome)[0]


@pytest.fixture(scope="module")
def finished(trainers, world, tmp_path_factory):
    """A run trained without a disturbance, by a process of its own."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert trainers.run(folder, world=str(world)) == 0, output(folder)
    return folder


def digests(folder):
    return {name: entry["sha256"] for name, entry in read_json(folder / "manifest.json")["files"].items()}


def test_a_finished_run_is_whole(finished):
    store = RunStore(finished.parent)
    row = store.summary("whole")
    assert (row.state, row.synthetic, row.holdout) == ("finished", True, ("unseen01",))
    run = store.open("whole")
    history = run.history()
    phases = list(dict.fromkeys(record.phase for record in history))
    assert phases == ["discover", "pretrain", "select-steps", "meta-train", "done"]
    assert (history.bad_lines, history.torn_tail, history.resumed_at) == (0, False, ())
    for name, entry in run.manifest["files"].items():
        data = (finished / name).read_bytes()
        assert (sha256(data), len(data)) == (entry["sha256"], entry["bytes"])
    assert set(run.manifest["files"]) == {*SAME, "config.json"}
    seconds = [record.seconds for record in history]
    assert seconds == sorted(seconds)


def test_the_number_of_steps_is_the_best_of_left_out_lines(finished):
    choice = read_json(finished / "selection.json")
    assert choice["grid"] == [0, 4, 8, 11]
    assert choice["left_out"] == ["train1 | planted", "train2 | planted", "train3 | planted"]
    assert choice["steps"] == choice["grid"][clearly_best(np.asarray(choice["score"]))]
    run = RunStore(finished.parent).open("whole")
    assert run.manifest["steps"] == choice["steps"]
    assert max(run.snapshots()) == choice["steps"]
    assert not list((finished / "checkpoints").glob("select-steps-*"))


def test_steps_are_chosen_on_lines_none_of_whose_assays_was_trained_on(given, tmp_path, monkeypatch):
    genome, table = given
    told = []

    class Watched(MetaTraining):
        def __init__(self, contexts, *settings, left_out=None, **named):
            told.append(({context.cell_line for context in contexts}, left_out and left_out.cell_line))
            super().__init__(contexts, *settings, left_out=left_out, **named)

    monkeypatch.setattr(pipeline, "MetaTraining", Watched)
    halves = np.array(["a", "b"], dtype=object)[np.arange(len(table)) % 2]
    for _ in train_run(settings(), genome, dataclasses.replace(table, assay=halves), tmp_path / "run"):
        pass
    lines = {"train1", "train2", "train3"}
    assert told == [*((lines - {name}, name) for name in sorted(lines)), (lines, None)]
    assert read_json(tmp_path / "run" / "selection.json")["left_out"] == ["train1 | a", "train2 | a", "train3 | a"]


def test_what_was_trained_adapts_and_predicts(finished, given):
    run = RunStore(finished.parent).open("whole")
    context = run.training_contexts()[0]
    learner = run.load_learner()
    fingerprint = learner.adapt(SupportSet(context.features[:16], context.labels[:16]))
    probability = learner.predict(fingerprint, context.features[16:]).probability
    assert probability.shape == (len(context) - 16,)
    assert np.all((probability > 0) & (probability < 1))
    assert run.load_encoder().encode  # rebuilt from bytes that match the manifest
    assert run.provenance()["weights_sha256"] == digests(finished)["weights.safetensors"]


def test_elements_of_the_training_lines_are_known_again_and_their_own_labels_are_not_in_their_columns(finished, given):
    genome, table = given
    run = RunStore(finished.parent).open("whole")
    encoder, contexts = run.load_encoder(), run.training_contexts()
    layout = contexts[0].layout
    assert isinstance(encoder, RecallingEncoder)
    assert layout == layout_of(encoder) == run.load_learner().model.layout
    rows = table.rows_of((contexts[0].cell_line, contexts[0].assay))
    config = run.config.encoder
    windows, _ = windows_of(table.take(rows), genome, config.enhancer_window, config.promoter_window)
    told = encoder.recalled(windows)
    assert (np.abs(told).max(axis=1) > 0).all(), "each of these elements was seen in training"
    own = contexts[0].features[:, layout.recalled]
    assert np.allclose(encoder.encode(windows)[:, : layout.n_features], contexts[0].of_pairs().features, atol=1e-5)
    assert not np.allclose(told, own), "what a training line reads leaves its own labels out"
    assert np.corrcoef(told.ravel(), own.ravel())[0, 1] > 0.3


def test_nothing_of_the_held_out_line_is_read(finished, given, tmp_path):
    """Its labels inverted, its coordinates moved: every file made before meta-training is the same, byte for byte."""
    genome, table = given
    held = table.cell_line == "unseen01"
    changed = dataclasses.replace(
        table,
        label=np.where(held, 1 - table.label, table.label).astype(np.int8),
        enhancer_start=np.where(held, table.enhancer_start + 7, table.enhancer_start),
        enhancer_end=np.where(held, table.enhancer_end + 7, table.enhancer_end),
    )
    for record in train_run(settings(), genome, changed, tmp_path / "run"):
        if record.phase == "select-steps":
            break
    for name in ("encoder.safetensors", "memory.safetensors", "features.safetensors"):
        assert digests(tmp_path / "run")[name] == digests(finished)[name]
    lines = {row["name"]: row for row in read_json(tmp_path / "run" / "lines.json")}
    assert {name for name, row in lines.items() if row["role"] == "training"} == {
        "train1 | planted",
        "train2 | planted",
        "train3 | planted",
    }
    assert lines["unseen01 | planted"]["role"] == "held-out"
    assert RunStore(tmp_path).summary("run").state == "stopped"


def test_killed_in_every_stage_it_ends_with_the_same_bytes(trainers, world, finished, tmp_path):
    folder = tmp_path / "run"
    kills = [
        {"trap": ["replace", 1, "after", ".encoder.safetensors."]},  # the file is there, the manifest does not say so
        {"trap": ["replace", 1, "after", ".memory.safetensors."]},
        {"trap": ["write", 1, "half", ".features.safetensors."]},
        {"at_step": ["select-steps", 1.0, 7, "kill"]},
        {"at_step": ["meta-train", -1.0, 0, "kill"]},
        {"trap": ["replace", 1, "after", ".weights.safetensors."]},
    ]
    for kill in kills:
        assert trainers.run(folder, world=str(world), **kill) == -signal.SIGKILL, output(folder)
    assert RunStore(tmp_path).summary("run").state in ("running", "silent")
    assert trainers.run(folder, world=str(world)) == 0, output(folder)
    assert {name: digests(folder)[name] for name in SAME} == {name: digests(finished)[name] for name in SAME}
    assert temporaries(folder) == []
    assert RunStore(tmp_path).summary("run").state == "finished"
    one, two = (RunStore(path.parent).open(path.name).history() for path in (finished, folder))
    for phase in ("select-steps", "meta-train"):
        mine, whole = ([r for r in history if r.phase == phase] for history in (two, one))
        assert [(r.step, r.terms, r.metrics) for r in mine] == [(r.step, r.terms, r.metrics) for r in whole]


def test_a_finished_run_asked_again_does_nothing(trainers, world, finished):
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*.safetensors")}
    assert trainers.run(finished, world=str(world)) == 0, output(finished)
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*.safetensors")} == before
    assert RunStore(finished.parent).summary("whole").state == "finished"


@pytest.mark.nightly
def test_two_processes_train_a_whole_run(world, finished, tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "GLOO_SOCKET_IFNAME": "lo"}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, str(ROOT / "tests/train/parallel.py"), str(tmp_path / "run"), "0", str(world)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert RunStore(tmp_path).summary("run").state == "finished"
    one, two = (RunStore(path.parent).open(path.name).history() for path in (finished, tmp_path / "run"))
    assert (two.bad_lines, [r.step for r in two]) == (0, [r.step for r in one])
    for left, right in zip(one, two, strict=True):
        assert right.terms == pytest.approx(left.terms, rel=1e-3)


class TestRefusals:
    @pytest.fixture
    def copy(self, finished, tmp_path):
        return shutil.copytree(finished, tmp_path / "run")

    def refused(self, given, out, kind=ConfigError, config=None, table=None, **options):
        genome, whole = given
        before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != "lock"}
        with pytest.raises(kind) as caught:
            next(iter(train_run(config or settings(), genome, table or whole, out, **options)))
        after = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != "lock"}
        if options.get("resume"):
            before.pop(out / "status.json", None)
            after.pop(out / "status.json", None)
        assert after == before
        return caught.value

    def test_g08_an_existing_folder(self, given, copy):
        error = self.refused(given, copy)
        assert (error.code, error.exit_code) == ("run-exists", 2)
        assert "--resume" in error.remedy

    def test_g08_any_folder_with_something_in_it(self, given, tmp_path):
        (tmp_path / "thesis").mkdir()
        (tmp_path / "thesis" / "chapter1.tex").write_text("x")
        assert self.refused(given, tmp_path / "thesis").code == "run-exists"

    def test_g09_other_settings_are_named(self, given, copy):
        train = {**settings().train.model_dump(mode="json"), "lr": 0.01, "threads": 2}
        error = self.refused(given, copy, config=settings(train=train, seed=5), resume=True)
        assert error.code == "resume-changed"
        assert f"train.lr: {settings().train.lr} -> 0.01" in error.message
        assert "seed: 3 -> 5" in error.message
        assert "threads" not in error.message

    def test_g09_other_data_are_named(self, given, copy):
        error = self.refused(given, copy, table=given[1].take(np.arange(len(given[1]) - 1)), resume=True)
        assert error.code == "resume-changed"
        assert "held_out_pairs: 150 -> 149" in error.message

    def test_g10_a_held_out_line_among_the_training_pairs(self, given):
        from metabam.train.preflight import check_held_out

        with pytest.raises(ConfigError) as caught:
            check_held_out(given[1], ["unseen01"], [])
        assert caught.value.code == "heldout-in-training"
        check_held_out(given[1], ["K562"], ["chr7"])

    def test_g14_resume_and_fresh(self, given, copy):
        assert self.refused(given, copy, resume=True, fresh=True).code == "resume-or-fresh"

    def test_g18_too_little_disk(self, given, tmp_path, monkeypatch):
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1 << 20))
        error = self.refused(given, tmp_path / "new", StorageError)
        assert (error.code, error.exit_code) == ("disk-small", 74)

    def test_x11_a_run_in_training(self, given, copy):
        with hold(copy):
            assert self.refused(given, copy, LockedError, resume=True).exit_code == 3
            assert self.refused(given, copy, LockedError, fresh=True).exit_code == 3

    def test_fresh_sets_the_old_run_aside_whole(self, given, copy):
        old = {path.relative_to(copy): path.read_bytes() for path in copy.rglob("*.safetensors")}
        genome, table = given
        running = train_run(settings(), genome, table, copy, fresh=True)
        assert next(running).phase == "discover"
        running.close()
        aside = [path for path in copy.parent.iterdir() if path.name.startswith("run.before-")]
        assert len(aside) == 1
        assert {path.relative_to(aside[0]): path.read_bytes() for path in aside[0].rglob("*.safetensors")} == old

    def test_one_class_contexts_cannot_teach(self, given, tmp_path):
        genome, table = given
        config = settings(holdout=["train1", "train2", "train3"])
        table = table.take(np.flatnonzero((table.cell_line != "unseen01") | (table.label == 0)))
        with pytest.raises(ConfigError) as caught:
            list(train_run(config, genome, table, tmp_path / "run"))
        assert caught.value.code == "no-training-context"
        assert not (tmp_path / "run").exists()
