"""Which atoms carry the predictions? Gates and delta of one atom are replaced, and the answers compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from metabam.errors import ConfigError, InputError
from metabam.metrics import auprc, prevalence
from metabam.probe.subject import Subject
from metabam.records import AblationCase, AblationRecord, AtomEdit, IntArray, RemovalRecord, SynergyRecord

Array = NDArray[np.float64]
Replacement = Literal["mean", "resample", "zero"]
Progress = Callable[[float], None]

MOST_DONORS = 4
MOST_SYNERGY = 8


@dataclass(frozen=True, slots=True)
class _Donor:
    """Rows of a case, and the gates and deltas (K,) that removed atoms get there."""

    rows: IntArray
    gate: Array
    evidence: Array


def ablate_atoms(
    learner: Subject,
    cases: Sequence[AblationCase],
    *,
    replacement: Replacement = "mean",
    step: int | None = None,
    directions: Array | None = None,
    random: int = 200,
    seed: int = 0,
    progress: Progress | None = None,
) -> AblationRecord:
    """Return what each pair's answer loses without each atom, and without random directions (Plan 34 s6, ablation).

    A direction is a unit vector r in R^K; atom k is e_k. Removing it from a fingerprint replaces the component along
    r: ``alpha <- (I - r r^T) alpha + r r^T alpha'``, the same for delta, whose uncertainty along r goes. Random
    directions have the same norm and lie in the span of the same atoms, so they answer what any direction would.

    Parameters
    ----------
    cases
        Lines with their fingerprints and pairs; ``mean`` and ``resample`` need at least two.
    replacement
        ``"mean"``: alpha', delta' are the mean over the cases. ``"resample"``: those of another case, at most
        four donors, each for its share of the pairs. ``"zero"``: none, the strict test.
    step
        Remove it in unfolding step 1..T alone; ``None`` removes it everywhere.
    directions
        (G, K) rows of any length > 0 to remove instead of the K atoms.
    random
        R random directions of the null.
    progress
        Called with the share done; the place to stop a long run.

    Raises
    ------
    InputError
        ``ablation-cases``: no case, no pairs, or too few lines for the replacement.
    ConfigError
        ``ablation-directions`` for directions of another size, or without a length.
    """
    n_atoms = _checked(cases, replacement)
    asked = np.eye(n_atoms) if directions is None else _units(directions, n_atoms)
    rng = np.random.default_rng(seed)
    chance = _units(rng.standard_normal((random, n_atoms)), n_atoms)
    vectors = np.concatenate([asked, chance])
    size = sum(len(case.features) for case in cases)
    logit, probability = np.empty(size), np.empty(size)
    lost = np.zeros((2, len(vectors), size))
    start = 0
    for number, case in enumerate(cases):
        rows = slice(start, start + len(case.features))
        base = learner.predict(case.fingerprint, case.features)
        logit[rows], probability[rows] = base.logit, base.probability
        donors = _donors(cases, number, replacement, rng)
        for at, vector in enumerate(vectors):
            without = _without(learner, case, donors, vector[None], step)
            lost[:, at, rows] = np.stack([base.logit, base.probability]) - without
            if progress is not None and at % 16 == 0:
                progress((number + at / len(vectors)) / len(cases))
        start = rows.stop
    if progress is not None:
        progress(1.0)
    n = len(asked)
    return AblationRecord(
        lines=tuple(case.name for case in cases),
        replacement=replacement,
        step=step,
        line=np.repeat(np.arange(len(cases)), [len(case.features) for case in cases]).astype(np.int64),
        labels=np.concatenate([case.labels for case in cases]).astype(np.int8),
        groups=_distinct_groups(cases),
        logit=logit,
        probability=probability,
        lost_logit=lost[0, :n],
        lost_probability=lost[1, :n],
        random_logit=lost[0, n:],
        random_probability=lost[1, n:],
    )


def removal_curve(
    learner: Subject,
    cases: Sequence[AblationCase],
    size: Array,
    *,
    replacement: Replacement = "mean",
    orders: int = 10,
    seed: int = 0,
    progress: Progress | None = None,
) -> RemovalRecord:
    """Return the mean AUPRC over lines when 0..K atoms are removed, largest ``size`` (K,) first and in random orders.

    Lines whose labelled pairs are of one class are left out.

    Raises
    ------
    InputError
        ``ablation-labels`` where no line has both classes; see also :func:`ablate_atoms`.
    """
    n_atoms = _checked(cases, replacement)
    judged = [(number, case) for number, case in enumerate(cases) if len(np.unique(case.labels[case.labels >= 0])) == 2]
    if not judged:
        raise InputError("ablation-labels", "no line has labels of both classes.", "Choose labelled pairs.")
    rng = np.random.default_rng(seed)
    best = np.argsort(-size, kind="stable").astype(np.int64)
    wanted = [best, *(rng.permutation(n_atoms) for _ in range(orders))]
    curves = np.zeros((len(wanted), n_atoms + 1))
    for number, case in judged:
        known = case.labels >= 0
        donors = _donors(cases, number, replacement, rng)
        for which, order in enumerate(wanted):
            for count in range(n_atoms + 1):
                logit = _without(learner, case, donors, np.eye(n_atoms)[order[:count]], None)[0]
                curves[which, count] += (auprc(case.labels[known], logit[known]) or 0.0) / len(judged)
            if progress is not None:
                progress((judged.index((number, case)) + (which + 1) / len(wanted)) / len(judged))
    rates = [prevalence(case.labels[case.labels >= 0]) or 0.0 for _, case in judged]
    return RemovalRecord(best, curves[0], curves[1:], float(np.mean(rates)))


def synergy(
    learner: Subject,
    cases: Sequence[AblationCase],
    atoms: Sequence[int],
    *,
    replacement: Replacement = "mean",
    seed: int = 0,
) -> SynergyRecord:
    """Return loss(i, j) - loss(i) - loss(j), mean over all pairs, in logits: > 0 where two atoms back each other up.

    Raises
    ------
    ConfigError
        ``synergy-atoms``: fewer than 2, more than 8, or an atom that does not exist.
    """
    n_atoms = _checked(cases, replacement)
    chosen = np.unique(np.asarray(atoms, dtype=np.int64))
    if not 2 <= len(chosen) <= MOST_SYNERGY or chosen.min() < 0 or chosen.max() >= n_atoms:
        raise ConfigError("synergy-atoms", f"{len(chosen)} atoms of {n_atoms} were asked for.", "Choose 2 to 8.")
    places = list(combinations(range(len(chosen)), 2))
    total = np.zeros((2, len(chosen), len(chosen)))
    rng, count = np.random.default_rng(seed), 0
    for number, case in enumerate(cases):
        donors = _donors(cases, number, replacement, rng)
        base = learner.predict(case.fingerprint, case.features).logit
        alone = [base - _without(learner, case, donors, np.eye(n_atoms)[[k]], None)[0] for k in chosen]
        for i, j in places:
            both = base - _without(learner, case, donors, np.eye(n_atoms)[chosen[[i, j]]], None)[0]
            extra = both - alone[i] - alone[j]
            total[:, i, j] += extra.sum(), np.abs(extra).sum()
        count += len(case.features)
    mean, absolute = (total + total.transpose(0, 2, 1)) / count
    return SynergyRecord(chosen, mean, absolute)


def removal(basis: Array, gate: Array, evidence: Array, step: int | None = None) -> AtomEdit:
    """Return the edit that swaps the part along orthonormal rows (m, K) for that of ``gate`` and ``evidence``."""
    along = basis.T @ basis
    return AtomEdit(np.eye(basis.shape[1]) - along, along @ gate, along @ evidence, step)


# ------------------------------------------------------------------ inside


def _without(learner: Subject, case: AblationCase, donors: Sequence[_Donor], basis: Array, step: int | None) -> Array:
    """Return logit and probability (2, N) of a case without the directions ``basis`` (m, K)."""
    out = np.empty((2, len(case.features)))
    for donor in donors:
        edit = removal(basis, donor.gate, donor.evidence, step)
        found = learner.predict(case.fingerprint, case.features[donor.rows], edit=edit)
        out[:, donor.rows] = found.logit, found.probability
    return out


def _donors(
    cases: Sequence[AblationCase], number: int, replacement: Replacement, rng: np.random.Generator
) -> list[_Donor]:
    everything = np.arange(len(cases[number].features), dtype=np.int64)
    gates = np.stack([case.fingerprint.spectrum for case in cases])
    deltas = np.stack([case.fingerprint.evidence_mean for case in cases])
    if replacement == "zero":
        return [_Donor(everything, np.zeros(gates.shape[1]), np.zeros(gates.shape[1]))]
    if replacement == "mean":
        return [_Donor(everything, gates.mean(axis=0), deltas.mean(axis=0))]
    others = rng.permutation(np.delete(np.arange(len(cases)), number))[:MOST_DONORS]
    parts = np.array_split(rng.permutation(everything), len(others))
    return [_Donor(np.sort(part), gates[at], deltas[at]) for part, at in zip(parts, others, strict=True) if len(part)]


def _checked(cases: Sequence[AblationCase], replacement: Replacement) -> int:
    """Return the number of atoms, once the cases can be ablated."""
    if replacement not in ("mean", "resample", "zero"):
        raise ConfigError("replacement", f"unknown replacement {replacement!r}.", "Choose mean, resample or zero.")
    if not cases or any(len(case.features) == 0 for case in cases):
        raise InputError("ablation-cases", "there is no pair to ablate in.", "Widen the choice of lines and pairs.")
    if replacement != "zero" and len(cases) < 2:
        raise InputError(
            "ablation-cases", f"replacement {replacement!r} needs two lines.", "Choose zero, or more lines."
        )
    return len(cases[0].fingerprint.spectrum)


def _units(vectors: Array, n_atoms: int) -> Array:
    rows = np.asarray(vectors, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != n_atoms:
        raise ConfigError("ablation-directions", f"directions {rows.shape} are not (G, {n_atoms}).")
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(rows).all() or (length <= 0).any():
        raise ConfigError("ablation-directions", "a direction has no length.", "Leave out zero rows.")
    return np.asarray(rows / length)


def _distinct_groups(cases: Sequence[AblationCase]) -> IntArray:
    """Return group numbers (N,) that no two lines share."""

    def numbered() -> Iterator[IntArray]:
        offset = 0
        for case in cases:
            member = np.unique(case.groups, return_inverse=True)[1].astype(np.int64)
            yield member + offset
            offset += int(member.max()) + 1

    return np.concatenate(list(numbered()))
