"""Refinement of z_c: on Gaussian posteriors, where the best point and Langevin's spread are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from metabam.config import ModelConfig
from metabam.errors import ConfigError
from metabam.model.metabam import MetaBam, Support
from metabam.model.refine import context_objective, refine_context, support_log_likelihood

S, K, D, Z = 7, 11, 13, 2
MEAN = torch.tensor([1.5, -0.7], dtype=torch.float64)
PRECISION = torch.tensor([[4.0, 1.0], [1.0, 2.0]], dtype=torch.float64)


def gaussian(z):
    gap = z - MEAN
    return -0.5 * ((gap @ PRECISION) * gap).sum(-1)


def test_map_of_a_gaussian_is_its_mean():
    found = refine_context(gaussian, torch.zeros(Z, dtype=torch.float64), step_size=0.3, steps=60)
    assert torch.allclose(found.best, MEAN, atol=1e-6)
    assert not found.diverged
    assert found.states.shape == (61, 1, Z)
    assert torch.allclose(found.objective, gaussian(found.states))


@pytest.mark.parametrize("step_size", [0.01, 0.3, 1e6])
def test_map_never_lowers_the_objective_whatever_the_step(step_size):
    start = torch.tensor([[0.0, 0.0], [3.0, 3.0], [-5.0, 2.0]], dtype=torch.float64)
    found = refine_context(gaussian, start, step_size=step_size, steps=11)
    assert (found.objective.diff(dim=0) >= 0).all()
    assert float(gaussian(found.best)) == float(found.objective[-1].max())


def test_langevin_settles_on_the_posterior():
    """For precision l and step e the chain's own variance is 1 / (l (1 - e l / 2)), exactly."""
    axes = torch.tensor([4.0, 1.0], dtype=torch.float64)
    step = 0.05
    found = refine_context(
        lambda z: -0.5 * (axes * (z - MEAN).square()).sum(-1),
        torch.zeros(Z, dtype=torch.float64),
        step_size=step,
        steps=240,
        noise=1.0,
        chains=601,
        seed=3,
    )
    settled = found.states[120:]
    assert torch.allclose(settled.mean((0, 1)), MEAN, atol=0.03)
    wanted = 1.0 / (axes * (1.0 - step * axes / 2.0))
    assert torch.allclose(settled.var((0, 1)), wanted, rtol=0.05)
    assert torch.allclose(settled.var((0, 1)), 1.0 / axes, rtol=0.2)
    assert torch.allclose(found.best, MEAN, atol=0.03)
    twin = refine_context(gaussian, torch.zeros(Z, dtype=torch.float64), steps=5, noise=1.0, chains=3, seed=3)
    again = refine_context(gaussian, torch.zeros(3, Z, dtype=torch.float64), steps=5, noise=1.0, seed=3)
    assert torch.equal(twin.states, again.states)


def test_what_runs_away_or_is_not_finite_returns_the_start():
    start = torch.tensor([0.5, 0.5], dtype=torch.float64)
    away = refine_context(gaussian, start, step_size=5.0, steps=50, noise=1.0)
    assert away.diverged
    assert torch.equal(away.best, start)
    broken = refine_context(lambda z: (z - 1.0).log().sum(-1), start, steps=5)
    assert broken.diverged
    assert torch.equal(broken.best, start)
    edge = refine_context(lambda z: (2.0 - z).log().sum(-1) + 3.0 * z.sum(-1), start, step_size=9.0, steps=40)
    assert not edge.diverged  # lengths at which the objective is not a number are never taken
    assert torch.allclose(edge.best, torch.full((Z,), 2.0 - 1.0 / 3.0, dtype=torch.float64), atol=1e-3)


@pytest.mark.parametrize("wrong", [{"step_size": 0.0}, {"steps": -1}, {"noise": -1.0}, {"chains": 2}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError, match="refine-settings"):
        refine_context(gaussian, torch.zeros(3, Z), **wrong)


@pytest.mark.parametrize("prior", ["standard", "learned"])
def test_the_objective_sums_over_the_support_and_uses_the_prior(prior):
    torch.manual_seed(0)
    model = MetaBam(ModelConfig(n_atoms=K, context_dim=Z, hidden=5, mix_rank=2, prior=prior), D).double()
    covariance = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        if model.learned_prior is not None:
            model.learned_prior.set_(MEAN, covariance)
    features, labels = torch.randn(S, D).double(), (torch.rand(S) < 0.5).double()
    support = Support(model.states(features), labels, torch.ones(S).double())
    z = torch.randn(3, Z).double().requires_grad_(True)
    found = context_objective(model, support)(z)
    for row in range(3):
        alpha, offset = model.gate(z[row]), model.sampling_offset(labels, support.mask)
        logit = (model.context_logit(support.states, alpha) + offset).detach()
        fits = sum(float(torch.log(torch.sigmoid(v if y else -v))) for v, y in zip(logit, labels, strict=True))
        gap = z[row].detach() - (MEAN if prior == "learned" else 0.0)
        spread = covariance if prior == "learned" else torch.eye(Z).double()
        assert float(found[row].detach()) == pytest.approx(fits - 0.5 * float(gap @ torch.linalg.inv(spread) @ gap))
    empty = Support(support.states[:0], labels[:0], labels[:0])
    with torch.no_grad():
        peak = model.prior().mean
        assert float(context_objective(model, empty)(peak)) == 0.0
        assert float(context_objective(model, empty)(peak + 1.0)) < 0.0
    slope = torch.autograd.grad(found.sum(), z)[0]
    step = 1e-6
    with torch.no_grad():
        nudged = context_objective(model, support)(z + torch.tensor([step, 0.0]))
    assert np.allclose((nudged - found.detach()) / step, slope[:, 0], rtol=1e-4, atol=1e-6)
    padded = Support(
        torch.cat([support.states, torch.ones(2, K).double()]),
        torch.cat([labels, torch.ones(2).double()]),
        torch.cat([support.mask, torch.zeros(2).double()]),
    )
    one, two = (support_log_likelihood(model, given, z[0]) for given in (padded, support))
    assert torch.allclose(one, two)
