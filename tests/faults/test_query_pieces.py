"""Q08, a query table that is encoded in pieces: the same numbers as at once, and a way out between two pieces."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.app import adaptation
from metabam.data.upload import read_queries
from tests.faults import tables

N = 2 * adaptation.CHUNK + 13


@pytest.fixture(scope="module")
def queries(lab):
    places = [str(1_000 + 40 * row) for row in range(N)]
    rows = [
        {
            "chrom": "chr1",
            "enhancer_start": place,
            "enhancer_end": str(int(place) + 400),
            "promoter_start": str(int(place) + 90_000),
            "promoter_end": str(int(place) + 90_400),
        }
        for place in places
    ]
    result = read_queries(tables.write(rows), "q.tsv", lab.genome)
    assert len(result.table) == N
    return result


def test_pieces_are_the_whole(lab, queries):
    shares: list[float] = []
    values, status = adaptation.encode_rows(lab.predictor, queries, shares.append)
    whole, found = lab.predictor.features(queries.table, queries.status)
    assert np.array_equal(values, whole)
    assert status.tolist() == found.tolist()
    assert shares == [adaptation.CHUNK / N, 2 * adaptation.CHUNK / N, 1.0]


def test_cancelled_after_the_first_piece(lab, queries):
    seen: list[float] = []

    def cancel(share: float) -> None:
        seen.append(share)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adaptation.encode_rows(lab.predictor, queries, cancel)
    assert seen == [adaptation.CHUNK / N]
