"""An encoder whose features carry coefficients of its position track beside z_q: what the multi-resolution match reads.

The track itself (200 positions x 50 channels a pair) is never kept: the few Fourier coefficients and band energies that
:mod:`metabam.model.multiscale` needs are columns behind z_q, described by a :class:`~metabam.records.FeatureLayout`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from metabam.config import EncoderConfig, TrackConfig
from metabam.errors import ConfigError
from metabam.model.bands import band_edges, band_energies, fourier_coefficients
from metabam.model.encoders.base import ContextRows, PairEncoder
from metabam.records import ByteArray, FeatureInfo, FeatureLayout, FloatArray, IntArray, PairWindows

_CHUNK = 512
_SIDES = ("enhancer", "promoter")
_LETTERS = ("G + C", "AA / TT")


@dataclass(frozen=True, slots=True)
class TrackBlocks:
    """Which blocks are kept: the wavelet, and the periods (bp) of the Fourier block (none: no such block)."""

    periods: tuple[float, ...]
    wavelet: Literal["off", "haar", "db2"]
    levels: int
    step: int
    letters: bool

    @property
    def bands(self) -> tuple[tuple[float, float], ...]:
        """Return the bands of the wavelet block, bp."""
        return () if self.wavelet == "off" else band_edges(self.levels, self.step)

    @classmethod
    def of(cls, config: TrackConfig, step: int, *, fourier: bool, wavelet: Literal["off", "haar", "db2"]) -> Self:
        """Return the blocks that the settings ask for."""
        return cls(config.periods if fourier else (), wavelet, config.levels, step, config.letters)


class TrackedEncoder:
    """z_q of another encoder, followed by coefficients of the chosen channels of its track.

    Parameters
    ----------
    inner
        Makes z_q and the track.
    blocks
        What is kept of the track.
    chosen
        (C, 2) int64: side (0 enhancer, 1 promoter) and channel.
    names
        (C,) what each chosen channel is.

    Notes
    -----
    ``features`` are those of ``inner``: the coefficients are no pair features, and only a model that knows the layout
    reads them.
    """

    def __init__(self, inner: PairEncoder, blocks: TrackBlocks, chosen: IntArray, names: Sequence[str]) -> None:
        self.inner = inner
        self.kind = inner.kind
        self.features: tuple[FeatureInfo, ...] = inner.features
        self.blocks = blocks
        self.chosen = chosen
        self.layout = FeatureLayout(len(inner.features), tuple(names), blocks.periods, blocks.bands)

    @classmethod
    def from_training(
        cls,
        inner: PairEncoder,
        windows: PairWindows,
        contexts: Sequence[ContextRows],
        config: EncoderConfig,
        *,
        fourier: bool,
        wavelet: Literal["off", "haar", "db2"],
    ) -> TrackedEncoder:
        """Return the encoder that keeps the channels whose coefficients tell the training lines' labels apart best.

        A channel counts by its best coefficient: the sum over lines of z^2 of the difference between positives and
        negatives. Labels of the training lines choose channels and nothing else.
        """
        blocks = TrackBlocks.of(config.track, config.track_step, fourier=fourier, wavelet=wavelet)
        sides = [_element_coefficients(inner, windows, side, blocks) for side in (0, 1)]
        index = (windows.enhancer_index, windows.promoter_index)
        scores = [_relevance(values, index[side], contexts) for side, values in enumerate(sides)]
        places = np.array([(side, c) for side in (0, 1) for c in range(len(scores[side]))], dtype=np.int64)
        flat = np.concatenate(scores)
        order = np.argsort(-flat, kind="stable")[: config.track.channels]
        chosen = places[np.sort(order[flat[order] > 0.0])].reshape(-1, 2)
        if not len(chosen):
            raise ConfigError("track-empty", "the encoder's track is the same for every pair.", "Switch it off.")
        names = _channel_names(inner, blocks.letters, len(scores[0]))
        return cls(inner, blocks, chosen, [f"{names[c]} in the {_SIDES[side]}" for side, c in chosen.tolist()])

    def encode(self, windows: PairWindows) -> FloatArray:
        """Return z_q and the blocks, (B, W) float32; each distinct element is read once."""
        blocks, n = self.blocks, len(windows)
        fourier = np.zeros((n, len(self.chosen), len(blocks.periods), 2), dtype=np.float32)
        energy = np.zeros((n, len(self.chosen), len(blocks.bands)), dtype=np.float32)
        for side, index in enumerate((windows.enhancer_index, windows.promoter_index)):
            mine = np.flatnonzero(self.chosen[:, 0] == side)
            used, back = np.unique(index, return_inverse=True)
            if not len(mine) or not n:
                continue
            waves, powers = _element_coefficients(self.inner, windows, side, blocks, used, self.chosen[mine, 1])
            fourier[:, mine] = waves[back]
            energy[:, mine] = powers[back]
        layout = self.layout
        out = np.empty((n, layout.width), dtype=np.float32)
        out[:, : layout.n_features] = self.inner.encode(windows)
        out[:, layout.fourier] = fourier.reshape(n, layout.fourier.stop - layout.fourier.start)
        out[:, layout.wavelet] = energy.reshape(n, layout.wavelet.stop - layout.wavelet.start)
        return out

    def track(self, windows: PairWindows) -> FloatArray:
        """Return the position track of the encoder inside, (B, P, D_track)."""
        return self.inner.track(windows)

    def state(self) -> tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]:
        """Return the state of the encoder inside, and beside it what is kept of its track."""
        tensors, description = self.inner.state()
        blocks = self.blocks
        kept = {
            "periods": list(blocks.periods), "wavelet": blocks.wavelet, "levels": blocks.levels, "step": blocks.step,
            "letters": blocks.letters, "chosen": self.chosen.tolist(), "names": list(self.layout.channels),
        }  # fmt: skip
        return tensors, {**description, "track": kept}

    @classmethod
    def around(cls, inner: PairEncoder, kept: Mapping[str, Any]) -> TrackedEncoder:
        """Return the encoder behind :meth:`state`, given the one inside and the ``track`` entry."""
        blocks = TrackBlocks(
            tuple(float(p) for p in kept["periods"]), kept["wavelet"], int(kept["levels"]), int(kept["step"]),
            bool(kept["letters"]),
        )  # fmt: skip
        chosen = np.array(kept["chosen"], dtype=np.int64).reshape(-1, 2)
        return cls(inner, blocks, chosen, [str(name) for name in kept["names"]])


def layout_of(encoder: PairEncoder) -> FeatureLayout:
    """Return what the columns of an encoder's features are."""
    stated = getattr(encoder, "layout", None)
    return stated if isinstance(stated, FeatureLayout) else FeatureLayout(len(encoder.features))


