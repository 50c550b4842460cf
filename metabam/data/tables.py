"""From bytes to columns of text: encoding, separator, strict csv, gzip and Parquet, all within stated limits.

Nothing here knows what a pair is. Cells are text and stay as they were written: no guessing of types, no missing-value
words (a contig may be called ``NA``), no silent shift of columns. Strict csv reads about 10^6 short rows a second.
"""

from __future__ import annotations

import csv
import io
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from metabam.data.firstline import (
    LINE,
    NEEDED,
    first_line,
    is_comment,
    layout_of,
    names_of,
    separator_of,
    too_wide,
)
from metabam.data.header import Mapped, map_bedpe, map_header, map_standard
from metabam.data.limits import MIB, Limits
from metabam.data.refusal import TableRefusedError, shown
from metabam.data.sniff import binary_type, other_text_type
from metabam.records import Problem, Severity


@dataclass(frozen=True, slots=True)
class RawTable:
    """Columns of text as they stand in the input.

    ``cells`` has one list per column, each of length ``B``; ``lines`` (B,) the 1-based physical line of each row;
    ``width_problems`` maps a row number to the finding that its number of fields is wrong (its cells are empty).
    """

    mapped: Mapped
    cells: Sequence[Sequence[str]]
    lines: Sequence[int]
    header: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    width_problems: dict[int, Problem] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of rows ``B``."""
        return len(self.lines)


def read_raw(data: bytes, name: str, limits: Limits, answers: Mapping[str, str]) -> RawTable:
    """Return the columns of an input of unknown kind; ``answers`` as in :func:`metabam.data.pairs.read_table`.

    Raises
    ------
    TableRefusedError
        The input as a whole cannot be read as a table within ``limits``.
    """
    if len(data) > limits.max_bytes:
        raise _too_big(limits, len(data))
    if limits.packed and data.startswith(b"\x1f\x8b"):
        data = _gunzip(data, limits)
    if limits.packed and data.startswith(b"PAR1"):
        from metabam.data.parquet import read_parquet

        header, cells = read_parquet(data, limits)
        return RawTable(map_header(header), cells, range(2, len(cells[0]) + 2 if cells else 2), tuple(header))
    text, problems = _decode(data, limits)
    return _read_text(text, name, limits, answers, problems)


def _read_text(text: str, name: str, limits: Limits, answers: Mapping[str, str], problems: list[Problem]) -> RawTable:
    other = other_text_type(text)
    if other:
        raise TableRefusedError("not-a-table", f"this is {other[0]}, not a pair table.", other[1])
    start, number, first, skipped = first_line(text)
    if not first.strip():
        raise TableRefusedError("empty-input", "the input holds no rows.", NEEDED)
    if skipped:
        problems.append(_fix("comment-lines", f"track, browser and comment lines were skipped ({skipped})."))
    separator = separator_of(first, name, limits, problems)
    names = names_of(first, separator)
    layout = layout_of(names, separator, answers)
    rows, lines, blank = _rows(text, start, number, separator, limits, header=layout == "header")
    if layout == "header":
        header, rows, lines = rows[0], rows[1:], lines[1:]
        named = map_header(header, line=number)
    else:
        header, named = [f"column {place + 1}" for place in range(len(rows[0]))], None
    padded = _strip_cells(rows)
    if blank + padded[1]:
        problems.append(_fix("blank-lines", f"blank lines were skipped ({blank + padded[1]})."))
        keep = [i for i, row in enumerate(rows) if any(row)]
        rows, lines = [rows[i] for i in keep], [lines[i] for i in keep]
    if padded[0]:
        problems.append(_fix("padded-cells", f"blanks around cells were removed ({padded[0]} cells)."))
    wrong = _wrong_widths(rows, lines, len(header))
    if named is not None:
        mapped = named
    elif layout == "standard":
        mapped = map_standard(len(header))
    else:
        mapped = map_bedpe([row for index, row in enumerate(rows) if index not in wrong], len(header))
    for index in wrong:
        rows[index] = [""] * len(header)
    cells: list[Sequence[str]] = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    mapped, more = _settle_unnamed(mapped, cells)
    problems.extend((*mapped.problems, *more))
    return RawTable(mapped, cells, lines, tuple(header), tuple(problems), wrong)


def _decode(data: bytes, limits: Limits) -> tuple[str, list[Problem]]:
    known = binary_type(data)
    if known:
        raise TableRefusedError("not-text", f"this is {known[0]}, not a text table.", known[1])
    if not data.strip():
        raise TableRefusedError("empty-input", f"the {limits.what} is empty ({len(data)} bytes).", NEEDED)
    problems: list[Problem] = []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise TableRefusedError(
                "bad-encoding", f"UTF-16 text breaks off at byte {error.start}.", "Save the table as UTF-8."
            ) from error
        problems.append(_fix("utf-16", "UTF-16 text was converted."))
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            offset = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
            line = 1 + len(re.findall(rb"\r\n|\n|\r", data[:offset]))
            raise TableRefusedError(
                "bad-encoding",
                f"byte {offset} (0x{data[offset]:02X}) is not UTF-8.",
                "Save the table as UTF-8 (in Excel: CSV UTF-8).",
                line=line,
            ) from error
    position = text.find("\x00")
    if position >= 0:
        raise TableRefusedError(
            "nul-byte",
            f"a NUL character stands at position {position}.",
            "Save the table again as UTF-8 text; NUL bytes mean a binary file or UTF-16 without its mark.",
            line=1 + len(LINE.findall(text, 0, position)),
        )
    if _surrogate(text):
        raise TableRefusedError(
            "bad-encoding", "the text holds half characters (surrogates).", "Save the table as UTF-8."
        )
    return text, problems


def _surrogate(text: str) -> bool:
    return not text.isascii() and re.search("[\ud800-\udfff]", text) is not None


def _gunzip(data: bytes, limits: Limits) -> bytes:
    """Return the unpacked bytes of one or several gzip members, never more than the limit."""
    parts: list[bytes] = []
    total = 0
    rest = data
    while rest.startswith(b"\x1f\x8b"):
        unpacker = zlib.decompressobj(wbits=31)
        try:
            part = unpacker.decompress(rest, limits.max_bytes + 1 - total)
        except zlib.error as error:
            raise TableRefusedError(
                "bad-gzip", f"the gzip archive is damaged ({error}).", "Fetch the file again."
            ) from error
        total += len(part)
        if total > limits.max_bytes:
            raise _too_big(limits, total)
        if not unpacker.eof:
            raise TableRefusedError("bad-gzip", "the gzip archive breaks off.", "Fetch the file again.")
        parts.append(part)
        rest = unpacker.unused_data
    return b"".join(parts)


def _rows(
    text: str, start: int, first_line: int, separator: str, limits: Limits, *, header: bool
) -> tuple[list[list[str]], list[int], int]:
    """Return rows, the line each begins on, and the number of empty lines, by strict csv."""
    csv.field_size_limit(limits.max_cell)
    stream = io.StringIO(text[start:] if start else text, newline="")
    reader = csv.reader(stream, delimiter=separator, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    blank = previous = 0
    offset = first_line - 1
    most = limits.max_rows + header
    try:
        for row in reader:
            begins, previous = previous + 1, reader.line_num
            if not row or (len(row) == 1 and is_comment(row[0])):
                blank += not row
                continue
            if len(row) > limits.max_columns:
                raise too_wide(limits, len(row), offset + begins)
            if len(rows) == most:
                raise _too_many(limits, text, header=header)
            rows.append(row)
            lines.append(offset + begins)
    except csv.Error as error:
        raise _csv_refusal(str(error), offset + previous + 1, limits) from error
    return rows, lines, blank


def _csv_refusal(message: str, line: int, limits: Limits) -> TableRefusedError:
    if "field larger" in message:
        return TableRefusedError(
            "cell-too-long", f"a cell is longer than {limits.max_cell:,} characters.", "Shorten it.", line=line
        )
    if "unexpected end" in message:
        return TableRefusedError(
            "unclosed-quote", "a quote that opens here is never closed.", "Close or remove the quote.", line=line
        )
    return TableRefusedError(
        "bad-quote", f"a quote stands where none may ({shown(message)}).", 'Write it as "".', line=line
    )


def _strip_cells(rows: list[list[str]]) -> tuple[int, int]:
    """Remove blanks around cells in place; return how many cells changed and how many rows are empty throughout."""
    changed = empty = 0
    for index, row in enumerate(rows):
        if any(" " in cell for cell in row):
            stripped = [cell.strip(" ") for cell in row]
            changed += sum(a != b for a, b in zip(row, stripped, strict=True))
            rows[index] = row = stripped
        if not any(row):
            empty += 1
    return changed, empty


def _wrong_widths(rows: Sequence[Sequence[str]], lines: Sequence[int], width: int) -> dict[int, Problem]:
    """Return the finding for each row with too many or too few fields; refuse when all share one wrong number."""
    wrong = {index: len(row) for index, row in enumerate(rows) if len(row) != width}
    if len(wrong) > 1 and len(wrong) == len(rows) and len(set(wrong.values())) == 1:
        count = next(iter(wrong.values()))
        raise TableRefusedError(
            "shifted-columns",
            f"every row has {count} fields but the header has {width}.",
            "Add the missing column name or remove the extra field; nothing is shifted by guess.",
        )
    found: dict[int, Problem] = {}
    for index, count in wrong.items():
        code = "row-too-long" if count > width else "row-too-short"
        found[index] = Problem(
            code,
            Severity.REJECTED,
            f"{count} fields where the header has {width}.",
            "Quote cells that hold the separator, or fill in the missing fields.",
            lines[index],
        )
    return found


def _settle_unnamed(mapped: Mapped, cells: Sequence[Sequence[str]]) -> tuple[Mapped, tuple[Problem, ...]]:
    """Drop unnamed columns that are empty; keep the others under their number."""
    if not mapped.unnamed:
        return mapped, ()
    empty = [number for number in mapped.unnamed if not any(cells[number])]
    kept = {f"column {number + 1}": number for number in mapped.unnamed if number not in empty}
    extra = dict(sorted({**mapped.extra, **kept}.items(), key=lambda item: item[1]))
    problems = []
    if empty:
        problems.append(_fix("trailing-separator", f"columns without name and content were dropped ({len(empty)})."))
    if kept:
        problems.append(_fix("unnamed-column", f"columns without a name are kept as {', '.join(kept)}."))
    return replace(mapped, extra=extra, unnamed=()), tuple(problems)


def _fix(code: str, message: str) -> Problem:
    return Problem(code, Severity.FIXED, message)


def _too_big(limits: Limits, size: int) -> TableRefusedError:
    return TableRefusedError(
        "too-large",
        f"{size:,} bytes exceed the {limits.max_bytes / MIB:g} MiB of a {limits.what}.",
        "Split the table, or use the command line for large query tables.",
    )


def _too_many(limits: Limits, text: str, *, header: bool) -> TableRefusedError:
    count = len(LINE.findall(text)) - header + (not text.endswith(("\n", "\r")))
    return TableRefusedError(
        "too-many-rows",
        f"about {count:,} rows exceed the {limits.max_rows:,} of a {limits.what}; none was used.",
        "Split the table; nothing is cut off in silence.",
    )
