"""Parts of the Mechanism ablation page around its figures: the slice, the tables, the files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import streamlit as st

from metabam.app import navigation, pairtables, session, slices
from metabam.app.ablating import TABLES, Ablation
from metabam.app.layout import Scene
from metabam.app.slices import EDGES_KB, Slice
from metabam.app.widgets import empty, plain
from metabam.errors import InputError
from metabam.plots.ablation import PER
from metabam.records import ForestRecord

if TYPE_CHECKING:
    from metabam.probe.forest import Metric

METRICS: Final = ("logit", "probability", "auprc")
ALL: Final = "all"
GO: Final = "ablation_go"
COLUMNS: Final = ("atom", "size", "signed", "p", "fit", "verdict", "follows")


def line_text(scene: Scene, name: str) -> str:
    """Return the readable name of a line."""
    return scene.text("sequence.line.yours") if name == pairtables.OWN else name


def controls(scene: Scene, done: Ablation) -> tuple[Slice, Metric]:
    """Draw the choice of pairs and of the measure; return both. Nothing changes before Apply is pressed."""
    ranges = [ALL, *(str(at) for at in range(len(EDGES_KB) - 1))] if np.isfinite(done.distance).any() else [ALL]
    names = [ALL, *done.record.lines]
    if session.get("slice_line") not in names:
        session.forget("slice_line")
    if session.get("slice_distance") not in ranges:
        session.forget("slice_distance")
    with st.form("slice_form", border=False):
        cells = st.columns([2.0, 1.1, 1.15, 1.15, 0.95], vertical_alignment="bottom", gap="small")
        kind = cells[0].segmented_control(
            scene.text("ablation.metric"),
            list(METRICS),
            default=METRICS[0],
            key="slice_metric",
            required=True,
            persist_state="session",
            format_func=lambda name: scene.text(f"ablation.metric.{name}"),
            help=scene.text("ablation.metric_help"),
        )
        line = cells[1].selectbox(
            scene.text("ablation.slice.line"),
            names,
            key="slice_line",
            persist_state="session",
            format_func=lambda name: scene.text("ablation.slice.all") if name == ALL else line_text(scene, name),
        )
        label = cells[2].selectbox(
            scene.text("ablation.slice.label"),
            [ALL, "1", "0"],
            key="slice_label",
            persist_state="session",
            format_func=lambda name: scene.text("ablation.slice.all" if name == ALL else f"fig.label.{name}"),
        )
        distance = cells[3].selectbox(
            scene.text("ablation.slice.distance"),
            ranges,
            key="slice_distance",
            persist_state="session",
            format_func=lambda name: _range_text(scene, name),
            help=scene.text("ablation.slice.distance_help" if len(ranges) > 1 else "ablation.slice.no_distance"),
        )
        cells[4].form_submit_button(scene.text("ablation.slice.apply"), icon=":material/filter_alt:", width="stretch")
    cut = Slice(
        "" if line == ALL else str(line),
        None if label == ALL else int(str(label)),
        None if distance == ALL else (EDGES_KB[int(str(distance))], EDGES_KB[int(str(distance)) + 1]),
    )
    return cut, cast("Metric", str(kind))


def _range_text(scene: Scene, name: str) -> str:
    if name == ALL:
        return scene.text("ablation.slice.all")
    low, high = EDGES_KB[int(name)], EDGES_KB[int(name) + 1]
    return f"> {low:g} kb" if np.isinf(high) else f"{low:g}–{high:g} kb"


def say_empty(scene: Scene, done: Ablation, cut: Slice, error: InputError) -> None:
    """Say which filter left no pair, or why a slice has no AUPRC."""
    _, removed = slices.rows_of(done, cut)
    told = "; ".join(scene.text(f"ablation.removed.{name}", n=count, total=len(done.record)) for name, count in removed)
    if error.code == "slice-labels":
        empty(scene.text("ablation.one_class"), scene.text("ablation.one_class_do") + (f"  \n{told}" if told else ""))
    else:
        empty(scene.text("ablation.no_pair", n=len(done.record)), f"{told}. " + scene.text("ablation.no_pair_do"))


def pairs(scene: Scene, done: Ablation, cut: Slice, atom: int) -> None:
    """Draw the pairs that change most without an atom, and the way into the Sequence lens."""
    rows = slices.changed_pairs(done, atom, cut)
    flips = sum(row["flips"] for row in rows)
    st.markdown(f"**{scene.text('ablation.changed', k=atom + 1)}**")
    st.caption(scene.text("ablation.changed_help", n=len(rows), flips=flips))
    number = st.column_config.NumberColumn(format="%+.3f", width="small")
    column = {
        name: scene.text(f"ablation.col.{name}") for name in ("pair", "line", "label", "before", "after", "flips")
    }
    shown = [
        {
            column["pair"]: row["pair"],
            column["line"]: line_text(scene, row["line"]),
            column["label"]: "" if row["label"] < 0 else str(row["label"]),
            column["before"]: row["before"],
            column["after"]: row["after"],
            column["flips"]: row["flips"],
        }
        for row in rows
    ]
    event = st.dataframe(
        shown,
        hide_index=True,
        height=300,
        key=f"ablation_pairs_{atom}",
        on_select="rerun",
        selection_mode="single-row",
        alt=scene.text("ablation.changed.alt", n=len(rows), k=atom + 1, flips=flips),
        column_config={column["before"]: number, column["after"]: number},
    )
    if done.setting.source != TABLES:
        st.caption(scene.text("ablation.no_lens"))
        return
    chosen = _chosen(event)
    row = rows[chosen if chosen < len(rows) else 0]
    st.button(
        scene.text("ablation.open", pair=plain(row["pair"], 40)),
        icon=":material/genetics:",
        key="open_lens",
        on_click=session.put,
        args=(GO, (str(row["line"]), str(row["pair"]), str(atom + 1))),
    )


def leave() -> None:
    """Open the Sequence lens when its button was pressed."""
    asked = session.take(GO)
    if asked is not None:
        line, pair, atom = asked
        navigation.go("sequence", line=line, pair=pair, atom=atom)


def _chosen(event: Any) -> int:
    """Return the chosen row of a table, the first where none is."""
    try:
        return int(event["selection"]["rows"][0])
    except (KeyError, TypeError, IndexError, ValueError):
        return 0


def table(scene: Scene, told: ForestRecord, names: list[str]) -> None:
    """Draw all atoms as a table, largest effect first; inside the band a warning replaces the score."""
    head = {name: scene.text(f"ablation.col.{name}") for name in COLUMNS}
    rows = []
    for k in np.argsort(-told.size, kind="stable").tolist():
        chance = slices.is_chance(told, k)
        row: dict[str, object] = {
            head["atom"]: k + 1,
            head["size"]: scene.text("ablation.col.chance")
            if chance
            else f"{told.size[k]:.3f} [{told.size_low[k]:.3f}, {told.size_high[k]:.3f}]",
            head["signed"]: "" if chance else f"{told.effect[k]:+.3f} [{told.low[k]:+.3f}, {told.high[k]:+.3f}]",
            head["p"]: float(told.p[k]),
            head["fit"]: _fit(told, k),
            head["verdict"]: scene.text(f"fig.forest.verdict.{told.verdicts[k]}"),
        }
        if names:
            row[head["follows"]] = names[k]
        rows.append(row)
    facts = {"inside": int(told.inside.sum()), "needed": told.verdicts.count("needed"), "k": len(rows)}
    st.markdown(f"**{scene.text('ablation.table')}** · :gray[{scene.text('ablation.table_note', **facts)}]")
    st.dataframe(
        rows,
        hide_index=True,
        key="ablation_table",
        height=300,
        alt=scene.text("ablation.table.alt", **facts),
        column_config={
            head["atom"]: st.column_config.NumberColumn(width=52),
            head["p"]: st.column_config.NumberColumn(format="%.3f", width=58),
            head["signed"]: st.column_config.TextColumn(width=164),
            head["fit"]: st.column_config.TextColumn(help=scene.text("ablation.col.fit_help", per=PER)),
        },
    )


def _fit(told: ForestRecord, k: int) -> str:
    """Return what labels lose without an atom, empty where there are none."""
    if not told.n_labelled:
        return ""
    value, low, high = (PER * float(part[k]) for part in (told.fit, told.fit_low, told.fit_high))
    return f"{value:+.2f} [{low:+.2f}, {high:+.2f}]"


def exports(scene: Scene, done: Ablation, cut: Slice, told: ForestRecord) -> None:
    """Draw the files: one row per atom and pair, and the forest with its filters."""
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            scene.text("ablation.export.long"),
            lambda: slices.long_csv(done, cut, scene.comment()),
            "metabam_ablation_long.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="ablation_long",
            help=scene.text("ablation.export.long_help"),
        )
        st.download_button(
            scene.text("ablation.export.json"),
            lambda: slices.forest_json(done, cut, told, scene),
            "metabam_ablation.json",
            "application/json",
            icon=":material/data_object:",
            on_click="ignore",
            key="ablation_json",
        )


def progress_in(scene: Scene, place: Any) -> Callable[[float], None]:
    """Return what draws the share done in ``place``, beside a way out: any press ends the script soon."""
    bar, cancel = place.container().columns([4, 1], vertical_alignment="center")
    shown = bar.progress(0.0, scene.text("ablation.progress"))
    cancel.button(scene.text("live.cancel"), icon=":material/stop_circle:", key="cancel_ablation", width="stretch")

    def draw(share: float) -> None:
        shown.progress(min(share, 1.0), scene.text("ablation.progress"))

    return draw
