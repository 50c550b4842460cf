"""The private index of a FASTA file: built under a lock, put in place whole, and proved against the file at each use.

An index is hostile input: a .fai beside a FASTA may be stale, cut or made up, and then names other bases. It is never
read for positions here; it only testifies that a file was once longer, or another one. The private index lives under
``$METABAM_CACHE`` (or ``~/.cache/metabam``), under a name made from the file's real path, size, time and content.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from metabam.data.fasta import FastaScan, IndexRow, refuse_by_content, scan_fasta
from metabam.errors import GenomeError, InputError
from metabam.files import acquire_lock, read_bytes, read_json, release_lock, write_bytes, write_json
from metabam.records import Problem, Severity

_EDGE: Final = 1 << 20
_FAI_CAP: Final = 256 << 20
_FORMAT: Final = "metabam-fasta-index/1"
_WAIT_SECONDS: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class FastaIndex:
    """A proved index: its file (for the reader), its rows, counts of the scan, and what was noticed on the way."""

    path: Path
    rows: tuple[IndexRow, ...]
    soft_masked: int
    ambiguous: int
    problems: tuple[Problem, ...] = ()


def cache_folder() -> Path:
    """Return the folder of private indexes: ``$METABAM_CACHE`` or ``~/.cache/metabam``."""
    chosen = os.environ.get("METABAM_CACHE", "")
    try:
        return Path(chosen) if chosen else Path.home() / ".cache" / "metabam"
    except RuntimeError:
        raise GenomeError("genome-cache", "this user has no home folder.", "Set METABAM_CACHE to a folder.") from None


def fingerprint_of(rows: Sequence[IndexRow]) -> str:
    """Return the SHA-256 of contig names and lengths, in order of name: the same genome, however it is wrapped."""
    text = "".join(f"{name}\t{length}\n" for name, length in sorted((row.name, row.length) for row in rows))
    return hashlib.sha256(text.encode()).hexdigest()


def fai_text(rows: Sequence[IndexRow]) -> str:
    """Return rows in the five-column .fai format."""
    return "".join(f"{r.name}\t{r.length}\t{r.offset}\t{r.bases}\t{r.width}\n" for r in rows)


def parse_fai(data: bytes) -> tuple[IndexRow, ...] | None:
    """Return the rows of a .fai, or ``None`` when it is not five columns of a name and four sane numbers."""
    rows: list[IndexRow] = []
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        return None
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) != 5 or not fields[0] or not all(f.isdigit() and len(f) < 16 for f in fields[1:]):
            return None
        row = IndexRow(fields[0], *(int(f) for f in fields[1:]))
        if row.length < 1 or row.offset < 2 or row.bases < 1 or not row.bases < row.width <= row.bases + 2:
            return None
        rows.append(row)
    complete = text.endswith("\n") and len({row.name for row in rows}) == len(rows)
    return tuple(rows) if rows and complete else None


def _heads_proved(descriptor: int, row: IndexRow, begin: int) -> bool:
    """Whether the bytes from ``begin`` to the row's offset are the one header line ``>name``."""
    if not 2 <= row.offset - begin <= _EDGE:
        return False
    head = os.pread(descriptor, row.offset - begin, begin)
    words = head[1:].split(maxsplit=1)
    ends_once = head.endswith(b"\n") and head.count(b"\n") == 1
    return ends_once and head[:1] == b">" and bool(words) and words[0] == row.name.encode()


def _line_proved(descriptor: int, row: IndexRow, size: int) -> bool:
    """Whether the row's first full line ends where the index says (a shorter contig has none)."""
    end = row.offset + row.width
    if row.length <= row.bases or end > size:
        return True
    tail = os.pread(descriptor, row.width - row.bases + 1, row.offset + row.bases - 1)
    return tail[1:] in (b"\n", b"\r\n") and tail[:1] not in (b"\n", b"\r")


def index_proved(descriptor: int, rows: Sequence[IndexRow], size: int) -> bool:
    """Whether rows describe the open file: each header where it must be, contiguous, and together the whole file."""
    begin = 0
    for row in rows:
        if row.extent > size or not _heads_proved(descriptor, row, begin) or not _line_proved(descriptor, row, size):
            return False
        tail = os.pread(descriptor, 2, row.extent)
        ending = 2 if tail == b"\r\n" else 1 if tail[:1] == b"\n" else 0
        begin = row.extent + ending
        if ending == 0 and begin != size:
            return False
    rest = os.pread(descriptor, 64, begin)
    return bool(rows) and begin + len(rest) == size and not rest.strip(b"\r\n")


def missing_bytes(descriptor: int, rows: Sequence[IndexRow], size: int) -> int | None:
    """Return the size that rows expect when the file is a truncated copy of what they describe, else ``None``.

    Truncated means: every header that should be in the file is there, and something should be beyond its end.
    """
    begin = 0
    for row in rows:
        if row.offset > size:
            break
        if not _heads_proved(descriptor, row, begin) or not _line_proved(descriptor, row, size):
            return None
        begin = row.extent + row.width - row.bases
    expected = max(row.extent for row in rows)
    return expected if expected > size else None


