"""Joint fine-tuning (stage 3 of the expert framework's plan, on request): encoder and model on the same episodes.

Supports and queries are encoded anew in every step, so a step costs what encoding its pairs costs, forwards and
backwards. The number of steps is the user's: no left-out line chooses it, and the encoder has seen every training
line's labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from metabam.config import RunConfig
from metabam.data.elements import windows_of
from metabam.data.genome import Genome
from metabam.errors import ConfigError
from metabam.files import load_tensors
from metabam.learners.birth import keep_reference
from metabam.learners.episodic import Tasks, build_optimizer, training_device
from metabam.learners.metabam import MetaBamLearner
from metabam.learners.objective import episode_loss
from metabam.losses import LossTerms
from metabam.model.encoders import DifferentiableEncoder, PairEncoder, load_encoder
from metabam.records import LabelledContext, PairTable, PairWindows
from metabam.train.metatrain import MetaTraining
from metabam.train.run import ENCODER, META_WEIGHTS

_REMEDY = "Use an encoder of weights (--encoder cnn), or no joint steps."


def check_joint(config: RunConfig) -> None:
    """Refuse joint steps that could not be taken, before a run costs anything.

    Raises
    ------
    ConfigError
        ``joint-encoder``: an encoder without a differentiable path (all but ``cnn``). ``joint-device``: not on the CPU.
    """
    if not config.train.joint_steps:
        return
    if config.encoder.kind != "cnn":
        raise ConfigError(
            "joint-encoder", f"the {config.encoder.kind} encoder has no weights to train jointly.", _REMEDY
        )
    if training_device(config.train.device).type != "cpu":
        raise ConfigError("joint-device", "joint fine-tuning runs on the CPU.", "Use device cpu.")


def open_joint(
    config: RunConfig,
    genome: Genome | None,
    table: PairTable,
    contexts: Sequence[LabelledContext],
    out: Path,
    steps: int,
) -> JointTraining:
    """Return what the loop trains in the joint stage of the run in ``out``.

    ``table`` holds the training pairs, ``contexts`` those that teach, ``steps`` the meta-training steps taken.
    """
    encoder, meta = load_tensors(out / ENCODER), load_tensors(out / META_WEIGHTS)
    rows = np.concatenate([table.rows_of((context.cell_line, context.assay)) for context in contexts])
    sizes = config.encoder
    windows, _ = windows_of(table.take(rows), genome, sizes.enhancer_window, sizes.promoter_window)
    return JointTraining(
        MetaTraining(contexts, config.model, config.train, config.seed, n_steps=steps),
        MetaBamLearner.from_state(meta.tensors, meta.description),
        load_encoder(encoder.tensors, encoder.description),
        windows,
    )


class JointTraining:
    """The Trainable of the joint stage.

    Parameters
    ----------
    meta
        Birth and episodes of the meta-training stage; virtual lines keep the label functions of its birth.
    learner
        What meta-training made.
    encoder
        The encoder that made the features; a copy of its weights is trained.
    windows
        DNA of the training pairs, those of all contexts one after the other.

    Raises
    ------
    ConfigError
        ``joint-encoder``: the encoder has no differentiable path.
    """

    scheduler: LRScheduler | None = None

    def __init__(self, meta: MetaTraining, learner: MetaBamLearner, encoder: PairEncoder, windows: PairWindows) -> None:
        if not isinstance(encoder, DifferentiableEncoder):
            raise ConfigError("joint-encoder", f"the {encoder.kind} encoder has no weights to train.", _REMEDY)
        self.encoder = encoder
        self._meta, self._windows = meta, windows
        self._source = meta.source.numbered()
        self._first = meta.n_steps  # episodes that meta-training has seen are not drawn again
        self.n_steps = meta.train.joint_steps
        meta.module.load_state_dict(learner.model.state_dict() if learner.model is not None else {}, strict=False)
        encoder.network.requires_grad_(True)
        self.module = nn.ModuleDict({"model": meta.module, "encoder": encoder.network})
        self.optimizer = build_optimizer(meta.module, meta.train)
        for group in self.optimizer.param_groups:
            group["lr"] *= meta.train.joint_lr / meta.train.lr
        self.optimizer.add_param_group(
            {"params": list(encoder.network.parameters()), "lr": meta.train.joint_lr, "weight_decay": 0.0}
        )

    def loss(self, step: int, rank: int, world_size: int) -> LossTerms:
        """Return the loss of this rank's share of the batch of ``step``; gradients reach the encoder."""
        tasks = self._source.batch(self._first + step, rank, world_size)
        total = self._first + self.n_steps
        return episode_loss(self._meta.module, self._encoded(tasks), self._meta.train, self._first + step, total)

    def _encoded(self, tasks: Tasks) -> Tasks:
        """Return tasks of row numbers as tasks of features; each pair is encoded once."""
        numbers = torch.cat([tasks.support.flatten(), tasks.query.flatten()]).long().numpy()
        used, back = np.unique(numbers, return_inverse=True)
        features = self.encoder.features_of(self._windows.take(used))
        place = torch.from_numpy(back)
        n_support = tasks.support.numel()

        def read(where: Tensor, like: Tensor) -> Tensor:
            return features[where].reshape(*like.shape[:-1], features.shape[-1])

        return replace(
            tasks, support=read(place[:n_support], tasks.support), query=read(place[n_support:], tasks.query)
        )

    def batch_ids(self, step: int, rank: int, world_size: int) -> Sequence[str]:
        """Return what each task of the batch was made of."""
        return self._source.batch(self._first + step, rank, world_size).names

    def snapshot(self) -> Mapping[str, NDArray[Any]]:
        """Return nothing: the snapshots of a run are those of meta-training."""
        return {}

    def contexts(self) -> list[LabelledContext]:
        """Return the training contexts, encoded by the present weights."""
        features = self.encoder.encode(self._windows)
        made, start = [], 0
        for context in self._meta.source.contexts:
            made.append(replace(context, features=features[start : start + len(context)]))
            start += len(context)
        return made

    def learner(self) -> MetaBamLearner:
        """Return the learner around the present weights, its reference pairs encoded anew."""
        learner = self._meta.learner()
        if learner.model is not None:
            keep_reference(learner.model, self.contexts(), self._meta.seed)
        return learner

    def evaluate(self, step: int) -> dict[str, float | Sequence[float]]:
        """Return what the monitor shows; all training pairs are encoded anew for it."""
        self._meta.show(self.contexts())
        return self._meta.evaluate(step)
