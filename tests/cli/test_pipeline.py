"""simulate -> train -> draw -> adapt -> score from the shell, and what each step refuses."""

from __future__ import annotations

import csv
import io
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SCORE = ("score", "--run", "run", "--genome", "world/genome.fa")
COLUMNS = ["pair_id", "probability", "lower", "upper", "logit", "status"]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


def test_simulate_lists_what_it_wrote_and_overwrites_nothing(world):
    again = world.call("simulate", "--out", "world", "--seed", "7")
    assert again.code == 2
    assert "[world-exists]" in again.err
    names = {path.name for path in (world.folder / "world").iterdir()}
    assert names == {"genome.fa", "pairs.tsv", "motifs.meme", "truth.json", "truth_pairs.parquet"}


def test_check_counts_contexts_and_uses_its_exit_status(world):
    good = world.call("check", "world/pairs.tsv", "--genome", "world/genome.fa", "--json")
    assert good.code == 0
    found = good.json()
    assert (found["rows_read"], found["rows_used"], found["problems"]) == (1200, 1200, [])
    assert [item["pairs"] for item in found["contexts"]] == [300] * 4
    refused = world.call("check", "world/pairs.tsv", "--role", "support")
    assert refused.code == 65
    assert "refused as support" in refused.out


def test_draw_keeps_support_and_queries_apart(trained):
    support = pd.read_csv(trained.folder / "support.tsv", sep="\t")
    queries = pd.read_csv(trained.folder / "queries.tsv", sep="\t")
    assert len(support) == 16
    assert set(support["cell_line"]) == set(queries["cell_line"]) == {"unseen01"}
    assert 0 < support["label"].sum() < 16
    for side in ("enhancer_start", "promoter_start"):
        taken = set(zip(support["chrom"], support[side], strict=True))
        assert not taken & set(zip(queries["chrom"], queries[side], strict=True))
    again = trained.call(
        "draw", "--pairs", "world/pairs.tsv", "--line", "unseen01", "--support", "support.tsv", "--queries", "q.tsv"
    )
    assert again.code == 2
    assert not (trained.folder / "q.tsv").exists()


def test_unknown_lines_are_named_with_the_nearest(world):
    words = ("--genome", "world/genome.fa", "--pairs", "world/pairs.tsv", "--out", "never")
    done = world.call("train", *words, "--holdout", "unsen01")
    assert done.code == 2
    assert "unseen01" in done.err
    assert "[unknown-line]" in done.err
    done = world.call("train", *words, "--holdout", "*")
    assert done.code == 2
    assert "[no-training-line]" in done.err
    assert not (world.folder / "never").exists()


def test_scores_are_in_input_order_and_the_same_in_every_form(trained):
    words = (*SCORE, "--fingerprint", "fingerprint.json", "--queries", "queries.tsv")
    printed = trained.run(*words)
    assert printed.code == 0, printed.err
    assert "AUROC" in printed.err
    assert "prevalence" in printed.err
    found = rows(printed.out)
    asked = rows((trained.folder / "queries.tsv").read_text())
    assert list(found[0]) == COLUMNS
    assert [row["pair_id"] for row in found] == [row["pair_id"] for row in asked]
    assert trained.call(*words, "--out", "scores.tsv").code == 0
    assert (trained.folder / "scores.tsv").read_text() == printed.out
    assert trained.call(*words, "--out", "scores.parquet").code == 0
    packed = pd.read_parquet(trained.folder / "scores.parquet")
    assert packed["logit"].tolist() == [float(row["logit"]) for row in found]
    inside = (packed["lower"] <= packed["probability"]) & (packed["probability"] <= packed["upper"])
    assert inside.all()
    assert trained.call(*words, "--out", "scores.tsv").code == 2


def test_labels_change_no_score_and_bad_rows_keep_their_place(trained):
    text = (trained.folder / "queries.tsv").read_text().splitlines()
    names = text[0].split("\t")
    kept = [i for i, name in enumerate(names) if name != "label"]
    bare = ["\t".join(line.split("\t")[i] for i in kept) for line in text[:12]]
    broken = bare[5].split("\t")
    broken[bare[0].split("\t").index("enhancer_start")] = "12x"
    bare[5] = "\t".join(broken)
    (trained.folder / "bare.tsv").write_text("\n".join(bare) + "\n")
    words = (*SCORE, "--fingerprint", "fingerprint.json", "--queries")
    labelled, unlabelled = rows(trained.call(*words, "queries.tsv").out), trained.call(*words, "bare.tsv", "--json")
    assert unlabelled.code == 0, unlabelled.err
    said = unlabelled.json()
    assert (said["rows"], said["scored"], said["metrics"]) == (11, 10, None)
    for index, row in enumerate(said["scores"]):
        if index == 4:
            assert row["status"] != "ok"
            assert row["probability"] is None
        else:
            assert row["logit"] == float(labelled[index]["logit"])


def test_without_a_fingerprint_the_prior_answers_and_says_so(trained):
    done = trained.call(*SCORE, "--queries", "queries.tsv")
    assert done.code == 0
    assert "not-adapted" in done.err
    adapted = trained.call(*SCORE, "--queries", "queries.tsv", "--fingerprint", "fingerprint.json")
    assert adapted.out != done.out


