"""The ``cnn`` encoder: a small network that learns its filters from the training lines' labels alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from metabam.config import EncoderConfig
from metabam.model.encoders.base import ContextRows
from metabam.model.encoders.training import HeadTraining, one_hot, train_by_heads, turned
from metabam.records import ByteArray, FeatureInfo, FloatArray, PairWindows

FORMAT = "metabam-cnn-encoder/1"
_BATCH = 256
_RATE = 2e-3


class PairNetwork(nn.Module):
    """Stems apart for enhancer and promoter, global pooling, and an element-wise product across the pair.

    Parameters
    ----------
    channels, width
        Filters of each stem, and their length in bp.
    n_features
        D, the width of z_q.
    """

    def __init__(self, channels: int, width: int, n_features: int) -> None:
        super().__init__()
        self.enhancer_stem = nn.Conv1d(4, channels, width, padding="same")
        self.promoter_stem = nn.Conv1d(4, channels, width, padding="same")
        self.enhancer_code = nn.Linear(2 * channels, n_features)
        self.promoter_code = nn.Linear(2 * channels, n_features)
        self.merge = nn.Linear(3 * n_features, n_features)

    def activity(self, codes: ByteArray, side: str) -> Tensor:
        """Return filter activity along elements (N, L), (N, channels, L), never negative."""
        stem = self.enhancer_stem if side == "enhancer" else self.promoter_stem
        return torch.relu(stem(one_hot(codes)))

    def element(self, codes: ByteArray, side: str) -> Tensor:
        """Return the code of elements, (N, D)."""
        activity = self.activity(codes, side)
        pooled = torch.cat([activity.amax(dim=2), activity.mean(dim=2)], dim=1)
        return torch.relu((self.enhancer_code if side == "enhancer" else self.promoter_code)(pooled))

    def forward(self, enhancer: Tensor, promoter: Tensor) -> Tensor:
        """Return pair features (B, D) from element codes (B, D) of both sides."""
        merged: Tensor = self.merge(torch.cat([enhancer, promoter, enhancer * promoter], dim=1))
        return merged


class CnnEncoder:
    """Pair features of a trained and frozen :class:`PairNetwork`, standardised on the training pairs."""

    kind = "cnn"

    def __init__(
        self, network: PairNetwork, mean: FloatArray, std: FloatArray, track_step: int, settings: Mapping[str, int]
    ) -> None:
        self.network = network.eval().requires_grad_(False)
        self.mean, self.std, self.track_step, self.settings = mean, std, track_step, dict(settings)
        self.features: tuple[FeatureInfo, ...] = tuple(
            FeatureInfo(f"learned feature {number + 1}", "learned") for number in range(len(mean))
        )

    @classmethod
    def from_training(
        cls,
        windows: PairWindows,
        contexts: Sequence[ContextRows],
        config: EncoderConfig,
        seed: int = 0,
        progress: Callable[[str, float], None] | None = None,
    ) -> CnnEncoder:
        """Return the encoder trained with one logistic head per training line; the heads are dropped, the rest frozen.

        Every batch is pairs of one line; with ``config.reverse_complement`` each batch is read on a random strand.
        Deterministic in ``seed`` for a given number of threads.
        """
        settings = {"channels": config.channels, "width": config.filter_width, "n_features": config.n_features}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = PairNetwork(**settings)
            heads = nn.ModuleList([nn.Linear(config.n_features, 1) for _ in contexts])
        rng = np.random.default_rng(seed)

        def features(rows: NDArray[np.int64]) -> Tensor:
            flip = config.reverse_complement and bool(rng.random() < 0.5)
            return torch.relu(_pairs(network, windows.take(rows), flip))

        how = HeadTraining(config.epochs, _BATCH, _RATE)
        tell = None if progress is None else lambda share: progress("filters from labels", share)
        train_by_heads([(network, 1.0)], heads, features, contexts, how, rng, tell)
        zero, one = np.zeros(config.n_features, np.float32), np.ones(config.n_features, np.float32)
        raw = cls(network, zero, one, config.track_step, settings).encode(windows)
        return cls(network, raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-6), config.track_step, settings)

    def encode(self, windows: PairWindows) -> FloatArray:
        """Return z_q, (B, D) float32, the mean of both strands' readings; each distinct element is read once."""
        with torch.no_grad():
            parts = [self._read(windows, flip) for flip in (False, True)]
        return np.asarray(((parts[0] + parts[1]) / 2 - self.mean) / self.std, dtype=np.float32)

    def features_of(self, windows: PairWindows) -> Tensor:
        """Return what :meth:`encode` returns, (B, D), with gradients for the weights of ``network``."""
        both = (_pairs(self.network, windows, False) + _pairs(self.network, windows, True)) / 2
        return (both - torch.from_numpy(self.mean)) / torch.from_numpy(self.std)

    def _read(self, windows: PairWindows, flip: bool) -> FloatArray:
        codes = []
        for side, elements in (("enhancer", windows.enhancers), ("promoter", windows.promoters)):
            elements = turned(elements, flip)
            chunks = [self.network.element(elements[i : i + _BATCH], side) for i in range(0, len(elements), _BATCH)]
            codes.append(torch.cat(chunks))
        out = self.network(codes[0][windows.enhancer_index], codes[1][windows.promoter_index])
        return np.asarray(out.numpy())

    def track(self, windows: PairWindows) -> FloatArray:
        """Return filter activity along the pair, (B, P, channels) float32: enhancer positions, then the promoter's.

        Each position is the best of ``track_step`` bp. Channel ``c`` is the enhancer stem's filter on enhancer
        positions and the promoter stem's on promoter positions.
        """
        parts = []
        for side, elements, index in (
            ("enhancer", windows.enhancers, windows.enhancer_index),
            ("promoter", windows.promoters, windows.promoter_index),
        ):
            used, back = np.unique(index, return_inverse=True)
            with torch.no_grad():
                activity = self.network.activity(elements[used], side)
                pooled = nn.functional.max_pool1d(activity, self.track_step, ceil_mode=True)
            parts.append(pooled.transpose(1, 2).numpy()[back])
        return np.asarray(np.concatenate(parts, axis=1), dtype=np.float32)

    def state(self) -> tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]:
        """Return all tensors by name and a JSON-ready description."""
        tensors = {
            f"network.{name}": value.detach().numpy().copy() for name, value in self.network.state_dict().items()
        }
        tensors |= {"mean": self.mean, "std": self.std}
        return tensors, {"format": FORMAT, "kind": self.kind, "track_step": self.track_step, **self.settings}

    @classmethod
    def from_state(cls, tensors: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> CnnEncoder:
        """Return the encoder behind :meth:`state`, bit for bit."""
        settings = {name: int(description[name]) for name in ("channels", "width", "n_features")}
        network = PairNetwork(**settings)
        weights = {
            name.removeprefix("network."): torch.from_numpy(np.array(value))
            for name, value in tensors.items()
            if name.startswith("network.")
        }
        network.load_state_dict(weights)
        return cls(
            network, np.array(tensors["mean"]), np.array(tensors["std"]), int(description["track_step"]), settings
        )


def _pairs(network: PairNetwork, windows: PairWindows, flip: bool) -> Tensor:
    """Return z (B, D) of a batch, each of its elements read once."""
    e, e_back = np.unique(windows.enhancer_index, return_inverse=True)
    p, p_back = np.unique(windows.promoter_index, return_inverse=True)
    enhancer = network.element(turned(windows.enhancers[e], flip), "enhancer")
    promoter = network.element(turned(windows.promoters[p], flip), "promoter")
    z: Tensor = network(enhancer[e_back], promoter[p_back])
    return z
