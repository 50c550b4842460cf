"""Figures of swaps: what each cell, point, bar and line holds; cases small enough to count by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from metabam.plots import drift, driftpath, theme
from metabam.records import SWAP_SCORES, PathRecord, SwapRecord

E, Q, K, T = 3, 5, 11, 3


def swap_record() -> SwapRecord:
    values = np.arange(E * E, dtype=float).reshape(E, E) / 10
    values[2, 1] = np.nan
    scores = {name: values + 0.01 * at for at, name in enumerate(SWAP_SCORES)}
    stacked = np.stack(list(scores.values()))
    counts = np.full((E, E), 53)
    counts[2, 1] = 7
    return SwapRecord(
        lines=("a | x", "b | x", "c | x"), judged_by="column", n=counts, n_reversal=counts - 5, n_shared=counts,
        min_shared=50, low=stacked - 0.02, high=stacked + 0.03, **scores,
    )  # fmt: skip


def pairs_view(**more) -> drift.PairsView:
    native = np.array([-2.0, -1.0, 1.0, 2.0, 0.5])
    swapped = np.array([1.0, -1.0, -3.0, 2.0, 0.25])
    return drift.PairsView(
        native, swapped, np.array([0, 0, 1, 1, 0], dtype=np.int8), np.array([1, 0, 0, 1, 1], dtype=np.int8),
        [f"p{at}" for at in range(Q)], [f"id{at}" for at in range(Q)], "b | x", "a | x", **more,
    )  # fmt: skip


def path_record() -> PathRecord:
    share = np.linspace(0, 1, 11)
    logit = np.stack([1.0 - 2.0 * share, 1.0 + share], axis=1)
    spectrum = np.zeros((11, K))
    spectrum[0, 4], spectrum[-1, 4], spectrum[:, 7] = 0.5, -0.5, 0.1
    states = np.ones((11, T + 1, 2, K), np.float32)
    states[:, :, 1] = 2.0
    return PathRecord(share, np.zeros((11, 2)), spectrum, logit, states, np.array([6, -1]))


def every(lang="en", synthetic=True):
    options = {"synthetic": synthetic, "lang": lang}
    record = swap_record()
    yield drift.matrix_figure(record, chosen=(1, 2), **options)
    yield drift.matrix_figure(replace(record, judged_by="row"), reversals=True, **options)
    yield drift.scores_figure(record, 0, 1, **options)
    for control in ("own", "other", "prior", "shuffled"):
        listed = np.array([True, False, True, False, False])
        yield drift.pairs_figure(pairs_view(listed=listed, pinned=(2, 0)), control=control, total=211, **options)
    yield driftpath.gates_figure(
        np.array([4, 0]), np.array([0.5, -0.1]), np.array([0.2, -0.3]), np.array([0.7, 0.1]), **options
    )
    yield driftpath.path_figure(path_record(), ["p1", "p2"], line_a="a | x", line_b="b | x", **options)
    yield driftpath.trace_figure(path_record(), 1, "p2", line_a="a | x", line_b="b | x", **options)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_badge_take_away_and_titled_axes(lang):
    from metabam.texts import text

    for figure in every(lang):
        assert any(text("shell.badge.synthetic", lang) in item.text for item in figure.layout.annotations if item.text)
        assert any(character.isdigit() for character in theme.alt_of(figure))
        assert figure.layout.title.text
        assert theme.drawn_rows(figure)
        assert figure.layout.xaxis.title.text


def test_each_cell_of_the_matrix_carries_its_row_and_column():
    heat, cells = drift.matrix_figure(swap_record(), chosen=(1, 2), synthetic=True).data
    assert (heat.zmin, heat.zmid, heat.zmax) == (0, 0.5, 1)
    assert np.asarray(heat.z)[1, 2] == 0.5
    at = list(cells.ids).index("1,2")
    assert (cells.x[at], cells.y[at], cells.text[at]) == ("c", "b", "0.50")
    assert [place for place, width in enumerate(cells.marker.line.width) if width] == [at]
    assert "[0.480, 0.530], n = 53" in cells.hovertext[at]
    none = list(cells.ids).index("2,1")
    assert cells.text[none] == "n = 7"
    assert "no score" in cells.hovertext[none]


def test_scores_stand_beside_their_controls_with_intervals():
    figure = drift.scores_figure(swap_record(), 0, 1, synthetic=True)
    assert [trace.x[0] for trace in figure.data] == pytest.approx([0.1, 0.13, 0.12, 0.11, 0.14, 0.17, 0.16, 0.15])
    assert all(trace.error_x.array[0] == pytest.approx(0.03) for trace in figure.data)
    assert all(trace.error_x.arrayminus[0] == pytest.approx(0.02) for trace in figure.data)
    said = [item.text for item in figure.layout.annotations]
    assert any("n = 53" in text for text in said)
    assert any("n = 48" in text for text in said)


def test_pairs_are_parted_by_what_their_label_does_and_quadrants_are_counted():
    figure = drift.pairs_figure(pairs_view(pinned=(2, 0)), total=211, synthetic=True)
    clouds = figure.data[:4]
    assert [list(trace.ids) for trace in clouds] == [["id1"], ["id3"], ["id0", "id4"], ["id2"]]
    assert drift.quadrant_counts(pairs_view().native, pairs_view().swapped).tolist() == [[1, 1], [1, 2]]
    corners = {item.text: (item.x > 0, item.y > 0) for item in figure.layout.annotations if "n =" in item.text}
    assert corners["n = 2"] == (True, True)
    pinned = figure.data[-1]
    assert (list(pinned.x), list(pinned.text)) == ([1.0, -2.0], ["<b>1</b>", "<b>2</b>"])
    assert "5 shown / 211 in total; 2 change" in figure.layout.title.subtitle.text


def test_gates_path_and_trace():
    bars = driftpath.gates_figure(
        np.array([4, 0]), np.array([0.5, -0.1]), np.array([0.2, -0.3]), np.array([0.7, 0.1]), synthetic=True
    )
    assert list(bars.data[0].y) == ["atom 5", "atom 1"]
    assert bars.data[0].marker.color == (theme.SIGNED[-1][1], theme.SIGNED[0][1])
    assert bars.data[0].error_x.array == pytest.approx([0.2, 0.2])
    assert "1 of 2 clear of zero" in bars.layout.title.subtitle.text
    way = driftpath.path_figure(path_record(), ["p1", "p2"], line_a="a | x", line_b="b | x", synthetic=True)
    star = next(trace for trace in way.data if trace.marker.symbol == "star")
    assert (star.x[0], star.y[0]) == pytest.approx((0.6, -0.2))
    assert way.layout.xaxis.ticktext[0] == "a"
    trace = driftpath.trace_figure(path_record(), 1, "p2", line_a="a | x", line_b="b | x", synthetic=True)
    assert trace.data[0].name == "atom 5, a"
    assert (trace.data[0].y[-1], trace.data[1].y[-1]) == (1.0, -1.0)
    assert (trace.data[0].line.dash, trace.data[1].line.dash) == ("solid", "dash")
    assert "1 of 6 atoms change sides" in trace.layout.title.subtitle.text


def test_names_lose_their_assay_only_where_they_stay_distinct():
    assert drift.brief(["a | x", "b | x"]) == ["a", "b"]
    assert drift.brief(["a | x", "a | y"]) == ["a | x", "a | y"]
