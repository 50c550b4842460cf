"""The switch of the truth: only for simulated data, only from listed worlds, with a reason when it cannot be shown."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.app.conftest import ASSETS, words

SCRIPT = """
import streamlit as st
from metabam.app import cache, layout, truth
from metabam.app.layout import Scene
run = cache.open_run({run!r})
found = truth.shown(Scene("en", run.summary(), run))
st.markdown("nothing" if found is None else f"mechanisms {{len(found.names)}}")
"""


@pytest.fixture
def switch(runs, monkeypatch, tmp_path):
    import streamlit as st

    st.cache_resource.clear()
    monkeypatch.setenv("METABAM_WORLDS", str(tmp_path / "worlds"))

    def start(run: str = "demo", on: bool = True) -> AppTest:
        at = AppTest.from_string(SCRIPT.format(run=run), default_timeout=60).run()
        if on and len(at.toggle):
            at.toggle(key="show_truth").set_value(True).run()
        assert not at.exception
        return at

    return start


def test_off_until_asked_then_the_bundled_world(switch):
    assert words(switch(on=False)) == "nothing"
    assert "mechanisms 12" in words(switch())


def test_real_data_have_no_switch(switch, copy_demo):
    file = copy_demo("measured") / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["synthetic"] = False
    file.write_text(json.dumps(manifest))
    at = switch("measured")
    assert len(at.toggle) == 0
    assert words(at) == "nothing"


def test_without_a_world_the_reason_and_the_remedy(switch, copy_demo, no_demo):
    copy_demo("mine")
    said = words(switch("mine"))
    assert "no planted world" in said
    assert "METABAM_WORLDS" in said


def test_a_copy_of_the_demo_finds_its_world_in_the_listing(switch, copy_demo, no_demo, tmp_path):
    copy_demo("mine")
    shutil.copytree(ASSETS / "world", tmp_path / "worlds" / "w", ignore=shutil.ignore_patterns("*.fa"))
    assert "mechanisms 12" in words(switch("mine"))


def test_a_world_that_lacks_one_training_pair_is_another_world(switch, copy_demo, no_demo, tmp_path):
    import pandas as pd

    copy_demo("mine")
    place = tmp_path / "worlds" / "w"
    shutil.copytree(ASSETS / "world", place, ignore=shutil.ignore_patterns("*.fa"))
    table = pd.read_parquet(place / "truth_pairs.parquet")
    table.loc[table.index[:7], "enhancer_start"] += 1
    table.to_parquet(place / "truth_pairs.parquet")
    assert "another world" in words(switch("mine"))


def test_a_link_out_of_the_listing_is_not_followed(switch, copy_demo, no_demo, tmp_path):
    copy_demo("mine")
    (tmp_path / "worlds").mkdir()
    (tmp_path / "worlds" / "w").symlink_to(ASSETS / "world")
    assert "no planted world" in words(switch("mine"))


def test_rows_are_those_of_the_pairs():
    from metabam.data.worldfiles import read_truth
    from metabam.data.worldlink import rows_of_elements, world_elements, world_motifs

    truth = read_truth(ASSETS / "world")
    enhancer, promoter = world_elements(truth)
    asked = np.array([11, 2, 7])
    assert rows_of_elements(truth, enhancer[asked], promoter[asked]).tolist() == [11, 2, 7]
    assert rows_of_elements(truth, enhancer[:1] + 1, promoter[:1]).tolist() == [-1]
    assert len(world_motifs(truth)) == 22
    assert len(world_motifs(truth, distractors=False)) == sum(m.name.startswith("M") for m in truth.motifs)
