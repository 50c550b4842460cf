"""What belongs to one browser session: its language, its tables, its answers. Nothing here is shared with another.

Uploads and adaptations live in ``st.session_state`` only, never in a cache that several sessions read. The session's
id is never shown, logged or exported.
"""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from metabam.texts import Language
from metabam.texts import language as known

LANGUAGE: Final = "language"
KEPT: Final = (
    LANGUAGE,
    "support_state",
    "query_state",
    "adaptation",
    "atom_notes",
    "atom_places",
    "atom_motifs",
    "pair_places",
    "candidate_state",
    "candidate_features",
    "design_plan",
)
UNBOUND: Final = ("colour", "line", "pair")
"""Choices that a page writes into the address itself, because no widget is bound to them."""
_ADDRESS: Final = "lang"


def language() -> Language:
    """Return the language of this session: the last choice made, else the one in the address, else English."""
    if LANGUAGE not in st.session_state:
        st.session_state[LANGUAGE] = known(st.query_params.get(_ADDRESS, "en"))
    return known(st.session_state[LANGUAGE])


def remember_language() -> None:
    """Write the language into the address, so that a copied link opens in it."""
    if language() == "en":
        if _ADDRESS in st.query_params:
            del st.query_params[_ADDRESS]
    elif st.query_params.get(_ADDRESS) != language():
        st.query_params[_ADDRESS] = language()


def get(name: str, default: Any = None) -> Any:
    """Return a value of this session."""
    return st.session_state.get(name, default)


def put(name: str, value: Any) -> None:
    """Keep a value for this session."""
    st.session_state[name] = value


def take(name: str) -> Any:
    """Return a value of this session and drop it: a button's press, noted by its callback, counts once.

    Callbacks note a press because ``st.rerun`` (which a door uses) forgets which button was pressed.
    """
    return st.session_state.pop(name, None)


def forget(*names: str) -> None:
    """Drop values of this session."""
    for name in names:
        st.session_state.pop(name, None)


def reset_view() -> None:
    """Drop every control's state, but neither the language nor the tables that the user brought."""
    for name in list(st.session_state):
        if str(name) not in KEPT:
            del st.session_state[name]
    for name in UNBOUND:
        if name in st.query_params:
            del st.query_params[name]
