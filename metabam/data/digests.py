"""SHA-256 of what a table says: the keys of caches and the provenance of results.

Two digests, because two questions are asked. A support is a set: its digest ignores row order, column order, names of
columns, file name and format. Queries are a list: their digest keeps the order, since results come back in it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabam.records import PairTable


def support_digest(table: PairTable) -> str:
    """Return 64 hex digits of a support's content as a set of labelled pairs.

    Included: coordinates, label, cell line, assay and sequences. Not included: pair and gene ids, unknown columns, line
    numbers; they do not reach the model.
    """
    return _digest("support", sorted(_rows(table, ids=False)))


def query_digest(table: PairTable) -> str:
    """Return 64 hex digits of a query table's content in its order, ids and unknown columns included."""
    rows = _rows(table, ids=True)
    extra = {name: column.tolist() for name, column in table.extra.items()}
    return _digest("query", [*rows, json.dumps(extra, ensure_ascii=True)])


def array_digest(array: NDArray[Any]) -> str:
    """Return 64 hex digits of every byte of an array, its shape and its type."""
    hasher = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    hasher.update(np.ascontiguousarray(array).data)
    return hasher.hexdigest()


def _rows(table: PairTable, *, ids: bool) -> list[str]:
    empty = [""] * len(table)
    columns: list[list[Any]] = [
        *table.coordinates(),
        table.label.tolist(),
        table.cell_line.tolist(),
        table.assay.tolist(),
        empty if table.enhancer_seq is None else table.enhancer_seq.tolist(),
        empty if table.promoter_seq is None else table.promoter_seq.tolist(),
    ]
    if ids:
        columns += [table.pair_id.tolist(), table.gene_id.tolist()]
    return [json.dumps(row, ensure_ascii=True) for row in zip(*columns, strict=True)]


def _digest(kind: str, rows: list[str]) -> str:
    hasher = hashlib.sha256(f"metabam {kind} 1\n".encode())
    for row in rows:
        hasher.update(row.encode("ascii"))
        hasher.update(b"\n")
    return hasher.hexdigest()
