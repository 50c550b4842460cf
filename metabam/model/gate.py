"""Mechanism spectrum alpha(c) = G(z_c) (Plan 34 s2.3, s4.1): a signed gate per atom, +1 active, 0 off, -1 inhibits."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SpectrumGate(nn.Module):
    """``alpha = tanh(bias + skip z + MLP(z))`` in [-1, 1]^K.

    The MLP's last layer starts at zero, so that the gate starts as the linear map that the training lines' own heads
    span.
    """

    def __init__(self, context_dim: int, n_atoms: int, hidden: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(n_atoms))
        self.skip = nn.Parameter(torch.zeros(n_atoms, context_dim))
        self.inner = nn.Linear(context_dim, hidden)
        self.outer = nn.Linear(hidden, n_atoms, bias=False)
        nn.init.zeros_(self.outer.weight)

    def level(self, context: Tensor) -> Tensor:
        """Return what tanh makes alpha of, (..., K), of z_c (..., Z)."""
        bend = self.outer(nn.functional.gelu(self.inner(context)) - nn.functional.gelu(self.inner.bias))
        level: Tensor = self.bias + context @ self.skip.T + bend
        return level

    def forward(self, context: Tensor) -> Tensor:
        """Return alpha (..., K) of z_c (..., Z)."""
        return torch.tanh(self.level(context))


class StepGates(nn.Module):
    """G_t(z_c), one gate per step (Plan 34 s2.3, "time-varying operator").

    ``G_t = tanh(level(z_c) + bias_t + skip_t z_c)`` for t < T, with ``level`` of :class:`SpectrumGate`; the last,
    G_T, is the mechanism spectrum itself: what is shown, and what the read-out uses. Born equal at every step.
    """

    def __init__(self, context_dim: int, n_atoms: int, n_steps: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(n_steps - 1, n_atoms))
        self.skip = nn.Parameter(torch.zeros(n_steps - 1, n_atoms, context_dim))

    def forward(self, context: Tensor, level: Tensor) -> Tensor:
        """Return G (T, ..., K) of z_c (..., Z) and the shared level (..., K)."""
        shift = torch.einsum("tkz,...z->t...k", self.skip, context)
        bias = self.bias.reshape(len(self.bias), *[1] * (level.dim() - 1), -1)
        return torch.tanh(torch.cat([level + bias + shift, level.unsqueeze(0)]))
