"""Findings about inputs, and the report that names them all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from metabam.errors import InputError


class Severity(StrEnum):
    """What a problem did to the row or file it names."""

    REJECTED = "REJ"
    FIXED = "FIX"
    WARNING = "WARN"
    QUESTION = "ASK"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about an input.

    ``line`` is the 1-based physical line in the file (the header is line 1), ``None`` for the file as a whole.
    """

    code: str
    severity: Severity
    message: str
    remedy: str = ""
    line: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        """Return one line for a terminal."""
        place = "" if self.line is None else f"line {self.line}: "
        column = "" if self.column is None else f"{self.column}: "
        return f"{self.severity} {place}{column}{self.message} {self.remedy}".rstrip() + f" [{self.code}]"


@dataclass(frozen=True, slots=True)
class ProblemReport:
    """All findings about one input, so that a user mends everything in one go.

    ``rows_read = rows_used + rows named as refused`` always holds.
    """

    source: str
    rows_read: int
    rows_used: int
    problems: tuple[Problem, ...] = ()

    def of(self, severity: Severity) -> tuple[Problem, ...]:
        """Return the findings of one severity, in file order."""
        return tuple(problem for problem in self.problems if problem.severity is severity)

    @property
    def rejected(self) -> bool:
        """Whether anything was refused or needs an answer from the user."""
        return any(problem.severity in (Severity.REJECTED, Severity.QUESTION) for problem in self.problems)

    def raise_if_rejected(self) -> None:
        """Raise :class:`InputError` listing every refused row, if there is one."""
        bad = [problem for problem in self.problems if problem.severity in (Severity.REJECTED, Severity.QUESTION)]
        if not bad:
            return
        lines = "\n".join(f"  {problem}" for problem in bad)
        first = bad[0]
        raise InputError(
            first.code,
            f"{self.source} is refused ({len(bad)} findings):\n{lines}\n",
            "Mend them all, then try again.",
        )
