"""A feature-level planted world: 13 features, 7 of them mechanisms with signed gates from a 2-d latent."""

import numpy as np
import pytest
from scipy.special import expit

from metabam.records import LabelledContext

N, D, K = 1_201, 13, 7


def make_world(seed=0, lines=8, shared=0.0):
    rng = np.random.default_rng(seed)
    activity = (rng.random((N, K)) < 0.3) * rng.uniform(0.5, 1.0, (N, K))
    features = np.concatenate([activity + 0.1 * rng.standard_normal((N, K)), rng.standard_normal((N, D - K))], axis=1)
    features[:, D - 1] = 3.0  # a constant column, as encoders produce them
    loading = rng.standard_normal((K, 2))
    contexts = []
    for line in range(lines):
        gate = np.tanh(loading @ rng.standard_normal(2) + shared)
        p = expit((activity - activity.mean(axis=0)) @ (5.0 * gate) - 1.7)
        labels = (rng.random(N) < p).astype(np.int8)
        contexts.append(
            LabelledContext(
                f"line{line}", "", features.astype(np.float32), labels, np.arange(N) // 3, np.arange(N) % 601
            )
        )
    return contexts


@pytest.fixture(scope="session")
def world():
    return make_world()


@pytest.fixture(scope="session")
def agreeing_world():
    return make_world(seed=1, shared=3.0)
