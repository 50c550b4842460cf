"""Multi-resolution match (Plan 34 s2.5): how strongly a pair matches an atom in frequency, and in wavelet bands.

By Parseval the inner product of two full spectra is the inner product of the signals times the length, so
``Sim(FFT(z), FFT(v))`` read literally repeats the dot product. Amplitudes are compared instead (free of phase), by
default along the DNA: a 10.5 bp period lives there, not among the channels of z_q. What is needed of the track travels
as columns behind z_q (:class:`~metabam.records.FeatureLayout`).

An atom's activation track is ``a_k(n) = sum_c u_kc x_c(n)``. Each match has weight w_k, born at zero: p_k starts as the
plain match. Standardised, each is about as large as one feature.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from metabam.config import ModelConfig
from metabam.errors import ConfigError
from metabam.records import FeatureLayout, TrackUse

_RAYLEIGH_MEAN = (torch.pi / 4.0) ** 0.5  # of an amplitude whose mean square is 1 and whose phase is chance
_RAYLEIGH_SD = (1.0 - torch.pi / 4.0) ** 0.5
_TINY = 1e-8


class FourierMatch(nn.Module):
    """``w_k sum_f t_kf (|A_k(f)| / rms_k(f) - m) / s`` with ``A_k(f) = sum_c u_kc X_c(f)``.

    X are the cached coefficients, linear in the track, so the amplitude is that of the atom's own track, whatever
    channels it sums: channels in step with one another add up. ``rms_k(f)`` is its root mean square over the training
    pairs; m and s are mean and standard deviation of an amplitude of random phase. The template t_k (a softmax) is the
    atom's share of each period.
    """

    power: Tensor

    def __init__(self, n_atoms: int, n_channels: int, n_periods: int) -> None:
        super().__init__()
        self.channel = nn.Parameter(torch.randn(n_atoms, n_channels) * n_channels**-0.5)
        self.template = nn.Parameter(torch.zeros(n_atoms, n_periods))
        self.weight = nn.Parameter(torch.zeros(n_atoms))
        self.register_buffer("power", torch.eye(n_channels).expand(n_periods, -1, -1).clone())

    def fit_(self, coefficients: Tensor) -> None:
        """Set the scale from training pairs' coefficients (N, C, F, 2), in place."""
        with torch.no_grad():
            self.power.copy_(torch.einsum("ncfx,ndfx->fcd", coefficients, coefficients) / len(coefficients))

    def share(self) -> Tensor:
        """Return t (K, F), rows sum to 1."""
        return self.template.softmax(-1)

    def amplitudes(self, coefficients: Tensor) -> Tensor:
        """Return |A_k(f)| / rms_k(f), (..., K, F), of coefficients (..., C, F, 2)."""
        mixed = torch.einsum("kc,...cfx->...kfx", self.channel, coefficients)
        mean_square = torch.einsum("kc,fcd,kd->kf", self.channel, self.power, self.channel)
        relative: Tensor = ((mixed.square().sum(-1) + _TINY) / (mean_square + _TINY)).sqrt()
        return relative

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the weighted match (..., K) of coefficients (..., C, F, 2)."""
        standard = (self.amplitudes(coefficients) - _RAYLEIGH_MEAN) / _RAYLEIGH_SD
        match: Tensor = self.weight * (standard * self.share()).sum(-1)
        return match


class WaveletMatch(nn.Module):
    """``w_k sum_b t_kb sum_c u_kc e_cb`` of standardised band amplitudes e: root mean square of channel c in band b.

    Energies of single channels are cached, not coefficients: the energy of a sum of channels has cross terms that they
    lack. An atom that reads one channel needs none; for sums it is an approximation (metabam/MODEL.md says how close).
    u_k has length 1; the template t_k (a softmax) is the atom's share of each band, fine to broad.
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, n_atoms: int, n_channels: int, n_bands: int) -> None:
        super().__init__()
        self.channel = nn.Parameter(torch.randn(n_atoms, n_channels) * n_channels**-0.5)
        self.template = nn.Parameter(torch.zeros(n_atoms, n_bands))
        self.weight = nn.Parameter(torch.zeros(n_atoms))
        self.register_buffer("centre", torch.zeros(n_channels, n_bands))
        self.register_buffer("scale", torch.ones(n_channels, n_bands))

    def fit_(self, energies: Tensor) -> None:
        """Set centre and scale from training pairs' energies (N, C, W_b), in place; a constant counts for nothing."""
        amplitude = energies.clamp(min=0.0).sqrt()
        with torch.no_grad():
            spread = amplitude.std(0)
            self.centre.copy_(amplitude.mean(0))
            self.scale.copy_(torch.where(spread > 1e-5 * (1.0 + self.centre), spread, torch.inf))

    def share(self) -> Tensor:
        """Return t (K, W_b), rows sum to 1."""
        return self.template.softmax(-1)

    def forward(self, energies: Tensor) -> Tensor:
        """Return the weighted match (..., K) of energies (..., C, W_b)."""
        standard = (energies.clamp(min=0.0).sqrt() - self.centre) / self.scale
        unit = nn.functional.normalize(self.channel, dim=-1)
        match: Tensor = self.weight * torch.einsum("kc,kb,...cb->...k", unit, self.share(), standard)
        return match


