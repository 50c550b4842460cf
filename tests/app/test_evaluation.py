"""The Evaluation page: what it says of the bundled benchmark, when it raises its flag, and when it shows no score."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from metabam.bench.entries import SEQUENCE_FREE
from metabam.bench.honesty import Unit, honesty
from metabam.bench.result import read_result
from metabam.bench.store import write_records
from metabam.files import load_tensors, save_tensors
from tests.app.conftest import words

PAGE = "pages/judge/evaluation.py"
TABS = ("By line", "By shots", "Cutoff", "Slices", "Leakage audit")


def result_of(folder):
    weights = json.loads((folder / "manifest.json").read_text())["files"]["weights.safetensors"]["sha256"]
    return read_result(folder / "bench", weights)


@pytest.mark.parametrize(("tab", "figures"), [*zip(TABS, (2, 2, 4, 5, 1), strict=True)])
def test_every_tab_draws(app, tab, figures):
    at = app(PAGE, run="demo")
    at.session_state["bench_tabs"] = tab
    at.run()
    assert not at.exception
    assert [item.value for item in at.error] == []
    assert len(at.get("plotly_chart")) == figures


def test_the_numbers_are_those_of_the_table(app):
    from metabam.app import cache

    at = app(PAGE)
    table = result_of(cache.BUNDLED / "demo").table
    own = table[table.learner.eq("metabam") & table.metric.eq("auprc") & table.S.eq(16) & table.scheme.eq("natural")]
    own = own[own.control.eq("own") & own.line.ne("all")]
    shown = {item.label: item.value for item in at.metric}
    assert shown["AUPRC"] == f"{own.groupby('line').value.mean().mean():.3f}"
    assert f"Means over {own.line.nunique()} held-out lines" in words(at)


def test_a_run_without_a_benchmark_says_the_one_command(app, no_demo, copy_demo):
    import shutil

    shutil.rmtree(copy_demo("bare") / "bench")
    at = app(PAGE)
    assert not at.exception
    assert not at.error
    assert at.code[0].value == "metabam bench --world WORLD --run runs/bare --out runs/bare/bench"


def test_a_benchmark_of_other_weights_is_not_shown(app, no_demo, copy_demo):
    file = copy_demo("other") / "bench" / "bench.json"
    settings = json.loads(file.read_text())
    for world in settings["worlds"].values():
        world["weights"] = "0" * 64
    file.write_text(json.dumps(settings))
    at = app(PAGE)
    assert not at.exception
    assert "other weights" in at.error[0].value
    assert not at.metric
    assert "Honesty: not audited" in words(app(""))


def test_a_damaged_table_is_said_and_nothing_else_breaks(app, no_demo, copy_demo):
    file = copy_demo("torn") / "bench" / "table.parquet"
    file.write_bytes(file.read_bytes()[:-700])
    at = app(PAGE)
    assert not at.exception
    assert "table.parquet" in at.error[0].value.replace("\\", "")
    assert not at.metric


def test_a_model_that_returns_gene_propensity_raises_the_red_flag(app, no_demo, copy_demo):
    folder = copy_demo("propensity")
    for path in sorted((folder / "bench" / "parts").rglob("metabam/*.safetensors")):
        twin = load_tensors(path.parent.parent / "gene_propensity" / path.name)
        save_tensors(path, twin.tensors, {})
    units = [
        Unit(
            one.world, one.fold, one.line, one.labels, one.genes,
            {name: one.logits[name] for name in ("metabam", *SEQUENCE_FREE)},
        )
        for one in result_of(folder).pairs
    ]  # fmt: skip
    write_records(folder / "bench" / "honesty.json", honesty(units, draws=101))
    at = app(PAGE)
    assert not at.exception
    assert "NOT shown to beat gene propensity" in "\n".join(item.value for item in at.error)
    assert "distance" not in "\n".join(item.value for item in at.error)
    front = app("")
    assert "NOT shown to beat gene propensity" in "\n".join(item.value for item in front.error)
    assert not any("green" in item.value for item in front.markdown if "Honesty" in item.value)


def test_what_beats_everything_raises_no_flag(app):
    at = app(PAGE, learner="truth_knower")
    assert at.selectbox(key="learner").value == "truth_knower"
    assert [item.value for item in at.error] == []
    assert "shown to beat all six baselines" in words(at)


def test_a_baseline_that_did_not_run_leaves_no_green(app, no_demo, copy_demo):
    file = copy_demo("partial") / "bench" / "honesty.json"
    kept = [row for row in json.loads(file.read_text()) if row["baseline"] != "pair_lookup"]
    file.write_text(json.dumps(kept))
    at = app(PAGE)
    chip = next(item.value for item in at.markdown if "Honesty" in item.value)
    assert "not run: pair look" in chip.replace("\\", "")
    assert "green" not in chip
    table = next(item.value for item in at.dataframe if "verdict" in item.value.columns)
    assert "--learner pair_lookup" in " ".join(table["verdict"])


@pytest.mark.parametrize("leak", ["pair", "line"])
def test_a_leak_withholds_the_score(app, no_demo, copy_demo, leak):
    folder = copy_demo("leaky")
    (file,) = (folder / "bench" / "splits").rglob("*.json")
    manifest = json.loads(file.read_text())
    if leak == "pair":
        row = next(row for row in manifest["audit"] if (row["between"], row["relation"]) == ("support-query", "pair"))
        assert row["verdict"] == "clear"
        row["shared"] = 3
    else:
        manifest["held_out"][0]["name"] = "train1 | another assay"
    file.write_text(json.dumps(manifest))
    at = app(PAGE)
    assert not at.exception
    assert "Score withheld" in at.error[0].value
    assert not at.metric
    assert not at.get("plotly_chart")
    assert len(at.dataframe) == 1
    assert "score withheld" in words(app(""))


def test_one_cutoff_moves_both_curves_and_the_table(app):
    at = app(PAGE)
    at.session_state["bench_tabs"] = "Cutoff"
    at.run()
    first = at.dataframe[1].value
    record = json.loads(at.get("plotly_chart")[1].proto.spec)["data"][1]
    wanted = float(record["ids"][len(record["ids"]) // 3])
    at.session_state["chart_pr"] = {"selection": {"points": [{"id": f"{wanted:.6g}"}], "box": [], "lasso": []}}
    at.run()
    assert not at.exception
    cutoff = at.slider(key="cutoff").value
    assert cutoff == pytest.approx(wanted, abs=0.006)
    second = at.dataframe[1].value
    assert second["called contact"].sum() > first["called contact"].sum()
    assert second.to_numpy()[:, 1:].sum() == first.to_numpy()[:, 1:].sum()
    marks = [json.loads(item.proto.spec)["data"][2] for item in at.get("plotly_chart")[1:3]]
    hits = second.iloc[0]
    recall = hits["called contact"] / (hits["called contact"] + hits["called no contact"])
    assert float(np.ravel(marks[0]["x"])[0]) == pytest.approx(recall)
    assert float(np.ravel(marks[1]["y"])[0]) == pytest.approx(recall)
    at.slider(key="cutoff").set_value(0.9).run()
    assert at.slider(key="cutoff").value == 0.9


@pytest.mark.parametrize("asked", ["99", "-1", "<script>"])
def test_a_link_to_shots_that_were_not_run(app, asked):
    at = app(PAGE, shots=asked, learner="nobody")
    assert not at.exception
    assert at.selectbox(key="learner").value == "metabam"
    assert "does not have" in words(at)


def test_a_dot_of_the_overview_opens_its_line(app):
    at = app("", run="demo")
    at.session_state["chart_never_seen"] = {"selection": {"points": [{"id": "unseen02"}], "box": [], "lasso": []}}
    at.run()
    assert not at.exception
    assert at.title[0].value == "Evaluation"
    assert at.multiselect(key="bench_lines").value == ["unseen02 | planted"]


def test_every_export_carries_both_verdicts(app):
    from metabam.app import cache, evaluation_exports
    from metabam.app.evaluation import Choice
    from metabam.app.layout import Scene
    from metabam.bench.result import audit_of

    run = cache.open_run("demo")
    scene = Scene("zh", run.summary(), run)
    result = result_of(cache.BUNDLED / "demo")
    found = audit_of(result)
    choice = Choice("metabam", ("pooled", "gene_propensity"), (), 16, "auprc")
    text = evaluation_exports.tidy_csv(scene, result, found)
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert comments[1] == "# honesty: shown to beat all six baselines"
    assert comments[2].startswith("# leakage: shared with training or support: chromosome, gene")
    rows = list(csv.DictReader(io.StringIO("\n".join(line for line in text.splitlines() if line[0] != "#"))))
    assert len(rows) == len(result.table)
    assert float(rows[0]["value"]) == result.table.value[0]
    for latex in (False, True):
        made = evaluation_exports.table(scene, result, choice, found, latex=latex)
        assert "shown to beat all six baselines" in made
        assert "Meta-BAM" in made
        assert "gene propensity" in made
        assert made.count("\\\\" if latex else "\n|") == (4 if latex else 5)
    values = json.loads(evaluation_exports.audit_json(scene, result, found))
    assert values["not_shown_to_beat"] == []
    assert len(values["paired_differences"]) == 6
    assert values["overlaps"]
