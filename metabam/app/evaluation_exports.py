"""What leaves the Evaluation page: the tidy table, a table for a paper, the audit; each carries both verdicts."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

from metabam.app import judged
from metabam.app.evaluation import Choice
from metabam.app.layout import Scene
from metabam.app.widgets import csv_text, json_text
from metabam.plots import theme
from metabam.records import AuditRecord

if TYPE_CHECKING:
    from metabam.bench.result import BenchResult


def exports(scene: Scene, result: BenchResult, choice: Choice | None, found: AuditRecord) -> None:
    """Draw the downloads; where the score is withheld, the audit alone."""
    with st.container(horizontal=True, gap="small"):
        if choice is not None:
            for name, make, file, kind, icon in (
                ("csv", lambda: tidy_csv(scene, result, found), "metabam_bench.csv", "text/csv", "download"),
                ("md", lambda: table(scene, result, choice, found), "metabam_bench.md", "text/markdown", "description"),
                (
                    "tex",
                    lambda: table(scene, result, choice, found, latex=True),
                    "metabam_bench.tex",
                    "text/x-tex",
                    "function",
                ),
            ):  # fmt: skip
                st.download_button(
                    scene.text(f"evaluation.export.{name}"),
                    make,
                    file,
                    kind,
                    icon=f":material/{icon}:",
                    on_click="ignore",
                    key=f"bench_{name}",
                    help=scene.text("evaluation.export_help"),
                )
        st.download_button(
            scene.text("evaluation.export.json"),
            lambda: audit_json(scene, result, found),
            "metabam_audit.json",
            "application/json",
            icon=":material/data_object:",
            on_click="ignore",
            key="bench_json",
            help=scene.text("evaluation.export_help"),
        )


def tidy_csv(scene: Scene, result: BenchResult, found: AuditRecord) -> str:
    """Return every row of the benchmark's table."""
    rows = result.table.to_dict("records")
    return csv_text([{str(key): value for key, value in row.items()} for row in rows], judged.comment(scene, found))


def table(scene: Scene, result: BenchResult, choice: Choice, found: AuditRecord, *, latex: bool = False) -> str:
    """Return the chosen learners at the chosen shots as Markdown or LaTeX, in English."""
    from metabam.bench import typeset

    said = [
        f"{theme.badge_text(scene.synthetic, 'en')}. Honesty: {judged.honesty_text(found, 'en')}.",
        f"Leakage: {judged.leakage_text(found, 'en')}.",
        "Provenance: " + "; ".join(f"{key} {value}" for key, value in scene.provenance().items()) + ".",
    ]
    make = typeset.latex_table if latex else typeset.markdown_table
    return make(result, choice.names("en"), choice.shots, said, choice.lines)


def audit_json(scene: Scene, result: BenchResult, found: AuditRecord) -> str:
    """Return verdicts, paired differences and overlaps as strict JSON."""
    return json_text(
        {
            "format": "metabam-audit",
            "version": 1,
            "data": theme.badge_text(scene.synthetic, "en"),
            "learner": found.learner,
            **judged.facts(found),
            "paired_differences": [
                {**asdict(record), "shown_to_beat": record.shown_to_beat}
                for record in result.honesty
                if record.learner == found.learner
            ],
            "overlaps": [asdict(record) for record in result.leaks],
            "left_out": dict(result.skipped),
            "settings": dict(result.settings),
            "provenance": scene.provenance(),
        }
    )
