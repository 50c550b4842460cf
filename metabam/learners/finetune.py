"""Full fine-tuning: a network trained on all lines at once, every weight of a copy moved by the support.

On cached pair features the network is a small one. With ``encoder`` given, the features are whatever that torch module
reads (letters, through :class:`WindowEncoder`) and its weights are fine-tuned too, which costs seconds a support.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor, nn

from metabam.errors import TrainingError
from metabam.learners.classical import pooled_weights
from metabam.learners.folds import MOST_LEFT_OUT, line_folds
from metabam.learners.logistic import (
    Standardiser,
    base_rate,
    check_contexts,
    draw_support,
    sampling_offset,
)
from metabam.learners.meta_trained import born_at_zero
from metabam.model.encoders.cnn import PairNetwork
from metabam.records import FloatArray, LabelledContext, Prediction, SupportSet

SHOTS = (4, 16, 64)
RATES = (1e-3, 3e-3, 1e-2)
CHECKPOINTS = (0, 5, 10, 20, 40, 80, 160)
_BATCH = 256


class PooledNetwork(nn.Module):
    """Encoder (or a standardisation), a linear read-out and one hidden layer beside it."""

    def __init__(self, front: nn.Module, width: int, hidden: int) -> None:
        super().__init__()
        self.front = front
        self.linear = nn.Linear(width, 1)
        self.hidden = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), born_at_zero(hidden, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N,) of x (N, D)."""
        z = self.front(x)
        logits: Tensor = (self.linear(z) + self.hidden(z)).squeeze(-1)
        return logits


class Standardise(nn.Module):
    """The column scales of the training lines, as a module without parameters."""

    centre: Tensor
    scale: Tensor

    def __init__(self, standardiser: Standardiser) -> None:
        super().__init__()
        self.register_buffer("centre", torch.from_numpy(standardiser.centre).float())
        self.register_buffer("scale", torch.from_numpy(standardiser.scale).float())

    def forward(self, x: Tensor) -> Tensor:
        """Return the standardised features."""
        return (x - self.centre) / self.scale


class WindowEncoder(nn.Module):
    """A network of two elements on letters: what makes :class:`FineTune` reach the DNA.

    Parameters
    ----------
    network
        Has ``element(codes, side)`` and is called with both elements' codes
        (:class:`metabam.model.encoders.cnn.PairNetwork`).
    enhancer_window
        L_E: how many columns of :func:`metabam.data.views.window_view` are the enhancer's.
    """

    def __init__(self, network: PairNetwork, enhancer_window: int) -> None:
        super().__init__()
        self.network, self.enhancer_window = network, enhancer_window

    def forward(self, x: Tensor) -> Tensor:
        """Return codes (N, D) of letters (N, L_E + L_P)."""
        letters, split = x.to(torch.uint8).numpy(), self.enhancer_window
        sides = [
            self.network.element(part, name)
            for part, name in ((letters[:, :split], "enhancer"), (letters[:, split:], "promoter"))
        ]
        codes: Tensor = self.network(*sides)
        return codes


@dataclass(frozen=True, slots=True)
class Schedule:
    """Learning rate, and the number of steps for each size in ``SHOTS``."""

    rate: float
    steps: tuple[int, ...]

    def steps_for(self, n_support: int) -> int:
        """Return the number of steps for a support, between sizes by the logarithm of S; 0 without a support."""
        if not n_support:
            return 0
        return round(float(np.interp(np.log(n_support), np.log(SHOTS), self.steps)))


@dataclass(frozen=True, slots=True)
class TunedContext:
    """A network of this support's own."""

    network: PooledNetwork
    n_support: int


