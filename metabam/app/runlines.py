"""The cell lines of a run, as its own list names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metabam.train.run import Run


@dataclass(frozen=True, slots=True)
class Line:
    """One cell line of a run: its pairs and positives, and whether the run trained on it."""

    name: str
    pairs: int
    positives: int
    training: bool


def lines_of(run: Run) -> list[Line]:
    """Return the cell lines that the run's ``lines.json`` names; what is malformed is left out."""
    found: list[Line] = []
    for entry in run.lines:
        if isinstance(entry, dict):
            role = str(entry.get("role", "training"))
            name = str(entry.get("name") or entry.get("cell_line", ""))
            found.append(Line(name, int(entry.get("pairs", 0)), int(entry.get("positives", 0)), role == "training"))
    return found
