"""Variational neural context (Plan 34 s2.2): q(z_c | S), a Gaussian over what kind of cell line a support comes from.

Every form takes any S >= 0, returns the prior N(0, I) at S = 0 and does not depend on the order of the support. A
support pair enters as its mechanism states and its label, measured against what the pooled model (z_c = 0) expected
of it.

Default: Bayesian aggregation. Pair i emits a natural parameter r_i (Z,) and a rank-one precision u_i u_i^T (Z, Z);
the posterior adds them: ``precision = I + sum_i u_i u_i^T``, ``mean = precision^-1 sum_i r_i``. With u_i = sqrt(p_i
(1 - p_i)) E h_i and r_i = (y_i - p_i) E h_i this is the first Newton step of Bayesian logistic regression along Z
directions, which is what E starts as; a learned correction, born at zero, bends it. A further pair can only shrink
the posterior.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from metabam.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ContextPosterior:
    """q(z_c | S): ``mean`` (..., Z) and ``scale`` (..., Z, Z), covariance = scale scale^T."""

    mean: Tensor
    scale: Tensor

    @property
    def variance(self) -> Tensor:
        """Return the marginal variances, (..., Z)."""
        return self.scale.square().sum(-1)

    @property
    def std(self) -> Tensor:
        """Return the marginal standard deviations, (..., Z)."""
        return self.variance.sqrt()

    @property
    def covariance(self) -> Tensor:
        """Return the covariance, (..., Z, Z)."""
        return self.scale @ self.scale.transpose(-1, -2)

    def draw(self, noise: Tensor) -> Tensor:
        """Return mean + scale noise for standard normal ``noise`` (..., Z)."""
        return self.mean + (self.scale @ noise.unsqueeze(-1)).squeeze(-1)

    def kl_to_prior(self) -> Tensor:
        """Return KL(q || N(0, I)) split over latent dimensions, (..., Z) nats, by marginals plus their coupling.

        The marginal terms are exact per dimension; what the correlations add is spread evenly, so that the sum is
        the KL.
        """
        variance = self.variance
        marginal = 0.5 * (variance + self.mean.square() - 1.0 - variance.log())
        log_det = 2.0 * torch.linalg.slogdet(self.scale)[1]
        coupling = 0.5 * (variance.log().sum(-1) - log_det)
        kl: Tensor = marginal + coupling.unsqueeze(-1) / variance.shape[-1]
        return kl


def kl_between(first: ContextPosterior, second: ContextPosterior) -> Tensor:
    """Return KL(first || second) in nats, (...)."""
    z = first.mean.shape[-1]
    spread = torch.linalg.solve(second.scale, first.scale)
    gap = torch.linalg.solve(second.scale, (second.mean - first.mean).unsqueeze(-1)).squeeze(-1)
    log_det = 2.0 * (torch.linalg.slogdet(second.scale)[1] - torch.linalg.slogdet(first.scale)[1])
    kl: Tensor = 0.5 * (spread.square().sum((-1, -2)) + gap.square().sum(-1) - z + log_det)
    return kl


class LearnedPrior(nn.Module):
    """p(z_c) = N(mean, factor factor^T), learned instead of N(0, I); starts as N(0, I) until the lines shape it.

    An aggregation returns what it would under N(0, I) around the prior's mean; :meth:`update` exchanges the prior:
    with evidence ``Lambda = C^-1 - I`` and ``eta = C^-1 m`` of a posterior N(m, C), the new one has precision
    ``P0 + Lambda`` and mean ``mean + (P0 + Lambda)^-1 eta``. Without support that is the prior itself.
    """

    def __init__(self, context_dim: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(context_dim))
        self.log_diagonal = nn.Parameter(torch.zeros(context_dim))
        self.lower = nn.Parameter(torch.zeros(context_dim, context_dim))

    @property
    def factor(self) -> Tensor:
        """Return the lower triangular factor (Z, Z) of the prior covariance."""
        return torch.tril(self.lower, -1) + torch.diag(self.log_diagonal.exp())

    def set_(self, mean: Tensor, covariance: Tensor) -> None:
        """Set mean (Z,) and covariance (Z, Z), in place."""
        with torch.no_grad():
            lower = torch.linalg.cholesky(covariance)
            self.mean.copy_(mean)
            self.log_diagonal.copy_(lower.diagonal().log())
            self.lower.copy_(torch.tril(lower, -1))

    def gaussian(self) -> ContextPosterior:
        """Return the prior itself."""
        return ContextPosterior(self.mean, self.factor)

    def update(self, posterior: ContextPosterior) -> ContextPosterior:
        """Return the posterior under this prior of the evidence in ``posterior``, which had N(0, I)."""
        inverse = torch.linalg.inv(posterior.scale)
        eye = torch.eye(len(self.mean), dtype=self.mean.dtype, device=self.mean.device)
        evidence = inverse.transpose(-1, -2) @ inverse
        natural = evidence @ posterior.mean.unsqueeze(-1)
        inner = torch.linalg.solve_triangular(self.factor, eye, upper=False)
        scale = _inverse_factor(inner.T @ inner + evidence - eye)
        shift = (scale @ (scale.transpose(-1, -2) @ natural)).squeeze(-1)
        return ContextPosterior(self.mean + shift, torch.linalg.cholesky(scale @ scale.transpose(-1, -2)))

    def whiten(self, posterior: ContextPosterior) -> ContextPosterior:
        """Return ``posterior`` in coordinates in which this prior is N(0, I)."""
        mean = torch.linalg.solve_triangular(self.factor, (posterior.mean - self.mean).unsqueeze(-1), upper=False)
        return ContextPosterior(
            mean.squeeze(-1), torch.linalg.solve_triangular(self.factor, posterior.scale, upper=False)
        )


def _inverse_factor(precision: Tensor) -> Tensor:
    """Return L with L L^T = precision^-1."""
    lower = torch.linalg.cholesky(precision)
    eye = torch.eye(precision.shape[-1], dtype=precision.dtype, device=precision.device)
    inverse: Tensor = torch.linalg.solve_triangular(lower, eye.expand_as(precision), upper=False)
    return inverse.transpose(-1, -2)


class BayesAggregation(nn.Module):
    """Sums of per-pair natural parameters and precisions; see the module's first lines.

    A last, hidden coordinate stands for the support's unknown base rate (a support may be balanced) and is
    marginalised.
    """

    def __init__(self, n_atoms: int, context_dim: int, hidden: int) -> None:
        super().__init__()
        self.context_dim = context_dim
        self.encode = nn.Parameter(torch.zeros(context_dim, n_atoms))
        self.weight = nn.Parameter(torch.zeros(()))
        self.nuisance = nn.Parameter(torch.zeros(()))
        self.inner = nn.Linear(2 * n_atoms + 2, hidden)
        self.outer = nn.Linear(hidden, context_dim, bias=False)
        nn.init.zeros_(self.outer.weight)

    def contributions(self, states: Tensor, labels: Tensor, logits: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return r (..., S, Z + 1) and u (..., S, Z + 1) of each support pair; zero where ``mask`` is 0."""
        probability = torch.sigmoid(logits)
        surprise = (labels - probability).unsqueeze(-1)
        certainty = (probability * (1.0 - probability) + 1e-12).sqrt().unsqueeze(-1)
        signed = 2.0 * labels.unsqueeze(-1) - 1.0
        bend = self.outer(
            nn.functional.gelu(self.inner(torch.cat([states, states * signed, signed, logits.unsqueeze(-1)], dim=-1)))
        )
        along = torch.cat([states @ self.encode.T, self.nuisance.exp().expand_as(surprise)], dim=-1)
        bend = torch.cat([bend, torch.zeros_like(surprise)], dim=-1)
        trust = self.weight.exp()
        keep = mask.unsqueeze(-1)
        return keep * (trust * surprise * along + bend), keep * (trust.sqrt() * certainty * along)

    def forward(self, states: Tensor, labels: Tensor, logits: Tensor, mask: Tensor) -> ContextPosterior:
        """Return q(z_c | S); see :class:`ContextEncoder`."""
        natural, root = self.contributions(states, labels, logits, mask)
        eye = torch.eye(root.shape[-1], dtype=root.dtype, device=root.device)
        scale = _inverse_factor(eye + root.transpose(-1, -2) @ root)
        mean = (scale @ (scale.transpose(-1, -2) @ natural.sum(-2).unsqueeze(-1))).squeeze(-1)
        z = self.context_dim
        marginal = torch.linalg.cholesky((scale @ scale.transpose(-1, -2))[..., :z, :z])
        return ContextPosterior(mean[..., :z], marginal)


