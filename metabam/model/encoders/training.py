"""What every trained encoder shares: letters as numbers, the other strand, and training by one head per line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from metabam.model.encoders.base import ContextRows
from metabam.records import ByteArray, IntArray, PairWindows

Progress = Callable[[str, float], None]


def one_hot(codes: ByteArray) -> Tensor:
    """Return (N, 4, L) float32; an unknown letter is 0 in all four channels."""
    letters = torch.from_numpy(codes)
    return torch.stack([letters == letter for letter in range(4)], dim=1).to(torch.float32)


def turned(codes: ByteArray, flip: bool = True) -> ByteArray:
    """Return the other strand of elements (N, L) where ``flip``, else the elements themselves."""
    if not flip:
        return codes
    back = codes[:, ::-1]
    return np.ascontiguousarray(np.where(back < 4, 3 - back, back).astype(np.uint8))


def shifted(codes: ByteArray, by: int) -> ByteArray:
    """Return elements (N, L) moved ``by`` bp to the right (left where negative); what moves in is N."""
    if by == 0:
        return codes
    out = np.full_like(codes, 4)
    if by > 0:
        out[:, by:] = codes[:, :-by]
    else:
        out[:, :by] = codes[:, -by:]
    return out


def only_used(windows: PairWindows) -> PairWindows:
    """Return the same pairs over the elements that they use."""
    e, e_index = np.unique(windows.enhancer_index, return_inverse=True)
    p, p_index = np.unique(windows.promoter_index, return_inverse=True)
    if len(e) == len(windows.enhancers) and len(p) == len(windows.promoters):
        return windows
    return PairWindows(
        windows.enhancers[e], windows.promoters[p], e_index.astype(np.int64), p_index.astype(np.int64),
        windows.enhancer_padding[e], windows.promoter_padding[p],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class HeadTraining:
    """How encoders learn from labels: AdamW under a cosine schedule, batches of ONE training line.

    ``warm_up`` is the share of steps over which the rate rises; ``clip`` the largest gradient norm, ``None`` for no
    limit.
    """

    epochs: int
    batch: int = 256
    rate: float = 2e-3
    weight_decay: float = 1e-3
    warm_up: float = 0.0
    clip: float | None = None


def train_by_heads(
    groups: Sequence[tuple[nn.Module, float]],
    heads: nn.ModuleList,
    features: Callable[[IntArray], Tensor],
    contexts: Sequence[ContextRows],
    how: HeadTraining,
    rng: np.random.Generator,
    tell: Callable[[float], None] | None = None,
) -> None:
    """Train modules and heads in place on the mean Bernoulli log loss of every line's own head, in nats.

    Parameters
    ----------
    groups
        Modules with the factor of their learning rate; a factor 0 leaves a module as it is.
    heads
        One per context, from features (B, D) to one logit (B, 1).
    features
        From row numbers of the training pairs, all of one line, to what the heads read, (B, D); it may draw from
        ``rng`` (strand, shift).
    contexts
        Rows and labels of each training line.
    how, rng
        Settings, and the only source of chance.
    tell
        Called with the share done, in [0, 1], every 20 steps.
    """
    plan = [
        (line, rows[start : start + how.batch])
        for _ in range(how.epochs)
        for line, context in enumerate(contexts)
        for rows in (rng.permutation(len(context.rows)),)
        for start in range(0, len(rows), how.batch)
    ]
    per_epoch = max(1, len(plan) // how.epochs)
    order = np.concatenate([
        start + rng.permutation(min(per_epoch, len(plan) - start)) for start in range(0, len(plan), per_epoch)
    ]) if plan else np.zeros(0, dtype=np.int64)  # fmt: skip
    scale = [*(factor for _, factor in groups), 1.0]
    parameters = [list(module.parameters()) for module, _ in groups]
    parts = [{"params": part} for part in (*parameters, list(heads.parameters()))]
    optimiser = torch.optim.AdamW(parts, lr=how.rate, weight_decay=how.weight_decay)
    everything = [value for part in parts for value in part["params"]]
    rising = how.warm_up * len(order)
    for step, index in enumerate(order):
        line, rows = plan[int(index)]
        rate = how.rate * 0.5 * (1 + np.cos(np.pi * step / len(order))) * min(1.0, (step + 1) / max(1.0, rising))
        for group, factor in zip(optimiser.param_groups, scale, strict=True):
            group["lr"] = rate * factor
        context = contexts[line]
        logit = heads[line](features(context.rows[rows])).squeeze(1)
        labels = torch.from_numpy(context.labels[rows].astype(np.float32))
        loss = nn.functional.binary_cross_entropy_with_logits(logit, labels)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships Tensor.backward untyped
        if how.clip is not None:
            nn.utils.clip_grad_norm_(everything, how.clip)
        optimiser.step()
        if tell and step % 20 == 0:
            tell(step / len(order))
