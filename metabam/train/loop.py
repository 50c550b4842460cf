"""The training loop: a generator of step records that can be killed at any instruction and goes on bit for bit.

Step ``s`` (counted from 1) uses ``batch(seed, s, rank)``, so nothing of a data loader has to be restored. Loss and
gradient norm are looked at before the optimizer moves. Signals are noticed at the step boundary. Under ``torchrun`` the
same loop runs distributed data parallel (gloo on CPUs, NCCL on GPUs) with the global batch shared out evenly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from metabam.config import TrainConfig
from metabam.errors import ConfigError, TrainingError
from metabam.files import save_tensors, write_json
from metabam.records import StepRecord
from metabam.train.checkpoint import CheckpointNote, random_state, seed_everything, set_random_state
from metabam.train.distributed import Group, joined
from metabam.train.folder import RunFolder
from metabam.train.signals import StopFlag, leave, watched


class StepLoss(Protocol):
    """A loss as a record of named terms: ``total`` is differentiated, ``named()`` is logged (nats)."""

    @property
    def total(self) -> Tensor:
        """Return the scalar to minimise."""
        ...

    def named(self) -> Mapping[str, Tensor]:
        """Return the terms by name."""
        ...


class Trainable(Protocol):
    """What the loop trains.

    Attributes
    ----------
    module
        Every parameter and buffer that training changes.
    optimizer, scheduler
        Stepped once per step; ``scheduler`` may be ``None``.
    n_steps
        Steps in all.
    """

    @property
    def module(self) -> nn.Module:
        """Return the weights."""
        ...

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """Return the optimizer."""
        ...

    @property
    def scheduler(self) -> LRScheduler | None:
        """Return the schedule, if there is one."""
        ...

    @property
    def n_steps(self) -> int:
        """Return the number of steps in all."""
        ...

    def loss(self, step: int, rank: int, world_size: int) -> StepLoss:
        """Return the loss of this rank's share of the batch of ``step``: the mean over ranks is the batch's loss.

        Everything drawn depends on the seed, the step and the place in the global batch alone.
        """
        ...

    def evaluate(self, step: int) -> Mapping[str, float | Sequence[float]]:
        """Return metrics of the present weights; ``score`` (higher is better), if there, chooses the best checkpoint.

        Changes no weight and leaves the random state as it found it or draws from it reproducibly.
        """
        ...

    def snapshot(self) -> Mapping[str, NDArray[Any]]:
        """Return small tensors worth keeping at every evaluation (the atoms); empty for none."""
        ...

    def batch_ids(self, step: int, rank: int, world_size: int) -> Sequence[str]:
        """Return what the batch of ``step`` was made of, for the dump after a non-finite loss."""
        ...


class _LossModule(nn.Module):
    """The loss as a ``forward``, which is what distributed data parallel wraps."""

    def __init__(self, trainable: Trainable) -> None:
        super().__init__()
        self.module = trainable.module
        self._trainable = [trainable]  # in a list: not a submodule

    def forward(self, step: int, rank: int, world_size: int) -> dict[str, Tensor]:
        loss = self._trainable[0].loss(step, rank, world_size)
        return {"total": loss.total, **{f"term.{name}": term.detach() for name, term in loss.named().items()}}


def train(
    trainable: Trainable,
    folder: RunFolder,
    config: TrainConfig,
    *,
    phase: str = "meta-train",
    part: str = "",
    fold: int | None = None,
    seed: int = 0,
    allow_other_torch: bool = False,
) -> Iterator[StepRecord]:
    """Yield one record per step until ``trainable.n_steps``, continuing from the newest sound checkpoint of the phase.

    On return ``trainable.module`` holds the final weights, also where every step had been done before.

    Parameters
    ----------
    trainable, folder, config
        What to train; the locked run directory; ``save_every``, ``eval_every``, ``clip_norm`` and ``batch_tasks``.
    phase, part
        Name in the history, and of the folder under ``checkpoints/`` where it differs.
    fold
        Number of the left-out line: noted in every record; only evaluated steps are then logged.
    seed
        Puts the global random generators into a known state before the first step (dropout draws from them).
    allow_other_torch
        Continue a checkpoint of another PyTorch version (bit-identity is then lost; the log says so).

    Raises
    ------
    TrainingError
        ``loss-not-finite``, before the optimizer moved; a dump names the batch.
    StorageError
        A save failed twice (exit 74).
    CheckpointError
        There are checkpoints and none is sound.
    KeyboardInterrupt, SystemExit
        A signal asked to stop (130, 143, or 138 for SIGUSR1), after the step was finished and saved.
    """
    with joined(_device(trainable)) as group, watched() as stop:
        if config.batch_tasks % group.size:
            raise ConfigError(
                "batch-share",
                f"{config.batch_tasks} tasks per batch cannot be shared by {group.size} processes.",
                "Choose a multiple.",
            )
        seed_everything(seed, phase, group.rank)
        place = _Place(folder, phase, part or phase, group, fold)
        yield from _steps(trainable, config, place, stop, allow_other_torch)


def _steps(
    trainable: Trainable, config: TrainConfig, place: _Place, stop: StopFlag, allow_other_torch: bool
) -> Iterator[StepRecord]:
    """Do the steps; the wrapped module goes with this frame, before the group is left."""
    group = place.group
    done = _restore(trainable, place, allow_other_torch)
    if done == 0:
        yield place.log(0, trainable.n_steps, {}, _evaluate(trainable, 0, place), True)
    forward = group.wrap(_LossModule(trainable))
    for step in range(done + 1, trainable.n_steps + 1):
        terms, norm = _step(trainable, forward, config, step, place)
        metrics: dict[str, float | Sequence[float]] = {"grad_norm": norm}
        evaluated = step % config.eval_every == 0 or step == trainable.n_steps
        if evaluated:
            metrics |= _evaluate(trainable, step, place)
        asked = group.maximum(stop.signal)
        record = place.log(step, trainable.n_steps, terms, metrics, evaluated or place.fold is None)
        if step % config.save_every == 0 or step == trainable.n_steps or asked:
            score = metrics.get("score")
            _save(trainable, step, place, score if isinstance(score, float) and math.isfinite(score) else None)
        if asked and step < trainable.n_steps:
            message = f"signal {asked}, saved at step {step}"
            place.folder.heartbeat.close("stopped", step, trainable.n_steps, message)
            leave(asked)
        yield record


def _device(trainable: Trainable) -> str:
    return next((weight.device.type for weight in trainable.module.parameters()), "cpu")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a phase writes, and for whom."""

    folder: RunFolder
    phase: str
    part: str
    group: Group
    fold: int | None

    def log(
        self,
        step: int,
        n_steps: int,
        terms: Mapping[str, float],
        metrics: Mapping[str, float | Sequence[float]],
        written: bool,
    ) -> StepRecord:
        """Return the record of a step, written by the first process."""
        marked = {**metrics, "fold": float(self.fold)} if self.fold is not None else metrics
        self.folder.heartbeat.beat(self.phase, step, n_steps, step / max(n_steps, 1))
        if written:
            return self.folder.record(step, self.phase, terms, marked)
        return StepRecord(step, self.phase, terms, marked, round(self.folder.seconds, 3))


