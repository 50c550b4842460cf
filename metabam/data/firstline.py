"""The first line of a text table: where it is, what separates its columns, and whether it names them."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from metabam.data.header import BEDPE_WIDTHS, STANDARD_WIDTHS, recognised
from metabam.data.limits import Limits
from metabam.data.refusal import TableRefusedError, shown
from metabam.records import Problem, Severity

NEEDED = "Needed: a header row and rows with chrom, enhancer_start, enhancer_end, promoter_start, promoter_end, label."
LINE = re.compile(r"\r\n|\n|\r")
_SEPARATORS = ("\t", ",", ";")
_SEPARATOR_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon"}
_EXPECTED = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".bedpe": "\t"}
Layout = Literal["header", "bedpe", "standard"]
_NUMBER = re.compile(r"[+-]?[0-9]+")


def first_line(text: str) -> tuple[int, int, str, int]:
    """Return offset, line number and text of the header (or first row), and how many comment lines stand before it."""
    position, number, skipped = 0, 1, 0
    while position < len(text):
        match = LINE.search(text, position)
        end, following = (match.start(), match.end()) if match else (len(text), len(text))
        line = text[position:end]
        if line.startswith("#"):
            names = line.split("\t") if "\t" in line else line.split(",")
            if recognised(names) >= 4:
                return position, number, line, skipped
        if not is_comment(line) and line.strip():
            return position, number, line, skipped
        skipped += bool(line.strip())
        position, number = following, number + 1
    return len(text), number, "", skipped


def is_comment(line: str) -> bool:
    """Return whether a line is a comment, or a track or browser line of a genome browser."""
    return line.startswith("#") or re.match(r"(track|browser)(\s|$)", line) is not None


def separator_of(first: str, name: str, limits: Limits, problems: list[Problem]) -> str:
    """Return what separates the columns; say so when the file's name promises something else.

    Raises
    ------
    TableRefusedError
        Too many columns, or only one.
    """
    counts = {separator: first.count(separator) for separator in _SEPARATORS}
    best = max(_SEPARATORS, key=lambda separator: (recognised(first.split(separator)[:4096]), counts[separator]))
    if counts[best] + 1 > limits.max_columns:
        raise too_wide(limits, counts[best] + 1, None)
    if counts[best] == 0:
        raise TableRefusedError(
            "one-column",
            "the first line holds no tab, comma or semicolon, so there is only one column.",
            NEEDED,
            line=1,
        )
    suffix = name[name.rfind(".") :].casefold() if "." in name else ""
    expected = _EXPECTED.get(suffix, "," if best == ";" else best)
    if best != expected:
        was, should = _SEPARATOR_NAMES[best], _SEPARATOR_NAMES[expected]
        message = f"columns are separated by {was}s, not by {should}s."
        problems.append(Problem("separator", Severity.FIXED, message))
    return best


def names_of(first: str, separator: str) -> list[str]:
    """Return the fields of the first line, leniently: a wrong quote is judged later, with its line."""
    if '"' not in first:
        return first.split(separator)
    try:
        return next(csv.reader([first], delimiter=separator))
    except csv.Error:
        return first.split(separator)


def layout_of(names: Sequence[str], separator: str, answers: Mapping[str, str]) -> Layout:
    """Return whether a first line names columns; ask where it is a data row that could mean several things.

    ``answers["no-header"] == "standard"`` is the user's word that columns stand in the order of this project's tables.
    """
    count = recognised(names)
    numbers = sum(_NUMBER.fullmatch(name.strip()) is not None for name in names)
    if count >= 3 or numbers < 2:
        return "header"
    if len(names) == 3:
        raise TableRefusedError(
            "not-a-table",
            "this is a BED file with one region per row, not a pair table.",
            "Here each row is a pair: use BEDPE or the columns chrom, enhancer_start, ... label.",
        )
    anchors = [_NUMBER.fullmatch(name.strip()) is not None for name in names[:6]]
    if separator == "\t" and len(names) in BEDPE_WIDTHS and anchors == [False, True, True, False, True, True]:
        return "bedpe"
    if answers.get("no-header") == "standard" and len(names) in STANDARD_WIDTHS:
        return "standard"
    raise TableRefusedError(
        "no-header",
        f"the first line ({shown(separator.join(names))}) looks like data: is the header row missing?",
        "Add a header row, or confirm the order chrom, enhancer start, end, promoter start, end, label, cell_line.",
        line=1,
        severity=Severity.QUESTION,
    )


def too_wide(limits: Limits, width: int, line: int | None) -> TableRefusedError:
    """Return the refusal of a table with too many columns."""
    return TableRefusedError(
        "too-many-columns",
        f"{width:,} columns exceed the {limits.max_columns} of a {limits.what}.",
        "Keep the columns that are needed.",
        line=line,
    )
