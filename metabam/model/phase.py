"""Phase rotation (Plan 34 s3.2.1, exp(i MLP_rot(z_c))): a context turns the features against the atoms.

Channels 2i and 2i + 1 of z_q are one complex number each and are turned by theta_i(z_c); norms stay, an odd last
channel stays. ``<R z, v> = <z, R^-1 v>`` (the cosine alike, for R keeps norms): so the K atoms are turned back, once a
context, and not its Q pairs: O(K D) instead of O(Q D).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def rotate(vectors: Tensor, angles: Tensor) -> Tensor:
    """Return vectors (..., D) with channels (2i, 2i + 1) turned by angles (..., D // 2), in radians."""
    n_pairs = vectors.shape[-1] // 2
    first, second = vectors[..., 0 : 2 * n_pairs : 2], vectors[..., 1 : 2 * n_pairs : 2]
    cosine, sine = torch.cos(angles), torch.sin(angles)
    turned = torch.stack([cosine * first - sine * second, sine * first + cosine * second], dim=-1).flatten(-2)
    rest = vectors[..., 2 * n_pairs :].expand(*turned.shape[:-1], -1)
    return torch.cat([turned, rest], dim=-1)


class PhaseRotation(nn.Module):
    """theta(z_c) = MLP_rot(z_c), one angle per pair of channels; 0 at z_c = 0, and everywhere at birth."""

    def __init__(self, context_dim: int, n_features: int, hidden: int) -> None:
        super().__init__()
        self.inner = nn.Linear(context_dim, hidden)
        self.outer = nn.Linear(hidden, n_features // 2, bias=False)
        nn.init.zeros_(self.outer.weight)

    def angles(self, context: Tensor) -> Tensor:
        """Return theta (..., D // 2) of z_c (..., Z), in radians."""
        bend = nn.functional.gelu(self.inner(context)) - nn.functional.gelu(self.inner.bias)
        angles: Tensor = self.outer(bend)
        return angles

    def atoms(self, atoms: Tensor, context: Tensor) -> Tensor:
        """Return R(z_c)^-1 V, (..., K, D), of V (K, D): what unturned features are matched with."""
        return rotate(atoms, -self.angles(context).unsqueeze(-2))
