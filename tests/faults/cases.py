"""What a case is: one input, the slot it goes to, and the verdict that the catalogue demands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any


class Outcome(StrEnum):
    """What the catalogue demands; ROWS: bad rows are named and the others used (training and query tables)."""

    REJ = "REJ"
    FIX = "FIX"
    WARN = "WARN"
    ASK = "ASK"
    ACC = "ACC"
    ROWS = "ROWS"


@dataclass(frozen=True)
class Case:
    """One input and its verdict.

    ``same`` says that the accepted content equals the clean support's; ``lines`` which rows must be named by ``code``;
    ``says`` text that the finding must hold; ``options`` go to the reader; ``genome`` gives it the small genome;
    ``holds`` names a text column and its values row by row (repeated as often as needed).
    """

    param: str
    outcome: Outcome
    code: str
    make: Callable[[], bytes]
    slot: str = "support"
    name: str = "table.tsv"
    genome: bool = False
    same: bool = False
    lines: tuple[int, ...] = ()
    says: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    holds: tuple[str, tuple[str, ...]] | None = None

    @property
    def id(self) -> str:
        """Return the catalogue's id."""
        return self.param[:3]


def _case(outcome: Outcome, param: str, code: str, make: Callable[[], bytes], **more: Any) -> Case:
    return Case(param, outcome, code, make, **more)


rej = partial(_case, Outcome.REJ)
fix = partial(_case, Outcome.FIX)
warn = partial(_case, Outcome.WARN)
ask = partial(_case, Outcome.ASK)
rows = partial(_case, Outcome.ROWS)


def acc(param: str, make: Callable[[], bytes], **more: Any) -> Case:
    """Return a case that is accepted without a word."""
    return Case(param, Outcome.ACC, "", make, **more)
