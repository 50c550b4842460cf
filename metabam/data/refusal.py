"""How the table reader says no: one exception inside, findings outside; and how user text appears in messages."""

from __future__ import annotations

import unicodedata

from metabam.data.limits import SHOWN_CHARACTERS
from metabam.errors import InputError
from metabam.records import Problem, Severity


class TableRefusedError(InputError):
    """A whole input is unusable; ends reading and becomes the report's first finding."""

    def __init__(
        self,
        code: str,
        message: str,
        remedy: str = "",
        *,
        line: int | None = None,
        column: str | None = None,
        severity: Severity = Severity.REJECTED,
    ) -> None:
        super().__init__(code, message, remedy)
        self.line = line
        self.column = column
        self.severity = severity

    def problem(self) -> Problem:
        """Return the finding that a report lists."""
        return Problem(self.code, self.severity, self.message, self.remedy, self.line, self.column)


def shown(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """Return user text as it may stand in a message: one line, cut, control and invisible characters as code points.

    Markup is left as it is: whoever renders a message escapes it, always.

    >>> shown("a" + chr(0x202E) + "b")
    'a<U+202E>b'
    """
    cut = text[:limit]
    kept = "".join(character if _visible(character) else f"<U+{ord(character):04X}>" for character in cut)
    return kept + ("..." if len(text) > limit else "")


def shown_name(name: str) -> str:
    """Return a file name for display: its last component only, cut and with nothing invisible; never used as a path.

    >>> shown_name("../../x.csv")
    'x.csv'
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return shown(last) or "unnamed input"


def foreign_characters(text: str) -> str:
    """Return the non-ASCII and invisible characters of a text as code points with names, each once.

    >>> foreign_characters("1" + chr(0xFF12))
    'U+FF12 FULLWIDTH DIGIT TWO'
    """
    odd = dict.fromkeys(character for character in text if not character.isascii() or not _visible(character))
    return ", ".join(f"U+{ord(c):04X} {unicodedata.name(c, 'control character')}" for c in list(odd)[:4])


def has_invisible(text: str) -> bool:
    """Return whether a text holds characters that cannot be seen or that pass for a blank (a plain blank is fine)."""
    return not text.isascii() and any(_hidden(character) for character in text)


def without_invisible(text: str) -> str:
    """Return a text without the characters that :func:`has_invisible` finds."""
    return "".join(character for character in text if character.isascii() or not _hidden(character))


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cf", "Zs", "Zl", "Zp") and character != " "


def _visible(character: str) -> bool:
    return not (unicodedata.category(character)[0] == "C" or _hidden(character))
