"""Label vocabularies: which words mean 1 and 0, and that a table keeps to one of them.

The published table is :data:`VOCABULARIES`. A table that mixes two vocabularies is refused: ``1`` beside ``TRUE``
usually means that two sources with two meanings were glued together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VOCABULARIES: Mapping[str, tuple[str, str]] = {
    "1/0": ("1", "0"),
    "1.0/0.0": ("1.0", "0.0"),
    "true/false": ("true", "false"),
    "t/f": ("t", "f"),
    "yes/no": ("yes", "no"),
    "y/n": ("y", "n"),
    "pos/neg": ("pos", "neg"),
    "positive/negative": ("positive", "negative"),
}
"""Vocabulary name -> (word for 1, word for 0), compared without regard to case."""

_MEANING: dict[str, tuple[int, str]] = {
    word: (value, name) for name, pair in VOCABULARIES.items() for value, word in ((1, pair[0]), (0, pair[1]))
}


@dataclass(frozen=True, slots=True)
class LabelReading:
    """What a label column says.

    ``values`` (B,) int8 in {0, 1}, -1 where a cell is empty or unreadable; ``empty`` and ``unreadable`` are row
    numbers; ``vocabularies`` maps each vocabulary in use to the row numbers that use it.
    """

    values: NDArray[np.int8]
    empty: tuple[int, ...]
    unreadable: tuple[int, ...]
    vocabularies: Mapping[str, tuple[int, ...]]


def read_labels(cells: Sequence[str]) -> LabelReading:
    """Return the labels of a column of stripped text, cell by cell through the published vocabularies.

    Each distinct text is looked up once, so that the cost per row is one dictionary look-up.
    """
    known = {cell: _MEANING.get(cell.casefold(), (-1, "")) for cell in set(cells)}
    values = np.fromiter((known[cell][0] for cell in cells), dtype=np.int8, count=len(cells))
    rows_by_vocabulary: dict[str, tuple[int, ...]] = {}
    names = {name for value, name in known.values() if value >= 0}
    if len(names) == 1:
        rows_by_vocabulary[names.pop()] = tuple(np.flatnonzero(values >= 0).tolist())
    else:
        for name in sorted(names):
            rows_by_vocabulary[name] = tuple(i for i, cell in enumerate(cells) if known[cell][1] == name)
    bad = np.flatnonzero(values < 0).tolist()
    return LabelReading(
        values=values,
        empty=tuple(i for i in bad if cells[i] == ""),
        unreadable=tuple(i for i in bad if cells[i] != ""),
        vocabularies=rows_by_vocabulary,
    )
