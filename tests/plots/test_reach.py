"""Novelty strips and arcs: what is drawn where, and what is left out."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.plots import arcs, novelty, theme
from tests.plots.test_figures import Q, S, arcs_record, novelty_record


def test_strips_hold_training_support_and_queries_at_their_distances():
    figure = novelty.novelty_figure(novelty_record(), synthetic=True)
    training, support, asked = figure.data
    assert (len(training.x), len(support.x), len(asked.x)) == (20, S, Q)
    assert list(figure.layout.yaxis.ticktext) == ["queries", "your pairs", "training pairs"]
    assert [np.round(np.mean(np.round(trace.y))) for trace in figure.data] == [2, 1, 0]
    assert support.marker.color.count(theme.WARN) == 2
    assert asked.marker.color.count(theme.WARN) == 1
    assert figure.layout.shapes[0].x0 == pytest.approx(19.05)
    assert "2 of your 7 pairs, 1 of 5 queries" in figure.layout.title.subtitle.text


def test_without_queries_there_are_two_strips():
    from dataclasses import replace

    none = np.zeros(0)
    record = replace(novelty_record(), queries=none, query_percentile=none, query_rows=none.astype(np.int64))
    assert len(novelty.novelty_figure(record, synthetic=True).data) == 2


def test_one_trace_per_class_and_one_for_the_pointer():
    figure = arcs.arcs_figure(arcs_record(), synthetic=True)
    assert [trace.name for trace in figure.data] == ["query pair", "no contact (label 0)", "contact (label 1)", ""]
    assert [len(trace.x) for trace in figure.data[:3]] == [26, 2 * 26, 2 * 26]
    assert "chr&lt;7&gt;" in figure.layout.title.text


def test_an_arc_joins_the_midpoints_at_the_height_of_the_root_of_its_distance():
    figure = arcs.arcs_figure(arcs_record(), synthetic=True)
    x, y = (np.asarray(values, dtype=float)[:26] for values in (figure.data[2].x, figure.data[2].y))
    assert (x[0], x[24]) == (pytest.approx(0.0), pytest.approx(0.04))
    assert (y[0], y[24]) == (pytest.approx(0.0), pytest.approx(0.0, abs=1e-12))
    assert np.nanmax(y) == y[12]
    assert y[12] == pytest.approx(np.sqrt(40))
    assert np.isnan(x[25])
    assert figure.data[-1].y[0] == pytest.approx(np.sqrt(40))


def test_the_least_probability_and_the_cap_choose_what_is_drawn():
    assert arcs_record().drawn(0.5).tolist() == [0, 1, 2]
    assert arcs_record().drawn(0.95).tolist() == []
    many = arcs_record(307)
    assert many.drawn(0.0).tolist() == list(range(300))
    figure = arcs.arcs_figure(many, synthetic=True)
    assert "300 shown / 307" in figure.layout.title.subtitle.text
    nothing = arcs.arcs_figure(many, least=0.95, synthetic=True)
    assert "0 shown / 307" in nothing.layout.title.subtitle.text
