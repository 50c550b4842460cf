"""The card of one atom as a file: one HTML page that works without a network, and atom and notes as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from metabam.app import gallery, judged
from metabam.app.widgets import json_text
from metabam.plots.offline import offline_page

if TYPE_CHECKING:
    from metabam.app.card import Card


def exports(card: Card) -> None:
    """Draw the two downloads of the card."""
    st.divider()
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            card.text("card.html"),
            lambda: card_html(card),
            f"metabam_atom{card.atom + 1}.html",
            "text/html",
            icon=":material/description:",
            on_click="ignore",
            key="card_html",
            help=card.text("card.html_help"),
        )
        st.download_button(
            card.text("card.json"),
            lambda: json_text(card_values(card)),
            f"metabam_atom{card.atom + 1}.json",
            "application/json",
            icon=":material/data_object:",
            on_click="ignore",
            key="card_json",
            help=card.text("card.json_help"),
        )


def card_values(card: Card) -> dict[str, object]:
    """Return the atom, what the reader wrote about it, the numbers of the card and where they come from."""
    said = gallery.notes(card.scene).get(str(card.atom + 1), {})
    return {
        "atom": card.atom + 1,
        "label": said.get("label", ""),
        "notes": said.get("notes", ""),
        "pinned_atom": None if card.chosen.second is None else card.chosen.second + 1,
        **card.facts,
        "provenance": card.scene.provenance(),
    }


def card_html(card: Card) -> str:
    """Return the card as one offline HTML page, parts in the order of the screen."""
    said = gallery.notes(card.scene).get(str(card.atom + 1), {})
    label = f" · {said['label']}" if said.get("label") else ""
    sections = list(card.sections)
    if said.get("notes"):
        sections[0] = type(sections[0])(
            sections[0].title, [*sections[0].paragraphs, said["notes"]], sections[0].rows, sections[0].figures
        )
    return offline_page(
        f"Meta-BAM · {card.text('fig.card.atom', k=card.atom + 1)}{label}",
        sections,
        synthetic=card.scene.synthetic,
        footer=_footer(card),
        lang=card.scene.lang,
    )


def _footer(card: Card) -> str:
    """Return the honesty verdict in the reader's language, then the provenance."""
    said = judged.honesty_text(judged.audit(card.scene), card.scene.lang)
    facts = "; ".join(f"{name} {value}" for name, value in card.scene.provenance().items())
    return f"{card.text('shell.honesty', said=said)} · {facts}"
