"""Resume files: everything that makes the next step the same step, written so that one good one always exists.

``checkpoints/<phase>/step-00000050.pt`` holds model, optimizer, scheduler, step and the random states of PyTorch, NumPy
and Python as plain values; ``step-00000050.json`` beside it, written afterwards, states its SHA-256 and versions. A
checkpoint exists when both do and the digest matches. The last three and the best stay; a new one is complete before an
old one goes.
"""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from metabam.errors import CheckpointError, InputError, StorageError
from metabam.files import load_resume, parse_json, read_bytes, remove_temporaries, save_resume, sha256, write_json

KEEP: Final = 3
READ_BACK_EVERY: Final = 10  # saves
FORMAT: Final = "metabam-resume-1"
_NAME: Final = re.compile(r"step-(\d{8})\.(pt|json)")
_CAP: Final = 1 << 30
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CheckpointNote:
    """What is said about one resume file: its digest, the step it continues after, a score (higher is better)."""

    step: int
    sha256: str
    bytes: int
    torch: str
    threads: int
    world_size: int
    score: float | None = None
    format: str = FORMAT


def random_state() -> dict[str, Any]:
    """Return the states of the global random generators as plain lists and numbers."""
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)  # noqa: NPY002 - the global state itself
    version, internal, gauss = random.getstate()
    state: dict[str, Any] = {
        "torch": torch.get_rng_state().tolist(),
        "numpy": [str(kind), np.asarray(keys).tolist(), int(position), int(has_gauss), float(cached)],
        "python": [version, list(internal), gauss],
    }
    if torch.cuda.is_available():
        state["cuda"] = [item.tolist() for item in torch.cuda.get_rng_state_all()]
    return state


def set_random_state(state: Mapping[str, Any]) -> None:
    """Put the global random generators into a state of :func:`random_state`."""
    torch.set_rng_state(torch.tensor(state["torch"], dtype=torch.uint8))
    kind, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((kind, np.asarray(keys, dtype=np.uint32), position, has_gauss, cached))  # noqa: NPY002 - as above
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([torch.tensor(item, dtype=torch.uint8) for item in state["cuda"]])


def seed_everything(seed: int, purpose: str, rank: int = 0) -> None:
    """Put the global random generators into a state that depends on these three alone."""
    words = np.random.SeedSequence([seed, rank, *purpose.encode()]).generate_state(3)
    torch.manual_seed(int(words[0]))
    np.random.seed(int(words[1]))  # noqa: NPY002 - the global state itself
    random.seed(int(words[2]))


class Checkpoints:
    """The resume files of one phase of one run. Only the process that holds the run's lock may write.

    Parameters
    ----------
    folder
        ``<run>/checkpoints/<phase>``; made at the first save.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._saves = 0

    def save(self, state: Mapping[str, Any], step: int, world_size: int = 1, score: float | None = None) -> None:
        """Write one checkpoint, then let superseded ones go.

        Raises
        ------
        StorageError
            After one retry (exit 74). What was there before stays.
        """
        try:
            self._save(state, step, world_size, score)
        except StorageError as error:
            _log.warning("%s; trying once more", error.message)
            self._save(state, step, world_size, score)
        self._rotate()

    def _save(self, state: Mapping[str, Any], step: int, world_size: int, score: float | None) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise StorageError("write-failed", f"{self.folder.name} cannot be made: {reason}.", "Check it.") from error
        path = self._path(step)
        digest = save_resume(path, state)
        self._saves += 1
        if self._saves % READ_BACK_EVERY == 1:
            written = read_bytes(path, _CAP)
            if sha256(written) != digest:
                raise StorageError("write-lost", f"{path.name} reads back differently.", "The disk is failing.")
        size = path.stat().st_size
        note = CheckpointNote(step, digest, size, torch.__version__, torch.get_num_threads(), world_size, score)
        write_json(path.with_suffix(".json"), asdict(note))

    def notes(self) -> list[CheckpointNote]:
        """Return what is said of the complete checkpoints, newest first; unreadable notes are left out."""
        if not self.folder.is_dir():
            return []
        found = []
        for path in sorted(self.folder.glob("step-*.json"), reverse=True):
            if not _NAME.fullmatch(path.name):
                continue
            try:
                note = CheckpointNote(**parse_json(read_bytes(path, 64 << 10), path.name))
            except (InputError, TypeError) as error:
                _log.warning("%s is ignored: %s", path.name, error)
                continue
            found.append(note)
        return found

    def load_newest(self, *, allow_other_torch: bool = False) -> tuple[CheckpointNote, dict[str, Any]] | None:
        """Return the newest checkpoint whose digest matches; ``None`` where none was ever saved.

        Raises
        ------
        CheckpointError
            ``no-checkpoint`` where checkpoints exist and none is sound (training never restarts from zero by itself);
            ``other-torch`` where it was written under another PyTorch.
        """
        notes = self.notes()
        refused = 0
        for note in notes:
            if note.torch != torch.__version__ and not allow_other_torch:
                raise CheckpointError(
                    "other-torch",
                    f"step {note.step} was saved under PyTorch {note.torch}, this is {torch.__version__}.",
                    "Install that version, or start afresh with --fresh.",
                )
            try:
                state = load_resume(self._path(note.step), note.sha256)
            except CheckpointError as error:
                refused += 1
                _log.warning("checkpoint of step %d is REFUSED (%s); going back to an older one", note.step, error.code)
                continue
            return note, state
        if refused or self._files():
            raise CheckpointError(
                "no-checkpoint",
                f"none of the {max(refused, len(self._files()))} resume files in {self.folder.name} is sound.",
                "Start afresh with --fresh.",
            )
        return None

    def clean(self) -> int:
        """Remove what interrupted saves left behind: temporaries, and resume files never completed by their note."""
        if not self.folder.is_dir():
            return 0
        removed = remove_temporaries(self.folder)
        complete = {self._path(note.step).name for note in self.notes()}
        for path in self._files():
            if path.name not in complete and not path.with_suffix(".json").exists():
                path.unlink()
                removed += 1
        return removed

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return [path for path in self.folder.glob("step-*.pt") if _NAME.fullmatch(path.name)]

    def _path(self, step: int) -> Path:
        return self.folder / f"step-{step:08d}.pt"

    def _rotate(self) -> None:
        notes = self.notes()
        scored = [note for note in notes if note.score is not None]
        best = max(scored, key=lambda note: note.score or 0.0, default=None)
        keep = {note.step for note in notes[:KEEP]} | ({best.step} if best else set())
        for note in notes:
            if note.step not in keep:
                self._path(note.step).with_suffix(".json").unlink(missing_ok=True)
                self._path(note.step).unlink(missing_ok=True)
