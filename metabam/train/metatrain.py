"""Meta-training as the loop wants it: a born model, its episodes, and what the monitor shows while it trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.optim.lr_scheduler import LRScheduler

from metabam.config import ModelConfig, TrainConfig
from metabam.learners.birth import give_birth
from metabam.learners.episodic import EpisodeSource, build_optimizer, device_of, real_tasks, run_batch, training_device
from metabam.learners.metabam import MetaBamLearner
from metabam.learners.objective import attach_heads
from metabam.learners.selection import JUDGE_SHOTS, StepChoice, choose_steps, judge, step_loss
from metabam.losses import LossTerms
from metabam.model.metabam import MetaBam
from metabam.records import LabelledContext

__all__ = ["MetaTraining", "StepChoice", "choose_steps"]

_QUERIES = 400
_PROBE_SUPPORTS = 24


class MetaTraining:
    """The Trainable of the meta-training stage.

    Parameters
    ----------
    contexts
        Training contexts; nothing else is ever read.
    config, train
        Model and training settings.
    seed
        Birth, batches and every judgement are functions of it.
    n_steps
        Steps to take, for example :attr:`StepChoice.steps`; ``train.steps`` by default.
    left_out
        A training line kept out of everything but evaluation, for a monitor that shows over-fitting; ``None`` for
        none.

    Notes
    -----
    Birth runs when the object is built (a few seconds, deterministic): a resumed run repeats it and then loads the
    checkpoint over it.
    """

    scheduler: LRScheduler | None = None

    def __init__(
        self,
        contexts: Sequence[LabelledContext],
        config: ModelConfig,
        train: TrainConfig,
        seed: int,
        *,
        n_steps: int | None = None,
        left_out: LabelledContext | None = None,
    ) -> None:
        self.train = train
        self.seed = seed
        self.n_steps = train.steps if n_steps is None else n_steps
        self._birth = give_birth(contexts, config, seed, steps=train.birth_steps)
        self._source = EpisodeSource(contexts, self._birth, train, seed)
        attach_heads(self._birth.model, train, len(contexts), seed)
        self.module: MetaBam = self._birth.model.to(training_device(train.device))
        self.optimizer = build_optimizer(self.module, train)
        self.show(contexts)
        self._left_out = left_out
        self._left_tasks = None if left_out is None else real_tasks(left_out, JUDGE_SHOTS, 8, _QUERIES, seed)

    @property
    def source(self) -> EpisodeSource:
        """Return where the episodes come from."""
        return self._source

    def show(self, contexts: Sequence[LabelledContext]) -> None:
        """Judge on these training contexts from now on; they differ from the first ones in their features alone."""
        self._contexts = list(contexts)
        self._tasks = [real_tasks(c, JUDGE_SHOTS, 2, _QUERIES, self.seed + at) for at, c in enumerate(contexts)]

    def loss(self, step: int, rank: int, world_size: int) -> LossTerms:
        """Return the loss of this rank's share of the batch of ``step`` (counted from 1)."""
        return step_loss(self.module, self._source, step, self.train.steps, rank, world_size)

    def batch_ids(self, step: int, rank: int, world_size: int) -> Sequence[str]:
        """Return what each task of the batch was made of."""
        return self._source.batch(step, rank, world_size).names

    def snapshot(self) -> Mapping[str, NDArray[Any]]:
        """Return the atoms V, (K, D)."""
        return {"atoms": self.module.basis.atoms.detach().cpu().numpy().copy()}

    def learner(self) -> MetaBamLearner:
        """Return the learner around the present weights, on the CPU: adapting to 16 pairs is no work for a GPU."""
        return MetaBamLearner.of_model(deepcopy(self.module).cpu(), self.train)

    def evaluate(self, step: int) -> dict[str, float | Sequence[float]]:  # noqa: ARG002 - the protocol names it
        """Return what the monitor shows; deterministic, changes no weight and no random state.

        ``auroc_own``, ``auroc_other``, ``auroc_flipped``: support sensitivity on training lines (equal values mean a
        dead context). With a left-out line: ``auroc_leftout``, ``auprc_leftout``, ``prevalence_leftout``,
        ``task_full_leftout``, ``task_context_leftout``. ``line_probe`` is a fresh nearest-centroid probe of the
        line's identity on z_c, judged on supports it has not seen, beside ``line_chance`` = 1/E.
        """
        metrics: dict[str, float | Sequence[float]] = {}
        with torch.no_grad():
            metrics |= self._sensitivity()
            metrics |= self._shape()
            metrics |= self._identity()
            if self._left_out is not None and self._left_tasks is not None:
                full = judge(self.module, self._left_tasks)
                context = judge(self.module, self._left_tasks, context_only=True)
                metrics |= {
                    "auroc_leftout": full.auroc,
                    "auprc_leftout": full.auprc,
                    "prevalence_leftout": self._left_out.prevalence,
                    "task_full_leftout": full.loss,
                    "task_context_leftout": context.loss,
                    "score": full.auroc,
                }
        return metrics

    def _sensitivity(self) -> dict[str, float | Sequence[float]]:
        """Return AUROC and AUPRC on training lines, with own, another line's and label-flipped supports."""
        tasks = self._tasks
        others = [t.with_supports_of(tasks[(at + 1) % len(tasks)]) for at, t in enumerate(tasks)]
        own = [judge(self.module, t) for t in tasks]
        values = {
            "auroc_own": [judgement.auroc for judgement in own],
            "auprc_train": [judgement.auprc for judgement in own],
            "auroc_other": [judge(self.module, t).auroc for t in others],
            "auroc_flipped": [judge(self.module, t.flipped()).auroc for t in tasks],
        }
        metrics: dict[str, float | Sequence[float]] = {name: float(np.nanmean(row)) for name, row in values.items()}
        metrics["base_rate"] = float(np.mean([c.prevalence for c in self._contexts]))
        return metrics

    def _shape(self) -> dict[str, float | Sequence[float]]:
        """Return what the context and the basis look like: KL per dimension, saturated gates, singular values."""
        beliefs = [run_batch(self.module, tasks.to(device_of(self.module))) for tasks in self._tasks]
        kl = torch.stack([self.module.context_kl(belief.context).mean(0) for belief in beliefs]).mean(0)
        saturated = torch.stack([(belief.alpha.abs() > 0.9).float().mean() for belief in beliefs]).mean()
        singular = torch.linalg.svdvals(self.module.basis.atoms.double().cpu()).numpy()
        share = singular / singular.sum()
        share = share[share > 0]
        return {
            "kl_per_dim": [float(value) for value in kl],
            "gate_saturation": float(saturated),
            "singular_values": [float(value) for value in singular],
            "effective_rank": float(np.exp(-np.sum(share * np.log(share)))),
            "kappa": float(self.module.evidence.kappa),
        }

    def _identity(self) -> dict[str, float | Sequence[float]]:
        """Return how well a fresh probe reads the training line off z_c at 16 shots."""
        first, second = [], []
        for at, context in enumerate(self._contexts):
            tasks = real_tasks(context, (16,), _PROBE_SUPPORTS, 2, self.seed + 1000 + at).to(device_of(self.module))
            support = self.module.support(tasks.support, tasks.support_labels, tasks.support_mask)
            means = self.module.infer_context(support).mean.double().cpu().numpy()
            first.append(means[: _PROBE_SUPPORTS // 2])
            second.append(means[_PROBE_SUPPORTS // 2 :])
        centroids = np.stack([rows.mean(0) for rows in first])
        right = [
            float(np.mean(np.argmin(((rows[:, None] - centroids) ** 2).sum(-1), axis=1) == at))
            for at, rows in enumerate(second)
        ]
        return {"line_probe": float(np.mean(right)), "line_chance": 1.0 / len(self._contexts)}
