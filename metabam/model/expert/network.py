"""The expert network, read from top to bottom: lift, pool, Theta_C, decouple, transform, read out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from metabam.config import ExpertConfig
from metabam.model.expert.decoupling import Halves, SparseDecoupling
from metabam.model.expert.latent import LatentHead
from metabam.model.expert.maml import FastWeights, MamlStep
from metabam.model.expert.pooling import AttentionPooling
from metabam.model.expert.prototypes import Linear, PrototypeHead
from metabam.model.expert.theta import Theta, ThetaDecoder
from metabam.model.expert.transform import Film, FilmTransform, GatedTransform, modulate


@dataclass(frozen=True, slots=True)
class Context:
    """What a batch of unlabelled pairs says about its line: Theta_C, the pooled batch (..., d), and FiLM."""

    theta: Theta
    pooled: Tensor
    film: Film


@dataclass(frozen=True, slots=True)
class Adapted:
    """What a labelled support adds: FiLM and read-out in force; prototypes with variances (..., 2, d) where used."""

    film: Film
    readout: Linear
    prototypes: Tensor | None = None
    variance: Tensor | None = None


class ExpertNetwork(nn.Module):
    """The network of ``metabam.learners.expert.CellLineExpert`` for D pair features."""

    feature_centre: Tensor
    feature_scale: Tensor

    def __init__(self, config: ExpertConfig, n_features: int) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.register_buffer("feature_centre", torch.zeros(n_features))
        self.register_buffer("feature_scale", torch.ones(n_features))
        self.straight = nn.Linear(n_features, width)
        self.bent = nn.Sequential(nn.Linear(n_features, width), nn.GELU(), nn.Linear(width, width))
        self.pooling = AttentionPooling(width)
        self.theta = ThetaDecoder(width)
        self.decoupling = SparseDecoupling(width)
        self.transform = FilmTransform(width) if config.transform == "film" else GatedTransform(width)
        self.head = PrototypeHead(width)
        if config.adaptation == "maml":
            self.maml = MamlStep(config.inner_rate, second_order=config.second_order)
        if config.decoupling != "none":
            self.latent = LatentHead(width, config.latent, n_features)

    def standardise(self, features: Tensor) -> Tensor:
        """Return features (..., D) in training standard deviations."""
        return (features - self.feature_centre) / self.feature_scale

    def lift(self, features: Tensor) -> Tensor:
        """Return h (..., d) of pair features (..., D)."""
        x = self.standardise(features)
        h: Tensor = self.straight(x) + self.bent(x)
        return h

    def read_context(self, lifted: Tensor, mask: Tensor, *, twice: bool = False) -> Context:
        """Return what lifted pairs (..., N, d) say about their line; ``mask`` (..., N) is 0 for padding.

        Two looks: a learned query pools the batch into Theta_C, then theta_attention pools it again. Labels are not
        read.
        """
        theta: Theta = self.theta(self.pooling(lifted, mask, twice=twice), mask)
        pooled: Tensor = self.pooling(lifted, mask, theta.row("attention").squeeze(-2), twice=twice)
        return Context(theta, pooled, self.transform.film(pooled, theta))

    def halves(self, lifted: Tensor, theta: Theta) -> Halves:
        """Return F_common and F_specific before FiLM, (..., N, H) each."""
        found: Halves = self.transform(lifted, self.decoupling(lifted, theta), theta)
        return found

    def pooled_readout(self) -> Linear:
        """Return the read-out that no label has touched: the training lines' prototypes."""
        return self.head.readout(self.head.prototypes)

    def adapt(self, context: Context, support: Halves, labels: Tensor, mask: Tensor, offset: Tensor) -> Adapted:
        """Return what labelled supports add to their contexts, for B tasks at once.

        Parameters
        ----------
        context, support
            Of the B supports; ``support`` (B, S, H) twice, before FiLM.
        labels, mask
            (B, S).
        offset
            Log odds by which each support over-represents positives, (B,); MAML alone reads it.
        """
        if self.config.adaptation == "prototype":
            prototypes, variance = self.head.adapt(modulate(support, context.film), labels, mask)
            return Adapted(context.film, self.head.readout(prototypes), prototypes, variance)
        start = self.pooled_readout()
        tasks = len(labels)
        fast = FastWeights(*context.film, start.weight.expand(tasks, -1), start.bias.expand(tasks))
        moved: FastWeights = self.maml(fast, support, labels, mask, offset)
        return Adapted(moved.film, moved.readout)

    def common_of(self, features: Tensor, mask: Tensor) -> Tensor:
        """Return F_common (..., N, H) of pairs under the context that they are themselves; twice differentiable."""
        lifted = self.lift(features)
        return self.halves(lifted, self.read_context(lifted, mask, twice=True).theta).common
