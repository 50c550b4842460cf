"""Where two elements lie: by hand, on five promoters."""

import numpy as np
import pytest

from metabam.data.geometry import BENDS, BETWEEN, DISTANCE, GEOMETRY, geometry_of, promoters_between, promoters_of
from metabam.errors import InputError
from tests.data.test_features import table, texts


def promoters():
    chrom = texts("chr1", "chr1", "chr1", "chr1", "chr2")
    starts = np.array([1_100, 5_100, 1_100, 40, 700])  # one of them twice
    return promoters_of(chrom, starts, starts + 100)


def test_promoters_are_distinct_midpoints_by_chromosome():
    found = promoters()
    assert {name: places.tolist() for name, places in found.items()} == {"chr1": [180, 2_300, 10_300], "chr2": [1_500]}


def test_a_promoter_between_lies_strictly_between_the_midpoints():
    # from 150 to 1,150: none; from 150 to 5,150: the one at 1,150; its own midpoint does not count
    found = promoters_between(table(), promoters())
    assert found[:2].tolist() == [0.0, 1.0]
    assert np.isnan(found[2])
    assert promoters_between(table(), {})[:2].tolist() == [0.0, 0.0]


def test_distance_bends_at_its_knots():
    far = table()
    far.promoter_start[1], far.promoter_end[1] = 100_100, 100_200  # 100 kb
    found = geometry_of(far, GEOMETRY, promoters())
    assert found[0].tolist() == pytest.approx([0.0] * len(BENDS) + [0.0, 3.0])
    assert found[1].tolist() == pytest.approx([1.0, 0.5, 0.0, 0.0, 0.0, np.log10(3.0), 5.0], abs=1e-6)
    assert np.isnan(found[2]).all()
    assert geometry_of(far, (DISTANCE,), None)[:2].ravel().tolist() == pytest.approx([3.0, 5.0])


def test_promoters_between_need_a_list_of_promoters():
    with pytest.raises(InputError, match="features-missing"):
        geometry_of(table(), (BETWEEN,), None)
