"""A training curve in a notebook: both lines, gaps, log axis, and a single value."""

from __future__ import annotations

import numpy as np

from metabam.plots import theme
from metabam.plots.curves import Curve, ema
from metabam.plots.trainingfigure import training_figure

COLOURS = {"a": "#0072B2", "b": "#D55E00"}


def curve(run: str, values: list[float], weight: float = 0.0) -> Curve:
    y = np.array(values)
    steps = np.arange(len(y)) * 3
    return Curve(run, "total", steps.astype(float), steps, y, ema(y, weight))


def drawn(found, **options):
    return training_figure(found, title="t", axis_title="step", colours=COLOURS, synthetic=True, **options)


def test_raw_is_faint_behind_smooth_and_one_line_where_nothing_is_smoothed():
    raw, smooth = drawn([curve("a", [2.0, np.nan, 4.0], 0.5)]).data
    assert list(raw.x) == list(smooth.x) == [0.0, 3.0, 6.0]
    assert list(raw.y) == [2.0, None, 4.0]
    assert list(smooth.y) == [2.0, None, (0.25 * 2.0 + 0.5 * 4.0) / 0.75]
    (line,) = drawn([curve("a", [2.0, 3.0])]).data
    assert (line.mode, line.name) == ("lines", "a")


def test_two_runs_keep_their_colours_and_get_a_legend():
    figure = drawn([curve("a", [1.0, 2.0]), curve("b", [3.0, 4.0])])
    assert [trace.line.color for trace in figure.data] == list(COLOURS.values())
    assert figure.layout.showlegend
    assert not drawn([curve("a", [1.0, 2.0], 0.5)]).layout.showlegend
    assert "SYNTHETIC" in figure.layout.annotations[0].text
    assert "4.0000" in theme.alt_of(figure)


def test_a_log_axis_leaves_out_what_is_not_positive_and_one_value_is_a_mark():
    figure = drawn([curve("a", [5.0, 0.0, -1.0])], log=True)
    assert figure.layout.yaxis.type == "log"
    (line,) = figure.data
    assert (list(line.y), line.mode) == ([5.0], "markers")
    assert drawn([curve("a", [-1.0])], log=True).data == ()


def test_what_never_changes_gets_room_on_both_sides():
    assert drawn([curve("a", [9007.0, 9007.0])]).layout.yaxis.range == (9006.5, 9007.5)
    assert drawn([curve("a", [1.0, 2.0])]).layout.yaxis.range is None
