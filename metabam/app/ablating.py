"""What the Mechanism ablation page computes: every atom removed, many of them, and two together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from metabam.app import cache, pairtables, session
from metabam.app.layout import Scene
from metabam.app.model import balanced_rows
from metabam.app.shelf import shared
from metabam.app.widgets import digest
from metabam.errors import InputError
from metabam.records import (
    AblationCase,
    AblationRecord,
    IntArray,
    RemovalRecord,
    SynergyRecord,
)

if TYPE_CHECKING:
    from metabam.data.worldfiles import Truth
    from metabam.probe.ablate import Replacement

Array = NDArray[np.float64]
Progress = Callable[[float], None]
TABLES: Final = "tables"
TRAINING: Final = "training"
SUPPORT: Final = 64
FOLLOWS: Final = 0.3
_OWN: Final = "own_ablations"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is removed where: ``source`` and its ``lines``, at most ``per_line`` pairs each, how, and in which step."""

    source: str
    lines: tuple[str, ...]
    per_line: int
    replacement: Replacement
    step: int | None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Ablation:
    """One answer over N pairs: ``names`` (N,), ``distance`` (N,) in bp, NaN where unknown; ``own`` if a visitor's."""

    setting: Setting
    key: str
    own: bool
    record: AblationRecord = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    distance: Array = field(repr=False)
    total: int
    seconds: float


def choices(scene: Scene, source: str) -> list[str]:
    """Return the lines of a source."""
    if source == TABLES:
        return list(pairtables.line_tables())
    return [context.name for context in cache.model(scene.run).contexts]


def key_of(scene: Scene, setting: Setting) -> str:
    """Return the key under which an answer is kept: run, lines by content, and everything chosen."""
    tables = pairtables.line_tables() if setting.source == TABLES else {}
    contents = [tables[name].digest for name in setting.lines if name in tables]
    return digest("ablation", cache.weights_digest(scene.run), setting, *contents)


def kept(scene: Scene, setting: Setting) -> Ablation | None:
    """Return an answer that has been computed before, by anyone if its pairs are shared, else by this session."""
    key = key_of(scene, setting)
    found: Ablation | None = session.get(_OWN, {}).get(key) or shared().get(key)
    return found


def keep(done: Ablation) -> None:
    """Keep an answer: in this session if it is of a visitor's pairs, else for all."""
    if done.own:
        session.put(_OWN, {done.key: done})
    else:
        shared().put(done.key, done)


def compute(scene: Scene, setting: Setting, progress: Progress | None = None) -> Ablation:
    """Return what every pair loses without each atom and without 200 random directions; the model is not edited.

    Raises
    ------
    InputError
        What :func:`metabam.probe.ablate.ablate_atoms` refuses.
    """
    from metabam.probe.ablate import ablate_atoms

    start = time.perf_counter()
    found, names, distance, total = cases(scene, setting)
    record = ablate_atoms(
        cache.model(scene.run).learner,
        found,
        replacement=setting.replacement,
        step=setting.step,
        seed=setting.seed,
        progress=progress,
    )
    own = setting.source == TABLES and pairtables.OWN in setting.lines
    return Ablation(setting, key_of(scene, setting), own, record, names, distance, total, time.perf_counter() - start)


def cases(scene: Scene, setting: Setting) -> tuple[list[AblationCase], tuple[str, ...], Array, int]:
    """Return the lines with the sampled pairs, the pairs' names and distances (N,), and how many pairs there were.

    Training lines give pairs outside the 64 that make their fingerprint; the run stores neither their names nor where
    they lie.
    """
    found: list[AblationCase] = []
    names: list[str] = []
    distance: list[Array] = []
    total = 0
    for line in setting.lines:
        one, told, gap, count = (_of_table if setting.source == TABLES else _of_training)(scene, line, setting)
        found.append(one)
        names.extend(told)
        distance.append(gap)
        total += count
    return found, tuple(names), np.concatenate(distance) if distance else np.zeros(0), total


Part = tuple[AblationCase, list[str], Array, int]


def _of_table(scene: Scene, key: str, setting: Setting) -> Part:
    from metabam.data.elements import element_identities

    line = pairtables.line_tables()[key]
    read = pairtables.encoded(scene, line)
    rows = _sample(np.flatnonzero(read.usable), setting)
    names = pairtables.named_pairs(line.table)
    groups = element_identities(line.table)[1][rows]
    case = AblationCase(key, read.fingerprint, read.features[rows], line.table.label[rows], groups)
    return case, [names[row] for row in rows], line.table.distance()[rows], len(names)


