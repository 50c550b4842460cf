"""Attention pooling of a batch of pairs into one vector: the expert framework's context (s1.1). It reads no labels."""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel


def attend(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor, *, twice: bool = False) -> Tensor:
    """Return sum_i softmax_i(<q, k_i> / sqrt(d)) v_i, (..., d); zeros where no pair is kept.

    Parameters
    ----------
    query
        (..., d).
    keys, values
        (..., N, d).
    mask
        (..., N): 1 for a pair, 0 for padding.
    twice
        Whether the result will be differentiated twice: the fused kernels cannot be, so the MATH backend is used.
    """
    bias = (-1e9 * (1.0 - mask)).unsqueeze(-2)
    with sdpa_kernel(SDPBackend.MATH) if twice else nullcontext():
        pooled: Tensor = nn.functional.scaled_dot_product_attention(query.unsqueeze(-2), keys, values, attn_mask=bias)
    return pooled.squeeze(-2) * mask.amax(-1, keepdim=True)


class AttentionPooling(nn.Module):
    """Keys and values of the pairs, and a learned query for the first look, before any Theta_C is known."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.seed = nn.Parameter(torch.randn(width) * width**-0.5)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)

    def forward(self, lifted: Tensor, mask: Tensor, query: Tensor | None = None, *, twice: bool = False) -> Tensor:
        """Return the pooled batch (..., d) of lifted pairs (..., N, d) under a query (..., d), learned by default."""
        asked = self.seed.expand(*lifted.shape[:-2], -1) if query is None else query
        return attend(asked, self.key(lifted), self.value(lifted), mask, twice=twice)
