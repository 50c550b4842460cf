"""Each guard of the reader is needed: switched off, a named case of the catalogue fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from metabam.data import limits
from metabam.data.pairs import read_table
from tests.faults import tables
from tests.faults.catalogue import CASES
from tests.faults.lab import Lab
from tests.faults.oracle import attempt, content, judge

BY_PARAM = {case.param: case for case in CASES}
WIDE = limits.Limits("support", 1 << 30, 1 << 30, 1 << 30)


def nothing(*_arguments: Any, **_named: Any) -> None:
    """Look at nothing, find nothing."""


def first(argument: Any, *_arguments: Any) -> Any:
    """Return the first argument unchanged."""
    return argument


GUARDS: tuple[tuple[str, Callable[..., Any], str], ...] = (
    ("metabam.data.tables.binary_type", nothing, "S44-png"),
    ("metabam.data.tables.binary_type", nothing, "S47-exe"),
    ("metabam.data.tables.other_text_type", nothing, "S51-json"),
    ("metabam.data.pairs.limits_of", lambda role, upload: WIDE, "S48-5-mib"),
    ("metabam.data.pairs.limits_of", lambda role, upload: WIDE, "S15-300-rows"),
    ("metabam.data.pairs.limits_of", lambda role, upload: WIDE, "S41-1000-columns-short-rows"),
    ("metabam.data.tables._wrong_widths", lambda rows, lines, width: {}, "S11-one-row-longer"),
    ("metabam.data.header.without_invisible", first, "S31-header"),
    ("metabam.data.rows.has_invisible", lambda text: False, "S31-line-name"),
    ("metabam.data.rows.read_coordinate", lambda cell: int(float(cell)), "S30-exponent"),
    ("metabam.data.rows.read_coordinate", lambda cell: int(cell), "S31-full-width"),
    ("metabam.data.pairs.check_identity", nothing, "S31-line-name"),
    ("metabam.data.pairs.check_repeats", nothing, "S22-repeat"),
    ("metabam.data.pairs.check_repeats", nothing, "S23-contradiction"),
    ("metabam.data.pairs.check_pairs", nothing, "S33-same-element"),
    ("metabam.data.pairs._check_support", nothing, "S16-all-positive"),
    ("metabam.data.pairs.check_build", nothing, "S37-other-genome"),
    ("metabam.data.pairs.match_contigs", first, "S26-absent-contig"),
    ("metabam.data.pairs.check_ends", nothing, "S28-mostly-outside"),
    ("metabam.data.pairs.check_bases", nothing, "S36-other-bases"),
    ("metabam.data.rows._sequence_reason", nothing, "S34-protein"),
    ("metabam.data.rows.shown", first, "S39-controls-in-message"),
)


def verdict(param: str, lab: Lab, reference: str) -> None:
    """Read and judge one case."""
    case = BY_PARAM[param]
    genome = lab.genome if case.genome else None
    data = case.make()
    judge(case, attempt(lambda: read_table(data, role="support", name=case.name, genome=genome)), reference)


@pytest.mark.parametrize(("guard", "off", "param"), GUARDS, ids=[f"{g.rsplit('.', 1)[1]}-{p}" for g, _, p in GUARDS])
def test_without_its_guard_the_case_fails(guard, off, param, lab: Lab, monkeypatch: pytest.MonkeyPatch):
    reference = content(read_table(tables.clean(), role="support").table)
    verdict(param, lab, reference)
    monkeypatch.setattr(guard, off)
    with pytest.raises(AssertionError):
        verdict(param, lab, reference)
