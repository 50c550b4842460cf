"""Meta-BAM, whole: z_q -> mechanism states -> unfolding under alpha(z_c) -> logit, plus delta from the support.

    z = z_q [+ r]                        features (Q, D)            r: what is recalled of the elements
    p = basis(z) [+ multiscale(track)]   potentials (Q, K)          Plan 34 s2.1, s2.5
    h0 = modulate(tanh(p)) + leak p           mechanism states (Q, K)
    q(z_c | S) = encoder(support)        context (Z,)               Plan 34 s2.2
    alpha = gate(z_c)                    spectrum (K,)              Plan 34 s2.3, s4.1
    [V <- R(z_c)^-1 V, and p, h0 anew]   phase rotation             Plan 34 s3.2.1
    h_T = unfold(h0, alpha)              T steps                    Plan 34 s3.2.1
    logit = w alpha . (h_T - centre) + b + (h0 - centre) . delta    read-out and evidence

Every intervention is an argument; nothing here is changed by a prediction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from metabam.config import ModelConfig
from metabam.errors import ConfigError
from metabam.model.basis import MechanismBasis
from metabam.model.context import ContextEncoder, ContextPosterior, LearnedPrior
from metabam.model.evidence import EvidencePosterior
from metabam.model.gate import SpectrumGate, StepGates
from metabam.model.heads import MechanismReadout
from metabam.model.multiscale import MultiscaleMatch
from metabam.model.phase import PhaseRotation
from metabam.model.unfold import MechanismUnfolding, PairModulation
from metabam.records import FeatureLayout

N_REFERENCE = 256
"""Training pairs that are kept with the model, to hold its base rate."""


@dataclass(frozen=True, slots=True)
class Support:
    """Supports: ``states`` (..., S, K) from :meth:`MetaBam.states`, ``labels`` and ``mask`` (..., S) floating.

    ``features`` (..., S, W) are needed where a context rotates the atoms: the states then have to be read anew.
    """

    states: Tensor
    labels: Tensor
    mask: Tensor
    features: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Belief:
    """What a support teaches: context posterior, spectrum alpha (..., K), mean and covariance of delta.

    ``step_gates`` (T, ..., K) where each step has gates of its own; the last of them is ``alpha``.
    """

    context: ContextPosterior
    alpha: Tensor
    delta_mean: Tensor
    delta_covariance: Tensor
    step_gates: Tensor | None = None


class MetaBam(nn.Module):
    """The shared model; see the module's first lines.

    Parameters
    ----------
    config
        Sizes and options.
    n_features
        ``D``.
    layout
        What the columns of the features are, where coefficients of the position track follow z_q.
    """

    feature_centre: Tensor
    feature_scale: Tensor
    base_logit: Tensor
    reference: Tensor
    interval_scale: Tensor

    def __init__(self, config: ModelConfig, n_features: int, layout: FeatureLayout | None = None) -> None:
        super().__init__()
        n_atoms = config.n_atoms
        self.config = config
        self.layout = FeatureLayout(n_features) if layout is None else layout
        self.register_buffer("feature_centre", torch.zeros(n_features))
        self.register_buffer("feature_scale", torch.ones(n_features))
        self.register_buffer("reference", torch.zeros(N_REFERENCE, self.layout.width))
        self.register_buffer("base_logit", torch.zeros(()))
        self.register_buffer("interval_scale", torch.ones(()))
        self.element_variance = 0.0  # logits squared that no feature holds: widens intervals, moves no probability
        self.basis = MechanismBasis(n_atoms, n_features, config.match)
        self.modulate = PairModulation(n_atoms)
        self.encoder = ContextEncoder(config.aggregation, n_atoms, config.context_dim, config.hidden)
        self.gate = SpectrumGate(config.context_dim, n_atoms, config.hidden)
        self.unfold = MechanismUnfolding(n_atoms, config.mix_rank, config.n_steps, config.unfolding, config.mix)
        self.readout = MechanismReadout(n_atoms)
        self.evidence = EvidencePosterior(n_atoms, config.newton_steps, config.robust)
        self.learned_prior = LearnedPrior(config.context_dim) if config.prior == "learned" else None
        self.auxiliary = nn.ModuleDict()  # heads of training alone (adversary, decoder): never part of what is stored
        reads_more = config.fourier or config.wavelet != "off"
        self.multiscale = MultiscaleMatch(config, self.layout) if reads_more else None
        self.rotation = PhaseRotation(config.context_dim, n_features, config.hidden) if config.rotation else None
        per_step = config.gates == "per_step"
        self.step_gates = StepGates(config.context_dim, n_atoms, config.n_steps) if per_step else None

    def states(self, features: Tensor, context: Tensor | None = None) -> Tensor:
        """Return h^(0) (..., K) of features (..., W): z_q, then track coefficients where there are any.

        Without phase rotation they depend on no context and can be cached; with it, ``context`` z_c (..., Z) turns the
        atoms (features (..., Q, W) then, as one context serves Q pairs), and ``None`` leaves them as they are, which is
        how a support is read before its z_c is known.
        """
        potentials = self.potentials(features, context)
        states: Tensor = self.modulate(torch.tanh(potentials)) + self.basis.leaky(potentials)
        return states

    def potentials(self, features: Tensor, context: Tensor | None = None) -> Tensor:
        """Return p (..., K) of features (..., W), under z_c (..., Z) if it rotates: what :meth:`states` starts from."""
        z = features[..., : len(self.feature_centre)]
        if self.layout.recall:
            z = z + features[..., self.layout.recalled]
        z = (z - self.feature_centre) / self.feature_scale
        beside = None if self.multiscale is None else self.multiscale(features, z, self.basis.atoms)
        turned = None if self.rotation is None or context is None else self.rotation.atoms(self.basis.atoms, context)
        return self.basis.potentials(z, turned, beside)

    def support(self, features: Tensor, labels: Tensor, mask: Tensor) -> Support:
        """Return a support as :meth:`adapt` wants it, of features (..., S, W)."""
        return Support(self.states(features), labels, mask, None if self.rotation is None else features)

    def states_of_reference(self, context: Tensor | None = None) -> Tensor:
        """Return h^(0) (256, K) of the training pairs that are kept with the model, under z_c (Z,) if it rotates."""
        return self.states(self.reference, context)

    def gates_by_step(self, context: Tensor) -> Tensor | None:
        """Return G_1 ... G_T (T, ..., K) of z_c (..., Z); ``None`` where all steps share the spectrum."""
        return None if self.step_gates is None else self.step_gates(context, self.gate.level(context))

    def pooled_alpha(self) -> Tensor:
        """Return the spectrum of the pooled, zero-shot model: alpha at the prior's mean, (K,)."""
        alpha: Tensor = self.gate(self.prior().mean)
        return alpha

    def prior(self) -> ContextPosterior:
        """Return p(z_c): N(0, I), or what ``prior="learned"`` learned."""
        if self.learned_prior is not None:
            return self.learned_prior.gaussian()
        zero = torch.zeros_like(self.gate.skip[0])
        return ContextPosterior(zero, torch.eye(len(zero), dtype=zero.dtype, device=zero.device))

    def context_kl(self, context: ContextPosterior) -> Tensor:
        """Return KL(q(z_c | S) || p(z_c)) split over latent dimensions, (..., Z) nats (the prior's own axes)."""
        return (context if self.learned_prior is None else self.learned_prior.whiten(context)).kl_to_prior()

    def context_logit(
        self, states: Tensor, alpha: Tensor, steps: int | None = None, step_gates: Tensor | None = None
    ) -> Tensor:
        """Return the gated path's logits (..., Q) of h^(0) (..., Q, K) under gates (..., K)."""
        logit: Tensor = self.readout(self.unfold(states, alpha, steps, step_gates)[-1], alpha)
        return logit

    def unfolded(self, states: Tensor, belief: Belief, steps: int | None = None) -> list[Tensor]:
        """Return h^(0) ... h^(T), each (..., Q, K), under a belief."""
        trace: list[Tensor] = self.unfold(states, belief.alpha, steps, belief.step_gates)
        return trace

    def sampling_offset(self, labels: Tensor, mask: Tensor) -> Tensor:
        """Return the log odds by which a support was chosen to over-represent positives, (..., 1); no gradient.

        A support that its user chose (often half and half) says nothing about the line's base rate; given its share
        of positives, logit P(y | x, chosen) = logit P(y | x) + offset (doi:10.1093/biomet/66.3.403). The offset
        counts by the probability that the share was chosen (half and half every other time, else any number of
        positives alike) rather than drawn at the base rate. One pseudo-pair at the base rate keeps it finite.
        """
        with torch.no_grad():
            n = mask.sum(-1, keepdim=True)
            positives = (labels * mask).sum(-1, keepdim=True)
            negatives = n - positives
            rate = torch.sigmoid(self.base_logit)
            ways = torch.lgamma(n + 1.0) - torch.lgamma(positives + 1.0) - torch.lgamma(negatives + 1.0)
            drawn = ways + positives * torch.log(rate) + negatives * torch.log1p(-rate)
            odd = torch.remainder(n, 2.0)
            half = ((positives - negatives).abs() <= odd).to(n.dtype) / (1.0 + odd)
            chosen = torch.sigmoid((0.5 / (n + 1.0) + 0.5 * half).log() - drawn)
            share = (positives + rate) / (n + 1.0)
            offset: Tensor = chosen * (torch.logit(share, eps=1e-6) - self.base_logit) * (n > 0)
            return offset

    def infer_context(self, support: Support) -> ContextPosterior:
        """Return q(z_c | S)."""
        pooled = self.pooled_alpha().expand(*support.labels.shape[:-1], -1)
        gates = self.gates_by_step(self.prior().mean)  # (T, K), for any batch of supports
        expected = self.context_logit(support.states, pooled, step_gates=gates)
        expected = expected + self.sampling_offset(support.labels, support.mask)
        centred = support.states - self.readout.centre
        posterior: ContextPosterior = self.encoder(centred, support.labels, expected, support.mask)
        return posterior if self.learned_prior is None else self.learned_prior.update(posterior)

    def infer_delta(self, support: Support, alpha: Tensor, step_gates: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return mean (..., K) and covariance (..., K, K) of delta given the gates (..., K)."""
        offset = self.context_logit(support.states, alpha, step_gates=step_gates)
        offset = offset + self.sampling_offset(support.labels, support.mask)
        pooled = self.readout.effects(self.pooled_alpha())
        mean = self.evidence.prior_mean(self.readout.effects(alpha), pooled)
        centred = support.states - self.readout.centre
        result: tuple[Tensor, Tensor] = self.evidence(centred, support.labels, offset, support.mask, mean)
        return result

    def adapt(self, support: Support) -> Belief:
        """Return the belief about the context of each support in the batch.

        z_c is inferred from unrotated states, for it is not known before; delta lives on the rotated ones, as it does
        when queries are judged.
        """
        return self.believe(support, self.infer_context(support))

    def believe(self, support: Support, context: ContextPosterior) -> Belief:
        """Return the belief under a given context posterior: its gates, and the evidence of the support at them."""
        alpha, gates = self.gate(context.mean), self.gates_by_step(context.mean)
        if self.config.evidence:
            mean, covariance = self.infer_delta(self.rotated(support, context.mean), alpha, gates)
        else:
            mean = torch.zeros_like(alpha)
            covariance = torch.zeros(*alpha.shape, alpha.shape[-1], dtype=alpha.dtype, device=alpha.device)
        return Belief(context, alpha, mean, covariance, gates)

    def rotated(self, support: Support, context: Tensor) -> Support:
        """Return the support as a context z_c (..., Z) sees it."""
        if self.rotation is None:
            return support
        if support.features is None:
            raise ConfigError(
                "support-features",
                "a context rotates the atoms, and the support carries no features.",
                "Use support().",
            )
        return replace(support, states=self.states(support.features, context))

    def effect_covariance(self, context: ContextPosterior, alpha: Tensor) -> Tensor:
        """Return the covariance (..., K, K) of theta = w alpha(z_c) by its slope at the mean.

        What z_c moves beside the spectrum (rotation, gates of earlier steps) is left out.
        """
        slope = self.gate_slope(context.mean, alpha)
        root = (self.readout.weight.unsqueeze(-1) * slope) @ context.scale
        return root @ root.transpose(-1, -2)

    def beyond_context(self) -> Tensor:
        """Return the prior covariance (K, K) of effects that no z_c can express (no gradient).

        Left out, the context path is over-confident, and ranks worse: its logits are not damped where it knows
        little.
        """
        with torch.no_grad():
            pooled = self.pooled_alpha()
            prior = self.prior()
            spanned = self.readout.weight.unsqueeze(-1) * self.gate_slope(prior.mean, pooled)
            spanned = spanned if self.learned_prior is None else spanned @ prior.scale
            factor = self.evidence.prior_factor()
            values, vectors = torch.linalg.eigh(factor @ factor.T - spanned @ spanned.T)
            beyond: Tensor = (vectors * values.clamp(min=0.0)) @ vectors.T
        return beyond

    def gate_slope(self, context: Tensor, alpha: Tensor) -> Tensor:
        """Return d alpha / d z_c, (..., K, Z)."""
        inner = self.gate.inner(context)
        bend = self.gate.outer.weight @ (_gelu_slope(inner).unsqueeze(-1) * self.gate.inner.weight)
        return (1.0 - alpha.square()).unsqueeze(-1) * (self.gate.skip + bend)

    def full_logit(self, states: Tensor, belief: Belief, steps: int | None = None) -> tuple[Tensor, Tensor]:
        """Return mean and variance of the full logit, both (..., Q), of h^(0) (..., Q, K)."""
        return self.combine(self.unfolded(states, belief, steps)[-1], states, belief)

    def combine(
        self, unfolded: Tensor, states: Tensor, belief: Belief, path: Literal["full", "context"] = "full"
    ) -> tuple[Tensor, Tensor]:
        """Return mean and variance of the logit, both (..., Q), of h^(T) and h^(0) (..., Q, K).

        The variance integrates over delta, and over the part of z_c that delta does not take back. On the path
        ``"context"`` z_c counts in full, and so does what Z numbers cannot say about a line: :meth:`beyond_context`.
        """
        logit = self.readout(unfolded, belief.alpha)
        covariance = self.effect_covariance(belief.context, belief.alpha)
        centred = states - self.readout.centre
        if self.config.evidence and path == "full":
            logit = logit + (centred @ belief.delta_mean.unsqueeze(-1)).squeeze(-1)
            covariance = belief.delta_covariance + (1.0 - self.evidence.kappa).square() * covariance
        elif self.config.evidence:
            covariance = covariance + self.beyond_context()
        variance = ((centred @ covariance) * centred).sum(-1).clamp(min=0.0)
        return logit, variance

    def moderated(self, logit: Tensor, variance: Tensor) -> Tensor:
        """Return the logit of the posterior mean probability (probit approximation, doi:10.1162/neco.1992.4.5.720)."""
        mean: Tensor = logit / (1.0 + (torch.pi / 8.0) * variance * self.interval_scale.square()).sqrt()
        return mean


def _gelu_slope(x: Tensor) -> Tensor:
    normal = torch.exp(-0.5 * x.square()) * (2.0 * torch.pi) ** -0.5
    slope: Tensor = 0.5 * (1.0 + torch.erf(x * 0.5**0.5)) + x * normal
    return slope
