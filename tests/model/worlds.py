"""A small feature-level planted world: sparse mechanisms seen through noise, gates of a line from two numbers."""

from __future__ import annotations

import numpy as np

from metabam.records import LabelledContext


def planted_contexts(
    n_lines: int, *, seed: int = 0, n_pairs: int = 900, n_mechanisms: int = 6, n_features: int = 7
) -> list[LabelledContext]:
    """Return labelled contexts; the last ``n_features - n_mechanisms`` features are noise."""
    rng = np.random.default_rng(seed)
    tilt = rng.normal(size=(2, n_mechanisms))
    contexts = []
    for line in range(n_lines):
        gates = np.tanh(1.5 * rng.normal(size=2) @ tilt)
        active = (rng.random((n_pairs, n_mechanisms)) < 0.3).astype(float)
        logit = 3.5 * active @ gates
        logit -= np.quantile(logit, 0.7)
        labels = (rng.random(n_pairs) < 1.0 / (1.0 + np.exp(-logit))).astype(np.int8)
        noise = 0.4 * rng.normal(size=(n_pairs, n_mechanisms))
        features = np.hstack([active / 0.46 + noise, rng.normal(size=(n_pairs, n_features - n_mechanisms))])
        enhancer = rng.integers(0, n_pairs // 2, n_pairs) + line * n_pairs
        promoter = rng.integers(0, n_pairs // 3, n_pairs) + line * n_pairs
        contexts.append(LabelledContext(f"line{line}", "", features.astype(np.float32), labels, enhancer, promoter))
    return contexts
