"""Line adversary (Plan 34 s3.2): a discriminator of the cell line on z_c, behind a reversed gradient.

The discriminator minimises its cross-entropy; what passes back into z_c has the opposite sign, so the context
encoder maximises it (doi:10.48550/arXiv.1409.7495). The sign lives in the reversal, never in the term's weight.
With five lines the line IS the environment: at full weight its identity and all adaptation leave z_c together. It is
off by default.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * grads[0], None


class GradientReversal(nn.Module):
    """The identity forwards, ``-strength`` times the gradient backwards."""

    def forward(self, values: Tensor, strength: float) -> Tensor:
        """Return ``values``, bit for bit."""
        reversed_: Tensor = _Reverse.apply(values, strength)  # type: ignore[no-untyped-call]  # torch ships it untyped
        return reversed_


class CellLineDiscriminator(nn.Module):
    """Which of E training lines a context z_c (..., Z) comes from.

    Its accuracy is no measure of what z_c holds: it is trained against a moving target. A fresh probe is.
    """

    def __init__(self, context_dim: int, n_lines: int, hidden: int) -> None:
        super().__init__()
        self.reversal = GradientReversal()
        self.inner = nn.Linear(context_dim, hidden)
        self.outer = nn.Linear(hidden, n_lines)

    def forward(self, context: Tensor, strength: float) -> Tensor:
        """Return logits (..., E); gradients reach ``context`` reversed and scaled by ``strength``."""
        scores: Tensor = self.outer(nn.functional.gelu(self.inner(self.reversal(context, strength))))
        return scores
