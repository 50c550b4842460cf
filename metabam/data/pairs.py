"""The one reader of pair tables: training tables, supports and queries, from a file or from bytes.

``read_table`` returns everything it found, whatever is wrong; ``read_pairs`` returns table and report, and raises when
the table as a whole is refused. A bad row refuses a support, is left out by name from a training table, and stays as a
status row in a query table. Columns are those of :data:`metabam.data.header.FIELDS`; unknown ones are kept as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from metabam.data.findings import USABLE, Findings
from metabam.data.guard import unguard_column
from metabam.data.header import CHROMS, COORDINATES, SEQUENCE_FIELDS, TEXT_FIELDS
from metabam.data.limits import SUPPORT_MAX, SUPPORT_MIN, SUPPORT_USUAL, Role, limits_of
from metabam.data.loci import ReferenceBases, check_bases, check_build, check_ends, match_contigs
from metabam.data.refusal import TableRefusedError, shown_name
from metabam.data.rows import (
    check_coordinates,
    check_identity,
    check_labels,
    check_pairs,
    check_repeats,
    check_sequences,
)
from metabam.data.scores import no_label, score_as_label
from metabam.data.tables import RawTable, read_raw
from metabam.errors import ConfigError
from metabam.files import read_bytes
from metabam.records import BoolArray, PairTable, Problem, ProblemReport, Severity, TextArray


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What reading a table gave.

    Attributes
    ----------
    table
        The rows that are used; for queries every row, in input order. Empty when the table is refused. An unusable
        query row holds -1 in the coordinates that could not be read.
    report
        Every finding.
    status
        One text per row of the input (B,): ``"ok"``, or the code of the first finding that refused it.
    mapping
        Field -> column name in the file, for a preview.
    header, rows
        The input as text, kept for supports and uploads so that a page can show what it refuses.
    """

    table: PairTable
    report: ProblemReport
    status: TextArray
    mapping: Mapping[str, str] = field(default_factory=dict)
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    refused: bool = False

    @property
    def usable(self) -> BoolArray:
        """Return which rows of the input are used, (B,)."""
        return np.asarray(self.status == USABLE, dtype=np.bool_) & (not self.refused)

    @property
    def class_counts(self) -> tuple[int, int]:
        """Return the numbers of negatives and positives among the rows of the table."""
        return int(np.sum(self.table.label == 0)), int(np.sum(self.table.label == 1))

    def raise_if_refused(self) -> None:
        """Raise :class:`InputError` with every finding when the table as a whole is refused."""
        if self.refused:
            self.report.raise_if_rejected()


def read_pairs(
    source: Path | bytes,
    *,
    role: Role,
    name: str = "",
    genome: ReferenceBases | None = None,
    base: int = 0,
    allow_one_class: bool = False,
) -> tuple[PairTable, ProblemReport]:
    """Return the usable pairs of a table, and the report that names every row that is not used.

    Parameters
    ----------
    source
        A file, or the bytes of one. Supports are plain text of at most 1 MiB; training tables and query files may be
        gzip or Parquet.
    role
        ``training`` leaves bad rows out, ``query`` keeps them (see :class:`ReadResult.status`), ``support`` refuses.
    name
        What messages call the input; default the file's name.
    genome
        Checks contigs, ends, sequences and builds against it.
    base
        0 for 0-based half-open coordinates, 1 where starts count from one. BEDPE is always 0-based.
    allow_one_class
        Accept a support whose labels are all equal; the report then says that the posterior is the prior.

    Raises
    ------
    InputError
        The table as a whole is refused; the message lists every finding.
    """
    result = read_table(source, role=role, name=name, genome=genome, base=base, allow_one_class=allow_one_class)
    result.raise_if_refused()
    return result.table, result.report


