"""One-step MAML (expert framework s3; doi:10.48550/arXiv.1703.03400) by ``torch.func``: no weight is written to."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from metabam.model.expert.decoupling import Halves
from metabam.model.expert.prototypes import Linear
from metabam.model.expert.transform import Film, modulate

FastT = TypeVar("FastT", bound=tuple[Tensor, ...])


class FastWeights(NamedTuple):
    """What one step moves: FiLM's gamma and beta (..., H), the read-out's weight (..., d) and bias (...)."""

    gamma: Tensor
    beta: Tensor
    weight: Tensor
    bias: Tensor

    @property
    def film(self) -> Film:
        """Return the modulation."""
        return Film(self.gamma, self.beta)

    @property
    def readout(self) -> Linear:
        """Return the read-out."""
        return Linear(self.weight, self.bias)


def one_step(
    loss: Callable[[FastT], Tensor], fast: FastT, rates: tuple[Tensor, ...], *, second_order: bool = True
) -> FastT:
    """Return ``fast - rates * grad loss(fast)``, differentiable in ``fast`` and ``rates``.

    Parameters
    ----------
    loss
        Scalar function of the fast weights.
    fast, rates
        One step size per tensor of ``fast`` (a named tuple).
    second_order
        Whether the outer gradient goes through the inner one; ``False`` is first-order MAML.
    """
    gradient = torch.func.grad(loss)(fast)
    moved = [
        weight - rate * (slope if second_order else slope.detach())
        for weight, rate, slope in zip(fast, rates, gradient, strict=True)
    ]
    return type(fast)(*moved)


def support_loss(fast: FastWeights, halves: Halves, labels: Tensor, mask: Tensor, offset: Tensor) -> Tensor:
    """Return the summed log loss of one support in nats.

    Parameters
    ----------
    halves
        F_common and F_specific before FiLM, (S, H) each.
    labels, mask
        (S,).
    offset
        Log odds by which the support over-represents positives, a scalar: a balanced support says nothing about a
        line's base rate.
    """
    logits = fast.readout.logits(modulate(halves, fast.film)) + offset
    return (nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none") * mask).sum()


class MamlStep(nn.Module):
    """Learned step sizes for the four fast weights; the step is taken on ``sum of losses / (kappa + S)``.

    kappa > 0 (learned) is ours: with the plain mean a support of four moves as far as one of sixty-four. At S = 0
    nothing moves.
    """

    def __init__(self, rate: float, strength: float = 8.0, *, second_order: bool = True) -> None:
        super().__init__()
        self.log_rates = nn.Parameter(torch.full((len(FastWeights._fields),), rate).log())
        self.log_strength = nn.Parameter(torch.tensor(strength).log())
        self.second_order = second_order

    def forward(self, fast: FastWeights, halves: Halves, labels: Tensor, mask: Tensor, offset: Tensor) -> FastWeights:
        """Return the fast weights of B tasks after one step each: all arguments have a leading axis B."""
        rates = tuple(self.log_rates.exp())
        strength = self.log_strength.exp()

        def step(fast: FastWeights, halves: Halves, labels: Tensor, mask: Tensor, offset: Tensor) -> FastWeights:
            def loss(at: FastWeights) -> Tensor:
                return support_loss(at, halves, labels, mask, offset) / (strength + mask.sum())

            return one_step(loss, fast, rates, second_order=self.second_order)

        moved: FastWeights = torch.func.vmap(step)(fast, halves, labels, mask, offset)
        return moved
