import numpy as np
import pytest
from scipy.stats import norm

from metabam.metrics import auroc, clustered_auroc


def test_by_hand():
    # positives 3, 1 above negatives 2, 0 in 3 of 4 comparisons; placements of positives 1, 1/2; of negatives 1/2, 1
    found = clustered_auroc([1, 1, 0, 0], [3.0, 1.0, 2.0, 0.0], [0, 1, 2, 3])
    assert found.estimate == 0.75
    ten = 2 / 1 * ((1 - 0.75) ** 2 + (0.5 - 0.75) ** 2)
    deviation = np.sqrt(ten / 4 + ten / 4)  # DeLong: nothing is shared between a positive and a negative
    reach = norm.ppf(0.975) * deviation / (0.75 * 0.25)
    ends = 1 / (1 + np.exp(-(np.log(3) + np.array([-reach, reach]))))
    assert (found.low, found.high) == pytest.approx(tuple(ends))


def test_a_row_that_is_written_twice_teaches_nothing():
    rng = np.random.default_rng(3)
    labels = (rng.random(211) < 0.3).astype(int)
    scores = labels + rng.standard_normal(211)
    once = clustered_auroc(labels, scores, np.arange(211))
    twice = clustered_auroc(np.tile(labels, 2), np.tile(scores, 2), np.tile(np.arange(211), 2))
    naive = clustered_auroc(np.tile(labels, 2), np.tile(scores, 2), np.arange(422))
    assert once.estimate == pytest.approx(auroc(labels, scores))
    assert twice.estimate == pytest.approx(once.estimate)
    assert twice.high - twice.low == pytest.approx(once.high - once.low, rel=1e-6)
    assert naive.high - naive.low < 0.75 * (once.high - once.low)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(5)
    truth, hits = norm.cdf(1.0 / np.sqrt(2.0)), 0
    for _ in range(300):
        labels = np.r_[np.ones(37), np.zeros(53)]
        found = clustered_auroc(labels, labels + rng.standard_normal(90), np.arange(90))
        hits += found.low <= truth <= found.high
    assert 0.91 <= hits / 300 <= 0.985


def test_what_has_no_interval():
    assert clustered_auroc([1, 1], [0.1, 0.2], [0, 1]).estimate is None
    perfect = clustered_auroc([1, 1, 0, 0], [3.0, 2.0, 1.0, 0.0], [0, 1, 2, 3])
    assert (perfect.estimate, perfect.low) == (1.0, None)
    one_group = clustered_auroc([1, 1, 0, 0], [3.0, 1.0, 2.0, 0.0], [0, 0, 2, 3])
    assert (one_group.estimate, one_group.low) == (0.75, None)
