import streamlit as st

from metabam.app import cache, layout, monitor, session

scene = layout.begin("training")
monitor.controls(scene, cache.history(scene.run, scene.summary.run_id))
age = scene.summary.heartbeat_age
live = (
    scene.summary.state == "running" and session.get("live", True) and age is not None and age < monitor.FRESH_SECONDS
)


@st.fragment(run_every=5 if live else None)
def board() -> None:
    layout.guarded(monitor.board, scene)


board()
with st.popover(scene.text("shell.how"), type="tertiary", icon=":material/help:"):
    st.markdown(scene.text("training.how"))
layout.footer(scene)
