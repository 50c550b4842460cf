"""Mechanism basis (Plan 34 s2.1): K learnable atoms and how strongly each pair matches them.

``match_k = <z_q, v_k>`` (or ``sqrt(D) cos(z_q, v_k)``), ``p_k = exp(gain_k) (match_k - threshold_k)``. The seed
names no threshold; a sparse mechanism is present or absent, and a match that saturates on both sides of a learned
threshold tells the two apart through the noise of a single feature, which a linear score cannot.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn


class MechanismBasis(nn.Module):
    """Atoms V (K, D) with a temperature and a threshold each.

    Parameters
    ----------
    n_atoms, n_features
        ``K`` and ``D``.
    match
        ``"dot"`` (default) or ``"cosine"``, the latter scaled by sqrt(D) so that both have the size of one feature.
    """

    def __init__(self, n_atoms: int, n_features: int, match: Literal["dot", "cosine"] = "dot") -> None:
        super().__init__()
        self.match = match
        self.atoms = nn.Parameter(torch.eye(n_atoms, n_features))
        self.gain = nn.Parameter(torch.zeros(n_atoms))
        self.threshold = nn.Parameter(torch.zeros(n_atoms))
        self.leak = nn.Parameter(torch.full((n_atoms,), 0.15))

    def potentials(self, features: Tensor, atoms: Tensor | None = None, beside: Tensor | None = None) -> Tensor:
        """Return p (..., K) of features z (..., D); unbounded, zero at the threshold.

        ``atoms`` (..., K, D) to match with instead of V (turned by a context, say); ``beside`` (..., K) other matches,
        added to this one.
        """
        atoms = self.atoms if atoms is None else atoms
        if self.match == "cosine":
            unit = nn.functional.normalize(features, dim=-1) * features.shape[-1] ** 0.5
            match = unit @ nn.functional.normalize(atoms, dim=-1).mT
        else:
            match = features @ atoms.mT
        match = match if beside is None else match + beside
        potentials: Tensor = (match - self.threshold) * self.gain.exp()
        return potentials

    def leaky(self, potentials: Tensor) -> Tensor:
        """Return what a state keeps of its potential beyond tanh: leak_k p_k (..., K).

        A feature that is a calibrated probability is best as it comes, a noisy one behind a threshold. On planted
        worlds the sum lay between the two or above both.
        """
        return self.leak * potentials

    def orthogonality(self) -> Tensor:
        """Return the mean squared cosine between different atoms, in [0, 1]; 0 for orthogonal atoms."""
        unit = nn.functional.normalize(self.atoms, dim=-1)
        cosines = unit @ unit.T
        n_atoms = len(cosines)
        off = cosines.square().sum() - cosines.diagonal().square().sum()
        mean: Tensor = off / max(n_atoms * (n_atoms - 1), 1)
        return mean

    def flip_(self, sign: Tensor) -> None:
        """Turn the atoms with ``sign`` = -1 round, in place: p_k becomes -p_k exactly."""
        with torch.no_grad():
            self.atoms.mul_(sign[:, None])
            self.threshold.mul_(sign)
