"""Birth of the model: atoms, thresholds and gates as the training lines' own labels teach them, before any episode.

1. Atoms start as the (standardised) features, each pointing to the long tail of its potential; with fewer atoms than
features the ones that
   most help the per-line heads. 2. Thresholds, temperatures and pair modulation are learned together with one head
   per line, by the task loss: this is the only stage that sees thousands of labels at once. 3. A hierarchical
   logistic regression on the resulting mechanism states gives read-out, pooled gates, the directions of z_c, and the
   prior of delta: the full model then IS that regression, and episodes can only add.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from metabam.config import ModelConfig
from metabam.learners.dispersion import element_variance
from metabam.learners.hierarchical import ROBUST, HierarchicalPrior, fit_hierarchical
from metabam.learners.logistic import Standardiser, check_contexts
from metabam.model.context import BayesAggregation
from metabam.model.metabam import MetaBam, Support
from metabam.records import LabelledContext

Float64Array = NDArray[np.float64]
_BATCH = 256
_START_GAIN = -1.0
_START_LEAK = 1.0
"""States start almost linear (threshold 0, a weak tanh beside the whole match) and bend where labels say so: behind a
threshold from the start, measured signals lost what lies below it."""


@dataclass(frozen=True, slots=True)
class Birth:
    """A born model and what it was born from: the prior on its centred states, heads (E, K) and their spread (K,)."""

    model: MetaBam
    prior: HierarchicalPrior
    heads: Float64Array
    spread: Float64Array


def give_birth(contexts: Sequence[LabelledContext], config: ModelConfig, seed: int, *, steps: int = 1_200) -> Birth:
    """Return a model that equals hierarchical logistic regression on learned mechanism states.

    Parameters
    ----------
    contexts
        Training contexts, ``E`` of them, features (N_e, D).
    config
        Sizes; of more atoms than features there is one per feature, unless ``overcomplete`` (the rest are then random
        combinations). The born model's own ``config`` says how many it has.
    seed
        The result is deterministic in it.
    steps
        Optimiser steps of the head stage.
    """
    check_contexts(contexts)
    torch.manual_seed(seed)
    read = [context.displaced() for context in contexts]
    n_features = read[0].features.shape[1]
    if config.n_atoms > n_features and not config.overcomplete:
        config = config.model_copy(update={"n_atoms": n_features})
    model = MetaBam(config, n_features, contexts[0].layout)
    standardiser = Standardiser.of(read)
    with torch.no_grad():
        model.feature_centre.copy_(torch.from_numpy(standardiser.centre))
        model.feature_scale.copy_(torch.from_numpy(standardiser.scale))
    keep_reference(model, contexts, seed)
    _choose_atoms(model, read, seed)
    if model.multiscale is not None:
        model.multiscale.fit_(torch.from_numpy(np.concatenate([context.features for context in contexts])))
    _learn_states(model, contexts, seed, steps)
    prior, states = _fit_prior(model, contexts, seed)
    _install(model, prior, states)
    if model.evidence.robust > 0.0:
        _install_robust(model, prior, fit_hierarchical(_translated(model, contexts), seed, shrinkage=ROBUST))
    model.element_variance = _beyond_features(model, contexts)
    if model.learned_prior is not None and isinstance(model.encoder.aggregate, BayesAggregation):
        _shape_prior(model, contexts)
    _, covariance, _ = prior.raw()
    heads = prior.line_weights / prior.standardiser.scale
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0) * 0.1)
    return Birth(model, prior, heads, spread)


def keep_reference(model: MetaBam, contexts: Sequence[LabelledContext], seed: int) -> None:
    """Keep the features of 256 training pairs with the model, in place; which ones is a function of the seed."""
    rng = np.random.default_rng([seed, 3])
    lines = rng.integers(0, len(contexts), len(model.reference))
    rows = [contexts[line].features[int(rng.integers(len(contexts[line])))] for line in lines]
    with torch.no_grad():
        model.reference.copy_(torch.from_numpy(np.stack(rows)))


def _choose_atoms(model: MetaBam, contexts: Sequence[LabelledContext], seed: int) -> None:
    n_atoms, n_features = model.basis.atoms.shape
    pooled = np.concatenate([context.features for context in contexts]).astype(np.float64)
    z = (pooled - model.feature_centre.numpy()) / model.feature_scale.numpy()
    sign = np.where(np.mean(z**3, axis=0) < 0.0, -1.0, 1.0)
    order = np.arange(n_features)
    if n_atoms < n_features:
        prior = fit_hierarchical(contexts, seed)
        order = np.sort(np.argsort(-np.mean(prior.line_weights**2, axis=0), kind="stable")[:n_atoms])
    atoms = np.zeros((n_atoms, n_features))
    atoms[np.arange(len(order)), order] = sign[order]
    extra = n_atoms - len(order)
    if extra > 0:
        rows = np.random.default_rng([seed, 7]).normal(size=(extra, n_features))
        atoms[len(order) :] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    with torch.no_grad():
        model.basis.atoms.copy_(torch.from_numpy(atoms))
        model.basis.threshold.zero_()
        model.basis.gain.fill_(_START_GAIN)
        model.basis.leak.fill_(_START_LEAK)


def _learn_states(model: MetaBam, contexts: Sequence[LabelledContext], seed: int, steps: int) -> None:
    """Learn thresholds, temperatures and modulation with one head per line (Adam, cosine decay)."""
    n_lines, n_atoms = len(contexts), len(model.basis.atoms)
    features = [torch.from_numpy(np.ascontiguousarray(context.features)) for context in contexts]
    labels = [torch.from_numpy(context.labels.astype(np.float32)) for context in contexts]
    heads = nn.Parameter(torch.zeros(n_lines, n_atoms))
    bases = nn.Parameter(torch.tensor([float(np.log(c.prevalence / (1.0 - c.prevalence))) for c in contexts]))
    shape = [model.basis.threshold, model.basis.gain, model.basis.leak, model.modulate.matrix]
    shape += [] if model.multiscale is None else list(model.multiscale.parameters())
    optimizer = torch.optim.Adam([*shape, heads, bases], lr=5e-3)
    rng = np.random.default_rng([seed, 1])
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 5e-3 * min(1.0, (step + 1) / 50) * 0.5 * (1 + np.cos(np.pi * step / steps))
        rows = [torch.from_numpy(rng.integers(0, len(y), _BATCH)) for y in labels]
        x = torch.stack([f[r] for f, r in zip(features, rows, strict=True)])
        y = torch.stack([v[r] for v, r in zip(labels, rows, strict=True)])
        logits = (model.states(x) @ heads.unsqueeze(-1)).squeeze(-1) + bases.unsqueeze(-1)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, y)
        loss = loss + 1e-3 * heads.square().mean() + 5e-4 * model.modulate.coupling().abs().sum()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        if step < steps // 3:
            model.modulate.matrix.grad = None  # atoms first, then how they act on one another
        optimizer.step()
    for parameter in shape:
        parameter.grad = None


def states_of(model: MetaBam, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return h^(0) (N, K) float32 of features (N, D), without gradients."""
    with torch.no_grad():
        return np.asarray(model.states(torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))).numpy())


