"""The one judge of every bad input: what may never happen, whatever the input is.

1. Nothing but :class:`MetaBamError` leaves the library. 2. Rows in = rows used + rows named. 3. At most 2 CPU seconds
and 64 MiB of allocations per MiB handed in (at least one MiB counts). 4. Nothing is written, no socket is opened.
5. A bystander's result is unchanged. 6. The result equals the clean reference, or says why not.
"""

from __future__ import annotations

import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from metabam.data.digests import support_digest
from metabam.data.findings import USABLE
from metabam.data.pairs import ReadResult
from metabam.errors import MetaBamError
from metabam.records import PairTable, Severity
from tests.faults.cases import Case, Outcome

MIB = 1 << 20
CPU_SECONDS_PER_MIB = 2.0
BYTES_PER_MIB = 64 * MIB


class _Watch:
    """Audit events of this thread while a case runs: hooks cannot be removed, so one hook looks at a switch."""

    def __init__(self) -> None:
        self.thread: int | None = None
        self.events: list[str] = []
        self._installed = False

    @contextmanager
    def watching(self) -> Iterator[list[str]]:
        if not self._installed:
            sys.addaudithook(self._hook)
            self._installed = True
        self.events, self.thread = [], threading.get_ident()
        try:
            yield self.events
        finally:
            self.thread = None

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.thread is None or threading.get_ident() != self.thread:
            return
        if event == "open" and _writes(arguments):
            self.events.append(f"write {arguments[0]}")
        elif event in ("socket.__new__", "socket.connect", "os.remove", "os.rename", "os.mkdir", "subprocess.Popen"):
            self.events.append(event)


def _writes(arguments: tuple[Any, ...]) -> bool:
    mode = arguments[1] if len(arguments) > 1 else None
    return isinstance(mode, str) and any(letter in mode for letter in "wax+")


_WATCH = _Watch()


@dataclass(frozen=True)
class Cost:
    """What a case cost: CPU seconds of an undisturbed run, peak bytes allocated by a second, traced one."""

    seconds: float
    peak_bytes: int
    touched: tuple[str, ...] = field(default=())


def run_judged(work: Callable[[], ReadResult], size: int) -> tuple[ReadResult, Cost]:
    """Return what reading gave and cost; every rule that needs no knowledge of the case is asserted here."""
    with _WATCH.watching() as touched:
        began = time.process_time()
        result = attempt(work)
        seconds = time.process_time() - began
    tracemalloc.start()
    try:
        again = attempt(work)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    cost = Cost(seconds, peak, tuple(touched))
    allowed = max(1.0, size / MIB)
    assert again.report == result.report, "the same bytes gave two reports"
    assert cost.seconds <= CPU_SECONDS_PER_MIB * allowed, f"{cost.seconds:.2f} CPU seconds"
    assert cost.peak_bytes <= BYTES_PER_MIB * allowed, f"{cost.peak_bytes / MIB:.0f} MiB"
    assert not cost.touched, cost.touched
    account_for_rows(result)
    return result, cost


def attempt(work: Callable[[], ReadResult]) -> ReadResult:
    """Return the result of reading; anything but our own errors is a failure of rule 1, with its cause."""
    try:
        return work()
    except MetaBamError:
        raise
    except BaseException as error:
        raise AssertionError(f"{type(error).__name__} left the library: {error}") from error


def account_for_rows(result: ReadResult) -> None:
    """Rule 2: every row of the input is used, or named by a finding on its line."""
    report, usable = result.report, result.status == USABLE
    assert len(result.status) == report.rows_read
    assert report.rows_used == (0 if result.refused else int(usable.sum()))
    if result.refused:
        assert len(result.table) == 0
        assert any(p.severity in (Severity.REJECTED, Severity.QUESTION) for p in report.problems)
        return
    named = {problem.line for problem in report.problems if problem.line is not None}
    if len(result.table) == report.rows_read:  # queries: every row stays
        assert set(result.table.line[~usable].tolist()) <= named
    else:
        assert len(result.table) == report.rows_used
        assert report.rows_read - report.rows_used <= len(named)


def content(table: PairTable) -> str:
    """Return the digest of what the model would see: coordinates and labels, without the name of the line."""
    blank = np.full(len(table), "", dtype=object)
    return support_digest(replace(table, cell_line=blank, assay=blank, enhancer_seq=None, promoter_seq=None))


def judge(case: Case, result: ReadResult, reference: str) -> None:
    """Rule 6 and the catalogue: the outcome, its code, the rows and words it names, equality with the reference."""
    report = result.report
    codes = [problem.code for problem in report.problems]
    severity = {"REJ": "REJ", "ASK": "ASK", "FIX": "FIX", "WARN": "WARN", "ROWS": "REJ"}.get(str(case.outcome))
    hits = [p for p in report.problems if p.code == case.code and str(p.severity) == severity]
    assert result.refused is (case.outcome in (Outcome.REJ, Outcome.ASK)), [str(p) for p in report.problems]
    if case.outcome is Outcome.ACC:
        assert codes == []
    else:
        assert hits, [str(p) for p in report.problems]
        told = [str(p.severity) for p in report.problems]
        if case.outcome is Outcome.FIX:
            assert set(told) == {"FIX"}
        if case.outcome is Outcome.WARN:
            assert set(told) <= {"FIX", "WARN"}
    if case.lines:
        assert tuple(dict.fromkeys(problem.line for problem in hits)) == case.lines
    if case.says:
        assert any(case.says in f"{problem.message} {problem.remedy}" for problem in hits), [str(p) for p in hits]
    for problem in report.problems:
        assert len(str(problem)) < 1_000
        assert str(problem).isprintable(), ascii(str(problem))
        assert problem.severity is not Severity.REJECTED or problem.remedy, f"no remedy: {problem}"
    if case.same:
        assert content(result.table) == reference
    if case.holds:
        column, values = case.holds
        expected = [values[i % len(values)] for i in range(len(result.table))]
        assert getattr(result.table, column).tolist() == expected
