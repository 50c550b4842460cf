"""The blocks of the Training monitor: state, live curves, numbers, and what was wrong with the log."""

from __future__ import annotations

import math

import streamlit as st

from metabam.app import cache, session, truth
from metabam.app.layout import Scene
from metabam.app.panels import EPISODES, TRUTH, metric_name, panels
from metabam.app.widgets import empty, metric, plain
from metabam.errors import MetaBamError
from metabam.records import History
from metabam.texts import has

FRESH_SECONDS = 60.0


def controls(scene: Scene, history: History) -> None:
    """Draw x axis, phase, smoothing, log y, comparison and live switch in two rows."""
    phases = list(dict.fromkeys(record.phase for record in history if record.phase != "done"))
    if session.get("phase") not in phases:
        session.forget("phase")
    preferred = phases.index(most_telling(history, phases)) if phases else 0
    top = st.columns([1.4, 1.45, 1.1, 1.3], vertical_alignment="bottom", gap="medium")
    top[0].selectbox(
        scene.text("training.phase"),
        phases,
        index=preferred if phases else None,
        key="phase",
        persist_state="session",
        format_func=lambda name: phase_name(scene, name),
    )
    axes = ["step", "epoch", "clock"] if session.get("phase") in EPISODES else ["step", "clock"]
    if session.get("axis") not in axes:
        session.forget("axis")
    top[1].segmented_control(
        scene.text("training.axis"),
        axes,
        key="axis",
        default="step",
        required=True,
        help=scene.text("training.axis_help"),
        persist_state="session",
        format_func=lambda name: scene.text(f"training.axis.{name}"),
    )
    top[2].slider(
        scene.text("training.smooth"),
        0.0,
        0.99,
        0.0,
        0.01,
        key="ema",
        help=scene.text("training.smooth_help"),
        persist_state="session",
    )
    others = [
        run.run_id
        for run in cache.list_runs()
        if run.run_id != scene.summary.run_id and run.state not in ("broken", "incomplete")
    ]
    top[3].multiselect(
        scene.text("training.compare"),
        others,
        key="compare",
        max_selections=3,
        persist_state="session",
        help=scene.text("training.compare_help"),
        disabled=not others,
        placeholder=scene.text("shell.choose" if others else "training.compare_none"),
    )
    with st.container(horizontal=True, gap="medium"):
        st.toggle(scene.text("training.log"), key="log_y", persist_state="session")
        if scene.summary.state == "running":
            st.toggle(scene.text("training.live"), value=True, key="live", help=scene.text("training.live_help"))
        session.put(TRUTH, truth.planted(scene))


def most_telling(history: History, phases: list[str]) -> str:
    """Return meta-training where it took steps, else the search that chose none of them, else the last phase."""
    if any(record.phase == "meta-train" and record.step > 0 for record in history):
        return "meta-train"
    return "select-steps" if "select-steps" in phases else phases[-1]


def phase_name(scene: Scene, name: str) -> str:
    """Return the readable name of a phase, itself where the catalogue has none."""
    return scene.text(f"training.phase.{name}") if has(f"training.phase.{name}") else name


def board(scene: Scene) -> None:
    """Draw everything that changes while the run trains; called again every five seconds while it is live."""
    run = cache.open_run(scene.summary.run_id)
    scene = Scene(scene.lang, run.summary(), run)
    history = cache.history(run, scene.summary.run_id)
    state_row(scene, history)
    troubles(scene, history)
    if not len(history):
        empty(scene.text("training.empty", run=plain(scene.summary.run_id)), scene.text("training.empty_do"))
        return
    logs = {scene.summary.run_id: history, **_others()}
    panels(scene, logs)


def _others() -> dict[str, History]:
    """Return the logs of the runs to compare with; one that cannot be read is named and left out."""
    logs: dict[str, History] = {}
    for run_id in session.get("compare", []):
        try:
            logs[run_id] = cache.history(cache.open_run(run_id), run_id)
        except MetaBamError as error:
            st.caption(f":material/broken_image: {plain(run_id)}: {plain(error.message)}")
    return logs


def state_row(scene: Scene, history: History) -> None:
    """Draw state, phase, step, time and heartbeat."""
    summary = scene.summary
    last = history.records[-1] if len(history) else None
    cells = st.columns([1, 1.4, 1, 1, 1] if summary.heartbeat_age is not None else [1, 1.4, 1, 1])
    metric(cells[0], scene.text("training.kpi.state"), scene.text(f"shell.state.{summary.state}"))
    phase = summary.phase or (last.phase if last else "")
    metric(cells[1], scene.text("training.kpi.phase"), phase_name(scene, phase) if phase else "–")
    step = f"{summary.step:,}" + (f" / {summary.n_steps:,}" if summary.n_steps else "")
    metric(cells[2], scene.text("training.kpi.step"), step)
    seconds = max((record.seconds for record in history), default=math.nan)
    spent = scene.text("training.kpi.minutes", minutes=seconds / 60) if math.isfinite(seconds) else "–"
    metric(cells[3], scene.text("training.kpi.time"), spent)
    if summary.heartbeat_age is not None:
        beat = scene.text("training.kpi.seconds", seconds=summary.heartbeat_age)
        metric(cells[4], scene.text("training.kpi.heart"), beat)


def troubles(scene: Scene, history: History) -> None:
    """Say what was wrong with the run or its log; nothing is drawn for a clean one."""
    summary = scene.summary
    if summary.state == "silent":
        st.warning(scene.text("training.silent", age=plain(summary.reason)), icon=":material/help:")
        st.code("metabam train ... --out RUN --resume", language="bash")
    elif summary.state == "failed":
        st.error(scene.text("training.failed", reason=plain(summary.reason, 300)), icon=":material/error:")
    if summary.state == "finished" and scene.run.manifest.get("steps") == 0:
        st.info(scene.text("training.chosen_none"), icon=":material/flag:")
    if history.gaps:
        step, name = history.gaps[0]
        st.error(
            scene.text(
                "training.gaps", n=len(history.gaps), name=plain(metric_name(name, scene.lang)), step=f"{step:,}"
            ),
            icon=":material/error:",
        )
    notes = []
    if history.bad_lines:
        notes.append(scene.text("training.bad_lines", n=history.bad_lines))
    if history.torn_tail:
        notes.append(scene.text("training.torn"))
    if history.resumed_at:
        notes.append(scene.text("training.resumed", steps=", ".join(f"{step:,}" for step in history.resumed_at)))
    if notes:
        st.caption(":material/rule: " + " ".join(notes))
