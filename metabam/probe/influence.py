"""Which labels of a support matter, which do the others contradict, and what if one were different."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from metabam.errors import InputError
from metabam.probe.subject import Subject
from metabam.records import AtomEdit, Fingerprint, FloatArray, InfluenceRecord, SupportSet, WhatIfRecord

Array = NDArray[np.float64]


def support_influence(learner: Subject, support: SupportSet, queries: FloatArray | None = None) -> InfluenceRecord:
    """Return what changes when each support row is left out and the learner adapts anew: S + 1 adaptations.

    Parameters
    ----------
    support
        S >= 1 labelled pairs.
    queries
        (Q, D); none by default.

    Raises
    ------
    InputError
        ``empty-support``.
    """
    size = len(support)
    if size == 0:
        raise InputError("empty-support", "there is no support row to leave out.", "Give labelled pairs.")
    asked = support.features[:0] if queries is None else queries
    both = np.concatenate([support.features, asked])
    whole = learner.adapt(support)
    answers = learner.predict(whole, both)
    reference = _log_likelihood(answers.logit[:size], support.labels)
    before = learner.predict(learner.adapt(support.take(np.zeros(0, dtype=np.int64))), support.features)
    spread = learner.prior()[1]
    found: dict[str, list[Array]] = {name: [] for name in ("context", "gate", "left_out", "support", "query")}
    for row in range(size):
        others = np.delete(np.arange(size), row)
        belief = learner.adapt(support.take(others))
        without = learner.predict(belief, both)
        values = _log_likelihood(without.logit[:size], support.labels)
        found["context"].append(whole.mean - belief.mean)
        found["gate"].append(whole.spectrum - belief.spectrum)
        found["left_out"].append(values[row])
        found["support"].append(reference[others].sum() - values[others].sum())
        found["query"].append(answers.probability[size:] - without.probability[size:])
    change = np.stack(found["context"])
    return InfluenceRecord(
        labels=support.labels.copy(),
        context_change=change,
        shift=np.linalg.norm(change / spread, axis=1),
        gate_change=np.stack(found["gate"]),
        left_out=np.array(found["left_out"]),
        prior=_log_likelihood(before.logit, support.labels),
        support_change=np.array(found["support"]),
        query_change=np.stack(found["query"]),
    )


def what_if(
    learner: Subject,
    support: SupportSet,
    queries: FloatArray,
    *,
    flip: Sequence[int] = (),
    drop: Sequence[int] = (),
    gates: Mapping[int, float] | None = None,
) -> WhatIfRecord:
    """Return belief and predictions before and after labels are flipped, rows dropped, or gates set by hand.

    Parameters
    ----------
    flip, drop
        Support rows, counted from 0 in the support as given; flips come first.
    gates
        Atom -> gate in [-1, 1], set after adapting; the atom's delta is then held at its mean.

    Raises
    ------
    InputError
        ``what-if-row`` or ``what-if-gate``: a row, an atom or a gate that does not exist.
    """
    size = len(support)
    if any(not 0 <= row < size for row in (*flip, *drop)):
        raise InputError("what-if-row", f"rows {[*flip, *drop]} are not all among 0..{size - 1}.", "Choose a row.")
    before = learner.adapt(support)
    labels = support.labels.copy()
    labels[list(flip)] = 1 - labels[list(flip)]
    changed = replace(support, labels=labels).take(np.delete(np.arange(size), list(drop)))
    after = learner.adapt(changed) if flip or drop else before
    edit = _gates_set(after, gates) if gates else None
    native = learner.predict(before, queries)
    other = learner.predict(after, queries, edit=edit)
    if edit is not None:
        after = replace(after, spectrum=edit.keep @ after.spectrum + edit.gate)
    return WhatIfRecord(before, after, native.logit, other.logit, native.probability, other.probability)


# ------------------------------------------------------------------ inside


def _gates_set(belief: Fingerprint, gates: Mapping[int, float]) -> AtomEdit:
    n_atoms = len(belief.spectrum)
    if any(not 0 <= atom < n_atoms or not -1.0 <= gate <= 1.0 for atom, gate in gates.items()):
        raise InputError("what-if-gate", f"{dict(gates)} are not atoms 0..{n_atoms - 1} with gates in [-1, 1].")
    atoms = list(gates)
    kept, gate, evidence = np.ones(n_atoms), np.zeros(n_atoms), np.zeros(n_atoms)
    kept[atoms], gate[atoms], evidence[atoms] = 0.0, list(gates.values()), belief.evidence_mean[atoms]
    return AtomEdit(np.diag(kept), gate, evidence)


def _log_likelihood(logit: Array, labels: NDArray[np.int8]) -> Array:
    """Return each label's log-likelihood in nats, (S,)."""
    return np.asarray(-np.logaddexp(0.0, np.where(labels == 1, -logit, logit)))