def _restore(trainable: Trainable, place: _Place, allow_other_torch: bool) -> int:
    """Put everything back as it was after the newest sound checkpoint; return its step, 0 where there is none."""
    folder, group = place.folder, place.group
    checkpoints = folder.checkpoints(place.part)
    if group.rank == 0:
        checkpoints.clean()
    group.barrier()
    found = checkpoints.load_newest(allow_other_torch=allow_other_torch)
    if found is None:
        return 0
    note, state = found
    trainable.module.load_state_dict(state["module"])
    trainable.optimizer.load_state_dict(state["optimizer"])
    if trainable.scheduler is not None:
        trainable.scheduler.load_state_dict(state["scheduler"])
    set_random_state(state["random"][min(group.rank, len(state["random"]) - 1)])
    if group.rank == 0 and note.step < trainable.n_steps:
        folder.mark("resume", place.phase, note.step, **_resume_notes(note, group))
    return note.step


def _resume_notes(note: CheckpointNote, group: Group) -> dict[str, Any]:
    """Return what differs from the process that saved: bit-identity is claimed only where nothing does."""
    now = {"torch": torch.__version__, "threads": torch.get_num_threads(), "world_size": group.size}
    was = {"torch": note.torch, "threads": note.threads, "world_size": note.world_size}
    changed = {key: [was[key], now[key]] for key in now if was[key] != now[key]}
    return {"changed": changed, "bit_identical": not changed}


