"""Design my support: a plan from the bundled line, what a veto does, what is refused, and the sheet that comes back."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from metabam.app import planning
from metabam.app.planning import Wishes
from metabam.data.upload import read_queries, read_support
from metabam.errors import InputError
from metabam.records import RetrospectRecord
from tests.app.conftest import ASSETS, words

PAGE = "pages/adapt/design.py"
QUERIES = "queries_unseen01.tsv"


def press(at, **wanted):
    for key, value in wanted.items():
        kind = {"design_size": at.slider, "design_draws": at.selectbox, "design_region": at.text_input}.get(
            key, at.number_input
        )
        kind(key=key).set_value(value)
    next(button for button in at.button if button.label == "Plan the batch").click()
    return at.run()


def table_of(name: str):
    return read_queries((ASSETS / "examples" / name).read_bytes(), name).table


def checked(planned, random):
    curve = np.array([random])
    return RetrospectRecord(
        np.array([planned, planned + 0.01]),
        np.array([random, random + 0.02]),
        16,
        np.array([16]),
        curve,
        16.0,
        curve,
        7.0,
    )


def test_a_plan_a_pick_and_a_veto(app):
    at = press(app(PAGE, by_menu=True), design_size=5, design_draws=256)
    assert not at.exception
    assert [item.value for item in at.error] == []
    plan = at.session_state["design_plan"]
    assert len(plan.record.chosen) == 5
    assert plan.wishes.delta == "integrated"
    assert plan.record.gain[-1] > plan.record.random_gain[:, -1].mean()
    assert len(at.get("plotly_chart")) == 6
    said = words(at)
    assert "context path" in said
    assert "Not checked yet" in said
    at.session_state["chart_candidates"] = {"selection": {"points": [{"id": "pick3"}], "box": [], "lasso": []}}
    at.run()
    assert "Pick 4: " in words(at)
    name = planning.keys_of(plan.pool.table)[plan.record.chosen[3]]
    at.button(key="veto").click().run()
    assert not at.exception
    again = at.session_state["design_plan"]
    assert again.vetoed == (name,)
    assert len(again.record.chosen) == 5
    assert plan.record.chosen[3] not in again.record.chosen
    assert "1 vetoed by you" in words(at)


def test_rules_leave_too_few_and_the_old_plan_stays(app):
    at = press(app(PAGE, by_menu=True), design_size=3, design_draws=256)
    first = at.session_state["design_plan"]
    at = press(at, design_nearest=99_000)
    assert not at.exception
    assert "too-few" not in words(at)
    assert "the rules leave 0 pairs" in at.error[0].value
    assert at.session_state["design_plan"] is first


def test_a_region_that_is_none_is_said(app):
    at = press(app(PAGE, by_menu=True), design_region="chr1:9-3")
    assert not at.exception
    assert "is no region" in at.error[0].value
    assert planning.region_of("chr2:1,000-2,000") == ("chr2", 1_000, 2_000)
    assert planning.region_of("chr2")[0] == "chr2"
    assert planning.region_of(" ") is None


@pytest.mark.parametrize(("planned", "red"), [(0.6, True), (0.9, False)])
def test_red_at_the_top_when_planning_does_not_win(app, planned, red):
    at = app(PAGE, by_menu=True)
    at.session_state["design_check"] = {"run": "demo", "records": [checked(planned, 0.7)], "lines": ["unseen01"]}
    at.run()
    assert not at.exception
    assert len(at.error) == red
    assert len(at.success) == (not red)
    said = at.error[0].value if red else at.success[0].value
    assert ("does NOT beat random" if red else "7 planned pairs do as well as 16 random ones") in said


def test_filters_count_what_they_remove():
    table = table_of(QUERIES)
    features = np.zeros((len(table), 3), np.float32)
    distance = table.distance()
    tested = table.take(np.array([5, 7]))
    wishes = Wishes(nearest=1e5, include=(planning.keys_of(table)[int(np.argmin(distance))],))
    pool = planning.pool_of(table, features, wishes, read=len(table) + 3, tested=tested)
    near = int((distance < 1e5).sum()) - 1
    assert pool.removed["unusable"] == 3
    assert pool.removed["distance"] == near
    assert pool.removed["tested"] == int((distance[[5, 7]] >= 1e5).sum())
    assert len(pool.table) == len(table) - near - pool.removed["tested"]
    chrom = str(table.enhancer_chrom[0])
    here = planning.pool_of(table, features, Wishes(region=(chrom, 0, 1 << 40)), read=len(table))
    assert set(here.table.enhancer_chrom.tolist()) == {chrom}
    assert here.removed["region"] == int((table.enhancer_chrom != chrom).sum())


def test_costs_must_be_positive_numbers():
    table = table_of(QUERIES).take(np.arange(5))
    pool = planning.pool_of(table, np.zeros((5, 2), np.float32), Wishes(), read=5)
    for cells in (["1", "2", "x", "4", "5"], ["1", "2", "-3", "4", "5"]):
        bad = replace(pool, table=replace(table, extra={"eur": np.array(cells, dtype=object)}))
        with pytest.raises(InputError, match="no-cost"):
            planning.rules_of(bad, Wishes(cost="eur"))


def test_the_order_sheet_comes_back_as_a_support(app):
    plan = press(app(PAGE, by_menu=True), design_size=7, design_draws=256).session_state["design_plan"]
    for kind in planning.SHEET_KINDS:
        comes_back(plan, kind)


def comes_back(plan, kind: str) -> None:
    """Fill an order sheet by the world's labels and hold that Adapt live reads it as it is."""
    sheet = planning.order_sheet(plan, kind)
    separator = "," if kind == "csv" else "\t"
    rows = list(csv.DictReader(io.StringIO(sheet.decode()), delimiter=separator))
    assert len(rows) == 7
    assert {row["label"] for row in rows} == {""}
    known = dict(zip(planning.keys_of(plan.pool.table), plan.pool.table.label.tolist(), strict=True))
    for row in rows:
        row["label"] = str(known[row["pair_id"]])
    filled = io.StringIO()
    writer = csv.DictWriter(filled, rows[0], delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    result = read_support(filled.getvalue().encode(), f"order.{kind}")
    assert not result.refused, [item.message for item in result.report.problems]
    chosen = plan.pool.table.take(plan.record.chosen)
    assert result.table.label.tolist() == [known[name] for name in planning.keys_of(chosen)]
    for name in ("enhancer_start", "promoter_end"):
        assert getattr(result.table, name).tolist() == getattr(chosen, name).tolist()


def test_greedy_design_does_not_lose_to_random_in_the_synthetic_world(demo_present):
    from metabam.app import cache
    from metabam.app import model as models
    from metabam.app.scores import pairs_of_tables
    from metabam.score import Predictor

    assert pairs_of_tables(cache.examples())
    model = models.load(cache.open_run("demo"))
    reader = Predictor(model.encoder, model.learner, None, model.enhancer_window, model.promoter_window)
    gaps = []
    for name in ("queries_unseen03.tsv", QUERIES):
        table = table_of(name)
        line = planning.labelled_context(table, reader.features(table)[0])
        record = planning.check(model, line, Wishes(size=7), rounds=7)
        assert record.planned.shape == (7,)
        gaps.append(record.planned - record.random)
        assert planning.advantage([record])[3] == 7
    assert np.concatenate(gaps).mean() > 0.0


def test_the_plan_as_json_names_its_rules(app):
    from metabam.app import cache, design_exports
    from metabam.app.layout import Scene

    at = press(app(PAGE, by_menu=True), design_size=3, design_draws=256)
    run = cache.open_run("demo")
    values = json.loads(design_exports.plan_json(Scene("en", run.summary(), run), at.session_state["design_plan"]))
    assert values["rules"]["size"] == 3
    assert values["rules"]["farthest"] is None
    assert [row["pick"] for row in values["picks"]] == [1, 2, 3]
    assert values["candidates"]["sha256"] == at.session_state["design_plan"].candidates_sha256
