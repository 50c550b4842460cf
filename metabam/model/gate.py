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

    def forward(self, context: Tensor) -> Tensor:
        """Return alpha (..., K) of z_c (..., Z)."""
        bend = self.outer(nn.functional.gelu(self.inner(context)) - nn.functional.gelu(self.inner.bias))
        return torch.tanh(self.bias + context @ self.skip.T + bend)
