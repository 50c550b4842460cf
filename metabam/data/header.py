"""Column names: canonical fields, published aliases, and what a BEDPE table without a header means by position."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metabam.data.guard import unguard
from metabam.data.refusal import TableRefusedError, has_invisible, shown, without_invisible
from metabam.records import Problem, Severity

CHROMS = ("chrom", "enhancer_chrom", "promoter_chrom")
COORDINATES = ("enhancer_start", "enhancer_end", "promoter_start", "promoter_end")
TEXT_FIELDS = ("pair_id", "cell_line", "assay", "gene_id")
SEQUENCE_FIELDS = ("enhancer_seq", "promoter_seq")
FIELDS = (*CHROMS, *COORDINATES, "label", *TEXT_FIELDS, *SEQUENCE_FIELDS)
OPTIONAL = (*TEXT_FIELDS, *SEQUENCE_FIELDS)

ALIASES: Mapping[str, tuple[str, ...]] = {
    "chrom": ("chr", "chromosome", "seqname", "contig"),
    "enhancer_chrom": ("chrom1", "chr1", "enhancer_chr", "enhancer_chromosome", "chrom_enhancer"),
    "promoter_chrom": ("chrom2", "chr2", "promoter_chr", "promoter_chromosome", "chrom_promoter"),
    "enhancer_start": ("start1", "x1", "enh_start", "e_start", "start_enhancer"),
    "enhancer_end": ("end1", "x2", "enh_end", "e_end", "end_enhancer", "enhancer_stop"),
    "promoter_start": ("start2", "y1", "prom_start", "p_start", "start_promoter"),
    "promoter_end": ("end2", "y2", "prom_end", "p_end", "end_promoter", "promoter_stop"),
    "label": ("labels", "class", "target", "interaction", "interacting", "interacts", "regulated"),
    "cell_line": ("cell", "cellline", "cell_type", "celltype", "biosample"),
    "assay": ("experiment", "experiment_type"),
    "pair_id": ("id", "pair", "pairid"),
    "gene_id": ("gene", "geneid"),
    "enhancer_seq": ("enhancer_sequence", "enh_seq"),
    "promoter_seq": ("promoter_sequence", "prom_seq"),
}
"""Canonical field -> names that are read as it; case, blanks, dots and dashes do not matter."""

BEDPE_WIDTHS = (6, 7, 8, 10, 12)
STANDARD_ORDER = ("chrom", *COORDINATES, "label", "cell_line")
STANDARD_WIDTHS = (5, 6, 7)
_BEDPE = ("enhancer_chrom", "enhancer_start", "enhancer_end", "promoter_chrom", "promoter_start", "promoter_end")
_BEDPE_REST = ("pair_id", "score", "strand1", "strand2", "column_11", "column_12")
_FIELD_OF = {name: name for name in FIELDS} | {alias: name for name, names in ALIASES.items() for alias in names}


@dataclass(frozen=True, slots=True)
class Mapped:
    """Which column of a table is which field.

    ``columns`` maps a field to its column number; ``extra`` an unknown column's name to its number, in input order;
    ``names`` a field to the name it had in the file; ``bedpe`` is true where columns were read by position;
    ``unnamed`` are the columns without a name.
    """

    columns: Mapping[str, int]
    extra: Mapping[str, int]
    names: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
    bedpe: bool = False
    unnamed: tuple[int, ...] = ()


def field_of(name: str) -> str | None:
    """Return the canonical field a column name means, or ``None``.

    >>> field_of("Enhancer Start"), field_of("colour")
    ('enhancer_start', None)
    """
    return _FIELD_OF.get(_plain(name))


def recognised(names: Sequence[str]) -> int:
    """Return how many different fields a line of names holds."""
    return len({field_of(name) for name in names} - {None})


def map_header(names: Sequence[str], *, line: int = 1) -> Mapped:
    """Return which column is which field, from the names of a header row.

    Raises
    ------
    TableRefusedError
        A name occurs twice; two aliases of one field; a required column is missing.
    """
    cleaned = [unguard(without_invisible(name).strip()) for name in names]
    problems: list[Problem] = []
    if any(has_invisible(name) for name in names):
        problems.append(_fix("header-invisible", "invisible characters were removed from the column names.", line))
    seen: dict[str, int] = {}
    columns: dict[str, int] = {}
    extra: dict[str, int] = {}
    unnamed: list[int] = []
    for number, name in enumerate(cleaned):
        if not name:
            unnamed.append(number)
            continue
        if name in seen:
            raise TableRefusedError(
                "duplicate-column",
                f"column {shown(name)!r} occurs twice in the header.",
                "Rename or remove one of them.",
                line=line,
                column=shown(name),
            )
        seen[name] = number
    canonical = {_plain(name) for name in seen}
    for name, number in seen.items():
        known = field_of(name)
        if known is None or (known in OPTIONAL and known in canonical and _plain(name) != known):
            extra[name] = number
            continue
        if known in columns:
            other = cleaned[columns[known]]
            raise TableRefusedError(
                "two-aliases",
                f"columns {shown(other)!r} and {shown(name)!r} both mean {known}.",
                "Keep one of them, or rename the other.",
                line=line,
                column=known,
            )
        columns[known] = number
        if name != known:
            problems.append(_fix("alias", f"column {shown(name)!r} is read as {known}.", line, known))
    _require(columns, line)
    return Mapped(columns, extra, {f: cleaned[n] for f, n in columns.items()}, tuple(problems), False, tuple(unnamed))


def map_standard(width: int) -> Mapped:
    """Return the columns of a table without a header whose user says that they stand in this project's order."""
    names = STANDARD_ORDER[:width]
    columns = {name: number for number, name in enumerate(names)}
    told = Problem("no-header", Severity.FIXED, f"without a header, as confirmed: read as {', '.join(names)}.")
    return Mapped(columns, {}, {name: f"column {number + 1}" for name, number in columns.items()}, (told,))


