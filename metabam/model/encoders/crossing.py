"""The network of CBAT: two elements that look at each other, and one vector for the pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from metabam.model.encoders.attention import BoundedGate, ConditionedPool, RotaryAttention, summary
from metabam.model.encoders.stem import MotifStem
from metabam.records import ByteArray

SIDES = ("enhancer", "promoter")


class CbatShape(NamedTuple):
    """Sizes of the network: all it takes to build one."""

    channels: int
    filter_width: int
    width: int
    heads: int
    anchors: int
    pool: int
    blocks: int
    window: int
    kernels: tuple[int, ...]
    expansion: int
    column_bias: float


class Tokens(NamedTuple):
    """One side's tokens after its self stage: ``x`` (N, n, width) and which are ``known`` (N, n)."""

    x: Tensor
    known: Tensor

    def take(self, index: Tensor) -> Tokens:
        """Return the tokens of chosen elements."""
        return Tokens(self.x[index], self.known[index])


class Side(nn.Module):
    """Stem and self stage of one side: DNA -> tokens that have seen their own element."""

    def __init__(self, shape: CbatShape) -> None:
        super().__init__()
        self.stem = MotifStem(shape.channels, shape.filter_width, shape.pool)
        self.embed = nn.Linear(shape.channels, shape.width)
        self.norm = nn.LayerNorm(shape.width)
        self.attention = RotaryAttention(shape.width, shape.heads)

    def forward(self, codes: ByteArray) -> Tokens:
        """Return the tokens of elements (N, L) uint8; padding (all letters N) is seen by nobody."""
        known = self.stem.known(codes)
        x = self.embed(self.stem(codes))
        return Tokens(x + self.attention(self.norm(x), known[:, None]), known)


def who_sees_whom(other: Tensor, own: Tensor, anchors: int) -> Tensor:
    """Return the mask of [other; anchors; own], (B, N, N) bool: query (axis 1) sees key (axis 2).

    Padding is seen by nobody, ``own`` tokens do not see ``own`` tokens (the E -> E mask: what a block adds to an
    element comes from across the boundary), anchors are seen by all.

    Parameters
    ----------
    other, own
        Known tokens of the two elements, (B, n_other) and (B, n_own) bool.
    """
    middle = torch.ones(len(own), anchors, dtype=torch.bool, device=own.device)
    seen = torch.cat([other, middle, own], dim=1)[:, None].repeat(1, other.shape[1] + anchors + own.shape[1], 1)
    seen[:, -own.shape[1] :, -own.shape[1] :] = False
    return seen


def near(n_other: int, anchors: int, n_own: int, window: int) -> Tensor:
    """Return (N, N) bool: tokens at most ``window`` apart, and every anchor whatever its distance."""
    place = torch.arange(n_other + anchors + n_own)
    close = (place[:, None] - place).abs() <= window
    close[:, n_other : n_other + anchors] = True
    return close


