"""The ``cbat`` encoder: a cross-boundary attention transformer over the two elements (expert framework s2; MODEL.md).

Stem, self stage and tokens are computed once per element, the crossing once per pair. What it learns beyond the motif
dictionary it must learn from labels; started from the dictionary's motifs it need not find those again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from metabam.config import EncoderConfig
from metabam.model.discovery import read_sides
from metabam.model.encoders.base import ContextRows
from metabam.model.encoders.crossing import SIDES, CbatNetwork, CbatShape, Tokens
from metabam.model.encoders.training import HeadTraining, only_used, shifted, train_by_heads, turned
from metabam.records import FeatureInfo, FloatArray, MotifSet, PairWindows

FORMAT = "metabam-cbat-encoder/1"
_CLIP = 1.0
_WARM_UP = 0.05
_STEM_RATE = 0.1  # of motif filters, relative to the rest
_CHUNK_BYTES = 128 << 20
_KEPT_BYTES = 256 << 20
_ELEMENTS = 128


class CbatEncoder:
    """Pair features of a trained and frozen :class:`~metabam.model.encoders.crossing.CbatNetwork`, standardised.

    Parameters
    ----------
    network
        Frozen here.
    mean, std
        Of z over the training pairs, (D,).
    track_step
        bp per position of the track, 1 to 4.
    reverse_complement
        Whether z is the mean of both strands' readings.
    """

    kind = "cbat"

    def __init__(
        self, network: CbatNetwork, mean: FloatArray, std: FloatArray, track_step: int, reverse_complement: bool = True
    ) -> None:
        self.network = network.eval().requires_grad_(False)
        self.mean, self.std = mean, std
        self.track_step, self.reverse_complement = track_step, reverse_complement
        self.features: tuple[FeatureInfo, ...] = tuple(
            FeatureInfo(f"learned feature {number + 1}", "learned") for number in range(len(mean))
        )

    # -------------------------------------------------------------- training

    @classmethod
    def from_training(
        cls,
        windows: PairWindows,
        contexts: Sequence[ContextRows],
        config: EncoderConfig,
        seed: int = 0,
        progress: Callable[[str, float], None] | None = None,
        known: MotifSet | None = None,
    ) -> CbatEncoder:
        """Return the encoder trained with one logistic head per training line; the heads are dropped, the rest frozen.

        Every batch is pairs of one line, moved by up to ``cbat.shift`` bp and, with ``reverse_complement``, read on a
        random strand. ``known`` motifs start the filters; without them, and with ``cbat.stem = "motif"``, stage 0 finds
        them in ``windows``, without labels. Deterministic in ``seed`` for a given number of threads.
        """
        tell = progress or (lambda _stage, _share: None)
        began = 0.0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = CbatNetwork(shape_of(config))
            heads = nn.ModuleList([nn.Linear(config.n_features, 1) for _ in contexts])
        if config.cbat.stem == "motif":
            if known is None:
                began = 0.3
                known = read_sides(windows, config.discovery, seed, lambda stage, at: tell(stage, began * at))[0]
            for side, codes in zip(SIDES, (windows.enhancers, windows.promoters), strict=True):
                network.sides[side].stem.start_from(known.pwms, codes)  # type: ignore[union-attr,operator]  # torch types attributes of modules as Tensor | Module
        stems = nn.ModuleList([network.sides[side].stem for side in SIDES])  # type: ignore[misc]  # as above
        rest = nn.ModuleList([*(part for side in SIDES for part in _behind_stem(network, side))])
        rest.extend([network.blocks, network.pools, network.merge])
        rng = np.random.default_rng(seed)

        def features(rows: NDArray[np.int64]) -> Tensor:
            flip = config.reverse_complement and bool(rng.random() < 0.5)
            moves = rng.integers(-config.cbat.shift, config.cbat.shift + 1, 2)
            return _read(network, windows.take(rows), flip, (int(moves[0]), int(moves[1])))

        how = HeadTraining(config.epochs, config.cbat.batch, config.cbat.rate, 1e-2, _WARM_UP, _CLIP)
        slow = _STEM_RATE if config.cbat.stem == "motif" else 1.0
        train_by_heads(
            [(stems, slow), (rest, 1.0)], heads, features, contexts, how, rng,
            lambda share: tell("attention from labels", began + (1 - began) * share),
        )  # fmt: skip
        zero, one = np.zeros(config.n_features, np.float32), np.ones(config.n_features, np.float32)
        raw = cls(network, zero, one, config.track_step, config.reverse_complement).encode(windows)
        tell("attention from labels", 1.0)
        std = np.maximum(raw.std(axis=0), 1e-6)
        return cls(network, raw.mean(axis=0), std, config.track_step, config.reverse_complement)

    # -------------------------------------------------------------- reading

    def encode(self, windows: PairWindows) -> FloatArray:
        """Return z_q, (B, D) float32; with ``reverse_complement`` the mean of both strands' readings.

        Tokens of each distinct element are made once where they fit in 256 MiB, else once per chunk of pairs; pairs
        are read in the order of their elements, so that a chunk shares them.
        """
        strands = (False, True) if self.reverse_complement else (False,)
        with torch.no_grad():
            total = sum(self._read_all(only_used(windows), flip) for flip in strands)
        return np.asarray((total / len(strands) - self.mean) / self.std, dtype=np.float32)

    def _read_all(self, windows: PairWindows, flip: bool) -> FloatArray:
        shape = self.network.shape
        sizes = [-(-codes.shape[1] // shape.pool) for codes in (windows.enhancers, windows.promoters)]
        n_tokens = sum(sizes) + shape.anchors
        chunk = int(np.clip(_CHUNK_BYTES // (4 * n_tokens * (6 * shape.heads * n_tokens + 20 * shape.width)), 1, 256))
        stored = 4 * shape.width * (len(windows.enhancers) * sizes[0] + len(windows.promoters) * sizes[1])
        whole = self._tokens(windows, flip) if stored <= _KEPT_BYTES else None
        order = np.lexsort((windows.enhancer_index, windows.promoter_index))
        out = np.zeros((len(windows), shape.width), dtype=np.float32)
        for start in range(0, len(order), chunk):
            rows = order[start : start + chunk]
            part = windows.take(rows)
            if whole is None:
                part = only_used(part)
            enhancer, promoter = whole or self._tokens(part, flip)
            e, p = torch.from_numpy(part.enhancer_index), torch.from_numpy(part.promoter_index)
            out[rows] = self.network(enhancer.take(e), promoter.take(p)).numpy()
        return out

    def _tokens(self, windows: PairWindows, flip: bool) -> tuple[Tokens, Tokens]:
        found = []
        for side, codes in zip(SIDES, (windows.enhancers, windows.promoters), strict=True):
            step = max(1, _ELEMENTS * 1_024 // max(1_024, codes.shape[1]))
            parts = [
                self.network.tokens(turned(codes[at : at + step], flip), side) for at in range(0, len(codes), step)
            ]
            found.append(Tokens(torch.cat([part.x for part in parts]), torch.cat([part.known for part in parts])))
        return found[0], found[1]

    def track(self, windows: PairWindows) -> FloatArray:
        """Return the stem's activity along the pair, (B, P, channels) float32: enhancer positions, then promoter's.

        It is what the stem says before its max-pool, the best of each ``track_step`` bp. Channel ``c`` is the enhancer
        stem's filter on enhancer positions and the promoter stem's on promoter positions.
        """
        parts = []
        for side, codes, index in zip(
            SIDES, (windows.enhancers, windows.promoters), (windows.enhancer_index, windows.promoter_index), strict=True
        ):
            used, back = np.unique(index, return_inverse=True)
            stem: Any = self.network.sides[side].stem
            with torch.no_grad():
                pooled = nn.functional.max_pool1d(stem.activity(codes[used]), self.track_step, ceil_mode=True)
            parts.append(pooled.transpose(1, 2).numpy()[back])
        return np.asarray(np.concatenate(parts, axis=1), dtype=np.float32)

    # -------------------------------------------------------------- stored form

    def state(self) -> tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]:
        """Return all tensors by name and a JSON-ready description."""
        tensors = {f"network.{name}": value.numpy().copy() for name, value in self.network.state_dict().items()}
        tensors |= {"mean": self.mean, "std": self.std}
        shape = self.network.shape._asdict() | {"kernels": list(self.network.shape.kernels)}
        how = {"track_step": self.track_step, "reverse_complement": self.reverse_complement}
        return tensors, {"format": FORMAT, "kind": self.kind, "shape": shape, **how}

    @classmethod
    def from_state(cls, tensors: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> CbatEncoder:
        """Return the encoder behind :meth:`state`, bit for bit."""
        stated = dict(description["shape"])
        network = CbatNetwork(CbatShape(**{**stated, "kernels": tuple(int(width) for width in stated["kernels"])}))
        weights = {
            name.removeprefix("network."): torch.from_numpy(np.array(value))
            for name, value in tensors.items()
            if name.startswith("network.")
        }
        network.load_state_dict(weights)
        mean, std = np.array(tensors["mean"]), np.array(tensors["std"])
        return cls(network, mean, std, int(description["track_step"]), bool(description["reverse_complement"]))


def shape_of(config: EncoderConfig) -> CbatShape:
    """Return the sizes of the network that settings ask for."""
    cbat = config.cbat
    return CbatShape(
        config.channels, config.filter_width, config.n_features, cbat.heads, cbat.anchors, cbat.pool, cbat.blocks,
        cbat.window, cbat.kernels, cbat.expansion, cbat.column_bias,
    )  # fmt: skip


def _behind_stem(network: CbatNetwork, side: str) -> list[nn.Module]:
    one: Any = network.sides[side]
    return [one.embed, one.norm, one.attention]


def _read(network: CbatNetwork, windows: PairWindows, flip: bool, moves: tuple[int, int]) -> Tensor:
    """Return z (B, D) of a batch, each of its elements read once, on one strand and moved."""
    used = only_used(windows)
    sides = zip(SIDES, (used.enhancers, used.promoters), moves, strict=True)
    enhancer, promoter = (network.tokens(turned(shifted(codes, move), flip), side) for side, codes, move in sides)
    e, p = torch.from_numpy(used.enhancer_index), torch.from_numpy(used.promoter_index)
    z: Tensor = network(enhancer.take(e), promoter.take(p))
    return z
