"""Sparse orthogonal decoupling: what cell lines share, and what is a line's own (expert framework s2).

``F_common = W_c (h * (1 + theta_common))`` and ``F_specific = W_s (h * (1 + theta_specific))``, each H wide, of a
lifted pair h that met itself once under theta_interaction. The two maps are kept apart by ``||W_c W_s^T||_F^2``;
F_specific and W_s are kept sparse by their L1 norms.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from metabam.model.expert.theta import Theta


class Halves(NamedTuple):
    """F_common and F_specific, (..., N, H) each."""

    common: Tensor
    specific: Tensor


class SparseDecoupling(nn.Module):
    """W_c and W_s, (H, d) each, and the product term that theta_interaction scales."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.common = nn.Linear(width, width // 2, bias=False)
        self.specific = nn.Linear(width, width // 2, bias=False)
        self.first = nn.Linear(width, width, bias=False)
        self.second = nn.Linear(width, width, bias=False)

    def interact(self, lifted: Tensor, theta: Theta) -> Tensor:
        """Return h + theta_interaction * (U h) * (V h), (..., N, d): parts of a pair that matter together."""
        met: Tensor = lifted + theta.row("interaction") * self.first(lifted) * self.second(lifted)
        return met

    def forward(self, lifted: Tensor, theta: Theta) -> Halves:
        """Return both halves of lifted pairs (..., N, d)."""
        h = self.interact(lifted, theta)
        return Halves(self.common(h * (1.0 + theta.row("common"))), self.specific(h * (1.0 + theta.row("specific"))))

    def orthogonality(self) -> Tensor:
        """Return ``||W_c W_s^T||_F^2``: 0 when no direction of h is read by both maps."""
        overlap = self.common.weight @ self.specific.weight.T
        return (overlap * overlap).sum()

    def sparse_weights(self) -> Tensor:
        """Return the L1 norm of W_s."""
        return self.specific.weight.abs().sum()


def sparse_features(specific: Tensor, mask: Tensor) -> Tensor:
    """Return the L1 norm of F_specific (..., N, H), mean over the pairs that ``mask`` (..., N) keeps."""
    return (specific.abs().sum(-1) * mask).sum() / mask.sum().clamp(min=1.0)