class CrossBlock(nn.Module):
    """One direction of a cross block: the rows of one element, after looking at the other.

    (a) Parallel depthwise convolutions along each element (never across the boundary), summed into one kernel and mixed
    by a linear map, then attention within the window, both under one gated residual. (b) Attention with a soft column
    bias over the other element and the anchors, then a feed-forward layer, under a second gated residual; only own rows
    are kept.
    """

    def __init__(self, shape: CbatShape) -> None:
        super().__init__()
        width = shape.width
        self.shape = shape
        self.anchor = nn.Linear(2 * width, shape.anchors * width)
        self.norm_local = nn.LayerNorm(width)
        self.convolutions = nn.ModuleList(
            [nn.Conv1d(width, width, kernel, groups=width, bias=kernel == shape.kernels[0]) for kernel in shape.kernels]
        )
        self.fuse = nn.Linear(width, width)
        self.local = RotaryAttention(width, shape.heads)
        self.gate_local = BoundedGate(2 * width, width)
        self.norm_cross = nn.LayerNorm(width)
        self.cross = RotaryAttention(width, shape.heads, shape.column_bias)
        self.norm_forward = nn.LayerNorm(width)
        self.forward_layer = nn.Sequential(
            nn.Linear(width, shape.expansion * width), nn.GELU(), nn.Linear(shape.expansion * width, width)
        )
        self.gate_cross = BoundedGate(2 * width, width)

    def kernel(self) -> Tensor:
        """Return the one depthwise kernel (width, 1, widest) that does what the parallel ones do together."""
        widest = max(self.shape.kernels)
        total = torch.zeros((), device=self.fuse.weight.device)
        for layer, size in zip(self.convolutions, self.shape.kernels, strict=True):
            lead = (widest - 1) // 2 - (size - 1) // 2
            weight: Tensor = layer.weight  # type: ignore[assignment]  # torch types attributes as Tensor | Module
            total = total + nn.functional.pad(weight, (lead, widest - size - lead))
        return total

    def convolved(self, x: Tensor, known: Tensor) -> Tensor:
        """Return one element's tokens (B, n, width) after the parallel convolutions; padding counts as zero."""
        along = (x * known[:, :, None]).transpose(1, 2)
        bias: Tensor = self.convolutions[0].bias  # type: ignore[assignment]  # as above
        kernel = self.kernel()
        mixed = nn.functional.conv1d(along, kernel, bias, padding="same", groups=len(kernel))
        return nn.functional.gelu(self.fuse(mixed.transpose(1, 2)))

    def anchored(self, other: Tokens) -> Tensor:
        """Return the anchor tokens made of the other element as a whole, (B, anchors, width)."""
        found: Tensor = self.anchor(summary(other.x, other.known))
        return found.view(len(found), self.shape.anchors, self.shape.width)

    def forward(self, own: Tokens, other: Tokens) -> Tensor:
        """Return the new tokens of ``own``, (B, n_own, width)."""
        n_other, n_own = other.x.shape[1], own.x.shape[1]
        x = torch.cat([other.x, self.anchored(other), own.x], dim=1)
        seen = who_sees_whom(other.known, own.known, self.shape.anchors)
        h = self.norm_local(x)
        start, middle, end = h.split([n_other, self.shape.anchors, n_own], dim=1)
        fused = torch.cat([self.convolved(start, other.known), middle, self.convolved(end, own.known)], dim=1)
        window = near(n_other, self.shape.anchors, n_own, self.shape.window).to(x.device)
        step = fused + self.local(fused, seen & window)
        x = x + self.gate_local(torch.cat([x, step], dim=2)) * step
        rows = slice(n_other + self.shape.anchors, None)
        kept = x[:, rows]
        read = self.cross(self.norm_cross(x), seen, rows)
        step = read + self.forward_layer(self.norm_forward(kept + read))
        out: Tensor = kept + self.gate_cross(torch.cat([kept, step], dim=2)) * step
        return out


class CbatNetwork(nn.Module):
    """Two sides, blocks in both directions, pooling, and the gated merge z = g pool_E + (1 - g) pool_P."""

    def __init__(self, shape: CbatShape) -> None:
        super().__init__()
        self.shape = shape
        self.sides = nn.ModuleDict({side: Side(shape) for side in SIDES})
        self.blocks = nn.ModuleList(
            [nn.ModuleDict({side: CrossBlock(shape) for side in SIDES}) for _ in range(shape.blocks)]
        )
        self.pools = nn.ModuleDict({side: ConditionedPool(shape.width, 2 * shape.width) for side in SIDES})
        self.merge = BoundedGate(2 * shape.width, shape.width)

    def tokens(self, codes: ByteArray, side: str) -> Tokens:
        """Return the tokens of elements (N, L) of one side."""
        found: Tokens = self.sides[side](codes)
        return found

    def pooled(self, enhancer: Tokens, promoter: Tokens) -> Mapping[str, Tensor]:
        """Return what is left of each element, (B, width), after the blocks and the pooling."""
        e, p = enhancer, promoter
        for block in self.blocks:
            directions: nn.ModuleDict = block  # type: ignore[assignment]  # ModuleList yields plain modules
            e, p = Tokens(directions["enhancer"](e, p), e.known), Tokens(directions["promoter"](p, e), p.known)
        return {
            "enhancer": self.pools["enhancer"](e.x, e.known, summary(p.x, p.known)),
            "promoter": self.pools["promoter"](p.x, p.known, summary(e.x, e.known)),
        }

    def forward(self, enhancer: Tokens, promoter: Tokens) -> Tensor:
        """Return pair features (B, width) of the tokens of both sides, row by row."""
        pooled = self.pooled(enhancer, promoter)
        gate = self.merge(torch.cat([pooled["enhancer"], pooled["promoter"]], dim=1))
        z: Tensor = gate * pooled["enhancer"] + (1.0 - gate) * pooled["promoter"]
        return z
