"""The benchmark commands run as anyone would run them, on worlds small enough for every commit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metabam.cli import main as metabam
from metabam.data.synthetic import simulate
from metabam.score import write_scores
from metabam.score.table import scores_frame

ROOT = Path(__file__).resolve().parents[2]


def run(name, *arguments):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "benchmarks" / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def trained_briefly(world, out):
    """Train two steps on the default encoder: a run whose features a benchmark can encode a pool with."""
    metabam(
        ["train", "--genome", str(world / "genome.fa"), "--pairs", str(world / "pairs.tsv"), "--holdout", "unseen*",
         "--steps", "2", "--out", str(out), "--threads", "1"]
    )  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted") / "world"
    simulate(folder, 3, training_lines=3, heldout_lines=2, pairs_per_line=700)
    return folder


def test_planted_passes_its_flags_on_and_copies_table_and_report(world, tmp_path):
    out = tmp_path / "planted.parquet"
    text = run(
        "planted.py", "--world", world, "--out", out, "--supports", 3, "--queries", 300, "--noise", 0.5,
        "--shots", 0, 16, 64, "--bootstraps", 50,
        "--learner", "hierarchical,per_task,per_task_true_activities,truth_knower",
    )  # fmt: skip
    table = pd.read_parquet(out)
    assert table.equals(pd.read_parquet(tmp_path / "planted" / "table.parquet"))
    assert out.with_suffix(".md").read_text() == text
    rows = table[table.metric.eq("auroc") & table.scheme.eq("natural")]

    def mean(learner, shots, control="own"):
        mine = rows[rows.learner.eq(learner) & rows.S.eq(shots) & rows.control.eq(control)]
        return float(mine.value.mean())

    assert (rows[rows.control.eq("own")].groupby("learner").size() == 2 * 3 * 3).all()
    assert mean("per_task", 0) == 0.5
    assert mean("truth_knower", 64) > mean("per_task_true_activities", 64) > mean("per_task", 64)
    assert mean("per_task", 64) > 0.6 > 0.5 > mean("per_task", 64, "flipped")
    assert mean("per_task", 64) > mean("per_task", 64, "permuted")
    coverage = table[table.metric.eq("coverage") & table.learner.eq("hierarchical")]
    assert 0.5 < coverage.value.mean() <= 1.0


def test_real_scores_are_judged_beside_distance_and_base_rate(tmp_path):
    rng = np.random.default_rng(0)
    lines = ["chrom\tenhancer_start\tenhancer_end\tpromoter_start\tpromoter_end\tlabel\tpair_id"]
    labels = []
    for number in range(60):
        label, start = int(number % 4 == 0), 5_000 * number
        gap = 700 + int(rng.integers(0, 2_000))
        labels.append(label)
        lines.append(f"chr1\t{start}\t{start + 200}\t{start + gap}\t{start + gap + 200}\t{label}\tp{number}")
    (tmp_path / "q.tsv").write_text("\n".join(lines) + "\n")
    logit = np.array(labels) * 3.0 - 2.0
    logit[0] = -2.0  # one positive scored like the negatives
    numbers = np.stack([1 / (1 + np.exp(-logit))] * 3 + [logit], axis=1)
    scores = scores_frame([f"p{n}" for n in range(60)], numbers, np.array(["ok"] * 59 + ["unknown-contig"], object))
    write_scores(scores, tmp_path / "s.tsv")
    text = run("real.py", "scores", "--scores", tmp_path / "s.tsv", "--queries", tmp_path / "q.tsv")
    # 15 positives of 59; 14 are ranked first, the last one ties with 44 negatives: AUROC (14 + 0.5) / 15
    assert "59 labelled and scored of 60 queries, prevalence 0.2542" in text
    assert f"model      AUROC {14.5 / 15:.4f}" in text
    assert "base rate  AUROC 0.5000   AUPRC 0.2542" in text
    assert "distance" in text


@pytest.mark.nightly
def test_adapt_speed_reports_every_learner_beside_scikit_learn():
    found = json.loads(run("adapt_speed.py", "--repeats", 3, "--width", 7, "--json"))
    assert (found["shots"], found["queries"], found["features"]) == (16, 1_000, 7)
    assert found["times"]["scikit-learn fit + predict"]["ratio_to_scikit_learn"] == 1.0
    assert found["times"]["metabam adapt + predict"]["median_ms"] > 0


@pytest.fixture(scope="module")
def small_run(world, tmp_path_factory):
    """A run of a few steps, in a process of its own; three training lines share elements, so it recalls."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    given = ("train", "--genome", world / "genome.fa", "--pairs", world / "pairs.tsv", "--holdout", "unseen*")
    few = ["train.steps=4", "train.birth_steps=20", "train.leave_one_line_out=false", "encoder.kind=cnn"]
    words = [*map(str, given), "--out", str(folder), *(w for word in few for w in ("--set", word))]
    done = subprocess.run(
        [sys.executable, "-m", "metabam.cli", *words], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.nightly
def test_model_options_are_measured_beside_the_default(world, small_run, tmp_path):
    """The table names both rows, and the default differs from nothing."""
    text = run(
        "model_options.py", "--world", world, "--run", small_run, "--steps", 2, "--birth-steps", 20,
        "--lines", 2, "--supports", 2, "--only", "wavelet=haar", "--cache", tmp_path / "cache",
    )  # fmt: skip
    rows = [line for line in text.splitlines() if line.startswith(("| default", "| wavelet"))]
    assert len(rows) == 2
    assert rows[0].split("|")[3].strip() == "-"
    assert (tmp_path / "cache").is_dir()


@pytest.mark.nightly
def test_terms_of_the_objective_are_measured_beside_none(world, small_run):
    """On the features of a run that recalls, without recall: the plain row differs from itself by nothing."""
    text = run(
        "objective_terms.py", "--world", world, "--run", small_run, "--steps", 2, "--lines", 2, "--supports", 2,
        "--only", "birth alone",
    )  # fmt: skip
    plain, born = (line.split("|") for line in text.splitlines()[-2:])
    assert (plain[1].strip(), born[1].strip()) == ("plain", "birth alone")
    assert plain[3].split()[0] == "+0.0000"
    assert 0.0 < float(born[2]) < 1.0


@pytest.mark.nightly
def test_the_robust_prior_is_measured_against_none(world, tmp_path):
    """The reference against itself differs by nothing, in every column; a share of the wider part by something."""
    metabam(
        ["train", "--genome", str(world / "genome.fa"), "--pairs", str(world / "pairs.tsv"), "--holdout", "unseen*",
         "--steps", "2", "--set", "encoder.kind=cnn", "--out", str(tmp_path / "run"), "--threads", "1"]
    )  # fmt: skip
    text = run(
        "robust_prior.py", "--world", world, "--run", tmp_path / "run", "--families", 1, "--judges", 2,
        "--supports", 1, "--pairs", 300, "--share", 0, 0, 0.5,
    )  # fmt: skip
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith(("| 0 |", "| 0, ", "| 0.5, "))]
    assert len(rows) == 3
    assert all(cell.strip().startswith("+0.000 [+0.000, +0.000]") for cell in rows[1][1:4])
    assert any(not cell.strip().startswith("+0.000 ") for cell in rows[2][1:4])


