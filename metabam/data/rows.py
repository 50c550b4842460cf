"""Row by row and column by column: coordinates, chromosomes, labels, sequences, repeats and contradictions.

Each check has a fast path that judges a whole column at once, and a strict path per cell that explains what is wrong.
The strict path runs only for cells that the fast path did not accept; a property test holds that both agree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from metabam.data.findings import Findings
from metabam.data.labels import VOCABULARIES, read_labels
from metabam.data.limits import FAR_BP, MAX_N_SHARE, MIN_SEQUENCE, Role
from metabam.data.refusal import foreign_characters, has_invisible, shown
from metabam.records import IntArray, PairTable, Severity, TextArray

_COORDINATE = re.compile(r"[0-9]{1,10}", re.ASCII)
_PLAIN = "Write whole base pairs with digits only, 0-based, for example 1204500."
_DROP_BASES = str.maketrans("", "", "ACGTN")
_DROP_IUPAC = str.maketrans("", "", "ACGTNRYSWKMBDHV")
_IUPAC_TO_N = str.maketrans("RYSWKMBDHV", "N" * 10)
_BLANKS = str.maketrans("", "", " \t\r\n")


# ------------------------------------------------------------------ coordinates


def read_coordinate(cell: str) -> int | None:
    """Return the number in a cell, ``None`` unless it is 1 to 10 ASCII digits: the strict path."""
    return int(cell) if _COORDINATE.fullmatch(cell) else None


def read_coordinates(cells: Sequence[str]) -> tuple[IntArray, list[int]]:
    """Return a column's numbers (B,), -1 where unreadable, and the rows that are unreadable.

    The whole column is judged at once: all ASCII digits, none empty, none longer than ten; otherwise cell by cell.
    """
    joined = "".join(cells)
    if joined.isascii() and joined.isdigit() and min(map(len, cells)) > 0 and max(map(len, cells)) <= 10:
        return np.fromiter(map(int, cells), dtype=np.int64, count=len(cells)), []
    values = np.full(len(cells), -1, dtype=np.int64)
    bad: list[int] = []
    for row, cell in enumerate(cells):
        value = read_coordinate(cell)
        if value is None:
            bad.append(row)
        else:
            values[row] = value
    return values, bad


def check_coordinates(
    columns: dict[str, Sequence[str]], findings: Findings, skip: frozenset[int], base: int
) -> dict[str, IntArray]:
    """Return the four coordinate columns as 0-based half-open bp; refuse unreadable and empty intervals.

    Refused cells hold -1. ``base`` 1 subtracts one from both starts.
    """
    values: dict[str, IntArray] = {}
    for name, cells in columns.items():
        values[name], bad = read_coordinates(cells) if cells else (np.empty(0, dtype=np.int64), [])
        for row in bad:
            if row not in skip:
                findings.refuse(row, *_explain(cells[row]), column=name)
    for side in ("enhancer", "promoter"):
        start, end = values[f"{side}_start"], values[f"{side}_end"]
        if base == 1:
            for row in np.flatnonzero(start == 0).tolist():
                message = "start 0 cannot be in a 1-based table."
                findings.refuse(row, "base", message, "Give base 0 for this table.", f"{side}_start")
            start = np.where(start > 0, start - 1, start)
            values[f"{side}_start"] = start
        for row in np.flatnonzero((start >= end) & (start >= 0) & (end >= 0)).tolist():
            message = f"{side} start {start[row]} is not before its end {end[row]}."
            findings.refuse(row, "empty-interval", message, "Intervals are 0-based half-open.", f"{side}_start")
    return values


def _explain(cell: str) -> tuple[str, str, str]:
    if cell == "":
        return "empty-coordinate", "the coordinate is empty.", _PLAIN
    if not cell.isascii():
        return "foreign-digit", f"{shown(cell)!r} holds {foreign_characters(cell)}.", _PLAIN
    if cell == "." or cell.startswith("-"):
        return "negative-coordinate", f"{shown(cell)!r} is no position on a chromosome.", "Remove unplaced pairs."
    if re.fullmatch(r"[0-9]+", cell):
        return "coordinate-range", f"{shown(cell)} has more than ten digits.", "No chromosome is that long."
    return "bad-coordinate", f"{shown(cell)!r} is not a whole number of base pairs.", _PLAIN


# ------------------------------------------------------------------ text columns


def check_identity(
    column: str, cells: Sequence[str], findings: Findings, skip: frozenset[int], *, needed: bool
) -> None:
    """Refuse rows whose chromosome, cell line or assay is empty (where needed) or holds invisible characters."""
    bad = {cell for cell in set(cells) if (needed and cell in ("", ".")) or has_invisible(cell)}
    if not bad:
        return
    for row, cell in enumerate(cells):
        if cell not in bad or row in skip:
            continue
        if cell in ("", "."):
            findings.refuse(
                row, "empty-cell", f"{column} is {'empty' if not cell else 'a dot'}.", "Fill it in.", column
            )
        else:
            message = f"{shown(cell)!r} holds {foreign_characters(cell)}."
            findings.refuse(row, "invisible-character", message, "Type the name again.", column)


def check_labels(
    cells: Sequence[str] | None, findings: Findings, skip: frozenset[int], role: Role
) -> NDArray[np.int8] | None:
    """Return labels (B,) int8 in {0, 1} or -1, judged by role; ``None`` when a needed label column is absent.

    In queries a label is only for metrics: an empty one is fine, an unreadable one is a warning.
    """
    if cells is None:
        return None
    reading = read_labels(cells)
    values = reading.values
    if len(reading.vocabularies) > 1:
        used = "; ".join(
            f"{name} in {len(rows):,} rows (line {findings.line_of(rows[0])})"
            for name, rows in reading.vocabularies.items()
        )
        if role == "query":
            findings.whole(Severity.WARNING, "mixed-labels", f"labels mix {used}; they are ignored.", "", "label")
            return np.full(len(cells), -1, dtype=np.int8)
        remedy = "Write all labels in one vocabulary, best 1 and 0."
        findings.whole(Severity.REJECTED, "mixed-labels", f"labels mix {used}.", remedy, "label")
    for name, rows in reading.vocabularies.items():
        if name != "1/0" and len(reading.vocabularies) == 1:
            message = f"labels are read as {name.replace('/', ' = 1, ')} = 0 ({len(rows):,} rows)."
            findings.whole(Severity.FIXED, "label-vocabulary", message, "", "label")
    remedy = f"Use one of {', '.join(VOCABULARIES)}."
    if role == "query":
        findings.note(Severity.WARNING, "bad-label", reading.unreadable, "the label is not 0 or 1", remedy, "label")
        return values
    for row in reading.empty:
        if row not in skip:
            findings.refuse(row, "empty-label", "the label is empty.", remedy, "label")
    for row in reading.unreadable:
        findings.refuse(row, "bad-label", f"label {shown(cells[row])!r} is not 0 or 1.", remedy, "label")
    return values


# ------------------------------------------------------------------ sequences


def check_sequences(column: str, cells: Sequence[str], findings: Findings, skip: frozenset[int]) -> TextArray:
    """Return upper-case ACGTN sequences (B,); refuse what is no DNA, count what was normalised.

    Lower case is accepted as it is; blanks inside are removed (said); IUPAC letters become N (warned); RNA, protein,
    a ``>``, more than 25 % N, fewer than 50 bp and an empty cell refuse the row.
    """
    out = np.empty(len(cells), dtype=object)
    blanks: list[int] = []
    ambiguous: list[int] = []
    for row, cell in enumerate(cells):
        text = cell.upper() if cell.isascii() else cell
        if text.translate(_DROP_BASES):
            squeezed = text.translate(_BLANKS)
            if squeezed != text:
                blanks.append(row)
            text = squeezed
            if text.translate(_DROP_BASES) and not text.translate(_DROP_IUPAC):
                ambiguous.append(row)
                text = text.translate(_IUPAC_TO_N)
        out[row] = text
        if row in skip:
            continue
        reason = _sequence_reason(text)
        if reason:
            findings.refuse(row, *reason, column=column)
    findings.note(Severity.FIXED, "sequence-blanks", blanks, "blanks inside the sequence were removed", "", column)
    message = "ambiguous bases (IUPAC) are read as N"
    findings.note(Severity.WARNING, "sequence-iupac", ambiguous, message, "", column)
    return out


def _sequence_reason(text: str) -> tuple[str, str, str] | None:
    if not text:
        return "empty-sequence", "the sequence is empty.", "Fill it in, or leave the column out and give a genome."
    rest = text.translate(_DROP_BASES)
    if rest:
        if ">" in rest:
            return "sequence-fasta", "a '>' stands inside the sequence.", "Give bases only, no FASTA header."
        if not rest.strip("U"):
            return "sequence-rna", "the sequence holds U: this is RNA.", "Give the DNA sequence."
        if text.isascii() and text.isalpha():
            return (
                "sequence-protein",
                f"{shown(rest, 12)!r} are no DNA letters: protein?",
                "Give A, C, G, T and N only.",
            )
        return "sequence-letters", f"{shown(rest, 12)!r} are no DNA letters.", "Give A, C, G, T and N only."
    if text.count("N") > MAX_N_SHARE * len(text):
        message = f"{text.count('N')} of {len(text)} bp are N."
        return "sequence-n", message, f"At most {MAX_N_SHARE:.0%} may be N."
    if len(text) < MIN_SEQUENCE:
        return "sequence-short", f"{len(text)} bp are too short.", f"Give at least {MIN_SEQUENCE} bp."
    return None


# ------------------------------------------------------------------ pairs


def _codes(texts: TextArray) -> IntArray:
    """Return an integer per distinct text, in order of first appearance."""
    known: dict[str, int] = {}
    return np.fromiter((known.setdefault(text, len(known)) for text in texts), dtype=np.int64, count=len(texts))


def pair_groups(table: PairTable) -> IntArray:
    """Return a group number (B,) that rows share exactly when they are the same pair in the same context.

    The same pair: equal chromosomes, starts and ends of both elements. The same context: equal cell line and assay.
    """
    keys = np.stack(
        [
            _codes(table.enhancer_chrom),
            _codes(table.promoter_chrom),
            _codes(table.cell_line),
            _codes(table.assay),
            table.enhancer_start,
            table.enhancer_end,
            table.promoter_start,
            table.promoter_end,
        ]
    )
    order = np.lexsort(keys)
    changes = np.any(keys[:, order[1:]] != keys[:, order[:-1]], axis=0)
    groups = np.empty(len(table), dtype=np.int64)
    groups[order] = np.concatenate([[0], np.cumsum(changes)]) if len(table) else 0
    return groups


def check_repeats(table: PairTable, findings: Findings, role: Role) -> None:
    """Judge repeats and contradictions within each context, among the rows that are usable so far.

    Same label: the first is kept, each further one is named and left out. Different labels: all are refused, named with
    each other. In queries every row is scored; repeats are only counted.
    """
    rows = np.flatnonzero(findings.usable)
    groups = pair_groups(table.take(rows))
    _, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    repeated = np.flatnonzero(counts[inverse] > 1)
    if role == "query":
        if len(repeated):
            message = f"{len(repeated):,} rows name a pair that occurs more than once; each is scored."
            findings.whole(Severity.WARNING, "repeated-query", message)
        return
    members: dict[int, list[int]] = {}
    for index in repeated.tolist():
        members.setdefault(int(inverse[index]), []).append(int(rows[index]))
    for group in members.values():
        labels = {int(table.label[row]) for row in group}
        for row in group if len(labels) > 1 else group[1:]:
            if len(labels) > 1:
                others = ", ".join(str(findings.line_of(other)) for other in group if other != row)
                message = f"this pair has label {table.label[row]} here and the opposite on line {others}."
                findings.refuse(row, "contradiction", message, "Keep the label you trust.", "label")
            else:
                message = f"the same pair stands on line {findings.line_of(group[0])}; that one is kept."
                findings.leave_out(row, "duplicate-pair", message)


def check_pairs(table: PairTable, findings: Findings) -> None:
    """Refuse E = P; warn about pairs on two chromosomes or more than 10 Mb apart."""
    usable = findings.usable
    same_chrom = np.asarray(table.enhancer_chrom == table.promoter_chrom, dtype=np.bool_)
    same = (
        same_chrom
        & (table.enhancer_start == table.promoter_start)
        & (table.enhancer_end == table.promoter_end)
        & usable
    )
    for row in np.flatnonzero(same).tolist():
        findings.refuse(row, "same-element", "enhancer and promoter are the same interval.", "Give two elements.")
    apart = np.flatnonzero(usable & ~same_chrom).tolist()
    findings.note(Severity.WARNING, "two-chromosomes", apart, "enhancer and promoter lie on different chromosomes")
    gap = np.abs((table.enhancer_start + table.enhancer_end) - (table.promoter_start + table.promoter_end)) / 2
    far = np.flatnonzero(usable & same_chrom & (gap > FAR_BP)).tolist()
    message = f"the elements lie more than {FAR_BP // 1_000_000} Mb apart"
    findings.note(Severity.WARNING, "far-apart", far, message)
