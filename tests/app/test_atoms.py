"""Gallery and card of the Atoms page: what opens what, the fixed order, reasons for what is missing, exports."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from tests.app.conftest import ASSETS, words
from tests.app.test_pages import clean

PAGE = "pages/observe/atoms.py"
ORDER = ["i · ", "ii · ", "iii · ", "iv · ", "v · ", "vi · ", "vii · ", "Steer"]


@pytest.fixture
def exported(monkeypatch):
    """Return what the two downloads of a card hold, as the page makes them."""
    from metabam.app import cardexport
    from metabam.app.widgets import json_text

    kept: dict[str, str] = {}

    def keep(card):
        kept["html"] = cardexport.card_html(card)
        kept["json"] = json_text(cardexport.card_values(card))

    monkeypatch.setattr(cardexport, "exports", keep)
    return kept


def headings(at) -> list[str]:
    return [item.value.removeprefix("#### ") for item in at.markdown if item.value.startswith("#### ")]


def test_gallery_has_one_row_per_atom_and_a_row_opens_its_card(app):
    at = app(PAGE, atoms_tab="Gallery")
    clean(at)
    table = at.dataframe[0].value
    assert len(table) == 24
    assert "truth" not in table.columns
    assert len(table["usage by line"][0]) == 5
    assert "24 shown / 24 in total" in words(at)
    at.toggle(key="show_truth").set_value(True).run()
    clean(at)
    assert {"truth", "r"} <= set(at.dataframe[0].value.columns)
    verdicts = at.dataframe[1].value["verdict"].tolist()
    assert len(verdicts) == 12
    assert "missed" in verdicts, "misses are said"
    assert f"{verdicts.count('found')} of 12 planted mechanisms" in words(at)
    at.session_state["gallery_table"] = {"selection": {"rows": [6], "columns": [], "cells": []}}
    at.run()
    clean(at)
    assert at.session_state["atoms_tab"] == "Card"
    assert at.selectbox(key="atom").value == "7"
    assert at.query_params["atom"] == "7"
    assert headings(at)[0].startswith("i · ")


def test_a_link_to_an_atom_opens_its_card_in_the_fixed_order(app, exported):
    at = app(PAGE, atom="4")
    clean(at)
    assert [head for head, wanted in zip(headings(at), ORDER, strict=True) if not head.startswith(wanted)] == []
    assert len([item for item in at.metric if item.label == "Atom" and item.value == "4"]) == 1
    values = json.loads(exported["json"])
    assert values["atom"] == 4
    assert len(values["pairs"]) >= 20
    assert values["steering"]["factors"][16] == 1.0
    assert all(float(row["q"]) <= 0.05 for row in values["enrichment"]["rows"])
    assert "truth" not in values
    assert exported["html"].count('role="img"') >= 4
    assert re.search(r'src="https?:', exported["html"]) is None


def test_truth_label_second_atom_and_steering_reach_the_exports(app, exported):
    at = app(PAGE, atom="4")
    at.toggle(key="show_truth").set_value(True)
    at.selectbox(key="pin_atom").set_value("2")
    label = next(item for item in at.text_input if item.label == "Your label")
    label.set_value("=my atom").run()
    clean(at)
    assert "spaced2" in words(at)
    assert "planted mechanisms have no atom" in words(at)
    values = json.loads(exported["json"])
    assert (values["label"], values["pinned_atom"]) == ("=my atom", 2)
    assert values["truth"]["names"].index("spaced2") >= 0
    assert "=my atom" in exported["html"]
    at.slider(key="steer_factor").set_value(-1.5).run()
    assert at.session_state["steer_box"] == -1.5
    at.button(key="steer_reset").click().run()
    assert at.session_state["steer_factor"] == at.session_state["steer_box"] == 1.0
    at.session_state["atoms_tab"] = "Gallery"
    at.run()
    assert at.dataframe[0].value["your label"][3] == "=my atom"


def test_selected_pairs_are_pinned_and_the_last_one_is_in_the_address(app, exported):
    at = app(PAGE, atom="4")
    rows = json.loads(exported["json"])["pairs"]
    at.session_state["card_examples_4"] = None  # another atom's table has its own selection
    at.session_state["card_examples_3"] = {"selection": {"rows": [2, 11], "columns": [], "cells": []}}
    at.run()
    clean(at)
    pinned = list(json.loads(exported["json"])["steering"]["probability"])
    assert pinned == [rows[2]["pair"], rows[11]["pair"]]
    assert at.query_params["pair"] == rows[11]["pair"]


@pytest.mark.parametrize("asked", ["0", "25", "x", "<b>"])
def test_a_link_to_an_atom_that_is_not_there_shows_the_first(app, asked):
    at = app(PAGE, atom=asked, atoms_tab="Spectrum")
    clean(at)
    assert at.selectbox(key="atom").value == "1"
    assert "does not have" in words(at)


def test_without_weights_gallery_and_card_say_why(app, no_demo, copy_demo):
    folder = copy_demo("young")
    (folder / "weights.safetensors").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["weights.safetensors"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for tab in ("Gallery", "Card"):
        at = app(PAGE, atoms_tab=tab)
        assert not at.exception
        assert "no finished weights yet" in words(at)


def test_without_a_world_the_reader_brings_the_places(app, no_demo, copy_demo, monkeypatch, tmp_path, exported):
    import pandas as pd

    monkeypatch.setenv("METABAM_WORLDS", str(tmp_path / "worlds"))
    copy_demo("mine")
    at = app(PAGE, atom="4")
    clean(at)
    said = words(at)
    assert "keeps no coordinates" in said
    assert "No arc can be drawn" in said
    assert json.loads(exported["json"])["pairs"][0]["locus"] == ""
    world = pd.read_parquet(ASSETS / "world" / "truth_pairs.parquet")
    table = pd.DataFrame(
        {
            "pair_id": world.pair_id, "chrom": world.chrom,
            "enhancer_start": world.enhancer_start, "enhancer_end": world.enhancer_start + 400,
            "promoter_start": world.promoter_start, "promoter_end": world.promoter_start + 400,
            "label": 0, "cell_line": "any",
        }
    )  # fmt: skip
    table.loc[::3, "label"] = 1
    at.file_uploader(key="card_places").upload("pairs.tsv", table.to_csv(sep="\t", index=False).encode())
    at.run()
    assert not at.exception
    rows = json.loads(exported["json"])["pairs"]
    assert all(row["locus"].startswith("synthetic") for row in rows)
    assert rows[0]["pair"].startswith("pair")
    assert "no genome for the run" in words(at), "places alone give no DNA"


def test_a_world_in_the_listing_lends_its_genome(app, no_demo, copy_demo, monkeypatch, tmp_path, exported):
    copy_demo("mine")
    shutil.copytree(ASSETS / "world", tmp_path / "worlds" / "w")
    monkeypatch.setenv("METABAM_WORLDS", str(tmp_path / "worlds"))
    at = app(PAGE, atom="4")
    clean(at)
    assert json.loads(exported["json"])["enrichment"]["rows"]


def test_known_motifs_need_the_library_where_the_run_keeps_no_comparison(app, copy_demo, monkeypatch):
    import sys

    (copy_demo("mine") / "motif_matches.json").unlink()
    monkeypatch.setitem(sys.modules, "memelite", None)
    at = app(PAGE, atom="4", run="mine")
    at.button(key="compare_motifs").click().run()
    clean(at)
    assert "metabam[motifs]" in words(at)
    at.toggle(key="show_truth").set_value(True).run()
    clean(at)
    assert "were not compared yet" in words(at)


def test_the_demo_names_its_motifs_without_the_library(app, exported, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "memelite", None)
    at = app(PAGE, atom="4")
    at.toggle(key="show_truth").set_value(True).run()
    clean(at)
    assert not [button for button in at.button if button.key == "compare_motifs"]
    assert "24 matches with q ≤ 0.05 among 660 comparisons" in words(at)
    values = json.loads(exported["json"])
    known = [row["known"] for row in values["enrichment"]["rows"] if row["kind"] == "motif"]
    assert known[0].startswith(("M13", "M14"))
    assert "M13 (q = 1e-18), M14 (q = 2e-14)" in values["truth"]["said"]
    at.session_state["atoms_tab"] = "Gallery"
    at.run()
    named = dict(zip(at.dataframe[1].value["planted mechanism"], at.dataframe[1].value["motifs named"], strict=True))
    assert named["spaced2"] == "2 of 2 (q ≤ 2e-14)"
    assert named["periodic"] == "–"


def test_a_motif_file_that_is_none_is_refused(app):
    at = app(PAGE, atom="4")
    at.file_uploader(key="card_meme").upload("m.meme", b"no motifs here")
    at.run()
    assert "no MEME text" in at.error[0].value.replace("\\", "")


def test_the_grid_of_the_slider_is_the_grid_of_the_model():
    import numpy as np

    from metabam.app.cardparts import LIMIT, STEP
    from metabam.probe.steering import FACTORS

    assert np.arange(-LIMIT, LIMIT + STEP / 2, STEP).tolist() == list(FACTORS)
