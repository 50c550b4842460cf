"""The four blocks of Adapt live: get, check, adapt, read. Everything a user brings stays in this session."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

import streamlit as st

from metabam.app import adaptation, cache, preview, session
from metabam.app.adaptation import Loaded
from metabam.app.layout import Scene
from metabam.app.widgets import empty, metric, plain
from metabam.data.limits import QUERY_UPLOAD, SUPPORT, SUPPORT_USUAL
from metabam.records import Severity

SUPPORT_STATE: Final = "support_state"
QUERY_STATE: Final = "query_state"
DONE: Final = "adaptation"
FINDING_WIDTHS: Final = {"severity": 80, "line": 50, "column": 120, "message": 300, "remedy": 300, "code": 110}
SEVERITY_MARKS: Final = {"REJ": "×", "ASK": "?", "WARN": "!", "FIX": "~"}


def _uploader_key(kind: str) -> str:
    """Return a key that changes when the user's data are forgotten, which empties the widget."""
    return f"upload_{kind}_{session.get('forgotten', 0)}"


# ------------------------------------------------------------------ 1 get


def get_block(scene: Scene) -> None:
    """Draw where the two tables come from; the first visit to the demo starts with its first example."""
    supports = [name for name in cache.examples() if name.startswith("support_")]
    if supports and SUPPORT_STATE not in st.session_state and cache.is_bundled(scene.summary.run_id):
        _take_example(supports[0], scene)
    left, right = st.columns(2, gap="large")
    with left:
        _get_support(scene, supports)
    with right:
        _get_queries(scene)


def _methods(scene: Scene, kind: str, methods: list[str]) -> str:
    """Draw the choice of the way in and return it."""
    chosen = st.segmented_control(
        scene.text("live.method"),
        methods,
        key=f"method_{kind}",
        default=methods[0],
        required=True,
        format_func=lambda name: scene.text(f"live.method.{name}"),
        persist_state="session",
    )
    return str(chosen)


def _get_support(scene: Scene, supports: list[str]) -> None:
    st.markdown(f"**{scene.text('live.support')}**", help=scene.text("live.support_help"))
    if not supports:
        st.caption(scene.text("live.no_examples"))
    method = _methods(scene, "support", (["example"] if supports else []) + ["upload", "paste"])
    if method == "example":
        name = st.selectbox(
            scene.text("live.example"),
            supports,
            key="example_support",
            persist_state="session",
            format_func=lambda item: example_title(scene, item),
        )
        st.button(
            scene.text("live.use_example"),
            icon=":material/input:",
            on_click=_take_example,
            args=(name, scene),
            key="use_example",
        )
        if not cache.is_bundled(scene.summary.run_id):
            st.caption(":material/warning: " + scene.text("live.other_world"))
    elif method == "upload":
        st.file_uploader(
            scene.text("live.upload"),
            key=_uploader_key("support"),
            max_upload_size=1,
            on_change=_take_upload,
            args=("support", scene),
        )
    else:
        st.text_area(scene.text("live.paste"), key="paste_support", height=140, max_chars=SUPPORT.max_bytes)
        st.button(
            scene.text("live.use_paste"), icon=":material/input:", on_click=_take_paste, args=(scene,), key="use_paste"
        )
    st.download_button(
        scene.text("live.template"),
        adaptation.TEMPLATE,
        "metabam_template.tsv",
        "text/tab-separated-values",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
        key="template",
    )


def _get_queries(scene: Scene) -> None:
    st.markdown(f"**{scene.text('live.queries')}**", help=scene.text("live.queries_help"))
    names = [name for name in cache.examples() if name.startswith("queries_")]
    method = _methods(scene, "queries", (["example"] if names else []) + ["upload", "none"])
    if method == "example":
        name = st.selectbox(
            scene.text("live.example_queries"),
            names,
            key="example_queries",
            persist_state="session",
            format_func=lambda item: example_title(scene, item),
        )
        st.button(
            scene.text("live.use_example"),
            icon=":material/input:",
            on_click=_take_queries,
            args=(name, scene),
            key="use_queries",
        )
    elif method == "upload":
        st.file_uploader(
            scene.text("live.upload_queries"),
            key=_uploader_key("queries"),
            max_upload_size=20,
            on_change=_take_upload,
            args=("queries", scene),
        )
    elif method == "none":
        session.forget(QUERY_STATE)
    loaded = session.get(QUERY_STATE)
    if isinstance(loaded, Loaded):
        _query_line(scene, loaded)


