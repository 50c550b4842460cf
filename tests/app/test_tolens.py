"""From Adapt live into the Sequence lens: a pair that a visitor brought, read under the fingerprint of that visitor."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.app import adaptation, asking, cache, lens, pairtables
from tests.app.conftest import words
from tests.app.test_live import LIVE, PLAIN, as_bytes, press_adapt, table, upload
from tests.app.test_pages import clean

LENS = "pages/probe/sequence.py"
QUERIES = f"queries_{PLAIN[0].removeprefix('support_')}"


@pytest.fixture(autouse=True)
def one_baseline(monkeypatch):
    """Read pairs against one baseline instead of ten shuffles: a tenth of the time."""
    monkeypatch.setattr(asking, "BASELINES", ("uniform", "shuffle", "zeros"))


@pytest.fixture
def nothing_shared(monkeypatch):
    """Let the cache that all sessions read refuse to be asked."""

    def refuse(*arguments):
        raise AssertionError("a visitor's pair went into a cache of all sessions")

    monkeypatch.setattr(lens, "_shared", refuse)
    monkeypatch.setattr(pairtables, "_encoded", refuse)


def brought(app):
    """Return Adapt live with an uploaded support and eleven uploaded queries, the fourth unreadable, adapted."""
    rows = table(QUERIES)[:12]
    rows[4][rows[0].index("enhancer_seq")] = "PROTEIN*"
    for number, row in enumerate(rows[1:]):
        row[rows[0].index("pair_id")] = f"mine{number}"
    at = upload(app(LIVE, by_menu=True), "mine.tsv", as_bytes(table(PLAIN[0])))
    at.segmented_control(key="method_queries").set_value("upload").run()
    at.file_uploader[1].upload("asked.tsv", as_bytes(rows), "text/plain")
    return press_adapt(at.run())


def read_under_live(at, pair: str, line: str) -> None:
    clean(at)
    assert at.title[0].value == "Sequence lens"
    assert at.subheader[0].value.startswith(pair)
    assert at.selectbox(key="line").value == line
    assert at.selectbox(key="pair").value == pair
    assert at.selectbox(key="lens_belief").value == pairtables.FROM_LIVE
    assert at.segmented_control(key="lens_target").value == "logit"
    result = at.session_state[lens.RESULT]
    assert result.fingerprint is at.session_state["adaptation"].fingerprint


def test_an_uploaded_query_pair_opens_under_the_adapted_fingerprint(app, nothing_shared):
    at = brought(app)
    done = at.session_state["adaptation"]
    best = int(np.nanargmax(done.queries.probability))
    assert at.button(key="query_lens").label.startswith(f"Open mine{best} ")
    at.session_state["results"] = {"selection": {"rows": [7], "columns": [], "cells": []}}
    at.run()
    assert at.button(key="query_lens").label.startswith("Open mine7 ")
    at.button(key="query_lens").click().run()
    read_under_live(at, "mine7", pairtables.OWN)
    record = at.session_state[lens.RESULT].record
    assert record.value == pytest.approx(done.queries.logit[7], abs=1e-5)


def test_a_click_on_the_figure_chooses_the_pair_and_an_unreadable_one_says_why(app):
    at = brought(app)
    at.session_state["chart_query_predictions"] = {"selection": {"points": [{"id": "5"}], "box": [], "lasso": []}}
    at.run()
    assert at.button(key="query_lens").label.startswith("Open mine5 ")
    at.session_state["results"] = {"selection": {"rows": [3], "columns": [], "cells": []}}
    at.run()
    button = at.button(key="query_lens")
    assert button.label.startswith("Open mine3 ")
    assert button.disabled
    assert "could not be read" in button.help


def test_a_labelled_pair_opens_although_it_is_in_no_query_table(app, nothing_shared):
    at = brought(app)
    names = pairtables.named_pairs(at.session_state["support_state"].result.table)
    at.session_state["read_tabs"] = "What your labels taught"
    at.session_state["chart_influence"] = {"selection": {"points": [{"id": "row5"}], "box": [], "lasso": []}}
    at.run()
    clean(at)
    at.button(key="support_lens").click().run()
    read_under_live(at, names[5], pairtables.LABELLED)
    assert "P tests nothing" in words(at)
    model = cache.model(cache.open_run("demo"))
    done = at.session_state["adaptation"]
    own = model.learner.predict(done.fingerprint, done.given.features[5:6]).logit[0]
    assert at.session_state[lens.RESULT].record.value == pytest.approx(own, abs=1e-5)


def test_an_example_pair_opens_on_its_bundled_line(app):
    at = press_adapt(app(LIVE, by_menu=True))
    done = at.session_state["adaptation"]
    best = int(np.nanargmax(done.queries.probability))
    at.button(key="query_lens").click().run()
    name = str(done.queries.table.pair_id[best])
    read_under_live(at, name, QUERIES.removeprefix("queries_").removesuffix(".tsv"))


def test_a_table_that_changed_since_has_no_way_in(app):
    at = brought(app)
    rows = table(QUERIES)[:9]
    at.file_uploader[1].set_value(("other.tsv", as_bytes(rows), "text/plain"))
    at.run()
    assert at.session_state["query_state"].name == "other.tsv"
    button = at.button(key="query_lens")
    assert button.disabled
    assert "press Adapt again" in button.help


@pytest.mark.parametrize("line", [pairtables.OWN, pairtables.LABELLED])
def test_a_link_to_a_visitor_s_pair_in_a_fresh_session_says_why_it_is_not_here(app, line):
    taken = "pair010064"  # there is a bundled pair of this very name: it is not the one that was meant
    at = app(LENS, line=line, pair=taken)
    clean(at)
    said = words(at)
    assert "stays in the browser session that brought it" in said
    assert "Load the same table on Adapt live" in said
    assert "No pair has been read yet" in said
    assert lens.RESULT not in at.session_state
    next(button for button in at.button if button.label == "Show the bases").click().run()
    clean(at)
    assert "stays in the browser session" not in words(at)


def test_the_message_is_there_in_chinese_too(app):
    assert "从不存到服务器" in words(app(LENS, line="labelled", pair="x", lang="zh"))


def test_a_second_session_never_gets_the_first_ones_pair(app):
    first = brought(app)
    first.button(key="query_lens").click().run()
    pair = first.selectbox(key="pair").value
    second = app(LENS, line=pairtables.OWN, pair=pair)
    clean(second)
    assert lens.RESULT not in second.session_state
    assert pairtables.OWN not in second.selectbox(key="line").options
    assert "stays in the browser session" in words(second)


def test_an_answer_about_a_table_that_was_replaced_is_not_shown(app):
    at = brought(app)
    at.button(key="query_lens").click().run()
    assert lens.RESULT in at.session_state
    shown = at.subheader[0].value
    at.switch_page(LENS)  # AppTest stays on the page that it was told of
    at.run()
    assert shown in [item.value for item in at.subheader]
    rows = as_bytes(table(QUERIES)[:11])
    at.session_state["query_state"] = adaptation.read_queries(rows, "other.tsv", "upload", None)
    at.run()
    assert at.title[0].value == "Sequence lens"
    assert shown not in [item.value for item in at.subheader]


def test_the_address_names_the_pair_that_is_shown_so_that_it_can_be_copied(app):
    at = brought(app)
    at.button(key="query_lens").click().run()
    pair = at.selectbox(key="pair").value
    assert at.query_params["pair"] in (pair, [pair])
    assert at.query_params["line"] in (pairtables.OWN, [pairtables.OWN])
    at.switch_page(LENS)  # AppTest stays on the page that it was told of
    at.run()
    assert at.selectbox(key="pair").value == pair
    at.selectbox(key="line").set_value(pairtables.LABELLED).run()
    assert at.title[0].value == "Sequence lens"
    assert at.query_params["line"] in (pairtables.LABELLED, [pairtables.LABELLED])
    plain = app(LENS)
    plain.run()
    clean(plain)
    assert lens.RESULT not in plain.session_state  # an address that the page wrote itself is no link to be opened
    assert plain.query_params["pair"] in (plain.selectbox(key="pair").value, [plain.selectbox(key="pair").value])
