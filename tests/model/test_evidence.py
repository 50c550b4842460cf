import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from metabam.model.evidence import EvidencePosterior, laplace

B, S, R, P = 3, 7, 5, 11


def _problem(size=S, rank=R, seed=0, spread=1.0):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    labels = (torch.rand(B, size, generator=generator) < 0.4).double()
    return {
        "design": spread * normal(B, size, rank),
        "labels": labels,
        "offset": normal(B, size),
        "mask": torch.ones(B, size, dtype=torch.float64),
        "mean": normal(B, rank),
        "factor": 0.7 * normal(rank, rank) + torch.eye(rank, dtype=torch.float64),
    }


def _objective(problem, task):
    x, y, offset, mean = (problem[name][task].numpy() for name in ("design", "labels", "offset", "mean"))
    precision = np.linalg.inv((problem["factor"] @ problem["factor"].T).numpy())

    def value(weights):
        fit = x @ weights + offset
        gap = weights - mean
        return np.sum(np.logaddexp(0.0, fit) - y * fit) + 0.5 * gap @ precision @ gap

    def hessian(weights):
        p = 1.0 / (1.0 + np.exp(-(x @ weights + offset)))
        return (x * (p * (1 - p))[:, None]).T @ x + precision

    return value, hessian


@pytest.mark.parametrize("form", ["support", "atoms", "auto"])
@pytest.mark.parametrize("size", [S, 2])
def test_mean_is_the_optimum_and_covariance_the_inverse_hessian(form, size):
    problem = _problem(size)
    mean, covariance = laplace(**problem, steps=20, form=form)
    for task in range(B):
        value, hessian = _objective(problem, task)
        best = minimize(value, problem["mean"][task].numpy(), method="BFGS", options={"gtol": 1e-9})
        assert np.allclose(mean[task].numpy(), best.x, atol=1e-5)
        assert np.allclose(covariance[task].numpy(), np.linalg.inv(hessian(mean[task].numpy())), atol=1e-8)


def test_both_forms_agree_on_separable_labels_with_a_wide_prior():
    """Undamped Newton diverges here: large features, labels that a plane splits, a start far away."""
    problem = _problem(size=5, spread=30.0)
    problem["factor"] = 4.0 * torch.eye(R, dtype=torch.float64)
    problem["mean"] = 3.0 * problem["mean"]
    results = [laplace(**problem, steps=60, form=form)[0] for form in ("support", "atoms")]
    assert torch.allclose(*results, atol=1e-5)
    for task in range(B):
        value, _ = _objective(problem, task)
        assert value(results[0][task].numpy()) <= value(problem["mean"][task].numpy()) + 1e-9


def test_a_singular_prior_confines_delta_to_its_span():
    problem = _problem()
    factor = torch.zeros(R, 2, dtype=torch.float64)
    factor[0, 0], factor[3, 1] = 1.0, 0.5
    mean, covariance = laplace(**{**problem, "factor": factor}, steps=20, form="support")
    still = [1, 2, 4]
    assert torch.equal(mean[:, still], problem["mean"][:, still])
    assert torch.equal(covariance[:, still], torch.zeros(B, len(still), R, dtype=torch.float64))


def test_padding_and_an_empty_support_change_nothing():
    problem = _problem()
    padded = {**problem, "mask": problem["mask"].clone()}
    padded["mask"][:, 4:] = 0.0
    short = {
        name: value[:, :4] if name in {"design", "labels", "offset", "mask"} else value
        for name, value in problem.items()
    }
    for form in ("support", "atoms"):
        for one, other in zip(
            laplace(**padded, steps=15, form=form), laplace(**short, steps=15, form=form), strict=True
        ):
            assert torch.allclose(one, other, atol=1e-8)
    empty = {
        name: value[:, :0] if name in {"design", "labels", "offset", "mask"} else value
        for name, value in problem.items()
    }
    mean, covariance = laplace(**empty)
    assert torch.allclose(mean, problem["mean"])
    assert torch.allclose(covariance, (problem["factor"] @ problem["factor"].T).expand(B, R, R))


@pytest.mark.parametrize("form", ["support", "atoms"])
def test_gradients_are_those_of_the_optimum(form):
    problem = _problem()
    names = ("design", "offset", "mean", "factor")
    inputs = tuple(problem[name].clone().requires_grad_() for name in names)

    def solved(*values):
        return laplace(**{**problem, **dict(zip(names, values, strict=True))}, steps=60, form=form)[0]

    assert torch.autograd.gradcheck(solved, inputs, eps=1e-6, atol=1e-5)


def test_prior_covariance_is_diagonal_plus_factor():
    torch.manual_seed(0)
    evidence = EvidencePosterior(P, 6)
    with torch.no_grad():
        evidence.root.normal_()
        evidence.log_scale.normal_()
    factor = evidence.prior_factor()
    wanted = evidence.root @ evidence.root.T + torch.diag((2 * evidence.log_scale).exp())
    assert torch.allclose(factor @ factor.T, wanted, atol=1e-4)


def test_kappa_decides_how_much_of_the_context_delta_takes_back():
    evidence = EvidencePosterior(2, 6)
    effects, pooled = torch.tensor([2.0, 0.0]), torch.tensor([1.0, 1.0])
    with torch.no_grad():
        evidence.raw_kappa.fill_(40.0)
    assert torch.allclose(evidence.prior_mean(effects, pooled), torch.tensor([-1.0, 1.0]))
    with torch.no_grad():
        evidence.raw_kappa.fill_(-40.0)
    assert torch.allclose(evidence.prior_mean(effects, pooled), torch.zeros(2), atol=1e-9)
