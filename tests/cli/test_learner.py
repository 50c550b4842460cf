"""``--learner``: a run that holds the expert, and other learners fitted where they are used."""

from __future__ import annotations

import json

import numpy as np
import pytest

from metabam.config import ExpertConfig, RunConfig, build
from metabam.data.genome import Genome
from metabam.data.pairs import read_pairs
from metabam.data.synthetic import simulate
from metabam.errors import CheckpointError, ConfigError
from metabam.files import read_json, write_json
from metabam.learners.expert import CellLineExpert
from metabam.train.pipeline import train_run
from metabam.train.run import RunStore
from tests.faults.trainer import settings

TINY = {"width": 10, "supervised_steps": 3, "episodic_steps": 4, "batch_tasks": 2, "query_size": 11, "shots": [0, 7]}


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("expert") / "w"
    simulate(folder, 3, training_lines=3, heldout_lines=1, pairs_per_line=150, enhancer_length=200, promoter_length=200)
    with Genome(folder / "genome.fa") as genome:
        yield genome, read_pairs(folder / "pairs.tsv", role="training", genome=genome)[0], folder


@pytest.fixture(scope="module")
def config():
    return settings(learner="expert", expert=TINY)


@pytest.fixture(scope="module")
def finished(given, config, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "whole"
    records = list(train_run(config, given[0], given[1], out))
    assert records[-1].phase == "done"
    return out


def test_a_run_holds_the_expert(finished, config):
    run = RunStore(finished.parent).open("whole")
    assert (run.summary().state, run.config.learner, run.manifest["learner"]) == ("finished", "expert", "expert")
    assert run.manifest["steps"] == 7
    learner = run.load_learner()
    assert isinstance(learner, CellLineExpert)
    assert learner.config == build(TINY, ExpertConfig)
    steps, loss = run.history().series("total", "meta-train")
    assert steps[0] == 1
    assert steps[-1] == 7
    assert np.isfinite(loss).all()
    assert "selection.json" not in run.manifest["files"]
    twin = CellLineExpert(config.expert)
    twin.fit(run.training_contexts(), seed=config.seed)
    for name, value in twin.state()[0].items():
        assert value.tobytes() == learner.state()[0][name].tobytes(), name


def test_stopped_after_the_features_it_ends_with_the_same_bytes(given, config, finished, tmp_path):
    out = tmp_path / "run"
    for record in train_run(config, given[0], given[1], out):
        if record.phase == "meta-train" and record.step == 2:
            break
    assert RunStore(tmp_path).summary("run").state == "stopped"
    for _ in train_run(config, given[0], given[1], out, resume=True):
        pass
    stated = [read_json(place / "manifest.json")["files"]["weights.safetensors"]["sha256"] for place in (out, finished)]
    assert stated[0] == stated[1]
    assert [record.phase for record in train_run(config, given[0], given[1], out, resume=True)] == ["done"]


def test_a_run_begun_before_a_setting_existed_can_be_resumed(given, finished, config):
    path = finished / "config.json"
    whole = read_json(path)
    old = {name: value for name, value in whole.items() if name != "expert"}
    write_json(path, old)
    default = config.model_copy(update={"expert": ExpertConfig()})
    try:
        assert [record.phase for record in train_run(default, given[0], given[1], finished, resume=True)] == ["done"]
        with pytest.raises(ConfigError, match=r"expert\.width: 32 -> 10"):
            list(train_run(config, given[0], given[1], finished, resume=True))
    finally:
        write_json(path, whole)


def test_a_learner_that_no_run_can_hold_is_refused_before_anything_is_made(given, tmp_path):
    for name, code in (("support_prevalence", "learner-not-stored"), ("exprt", "unknown-learner")):
        with pytest.raises(ConfigError, match=code):
            list(train_run(settings(learner=name), given[0], given[1], tmp_path / "run"))
    assert not list(tmp_path.iterdir())


def test_the_app_says_that_it_reads_meta_bam_alone(finished):
    from metabam.app.model import load

    with pytest.raises(CheckpointError, match="run-other-learner"):
        load(RunStore(finished.parent).open("whole"))


def test_adapt_and_score_speak_for_the_expert(world, given, finished, tmp_path):
    folder = given[2]
    draw = (
        "--line",
        "unseen01",
        "--shots",
        "16",
        "--support",
        str(tmp_path / "s.tsv"),
        "--queries",
        str(tmp_path / "q.tsv"),
    )
    assert world.call("draw", "--pairs", str(folder / "pairs.tsv"), *draw).code == 0
    where = ("--run", str(finished), "--genome", str(folder / "genome.fa"))
    adapt = ("adapt", *where, "--support", str(tmp_path / "s.tsv"), "--json")
    done = world.call(*adapt, "--out", str(tmp_path / "f.json"))
    assert done.code == 0, done.err
    assert done.json()["learner"] == "expert"
    values = json.loads((tmp_path / "f.json").read_text())
    assert (values["format"], values["learner"], values["n_support"]) == ("metabam-context", "expert", 16)
    assert values["provenance"]["learner"] == "expert"
    score = ("score", *where, "--queries", str(tmp_path / "q.tsv"), "--json")
    adapted = world.call(*score, "--fingerprint", str(tmp_path / "f.json"))
    assert adapted.code == 0, adapted.err
    rows, prior = adapted.json()["scores"], world.call(*score).json()["scores"]
    assert [row["status"] for row in rows] == ["ok"] * len(rows)
    assert all(row["lower"] <= row["probability"] <= row["upper"] for row in rows)
    assert [row["logit"] for row in rows] != [row["logit"] for row in prior]
    done = world.call(*adapt, "--learner", "hierarchical", "--out", str(tmp_path / "h.json"))
    assert done.code == 0, done.err
    other = world.call(*score, "--learner", "hierarchical", "--fingerprint", str(tmp_path / "h.json"))
    assert other.code == 0, other.err
    assert [row["logit"] for row in other.json()["scores"]] != [row["logit"] for row in rows]
    mixed = world.call(*score, "--fingerprint", str(tmp_path / "h.json"))
    assert (mixed.code, mixed.json()["error"]["code"]) == (65, "fingerprint-of-another-learner")
    refused = world.call(*adapt, "--learner", "support_prevalence", "--out", str(tmp_path / "p.json"))
    assert (refused.code, refused.json()["error"]["code"]) == (2, "learner-without-fingerprint")


def test_flags_reach_the_settings():
    from metabam.cli.learn import run_config
    from metabam.cli.parser import parse

    words = ["train", "--genome", "g", "--pairs", "p", "--holdout", "a", "--out", "r", "--steps", "17"]
    expert, plain = (run_config(parse([*words, *more])) for more in (["--learner", "expert"], []))
    assert (expert.learner, expert.expert.episodic_steps, expert.train.steps) == ("expert", 17, RunConfig().train.steps)
    assert (plain.learner, plain.train.steps) == ("metabam", 17)
