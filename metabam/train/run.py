"""Reading runs: a folder of run directories in which one broken run never hides another.

Users never name a path: they choose an id, and ids come from listing the folder. A link that leads out of it is not
followed. Paths found inside a run are data, never opened.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from metabam.config import RunConfig, build
from metabam.errors import CheckpointError, InputError, MetaBamError
from metabam.files import TensorFile, is_locked, load_tensors, read_json, spec_of
from metabam.records import FeatureLayout, FloatArray, History, LabelledContext, RunSummary
from metabam.train.folder import HISTORY
from metabam.train.history import HistoryReader
from metabam.train.lock import LOCK
from metabam.train.manifest import read_manifest
from metabam.train.status import SILENT_AFTER, Status, read_status

if TYPE_CHECKING:
    from metabam.learners.stored import StoredLearner
    from metabam.model.encoders.base import PairEncoder

CONFIG: Final = "config.json"
LINES: Final = "lines.json"
ENCODER: Final = "encoder.safetensors"
FEATURES: Final = "features.safetensors"
MEMORY: Final = "memory.safetensors"
"""What is recalled of the training lines' elements, where anything is."""
WEIGHTS: Final = "weights.safetensors"
META_WEIGHTS: Final = "meta-weights.safetensors"
"""Of a run with joint fine-tuning: the model before it; the two below are encoder and features after it."""
JOINT_ENCODER: Final = "joint-encoder.safetensors"
JOINT_FEATURES: Final = "joint-features.safetensors"
_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}")
_Made = TypeVar("_Made")
_SNAPSHOT: Final = re.compile(r"step-(\d{8})\.safetensors")


def usable_id(name: str) -> bool:
    """Return whether a folder of this name is listed as a run: letters, digits, ``_ . -``, at most 128 of them."""
    return _ID.fullmatch(name) is not None


