"""``metabam probe``: every verb on a run trained by the commands, by text and by JSON."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from metabam.cli import learn, main
from metabam.cli.report import Output
from metabam.probe import manifold
from metabam.train.run import RunStore

GENOME = ("--genome", "world/genome.fa")
SHORT = ("--run", "run")


def test_spectrum_names_the_rank(trained):
    done = trained.call("probe", "spectrum", *SHORT, "--json", "--out", "spectrum.json")
    assert done.code == 0, done.err
    said = done.json()
    assert said["probe"] == "spectrum"
    assert 0 < said["effective_rank"] <= said["max_rank"]
    written = json.loads((trained.folder / "spectrum.json").read_text())
    assert written["singular"] == said["singular"]
    assert written["run"] == "run"
    again = trained.call("probe", "spectrum", *SHORT, "--out", "spectrum.json")
    assert (again.code, "[out-exists]" in again.err) == (2, True)


def test_ablate_ranks_the_atoms(trained):
    words = ("probe", "ablate", *SHORT, "--per-line", "31")
    done = trained.call(*words)
    assert done.code == 0, done.err
    rows = done.out.splitlines()
    assert rows[0].startswith("atom\teffect")
    sizes = [float(row.split("\t")[4]) for row in rows[1:]]
    assert sizes == sorted(sizes, reverse=True)
    assert "training lines" in done.err
    said = trained.call(*words, "--replacement", "zero", "--json").json()
    assert len(said["forest"]["effect"]) == len(rows) - 1
    assert len(said["line_effect"]) == 2
    wrong = trained.call(*words, "--step", "99")
    assert (wrong.code, "[bad-step]" in wrong.err) == (2, True)


def test_swap_uses_the_lines_asked_for(trained):
    words = ("probe", "swap", *SHORT, *GENOME, "--pairs", "world/pairs.tsv")
    done = trained.call(*words, "--line", "unseen01,train1", "--json")
    assert done.code == 0, done.err
    said = done.json()
    assert {name.split(" | ")[0] for name in said["lines"]} == {"unseen01", "train1"}
    assert said["n"][0][0] > said["min_shared"]
    assert 0 <= said["auroc"][0][0] <= 1
    assert trained.call(*words, "--line", "nobody").code == 2


def test_convergence_and_influence_read_a_support(trained):
    done = trained.call("probe", "convergence", *SHORT, *GENOME, "--support", "support.tsv", "--orders", "2", "--json")
    assert done.code == 0, done.err
    assert done.json()["shots"] == list(range(1, 17))
    words = ("probe", "influence", *SHORT, *GENOME, "--support", "support.tsv", "--permutations", "19")
    done = trained.call(*words, "--queries", "queries.tsv", "--json")
    assert done.code == 0, done.err
    said = done.json()
    assert len(said["influence"]["shift"]) == 16
    assert said["verdict"]["informed"] in (True, False)
    text = trained.call(*words)
    assert "informed by your labels" in text.out.lower()


def test_design_writes_a_sheet_that_adapt_reads_once_filled(trained):
    words = ("probe", "design", *SHORT, *GENOME, "--candidates", "queries.tsv", "--draws", "64", "--size", "8")
    done = trained.call(*words, "--per-gene", "2", "--sheet", "sheet.tsv", "--json")
    assert done.code == 0, done.err
    said = done.json()
    assert len(said["chosen"]) == 8
    gain = said["design"]["gain"]
    assert gain[-1] > gain[0] > 0
    sheet = pd.read_csv(trained.folder / "sheet.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert sheet["pair_id"].tolist() == said["chosen"]
    assert set(sheet["label"]) == {""}
    assert sheet["gene_id"].value_counts().max() <= 2
    sheet["label"] = ["1", "0"] * 4
    sheet.to_csv(trained.folder / "filled.tsv", sep="\t", index=False)
    adapted = trained.call("adapt", *SHORT, *GENOME, "--support", "filled.tsv", "--out", "designed.json")
    assert adapted.code == 0, adapted.err
    after = trained.call(*words, "--support", "filled.tsv", "--include", said["chosen"][0])
    assert (after.code, "[design-rules]" in after.err) == (2, True)  # a tested pair is not tested again
    assert trained.call(*words, "--exclude", "nobody").code == 65


def stored(trained, name):
    """Return the map that ``train --map`` would store beside a finished run, read back."""
    run = trained.folder / name
    shutil.copytree(trained.folder / "run", run)
    learn.store_map(run, 0, Output(quiet=True))
    assert trained.call("probe", "spectrum", "--run", name).code == 0
    return manifold.load_map(run)


def test_a_map_is_stored_beside_the_run(trained, monkeypatch):
    def quick(cloud, *, seed):
        return dataclasses.replace(manifold.pca_layout(cloud), method="umap", axes=None, centre=None)

    monkeypatch.setattr(manifold, "umap_layout", quick)
    cloud, layout = stored(trained, "mapped")
    assert len(cloud.lines) == 2
    assert cloud.mean.shape[0] == layout.coordinates.shape[0] == 400
    assert np.isfinite(cloud.auroc).all()


def test_a_finished_run_gets_its_map_later(trained, monkeypatch):
    def quick(cloud, *, seed):
        return dataclasses.replace(manifold.pca_layout(cloud), method="umap", axes=None, centre=None)

    monkeypatch.setattr(manifold, "umap_layout", quick)
    shutil.copytree(trained.folder / "run", trained.folder / "late")
    done = trained.call("probe", "map", "--run", "late", "--json")
    assert done.code == 0, done.err
    assert (done.json()["file"], done.json()["points"]) == ("map.safetensors", 400)
    cloud, layout = manifold.load_map(trained.folder / "late")
    assert cloud.lines == tuple(line.name for line in RunStore(trained.folder).open("late").training_contexts())
    assert layout.method == "umap"


@pytest.mark.nightly
def test_the_map_is_a_umap(trained):
    _, layout = stored(trained, "umapped")
    assert layout.coordinates.shape == (400, 2)
    assert layout.trustworthiness > 0.8


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (("probe",), "usage", "VERB"),
        (("probe", "swop", "--run", "r"), "usage", "nearest: swap"),
        (("probe", "spectrum"), "usage", "--run"),
        (("probe", "ablate", "--run", "r", "--replacment", "zero"), "unknown-flag", "nearest: --replacement"),
        (("probe", "design", "--run", "r", "--candidates", "c.tsv", "--size", "0"), "usage", "at least 1"),
    ],
    ids=["verb", "misspelt", "run", "flag", "size"],
)
def test_a_wrong_probe_is_one_line_and_exit_2(words, code, hint, capsys):
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"[{code}]" in said
    assert hint in said
