"""``manifest.json``: what a run is made of, with the SHA-256 of every file. It proves integrity, not origin."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from metabam.errors import CheckpointError, InputError
from metabam.files import parse_json, read_bytes, sha256, write_json

MANIFEST: Final = "manifest.json"
FORMAT: Final = "metabam-run"
SCHEMA: Final = 1
CAP: Final = 64 << 10  # bytes
KEYS: Final = frozenset(
    {
        *("format", "schema", "run_id", "created", "synthetic", "seed", "genome", "data", "split"),
        *("versions", "threads", "files", "steps", "learner"),
    }
)
_FILE_CAP: Final = 1 << 30


@dataclass(slots=True)
class Manifest:
    """Content of ``manifest.json``.

    ``genome`` holds name, fingerprint and number of contigs; ``data`` digest, rows and positives of the training pairs;
    ``split`` the held-out lines and chromosomes and a digest of the training rows; ``files`` name -> {sha256, bytes};
    ``steps`` the chosen number of meta-training steps, ``None`` before it is chosen;
    ``learner`` which learner ``weights.safetensors`` holds.
    """

    run_id: str
    synthetic: bool
    seed: int
    genome: dict[str, Any]
    data: dict[str, Any]
    split: dict[str, Any]
    threads: int
    versions: dict[str, str]
    created: str = field(default_factory=lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    steps: int | None = None
    learner: str = "metabam"
    format: str = FORMAT
    schema: int = SCHEMA

    def plain(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {key: getattr(self, key) for key in sorted(KEYS)}

    def add(self, folder: Path, name: str, digest: str) -> None:
        """State a finished file, and write the manifest: from then on the file counts."""
        self.files[name] = {"sha256": digest, "bytes": (folder / name).stat().st_size}
        write_json(folder / MANIFEST, self.plain())

    def holds(self, folder: Path, name: str) -> bool:
        """Return whether a stated file is there and is what was written."""
        if name not in self.files:
            return False
        try:
            return sha256(read_bytes(folder / name, _FILE_CAP)) == str(self.files[name]["sha256"])
        except InputError:
            return False


def versions() -> dict[str, str]:
    """Return the versions that results depend on."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("metabam", "torch", "numpy", "scipy", "scikit-learn"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def read_manifest(folder: Path, tries: int = 3) -> dict[str, Any]:
    """Return the manifest of a run; an unreadable one is looked at again after 50 ms, since it may be changing.

    Raises
    ------
    CheckpointError
        ``run-incomplete`` (no manifest), ``run-foreign`` (another program's), ``run-newer`` or ``run-broken``.
    """
    for attempt in range(tries):
        try:
            return _checked(parse_json(read_bytes(folder / MANIFEST, CAP), MANIFEST))
        except InputError as error:
            if error.code == "file-missing":
                raise CheckpointError("run-incomplete", _without_manifest(folder), "Copy it again, whole.") from None
            if isinstance(error, CheckpointError) or attempt == tries - 1:
                raise CheckpointError(
                    error.code if isinstance(error, CheckpointError) else "run-broken", error.message, error.remedy
                ) from None
            time.sleep(0.05)
    raise CheckpointError("run-broken", f"{MANIFEST} cannot be read.")


def _checked(values: Any) -> dict[str, Any]:
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise CheckpointError("run-foreign", f"{MANIFEST} was not written by metabam.", "Open a metabam run.")
    schema = values.get("schema")
    if not isinstance(schema, int) or schema > SCHEMA:
        raise CheckpointError(
            "run-newer", f"the run has schema {schema!r}, this program knows {SCHEMA}.", "Update metabam."
        )
    kinds: Mapping[str, type] = {"run_id": str, "created": str, "synthetic": bool, "seed": int, "files": dict}
    kinds = {**kinds, "genome": dict, "data": dict, "split": dict, "versions": dict}
    wrong = [key for key, kind in kinds.items() if not isinstance(values.get(key), kind)]
    if wrong or not set(values) <= KEYS:
        unknown = sorted(set(values) - KEYS)
        raise CheckpointError("run-broken", f"{MANIFEST}: wrong fields {wrong}, unknown fields {unknown}.", "Copy it.")
    return values


def _without_manifest(folder: Path) -> str:
    names = [item.name for item in folder.iterdir()]
    if any("tfevents" in name for name in names):
        return "a TensorBoard directory, which is not supported."
    if {"meta.yaml", "mlruns", "MLmodel"} & set(names):
        return "an MLflow directory, which is not supported."
    return "incomplete copy: there is no manifest.json." if names else "an empty folder."
