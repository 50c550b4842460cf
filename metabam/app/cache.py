"""What all sessions may share: the list of runs, their logs, their frozen models. Never anything that a user brought.

Keys are SHA-256 strings or run ids from a listing; arrays and models are handed over with a leading underscore.
A model is loaded once, frozen, and shared read-only: every intervention is an argument of a call.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from metabam.app.widgets import digest
from metabam.errors import CheckpointError, MetaBamError
from metabam.records import Fingerprint, History, RunSummary, SpectrumRecord

if TYPE_CHECKING:
    from metabam.app.model import Model
    from metabam.data.genome import Genome
    from metabam.plots.path import PathExample
    from metabam.plots.queries import LineScore
    from metabam.probe.novelty import TrainingPairs
    from metabam.train.run import Run, RunStore

BUNDLED: Final = Path(os.environ.get("METABAM_ASSETS") or Path(__file__).resolve().parents[2] / "assets")
DEMO: Final = "demo"


def runs_root() -> Path:
    """Return the folder that holds the runs: ``METABAM_RUNS``, else ``./runs``."""
    return Path(os.environ.get("METABAM_RUNS", "runs"))


def _stores() -> tuple[RunStore, RunStore]:
    """Return the user's runs and the bundled ones."""
    from metabam.train.run import RunStore

    return RunStore(runs_root()), RunStore(BUNDLED)


@st.cache_data(ttl=2, max_entries=4, show_spinner=False)
def _listing(root: str, bundled: str) -> tuple[list[RunSummary], list[RunSummary]]:
    """Return both listings; read at most every two seconds, however many sessions look."""
    from metabam.train.run import RunStore

    own = RunStore(Path(root)).list()
    demo = [run for run in RunStore(Path(bundled)).list() if run.run_id == DEMO]
    return own, demo


def list_runs() -> list[RunSummary]:
    """Return all runs, the user's newest first, then the bundled demo; broken ones included, with their reason."""
    own, demo = _listing(str(runs_root().resolve()), str(BUNDLED))
    taken = {run.run_id for run in own}
    return [*own, *(run for run in demo if run.run_id not in taken)]


def is_bundled(run_id: str) -> bool:
    """Return whether an id names the bundled demo and not a run of the user."""
    own, _ = _listing(str(runs_root().resolve()), str(BUNDLED))
    return run_id == DEMO and run_id not in {run.run_id for run in own}


def open_run(run_id: str) -> Run:
    """Return the reader of one listed run.

    Raises
    ------
    CheckpointError
        ``run-unknown`` when the id is not in the listing.
    """
    if run_id not in {run.run_id for run in list_runs()}:
        raise CheckpointError("run-unknown", "There is no run of that name.", "Choose one in the sidebar.")
    own, bundled = _stores()
    return (bundled if is_bundled(run_id) else own).open(run_id)


@st.cache_data(max_entries=8, show_spinner=False)
def _history(key: str, _run: Run) -> History:
    """Return the log of a run; the key changes whenever the file does."""
    return _run.history()


def history(run: Run, run_id: str) -> History:
    """Return the log of one run as it stands now."""
    return _history(digest(runs_root(), is_bundled(run_id), run_id, run.history_tag), run)


@st.cache_resource(max_entries=2, show_spinner=False)
def _model(key: str, _run: Run) -> Model:
    """Load a run's encoder, learner and training features, frozen."""
    from metabam.app.model import load

    model = load(_run)
    gc.collect()
    gc.freeze()
    return model


def model(run: Run) -> Model:
    """Return the frozen model of a finished run.

    Raises
    ------
    MetaBamError
        When the weights are missing, damaged, or not those that the manifest names.
    """
    return _model(weights_digest(run), run)


def weights_digest(run: Run) -> str:
    """Return the SHA-256 of the run's final weights as the manifest states it; empty while there are none."""
    files = run.manifest.get("files", {})
    entry = files.get("weights.safetensors", "") if isinstance(files, dict) else ""
    if isinstance(entry, dict):
        entry = entry.get("sha256", "")
    return str(entry)


@st.cache_data(max_entries=256, show_spinner=False)
def _spectrum(key: str, _atoms: object, step: int) -> SpectrumRecord:
    """Return the singular spectrum of one snapshot."""
    from metabam.probe.spectrum import singular_spectrum

    return singular_spectrum(_atoms, step=step)  # type: ignore[arg-type]  # the underscore keeps Streamlit from hashing


