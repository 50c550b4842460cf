"""Conditional neural process with a Bernoulli likelihood (doi:10.48550/arXiv.1807.01613).

Each support pair is encoded by itself, the codes are averaged (with a learned number of learned pseudo-pairs, so
that no label is a valid support and few labels count less), and a decoder reads the query beside the average:

    r = (n0 r0 + sum_i h(x_i, y_i)) / (n0 + S),   logit = w . x + b + u(r, log S) . x + g(x, r, log S)

Beside the usual ``(x, y)`` a pair is encoded with its surprise at the zero-shot answer, which carries the base rate.
Own code: the package ``neuralprocesses`` has Gaussian likelihoods only, and its convolutional members need inputs of
one to three dimensions, so no member of it is meaningful for 24 features and labels of 0 and 1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metabam.learners.meta_trained import MetaTrained, PeerNetwork, Shots


class ProcessNetwork(PeerNetwork):
    """Encoder h, pseudo-pairs (n0, r0) and decoder (u, g); the decoder is born at zero."""

    def __init__(self, start: Tensor, hidden: int) -> None:
        super().__init__(start)
        width = len(start) - 1
        self.encode = nn.Sequential(
            nn.Linear(2 * width + 2, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, hidden)
        )
        self.pseudo_code = nn.Parameter(torch.zeros(hidden))
        self.log_pseudo = nn.Parameter(torch.tensor(8.0).log())
        self.read = nn.Sequential(nn.Linear(hidden + 1, hidden), nn.GELU(), nn.Linear(hidden, 1 + width))
        self.decode = nn.Sequential(
            nn.Linear(width + hidden + 1, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, 1)
        )
        for last in (self.read[-1], self.decode[-1]):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def absorb(self, shots: Shots) -> tuple[Tensor, ...]:
        """Return r and log(1 + S), (B, H + 1)."""
        surprise = self.surprise(shots).unsqueeze(-1)
        sign = (2.0 * shots.y - 1.0).unsqueeze(-1)
        codes = self.encode(torch.cat([shots.x, surprise * shots.x, surprise, sign], dim=-1))
        pseudo, count = self.log_pseudo.exp(), shots.mask.sum(-1, keepdim=True)
        total = (codes * shots.mask.unsqueeze(-1)).sum(1)
        mean = (pseudo * self.pseudo_code + total) / (pseudo + count)
        return (torch.cat([mean, torch.log1p(count)], dim=-1),)

    def answer(self, context: tuple[Tensor, ...], x: Tensor) -> Tensor:
        """Return logits (B, Q)."""
        (code,) = context
        linear = self.read(code)
        beside = torch.cat([x, code.unsqueeze(1).expand(-1, x.shape[1], -1)], dim=-1)
        moved = (x @ linear[:, 1:].unsqueeze(-1)).squeeze(-1) + linear[:, :1]
        return self.zero_shot(x) + moved + self.decode(beside).squeeze(-1)


class NeuralProcess(MetaTrained):
    """The conditional neural process as a learner."""

    name = "neural_process"

    def build(self, start: Tensor) -> ProcessNetwork:
        """Return the untrained network."""
        return ProcessNetwork(start, self.config.hidden)
