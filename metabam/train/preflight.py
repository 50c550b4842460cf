"""What is refused before a run costs anything: existing folders, changed settings, held-out lines, too little disk."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from metabam.config import RunConfig, build
from metabam.errors import ConfigError, StorageError
from metabam.files import read_json
from metabam.records import PairTable
from metabam.train.lock import LOCK, hold

CONFIG: Final = "config.json"
MIN_PAIRS: Final = 16  # of a training context
_MAY_CHANGE: Final = {"train.threads", "train.device"}  # recorded in every checkpoint, so that a resume says so


def make_folder(out: Path, *, resume: bool, fresh: bool) -> None:
    """Make the run directory, or accept it for ``resume``, or set an old one aside for ``fresh``; nothing is deleted.

    Raises
    ------
    ConfigError
        ``run-exists``, or ``resume-or-fresh`` where both are asked for.
    LockedError
        ``fresh`` while the old run is still being trained.
    StorageError
        The folder cannot be made.
    """
    if resume and fresh:
        raise ConfigError("resume-or-fresh", "--resume and --fresh exclude each other.", "Choose one.")
    try:
        occupied = out.exists() and (not out.is_dir() or any(item.name != LOCK for item in out.iterdir()))
        if occupied and fresh and out.is_dir():
            with hold(out):
                out.rename(out.with_name(f"{out.name}.before-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"))
        elif occupied and not resume:
            raise ConfigError(
                "run-exists",
                f"{out} exists.",
                "Choose another --out; or --resume to go on with it, --fresh to set it aside and begin again.",
            )
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError("write-failed", f"{out} cannot be made: {reason}.", "Choose another --out.") from error


def check_disk(out: Path, needed: int) -> None:
    """Raise :class:`StorageError` (``disk-small``) unless ``needed`` bytes are free where ``out`` lies."""
    place = out.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < needed:
        raise StorageError(
            "disk-small",
            f"{free >> 20} MiB are free at {out}, the run may need {max(1, needed >> 20)} MiB.",
            "Free some space, or choose another --out.",
        )


def changes(old: Any, new: Any, place: str = "") -> list[str]:
    """Return one line per setting that differs, as ``train.lr: 0.002 -> 0.001``."""
    if isinstance(old, dict) and isinstance(new, dict):
        lines: list[str] = []
        for key in sorted(old.keys() | new.keys()):
            lines += changes(old.get(key), new.get(key), f"{place}.{key}" if place else str(key))
        return lines
    return [] if old == new else [f"{place}: {json.dumps(old)} -> {json.dumps(new)}"]


def check_same(folder: Path, config: RunConfig, stated: dict[str, Any], found: dict[str, Any]) -> None:
    """Raise :class:`ConfigError` (``resume-changed``) where settings, genome or data are not those of the run.

    Parameters
    ----------
    folder, config
        The run, and the settings asked for now.
    stated, found
        What the manifest says of genome, data and split, and what is there now.
    """
    asked = config.model_dump(mode="json")
    begun = build(read_json(folder / CONFIG), RunConfig).model_dump(mode="json")  # what it does not say: the default
    lines = [line for line in changes(begun, asked) if line.partition(":")[0] not in _MAY_CHANGE]
    lines += changes(stated, found)
    if lines:
        raise ConfigError(
            "resume-changed",
            f"{folder.name} was begun with other settings or data:\n  " + "\n  ".join(lines) + "\n",
            "Resume with the old ones, or choose another --out.",
        )


def check_held_out(table: PairTable, lines: Sequence[str], chroms: Sequence[str]) -> None:
    """Raise :class:`ConfigError` (``heldout-in-training``) where a training row is of a held-out line or chromosome."""
    inside = sorted(set(table.cell_line.tolist()) & set(lines))
    on = sorted((set(table.enhancer_chrom.tolist()) | set(table.promoter_chrom.tolist())) & set(chroms))
    if inside or on:
        raise ConfigError(
            "heldout-in-training",
            f"held out, yet among the training pairs: {', '.join([*inside, *on])}.",
            "Leave them out of the training list.",
        )


def teaching(table: PairTable) -> list[tuple[str, str]]:
    """Return the contexts that can teach: ``MIN_PAIRS`` labelled pairs or more, of both classes.

    Raises
    ------
    ConfigError
        ``no-training-context`` where there is none.
    """
    kept = []
    for context in table.contexts():
        labels = table.label[table.rows_of(context)]
        if len(labels) >= MIN_PAIRS and 0 < int((labels == 1).sum()) < len(labels):
            kept.append(context)
    if not kept:
        raise ConfigError(
            "no-training-context",
            f"no training context has {MIN_PAIRS} labelled pairs of both classes.",
            "Hold out fewer lines, or add pairs.",
        )
    return kept
