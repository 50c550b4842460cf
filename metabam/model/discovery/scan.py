"""Log-odds of every window under many PWMs, both strands, against a background that knows the element's GC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metabam.records import ByteArray, FloatArray

NEVER = -1e4
"""Log-odds of a window that does not fit into its element."""


@dataclass(frozen=True, slots=True)
class Background:
    """First-order Markov background by GC stratum.

    ``edges`` (G - 1,) float64 separate the strata of element GC share; ``log_step`` (G, 5, 4) float64 is
    log P(letter | previous letter) in nats, row 4 where the previous letter is N or missing. Strand-symmetric.
    """

    edges: NDArray[np.float64]
    log_step: NDArray[np.float64]

    def surprise(self, codes: ByteArray) -> FloatArray:
        """Return -log P of each letter in nats, (N, L) float32; 0 where the letter is N."""
        stratum = np.searchsorted(self.edges, gc_share(codes))
        table = np.zeros((self.log_step.shape[0], 5, 5), dtype=np.float32)
        table[:, :, :4] = -self.log_step
        previous = np.concatenate([np.full((len(codes), 1), 4, dtype=np.uint8), codes[:, :-1]], axis=1)
        index = stratum[:, None] * 25 + previous.astype(np.int64) * 5 + codes
        return np.asarray(table.ravel()[index])


def gc_share(codes: ByteArray) -> NDArray[np.float64]:
    """Return the share of G and C among the known letters of each row, (N,); 0.5 where nothing is known."""
    known = (codes < 4).sum(axis=1)
    strong = ((codes == 1) | (codes == 2)).sum(axis=1)
    return np.where(known > 0, strong / np.maximum(known, 1), 0.5)


def fit_background(codes: ByteArray, strata: int = 6) -> Background:
    """Return the background of these elements, (N, L) uint8, with GC strata of equal size."""
    share = gc_share(codes)
    edges = np.unique(np.quantile(share, np.linspace(0, 1, strata + 1)[1:-1]))
    stratum = np.searchsorted(edges, share)
    log_step = np.empty((len(edges) + 1, 5, 4))
    for level in range(len(edges) + 1):
        rows = codes[stratum == level].astype(np.int64)
        counts = np.bincount((rows[:, :-1] * 5 + rows[:, 1:]).ravel(), minlength=25).reshape(5, 5)[:4, :4]
        both = counts + counts[::-1, ::-1].T + 2.0
        log_step[level, :4] = np.log(both / both.sum(axis=1, keepdims=True))
        log_step[level, 4] = np.log(both.sum(axis=1) / both.sum())
    return Background(edges, log_step)


def chunks(n_elements: int, length: int, channels: int) -> Iterator[slice]:
    """Yield slices of elements whose scan takes near 60 MB."""
    size = max(1, 60_000_000 // (4 * max(1, length * channels)))
    for start in range(0, n_elements, size):
        yield slice(start, min(n_elements, start + size))


def bank_weights(pwms: Sequence[NDArray[np.float64]]) -> Tensor:
    """Return filters (5 W, 2 M) float32, rows window position by channel: M forward, then M on the reverse strand.

    The channels are the four letters and the background's surprise. A filter's response to a window is
    log P(window | PWM) - log P(window | background) in nats; the window starts at the response's position whatever
    the strand. Shorter PWMs end early.
    """
    width = max(len(pwm) for pwm in pwms)
    weights = np.zeros((2 * len(pwms), width, 5), dtype=np.float32)
    for index, pwm in enumerate(pwms):
        weights[index, : len(pwm), :4] = np.log(pwm)
        weights[len(pwms) + index, : len(pwm), :4] = np.log(pwm[::-1, ::-1])
        weights[[index, len(pwms) + index], : len(pwm), 4] = 1.0
    return torch.from_numpy(weights.reshape(2 * len(pwms), -1).T.copy())


def scan_windows(codes: ByteArray, surprise: FloatArray, width: int) -> Tensor:
    """Return every window of width W as one row, (N, L, 5 W) float32: one-hot letters (none for N) and the surprise."""
    n, length = codes.shape
    hot = np.zeros((n, length + width - 1, 5), dtype=np.float32)
    for letter in range(4):
        hot[:, :length, letter] = codes == letter
    hot[:, :length, 4] = surprise
    flat = torch.from_numpy(hot)
    return flat.as_strided((n, length, 5 * width), ((length + width - 1) * 5, 5, 1)).contiguous()


def scores(windows: Tensor, weights: Tensor, widths: Sequence[int]) -> Tensor:
    """Return log-odds (N, 2, M, L) in nats; strand 0 forward, 1 reverse; ``NEVER`` where the site would stick out.

    One matrix product: on CPUs it is two to four times faster than a one-dimensional convolution of this shape.
    """
    n, length, _ = windows.shape
    response = (weights.T @ windows.reshape(n * length, -1).T).reshape(2, len(widths), n, length)
    for index, width in enumerate(widths):
        response[:, index, :, max(0, length - width + 1) :] = NEVER
    return response.permute(2, 0, 1, 3)


def strand_scores(
    codes: ByteArray, surprise: FloatArray, pwms: Sequence[NDArray[np.float64]]
) -> Iterator[tuple[slice, Tensor]]:
    """Yield (slice of elements, log-odds (n, 2, M, L) in nats), chunk by chunk."""
    weights = bank_weights(pwms)
    widths = [len(pwm) for pwm in pwms]
    with torch.no_grad():
        for part in chunks(len(codes), codes.shape[1], weights.shape[0] + 2 * len(pwms)):
            yield part, scores(scan_windows(codes[part], surprise[part], max(widths)), weights, widths)