class RunStore:
    """The runs inside one folder.

    Parameters
    ----------
    root
        Folder of run directories; it need not exist.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)

    def ids(self) -> list[str]:
        """Return the names that could be runs, sorted; cheap, for lists shown page by page."""
        return sorted(self._table())

    def list(self) -> list[RunSummary]:
        """Return one row per directory, newest first; broken ones come last, with their reason."""
        rows = [_summary(run_id, path) for run_id, path in sorted(self._table().items())]
        good = [row for row in rows if row.state not in ("broken", "incomplete")]
        bad = [row for row in rows if row.state in ("broken", "incomplete")]
        return sorted(good, key=lambda row: row.created, reverse=True) + bad

    def summary(self, run_id: str) -> RunSummary:
        """Return the row of one run, whatever state it is in."""
        return _summary(run_id, self._table().get(run_id))

    def open(self, run_id: str) -> Run:
        """Return a run by an id of :meth:`ids`.

        Raises
        ------
        CheckpointError
            ``run-unknown`` for anything that is not in the list, or that leads out of the folder;
            ``run-incomplete``, ``run-broken``, ``run-foreign``, ``run-newer`` for what cannot be read.
        """
        return _opened(run_id, self._table().get(run_id))

    def _table(self) -> dict[str, Path]:
        try:
            root = self.root.resolve(strict=True)
            entries = sorted(root.iterdir())
        except OSError:
            return {}
        table: dict[str, Path] = {}
        for entry in entries:
            try:
                target = entry.resolve(strict=True)
                inside = target.is_dir() and target != root and target.is_relative_to(root)
            except (OSError, RuntimeError):
                continue
            if inside and usable_id(entry.name):
                table[entry.name] = target
        return table


def _opened(run_id: str, path: Path | None) -> Run:
    if path is None:
        raise CheckpointError("run-unknown", f"there is no run {run_id[:80]!r}.", "Choose one of the list.")
    return Run(path, run_id)


def _summary(run_id: str, path: Path | None) -> RunSummary:
    try:
        return _opened(run_id, path).summary()
    except MetaBamError as error:
        return RunSummary(run_id, "incomplete" if error.code == "run-incomplete" else "broken", reason=error.message)


class Run:
    """One run directory, read only. Made by :meth:`RunStore.open`.

    Attributes
    ----------
    id
        Its name in the folder.
    manifest
        Content of ``manifest.json``.
    config
        The settings it was trained with.
    """

    def __init__(self, path: Path, run_id: str) -> None:
        self._path = path
        self.id = run_id
        try:
            self.manifest: dict[str, Any] = read_manifest(path)
            self.config: RunConfig = build(_table(read_json(path / CONFIG), CONFIG), RunConfig)
        except CheckpointError:
            raise
        except MetaBamError as error:
            raise CheckpointError("run-broken", error.message, error.remedy) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise CheckpointError("run-broken", f"{path.name} cannot be read: {reason}.", "Check it.") from None
        self._reader = HistoryReader(path / HISTORY)

    @property
    def folder(self) -> Path:
        """Return the run directory, for readers of files that stand beside its own (a stored map)."""
        return self._path

    @property
    def synthetic(self) -> bool:
        """Return whether the run was trained on simulated DNA."""
        return bool(self.manifest["synthetic"])

    @property
    def history_tag(self) -> str:
        """Return a text that changes whenever the log does: a key for caches."""
        try:
            status = (self._path / HISTORY).stat()
        except OSError:
            return "none"
        return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"

    @property
    def bench_folder(self) -> Path:
        """Return where a benchmark of this run is looked for; it need not exist."""
        return self._path / "bench"

    def summary(self) -> RunSummary:
        """Return the row of this run for a list."""
        split = self.manifest["split"]
        known: dict[str, Any] = {
            "created": self.manifest["created"],
            "synthetic": self.synthetic,
            "seed": self.manifest["seed"],
            "holdout": tuple(str(line) for line in split.get("holdout", ())),
        }
        try:
            status = read_status(self._path)
        except InputError as error:
            return RunSummary(self.id, "broken", reason=error.message, **known)
        if status is None:
            state = "finished" if WEIGHTS in self.manifest["files"] else "incomplete"
            return RunSummary(self.id, state, reason="" if state == "finished" else "no status.json", **known)
        age = max(0.0, time.time() - status.heartbeat)
        state, reason = self._state(status, age)
        return RunSummary(
            self.id,
            state,
            reason=reason,
            step=status.step,
            n_steps=status.n_steps,
            phase=status.phase,
            heartbeat_age=age if status.state == "running" else None,
            **known,
        )

    def _state(self, status: Status, age: float) -> tuple[str, str]:
        if status.state != "running":
            return status.state, status.message
        if age > SILENT_AFTER and not is_locked(self._path / LOCK):
            return "silent", f"stopped without saying so, {age:.0f} s ago"
        if status.heartbeat > time.time() + 60:
            return "running", "clock: the last heartbeat lies in the future"
        return "running", status.message

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return the contexts: name, cell_line, assay, pairs, positives, role (``training`` or ``held-out``)."""
        try:
            values = read_json(self._path / LINES)
        except InputError as error:
            raise CheckpointError("run-unfinished", error.message, "Wait until the features are cached.") from None
        return [row for row in values if isinstance(row, dict)] if isinstance(values, list) else []

    def history(self) -> History:
        """Return the log as far as it is complete; later calls read only what is new."""
        return self._reader.look()

    def load_encoder(self) -> PairEncoder:
        """Return the pair encoder, with what it recalls of elements, once its bytes match the manifest."""
        from metabam.model.encoders import load_encoder, with_memory

        name = self._last(ENCODER, JOINT_ENCODER)
        file = self._tensors(name)
        encoder: PairEncoder = _rebuilt(name, lambda: load_encoder(file.tensors, file.description))
        if MEMORY not in self.manifest["files"]:
            return encoder
        memory = self._tensors(MEMORY)
        return _rebuilt(MEMORY, lambda: with_memory(encoder, memory.tensors))

    def load_learner(self) -> StoredLearner[Any]:
        """Return the trained learner, whichever ``config.learner`` names, once its bytes match the manifest.

        Raises
        ------
        CheckpointError
            ``run-unfinished`` while it is being trained; ``run-other-learner`` for one that this program lacks.
        """
        from metabam.learners.stored import restore

        file = self._tensors(WEIGHTS)
        return _rebuilt(WEIGHTS, lambda: restore(file.tensors, file.description))

    def provenance(self) -> dict[str, Any]:
        """Return what fingerprints and exports name as their origin."""
        genome = self.manifest["genome"]
        return {
            "run_id": self.id,
            "weights_sha256": self.weights_sha256,
            "genome_fingerprint": genome.get("fingerprint"),
            "genome_name": genome.get("name"),
            "seed": self.manifest["seed"],
            "synthetic": self.synthetic,
            "versions": self.manifest["versions"],
        }

    @property
    def weights_sha256(self) -> str:
        """Return the digest that fingerprints name."""
        return str(self._stated(WEIGHTS))

    def training_contexts(self) -> list[LabelledContext]:
        """Return the training contexts with their cached features; no held-out line is among them."""
        return unpack_contexts(self._tensors(self._last(FEATURES, JOINT_FEATURES)))

    def snapshots(self) -> Mapping[int, FloatArray]:
        """Return the atoms V (K, D) by step, as far as they can be read."""
        found: dict[int, FloatArray] = {}
        folder = self._path / "snapshots"
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            match = _SNAPSHOT.fullmatch(path.name)
            if match is None:
                continue
            try:
                atoms = load_tensors(path, cap=64 << 20).tensors.get("atoms")
            except CheckpointError:
                continue
            if atoms is not None and atoms.ndim == 2:
                found[int(match[1])] = atoms.astype(np.float32)
        return found

    def _last(self, name: str, joint: str) -> str:
        """Return the file that goes with the weights: the one after joint fine-tuning where the run asks for that."""
        return joint if self.config.train.joint_steps else name

    def _stated(self, name: str) -> str:
        entry = self.manifest["files"].get(name)
        if not isinstance(entry, dict):
            self.manifest = read_manifest(self._path)  # the run may have gone on since it was opened
            entry = self.manifest["files"].get(name)
        if not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
            raise CheckpointError("run-unfinished", f"{self.id} has no {name} yet.", "Wait until it is trained.")
        return str(entry["sha256"])

    def _tensors(self, name: str) -> TensorFile:
        return load_tensors(self._path / name, sha256_expected=self._stated(name))