def _translated(model: MetaBam, contexts: Sequence[LabelledContext]) -> list[LabelledContext]:
    """Return the contexts with mechanism states in place of features."""
    return [replace(context, features=states_of(model, context.features)) for context in contexts]


def _fit_prior(
    model: MetaBam, contexts: Sequence[LabelledContext], seed: int
) -> tuple[HierarchicalPrior, Float64Array]:
    """Return the hierarchical fit on mechanism states, and the states' standard deviation (K,)."""
    prior = fit_hierarchical(_translated(model, contexts), seed)
    with torch.no_grad():
        model.readout.centre.copy_(torch.from_numpy(prior.standardiser.centre))
    return prior, prior.standardiser.scale


def _beyond_features(model: MetaBam, contexts: Sequence[LabelledContext]) -> float:
    """Return the variance of a pair's logit that the mechanism states do not hold."""
    read = [replace(context, features=states_of(model, context.features), layout=None) for context in contexts]
    layout = contexts[0].layout
    if layout is None or not layout.recall:
        return element_variance(read)
    bare = []
    for context in contexts:
        features = context.features.copy()
        features[:, layout.recalled] = 0.0
        bare.append(replace(context, features=states_of(model, features), layout=None))
    return element_variance(read, bare)


def _install(model: MetaBam, prior: HierarchicalPrior, deviation: Float64Array) -> None:
    """Put the prior into read-out, gate, context encoder and evidence."""
    mean, covariance, _ = prior.raw()
    heads = prior.line_weights / prior.standardiser.scale
    reach = np.abs(np.concatenate([heads, mean[None]])).max(0)
    weight = np.maximum(1.1 * reach, 0.05 / deviation)
    alpha = np.clip(mean / weight, -0.95, 0.95)
    directions = leading_directions(covariance, deviation, model.config.context_dim)
    with torch.no_grad():
        model.readout.set_weight_(_tensor(weight))
        model.readout.base.fill_(prior.intercept)
        model.base_logit.fill_(float(np.log(prior.base_rate / (1.0 - prior.base_rate))))
        model.gate.bias.copy_(_tensor(np.arctanh(alpha)))
        model.gate.skip.copy_(_tensor(directions / (weight * (1.0 - alpha**2))[:, None]))
        encoder = model.encoder.aggregate
        if isinstance(encoder, BayesAggregation):
            encoder.encode.copy_(_tensor(directions.T))
            encoder.nuisance.fill_(0.5 * float(np.log(prior.intercept_variance)))
        scale, root = split_covariance(covariance)
        model.evidence.log_scale.copy_(_tensor(np.log(scale)))
        model.evidence.root.copy_(_tensor(root))
        model.evidence.log_nuisance.fill_(0.5 * float(np.log(prior.intercept_variance)))


