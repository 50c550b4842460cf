"""The controls and panels of Context manifold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import streamlit as st

from metabam.app import cache, layout, picks, placing, session, shelf
from metabam.app import lines as known
from metabam.app.layout import Scene
from metabam.app.placing import Maps, NewLine
from metabam.app.widgets import chart, chart_foot, csv_text, digest, empty, metric, plain
from metabam.errors import CheckpointError
from metabam.plots import manifold as plots
from metabam.records import LayoutRecord, PlacementRecord

COLOUR: Final = "colour"
CHART: Final = "chart_map"
CHOSEN: Final = "manifold_chosen"
SEEN: Final = "manifold_seen"
SHAPES: Final = "manifold_shapes"
APPLY: Final = "manifold_apply"
APPLIED: Final = "manifold_applied"
DEFAULT_LINES: Final = 8
MOST_LINES: Final = 25
LASSO: Final = {
    "modeBarButtonsToRemove": ["autoScale2d", "zoomIn2d", "zoomOut2d"],
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows: the maps, the view with its layout, colour and clip, and new lines with their places."""

    maps: Maps
    view: str
    axes: tuple[int, int]
    layout: LayoutRecord = field(repr=False)
    colour: str
    clip: float
    new: list[NewLine] = field(repr=False)
    placed: PlacementRecord | None = field(repr=False)


def source(scene: Scene) -> Maps | None:
    """Return the stored maps, or those computed here; without either, draw how to get them."""
    model = cache.model(scene.run)
    try:
        found = placing.stored(scene, model)
    except CheckpointError as error:
        st.warning(
            f"{plain(error.message, 300)} {scene.text('manifold.stored.broken')}", icon=":material/broken_image:"
        )
        found = None
    names = placing.large_enough(model.contexts)
    dropped = len(model.contexts) - len(names)
    if dropped:
        st.caption(scene.text("manifold.dropped", n=dropped, total=len(model.contexts), shots=placing.SHOTS))
    if found is not None:
        return found
    if not names:
        empty(scene.text("manifold.no_lines", shots=placing.SHOTS), scene.text("manifold.no_lines_do"))
        return None
    asked = _form(scene, names)
    if session.take(APPLY):
        session.put(APPLIED, asked)
        layout.guarded(_compute, scene, *asked)
    chosen, seed, judged = session.get(APPLIED) or asked
    maps: Maps | None = shelf.shared().get(placing.computed_key(scene, chosen, seed, judged=judged))
    if maps is None:
        empty(scene.text("manifold.none"), scene.text("manifold.none_do"))
    return maps


def _form(scene: Scene, names: list[str]) -> tuple[list[str], int, bool]:
    """Draw how to make a map where none is stored; return lines, seed and whether supports are scored."""
    st.caption(":material/info: " + scene.text("manifold.unstored"))
    st.code(f"metabam probe map --run {scene.summary.run_id}", language="bash")
    with st.form("manifold_form", border=True):
        first, second, third, last = st.columns([3, 1, 1.4, 1.2], vertical_alignment="bottom", gap="medium")
        chosen = first.multiselect(
            scene.text("manifold.lines"), names, default=names[:DEFAULT_LINES], key="manifold_lines",
            max_selections=MOST_LINES, persist_state="session", placeholder=scene.text("shell.choose"),
        )  # fmt: skip
        seed = second.number_input(
            scene.text("manifold.seed"), 0, 9999, 0, key="manifold_seed", persist_state="session"
        )
        judged = third.toggle(
            scene.text("manifold.judged"), key="manifold_judged", help=scene.text("manifold.judged_help"),
            persist_state="session",
        )  # fmt: skip
        last.form_submit_button(
            scene.text("manifold.go"), type="primary", icon=":material/scatter_plot:", width="stretch",
            on_click=session.put, args=(APPLY, True),
        )  # fmt: skip
    return [str(name) for name in chosen] or names[:DEFAULT_LINES], int(seed), bool(judged)


def _compute(scene: Scene, names: list[str], seed: int, judged: bool) -> None:
    """Compute the cloud with its progress and a way out; any press reruns the page, which ends this run."""
    waiting = st.empty()
    bar, cancel = waiting.container().columns([4, 1], vertical_alignment="center")
    label = scene.text("manifold.working", n=len(names), supports=placing.SUPPORTS)
    drawn = bar.progress(0.0, label)
    cancel.button(scene.text("manifold.cancel"), icon=":material/stop_circle:", key="manifold_cancel", width="stretch")

    def tell(share: float) -> None:
        drawn.progress(share, label)

    placing.compute(scene, names, seed, judged=judged, progress=tell)
    waiting.empty()


# ------------------------------------------------------------------ controls


