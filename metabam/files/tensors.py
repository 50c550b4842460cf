"""Tensor files: safetensors from bytes, every claim of the header checked before anything is allocated."""

from __future__ import annotations

import io
import math
import pickle
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from metabam.errors import CheckpointError, InputError
from metabam.files.disk import read_bytes, sha256, write_bytes
from metabam.files.jsontext import json_text, parse_json

TENSOR_CAP: Final = 256 << 20  # bytes of one tensor file
RESUME_CAP: Final = 1 << 30  # bytes of one resume file after inflation
HEADER_CAP: Final = 1 << 20
MAX_TENSORS: Final = 512
FOREIGN_CAP: Final = 8 << 30  # bytes of one file of a language model that the user names
MAX_FOREIGN: Final = 8_192
FORMAT: Final = "metabam-tensors-1"

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,199}")
_WIDTH: Final = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_NUMPY: Final = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}
_KNOWN: Final = {np.dtype(code): name for name, code in _NUMPY.items() if name != "BF16"}
_FLOATS: Final = ("F64", "F32", "F16", "BF16")


class TensorSpec(NamedTuple):
    """What a configuration implies for one tensor: a safetensors ``dtype`` such as ``"F32"``, and its ``shape``."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TensorFile:
    """Tensors by name, the JSON-ready ``description`` stored beside them, the file's SHA-256, what was converted."""

    tensors: dict[str, NDArray[Any]]
    description: dict[str, Any]
    sha256: str
    notes: tuple[str, ...] = ()


def _refusal(code: str, message: str, remedy: str = "Use the file that training wrote.") -> CheckpointError:
    return CheckpointError(code, message, remedy)


def save_tensors(path: Path, tensors: Mapping[str, NDArray[Any]], description: Mapping[str, Any] | None = None) -> str:
    """Write finite tensors and a JSON-ready description, atomically; equal content gives equal bytes.

    Returns the SHA-256 of the file.

    Raises
    ------
    CheckpointError
        ``tensor-nonfinite``, ``tensor-name``, ``tensor-count`` or ``tensor-dtype``: nothing is written.
    """
    arrays = {name: np.asarray(value, order="C") for name, value in tensors.items()}
    if len(arrays) > MAX_TENSORS:
        raise _refusal(
            "tensor-count", f"{path.name}: {len(arrays)} tensors; the limit is {MAX_TENSORS}.", "Stack some."
        )
    for name, array in arrays.items():
        _check_name(path.name, name)
        if array.dtype not in _KNOWN:
            raise _refusal("tensor-dtype", f"{path.name}: tensor {name} has dtype {array.dtype}.", "Convert it.")
        _check_finite(path.name, name, array)
    # One metadata key only: the library writes several in no fixed order.
    note = {"metabam": json_text(path.name, {"format": FORMAT, "description": dict(description or {})})}
    data: bytes = safetensors.numpy.save(arrays, metadata=note)
    _header(data, path.name)  # nothing is written that would be refused
    return write_bytes(path, data)


def load_tensors(
    path: Path,
    *,
    sha256_expected: str | None = None,
    expected: Mapping[str, TensorSpec] | None = None,
    cap: int = TENSOR_CAP,
) -> TensorFile:
    """Read a tensor file once and return what is in it, or refuse it whole: see :func:`parse_tensors`."""
    try:
        data = read_bytes(path, cap)
    except InputError as error:
        raise CheckpointError(error.code, error.message, error.remedy) from None
    return parse_tensors(data, path.name, sha256_expected=sha256_expected, expected=expected)


def load_foreign(path: Path, cap: int = FOREIGN_CAP) -> TensorFile:
    """Read a safetensors file that another program wrote: every claim of its header checked, its metadata left aside.

    For weights of a published model, in a folder that the user names. A symbolic link is not followed.

    Raises
    ------
    CheckpointError
        As :func:`parse_tensors`, but for the format tag.
    """
    try:
        data = read_bytes(path, cap)
    except InputError as error:
        raise CheckpointError(error.code, error.message, error.remedy) from None
    _header(data, path.name, MAX_FOREIGN)
    return _unpacked(data, path.name, sha256(data), None, {})


