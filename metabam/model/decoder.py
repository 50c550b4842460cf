"""Support reconstruction (Plan 34 s3.2): ``f_dec(z_c, z_s) -> y_s``, which keeps z_c from collapsing.

The seed names a squared error; labels are Bernoulli, so the log loss is the default of the term and the squared error
an option.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SupportDecoder(nn.Module):
    """Logits of the support's labels from z_c and each pair's mechanism states; no gate and no atom in between."""

    def __init__(self, n_atoms: int, context_dim: int, hidden: int) -> None:
        super().__init__()
        self.pair = nn.Linear(n_atoms, hidden)
        self.context = nn.Linear(context_dim, hidden, bias=False)
        self.outer = nn.Linear(hidden, 1)

    def forward(self, context: Tensor, states: Tensor, offset: Tensor) -> Tensor:
        """Return logits (..., S).

        Parameters
        ----------
        context
            z_c, (..., Z).
        states
            Mechanism states of the support less their centre, (..., S, K).
        offset
            Log odds by which the support over-represents positives, (..., 1).
        """
        inner = self.pair(states) + self.context(context).unsqueeze(-2)
        logits: Tensor = self.outer(nn.functional.gelu(inner)).squeeze(-1) + offset
        return logits

    @staticmethod
    def loss(logits: Tensor, labels: Tensor, mask: Tensor, form: str) -> Tensor:
        """Return the mean over tasks of the mean over support pairs: ``bernoulli`` in nats, or ``squared`` error.

        A task without support counts as zero.
        """
        if form == "squared":
            each = (torch.sigmoid(logits) - labels).square()
        else:
            each = nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
        return ((each * mask).sum(-1) / mask.sum(-1).clamp(min=1.0)).mean()
