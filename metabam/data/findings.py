"""What a reader finds about rows: every finding is kept, and each row ends with one status."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from metabam.data.limits import LISTED_WARNINGS
from metabam.records import BoolArray, Problem, Severity, TextArray

USABLE = "ok"
"""Status of a row that is used; any other status is the code of the first finding that refused the row."""


class Findings:
    """Collects problems while a table of ``B`` rows is checked.

    Parameters
    ----------
    lines
        1-based physical line of each row, (B,).
    """

    def __init__(self, lines: Sequence[int]) -> None:
        self._lines = lines
        self._problems: list[Problem] = []
        self.status: TextArray = np.full(len(lines), USABLE, dtype=object)

    @property
    def usable(self) -> BoolArray:
        """Return which rows no finding has refused so far, (B,)."""
        return np.asarray(self.status == USABLE, dtype=np.bool_)

    def line_of(self, row: int) -> int:
        """Return the 1-based physical line of a row."""
        return self._lines[row]

    def add(self, *problems: Problem) -> None:
        """Keep findings about the file as a whole."""
        self._problems.extend(problems)

    def whole(self, severity: Severity, code: str, message: str, remedy: str = "", column: str | None = None) -> None:
        """Add a finding about the file as a whole."""
        self._problems.append(Problem(code, severity, message, remedy, None, column))

    def refuse(self, row: int, code: str, message: str, remedy: str = "", column: str | None = None) -> None:
        """Refuse one row; further findings about it are listed too."""
        self._problems.append(Problem(code, Severity.REJECTED, message, remedy, self._lines[row], column))
        if self.status[row] == USABLE:
            self.status[row] = code

    def leave_out(self, row: int, code: str, message: str, remedy: str = "") -> None:
        """Name a row that is not used although nothing is wrong with it (a repeat)."""
        self._problems.append(Problem(code, Severity.WARNING, message, remedy, self._lines[row]))
        if self.status[row] == USABLE:
            self.status[row] = code

    def note(
        self,
        severity: Severity,
        code: str,
        rows: Iterable[int],
        message: str,
        remedy: str = "",
        column: str | None = None,
    ) -> None:
        """Add one finding per row, or one for all when there are many.

        ``message`` is a clause about one row, such as ``"the two elements lie on different chromosomes"``.
        """
        chosen = list(rows)
        if len(chosen) <= LISTED_WARNINGS:
            self._problems.extend(
                Problem(code, severity, f"{message}.", remedy, self._lines[row], column) for row in chosen
            )
            return
        first = ", ".join(str(self._lines[row]) for row in chosen[:5])
        text = f"{len(chosen):,} rows: {message} (lines {first}, ...)."
        self._problems.append(Problem(code, severity, text, remedy, None, column))

    def sorted(self) -> tuple[Problem, ...]:
        """Return all findings: those about the whole file first, then by line."""
        return tuple(sorted(self._problems, key=lambda problem: problem.line or 0))
