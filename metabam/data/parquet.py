"""Parquet tables as columns of text, so that one reader judges them like any other table."""

from __future__ import annotations

import io
from typing import Any

from metabam.data.limits import Limits
from metabam.data.refusal import TableRefusedError, shown


def read_parquet(data: bytes, limits: Limits) -> tuple[list[str], list[list[str]]]:
    """Return column names and columns of text of a Parquet file; a missing value is the empty text.

    Sizes are checked in the footer before a column is unpacked. Whole floats become integers (``1.0`` reads ``1``).

    Raises
    ------
    TableRefusedError
        Damaged, too large, or a column that is no plain value.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(data))
        meta = file.metadata
        unpacked = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        if meta.num_rows > limits.max_rows or meta.num_columns > limits.max_columns or unpacked > limits.max_bytes:
            raise TableRefusedError(
                "too-large",
                f"{meta.num_rows:,} rows, {meta.num_columns} columns and {unpacked:,} bytes exceed a {limits.what}.",
                "Split the table.",
            )
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise TableRefusedError("bad-parquet", "the Parquet file is damaged.", "Write it again.") from error
    return list(table.column_names), [_text(table.column(i), table.column_names[i]) for i in range(table.num_columns)]


def _text(column: Any, name: str) -> list[str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        texts: list[str | None] = pc.cast(column, pa.string()).to_pylist()
    except pa.ArrowException as error:
        raise TableRefusedError(
            "parquet-column",
            f"column {shown(name)!r} ({column.type}) holds no plain values.",
            "Leave it out.",
            column=shown(name),
        ) from error
    if any(value is not None and "\x00" in value for value in texts):
        raise TableRefusedError(
            "nul-byte", f"column {shown(name)!r} holds NUL characters.", "Leave it out.", column=shown(name)
        )
    return [(value or "").strip(" ") for value in texts]
