"""The Streamlit app: ``metabam app``, or ``streamlit run app.py``."""

import streamlit as st

from metabam.app import brand, layout, navigation

st.set_page_config(page_title="Meta-BAM", page_icon=brand.ICON, layout="wide", initial_sidebar_state="expanded")
page = navigation.menu()
layout.sidebar()
layout.guarded(page.run)
