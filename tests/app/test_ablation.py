"""Mechanism ablation on the demo: scores outside the band, warnings inside, slices, files, the way to the lens."""

from __future__ import annotations

import csv
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest

from metabam.app import ablating, cache, slices
from metabam.app.ablating import Ablation, Setting
from metabam.app.shelf import Shelf
from metabam.app.slices import Slice
from metabam.records import AblationRecord
from tests.app.conftest import words
from tests.app.test_pages import clean
from tests.app.test_sequence import charts, press

PAGE = "pages/probe/ablation.py"
PER_LINE = 61
K, N, R = 11, 31, 23


def press_go(at):
    at.multiselect(key="ablation_lines_tables").set_value(["unseen01", "unseen02"])
    at.number_input(key="ablation_per_line").set_value(PER_LINE)
    return press(at, "Remove each atom")


@pytest.fixture
def removed(app):
    """Return the page after one press, 61 pairs of two bundled lines."""

    def start(**query: str):
        return press_go(app(PAGE, **query))

    return start


def test_an_atom_outside_the_band_a_decoy_inside_it_and_the_model_as_before(removed):
    run = cache.open_run("demo")
    before = {name: array.tobytes() for name, array in cache.model(run).learner.state()[0].items()}
    at = removed()
    clean(at)
    assert "122 shown / 800 in total" in words(at)
    table = next(item.value for item in at.dataframe if "p" in item.value.columns)
    inside = table["p"] > 0.05
    assert 0 < inside.sum() < len(table)
    assert (table["size [95 %]"][inside] == "⚠ as a random one").all()
    assert table["size [95 %]"][~inside].str.contains(r"\[").all()
    assert table["labels lose [95 %]"].str.contains(r"\[").all(), "122 labels are known"
    assert (table["verdict"][~inside] != "no more than chance").all()
    assert [item.label for item in at.metric] == [
        "Mean size of the change (logit)",
        "Mean signed loss (logit)",
        "Labels lose (nats per 100)",
    ]
    assert not at.warning

    at.toggle(key="show_truth").set_value(True).run()
    clean(at)
    table = next(item.value for item in at.dataframe if "p" in item.value.columns)
    decoys = table[(table["planted truth"] == "decoy") & (table["verdict"] == "no more than chance")]
    assert len(decoys) >= 1
    decoy = str(decoys["atom"].iloc[0])
    click = {"points": [{"id": f"atom,{decoy}"}], "box": [], "lasso": []}
    at.session_state["chart_ablation_forest"] = {"selection": click}
    at.run()
    clean(at)
    assert at.selectbox(key="atom").value == decoy
    assert "Planted truth: decoy" in words(at)
    assert f"Atom {decoy}: no more than chance" in at.warning[0].value
    assert not at.metric
    after = {name: array.tobytes() for name, array in cache.model(run).learner.state()[0].items()}
    assert after == before


def test_slice_map_click_and_link(removed):
    at = removed(atom="3")
    assert at.selectbox(key="atom").value == "3"
    cell = {"points": [{"id": "2,7"}], "box": [], "lasso": []}
    at.session_state["chart_ablation_map"] = {"selection": cell}
    at.run()
    assert at.selectbox(key="atom").value == "7"
    at.selectbox(key="atom").set_value("5").run()
    assert at.selectbox(key="atom").value == "5", "an old click does not win over a newer choice"
    at.selectbox(key="slice_line").set_value("unseen02")
    at.selectbox(key="slice_label").set_value("1")
    press(at, "Apply")
    clean(at)
    heat = next(trace for trace in charts(at)[1]["data"] if trace["type"] == "heatmap")
    assert heat["y"][0] == "unseen01 (0)"
    at.segmented_control(key="slice_metric").set_value("auprc")
    press(at, "Apply")
    clean(at)
    assert "AUPRC is undefined here" in words(at)
    assert "the line filter removed 61 of 122" in words(at)


def test_the_most_changed_pair_opens_in_the_lens(app):
    at = app(PAGE)
    at.session_state["lens_baseline"] = "uniform"  # one baseline instead of ten: a tenth of the time
    press_go(at)
    button = next(item for item in at.button if "Sequence lens" in item.label)
    pair = button.label.split()[1]
    button.click().run()
    clean(at)
    assert at.title[0].value == "Sequence lens"
    assert at.subheader[0].value.startswith(pair)
    assert "p of atom" in words(at)


def test_two_together(removed):
    at = removed()
    at.session_state["ablation_tab"] = "Two atoms together"
    at.run()
    clean(at)
    assert "No two atoms have been removed together yet" in words(at)
    at.multiselect(key="synergy_atoms").set_value([3, 4])
    press(at, "Remove them in pairs")
    clean(at)
    (figure,) = charts(at)
    assert figure["data"][0]["x"] == ["4", "5"] or figure["data"][0]["x"] == ["3", "4"]