def _key(path: Path, descriptor: int, status: os.stat_result) -> str:
    digest = hashlib.sha256()
    digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    digest.update(os.pread(descriptor, _EDGE, 0))
    digest.update(os.pread(descriptor, _EDGE, max(0, status.st_size - _EDGE)))
    return digest.hexdigest()[:40]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of one index; a second process waits until the first has built it."""
    until = time.monotonic() + _WAIT_SECONDS
    while (descriptor := acquire_lock(path, {"pid": os.getpid()})) is None:
        if time.monotonic() > until:
            raise GenomeError("genome-lock", "another process has been indexing for an hour.", "End it, try again.")
        time.sleep(0.02)
    try:
        yield
    finally:
        release_lock(descriptor)


def open_index(path: Path, descriptor: int, folder: Path | None = None) -> FastaIndex:
    """Return a proved private index of an open FASTA file, building it where there is none.

    Parameters
    ----------
    path
        The real path of the file; nothing is written beside it.
    folder
        Where private indexes live; :func:`cache_folder` when left out.

    Raises
    ------
    GenomeError
        What :func:`metabam.data.fasta.scan_fasta` refuses, and ``fasta-truncated``.
    StorageError
        When the folder cannot be written.
    """
    folder = folder or cache_folder()
    refuse_by_content(path.name, os.pread(descriptor, _EDGE, 0))
    status = os.fstat(descriptor)
    key = _key(path, descriptor, status)
    index = _load(folder, key, descriptor, status.st_size)
    if index is None:
        _make_folder(folder)
        with _locked(folder / f"{key}.lock"):
            index = _load(folder, key, descriptor, status.st_size)
            if index is None:
                index = _build(path, folder, key, descriptor, status.st_size)
    problems = index.problems + _neighbour(path, descriptor, status.st_size, index)
    return FastaIndex(index.path, index.rows, index.soft_masked, index.ambiguous, problems)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GenomeError(
            "genome-cache", f"no folder for indexes can be made ({error.strerror}).", "Set METABAM_CACHE to one."
        ) from None


def _load(folder: Path, key: str, descriptor: int, size: int) -> FastaIndex | None:
    """Return the stored index if it is there, whole, and proved against the file; anything else is ``None``."""
    try:
        note: Any = read_json(folder / f"{key}.json")
        data = read_bytes(folder / f"{key}.fai", _FAI_CAP)
    except InputError:
        return None
    if not isinstance(note, dict) or note != _note(data, note.get("soft_masked"), note.get("ambiguous")):
        return None
    rows = parse_fai(data)
    if rows is None or not index_proved(descriptor, rows, size):
        return None
    return FastaIndex(folder / f"{key}.fai", rows, note["soft_masked"], note["ambiguous"])


def _note(fai: bytes, soft_masked: object, ambiguous: object) -> dict[str, Any]:
    """Return what is stored beside a private index: the counts of the scan, and a digest of them and of the index."""
    digest = hashlib.sha256(f"{soft_masked!r} {ambiguous!r}\n".encode() + fai).hexdigest()
    return {"format": _FORMAT, "sha256": digest, "soft_masked": soft_masked, "ambiguous": ambiguous}


def _build(path: Path, folder: Path, key: str, descriptor: int, size: int) -> FastaIndex:
    seen = folder / f"seen-{hashlib.sha256(os.fsencode(path)).hexdigest()[:40]}.json"
    before = _previous(folder, seen)
    ended = os.pread(descriptor, 1, size - 1) in (b"\n", b"\r")
    if before is not None and not ended:
        _refuse_truncated(path.name, missing_bytes(descriptor, before, size), size, "fetch the file again")
    scan: FastaScan = scan_fasta(descriptor, path.name)
    fai = fai_text(scan.rows).encode("ascii")
    write_bytes(folder / f"{key}.fai", fai)
    write_json(folder / f"{key}.json", _note(fai, scan.soft_masked, scan.ambiguous))
    write_json(seen, {"key": key})
    problems: tuple[Problem, ...] = ()
    if before is not None and fingerprint_of(before) != fingerprint_of(scan.rows):
        message = f"{path.name} holds other contigs than when it was last used."
        problems = (Problem("genome-other-content", Severity.WARNING, message, "Check that it is the build you mean."),)
    return FastaIndex(folder / f"{key}.fai", scan.rows, scan.soft_masked, scan.ambiguous, problems)


def _previous(folder: Path, seen: Path) -> tuple[IndexRow, ...] | None:
    try:
        key = read_json(seen)["key"]
        if not isinstance(key, str) or len(key) != 40 or not key.isalnum():
            return None
        return parse_fai(read_bytes(folder / f"{key}.fai", _FAI_CAP))
    except (InputError, KeyError, TypeError):
        return None


def _neighbour(path: Path, descriptor: int, size: int, index: FastaIndex) -> tuple[Problem, ...]:
    """Judge the .fai beside the FASTA: never used, but it may tell that the FASTA was cut or replaced."""
    beside = path.with_name(path.name + ".fai")
    try:
        rows = parse_fai(read_bytes(beside, _FAI_CAP, follow_links=True))
    except InputError as error:
        if error.code == "file-missing":
            return ()
        rows = None
    if rows is None:
        message = f"{beside.name} is damaged; it was not used."
        return (Problem("genome-index-damaged", Severity.FIXED, message, "Delete it, or index again."),)
    _refuse_truncated(path.name, missing_bytes(descriptor, rows, size), size, f"delete {beside.name} if it is stale")
    if fingerprint_of(rows) != fingerprint_of(index.rows):
        message = f"{beside.name} describes other contigs than {path.name} holds; it was not used."
        return (Problem("genome-index-stale", Severity.WARNING, message, "Check that the FASTA is the one you mean."),)
    return ()


def _refuse_truncated(name: str, expected: int | None, size: int, remedy: str) -> None:
    if expected is not None:
        raise GenomeError(
            "fasta-truncated",
            f"{name} is cut short: its index expects at least {expected} bytes, the file has {size}.",
            f"Copy the whole file, or {remedy}.",
        )


__all__ = ["FastaIndex", "cache_folder", "fai_text", "fingerprint_of", "index_proved", "open_index", "parse_fai"]
