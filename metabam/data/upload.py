"""What a stranger hands in: supports and queries as bytes, and the check of a file before it is used.

Size, type and content are judged here, in Python, on the bytes themselves: what a browser checked does not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metabam.data.limits import SUPPORT_MAX, Role
from metabam.data.loci import ReferenceBases
from metabam.data.pairs import ReadResult, read_table
from metabam.errors import InputError
from metabam.records import Problem, ProblemReport


def read_support(
    data: bytes,
    name: str = "",
    genome: ReferenceBases | None = None,
    *,
    base: int = 0,
    allow_one_class: bool = False,
    answers: Mapping[str, str] | None = None,
) -> ReadResult:
    """Return an uploaded support: 4 to 64 labelled pairs as plain text, refused when one row is bad.

    Never raises for what is wrong with the content: look at ``result.refused`` and ``result.report``. ``answers`` are
    the user's answers to findings that ask, as in :func:`metabam.data.pairs.read_table`.
    """
    return read_table(
        data,
        role="support",
        name=name,
        genome=genome,
        base=base,
        allow_one_class=allow_one_class,
        upload=True,
        answers=answers,
    )


def read_queries(
    data: bytes,
    name: str = "",
    genome: ReferenceBases | None = None,
    *,
    base: int = 0,
    answers: Mapping[str, str] | None = None,
) -> ReadResult:
    """Return uploaded queries: every row stays, with a status; at most 20 MiB and 100,000 rows of plain text."""
    return read_table(data, role="query", name=name, genome=genome, base=base, upload=True, answers=answers)


def first_pair(result: ReadResult, genome: ReferenceBases, shown_bases: int = 20) -> dict[str, str]:
    """Return the first bases of the first usable pair, so that a wrong base or build is seen before it is used.

    Keys: ``enhancer`` and ``promoter``; values like ``chr1:1000-1400 ACGT...``; empty when no row is usable.
    """
    rows = result.table if result.usable.all() else result.table.take(result.usable)
    if not len(rows):
        return {}
    told: dict[str, str] = {}
    for side in ("enhancer", "promoter"):
        chrom, start, end = (getattr(rows, f"{side}_{part}")[0] for part in ("chrom", "start", "end"))
        if chrom in genome.contigs:
            bases = genome.fetch(chrom, int(start), int(min(end, start + shown_bases)))
            told[side] = f"{chrom}:{start}-{end} {bases}"
    return told


def check_table(path: Path, role: Role | None = None, genome: ReferenceBases | None = None) -> ProblemReport:
    """Return everything that is to be said about a file, without using it.

    Parameters
    ----------
    path
        A CSV, TSV, BEDPE, gzip or Parquet table.
    role
        What it is to be used as. ``None`` guesses: no label column is ``query``; labels and at most 64 rows
        ``support``, unless it is packed; else ``training``.
    genome
        Also check contigs, chromosome ends, sequences and builds.

    Raises
    ------
    InputError
        The file is missing or no regular file.
    """
    return check(path, role, genome).report


def check(path: Path, role: Role | None = None, genome: ReferenceBases | None = None) -> ReadResult:
    """Return what reading a file gives in a role, guessed where it is ``None``; see :func:`check_table`."""
    if role is not None:
        return read_table(path, role=role, genome=genome)
    try:
        queries = read_table(path, role="query")
    except InputError:
        return read_table(path, role="training", genome=genome)
    if queries.refused or "label" in queries.mapping:
        packed = path.suffix in (".gz", ".parquet")
        small = 0 < queries.report.rows_read <= SUPPORT_MAX and not packed and "label" in queries.mapping
        return read_table(path, role="support" if small else "training", genome=genome)
    return read_table(path, role="query", genome=genome)


def report_as_dict(report: ProblemReport) -> dict[str, Any]:
    """Return a report as plain values for JSON: counts, then every finding."""
    counts = Counter(str(problem.severity) for problem in report.problems)
    return {
        "source": report.source,
        "rows_read": report.rows_read,
        "rows_used": report.rows_used,
        "rejected": report.rejected,
        "counts": dict(sorted(counts.items())),
        "problems": [_problem_as_dict(problem) for problem in report.problems],
    }


def report_as_text(report: ProblemReport) -> str:
    """Return a report for a terminal: one line per finding, then one line that sums up."""
    counts = Counter(str(problem.severity) for problem in report.problems)
    summary = ", ".join(f"{count} {severity}" for severity, count in sorted(counts.items())) or "nothing to report"
    lines = [str(problem) for problem in report.problems]
    return "\n".join([*lines, f"{report.source}: {report.rows_used:,} of {report.rows_read:,} rows usable; {summary}."])


def _problem_as_dict(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "severity": str(problem.severity),
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "remedy": problem.remedy,
    }