def test_one_line_has_no_mean_over_lines_and_no_line_has_nothing(app):
    at = app(PAGE)
    at.multiselect(key="ablation_lines_tables").set_value(["unseen01"])
    at.number_input(key="ablation_per_line").set_value(20)
    press(at, "Remove each atom")
    assert "needs two lines" in at.error[0].value
    at.multiselect(key="ablation_lines_tables").set_value([])
    press(at, "Remove each atom")
    assert "No line is chosen" in words(at)


def test_without_tables_training_lines_are_asked(app, no_demo, copy_demo):
    copy_demo("mine")
    at = app(PAGE)
    clean(at)
    assert at.segmented_control(key="ablation_source").options == ["training lines"]


# ------------------------------------------------------------------ by hand


def done() -> Ablation:
    rng = np.random.default_rng(3)
    lost = np.zeros((K, N))
    lost[4] = np.linspace(-2, 2, N)
    record = AblationRecord(
        ("a", "b"),
        "zero",
        None,
        np.repeat([0, 1], [17, 14]),
        np.resize(np.array([0, 1, -1], np.int8), N),
        np.arange(N),
        np.full(N, 0.5),
        np.full(N, 0.6),
        lost,
        lost / 10,
        rng.normal(size=(R, N)) * 0.01,
        rng.normal(size=(R, N)) * 0.001,
    )
    distance = np.where(np.arange(N) < 5, np.nan, np.arange(N) * 10_000.0)
    names = tuple(f"p{at}" for at in range(N))
    return Ablation(Setting("tables", ("a", "b"), N, "zero", None), "key", False, record, names, distance, 40, 0.1)


def test_each_filter_says_what_it_removed():
    rows, removed = slices.rows_of(done(), Slice("a", 1, (50.0, 100.0)))
    assert np.flatnonzero(rows).tolist() == [7]
    assert removed == [("line", 14), ("label", 11), ("distance", 5)]
    assert slices.rows_of(done(), Slice())[0].all()
    effect, count = slices.by_line(done(), Slice("a"))
    assert count.tolist() == [17, 0]
    assert np.isnan(effect[1]).all()
    assert effect[0, 4] == pytest.approx(np.linspace(-2, 2, N)[:17].mean())


def test_pairs_that_change_sides_come_first():
    rows = slices.changed_pairs(done(), 4, Slice(), 13)
    flips = [row["flips"] for row in rows]
    assert flips == sorted(flips, reverse=True)
    assert rows[0]["pair"] == "p30"
    assert rows[0]["after"] == pytest.approx(-1.5)
    assert sum(flips) == int((np.linspace(-2, 2, N) > 0.5).sum())


def test_long_csv_has_a_row_per_atom_and_pair_and_json_hides_what_is_chance():
    text = slices.long_csv(done(), Slice("b"), "SYNTHETIC")
    rows = list(csv.DictReader(io.StringIO(text.split("\n", 1)[1])))
    assert len(rows) == 14 * K
    assert float(rows[4]["lost_logit"]) == done().record.lost_logit[4, 17]
    assert rows[0]["atom"] == "1"
    from metabam.probe.forest import forest

    scene = SimpleNamespace(provenance=lambda: {"run": "demo"})
    told = json.loads(slices.forest_json(done(), Slice(), forest(done().record, draws=23), scene))
    assert told["atoms"][4]["p"] == pytest.approx(1 / (R + 1))
    assert [atom["atom"] for atom in told["atoms"] if atom["size"] is not None] == [5]
    assert all(atom["effect"] is None for atom in told["atoms"] if not atom["more_than_chance"])


def test_each_mechanism_is_named_at_one_atom_only():
    rng = np.random.default_rng(1)
    planted = rng.normal(size=(97, 3))
    copies = np.stack(
        [
            planted[:, 0],
            0.9 * planted[:, 0] + 0.5 * rng.normal(size=97),
            -planted[:, 2],
            rng.normal(size=97),
            np.ones(97),
        ]
    )
    told = ablating.partners(copies, planted, ("x", "y", "z"))
    assert [name for name, _ in told] == ["x", "", "z", "", ""]
    assert told[2][1] == pytest.approx(-1.0)


def test_the_shelf_forgets_what_was_not_asked_for():
    shelf = Shelf(most=2)
    shelf.put("a", 1)
    shelf.put("b", 2)
    assert shelf.get("a") == 1
    shelf.put("c", 3)
    assert (shelf.get("a"), shelf.get("b"), shelf.get("c")) == (1, None, 3)
