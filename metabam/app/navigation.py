"""The registry of pages, the menu made from it, and the doors that lead a fresh server into it.

The pages lie one folder below ``pages/``; beside the folders lie one-line doors. Streamlit runs a door only when the
first request to a fresh process is a deep link, because a folder of that name wakes its older router until
``st.navigation`` has run once; the door calls :func:`enter`, which turns that router off and starts over in app.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NoReturn

import streamlit as st

from metabam.app import brand, session
from metabam.texts import text


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: ``pages/<section>/<stem>.py``; the stem is also its address."""

    section: str
    stem: str
    icon: str
    default: bool = False

    @property
    def path(self) -> str:
        """Return the script path, relative to app.py."""
        return f"pages/{self.section}/{self.stem}.py"

    def title(self, lang: str) -> str:
        """Return the title in one language."""
        return text(f"{self.stem}.title", lang)


PAGES: Final[tuple[Entry, ...]] = (
    Entry("start", "overview", ":material/home:", default=True),
    Entry("observe", "training", ":material/monitoring:"),
    Entry("observe", "atoms", ":material/grain:"),
    Entry("probe", "sequence", ":material/genetics:"),
    Entry("probe", "ablation", ":material/content_cut:"),
    Entry("probe", "drift", ":material/swap_horiz:"),
    Entry("probe", "manifold", ":material/bubble_chart:"),
    Entry("adapt", "live", ":material/science:"),
    Entry("adapt", "design", ":material/explore:"),
    Entry("judge", "evaluation", ":material/balance:"),
)


ARRIVAL: Final = "arrival"
ARRIVED: Final = "arrived"


def entry(stem: str) -> Entry:
    """Return the registered page of one stem."""
    return next(page for page in PAGES if page.stem == stem)


def menu() -> st.Page:
    """Return the page that the address asks for, having drawn the menu."""
    lang = session.language()
    sections: dict[str, list[st.Page]] = {}
    for page in PAGES:
        shown = st.Page(
            page.path,
            title=page.title(lang),
            icon=page.icon,
            url_path="" if page.default else page.stem,
            default=page.default,
        )
        sections.setdefault(text(f"shell.section.{page.section}", lang), []).append(shown)
    return st.navigation(sections)


def enter() -> None:
    """Leave a door: build the menu once, then start over in app.py."""
    brand.configure()
    menu()
    st.rerun()


def go(stem: str, **choices: str) -> NoReturn:
    """Open another page of this app with choices already made, and keep the language in the address.

    Choices travel in the session, by the keys of the other page's controls (:func:`arrive`): Streamlit refuses to write
    an address that a control of this page is bound to, and the other page's controls write theirs themselves.

    Streamlit refuses to clear an address that a widget is bound to, and clearing is what it does when it is given no
    new one; the bound run comes back by itself.
    """
    lang = session.language()
    session.put(ARRIVAL, choices)
    st.switch_page(entry(stem).path, query_params={} if lang == "en" else {"lang": lang})


def arrive() -> None:
    """Set the controls of this page to the choices that :func:`go` was called with, before they are drawn."""
    choices: dict[str, str] = session.take(ARRIVAL) or {}
    for name, value in choices.items():
        session.put(name, value)
    if choices:
        session.put(ARRIVED, choices)
