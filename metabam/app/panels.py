"""The panels of the Training monitor: small live charts, the table of their numbers, and the export."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from metabam.app import session
from metabam.app.layout import Scene
from metabam.app.runlines import lines_of
from metabam.app.truth import Generator, Planted
from metabam.app.widgets import csv_text, empty, json_text, number
from metabam.plots import curves, theme
from metabam.records import History
from metabam.texts import has, text

HEALTH = ("sensitivity", "auprc", "kl", "gate_saturation", "effective_rank", "line_probe")
LEFT_OUT = ("auroc_leftout", "auprc_leftout", "task_full_leftout")
EFFORT = "grad_norm"
EPISODES = ("meta-train", "select-steps")
TRUTH = "training_truth"


def metric_name(name: str, lang: str) -> str:
    """Return the readable name of a quantity, itself where the catalogue has none."""
    return text(f"metric.{name}", lang) if has(f"metric.{name}") else name


def panels(scene: Scene, logs: dict[str, History]) -> None:
    """Draw the loss terms, the signs of collapse, the rest, and the table of numbers."""
    phase = session.get("phase")
    own = logs[scene.summary.run_id]
    folds = curves.split_folds(_of_phase(own, phase), [line.name for line in lines_of(scene.run) if line.training])
    if folds:
        _left_out(scene, folds)
        return
    names = [name for name in curves.scalar_names(own) if _logged(own, name, phase)]
    if not names:
        empty(scene.text("training.empty_phase"))
        return
    idle = [name for name in names if name in curves.TERMS and not _used(own, name)]
    losses = [name for name in names if (name in curves.TERMS or name == EFFORT) and name not in idle]
    grouped = {name for group in curves.GROUPS.values() for name in group}
    rest = [
        name for name in names if name not in losses and name not in idle and name not in grouped and name not in HEALTH
    ]
    drawn: list[curves.Curve] = []
    if session.get("log_y"):
        st.caption(":material/info: " + scene.text("training.log_left_out"))
    if losses:
        _head(scene, "losses")
        _grid(scene, [[name] for name in losses], logs, drawn)
    if idle:
        listed = ", ".join(metric_name(name, scene.lang) for name in idle)
        st.caption(":material/do_not_disturb_on: " + scene.text("training.idle", names=listed))
    health = [[item for item in curves.GROUPS.get(name, (name,)) if item in names] for name in HEALTH if name != "kl"]
    health = [group for group in health if group]
    dimensions = kl_history(own)
    if health or len(dimensions):
        _head(scene, "health")
        _grid(scene, health, logs, drawn, extra=dimensions)
    if rest and not drawn:
        _grid(scene, [[name] for name in rest], logs, drawn)
    elif rest:
        with st.expander(f"{scene.text('training.rest')} ({len(rest)})", icon=":material/list:"):
            _grid(scene, [[name] for name in rest], logs, drawn)
    _picked(scene)
    _table(scene, drawn, logs)


def _of_phase(history: History, phase: str | None) -> History:
    """Return the records of one phase."""
    return History(tuple(record for record in history if record.phase == phase))


def _left_out(scene: Scene, folds: dict[str, History]) -> None:
    """Draw the scores of each left-out line, which choose the number of steps, then the loss terms of all folds."""
    drawn: list[curves.Curve] = []
    names = curves.scalar_names(History(tuple(record for log in folds.values() for record in log)))
    _head(scene, "leftout")
    steps = scene.run.manifest.get("steps")
    if isinstance(steps, int):
        st.caption(":material/flag: " + scene.text("training.chosen", steps=f"{steps:,}"))
    _grid(scene, [[name] for name in LEFT_OUT if name in names], folds, drawn)
    rest = [name for name in names if name not in LEFT_OUT]
    with st.expander(f"{scene.text('training.rest')} ({len(rest)})", icon=":material/list:"):
        _grid(scene, [[name] for name in rest], folds, drawn)
    _table(scene, drawn, folds)


def epochs_per_step(scene: Scene) -> float:
    """Return how many epochs a step of episodes is: query pairs of a step over the run's training pairs."""
    pairs = sum(line.pairs for line in lines_of(scene.run) if line.training)
    train = scene.run.config.train
    return train.batch_tasks * train.query_size / pairs if pairs else 0.0


def generator() -> Generator | None:
    """Return the scores of the generator on the training lines' labels, where the truth is shown."""
    planted = session.get(TRUTH)
    return planted.generator if isinstance(planted, Planted) else None


