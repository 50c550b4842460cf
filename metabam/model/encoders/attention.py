"""Attention along DNA: rotary positions, masks that say who sees whom, a soft column bias, gates that never close."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

GATE_LIMIT = 4.0  # a gate stays in [0.018, 0.982]: saturated gates pass no gradient


def rotate(x: Tensor, positions: Tensor, base: float = 10_000.0) -> Tensor:
    """Return x with the channel pair i of position m turned by m base^(-2i/d): <R_m q, R_n k> depends on m - n alone.

    Parameters
    ----------
    x
        (..., N, d), d even.
    positions
        (N,) float or integer, in tokens.

    Notes
    -----
    Rotary position embedding, doi:10.1016/j.neucom.2023.127063.
    """
    half = x.shape[-1] // 2
    rate = base ** (-torch.arange(half, dtype=x.dtype, device=x.device) / half)
    angle = positions.to(x.dtype)[:, None] * rate  # (N, d/2)
    sine, cosine = angle.sin(), angle.cos()
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cosine - odd * sine, even * sine + odd * cosine], dim=-1).flatten(-2)


class BoundedGate(nn.Module):
    """A gate per channel, sigmoid(4 tanh(Wx / 4)) in [0.018, 0.982], born at 0.5."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return gates (..., outputs)."""
        return torch.sigmoid(GATE_LIMIT * torch.tanh(self.linear(x) / GATE_LIMIT))


class RotaryAttention(nn.Module):
    """Multi-head attention with rotary positions.

    The logit of query i and key j is <R_i q, R_j k> / sqrt(d_head) + b tanh(w_h . x_j). The second term, the column
    bias, lets a token call for attention whoever asks; it is bounded by ``column_bias`` and soft: no token is ever cut.

    Parameters
    ----------
    width, heads
        Channels of a token, and heads; ``width`` is a multiple of ``2 heads``.
    column_bias
        b, largest absolute bias in logits; 0 leaves the term and its weights out.
    """

    def __init__(self, width: int, heads: int, column_bias: float = 0.0) -> None:
        super().__init__()
        self.heads, self.limit = heads, column_bias
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width)
        self.column = nn.Linear(width, heads, bias=False) if column_bias else None

    def forward(self, x: Tensor, visible: Tensor, rows: slice = slice(None)) -> Tensor:
        """Return what the tokens of ``rows`` read, (B, rows, width).

        Parameters
        ----------
        x
            Tokens (B, N, width); their positions are 0 to N - 1.
        visible
            (B or 1, N or 1, N) bool: whether the query (second axis) sees the key (third). Every query must see one.
        rows
            The queries asked for. The others are not computed; as keys and values all tokens count.
        """
        size = x.shape[2] // self.heads
        positions = torch.arange(x.shape[1], device=x.device)

        def split(y: Tensor) -> Tensor:
            return y.view(len(y), -1, self.heads, size).transpose(1, 2)  # (B, heads, N, size)

        query = rotate(split(self.query(x[:, rows])), positions[rows])
        key, value = rotate(split(self.key(x)), positions), split(self.value(x))
        logits = query @ key.transpose(2, 3) / math.sqrt(size)  # (B, heads, rows, N)
        if self.column is not None:
            logits = logits + self.limit * torch.tanh(self.column(x)).transpose(1, 2)[:, :, None]
        seen = visible if visible.shape[1] == 1 else visible[:, rows]
        weights = torch.softmax(logits.masked_fill(~seen[:, None], -math.inf), dim=3)
        out: Tensor = self.out((weights @ value).transpose(1, 2).flatten(2))
        return out


class ConditionedPool(nn.Module):
    """Softmax pooling whose weights and temperature depend on the other element.

    weight_j = softmax_j(<W_k x_j, W_q o> / (sqrt(d) t)), t = 1 + softplus(w . o) > 1: the other element's summary o
    says what to look for, and how sharply.
    """

    def __init__(self, width: int, summary: int) -> None:
        super().__init__()
        self.key = nn.Linear(width, width, bias=False)
        self.query = nn.Linear(summary, width)
        self.heat = nn.Linear(summary, 1)

    def temperature(self, other: Tensor) -> Tensor:
        """Return t (B, 1), above 1."""
        return 1.0 + nn.functional.softplus(self.heat(other))

    def forward(self, x: Tensor, known: Tensor, other: Tensor) -> Tensor:
        """Return pooled tokens (B, width) of x (B, N, width), known (B, N) bool, other (B, summary)."""
        score = (self.key(x) @ self.query(other)[:, :, None]).squeeze(2) / math.sqrt(x.shape[2])
        weights = torch.softmax((score / self.temperature(other)).masked_fill(~known, -math.inf), dim=1)
        return (weights[:, None] @ x).squeeze(1)


def summary(x: Tensor, known: Tensor) -> Tensor:
    """Return mean and maximum over the known tokens of x (B, N, width), (B, 2 width)."""
    weight = known[:, :, None].to(x.dtype)
    mean = (x * weight).sum(dim=1) / weight.sum(dim=1)
    return torch.cat([mean, x.masked_fill(~known[:, :, None], -math.inf).amax(dim=1)], dim=1)
