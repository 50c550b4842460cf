"""One trainer per run directory: a lock that the kernel frees with the process that holds it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from metabam.errors import InputError, LockedError
from metabam.files import acquire_lock, parse_json, read_bytes, release_lock

LOCK = "lock"


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold ``folder/lock`` while the block runs.

    Raises
    ------
    LockedError
        ``run-locked`` (exit 3), naming the process and host that hold it.
    """
    descriptor = acquire_lock(folder / LOCK, _note())
    if descriptor is None:
        holder = _holder(folder)
        raise LockedError(
            "run-locked",
            f"{folder.name} is being trained by process {holder.get('pid', '?')} on {holder.get('host', '?')}, "
            f"started {holder.get('started', '?')}.",
            "Wait for it, or stop it first.",
        )
    try:
        yield
    finally:
        release_lock(descriptor)


def _note() -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "boot_id": _boot_id(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _holder(folder: Path) -> dict[str, Any]:
    try:
        note = parse_json(read_bytes(folder / LOCK, 4096), LOCK)
    except InputError:
        return {}
    return note if isinstance(note, dict) else {}


def _boot_id() -> str:
    try:
        return read_bytes(Path("/proc/sys/kernel/random/boot_id"), 4096).decode().strip()
    except InputError:
        return ""
