"""Pair encoders, and the one door that rebuilds a stored one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from metabam.config import FROZEN_KINDS
from metabam.errors import CheckpointError
from metabam.model.encoders.base import ContextRows, DifferentiableEncoder, PairEncoder
from metabam.model.encoders.recalling import RecallingEncoder, held_at, innermost, with_memory, without_recall
from metabam.model.encoders.tracked import TrackedEncoder, layout_of

__all__ = [
    "ContextRows",
    "DifferentiableEncoder",
    "PairEncoder",
    "RecallingEncoder",
    "TrackedEncoder",
    "held_at",
    "innermost",
    "layout_of",
    "load_encoder",
    "with_memory",
    "without_recall",
]


def load_encoder(tensors: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> PairEncoder:
    """Return the encoder whose ``state()`` this is, bit for bit.

    Raises
    ------
    CheckpointError
        ``encoder-kind`` for a kind that this version does not know, ``encoder-state`` where numbers are missing or do
        not fit together.
    """
    kind = description.get("kind")
    if "track" in description:
        inner = load_encoder(tensors, {name: value for name, value in description.items() if name != "track"})
        return _with_track(inner, description["track"])
    try:
        if kind == "motif":
            from metabam.model.encoders.motif import MotifEncoder

            return MotifEncoder.from_state(tensors, description)
        if kind == "cnn":
            from metabam.model.encoders.cnn import CnnEncoder

            return CnnEncoder.from_state(tensors, description)
        if kind == "cbat":
            from metabam.model.encoders.cbat import CbatEncoder

            return CbatEncoder.from_state(tensors, description)
        if kind == "precomputed":
            from metabam.model.encoders.precomputed import PrecomputedEncoder

            return PrecomputedEncoder.from_state(tensors, description)
        if kind in FROZEN_KINDS:
            from metabam.model.encoders.frozen import FrozenEncoder

            return FrozenEncoder.from_state(tensors, description)
    except (KeyError, IndexError, ValueError, TypeError, RuntimeError) as error:
        raise CheckpointError(
            "encoder-state", f"the stored encoder is incomplete ({error!r}).", "Train the run again."
        ) from error
    raise CheckpointError("encoder-kind", f"unknown encoder kind {kind!r}.", "Use the version that wrote this run.")


def _with_track(inner: PairEncoder, kept: Any) -> PairEncoder:
    """Return an encoder with the coefficients of its track that ``kept`` describes."""
    try:
        return TrackedEncoder.around(inner, kept)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise CheckpointError(
            "encoder-state", f"what is kept of the track is not described ({error!r}).", "Train the run again."
        ) from error
