import streamlit as st

from metabam.app import design, design_read, layout

scene = layout.begin("design")
layout.finished_model(scene)
top = st.container()
st.subheader(scene.text("design.get"), anchor=False)
loaded = design.candidates_block(scene)
st.subheader(scene.text("design.ask"), anchor=False)
design.wishes_form(scene, loaded)
st.subheader(scene.text("design.read"), anchor=False)
layout.guarded(design_read.read_block, scene)
layout.guarded(design_read.check_block, scene)
with top:
    design_read.verdict(scene)
layout.footer(scene)