def read_table(
    source: Path | bytes,
    *,
    role: Role,
    name: str = "",
    genome: ReferenceBases | None = None,
    base: int = 0,
    allow_one_class: bool = False,
    upload: bool = False,
    answers: Mapping[str, str] | None = None,
) -> ReadResult:
    """Return table, report and status per row, for good and for bad inputs; see :func:`read_pairs`.

    Parameters
    ----------
    upload
        Queries with the limits of an upload.
    answers
        The user's answers to findings that ask (``Severity.QUESTION``), by code: ``{"no-header": "standard"}`` reads a
        table without a header in the order of this project's columns, ``{"score-as-label": "500"}`` reads a score of
        at least 500 as label 1. What was answered is listed in the report.

    Raises
    ------
    InputError
        The file is missing, no regular file, or over the size limit.
    """
    if base not in (0, 1):
        raise ConfigError(
            "base", f"base must be 0 or 1, not {base}.", "Use 0 for BED, BEDPE and this project's tables."
        )
    limits = limits_of(role, upload=upload)
    data = source if isinstance(source, bytes) else read_bytes(source, limits.max_bytes, follow_links=True)
    title = shown_name(name or ("" if isinstance(source, bytes) else source.name))
    try:
        raw = read_raw(data, name or title, limits, answers or {})
        raw = score_as_label(raw, answers or {})
        return _judge(raw, title, role, genome, base, allow_one_class, keep_rows=not limits.packed)
    except TableRefusedError as refusal:
        report = ProblemReport(title, 0, 0, (refusal.problem(),))
        return ReadResult(empty_table(), report, np.empty(0, dtype=object), refused=True)


def empty_table(extra: Sequence[str] = ()) -> PairTable:
    """Return a table without rows."""
    text, number = np.empty(0, dtype=object), np.empty(0, dtype=np.int64)
    label = np.empty(0, dtype=np.int8)
    columns = dict.fromkeys(extra, text)
    return PairTable(
        text, text, number, number, text, number, number, label, text, text, text, number, None, None, columns
    )


def _judge(
    raw: RawTable,
    title: str,
    role: Role,
    genome: ReferenceBases | None,
    base: int,
    allow_one_class: bool,
    *,
    keep_rows: bool,
) -> ReadResult:
    """Return the verdict on columns of text: parse, check row by row, then decide by role."""
    findings = Findings(raw.lines)
    findings.add(*raw.problems)
    for row, problem in raw.width_problems.items():
        findings.refuse(row, problem.code, problem.message, problem.remedy)
    table = _typed(raw, findings, role, base)
    if len(table) == 0:
        findings.whole(Severity.REJECTED, "no-rows", "the table has a header but no rows.", "Add the pairs.")
    check_build(table, genome, findings)
    if genome is not None:
        table = match_contigs(table, genome, findings)
        check_ends(table, genome, findings)
        check_bases(table, genome, findings)
    check_pairs(table, findings)
    check_repeats(table, findings, role)
    if role == "support":
        _check_support(table, findings, allow_one_class)
    return _verdict(raw, table, findings, title, role, keep_rows=keep_rows)


class _Cells:
    """The columns of a raw table by field, as text; formula guards come off and are counted."""

    def __init__(self, raw: RawTable) -> None:
        self._raw = raw
        self.guarded = 0

    def of(self, name: str) -> Sequence[str] | None:
        """Return the cells of a field as they stand, ``None`` where the table has no such column."""
        columns = self._raw.mapped.columns
        return self._raw.cells[columns[name]] if name in columns else None

    def text(self, name: str) -> TextArray:
        """Return a text field, empty texts where the table has no such column."""
        return self._plain(self.of(name) or ("",) * len(self._raw))

    def extra(self) -> dict[str, TextArray]:
        """Return the unknown columns in input order."""
        return {name: self._plain(self._raw.cells[number]) for name, number in self._raw.mapped.extra.items()}

    def _plain(self, cells: Sequence[str]) -> TextArray:
        values, count = unguard_column(cells)
        self.guarded += count
        out = np.empty(len(values), dtype=object)
        out[:] = values
        return out