def _element_coefficients(
    inner: PairEncoder,
    windows: PairWindows,
    side: int,
    blocks: TrackBlocks,
    elements: IntArray | None = None,
    channels: IntArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return Fourier (N, C, F, 2) and band (N, C, W_b) coefficients of distinct elements of one side."""
    total = len(windows.promoters if side else windows.enhancers)
    rows = np.arange(total) if elements is None else elements
    waves, powers = [], []
    for start in range(0, len(rows), _CHUNK):
        track = _element_track(inner, windows, side, rows[start : start + _CHUNK], blocks)
        track = track if channels is None else track[:, :, channels]
        waves.append(
            fourier_coefficients(track, blocks.periods, blocks.step)
            if blocks.periods
            else np.zeros((len(track), track.shape[2], 0, 2), dtype=np.float32)
        )
        powers.append(
            np.zeros((len(track), track.shape[2], 0), dtype=np.float32)
            if blocks.wavelet == "off"
            else band_energies(track, blocks.wavelet, blocks.levels)
        )
    return np.concatenate(waves), np.concatenate(powers)


def _element_track(
    inner: PairEncoder, windows: PairWindows, side: int, rows: IntArray, blocks: TrackBlocks
) -> FloatArray:
    """Return the track of some elements of one side, (N, P_side, C), the letters' channels last."""
    other = np.zeros(len(rows), dtype=np.int64)
    first, second = (other, rows) if side else (rows, other)
    whole = inner.track(replace(windows, enhancer_index=first, promoter_index=second))
    places = -(-windows.enhancers.shape[1] // blocks.step), -(-windows.promoters.shape[1] // blocks.step)
    if whole.shape[1] != sum(places):
        raise ConfigError(
            "track-step",
            f"the encoder's track has {whole.shape[1]} positions, {blocks.step} bp each would make {sum(places)}.",
            "Set encoder.track_step to the encoder's own step.",
        )
    track = whole[:, places[0] :] if side else whole[:, : places[0]]
    if not blocks.letters:
        return track
    codes = (windows.promoters if side else windows.enhancers)[rows]
    return np.concatenate([track, letter_track(codes, blocks.step)], axis=2)


def letter_track(codes: ByteArray, step: int) -> NDArray[np.float32]:
    """Return the share of G + C and of AA / TT in each ``step`` bp of elements (N, L), (N, ceil(L / step), 2)."""
    strong = (codes == 1) | (codes == 2)
    weak = np.zeros(codes.shape, dtype=bool)
    weak[:, :-1] = (codes[:, :-1] == codes[:, 1:]) & ((codes[:, :-1] == 0) | (codes[:, :-1] == 3))
    both = np.stack([strong, weak], axis=2).astype(np.float32)
    padded = np.pad(both, ((0, 0), (0, -codes.shape[1] % step), (0, 0)))
    return np.asarray(padded.reshape(len(codes), -1, step, 2).mean(axis=2), dtype=np.float32)


def _relevance(
    values: tuple[FloatArray, FloatArray], index: IntArray, contexts: Sequence[ContextRows]
) -> NDArray[np.float64]:
    """Return how well the best coefficient of each channel tells labels apart, (C,); 0 for a constant channel."""
    amplitude = np.sqrt(np.square(values[0]).sum(axis=3))
    table = np.concatenate([amplitude, np.sqrt(values[1])], axis=2).astype(np.float64)
    table -= table.mean(axis=0)
    varies = table.std(axis=0) > 1e-6
    table /= np.where(varies, table.std(axis=0), 1.0)
    score = np.zeros(table.shape[1:])
    for context in contexts:
        labels = context.labels.astype(np.float64)
        centred = labels - labels.mean()
        norm = float(np.sqrt(np.square(centred).sum()))
        if norm > 0.0:
            weight = np.bincount(index[context.rows], weights=centred, minlength=len(table))
            score += np.square(np.tensordot(weight, table, axes=1) / norm)
    return np.asarray(np.where(varies, score, 0.0).max(axis=1), dtype=np.float64)


def _channel_names(inner: PairEncoder, letters: bool, n_channels: int) -> list[str]:
    """Return what each channel of a track is."""
    from metabam.model.encoders.motif import MotifEncoder

    own = n_channels - (len(_LETTERS) if letters else 0)
    named = list(inner.track_names) if isinstance(inner, MotifEncoder) else [f"channel {c + 1}" for c in range(own)]
    return named + (list(_LETTERS) if letters else [])