def _install_robust(model: MetaBam, prior: HierarchicalPrior, wide: HierarchicalPrior) -> None:
    """Put the second part of delta's prior into the evidence, as a shift from the first part's mean."""
    (mean, _, _), (wide_mean, covariance, _) = prior.raw(), wide.raw()
    with torch.no_grad():
        model.evidence.robust_shift.copy_(_tensor(wide_mean - mean))
        root = np.linalg.cholesky(covariance + 1e-8 * np.eye(len(covariance)))
        model.evidence.robust_root.copy_(_tensor(np.asarray(root, dtype=np.float64)))


def _shape_prior(model: MetaBam, contexts: Sequence[LabelledContext]) -> None:
    """Fit p(z_c) to q(z_c | all pairs) of the training lines: their aggregated posterior, drawn towards N(0, I).

    E lines say little about Z x Z numbers: N(0, I) counts as Z lines of the covariance and one of the mean.
    """
    posteriors = []
    with torch.no_grad():
        for context in contexts:
            labels = torch.from_numpy(context.labels.astype(np.float32))
            states = model.states(torch.from_numpy(np.ascontiguousarray(context.features)))
            posteriors.append(model.infer_context(Support(states, labels, torch.ones_like(labels))))
        means = torch.stack([posterior.mean for posterior in posteriors])
        n_lines, width = means.shape
        centre = means.sum(0) / (n_lines + 1)
        gap = means - centre
        scatter = torch.stack([posterior.covariance for posterior in posteriors]).sum(0) + gap.T @ gap
        covariance = (scatter + width * torch.eye(width)) / (n_lines + width)
    if model.learned_prior is not None:
        model.learned_prior.set_(centre, covariance)


def leading_directions(covariance: Float64Array, deviation: Float64Array, count: int) -> Float64Array:
    """Return A (K, Z): the directions that explain most of the logits' variance, A A^T near covariance.

    ``deviation`` (K,) is the standard deviation of each state, so that a weight counts by what it moves. With Z > K
    the last columns are zero.
    """
    values, vectors = np.linalg.eigh(covariance * np.outer(deviation, deviation))
    order = np.argsort(-values, kind="stable")[:count]
    directions = np.zeros((len(deviation), count))
    directions[:, : len(order)] = vectors[:, order] * np.sqrt(np.maximum(values[order], 0.0)) / deviation[:, None]
    largest = np.abs(directions).argmax(0)
    return directions * np.where(directions[largest, np.arange(count)] < 0.0, -1.0, 1.0)


def split_covariance(covariance: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Return s (K,) and R (K, K), diag(s^2) + R R^T = covariance, s^2 as large a share as that allows."""
    deviation = np.sqrt(np.maximum(np.diag(covariance), 1e-10))
    correlation = covariance / np.outer(deviation, deviation)
    share = float(np.clip(0.9 * np.linalg.eigvalsh(correlation)[0], 1e-4, 1.0))
    rest = correlation - share * np.eye(len(deviation))
    values, vectors = np.linalg.eigh(rest)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.sqrt(share) * deviation, deviation[:, None] * root


def _tensor(array: Float64Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(torch.float32)
