"""Tables of scores: one row per query, written so that they read back bit for bit and harm no spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metabam.data.exports import export_rows
from metabam.data.guard import unguard
from metabam.errors import ConfigError, InputError
from metabam.files import read_bytes, write_bytes
from metabam.records import TextArray

NUMBERS = ("probability", "lower", "upper", "logit")
COLUMNS = ("pair_id", *NUMBERS, "status")
OK = "ok"
SCORES_CAP = 4 << 30


def scores_frame(ids: Sequence[str], numbers: NDArray[np.float64], status: TextArray) -> pd.DataFrame:
    """Return scores as a table with :data:`COLUMNS`; ``numbers`` (B, 4) in the order of :data:`NUMBERS`."""
    columns: dict[str, Any] = {"pair_id": pd.array(list(ids), dtype="str")}
    columns |= {name: numbers[:, place] for place, name in enumerate(NUMBERS)}
    return pd.DataFrame(columns | {"status": pd.array(status.tolist(), dtype="str")})


def scores_text(scores: pd.DataFrame) -> str:
    """Return scores as tab-separated text: floats as the shortest text of the same bits, formula-like ids guarded."""
    return export_rows({name: scores[name].to_numpy() for name in scores.columns}).decode()


def write_scores(scores: pd.DataFrame, path: Path) -> None:
    """Write scores to a ``.tsv`` or ``.parquet`` file, whole or not at all.

    Raises
    ------
    ConfigError
        Another suffix.
    StorageError
        The disk is full or the folder cannot be written.
    """
    if path.suffix == ".tsv":
        write_bytes(path, scores_text(scores).encode())
    elif path.suffix == ".parquet":
        buffer = io.BytesIO()
        scores.to_parquet(buffer, index=False)
        write_bytes(path, buffer.getvalue())
    else:
        raise ConfigError("out-format", f"{path.name} ends neither in .tsv nor in .parquet.", "Choose one of the two.")


def read_scores(path: Path) -> pd.DataFrame:
    """Return the scores of a file that :func:`write_scores` made, bit for bit the same.

    Raises
    ------
    InputError
        ``bad-scores``: not such a file.
    """
    data = read_bytes(path, SCORES_CAP, follow_links=True)
    if path.suffix == ".parquet":
        try:
            return pd.read_parquet(io.BytesIO(data))
        except (OSError, ValueError) as error:
            raise InputError("bad-scores", f"{path.name} is no Parquet file of scores.", "Score again.") from error
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), delimiter="\t", strict=True))
        header, body = rows[0], rows[1:]
        columns = dict(zip(header, zip(*body, strict=True) if body else [()] * len(header), strict=True))
        numbers = np.array([[float(cell or "nan") for cell in columns[name]] for name in NUMBERS]).T
        ids = [unguard(cell) for cell in columns["pair_id"]]
        status = np.array(columns["status"], dtype=object)
    except (UnicodeDecodeError, csv.Error, IndexError, KeyError, ValueError) as error:
        raise InputError("bad-scores", f"{path.name} is no table of scores ({error}).", "Score again.") from error
    frame = scores_frame(ids, numbers.reshape(-1, len(NUMBERS)), status)
    for name in header:
        if name not in frame:
            frame[name] = [unguard(cell) for cell in columns[name]]
    return frame[header]