def map_bedpe(rows: Sequence[Sequence[str]], width: int) -> Mapped:
    """Return which column is which field in a BEDPE table without a header: anchor 1 enhancer, anchor 2 promoter.

    The label is the one column after the anchors whose cells are all 0 or 1 and hold both. A score that is something
    else is never taken for a label.

    Raises
    ------
    TableRefusedError
        The width is none of 6, 7, 8, 10 and 12.
    """
    rest = _BEDPE_REST[: width - 6]
    columns = {name: number for number, name in enumerate(_BEDPE)}
    extra = {name: 6 + number for number, name in enumerate(rest) if name != "pair_id"}
    if "pair_id" in rest:
        columns["pair_id"] = 6
    candidates = [n for n in range(6, width) if {row[n].strip(" ") for row in rows} == {"0", "1"}]
    if len(candidates) > 1:
        raise TableRefusedError(
            "bedpe-label",
            f"columns {', '.join(str(n + 1) for n in candidates)} all hold 0 and 1: which one is the label?",
            "Add a header row that names the label column.",
            line=None,
            severity=Severity.QUESTION,
        )
    if candidates:
        number = candidates[0]
        columns["label"] = number
        if columns.get("pair_id") == number:
            del columns["pair_id"]
        extra = {name: n for name, n in extra.items() if n != number}
    where = f"; the label is column {candidates[0] + 1}" if candidates else ""
    told = Problem(
        "bedpe",
        Severity.FIXED,
        f"read as BEDPE with {width} columns: anchor 1 is the enhancer, anchor 2 the promoter, 0-based{where}.",
    )
    names = {name: f"column {number + 1}" for name, number in columns.items()}
    return Mapped(columns, extra, names, (told,), True)


def _require(columns: Mapping[str, int], line: int) -> None:
    missing = [name for name in COORDINATES if name not in columns]
    if "chrom" not in columns:
        missing = [n for n in ("enhancer_chrom", "promoter_chrom") if n not in columns] + missing
        if "enhancer_chrom" in missing and "promoter_chrom" in missing:
            missing = ["chrom", *missing[2:]]
    if missing:
        raise TableRefusedError(
            "missing-columns",
            f"the header lacks {', '.join(missing)}.",
            "Needed: chrom, enhancer_start, enhancer_end, promoter_start, promoter_end, label (0-based half-open bp).",
            line=line,
            column=missing[0],
        )


def _fix(code: str, message: str, line: int, column: str | None = None) -> Problem:
    return Problem(code, Severity.FIXED, message, "", line, column)


def _plain(name: str) -> str:
    text = without_invisible(name).strip().lstrip("#").casefold()
    return re.sub(r"[ .\-]+", "_", text)
