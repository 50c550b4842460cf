"""Training curves: smoothing, thinning, gaps, and what a live chart is made of."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.plots import curves
from metabam.records import History, StepRecord


def history() -> History:
    records = [
        StepRecord(
            step, "meta-train", {"total": 10.0 - step}, {"auprc_train": step / 10, "flag": [1.0, 2.0]}, 60.0 * step
        )
        for step in range(7)
    ]
    return History((*records, StepRecord(7, "done", {"total": 1.0})))


def test_no_smoothing_returns_the_values():
    values = np.array([3.0, np.nan, 5.0])
    assert np.array_equal(curves.ema(values, 0.0), values, equal_nan=True)


def test_smoothing_is_bias_corrected_and_skips_gaps():
    smooth = curves.ema(np.array([2.0, np.nan, 4.0]), 0.5)
    assert smooth[0] == 2.0
    assert np.isnan(smooth[1])
    assert smooth[2] == pytest.approx((0.25 * 2.0 + 0.5 * 4.0) / 0.75)


def test_names_of_scalars_known_ones_first():
    assert curves.scalar_names(history()) == ["total", "auprc_train"]


def test_curve_by_step_and_by_clock_in_one_phase():
    by_step = curves.curve(history(), "r", "total", phase="meta-train")
    assert by_step.x.tolist() == list(range(7))
    assert by_step.y.tolist() == [10.0 - step for step in range(7)]
    assert curves.curve(history(), "r", "total", axis="clock").x[3] == 3.0
    assert curves.curve(history(), "r", "total", axis="epoch", epoch=0.5, phase="meta-train").x[3] == 1.5


def test_the_best_so_far_knows_which_way_is_better():
    steps = np.arange(4)
    y = np.array([3.0, np.nan, 1.0, 2.0])
    low = curves.Curve("r", "total", steps.astype(float), steps, y, y)
    assert curves.so_far(low).tolist() == [3.0, 3.0, 1.0, 1.0]
    assert curves.so_far(curves.Curve("r", "auprc_train", low.x, steps, y, y)).tolist() == [3.0, 3.0, 3.0, 3.0]
    assert [row["best"] for row in curves.points([low])] == [3.0, 3.0, 1.0, 1.0]


def test_summary_knows_which_way_is_better():
    line = curves.curve(history(), "r", "total", phase="meta-train")
    low = curves.summary([line], larger_is_better=False)[0]
    assert (low["best"], low["best_step"], low["last"], low["max"], low["n"]) == (4.0, 6, 4.0, 10.0, 7)
    assert curves.summary([line], larger_is_better=True)[0]["best_step"] == 0


def test_thinning_keeps_the_last_point():
    steps = np.arange(10007)
    line = curves.Curve("r", "x", steps.astype(float), steps, steps.astype(float), steps.astype(float))
    rows = curves.points([line], most=500)
    assert len(rows) <= 502
    assert rows[-1]["step"] == 10006


def test_a_gap_is_null_not_zero():
    line = curves.Curve("r", "x", np.arange(2.0), np.arange(2), np.array([1.0, np.nan]), np.array([1.0, np.nan]))
    assert curves.points([line])[1]["raw"] is None


def test_chart_draws_raw_smooth_and_pointer_and_marks_faults():
    line = curves.curve(history(), "r", "total", phase="meta-train", weight=0.9)
    spec = curves.panel(
        [line],
        title="t",
        axis="step",
        axis_title="x",
        colours={"r": "#123456"},
        synthetic=True,
        faults=[3.0],
        references={"base": 0.5},
    ).to_dict()
    marks = [layer["mark"]["type"] for layer in spec["layer"]]
    assert marks == ["line", "line", "point", "rule", "rule", "text"]
    assert spec["title"]["subtitle"] == "SYNTHETIC"
    assert spec["layer"][0]["encoding"]["y"]["field"] == "raw"
    assert spec["layer"][1]["encoding"]["y"]["field"] == "smooth"


def test_log_axis_leaves_out_what_is_not_positive():
    line = curves.Curve("r", "x", np.arange(3.0), np.arange(3), np.array([1.0, 0.0, -1.0]), np.array([1.0, 0.0, -1.0]))
    spec = curves.panel([line], title="t", axis="step", axis_title="x", colours={"r": "#123456"}, log=True).to_dict()
    assert [row["raw"] for row in spec["datasets"]["curve"]] == [1.0]


@pytest.mark.parametrize(("steps", "opacity"), [(1, 1), (2, 0)])
def test_one_value_alone_is_drawn_as_a_mark(steps, opacity):
    log = History(tuple(StepRecord(step, "meta-train", metrics={"auroc_own": 0.7}) for step in range(steps)))
    line = curves.curve(log, "r", "auroc_own")
    spec = curves.panel([line], title="t", axis="step", axis_title="x", colours={"r": "#123456"}).to_dict()
    marks = [layer["mark"] for layer in spec["layer"]]
    assert next(mark["opacity"] for mark in marks if mark["type"] == "point") == opacity
