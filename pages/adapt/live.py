import streamlit as st

from metabam.app import checking, layout, live, press, reading, sessions, tolens

tolens.leave()
scene = layout.begin("live")
layout.finished_model(scene)
st.subheader(scene.text("live.get"), anchor=False)
live.get_block(scene)
st.subheader(scene.text("live.check"), anchor=False)
support = checking.check_block(scene)
st.subheader(scene.text("live.adapt"), anchor=False)
press.adapt_block(scene, support)
st.subheader(scene.text("live.read"), anchor=False)
layout.guarded(reading.read_block, scene)
layout.guarded(sessions.session_block, scene)
layout.footer(scene)
