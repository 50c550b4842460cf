"""A benchmark that runs, is killed, goes on, and refuses to mix what does not belong together."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from metabam.bench import entries
from metabam.bench.entries import Fitting, chosen
from metabam.bench.planted import PlantedWorld
from metabam.bench.publish import publish
from metabam.bench.runner import run_bench
from metabam.bench.store import TABLE, BenchFolder, Part, read_frame, slug
from metabam.config import BenchConfig, PeerConfig, TrainConfig
from metabam.errors import ConfigError, InputError, LockedError
from metabam.learners import LEARNERS, meta_trained
from metabam.learners.birth import give_birth
from metabam.records import FeatureLayout
from tests.bench.conftest import make_fold
from tests.learners.toys import numbers_of

ROOT = Path(__file__).parents[2]
QUICK = ("pooled", "prototype", "support_prevalence")


class Toy:
    """A world of one fold in memory."""

    name, kind = "toy", "W1"

    def __init__(self, fold=None, inputs=None):
        self.fold, self.inputs = fold or make_fold(), inputs or {"made": "here"}

    def folds(self):
        yield self.fold


@pytest.fixture
def config():
    return BenchConfig(shots=(0, 16), supports=3, queries=61, control_shots=(16,), bootstraps=50, learners=QUICK)


def run(folder, config, world=None, **how):
    return run_bench(config, [world or Toy()], BenchFolder(folder), **how)


def same(first, second):
    pd.testing.assert_frame_equal(first.drop(columns="seconds"), second.drop(columns="seconds"))


def test_rows_are_tidy_paired_and_complete(tmp_path, config):
    told = []
    found = run(tmp_path / "b", config, progress=lambda *said: told.append(said))
    table = found.table
    pd.testing.assert_frame_equal(read_frame(tmp_path / "b" / TABLE), table)
    own = table[table.control.eq("own") & table.metric.eq("auroc") & table.scheme.eq("natural")]
    assert (own.groupby("learner").size() == 2 * 3 * 2).all()
    assert set(own.learner) == set(QUICK)
    tasks = table[table.support_seed.ge(0)].groupby(["line", "support_seed", "S", "scheme", "control"])
    assert (tasks.n.nunique() == 1).all()
    assert (tasks.prevalence.nunique() == 1).all()
    assert set(table.control) == {"own", "none", "wrong_line", "permuted", "flipped", "seen_line"}
    gain = table[table.metric.eq("gain_auroc") & table.learner.eq("pooled")]
    assert (gain.value == 0.0).all()
    flat = table[table.metric.eq("auroc") & table.learner.eq("support_prevalence")]
    assert (flat.value == 0.5).all()
    assert {phase for phase, _ in told} >= {"splits", "fit", "run", "table"}


def test_gain_and_gap_follow_from_the_rows(tmp_path, config):
    table = run(tmp_path / "b", config).table
    mine = table[table.learner.eq("prototype") & table.S.eq(16) & table.scheme.eq("natural")]
    values = mine.pivot_table(index=["line", "support_seed"], columns=["metric", "control"], values="value")
    gain = values["auroc"]["own"] - values["auroc"]["none"]
    assert values["gain_auroc"]["own"].dropna().to_numpy() == pytest.approx(gain.dropna().to_numpy())
    auroc = mine[mine.metric.eq("auroc")]
    mean = {control: auroc[auroc.control.eq(control)].value.mean() for control in ("own", "none", "seen_line")}
    assert mine[mine.metric.eq("generalisation_gap")].value.tolist() == pytest.approx([mean["seen_line"] - mean["own"]])
    efficiency = mine[mine.metric.eq("adaptation_efficiency")].value.tolist()
    assert efficiency == pytest.approx([(mean["own"] - mean["none"]) / 16])
    assert table[table.metric.eq("fit")].learner.tolist() == list(QUICK)


def test_logits_are_kept_for_the_very_queries(tmp_path, config):
    folder = BenchFolder(tmp_path / "b")
    table = run(tmp_path / "b", config).table
    asked = folder.logits(Part("toy", "0", "queries", "X | toy"))
    logits = folder.logits(Part("toy", "0", "prototype", "X | toy"))
    from metabam.metrics import auroc

    for repeat in range(3):
        mine = table[table.learner.eq("prototype") & table.line.eq("X | toy") & table.metric.eq("auroc")]
        mine = mine[mine.S.eq(16) & mine.scheme.eq("natural") & mine.control.eq("own") & mine.support_seed.eq(repeat)]
        assert auroc(asked[f"labels.{repeat}"], logits[f"logit.{repeat}"]) == pytest.approx(mine.value.item())


def test_finished_parts_are_not_run_again(tmp_path, config):
    first = run(tmp_path / "b", config)
    gone = BenchFolder(tmp_path / "b").path(Part("toy", "0", "prototype", "Y | toy"), ".parquet")
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "b" / "parts").rglob("*.parquet")}
    gone.write_bytes(gone.read_bytes()[:100])  # torn
    told = []
    second = run(tmp_path / "b", config, resume=True, progress=lambda *said: told.append(said))
    same(first.table, second.table)
    assert {detail.split(":")[0] for phase, detail in told if phase == "run"} == {"toy, prototype, Y | toy"}
    after = {path: path.stat().st_mtime_ns for path in stamps}
    assert {path for path in stamps if stamps[path] != after[path]} == {gone}


def test_another_setting_world_or_split_is_not_mixed_in(tmp_path, config):
    run(tmp_path / "b", config)
    with pytest.raises(ConfigError, match="bench-exists"):
        run(tmp_path / "b", config)
    with pytest.raises(ConfigError, match="settings"):
        run(tmp_path / "b", config.model_copy(update={"seed": 1}), resume=True)
    with pytest.raises(ConfigError, match="worlds"):
        run(tmp_path / "b", config, Toy(inputs={"made": "elsewhere"}), resume=True)
    with pytest.raises(ConfigError, match="splits of toy"):
        run(tmp_path / "b", config, Toy(make_fold(seed=1)), resume=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("x")
    with pytest.raises(ConfigError, match="out-exists"):
        run(tmp_path / "other", config)


def test_one_process_at_a_time(tmp_path, config):
    with BenchFolder(tmp_path / "b").held(), pytest.raises(LockedError, match="bench-locked"):
        run(tmp_path / "b", config)


def test_a_leak_stops_the_benchmark_before_any_score(tmp_path, config):
    base = make_fold()
    leaking = dataclasses.replace(base, training=(*base.training, base.held[1]))
    with pytest.raises(InputError, match="leak-line"):
        run(tmp_path / "b", config, Toy(leaking))
    assert not list((tmp_path / "b").rglob("*.parquet"))


def test_a_learner_that_cannot_run_is_named_and_the_others_go_on(tmp_path, config):
    wanted = config.model_copy(update={"learners": ("pooled", "truth_knower")})
    found = run(tmp_path / "b", wanted)
    assert set(found.table.learner) == {"pooled"}
    assert "truth" in found.skipped["toy, 0, truth_knower"]
    with pytest.raises(ConfigError, match="nearest: pooled"):
        run(tmp_path / "c", config.model_copy(update={"learners": ("poled",)}))
    with pytest.raises(ConfigError, match="no-learner"):
        run(tmp_path / "d", config.model_copy(update={"learners": ("truth_knower",)}))


def test_a_slow_learner_runs_on_three_supports_and_says_so(tmp_path, config, monkeypatch):
    monkeypatch.setattr(entries.LEARNERS["pooled"]().__class__, "name", "pooled")
    wanted = config.model_copy(update={"supports": 5, "slow_seconds": 1e-9, "learners": ("pooled",)})
    found = run(tmp_path / "b", wanted)
    own = found.table[found.table.control.eq("own") & found.table.metric.eq("auroc")]
    assert set(own.support_seed) == {0, 1, 2}
    folder = BenchFolder(tmp_path / "b")
    assert folder.pace("toy", "0", "pooled") > 0
    assert "n = 3" not in publish(folder, found, wanted).text  # all that ran at all ran on three


def test_variants_share_the_learner_they_vary(config):
    fitting = Fitting(make_fold(), config)
    (entry,) = chosen(["pooled"])
    assert fitting.fitted(entry).learner is fitting.fitted(entry).learner
    context_only = next(entry for entry in chosen([]) if entry.name == "metabam_context")
    assert (context_only.base, context_only.view) == ("metabam", "features")


def test_peers_share_the_material_of_their_virtual_lines_and_learn_the_same_as_alone(config, monkeypatch):
    small = PeerConfig(steps=5, batches=3, hidden=4, episodes=TrainConfig(birth_steps=7, batch_tasks=3, query_size=31))
    monkeypatch.setattr(Fitting, "_built", lambda _, name: LEARNERS[name](small))
    births = []
    monkeypatch.setattr(meta_trained, "give_birth", lambda *a, **k: births.append(1) or give_birth(*a, **k))
    fold = make_fold()
    fitting = Fitting(fold, config)
    wanted = chosen(["ridge", "maml1"])
    together = {entry.base: fitting.fitted(entry).learner for entry in wanted}
    assert len(births) == 1
    for entry in wanted:
        alone = LEARNERS[entry.base](small)
        alone.fit([context.seen_as(entry.view) for context in fold.training], seed=config.seed)
        assert numbers_of(together[entry.base].network) == numbers_of(alone.network)
    assert len(births) == 3


def test_names_of_files_differ_where_names_differ():
    names = ["a b", "a_b", "a|b", "x" * 200, "x" * 201, "..", "K562 | HiC"]
    assert len({slug(name) for name in names}) == len(names)
    assert slug("unseen01") == "unseen01"


# ------------------------------------------------------------------ planted worlds and processes


def words(world, out, *more):
    given = ["bench", "--world", str(world), "--out", str(out), "--supports", "3", "--queries", "101", "--noise", "0.5"]
    return [*given, "--shots", "0", "16", "--bootstraps", "50", "--learner", ",".join((*QUICK, "truth_knower")), *more]


def finished_parts(out):
    return {path: path.read_bytes() for path in (out / "parts").rglob("*.parquet") if "queries" not in path.parts}


@pytest.fixture(scope="module")
def undisturbed(tiny, tmp_path_factory):
    from metabam.cli import main

    out = tmp_path_factory.mktemp("undisturbed") / "bench"
    assert main(words(tiny, out)) == 0
    return out


def test_killed_twice_it_ends_with_the_same_table(tiny, undisturbed, tmp_path, capsys):
    from metabam.cli import main

    out, kept = tmp_path / "bench", {}
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    for more in (2, 3):
        command = [sys.executable, "-W", "error", "-m", "metabam.cli", *words(tiny, out, "--resume")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
            while process.poll() is None and len(finished_parts(out)) < len(kept) + more:
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            _, said = process.communicate()
        assert process.returncode == -signal.SIGKILL, said.decode()
        assert not (out / TABLE).exists()
        now = finished_parts(out)
        assert {path: now[path] for path in kept} == kept
        kept = now
    assert 5 <= len(kept) < 12
    assert main(words(tiny, out, "--resume")) == 0
    after = finished_parts(out)
    assert len(after) == 12
    assert {path: after[path] for path in kept} == kept
    same(read_frame(out / TABLE), read_frame(undisturbed / TABLE))
    for name in ("honesty.json", "claims.json", "lines.json"):
        assert (out / name).read_bytes() == (undisturbed / name).read_bytes()
    assert not list(out.rglob("*.tmp"))
    capsys.readouterr()


def test_answers_on_a_planted_world_are_as_they_must_be(undisturbed):
    table = read_frame(undisturbed / TABLE)
    rows = table[table.metric.eq("auroc") & table.scheme.eq("natural") & table.S.eq(16)]

    def mean(learner, control="own"):
        return float(rows[rows.learner.eq(learner) & rows.control.eq(control)].value.mean())

    assert mean("truth_knower") > 0.85
    assert mean("support_prevalence") == 0.5
    assert mean("truth_knower") > mean("prototype") > 0.55
    assert mean("prototype") > mean("prototype", "permuted")
    assert mean("prototype", "flipped") == pytest.approx(1.0 - mean("prototype"), abs=0.15)
    knower = table[table.learner.eq("truth_knower")]
    assert (knower[knower.metric.eq("bayes_rmse")].value < 1e-6).all()
    assert knower[knower.metric.eq("reversal_auroc")].value.mean() > 0.6


def test_features_and_truth_belong_to_their_pairs(tiny):
    (fold,) = PlantedWorld(tiny, noise=0.0).folds()
    assert [context.pairs.cell_line for context in fold.training] == ["train1", "train2", "train3"]
    assert [context.pairs.cell_line for context in fold.held] == ["unseen01", "unseen02"]
    for context in fold.held:
        assert context.pairs.features[:, :12] == pytest.approx(context.views["activities"], abs=1e-5)
        own = fold.truth_of(context, context.pairs.cell_line)
        assert context.views["truth"][:, 0] == pytest.approx(np.log(own) - np.log1p(-own), abs=1e-4)
        assert np.array_equal(np.unique(context.gene).shape, np.unique(context.pairs.promoter).shape)
    assert fold.views() == {"features", "with_track", "facts", "kmers", "truth", "activities"}


def widened(context):
    """Return a bench context in whose columns half a unit is recalled of every feature."""
    pairs = context.pairs
    features = np.concatenate([pairs.features, np.full_like(pairs.features, 0.5)], axis=1)
    layout = FeatureLayout(pairs.features.shape[1], recall=True)
    return dataclasses.replace(context, pairs=dataclasses.replace(pairs, features=features, layout=layout))


def test_what_is_recalled_can_be_given_to_a_peer_and_taken_from_meta_bam(fold):
    parts = {name: tuple(widened(context) for context in getattr(fold, name)) for name in ("training", "held")}
    wide = dataclasses.replace(fold, **parts, references=parts["held"])
    assert not {"recalled", "strangers"} & fold.views()
    assert {"recalled", "strangers"} <= wide.views()
    own, plain = wide.held[0], fold.held[0].pairs.features
    assert np.array_equal(own.seen_as("features").features, plain)
    assert np.array_equal(own.seen_as("recalled").features, plain + np.float32(0.5))
    assert own.seen_as("recalled").layout is None
    strangers = own.seen_as("strangers")
    assert np.array_equal(strangers.features, np.concatenate([plain, np.zeros_like(plain)], axis=1))
    assert np.array_equal(strangers.displaced().features, plain)
    names = ["metabam", "metabam_strangers", "hierarchical_recalled"]
    views = {entry.name: entry.view for entry in chosen(names)}
    assert views == {"metabam": "features", "metabam_strangers": "strangers", "hierarchical_recalled": "recalled"}
    trained = SimpleNamespace(name="metabam", adapt=None, predict=None)
    fitting = Fitting(dataclasses.replace(wide, trained_learner=trained), BenchConfig())
    found = {entry.name: fitting.fitted(entry) for entry in chosen(names[:2])}
    assert found["metabam"].learner is found["metabam_strangers"].learner is trained
    assert (found["metabam"].view, found["metabam_strangers"].view) == ("with_track", "strangers")
