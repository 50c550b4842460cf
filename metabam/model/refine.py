"""Refinement of z_c by its own gradient (Plan 34 s3.2.3): ascent on log P(S | z) + log p(z).

The likelihood is the SUM over the support, and the prior is p(z): with q(z | S) in its place the support would count
twice. The seed's rule has no noise and is MAP ascent; with ``noise`` = 1 the same step is unadjusted Langevin
dynamics (doi:10.2307/3318418), whose states are draws from the posterior as the step size goes to 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from metabam.errors import ConfigError
from metabam.model.metabam import MetaBam, Support

_HALVINGS = 11
FAR = 1_000.0
"""No posterior lies this far from where it was searched from (prior standard deviations): such a path diverged."""


@dataclass(frozen=True, slots=True)
class RefinedContext:
    """``best`` (Z,); the path: ``states`` (T + 1, C, Z) and ``objective`` (T + 1, C) in nats; whether it diverged.

    ``best`` is the end of the chain with the highest objective at ``noise`` = 0, else the mean over chains of the
    second half of their states; where the search diverged, the first chain's start.
    """

    best: Tensor
    states: Tensor
    objective: Tensor
    diverged: bool


def refine_context(
    log_posterior: Callable[[Tensor], Tensor],
    start: Tensor,
    *,
    step_size: float = 0.1,
    steps: int = 20,
    noise: float = 0.0,
    chains: int | None = None,
    seed: int = 0,
) -> RefinedContext:
    """Return where ``z <- z + step_size grad log_posterior(z) + noise sqrt(2 step_size) xi`` leads.

    Parameters
    ----------
    log_posterior
        (..., Z) -> (...), differentiable, in nats; a constant may be missing.
    start
        Where each chain starts, (C, Z); or (Z,), repeated ``chains`` times.
    step_size, steps
        Length of a step (the longest one tried at ``noise`` = 0), and how many.
    noise
        0: MAP. Each step takes the best of twelve lengths, zero among them: no chain's objective ever falls.
        1: Langevin.
    chains
        C, where ``start`` does not say.
    seed
        Of the noise.

    Raises
    ------
    ConfigError
        ``refine-settings`` for a size that is not positive, negative noise, or ``chains`` that disagree.
    """
    count = chains or (start.shape[0] if start.dim() == 2 else 1)
    if step_size <= 0 or steps < 0 or noise < 0 or count < 1 or (start.dim() == 2 and len(start) != count):
        raise ConfigError(
            "refine-settings",
            f"step size {step_size}, {steps} steps, noise {noise}, {count} chains from {tuple(start.shape)}.",
            "Give a positive step size, and a start for every chain.",
        )
    z = start.detach().expand(count, start.shape[-1]).clone()
    states, values = [z], []
    random = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        value, slope = _slope(log_posterior, z)
        values.append(value)
        if not _sound(z - start, value, slope):
            break
        if noise == 0.0:
            z = _uphill(log_posterior, z, value, step_size * slope)
        else:
            xi = torch.randn(z.shape, generator=random, dtype=z.dtype).to(z.device)
            z = z + step_size * slope + noise * (2.0 * step_size) ** 0.5 * xi
        states.append(z)
    else:
        with torch.no_grad():
            values.append(log_posterior(z))
    path, objective = torch.stack(states), torch.stack(values)
    diverged = not _sound(path - start, objective)
    if diverged:
        best = path[0, 0]
    elif noise == 0.0:
        best = z[int(objective[-1].argmax())]
    else:
        best = path[len(path) // 2 :].mean((0, 1))
    return RefinedContext(best, path, objective, diverged)


def _sound(gap: Tensor, *values: Tensor) -> bool:
    return bool((gap.abs() < FAR).all()) and all(bool(torch.isfinite(value).all()) for value in values)


def _slope(log_posterior: Callable[[Tensor], Tensor], z: Tensor) -> tuple[Tensor, Tensor]:
    with torch.enable_grad():
        point = z.detach().requires_grad_(True)
        value = log_posterior(point)
        slope = torch.autograd.grad(value.sum(), point)[0]
    return value.detach(), slope


def _uphill(log_posterior: Callable[[Tensor], Tensor], z: Tensor, value: Tensor, step: Tensor) -> Tensor:
    """Return each chain's best of the lengths 1, 1/2, ... of its step, and of standing still."""
    lengths = torch.tensor([0.5**k for k in range(_HALVINGS)], dtype=z.dtype, device=z.device)
    trial = z + lengths[:, None, None] * step
    with torch.no_grad():
        scores = torch.cat([value.unsqueeze(0), log_posterior(trial).nan_to_num(nan=-torch.inf)])
    best = scores.argmax(0)
    chosen: Tensor = torch.cat([z.unsqueeze(0), trial])[best, torch.arange(len(z), device=z.device)]
    return chosen


def support_log_likelihood(model: MetaBam, support: Support, context: Tensor) -> Tensor:
    """Return log P(S | z_c) (...,) in nats, the SUM over the support, by the context path at z_c (..., Z).

    A support chosen to over-represent positives is judged by the odds at which it was chosen.
    """
    states, gates = model.rotated(support, context).states, model.gates_by_step(context)
    logits = model.context_logit(states, model.gate(context), step_gates=gates)
    logits = logits + model.sampling_offset(support.labels, support.mask)
    loss = nn.functional.binary_cross_entropy_with_logits(logits, support.labels.expand_as(logits), reduction="none")
    total: Tensor = -(loss * support.mask).sum(-1)
    return total


def context_objective(model: MetaBam, support: Support) -> Callable[[Tensor], Tensor]:
    """Return ``z (..., Z) -> log P(S | z) + log p(z)`` (...) of ONE support (S, K), in nats but for a constant."""
    prior = model.prior()

    def log_posterior(z: Tensor) -> Tensor:
        states = support.states.expand(*z.shape[:-1], *support.states.shape)
        many = Support(states, support.labels, support.mask, support.features)
        gap = torch.linalg.solve(prior.scale, (z - prior.mean).unsqueeze(-1)).squeeze(-1)
        value: Tensor = support_log_likelihood(model, many, z) - 0.5 * gap.square().sum(-1)
        return value

    return log_posterior
