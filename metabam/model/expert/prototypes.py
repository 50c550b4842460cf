"""Prototype adaptation (expert framework s3; doi:10.48550/arXiv.1703.05175), shrunk towards the training lines.

With P_k the training lines' prototype of class k, a support of n_k pairs gives ``c_k = (kappa P_k + sum_i F_i) /
(kappa + n_k)``, kappa (d,) learned: at S = 0 the answer is the pooled one. ``logit = t (|F - c_0|^2 - |F - c_1|^2) / 2
+ b`` is linear in F. A class's share of the support plays no part, so a balanced support needs no correction.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Linear(NamedTuple):
    """A read-out ``F . weight + bias``: weight (..., d), bias (...)."""

    weight: Tensor
    bias: Tensor

    def logits(self, features: Tensor) -> Tensor:
        """Return logits (..., N) of features (..., N, d)."""
        return (features @ self.weight.unsqueeze(-1)).squeeze(-1) + self.bias.unsqueeze(-1)


class PrototypeHead(nn.Module):
    """P (2, d), kappa (d,) > 0, temperature t > 0, base logit b, and the spread of F within a class.

    ``spread`` (2, d) is the variance of F within each class over the training pairs, ``interval_scale`` a factor on the
    logit's standard deviation; both are fixed when training ends.
    """

    spread: Tensor
    interval_scale: Tensor

    def __init__(self, width: int, strength: float = 16.0) -> None:
        super().__init__()
        self.prototypes = nn.Parameter(torch.randn(2, width) * 0.1)
        self.log_strength = nn.Parameter(torch.full((width,), strength).log())
        self.log_temperature = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(()))
        self.register_buffer("spread", torch.ones(2, width))
        self.register_buffer("interval_scale", torch.ones(()))

    def adapt(self, features: Tensor, labels: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the prototypes c (..., 2, d) and their variances ``spread / (kappa + n_k)`` (..., 2, d).

        Parameters
        ----------
        features
            F of the support, (..., S, d).
        labels, mask
            (..., S); labels in {0, 1}, ``mask`` 0 for padding.
        """
        member = torch.stack([(1.0 - labels) * mask, labels * mask], dim=-2)
        strength = self.log_strength.exp()
        count = strength + member.sum(-1, keepdim=True)
        return (strength * self.prototypes + member @ features) / count, self.spread / count

    def readout(self, prototypes: Tensor) -> Linear:
        """Return the linear read-out that prototypes (..., 2, d) amount to."""
        temperature = self.log_temperature.exp()
        zero, one = prototypes[..., 0, :], prototypes[..., 1, :]
        middle = 0.5 * (one.square().sum(-1) - zero.square().sum(-1))
        return Linear(temperature * (one - zero), self.bias - temperature * middle)

    def logit_variance(self, features: Tensor, prototypes: Tensor, variance: Tensor) -> Tensor:
        """Return the variance of the logit (..., N) that the prototypes' own uncertainty brings, to first order.

        ``a^2 t^2 sum_j [(F_j - c_0j)^2 v_0j + (F_j - c_1j)^2 v_1j]``, a the ``interval_scale``.
        """
        gap = (features.unsqueeze(-3) - prototypes.unsqueeze(-2)).square()
        return (
            self.interval_scale.square()
            * (2.0 * self.log_temperature).exp()
            * (gap * variance.unsqueeze(-2)).sum((-1, -3))
        )