class FineTune:
    """A pooled network, fully fine-tuned on each support.

    The learning rate and the number of steps for each support size are those that serve left-out training lines best
    (their own pooled network never saw them); each counts as the answer of the network after that many steps of Adam
    on the whole support. With an encoder, ``default`` is taken as it is: choosing would cost hours.

    Parameters
    ----------
    encoder
        Returns a fresh torch module that turns features (N, D_in) into codes; ``None`` for standardised features.
    hidden, epochs
        Width of the hidden layer; passes over the training pairs.
    default
        Schedule with an encoder, and with fewer than three training lines.
    """

    name = "finetune"

    def __init__(
        self,
        encoder: Callable[[], nn.Module] | None = None,
        hidden: int = 48,
        epochs: int = 4,
        default: Schedule = Schedule(1e-3, (5, 20, 40)),
    ) -> None:
        self.encoder, self.hidden, self.epochs = encoder, hidden, epochs
        self.schedule = default
        self._dtype = torch.float64 if encoder is None else torch.float32  # as an encoder makes its own inputs
        self.network: PooledNetwork | None = None
        self._rate = 0.5

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        """Train the pooled network, then choose how far supports may move it; deterministic in ``seed``."""
        check_contexts(contexts)
        self._rate = base_rate(contexts)
        if self.encoder is None and len(line_folds(contexts)) >= 3:
            self.schedule = self._choose(contexts, seed)
        self.network = self._pooled(contexts, seed).to(self._dtype)

    def _pooled(self, contexts: Sequence[LabelledContext], seed: int) -> PooledNetwork:
        """Return the network trained on all pairs of some contexts, each context weighing the same."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if self.encoder is None:
                standardiser = Standardiser.of(contexts)
                width = len(standardiser.centre)
                network = PooledNetwork(Standardise(standardiser), width, self.hidden)
                start = torch.from_numpy(pooled_weights(contexts, standardiser)).float()
                with torch.no_grad():
                    network.linear.weight.copy_(start[None, 1:])
                    network.linear.bias.copy_(start[:1])
            else:
                front = self.encoder()
                with torch.no_grad():
                    width = front(torch.from_numpy(contexts[0].features[:2]).float()).shape[1]
                network = PooledNetwork(front, width, self.hidden)
        optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
        rng = np.random.default_rng([seed, 5])
        per_line = max(1, _BATCH // len(contexts))
        steps = max(1, self.epochs * max(len(c) for c in contexts) // per_line)
        network.train()
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = 2e-3 * 0.5 * (1.0 + np.cos(np.pi * step / steps))
            rows = [rng.integers(0, len(c), per_line) for c in contexts]
            x = torch.from_numpy(np.concatenate([c.features[r] for c, r in zip(contexts, rows, strict=True)])).float()
            y = np.concatenate([c.labels[r] for c, r in zip(contexts, rows, strict=True)]).astype(np.float32)
            loss = nn.functional.binary_cross_entropy_with_logits(network(x), torch.from_numpy(y))
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        return network.eval().requires_grad_(False)

    def _choose(self, contexts: Sequence[LabelledContext], seed: int, repeats: int = 3) -> Schedule:
        """Return the rate, and the steps for each support size, with the least log loss on left-out lines."""
        rng = np.random.default_rng([seed, 7])
        loss = np.zeros((len(RATES), len(SHOTS), len(CHECKPOINTS)))
        for held, rest in line_folds(contexts, MOST_LEFT_OUT):
            others = [contexts[at] for at in rest]
            network, rate = self._pooled(others, seed).to(self._dtype), base_rate(others)
            for at, shots in enumerate(SHOTS):
                for place, repeat in product(held, range(repeats)):
                    left_out = contexts[place]
                    rows, queries = draw_support(left_out, shots, rng, queries=400, balanced=repeat % 2 == 1)
                    if not len(queries):
                        continue
                    support = SupportSet(left_out.features[rows], left_out.labels[rows])
                    x, y = _tensor(left_out.features[queries], self._dtype), left_out.labels[queries].astype(np.float64)
                    for which, step_size in enumerate(RATES):
                        copy = deepcopy(network)
                        for done in tuning(copy, support, rate, step_size, CHECKPOINTS[-1]):
                            if done in CHECKPOINTS:
                                z = _logits(copy, x)
                                error = float(np.mean(np.logaddexp(0.0, z) - y * z))
                                loss[which, at, CHECKPOINTS.index(done)] += error / len(held)
        best = int(np.argmin(loss.min(axis=2).sum(axis=1)))
        return Schedule(RATES[best], tuple(CHECKPOINTS[int(place)] for place in loss[best].argmin(axis=1)))

    def adapt(self, support: SupportSet) -> TunedContext:
        """Return a copy of the pooled network after fine-tuning; the network itself does not move."""
        if self.network is None:
            raise TrainingError("not-fitted", f"learner {self.name!r} has not been fitted.", "Call fit first.")
        copy = deepcopy(self.network)
        for _ in tuning(copy, support, self._rate, self.schedule.rate, self.schedule.steps_for(len(support))):
            pass
        return TunedContext(copy, len(support))

    def predict(self, context: TunedContext, queries: FloatArray) -> Prediction:
        """Return P(y = 1) for query features (Q, D), in order; no interval."""
        z = _logits(context.network, _tensor(queries, self._dtype))
        return Prediction(expit(z), z)


def tuning(network: PooledNetwork, support: SupportSet, rate: float, step_size: float, steps: int) -> Iterator[int]:
    """Move every weight of ``network`` by Adam on the whole support; yield the number of steps done, from 0.

    The labels are read with the offset by which such a support over-represents positives against ``rate``.
    """
    dtype = network.linear.weight.dtype
    x, y = _tensor(support.features, dtype), _tensor(support.labels, dtype)
    offset = sampling_offset(support.labels, rate)
    network.requires_grad_(True)
    optimizer = torch.optim.Adam(network.parameters(), lr=step_size)
    yield 0
    for step in range(1, steps + 1):
        loss = nn.functional.binary_cross_entropy_with_logits(network(x) + offset, y)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        yield step
    network.requires_grad_(False)


def _tensor(values: NDArray[Any], dtype: torch.dtype) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values)).to(dtype)


def _logits(network: PooledNetwork, x: Tensor) -> NDArray[np.float64]:
    with torch.no_grad():
        parts = [network(x[start : start + 4_096]) for start in range(0, max(len(x), 1), 4_096)]
    return np.asarray(torch.cat(parts).numpy(), dtype=np.float64)
