"""Leaving whole cell lines out, one after the other: how every learner chooses its settings for a line never seen.

Another assay of the left-out line is no other line: its labels would tell a line of itself, and a setting chosen with
them would be chosen for a case that a new line never is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from metabam.records import LabelledContext

MOST_LEFT_OUT = 6
"""How many training lines a learner leaves out, one after the other, to choose its settings: more tell nothing new, and
the cost grows with their square."""


def line_folds(contexts: Sequence[LabelledContext], most: int | None = None) -> list[tuple[list[int], list[int]]]:
    """Return (places of the left-out line's contexts, places of all other lines' contexts), line by line.

    Parameters
    ----------
    contexts
        Training contexts; those of one ``cell_line`` go together.
    most
        Lines to leave out at most, evenly spaced in order of first appearance; ``None`` for all.

    Notes
    -----
    Empty where there is one line only: nothing is left to learn from.
    """
    names = [context.cell_line for context in contexts]
    lines = list(dict.fromkeys(names))
    if len(lines) < 2:
        return []
    places = np.linspace(0, len(lines) - 1, min(len(lines), len(lines) if most is None else most))
    chosen = [lines[round(place)] for place in places]
    return [
        ([at for at, name in enumerate(names) if name == line], [at for at, name in enumerate(names) if name != line])
        for line in chosen
    ]