@pytest.mark.nightly
def test_rules_for_the_priors_width_are_compared_on_drawn_families(world, tmp_path):
    """Every rule has a row; width matters, so that not all of them answer alike; more labels help the best of them."""
    trained_briefly(world, tmp_path / "run")
    text = run(
        "prior_rules.py", "--world", world, "--run", tmp_path / "run", "--families", 1, "--judges", 3, "--pairs", 400
    )
    rows = [line.split("|")[2:-1] for line in text.splitlines() if "t^2" in line and "|" in line]
    found = [[float(cell.split()[0]) for cell in row] for row in rows]
    assert len(found) == 5
    assert len({tuple(row) for row in found}) > 1
    assert found[-1][2] > found[-1][0]


@pytest.mark.nightly
def test_signs_and_accuracy_are_compared_with_and_without_random_atoms(world, tmp_path):
    trained_briefly(world, tmp_path / "run")
    text = run(
        "atom_signs.py", "--world", world, "--run", tmp_path / "run", "--families", 1, "--judges", 2, "--pairs", 300,
        "--ceiling", 0.2,
    )  # fmt: skip
    rows = [
        [float(cell.split()[0]) for cell in line.split("|")[2:-1]]
        for line in text.splitlines()
        if line.startswith(("| 24 atoms", "| one atom", "| the second"))
    ]
    assert np.allclose(np.subtract(rows[1], rows[0]), rows[2], atol=0.0011)
    assert all(0.0 <= value <= 1.0 for row in rows[:2] for value in row)


def test_the_sign_ceiling_rises_with_labels_and_leaves_chance_behind(world):
    text = run("sign_ceiling.py", "--world", world, "--shots", 16, 512, "--lines", 0, "--pairs", 600, "--supports", 3)
    few, many = (float(cell.split()[0]) for cell in text.splitlines()[-1].split("|")[2:4])
    assert 0.5 < few < many <= 1.0


def test_atom_motifs_counts_what_is_matched_and_named():
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import atom_motifs
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    named, sets = {"M01": 1e-9, "M02": 0.03}, [(0.9, True, ["M01"]), (0.5, True, ["M01", "M02"]), (0.9, True, ["M03"])]
    rows = [
        {"r": r, "matched": matched, "named": all(name in named for name in planted)} for r, matched, planted in sets
    ]
    assert atom_motifs.summary(rows) == (
        "2 of 3 mechanisms with motifs are matched by |r| and have every planted motif at q <= 0.05 "
        "(3 by |r|, 2 by motifs; 2 with |r| >= 0.7)."
    )


@pytest.mark.nightly
def test_atom_motifs_on_a_world_and_a_run(world, tmp_path):
    pytest.importorskip("memelite", reason="the extra 'motifs' is not installed")
    metabam(
        ["train", "--genome", str(world / "genome.fa"), "--pairs", str(world / "pairs.tsv"), "--holdout", "unseen*",
         "--steps", "5", "--out", str(tmp_path / "run"), "--threads", "1"]
    )  # fmt: skip
    text = run("atom_motifs.py", "--world", world, "--run", tmp_path / "run", "--keep")
    lines = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith(("| single", "| pair", "| spaced"))]
    assert len(lines) == 10
    assert "periodic" not in text
    for line in lines:
        qs = [part.split()[1] for part in line[5].split(",")]
        assert (line[6].strip() == "yes") == all(q != "-" and float(q) <= 0.05 for q in qs)
    kept = json.loads((tmp_path / "run" / "motif_matches.json").read_text())
    assert all(match["q"] <= 0.05 for match in kept["matches"])
    assert f"{sum(line[6].strip() == 'yes' for line in lines)} by motifs" in text
