"""Every page x {demo run, empty folder, damaged log or file, one checkpoint}, through app.py as a browser would go."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from tests.app.conftest import add_checkpoints, words

PAGES = {
    "overview": "",
    "training": "pages/observe/training.py",
    "atoms": "pages/observe/atoms.py",
    "sequence": "pages/probe/sequence.py",
    "ablation": "pages/probe/ablation.py",
    "drift": "pages/probe/drift.py",
    "manifold": "pages/probe/manifold.py",
    "live": "pages/adapt/live.py",
    "design": "pages/adapt/design.py",
    "evaluation": "pages/judge/evaluation.py",
}
NEED_WEIGHTS = ("overview", "sequence", "ablation", "drift", "manifold", "live", "design")
TITLES = {
    "overview": ("Overview", "概览"),
    "training": ("Training monitor", "训练监视"),
    "atoms": ("Atoms", "原子"),
    "sequence": ("Sequence lens", "序列透镜"),
    "ablation": ("Mechanism ablation", "机制消融"),
    "drift": ("Fingerprint drift", "指纹漂移"),
    "manifold": ("Context manifold", "语境流形"),
    "live": ("Adapt live", "实时适应"),
    "design": ("Design my support", "设计支持集"),
    "evaluation": ("Evaluation", "评估"),
}


def clean(at) -> None:
    """Hold what holds on every page: no exception, no error box, h1, badge, footer."""
    assert not at.exception
    assert [item.value for item in at.error] == []
    assert len(at.title) == 1
    assert any("SYNTHETIC" in item.value or "合成数据" in item.value for item in at.markdown)
    assert any("config" in item.value or "配置" in item.value for item in at.caption)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("stem", PAGES)
def test_demo_run(app, stem, lang):
    at = app(PAGES[stem], **({"lang": lang} if lang == "zh" else {}))
    clean(at)
    assert at.title[0].value == TITLES[stem][lang == "zh"]
    assert at.sidebar.selectbox(key="run").value == "demo"
    assert at.session_state["language"] == lang


@pytest.mark.parametrize("stem", PAGES)
def test_no_run_at_all_says_how_to_start_one(app, no_demo, stem):
    at = app(PAGES[stem])
    assert not at.exception
    assert at.title[0].value == TITLES[stem][0]
    assert "There is no run to show yet" in words(at)
    assert "metabam train" in at.code[0].value


@pytest.mark.parametrize("stem", PAGES)
def test_run_without_manifest_is_an_incomplete_copy(app, no_demo, copy_demo, stem):
    (copy_demo("half") / "manifest.json").unlink()
    at = app(PAGES[stem])
    assert not at.exception
    said = words(at)
    assert "half" in said
    assert "manifest.json" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("stem", PAGES)
def test_weights_that_are_not_those_of_the_manifest(app, no_demo, copy_demo, stem):
    import streamlit as st

    st.cache_resource.clear()  # a model already loaded by its digest would rightly go on being used
    file = copy_demo("bitrot") / "weights.safetensors"
    data = bytearray(file.read_bytes())
    data[-7] ^= 1
    file.write_bytes(bytes(data))
    at = app(PAGES[stem])
    assert not at.exception
    assert at.title[0].value == TITLES[stem][0]
    if stem in NEED_WEIGHTS:
        assert at.error, "the page that needs the weights says so"
        assert "weights.safetensors" in at.error[0].value.replace("\\", "")
    else:
        assert not at.error
    assert str(file.parent.parent) not in words(at)


@pytest.mark.parametrize("stem", PAGES)
def test_damaged_log(app, no_demo, copy_demo, stem):
    log = copy_demo("torn") / "history.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    lines[3] = b'{"step": \xff\xfe\n'
    log.write_bytes(b"".join(lines) + b'{"step": 12')
    at = app(PAGES[stem])
    clean(at)
    if stem == "training":
        assert "1 unreadable lines" in words(at)
        assert "cut off" in words(at)


@pytest.mark.parametrize("stem", PAGES)
def test_one_checkpoint(app, no_demo, copy_demo, stem):
    files = sorted((copy_demo("single") / "snapshots").iterdir())
    for file in files[:-1]:
        file.unlink()
    at = app(PAGES[stem])
    clean(at)
    if stem == "atoms":
        assert "Only one checkpoint" in words(at)
        assert len(at.get("plotly_chart")) == 2


@pytest.mark.parametrize("stem", PAGES)
def test_run_that_still_trains(app, no_demo, copy_demo, stem):
    folder = copy_demo("young")
    (folder / "weights.safetensors").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["weights.safetensors"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    status = json.loads((folder / "status.json").read_text())
    status.update(state="running", pid=os.getpid(), heartbeat=__import__("time").time(), phase="meta-train", step=300)
    (folder / "status.json").write_text(json.dumps(status))
    at = app(PAGES[stem])
    assert not at.exception
    assert not at.error
    if stem in NEED_WEIGHTS:
        assert "no finished weights yet" in words(at)
    if stem == "training":
        assert at.toggle(key="live").value is True
        assert "running" in words(at)


def test_empty_folder_shows_the_bundled_demo(app):
    at = app("")
    assert at.sidebar.selectbox(key="run").value == "demo"
    assert len(at.get("plotly_chart")) == 2


def test_own_run_comes_first_and_a_broken_one_is_one_row(app, copy_demo):
    copy_demo("mine")
    (copy_demo("rotten") / "config.json").write_text("{")
    at = app("")
    clean(at)
    assert at.sidebar.selectbox(key="run").options == ["mine", "rotten", "demo"]
    table = next(item.value for item in at.dataframe if "reason" in item.value.columns)
    assert table.set_index("run").loc["rotten", "state"] == "broken"
    assert table.set_index("run").loc["rotten", "reason"]
    assert table.set_index("run").loc["mine", "state"] == "finished"


def test_load_the_demo_world(app, copy_demo):
    copy_demo("mine")
    at = app("")
    at.button(key="load_demo").click().run()
    clean(at)
    assert at.sidebar.selectbox(key="run").value == "demo"


@pytest.mark.parametrize("asked", ["../../etc/passwd", "/etc/passwd", "runs_private", "..\\..\\x", "<script>"])
def test_a_link_to_a_run_that_is_not_listed(app, asked):
    at = app("", run=asked)
    clean(at)
    assert at.sidebar.selectbox(key="run").value == "demo"
    assert "not in the run folder" in words(at)
    assert asked not in words(at)


def test_deep_link_to_a_run_and_a_step(app, copy_demo):
    for name in ("first", "second"):
        add_checkpoints(copy_demo(name))
    at = app(PAGES["atoms"], run="second", step="7")
    clean(at)
    assert at.sidebar.selectbox(key="run").value == "second"
    assert at.select_slider(key="step").value == "7"
    assert len(at.get("plotly_chart")) == 5


@pytest.mark.parametrize("asked", ["99999", "-1", "NaN", "<script>"])
def test_a_link_to_a_step_that_the_run_does_not_have(app, copy_demo, asked):
    add_checkpoints(copy_demo("mine"))
    at = app(PAGES["atoms"], run="mine", step=asked)
    clean(at)
    assert at.select_slider(key="step").options == ["5", "7", "11", "13"]
    assert at.select_slider(key="step").value == "13"


def test_reset_view_keeps_language(app):
    at = app(PAGES["atoms"], lang="zh")
    at.slider(key="duplicate_threshold").set_value(0.61).run()
    assert at.slider(key="duplicate_threshold").value == 0.61
    next(button for button in at.sidebar.button).click().run()
    clean(at)
    assert at.slider(key="duplicate_threshold").value == 0.9
    assert at.session_state["language"] == "zh"


def test_language_switch(app):
    at = app("")
    assert at.title[0].value == "Overview"
    at.session_state["language"] = "zh"
    at.run()
    clean(at)
    assert at.title[0].value == "概览"


def test_a_run_without_a_benchmark_is_not_audited(app, no_demo, copy_demo):
    shutil.rmtree(copy_demo("bare") / "bench")
    at = app("")
    said = words(at)
    assert "Honesty: not audited" in said
    assert "Leakage: not audited" in said
    assert not any("green" in item.value for item in at.markdown if "not audited" in item.value)


def test_training_controls(app):
    at = app(PAGES["training"])
    phases = at.selectbox(key="phase").options
    assert len(phases) >= 2
    at.slider(key="ema").set_value(0.9).run()
    clean(at)
    at.toggle(key="log_y").set_value(True).run()
    clean(at)
    assert "left out on a log axis" in words(at)


def test_training_by_epoch_beside_the_true_generator(app):
    at = app(PAGES["training"])
    assert "generator" not in words(at)
    at.segmented_control(key="axis").set_value("epoch")
    at.toggle(key="show_truth").set_value(True).run()
    clean(at)
    said = words(at)
    assert "the generator that made them" in said
    assert "points drawn" in said
    titles = [chart.proto.spec for chart in at.get("vega_lite_chart")] or [
        chart.proto.spec for chart in at.get("arrow_vega_lite_chart")
    ]
    assert any("epochs" in spec for spec in titles)
    assert sum("true generator" in spec for spec in titles) == 2, "on the task loss and on the AUPRC"


def test_a_clicked_cell_of_the_cosine_map_opens_one_card_with_the_other_pinned(app):
    at = app(PAGES["atoms"])
    at.session_state["chart_cosine_map"] = {"selection": {"points": [{"id": "3,2"}], "box": [], "lasso": []}}
    at.run()
    clean(at)
    assert at.session_state["atoms_tab"] == "Card"
    assert at.selectbox(key="atom").value == "3"
    assert at.selectbox(key="pin_atom").value == "2"
    assert any("Atoms 3 and 2" in item.value for item in at.markdown)
    assert at.query_params["atom"] == "3"


@pytest.mark.parametrize(("stem", "part"), [("overview", "summary.numbers"), ("training", "monitor.board")])
def test_an_unexpected_error_is_said_without_its_text_or_a_path(app, monkeypatch, stem, part):
    from metabam.app import monitor, summary

    def fail(*arguments):
        raise RuntimeError("/srv/private/file.txt is gone")

    module, name = part.split(".")
    monkeypatch.setattr({"summary": summary, "monitor": monitor}[module], name, fail)
    at = app(PAGES[stem])
    assert not at.exception
    assert len(at.error) == 1
    assert "RuntimeError" in at.error[0].value
    assert "private" not in words(at)
    assert at.sidebar.selectbox(key="run").value == "demo", "the rest of the app goes on"


def test_two_runs_on_the_same_axes(app, copy_demo):
    for name in ("first", "second"):
        copy_demo(name)
    at = app(PAGES["training"], run="first")
    at.multiselect(key="compare").set_value(["second"]).run()
    clean(at)
    table = next(item.value for item in at.dataframe if "quantity" in item.value.columns)
    assert {"first", "second"} <= set(table["run"])


def test_a_run_that_stopped_without_saying_so(app, no_demo, copy_demo):
    file = copy_demo("quiet") / "status.json"
    status = json.loads(file.read_text())
    status.update(state="running", heartbeat=status["heartbeat"] - 1e5)
    file.write_text(json.dumps(status))
    at = app(PAGES["training"])
    assert not at.exception
    assert "stopped without saying so" in words(at)
    assert "--resume" in at.code[0].value


def test_values_that_are_not_finite_are_named_with_their_step(app, no_demo, copy_demo):
    from metabam.train.folder import RunFolder

    folder = RunFolder(copy_demo("nan"))
    folder.record(99_991, "meta-train", {"total": float("nan")})
    at = app(PAGES["training"])
    assert not at.exception
    assert "99,991" in at.error[0].value
    assert "total loss" in at.error[0].value


def test_every_phase_of_the_log_can_be_drawn(app):
    at = app(PAGES["training"])
    for place in range(len(at.selectbox(key="phase").options)):
        at.selectbox(key="phase").select_index(place).run()
        clean(at)


@pytest.mark.parametrize(("panel", "title"), [("gates", "原子"), ("unfolding", "训练监视"), ("prediction", "实时适应")])
def test_a_click_on_the_path_opens_its_page_also_from_a_deep_link(app, panel, title):
    at = app("", run="demo", lang="zh")
    at.session_state["chart_path"] = {"selection": {"points": [{"id": panel}], "box": [], "lasso": []}}
    at.run()
    assert not at.exception
    assert [item.value for item in at.error] == []
    assert at.title[0].value == title
