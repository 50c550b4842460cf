"""Encoders on a frozen DNA language model: mean pooling, standardisation, and a small projection that learns.

``dnabert2``, ``hyenadna`` and ``enformer`` share everything but the model itself. The model's weights are not stored
with a run (they are larger than everything else, and not ours): a run remembers their digest, and whoever reads DNA
with it names their folder again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from metabam.config import FROZEN_KINDS, EncoderConfig
from metabam.errors import CheckpointError, InputError
from metabam.model.encoders.backbones import Backbone, open_backbone
from metabam.model.encoders.base import ContextRows
from metabam.model.encoders.training import HeadTraining, only_used, train_by_heads, turned
from metabam.records import ByteArray, FeatureInfo, FloatArray, PairWindows

FORMAT = "metabam-frozen-encoder/1"
_LETTERS = 1 << 15  # of one forward pass
_ROWS = 4_096


class PairProjection(nn.Module):
    """From element embeddings (n, H) of both sides to pair features (B, D), products across the pair among them."""

    def __init__(self, width: int, n_features: int) -> None:
        super().__init__()
        self.enhancer_code = nn.Linear(width, n_features)
        self.promoter_code = nn.Linear(width, n_features)
        self.merge = nn.Linear(3 * n_features, n_features)

    def forward(self, enhancer: Tensor, promoter: Tensor) -> Tensor:
        """Return pair features (B, D) from standardised embeddings (B, H) of both sides."""
        e, p = torch.relu(self.enhancer_code(enhancer)), torch.relu(self.promoter_code(promoter))
        merged: Tensor = self.merge(torch.cat([e, p, e * p], dim=1))
        return merged


class FrozenEncoder:
    """Pair features of a frozen language model and a trained projection.

    Parameters
    ----------
    kind
        ``dnabert2``, ``hyenadna`` or ``enformer``.
    digest
        Of the language model that it was trained on.
    projection
        Frozen here.
    numbers
        ``center`` and ``scale`` (2, H) of the embeddings of enhancers and promoters, ``mean`` and ``std`` (D,) of z.
    track_step, reverse_complement
        bp per position of the track; whether embeddings are the mean over both strands.
    backbone
        The model; without it (a run just opened) :meth:`attach` comes first.
    """

    def __init__(
        self,
        kind: str,
        digest: str,
        projection: PairProjection,
        numbers: Mapping[str, FloatArray],
        track_step: int,
        reverse_complement: bool,
        backbone: Backbone | None = None,
    ) -> None:
        self.kind, self.digest, self.numbers = kind, digest, dict(numbers)
        self.projection = projection.eval().requires_grad_(False)
        self.track_step, self.reverse_complement, self._backbone = track_step, reverse_complement, backbone
        self.features: tuple[FeatureInfo, ...] = tuple(
            FeatureInfo(f"learned feature {number + 1}", "learned") for number in range(len(numbers["mean"]))
        )

    @classmethod
    def from_training(
        cls,
        windows: PairWindows,
        contexts: Sequence[ContextRows],
        config: EncoderConfig,
        seed: int = 0,
        progress: Callable[[str, float], None] | None = None,
    ) -> FrozenEncoder:
        """Return the encoder of the model in ``config.weights``; one head per training line teaches the projection.

        Each element is read by the model once (twice with ``reverse_complement``), its embeddings are standardised
        over the training elements. Deterministic in ``seed`` for a given number of threads.
        """
        tell = progress or (lambda _stage, _share: None)
        backbone = open_backbone(config.kind, Path(config.weights), trust_remote_code=config.trust_remote_code)
        sides = (windows.enhancers, windows.promoters)
        total = sum(map(len, sides))
        embedded, done = [], 0
        for codes in sides:
            embedded.append(
                _embed(
                    backbone,
                    codes,
                    config.reverse_complement,
                    lambda n, base=done: tell("language model", 0.9 * (base + n) / total),  # type: ignore[misc]  # mypy types no lambda default
                )
            )
            done += len(codes)
        center = np.stack([values.mean(axis=0) for values in embedded])
        scale = np.stack([np.maximum(values.std(axis=0), 1e-6) for values in embedded])
        e, p = (torch.from_numpy((v - c) / s) for v, c, s in zip(embedded, center, scale, strict=True))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            projection = PairProjection(backbone.width, config.n_features)
            heads = nn.ModuleList([nn.Linear(config.n_features, 1) for _ in contexts])

        def features(rows: NDArray[np.int64]) -> Tensor:
            found: Tensor = projection(e[windows.enhancer_index[rows]], p[windows.promoter_index[rows]])
            return torch.relu(found)

        train_by_heads(
            [(projection, 1.0)], heads, features, contexts, HeadTraining(config.epochs),
            np.random.default_rng(seed), lambda share: tell("projection from labels", 0.9 + 0.1 * share),
        )  # fmt: skip
        with torch.no_grad():
            raw = _projected(projection, e, p, windows)
        numbers = {"center": center, "scale": scale, "mean": raw.mean(axis=0)}
        numbers["std"] = np.maximum(raw.std(axis=0), 1e-6)
        tell("projection from labels", 1.0)
        how = config.track_step, config.reverse_complement
        return cls(config.kind, backbone.digest, projection, numbers, *how, backbone)

    def attach(self, folder: Path, *, trust_remote_code: bool = False) -> FrozenEncoder:
        """Return this encoder with the model of a folder, once it is the one that it was trained on.

        Raises
        ------
        CheckpointError
            ``weights-other`` where the folder holds other weights or another configuration.
        """
        backbone = open_backbone(self.kind, folder, trust_remote_code=trust_remote_code)
        if backbone.digest != self.digest:
            raise CheckpointError(
                "weights-other",
                f"the folder holds model {backbone.digest[:12]}, the run was trained on {self.digest[:12]}.",
                "Name the folder that training used.",
            )
        how = self.track_step, self.reverse_complement
        return FrozenEncoder(self.kind, self.digest, self.projection, self.numbers, *how, backbone)

    @property
    def backbone(self) -> Backbone:
        """Return the language model.

        Raises
        ------
        InputError
            ``weights-needed`` before :meth:`attach`: a run names no folder to open by itself.
        """
        if self._backbone is None:
            raise InputError(
                "weights-needed", f"this run reads DNA with {self.kind}, whose weights are not part of it.",
                "Name their folder (--weights).",
            )  # fmt: skip
        return self._backbone

    def encode(self, windows: PairWindows) -> FloatArray:
        """Return z_q, (B, D) float32; each distinct element is read once."""
        used = only_used(windows)
        codes = []
        for side, elements in enumerate((used.enhancers, used.promoters)):
            values = _embed(self.backbone, elements, self.reverse_complement)
            codes.append(torch.from_numpy((values - self.numbers["center"][side]) / self.numbers["scale"][side]))
        with torch.no_grad():
            raw = _projected(self.projection, codes[0], codes[1], used)
        return np.asarray((raw - self.numbers["mean"]) / self.numbers["std"], dtype=np.float32)

    def track(self, windows: PairWindows) -> FloatArray:
        """Return the projection's element codes along the pair, (B, P, D) float32: enhancer positions first.

        Each letter has the hidden vector of the token or bin that holds it (0 where none does), standardised and coded
        like a whole element; a position is the mean over ``track_step`` letters of the forward strand.
        """
        parts = []
        layers = (self.projection.enhancer_code, self.projection.promoter_code)
        both = ((windows.enhancers, windows.enhancer_index), (windows.promoters, windows.promoter_index))
        for side, ((elements, index), layer) in enumerate(zip(both, layers, strict=True)):
            used, back = np.unique(index, return_inverse=True)
            hidden = self.backbone.read(elements[used])
            center, scale = (torch.from_numpy(self.numbers[name][side]) for name in ("center", "scale"))
            with torch.no_grad():
                code = torch.relu(layer((hidden.values - center) / scale))
            place = torch.from_numpy(np.maximum(hidden.place, 0))[:, :, None].expand(-1, -1, code.shape[2])
            held = torch.from_numpy(hidden.place >= 0).to(code.dtype)[:, :, None]
            letters = (code.gather(1, place) * held).transpose(1, 2)
            steps = nn.functional.avg_pool1d(letters, self.track_step, ceil_mode=True, count_include_pad=False)
            parts.append(steps.transpose(1, 2).numpy()[back])
        return np.asarray(np.concatenate(parts, axis=1), dtype=np.float32)

    def state(self) -> tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]:
        """Return all tensors but the language model's by name, and a JSON-ready description with its digest."""
        tensors = {f"projection.{name}": value.numpy().copy() for name, value in self.projection.state_dict().items()}
        how = {"digest": self.digest, "track_step": self.track_step, "reverse_complement": self.reverse_complement}
        return {**tensors, **self.numbers}, {"format": FORMAT, "kind": self.kind, **how}

    @classmethod
    def from_state(cls, tensors: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> FrozenEncoder:
        """Return the encoder behind :meth:`state`, bit for bit, without its language model (:meth:`attach`)."""
        kind = str(description["kind"])
        if kind not in FROZEN_KINDS:
            raise ValueError(f"{kind} is no language model")
        numbers = {name: np.array(tensors[name]) for name in ("center", "scale", "mean", "std")}
        projection = PairProjection(numbers["center"].shape[1], len(numbers["mean"]))
        weights = {
            name.removeprefix("projection."): torch.from_numpy(np.array(value))
            for name, value in tensors.items()
            if name.startswith("projection.")
        }
        projection.load_state_dict(weights)
        how = int(description["track_step"]), bool(description["reverse_complement"])
        return cls(kind, str(description["digest"]), projection, numbers, *how)


def _embed(
    backbone: Backbone, codes: ByteArray, both_strands: bool, tell: Callable[[int], None] | None = None
) -> FloatArray:
    """Return embeddings of elements (n, H): the mean over positions, then over strands."""
    out = np.zeros((len(codes), backbone.width), dtype=np.float32)
    chunk = max(1, _LETTERS // max(1, codes.shape[1]))
    strands = (False, True) if both_strands else (False,)
    for start in range(0, len(codes), chunk):
        for flip in strands:
            hidden = backbone.read(turned(codes[start : start + chunk], flip))
            weight = hidden.weight[:, :, None]
            mean = (hidden.values * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1.0)
            out[start : start + chunk] += mean.numpy() / len(strands)
        if tell:
            tell(min(start + chunk, len(codes)))
    return out


def _projected(projection: PairProjection, enhancer: Tensor, promoter: Tensor, windows: PairWindows) -> FloatArray:
    """Return pair features (B, D) of element embeddings, in chunks of pairs."""
    parts = [
        projection(enhancer[windows.enhancer_index[at : at + _ROWS]], promoter[windows.promoter_index[at : at + _ROWS]])
        for at in range(0, len(windows), _ROWS)
    ]
    return np.asarray(torch.cat(parts).numpy()) if parts else np.zeros((0, projection.merge.out_features), np.float32)