class _Pooled(nn.Module):
    """Shared tail of the two set encoders: pooled (..., H) and S -> a Gaussian that is the prior at S = 0."""

    def __init__(self, hidden: int, context_dim: int) -> None:
        super().__init__()
        self.tail = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, 2 * context_dim))

    def forward(self, pooled: Tensor, mask: Tensor) -> ContextPosterior:
        count = mask.sum(-1, keepdim=True)
        mean, rate = self.tail(pooled).chunk(2, dim=-1)
        reach = count / (count + 8.0)
        precision = 1.0 + count * nn.functional.softplus(rate - 3.0)
        return ContextPosterior(reach * mean, torch.diag_embed(precision.rsqrt()))


class DeepSetAggregation(nn.Module):
    """Mean over per-pair codes, then a Gaussian head (doi:10.48550/arXiv.1703.06114)."""

    def __init__(self, n_atoms: int, context_dim: int, hidden: int) -> None:
        super().__init__()
        self.item = nn.Sequential(nn.Linear(2 * n_atoms + 3, hidden), nn.GELU(), nn.Linear(hidden, hidden))
        self.pool = _Pooled(hidden, context_dim)

    def forward(self, states: Tensor, labels: Tensor, logits: Tensor, mask: Tensor) -> ContextPosterior:
        """Return q(z_c | S); see :class:`ContextEncoder`."""
        codes = self.item(_items(states, labels, logits)) * mask.unsqueeze(-1)
        posterior: ContextPosterior = self.pool(codes.sum(-2) / mask.sum(-1, keepdim=True).clamp(min=1.0), mask)
        return posterior


