"""Strict JSON: no duplicate key, no NaN, no abyss."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from metabam.errors import InputError, StorageError
from metabam.files.disk import read_bytes, write_bytes

JSON_CAP: Final = 8 << 20  # bytes
MAX_DEPTH: Final = 32

_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', re.DOTALL)


def parse_json(data: bytes, name: str) -> Any:
    """Return what strict JSON says: UTF-8, no duplicate key, no NaN, at most ``MAX_DEPTH`` levels.

    Raises
    ------
    InputError
        ``json-invalid``, naming the file and the fault.
    """
    try:
        text = data.decode("utf-8")
        depth = 0
        for token in _BRACKETS.finditer(text):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token.group(), 0)
            if depth > MAX_DEPTH:
                raise ValueError(f"more than {MAX_DEPTH} levels deep")
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError("json-invalid", f"{name} is not valid JSON: {error}.", "Write it again.") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def _refuse_constant(token: str) -> Any:
    raise ValueError(f"{token} is not JSON")


def read_json(path: Path, cap: int = JSON_CAP) -> Any:
    """Return the content of a JSON file under the limits of :func:`parse_json`."""
    return parse_json(read_bytes(path, cap), path.name)


def write_json(path: Path, value: Any) -> str:
    """Write plain values as JSON, atomically, keys sorted; NaN and infinities are refused. Returns the SHA-256."""
    return write_bytes(path, json_text(path.name, value).encode() + b"\n")


def json_text(name: str, value: Any) -> str:
    """Return plain values as JSON text, the same for equal values.

    Raises
    ------
    StorageError
        ``json-value`` for NaN, an infinity, or an object that JSON does not know.
    """
    try:
        return json.dumps(value, allow_nan=False, sort_keys=True, ensure_ascii=False, indent=1)
    except (ValueError, TypeError) as error:
        raise StorageError("json-value", f"{name} cannot hold this value: {error}.", "Write NaN as null.") from None
