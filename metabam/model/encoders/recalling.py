"""An encoder that knows the training lines' elements again: what their labels told of each goes behind z_q.

An element is known by its window, letter for letter; a window that no training line holds is displaced by nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabam.model.encoders.base import PairEncoder
from metabam.model.encoders.tracked import TrackedEncoder, layout_of
from metabam.records import ByteArray, FeatureInfo, FeatureLayout, FloatArray, IntArray, PairWindows

_DIGEST = 16


def window_keys(windows: ByteArray) -> ByteArray:
    """Return a digest (n, 16) uint8 of each window (n, L) of codes."""
    digests = [hashlib.blake2b(row.tobytes(), digest_size=_DIGEST).digest() for row in np.ascontiguousarray(windows)]
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, _DIGEST).copy()


class ElementMemory:
    """Displacements (n, D) float32 of windows known by their keys (n, 16) uint8; of any other window zero."""

    def __init__(self, keys: ByteArray, displacement: FloatArray) -> None:
        if keys.ndim != 2 or keys.shape[1] != _DIGEST or displacement.ndim != 2 or len(keys) != len(displacement):
            raise ValueError(f"keys {keys.shape} and displacements {displacement.shape} do not fit together")
        self.keys, self.displacement = keys, displacement
        self._row = {key.tobytes(): row for row, key in enumerate(keys)}

    def of(self, windows: ByteArray) -> FloatArray:
        """Return the displacement of each window (n, L), (n, D) float32."""
        found = np.zeros((len(windows), self.displacement.shape[1]), dtype=np.float32)
        for at, key in enumerate(window_keys(windows)):
            row = self._row.get(key.tobytes())
            if row is not None:
                found[at] = self.displacement[row]
        return found

    def knows(self, windows: ByteArray) -> NDArray[np.bool_]:
        """Return which windows (n, L) some training line holds, (n,)."""
        return np.array([key.tobytes() in self._row for key in window_keys(windows)], dtype=bool)


class RecallingEncoder:
    """Features of another encoder, followed by the sum of both elements' displacements, (B, D).

    Parameters
    ----------
    inner
        Makes z_q (and what follows it of a track).
    enhancers, promoters
        What is recalled of the elements of either side.
    held
        Given: the displacement (D,) of every pair, whatever its DNA. See :meth:`holding`.

    Notes
    -----
    ``features`` are those of ``inner``; only a model that knows the layout adds the displacement.
    """

    def __init__(
        self, inner: PairEncoder, enhancers: ElementMemory, promoters: ElementMemory, held: FloatArray | None = None
    ) -> None:
        self.inner, self.enhancers, self.promoters, self.held = inner, enhancers, promoters, held
        self.kind = inner.kind
        self.features: tuple[FeatureInfo, ...] = inner.features
        of = layout_of(inner)
        self.layout = FeatureLayout(of.n_features, of.channels, of.periods, of.bands, recall=True)

    def encode(self, windows: PairWindows) -> FloatArray:
        """Return the inner encoder's features and the displacement, (B, W) float32."""
        return np.concatenate([self.inner.encode(windows), self.recalled(windows)], axis=1)

    def recalled(self, windows: PairWindows) -> FloatArray:
        """Return the displacement of each pair, (B, D) float32."""
        if self.held is not None:
            return np.repeat(self.held[None], len(windows), axis=0)
        out = np.zeros((len(windows), len(self.features)), dtype=np.float32)
        sides = (
            (self.enhancers, windows.enhancers, windows.enhancer_index),
            (self.promoters, windows.promoters, windows.promoter_index),
        )
        for memory, elements, index in sides:
            used, back = np.unique(index, return_inverse=True)
            out += memory.of(elements[used])[back]
        return out

    def holding(self, enhancer: ByteArray, promoter: ByteArray) -> RecallingEncoder:
        """Return the same encoder with the displacement of one pair (L_E,), (L_P,) for any DNA.

        What explains a pair by changing its letters must not let it become a stranger: the displacement stays.
        """
        held = self.displacement_of(enhancer, promoter)
        return RecallingEncoder(self.inner, self.enhancers, self.promoters, held)

    def displacement_of(self, enhancer: ByteArray, promoter: ByteArray) -> FloatArray:
        """Return the displacement (D,) float32 of one pair of windows (L_E,), (L_P,)."""
        return np.asarray(self.enhancers.of(enhancer[None])[0] + self.promoters.of(promoter[None])[0])

    def track(self, windows: PairWindows) -> FloatArray:
        """Return the position track of the encoder inside, (B, P, D_track)."""
        return self.inner.track(windows)

    def state(self) -> tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]:
        """Return the state of the encoder inside: the memory has a file of its own (:func:`memory_state`)."""
        return self.inner.state()


def memory_state(enhancers: ElementMemory, promoters: ElementMemory) -> dict[str, NDArray[Any]]:
    """Return the tensors that :func:`with_memory` takes."""
    return {
        "enhancer_keys": enhancers.keys,
        "enhancer": enhancers.displacement,
        "promoter_keys": promoters.keys,
        "promoter": promoters.displacement,
    }


def with_memory(inner: PairEncoder, tensors: Mapping[str, NDArray[Any]]) -> RecallingEncoder:
    """Return an encoder that recalls what the tensors hold.

    Raises
    ------
    KeyError, ValueError
        Where tensors are missing, or do not fit together or to the encoder.
    """
    enhancers = ElementMemory(tensors["enhancer_keys"], tensors["enhancer"])
    promoters = ElementMemory(tensors["promoter_keys"], tensors["promoter"])
    if {enhancers.displacement.shape[1], promoters.displacement.shape[1]} != {len(inner.features)}:
        raise ValueError("the memory was made for another number of features")
    return RecallingEncoder(inner, enhancers, promoters)


def without_recall(encoder: PairEncoder) -> PairEncoder:
    """Return the encoder that reads DNA alone."""
    return encoder.inner if isinstance(encoder, RecallingEncoder) else encoder


def innermost(encoder: PairEncoder) -> PairEncoder:
    """Return the encoder that reads DNA, without what wrappers put behind its features."""
    while isinstance(encoder, RecallingEncoder | TrackedEncoder):
        encoder = encoder.inner
    return encoder


def held_at(encoder: PairEncoder, enhancer: ByteArray, promoter: ByteArray) -> PairEncoder:
    """Return the encoder as it reads mutants of one pair: what is recalled of the pair's elements stays."""
    return encoder.holding(enhancer, promoter) if isinstance(encoder, RecallingEncoder) else encoder


def element_memory(
    windows: ByteArray, index: IntArray, element: IntArray, ids: IntArray, values: FloatArray
) -> ElementMemory:
    """Return the memory of one side.

    Parameters
    ----------
    windows, index
        Codes (n, L) and, for each pair, which of them it has, (B,).
    element
        Identity of that element, (B,), one of ``ids``.
    ids, values
        (m,) ascending, and (m, D): rows of zeros are not stored.
    """
    first = np.full(len(ids), -1, dtype=np.int64)
    place = np.searchsorted(ids, element)
    first[place[::-1]] = index[::-1]
    kept = np.flatnonzero((first >= 0) & (values != 0.0).any(axis=1))
    return ElementMemory(window_keys(windows[first[kept]]), np.ascontiguousarray(values[kept]))
