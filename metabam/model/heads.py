"""Read-out by mechanism pooling: ``sum_k w_k alpha_k (h_k - centre_k) + b`` with w_k >= 0.

(v_k, alpha_k, w_k) may flip sign together without changing any prediction; w_k >= 0 and atoms that point to the long
tail of their potential make the sign of a gate mean something. ``b`` is the training lines' base rate. The pooled
(zero-shot) model is this read-out at z_c = 0: it needs no further term.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MechanismReadout(nn.Module):
    """Weights w (K,) >= 0 in logits per unit state, centre (K,) of the states over training pairs, base logit b."""

    centre: Tensor

    def __init__(self, n_atoms: int) -> None:
        super().__init__()
        self.raw_weight = nn.Parameter(torch.zeros(n_atoms))
        self.base = nn.Parameter(torch.zeros(()))
        self.register_buffer("centre", torch.zeros(n_atoms))

    @property
    def weight(self) -> Tensor:
        """Return w (K,), positive."""
        return nn.functional.softplus(self.raw_weight)

    def set_weight_(self, weight: Tensor) -> None:
        """Set w (K,) > 0, in place."""
        with torch.no_grad():
            self.raw_weight.copy_(weight + torch.log(-torch.expm1(-weight)))

    def effects(self, alpha: Tensor) -> Tensor:
        """Return theta = w * alpha (..., K): each atom's effect in logits per unit state."""
        return self.weight * alpha

    def forward(self, states: Tensor, alpha: Tensor) -> Tensor:
        """Return logits (..., Q) of states (..., Q, K) under gates (..., K)."""
        return ((states - self.centre) @ self.effects(alpha).unsqueeze(-1)).squeeze(-1) + self.base
