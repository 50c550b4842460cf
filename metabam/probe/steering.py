"""What one atom does to single pairs: its gate multiplied, its part removed, its gate over many supports."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from metabam.errors import ConfigError
from metabam.probe.subject import Subject
from metabam.records import (
    AtomEdit,
    Fingerprint,
    FloatArray,
    LabelledContext,
    SteeringRecord,
    SupportGatesRecord,
    SupportSet,
)

Array = NDArray[np.float64]
FACTORS = tuple(float(value) for value in np.linspace(-3.0, 3.0, 25))


def steering_curve(
    learner: Subject,
    fingerprint: Fingerprint,
    features: FloatArray,
    atom: int,
    factors: Sequence[float] = FACTORS,
) -> SteeringRecord:
    """Return the answers of pairs (Q, D) when alpha_k of one atom is multiplied by each factor.

    ``alpha_k <- factor alpha_k`` as an argument of ``predict``: delta, the base rate and all other gates stay. Factor 1
    is the untouched answer. Beyond ``bound`` the gate leaves [-1, 1], where no fingerprint can put it.

    Raises
    ------
    ConfigError
        ``steering-atom`` for an atom that does not exist.
    """
    n_atoms = len(fingerprint.spectrum)
    if not 0 <= atom < n_atoms:
        raise ConfigError("steering-atom", f"there is no atom {atom + 1} among {n_atoms}.", "Count from 1.")
    gate = float(fingerprint.spectrum[atom])
    same, nothing = np.eye(n_atoms), np.zeros(n_atoms)
    logit = np.empty((len(factors), len(features)))
    probability = np.empty_like(logit)
    for row, factor in enumerate(factors):
        added = nothing.copy()
        added[atom] = (factor - 1.0) * gate
        found = learner.predict(fingerprint, features, edit=AtomEdit(same, added, nothing))
        logit[row], probability[row] = found.logit, found.probability
    return SteeringRecord(atom, np.asarray(factors, dtype=np.float64), logit, probability, gate)


def lost_without(
    learner: Subject, fingerprint: Fingerprint, features: FloatArray, atom: int
) -> tuple[Array, Array, Array]:
    """Return P, logit, and the logit that is lost when alpha_k and delta_k of one atom are zero, (Q,) each."""
    n_atoms = len(fingerprint.spectrum)
    keep = np.eye(n_atoms)
    keep[atom, atom] = 0.0
    nothing = np.zeros(n_atoms)
    base = learner.predict(fingerprint, features)
    without = learner.predict(fingerprint, features, edit=AtomEdit(keep, nothing, nothing))
    return base.probability, base.logit, base.logit - without.logit


def gates_over_supports(
    learner: Subject, contexts: Sequence[LabelledContext], *, shots: int = 16, supports: int = 12, seed: int = 0
) -> SupportGatesRecord:
    """Return gates and evidence of all atoms after each of several random supports of every line.

    Half of a support's pairs are positive where the line has enough of both classes; drawn without replacement.
    """
    rng = np.random.default_rng(seed)
    gate, evidence = [], []
    for context in contexts:
        found = []
        for _ in range(supports):
            rows = np.concatenate(
                [
                    rng.choice(places, size=min(shots // 2, len(places)), replace=False)
                    for places in (np.flatnonzero(context.labels == 1), np.flatnonzero(context.labels == 0))
                ]
            )
            found.append(learner.adapt(SupportSet(context.features[rows], context.labels[rows])))
        gate.append([item.spectrum for item in found])
        evidence.append([item.evidence_mean for item in found])
    return SupportGatesRecord(
        tuple(context.name for context in contexts),
        shots,
        np.asarray(gate, dtype=np.float64),
        np.asarray(evidence, dtype=np.float64),
    )
