"""Conditional neural process with a Bernoulli likelihood (doi:10.48550/arXiv.1807.01613).

Each support pair is encoded by itself, the codes are averaged (with a learned number of learned pseudo-pairs, so
that no label is a valid support and few labels count less), and a decoder reads the query beside the average:

    r = (n0 r0 + sum_i h(x_i, y_i)) / (n0 + S),   logit = w . x + b + u(r, log S) . x + g(x, r, log S)

Beside the usual ``(x, y)`` a pair is encoded with its surprise at the zero-shot answer, which carries the base rate.
Own code: the package ``neuralprocesses`` has no likelihood for labels of 0 and 1, and its convolutional members lay a
grid over the input space, which 24 features do not allow.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metabam.learners.meta_trained import MetaTrained, PeerNetwork, Shots, born_at_zero


class ProcessNetwork(PeerNetwork):
    """Encoder h, pseudo-pairs (n0, r0) and decoder (u, g); the decoder is born at zero."""

    def __init__(self, start: Tensor, hidden: int) -> None:
        super().__init__(start)
        width = len(start) - 1
        self.encode = nn.Sequential(nn.Linear(2 * width + 2, hidden), nn.GELU(), nn.Linear(hidden, hidden))
        self.skip = nn.Linear(2 * width + 2, hidden)
        self.pseudo_code = nn.Parameter(torch.zeros(hidden))
        self.log_pseudo = nn.Parameter(torch.tensor(8.0).log())
        self.read = nn.Sequential(nn.Linear(hidden + 1, hidden), nn.GELU(), born_at_zero(hidden, 1 + width))
        self.read_skip = born_at_zero(hidden + 1, 1 + width)
        self.decode = nn.Sequential(
            nn.Linear(width + hidden + 1, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            born_at_zero(hidden, 1),
        )

    def code(self, x: Tensor, surprise: Tensor, y: Tensor) -> Tensor:
        """Return h of each pair, (..., H): a linear part and a network beside it."""
        surprise, sign = surprise.unsqueeze(-1), (2.0 * y - 1.0).unsqueeze(-1)
        seen = torch.cat([x, surprise * x, surprise, sign], dim=-1)
        found: Tensor = self.skip(seen) + self.encode(seen)
        return found

    def absorb(self, shots: Shots) -> tuple[Tensor, ...]:
        """Return r and log(1 + S), (B, H + 1)."""
        codes = self.code(shots.x, self.surprise(shots), shots.y)
        pseudo, count = self.log_pseudo.exp(), shots.mask.sum(-1, keepdim=True)
        total = (codes * shots.mask.unsqueeze(-1)).sum(1)
        mean = (pseudo * self.pseudo_code + total) / (pseudo + count)
        return (torch.cat([mean, torch.log1p(count)], dim=-1),)

    def answer(self, context: tuple[Tensor, ...], x: Tensor) -> Tensor:
        """Return logits (B, Q)."""
        (code,) = context
        linear = self.read_skip(code) + self.read(code)
        beside = torch.cat([x, code.unsqueeze(1).expand(-1, x.shape[1], -1)], dim=-1)
        moved = (x @ linear[:, 1:].unsqueeze(-1)).squeeze(-1) + linear[:, :1]
        logits: Tensor = self.zero_shot(x) + moved + self.decode(beside).squeeze(-1)
        return logits


class NeuralProcess(MetaTrained):
    """The conditional neural process as a learner."""

    name = "neural_process"

    def build(self, start: Tensor) -> ProcessNetwork:
        """Return the untrained network."""
        return ProcessNetwork(start, self.config.hidden)
