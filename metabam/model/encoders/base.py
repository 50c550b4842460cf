"""The one interface of every pair encoder: DNA windows in, pair features and a position track out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from metabam.records import FeatureInfo, FloatArray, IntArray, PairWindows


class ContextRows(NamedTuple):
    """One training context for ``from_training``: ``rows`` (n,) of the pair windows, ``labels`` (n,) in {0, 1}."""

    name: str
    rows: IntArray
    labels: NDArray[np.int8]


@runtime_checkable
class PairEncoder(Protocol):
    """Turns windows of pairs into z_q (B, D), and into the track (B, P, D_track) that position-wise matches need.

    Attributes
    ----------
    kind
        ``motif``, ``cnn``, ``cbat``, ``dnabert2``, ``hyenadna``, ``enformer`` or ``precomputed``.
    features
        What each of the D columns of z_q measures.
    """

    kind: str
    features: tuple[FeatureInfo, ...]

    def encode(self, windows: PairWindows) -> FloatArray:
        """Return z_q, (B, D) float32; each distinct element is read once."""
        ...

    def track(self, windows: PairWindows) -> FloatArray:
        """Return the position track, (B, P, D_track) float32, enhancer positions first, at most 4 bp per step."""
        ...

    def state(self) -> tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]:
        """Return all tensors by name and a JSON-ready description: what ``load_encoder`` rebuilds the encoder from."""
        ...


@runtime_checkable
class DifferentiableEncoder(PairEncoder, Protocol):
    """An encoder whose weights can be trained on together with the model (stage 3, joint fine-tuning).

    Attributes
    ----------
    network
        Its weights; frozen until someone asks them for gradients.
    """

    network: nn.Module

    def features_of(self, windows: PairWindows) -> Tensor:
        """Return what :meth:`encode` returns, (B, D), differentiable in the weights of ``network``."""
        ...