def _typed(raw: RawTable, findings: Findings, role: Role, base: int) -> PairTable:
    """Return all rows as typed columns; rows with an unreadable cell are refused in ``findings``."""
    cells, skip = _Cells(raw), frozenset(raw.width_problems)
    if role == "training" and cells.of("cell_line") is None:
        remedy = "A training table names the cell line of every pair."
        raise TableRefusedError("missing-columns", "the header lacks cell_line.", remedy, column="cell_line")
    if base == 1 and raw.mapped.bedpe:
        message = "BEDPE is 0-based by rule, but base 1 was asked for."
        findings.whole(Severity.REJECTED, "base", message, "Use base 0, or name the columns in a header row.")
    if base == 1:
        findings.whole(Severity.FIXED, "base", "one was subtracted from every start (1-based table).")
    contigs = {name: cells.text(name) for name in CHROMS if cells.of(name) is not None}
    texts = {name: cells.text(name) for name in TEXT_FIELDS}
    extra = cells.extra()
    for name, column in contigs.items():
        check_identity(name, column.tolist(), findings, skip, needed=True)
    check_identity("cell_line", texts["cell_line"].tolist(), findings, skip, needed=role == "training")
    check_identity("assay", texts["assay"].tolist(), findings, skip, needed=False)
    numbers = check_coordinates({name: cells.of(name) or () for name in COORDINATES}, findings, skip, base)
    labels = check_labels(cells.of("label"), findings, skip, role)
    if labels is None and role != "query":
        raise no_label(raw)
    sequences: dict[str, TextArray | None] = dict.fromkeys(SEQUENCE_FIELDS)
    for name in SEQUENCE_FIELDS:
        given = cells.of(name)
        sequences[name] = None if given is None else check_sequences(name, given, findings, skip)
    if cells.guarded:
        message = f"the apostrophe before formula-like cells was removed ({cells.guarded} cells)."
        findings.whole(Severity.FIXED, "formula-guard", message)
    return PairTable(
        **texts,
        enhancer_chrom=contigs.get("enhancer_chrom", contigs.get("chrom", np.empty(0, dtype=object))),
        enhancer_start=numbers["enhancer_start"],
        enhancer_end=numbers["enhancer_end"],
        promoter_chrom=contigs.get("promoter_chrom", contigs.get("chrom", np.empty(0, dtype=object))),
        promoter_start=numbers["promoter_start"],
        promoter_end=numbers["promoter_end"],
        label=np.full(len(raw), -1, dtype=np.int8) if labels is None else labels,
        line=np.fromiter(raw.lines, dtype=np.int64, count=len(raw)),
        enhancer_seq=sequences["enhancer_seq"],
        promoter_seq=sequences["promoter_seq"],
        extra=extra,
    )


def _check_support(table: PairTable, findings: Findings, allow_one_class: bool) -> None:
    """Judge a support as a whole: its size, its classes, its contexts.

    Rows that can be mended count as if they were: what is said here is what will still be wrong once they are.
    """
    counted = findings.status != "duplicate-pair"
    count = int(counted.sum())
    mended = bool(findings.usable[counted].all())
    if len(table) and not SUPPORT_MIN <= count <= SUPPORT_MAX:
        message = f"usable pairs: {count}; a support has {SUPPORT_MIN} to {SUPPORT_MAX}."
        findings.whole(Severity.REJECTED, "support-size", message, f"{SUPPORT_USUAL} is the usual number.")
    elif count != SUPPORT_USUAL and count and mended:
        message = f"this support has {count} pairs; the model is trained and judged with {SUPPORT_USUAL}."
        findings.whole(Severity.WARNING, "support-count", message)
    classes = set(table.label[counted].tolist())
    if len(classes) == 1 and classes != {-1}:
        only = classes.pop()
        if allow_one_class:
            message = f"all labels are {only}, accepted on request: the posterior is close to the prior."
            findings.whole(Severity.WARNING, "one-class", message, "", "label")
        else:
            remedy = "Add pairs of the other class, or allow it explicitly."
            findings.whole(Severity.REJECTED, "one-class", f"all labels are {only}.", remedy, "label")
    contexts = table.take(counted).contexts()
    if len(contexts) > 1:
        message = f"the support mixes {len(contexts)} contexts (cell line, assay); they are read as one."
        findings.whole(Severity.WARNING, "mixed-contexts", message, "Upload one context at a time.", "cell_line")


def _verdict(
    raw: RawTable, table: PairTable, findings: Findings, title: str, role: Role, *, keep_rows: bool
) -> ReadResult:
    problems = findings.sorted()
    usable = findings.usable
    if role == "training" and len(table) and not usable.any():
        problems = (Problem("no-usable-rows", Severity.REJECTED, "no row of the table is usable."), *problems)
    refusing = [problem for problem in problems if problem.severity in (Severity.REJECTED, Severity.QUESTION)]
    refused = bool(refusing) if role == "support" else any(problem.line is None for problem in refusing)
    if refused:
        kept = empty_table(tuple(table.extra))
    else:
        kept = table if role == "query" or usable.all() else table.take(usable)
    report = ProblemReport(title, len(raw), 0 if refused else int(usable.sum()), problems)
    rows = tuple(zip(*raw.cells, strict=True)) if keep_rows else ()
    return ReadResult(kept, report, findings.status, raw.mapped.names, raw.header, rows, refused)


def without_status_rows(result: ReadResult) -> PairTable:
    """Return the usable rows of a query table."""
    return result.table if result.usable.all() else result.table.take(result.usable)
