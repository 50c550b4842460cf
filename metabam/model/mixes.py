"""Six ways in which gated mechanisms act on one another within a step (Plan 34 s2.4's table, measured not argued).

Each maps states h and gated states h * alpha, (..., Q, K) both, with the gates alpha (..., 1, K), to a change of the
states. All are born at zero, so that the read-out starts as the gated path. R is their inner width (``mix_rank``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn


class Mix(nn.Module):
    """What the six have in common.

    Attributes
    ----------
    atom_axes
        For each parameter the axes that run over atoms: what :func:`reorder_` shuffles.
    """

    atom_axes: ClassVar[dict[str, tuple[int, ...]]] = {}

    def forward(self, states: Tensor, gated: Tensor, gates: Tensor) -> Tensor:
        """Return the change (..., Q, K) of the states."""
        raise NotImplementedError


class LowRankPair(Mix):
    """``bilinear``: second-order synergy and antagonism of rank R, ``((x A) * (y B)) C``, born at zero (C = 0).

    Cost O((2 + 1) K R) per pair instead of O(K^3).
    """

    atom_axes: ClassVar[dict[str, tuple[int, ...]]] = {"left": (0,), "right": (0,), "out": (1,)}

    def __init__(self, n_atoms: int, rank: int) -> None:
        super().__init__()
        self.left = nn.Parameter(torch.randn(n_atoms, rank) * n_atoms**-0.5)
        self.right = nn.Parameter(torch.randn(n_atoms, rank) * n_atoms**-0.5)
        self.out = nn.Parameter(torch.zeros(rank, n_atoms))

    def forward(self, states: Tensor, gated: Tensor, gates: Tensor | None = None) -> Tensor:  # noqa: ARG002 - Mix
        """Return (..., K) of x = states and y = gated states (..., K)."""
        return ((states @ self.left) * (gated @ self.right)) @ self.out


class PerceptronMix(Mix):
    """``mlp``: ``(gelu(y A + a) - gelu(a)) C`` of the gated states y, 4 R wide; silent where every gate is off."""

    atom_axes: ClassVar[dict[str, tuple[int, ...]]] = {"inner": (0,), "out": (1,)}

    def __init__(self, n_atoms: int, rank: int) -> None:
        super().__init__()
        self.inner = nn.Parameter(torch.randn(n_atoms, 4 * rank) * n_atoms**-0.5)
        self.bias = nn.Parameter(torch.zeros(4 * rank))
        self.out = nn.Parameter(torch.zeros(4 * rank, n_atoms))

    def forward(self, states: Tensor, gated: Tensor, gates: Tensor) -> Tensor:  # noqa: ARG002 - Mix
        """Return the change (..., K); it reads the gated states alone."""
        bend = nn.functional.gelu(gated @ self.inner + self.bias) - nn.functional.gelu(self.bias)
        return bend @ self.out


class LogicMix(Mix):
    """``logic``: ``s_k (2 sigma(((W h) * G)_k) - 1)`` (Plan 34 s4.1's sigma(W h * G), centred: no gate, no change).

    Row k of W says which mechanisms mechanism k waits for; its own gate decides whether and with which sign. W starts
    as the identity plus noise, s at zero.
    """

    atom_axes: ClassVar[dict[str, tuple[int, ...]]] = {"weight": (0, 1), "scale": (0,)}

    def __init__(self, n_atoms: int, rank: int) -> None:  # noqa: ARG002 - W is K x K whatever the rank
        super().__init__()
        self.weight = nn.Parameter(torch.eye(n_atoms) + torch.randn(n_atoms, n_atoms) * n_atoms**-0.5)
        self.scale = nn.Parameter(torch.zeros(n_atoms))

    def forward(self, states: Tensor, gated: Tensor, gates: Tensor) -> Tensor:  # noqa: ARG002 - Mix
        """Return the change (..., K)."""
        return self.scale * torch.tanh(0.5 * (states @ self.weight.T) * gates)  # tanh(u / 2) = 2 sigma(u) - 1


class AttentionMix(Mix):
    """``attention``: each mechanism attends to the gated others by what they are and how strong they are.

    ``out_k = o_k . sum_j softmax_j(<h_k q_k, y_j k_j> / sqrt(R)) y_j v_j`` with R numbers q_k, k_k, v_k, o_k for each
    atom; o is born at zero. O(K^2 R) per pair.
    """

    atom_axes: ClassVar[dict[str, tuple[int, ...]]] = {"query": (0,), "key": (0,), "value": (0,), "out": (0,)}

    def __init__(self, n_atoms: int, rank: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(n_atoms, rank))
        self.key = nn.Parameter(torch.randn(n_atoms, rank))
        self.value = nn.Parameter(torch.randn(n_atoms, rank) * rank**-0.5)
        self.out = nn.Parameter(torch.zeros(n_atoms, rank))

    def forward(self, states: Tensor, gated: Tensor, gates: Tensor) -> Tensor:  # noqa: ARG002 - Mix
        """Return the change (..., K)."""
        likeness = self.query @ self.key.T * self.key.shape[1] ** -0.5  # (K, K), the same for every pair
        share = (states.unsqueeze(-1) * likeness * gated.unsqueeze(-2)).softmax(-1)  # (..., K, K)
        heard = (share * gated.unsqueeze(-2)) @ self.value  # (..., K, R)
        change: Tensor = (heard * self.out).sum(-1)
        return change


class StateSpaceMix(Mix):
    """``ssm``: a selective state-space scan over the atoms (doi:10.48550/arXiv.2312.00752), first to last.

    ``s_k = exp(-step_k rate) * s_{k-1} + step_k (b_k + b'_k y_k) y_k``, ``out_k = c_k . s_k`` with R states s,
    ``step_k = softplus(d_k + d'_k y_k)`` selected by the input y; c is born at zero. The result depends on the order of
    the atoms, which means nothing: reorder them to see by how much.
    """

    atom_axes: ClassVar[dict[str, tuple[int, ...]]] = {
        "step": (0,), "step_slope": (0,), "inward": (0,), "inward_slope": (0,), "out": (0,)
    }  # fmt: skip

    def __init__(self, n_atoms: int, rank: int) -> None:
        super().__init__()
        self.rate = nn.Parameter(torch.linspace(-2.0, 1.0, rank))
        self.step = nn.Parameter(torch.zeros(n_atoms))
        self.step_slope = nn.Parameter(torch.zeros(n_atoms))
        self.inward = nn.Parameter(torch.randn(n_atoms, rank))
        self.inward_slope = nn.Parameter(torch.zeros(n_atoms, rank))
        self.out = nn.Parameter(torch.zeros(n_atoms, rank))

    def forward(self, states: Tensor, gated: Tensor, gates: Tensor) -> Tensor:  # noqa: ARG002 - Mix
        """Return the change (..., K)."""
        length = nn.functional.softplus(self.step + self.step_slope * gated).unsqueeze(-1)  # (..., K, 1)
        keep = torch.exp(-length * self.rate.exp())  # (..., K, R)
        inward = length * (self.inward + self.inward_slope * gated.unsqueeze(-1)) * gated.unsqueeze(-1)
        held = torch.zeros_like(inward[..., 0, :])
        scan = []
        for place in range(gated.shape[-1]):
            held = keep[..., place, :] * held + inward[..., place, :]
            scan.append((held * self.out[place]).sum(-1))
        return torch.stack(scan, dim=-1)


class GatingMix(Mix):
    """``gating``: a gated linear unit, ``(sigma(h A + a) * (y B)) C`` of rank R, born at zero (C = 0)."""

    atom_axes: ClassVar[dict[str, tuple[int, ...]]] = {"door": (0,), "value": (0,), "out": (1,)}

    def __init__(self, n_atoms: int, rank: int) -> None:
        super().__init__()
        self.door = nn.Parameter(torch.randn(n_atoms, rank) * n_atoms**-0.5)
        self.bias = nn.Parameter(torch.zeros(rank))
        self.value = nn.Parameter(torch.randn(n_atoms, rank) * n_atoms**-0.5)
        self.out = nn.Parameter(torch.zeros(rank, n_atoms))

    def forward(self, states: Tensor, gated: Tensor, gates: Tensor) -> Tensor:  # noqa: ARG002 - Mix
        """Return the change (..., K)."""
        return (torch.sigmoid(states @ self.door + self.bias) * (gated @ self.value)) @ self.out


MIXES: dict[str, Callable[[int, int], Mix]] = {
    "bilinear": LowRankPair,
    "mlp": PerceptronMix,
    "logic": LogicMix,
    "attention": AttentionMix,
    "ssm": StateSpaceMix,
    "gating": GatingMix,
}


def make_mix(name: str, n_atoms: int, rank: int) -> Mix:
    """Return a mix by its name in :data:`MIXES`."""
    return MIXES[name](n_atoms, rank)


def count_parameters(module: nn.Module) -> int:
    """Return the number of trained numbers of a module."""
    return sum(parameter.numel() for parameter in module.parameters())


def mix_parameters(n_atoms: int, rank: int) -> dict[str, int]:
    """Return the number of trained numbers of each mix at a given size."""
    return {name: count_parameters(make_mix(name, n_atoms, rank)) for name in MIXES}


def reorder_(mix: Mix, order: Tensor) -> None:
    """Reorder the atoms of a mix, in place: atom ``order[i]`` becomes atom i in every parameter.

    With states and gates in the same new order, every mix but ``ssm`` then answers as before, reordered.
    """
    with torch.no_grad():
        for name, axes in mix.atom_axes.items():
            parameter = mix.get_parameter(name)
            for axis in axes:
                parameter.copy_(parameter.index_select(axis, order))
