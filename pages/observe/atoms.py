import streamlit as st

from metabam.app import independence, layout
from metabam.app.widgets import empty

scene = layout.begin("atoms")
spectrum, gallery = st.tabs(
    [scene.text("atoms.tab.spectrum"), scene.text("atoms.tab.gallery")], key="atoms_tab", on_change="rerun"
)
if spectrum.open:
    with spectrum:
        records = independence.records_of(scene)
        record, normalised, threshold = independence.controls(scene, records)
        independence.numbers(scene, record, normalised=normalised, threshold=threshold)
        independence.figures(scene, records, record, normalised=normalised, threshold=threshold)
if gallery.open:
    with gallery:
        empty(scene.text("atoms.gallery.none"), scene.text("atoms.gallery.none_do"))
layout.footer(scene)
