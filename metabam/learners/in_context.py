"""In-context transformer: support pairs and queries are tokens, and learning is what attention does with them.

A support token carries the features, the label and the surprise at the zero-shot answer; a query token the features.
Every token attends to the support tokens and one learned null token ONLY: a query's answer does not depend on the
other queries, and without position codes the order of the support does not matter
(in the manner of doi:10.48550/arXiv.2112.10510). The null token makes S = 0 valid and lets attention be withheld.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metabam.config import PeerConfig
from metabam.learners.meta_trained import MetaTrained, PeerNetwork, Shots, born_at_zero

HEADS = 4


class SupportAttention(nn.Module):
    """Pre-norm attention of any tokens to given keys, and a feed-forward layer, both residual."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.ask = nn.Linear(width, width, bias=False)
        self.offer = nn.Linear(width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.feed = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def keys(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return keys and values (B, heads, S, width / heads) of support tokens (B, S, width)."""
        key, value = self.offer(self.norm(tokens)).chunk(2, dim=-1)
        return _heads(key), _heads(value)

    def forward(self, tokens: Tensor, key: Tensor, value: Tensor, allowed: Tensor) -> Tensor:
        """Return tokens (B, N, width) after attending to keys; ``allowed`` (B, 1, 1, S) bool."""
        asked = _heads(self.ask(self.norm(tokens)))
        found = nn.functional.scaled_dot_product_attention(asked, key, value, attn_mask=allowed)
        tokens = tokens + self.out(found.transpose(1, 2).flatten(2))
        fed: Tensor = tokens + self.feed(tokens)
        return fed


def _heads(x: Tensor) -> Tensor:
    return x.reshape(*x.shape[:-1], HEADS, x.shape[-1] // HEADS).transpose(1, 2)


class InContextNetwork(PeerNetwork):
    """Embeddings, layers and read-outs.

    The null token ends as a summary of the support, and a read-out of it bends the linear answer; a read-out of each
    query's own token is added. Both are born at zero.
    """

    def __init__(self, start: Tensor, width: int) -> None:
        super().__init__(start)
        n_features = len(start) - 1
        self.embed_support = nn.Linear(2 * n_features + 2, width)
        self.embed_query = nn.Linear(n_features, width)
        self.null = nn.Parameter(0.1 * torch.randn(width))
        self.first, self.second = SupportAttention(width), SupportAttention(width)
        self.read = nn.Sequential(nn.LayerNorm(width), born_at_zero(width, 1))
        self.bend = nn.Sequential(nn.LayerNorm(width + 1), born_at_zero(width + 1, n_features))

    def absorb(self, shots: Shots) -> tuple[Tensor, ...]:
        """Return what each layer offers (2 per layer), which keys exist, and the change of the linear answer."""
        surprise = self.surprise(shots).unsqueeze(-1)
        sign = (2.0 * shots.y - 1.0).unsqueeze(-1)
        tokens = self.embed_support(torch.cat([shots.x, surprise * shots.x, surprise, sign], dim=-1))
        tokens = torch.cat([self.null.expand(len(tokens), 1, -1), tokens], dim=1)
        there = torch.cat([torch.ones_like(shots.mask[:, :1]), shots.mask], dim=1) > 0
        allowed = there[:, None, None, :]
        offered: list[Tensor] = []
        for layer in (self.first, self.second):
            key, value = layer.keys(tokens)
            offered += [key, value]
            tokens = layer(tokens, key, value, allowed)
        count = torch.log1p(shots.mask.sum(-1, keepdim=True))
        return (*offered, allowed, self.bend(torch.cat([tokens[:, 0], count], dim=-1)))

    def answer(self, context: tuple[Tensor, ...], x: Tensor) -> Tensor:
        """Return logits (B, Q)."""
        *offered, allowed, bend = context
        tokens = self.embed_query(x)
        for at, layer in enumerate((self.first, self.second)):
            tokens = layer(tokens, offered[2 * at], offered[2 * at + 1], allowed)
        moved: Tensor = (x @ bend.unsqueeze(-1)).squeeze(-1) + self.read(tokens).squeeze(-1)
        return self.zero_shot(x) + moved


class InContextTransformer(MetaTrained):
    """The in-context transformer as a learner."""

    name = "in_context"

    def __init__(self, config: PeerConfig | None = None) -> None:
        super().__init__(config or PeerConfig(lr=1e-3))

    def build(self, start: Tensor) -> InContextNetwork:
        """Return the untrained network; the width is the next multiple of the number of heads."""
        return InContextNetwork(start, -(-self.config.hidden // HEADS) * HEADS)