def _head(scene: Scene, name: str) -> None:
    st.markdown(f"#### {scene.text(f'training.{name}')}")
    st.caption(scene.text(f"training.{name}_note"))


def _logged(history: History, name: str, phase: str | None) -> bool:
    """Return whether a quantity has a value in the phase shown."""
    return any(
        isinstance(record.terms.get(name, record.metrics.get(name)), int | float)
        for record in history
        if phase is None or record.phase == phase
    )


def _used(history: History, name: str) -> bool:
    """Return whether a loss term was ever other than zero."""
    return any(record.terms.get(name, 0.0) != 0.0 for record in history)


def kl_history(history: History) -> History:
    """Return the KL per context dimension as its own log with one scalar per dimension (z1, z2, ...)."""
    records = []
    for record in history:
        values = record.metrics.get("kl_per_dim")
        if isinstance(values, Sequence) and not isinstance(values, str):
            metrics = {f"z{place + 1}": float(value) for place, value in enumerate(values[:32])}
            records.append(type(record)(record.step, record.phase, {}, metrics, record.seconds))
    return History(tuple(records))


def _grid(
    scene: Scene,
    groups: list[list[str]],
    logs: dict[str, History],
    drawn: list[curves.Curve],
    extra: History | None = None,
) -> None:
    """Draw one small chart per group, three in a row."""
    cells: list[tuple[str, list[curves.Curve], str]] = []
    options = {
        "axis": session.get("axis", "step"),
        "weight": float(session.get("ema", 0.0)),
        "phase": session.get("phase"),
        "epoch": epochs_per_step(scene),
    }
    for group in groups:
        lines = [curves.curve(log, run_id, name, **options) for run_id, log in logs.items() for name in group]
        cells.append((group[0], [line for line in lines if len(line.y)], "run" if len(group) == 1 else "name"))
    if extra is not None and len(extra):
        own = scene.summary.run_id
        lines = [curves.curve(extra, own, name, **options) for name in curves.scalar_names(extra)]
        cells.insert(min(2, len(cells)), ("kl", [line for line in lines if len(line.y)], "name"))
    cells = [cell for cell in cells if cell[1]]
    for start in range(0, len(cells), 3):
        for column, (name, lines, by) in zip(st.columns(3, gap="medium"), cells[start : start + 3], strict=False):
            with column:
                _one(scene, name, lines, by, logs)
            drawn.extend(lines)


def _one(scene: Scene, name: str, lines: list[curves.Curve], by: str, logs: dict[str, History]) -> None:
    """Draw one small chart."""
    group = next((key for key, members in curves.GROUPS.items() if name in members and by == "name"), name)
    title = scene.text(f"training.chart.{group}") if has(f"training.chart.{group}") else metric_name(name, scene.lang)
    keys = list(dict.fromkeys(line.run if by == "run" else line.name for line in lines))
    if by == "name":
        lines = [line for line in lines if line.run == scene.summary.run_id]
    palette = (theme.ACCENT, *theme.OKABE_ITO[1:]) if by == "run" else theme.OKABE_ITO
    colours = {key: palette[place % len(palette)] for place, key in enumerate(keys)}
    axis = session.get("axis", "step")
    gaps = logs[scene.summary.run_id].gaps if scene.summary.run_id in logs else ()
    faults = sorted({float(step) for step, what in gaps if what == name}) if axis == "step" else []
    last = next((float(line.y[-1]) for line in lines if len(line.y)), math.nan)
    figure = curves.panel(
        lines,
        title=title,
        axis=axis,
        axis_title=scene.text(f"training.axis_title.{axis}"),
        lang=scene.lang,
        log=bool(session.get("log_y")),
        colours=colours,
        by=by,
        synthetic=scene.synthetic,
        faults=faults,
        references=_references(scene, name),
    )
    event = st.altair_chart(
        figure,
        key=f"curve_{group}",
        theme=None,
        on_select="rerun",
        selection_mode=["pick"],
        alt=scene.text("training.alt", title=title, last=number(last)),
    )
    _remember(event)


