"""The objective (Plan 34 s3.2) as a record of named, weighted terms in nats; their sum is minimised.

Signs: the seed adds the evidence lower bound to a loss; its negative is meant, so ``vnc`` is MINUS the ELBO and the
task terms are negative log likelihoods. The ELBO's likelihood of the support itself has weight 0 by default: the task
terms score held-out queries in its place. Both paths carry a task loss: with a loss on their sum alone, delta does all
the work and z_c goes blind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class LossTerms:
    """Scalars, weighted, in nats per query (``adversary`` per episode, ``reconstruction`` per support pair).

    ``vnc`` is minus the ELBO of the support. Every term but the two task terms is zero where its weight is; the
    reversed sign of the adversary is not here but in :class:`metabam.model.adversary.GradientReversal`.
    """

    task_full: Tensor
    task_context: Tensor
    vnc: Tensor
    orthogonality: Tensor
    adversary: Tensor
    reconstruction: Tensor
    consistency: Tensor

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


def minus_elbo(log_likelihood: Tensor, kl: Tensor, *, likelihood: float, beta: float) -> Tensor:
    """Return minus the evidence lower bound of Plan 34 s2.2, averaged over tasks, in nats.

    ``-(likelihood * log P(S | z_c) - beta * KL(q(z_c | S) || p(z_c)))`` of log likelihoods and KLs (B,). At
    ``likelihood`` = 0 it is the KL alone, exactly.
    """
    bound = beta * kl.mean()
    return bound if likelihood == 0.0 else bound - likelihood * log_likelihood.mean()


def reversal_strength(step: int, n_steps: int) -> float:
    """Return how much of the reversed gradient passes: 0 at first, towards 1 (doi:10.48550/arXiv.1409.7495, s5.2.2)."""
    return math.tanh(5.0 * step / max(n_steps, 1))
