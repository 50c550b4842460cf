"""``metabam bench``: what it lists, refuses and prints."""

import json
import os
from typing import get_args

import pytest

from metabam.config import EncoderConfig, ModelConfig
from metabam.learners import LEARNERS


def test_list_names_every_learner_encoder_and_mix_with_a_line_each(world):
    done = world.call("bench", "--list", "--json")
    found = done.json()
    assert done.code == 0
    assert set(found["learners"]) >= {*LEARNERS, "metabam_context", "truth_knower"}
    assert set(found["encoders"]) == set(get_args(EncoderConfig.model_fields["kind"].annotation))
    assert set(found["mix"]) == set(get_args(ModelConfig.model_fields["mix"].annotation))
    for kind in ("learners", "encoders", "mix"):
        assert all(said.strip() for said in found[kind].values()), kind
    lines = world.call("bench", "--list").out.splitlines()
    assert len(lines) == sum(len(found[kind]) for kind in ("learners", "encoders", "mix"))


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        ((), 2, "usage"),
        (("--world", "world"), 2, "usage"),
        (("--world", "world", "--out", "b", "--run", "r", "--run", "r"), 2, "run-count"),
        (("--world", "nowhere", "--out", "b"), 65, "no-world"),
        (("--world", "world", "--out", "b", "--run", "nowhere"), 65, "no-run"),
        (("--world", "world", "--out", "b", "--shots", "4", "4"), 2, "bad-setting"),
        (("--world", "world", "--out", "b", "--learner", "hierarchial"), 2, "unknown-learner"),
        (("--world", "world", "--world", "world", "--out", "b"), 2, "same-world"),
        (("--real", "W2c", "--out", "b"), 2, "usage"),
        (("--real", "W2a", "--geometry", "half", "--out", "b"), 2, "usage"),
        (("--world", "world", "--out", "b", "--noise", "-1"), 2, "usage"),
    ],
)
def test_wrong_words_end_with_their_code(world, words, code, named):
    done = world.call("bench", *words)
    assert (done.code, f"[{named}]" in done.err) == (code, True), done.err


def test_real_data_must_be_there(world, monkeypatch):
    monkeypatch.delenv("METABAM_DATA", raising=False)
    done = world.call("bench", "--real", "W2a", "--out", "b")
    assert (done.code, "[no-data]" in done.err) == (2, True)


QUICK = ("--learner", "metabam,metabam_context,pooled,prototype,support_prevalence,truth_knower")
SMALL = ("--supports", "2", "--queries", "101", "--shots", "0", "16", "--bootstraps", "50")


def test_a_run_is_judged_with_its_own_features_and_contexts(trained):
    done = trained.call("bench", "--world", "world", "--run", "run", "--out", "judged", *QUICK, *SMALL, "--json")
    assert done.code == 0, done.err
    found = done.json()
    assert found["learners"] == QUICK[1].split(",")
    assert {claim[0] for claim in found["claims"]} >= {"A1", "A3", "A5", "A6"}
    assert ["world", "support_prevalence", "support_prevalence"] not in found["not_shown_to_beat"]
    split = json.loads((trained.folder / "judged/splits/world/0.json").read_text())
    assert [line["name"] for line in split["training"]] == ["train1 | planted", "train2 | planted"]
    assert [line["name"] for line in split["held_out"]] == ["unseen01 | planted", "unseen02 | planted"]
    settings = json.loads((trained.folder / "judged/bench.json").read_text())
    assert settings["worlds"]["world"]["weights"]
    assert "run: world, metabam" in done.err
    text = (trained.folder / "judged/report.md").read_text()
    assert "probe_line" in text
    assert "effective_rank" in text


def test_a_run_of_another_world_is_refused(trained):
    sizes = ("--training-lines", "2", "--heldout-lines", "2", "--pairs-per-line", "100")
    assert trained.call("simulate", "--out", "elsewhere", "--seed", "8", *sizes).code == 0
    done = trained.call("bench", "--world", "elsewhere", "--run", "run", "--out", "foreign", *QUICK, *SMALL)
    assert (done.code, "[run-of-another-world]" in done.err) == (65, True), done.err


def test_what_was_measured_with_one_geometry_is_not_gone_on_with_by_another(world):
    if not os.environ.get("METABAM_DATA"):
        pytest.skip("METABAM_DATA names no folder with the real pairs")
    words = ("--real", "W2a", "--folds", "0", "--learner", "distance", "--out", "real")
    small = ("--supports", "1", "--queries", "100", "--shots", "0", "--bootstraps", "20")
    assert world.call("bench", *words, *small).code == 0
    other = world.call("bench", *words, *small, "--resume", "--geometry", "distance")
    assert (other.code, "[bench-changed]" in other.err) == (2, True), other.err
    assert world.call("bench", *words, *small, "--resume").code == 0