class SetTransformerAggregation(nn.Module):
    """One self-attention block, then pooling by a learned query (doi:10.48550/arXiv.1810.00825)."""

    def __init__(self, n_atoms: int, context_dim: int, hidden: int) -> None:
        super().__init__()
        self.item = nn.Linear(2 * n_atoms + 3, hidden)
        self.query, self.key, self.value = (nn.Linear(hidden, hidden) for _ in range(3))
        self.seed = nn.Parameter(torch.randn(hidden) * hidden**-0.5)
        self.pool = _Pooled(hidden, context_dim)

    def forward(self, states: Tensor, labels: Tensor, logits: Tensor, mask: Tensor) -> ContextPosterior:
        """Return q(z_c | S); see :class:`ContextEncoder`."""
        codes = nn.functional.gelu(self.item(_items(states, labels, logits)))
        codes = codes + self._attend(self.query(codes), codes, mask)
        pooled = self._attend(self.seed.expand(*codes.shape[:-2], 1, -1), codes, mask).squeeze(-2)
        posterior: ContextPosterior = self.pool(pooled, mask)
        return posterior

    def _attend(self, query: Tensor, codes: Tensor, mask: Tensor) -> Tensor:
        score = query @ self.key(codes).transpose(-1, -2) * codes.shape[-1] ** -0.5
        weight = score.sub(1e9 * (1.0 - mask).unsqueeze(-2)).softmax(-1) * mask.unsqueeze(-2)
        mixed: Tensor = weight @ self.value(codes)
        return mixed


def _items(states: Tensor, labels: Tensor, logits: Tensor) -> Tensor:
    signed = 2.0 * labels.unsqueeze(-1) - 1.0
    surprise = (labels - torch.sigmoid(logits)).unsqueeze(-1)
    return torch.cat([states, states * signed, signed, logits.unsqueeze(-1), surprise], dim=-1)


class ContextEncoder(nn.Module):
    """q(z_c | S) by one of three aggregations: ``bayes`` (default), ``deepset``, ``set_transformer``."""

    def __init__(self, aggregation: str, n_atoms: int, context_dim: int, hidden: int) -> None:
        super().__init__()
        kinds: dict[str, type[nn.Module]] = {
            "bayes": BayesAggregation,
            "deepset": DeepSetAggregation,
            "set_transformer": SetTransformerAggregation,
        }
        if aggregation not in kinds:
            raise ConfigError(
                "aggregation", f"unknown aggregation {aggregation!r}.", f"Choose one of {', '.join(kinds)}."
            )
        self.aggregate = kinds[aggregation](n_atoms, context_dim, hidden)

    def forward(self, states: Tensor, labels: Tensor, logits: Tensor, mask: Tensor) -> ContextPosterior:
        """Return q(z_c | S).

        Parameters
        ----------
        states
            Mechanism states of the support less their centre, (..., S, K).
        labels
            (..., S) in {0, 1}, floating.
        logits
            What the pooled model says of the support, corrected for its share of positives, (..., S).
        mask
            (..., S): 1 for a pair, 0 for padding.
        """
        posterior: ContextPosterior = self.aggregate(states, labels, logits, mask)
        return posterior
