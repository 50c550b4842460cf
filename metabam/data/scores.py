"""A score is no label: what is asked when a table has only a score, and what the user's answer makes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from metabam.data.refusal import TableRefusedError, shown
from metabam.data.tables import RawTable
from metabam.records import Problem, Severity

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)


def score_as_label(raw: RawTable, answers: Mapping[str, str]) -> RawTable:
    """Return a table whose label is 1 where the score reaches the user's cut, where the user gave one.

    A score that is no number becomes an empty label, which refuses the row. A table with labels is returned as it is.

    Raises
    ------
    TableRefusedError
        The cut is no number.
    """
    cut, scores = answers.get("score-as-label"), _scores(raw)
    if cut is None or scores is None or "label" in raw.mapped.columns:
        return raw
    if not _NUMBER.fullmatch(cut):
        message = f"{shown(cut)!r} is no number to cut the score at."
        raise TableRefusedError("score-cut", message, "Give for example 500.", column="score")
    labels = [str(int(float(cell) >= float(cut))) if _NUMBER.fullmatch(cell) else "" for cell in scores]
    told = Problem("score-as-label", Severity.FIXED, f"label is 1 where the score is at least {cut}, as answered.")
    columns = {**raw.mapped.columns, "label": len(raw.cells)}
    names = {**raw.mapped.names, "label": f"score >= {cut}"}
    mapped = replace(raw.mapped, columns=columns, names=names)
    return replace(raw, mapped=mapped, cells=[*raw.cells, labels], problems=(*raw.problems, told))


def no_label(raw: RawTable) -> TableRefusedError:
    """Return the refusal of a table without labels: a question when there is a score, else a missing column."""
    scores = _scores(raw)
    if scores is not None and any(_NUMBER.fullmatch(cell) for cell in scores):
        return TableRefusedError(
            "score-as-label",
            "the table has a score but no label: is the score to be read as a label?",
            "Say from which score on a pair counts as 1, or add a column label with 1 and 0.",
            column="score",
            severity=Severity.QUESTION,
        )
    return TableRefusedError(
        "missing-columns", "the table has no label column.", "Add a column label with 1 and 0.", column="label"
    )


def _scores(raw: RawTable) -> Sequence[str] | None:
    numbers = [number for name, number in raw.mapped.extra.items() if name.casefold() == "score"]
    return raw.cells[numbers[0]] if numbers else None
