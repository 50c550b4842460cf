"""Tables written so that they can be read again bit for bit and opened in a spreadsheet without harm."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from metabam.data.guard import guard
from metabam.errors import InputError
from metabam.records import PairTable

Column = Sequence[Any] | np.ndarray[Any, Any]


def export_rows(columns: Mapping[str, Column], *, separator: str = "\t") -> bytes:
    """Return a table as UTF-8 text with a header row.

    Numeric columns (NumPy numbers) are written as the shortest text that reads back to the same bits, NaN as an empty
    cell. Text columns are guarded against spreadsheet formulas (:mod:`metabam.data.guard`), unless a cell is a number.

    Raises
    ------
    InputError
        Columns of unequal length, or a text that no table can carry (NUL, half characters).
    """
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InputError("export-shape", f"columns have different lengths: {lengths}.", "Give one value per row.")
    cells = [[_quoted(guard(name), separator) for name in columns]]
    parts = [_cells(column, separator) for column in columns.values()]
    cells.extend(map(list, zip(*parts, strict=True)))
    text = "\n".join(separator.join(row) for row in cells) + "\n"
    if "\x00" in text:
        raise InputError("export-text", "a cell holds a NUL character.", "Remove it.")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError("export-text", "a cell holds half a character (a surrogate).", "Remove it.") from error


def table_columns(table: PairTable, *, keep_empty: bool = False) -> dict[str, Column]:
    """Return a pair table as named columns in the order of this project's tables, for :func:`export_rows`.

    Unlabelled rows get an empty label; text columns without any content are left out unless ``keep_empty``.
    """
    same = bool(np.array_equal(table.enhancer_chrom, table.promoter_chrom))
    columns: dict[str, Column] = {}
    if keep_empty or any(table.pair_id):
        columns["pair_id"] = table.pair_id
    if same:
        columns["chrom"] = table.enhancer_chrom
    else:
        columns |= {"enhancer_chrom": table.enhancer_chrom, "promoter_chrom": table.promoter_chrom}
    for name in ("enhancer_start", "enhancer_end", "promoter_start", "promoter_end"):
        columns[name] = getattr(table, name)
    if keep_empty or (table.label >= 0).any():
        columns["label"] = ["" if value < 0 else int(value) for value in table.label]
    for name in ("cell_line", "assay", "gene_id"):
        if keep_empty or any(getattr(table, name)):
            columns[name] = getattr(table, name)
    for name in ("enhancer_seq", "promoter_seq"):
        if getattr(table, name) is not None:
            columns[name] = getattr(table, name)
    return columns | dict(table.extra)


def row_chunks(n_rows: int, size: int) -> Iterator[slice]:
    """Yield consecutive slices of at most ``size`` rows that cover ``n_rows`` rows: steps of cancellable work."""
    if size < 1:
        raise InputError("chunk-size", f"a chunk must hold at least one row, not {size}.", "Give 1 or more.")
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))


def _cells(column: Column, separator: str) -> list[str]:
    values = column.tolist() if isinstance(column, np.ndarray) else list(column)
    return [_cell(value, separator) for value in values]


def _cell(value: Any, separator: str) -> str:
    if isinstance(value, str):
        return _quoted(guard(value), separator)
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return "" if value is None else str(value)


def _quoted(text: str, separator: str) -> str:
    if any(character in text for character in (separator, '"', "\r", "\n")):
        return '"' + text.replace('"', '""') + '"'
    return text