def spectra(run: Run, run_id: str) -> list[SpectrumRecord]:
    """Return the singular spectrum of every snapshot, in step order; equal atoms share one."""
    from metabam.files import sha256

    snapshots = sorted(run.snapshots().items())
    return [_spectrum(digest(sha256(atoms.tobytes()), *atoms.shape, step), atoms, step) for step, atoms in snapshots]


def examples() -> list[str]:
    """Return the names of the bundled tables, from a listing of their folder."""
    folder = BUNDLED / "examples"
    return sorted(item.name for item in folder.glob("*.tsv")) if folder.is_dir() else []


def example(name: str) -> bytes:
    """Return one bundled table by its listed name, as it is now."""
    from metabam.files import read_bytes

    if name not in examples():
        raise MetaBamError("example-unknown", "There is no example of that name.", "Choose one from the list.")
    return read_bytes(BUNDLED / "examples" / name, 20 * 2**20)


@st.cache_resource(max_entries=4, show_spinner=False)
def _other(key: str, name: str, _model: Model) -> Any:
    """Return another learner, fitted on a run's training lines."""
    from metabam.app.model import other_learner

    return other_learner(_model, name)


def other(run: Run, name: str) -> Any:
    """Return another learner fitted on the run's training lines, shared read-only."""
    return _other(f"{weights_digest(run)}|{name}", name, model(run))


@st.cache_resource(max_entries=2, show_spinner=False)
def _lines(key: str, _model: Model) -> dict[str, Fingerprint]:
    """Return the fingerprints of a run's training lines."""
    from metabam.app.model import line_fingerprints

    return line_fingerprints(_model)


def line_fingerprints(run: Run) -> dict[str, Fingerprint]:
    """Return the fingerprint of each training line of a run."""
    return _lines(weights_digest(run), model(run))


@st.cache_resource(max_entries=2, show_spinner=False)
def _training(key: str, _model: Model) -> TrainingPairs:
    """Return what new pairs are measured against."""
    from metabam.probe.novelty import training_pairs

    return training_pairs(_model.contexts)


def training_pairs(run: Run) -> TrainingPairs:
    """Return the training pairs of a run as the measure of how far others lie from them, shared read-only."""
    return _training(weights_digest(run), model(run))


@st.cache_resource(max_entries=2, show_spinner=False)
def _path(key: str, _model: Model) -> PathExample:
    """Return the worked example of a run."""
    from metabam.app.model import path_example

    return path_example(_model)


def path_example(run: Run) -> PathExample:
    """Return the worked example that the Overview draws."""
    return _path(weights_digest(run), model(run))


@st.cache_resource(max_entries=2, show_spinner=False)
def _genome(path: str, size: int, stamp: int) -> Genome:
    """Open a FASTA file; its index is private to this user."""
    from metabam.data.genome import Genome

    return Genome(Path(path))


def genome(run_id: str) -> Genome | None:
    """Return the genome that coordinates are read from: the operator's ``METABAM_GENOME``, else the demo's own.

    A reader never names a file. Without a genome, tables need their sequences in them.
    """
    stated = os.environ.get("METABAM_GENOME", "")
    path = Path(stated) if stated else BUNDLED / "world" / "genome.fa"
    if not path.is_file() or (not stated and not is_bundled(run_id)):
        return None
    return genome_file(path)


def genome_file(path: Path) -> Genome:
    """Return an opened FASTA file of this server, shared until it changes; never a file that a reader named."""
    status = path.stat()
    return _genome(str(path), status.st_size, status.st_mtime_ns)


@st.cache_resource(max_entries=4, show_spinner=False)
def _scores(key: str, _tables: dict[str, bytes], _model: Model) -> list[LineScore]:
    """Return the AUPRC of a model on tables."""
    from metabam.app.scores import bundled_scores

    return bundled_scores(_model, _tables)


def bundled_scores(run: Run) -> list[LineScore]:
    """Return AUPRC and base rate on the never-seen lines of the bundled tables, which are known by their content."""
    from metabam.files import sha256

    tables = {name: example(name) for name in examples()}
    key = digest(weights_digest(run), *(part for name, data in tables.items() for part in (name, sha256(data))))
    return _scores(key, tables, model(run))
