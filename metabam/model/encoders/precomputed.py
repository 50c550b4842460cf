"""The ``precomputed`` encoder: features that the user brings, standardised, or their principal components.

It reads numbers, not DNA: :meth:`PrecomputedEncoder.encode_values` takes the place of ``encode``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabam.errors import InputError
from metabam.records import FeatureInfo, FloatArray, IntArray, PairWindows

FORMAT = "metabam-precomputed-encoder/1"
_FIT_PAIRS = 60_000
_CHUNK = 8_192
_LEAST_SPREAD = 1e-6


class PrecomputedEncoder:
    """Columns of numbers -> z_q: z = (x - mean) W / std.

    Parameters
    ----------
    names
        Columns that it reads, (R,).
    center
        Of the columns, (R,).
    loading
        W (R, D); the identity where every column is kept.
    std
        Of the projected columns over the training pairs, (D,).
    """

    kind = "precomputed"

    def __init__(self, names: Sequence[str], center: FloatArray, loading: FloatArray, std: FloatArray) -> None:
        self.names, self.center, self.loading, self.std = tuple(names), center, loading, std
        kept = _as_they_are(loading)
        self.features: tuple[FeatureInfo, ...] = tuple(
            FeatureInfo(self.names[kept[number]] if number in kept else f"component {number + 1}", "precomputed")
            for number in range(loading.shape[1])
        )

    @classmethod
    def from_values(
        cls,
        names: Sequence[str],
        read: Callable[[IntArray], FloatArray],
        n_pairs: int,
        n_features: int,
        seed: int = 0,
        apart: Sequence[str] = (),
        progress: Callable[[str, float], None] | None = None,
    ) -> PrecomputedEncoder:
        """Return the encoder of training pairs whose columns ``read`` hands out by row number.

        Columns are kept as they are where there are at most ``n_features``; else the first principal components of
        their covariance (over at most 60,000 pairs, drawn by ``seed``) take their place, ``n_features`` in all.
        Columns named in ``apart`` (the distance) always stay themselves, at the end. Signs make the largest loading
        of a component positive. Labels are not looked at.

        Raises
        ------
        InputError
            ``features-shape`` without a column or a pair.
        """
        tell = progress or (lambda _stage, _share: None)
        if not names or not n_pairs:
            raise InputError("features-shape", f"{n_pairs} pairs with {len(names)} features.", "Bring at least one.")
        rng = np.random.default_rng(seed)
        rows = np.sort(rng.choice(n_pairs, min(n_pairs, _FIT_PAIRS), replace=False)).astype(np.int64)
        total, square = np.zeros(len(names)), np.zeros((len(names), len(names)))
        for start in range(0, len(rows), _CHUNK):
            part = read(rows[start : start + _CHUNK]).astype(np.float64)
            total += part.sum(axis=0)
            square += part.T @ part
            tell("components", 0.9 * start / len(rows))
        center = total / len(rows)
        covariance = square / len(rows) - np.outer(center, center)
        free = [place for place, name in enumerate(names) if name not in apart]
        own = [place for place, name in enumerate(names) if name in apart]
        loading = np.eye(len(names))[:, [*free, *own]]
        if len(names) > n_features:
            _, vectors = np.linalg.eigh(covariance[np.ix_(free, free)])
            kept = vectors[:, ::-1][:, : max(1, n_features - len(own))]
            kept = kept * np.sign(kept[np.abs(kept).argmax(axis=0), np.arange(kept.shape[1])])
            components = np.zeros((len(names), kept.shape[1]))
            components[free] = kept
            loading = np.concatenate([components, np.eye(len(names))[:, own]], axis=1)
        spread = np.sqrt(np.maximum(np.einsum("rd,rs,sd->d", loading, covariance, loading), _LEAST_SPREAD**2))
        tell("components", 1.0)
        return cls(names, *(value.astype(np.float32) for value in (center, loading, spread)))

    def encode_values(self, values: FloatArray) -> FloatArray:
        """Return z_q (B, D) float32 of columns (B, R)."""
        return np.asarray((values - self.center) @ self.loading / self.std, dtype=np.float32)

    def encode(self, windows: PairWindows) -> FloatArray:
        """Raise :class:`InputError` ``features-needed``: there is no way from DNA to these features."""
        raise InputError(
            "features-needed", f"{len(windows)} pairs, but this run reads precomputed features, not DNA.",
            "Give the features (--features).",
        )  # fmt: skip

    def track(self, windows: PairWindows) -> FloatArray:
        """Return a track without positions, (B, 0, 0): features that were brought have none."""
        return np.zeros((len(windows), 0, 0), dtype=np.float32)

    def state(self) -> tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]:
        """Return all tensors by name and a JSON-ready description."""
        tensors = {"center": self.center, "loading": self.loading, "std": self.std}
        return tensors, {"format": FORMAT, "kind": self.kind, "names": list(self.names)}

    @classmethod
    def from_state(cls, tensors: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> PrecomputedEncoder:
        """Return the encoder behind :meth:`state`, bit for bit."""
        names = [str(name) for name in description["names"]]
        center, loading, std = (np.array(tensors[name]) for name in ("center", "loading", "std"))
        if loading.shape != (len(names), len(std)) or center.shape != (len(names),):
            raise ValueError(f"{len(names)} names, loading of shape {loading.shape}")
        return cls(names, center, loading, std)


def _as_they_are(loading: FloatArray) -> dict[int, int]:
    """Return which outputs are one column unchanged, and which column: ``{output: column}``."""
    single = (loading != 0).sum(axis=0) == 1
    return {int(out): int(loading[:, out].argmax()) for out in np.flatnonzero(single) if loading[:, out].max() == 1.0}
