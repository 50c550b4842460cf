"""The log of a run: JSON lines, each with its sequence number and CRC-32, safe against a torn tail."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import stat
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from metabam.errors import InputError, StorageError
from metabam.files.disk import storage_error, write_bytes

LINE_CAP: Final = 64 << 10  # bytes of one line

_LINE: Final = re.compile(rb'\{"crc":"([0-9a-f]{8})",("seq":.*\})', re.DOTALL)


class RecordsRead(NamedTuple):
    """What one look into a log gave: ``rows`` in file order, and the byte ``offset`` to go on from."""

    rows: list[dict[str, Any]]
    offset: int
    bad_lines: int
    torn_tail: bool
    skipped_bytes: int


def repair_records(path: Path) -> int:
    """Mend the tail that a killed writer left, and return the next ``seq``.

    A last line that only lacks its newline is completed; a torn one is cut off. Every earlier line stays as it is.
    """
    if not path.exists():
        write_bytes(path, b"")
        return 0
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            size = os.fstat(descriptor).st_size
            tail_start = max(0, size - 4 * LINE_CAP)
            tail = os.pread(descriptor, size - tail_start, tail_start)
            body, _, last = tail.rpartition(b"\n")
            if last and _parse_line(last) is not None:
                os.pwrite(descriptor, b"\n", size)
                body = tail
            elif last:
                os.ftruncate(descriptor, size - len(last))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise storage_error(path, error) from error
    rows = [row for line in body.split(b"\n") if (row := _parse_line(line)) is not None]
    return max((int(row["seq"]) for row in rows), default=-1) + 1


def append_record(path: Path, record: Mapping[str, Any], seq: int) -> None:
    """Append one record as one line by one ``write``, with its sequence number and CRC-32.

    Floats that are not finite become null and are named in ``nonfinite`` (:func:`read_records` gives them back).

    Raises
    ------
    StorageError
        ``record-size``, or ``disk-full`` where the system took only a part: that part is cut off again.
    """
    line = _record_line(record, seq)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            written = os.write(descriptor, line)
            if written != len(line):
                os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
                raise OSError(errno.ENOSPC, f"only {written} of {len(line)} bytes were taken")
        finally:
            os.close(descriptor)
    except OSError as error:
        raise storage_error(path, error) from error


def _record_line(record: Mapping[str, Any], seq: int) -> bytes:
    nonfinite: list[list[Any]] = []
    plain = _plain(record, [], nonfinite)
    flag = {"nonfinite": nonfinite} if nonfinite else {}
    rest = json.dumps({"seq": seq, **plain, **flag}, allow_nan=False, separators=(",", ":"))[1:].encode()
    line = b'{"crc":"%08x",' % zlib.crc32(rest) + rest + b"\n"
    if len(line) > LINE_CAP:
        raise StorageError("record-size", f"a log record has {len(line)} bytes; the limit is {LINE_CAP}.", "Log less.")
    return line


def _plain(value: Any, place: list[Any], nonfinite: list[list[Any]]) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item, [*place, str(key)], nonfinite) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item, [*place, index], nonfinite) for index, item in enumerate(value)]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        nonfinite.append([*place, repr(value)])
        return None
    return value


def _parse_line(line: bytes) -> dict[str, Any] | None:
    match = _LINE.fullmatch(line) if len(line) <= LINE_CAP else None
    if match is None or zlib.crc32(match[2]) != int(match[1], 16):
        return None
    try:
        row: dict[str, Any] = json.loads(b"{" + match[2])  # what the digest vouches for needs no further distrust
        for *place, key, value in row.pop("nonfinite", []):
            target: Any = row
            for step in place:
                target = target[step]
            target[key] = float(value)
        return row if isinstance(row.get("seq"), int) else None
    except (LookupError, TypeError, ValueError, RecursionError):
        return None


def read_records(path: Path, offset: int = 0, cap: int = 32 << 20) -> RecordsRead:
    """Return the complete records after ``offset``; broken lines are counted, a torn last line waits for its end.

    Where more than ``cap`` bytes are unread, half of ``cap`` is spent on evenly spaced samples of the older part and
    half on the newest lines: a 2 GB log costs what a small one does. A file shorter than ``offset`` was replaced and
    is read from its start.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return RecordsRead([], 0, 0, False, 0)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError("file-unreadable", f"{path.name} cannot be read: {reason}.", "Check it.") from None
    rows: list[dict[str, Any]] = []
    bad = consumed = 0
    torn = False
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise InputError("file-kind", f"{path.name} is not a regular file.", "Remove it.")
        size = status.st_size
        start = offset if offset <= size else 0
        for begin, end in _spans(start, size, cap):
            block = os.pread(descriptor, end - begin, begin)
            consumed += len(block)
            if begin > start:  # a sample starts in the middle of some line
                block = block.partition(b"\n")[2]
            complete, newline, rest = block.rpartition(b"\n")
            if end == size:
                torn, size = bool(rest), size - len(rest)
            for line in complete.split(b"\n") if newline else ():
                row = _parse_line(line)
                bad += row is None
                rows.extend([] if row is None else [row])
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError("file-unreadable", f"{path.name} cannot be read: {reason}.", "Try again.") from None
    finally:
        os.close(descriptor)
    return RecordsRead(rows, size, bad, torn, max(0, size - start - consumed))


def _spans(start: int, size: int, cap: int) -> Iterator[tuple[int, int]]:
    if size - start <= cap:
        yield start, size
        return
    samples, tail = 64, size - cap // 2
    width = cap // 2 // samples
    for index in range(samples):
        begin = start + (tail - start) * index // samples
        yield begin, min(begin + width, tail)
    yield tail, size