def _of_training(scene: Scene, name: str, setting: Setting) -> Part:
    context = next(item for item in cache.model(scene.run).contexts if item.name == name)
    used = balanced_rows(context.labels, SUPPORT, np.random.default_rng(0))
    rows = _sample(np.setdiff1d(np.arange(len(context)), used), setting)
    belief = cache.line_fingerprints(scene.run)[name]
    case = AblationCase(name, belief, context.features[rows], context.labels[rows], context.promoter[rows])
    return case, [f"{context.cell_line} #{row + 1}" for row in rows.tolist()], np.full(len(rows), np.nan), len(context)


def _sample(rows: NDArray[Any], setting: Setting) -> IntArray:
    """Return at most ``per_line`` of these rows, drawn with the seed, in order."""
    if len(rows) > setting.per_line:
        rows = np.random.default_rng(setting.seed).choice(rows, size=setting.per_line, replace=False)
    return np.sort(rows).astype(np.int64)


# ------------------------------------------------------------------ many, and two


def curve_of(scene: Scene, done: Ablation, size: Array, progress: Progress | None = None) -> RemovalRecord:
    """Return AUPRC against the number of atoms removed, largest effect first and in ten random orders."""
    from metabam.probe.ablate import removal_curve

    found, _, _, _ = cases(scene, done.setting)
    return removal_curve(
        cache.model(scene.run).learner,
        found,
        size,
        replacement=done.setting.replacement,
        seed=done.setting.seed,
        progress=progress,
    )


def synergy_of(scene: Scene, done: Ablation, atoms: Sequence[int]) -> SynergyRecord:
    """Return how much more two atoms do together than each alone."""
    from metabam.probe.ablate import synergy

    found, _, _, _ = cases(scene, done.setting)
    return synergy(
        cache.model(scene.run).learner,
        found,
        atoms,
        replacement=done.setting.replacement,
        seed=done.setting.seed,
    )


def follows(scene: Scene, truth: Truth, done: Ablation) -> list[tuple[str, float]]:
    """Return for each atom the planted mechanism that its potential follows, and r; a decoy has ("", nan).

    Every mechanism goes to one atom at most (:func:`partners`), so that copies and mixtures are decoys.

    Raises
    ------
    InputError
        ``world-pair`` where the pairs are not of this world.
    """
    import torch

    from metabam.learners.differentiable import value_of

    if done.setting.source != TABLES:
        raise InputError("world-pair", "training pairs have no names here.", "Choose the lines with tables.")
    planted = truth.effective[truth.rows_of(np.array(done.names, dtype=object))]
    found, _, _, _ = cases(scene, done.setting)
    learner = cache.model(scene.run).learner
    potentials = []
    for atom in range(len(found[0].fingerprint.spectrum)):
        with torch.no_grad():
            parts = [
                value_of(learner, case.fingerprint, "potential", atom)(torch.from_numpy(case.features)).numpy()
                for case in found
            ]
        potentials.append(np.concatenate(parts).astype(np.float64))
    return partners(np.stack(potentials), planted, truth.names)


def partners(potentials: Array, planted: Array, names: Sequence[str]) -> list[tuple[str, float]]:
    """Return the mechanism of each atom under the one-to-one pairing of largest total |r|; ("", nan) without one.

    ``potentials`` (K, N), ``planted`` (N, 12). A pairing below |r| = 0.3 does not count.
    """
    from scipy.optimize import linear_sum_assignment

    centred = potentials - potentials.mean(axis=1, keepdims=True)
    others = planted - planted.mean(axis=0)
    scale = np.linalg.norm(centred, axis=1)[:, None] * np.linalg.norm(others, axis=0)
    r = np.divide(centred @ others, scale, out=np.zeros((len(centred), len(names))), where=scale > 0)
    told = [("", float("nan"))] * len(centred)
    for atom, at in zip(*linear_sum_assignment(-np.abs(r)), strict=True):
        if abs(r[atom, at]) >= FOLLOWS:
            told[int(atom)] = (names[int(at)], float(r[atom, at]))
    return told
