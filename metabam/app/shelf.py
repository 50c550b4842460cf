"""Long computations on data that all sessions share: kept by digest, so that the second visitor does not wait."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

import streamlit as st

MOST: Final = 12


@dataclass(slots=True)
class Shelf:
    """The last few results by key; what is put in is a frozen record, and nobody edits it."""

    most: int = MOST
    kept: OrderedDict[str, Any] = field(default_factory=OrderedDict)
    lock: Any = field(default_factory=Lock, repr=False)

    def get(self, key: str) -> Any:
        """Return a result, or None."""
        with self.lock:
            if key in self.kept:
                self.kept.move_to_end(key)
            return self.kept.get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep a result; beyond ``most``, the one that was not asked for the longest goes."""
        with self.lock:
            self.kept[key] = value
            self.kept.move_to_end(key)
            while len(self.kept) > self.most:
                self.kept.popitem(last=False)


@st.cache_resource(max_entries=1, show_spinner=False)
def shared() -> Shelf:
    """Return the one shelf of this server. Nothing that a visitor brought is ever put on it."""
    return Shelf()
