"""Distance of new pairs to the training pairs: every number can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.errors import InputError
from metabam.probe.novelty import novelty, percentile, training_pairs
from metabam.records import LabelledContext


def context(values, enhancer=None, promoter=None) -> LabelledContext:
    features = np.asarray(values, dtype=np.float32)
    n = len(features)
    return LabelledContext(
        "line",
        "",
        features,
        np.zeros(n, dtype=np.int8),
        np.arange(n) if enhancer is None else np.asarray(enhancer),
        np.arange(n) if promoter is None else np.asarray(promoter),
    )


def on_a_line(*places: float) -> np.ndarray:
    return np.array([[place] for place in places], dtype=np.float32)


def test_leave_one_out_distances_by_hand():
    """Points 0, 1, 3 and 6 have standard deviation sqrt(5.25) and nearest neighbours at 1, 1, 2 and 3."""
    trained = training_pairs([context(on_a_line(0, 1, 3, 6))])
    assert trained.reference * np.sqrt(5.25) == pytest.approx([1, 1, 2, 3])
    assert trained.total == 4


def test_a_training_point_is_at_percentile_zero_and_a_far_one_at_a_hundred():
    trained = training_pairs([context(on_a_line(0, 1, 3, 6))])
    record = novelty(trained, on_a_line(3, 1000), on_a_line(-1.5, 4.5, 8.5))
    assert record.support[0] == 0.0
    assert record.support_percentile.tolist() == [0.0, 100.0]
    assert record.queries * np.sqrt(5.25) == pytest.approx([1.5, 1.5, 2.5])
    assert record.query_percentile.tolist() == [50.0, 50.0, 75.0]
    assert record.outside
    assert record.beyond(record.support) == 1
    assert (record.training_total, record.query_total) == (4, 3)


def test_pairs_that_share_an_element_are_no_neighbours_of_each_other():
    """The same pairs in a second line, and two enhancers on one promoter, do not make a training pair familiar."""
    twice = [context(on_a_line(0, 1, 3, 6)), context(on_a_line(0, 1, 3, 6))]
    assert training_pairs(twice).reference * np.sqrt(5.25) == pytest.approx([1, 1, 1, 1, 2, 2, 3, 3])
    shared = training_pairs([context(on_a_line(0, 1, 3, 6), promoter=[0, 0, 1, 2])])
    assert shared.reference * np.sqrt(5.25) == pytest.approx([2, 2, 3, 3])


def test_a_constant_feature_counts_in_its_own_unit_and_distances_are_per_feature():
    flat = np.column_stack([np.array([0.0, 2.0, 0.0, 2.0]), np.full(4, 7.0)]).astype(np.float32)
    trained = training_pairs([context(flat)])
    record = novelty(trained, np.array([[0.0, 7.0], [0.0, 10.0]], dtype=np.float32))
    assert record.support == pytest.approx([0.0, 3 / np.sqrt(2)])
    assert record.query_total == 0
    assert len(record.queries) == 0


def test_without_a_pair_of_other_elements_there_is_no_percentile():
    record = novelty(training_pairs([context(on_a_line(0, 1), promoter=[5, 5])]), on_a_line(0))
    assert len(record.reference) == 0
    assert np.isnan(record.support_percentile).all()
    assert not record.outside


def test_large_tables_are_measured_evenly_and_counted():
    rng = np.random.default_rng(7)
    trained = training_pairs([context(rng.normal(size=(101, 5)))], most=53, most_reference=11)
    assert trained.bank.shape == (53, 5)
    assert len(trained.reference) == 11
    record = novelty(trained, rng.normal(size=(7, 5)).astype(np.float32), np.zeros((29, 5), np.float32), most=3)
    assert record.query_rows.tolist() == [0, 14, 28]
    assert (record.query_total, record.training_total) == (29, 101)


def test_percentile_counts_what_is_nearer():
    assert percentile(np.array([1.0, 2.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0, 9.0])).tolist() == [0, 25, 75, 100]


def test_wrong_widths_and_empty_runs_are_refused():
    trained = training_pairs([context(on_a_line(0, 1, 3))])
    with pytest.raises(InputError, match="do not match"):
        novelty(trained, np.zeros((2, 3), np.float32))
    with pytest.raises(InputError, match="no training pairs"):
        training_pairs([])
