"""Fingerprints as JSON: exact numbers, a format tag, and the hash of the run that made them.

A tagged union: ``format`` is ``metabam-fingerprint`` for Meta-BAM's own record and ``metabam-context`` for that of any
other learner (its name, and arrays as shape and values).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabam.errors import InputError
from metabam.files import parse_json, read_bytes, write_json
from metabam.records import AnyFingerprint, ContextFingerprint, Fingerprint

FORMAT = "metabam-fingerprint"
CONTEXT_FORMAT = "metabam-context"
SCHEMA = 1
FILE_CAP = 64 << 20
_ARRAYS = {"mean": 1, "std": 1, "spectrum": 1, "evidence_mean": 1, "evidence_cov": 2}
_KEYS = {"format", "schema", "n_support", "provenance", *_ARRAYS}
_CONTEXT_KEYS = {"format", "schema", "learner", "arrays", "n_support", "provenance"}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MAX_ARRAYS, _MAX_RANK = 64, 3


def fingerprint_to_dict(fingerprint: AnyFingerprint) -> dict[str, Any]:
    """Return a fingerprint as plain JSON values; floats keep every bit when written as JSON.

    Raises
    ------
    InputError
        A number is not finite.
    """
    if isinstance(fingerprint, ContextFingerprint):
        return _context_to_dict(fingerprint)
    values: dict[str, Any] = {"format": FORMAT, "schema": SCHEMA, "n_support": fingerprint.n_support}
    for name in _ARRAYS:
        array = np.asarray(getattr(fingerprint, name), dtype=np.float64)
        if not np.isfinite(array).all():
            raise _bad(f"{name} holds NaN or infinity")
        values[name] = array.tolist()
    return values | {"provenance": dict(fingerprint.provenance)}


def fingerprint_from_dict(values: Any) -> AnyFingerprint:
    """Return the fingerprint that plain JSON values describe, every key, shape and range checked.

    Raises
    ------
    InputError
        ``bad-fingerprint``: anything but what :func:`fingerprint_to_dict` writes.
    """
    if not isinstance(values, Mapping) or values.get("format") not in (FORMAT, CONTEXT_FORMAT):
        raise _bad("it does not say that it is a fingerprint of Meta-BAM")
    if values.get("schema") != SCHEMA:
        raise _bad(f"its schema is {values.get('schema')!r}, this version reads {SCHEMA}")
    keys = _KEYS if values["format"] == FORMAT else _CONTEXT_KEYS
    if set(values) != keys:
        raise _bad(f"its keys differ by {sorted(map(str, set(values) ^ keys))}")
    count, provenance = values["n_support"], values["provenance"]
    if not isinstance(count, int) or isinstance(count, bool) or count < 0 or not isinstance(provenance, Mapping):
        raise _bad("n_support is no count, or provenance is no object")
    if values["format"] == CONTEXT_FORMAT:
        learner, named = values["learner"], values["arrays"]
        if not isinstance(learner, str) or not _NAME.fullmatch(learner):
            raise _bad("it names no learner")
        if not isinstance(named, Mapping) or len(named) > _MAX_ARRAYS or not all(map(_NAME.fullmatch, named)):
            raise _bad("its arrays are no table of names")
        shaped = {name: _shaped(name, value) for name, value in named.items()}
        return ContextFingerprint(learner, shaped, count, dict(provenance))
    arrays = {name: _array(name, values[name], dimensions) for name, dimensions in _ARRAYS.items()}
    width, atoms = len(arrays["mean"]), len(arrays["spectrum"])
    shapes = {"std": (width,), "evidence_mean": (atoms,), "evidence_cov": (atoms, atoms)}
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise _bad(f"{name} has shape {arrays[name].shape}, not {shape}")
    if (arrays["std"] < 0).any() or (np.abs(arrays["spectrum"]) > 1.0 + 1e-9).any():
        raise _bad("a standard deviation is negative, or a gate lies outside [-1, 1]")
    return Fingerprint(**arrays, n_support=count, provenance=dict(provenance))


def save_fingerprint(path: Path, fingerprint: AnyFingerprint) -> str:
    """Write a fingerprint as a JSON file, whole or not at all, and return the file's SHA-256."""
    return write_json(path, fingerprint_to_dict(fingerprint))


def load_fingerprint(path: Path) -> AnyFingerprint:
    """Return the fingerprint of a JSON file; see :func:`fingerprint_from_dict`."""
    return fingerprint_from_dict(parse_json(read_bytes(path, FILE_CAP, follow_links=True), path.name))


def _context_to_dict(fingerprint: ContextFingerprint) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    for name, value in fingerprint.arrays.items():
        array = np.asarray(value, dtype=np.float64)
        if not np.isfinite(array).all():
            raise _bad(f"{name} holds NaN or infinity")
        arrays[name] = {"shape": list(array.shape), "values": array.ravel().tolist()}
    values: dict[str, Any] = {"format": CONTEXT_FORMAT, "schema": SCHEMA, "learner": fingerprint.learner}
    values |= {"arrays": arrays, "n_support": fingerprint.n_support, "provenance": dict(fingerprint.provenance)}
    return values


def _shaped(name: str, value: Any) -> NDArray[np.float64]:
    if not isinstance(value, Mapping) or set(value) != {"shape", "values"} or not isinstance(value["shape"], list):
        raise _bad(f"{name} is not given as shape and values")
    shape = value["shape"]
    if len(shape) > _MAX_RANK or not all(type(size) is int and 0 <= size <= 1 << 20 for size in shape):
        raise _bad(f"the shape of {name} is none")
    flat = _array(name, value["values"], 1)
    if len(flat) != math.prod(shape):
        raise _bad(f"{name} holds {len(flat)} numbers, its shape says {math.prod(shape)}")
    return flat.reshape(shape)


def _array(name: str, value: Any, dimensions: int) -> NDArray[np.float64]:
    rows = value if dimensions == 2 else [value]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise _bad(f"{name} is no list of numbers")
    flat = [cell for row in rows for cell in row]
    if not all(isinstance(cell, int | float) and not isinstance(cell, bool) and math.isfinite(cell) for cell in flat):
        raise _bad(f"{name} holds something that is no finite number")
    if len({len(row) for row in rows}) > 1:
        raise _bad(f"the rows of {name} differ in length")
    array = np.array(flat, dtype=np.float64)
    return array.reshape(len(rows), len(rows[0]) if rows else 0) if dimensions == 2 else array


def _bad(reason: str) -> InputError:
    return InputError("bad-fingerprint", f"this is no usable fingerprint: {reason}.", "Run metabam adapt again.")
