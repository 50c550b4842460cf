"""The folder of a benchmark: settings, split manifests, one file per finished part, and the table made of them.

======================  =======================================================================================
``bench.json``          settings, versions, and the digests of every world
``splits/``             per world and fold: which pairs train, support and query, and what they share
``parts/``              per world, fold and learner: tidy rows of one line (``.parquet``), logits (``.safetensors``)
``table.parquet``       all rows; ``report.md``, ``honesty.json``, ``claims.json``, ``lines.json`` are made from it
======================  =======================================================================================
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metabam.errors import CheckpointError, ConfigError, InputError, LockedError, StorageError
from metabam.files import (
    acquire_lock,
    load_tensors,
    read_bytes,
    read_json,
    release_lock,
    remove_temporaries,
    save_tensors,
    write_bytes,
    write_json,
)

SETTINGS: Final = "bench.json"
TABLE: Final = "table.parquet"
REPORT: Final = "report.md"
HONESTY, CLAIMS, LINES, SKIPPED = "honesty.json", "claims.json", "lines.json", "skipped.json"
COLUMNS: Final = (
    "learner", "world", "line", "fold", "support_seed", "S", "scheme", "control", "metric", "value", "prevalence",
    "n", "seconds",
)  # fmt: skip
ALL: Final = "all"
_CAP: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Part:
    """One finished piece of work: a learner on one line of one fold (or ``line="all"``: what it holds inside)."""

    world: str
    fold: str
    learner: str
    line: str


class BenchFolder:
    """A benchmark's folder, held by one process at a time."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self, settings: Mapping[str, Any], *, resume: bool) -> None:
        """Make the folder, or go on in it.

        Raises
        ------
        ConfigError
            ``bench-exists`` without ``resume``, ``out-exists`` for a folder of something else, ``bench-changed`` with
            the settings that differ.
        """
        path = self.root / SETTINGS
        if path.is_file():
            if not resume:
                raise ConfigError("bench-exists", f"{self.root.name} holds a benchmark.", "Add --resume to go on.")
            old = read_json(path)
            changed = sorted(key for key in {*old, *settings} if old.get(key) != settings.get(key))
            if changed:
                said = "; ".join(f"{key}: {old.get(key)!r:.60} then, {settings.get(key)!r:.60} now" for key in changed)
                raise ConfigError("bench-changed", f"this benchmark was begun otherwise ({said}).", "Use a new --out.")
            return
        try:
            if self.root.exists() and any(item.name != "lock" for item in self.root.iterdir()):
                raise ConfigError("out-exists", f"{self.root.name} is no benchmark and not empty.", "Use a new --out.")
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError("write-failed", f"{self.root.name}: {error.strerror}.", "Use another --out.") from None
        write_json(path, dict(settings))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder while the block runs.

        Raises
        ------
        LockedError
            ``bench-locked`` (exit 3).
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError("write-failed", f"{self.root.name}: {error.strerror}.", "Use another --out.") from None
        descriptor = acquire_lock(self.root / "lock", {"what": "bench"})
        if descriptor is None:
            raise LockedError("bench-locked", f"{self.root.name} is in use by another process.", "Wait for it.")
        try:
            for folder in [self.root, *self.root.glob("parts/*/*/*"), *self.root.glob("splits/*")]:
                remove_temporaries(folder)
            yield
        finally:
            release_lock(descriptor)

    # ------------------------------------------------------------- splits

    def check_split(self, world: str, fold: str, manifest: Mapping[str, Any]) -> None:
        """Write the manifest of a fold, or find it unchanged.

        Raises
        ------
        ConfigError
            ``bench-changed`` where a resumed benchmark would judge other pairs.
        """
        path = self._made("splits", world) / f"{slug(fold)}.json"
        if path.is_file():
            if read_json(path, _CAP) != manifest:
                raise ConfigError("bench-changed", f"the splits of {world}, {fold} differ.", "Use a new --out.")
            return
        write_json(path, dict(manifest))

    # ------------------------------------------------------------- parts

    def path(self, part: Part, suffix: str) -> Path:
        """Return where a part's file lies."""
        return (
            self.root / "parts" / slug(part.world) / slug(part.fold) / slug(part.learner) / (slug(part.line) + suffix)
        )

    def has(self, part: Part) -> bool:
        """Return whether a part is finished; a file that cannot be read counts as not finished."""
        try:
            self.rows(part)
        except InputError:
            return False
        return True

    def rows(self, part: Part) -> pd.DataFrame:
        """Return the tidy rows of a finished part.

        Raises
        ------
        InputError
            ``file-missing`` or ``bench-part``.
        """
        return read_frame(self.path(part, ".parquet"))

    def keep(self, part: Part, rows: pd.DataFrame, logits: Mapping[str, NDArray[Any]] | None = None) -> None:
        """Write a finished part, its logits first: a part with rows is complete."""
        path = self.path(part, ".parquet")
        self._made("parts", part.world, part.fold, part.learner)
        if logits:
            save_tensors(path.with_suffix(".safetensors"), logits)
        write_bytes(path, frame_bytes(rows))

    def logits(self, part: Part) -> dict[str, NDArray[Any]]:
        """Return the logits that a part kept, by name; empty where it kept none."""
        path = self.path(part, ".safetensors")
        try:
            return dict(load_tensors(path).tensors) if path.is_file() else {}
        except CheckpointError:
            return {}

    def pace(self, world: str, fold: str, learner: str) -> float | None:
        """Return the seconds that one task took when it was measured, or ``None``: measured once, then kept."""
        path = self.root / "parts" / slug(world) / slug(fold) / slug(learner) / "pace.json"
        return float(read_json(path)["seconds"]) if path.is_file() else None

    def keep_pace(self, world: str, fold: str, learner: str, seconds: float) -> None:
        """Keep the measured seconds of one task."""
        write_json(self._made("parts", world, fold, learner) / "pace.json", {"seconds": seconds})

    def _made(self, *names: str) -> Path:
        folder = self.root.joinpath(names[0], *(slug(name) for name in names[1:]))
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError("write-failed", f"{folder.name}: {error.strerror}.", "Free some space.") from None
        return folder


