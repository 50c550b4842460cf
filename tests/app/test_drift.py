"""Fingerprint drift: the matrix and its cells, pairs that are pinned, controls, truth and exports."""

from __future__ import annotations

import json

import numpy as np
import pytest

from metabam.app import driftcell, driftexport, swapping
from tests.app.conftest import words

DRIFT = "pages/probe/drift.py"
TWO = ["train1 | planted", "train5 | planted"]


def figures(at):
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def fine(at):
    assert not at.exception
    assert [item.value for item in at.error] == []


def test_a_deep_link_chooses_both_lines_and_a_bad_one_is_said(app):
    at = app(DRIFT, env_a=TWO[1], env_b="nobody")
    fine(at)
    assert at.selectbox(key="env_a").value == TWO[1]
    assert at.selectbox(key="env_b").value == "train2 | planted"
    assert "env_b = nobody" in words(at)
    assert "has not been computed" in words(at)
    assert len(figures(at)) == 5


def test_the_matrix_is_computed_on_a_press_and_a_click_on_it_chooses_the_lines(app):
    from metabam.app import cache

    model = cache.model(cache.open_run("demo"))
    before = {name: value.tobytes() for name, value in model.learner.state()[0].items()}
    at = app(DRIFT, by_menu=True)
    at.multiselect(key="drift_lines").set_value(TWO)
    next(button for button in at.button if button.label == "Compute the matrix").click()
    at.run()
    fine(at)
    heat = figures(at)[0]["data"][0]
    assert heat["type"] == "heatmap"
    assert heat["x"] == ["train1", "train5"]
    record = at.session_state["drift_matrix"][1][0]
    assert record.auroc.shape == (2, 2)
    assert np.isfinite(record.auroc).all()
    at.session_state["chart_drift_matrix"] = {"selection": {"points": [{"id": "0,1"}], "box": [], "lasso": []}}
    at.run()
    fine(at)
    assert (at.selectbox(key="env_a").value, at.selectbox(key="env_b").value) == (TWO[1], TWO[0])
    shown = {item.label: item.value for item in at.metric}
    assert shown["AUROC, A on B"] == f"{record.auroc[0, 1]:.3f}"
    assert shown["Reversed pairs"] == f"{record.reversal[0, 1]:.3f}"
    assert {name: value.tobytes() for name, value in model.learner.state()[0].items()} == before
    at.selectbox(key="env_b").set_value(TWO[1]).run()
    fine(at)
    assert "nothing is swapped" in words(at)
    cell = at.session_state["drift_cell"][1]
    assert np.array_equal(cell.native, cell.answers["own"])
    assert not cell.reversed.any()


def test_a_clicked_pair_is_pinned_and_drawn_on_the_path(app):
    at = app(DRIFT, env_a=TWO[1], env_b=TWO[0])
    cell = at.session_state["drift_cell"][1]
    at.selectbox(key="env_b").set_value("train2 | planted").run()
    at.selectbox(key="env_b").set_value(TWO[0]).run()
    cell = at.session_state["drift_cell"][1]
    first = list(at.session_state["drift_pinned"])  # nobody touched them: they are this cell's own
    assert len(first) == 3
    assert all(cell.reversed[cell.ids().index(one)] for one in first)
    other = next(one for one in cell.ids() if one not in first)
    at.session_state["chart_drift_pairs"] = {"selection": {"points": [{"id": other}], "box": [], "lasso": []}}
    at.run()
    fine(at)
    assert at.session_state["drift_pinned"] == [*first, other]
    path = next(figure for figure in figures(at) if "place on the way" in figure["layout"]["xaxis"]["title"]["text"])
    assert sum(trace["mode"] == "lines+markers" for trace in path["data"]) == 4


def test_the_truth_lists_planted_reversals_with_misses(app):
    at = app(DRIFT, env_a=TWO[1], env_b=TWO[0])
    assert "Planted here" not in words(at)
    at.toggle(key="show_truth").set_value(True).run()
    fine(at)
    assert "Planted here" in words(at)
    table = next(item.value for item in at.dataframe if "true P in A" in item.value.columns)
    assert ((table["true P in A"] > 0.5) != (table["true P in B"] > 0.5)).all()
    counts = next(item.value for item in at.dataframe if "of them planted" in item.value.columns)
    own, shuffled = (int(counts["by measured labels"][row].split(" / ")[0]) for row in (0, 3))
    assert own > shuffled


def test_lines_that_share_too_little_are_counted_and_not_scored(app):
    at = app(DRIFT, env_a="unseen01 | planted", env_b="unseen02 | planted")
    fine(at)
    said = words(at)
    assert "below 50 there is no score" in said
    assert next(item.value for item in at.metric if item.label == "AUROC, A on B") == "–"


