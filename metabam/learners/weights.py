"""Weights into a network, exactly: every name and every shape, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from metabam.errors import CheckpointError


def load_exactly(network: nn.Module, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Copy ``tensors`` into ``network``, bit for bit, and leave it in evaluation mode.

    Raises
    ------
    CheckpointError
        ``weights-mismatch``: a tensor is missing, unknown or of another shape; the network is then as it was.
    """
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in tensors.items()}
    if wanted != found:
        odd = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        raise CheckpointError(
            "weights-mismatch",
            f"tensors do not fit the described model: {', '.join(odd[:5])}.",
            "Use weights and description of the same run.",
        )
    network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in tensors.items()})
    network.eval()
