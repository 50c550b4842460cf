"""The objective of the expert framework as a record of named, weighted terms; their sum is minimised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class ExpertTerms:
    """Weighted scalars: ``task`` in nats per pair; the others are zero where their weight is.

    ``orthogonality`` ||W_c W_s^T||_F^2; ``sparse_features`` and ``sparse_weights`` L1 of F_specific and of W_s;
    ``gradient_penalty``; ``reconstruction``, ``kl`` and ``total_correlation`` of the decoupling head.
    """

    task: Tensor
    orthogonality: Tensor
    sparse_features: Tensor
    sparse_weights: Tensor
    gradient_penalty: Tensor
    reconstruction: Tensor
    kl: Tensor
    total_correlation: Tensor

    @property
    def total(self) -> Tensor:
        """Return the sum of all terms."""
        return sum((getattr(self, item.name) for item in fields(self)), start=torch.zeros_like(self.task))

    def named(self) -> Mapping[str, Tensor]:
        """Return the terms by name, ``total`` among them."""
        return {item.name: getattr(self, item.name) for item in fields(self)} | {"total": self.total}
