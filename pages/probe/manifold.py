import streamlit as st

from metabam.app import layout, manifold, neighbours, truth
from metabam.app.layout import Scene

scene = layout.begin("manifold")
layout.finished_model(scene)


def body(scene: Scene) -> None:
    maps = manifold.source(scene)
    if maps is None:
        return
    shown = manifold.controls(scene, maps)
    manifold.board(scene, shown)
    st.subheader(scene.text("manifold.nearest"), anchor=False)
    neighbours.nearest_panel(scene, shown, truth.shown(scene))
    st.subheader(scene.text("manifold.chosen.title"), anchor=False)
    neighbours.chosen_panel(scene, shown)
    st.subheader(scene.text("manifold.gates.title"), anchor=False)
    manifold.gates_panel(scene, shown)


layout.guarded(body, scene)
layout.footer(scene)
