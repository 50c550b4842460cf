"""Episodes for training: batches of padded tasks that are a function of (seed, step, place)."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metabam.config import TrainConfig
from metabam.data.episodes import draw_support
from metabam.data.virtual import VirtualLines, VirtualMix
from metabam.errors import ConfigError, InputError
from metabam.learners.birth import Birth, states_of
from metabam.model.metabam import Belief, MetaBam
from metabam.records import LabelledContext

_CANDIDATES = 4


def training_device(wanted: str) -> torch.device:
    """Return the device that ``cpu | cuda | auto`` stands for; ``auto`` is CUDA where there is one.

    Raises
    ------
    ConfigError
        ``no-cuda``: CUDA is asked for and torch has none. There is no silent fall-back to the CPU.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ConfigError("no-cuda", "this machine offers torch no CUDA device.", "Use device cpu or auto.")
    return torch.device("cuda" if wanted == "cuda" or (wanted == "auto" and torch.cuda.is_available()) else "cpu")


def device_of(model: MetaBam) -> torch.device:
    """Return where a model's weights lie."""
    return model.basis.atoms.device


@dataclass(frozen=True, slots=True)
class Tasks:
    """A batch of B padded tasks.

    ``support`` (B, S, D), ``support_labels`` and ``support_mask`` (B, S); ``query`` (B, Q, D), ``query_labels`` and
    ``query_mask`` (B, Q). ``lines`` (B,) int64 is the training line's place, -1 where the labels are not its own.
    ``names`` says what each task was made of.
    """

    support: Tensor
    support_labels: Tensor
    support_mask: Tensor
    query: Tensor
    query_labels: Tensor
    query_mask: Tensor
    lines: Tensor
    names: tuple[str, ...]

    def to(self, device: torch.device) -> Tasks:
        """Return the same tasks on a device."""
        tensors = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "names"}
        return Tasks(**{name: value.to(device) for name, value in tensors.items()}, names=self.names)

    def flipped(self) -> Tasks:
        """Return the same tasks with every support label inverted (a control)."""
        labels = (1.0 - self.support_labels) * self.support_mask
        return replace(self, support_labels=labels)

    def with_supports_of(self, other: Tasks) -> Tasks:
        """Return these queries with the supports of other tasks (a control)."""
        return replace(
            self, support=other.support, support_labels=other.support_labels, support_mask=other.support_mask
        )


@dataclass(frozen=True, slots=True)
class _Drawn:
    features: NDArray[np.float32]
    labels: NDArray[np.int8]
    support: NDArray[np.int64]
    query: NDArray[np.int64]
    name: str
    line: int = -1


class EpisodeSource:
    """Draws training episodes from training contexts and from virtual lines made of their heads.

    Parameters
    ----------
    contexts
        Training contexts; nothing else is ever read.
    birth
        The born model: its states are the design, its heads the material of virtual lines.
    config
        Shots, query size, batch size and the mixture of episode kinds.
    seed
        Task ``i`` of step ``t`` is a function of (seed, t, i).
    """

    def __init__(self, contexts: Sequence[LabelledContext], birth: Birth, config: TrainConfig, seed: int) -> None:
        self.contexts = list(contexts)
        self.config = config
        self.seed = seed
        centre = birth.model.readout.centre.numpy().astype(np.float64)
        self._designs = [states_of(birth.model, c.features).astype(np.float64) - centre for c in self.contexts]
        self._lines = VirtualLines(birth.heads, birth.spread, np.array([c.prevalence for c in self.contexts]))
        self._mix = VirtualMix(config.virtual_mixture, config.virtual_exemplar, config.virtual_flip)

    def numbered(self) -> EpisodeSource:
        """Return the same source with a pair's row among all contexts, one after the other, in place of its features.

        Whoever encodes pairs while training looks the rows up, (B, S, 1) and (B, Q, 1) float32; padding is row 0.

        Raises
        ------
        ConfigError
            ``joint-size``: more pairs than float32 can number.
        """
        starts = np.cumsum([0, *[len(context) for context in self.contexts]])
        if starts[-1] > 2**24:
            raise ConfigError("joint-size", f"{starts[-1]} training pairs are too many.", "Train on 2^24 at most.")
        made = copy(self)
        made.contexts = [
            replace(context, features=np.arange(start, start + len(context), dtype=np.float32)[:, None])
            for context, start in zip(self.contexts, starts[:-1].tolist(), strict=True)
        ]
        return made

    def batch(self, step: int, rank: int = 0, world_size: int = 1) -> Tasks:
        """Return this rank's tasks of a step: tasks rank, rank + world_size, ... of the global batch."""
        drawn = [self._draw(step, place) for place in range(rank, self.config.batch_tasks, world_size)]
        return pad(drawn)

    def _draw(self, step: int, place: int) -> _Drawn:
        rng = np.random.default_rng([self.seed, step, place])
        shots = int(rng.choice(self.config.shots))
        balanced = bool(rng.random() < 0.5)
        mode = self._mix.draw(rng)
        at = int(rng.integers(len(self.contexts)))
        context = self.contexts[at]
        wanted = _CANDIDATES * max(self.config.shots) + 2 * self.config.query_size
        rows = rng.choice(len(context), min(wanted, len(context)), replace=False)
        design = self._designs[at][rows]
        labels = context.labels[rows] if mode == "real" else self._lines.labels(mode, design, rng)
        name = f"{context.name}:{mode}:S={shots}:{'balanced' if balanced else 'natural'}"
        support, query = split_rows(context, rows, labels, shots, self.config.query_size, rng, balanced=balanced)
        return _Drawn(context.features[rows], labels, support, query, name, at if mode == "real" else -1)


