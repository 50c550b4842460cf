"""Decoupling heads: a beta-VAE (Higgins et al., ICLR 2017) and a FactorVAE (doi:10.48550/arXiv.1802.05983) on F.

Both reconstruct the standardised pair features from a small latent z of F = [F_common, F_specific]. FactorVAE adds the
total correlation of z; for a latent this small the Gaussian closed form stands in for its discriminator.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


def total_correlation(codes: Tensor) -> Tensor:
    """Return ``-1/2 log det corr(z)`` in nats of codes (N, Z): 0 for uncorrelated codes, ``-1/2 log(1 - r^2)`` for two.

    It is KL(q(z) || prod_j q(z_j)) for Gaussian z and sees linear dependence alone. A constant code counts as
    uncorrelated; perfectly correlated ones give a large finite value.
    """
    centred = codes - codes.mean(0)
    scaled = centred / centred.square().mean(0).clamp(min=1e-12).sqrt()
    width = codes.shape[-1]
    eye = torch.eye(width, dtype=codes.dtype, device=codes.device)
    correlation = scaled.T @ scaled / len(codes)
    correlation = correlation * (1.0 - eye) + eye
    log_det: Tensor = torch.linalg.slogdet((1.0 - 1e-6) * correlation + 1e-6 * eye)[1]
    return -0.5 * log_det


class LatentTerms(NamedTuple):
    """Mean over pairs, in nats: reconstruction of unit-variance features, KL to N(0, I); and the total correlation."""

    reconstruction: Tensor
    kl: Tensor
    total_correlation: Tensor


class LatentHead(nn.Module):
    """q(z | F) = N(mu, diag(s^2)) and a decoder of the pair features; used in training only."""

    def __init__(self, width: int, latent: int, n_features: int) -> None:
        super().__init__()
        self.encode = nn.Linear(width, 2 * latent)
        self.decode = nn.Sequential(nn.Linear(latent, width), nn.GELU(), nn.Linear(width, n_features))

    def forward(self, embedded: Tensor, features: Tensor, generator: torch.Generator) -> LatentTerms:
        """Return the terms of pairs F (N, d) with standardised features (N, D)."""
        mean, log_scale = self.encode(embedded).chunk(2, dim=-1)
        noise = torch.randn(mean.shape, generator=generator)
        codes = mean + log_scale.exp() * noise
        reconstruction = 0.5 * (self.decode(codes) - features).square().sum(-1).mean()
        kl = (0.5 * (mean.square() + (2.0 * log_scale).exp() - 1.0) - log_scale).sum(-1).mean()
        return LatentTerms(reconstruction, kl, total_correlation(codes))