class ChannelMatch(nn.Module):
    """``w_k sqrt(D) cos(|FFT z|, |FFT v_k|)`` along the channels of z_q: the seed's formula with amplitudes.

    Half spectra stand for full ones: bins that have a mirror image count twice. The order of the channels of z_q is an
    accident of the encoder, and so is this spectrum; it is kept for comparison.
    """

    def __init__(self, n_atoms: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_atoms))

    def forward(self, z: Tensor, atoms: Tensor) -> Tensor:
        """Return the weighted match (..., K) of z (..., D) and V (K, D)."""
        cosine = half_spectrum(z) @ half_spectrum(atoms).T
        match: Tensor = self.weight * cosine * z.shape[-1] ** 0.5
        return match


def half_spectrum(vectors: Tensor) -> Tensor:
    """Return unit amplitude spectra (..., D // 2 + 1), bins weighted so that inner products are those of full ones."""
    size = vectors.shape[-1]
    spectrum = torch.fft.rfft(vectors)
    twice = torch.full((spectrum.shape[-1],), 2.0**0.5, dtype=vectors.dtype, device=vectors.device)
    twice[0] = 1.0
    if size % 2 == 0:
        twice[-1] = 1.0
    amplitude = (spectrum.real.square() + spectrum.imag.square() + _TINY).sqrt()
    return nn.functional.normalize(amplitude * twice, dim=-1)


class MultiscaleMatch(nn.Module):
    """The matches that a configuration asks for, summed.

    Raises
    ------
    ConfigError
        ``no-track``: a match along the DNA is asked for and the features carry no coefficients for it.
    """

    def __init__(self, config: ModelConfig, layout: FeatureLayout) -> None:
        super().__init__()
        if (config.fourier_track and not layout.periods) or (config.wavelet != "off" and not layout.bands):
            raise ConfigError(
                "no-track",
                "model.fourier and model.wavelet read the position track, and these features carry nothing of it.",
                "Make the features with these settings, or use fourier_axis=channel.",
            )
        self.layout = layout
        n_atoms, n_channels = config.n_atoms, len(layout.channels)
        self.fourier = FourierMatch(n_atoms, n_channels, len(layout.periods)) if config.fourier_track else None
        self.wavelet = WaveletMatch(n_atoms, n_channels, len(layout.bands)) if config.wavelet != "off" else None
        self.channel = ChannelMatch(n_atoms) if config.fourier and not config.fourier_track else None

    def _waves(self, features: Tensor) -> Tensor:
        shape = (len(self.layout.channels), len(self.layout.periods), 2)
        return features[..., self.layout.fourier].reshape(*features.shape[:-1], *shape)

    def _energies(self, features: Tensor) -> Tensor:
        shape = (len(self.layout.channels), len(self.layout.bands))
        return features[..., self.layout.wavelet].reshape(*features.shape[:-1], *shape)

    def fit_(self, features: Tensor) -> None:
        """Set the scales of all matches from training pairs (N, W), in place."""
        if self.fourier is not None:
            self.fourier.fit_(self._waves(features))
        if self.wavelet is not None:
            self.wavelet.fit_(self._energies(features))

    def forward(self, features: Tensor, z: Tensor, atoms: Tensor) -> Tensor:
        """Return what is added to the plain match, (..., K), of features (..., W) with z_q (..., D) standardised."""
        total = torch.zeros(*z.shape[:-1], len(atoms), dtype=z.dtype, device=z.device)
        if self.fourier is not None:
            total = total + self.fourier(self._waves(features))
        if self.wavelet is not None:
            total = total + self.wavelet(self._energies(features))
        if self.channel is not None:
            total = total + self.channel(z, atoms)
        return total

    def uses(self) -> tuple[TrackUse, ...]:
        """Return what each atom reads of the track, one record per match along the DNA: what an atom card shows."""
        found = []
        if self.fourier is not None:
            labels = tuple(f"{period:g} bp" for period in self.layout.periods)
            found.append(_use("fourier", labels, self.layout.channels, self.fourier))
        if self.wavelet is not None:
            names = [
                f"{low:g}-{high:g} bp" if np.isfinite(high) else f"over {low:g} bp" for low, high in self.layout.bands
            ]
            found.append(_use("wavelet", tuple(names), self.layout.channels, self.wavelet))
        return tuple(found)


def _use(kind: str, labels: tuple[str, ...], channels: tuple[str, ...], match: FourierMatch | WaveletMatch) -> TrackUse:
    unit = nn.functional.normalize(match.channel, dim=-1)
    return TrackUse(kind, labels, channels, _array(match.weight), _array(match.share()), _array(unit))


def _array(tensor: Tensor) -> NDArray[np.float64]:
    return np.asarray(tensor.detach().cpu().numpy(), dtype=np.float64)
