"""Figures of the Evaluation page: what is drawn, where, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.plots import cutoffs, evaluation, theme
from metabam.records import CutoffRecord, GeneRankRecord, HonestyRecord, ScoreRecord, SliceRecord

NAMES = {"m": "Model", "b": "$Base<"}


def score(learner="m", control="own", line="a", shots=16, value=0.5):
    return ScoreRecord(learner, control, line, shots, "auprc", value, value - 0.1, value + 0.2, 0.2, 5)


def honest(baseline, low):
    return HonestyRecord("w", "m", baseline, 16, 0.1, low, 0.3, 0.95, 2_000, 700, 0, 31, 3)


def test_one_row_per_line_and_one_trace_per_series():
    scores = [score(line=line) for line in ("a", "b", "c")] + [score("b", line="c"), score(control="flipped", line="a")]
    figure = evaluation.line_dots_figure(scores, NAMES, metric="AUPRC", synthetic=True)
    assert [trace.name for trace in figure.data] == ["Model", "Base&lt;", "Model: flipped labels", "base rate"]
    assert list(figure.data[0].ids) == ["m|own|a", "m|own|b", "m|own|c"]
    assert figure.data[0].error_x.array[0] == pytest.approx(0.2)
    assert figure.data[2].marker.symbol.endswith("open")
    assert list(figure.layout.yaxis.ticktext) == ["a", "b", "c"]
    assert "0.500" in theme.alt_of(figure)
    assert "$" not in figure.to_json()


def test_shots_are_evenly_spaced_and_the_base_rate_is_drawn():
    scores = [score(line="", shots=size, value=value) for size, value in ((0, 0.3), (16, 0.4), (256, 0.6))]
    figure = evaluation.shots_figure(scores, NAMES, metric="AUPRC", synthetic=False)
    assert list(figure.data[0].x) == [0, 1, 2]
    assert list(figure.layout.xaxis.ticktext) == ["0", "16", "256"]
    assert figure.layout.shapes[0].y0 == pytest.approx(0.2)
    assert "0.300" in theme.alt_of(figure)
    assert "0.600" in theme.alt_of(figure)


def test_a_baseline_that_is_not_beaten_is_red():
    figure = evaluation.honesty_figure([honest("b", 0.0), honest("m", 0.02)], NAMES, synthetic=True)
    lost, beaten = figure.data
    assert (list(lost.y), list(beaten.y)) == ([0], [1])
    assert lost.marker.color == theme.WARN
    assert beaten.marker.color != theme.WARN
    assert theme.alt_of(figure).startswith("1 of 2")


def test_slices_stand_beside_their_own_base_rate():
    records = [
        SliceRecord("distance", name, learner, value, value - 0.1, value + 0.1, base, pairs)
        for learner in ("m", "b")
        for name, value, base, pairs in (("x", 0.5, 0.2, 13), ("y", 0.3, 0.25, 17))
    ]
    figure = evaluation.slices_figure(records, NAMES, {"x": "near", "y": "far"}, title="t", synthetic=True)
    assert len(figure.data) == 3
    assert list(figure.data[2].y) == [0.2, 0.25]
    assert "n = 17" in figure.layout.xaxis.ticktext[1]
    assert theme.alt_of(figure) == "Weakest slice: far, AUPRC 0.300 at base rate 0.250."


def test_gene_ranks_against_chance():
    records = [
        GeneRankRecord("m", 0.7, 0.6, 0.8, 0.5, 0.4, 37, 75),
        GeneRankRecord("b", 0.5, 0.4, 0.6, 0.4, 0.4, 37, 75),
    ]
    figure = evaluation.gene_rank_figure(records, NAMES, synthetic=None)
    assert list(figure.data[0].x) == [0.7, 0.5]
    assert figure.layout.shapes[0].x0 == 0.5


@pytest.mark.parametrize(("kind", "x", "y"), [("pr", 0.5, 1.0), ("roc", 0.0, 0.5)])
def test_the_diamond_stands_at_the_cutoff(kind, x, y):
    record = CutoffRecord(np.array([0.8, 0.4, 0.1]), np.array([1, 2, 2]), np.array([0, 1, 3]), 2, 3)
    figure = cutoffs.cutoff_figure(record, 0.6, kind=kind, area=0.8, synthetic=True)
    assert (figure.data[2].x[0], figure.data[2].y[0]) == (x, y)
    assert list(figure.data[1].ids) == ["0.8", "0.4", "0.1"]
    assert list(figure.data[0].y) == ([0.4, 0.4] if kind == "pr" else [0, 1])
    empty = cutoffs.cutoff_figure(record, 0.95, kind=kind, area=0.8, synthetic=True)
    assert empty.data[2].x[0] == 0.0
