"""Context manifold: maps, lassos that outlive a recolour, new lines, and runs without a stored map."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from metabam.app import placing
from metabam.records import CloudRecord
from tests.app.conftest import words

MANIFOLD = "pages/probe/manifold.py"


def figures(at):
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def fine(at):
    assert not at.exception
    assert [item.value for item in at.error] == []


def lasso(at, corners):
    shape = {"x": [x for x, _ in corners], "y": [y for _, y in corners]}
    at.session_state["chart_map"] = {"selection": {"points": [], "box": [], "lasso": [shape]}}
    return at.run()


def test_a_lasso_lists_its_supports_and_outlives_a_recolour(app):
    at = app(MANIFOLD, colour="sigma")
    fine(at)
    assert at.selectbox(key="colour").value == "sigma"
    assert at.query_params["colour"] in ("sigma", ["sigma"])
    assert "No support is chosen" in words(at)
    at = lasso(at, [(1.0, -9.0), (9.0, -9.0), (9.0, 9.0), (1.0, 9.0)])
    fine(at)
    coordinates = at.session_state["manifold_coordinates"][1]
    wanted = int((coordinates[:, 0] > 1.0).sum())
    assert 0 < wanted < len(coordinates)
    assert f"{wanted} supports chosen" in words(at)
    table = next(item.value for item in at.dataframe if "distance to its line" in item.value.columns)
    assert len(table) == min(wanted, 300)
    at.segmented_control(key="manifold_view").set_value("umap").run()
    at.toggle(key="show_truth").set_value(True).run()  # the old lasso is still there: not to be read on another map
    assert f"{wanted} supports chosen" in words(at)
    at.segmented_control(key="manifold_view").set_value("pca").run()
    at.session_state["chart_map"] = {"selection": {"points": [], "box": [], "lasso": []}}
    at.selectbox(key="colour").set_value("line").run()
    fine(at)
    assert f"{wanted} supports chosen" in words(at)
    assert "colour" not in at.query_params
    chosen = figures(at)[0]["data"][-1]
    assert chosen["name"] == f"chosen ({wanted})"
    at.button(key="manifold_clear").click().run()
    fine(at)
    assert "No support is chosen" in words(at)


def test_reset_view_forgets_the_colour_of_the_link(app):
    at = app(MANIFOLD, colour="positives")
    next(button for button in at.sidebar.button).click().run()
    fine(at)
    assert at.selectbox(key="colour").value == "line"


def test_three_views_and_a_bad_colour(app):
    at = app(MANIFOLD, colour="gate99")
    fine(at)
    assert "colour = gate99" in words(at)
    for view, title in (("umap", "UMAP 1"), ("raw", "z")):
        at.segmented_control(key="manifold_view").set_value(view).run()
        fine(at)
        assert figures(at)[0]["layout"]["xaxis"]["title"]["text"].startswith(title)
    shown = {item.label: item.value for item in at.metric}
    assert shown["Supports"] == "1,000"
    assert shown["Inside the hull"].endswith("/ 4")
    at.toggle(key="show_truth").set_value(True).run()
    fine(at)
    table = next(item.value for item in at.dataframe if "in the hull" in item.value.columns)
    assert (table["nearest by planted gates"].str.startswith("train")).all()


def test_a_run_without_a_map_says_how_to_make_one_and_computes_the_cloud(app, no_demo, copy_demo):
    (copy_demo("bare") / "map.safetensors").unlink()
    at = app(MANIFOLD, by_menu=True)
    fine(at)
    assert "metabam probe map --run bare" in at.code[0].value
    assert "has not been computed" in words(at)
    at.multiselect(key="manifold_lines").set_value(["train1 | planted", "train3 | planted"])
    next(button for button in at.button if button.label == "Compute").click()
    at.run()
    fine(at)
    assert at.segmented_control(key="manifold_view").options == ["PCA", "raw z"]
    assert {item.label: item.value for item in at.metric}["Supports"] == "400"
    assert "No UMAP is stored" in words(at)
    assert "auroc" not in [option.lower() for option in at.selectbox(key="colour").options]


@pytest.mark.parametrize("how", ["broken", "other"])
def test_a_map_that_is_damaged_or_of_another_model_is_not_used(app, no_demo, copy_demo, how):
    from metabam.files import load_tensors, save_tensors

    file = copy_demo("spoilt") / "map.safetensors"
    stored = load_tensors(file)
    tensors = dict(stored.tensors)
    if how == "broken":
        del tensors["coordinates"]
    else:
        tensors["full"] = tensors["full"] + 1.0
    save_tensors(file, tensors, dict(stored.description))
    at = app(MANIFOLD)
    fine(at)
    assert "It is not used" in at.warning[0].value
    assert "metabam probe map" in at.code[0].value


def test_the_adapted_table_of_this_session_is_placed_and_can_be_swapped(app):
    from metabam.app import adaptation, cache

    at = app(MANIFOLD)
    run = cache.open_run("demo")
    support, queries = (
        read(cache.example(f"{name}_unseen02.tsv"), f"{name}.tsv", "upload", None)
        for name, read in (("support", adaptation.read_support), ("queries", adaptation.read_queries))
    )
    done = adaptation.adapt(
        cache.model(run), support, queries, {}, genome=None, run_id="demo", weights=cache.weights_digest(run),
        lines={}, run=run,
    )  # fmt: skip
    for name, value in (("adaptation", done), ("support_state", support), ("query_state", queries)):
        at.session_state[name] = value
    at.run()
    fine(at)
    table = next(item.value for item in at.dataframe if "in the hull" in item.value.columns)
    assert table["line"].tolist()[-1] == "support.tsv"
    assert table.iloc[-1, 1:].tolist() == table.set_index("line").loc["unseen02 | planted"].tolist()
    assert any(trace.get("name") == "your table" for trace in figures(at)[0]["data"])
    at.switch_page("pages/probe/drift.py").run()
    fine(at)
    assert "uploaded" in at.selectbox(key="env_a").options
    at.selectbox(key="env_a").set_value("uploaded").run()
    fine(at)
    assert len(at.session_state["own_line"][1]) == 416
    assert at.session_state["drift_cell"][1].fingerprint_a.mean.tobytes() == done.fingerprint.mean.tobytes()


# ------------------------------------------------------------------ parts


def test_points_in_a_polygon_by_hand():
    ring = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [2.0, 1.0], [0.0, 4.0]])
    points = np.array([[0.5, 1.0], [2.0, 0.5], [2.0, 2.0], [3.5, 3.0], [5.0, 1.0], [-1.0, 0.0]])
    assert placing.in_polygon(points, ring).tolist() == [True, True, False, True, False, False]
    box = {"box": [{"x": [3.0, 6.0], "y": [0.5, 3.5]}], "lasso": []}
    assert placing.inside_selection(points, box).tolist() == [False, False, False, True, True, False]
    assert not placing.inside_selection(points, {"lasso": [{"x": ["?"], "y": [1]}]}).any()


def test_a_cloud_of_few_points_is_drawn_by_pca_alone():
    flat = np.zeros(7)
    cloud = CloudRecord(
        ("a",), np.eye(7), np.ones((7, 7)), np.ones((7, 2)), flat.astype(int), flat, flat, flat[None], 16
    )
    assert placing.Maps("k", cloud, SimpleNamespace()).views() == ["pca"]
    assert placing.Maps("k", cloud).ids() == [f"a#{at}" for at in range(1, 8)]
    many = CloudRecord(
        ("a", "b"), np.ones((14, 7)), np.ones((14, 7)), np.ones((14, 2)), np.repeat([0, 1], 7), flat, flat, flat, 16
    )
    assert placing.Maps("k", many, SimpleNamespace()).views() == ["pca", "umap", "raw"]
    assert placing.own_distance(many).tolist() == [0.0] * 14
