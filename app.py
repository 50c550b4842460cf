"""The Streamlit app: ``metabam app``, or ``streamlit run app.py``."""

from metabam.app import brand, layout, navigation

brand.configure()
page = navigation.menu()
layout.sidebar()
layout.guarded(page.run)
