import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from metabam.model.evidence import EvidencePosterior, laplace, mixed

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
    mean, covariance, _ = laplace(**problem, steps=20, form=form)
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
    mean, covariance, _ = laplace(**{**problem, "factor": factor}, steps=20, form="support")
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
    mean, covariance, _ = laplace(**empty)
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


@pytest.mark.parametrize("form", ["support", "atoms"])
def test_log_evidence_is_that_of_the_gaussian_integral(form):
    """One weight, w ~ N(m, f^2): the integral over w on a fine grid; the labels are few, so Laplace is near."""
    problem = {
        "design": torch.tensor([[[1.0], [-0.5], [2.0]]], dtype=torch.float64),
        "labels": torch.tensor([[1.0, 0.0, 1.0]], dtype=torch.float64),
        "offset": torch.tensor([[0.2, 0.0, -0.3]], dtype=torch.float64),
        "mask": torch.ones(1, 3, dtype=torch.float64),
        "mean": torch.tensor([[0.4]], dtype=torch.float64),
        "factor": torch.tensor([[0.3]], dtype=torch.float64),
    }
    _, _, evidence = laplace(**problem, steps=20, form=form)
    w = np.linspace(-2.0, 3.0, 20_001)
    fit = w[:, None] * problem["design"][0, :, 0].numpy() + problem["offset"][0].numpy()
    likelihood = (problem["labels"][0].numpy() * fit - np.logaddexp(0.0, fit)).sum(1)
    density = np.exp(-0.5 * ((w - 0.4) / 0.3) ** 2) / (0.3 * np.sqrt(2.0 * np.pi))
    wanted = np.log(np.trapezoid(np.exp(likelihood) * density, w))
    assert float(evidence[0]) == pytest.approx(wanted, abs=2e-3)
    empty = {**problem, "mask": torch.zeros(1, 3, dtype=torch.float64)}
    assert float(laplace(**empty, form=form)[2][0]) == pytest.approx(0.0, abs=1e-12), "no label, no evidence"


def test_moments_of_a_mixture_by_hand():
    # 0.75 N(0, 1) + 0.25 N(4, 9): mean 1, variance 0.75 (1 + 1) + 0.25 (9 + 9) = 6
    mean, covariance = mixed(
        torch.tensor([[0.75], [0.25]]), torch.tensor([[[0.0]], [[4.0]]]), torch.tensor([[[[1.0]]], [[[9.0]]]])
    )
    assert mean.tolist() == [[1.0]]
    assert covariance.tolist() == [[[6.0]]]


def _two_parts(robust):
    evidence = EvidencePosterior(1, 20, robust).double()
    with torch.no_grad():
        evidence.log_scale.fill_(float(np.log(0.1)))
        evidence.log_nuisance.fill_(-6.0)
        if robust:
            evidence.robust_shift.fill_(-2.0)
            evidence.robust_root.fill_(1.0)
    return evidence


def _posterior(evidence, labels):
    """Four pairs whose state is 1, -1, 1, -1; the pooled model says logit 2 h."""
    states = torch.tensor([[[1.0], [-1.0], [1.0], [-1.0]]], dtype=torch.float64)
    truth = torch.tensor([labels], dtype=torch.float64)
    with torch.no_grad():
        return evidence(states, truth, 2.0 * states[..., 0], torch.ones_like(truth), torch.zeros(1, 1).double())


def test_a_line_unlike_the_others_is_let_go_and_one_like_them_is_held():
    one, two = _two_parts(0.0), _two_parts(0.2)
    for labels, lowest, highest in (([1, 0, 1, 0], -0.4, 0.05), ([0, 1, 0, 1], -4.0, -1.5)):
        alone, both = float(_posterior(one, labels)[0]), float(_posterior(two, labels)[0])
        assert abs(alone) < 0.1, "a narrow prior alone holds to the pooled model whatever the labels say"
        assert lowest < both < highest
    wide = _posterior(two, [1, 0, 0, 1])[1]
    assert float(wide) > float(_posterior(one, [1, 0, 0, 1])[1]), "labels that decide nothing leave both parts open"


def test_a_batch_of_supports_is_each_support_alone_and_gradients_reach_both_parts():
    torch.manual_seed(0)
    evidence = EvidencePosterior(3, 20, 0.3).double()
    with torch.no_grad():
        evidence.robust_shift.normal_()
    states, labels = torch.randn(4, 6, 3).double(), (torch.rand(4, 6) < 0.5).double()
    offset, mean = torch.randn(4, 6).double(), torch.randn(4, 3).double()
    mask = torch.ones(4, 6).double()
    found = evidence(states, labels, offset, mask, mean)
    for at in range(4):
        alone = evidence(states[at], labels[at], offset[at], mask[at], mean[at])
        assert all(torch.allclose(one[at], other, atol=1e-9) for one, other in zip(found, alone, strict=True))
    torch.autograd.backward(found[0].sum())
    assert evidence.log_scale.grad.abs().min() > 0
