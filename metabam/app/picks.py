"""Selections on charts: read once, by identity, before the widgets they change are drawn."""

from __future__ import annotations

from typing import Any

import streamlit as st

from metabam.app import session
from metabam.app.widgets import digest, points_of


def ids_of(event: Any) -> list[str]:
    """Return the identities of the selected points; they may come back as text, list or dictionary."""
    found = []
    for point in points_of(event):
        value = point.get("id", point.get("customdata", ""))
        while isinstance(value, list | tuple | dict):
            value = next(iter(value.values() if isinstance(value, dict) else value), "")
        if str(value):
            found.append(str(value))
    return found


def fresh(key: str) -> list[str]:
    """Return the identities of a selection that was not seen before; a chart keeps its selection over reruns."""
    ids, seen = ids_of(st.session_state.get(key)), f"{key}_seen"
    mark = digest(*ids) if ids else ""
    if mark == session.get(seen, ""):
        return []
    session.put(seen, mark)
    return ids


def linked(name: str, allowed: list[str], default: str) -> str | None:
    """Prepare a widget that the address is bound to; return what the address asked for in vain, if it did.

    To be called before the widget is drawn: a bound widget refuses a value that is not among its options.
    """
    asked = st.query_params.get(name)
    if session.get(name, asked) not in allowed:
        session.put(name, default)
    return asked if asked is not None and asked not in allowed else None


def recall(name: str, allowed: list[str], default: str) -> str | None:
    """Prepare an unbound widget from the address; return what the address asked for in vain, if it did.

    A bound widget writes its options into the address as they are shown, in the reader's language; this pair of
    functions writes their ids.
    """
    asked = st.query_params.get(name)
    if session.get(name) not in allowed:
        session.put(name, asked if asked in allowed else default)
    return asked if asked is not None and asked not in allowed else None


def remember(name: str, default: str) -> None:
    """Write the choice of an unbound widget into the address; the default leaves no trace there."""
    chosen = session.get(name, default)
    if chosen == default:
        if name in st.query_params:
            del st.query_params[name]
    elif st.query_params.get(name) != chosen:
        st.query_params[name] = chosen
