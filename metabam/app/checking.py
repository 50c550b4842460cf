"""The second block of Adapt live: what reading the support found, row by row, and the rows to edit."""

from __future__ import annotations

import csv
import io
from typing import Any

import streamlit as st

from metabam.app import adaptation, cache, preview, session
from metabam.app.adaptation import Loaded
from metabam.app.findings import findings_table
from metabam.app.layout import Scene
from metabam.app.live import SUPPORT_STATE
from metabam.app.widgets import empty, metric, plain
from metabam.data.limits import SUPPORT_USUAL
from metabam.records import Severity


def check_block(scene: Scene) -> Loaded | None:
    """Draw what reading the support found, row by row; return it when it can be used."""
    loaded = session.get(SUPPORT_STATE)
    if not isinstance(loaded, Loaded):
        empty(scene.text("live.nothing"), scene.text("live.nothing_do"))
        return None
    _check_numbers(scene, loaded)
    report = loaded.result.report
    if loaded.result.refused:
        st.error(scene.text("live.refused"), icon=":material/block:")
    elif report.problems:
        st.success(scene.text("live.accepted_notes"), icon=":material/check_circle:")
    else:
        st.success(scene.text("live.accepted"), icon=":material/check_circle:")
    _questions(scene, loaded)
    if report.problems:
        findings_table(scene, loaded)
    preview.as_read(scene, loaded)
    _edit(scene, loaded)
    return None if loaded.result.refused else loaded


def _questions(scene: Scene, loaded: Loaded) -> None:
    """Draw the answer to each finding that asks, and the override of a support of one class."""
    codes = {
        item.code for item in loaded.result.report.problems if item.severity in (Severity.REJECTED, Severity.QUESTION)
    }
    answers = dict(loaded.answers)
    if "one-class" in codes:
        st.button(
            scene.text("live.one_class"), key="one_class", on_click=_read_again, args=(loaded, answers, True, scene)
        )
    if "no-header" in codes:
        st.button(
            scene.text("live.ask.header"),
            key="ask_header",
            on_click=_read_again,
            args=(loaded, {**answers, "no-header": "standard"}, loaded.one_class, scene),
        )
    if "score-as-label" in codes:
        cutoff = st.number_input(scene.text("live.ask.score"), 0, 1000, 500, key="ask_cutoff")
        st.button(
            scene.text("live.ask.score_go", cutoff=cutoff),
            key="ask_score",
            on_click=_read_again,
            args=(loaded, {**answers, "score-as-label": str(cutoff)}, loaded.one_class, scene),
        )


def _check_numbers(scene: Scene, loaded: Loaded) -> None:
    negatives, positives = loaded.result.class_counts
    report = loaded.result.report
    numbers = st.columns([2.2, 1, 1.2, 1])
    metric(
        numbers[0], scene.text("live.kpi.source"), plain(loaded.name, 34), scene.text(f"live.origin.{loaded.origin}")
    )
    metric(numbers[1], scene.text("live.kpi.rows"), report.rows_used, scene.text("live.kpi.of", n=report.rows_read))
    metric(numbers[2], scene.text("live.kpi.balance"), f"{positives} / {negatives}")
    metric(numbers[3], scene.text("live.kpi.findings"), len(report.problems))
    if not loaded.result.refused and report.rows_used != SUPPORT_USUAL:
        st.caption(":material/info: " + scene.text("live.not_sixteen", n=report.rows_used))


def _edit(scene: Scene, loaded: Loaded) -> None:
    """Draw the rows as read, editable; applying reads the edited table as if it were a new file."""
    result = loaded.result
    if not result.header or not result.rows:
        return
    width = len(result.header)
    status_name = scene.text("live.edit.status")
    names = _column_names(result.header)
    rows = [
        {status_name: _status(scene, result, place), **dict(zip(names, (*cells, *[""] * width), strict=False))}
        for place, cells in enumerate(result.rows)
    ]
    with st.expander(scene.text("live.edit"), expanded=result.refused, icon=":material/edit:"):
        edited = st.data_editor(
            rows,
            hide_index=True,
            num_rows="dynamic",
            key=f"rows_{loaded.sha256[:16]}",
            disabled=[status_name],
            height=min(36 * (len(rows) + 2) + 4, 420),
            alt=scene.text("live.edit.alt", n=len(rows)),
            column_config={
                status_name: st.column_config.TextColumn(width=130),
                **{name: st.column_config.TextColumn(width=110) for name in names},
            },
        )
        st.button(
            scene.text("live.edit.apply"),
            icon=":material/fact_check:",
            key="apply_edit",
            on_click=_take_edit,
            args=(names, list(edited), loaded, scene),
        )


def _column_names(header: tuple[str, ...]) -> list[str]:
    """Return the names of the columns, each one different."""
    names = [name or f"column {place + 1}" for place, name in enumerate(header)]
    return [name if names.index(name) == place else f"{name} ({place + 1})" for place, name in enumerate(names)]


def without_row(loaded: Loaded, row: int) -> bytes:
    """Return the table without its support pair number ``row`` (counted among the accepted rows), as a new file."""
    result = loaded.result
    names = _column_names(result.header)
    used = [place for place in range(len(result.rows)) if str(result.status[place]) == "ok"]
    kept = [cells for place, cells in enumerate(result.rows) if place != used[row]]
    rows = [dict(zip(names, (*cells, *[""] * len(names)), strict=False)) for cells in kept]
    return edited_bytes(names, rows, result.header)


def _status(scene: Scene, result: Any, place: int) -> str:
    """Return the status of one row as a reader sees it."""
    code = str(result.status[place]) if place < len(result.status) else ""
    return scene.text("live.status.ok") if code == "ok" else f"× {code}"


def edited_bytes(names: list[str], rows: list[dict[str, Any]], header: tuple[str, ...]) -> bytes:
    """Return edited rows as the bytes of a tab-separated file; tabs and line breaks inside a cell become blanks."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow([_flat(name) for name in header])
    writer.writerows([_flat(row.get(name)) for name in names] for row in rows)
    return out.getvalue().encode("utf-8", "replace")


def _flat(cell: object) -> str:
    """Return a cell without separators."""
    return "" if cell is None else " ".join(str(cell).replace("\t", " ").splitlines())


def _take_edit(names: list[str], rows: list[dict[str, Any]], loaded: Loaded, scene: Scene) -> None:
    data = edited_bytes(names, rows, loaded.result.header)
    session.put(SUPPORT_STATE, adaptation.read_support(data, loaded.name, "edit", cache.genome(scene.summary.run_id)))


def _read_again(loaded: Loaded, answers: dict[str, str], one_class: bool, scene: Scene) -> None:
    """Read the same bytes once more with the reader's answers."""
    again = adaptation.read_support(
        loaded.data,
        loaded.name,
        loaded.origin,
        cache.genome(scene.summary.run_id),
        one_class=one_class,
        answers=answers,
    )
    session.put(SUPPORT_STATE, again)
