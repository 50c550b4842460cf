"""What the learned peers share: episodes with the same virtual lines as Meta-BAM, one loss, one way to adapt.

A peer is a network with two halves: ``absorb`` turns a support into a context, ``answer`` turns a context and queries
into logits. Only ``fit`` moves weights; afterwards they are frozen in float64, so that the order of a support does
not matter beyond the last digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor, nn

from metabam.config import ModelConfig, PeerConfig
from metabam.errors import CheckpointError, TrainingError
from metabam.learners.birth import Birth, give_birth
from metabam.learners.classical import pooled_weights
from metabam.learners.episodic import EpisodeSource, Tasks
from metabam.learners.logistic import Standardiser, base_rate, check_contexts, sampling_offset
from metabam.losses import task_loss
from metabam.records import FloatArray, LabelledContext, Prediction, SupportSet

_POOL_BYTES = 160_000_000
_WARM_UP = 50


@dataclass(frozen=True, slots=True)
class Shots:
    """Supports of B tasks: standardised ``x`` (B, S, D), ``y`` and ``mask`` (B, S), ``offset`` (B, 1) in logits."""

    x: Tensor
    y: Tensor
    mask: Tensor
    offset: Tensor


@dataclass(frozen=True, slots=True)
class PeerContext:
    """What a learned peer keeps of one support: tensors with a leading axis of 1, and S."""

    tensors: tuple[Tensor, ...]
    n_support: int


def born_at_zero(inputs: int, outputs: int) -> nn.Linear:
    """Return a linear layer whose weights and biases are zero: what it is added to stays as it was until training."""
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class PeerNetwork(nn.Module):
    """Base of the peers' networks: the pooled logistic regression that each of them starts from.

    ``start`` (1 + D,), intercept first: every network answers ``start`` before training, and learns the rest.
    """

    def __init__(self, start: Tensor) -> None:
        super().__init__()
        self.slope = nn.Parameter(start[1:].clone())
        self.base = nn.Parameter(start[:1].clone())

    def zero_shot(self, x: Tensor) -> Tensor:
        """Return the pooled part's logits (B, N) of x (B, N, D)."""
        return x @ self.slope + self.base

    def surprise(self, shots: Shots) -> Tensor:
        """Return y - P(y = 1) under the zero-shot part as such a support would be drawn, (B, S); 0 for padding."""
        return shots.mask * (shots.y - torch.sigmoid(self.zero_shot(shots.x) + shots.offset))

    def absorb(self, shots: Shots) -> tuple[Tensor, ...]:
        """Return the context of each support: tensors with leading axis B."""
        raise NotImplementedError

    def answer(self, context: tuple[Tensor, ...], x: Tensor) -> Tensor:
        """Return logits (B, Q) of standardised queries x (B, Q, D)."""
        raise NotImplementedError


