"""The Sequence lens: a pair by its link, a dragged window, substitutions, motifs, truth, files."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from metabam.app import adaptation, asking, cache, cardpairs, lens, lensfiles, pairtables
from metabam.app.lens import Asked, Lens
from metabam.app.pairtables import Element
from metabam.plots.sequence import Window
from metabam.records import (
    AttributionRecord,
    Fingerprint,
    MotifHit,
    MutagenesisRecord,
)
from tests.app.conftest import ASSETS, words
from tests.app.test_pages import clean

LENS = "pages/probe/sequence.py"
PAIR = "pair010064"
L_E, L_P = 53, 47


@pytest.fixture(autouse=True)
def one_baseline(monkeypatch):
    """Read pairs against one baseline instead of ten shuffles: a tenth of the time."""
    monkeypatch.setattr(asking, "BASELINES", ("uniform", "shuffle", "zeros"))


def press(at, name: str):
    next(button for button in at.button if button.label == name).click().run()
    return at


def charts(at) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def test_a_linked_pair_is_read_its_window_dragged_and_every_base_tried(app):
    at = app(LENS, pair=PAIR, line="unseen01")
    clean(at)
    assert at.subheader[0].value.startswith(PAIR)
    shown = {item.label: item.value for item in at.metric}
    assert shown["Residual"] == "0.0%"
    assert float(shown["Difference"]) == pytest.approx(float(shown["Sum of bars"]), abs=0.002)
    tracks, letters = charts(at)
    assert [len(trace["x"]["bdata"]) > 0 if isinstance(trace["x"], dict) else True for trace in tracks["data"]]
    first = letters["layout"]["xaxis"]["range"]
    assert round(first[1] - first[0]) == 100

    drag = {"points": [], "lasso": [], "box": [{"xref": "x2", "yref": "y3", "x": [129.7, 113.2], "y": [-1, 1]}]}
    at.session_state["chart_seq_tracks"] = {"selection": drag}
    at.run()
    clean(at)
    assert at.session_state["lens_window"] == Window("promoter", 113, 131)
    assert charts(at)[1]["layout"]["xaxis"]["range"] == [113 - 0.6, 131 - 0.4]
    press(at, "Try every substitution")
    clean(at)
    assert len(charts(at)) == 4
    assert {item.label: item.value for item in at.metric}["Rank correlation with mutagenesis"] != "–"

    at.toggle(key="show_truth").set_value(True).run()
    clean(at)
    outlined = [s for s in charts(at)[0]["layout"]["shapes"] if s["line"].get("color") == "#F0E442"]
    assert (293.5, 301.5) in {(shape["x0"], shape["x1"]) for shape in outlined}  # M03 at 294, 8 bp wide
    at.number_input(key="lens_end").set_value(7)
    press(at, "Try every substitution")
    clean(at)
    assert at.session_state["lens_window"] == Window("promoter", 7, 113)  # typed ends in the wrong order are turned


def test_a_clicked_site_names_the_atoms_that_read_its_motif(app):
    at = app(LENS, pair=PAIR, line="unseen01")
    at.session_state["chart_seq_tracks"] = {"selection": {"points": [{"id": "hit,0"}], "box": [], "lasso": []}}
    at.run()
    clean(at)
    said = words(at)
    assert "motif01** in the enhancer, bases 202–212" in said
    assert "Atoms in which a feature of this motif weighs most" in said
    assert any(button.label.startswith("atom ") and "motif01" in button.label for button in at.button)


def test_a_motif_file_of_the_visitor(app):
    at = app(LENS, pair=PAIR, line="unseen01")
    at.file_uploader[0].upload("mine.meme", b"no meme at all", "text/plain").run()
    assert "no MEME text" in at.error[0].value
    at.file_uploader[0].upload("mine.meme", (ASSETS / "world" / "motifs.meme").read_bytes(), "text/plain").run()
    clean(at)
    assert "your file (22 motifs)" in words(at)
    at.segmented_control(key="lens_motifs_from").set_value("run").run()
    assert "with the run's own motifs" in words(at)


def test_what_is_shown_may_answer_another_question():
    asked = answer().asked
    assert not asking.stale(asked, asked)
    assert asking.stale(asked, replace(asked, atom=7))
    assert not asking.stale(replace(asked, target="logit"), replace(asked, target="logit", atom=7))
    assert asking.stale(asked, replace(asked, pair="p8"))


@pytest.mark.parametrize(("key", "asked"), [("pair", "../x"), ("line", "nowhere"), ("atom", "99")])
def test_a_link_to_what_is_not_there(app, key, asked):
    at = app(LENS, **{key: asked})
    clean(at)
    assert "which this run does not have" in words(at)
    assert "No pair has been read yet" in words(at)


def test_without_tables_the_page_says_where_pairs_come_from(app, no_demo, copy_demo):
    copy_demo("mine")
    assert "There is no pair with a sequence" in words(app(LENS))


def test_an_own_table_comes_first_and_stays_in_its_session(app, monkeypatch):
    brought = (ASSETS / "examples" / "queries_unseen02.tsv").read_bytes().splitlines(keepends=True)
    asked = adaptation.read_queries(b"".join(brought[:8]), "mine.tsv", "upload", None)
    at = app(LENS)
    at.session_state["query_state"] = asked
    at.run()
    clean(at)
    assert at.selectbox(key="line").options[0] == "your table from Adapt live"
    at.selectbox(key="line").set_value(pairtables.OWN).run()
    clean(at)
    assert "7 shown / 7 in total" in words(at)
    assert at.selectbox(key="lens_belief").options[0] == "no labels at all (prior)"
    assert "own_line_encoded" in at.session_state


# ------------------------------------------------------------------ by hand


def record() -> AttributionRecord:
    e, p = np.zeros(L_E), np.zeros(L_P)
    e[11], p[40:44] = 0.7, -0.9
    nothing = np.zeros((4, L_E)), np.zeros((4, L_P))
    codes = np.resize(np.arange(4, dtype=np.uint8), L_E)
    return AttributionRecord("logit", "x", "shuffle", e, p, *nothing, codes, codes[:L_P], 1, 0, 1, 0, 0, 0.1)


def answer(chrom: str = "chr7") -> Lens:
    made, z, k = record(), 2, 11
    belief = Fingerprint(np.zeros(z), np.ones(z), np.zeros(k), np.zeros(k), np.zeros((k, k)), 16)
    asked = Asked("a", "p7", "support", "potential", 2, "integrated_gradients", "shuffle")
    places = Element(made.enhancer_codes, chrom, 1_000), Element(made.promoter_codes, "", 0)
    return Lens(asked, "key", 1, 0.5, *places, belief, made, 0.1, (5, 0))


def test_windows_are_moved_into_their_element_and_cut_to_200_bp():
    assert lens.first_window(record()) == Window("promoter", 0, L_P)
    assert lens.fitted(Window("enhancer", -5, 12), record()) == Window("enhancer", 0, 17)
    assert lens.fitted(Window("enhancer", 50, 60), record()) == Window("enhancer", 43, 53)
    long = SimpleNamespace(enhancer=np.zeros(400))
    assert lens.fitted(Window("enhancer", 0, 400), long) == Window("enhancer", 100, 300)
    assert lens.dragged({"selection": {"box": [{"xref": "x", "x": [3.4, 9.6]}]}}) == Window("enhancer", 3, 11)
    assert lens.dragged({"selection": {"box": []}}) is None
    assert lens.dragged(None) is None


def test_planted_sites_in_window_coordinates():
    truth = SimpleNamespace(
        pair_id=np.array(["p1", "p7"], dtype=object),
        enhancer_sites=np.array(["", "M01:7:+:11.3;M02:23:-:9.0"], dtype=object),
        promoter_sites=np.array(["", ""], dtype=object),
        motifs=(SimpleNamespace(name="M01", width=8), SimpleNamespace(name="M02", width=5)),
    )
    found = lens.planted_sites(truth, answer())
    assert [(site.name, site.start, site.end) for site in found] == [("M01", 12, 20), ("M02", 28, 33)]
    truth.pair_id[1] = "other"
    assert lens.planted_sites(truth, answer()) == []


def test_files_hold_positions_letters_and_values():
    change = np.zeros((4, 3))
    change[3, 1] = -0.25
    tried = MutagenesisRecord("potential", "enhancer", 10, 13, change, np.zeros(3), 1.0, 0.5)
    rows = lensfiles.base_rows(answer(), tried)
    assert len(rows) == L_E + L_P
    assert rows[11] | {} == {
        "side": "enhancer", "position": 11, "chrom": "chr7", "genome_position": 1_011, "base": "T",
        "attribution": 0.7, "to_A": 0.0, "to_C": 0.0, "to_G": 0.0, "to_T": -0.25,
    }  # fmt: skip
    assert "to_A" not in rows[13]
    assert rows[L_E]["genome_position"] == ""
    graph = lensfiles.bedgraph(answer(), "enhancer", "SYNTHETIC").splitlines()
    assert graph[3 + 11] == "chr7\t1011\t1012\t0.7"
    assert "atom=3" in graph[1]
    table = lensfiles.mutagenesis_csv(answer(), tried, "SYNTHETIC")
    assert len(table.splitlines()) == 2 + 3 * 3
    hits = [
        MotifHit(0, "m 1", "enhancer", 5, 12, "-", 9.0, 0.001, 0.01),
        MotifHit(1, "x", "promoter", 2, 4, "+", 1, 0, 1e-9),
    ]
    bed = lensfiles.hits_bed(answer(), hits, "SYNTHETIC").splitlines()
    assert bed[2] == "chr7\t1005\t1012\tm_1\t20\t-"
    assert bed[3] == "promoter\t2\t4\tx\t90\t+"


def test_elements_know_where_their_window_begins():
    def table(start, end, sequence):
        return SimpleNamespace(
            enhancer_chrom=["chr1"],
            enhancer_start=[start],
            enhancer_end=[end],
            enhancer_seq=None if sequence is None else [sequence],
        )

    codes = np.zeros(10, dtype=np.uint8)
    assert pairtables._element(table(100, 120, None), "enhancer", codes).start == 105
    assert pairtables._element(table(100, 120, "A" * 20), "enhancer", codes).start == 105
    assert pairtables._element(table(100, 107, "A" * 7), "enhancer", codes).start == 99
    assert pairtables._element(table(100, 107, "A" * 9), "enhancer", codes).chrom == ""  # coordinates of something else
    assert pairtables._element(table(-1, -1, "A" * 10), "enhancer", codes).chrom == ""


def test_twins_in_a_table_get_names_of_their_own():

    brought = cache.example("queries_unseen01.tsv").splitlines(keepends=True)
    result = adaptation.read_queries(b"".join([*brought[:3], brought[1]]), "x", "upload", None).result
    names = pairtables.named_pairs(result.table)
    assert len(set(names)) == len(names) == 3


def test_a_pair_of_an_atoms_card_is_read_under_its_own_line(app, monkeypatch):
    listed = []
    table_of = cardpairs.table_of
    monkeypatch.setattr(cardpairs, "table_of", lambda *asked: listed.append(table_of(*asked)) or listed[-1])
    app(LENS, pair=PAIR, line="atom1", atom="1")
    table = listed[0].table
    at = app(LENS, pair=str(table.pair_id[0]), line="atom1", atom="1")
    clean(at)
    assert at.subheader[0].value.startswith(str(table.pair_id[0]))
    assert at.selectbox(key="lens_belief").value == f"{table.cell_line[0]} | {table.assay[0]}"
    assert at.segmented_control(key="lens_target").value == "potential"
    assert {item.label: item.value for item in at.metric}["Residual"] == "0.0%"
    assert "which this run does not have" in words(app(LENS, pair="pair002486", line="atom99"))
