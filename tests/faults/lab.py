"""What the flows work with: a small genome, a predictor around a really trained, tiny Meta-BAM, and how to compare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from metabam.data.digests import array_digest
from metabam.data.genome import Genome
from metabam.data.pairs import ReadResult
from metabam.data.upload import read_queries, read_support
from metabam.records import Fingerprint, PairTable
from metabam.score import Predictor


@dataclass(frozen=True)
class Lab:
    """What a flow works with."""

    genome: Genome
    predictor: Predictor
    folder: Path

    def adapt(self, data: bytes, name: str = "support.tsv") -> Fingerprint:
        """Return the fingerprint of an uploaded support."""
        return self.predictor.adapt(used(read_support(data, name, self.genome)))

    def score(self, fingerprint: Fingerprint, data: bytes) -> pd.DataFrame:
        """Return the scores of uploaded queries."""
        result = read_queries(data, "queries.tsv", self.genome)
        return self.predictor.score(fingerprint, result.table, status=result.status)


def used(result: ReadResult) -> PairTable:
    """Return the table of an input that must have been accepted."""
    assert not result.refused, [str(problem) for problem in result.report.problems]
    return result.table


def bits(fingerprint: Fingerprint) -> list[str]:
    """Return digests of every array of a fingerprint."""
    arrays = (fingerprint.mean, fingerprint.std, fingerprint.spectrum, fingerprint.evidence_mean)
    return [array_digest(array) for array in (*arrays, fingerprint.evidence_cov)]


def assert_close(one: Fingerprint, other: Fingerprint) -> None:
    """S50: equal to 1e-6."""
    for name in ("mean", "std", "spectrum", "evidence_mean", "evidence_cov"):
        assert np.allclose(getattr(one, name), getattr(other, name), rtol=0, atol=1e-6), name
