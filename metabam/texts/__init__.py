"""The one catalogue of strings that a screen shows, English and Chinese.

Every sentence on a page, in a figure or in an export has a key here; :func:`text` returns it in the language asked
for. The catalogue is one dictionary, written in one file per page because together they would be too long to read.
A test holds that every key has both languages and that both use the same placeholders.

Examples
--------
>>> text("shell.badge.synthetic")
'SYNTHETIC'
>>> text("shell.shown", "zh", shown=5, total=7)
'显示 5 / 共 7'
"""

from __future__ import annotations

from typing import Final, Literal

from metabam.texts import (
    ablation,
    adapt,
    atoms,
    card,
    design,
    drift,
    evaluation,
    evaluation_figures,
    figures,
    labels,
    manifold,
    notebook,
    overview,
    sequence,
    shell,
    training,
)

Language = Literal["en", "zh"]
LANGUAGES: Final[dict[Language, str]] = {"en": "English", "zh": "中文"}

CATALOGUE: Final[dict[str, tuple[str, str]]] = {
    **shell.CATALOGUE,
    **overview.CATALOGUE,
    **training.CATALOGUE,
    **atoms.CATALOGUE,
    **card.CATALOGUE,
    **sequence.CATALOGUE,
    **ablation.CATALOGUE,
    **drift.CATALOGUE,
    **manifold.CATALOGUE,
    **adapt.CATALOGUE,
    **design.CATALOGUE,
    **evaluation.CATALOGUE,
    **evaluation_figures.CATALOGUE,
    **figures.CATALOGUE,
    **labels.CATALOGUE,
    **notebook.CATALOGUE,
}


def text(key: str, lang: str = "en", **values: object) -> str:
    """Return one string of the catalogue with its placeholders filled.

    Parameters
    ----------
    key
        Dotted key, for example ``"overview.title"``.
    lang
        ``"en"`` or ``"zh"``; anything else reads as English.
    **values
        One value for each placeholder of the string.

    Raises
    ------
    KeyError
        When the key is not in the catalogue or a placeholder has no value: a fault of the caller, never of a user.
    """
    english, chinese = CATALOGUE[key]
    return (chinese if lang == "zh" else english).format_map(values)


def has(key: str) -> bool:
    """Return whether the catalogue knows a key."""
    return key in CATALOGUE


def language(value: object) -> Language:
    """Return a language of the catalogue for any value, English where it is none."""
    return "zh" if value == "zh" else "en"
