"""The conditional feature transform: how a context bends the two halves of a pair's features.

The document has two forms, and both are options of ``ExpertConfig.transform``. ``film`` (s4.1): gamma and beta, each H
wide, are decoded from the context and act on both halves, ``F <- gamma * F + beta``. ``gated`` (s1.2): a gate per pair
and channel, ``g = sigmoid(G [h, theta_gate])``, shares a pair out, ``F_common <- g F_common``,
``F_specific <- (1 - g) F_specific``; gamma is then 1 and beta 0 until an adaptation moves them.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from metabam.model.expert.decoupling import Halves
from metabam.model.expert.theta import Theta


class Film(NamedTuple):
    """Scale and shift, (..., H) each."""

    gamma: Tensor
    beta: Tensor


def modulate(halves: Halves, film: Film) -> Tensor:
    """Return [gamma F_common + beta, gamma F_specific + beta], (..., N, d): the same H numbers act on both halves."""
    gamma, beta = film.gamma.unsqueeze(-2), film.beta.unsqueeze(-2)
    return torch.cat([gamma * halves.common + beta, gamma * halves.specific + beta], dim=-1)


class FilmTransform(nn.Module):
    """gamma = 1 + Gamma [c, theta_gate], beta = B [c, theta_gate]; both maps are born at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.decode = nn.Linear(2 * width, width)
        nn.init.zeros_(self.decode.weight)
        nn.init.zeros_(self.decode.bias)

    def film(self, context: Tensor, theta: Theta) -> Film:
        """Return gamma and beta (..., H) of a pooled context (..., d)."""
        scale, shift = self.decode(torch.cat([context, theta.row("gate").squeeze(-2)], dim=-1)).chunk(2, dim=-1)
        return Film(1.0 + scale, shift)

    def forward(self, lifted: Tensor, halves: Halves, theta: Theta) -> Halves:  # noqa: ARG002 - one signature for both
        """Return the halves as they are: the context acts through :meth:`film` alone."""
        return halves


class GatedTransform(nn.Module):
    """A gate per pair and channel, from the pair and theta_gate."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.channels = width // 2
        self.gate = nn.Linear(2 * width, self.channels)

    def film(self, context: Tensor, theta: Theta) -> Film:  # noqa: ARG002 - one signature for both
        """Return gamma = 1 and beta = 0, (..., H): here the context acts through the gate."""
        ones = context.new_ones(*context.shape[:-1], self.channels)
        return Film(ones, torch.zeros_like(ones))

    def forward(self, lifted: Tensor, halves: Halves, theta: Theta) -> Halves:
        """Return g F_common and (1 - g) F_specific."""
        asked = theta.row("gate").expand_as(lifted)
        gate = torch.sigmoid(self.gate(torch.cat([lifted, asked], dim=-1)))
        return Halves(gate * halves.common, (1.0 - gate) * halves.specific)