def controls(scene: Scene, maps: Maps) -> Shown:
    """Draw view, colour and new lines; return what is to be shown."""
    _take_selection(maps)
    first, second = st.columns(2, gap="large")
    views = maps.views()
    if session.get("manifold_view") not in views:
        session.put("manifold_view", views[0])
    view = str(
        first.segmented_control(
            scene.text("manifold.view"), views, required=True, key="manifold_view", persist_state="session",
            format_func=lambda name: scene.text(f"manifold.view.{name}"),
        )
    )  # fmt: skip
    colour, clip = _colour(scene, maps, second)
    names = [line.name for line in _examples(scene)]
    chosen = st.multiselect(
        scene.text("manifold.new"), names, default=names, key="manifold_new", help=scene.text("manifold.new_help"),
        persist_state="session",
    )  # fmt: skip
    axes = _axes(scene, maps, first) if view == "raw" else (0, 1)
    if maps.small:
        st.caption(scene.text("manifold.small", n=len(maps.cloud.mean), least=placing.LEAST_POINTS))
    elif maps.umap is None:
        st.caption(scene.text("manifold.no_umap"))
    found = placing.layout_of(maps, view, *axes)
    new = placing.new_lines(scene, cache.model(scene.run), [str(name) for name in chosen])
    return Shown(maps, view, axes, found, colour, clip, new, placing.placed(maps, view, found, new))


def _examples(scene: Scene) -> list[known.Line]:
    """Return the bundled lines that can be placed on this run."""
    if not cache.is_bundled(scene.summary.run_id):
        return []
    return known.example_lines(scene.run, cache.model(scene.run))


def _colour(scene: Scene, maps: Maps, place: Any) -> tuple[str, float]:
    """Draw what colours the points; a gate also asks how much of its range is cut."""
    options = ["line", *(["auroc"] if np.isfinite(maps.cloud.auroc).any() else []), "sigma", "positives"]
    options += [f"gate{gate}" for gate in range(1, maps.cloud.spectrum.shape[1] + 1)]
    asked = picks.recall(COLOUR, options, "line")
    place.selectbox(
        scene.text("manifold.colour"),
        options,
        key=COLOUR,
        format_func=lambda name: plots.colour_name(name, scene.lang),
        persist_state="session",
    )
    picks.remember(COLOUR, "line")
    if asked is not None:
        layout.valid(COLOUR, asked, options, "line", scene)
    colour = str(session.get(COLOUR, "line"))
    if not colour.startswith("gate"):
        return colour, 0.0
    clip = place.slider(
        scene.text("manifold.clip"), 0.0, 20.0, 2.0, 0.5, key="manifold_clip", help=scene.text("manifold.clip_help"),
        persist_state="session",
    )  # fmt: skip
    return colour, float(clip)


def _axes(scene: Scene, maps: Maps, place: Any) -> tuple[int, int]:
    """Draw which two dimensions of z are shown; return them counted from 0."""
    width = maps.cloud.mean.shape[1]
    power = np.argsort(-maps.cloud.mean.var(axis=0), kind="stable")
    left, right = place.columns(2)
    picked = [
        column.selectbox(
            scene.text("manifold.axis", axis=axis), list(range(1, width + 1)), index=int(power[at]),
            key=f"manifold_axis_{axis}", persist_state="session",
        )
        for at, (axis, column) in enumerate((("x", left), ("y", right)))
    ]  # fmt: skip
    first, second = (int(number or 1) - 1 for number in picked)
    return (first, second) if first != second else (first, (first + 1) % width)


def _take_selection(maps: Maps) -> None:
    """Copy a new lasso, box or click before anything is drawn: a recolour empties the chart's own selection.

    An old one is left alone: its shapes belong to the map it was drawn on.
    """
    event: Any = st.session_state.get(CHART)
    try:
        selection = event["selection"]
        shapes = [dict(shape) for kind in ("lasso", "box") for shape in selection.get(kind, [])]
    except (KeyError, TypeError, ValueError, AttributeError):
        return
    ids, drawn = maps.ids(), session.get("manifold_coordinates")
    if shapes and drawn is not None and drawn[0] == maps.key:
        mark = digest(shapes)
        if mark != session.get(SEEN):
            session.put(SEEN, mark)
            inside = placing.inside_selection(drawn[1], selection)
            session.put(CHOSEN, tuple(ids[row] for row in np.flatnonzero(inside)))
            session.put(SHAPES, shapes)
        return
    session.forget(SEEN)
    found = set(picks.fresh(CHART)) & set(ids)
    if found:
        session.put(CHOSEN, tuple(one for one in ids if one in found))
        session.put(SHAPES, [])


def chosen_rows(maps: Maps) -> list[int]:
    """Return the rows of the chosen supports in the cloud."""
    wanted = set(session.get(CHOSEN) or ())
    return [row for row, one in enumerate(maps.ids()) if one in wanted] if wanted else []


def clear() -> None:
    """Drop the selection, and the chart's own with it."""
    session.forget(CHOSEN, SHAPES, SEEN, CHART, f"{CHART}_seen")


# ------------------------------------------------------------------ panels


def view_of(scene: Scene, shown: Shown) -> plots.MapView:
    """Return what the figures draw."""
    found = shown.placed
    new = plots.Newcomers()
    if found is not None:
        names, own = [line.name for line in shown.new], [line.origin == "own" for line in shown.new]
        new = plots.Newcomers(names, found.coordinates, found.ellipse, own)
    lines = [context.name for context in cache.model(scene.run).contexts]
    return plots.MapView(
        shown.maps.cloud, shown.layout, shown.maps.ids(), placing.stars(shown.maps, shown.layout), lines,
        chosen_rows(shown.maps), new, shown.axes,
    )  # fmt: skip


