"""The reader of run directories: one broken run never hides another (ids R01 to R24 of the reliability rules)."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time

import numpy as np
import pytest

from metabam.config import RunConfig
from metabam.errors import CheckpointError
from metabam.files import acquire_lock, release_lock, save_tensors, write_json
from metabam.records import LabelledContext
from metabam.train.folder import RunFolder
from metabam.train.manifest import Manifest
from metabam.train.run import RunStore, pack_contexts
from metabam.train.status import SILENT_AFTER, Heartbeat

CONTEXTS = [
    LabelledContext(
        "A", "", np.eye(5, 3, dtype=np.float32), np.array([0, 1, 0, 0, 1], np.int8), np.arange(5), np.arange(5)
    ),
    LabelledContext("B", "HiC", np.ones((2, 3), np.float32), np.array([1, 0], np.int8), np.arange(2), np.arange(2)),
]


def make_run(root, name="r1", steps=7, state="finished"):
    folder = root / name
    folder.mkdir(parents=True)
    manifest = Manifest(
        run_id=name,
        synthetic=True,
        seed=5,
        genome={"name": "genome.fa", "fingerprint": "f" * 64, "contigs": 2},
        data={"digest": "d" * 64, "pairs": 7, "positives": 3},
        split={"holdout": ["K562"], "holdout_chrom": [], "digest": "e" * 64},
        threads=1,
        versions={"metabam": "0"},
    )
    manifest.add(folder, "config.json", write_json(folder / "config.json", RunConfig(seed=5).model_dump(mode="json")))
    tensors, description = pack_contexts(CONTEXTS)
    manifest.add(folder, "features.safetensors", save_tensors(folder / "features.safetensors", tensors, description))
    log = RunFolder(folder)
    for step in range(1, steps + 1):
        log.record(step, "meta-train", {"total": 1.0 / step}, {"auroc_own": 0.5})
    if state == "running":
        log.heartbeat.beat("meta-train", steps, 2 * steps)
    else:
        log.heartbeat.close(state, steps, steps, "why not" if state == "failed" else "")
    return folder


def states(root):
    return {row.run_id: row.state for row in RunStore(root).list()}


def reason(root, run_id="r1"):
    return RunStore(root).summary(run_id).reason


def refused(root, run_id):
    with pytest.raises(CheckpointError) as caught:
        RunStore(root).open(run_id)
    return caught.value.code


def test_a_run_says_what_it_is(tmp_path):
    make_run(tmp_path)
    run = RunStore(tmp_path).open("r1")
    row = run.summary()
    assert (row.state, row.step, row.synthetic, row.seed, row.holdout) == ("finished", 7, True, 5, ("K562",))
    assert run.config == RunConfig(seed=5)
    steps, values = run.history().series("total", "meta-train")
    assert steps.tolist() == list(range(1, 8))
    assert values.tolist() == [1.0 / step for step in range(1, 8)]
    back = run.training_contexts()
    assert [item.name for item in back] == ["A", "B | HiC"]
    for one, two in zip(CONTEXTS, back, strict=True):
        for field in ("features", "labels", "enhancer", "promoter"):
            assert np.array_equal(getattr(one, field), getattr(two, field))
    with pytest.raises(CheckpointError) as caught:
        run.load_learner()
    assert caught.value.code == "run-unfinished"


def test_r01_absent_or_empty(tmp_path):
    assert RunStore(tmp_path / "nothing").list() == []
    assert RunStore(tmp_path).list() == []


@pytest.mark.skipif(os.getuid() == 0, reason="permissions do not bind the superuser")
def test_r02_no_permission(tmp_path):
    make_run(tmp_path)
    make_run(tmp_path, "r2")
    (tmp_path / "r1").chmod(0)
    try:
        assert states(tmp_path) == {"r1": "broken", "r2": "finished"}
    finally:
        (tmp_path / "r1").chmod(0o700)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "../../etc",
            "..",
            ".",
            "",
            "/etc",
            "/etc/passwd",
            "r1/../r1",
            "r1/",
            "./r1",
            "\\\\host\\share",
            "C:\\x",
            "r1\0",
        ),
        *("%2e%2e/etc", "..%2f..%2fetc", "....//....//etc", "r1\n", " r1", "~", "~root", "file:///etc", "r1%00"),
        *("．．/etc", "..\\..\\etc", "/proc/self/root", "r1/config.json", "R1", "x" * 5000, "‮r1", "//etc", "$HOME"),
    ],
)
def test_r03_anything_not_in_the_list_is_unknown(tmp_path, name):
    make_run(tmp_path)
    assert refused(tmp_path, name) == "run-unknown"


def test_r03_r04_links_out_and_siblings_with_the_same_prefix(tmp_path):
    root = tmp_path / "runs"
    make_run(root)
    make_run(tmp_path / "runs_private", "secret")
    (root / "out").symlink_to(tmp_path / "runs_private" / "secret")
    (root / "up").symlink_to("..")
    (root / "loop").symlink_to("loop")
    (root / "again").symlink_to("r1")
    assert states(root) == {"r1": "finished", "again": "finished"}
    assert refused(root, "out") == "run-unknown"
    assert refused(root, "../runs_private/secret") == "run-unknown"


@pytest.mark.parametrize("name", ["manifest.json", "status.json", "config.json"])
def test_r05_r06_a_file_empty_in_mid_write_is_looked_at_again(tmp_path, name):
    folder = make_run(tmp_path)
    make_run(tmp_path, "r2")
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(b"")
    assert states(tmp_path) == {"r1": "broken", "r2": "finished"}
    assert name in reason(tmp_path)
    if name == "config.json":
        return
    timer = threading.Timer(0.03, lambda: (folder / name).write_bytes(whole))
    timer.start()
    assert states(tmp_path) == {"r1": "finished", "r2": "finished"}
    timer.join()


def test_r14_a_clock_in_the_future(tmp_path):
    folder = make_run(tmp_path, state="running")
    values = json.loads((folder / "status.json").read_text())
    write_json(folder / "status.json", {**values, "heartbeat": time.time() + 86_400})
    row = RunStore(tmp_path).summary("r1")
    assert (row.state, row.heartbeat_age) == ("running", 0.0)
    assert "clock" in row.reason


def test_running_silent_stopped_failed(tmp_path):
    folder = make_run(tmp_path, state="running")
    assert states(tmp_path) == {"r1": "running"}
    values = json.loads((folder / "status.json").read_text())
    write_json(folder / "status.json", {**values, "heartbeat": time.time() - SILENT_AFTER - 1})
    held = acquire_lock(folder / "lock", {"pid": 1})
    assert states(tmp_path) == {"r1": "running"}  # busy, not gone: its lock is held
    release_lock(held)
    assert states(tmp_path) == {"r1": "silent"}
    assert "stopped without saying so" in reason(tmp_path)
    make_run(tmp_path, "r2", state="failed")
    make_run(tmp_path, "r3", state="stopped")
    assert states(tmp_path) == {"r1": "silent", "r2": "failed", "r3": "stopped"}
    assert reason(tmp_path, "r2") == "why not"


def test_r15_a_copy_is_a_run_of_its_own(tmp_path):
    make_run(tmp_path)
    shutil.copytree(tmp_path / "r1", tmp_path / "r1-copy")
    assert states(tmp_path) == {"r1": "finished", "r1-copy": "finished"}


def test_r16_deleted_while_viewed(tmp_path):
    folder = make_run(tmp_path)
    store = RunStore(tmp_path)
    run = store.open("r1")
    shutil.rmtree(folder)
    assert len(run.history()) == 0
    assert run.history_tag == "none"
    assert run.snapshots() == {}
    assert store.list() == []
    assert refused(tmp_path, "r1") == "run-unknown"
    with pytest.raises(CheckpointError):
        run.training_contexts()


def test_r17_r20_directories_that_are_no_run(tmp_path):
    folder = make_run(tmp_path)
    (folder / "manifest.json").unlink()
    (tmp_path / "tb").mkdir()
    (tmp_path / "tb" / "events.out.tfevents.17").touch()
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow" / "meta.yaml").touch()
    (tmp_path / "file").touch()
    assert states(tmp_path) == {"mlflow": "incomplete", "r1": "incomplete", "tb": "incomplete"}
    assert "incomplete copy" in reason(tmp_path)
    assert "TensorBoard" in reason(tmp_path, "tb")
    assert "MLflow" in reason(tmp_path, "mlflow")


def test_r19_many_runs(tmp_path):
    folder = make_run(tmp_path, "r0", steps=1)
    for number in range(1, 300):
        shutil.copytree(folder, tmp_path / f"r{number}")
    store = RunStore(tmp_path)
    assert len(store.ids()) == 300
    assert len(store.list()) == 300


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"schema": 97}, "run-newer"),
        ({"format": "other"}, "run-foreign"),
        ({"files": []}, "run-broken"),
        ({"new": 1}, "run-broken"),
        ({"genome": "../../etc/passwd"}, "run-broken"),
    ],
)
def test_r21_another_version_or_program(tmp_path, change, code):
    folder = make_run(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    write_json(folder / "manifest.json", manifest | change)
    assert refused(tmp_path, "r1") == code
    assert states(tmp_path) == {"r1": "broken"}


@pytest.mark.parametrize("change", [{"learing_rate": 1}, {"seed": -1}, {"seed": "5"}, {"model": {"n_atoms": 10**9}}])
def test_settings_of_a_run_are_checked(tmp_path, change):
    folder = make_run(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    write_json(folder / "config.json", config | change)
    assert refused(tmp_path, "r1") == "run-broken"


def test_r22_leftovers_are_ignored_and_cleaned_at_the_next_start(tmp_path):
    folder = make_run(tmp_path)
    (folder / ".status.json.17.0123abcd.tmp").touch()
    assert states(tmp_path) == {"r1": "finished"}
    RunFolder(folder)
    assert not list(folder.glob(".*.tmp"))


def test_r23_snapshots_that_cannot_be_read_are_passed_over(tmp_path):
    folder = make_run(tmp_path)
    (folder / "snapshots").mkdir()
    for step in (100, 50):
        save_tensors(folder / f"snapshots/step-{step:08d}.safetensors", {"atoms": np.full((11, 13), step, np.float32)})
    (folder / "snapshots/step-00000150.safetensors").write_bytes(b"torn")
    save_tensors(folder / "snapshots/step-00000200.safetensors", {"atoms": np.zeros(3, np.float32)})
    (folder / "snapshots/../../evil").mkdir()
    found = RunStore(tmp_path).open("r1").snapshots()
    assert list(found) == [50, 100]
    assert found[100].shape == (11, 13)


def test_weights_that_do_not_match_the_manifest_are_refused(tmp_path):
    folder = make_run(tmp_path)
    run = RunStore(tmp_path).open("r1")
    data = bytearray((folder / "features.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "features.safetensors").write_bytes(bytes(data))
    with pytest.raises(CheckpointError) as caught:
        run.training_contexts()
    assert caught.value.code == "tensor-hash"


def test_x13_polling_while_a_trainer_writes(tmp_path):
    folder = make_run(tmp_path, steps=1, state="running")
    run = RunStore(tmp_path).open("r1")
    done = threading.Event()

    def write():
        log = RunFolder(folder, interval=0.0)
        for step in range(2, 400):
            log.record(step, "meta-train", {"total": 1.0})
            log.heartbeat.beat("meta-train", step, 400)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    polls, last = 0, 0
    while not done.is_set():
        history = run.history()
        assert history.bad_lines == 0
        assert len(history) >= last
        last = len(history)
        assert run.summary().state == "running"
        polls += 1
    writer.join()
    assert polls > 0
    assert len(run.history()) == 399


def test_heartbeat_is_rare_and_a_new_phase_is_said_at_once(tmp_path):
    beating = Heartbeat(tmp_path, interval=3600)
    beating.beat("discover", 1)
    first = (tmp_path / "status.json").read_bytes()
    beating.beat("discover", 2)
    assert (tmp_path / "status.json").read_bytes() == first
    beating.beat("pretrain", 3)
    assert json.loads((tmp_path / "status.json").read_text())["phase"] == "pretrain"
