"""What a fitted learner holds inside: who can be read off z_c, which atoms are which mechanisms, the rank of V."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from metabam.bench.entries import CONTEXT_ONLY, Fitted
from metabam.bench.judging import usable_mean
from metabam.bench.splits import NATURAL, Task
from metabam.bench.worlds import ACTIVITIES, Array, BenchContext, Fold
from metabam.data.episodes import draw_support
from metabam.errors import InputError
from metabam.metrics import disentanglement, effective_rank
from metabam.metrics.recovery import Recovery, gate_signs, recover
from metabam.records import FloatArray, SupportSet

PROBE_SUPPORTS = 20
PROBE_SHOTS = 16
DCI_PAIRS = 4_000


def probe_accuracy(means: FloatArray, names: Sequence[str], *, folds: int = 5, seed: int = 0) -> float | None:
    """Return how often a FRESH logistic regression reads the name off z_c (N, Z), cross-validated; chance is 1 / names.

    ``None`` with fewer than two names, or a name with fewer than two supports.
    """
    labels = np.asarray(names, dtype=str)
    counts = np.unique(labels, return_counts=True)[1]
    if len(counts) < 2 or counts.min() < 2:
        return None
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000))
    cut = StratifiedKFold(min(folds, int(counts.min())), shuffle=True, random_state=seed)
    found = cross_val_predict(model, means, labels, cv=cut)
    return float(np.mean(found == labels))


def context_means(
    learner: Fitted, contexts: Sequence[BenchContext], seed: int
) -> tuple[FloatArray, list[str], list[str]]:
    """Return z_c of 16-shot supports (N, Z), with the line and the assay of each; N = 0 for a learner without z_c."""
    means: list[FloatArray] = []
    lines, assays = [], []
    for place, context in enumerate(contexts):
        seen = context.seen_as(learner.view)
        pool = np.flatnonzero(context.support_pool)
        for repeat in range(PROBE_SUPPORTS):
            rng = np.random.default_rng([seed, place, repeat, 7])
            if len(pool) < PROBE_SHOTS:
                break
            rows = pool[draw_support(seen.labels[pool], PROBE_SHOTS, rng, balanced=False)]
            mean = usable_mean(learner.adapt(SupportSet(seen.features[rows], seen.labels[rows])))
            if mean is None:
                return np.zeros((0, 0), np.float32), [], []
            means.append(mean)
            lines.append(seen.cell_line)
            assays.append(seen.assay)
    return (np.stack(means) if means else np.zeros((0, 0), np.float32)), lines, assays


def states_of(learner: Fitted, fold: Fold) -> tuple[Array, Array] | None:
    """Return atoms' states (N, K) and true activities (N, M) of the held-out lines' distinct pairs, or ``None``."""
    if fold.truth is None or not hasattr(learner.learner, "mechanism_states"):
        return None
    codes = np.concatenate([context.pair for context in fold.held])
    first = np.unique(codes, return_index=True)[1]
    features = np.concatenate([context.seen_as(learner.view).features for context in fold.held])[first]
    activity = np.concatenate([context.views[ACTIVITIES] for context in fold.held])[first]
    states = learner.learner.mechanism_states(features)
    return states.astype(np.float64), activity.astype(np.float64)


def recovery_of(learner: Fitted, fold: Fold) -> Recovery | None:
    """Return the matching on the held-out lines' distinct pairs; ``None`` without a truth or without atoms."""
    both = states_of(learner, fold)
    return None if both is None else recover(*both, None if fold.ceiling is None else fold.ceiling())


def dci(learner: Fitted, fold: Fold, seed: int) -> dict[str, float | None]:
    """Return disentanglement, completeness and informativeness of the atoms' states for the planted mechanisms.

    Empty (undefined) where they cannot be had: fewer than two atoms, too few pairs, or a regression that does not
    converge.
    """
    both = states_of(learner, fold)
    if both is None:
        return {}
    rows = np.random.default_rng(seed).permutation(len(both[0]))[:DCI_PAIRS]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            found = disentanglement(both[0][rows], both[1][rows], seed=seed)
    except (InputError, ConvergenceWarning):  # one atom, too few pairs, a constant mechanism, or a fit without an end
        return {}
    return {
        "disentanglement": found.disentanglement,
        "completeness": found.completeness,
        "informativeness": found.informativeness,
    }


def line_signs(learner: Fitted, recovery: Recovery | None, fold: Fold, task: Task, context: object) -> dict[str, float]:
    """Return ``gate_sign_accuracy`` and how many gates it rests on, for one adapted context; empty where unknown.

    An atom's effect in a line is w_k alpha_k + delta_k, what z_c and the evidence say together;
    ``spectrum_sign_accuracy`` counts alpha alone.
    """
    spectrum = getattr(context, "spectrum", None)
    if recovery is None or spectrum is None or fold.truth is None or task.scheme != NATURAL or task.seen:
        return {}
    gates = fold.truth.gates[fold.truth.lines.index(fold.held[task.context].pairs.cell_line)]
    alone, count = gate_signs(recovery, np.asarray(spectrum, dtype=np.float64), gates)
    whole, _ = gate_signs(recovery, effects(learner, context), gates)
    if alone is None or whole is None:
        return {}
    return {"gate_sign_accuracy": whole, "spectrum_sign_accuracy": alone, "gates_judged": float(count)}


def effects(learner: Fitted, context: object) -> Array:
    """Return w alpha + delta (K,) of a context; alpha alone on the context path or without read-out weights."""
    spectrum = np.asarray(getattr(context, "spectrum", np.zeros(0)), dtype=np.float64)
    weights = getattr(learner.learner, "weights", None)
    delta = getattr(context, "evidence_mean", None)
    if weights is None or delta is None or learner.name == CONTEXT_ONLY:
        return spectrum
    return np.asarray(weights * spectrum + np.asarray(delta, dtype=np.float64))


def atoms_rank(learner: Fitted) -> float | None:
    """Return the effective rank of the atoms V (K, D), or ``None`` for a learner without atoms."""
    atoms = getattr(learner.learner, "atoms", None)
    if atoms is None:
        return None
    return effective_rank(np.linalg.svd(np.asarray(atoms, dtype=np.float64), compute_uv=False))


def inside(learner: Fitted, fold: Fold, recovery: Recovery | None, seed: int) -> dict[str, float | None]:
    """Return what is measured once per fitted learner: rank, recovered atoms, line and assay read off z_c."""
    values: dict[str, float | None] = {}
    rank = atoms_rank(learner)
    if rank is not None:
        values["effective_rank"] = rank
    if recovery is not None:
        values["mechanisms_matched"] = float(recovery.matched.sum())
        values["mechanism_r"] = float(np.abs(recovery.r).mean())
    values |= dci(learner, fold, seed)
    contexts = fold.held if len(fold.held) > 1 else fold.references
    means, lines, assays = context_means(learner, contexts, seed)
    if len(means):
        values["probe_line"] = probe_accuracy(means, lines, seed=seed)
        values["probe_line_chance"] = 1.0 / len(set(lines))
        if len(set(assays)) > 1:
            values["probe_assay"] = probe_accuracy(means, assays, seed=seed)
            values["probe_assay_chance"] = 1.0 / len(set(assays))
    return values