def test_the_same_support_gives_the_same_fingerprint(trained):
    words = ("adapt", "--run", "run", "--genome", "world/genome.fa", "--support", "support.tsv", "--out")
    done = trained.call(*words, "again.json", "--json")
    assert done.code == 0
    said = done.json()
    assert said["n_support"] == 16
    assert np.abs(said["spectrum"]).max() <= 1
    first, again = ((trained.folder / name).read_bytes() for name in ("fingerprint.json", "again.json"))
    assert first == again


def test_refining_is_recorded_reproducible_and_checked(trained):
    words = ("adapt", "--run", "run", "--genome", "world/genome.fa", "--support", "support.tsv", "--out")
    asked = ("--refine", "7", "--step-size", "0.2", "--chains", "3", "--seed", "5")
    done = trained.call(*words, "refined.json", *asked, "--json")
    assert done.code == 0, done.err
    facts = done.json()["provenance"]["refinement"]
    assert {name: facts[name] for name in ("steps", "step_size", "noise", "chains", "seed", "diverged")} == {
        "steps": 7, "step_size": 0.2, "noise": 0.0, "chains": 3, "seed": 5, "diverged": False,
    }  # fmt: skip
    assert facts["objective"][1] >= facts["objective"][0]
    assert trained.call(*words, "refined2.json", *asked).code == 0
    first, again, plain = (
        (trained.folder / name).read_bytes() for name in ("refined.json", "refined2.json", "fingerprint.json")
    )
    assert first == again != plain
    assert b"refinement" not in plain
    scored = trained.call(*SCORE, "--fingerprint", "refined.json", "--queries", "queries.tsv")
    assert scored.code == 0, scored.err
    wild = trained.call(*words, "wild.json", "--refine", "40", "--step-size", "9", "--noise", "9")
    assert wild.code == 0
    assert "[refinement-diverged]" in wild.err
    for flags, code in (
        (("--noise", "1"), "refine-flags"),
        (("--refine", "20", "--noise", "-1"), "bad-setting"),
        (("--refine", "20", "--step-size", "nan"), "bad-setting"),
        (("--refine", "0"), "usage"),
    ):
        refused = trained.call(*words, "never.json", *flags)
        assert refused.code == 2
        assert f"[{code}]" in refused.err
    assert not (trained.folder / "never.json").exists()


def test_a_support_with_one_bad_row_is_refused_whole(trained):
    text = (trained.folder / "support.tsv").read_text().splitlines()
    cells = text[3].split("\t")
    cells[text[0].split("\t").index("label")] = "2"
    (trained.folder / "bad.tsv").write_text("\n".join([*text[:3], "\t".join(cells), *text[4:]]) + "\n")
    done = trained.call(
        "adapt", "--run", "run", "--genome", "world/genome.fa", "--support", "bad.tsv", "--out", "b.json"
    )
    assert done.code == 65
    assert "line 4" in done.err
    assert not (trained.folder / "b.json").exists()


def test_a_run_is_not_overwritten(trained):
    words = ("--genome", "world/genome.fa", "--pairs", "world/pairs.tsv", "--holdout", "unseen*", "--out", "run")
    before = sorted((path.name, path.stat().st_mtime_ns) for path in (trained.folder / "run").iterdir())
    done = trained.call("train", *words)
    assert done.code == 2
    assert before == sorted((path.name, path.stat().st_mtime_ns) for path in (trained.folder / "run").iterdir())


def test_a_run_gets_a_name_that_can_be_listed(world):
    words = ("--genome", "world/genome.fa", "--pairs", "world/pairs.tsv", "--holdout", "unseen*")
    done = world.call("train", *words, "--out", "mein lauf")
    assert done.code == 2
    assert "[run-name]" in done.err
    assert not (world.folder / "mein lauf").exists()


def test_folders_with_blanks_and_accents_work(trained):
    folder = trained.folder / "schöner ordner"
    folder.mkdir()
    for name in ("support.tsv", "world/genome.fa"):
        shutil.copy(trained.folder / name, folder / Path(name).name)
    words = ("--genome", str(folder / "genome.fa"), "--support", str(folder / "support.tsv"))
    done = trained.call("adapt", "--run", "run", *words, "--out", str(folder / "f ü.json"))
    assert done.code == 0, done.err
    assert (folder / "f ü.json").read_bytes() == (trained.folder / "fingerprint.json").read_bytes()


@pytest.mark.real
@pytest.mark.nightly
def test_the_same_commands_run_on_real_dna(world):
    """Real human DNA, K562 held out: every step ends well, and every query is accounted for."""
    data = os.environ.get("METABAM_DATA")
    if not data:
        pytest.skip("METABAM_DATA names no folder with real data")
    genome, pairs = str(Path(data) / "hg19_regions.fa"), str(Path(data) / "mini_pairs.tsv.gz")
    assert world.run("check", pairs, "--genome", genome).code == 0
    done = world.run("train", "--genome", genome, "--pairs", pairs, "--holdout", "K562", "--out", "real")
    assert done.code == 0, done.err
    words = ("--line", "K562", "--support", "k_support.tsv", "--queries", "k_queries.tsv")
    drawn = world.run("draw", "--pairs", pairs, *words, "--json")
    assert drawn.code == 0, drawn.err
    words = ("--run", "real", "--genome", genome)
    assert world.run("adapt", *words, "--support", "k_support.tsv", "--out", "k.json").code == 0
    done = world.run("score", *words, "--fingerprint", "k.json", "--queries", "k_queries.tsv", "--json")
    assert done.code == 0, done.err
    assert done.json()["rows"] == drawn.json()["n_queries"]
    assert done.json()["metrics"]["prevalence"] is not None