def parse_tensors(
    data: bytes,
    name: str,
    *,
    sha256_expected: str | None = None,
    expected: Mapping[str, TensorSpec] | None = None,
) -> TensorFile:
    """Return the tensors held by safetensors bytes.

    Parameters
    ----------
    data, name
        The bytes, and what to call them in messages.
    sha256_expected
        The digest that the manifest states.
    expected
        The exact allow-list. Floating dtypes are converted to the expected floating dtype, with a note.

    Raises
    ------
    CheckpointError
        ``tensor-hash``, ``tensor-header``, ``tensor-list``, ``tensor-shape``, ``tensor-dtype``, ``tensor-nonfinite``,
        ``tensor-format`` or ``tensor-pickle``; nothing is half-loaded.
    """
    digest = sha256(data)
    if sha256_expected is not None and digest != sha256_expected:
        raise _refusal("tensor-hash", f"{name} does not match its manifest: SHA-256 {digest[:12]}... found.")
    header = _header(data, name)
    description = _description(header.pop("__metadata__", {}), name)
    if expected is not None:
        _check_list(header, expected, name)
    return _unpacked(data, name, digest, expected, description)


def _unpacked(
    data: bytes,
    name: str,
    digest: str,
    expected: Mapping[str, TensorSpec] | None,
    description: dict[str, Any],
) -> TensorFile:
    """Return the tensors of bytes whose header has been proved."""
    notes: list[str] = []
    tensors: dict[str, NDArray[Any]] = {}
    try:
        entries = safetensors.deserialize(data)  # type: ignore[no-untyped-call]  # the library ships no types for it
    except safetensors.SafetensorError as error:
        raise _refusal("tensor-header", f"{name} is refused by the safetensors library: {error}.") from None
    for key, entry in entries:
        dtype = str(entry["dtype"])
        array: NDArray[Any] = np.frombuffer(bytes(entry["data"]), dtype=_NUMPY[dtype]).reshape(entry["shape"])
        if dtype == "BF16":
            array = (array.astype(np.uint32) << 16).view(np.float32)
        wanted = dtype if expected is None else expected[key].dtype
        if wanted != dtype:
            notes.append(f"{key}: {dtype} converted to {wanted}")
        array = array.astype(_NUMPY[wanted] if wanted != "BF16" else np.float32)  # astype copies: writable, aligned
        _check_finite(name, key, array)
        tensors[key] = array
    return TensorFile(tensors, description, digest, tuple(notes))


def spec_of(tensors: Mapping[str, NDArray[Any]]) -> dict[str, TensorSpec]:
    """Return the allow-list that these arrays satisfy."""
    return {key: TensorSpec(_KNOWN[value.dtype], tuple(value.shape)) for key, value in tensors.items()}


def _check_name(name: str, tensor: str) -> None:
    if not _NAME.fullmatch(tensor):
        raise _refusal("tensor-name", f"{name}: {tensor[:60]!r} is no name for a tensor.", "Use letters, digits, . _ -")


def _check_finite(name: str, tensor: str, array: NDArray[Any]) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise _refusal("tensor-nonfinite", f"{name}: tensor {tensor} holds NaN or infinity.", "Use an earlier one.")


