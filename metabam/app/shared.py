"""Results that took long and that every session may read: the last few of each kind, by the digest of what made them.

Nothing that a reader brought comes here. Unlike Streamlit's caches, it lets a computation draw its progress.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import streamlit as st

MOST: Final = 8


@st.cache_resource(max_entries=1, show_spinner=False)
def _kept() -> OrderedDict[str, Any]:
    """Return what is kept for all sessions."""
    return OrderedDict()


def find(key: str) -> Any:
    """Return a kept result, or ``None``."""
    return _kept().get(key)


def keep(key: str, value: Any) -> None:
    """Keep a result; the oldest goes when there are more than eight."""
    kept = _kept()
    kept[key] = value
    while len(kept) > MOST:
        kept.popitem(last=False)