def _step(
    trainable: Trainable, forward: nn.Module, config: TrainConfig, step: int, place: _Place
) -> tuple[dict[str, float], float]:
    """Do one optimizer step; return the terms averaged over ranks, and the gradient norm before clipping."""
    group = place.group
    trainable.module.train()
    trainable.optimizer.zero_grad(set_to_none=True)
    outputs = forward(step, group.rank, group.size)
    terms = group.mean({name.removeprefix("term."): float(value.detach()) for name, value in outputs.items()})
    if not math.isfinite(terms["total"]):
        raise _refusal(trainable, step, place, terms, math.nan)
    outputs["total"].backward()
    norm = float(nn.utils.clip_grad_norm_(trainable.module.parameters(), config.clip_norm))
    if not math.isfinite(norm):
        raise _refusal(trainable, step, place, terms, norm)
    trainable.optimizer.step()
    if trainable.scheduler is not None:
        trainable.scheduler.step()
    return terms, norm


def _refusal(trainable: Trainable, step: int, place: _Place, terms: Mapping[str, float], norm: float) -> TrainingError:
    """Write down what is known of the step and return the error: nothing is saved after a loss that is not finite."""
    phase, group = place.phase, place.group
    ids = group.gather(list(trainable.batch_ids(step, group.rank, group.size)))
    if group.rank == 0:
        named = dict(trainable.module.named_parameters())
        dump = {
            "step": step,
            "phase": phase,
            "terms": {key: str(value) for key, value in terms.items()},
            "grad_norm": str(norm),
            "gradients": {
                name: None if value.grad is None else str(float(value.grad.norm())) for name, value in named.items()
            },
            "parameters_not_finite": [name for name, value in named.items() if not torch.isfinite(value).all()],
            "batch": ids,
        }
        write_json(place.folder.path / f"nonfinite-{place.part}-{step:08d}.json", dump)
        place.folder.mark("nonfinite", phase, step, values=dict(terms), norm=norm)
    broken = [key for key, value in terms.items() if not math.isfinite(value)]
    return TrainingError(
        "loss-not-finite",
        f"{phase} step {step}: {', '.join(broken) or 'the gradient norm'} is not finite; the optimizer did not move.",
        f"See nonfinite-{place.part}-{step:08d}.json; try a smaller learning rate.",
    )


def _evaluate(trainable: Trainable, step: int, place: _Place) -> dict[str, float | Sequence[float]]:
    """Return rank 0's metrics; keep the snapshot."""
    metrics: dict[str, float | Sequence[float]] = {}
    if place.group.rank == 0:
        with evaluating(trainable.module):
            metrics = dict(trainable.evaluate(step))
        tensors = {name: np.asarray(value) for name, value in trainable.snapshot().items()}
        if tensors and place.fold is None:
            snapshots = place.folder.path / "snapshots"
            snapshots.mkdir(exist_ok=True)
            save_tensors(snapshots / f"step-{step:08d}.safetensors", tensors, {"step": step})
    place.group.barrier()
    return metrics


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Switch to evaluation and back; the random state is the same afterwards, however much was drawn."""
    was, state = module.training, random_state()
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        module.train(was)
        set_random_state(state)


def _save(trainable: Trainable, step: int, place: _Place, score: float | None) -> None:
    states = place.group.gather(random_state())
    if place.group.rank == 0:
        state = {
            "module": trainable.module.state_dict(),
            "optimizer": trainable.optimizer.state_dict(),
            "scheduler": None if trainable.scheduler is None else trainable.scheduler.state_dict(),
            "step": step,
            "random": states,
        }
        place.folder.checkpoints(place.part).save(state, step, place.group.size, score)
    place.group.barrier()


__all__ = ["StepLoss", "StopFlag", "Trainable", "evaluating", "train"]
