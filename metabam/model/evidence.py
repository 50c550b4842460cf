"""Evidence posterior (Plan 34 s4.1, "uncertainty collapse"): delta on the atoms, and its Laplace posterior.

``logit = RMU(z_q; z_c) + (h(z_q) - centre) . delta + nuisance``, ``delta ~ N(mu(z_c), diag(s^2) + R R^T)``. The seed
has no such term; a context of a few numbers alone cannot use more than a handful of labels. R holds what an
empirical-Bayes fit of the training lines found, so the full model contains hierarchical logistic regression on the
mechanism states.

The prior has two parts (a robust prior, doi:10.1111/biom.12242): the Gaussian that leaving lines out chose, and, with
prior probability rho, a wider one halfway to zero. A handful of training lines may resemble one another by chance, and
no leaving-out among them shows it; the support's own evidence says which part a new line belongs to.

z_c has already read the support once. So that the same labels are not counted twice, ``mu(z_c) = -kappa (theta(z_c)
- theta(0))``, theta = w * alpha, kappa in [0, 1] learned: at kappa = 1 delta starts from the pooled model whatever
z_c says, at kappa = 0 from the context's own answer.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

_LENGTHS = (1.0, 0.5, 0.2, 0.05, 0.01, 0.001)


def _newton(labels: Tensor, offset: Tensor, mask: Tensor, gram: Tensor, duals: Tensor) -> Tensor:
    """Return one full Newton target a (..., S) in the S x S form."""
    fit = offset + (gram @ duals.unsqueeze(-1)).squeeze(-1)
    probability = torch.sigmoid(fit)
    curvature = mask * probability * (1.0 - probability)
    right = curvature * (fit - offset) + mask * (labels - probability)
    eye = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    solution: Tensor = torch.linalg.solve(eye + curvature.unsqueeze(-1) * gram, right.unsqueeze(-1))
    return solution.squeeze(-1)


def _loss(labels: Tensor, fit: Tensor, mask: Tensor, penalty: Tensor) -> Tensor:
    return (mask * (nn.functional.softplus(fit) - labels * fit)).sum(-1) + 0.5 * penalty


def laplace(
    design: Tensor,
    labels: Tensor,
    offset: Tensor,
    mask: Tensor,
    mean: Tensor,
    factor: Tensor,
    *,
    steps: int = 6,
    form: Literal["auto", "support", "atoms"] = "auto",
) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean (..., R) and covariance (..., R, R) of the Laplace posterior of logistic weights, and the evidence.

    The evidence (...) is the log likelihood of the labels, in nats, with the weights integrated out in the same
    approximation: 0 without labels.

    Parameters
    ----------
    design
        (..., S, R); rows where ``mask`` is 0 are padding.
    labels, offset, mask
        (..., S); labels in {0, 1}, offset in logits.
    mean
        Prior mean, (..., R).
    factor
        F (R, P) or (..., R, P), prior covariance F F^T (may be singular).
    steps
        Damped Newton steps: each takes the best of seven lengths, zero among them, so that the objective never
        rises.
    form
        Solve with S x S systems, with P x P systems, or with the smaller.

    Notes
    -----
    The search runs without gradients; the derivative of one more Newton step from its end stands for its own. At the
    optimum that is the implicit derivative, so gradients are exact once the search has converged.
    """
    x = (design @ factor) * mask.unsqueeze(-1)
    base = offset + (design @ mean.unsqueeze(-1)).squeeze(-1)
    if form == "support" or (form == "auto" and x.shape[-2] <= x.shape[-1]):
        white, spread = _support_form(x, labels, base, mask, steps)
    else:
        white, spread = _atom_form(x, labels, base, mask, steps)
    fit = base + (x @ white.unsqueeze(-1)).squeeze(-1)
    evidence = 0.5 * torch.linalg.slogdet(spread)[1] - _loss(labels, fit, mask, white.square().sum(-1))
    centre = mean + (factor @ white.unsqueeze(-1)).squeeze(-1)
    return centre, factor @ spread @ factor.transpose(-1, -2), evidence


