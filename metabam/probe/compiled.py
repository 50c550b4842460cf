"""Where numba keeps compiled code: a private folder of the user, for an installed package may be read-only.

TOMTOM and UMAP are compiled on first use. Beside their sources the result can often not be written, and numba refuses
the import where it finds no folder at all.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

from metabam.data.fastaindex import cache_folder
from metabam.errors import MetaBamError

VARIABLE = "NUMBA_CACHE_DIR"


def keep_compiled() -> Path:
    """Tell numba where compiled code is kept, and return that folder; call it before an import that compiles.

    ``$NUMBA_CACHE_DIR`` stands where it is set. Else it becomes ``numba`` inside ``$METABAM_CACHE`` or
    ``~/.cache/metabam``, or, where that is not writable or not this user's alone, a folder that ends with the process.
    """
    chosen = os.environ.get(VARIABLE) or str(_folder(os.environ.get("METABAM_CACHE", "")))
    os.environ[VARIABLE] = chosen
    config = sys.modules.get("numba.core.config")
    if config is not None and not getattr(config, "CACHE_DIR", ""):
        config.CACHE_DIR = chosen  # type: ignore[attr-defined]  # numba read the environment when it was imported
    return Path(chosen)


@lru_cache(maxsize=4)
def _folder(cache: str) -> Path:  # noqa: ARG001 - what cache_folder reads: another value is another folder
    try:
        folder = cache_folder() / "numba"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
        if status.st_uid == os.getuid() and not status.st_mode & 0o022 and os.access(folder, os.W_OK):
            return folder
    except (OSError, MetaBamError):
        pass
    return _passing()


@lru_cache(maxsize=1)
def _passing() -> Path:
    """Return a folder of this process; it is removed when the process ends."""
    kept = tempfile.TemporaryDirectory(prefix="metabam-numba-", ignore_cleanup_errors=True)
    _KEPT.append(kept)
    return Path(kept.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []
