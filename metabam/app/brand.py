"""The wordmark: an enhancer arc over a promoter, drawn as SVG so that nothing is fetched."""

from __future__ import annotations

from typing import Final

import streamlit as st

LOGO: Final = """<svg xmlns="http://www.w3.org/2000/svg" width="172" height="32" viewBox="0 0 172 32">
<path d="M6 24 C6 6, 28 6, 28 24" fill="none" stroke="#1B6B7F" stroke-width="2.6" stroke-linecap="round"/>
<line x1="1" y1="24" x2="34" y2="24" stroke="#B8C4C9" stroke-width="2.4" stroke-linecap="round"/>
<circle cx="6" cy="24" r="4.4" fill="#0072B2"/><circle cx="28" cy="24" r="4.4" fill="#D55E00"/>
<text x="46" y="24.5" font-family="'Source Sans','Source Sans Pro','Helvetica Neue',Arial,sans-serif" font-size="22"
 font-weight="650" fill="#1F2D33">Meta-BAM</text></svg>"""

ICON: Final = """<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32" viewBox="0 0 34 34">
<path d="M6 25 C6 5, 28 5, 28 25" fill="none" stroke="#1B6B7F" stroke-width="3" stroke-linecap="round"/>
<circle cx="6" cy="25" r="5" fill="#0072B2"/><circle cx="28" cy="25" r="5" fill="#D55E00"/></svg>"""


def configure() -> None:
    """Set title, icon and layout of the browser tab; to be called before a menu is built.

    A menu without it makes the browser fetch the chosen page's icon from Google as the icon of the tab.
    """
    st.set_page_config(page_title="Meta-BAM", page_icon=ICON, layout="wide", initial_sidebar_state="expanded")
