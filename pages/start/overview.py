import streamlit as st

from metabam.app import layout, summary

scene = layout.begin("overview")
facts = summary.numbers(scene)
layout.guarded(summary.path_block, scene)
left, right = st.columns(2, gap="large")
with left:
    scores = summary.scores_block(scene)
with right:
    layout.guarded(summary.lines_block, scene)
summary.runs_block(scene)
summary.card_block(scene, facts, scores)
layout.footer(scene)
