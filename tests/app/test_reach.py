"""Adapt live: how far the pairs lie from training, the arcs of the queries, and the BEDPE that leaves the page."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np

from tests.app.conftest import words
from tests.app.test_live import LIVE, PLAIN, as_bytes, press_adapt, table

BELIEF = "What it believes"


def spec_of(at, title: str) -> str:
    """Return the one figure of the page whose title holds a text."""
    specs = [json.dumps(json.loads(item.proto.spec), ensure_ascii=False) for item in at.get("plotly_chart")]
    return next(spec for spec in specs if title in spec)


def without_coordinates(done):
    """Return the queries of an adaptation as if their places were unknown."""
    lost = np.full(len(done.queries.table), -1, dtype=np.int64)
    names = ("enhancer_start", "enhancer_end", "promoter_start", "promoter_end")
    return replace(done.queries, table=replace(done.queries.table, **dict.fromkeys(names, lost)))


def test_the_strip_shows_every_support_pair_and_the_queries(app):
    at = press_adapt(app(LIVE, by_menu=True))
    record = at.session_state["adaptation"].novelty
    assert len(record.support) == 16
    assert len(record.queries) == len(at.session_state["adaptation"].queries.table)
    assert np.all((record.support_percentile >= 0) & (record.support_percentile <= 100))
    at.session_state["read_tabs"] = BELIEF
    at.run()
    assert not at.exception
    assert "95 % of training pairs" in spec_of(at, "How far from the training pairs?")
    done = at.session_state["adaptation"]
    features = np.concatenate([done.given.features, done.asked])
    half = features.shape[1] // 2  # the demo recalls: the second half of the columns is the displacement
    known = int(np.any(features[:, half:] != 0.0, axis=1).sum())
    assert 0 < known <= len(features)
    assert f"of {known} of your {len(features)} pairs" in words(at)


def test_a_support_outside_of_training_is_said_above_the_numbers(app):
    at = press_adapt(app(LIVE, by_menu=True))
    done = at.session_state["adaptation"]
    assert "farther from the training pairs" not in words(at)
    far = np.full(16, 1e3)
    at.session_state["adaptation"] = replace(done, novelty=replace(done.novelty, support=far, support_percentile=far))
    at.run()
    assert "16 of your 16 pairs lie farther from the training pairs" in words(at)


def test_without_training_pairs_to_compare_the_panel_says_so(app):
    at = press_adapt(app(LIVE, by_menu=True))
    at.session_state["adaptation"] = replace(at.session_state["adaptation"], novelty=None)
    at.session_state["read_tabs"] = BELIEF
    at.run()
    assert not at.exception
    assert "cannot be told" in words(at)


def test_arcs_of_the_queries_follow_the_sliders(app):
    at = press_adapt(app(LIVE, by_menu=True))
    done = at.session_state["adaptation"]
    chrom = at.selectbox(key="arcs_chrom").value
    inside = done.queries.table.enhancer_chrom == chrom
    assert f"{min(300, inside.sum())} shown / {inside.sum()} on this chromosome" in spec_of(
        at, f"Query pairs on {chrom}"
    )
    at.slider(key="arcs_least").set_value(0.5).run()
    assert not at.exception
    high = min(300, int((done.queries.probability[inside] >= 0.5).sum()))
    assert f"{high} shown / {inside.sum()} on this chromosome" in spec_of(at, f"Query pairs on {chrom}")


def test_the_csv_of_the_arcs_holds_exactly_the_drawn_pairs(app):
    from metabam.app import reach

    answered = press_adapt(app(LIVE, by_menu=True)).session_state["adaptation"].queries
    chrom, rows = next(iter(reach.placed(answered).items()))
    pairs = reach.arcs_of(answered, chrom, rows)
    comment, *rest = reach.arcs_csv(pairs, 0.25, "SYNTHETIC; run=demo").splitlines()
    assert comment == "# SYNTHETIC; run=demo; drawn: P >= 0.25"
    read = list(csv.DictReader(io.StringIO("\n".join(rest))))
    expected = sorted((p for p in answered.probability[rows].tolist() if p >= 0.25), reverse=True)[:300]
    assert [float(row["probability"]) for row in read] == expected
    first = int(np.flatnonzero(answered.probability == expected[0])[0])
    middle = (answered.table.enhancer_start[first] + answered.table.enhancer_end[first]) / 2
    assert float(read[0]["enhancer_midpoint"]) == middle


def test_without_coordinates_there_are_no_arcs(app):
    at = press_adapt(app(LIVE, by_menu=True))
    done = at.session_state["adaptation"]
    at.session_state["adaptation"] = replace(done, queries=without_coordinates(done))
    at.run()
    assert not at.exception
    assert "No predicted pair has coordinates" in words(at)


def test_bedpe_reads_back_to_the_same_pairs(app):
    from metabam.app import adaptation, adaptation_exports

    done = press_adapt(app(LIVE, by_menu=True)).session_state["adaptation"]
    names = done.queries.table.pair_id.copy()
    names[0], names[1] = '=HYPERLINK("x")', ""
    done = replace(done, queries=replace(done.queries, table=replace(done.queries.table, pair_id=names)))
    data = adaptation_exports.results_bedpe(done, "SYNTHETIC; run=demo")
    assert data.startswith(b"# SYNTHETIC; run=demo\n")
    lines = [line.split("\t") for line in data.decode().splitlines()[1:]]
    assert {len(line) for line in lines} == {10}
    assert [float(line[7]) for line in lines] == done.queries.probability.tolist()
    cells = list(csv.reader(io.StringIO(data.decode().split("\n", 1)[1]), delimiter="\t"))
    assert cells[0][6] == '\'=HYPERLINK("x")'
    assert cells[1][6] == "."
    again = adaptation.read_queries(data, "metabam_results.bedpe", "upload", None).result
    asked = done.queries.table
    assert again.table.enhancer_start.tolist() == asked.enhancer_start.tolist()
    assert again.table.promoter_end.tolist() == asked.promoter_end.tolist()
    assert again.table.pair_id.tolist() == ['=HYPERLINK("x")', ".", *names[2:]]


def test_bedpe_leaves_out_what_has_no_prediction_or_no_place(app):
    from metabam.app import adaptation_exports

    queries = f"queries_{PLAIN[0].removeprefix('support_')}"
    rows = table(queries)[:12]
    rows[4][rows[0].index("enhancer_seq")] = "PROTEIN*"
    at = app(LIVE, by_menu=True)
    at.segmented_control(key="method_queries").set_value("upload").run()
    at.file_uploader[0].upload("q.tsv", as_bytes(rows), "text/plain")
    done = press_adapt(at.run()).session_state["adaptation"]
    assert len(adaptation_exports.results_bedpe(done, "").splitlines()) == 10
    assert adaptation_exports.results_bedpe(replace(done, queries=without_coordinates(done)), "") == b""
    assert adaptation_exports.results_bedpe(replace(done, queries=None), "") == b""
