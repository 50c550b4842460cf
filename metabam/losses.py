"""The objective (Plan 34 s3.2) as a record of named, weighted terms in nats; their sum is minimised.

Signs: the seed adds the evidence lower bound to a loss; its negative is meant, so ``vnc`` is a (scaled) KL and the
task terms are negative log likelihoods. Both paths carry a task loss: with a loss on their sum alone, delta does all
the work and z_c goes blind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class LossTerms:
    """Scalars in nats per query; ``adversary`` and ``reconstruction`` are zero where their weight is."""

    task_full: Tensor
    task_context: Tensor
    vnc: Tensor
    orthogonality: Tensor
    adversary: Tensor
    reconstruction: Tensor

    @property
    def total(self) -> Tensor:
        """Return the sum of all terms."""
        return sum((getattr(self, item.name) for item in fields(self)), start=torch.zeros_like(self.task_full))

    def named(self) -> Mapping[str, Tensor]:
        """Return the terms by name, ``total`` among them."""
        return {item.name: getattr(self, item.name) for item in fields(self)} | {"total": self.total}


def task_loss(logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """Return the Bernoulli log loss in nats per query: mean over the queries of a task, then over tasks.

    Parameters
    ----------
    logits, labels, mask
        (B, Q); ``mask`` is 0 for padding.
    """
    loss = nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none") * mask
    return (loss.sum(-1) / mask.sum(-1).clamp(min=1.0)).mean()


def kl_weight(step: int, n_steps: int, beta: float) -> float:
    """Return beta, ramped up linearly from 0 over the first half of training."""
    return beta * min(1.0, 2.0 * step / max(n_steps, 1))
