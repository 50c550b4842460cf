"""Theta_C, the parameters of one cell line's expert (expert framework s1.1): five rows of width d."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

ROWS: Final = ("specific", "common", "interaction", "attention", "gate")
_HALF_REACH: Final = 8.0  # pairs after which a context counts half


@dataclass(frozen=True, slots=True)
class Theta:
    """``rows`` (..., 5, d) in the order of :data:`ROWS`."""

    rows: Tensor

    def row(self, name: str) -> Tensor:
        """Return one row by name, (..., 1, d), ready to meet pairs (..., N, d)."""
        at = ROWS.index(name)
        return self.rows[..., at : at + 1, :]


class ThetaDecoder(nn.Module):
    """``Theta_C = Theta_0 + n / (n + 8) decode(pooled)``: without a single pair it is Theta_0, what all lines share.

    The decoder's last layer is born at zero, so that the expert starts as one model for all lines.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.base = nn.Parameter(torch.zeros(len(ROWS), width))
        last = nn.Linear(width, len(ROWS) * width)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.decode = nn.Sequential(nn.Linear(width, width), nn.GELU(), last)
        with torch.no_grad():
            self.base[ROWS.index("interaction")] = 0.1
            self.base[ROWS.index("attention")] = torch.randn(width) * width**-0.5

    def forward(self, pooled: Tensor, mask: Tensor) -> Theta:
        """Return Theta_C of a pooled batch (..., d) of which ``mask`` (..., N) counts the pairs."""
        count = mask.sum(-1)[..., None, None]
        moved = self.decode(pooled).unflatten(-1, (len(ROWS), self.width))
        return Theta(self.base + count / (count + _HALF_REACH) * moved)
