"""What the labels taught: influence row by row, adapting again without one, and the permuted-label null."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import streamlit as st

from metabam.app import adaptation, cache, checking, session, tolens
from metabam.app.adaptation import Adaptation, Loaded
from metabam.app.layout import Scene
from metabam.app.live import SUPPORT_STATE
from metabam.app.widgets import chart, empty, plain, points_of
from metabam.plots import labels
from metabam.records import InfluenceRecord

PRESSED: Final = "adapt_pressed"
UNDO: Final = "support_undo"
ROW: Final = "influence_row"
FEWEST: Final = 5


def labels_panel(scene: Scene, done: Adaptation) -> None:
    """Draw influence by row with its click, the null of permuted labels, and refinement where there was one."""
    from metabam.probe.influence import support_influence

    if not len(done.given):
        empty(scene.text("live.nothing"))
        return
    record = support_influence(cache.model(scene.run).learner, done.given)
    comment = scene.comment()
    left, right = st.columns(2, gap="medium")
    with left:
        event = chart(
            labels.influence_figure(
                record, done.names, picked=_row(record), synthetic=scene.synthetic, lang=scene.lang
            ),
            "influence",
            scene.lang,
            how="live.influence.how",
            provenance=comment,
            on_select="rerun",
        )
        _clicked(event, record)
    with right:
        _row_panel(scene, done, record)
        chart(
            labels.null_figure(done.verdict, synthetic=scene.synthetic, lang=scene.lang),
            "null",
            scene.lang,
            how="live.null.how",
            provenance=comment,
        )
    if done.path is not None:
        chart(
            labels.refinement_figure(done.path, synthetic=scene.synthetic, lang=scene.lang),
            "refinement",
            scene.lang,
            how="live.refine.how",
            provenance=comment,
        )


def _row(record: InfluenceRecord) -> int:
    """Return the open row: the one that was clicked, else the one that the others contradict most."""
    row = session.get(ROW)
    if isinstance(row, int) and 0 <= row < len(record.labels):
        return row
    return int(np.argmin(record.left_out - record.prior))


def _clicked(event: Any, record: InfluenceRecord) -> None:
    for point in points_of(event):
        name = str(point.get("id", ""))
        row = int(name[3:]) if name.startswith("row") and name[3:].isdigit() else -1
        if 0 <= row < len(record.labels) and session.get(ROW) != row:
            session.put(ROW, row)
            st.rerun()


def _row_panel(scene: Scene, done: Adaptation, record: InfluenceRecord) -> None:
    """Draw one support pair in numbers, and the buttons that adapt again without it, and with it again."""
    row = _row(record)
    with st.container(border=True):
        st.markdown(f"**{scene.text('live.row', row=row + 1, name=plain(done.names[row], 70))}**")
        st.markdown(
            scene.text(
                "live.row.said",
                label=scene.text(f"fig.label.{int(record.labels[row])}"),
                gain=float(record.left_out[row] - record.prior[row]),
                shift=float(record.shift[row]),
            )
        )
        support = session.get(SUPPORT_STATE)
        current = isinstance(support, Loaded) and support.sha256 == done.support_sha256
        with st.container(horizontal=True, gap="small"):
            st.button(
                scene.text("live.row.without", row=row + 1),
                icon=":material/person_remove:",
                key="without_row",
                disabled=not current or len(done.labels) < FEWEST,
                on_click=_without,
                args=(row, scene),
                help=scene.text("live.row.without_help"),
            )
            tolens.support_button(scene, done, row)
            if isinstance(session.get(UNDO), Loaded):
                st.button(scene.text("live.row.undo"), icon=":material/undo:", key="undo_row", on_click=_undo)


def _without(row: int, scene: Scene) -> None:
    """Take one pair out of the table and adapt again; the table as it was stays at hand."""
    loaded: Loaded = session.get(SUPPORT_STATE)
    if not isinstance(session.get(UNDO), Loaded):
        session.put(UNDO, loaded)
    again = adaptation.read_support(
        checking.without_row(loaded, row),
        loaded.name,
        "edit",
        cache.genome(scene.summary.run_id),
        one_class=loaded.one_class,
        answers=dict(loaded.answers),
    )
    session.put(SUPPORT_STATE, again)
    session.forget(ROW, "chart_influence")
    session.put(PRESSED, True)


def _undo() -> None:
    session.put(SUPPORT_STATE, session.take(UNDO))
    session.forget(ROW, "chart_influence")
    session.put(PRESSED, True)