def board(scene: Scene, shown: Shown) -> None:
    """Draw the numbers, the map and its caption."""
    session.put("manifold_coordinates", (shown.maps.key, shown.layout.coordinates))
    _numbers(scene, shown)
    view = view_of(scene, shown)
    chart(
        plots.map_figure(view, colour=shown.colour, clip=shown.clip, synthetic=scene.synthetic, lang=scene.lang),
        "map",
        scene.lang,
        on_select="rerun",
        selection_mode=("points", "box", "lasso"),
        config=LASSO,
        footless=True,
    )
    chart_foot(
        "map",
        scene.lang,
        how="manifold.how",
        csv_of=lambda: csv_text(support_rows(shown, range(len(shown.layout.coordinates))), scene.comment()),
    )
    st.caption(":material/info: " + scene.text("manifold.caption", lines=len(shown.maps.cloud.lines)))


def _numbers(scene: Scene, shown: Shown) -> None:
    """Draw how far the map can be trusted, and how much of the new lies inside the training hull."""
    cells = st.columns(5)
    found = shown.layout
    metric(
        cells[0], scene.text("manifold.kpi.supports"), f"{len(found.coordinates):,}",
        scene.text("manifold.kpi.lines", n=len(shown.maps.cloud.lines), shots=shown.maps.cloud.shots),
    )  # fmt: skip
    explained = float(found.explained.sum())
    metric(
        cells[1], scene.text("manifold.kpi.explained"), f"{explained:.0%}" if np.isfinite(explained) else "–",
        scene.text("manifold.kpi.explained_note" if np.isfinite(explained) else "manifold.kpi.no_share"),
        help_text=scene.text("manifold.kpi.explained_help"),
    )  # fmt: skip
    for cell, name in ((cells[2], "trustworthiness"), (cells[3], "overlap")):
        value = float(getattr(found, name))
        metric(
            cell, scene.text(f"manifold.kpi.{name}"), f"{value:.2f}" if np.isfinite(value) else "–",
            scene.text("manifold.kpi.of_one"), help_text=scene.text(f"manifold.kpi.{name}_help"),
        )  # fmt: skip
    total = 0 if shown.placed is None else len(shown.placed.inside)
    inside = 0 if shown.placed is None else int(shown.placed.inside.sum())
    metric(
        cells[4], scene.text("manifold.kpi.hull"), f"{inside} / {total}" if total else "–",
        scene.text("manifold.kpi.hull_note"), help_text=scene.text("manifold.kpi.hull_help"),
    )  # fmt: skip


def support_rows(shown: Shown, rows: Any) -> list[dict[str, object]]:
    """Return supports with id, line, place in the map and in z, class balance, sigma and AUROC."""
    cloud, ids = shown.maps.cloud, shown.maps.ids()
    apart = placing.own_distance(cloud)
    return [
        {
            "support": ids[row],
            "line": cloud.lines[int(cloud.line[row])],
            "x": float(shown.layout.coordinates[row, 0]),
            "y": float(shown.layout.coordinates[row, 1]),
            "positives": int(cloud.positives[row]),
            "shots": cloud.shots,
            "distance_to_line": float(apart[row]),
            "mean_sigma": float(cloud.std[row].mean()),
            "auroc": float(cloud.auroc[row]),
            **{f"z{at + 1}": float(value) for at, value in enumerate(cloud.mean[row])},
        }
        for row in rows
    ]


@st.fragment
def gates_panel(scene: Scene, shown: Shown) -> None:
    """Draw up to four gates as small multiples; at first those that differ most between the lines."""
    layout.guarded(_gates, scene, shown)


def _gates(scene: Scene, shown: Shown) -> None:
    cloud = shown.maps.cloud
    between = np.stack([cloud.spectrum[cloud.line == at].mean(axis=0) for at in range(len(cloud.lines))]).std(axis=0)
    order = np.argsort(-between, kind="stable") + 1
    gates = st.multiselect(
        scene.text("manifold.gates"), list(range(1, cloud.spectrum.shape[1] + 1)), default=order[:4].tolist(),
        max_selections=plots.MOST_GATES, key="manifold_gates", help=scene.text("manifold.gates_help"),
        format_func=lambda gate: plots.colour_name(f"gate{gate}", scene.lang), persist_state="session",
        placeholder=scene.text("shell.choose"),
    )  # fmt: skip
    if not gates:
        empty(scene.text("manifold.gates.none"), scene.text("manifold.gates.none_do"))
        return
    chart(
        plots.gates_figure(
            view_of(scene, shown), [int(gate) for gate in gates], clip=shown.clip or 2.0,
            synthetic=scene.synthetic, lang=scene.lang,
        ),
        "map_gates",
        scene.lang,
        how="manifold.gates.how",
        provenance=scene.comment(),
    )  # fmt: skip
