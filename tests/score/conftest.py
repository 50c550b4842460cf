"""A predictor whose every number is known: composition features, and a Beta-Bernoulli learner with one slope."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.special import expit, logit

from metabam.records import (
    FeatureInfo,
    Fingerprint,
    FloatArray,
    LabelledContext,
    PairTable,
    PairWindows,
    Prediction,
    SupportSet,
)


class Composition:
    """Shares of A in the enhancer and of C in the promoter."""

    kind = "motif"
    features = (FeatureInfo("A in E", "composition"), FeatureInfo("C in P", "composition"))

    def __init__(self):
        self.largest = 0

    def encode(self, windows: PairWindows) -> FloatArray:
        self.largest = max(self.largest, len(windows))
        a, c = (windows.enhancers == 0).mean(axis=1), (windows.promoters == 1).mean(axis=1)
        return np.stack([a[windows.enhancer_index], c[windows.promoter_index]], axis=1).astype(np.float32)


class Slope:
    """The slope on feature 0 is the support's class difference in it; the intercept a smoothed share of positives."""

    name = "slope"

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        return None

    def adapt(self, support: SupportSet) -> Fingerprint:
        ones, zeros = (support.features[support.labels == value, 0].astype(float) for value in (1, 0))
        slope = 5.0 * (ones.mean() - zeros.mean()) if len(ones) and len(zeros) else 0.5
        share = (support.labels.sum() + 0.2) / (len(support) + 1.0)
        return Fingerprint(
            mean=np.array([slope, logit(share)]),
            std=np.array([1.0, 1.0]) / (1 + len(support)),
            spectrum=np.tanh([slope, 0.1, -0.1]),
            evidence_mean=np.zeros(3),
            evidence_cov=np.eye(3) / 3.0,
            n_support=len(support),
        )

    def predict(self, context: Fingerprint, queries: FloatArray) -> Prediction:
        z = context.mean[1] + context.mean[0] * queries[:, 0].astype(float)
        return Prediction(expit(z), z, expit(z - context.std[0]), expit(z + context.std[0]))


def pairs(count, seed=0, labels=True, start=0):
    """Pairs that bring their own sequences; the enhancer of positives is rich in A."""
    rng = np.random.default_rng(seed)
    label = (np.arange(count) % 3 == 0).astype(np.int8)

    def dna(rich, length):
        return "".join(rng.choice(list("ACGT"), length, p=[0.7, 0.1, 0.1, 0.1] if rich else [0.1, 0.3, 0.3, 0.3]))

    def text(values):
        out = np.empty(count, dtype=object)
        out[:] = values
        return out

    at = (np.arange(count, dtype=np.int64) + start) * 1_000
    return PairTable(
        pair_id=text([f"p{start + i}" for i in range(count)]),
        enhancer_chrom=text(["chr1"] * count),
        enhancer_start=at,
        enhancer_end=at + 53,
        promoter_chrom=text(["chr1"] * count),
        promoter_start=at + 500,
        promoter_end=at + 547,
        label=label if labels else np.full(count, -1, np.int8),
        cell_line=text(["toy"] * count),
        assay=text([""] * count),
        gene_id=text([""] * count),
        line=np.arange(2, count + 2),
        enhancer_seq=text([dna(value == 1, 53) for value in label]),
        promoter_seq=text([dna(False, 47) for _ in label]),
    )


@pytest.fixture
def parts():
    return Composition(), Slope()
