"""The group of processes that ``torchrun`` started; one process alone is a group of one and needs nothing."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import torch
import torch.distributed as dist
from torch import nn

_MOMENT: Final = 0.5  # seconds


class Group:
    """``size`` processes, of which this is number ``rank``; every method is a collective call."""

    def __init__(self, rank: int = 0, size: int = 1, device: str = "cpu") -> None:
        self.rank = rank
        self.size = size
        self.device = device

    def wrap(self, module: nn.Module) -> nn.Module:
        """Return the module with gradients averaged over the group."""
        if self.size == 1:
            return module
        return nn.parallel.DistributedDataParallel(module, find_unused_parameters=True)

    def mean(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return each value averaged over the group."""
        if self.size == 1:
            return dict(values)
        names = sorted(values)
        tensor = torch.tensor([values[name] for name in names], dtype=torch.float64, device=self.device)
        dist.all_reduce(tensor)
        return dict(zip(names, (tensor / self.size).tolist(), strict=True))

    def maximum(self, value: int) -> int:
        """Return the largest of the group's values."""
        if self.size == 1:
            return value
        tensor = torch.tensor([value], device=self.device)
        dist.all_reduce(tensor, op=dist.ReduceOp.MAX)
        return int(tensor.item())

    def gather(self, value: Any) -> list[Any]:
        """Return everyone's value, by rank."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def barrier(self) -> None:
        """Wait for everyone."""
        if self.size > 1:
            dist.barrier()


@contextmanager
def joined(device: str = "cpu") -> Iterator[Group]:
    """Join the group that ``torchrun`` describes in the environment, and leave it afterwards.

    ``device`` is where the trained weights are: NCCL connects GPUs, gloo connects CPUs.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1 or not dist.is_available():
        yield Group()
        return
    mine = not dist.is_initialized()
    cuda = device == "cuda"
    if mine:
        dist.init_process_group("nccl" if cuda else "gloo")
    rank = dist.get_rank()
    place = f"cuda:{os.environ.get('LOCAL_RANK', rank)}" if cuda else "cpu"
    try:
        yield Group(rank, dist.get_world_size(), place)
    finally:
        if mine:
            _leave()


def _leave() -> None:
    """Leave the group without the deadlock of gloo's destructor.

    Its thread needs the interpreter's lock to let its last tensor go, while the destructor, which holds that lock,
    waits for the thread (seen once with PyTorch 2.13). So whatever refers to the group goes first,
    and the thread is given a moment.
    """
    gc.collect()
    time.sleep(_MOMENT)
    dist.destroy_process_group()
