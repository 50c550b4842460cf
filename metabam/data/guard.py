"""Spreadsheet formulas: an apostrophe before text that would run as one, and its exact removal on import.

``guard`` adds one apostrophe to a text that begins, after any apostrophes, with ``= + - @``, TAB, CR or LF or their
full-width forms; ``unguard`` removes one from such a text. The two are inverse for every text, so that an export
re-imports bit for bit. Numbers are never guarded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_DANGER = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_NEEDS = re.compile(f"'*[{_DANGER}]")
_HAS = re.compile(f"'+[{_DANGER}]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)


def guard(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula.

    >>> guard("=1+1"), guard("K562"), guard("-0.5")
    ("'=1+1", 'K562', '-0.5')
    """
    return "'" + text if _NEEDS.match(text) and not _NUMBER.fullmatch(text) else text


def unguard(text: str) -> str:
    """Return the text that :func:`guard` was given.

    >>> unguard("'=1+1"), unguard("'abc")
    ('=1+1', "'abc")
    """
    return text[1:] if _HAS.match(text) else text


def unguard_column(cells: Sequence[str]) -> tuple[Sequence[str], int]:
    """Return a column without guards, and how many were removed."""
    if not any(cell[:1] == "'" for cell in cells):
        return cells, 0
    plain = [unguard(cell) for cell in cells]
    return plain, sum(a != b for a, b in zip(cells, plain, strict=True))
