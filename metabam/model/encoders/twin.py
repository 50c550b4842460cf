"""Encoders as differentiable functions of DNA: what attribution by gradients needs.

A twin reads letters as numbers, (N, 4, L) over A, C, G, T, an unknown base being zero in all four. On DNA it answers
what its encoder answers, up to rounding; between letters it is the smooth function that the same formulas give.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from metabam.errors import ConfigError
from metabam.model.discovery.calibrate import Calibration
from metabam.model.discovery.dictionary import MotifDictionary
from metabam.model.discovery.periodicity import Periodicity
from metabam.model.discovery.reader import SideReader
from metabam.model.discovery.scan import NEVER, gc_share
from metabam.model.encoders.base import PairEncoder
from metabam.model.encoders.cnn import CnnEncoder, PairNetwork
from metabam.model.encoders.motif import MotifEncoder
from metabam.model.encoders.recalling import RecallingEncoder
from metabam.records import ByteArray, FloatArray


def twin_of(encoder: PairEncoder, enhancer: ByteArray, promoter: ByteArray) -> nn.Module:
    """Return a module (enhancer (N, 4, L_E), promoter (N, 4, L_P)) -> z_q (N, D), differentiable in both.

    Parameters
    ----------
    encoder
        ``motif`` or ``cnn``; it is not changed, and its weights ask for no gradient.
    enhancer, promoter
        (L_E,) and (L_P,) uint8 codes of the pair to be explained. The motif dictionary's background depends on an
        element's GC share by strata; that of this pair is used throughout, which is exact for dinucleotide shuffles.

    Raises
    ------
    ConfigError
        ``no-twin`` for another kind of encoder.
    """
    if isinstance(encoder, RecallingEncoder):
        return RecallTwin(twin_of(encoder.inner, enhancer, promoter), encoder.displacement_of(enhancer, promoter))
    if isinstance(encoder, CnnEncoder):
        return CnnTwin(encoder)
    if isinstance(encoder, MotifEncoder):
        return MotifTwin(encoder.dictionary, enhancer, promoter)
    raise ConfigError("no-twin", f"encoder {encoder.kind!r} has no differentiable twin.", "Use feature ablation.")


class RecallTwin(nn.Module):
    """Another twin, followed by a displacement (D,) that no letter moves."""

    held: Tensor

    def __init__(self, inner: nn.Module, held: FloatArray) -> None:
        super().__init__()
        self.inner = inner
        self.register_buffer("held", torch.from_numpy(np.asarray(held, dtype=np.float32)))

    def forward(self, enhancer: Tensor, promoter: Tensor) -> Tensor:
        """Return z_q and the displacement, (N, 2 D)."""
        z = self.inner(enhancer, promoter)
        return torch.cat([z, self.held.expand(len(z), -1)], dim=1)


class CnnTwin(nn.Module):
    """The ``cnn`` encoder on numbers instead of codes: both strands read, their mean standardised."""

    mean: Tensor
    std: Tensor

    def __init__(self, encoder: CnnEncoder) -> None:
        super().__init__()
        self.network = encoder.network
        self.register_buffer("mean", torch.from_numpy(np.asarray(encoder.mean, dtype=np.float32)))
        self.register_buffer("std", torch.from_numpy(np.asarray(encoder.std, dtype=np.float32)))

    def forward(self, enhancer: Tensor, promoter: Tensor) -> Tensor:
        """Return z_q (N, D)."""
        sides = ((enhancer, promoter), (enhancer.flip(1, 2), promoter.flip(1, 2)))
        read = [self.network(_code(self.network, e, "enhancer"), _code(self.network, p, "promoter")) for e, p in sides]
        features: Tensor = (0.5 * (read[0] + read[1]) - self.mean) / self.std
        return features


def _code(network: PairNetwork, letters: Tensor, side: str) -> Tensor:
    stem = network.enhancer_stem if side == "enhancer" else network.promoter_stem
    activity = torch.relu(stem(letters))
    pooled = torch.cat([activity.amax(dim=2), activity.mean(dim=2)], dim=1)
    return torch.relu((network.enhancer_code if side == "enhancer" else network.promoter_code)(pooled))


class MotifTwin(nn.Module):
    """The ``motif`` encoder on numbers: calibrated sites, spaced pairs, periods and composition, then products."""

    mean: Tensor
    std: Tensor

    def __init__(self, dictionary: MotifDictionary, enhancer: ByteArray, promoter: ByteArray) -> None:
        super().__init__()
        self.columns = [(int(e), int(p)) for e, p in dictionary.columns]
        self.enhancer = SideTwin(dictionary.enhancer, sorted({e for e, _ in self.columns if e >= 0}), enhancer)
        self.promoter = SideTwin(dictionary.promoter, sorted({p for _, p in self.columns if p >= 0}), promoter)
        self.register_buffer("mean", torch.from_numpy(np.asarray(dictionary.mean, dtype=np.float32)))
        self.register_buffer("std", torch.from_numpy(np.asarray(dictionary.std, dtype=np.float32)))

    def forward(self, enhancer: Tensor, promoter: Tensor) -> Tensor:
        """Return z_q (N, D)."""
        e, p = self.enhancer(enhancer), self.promoter(promoter)
        one = torch.ones(len(enhancer), dtype=enhancer.dtype)
        raw = [(e[a] if a >= 0 else one) * (p[b] if b >= 0 else one) for a, b in self.columns]
        features: Tensor = (torch.stack(raw, dim=1) - self.mean) / self.std
        return features


class SideTwin(nn.Module):
    """One side's codes that the features use, by number: ``forward`` returns them as a table code -> (N,).

    Parameters
    ----------
    reader, wanted
        The side's reader and the numbers of the codes.
    codes
        (L,) of the element explained: its GC stratum is the background's.
    """

    filters: Tensor
    log_step: Tensor

    def __init__(self, reader: SideReader, wanted: Sequence[int], codes: ByteArray) -> None:
        super().__init__()
        n, spaced = len(reader.motifs), len(reader.spaced)
        self.reader, self.wanted = reader, list(wanted)
        self.sites = [code for code in wanted if code < n + spaced]
        pairs = [reader.spaced[code - n] for code in self.sites if code >= n]
        self.used = sorted({code for code in self.sites if code < n} | {m for s in pairs for m in (s.first, s.second)})
        self.place = {motif: at for at, motif in enumerate(self.used)}
        self.widths = [len(reader.pwms[motif]) for motif in self.used]
        self.register_buffer("filters", _filters([reader.pwms[motif] for motif in self.used]))
        stratum = int(np.searchsorted(reader.background.edges, gc_share(codes[None]))[0])
        self.register_buffer("log_step", torch.from_numpy(reader.background.log_step[stratum].astype(np.float32)))

    def forward(self, letters: Tensor) -> dict[int, Tensor]:
        """Return each wanted code (N,) of elements (N, 4, L)."""
        out: dict[int, Tensor] = {}
        n, spaced, periods = len(self.reader.motifs), len(self.reader.spaced), len(self.reader.periods)
        scores = self._scores(letters) if self.sites else None
        for code in self.wanted:
            if code < n + spaced and scores is not None:
                odds = self._site(scores, code) if code < n else self._pair(scores, code - n)
                out[code] = -torch.expm1(-nn.functional.softplus(odds).sum(dim=1))
            elif code < n + spaced + periods:
                at = code - n - spaced
                strength = period_strength(letters, self.reader.periods[at])
                out[code] = torch.sigmoid(log_odds(self.reader.period_calibration[at], strength))
            else:
                out[code] = shares(letters)[code - n - spaced - periods]
        return out

    def _scores(self, letters: Tensor) -> Tensor:
        """Return log-odds (N, 2, M, L) in nats as :func:`metabam.model.discovery.scan.scores` does."""
        length = letters.shape[2]
        missing = (1.0 - letters.sum(dim=1, keepdim=True)).clamp(min=0.0)
        previous = torch.cat([letters, missing], dim=1)
        first = torch.zeros_like(previous[:, :, :1])
        first[:, 4] = 1.0
        previous = torch.cat([first, previous[:, :, :-1]], dim=2)
        surprise = -torch.einsum("nal,ab,nbl->nl", previous, self.log_step, letters).unsqueeze(1)
        widest = max(self.widths)
        padded = nn.functional.pad(torch.cat([letters, surprise], dim=1), (0, widest - 1))
        response = nn.functional.conv1d(padded, self.filters).reshape(len(letters), 2, len(self.used), length)
        outside = torch.zeros(len(self.used), length, dtype=torch.bool)
        for at, width in enumerate(self.widths):
            outside[at, max(0, length - width + 1) :] = True
        return response.masked_fill(outside, NEVER)

    def _site(self, scores: Tensor, code: int) -> Tensor:
        return log_odds(self.reader.motif_calibration[code], scores[:, :, self.place[code]].amax(dim=1))

    def _pair(self, scores: Tensor, number: int) -> Tensor:
        """Return the log-odds (N, L) of a spaced pair, as ``metabam.model.discovery.spacing.spaced_scores`` does."""
        pair, length, out = self.reader.spaced[number], scores.shape[3], []
        turns = (
            (pair.first, pair.first_strand, pair.second, pair.second_strand),
            (pair.second, 1 - pair.second_strand, pair.first, 1 - pair.first_strand),
        )
        for one, one_strand, two, two_strand in turns:
            offset = self.widths[self.place[one]] + pair.gap
            if offset >= length:
                continue
            first = scores[:, one_strand, self.place[one], : length - offset]
            second = scores[:, two_strand, self.place[two], offset:]
            known = self.reader.motif_calibration
            alone = torch.logaddexp(log_odds(known[one], first), log_odds(known[two], second))
            turn = first + second - nn.functional.softplus(alone)
            out.append(nn.functional.pad(turn, (0, offset), value=NEVER))
        best = torch.stack(out).amax(dim=0) if out else torch.full((len(scores), length), NEVER)
        return log_odds(self.reader.spaced_calibration[number], best)


def log_odds(calibration: Calibration, score: Tensor) -> Tensor:
    """Return log P / (1 - P) of a score."""
    return score * calibration.slope + (calibration.intercept - math.log(calibration.rest))


def period_strength(letters: Tensor, period: Periodicity) -> Tensor:
    """Return the amplitude at a period (N,) of letters (N, 4, L), as :meth:`Periodicity.strength` does."""
    n, _, length = letters.shape
    steps = (letters[:, :, None, :-1] * letters[:, None, :, 1:]).reshape(n, 16, length - 1)
    steps = steps - steps.mean(dim=2, keepdim=True)
    phase = 2 * math.pi * torch.arange(length - 1, dtype=letters.dtype) / period.period
    cosine, sine = phase.cos() / math.sqrt(length), phase.sin() / math.sqrt(length)
    loading = torch.from_numpy(np.asarray(period.loading))
    real, imaginary = (
        torch.einsum("i,nil->nl", part.to(letters.dtype), steps) for part in (loading.real, -loading.imag)
    )
    power = (real * cosine + imaginary * sine).sum(dim=1).square()
    power = power + (imaginary * cosine - real * sine).sum(dim=1).square()
    return (power / period.scale + 1e-12).sqrt()


def shares(letters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return GC share, log2 CpG observed / expected and AT skew (N,), as the dictionary's composition does."""
    a, c, g, t = letters.sum(dim=2).unbind(dim=1)
    known = (a + c + g + t).clamp(min=1.0)
    cpg = (letters[:, 1, :-1] * letters[:, 2, 1:]).sum(dim=1)
    ratio = torch.log2((cpg + 1.0) / (c * g / known + 1.0))
    return (c + g) / known, ratio, (a - t).abs() / (a + t).clamp(min=1.0)


def _filters(pwms: Sequence[NDArray[np.float64]]) -> Tensor:
    """Return filters (2 M, 5, W) over letters and surprise: M forward, then M on the reverse strand."""
    if not pwms:
        return torch.zeros(0, 5, 1)
    weights = np.zeros((2 * len(pwms), 5, max(len(pwm) for pwm in pwms)), dtype=np.float32)
    for at, pwm in enumerate(pwms):
        for place, matrix in ((at, pwm), (len(pwms) + at, pwm[::-1, ::-1])):
            weights[place, :4, : len(pwm)] = np.log(matrix).T
            weights[place, 4, : len(pwm)] = 1.0
    return torch.from_numpy(weights)
