"""One row per atom: how often it is above its threshold, where it is used, what the answers lose without it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from metabam.errors import InputError
from metabam.probe.ablate import Progress, ablate_atoms
from metabam.probe.forest import forest, line_map
from metabam.probe.subject import Subject
from metabam.records import AblationCase, FloatArray, GalleryRecord

Array = NDArray[np.float64]
RANDOM = 39
APART = 0.005


def gallery_of(
    learner: Subject,
    cases: Sequence[AblationCase],
    potentials: FloatArray,
    atoms: FloatArray,
    *,
    random: int = RANDOM,
    seed: int = 0,
    progress: Progress | None = None,
) -> GalleryRecord:
    """Return the gallery of a learner's atoms.

    Parameters
    ----------
    cases
        Lines with their fingerprints and pairs; an atom is replaced by its mean over the lines, as on the ablation
        page, or by zero where there is one line alone.
    potentials
        p (N, K) of distinct pairs.
    atoms
        V (K, D).
    random
        Random directions of the null; p cannot be below 1 / (random + 1).

    Raises
    ------
    InputError
        ``gallery-shape``; see also :func:`metabam.probe.ablate.ablate_atoms`.
    """
    if potentials.ndim != 2 or len(atoms) != potentials.shape[1] or not len(potentials):
        raise InputError("gallery-shape", f"potentials {potentials.shape} and atoms {atoms.shape} do not match.")
    record = ablate_atoms(
        learner, cases, replacement="mean" if len(cases) > 1 else "zero", random=random, seed=seed, progress=progress
    )
    signed, usage = line_map(record)
    nearest, cosine = nearest_atoms(atoms)
    return GalleryRecord(
        lines=record.lines,
        n_pairs=len(potentials),
        density=np.asarray((potentials > 0).mean(axis=0), dtype=np.float64),
        highest=np.asarray(potentials.max(axis=0), dtype=np.float64),
        gates=np.stack([case.fingerprint.spectrum for case in cases]),
        usage=usage,
        signed=signed,
        effect=forest(record, draws=400, seed=seed),
        nearest=nearest,
        nearest_cosine=cosine,
    )


def nearest_atoms(atoms: FloatArray) -> tuple[NDArray[np.int64], Array]:
    """Return for each row of V (K, D) the other row of largest |cosine| and that cosine, (K,) each.

    -1 and 0 for a row at right angles to all others (below half a hundredth): none is nearer than another.
    """
    length = np.linalg.norm(atoms, axis=1, keepdims=True)
    unit = np.divide(atoms, length, out=np.zeros(atoms.shape, dtype=np.float64), where=length > 0)
    cosines = unit @ unit.T
    if len(atoms) < 2:
        return np.full(len(atoms), -1, dtype=np.int64), np.zeros(len(atoms))
    strength = np.abs(cosines)
    np.fill_diagonal(strength, -1.0)
    nearest = strength.argmax(axis=1).astype(np.int64)
    found = cosines[np.arange(len(atoms)), nearest]
    apart = np.abs(found) < APART
    return np.where(apart, -1, nearest), np.where(apart, 0.0, found)
