"""What Context manifold says in tables: the nearest lines of new ones, and the supports that the reader chose."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from metabam.app import manifold, placing, session
from metabam.app.layout import Scene
from metabam.app.manifold import Shown, support_rows
from metabam.app.widgets import csv_text, empty, json_text, number, plain

Array = NDArray[np.float64]
MOST_ROWS = 300


def nearest_panel(scene: Scene, shown: Shown, truth: Any) -> None:
    """Draw the three nearest lines of each new line by distance in z, and whether it lies in the training hull."""
    found = shown.placed
    if found is None:
        empty(scene.text("manifold.new.none"), scene.text("manifold.new.none_do"))
        return
    names = shown.maps.cloud.lines
    cells = []
    for place, line in enumerate(shown.new):
        row: dict[str, object] = {scene.text("manifold.col.line"): line.name}
        for rank, at in enumerate(found.nearest[place], start=1):
            said = f"{names[int(at)]}  ({found.distance[place, rank - 1]:.2f})"
            row[scene.text("manifold.col.nearest", rank=rank)] = said
        row[scene.text("manifold.col.inside")] = scene.text("manifold.yes" if found.inside[place] else "manifold.no")
        row[scene.text("manifold.col.sigma")] = float(line.belief.std.mean())
        if truth is not None:
            row[scene.text("manifold.col.truth")] = true_nearest(truth, line.name, names) or "–"
        cells.append(row)
    st.dataframe(
        cells, hide_index=True, key="manifold_nearest",
        alt=scene.text("manifold.nearest.alt", line=shown.new[0].name, near=names[int(found.nearest[0, 0])],
                       gap=float(found.distance[0, 0])),
        column_config={scene.text("manifold.col.sigma"): st.column_config.NumberColumn(format="%.2f", width="small")},
    )  # fmt: skip
    typical = float(np.median(placing.own_distance(shown.maps.cloud)))
    st.caption(scene.text("manifold.nearest.yardstick", gap=f"{typical:.2f}", shots=shown.maps.cloud.shots))


def true_nearest(truth: Any, name: str, lines: tuple[str, ...]) -> str:
    """Return the training line whose planted gates are nearest to a line's (Euclidean); empty where unknown."""
    places = {line: at for at, line in enumerate(truth.lines)}
    own = places.get(name.split(" | ")[0])
    others = [(line, places[line.split(" | ")[0]]) for line in lines if line.split(" | ")[0] in places]
    if own is None or not others:
        return ""
    gaps = [float(np.linalg.norm(truth.gates[own] - truth.gates[at])) for _, at in others]
    return others[int(np.argmin(gaps))][0]


def chosen_panel(scene: Scene, shown: Shown) -> None:
    """Draw the chosen supports, what sets them apart from the rest, and the exports."""
    rows = manifold.chosen_rows(shown.maps)
    if not rows:
        empty(scene.text("manifold.chosen.none"), scene.text("manifold.chosen.none_do"))
    else:
        _chosen_table(scene, shown, rows)
    _exports(scene, shown, rows)


def _chosen_table(scene: Scene, shown: Shown, rows: list[int]) -> None:
    said = support_rows(shown, rows)
    lines = sorted({str(row["line"]) for row in said})
    counts = ", ".join(f"{plain(line)}: {sum(row['line'] == line for row in said)}" for line in lines)
    st.markdown(
        f"**{scene.text('manifold.chosen', n=len(rows))}** · :gray[{counts}] · "
        f":gray[{scene.text('shell.shown', shown=min(len(rows), MOST_ROWS), total=len(rows))}]"
    )
    st.caption(scene.text("manifold.chosen.means", **_means(shown, rows)))
    columns = {
        "support": "support", "line": "line", "positives": "positives", "distance_to_line": "distance",
        "mean_sigma": "sigma", "auroc": "auroc",
    }  # fmt: skip
    cells = [{scene.text(f"manifold.col.{name}"): row[key] for key, name in columns.items()} for row in said]
    decimals = st.column_config.NumberColumn(format="%.3f", width="small")
    st.dataframe(
        cells[:MOST_ROWS], hide_index=True, height=330, key="manifold_chosen_table",
        alt=scene.text("manifold.chosen.alt", n=len(rows)),
        column_config={scene.text(f"manifold.col.{name}"): decimals for name in ("distance", "sigma", "auroc")},
    )  # fmt: skip


def _means(shown: Shown, rows: list[int]) -> dict[str, str]:
    """Return means of the chosen supports and of all others."""
    cloud = shown.maps.cloud
    mask = np.zeros(len(cloud.line), dtype=bool)
    mask[rows] = True
    values = {
        "share": cloud.positives / cloud.shots,
        "distance": placing.own_distance(cloud),
        "sigma": cloud.std.mean(axis=1),
        "auroc": cloud.auroc,
    }
    told = {}
    for name, column in values.items():
        for kind, part in (("chosen", column[mask]), ("rest", column[~mask])):
            known = part[np.isfinite(part)]
            told[f"{name}_{kind}"] = number(float(known.mean()), 2) if len(known) else "–"
    return told


def _exports(scene: Scene, shown: Shown, rows: list[int]) -> None:
    """Draw the exports and the way to drop the selection."""
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            scene.text("manifold.export.csv"),
            lambda: csv_text(support_rows(shown, range(len(shown.maps.cloud.line))), scene.comment()),
            "metabam_map.csv", "text/csv", icon=":material/download:", on_click="ignore", key="manifold_csv",
        )  # fmt: skip
        st.download_button(
            scene.text("manifold.export.ids"),
            lambda: csv_text([{"support": row["support"]} for row in support_rows(shown, rows)], scene.comment()),
            "metabam_chosen_supports.csv", "text/csv", icon=":material/lasso_select:", on_click="ignore",
            key="manifold_ids", disabled=not rows,
        )  # fmt: skip
        st.download_button(
            scene.text("manifold.export.json"), lambda: session_json(scene, shown, rows), "metabam_map.json",
            "application/json", icon=":material/data_object:", on_click="ignore", key="manifold_json",
        )  # fmt: skip
        st.button(
            scene.text("manifold.clear"), icon=":material/deselect:", type="tertiary", on_click=manifold.clear,
            disabled=not rows, key="manifold_clear",
        )  # fmt: skip


def session_json(scene: Scene, shown: Shown, rows: list[int]) -> str:
    """Return what repeats this view: the map, its colours, how supports were chosen, and where new lines lie."""
    found, layout = shown.placed, shown.layout
    ids = shown.maps.ids()

    def plain_number(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    new = [
        {
            "line": line.name,
            "nearest": [shown.maps.cloud.lines[int(at)] for at in found.nearest[place]],
            "distance": found.distance[place].tolist(),
            "inside_hull": bool(found.inside[place]),
        }
        for place, line in enumerate(shown.new)
        if found is not None
    ]
    return json_text(
        {
            "format": "metabam-map-view",
            "version": 1,
            "synthetic": scene.synthetic,
            "view": shown.view,
            "dimensions": [axis + 1 for axis in shown.axes] if shown.view == "raw" else None,
            "colour": shown.colour,
            "clip_percent": shown.clip,
            "explained": [plain_number(value) for value in layout.explained],
            "trustworthiness": plain_number(layout.trustworthiness),
            "overlap_15": plain_number(layout.overlap),
            "supports": len(ids),
            "shots": shown.maps.cloud.shots,
            "selection": session.get(manifold.SHAPES) or [],
            "chosen": [ids[row] for row in rows],
            "new_lines": new,
            "provenance": scene.provenance(),
        }
    )
