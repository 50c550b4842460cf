"""Meta-training in memory, and the number of its steps chosen on left-out training lines.

Three times too many steps over-fit five lines, and the pooled loss does not show it; a left-out line does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from metabam.config import ModelConfig, TrainConfig
from metabam.learners.birth import Birth, give_birth
from metabam.learners.episodic import (
    EpisodeSource,
    Tasks,
    build_optimizer,
    device_of,
    real_tasks,
    run_batch,
    training_device,
)
from metabam.learners.folds import MOST_LEFT_OUT, line_folds
from metabam.learners.objective import attach_heads, episode_loss
from metabam.losses import LossTerms
from metabam.metrics import auprc, auroc
from metabam.model.metabam import MetaBam
from metabam.records import LabelledContext

JUDGE_SHOTS = (4, 16, 64)


@dataclass(frozen=True, slots=True)
class StepChoice:
    """``steps`` chosen, ``grid`` (n,) of candidates, ``score`` (E, n) mean left-out AUROC (full path)."""

    steps: int
    grid: tuple[int, ...]
    score: tuple[tuple[float, ...], ...]


def step_loss(
    model: MetaBam, source: EpisodeSource, step: int, n_steps: int, rank: int = 0, world_size: int = 1
) -> LossTerms:
    """Return the loss of one rank's share of the batch of a step."""
    tasks = source.batch(step, rank, world_size).to(device_of(model))
    return episode_loss(model, tasks, source.config, step, n_steps)


def run_steps(birth: Birth, source: EpisodeSource, n_steps: int) -> Iterator[int]:
    """Train the born model in place; yield the number of steps done, from 0."""
    model, config = birth.model, source.config
    attach_heads(model, config, len(source.contexts), source.seed)
    model.to(training_device(config.device))
    optimizer = build_optimizer(model, config)
    yield 0
    for step in range(1, n_steps + 1):
        terms = step_loss(model, source, step, config.steps)
        optimizer.zero_grad()
        torch.autograd.backward(terms.total)
        nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm)
        optimizer.step()
        yield step


def train_steps(
    contexts: Sequence[LabelledContext], config: ModelConfig, train: TrainConfig, seed: int, steps: int
) -> MetaBam:
    """Return a model born from and trained on all contexts for a number of steps."""
    birth = give_birth(contexts, config, seed, steps=train.birth_steps)
    source = EpisodeSource(contexts, birth, train, seed)
    for _ in run_steps(birth, source, steps):
        pass
    return birth.model.cpu()


@dataclass(frozen=True, slots=True)
class Judgement:
    """Means over tasks whose queries hold both classes; NaN where there is none. ``loss`` in nats per query."""

    auroc: float
    auprc: float
    loss: float


def judge(model: MetaBam, tasks: Tasks, *, context_only: bool = False) -> Judgement:
    """Return how well the full path (or z_c alone) does on a batch of tasks."""
    tasks = tasks.to(device_of(model))
    with torch.no_grad():
        belief = run_batch(model, tasks)
        query = model.states(tasks.query, belief.context.mean)
        unfolded = model.unfolded(query, belief)[-1]
        logit = model.moderated(*model.combine(unfolded, query, belief, "context" if context_only else "full"))
    rows = []
    for row, truth, keep in zip(logit, tasks.query_labels, tasks.query_mask > 0, strict=True):
        y, z = truth[keep].double().cpu().numpy(), row[keep].double().cpu().numpy()
        area, precision = auroc(y, z), auprc(y, z)
        if area is not None and precision is not None:
            rows.append((area, precision, float(np.mean(np.logaddexp(0.0, z) - y * z))))
    mean = np.mean(rows, axis=0) if rows else np.full(3, np.nan)
    return Judgement(*(float(value) for value in mean))


def choose_steps(
    contexts: Sequence[LabelledContext],
    config: ModelConfig,
    train: TrainConfig,
    seed: int,
    progress: Callable[[str, float], None] | None = None,
) -> StepChoice:
    """Return the number of steps with the best mean AUROC over left-out lines (six at most) at 4, 16 and 64
    shots.

    Zero steps (the birth itself) is a candidate, and stays the choice unless another gains more than a
    standard error over lines: episodes are run where they help on a line nobody trained on.
    """
    grid = tuple(range(0, train.steps + 1, train.eval_every))
    rows: list[tuple[float, ...]] = []
    folds = line_folds(contexts, MOST_LEFT_OUT)
    for at, (held, rest) in enumerate(folds):
        others, left_out = [contexts[place] for place in rest], [contexts[place] for place in held]
        birth = give_birth(others, config, seed, steps=train.birth_steps)
        source = EpisodeSource(others, birth, train, seed)
        tasks = [real_tasks(context, JUDGE_SHOTS, 8, 500, seed) for context in left_out]
        row = []
        for done in run_steps(birth, source, grid[-1]):
            if done in grid:
                row.append(float(np.mean([judge(birth.model, task).auroc for task in tasks])))
                if progress is not None:
                    progress(left_out[0].cell_line, (at + done / max(grid[-1], 1)) / len(folds))
        rows.append(tuple(row))
    return StepChoice(grid[clearly_best(np.asarray(rows))], grid, tuple(rows))


def clearly_best(score: NDArray[np.float64]) -> int:
    """Return the best column of ``score`` (E, n), or 0 (the birth) where it gains less than a standard error.

    A left-out line whose queries hold one class only has no AUROC (NaN): it takes no part. With fewer than two that
    do, nothing can be told, and the birth stays.
    """
    score = score[np.isfinite(score).all(axis=1)]
    if len(score) < 2:
        return 0
    best = int(np.argmax(score.mean(axis=0)))
    gain = score[:, best] - score[:, 0]
    return best if gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)) else 0
