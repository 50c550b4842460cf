"""The switch that shows what was planted: it exists only under the SYNTHETIC badge, where there is a truth to show.

A run does not say in which folder its world lies, and nobody types a path: worlds are found by listing, and a world is
the run's own when every training pair of the run is a pair of that world.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import streamlit as st

from metabam.app import cache
from metabam.app.layout import Scene
from metabam.app.widgets import digest
from metabam.errors import MetaBamError
from metabam.records import IntArray, LabelledContext

if TYPE_CHECKING:
    from metabam.data.genome import Genome
    from metabam.data.worldfiles import Truth
    from metabam.train.run import Run

SHOW: Final = "show_truth"
MOST_WORLDS: Final = 24
_FEATURES: Final = ("joint-features.safetensors", "features.safetensors")


@dataclass(frozen=True, slots=True)
class Generator:
    """How well the true probabilities tell the training lines' n labels: loss in nats, AUPRC and base rate (means)."""

    loss: float
    auprc: float
    rate: float
    n: int


@dataclass(frozen=True, slots=True)
class Planted:
    """The truth of a run's world, the row in it of each training pair by context name, and the world's folder."""

    truth: Truth
    rows: dict[str, IntArray]
    place: Path
    generator: Generator


def shown(scene: Scene) -> Truth | None:
    """Draw the switch where the run is synthetic; return the truth of its world once it is on.

    Nothing is drawn for real data. When the truth is not at hand, the page says why and ``None`` comes back.
    """
    found = planted(scene)
    return None if found is None else found.truth


def planted(scene: Scene) -> Planted | None:
    """Draw the switch as :func:`shown` does; return the truth with the rows of the run's training pairs in it."""
    if scene.synthetic is not True:
        return None
    on = st.toggle(scene.text("shell.truth"), key=SHOW, help=scene.text("shell.truth_help"), persist_state="session")
    if not on:
        return None
    found = at_hand(scene)
    if isinstance(found, str):
        st.caption(":material/visibility_off: " + scene.text(f"shell.truth.{found}"))
        return None
    return found


def at_hand(scene: Scene) -> Planted | str:
    """Return the truth of the run's world, or why it is not there: ``real``, ``unfinished``, ``no_world``, ``other``.

    Draws nothing; for pages that need the world's motifs alone.
    """
    if scene.synthetic is not True:
        return "real"
    key = _features_digest(scene.run)
    if not key:
        return "unfinished"
    listed = worlds()
    if not listed:
        return "no_world"
    for place in listed.values():
        try:
            found = _linked(digest(key, *_stamp(place)), scene.run, place)
        except MetaBamError:
            continue
        if found is not None:
            return found
    return "other"


def genome(scene: Scene) -> Genome | None:
    """Return the genome that coordinates are read from, that of the run's planted world where nothing else is named."""
    own = cache.genome(scene.summary.run_id)
    if own is not None:
        return own
    found = at_hand(scene)
    path = None if isinstance(found, str) else found.place / "genome.fa"
    return cache.genome_file(path) if path is not None and path.is_file() else None


def worlds() -> dict[str, Path]:
    """Return the planted worlds on disk by id: the bundled one, then the folders inside ``METABAM_WORLDS``.

    Without the variable, ``./worlds`` is listed. A link that leads out of the folder is not followed; at most 24.
    """
    found: dict[str, Path] = {}
    if (cache.BUNDLED / "world" / "truth.json").is_file():
        found["bundled"] = cache.BUNDLED / "world"
    root = Path(os.environ.get("METABAM_WORLDS", "worlds"))
    try:
        inside = sorted(root.resolve(strict=True).iterdir())
    except OSError:
        return found
    for folder in inside[:MOST_WORLDS]:
        if not folder.is_symlink() and (folder / "truth.json").is_file():
            found[folder.name] = folder
    return found


def _features_digest(run: Run) -> str:
    """Return the SHA-256 of the cached training pairs as the manifest states it; empty while there are none."""
    files = run.manifest.get("files", {})
    for name in _FEATURES:
        entry = files.get(name) if isinstance(files, dict) else None
        if isinstance(entry, dict) and entry.get("sha256"):
            return str(entry["sha256"])
    return ""


def _stamp(place: Path) -> tuple[str, int, int]:
    """Return what tells one state of a world from another."""
    try:
        status = (place / "truth_pairs.parquet").stat()
    except OSError:
        return str(place), 0, 0
    return str(place), status.st_size, status.st_mtime_ns


@st.cache_resource(max_entries=4, show_spinner=False)
def _truth(key: str, _place: Path) -> Truth:  # noqa: ARG001 - the key is read by the cache alone
    """Return the truth of a world, shared read-only."""
    from metabam.data.worldfiles import read_truth

    return read_truth(_place)


@st.cache_resource(max_entries=4, show_spinner=False)
def _linked(key: str, _run: Run, _place: Path) -> Planted | None:  # noqa: ARG001 - the key is read by the cache alone
    """Return the truth with the rows of a run's training pairs; ``None`` where one of them is not of that world."""
    from metabam.data.worldlink import rows_of_elements

    truth = _truth(digest(*_stamp(_place)), _place)
    contexts = _run.training_contexts()
    if not {context.cell_line for context in contexts} <= set(truth.lines):
        return None
    rows = {context.name: rows_of_elements(truth, context.enhancer, context.promoter) for context in contexts}
    if not all(bool(np.all(found >= 0)) for found in rows.values()):
        return None
    return Planted(truth, rows, _place, _generator(truth, contexts, rows))


def _generator(truth: Truth, contexts: list[LabelledContext], rows: dict[str, IntArray]) -> Generator:
    """Return the scores of the true probabilities, mean over the lines that hold both classes."""
    from metabam.metrics import auprc, log_loss

    loss, area, rate = [], [], []
    for context in contexts:
        p = truth.probability[rows[context.name], truth.lines.index(context.cell_line)]
        loss.append(log_loss(context.labels, p))
        area.append(auprc(context.labels, p))
        rate.append(context.prevalence)
    known = [value for value in area if value is not None]
    lost = [value for value in loss if value is not None]
    return Generator(
        float(np.mean(lost)) if lost else float("nan"),
        float(np.mean(known)) if known else float("nan"),
        float(np.mean(rate)),
        sum(len(context) for context in contexts),
    )