def _query_line(scene: Scene, loaded: Loaded) -> None:
    """Say what the loaded query table is, and what is wrong with it."""
    report = loaded.result.report
    text = scene.text(
        "live.loaded", name=plain(loaded.name, 60), used=int(loaded.result.usable.sum()), read=report.rows_read
    )
    if loaded.result.refused:
        st.error(text, icon=":material/error:")
        findings_table(scene, loaded)
    else:
        st.caption(f":material/table_rows: {text}")


def example_title(scene: Scene, name: str) -> str:
    """Return the readable name of a bundled table."""
    stem = name.removesuffix(".tsv")
    kind, _, line = stem.partition("_")
    if kind == "queries":
        return scene.text("live.example.queries", line=line)
    if line.endswith("_shuffled"):
        return scene.text("live.example.shuffled", line=line.removesuffix("_shuffled"))
    return scene.text("live.example.line", line=line)


def _genome(scene: Scene) -> Any:
    return cache.genome(scene.summary.run_id)


def _take_example(name: str, scene: Scene) -> None:
    """Load an example support, and the queries of the same line where there are some."""
    session.put(SUPPORT_STATE, adaptation.read_support(cache.example(name), name, "example", _genome(scene)))
    line = name.removeprefix("support_").removesuffix(".tsv").removesuffix("_shuffled")
    if f"queries_{line}.tsv" in cache.examples() and session.get("method_queries", "example") == "example":
        session.put("example_queries", f"queries_{line}.tsv")
        _take_queries(f"queries_{line}.tsv", scene)


def _take_queries(name: str, scene: Scene) -> None:
    session.put(QUERY_STATE, adaptation.read_queries(cache.example(name), name, "example", _genome(scene)))


def _take_upload(kind: str, scene: Scene) -> None:
    """Read an uploaded file; its size is judged here on the bytes, whatever the browser let through."""
    file = session.get(_uploader_key(kind))
    if file is None:
        return
    cap = SUPPORT.max_bytes if kind == "support" else QUERY_UPLOAD.max_bytes
    data = file.getvalue()[: cap + 1]
    if kind == "support":
        session.put(SUPPORT_STATE, adaptation.read_support(data, file.name, "upload", _genome(scene)))
    else:
        session.put(QUERY_STATE, adaptation.read_queries(data, file.name, "upload", _genome(scene)))


def _take_paste(scene: Scene) -> None:
    data = str(session.get("paste_support", "")).encode("utf-8", "surrogatepass")
    session.put(SUPPORT_STATE, adaptation.read_support(data, "pasted.tsv", "paste", _genome(scene)))


def _take_edit(names: list[str], rows: list[dict[str, Any]], loaded: Loaded, scene: Scene) -> None:
    data = edited_bytes(names, rows, loaded.result.header)
    session.put(SUPPORT_STATE, adaptation.read_support(data, loaded.name, "edit", _genome(scene)))


def _read_again(loaded: Loaded, answers: dict[str, str], one_class: bool, scene: Scene) -> None:
    """Read the same bytes once more with the reader's answers."""
    again = adaptation.read_support(
        loaded.data, loaded.name, loaded.origin, _genome(scene), one_class=one_class, answers=answers
    )
    session.put(SUPPORT_STATE, again)


def forget_all() -> None:
    """Drop everything that the user brought or that was computed from it."""
    session.put("forgotten", int(session.get("forgotten", 0)) + 1)
    for name in list(st.session_state):
        if str(name).startswith(("upload_", "paste_", "rows_", "own_")):
            del st.session_state[name]
    session.put(SUPPORT_STATE, None)
    session.forget(QUERY_STATE, DONE)


# ------------------------------------------------------------------ 2 check


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
        height=min(38 * (len(rows) + 1) + 4, 320),
        key=f"findings_{loaded.sha256[:12]}",
        alt=scene.text("live.find.alt", n=len(rows), name=loaded.name[:60], bad=bad),
        column_config={
            scene.text(f"live.find.{name}"): st.column_config.TextColumn(width=width)
            for name, width in FINDING_WIDTHS.items()
        },
    )


def _edit(scene: Scene, loaded: Loaded) -> None:
    """Draw the rows as read, editable; applying reads the edited table as if it were a new file."""
    result = loaded.result
    if not result.header or not result.rows:
        return
    width = len(result.header)
    status_name = scene.text("live.edit.status")
    names = [name or f"column {place + 1}" for place, name in enumerate(result.header)]
    names = [name if names.index(name) == place else f"{name} ({place + 1})" for place, name in enumerate(names)]
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
