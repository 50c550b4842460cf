"""MAML with one or five inner steps: a few gradient steps on the support, from a start that makes them count.

``theta' = theta - rate * sum_i grad loss_i(theta) / (S + s0)``, the start theta, the per-weight rates
(doi:10.48550/arXiv.1707.09835) and the shrinkage s0 learned through the inner steps
(doi:10.48550/arXiv.1703.03400). The sum over (S + s0) instead of the mean: four labels move the start less than
sixty-four, and none not at all.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import grad, vmap

from metabam.config import PeerConfig
from metabam.learners.meta_trained import MetaTrained, PeerNetwork, Shots

Weights = dict[str, Tensor]


def logits(weights: Weights, x: Tensor) -> Tensor:
    """Return (N,) logits of x (N, D): a linear read-out plus one hidden layer."""
    hidden = torch.tanh(x @ weights["hidden"] + weights["shift"])
    return x @ weights["slope"] + weights["base"] + hidden @ weights["out"]


def inner_loss(weights: Weights, x: Tensor, y: Tensor, mask: Tensor, offset: Tensor, pseudo: Tensor) -> Tensor:
    """Return the summed Bernoulli log loss of one support over S + s0, in nats."""
    z = logits(weights, x) + offset
    loss = nn.functional.softplus(z) - y * z
    return (mask * loss).sum() / (mask.sum() + pseudo)


class MamlNetwork(PeerNetwork):
    """The start, the inner rates, and ``steps`` inner steps."""

    def __init__(self, start: Tensor, hidden: int, steps: int) -> None:
        super().__init__(start)
        width = len(start) - 1
        self.steps = steps
        self.hidden = nn.Parameter(torch.randn(width, hidden) / width**0.5)
        self.shift = nn.Parameter(torch.zeros(hidden))
        self.out = nn.Parameter(torch.zeros(hidden))
        self.log_rates = nn.ParameterDict(
            {name: torch.full_like(value, 3.0 / steps).log() for name, value in self.weights().items()}
        )
        self.log_pseudo = nn.Parameter(torch.tensor(32.0).log())

    def weights(self) -> Weights:
        """Return the start by name."""
        return {name: getattr(self, name) for name in ("slope", "base", "hidden", "shift", "out")}

    def absorb(self, shots: Shots) -> tuple[Tensor, ...]:
        """Return the weights of each task after the inner steps, all tasks at once."""
        rates = {name: value.exp() for name, value in self.log_rates.items()}
        pseudo = self.log_pseudo.exp()

        def one(x: Tensor, y: Tensor, mask: Tensor, offset: Tensor) -> Weights:
            weights = self.weights()
            for _ in range(self.steps):
                slope = grad(inner_loss)(weights, x, y, mask, offset, pseudo)
                weights = {name: value - rates[name] * slope[name] for name, value in weights.items()}
            return weights

        adapted: Weights = vmap(one)(shots.x, shots.y, shots.mask, shots.offset)
        return tuple(adapted[name] for name in self.weights())

    def answer(self, context: tuple[Tensor, ...], x: Tensor) -> Tensor:
        """Return logits (B, Q) under each task's own weights."""
        found: Tensor = vmap(logits)(dict(zip(self.weights(), context, strict=True)), x)
        return found


class _Maml(MetaTrained):
    steps = 1

    def __init__(self, config: PeerConfig | None = None) -> None:
        super().__init__(config or PeerConfig(hidden=32))

    def build(self, start: Tensor) -> MamlNetwork:
        """Return the untrained network."""
        return MamlNetwork(start, self.config.hidden, self.steps)


class Maml1(_Maml):
    """MAML with one inner step."""

    name = "maml1"


class Maml5(_Maml):
    """MAML with five inner steps."""

    name = "maml5"
    steps = 5