class MetaTrained:
    """A peer that learns to learn from episodes.

    Parameters
    ----------
    config
        Steps, sizes and the mixture of episodes.
    """

    name: ClassVar[str] = ""

    def __init__(self, config: PeerConfig | None = None) -> None:
        self.config = config or PeerConfig()
        self.network: PeerNetwork | None = None
        self._standardiser: Standardiser | None = None
        self._rate = 0.5

    def build(self, start: Tensor) -> PeerNetwork:
        """Return the untrained network; ``start`` (1 + D,) is the pooled logistic regression."""
        raise NotImplementedError

    # ------------------------------------------------------------- learning

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0, birth: Birth | None = None) -> None:
        """Learn from real and virtual lines of the training contexts; deterministic in ``seed``.

        ``birth`` is the material of the virtual lines: :meth:`material` of THE SAME contexts and seed, handed over by
        whoever fits several peers on them; it is made here when left out.
        """
        check_contexts(contexts)
        self._standardiser = standardiser = Standardiser.of(contexts)
        self._rate = base_rate(contexts)
        start = torch.from_numpy(pooled_weights(contexts, standardiser)).float()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = self.build(start)
        pool = self._pool(contexts, seed, birth or self.material(contexts, seed))
        for _ in train_network(network, pool, self.config, seed):
            pass
        self.network = network.double().eval().requires_grad_(False)

    def material(self, contexts: Sequence[LabelledContext], seed: int) -> Birth:
        """Return what virtual lines are drawn from; it depends on the number of birth steps alone, not on the peer."""
        return give_birth(contexts, ModelConfig(), seed, steps=self.config.episodes.birth_steps)

    def _pool(self, contexts: Sequence[LabelledContext], seed: int, material: Birth) -> list[Tasks]:
        """Return the batches of tasks, features standardised; fewer where they would not fit in memory."""
        episodes, standardiser = self.config.episodes, self._fitted()
        source = EpisodeSource(contexts, material, episodes, seed)
        width = len(standardiser.centre)
        size = 4 * episodes.batch_tasks * (max(episodes.shots) + episodes.query_size) * width
        count = min(self.config.batches, self.config.steps, max(20, _POOL_BYTES // size))
        centre, scale = torch.from_numpy(standardiser.centre).float(), torch.from_numpy(standardiser.scale).float()
        pool = []
        for step in range(count):
            tasks = source.batch(step + 1)
            values = {name: getattr(tasks, name) for name in Tasks.__slots__}
            values["support"] = (tasks.support - centre) / scale * tasks.support_mask.unsqueeze(-1)
            values["query"] = (tasks.query - centre) / scale * tasks.query_mask.unsqueeze(-1)
            pool.append(Tasks(**values))
        return pool

    # ------------------------------------------------------------- inference

    def adapt(self, support: SupportSet) -> PeerContext:
        """Return the context of a support of ``S >= 0`` pairs; no weight changes."""
        network = self._network()
        x = torch.from_numpy(self._fitted().design(support.features)[:, 1:]).unsqueeze(0)
        y = torch.from_numpy(support.labels.astype(np.float64)).unsqueeze(0)
        offset = torch.tensor([[sampling_offset(support.labels, self._rate)]], dtype=torch.float64)
        if not len(support):  # one padded row: no network has to know of empty supports
            x, y = torch.zeros(1, 1, len(self._fitted().centre), dtype=torch.float64), torch.zeros(1, 1).double()
        mask = torch.full_like(y, 1.0 if len(support) else 0.0)
        with torch.no_grad():
            return PeerContext(network.absorb(Shots(x, y, mask, offset)), len(support))

    def predict(self, context: PeerContext, queries: FloatArray) -> Prediction:
        """Return P(y = 1) for query features (Q, D), in order; no interval."""
        x = torch.from_numpy(self._fitted().design(queries)[:, 1:]).unsqueeze(0)
        with torch.no_grad():
            z = np.asarray(self._network().answer(context.tensors, x)[0].numpy(), dtype=np.float64)
        return Prediction(expit(z), z)

    # ------------------------------------------------------------- state

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return all tensors by name and a JSON-ready description."""
        standardiser = self._fitted()
        tensors = {f"network.{name}": value.numpy().copy() for name, value in self._network().state_dict().items()}
        tensors |= {"centre": standardiser.centre.copy(), "scale": standardiser.scale.copy()}
        return tensors, {"learner": self.name, "rate": self._rate, "config": self.config.model_dump(mode="json")}

    @classmethod
    def from_state(cls, tensors: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> MetaTrained:
        """Return the learner that :meth:`state` described, bit for bit.

        Raises
        ------
        CheckpointError
            ``weights-mismatch`` when the tensors are another learner's or of another shape.
        """
        learner = cls(PeerConfig.model_validate(description["config"], strict=False))
        weights = {
            name.removeprefix("network."): torch.from_numpy(np.array(value))
            for name, value in tensors.items()
            if name.startswith("network.")
        }
        try:
            learner._standardiser = Standardiser(np.array(tensors["centre"]), np.array(tensors["scale"]))
            network = learner.build(torch.zeros(1 + len(tensors["centre"]))).double()
            network.load_state_dict(weights)
        except (KeyError, RuntimeError) as error:
            raise CheckpointError(
                "weights-mismatch", f"the tensors are not those of {cls.name!r} ({error}).", "Fit it again."
            ) from None
        learner._rate = float(description["rate"])
        learner.network = network.eval().requires_grad_(False)
        return learner

    # ------------------------------------------------------------- inside

    def _fitted(self) -> Standardiser:
        if self._standardiser is None:
            raise TrainingError("not-fitted", f"learner {self.name!r} has not been fitted.", "Call fit first.")
        return self._standardiser

    def _network(self) -> PeerNetwork:
        if self.network is None:
            raise TrainingError("not-fitted", f"learner {self.name!r} has not been fitted.", "Call fit first.")
        return self.network


def shots_of(tasks: Tasks, rate: float) -> Shots:
    """Return the supports of a padded batch, with the offset by which each over-represents positives."""
    offsets = [
        sampling_offset(labels[mask > 0].numpy(), rate)
        for labels, mask in zip(tasks.support_labels, tasks.support_mask, strict=True)
    ]
    offset = torch.tensor(offsets, dtype=tasks.support.dtype).unsqueeze(-1)
    return Shots(tasks.support, tasks.support_labels, tasks.support_mask, offset)


def train_network(network: PeerNetwork, pool: Sequence[Tasks], config: PeerConfig, seed: int) -> Iterator[float]:
    """Train on a pool of batches in random order (AdamW, warm-up and cosine decay); yield each step's loss in nats."""
    rate = float(torch.sigmoid(network.base.detach())[0])
    shots = [shots_of(tasks, rate) for tasks in pool]
    decayed = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}], lr=config.lr
    )
    rng = np.random.default_rng([seed, 11])
    order = np.concatenate([rng.permutation(len(pool)) for _ in range(-(-config.steps // len(pool)))])
    network.train()
    for step in range(config.steps):
        for group in optimizer.param_groups:
            warm = min(1.0, (step + 1) / _WARM_UP)
            group["lr"] = config.lr * warm * 0.5 * (1.0 + np.cos(np.pi * step / config.steps))
        at = int(order[step])
        tasks = pool[at]
        logits = network.answer(network.absorb(shots[at]), tasks.query)
        loss = task_loss(logits, tasks.query_labels, tasks.query_mask)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), config.clip_norm)
        optimizer.step()
        yield float(loss.detach())
