"""What leaves Fingerprint drift: reversed pairs, the view as JSON, and coordinates that the reader brings."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from metabam.app import cache, session, swapping
from metabam.app import lines as known
from metabam.app.drift import matrix_rows
from metabam.app.driftcell import Foot, Named, pair_rows
from metabam.app.layout import Scene
from metabam.app.lines import Line
from metabam.app.swapping import Cell, Settings
from metabam.app.widgets import csv_text, json_text, plain


def foot(scene: Scene, lines: dict[str, Line], cell: Cell, settings: Settings) -> Foot:
    """Return what draws the exports of a cell once its pairs have names."""
    return lambda pairs, pinned: exports(scene, lines, cell, pairs, settings, pinned)


def reversed_bedpe(cell: Cell, pairs: Named, comment: str) -> bytes:
    """Return the reversed pairs whose place is known as BEDPE, 0-based half-open; score = swapped minus native logit.

    Columns 11 to 14: label in B, label in A, native and swapped logit. Comment lines begin with ``#``.
    """
    from metabam.data.exports import export_rows

    chosen = np.flatnonzero(cell.reversed & (pairs.rows >= 0))
    table = pairs.places.table.take(pairs.rows[chosen])
    anchors = ("chrom1", "start1", "end1", "chrom2", "start2", "end2")
    columns: dict[str, Any] = dict(zip(anchors, table.coordinates(), strict=True))
    columns["name"] = [pairs.names[at] for at in chosen]
    columns["score"] = (cell.answers["own"] - cell.native)[chosen]
    columns["strand1"] = columns["strand2"] = ["."] * len(chosen)
    columns |= {"label_b": cell.labels_b[chosen], "label_a": cell.labels_a[chosen]}
    columns |= {"native": cell.native[chosen], "swapped": cell.answers["own"][chosen]}
    body = export_rows(columns).split(b"\n", 1)[1]
    head = [*comment.splitlines(), "columns 11-14: " + ", ".join(("label_b", "label_a", "native", "swapped"))]
    return "".join(f"# {line}\n" for line in head).encode() + body


def exports(
    scene: Scene, lines: dict[str, Line], cell: Cell, pairs: Named, settings: Settings, pinned: list[int]
) -> None:
    """Draw the export row, and a way to give coordinates where the run does not know them."""
    chosen = np.flatnonzero(cell.reversed)
    placed = int((pairs.rows[chosen] >= 0).sum())
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            scene.text("drift.export.bedpe"), lambda: reversed_bedpe(cell, pairs, scene.comment()),
            "metabam_reversed_pairs.bedpe", "text/tab-separated-values", icon=":material/download:",
            on_click="ignore", key="drift_bedpe", disabled=placed == 0,
            help=scene.text("drift.export.bedpe_help", placed=placed, n=len(chosen)),
        )  # fmt: skip
        st.download_button(
            scene.text("drift.export.csv"), lambda: csv_text(pair_rows(cell, pairs, chosen), scene.comment()),
            "metabam_reversed_pairs.csv", "text/csv", icon=":material/download:", on_click="ignore", key="drift_csv",
        )  # fmt: skip
        st.download_button(
            scene.text("drift.export.json"), lambda: session_json(scene, lines, cell, pairs, settings, pinned),
            "metabam_drift.json", "application/json", icon=":material/data_object:", on_click="ignore",
            key="drift_json", help=scene.text("drift.export.json_help"),
        )  # fmt: skip
    if placed < len(chosen):
        st.caption(scene.text("drift.places", placed=placed, n=len(chosen)))
        st.file_uploader(
            scene.text("drift.places.upload"), key="drift_places", max_upload_size=20,
            on_change=_take_places, args=(scene,),
        )  # fmt: skip
    if session.take("drift_places_refused"):
        st.warning(scene.text("drift.places.refused"), icon=":material/block:")


def _take_places(scene: Scene) -> None:
    """Read a table of pairs for its names and coordinates alone; it stays in this session."""
    from metabam.data.upload import read_queries

    file = session.get("drift_places")
    if file is None:
        session.forget(known.PLACES)
        return
    found = read_queries(file.getvalue(), str(plain(file.name)), cache.genome(scene.summary.run_id))
    if found.refused or not found.usable.any():
        session.put("drift_places_refused", True)
        return
    session.put(known.PLACES, known.joined([found.table.take(found.usable)]))


def session_json(
    scene: Scene, lines: dict[str, Line], cell: Cell, pairs: Named, settings: Settings, pinned: list[int]
) -> str:
    """Return what repeats this view: lines, settings, every score of the cell, and which pairs were pinned."""
    kept = swapping.matrix_of(scene, lines, settings)
    scores = [row for record in (cell.column, cell.row) for row in matrix_rows(record)[1:2]]

    def finite(rows: list[dict[str, object]]) -> list[dict[str, object]]:
        return [{key: None if value != value else value for key, value in row.items()} for row in rows]

    return json_text(
        {
            "format": "metabam-drift",
            "version": 1,
            "synthetic": scene.synthetic,
            "fingerprint_of": cell.a,
            "sequences_of": cell.b,
            "seed": settings.seed,
            "shots": settings.shots,
            "draws_of_z": settings.draws,
            "pairs_shown": len(cell.native),
            "pairs_shared": cell.total,
            "sampling": "pairs labelled in both lines, none sharing an element with a support, thinned evenly",
            "scores": finite(scores),
            "matrix": [] if not kept else finite([row for record in kept for row in matrix_rows(record)]),
            "pinned": [pairs.names[at] for at in pinned],
            "provenance": scene.provenance(),
        }
    )
