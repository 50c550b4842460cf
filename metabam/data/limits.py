"""How much of an input is read: every limit of the table reader, in one place.

A limit is checked before the memory it guards is spent: bytes before decoding, columns on the first line, rows while
counting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["training", "support", "query"]

MIB = 1 << 20

SUPPORT_MIN = 4
"""Fewest support pairs that are used."""
SUPPORT_MAX = 64
"""Most support pairs that are used."""
SUPPORT_USUAL = 16
"""The number of support pairs the model is trained and judged with; any other is said on screen."""
MIN_SEQUENCE = 50
"""Shortest sequence (bp) that is accepted in a table."""
MAX_N_SHARE = 0.25
"""Largest share of N in an element."""
FAR_BP = 10_000_000
"""Pairs farther apart than this (bp, midpoint to midpoint) get a warning."""
MAX_MISMATCH_SHARE = 0.05
"""Largest share of bases in which a sequence may differ from the genome at its coordinates (variants, not builds)."""
LISTED_WARNINGS = 64
"""Up to this many warnings of one kind are listed row by row; more become one line with their count."""
SHOWN_CHARACTERS = 60
"""User text in messages is cut to this length."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one slot accepts.

    ``packed`` says whether gzip and Parquet are accepted; a support and every upload are plain text.
    """

    what: str
    max_bytes: int
    max_rows: int
    max_columns: int
    max_cell: int = 262_144
    packed: bool = False


SUPPORT = Limits("support", MIB, 256, 64)
QUERY_UPLOAD = Limits("query upload", 20 * MIB, 100_000, 64)
QUERY_FILE = Limits("query table", 1024 * MIB, 20_000_000, 256, packed=True)
TRAINING = Limits("training table", 1024 * MIB, 20_000_000, 256, packed=True)


def limits_of(role: Role, *, upload: bool = False) -> Limits:
    """Return the limits of a slot: a support is always small plain text, queries are when they are uploaded."""
    if role == "support":
        return SUPPORT
    if role == "query":
        return QUERY_UPLOAD if upload else QUERY_FILE
    return TRAINING