def _support_form(x: Tensor, labels: Tensor, base: Tensor, mask: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    gram = x @ x.transpose(-1, -2)
    with torch.no_grad():
        duals = torch.zeros_like(base)
        for _ in range(steps):
            duals = _best(duals, _newton(labels, base, mask, gram, duals), labels, base, mask, gram)
    step = _newton(labels, base, mask, gram, duals)
    duals = duals + (step - step.detach())
    white = (x.transpose(-1, -2) @ duals.unsqueeze(-1)).squeeze(-1)
    probability = torch.sigmoid(base + (gram @ duals.unsqueeze(-1)).squeeze(-1))
    root = mask * (probability * (1.0 - probability) + 1e-12).sqrt()
    eye_s = torch.eye(gram.shape[-1], dtype=x.dtype, device=x.device)
    inner = eye_s + root.unsqueeze(-1) * gram * root.unsqueeze(-2)
    scaled = root.unsqueeze(-1) * x
    eye = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    return white, eye - scaled.transpose(-1, -2) @ torch.linalg.solve(inner, scaled)


def _best(duals: Tensor, target: Tensor, labels: Tensor, base: Tensor, mask: Tensor, gram: Tensor) -> Tensor:
    lengths = torch.tensor((*_LENGTHS, 0.0), dtype=base.dtype, device=base.device)
    shape = (len(lengths),) + (1,) * base.dim()
    trial = duals + lengths.view(shape) * (target - duals)
    lift = (gram @ trial.unsqueeze(-1)).squeeze(-1)
    value = _loss(labels, base + lift, mask, (trial * lift).sum(-1))
    return _take(trial, value)


def _take(trial: Tensor, value: Tensor) -> Tensor:
    value = value.nan_to_num(nan=float("inf"))
    lowest = value.amin(0)
    slack = 64.0 * torch.finfo(value.dtype).eps * (1.0 + lowest.abs())
    # the longest step that ties with the best one: near the optimum, rounding must not stop Newton from polishing
    best = (value <= lowest + slack).to(torch.int8).argmax(0)
    return trial.gather(0, best.unsqueeze(0).unsqueeze(-1).expand(1, *trial.shape[1:])).squeeze(0)


def _atom_form(x: Tensor, labels: Tensor, base: Tensor, mask: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    eye = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)

    def target(weights: Tensor) -> tuple[Tensor, Tensor]:
        probability = torch.sigmoid(base + (x @ weights.unsqueeze(-1)).squeeze(-1))
        curvature = mask * probability * (1.0 - probability)
        hessian = eye + (x * curvature.unsqueeze(-1)).transpose(-1, -2) @ x
        slope = (x.transpose(-1, -2) @ (mask * (probability - labels)).unsqueeze(-1)).squeeze(-1) + weights
        return weights - torch.linalg.solve(hessian, slope.unsqueeze(-1)).squeeze(-1), hessian

    with torch.no_grad():
        weights = torch.zeros(x.shape[:-2] + x.shape[-1:], dtype=x.dtype, device=x.device)
        lengths = torch.tensor((*_LENGTHS, 0.0), dtype=x.dtype, device=x.device)
        for _ in range(steps):
            trial = weights + lengths.view((-1,) + (1,) * weights.dim()) * (target(weights)[0] - weights)
            fit = base + (x @ trial.unsqueeze(-1)).squeeze(-1)
            weights = _take(trial, _loss(labels, fit, mask, trial.square().sum(-1)))
    step = target(weights)[0]
    weights = weights + (step - step.detach())
    _, hessian = target(weights)
    return weights, torch.linalg.inv(hessian)


class EvidencePosterior(nn.Module):
    """Prior of delta and its update by a support.

    Parameters
    ----------
    n_atoms
        ``K``.
    newton_steps
        Damped Newton steps of the search.
    robust
        rho in [0, 1): prior probability of the wider part, ``robust_shift`` (K,) from the first part's mean and with
        ``robust_root`` (K, K) as root of its covariance, both given at birth. 0: one Gaussian.
    """

    robust_shift: Tensor
    robust_root: Tensor

    def __init__(self, n_atoms: int, newton_steps: int, robust: float = 0.0) -> None:
        super().__init__()
        self.newton_steps = newton_steps
        self.robust = robust
        self.log_scale = nn.Parameter(torch.full((n_atoms,), -1.0))
        self.root = nn.Parameter(torch.zeros(n_atoms, n_atoms))
        self.log_nuisance = nn.Parameter(torch.zeros(()))
        self.raw_kappa = nn.Parameter(torch.tensor(3.0))
        if robust > 0.0:
            self.register_buffer("robust_shift", torch.zeros(n_atoms))
            self.register_buffer("robust_root", torch.eye(n_atoms))

    @property
    def kappa(self) -> Tensor:
        """Return kappa in (0, 1): how far delta takes back what z_c already said."""
        return torch.sigmoid(self.raw_kappa)

    def prior_factor(self) -> Tensor:
        """Return F (K, K): covariance of the first part of delta's prior = F F^T = diag(s^2) + R R^T."""
        eye = torch.eye(len(self.log_scale), dtype=self.log_scale.dtype, device=self.log_scale.device)
        covariance = self.root @ self.root.T + torch.diag((2.0 * self.log_scale).exp())
        factor: Tensor = torch.linalg.cholesky(covariance + 1e-8 * eye)
        return factor

    def prior_mean(self, effects: Tensor, pooled: Tensor) -> Tensor:
        """Return mu(z_c) (..., K) of the context's effects theta(z_c) (..., K) and the pooled theta(0) (K,)."""
        return -self.kappa * (effects - pooled)

    def forward(
        self, states: Tensor, labels: Tensor, offset: Tensor, mask: Tensor, mean: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return mean (..., K) and covariance (..., K, K) of delta, the support's base rate marginalised.

        ``states`` (..., S, K) less their centre; ``offset`` (..., S) the context's logits; ``mean`` (..., K) from
        :meth:`prior_mean`. Of a prior in two parts, mean and covariance of the mixed posterior.
        """
        n_atoms = mean.shape[-1]
        design = torch.cat([states, torch.ones_like(states[..., :1])], dim=-1)
        factor = self._with_nuisance(self.prior_factor())
        if self.robust == 0.0:
            padded = nn.functional.pad(mean, (0, 1))
            centre, covariance, _ = laplace(design, labels, offset, mask, padded, factor, steps=self.newton_steps)
            return centre[..., :n_atoms], covariance[..., :n_atoms, :n_atoms]
        means = nn.functional.pad(torch.stack([mean, mean + self.robust_shift]), (0, 1))
        factors = torch.stack([factor, self._with_nuisance(self.robust_root)])
        factors = factors.reshape(2, *(1,) * (mean.dim() - 1), n_atoms + 1, n_atoms + 1)
        centre, covariance, evidence = laplace(design, labels, offset, mask, means, factors, steps=self.newton_steps)
        odds = evidence.new_tensor([1.0 - self.robust, self.robust]).log()
        share = torch.softmax(evidence + odds.reshape(2, *(1,) * (evidence.dim() - 1)), dim=0)
        return mixed(share, centre[..., :n_atoms], covariance[..., :n_atoms, :n_atoms])

    def _with_nuisance(self, factor: Tensor) -> Tensor:
        """Return blockdiag(factor, sd of the support's own base rate), (K + 1, K + 1)."""
        column = nn.functional.pad(self.log_nuisance.exp().reshape(1, 1), (0, 0, len(factor), 0))
        return torch.cat([nn.functional.pad(factor, (0, 0, 0, 1)), column], dim=1)


def mixed(share: Tensor, means: Tensor, covariances: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean (..., R) and covariance (..., R, R) of a mixture: ``share`` (M, ...), ``means`` (M, ..., R)."""
    weight = share.unsqueeze(-1)
    mean = (weight * means).sum(0)
    apart = means - mean
    within = covariances + apart.unsqueeze(-1) * apart.unsqueeze(-2)
    return mean, (weight.unsqueeze(-1) * within).sum(0)
