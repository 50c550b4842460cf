"""A planted world with a run: its encoder, its contexts, its learner, and nothing that it saw."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from metabam.bench.entries import Fitting, chosen
from metabam.bench.planted import PlantedWorld
from metabam.bench.runner import run_bench
from metabam.bench.store import BenchFolder
from metabam.config import BenchConfig, EncoderConfig, RunConfig
from metabam.data.episodes import contexts_of, holdout_split
from metabam.data.pairs import read_pairs
from metabam.errors import InputError
from metabam.learners import LEARNERS

WINDOWS = EncoderConfig(enhancer_window=200, promoter_window=200)


class Shares:
    """Shares of A, C, G and T on both sides: features that anyone can count."""

    def encode(self, windows):
        sides = ((windows.enhancers, windows.enhancer_index), (windows.promoters, windows.promoter_index))
        return np.stack([(codes == b).mean(axis=1)[i] for codes, i in sides for b in range(4)], 1).astype(np.float32)


def run_on(world, holdout, chroms=()):
    """Return what the benchmark needs of a run that was trained on a world, some lines held out."""
    table, _ = read_pairs(world / "pairs.tsv", role="training")
    rows, _ = holdout_split(table, holdout, chroms)
    chosen_rows = table.take(rows)
    rng = np.random.default_rng(0)
    contexts = contexts_of(chosen_rows, rng.standard_normal((len(chosen_rows), 8)).astype(np.float32))
    learner = LEARNERS["pooled"]()
    learner.fit(contexts)
    return SimpleNamespace(
        id="run", config=RunConfig(holdout=holdout, holdout_chrom=chroms, encoder=WINDOWS), weights_sha256="0" * 64,
        load_encoder=Shares, load_learner=lambda: learner, training_contexts=lambda: contexts,
    )  # fmt: skip


def test_a_runs_own_contexts_learner_and_encoder_are_used(tiny):
    run = run_on(tiny, ("unseen01", "unseen02"))
    world = PlantedWorld(tiny, run=run)
    (fold,) = world.folds()
    assert [context.pairs for context in fold.training] == run.training_contexts()
    for context in fold.training:
        assert context.table.cell_line[0] == context.pairs.cell_line
        assert len(context.views["truth"]) == len(context)
    assert fold.held[0].pairs.features[:, :4].sum(axis=1) == pytest.approx(1.0)
    assert world.inputs["weights"] == "0" * 64
    (entry,) = chosen(["pooled"])
    assert Fitting(fold, BenchConfig()).fitted(entry).learner is run.load_learner()
    (other,) = chosen(["prototype"])
    assert Fitting(fold, BenchConfig()).fitted(other).learner is not run.load_learner()


def test_held_out_chromosomes_part_supports_from_queries(tiny):
    (fold,) = PlantedWorld(tiny, run=run_on(tiny, ("unseen01", "unseen02"), ("synthetic2",))).folds()
    for context in fold.held:
        on = context.table.enhancer_chrom == "synthetic2"
        assert on.any()
        assert np.array_equal(context.query_pool, on)
        assert np.array_equal(context.support_pool, ~on)
    assert all((context.table.enhancer_chrom != "synthetic2").all() for context in fold.training)
    assert [len(context.views["truth"]) for context in fold.training] == [len(context) for context in fold.training]


def test_a_run_that_saw_a_judged_line_is_refused(tiny, tmp_path):
    world = PlantedWorld(tiny, run=run_on(tiny, ("unseen02",)))
    config = BenchConfig(shots=(0, 16), supports=1, queries=53, learners=("pooled",))
    with pytest.raises(InputError, match="unseen01") as error:
        run_bench(config, [world], BenchFolder(tmp_path / "b"))
    assert (error.value.code, error.value.exit_code) == ("leak-line", 65)
    assert not list((tmp_path / "b").rglob("*.parquet"))


def test_a_run_whose_labels_are_not_the_worlds_is_refused(tiny):
    run = run_on(tiny, ("unseen01", "unseen02"))
    first = run.training_contexts()[0]
    labels = first.labels.copy()
    labels[5] = 1 - labels[5]
    run.training_contexts()[0] = dataclasses.replace(first, labels=labels)
    with pytest.raises(InputError, match="run-of-another-world"):
        list(PlantedWorld(tiny, run=run).folds())


def test_lines_are_cut_and_trained_features_are_kept(tiny, tmp_path, monkeypatch):
    (fold,) = PlantedWorld(tiny, lines=1).folds()
    assert [context.pairs.cell_line for context in fold.held] == ["unseen01"]
    assert {context.pairs.cell_line for context in fold.references} == {"unseen01", "train1", "train2", "train3"}
    from metabam.bench import planted

    calls = []
    monkeypatch.setattr(planted, "trained_encoder", lambda table, names, *rest: calls.append(names) or Shares())
    made = [next(PlantedWorld(tiny, features="motif", cache=tmp_path).folds()) for _ in range(2)]
    assert calls == [["train1", "train2", "train3"]]
    assert np.array_equal(made[0].held[0].pairs.features, made[1].held[0].pairs.features)


def test_a_track_behind_the_features_is_read_by_the_runs_own_learner_alone(tiny):
    """Two columns of z_q and six of a track: only what was trained with the track may see it."""
    from metabam.records import FeatureLayout

    run = run_on(tiny, ("unseen01", "unseen02"))
    layout = FeatureLayout(2, ("channel",), (10.5, 21.0, 42.0))
    contexts = [dataclasses.replace(context, layout=layout) for context in run.training_contexts()]
    run.training_contexts = lambda: contexts
    (fold,) = PlantedWorld(tiny, run=run).folds()
    fitting = Fitting(fold, BenchConfig())
    (own,), (other,) = chosen(["pooled"]), chosen(["prototype"])
    for held in fold.held:
        assert held.seen_as(fitting.fitted(own).view).features.shape[1] == 8
        assert held.seen_as(fitting.fitted(other).view).features.shape[1] == 2
    assert [context.seen_as("features").features.shape[1] for context in fold.training] == [2, 2, 2]
