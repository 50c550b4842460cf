"""The motif scanner of CBAT: convolution filters, started at random or from motifs found without labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from metabam.model.encoders.training import one_hot
from metabam.records import ByteArray

_SCANNED = 400  # elements whose scores set a filter's threshold
_QUANTILE = 0.995
_RANDOM_SHARE = 0.25


class MotifStem(nn.Module):
    """Conv1d over one-hot DNA, GELU; then the best of ``pool`` positions as one token.

    Parameters
    ----------
    channels, width
        Filters, and their length in bp.
    pool
        bp per token; the last token may hold fewer.
    """

    def __init__(self, channels: int, width: int, pool: int) -> None:
        super().__init__()
        self.scan = nn.Conv1d(4, channels, width, padding="same")
        self.pool = pool

    def activity(self, codes: ByteArray) -> Tensor:
        """Return filter activity along elements (N, L) uint8, (N, channels, L)."""
        return nn.functional.gelu(self.scan(one_hot(codes)))

    def forward(self, codes: ByteArray) -> Tensor:
        """Return the best activity of each ``pool`` positions, (N, tokens, channels)."""
        best = nn.functional.max_pool1d(self.activity(codes), self.pool, ceil_mode=True)
        return best.transpose(1, 2)

    def known(self, codes: ByteArray) -> Tensor:
        """Return which tokens hold a known letter, (N, tokens) bool.

        The first token counts as known where the whole element is N, so that something is always there to look at.
        """
        letters = torch.from_numpy(codes < 4).to(torch.float32)[:, None]
        found = nn.functional.max_pool1d(letters, self.pool, ceil_mode=True)[:, 0] > 0
        found[:, 0] |= ~found.any(dim=1)
        return found

    def start_from(self, pwms: Sequence[NDArray[np.float64]], codes: ByteArray) -> int:
        """Set filters to log-odds of motifs, one per strand, and return how many channels they fill.

        A quarter of the channels at least keeps its random start. Filter and bias are scaled so that the
        99.5 % quantile of scores over (at most 400 of) the elements ``codes`` is 0 and an average true site 2.
        """
        width, room = self.scan.kernel_size[0], int(self.scan.out_channels * (1 - _RANDOM_SHARE)) // 2
        kept = [motif_core(np.asarray(pwm), width) for pwm in pwms[:room]]
        if not kept:
            return 0
        odds = np.stack([one for pwm in kept for one in (_log_odds(pwm, width), _log_odds(pwm[::-1, ::-1], width))])
        step = max(1, len(codes) // _SCANNED)
        weight = torch.from_numpy(odds.astype(np.float32))
        scores = nn.functional.conv1d(one_hot(codes[::step][:_SCANNED]), weight, padding="same")
        high = np.quantile(scores.transpose(0, 1).flatten(1).numpy(), _QUANTILE, axis=1)
        true = np.array([score for pwm in kept for score in (_mean_score(pwm),) * 2])
        gain = torch.from_numpy((2.0 / np.maximum(true - high, 1.0)).astype(np.float32))
        with torch.no_grad():
            self.scan.weight[: len(odds)] = weight * gain[:, None, None]
            if self.scan.bias is not None:
                self.scan.bias[: len(odds)] = -gain * torch.from_numpy(high.astype(np.float32))
        return len(odds)


def motif_core(pwm: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the ``width`` neighbouring columns of a PWM (w, 4) that hold most information, or all of a shorter one."""
    if len(pwm) <= width:
        return pwm
    bits = (pwm * np.log(np.maximum(pwm, 1e-9) / 0.25)).sum(axis=1)
    start = int(np.convolve(bits, np.ones(width), mode="valid").argmax())
    return pwm[start : start + width]


def _log_odds(pwm: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return log(p / 0.25) of a PWM in the middle of a filter (4, width), in nats; 0 elsewhere."""
    out = np.zeros((4, width))
    start = (width - len(pwm)) // 2
    out[:, start : start + len(pwm)] = np.log(np.maximum(pwm, 1e-3) / 0.25).T
    return out


def _mean_score(pwm: NDArray[np.float64]) -> float:
    """Return the expected log-odds of a true site, in nats."""
    return float((pwm * np.log(np.maximum(pwm, 1e-3) / 0.25)).sum())
