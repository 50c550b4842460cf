"""Gradient penalty on F_common (expert framework s2): what lines share should not hang on small changes of a pair."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def gradient_penalty(common: Callable[[Tensor], Tensor], features: Tensor, projection: Tensor) -> Tensor:
    """Return the mean squared norm of the gradient of ``<r, F_common>`` by the features; a scalar >= 0.

    The norm of the gradient of a VECTOR is undefined, so one random projection r is drawn per step. For a linear map
    F = W x it is ``|W^T r|^2``.

    Parameters
    ----------
    common
        Features (..., N, D) -> F_common (..., N, H). Attention inside must be twice differentiable (MATH backend).
    features
        (..., N, D).
    projection
        r, (H,).
    """
    inputs = features.detach().requires_grad_()
    with torch.enable_grad():
        value = (common(inputs) @ projection).sum()
        (slope,) = torch.autograd.grad(value, inputs, create_graph=True)
    return (slope * slope).sum(-1).mean()


def unit_projection(width: int, generator: torch.Generator) -> Tensor:
    """Return a random direction of length 1, (H,)."""
    drawn = torch.randn(width, generator=generator)
    direction: Tensor = drawn / drawn.norm()
    return direction


def penalty_weight(weight: float, step: int, every: int) -> float:
    """Return the weight at ``step``: ``every`` times as much each ``every`` steps, 0 between (lazy; the same mean)."""
    return weight * every if weight > 0.0 and step % every == 0 else 0.0
