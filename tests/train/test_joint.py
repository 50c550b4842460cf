"""Joint fine-tuning: encoder and model move together, the run answers with both, and a stop changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from metabam.config import RunConfig, build
from metabam.data.genome import Genome
from metabam.data.pairs import read_pairs
from metabam.data.synthetic import simulate
from metabam.errors import ConfigError
from metabam.files import load_tensors, read_json
from metabam.learners.metabam import MetaBamLearner
from metabam.learners.objective import episode_loss
from metabam.model.encoders import DifferentiableEncoder, load_encoder
from metabam.records import SupportSet
from metabam.train import pipeline
from metabam.train.joint import open_joint
from metabam.train.pipeline import train_run
from metabam.train.run import RunStore, unpack_contexts

SETTINGS = {
    "seed": 3,
    "holdout": ["unseen01"],
    "encoder": {
        "kind": "cnn", "channels": 4, "filter_width": 5, "n_features": 5, "epochs": 1, "enhancer_window": 60,
        "promoter_window": 70,
    },
    "model": {"n_atoms": 3, "context_dim": 2, "hidden": 7},
    "train": {
        "steps": 2, "joint_steps": 3, "joint_lr": 0.01, "birth_steps": 20, "batch_tasks": 4, "query_size": 16,
        "shots": [0, 4, 7], "eval_every": 2, "save_every": 1, "leave_one_line_out": False,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "w"
    simulate(folder, 3, training_lines=2, heldout_lines=1, pairs_per_line=90, enhancer_length=200, promoter_length=200)
    with Genome(folder / "genome.fa") as genome:
        yield genome, read_pairs(folder / "pairs.tsv", role="training", genome=genome)[0]


@pytest.fixture(scope="module")
def finished(given, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    records = list(train_run(build(SETTINGS, RunConfig), *given, folder))
    assert [record.step for record in records if record.phase == "joint" and record.terms] == [1, 2, 3]
    assert records[-1].phase == "done"
    return folder


def digests(folder):
    return {name: entry["sha256"] for name, entry in read_json(folder / "manifest.json")["files"].items()}


def test_the_run_answers_with_both_as_they_ended(finished):
    run = RunStore(finished.parent).open("whole")
    assert run.summary().state == "finished"
    before = load_encoder(*_file(finished, "encoder.safetensors"))
    after = run.load_encoder()
    assert isinstance(after, DifferentiableEncoder)
    moved = [
        not torch.equal(one, two)
        for one, two in zip(before.network.parameters(), after.network.parameters(), strict=True)
    ]
    assert all(moved)
    meta, learner = MetaBamLearner.from_state(*_file(finished, "meta-weights.safetensors")), run.load_learner()
    assert not np.array_equal(meta.atoms, learner.atoms)
    context = run.training_contexts()[1]
    old = unpack_contexts(load_tensors(finished / "features.safetensors"))[1]
    assert not np.allclose(context.features, old.features, atol=1e-4)
    assert np.array_equal(context.labels, old.labels)
    reference = learner.model.reference.numpy()
    known = {row.tobytes() for item in run.training_contexts() for row in item.features}
    assert all(row.tobytes() in known for row in reference)
    fingerprint = learner.adapt(SupportSet(context.features[:7], context.labels[:7]))
    assert np.isfinite(learner.predict(fingerprint, context.features[7:]).logit).all()


def _file(folder, name):
    file = load_tensors(folder / name)
    return file.tensors, file.description


@pytest.fixture
def joint(given, finished):
    config = build(SETTINGS, RunConfig)
    genome, table = given
    contexts = unpack_contexts(load_tensors(finished / "features.safetensors"))
    return open_joint(config, genome, table, contexts, finished, 2), contexts, config


def test_it_starts_from_the_cached_features_and_moves_every_weight(joint):
    """At first, episodes of encoded rows are the episodes of cached features; then gradients reach the first filter."""
    training, contexts, config = joint
    for made, cached in zip(training.contexts(), contexts, strict=True):
        assert np.allclose(made.features, cached.features, atol=1e-5)
    tasks = training._meta.source.batch(3)
    numbered = training._source.batch(3)
    whole = np.concatenate([context.features for context in contexts])
    for name, mask in (("support", "support_mask"), ("query", "query_mask")):
        rows = getattr(numbered, name)[getattr(numbered, mask) > 0][:, 0].long().numpy()
        assert np.array_equal(whole[rows], getattr(tasks, name)[getattr(tasks, mask) > 0].numpy())
    terms = training.loss(1, 0, 1)
    cached = episode_loss(training.module["model"], tasks, config.train, 3, 5)
    assert float(terms.total.detach()) == pytest.approx(float(cached.total.detach()), rel=1e-3)
    torch.autograd.backward(terms.total)
    assert all(float(value.grad.abs().sum()) > 0 for value in training.encoder.network.parameters())
    assert training.batch_ids(1, 1, 2) == numbered.names[1::2]
    rates = sorted({group["lr"] for group in training.optimizer.param_groups})
    assert rates == pytest.approx([0.001, 0.01])


def test_stopped_anywhere_it_ends_with_the_same_bytes(given, finished, tmp_path, monkeypatch):
    config, folder = build(SETTINGS, RunConfig), tmp_path / "run"
    for record in train_run(config, *given, folder):
        if record.phase == "joint" and record.step == 1:
            break
    assert "weights.safetensors" not in digests(folder)
    keep = pipeline._Pipeline._keep

    def broken(self, learner, steps, name):
        raise RuntimeError(name)

    monkeypatch.setattr(pipeline._Pipeline, "_keep", broken)
    with pytest.raises(RuntimeError, match=r"^weights\.safetensors"):  # meta-training is not done again
        list(train_run(config, *given, folder, resume=True))
    monkeypatch.setattr(pipeline._Pipeline, "_keep", keep)
    assert "joint-features.safetensors" in digests(folder)
    *_, last = train_run(config, *given, folder, resume=True)
    assert last.phase == "done"
    assert digests(folder) == digests(finished)


def test_a_dictionary_says_that_it_cannot(given, tmp_path):
    config = build({**SETTINGS, "encoder": {"kind": "motif"}}, RunConfig)
    with pytest.raises(ConfigError, match="joint-encoder"):
        next(iter(train_run(config, *given, tmp_path / "run")))
    assert not (tmp_path / "run").exists()
