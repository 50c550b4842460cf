"""A ridge head in closed form on a learned embedding (in the manner of R2-D2, doi:10.48550/arXiv.1805.08136).

The support's surprise at the zero-shot answer is regressed on the embedding phi:

    delta = argmin sum_i c (t_i - phi_i . delta)^2 + sum_j lambda_j delta_j^2,   t_i = (y_i - P_i) / c
          = (c Phi^T Phi + diag(lambda))^-1 Phi^T (y - P)

and ``logit = phi . (w + a delta)``. Where R2-D2 shrinks to zero and scales afterwards, this shrinks to the learned
zero-shot weights w, so that S = 0 is the pooled answer and P carries the base rate; a, c and lambda are learned.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metabam.learners.meta_trained import MetaTrained, PeerNetwork, Shots


def ridge_step(phi: Tensor, surprise: Tensor, curvature: Tensor, penalty: Tensor) -> Tensor:
    """Return delta (B, F): ``(c Phi^T Phi + diag(penalty))^-1 Phi^T surprise``.

    Parameters
    ----------
    phi, surprise
        (B, S, F) embedded support, 0 for padding; (B, S).
    curvature, penalty
        c > 0, scalar; (F,) > 0.
    """
    gram = curvature * phi.mT @ phi + torch.diag(penalty)
    found: Tensor = torch.linalg.solve(gram, phi.mT @ surprise.unsqueeze(-1)).squeeze(-1)
    return found


class RidgeNetwork(PeerNetwork):
    """Embedding [1, x, tanh MLP(x)], zero-shot weights on it, and the ridge's constants."""

    def __init__(self, start: Tensor, hidden: int) -> None:
        super().__init__(start)
        width = len(start) - 1
        self.embedding = nn.Sequential(nn.Linear(width, hidden), nn.Tanh())
        self.extra = nn.Parameter(torch.zeros(hidden))
        rate = torch.sigmoid(start[0])
        self.log_curvature = nn.Parameter((rate * (1.0 - rate)).clamp(min=1e-3).log())
        self.log_penalty = nn.Parameter(torch.full((1 + width + hidden,), 10.0).log())
        self.log_scale = nn.Parameter(torch.zeros(()))

    def embed(self, x: Tensor) -> Tensor:
        """Return phi (B, N, 1 + D + H)."""
        return torch.cat([torch.ones_like(x[..., :1]), x, self.embedding(x)], dim=-1)

    def weights(self) -> Tensor:
        """Return the zero-shot weights on phi."""
        return torch.cat([self.base, self.slope, self.extra])

    def absorb(self, shots: Shots) -> tuple[Tensor, ...]:
        """Return each task's weights on phi, (B, 1 + D + H)."""
        phi = self.embed(shots.x) * shots.mask.unsqueeze(-1)
        zero_shot = torch.sigmoid(phi @ self.weights() + shots.offset)
        surprise = shots.mask * (shots.y - zero_shot)
        delta = ridge_step(phi, surprise, self.log_curvature.exp(), self.log_penalty.exp())
        return (self.weights() + self.log_scale.exp() * delta,)

    def answer(self, context: tuple[Tensor, ...], x: Tensor) -> Tensor:
        """Return logits (B, Q)."""
        return (self.embed(x) @ context[0].unsqueeze(-1)).squeeze(-1)


class RidgeHead(MetaTrained):
    """The ridge head as a learner."""

    name = "ridge"

    def build(self, start: Tensor) -> RidgeNetwork:
        """Return the untrained network."""
        return RidgeNetwork(start, self.config.hidden)
