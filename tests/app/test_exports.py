"""Every file that leaves a page says whether the model beats answers that read no DNA, and changes with the benchmark.

The pages are driven to where all their downloads are drawn; each download is made on the spot and kept.
"""

from __future__ import annotations

import json
import shutil

import pytest
import streamlit as st

from metabam.app import asking, cache, judged
from metabam.app.layout import Scene
from metabam.app.navigation import PAGES
from metabam.bench.result import audit_of
from metabam.records import AuditRecord, LeakageRecord
from metabam.texts import text
from tests.app.conftest import DEMO, words
from tests.app.test_ablation import press_go
from tests.app.test_design import press as press_design
from tests.app.test_live import press_adapt

BEATEN = "shown to beat all six baselines"
LOST = "NOT shown to beat gene propensity"
UNKNOWN = "not audited (not yet compared with answers that read no DNA)"
FORMS = {"template", "sheet_csv", "sheet_bedpe"}  # to be filled in and read back: nothing of the model is in them
VISITS = {
    "overview": lambda app: app(""),
    "training": lambda app: app("pages/observe/training.py"),
    "atoms": lambda app: app("pages/observe/atoms.py", atom="4"),
    "atoms gallery": lambda app: app("pages/observe/atoms.py", atoms_tab="Gallery"),
    "sequence": lambda app: app("pages/probe/sequence.py", pair="pair010064", line="unseen01"),
    "ablation": lambda app: press_go(app("pages/probe/ablation.py")),
    "drift": lambda app: app("pages/probe/drift.py", env_a="train1 | planted", env_b="train5 | planted"),
    "manifold": lambda app: app("pages/probe/manifold.py"),
    "live": lambda app: press_adapt(app("pages/adapt/live.py", by_menu=True)),
    "design": lambda app: press_design(app("pages/adapt/design.py", by_menu=True), design_size=3, design_draws=256),
    "evaluation": lambda app: app("pages/judge/evaluation.py"),
}


@pytest.fixture
def made(monkeypatch) -> dict[str, str]:
    """Return what every download button of the last run of a page holds, by its key."""
    kept: dict[str, str] = {}
    button = st.download_button

    def keep(label, data, *arguments, key, **options):
        held = data() if callable(data) else data
        kept[key] = held.decode() if isinstance(held, bytes) else held
        return button(label, held, *arguments, key=key, **options)

    monkeypatch.setattr(st, "download_button", keep)
    monkeypatch.setattr(asking, "BASELINES", ("uniform", "shuffle", "zeros"))
    return kept


@pytest.fixture
def bench(monkeypatch, tmp_path, demo_present):
    """Return the benchmark beside a copy of the bundled demo, which the app shows instead of the demo."""
    shutil.copytree(DEMO.parent, tmp_path / "assets")
    monkeypatch.setattr(cache, "BUNDLED", tmp_path / "assets")
    return tmp_path / "assets" / "demo" / "bench"


def lose(bench) -> None:
    """Let the model no longer be shown to beat gene propensity."""
    rows = json.loads((bench / "honesty.json").read_text())
    for row in rows:
        if (row["learner"], row["baseline"]) == ("metabam", "gene_propensity"):
            row["low"] = -0.01
    (bench / "honesty.json").write_text(json.dumps(rows))


def carries(key: str, held: str, sentence: str, code: str) -> bool:
    """Return whether a file says the sentence and the code where its kind has them."""
    if held.startswith("{"):
        values = json.loads(held)["provenance"]
        return (values["honesty"], values["honesty_code"]) == (sentence, code)
    if held.startswith("<!doctype"):
        foot = held[held.rindex("<footer>") :]
        return f"Honesty of this run against answers that read no DNA: {sentence}" in foot and f"code {code}" in foot
    if held.startswith(("# Meta-BAM run", "| ", "\\")) or key in ("bench_md", "bench_tex"):
        said = held.replace("\\", "")  # Markdown and LaTeX escape marks
        return sentence in said and code in said
    first = held.splitlines()[0]
    return first.startswith("# SYNTHETIC") and f"; honesty={sentence}; honesty_code={code};" in first


def test_every_page_is_visited():
    assert {name.split()[0] for name in VISITS} == {page.stem for page in PAGES}


@pytest.mark.parametrize("name", VISITS)
def test_every_file_of_every_page_carries_the_verdict_of_the_moment(app, bench, made, name):
    at = VISITS[name](app)
    for change, sentence, code in (
        (None, BEATEN, "beaten"),
        (lose, LOST, "not_beaten"),
        (shutil.rmtree, UNKNOWN, "not_audited"),
    ):
        if change is not None:
            change(bench)
            made.clear()
            at.run()
        assert not at.exception
        assert f"read no DNA: {sentence}" in words(at)
        files = {key: held for key, held in made.items() if key not in FORMS and held}
        if name == "evaluation" and code == "not_audited":
            assert not files  # the page has nothing to give out, and says how to get it
            continue
        assert files
        assert [key for key, held in files.items() if not carries(key, held, sentence, code)] == []
        assert any(held.startswith("{") for held in files.values())
        assert any(held.startswith("# SYNTHETIC") for held in files.values())


def test_a_damaged_benchmark_and_a_leak_never_read_as_a_pass(bench):
    run = cache.open_run("demo")
    scene = Scene("zh", run.summary(), run)
    assert "honesty_code=beaten" in scene.comment()
    (bench / "table.parquet").write_bytes(b"PAR1")
    assert "honesty_code=not_audited" in scene.comment()
    assert "beat all" not in scene.comment()
    leak = LeakageRecord("planted", "chr", "unseen01", "support-query", "pair", 53, 3, "refused")
    found = AuditRecord("metabam", "not_audited", (), (), "refused", (leak,), ())
    assert judged.stamp(found) == {
        "honesty": "not audited (score withheld: judged pairs were known in training or support)",
        "honesty_code": "not_audited",
        "leakage_code": "refused",
    }


def test_the_verdict_on_another_learner_is_not_taken_for_the_run_s_own(bench):
    from metabam.app.judged import result_of

    run = cache.open_run("demo")
    scene = Scene("en", run.summary(), run)
    lines = judged.comment(scene, audit_of(result_of(scene), "pooled")).splitlines()
    assert "honesty_code=beaten" in lines[0]
    assert lines[1].startswith(f"honesty of {text('evaluation.learner.pooled')}: ")


def test_the_reader_s_language_in_the_footer(app, bench):
    lose(bench)
    at = app("pages/observe/training.py", lang="zh")
    assert "不读 DNA 的答案相比的诚实性：未能证明胜过基因倾向" in words(at)