def test_a_run_without_its_world_asks_for_coordinates(app, copy_demo):
    copy_demo("mine")
    at = app(DRIFT, run="mine")
    fine(at)
    assert "A run keeps identities of elements, not coordinates: 0 of" in words(at)
    assert len(at.file_uploader) == 1
    table = "pair_id\tchrom\tenhancer_start\tenhancer_end\tpromoter_start\tpromoter_end\n"
    from metabam.data.worldtable import world_table
    from tests.app.conftest import ASSETS

    world = world_table(ASSETS / "world")
    rows = zip(world.pair_id, *world.coordinates()[:3], *world.coordinates()[4:], strict=True)
    table += "".join("\t".join(map(str, row)) + "\n" for row in rows)
    at.file_uploader[0].upload("pairs.tsv", table.encode(), "text/plain")
    at.run()
    fine(at)
    assert "keeps identities" not in words(at)


# ------------------------------------------------------------------ parts


def small_cell(**more):
    blank = {"a": "a", "b": "b", "column": None, "row": None, "total": 5, "fingerprint_a": None, "fingerprint_b": None}
    arrays = {
        "rows": np.arange(5), "enhancer": np.arange(5), "promoter": np.arange(5) + 7,
        "labels_b": np.array([0, 1, 0, 1, 0], dtype=np.int8), "labels_a": np.array([1, 0, 1, 1, 0], dtype=np.int8),
        "native": np.array([-2.0, 1.0, -1.0, 2.0, 0.0]),
        "answers": {"own": np.array([1.0, -1.0, -0.5, 3.0, 0.5]), "shuffled": np.array([-2.0, 1.0, -1.0, 2.0, 0.0])},
        "moved": np.arange(2), "change": np.zeros((3, 2)),
    }  # fmt: skip
    return swapping.Cell(**(blank | arrays | more))


def test_sides_by_hand():
    cell = small_cell()
    assert cell.reversed.tolist() == [True, True, True, False, False]
    # logits 1, -1, -0.5 with the middle at -0.5: the first is above and should be, the second below and should be
    assert cell.sided("own", cell.reversed) == (2, 3)
    assert cell.sided("native", cell.reversed) == (0, 3)
    assert swapping.on_side(np.zeros(0), np.zeros(0, dtype=bool)).size == 0


def test_a_fingerprint_without_information_gets_half_whatever_its_mean_and_spread():
    rng = np.random.default_rng(7)
    positive = rng.random(20_011) < 0.31
    for scale, shift in ((0.1, -3.0), (5.0, 2.0)):
        right = swapping.on_side(scale * rng.standard_normal(20_011) + shift, positive)
        assert right.mean() == pytest.approx(0.5, abs=0.015)


def test_first_pinned_are_reversed_pairs_that_turned():
    assert driftcell.most_turned(small_cell()) == [0, 1, 2]
    assert driftcell.most_turned(small_cell(labels_a=np.array([0, 1, 0, 1, 0], dtype=np.int8)), 1) == [0]


def test_wilson_by_hand():
    low, high = driftcell.wilson(5, 10)
    assert (low, high) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert driftcell.wilson(0, 0) == (0.0, 1.0)


def test_bedpe_holds_the_reversed_pairs_whose_place_is_known():
    from metabam.app import lines

    table = lines.empty_table()
    from dataclasses import replace

    words_, numbers = np.array(["=x", "y"], dtype=object), np.array([10, 20])
    table = replace(
        table, pair_id=words_, enhancer_chrom=np.array(["chr1", "chr2"], dtype=object), enhancer_start=numbers,
        enhancer_end=numbers + 5, promoter_chrom=np.array(["chr1", "chr2"], dtype=object), promoter_start=numbers + 50,
        promoter_end=numbers + 60, label=np.array([-1, -1], dtype=np.int8), cell_line=words_, assay=words_,
        gene_id=words_, line=numbers,
    )  # fmt: skip
    named = driftcell.Named(
        ["=x", "y", "?", "?", "?"], ["i"] * 5, lines.Places(table, {}), np.array([0, 1, -1, -1, -1])
    )
    said = driftexport.reversed_bedpe(small_cell(), named, "run=demo").decode().splitlines()
    assert said[0] == "# run=demo"
    rows = [line.split("\t") for line in said if not line.startswith("#")]
    assert [row[:6] for row in rows] == [
        ["chr1", "10", "15", "chr1", "60", "70"],
        ["chr2", "20", "25", "chr2", "70", "80"],
    ]
    assert rows[0][6] == "'=x"
    assert [float(row[7]) for row in rows] == [3.0, -2.0]
    assert [row[10:12] for row in rows] == [["0", "1"], ["1", "0"]]
