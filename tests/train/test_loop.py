"""The loop, its lock, its checkpoints: real processes where an end is real, one process where it is arithmetic."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from metabam.config import TrainConfig
from metabam.errors import CheckpointError, LockedError, TrainingError
from metabam.files import is_locked, read_json, read_records
from metabam.train.checkpoint import Checkpoints, random_state, set_random_state
from metabam.train.folder import RunFolder
from metabam.train.history import HistoryReader
from metabam.train.lock import hold
from metabam.train.loop import train
from tests.faults.kill import Trainers, checkpoints, output, steps, until, weights
from tests.faults.trainer import Small

CONFIG = TrainConfig(save_every=5, eval_every=7, batch_tasks=4)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def trainers():
    started = Trainers()
    yield started
    started.close()


def trained(folder, steps=14, **options):
    folder.mkdir(exist_ok=True)
    small = Small(n_steps=steps, **options)
    return small, list(train(small, RunFolder(folder), CONFIG))


def test_every_step_is_yielded_logged_and_stamped(tmp_path):
    _, records = trained(tmp_path)
    assert [record.step for record in records] == list(range(15))
    assert dict(records[0].terms) == {}
    first = records[1]
    assert set(first.terms) == {"task", "penalty", "total"}
    assert first.terms["total"] == pytest.approx(first.terms["task"] + first.terms["penalty"])
    assert first.metrics["grad_norm"] > 0
    assert [record.step for record in records if "score" in record.metrics] == [0, 7, 14]
    read = HistoryReader(tmp_path / "history.jsonl").look()
    assert [(r.step, dict(r.terms)) for r in read] == [(r.step, dict(r.terms)) for r in records]
    assert set(read.gaps) == {(0, "empty"), (7, "empty"), (14, "empty")}
    times = [record.seconds for record in records]
    assert times == sorted(times)


class Unjudged(Small):
    """Its evaluation set holds one class, so no score is defined."""

    def evaluate(self, step):
        return {"score": float("nan")}


def test_an_undefined_score_chooses_nothing_and_stops_nothing(tmp_path):
    small = Unjudged(n_steps=14)
    records = list(train(small, RunFolder(tmp_path), CONFIG))
    assert records[-1].step == 14
    notes = [read_json(path) for path in (tmp_path / "checkpoints").rglob("*.json")]
    assert {note["score"] for note in notes} == {None}


def test_evaluation_leaves_no_trace_in_training(tmp_path):
    often = TrainConfig(save_every=5, eval_every=1, batch_tasks=4)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = Small(n_steps=14), Small(n_steps=14)
    list(train(one, RunFolder(tmp_path / "a"), CONFIG))
    list(train(two, RunFolder(tmp_path / "b"), often))
    for left, right in zip(one.module.parameters(), two.module.parameters(), strict=True):
        assert torch.equal(left, right)


def test_a_finished_phase_is_loaded_not_repeated(tmp_path):
    small, _ = trained(tmp_path)
    again, records = trained(tmp_path)
    assert records == []
    for left, right in zip(small.module.parameters(), again.module.parameters(), strict=True):
        assert torch.equal(left, right)
    assert HistoryReader(tmp_path / "history.jsonl").look().resumed_at == ()


def test_last_three_and_best_are_kept(tmp_path):
    saved = Checkpoints(tmp_path / "c")
    for step, score in [(1, 0.2), (2, 0.9), (3, None), (4, 0.3), (5, 0.1), (6, 0.4)]:
        saved.save({"step": step}, step, score=score)
    assert [note.step for note in saved.notes()] == [6, 5, 4, 2]


def test_random_states_come_back_exactly():
    import random

    state = random_state()
    first = (torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random())  # noqa: NPY002 - the global state is meant
    set_random_state(state)
    assert (torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random()) == first  # noqa: NPY002 - as above


class TestNonFinite:
    def test_x27_the_optimizer_does_not_move_and_nothing_is_saved(self, tmp_path):
        small = Small(n_steps=14, poison=9)
        running = train(small, RunFolder(tmp_path), CONFIG)
        assert [next(running).step for _ in range(9)] == list(range(9))
        before = {name: value.clone() for name, value in small.module.state_dict().items()}
        with pytest.raises(TrainingError) as caught:
            next(running)
        assert caught.value.code == "loss-not-finite"
        assert "penalty" in caught.value.message
        assert all(torch.equal(before[name], value) for name, value in small.module.state_dict().items())
        assert checkpoints(tmp_path) == [5]
        dump = read_json(tmp_path / "nonfinite-meta-train-00000009.json")
        assert dump["terms"]["penalty"] == "nan"
        assert dump["batch"] == [[str(row) for row in small.rows(9, 0, 1)]]
        assert [row["kind"] for row in read_records(tmp_path / "history.jsonl").rows[-1:]] == ["nonfinite"]

    def test_an_infinite_gradient_under_a_finite_loss_stops_too(self, tmp_path):
        class Cliff(Small):
            def loss(self, step, rank, world_size):
                made = super().loss(step, rank, world_size)
                if step == 3:
                    weight = self.module[0].weight
                    made.total = made.total + torch.sqrt((weight - weight.detach()).abs().sum())
                return made

        with pytest.raises(TrainingError) as caught:
            list(train(Cliff(n_steps=5), RunFolder(tmp_path), CONFIG))
        assert "gradient norm" in caught.value.message


class TestResume:
    def test_x29_a_corrupt_newest_checkpoint_is_passed_over_loudly(self, trainers, tmp_path, caplog):
        whole, folder = tmp_path / "whole", tmp_path / "run"
        assert trainers.run(whole) == 0
        assert trainers.run(folder, at_step=[12, "kill"]) == -signal.SIGKILL
        assert checkpoints(folder) == [5, 10]
        newest = folder / "checkpoints/meta-train/step-00000010.pt"
        data = bytearray(newest.read_bytes())
        data[len(data) // 2] ^= 1
        newest.write_bytes(data)
        assert trainers.run(folder) == 0
        assert "step 10 is REFUSED" in output(folder)
        assert HistoryReader(folder / "history.jsonl").look().resumed_at == (5,)
        assert weights(folder) == weights(whole)

    def test_never_from_zero_by_itself(self, tmp_path):
        trained(tmp_path)
        for path in (tmp_path / "checkpoints/meta-train").glob("*.pt"):
            path.write_bytes(b"gone")
        with pytest.raises(CheckpointError) as caught:
            list(train(Small(n_steps=20), RunFolder(tmp_path), CONFIG))
        assert caught.value.code == "no-checkpoint"
        assert "--fresh" in caught.value.remedy

    def test_x17_requeued_before_the_first_checkpoint(self, trainers, tmp_path):
        folder = tmp_path / "run"
        assert trainers.run(folder, at_step=[3, "kill"]) == -signal.SIGKILL
        assert checkpoints(folder) == []
        assert trainers.run(folder) == 0
        assert steps(folder) == [1, 2, 3, *range(1, 41)]
        assert [record.step for record in HistoryReader(folder / "history.jsonl").look()] == list(range(41))

    def test_x35_other_thread_count_is_allowed_and_recorded(self, tmp_path):
        trained(tmp_path, steps=14)
        note = tmp_path / "checkpoints/meta-train/step-00000014.json"
        values = read_json(note)
        note.write_text(note.read_text().replace(f'"threads": {values["threads"]}', '"threads": 97'))
        list(train(Small(n_steps=15), RunFolder(tmp_path), CONFIG))
        marks = [row for row in read_records(tmp_path / "history.jsonl").rows if row["kind"] == "resume"]
        assert marks[0]["changed"] == {"threads": [97, values["threads"]]}
        assert marks[0]["bit_identical"] is False

    def test_x36_other_torch_needs_a_word(self, tmp_path):
        trained(tmp_path, steps=14)
        note = tmp_path / "checkpoints/meta-train/step-00000014.json"
        note.write_text(note.read_text().replace(f'"torch": "{torch.__version__}"', '"torch": "2.10.0"'))
        with pytest.raises(CheckpointError) as caught:
            list(train(Small(n_steps=15), RunFolder(tmp_path), CONFIG))
        assert caught.value.code == "other-torch"
        records = list(train(Small(n_steps=15), RunFolder(tmp_path), CONFIG, allow_other_torch=True))
        assert [record.step for record in records] == [15]


class TestSignals:
    @pytest.mark.parametrize(
        ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGUSR1, 138)], ids=str
    )
    def test_x16_saved_at_the_step_boundary(self, trainers, tmp_path, number, code):
        folder = tmp_path / "run"
        assert trainers.run(folder, at_step=[7, "signal", number]) == code, output(folder)
        assert checkpoints(folder) == [5, 8]
        assert steps(folder) == list(range(1, 9))
        status = read_json(folder / "status.json")
        assert (status["state"], status["step"]) == ("stopped", 8)
        assert trainers.run(folder) == 0
        assert steps(folder) == list(range(1, 41))

    def test_x16_a_second_ctrl_c_acts_at_once(self, trainers, tmp_path):
        folder = tmp_path / "run"
        assert trainers.run(folder, at_step=[7, "signal", signal.SIGINT, signal.SIGINT]) == 130, output(folder)
        assert steps(folder) == list(range(1, 8))
        assert checkpoints(folder) == [5]

    def test_x16_from_outside_at_any_time(self, trainers, tmp_path):
        whole, folder = tmp_path / "whole", tmp_path / "run"
        assert trainers.run(whole) == 0
        pid = trainers.start(folder, pause=0.02)
        until(lambda: (folder / "history.jsonl").exists() and steps(folder), folder)
        os.kill(pid, signal.SIGTERM)
        assert trainers.wait() == 143
        assert checkpoints(folder)[-1] == steps(folder)[-1]
        assert trainers.run(folder) == 0
        assert weights(folder) == weights(whole)

    def test_handlers_are_put_back(self, tmp_path):
        before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)]
        running = train(Small(n_steps=5), RunFolder(tmp_path), CONFIG)
        next(running)
        assert signal.getsignal(signal.SIGTERM) != before[0]
        running.close()
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)] == before


class TestLock:
    def test_x11_the_second_trainer_names_the_first(self, trainers, tmp_path):
        folder = tmp_path / "run"
        pid = trainers.start(folder, at_step=[2, "hold"])
        until(lambda: (folder / "history.jsonl").exists() and 2 in steps(folder), folder)
        with pytest.raises(LockedError) as caught, hold(folder):
            pass
        os.kill(pid, signal.SIGKILL)
        assert trainers.wait() == -signal.SIGKILL
        assert caught.value.exit_code == 3
        assert f"process {pid} on {os.uname().nodename}" in caught.value.message
        assert not is_locked(folder / "lock")  # X12, a killed trainer's lock: free at once
        with hold(folder):
            assert is_locked(folder / "lock")


def test_two_processes_of_torchrun_compute_what_one_does(tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "GLOO_SOCKET_IFNAME": "lo"}
    script = [str(ROOT / "tests/train/parallel.py")]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for name, command in {"one": [sys.executable], "two": torchrun}.items():
        (tmp_path / name).mkdir()
        done = subprocess.run(
            [*command, *script, str(tmp_path / name), "8"], env=environment, capture_output=True, text=True, cwd=ROOT
        )
        assert done.returncode == 0, done.stderr
    one, two = (HistoryReader(tmp_path / name / "history.jsonl").look() for name in ("one", "two"))
    assert [record.step for record in two] == list(range(9))
    for left, right in zip([*one][1:], [*two][1:], strict=True):
        assert left.terms["total"] == pytest.approx(right.terms["total"], rel=1e-5)
        assert left.metrics["grad_norm"] == pytest.approx(right.metrics["grad_norm"], rel=1e-4)
    assert read_json(tmp_path / "two/checkpoints/meta-train/step-00000008.json")["world_size"] == 2
