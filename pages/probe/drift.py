import streamlit as st

from metabam.app import drift, driftcell, driftexport, layout, truth
from metabam.app.layout import Scene

scene = layout.begin("drift")
layout.finished_model(scene)


def body(scene: Scene) -> None:
    lines, a, b, settings = drift.controls(scene)
    cell = drift.board(scene, lines, a, b, settings)
    st.subheader(scene.text("drift.pairs"), anchor=False)
    planted = truth.shown(scene)
    pairs = driftcell.named(scene, lines, cell)
    pinned = driftcell.pairs_panel(scene, cell, pairs, planted)
    st.subheader(scene.text("drift.turning"), anchor=False)
    driftcell.turning(scene, lines, cell, pairs, pinned)
    driftexport.exports(scene, lines, cell, pairs, settings, pinned)


layout.guarded(body, scene)
layout.footer(scene)