def _table(values: Any, name: str) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise CheckpointError("run-broken", f"{name} holds no table.", "Copy the run again.")
    return values


def _rebuilt(name: str, make: Callable[[], _Made]) -> _Made:
    """Return ``make()``; what a wrong description or tensor raises becomes one refusal."""
    try:
        return make()
    except MetaBamError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
        raise CheckpointError(
            "run-broken", f"{name} does not fit this program: {error}.", "Use the version that wrote it."
        ) from None


def pack_contexts(contexts: list[LabelledContext]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return contexts as tensors (rows of all contexts one after the other) and a description."""
    tensors: dict[str, NDArray[Any]] = {
        name: np.concatenate([getattr(context, name) for context in contexts])
        for name in ("features", "labels", "enhancer", "promoter")
    }
    named = [{"cell_line": item.cell_line, "assay": item.assay, "pairs": len(item)} for item in contexts]
    layout = contexts[0].layout
    return tensors, {"contexts": named} if layout is None else {"contexts": named, "layout": layout.as_json()}


def unpack_contexts(file: TensorFile) -> list[LabelledContext]:
    """Return what :func:`pack_contexts` took.

    Raises
    ------
    CheckpointError
        ``run-broken`` where tensors and description disagree.
    """
    contexts, start = [], 0
    tensors = file.tensors
    specs = {name: spec.dtype for name, spec in spec_of(tensors).items()}
    named = file.description.get("contexts")
    total = sum(item["pairs"] for item in named) if isinstance(named, list) else -1
    kinds = {"features": "F32", "labels": "I8", "enhancer": "I64", "promoter": "I64"}
    if specs != kinds or not isinstance(named, list) or any(len(item) != total for item in tensors.values()):
        raise CheckpointError("run-broken", f"{FEATURES} does not hold what it says.", "Train again.")
    stated = file.description.get("layout")
    layout = None if stated is None else FeatureLayout.of_json(stated)
    if layout is not None and layout.width != tensors["features"].shape[1]:
        raise CheckpointError("run-broken", f"{FEATURES} does not hold what it says.", "Train again.")
    for item in named:
        rows = slice(start, start + item["pairs"])
        start = rows.stop
        parts = {name: tensor[rows] for name, tensor in tensors.items()}
        contexts.append(LabelledContext(item["cell_line"], item["assay"], **parts, layout=layout))
    return contexts
