"""Bytes on disk: one capped read, one atomic write, one lock."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import secrets
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from metabam.errors import InputError, StorageError

_TEMPORARY: Final = re.compile(r"\.[^/]+\.[0-9]+\.[0-9a-f]{8}\.tmp")


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes, as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def read_bytes(path: Path, cap: int, *, follow_links: bool = False) -> bytes:
    """Return the whole content of a regular file of at most ``cap`` bytes, read once.

    Parameters
    ----------
    path
        The file. A folder, device, pipe or (unless ``follow_links``) symbolic link is refused, without blocking.
    cap
        Largest size in bytes that is read at all.
    follow_links
        Allow a symbolic link: for files that the user names on a command line, never inside a run directory.

    Raises
    ------
    InputError
        ``file-missing``, ``file-unreadable``, ``file-kind`` or ``file-size``.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow_links else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise InputError("file-missing", f"{path.name} does not exist.", "Check the name.") from None
    except OSError as error:
        if path.is_symlink() and not follow_links:
            raise InputError("file-kind", f"{path.name} is a symbolic link.", "Copy the file itself.") from None
        reason = error.strerror or str(error)
        raise InputError(
            "file-unreadable", f"{path.name} cannot be read: {reason}.", "Check its permissions."
        ) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise InputError("file-kind", f"{path.name} is not a regular file.", "Give a file with content of its own.")
        parts: list[bytes] = []
        size = status.st_size
        while size <= cap and (part := os.read(descriptor, min(1 << 22, cap + 1))):
            parts.append(part)
            size = max(status.st_size, sum(map(len, parts)))
        if size > cap:
            raise InputError(
                "file-size", f"{path.name} has {size} bytes or more; the limit is {cap}.", "Give a smaller file."
            )
        return b"".join(parts)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError("file-unreadable", f"{path.name} cannot be read: {reason}.", "Try again.") from None
    finally:
        os.close(descriptor)


def write_bytes(path: Path, data: bytes) -> str:
    """Write a file so that a reader, also after a power cut, sees the old content or the new, never a mixture.

    Returns the SHA-256 of ``data``.

    Raises
    ------
    StorageError
        ``disk-full`` or ``write-failed``; the previous file is untouched and no temporary file is left.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise storage_error(path, error) from error
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    return sha256(data)


def sync_folder(folder: Path) -> None:
    """Make the names inside a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_temporaries(folder: Path) -> int:
    """Delete what interrupted writes left behind; call only while holding the folder's lock. Returns how many."""
    entries = folder.iterdir() if folder.is_dir() else ()
    leftovers = [item for item in entries if _TEMPORARY.fullmatch(item.name)]
    for item in leftovers:
        item.unlink(missing_ok=True)
    return len(leftovers)


def storage_error(path: Path, error: OSError) -> StorageError:
    """Return the error that a user reads for a failed write: full disk, or anything else."""
    reason = error.strerror or str(error)
    full = error.errno in (errno.EFBIG, errno.ENOSPC, errno.EDQUOT)
    code, remedy = ("disk-full", "Free some space") if full else ("write-failed", "Check the folder's permissions")
    return StorageError(code, f"{path.name} cannot be written: {reason}.", f"{remedy}, then run again with --resume.")


def acquire_lock(path: Path, note: Mapping[str, Any]) -> int | None:
    """Take an exclusive lock that the kernel frees when the process dies, and leave a note in the file.

    Returns the descriptor that holds the lock (close it to let go), or ``None`` where another process holds it. A
    reader that looks whether the lock is free (:func:`is_locked`) holds it for an instant: half a second is waited.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise storage_error(path, error) from error
    try:
        if not _flock(descriptor, attempts=50):
            os.close(descriptor)
            return None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(dict(note), allow_nan=False).encode(), 0)
    except OSError as error:
        os.close(descriptor)
        raise storage_error(path, error) from error
    return descriptor


def _flock(descriptor: int, attempts: int) -> bool:
    for _ in range(attempts):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
            continue
        return True
    return False


def is_locked(path: Path) -> bool:
    """Return whether a living process holds the lock file; a missing or unreadable file counts as free."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def release_lock(descriptor: int) -> None:
    """Let a lock of :func:`acquire_lock` go."""
    os.close(descriptor)