def split_rows(
    context: LabelledContext,
    rows: NDArray[np.int64],
    labels: NDArray[np.int8],
    shots: int,
    query_size: int,
    rng: np.random.Generator,
    *,
    balanced: bool,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return places within ``rows`` of a support and of queries that share no element with it.

    ``labels`` (len(rows),) may be virtual. A class too small for a balanced support makes it a natural one; a
    context too small gives what it has, and always leaves at least half of the rows to the queries.
    """
    shots = min(shots, len(rows) // 2)
    try:
        support = draw_support(labels, shots, rng, balanced=balanced)
    except InputError:
        support = draw_support(labels, shots, rng, balanced=False)
    chosen = rows[support]
    free = ~np.isin(context.enhancer[rows], context.enhancer[chosen])
    free &= ~np.isin(context.promoter[rows], context.promoter[chosen])
    free[support] = False
    return support, rng.permutation(np.flatnonzero(free))[:query_size]


def pad(drawn: Sequence[_Drawn]) -> Tasks:
    """Return drawn tasks as one padded batch."""
    n_support = max(1, max(len(task.support) for task in drawn))
    n_query = max(1, max(len(task.query) for task in drawn))
    width = drawn[0].features.shape[1]
    sizes = ((n_support, "support"), (n_query, "query"))
    arrays: list[Tensor] = []
    for size, which in sizes:
        features = np.zeros((len(drawn), size, width), dtype=np.float32)
        labels = np.zeros((len(drawn), size), dtype=np.float32)
        mask = np.zeros((len(drawn), size), dtype=np.float32)
        for at, task in enumerate(drawn):
            chosen = task.support if which == "support" else task.query
            features[at, : len(chosen)] = task.features[chosen]
            labels[at, : len(chosen)] = task.labels[chosen]
            mask[at, : len(chosen)] = 1.0
        arrays += [torch.from_numpy(features), torch.from_numpy(labels), torch.from_numpy(mask)]
    support, support_labels, support_mask, query, query_labels, query_mask = arrays
    names = tuple(task.name for task in drawn)
    lines = torch.tensor([task.line for task in drawn])
    return Tasks(support, support_labels, support_mask, query, query_labels, query_mask, lines, names)


def real_tasks(context: LabelledContext, shots: Sequence[int], repeats: int, query_size: int, seed: int) -> Tasks:
    """Return fixed tasks of one context for judging: each support size ``repeats`` times, every other one balanced."""
    drawn = []
    for at, (size, repeat) in enumerate((s, r) for s in shots for r in range(repeats)):
        rng = np.random.default_rng([seed, at])
        rows = rng.permutation(len(context))
        support, query = split_rows(
            context, rows, context.labels[rows], size, query_size, rng, balanced=repeat % 2 == 1
        )
        drawn.append(_Drawn(context.features[rows], context.labels[rows], support, query, f"{context.name}:S={size}"))
    return pad(drawn)


def run_batch(model: MetaBam, tasks: Tasks) -> Belief:
    """Return the beliefs that the supports of a batch lead to."""
    return model.adapt(model.support(tasks.support, tasks.support_labels, tasks.support_mask))


def build_optimizer(model: MetaBam, config: TrainConfig) -> torch.optim.Optimizer:
    """Return AdamW; what birth learned from thousands of labels moves at a tenth of the rate."""
    slow_names = ("basis.", "modulate.", "readout.", "evidence.", "multiscale.")
    slow = [p for n, p in model.named_parameters() if n.startswith(slow_names)]
    fast = [p for n, p in model.named_parameters() if not n.startswith(slow_names)]
    return torch.optim.AdamW(
        [
            {"params": fast, "lr": config.lr, "weight_decay": config.weight_decay},
            {"params": slow, "lr": 0.1 * config.lr, "weight_decay": 0.0},
        ]
    )
