"""Learners whose every answer is known by hand, and a Meta-BAM with random weights that nobody trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from metabam.config import ModelConfig
from metabam.learners.metabam import MetaBamLearner
from metabam.model.metabam import MetaBam
from metabam.records import AtomEdit, Fingerprint, FloatArray, LabelledContext, Prediction, SupportSet

K, D, Z, T = 11, 13, 2, 3


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def belief(gate, delta=None, mean=None, n=0):
    gate = np.asarray(gate, dtype=float)
    delta = np.zeros(len(gate)) if delta is None else np.asarray(delta, dtype=float)
    mean = gate[:Z].copy() if mean is None else np.asarray(mean, dtype=float)
    return Fingerprint(mean, np.ones(len(mean)), gate, delta, np.zeros((len(gate), len(gate))), n)


class Additive:
    """logit = sum_k (alpha_k + delta_k) x_k + bond alpha_0 alpha_1 x_0 x_1; the features are the states.

    alpha = tanh of the difference of class means times S / (S + 4); the context is its first two numbers.
    """

    name = "additive"

    def __init__(self, bond: float = 0.0):
        self.bond = bond

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        return None

    def adapt(self, support: SupportSet) -> Fingerprint:
        x, y = support.features.astype(float), support.labels
        gate = np.zeros(support.features.shape[1])
        if 0 < y.sum() < len(y):
            gate = np.tanh((x[y == 1].mean(0) - x[y == 0].mean(0)) * len(y) / (len(y) + 4.0))
        return belief(gate, n=len(y))

    def predict(
        self, context: Fingerprint, queries: FloatArray, *, trace: bool = False, edit: AtomEdit | None = None
    ) -> Prediction:
        alpha, delta = context.spectrum, context.evidence_mean
        if edit is not None:
            alpha, delta = edit.keep @ alpha + edit.gate, edit.keep @ delta + edit.evidence
        x = queries.astype(float)
        logit = x @ (alpha + delta) + self.bond * alpha[0] * alpha[1] * x[:, 0] * x[:, 1]
        states = np.stack([queries * (1 + t) for t in range(T + 1)]) if trace else None
        return Prediction(sigmoid(logit), logit, states=states)

    def spectrum_of(self, contexts):
        gates = np.zeros((len(contexts), K))
        gates[:, :Z] = contexts
        return gates

    def prior(self):
        return np.zeros(Z), np.ones(Z)


def random_learner(seed: int = 0, scale: float = 0.4) -> MetaBamLearner:
    """Return a Meta-BAM whose every weight is random, the mixing included."""
    config = ModelConfig(n_atoms=K, context_dim=Z, n_steps=T, mix_rank=2, hidden=5)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = MetaBam(config, D)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(scale * torch.randn_like(parameter))
            model.evidence.raw_kappa.fill_(0.5)
            model.reference.copy_(torch.randn_like(model.reference))
            model.base_logit.fill_(-1.0)
    return MetaBamLearner.of_model(model)


def weights(learner: MetaBamLearner) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in learner.state()[0].items()}


def pairs(count: int, seed: int = 0, width: int = D) -> FloatArray:
    return np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)


def line(name: str, features: FloatArray, labels, first: int = 0) -> LabelledContext:
    rows = np.arange(first, first + len(features), dtype=np.int64)
    return LabelledContext(name, "", features, np.asarray(labels, dtype=np.int8), rows, 10_000 + rows)