def _header(data: bytes, name: str, most: int = MAX_TENSORS) -> dict[str, Any]:
    """Return the header as plain values, after proving that it describes exactly the bytes that follow."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= length <= min(HEADER_CAP, len(data) - 8):
        if data[:4] == b"PK\x03\x04" or data[:1] == b"\x80":  # no sound header length looks like either
            raise _refusal(
                "tensor-pickle",
                f"{name} is a pickle or a .pt archive, which can run code and is never opened.",
                "Convert it offline: safetensors.torch.save_file(torch.load(old, weights_only=True), new).",
            )
        raise _refusal("tensor-header", f"{name} claims a header of {length} bytes in a file of {len(data)}.")
    try:
        header = parse_json(data[8 : 8 + length], name)
    except InputError as error:
        raise _refusal("tensor-header", error.message) from None
    if not isinstance(header, dict) or len(header) > most + 1:
        raise _refusal("tensor-header", f"{name} holds no table of at most {most} tensors.")
    spans = sorted(_span(key, entry, name) for key, entry in header.items() if key != "__metadata__")
    place = 0
    for begin, end in spans:
        if begin != place:
            raise _refusal("tensor-header", f"{name}: tensors overlap or leave a hole at byte {place}.")
        place = end
    if place != len(data) - 8 - length:
        raise _refusal("tensor-header", f"{name}: tensors end at byte {place} of {len(data) - 8 - length}.")
    return header


def _span(key: str, entry: Any, name: str) -> tuple[int, int]:
    _check_name(name, key)
    fault = _refusal("tensor-header", f"{name}: the entry of tensor {key} is malformed.")
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise fault
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not isinstance(shape, list) or not isinstance(offsets, list) or len(offsets) != 2 or len(shape) > 8:
        raise fault
    numbers = [*shape, *offsets]
    if any(type(number) is not int or not 0 <= number <= 1 << 40 for number in numbers):
        raise fault
    width = _WIDTH.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if width is None or math.prod(shape) * width != offsets[1] - offsets[0]:
        raise fault
    return offsets[0], offsets[1]


def _description(metadata: Any, name: str) -> dict[str, Any]:
    if not isinstance(metadata, dict) or not isinstance(metadata.get("metabam"), str):
        raise _refusal("tensor-format", f"{name} was not written by metabam.")
    try:
        note = parse_json(metadata["metabam"].encode(), name)
    except InputError as error:
        raise _refusal("tensor-header", error.message) from None
    if not isinstance(note, dict) or note.get("format") != FORMAT or not isinstance(note.get("description"), dict):
        raise _refusal("tensor-format", f"{name} has another format than {FORMAT}.", "Use the version that wrote it.")
    description: dict[str, Any] = note["description"]
    return description


def _check_list(header: Mapping[str, Any], expected: Mapping[str, TensorSpec], name: str) -> None:
    missing, extra = sorted(set(expected) - set(header)), sorted(set(header) - set(expected))
    if missing or extra:
        raise _refusal("tensor-list", f"{name}: missing tensors {missing}, unexpected tensors {extra}.")
    for key, spec in expected.items():
        shape, dtype = tuple(header[key]["shape"]), header[key]["dtype"]
        if shape != spec.shape:
            raise _refusal("tensor-shape", f"{name}: tensor {key} is {shape}, the configuration says {spec.shape}.")
        if dtype != spec.dtype and not (dtype in _FLOATS and spec.dtype in _FLOATS):
            raise _refusal("tensor-dtype", f"{name}: tensor {key} is {dtype}, the configuration says {spec.dtype}.")


# ------------------------------------------------------------------ the trainer's own resume file


def save_resume(path: Path, state: Mapping[str, Any]) -> str:
    """Write a training state of tensors and plain values atomically; returns the SHA-256 of the file."""
    import torch

    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    return write_bytes(path, buffer.getvalue())


def load_resume(path: Path, sha256_expected: str) -> dict[str, Any]:
    """Return a training state that this program wrote: only after its digest matches, and never as a free pickle.

    Raises
    ------
    CheckpointError
        ``resume-hash``, ``resume-size`` or ``resume-invalid``.
    """
    try:
        data = read_bytes(path, RESUME_CAP)
    except InputError as error:
        raise CheckpointError(error.code, error.message, error.remedy) from None
    if sha256(data) != sha256_expected:
        raise CheckpointError("resume-hash", f"{path.name} does not match its manifest.", "An older one is tried.")
    import torch

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inflated = sum(item.file_size for item in archive.infolist())
        if inflated > RESUME_CAP:
            raise CheckpointError("resume-size", f"{path.name} inflates to {inflated} bytes.", "Do not use it.")
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (zipfile.BadZipFile, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise CheckpointError("resume-invalid", f"{path.name} cannot be read: {error}.", "Use another.") from None
    if not isinstance(state, dict):
        raise CheckpointError("resume-invalid", f"{path.name} holds no training state.", "Use another.")
    return state