def _references(scene: Scene, name: str) -> dict[str, float]:
    """Return the horizontal lines that a quantity is judged against."""
    known = generator()
    if known is not None and name in ("task_full", "task_full_leftout"):
        return {scene.text("training.truth.loss"): known.loss}
    if known is not None and name in ("auprc_train", "auprc_leftout"):
        return {scene.text("training.truth.loss"): known.auprc}
    if name == "line_probe":
        training = [line for line in lines_of(scene.run) if line.training]
        return {scene.text("training.chance"): 1 / len(training)} if training else {}
    if name == "effective_rank":
        shape = next((atoms.shape for atoms in scene.run.snapshots().values()), None)
        return {} if shape is None else {scene.text("training.half_rank"): min(shape) / 2}
    return {}


def _remember(event: object) -> None:
    """Keep the step of a clicked point for this session."""
    try:
        points = event["selection"]["pick"]  # type: ignore[index]  # a plain dictionary at run time
    except (KeyError, TypeError):
        return
    if points:
        session.put("picked_step", int(points[0]["step"]))


def _picked(scene: Scene) -> None:
    """Offer the atoms at the checkpoint nearest to the step that was clicked."""
    step = session.get("picked_step")
    kept = sorted(scene.run.snapshots())
    if step is None or not kept:
        return
    nearest = min(kept, key=lambda item: abs(item - int(step)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(scene.text("training.pick", step=f"{int(step):,}"))
        st.page_link(
            "pages/observe/atoms.py",
            label=scene.text("training.pick_go", step=f"{nearest:,}"),
            icon=":material/grain:",
            query_params={"step": str(nearest), "run": scene.summary.run_id},
        )


def _table(scene: Scene, drawn: list[curves.Curve], logs: dict[str, History]) -> None:
    """Draw last, best with step, min and max of every curve, and the export of all scalars."""
    total = sum(len(line.y) for line in drawn)
    st.caption(scene.text("training.shown", shown=f"{len(curves.points(drawn)):,}", total=f"{total:,}"))
    known = generator()
    if known is not None:
        said = scene.text("training.truth.note", n=f"{known.n:,}", loss=known.loss, auprc=known.auprc, rate=known.rate)
        st.caption(":material/visibility: " + said)
    rows: list[dict[str, object]] = []
    for larger in (False, True):
        chosen = [line for line in drawn if line.name.startswith(curves.LARGER) == larger]
        rows.extend(curves.summary(chosen, larger_is_better=larger))
    columns = ("run", "name", "last", "best", "best_step", "min", "max", "n")
    with st.expander(scene.text("training.table"), icon=":material/table:"):
        shown = [
            {
                scene.text(f"training.table.{name}"): metric_name(str(row[name]), scene.lang)
                if name == "name"
                else row[name]
                for name in columns
            }
            for row in rows
        ]
        numeric = st.column_config.NumberColumn(format="%.4g")
        st.dataframe(
            shown,
            hide_index=True,
            alt=scene.text("training.table.alt", n=len(rows)),
            key="numbers",
            column_config={scene.text(f"training.table.{name}"): numeric for name in ("last", "best", "min", "max")},
        )
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            scene.text("training.csv"),
            lambda: csv_text(all_scalars(logs), scene.comment()),
            "metabam_training.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="training_csv",
        )
        st.download_button(
            scene.text("training.json"),
            lambda: json_text(drawn_values(scene, drawn, rows)),
            "metabam_training.json",
            "application/json",
            icon=":material/data_object:",
            on_click="ignore",
            key="training_json",
        )


def drawn_values(scene: Scene, drawn: list[curves.Curve], rows: list[dict[str, object]]) -> dict[str, object]:
    """Return the curves as drawn, the choices behind them and where they come from; gaps are null."""
    return {
        "filters": {
            "phase": session.get("phase"),
            "axis": session.get("axis", "step"),
            "smoothing": float(session.get("ema", 0.0)),
            "log_y": bool(session.get("log_y")),
            "compared_with": list(session.get("compare", [])),
        },
        "summary": rows,
        "points": curves.points(drawn),
        "provenance": scene.provenance(),
    }


def all_scalars(logs: dict[str, History]) -> list[dict[str, object]]:
    """Return every record of every run shown, one row per step: run, step, phase, seconds, then all scalars."""
    rows: list[dict[str, object]] = []
    for run_id, log in logs.items():
        for record in log:
            row: dict[str, object] = {
                "run": run_id,
                "step": record.step,
                "phase": record.phase,
                "seconds": record.seconds,
            }
            for source in (record.terms, record.metrics):
                for name, value in source.items():
                    if isinstance(value, int | float):
                        row[name] = float(value)
                    else:
                        row |= {f"{name}_{place + 1}": float(item) for place, item in enumerate(value)}
            rows.append(row)
    return rows