def slug(name: str) -> str:
    """Return a file name for any text: readable, and different for different texts."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("._")[:60]
    return plain if plain == name else f"{plain}-{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}"


def tidy(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as the table: fixed columns, numbers as numbers, undefined values NaN."""
    frame = pd.DataFrame(list(rows), columns=list(COLUMNS))
    for name in ("value", "prevalence", "seconds"):
        frame[name] = frame[name].astype(np.float64)
    for name in ("support_seed", "S", "n"):
        frame[name] = frame[name].astype(np.int64)
    for name in ("learner", "world", "line", "fold", "scheme", "control", "metric"):
        frame[name] = frame[name].astype("str")
    return frame


def frame_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as Parquet, the same bytes for the same table."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def read_frame(path: Path) -> pd.DataFrame:
    """Return a tidy table.

    Raises
    ------
    InputError
        ``file-missing``, or ``bench-part`` for a damaged file or other columns.
    """
    data = read_bytes(path, _CAP, follow_links=True)
    try:
        frame = pd.read_parquet(io.BytesIO(data))
    except (OSError, ValueError) as error:
        raise InputError("bench-part", f"{path.name} is damaged ({error}).", "Run the benchmark again.") from None
    if tuple(frame.columns) != COLUMNS:
        raise InputError("bench-part", f"{path.name} has other columns than a benchmark.", "Run it again.")
    return frame


def write_records(path: Path, records: Sequence[Any]) -> None:
    """Write records (dataclasses) as a JSON list; NaN becomes null."""
    write_json(path, [{key: _plain(value) for key, value in asdict(record).items()} for record in records])


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
