"""What the benchmark beside a run allows to be said of it: the honesty flag, the leakage badge, and who reads them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import streamlit as st

from metabam.app import cache, session
from metabam.app.runlines import lines_of
from metabam.app.widgets import digest, plain
from metabam.errors import MetaBamError
from metabam.plots.queries import LineScore
from metabam.records import NOT_AUDITED, AuditRecord
from metabam.texts import has, text

if TYPE_CHECKING:
    from metabam.app.layout import Scene
    from metabam.bench.result import BenchResult
    from metabam.train.run import Run

HONESTY_COLOURS: Final = {"not_audited": "gray", "not_beaten": "red", "partial": "orange", "beaten": "green"}
LEAKAGE_COLOURS: Final = {"not_audited": "gray", "refused": "red", "flagged": "orange", "clear": "green"}


@st.cache_resource(max_entries=3, show_spinner=False)
def _result(
    key: str,  # noqa: ARG001 - only the cache reads its key
    _run: Run,
    weights: str,
    trained: tuple[str, ...],
) -> BenchResult | None:
    """Read the benchmark beside a run."""
    from metabam.bench.result import read_result

    return read_result(_run.bench_folder, weights, trained)


def result_of(scene: Scene) -> BenchResult | None:
    """Return the benchmark in the run's own folder, shared read-only; ``None`` where there is none.

    Raises
    ------
    MetaBamError
        When it is damaged, unfinished, or about other weights.
    """
    if not (scene.run.bench_folder / "bench.json").is_file() or not cache.weights_digest(scene.run):
        return None
    trained = tuple(line.name for line in lines_of(scene.run) if line.training)
    return _result(tag(scene), scene.run, cache.weights_digest(scene.run), trained)


def tag(scene: Scene) -> str:
    """Return a key that changes whenever the benchmark beside the run does."""
    folder = scene.run.bench_folder
    names = ("bench.json", "table.parquet", "honesty.json", "skipped.json")
    stamps = [(path.name, path.stat().st_mtime_ns) for path in map(folder.joinpath, names) if path.is_file()]
    stamps += [(path.name, path.stat().st_mtime_ns) for path in sorted(folder.glob("splits/*/*.json"))]
    return digest(folder.resolve(), cache.weights_digest(scene.run), *stamps)


def audit(scene: Scene) -> AuditRecord:
    """Return the verdict on the run's own learner; what cannot be read counts as not audited."""
    from metabam.bench.result import audit_of

    try:
        return audit_of(result_of(scene))
    except MetaBamError:
        return NOT_AUDITED


def learner_name(name: str, lang: str) -> str:
    """Return the readable name of a learner, itself where the catalogue has none."""
    return text(f"evaluation.learner.{name}", lang) if has(f"evaluation.learner.{name}") else name


def honesty_text(found: AuditRecord, lang: str) -> str:
    """Return the honesty verdict in words, the baselines named: the one sentence that pages and exports carry."""
    missed = text("shell.comma", lang).join(learner_name(name, lang) for name in found.missed)
    missing = text("shell.comma", lang).join(learner_name(name, lang) for name in found.missing)
    verdict = "withheld" if found.withheld else found.honesty
    return text(f"evaluation.honesty.{verdict}", lang, missed=missed, missing=missing)


def leakage_text(found: AuditRecord, lang: str) -> str:
    """Return the leakage verdict in words, what is shared named."""
    shared = text("shell.comma", lang).join(text(f"evaluation.relation.{name}", lang) for name in found.shared)
    lines = ", ".join(dict.fromkeys(record.line for record in found.refusals))
    return text(f"evaluation.leakage.{found.leakage}", lang, shared=shared, lines=lines)


def badges(scene: Scene, found: AuditRecord) -> None:
    """Draw the two verdicts as chips: never green while something was not computed."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="verdicts"):
        for name, said, colour in (
            ("honesty", honesty_text(found, scene.lang), HONESTY_COLOURS[found.honesty]),
            ("leakage", leakage_text(found, scene.lang), LEAKAGE_COLOURS[found.leakage]),
        ):
            st.badge(
                f"{scene.text(f'overview.{name}')}{scene.text('shell.colon')}{plain(said, 160)}",
                icon=":material/gavel:",
                color=colour,  # type: ignore[arg-type]  # values are the literals it takes
                help=scene.text(f"evaluation.{name}_help"),
            )


def line_scores(scene: Scene) -> list[LineScore]:
    """Return the benchmark's AUPRC on every held-out line with its interval over genes; empty where there is none."""
    try:
        result = result_of(scene)
    except MetaBamError:
        return []
    if result is None:
        return []
    return [
        LineScore(one.line, one.estimate, one.low, one.high, one.prevalence, one.pairs, one.shots)
        for one in result.scores
        if one.learner == "metabam" and one.estimate is not None and one.low is not None and one.high is not None
    ]


def show_line(scene: Scene, line: str) -> None:
    """Choose a line on the Evaluation page, as far as the benchmark judged it."""
    try:
        result = result_of(scene)
    except MetaBamError:
        return
    found = [] if result is None else [name for name in result.lines if line in (name, name.partition(" | ")[0])]
    session.put("bench_lines", found)


def stamp(found: AuditRecord) -> dict[str, object]:
    """Return the verdicts as the provenance of every export holds them: a sentence, and a code for each verdict."""
    return {"honesty": honesty_text(found, "en"), "honesty_code": found.honesty, "leakage_code": found.leakage}


def facts(found: AuditRecord) -> dict[str, object]:
    """Return the verdicts as plain values for run cards and exports."""
    return {
        **stamp(found),
        "not_shown_to_beat": list(found.missed),
        "baselines_not_run": list(found.missing) if found.honesty != "not_audited" else [],
        "leakage": leakage_text(found, "en"),
        "refused": [asdict(record) for record in found.refusals],
    }


def comment(scene: Scene, found: AuditRecord) -> str:
    """Return the provenance with both verdicts on the judged learner, as the comment lines of a CSV."""
    whose = "" if found.learner == NOT_AUDITED.learner else f" of {learner_name(found.learner, 'en')}"
    return (
        f"{scene.comment()}\nhonesty{whose}: {honesty_text(found, 'en')}\nleakage{whose}: {leakage_text(found, 'en')}"
    )
