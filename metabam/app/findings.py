"""Every finding about a table as a table: severity, line, column, what happened, what to do."""

from __future__ import annotations

from typing import Final

import streamlit as st

from metabam.app.adaptation import Loaded
from metabam.app.layout import Scene
from metabam.app.widgets import table_height
from metabam.records import Severity

FINDING_WIDTHS: Final = {"severity": 80, "line": 50, "column": 120, "message": 300, "remedy": 300, "code": 110}
SEVERITY_MARKS: Final = {"REJ": "×", "ASK": "?", "WARN": "!", "FIX": "~"}


def findings_table(scene: Scene, loaded: Loaded) -> None:
    """Draw every finding about a table: severity, line, column, what happened, what to do."""
    problems = loaded.result.report.problems
    rows = [
        {
            scene.text(
                "live.find.severity"
            ): f"{SEVERITY_MARKS[str(item.severity)]} {scene.text(f'live.sev.{item.severity}')}",
            scene.text("live.find.line"): scene.text("live.find.file") if item.line is None else str(item.line),
            scene.text("live.find.column"): item.column or "",
            scene.text("live.find.message"): item.message,
            scene.text("live.find.remedy"): item.remedy,
            scene.text("live.find.code"): item.code,
        }
        for item in problems
    ]
    bad = sum(item.severity in (Severity.REJECTED, Severity.QUESTION) for item in problems)
    st.dataframe(
        rows,
        hide_index=True,
        height=table_height(len(rows), 320),
        key=f"findings_{loaded.sha256[:12]}",
        alt=scene.text("live.find.alt", n=len(rows), name=loaded.name[:60], bad=bad),
        column_config={
            scene.text(f"live.find.{name}"): st.column_config.TextColumn(width=width)
            for name, width in FINDING_WIDTHS.items()
        },
    )
