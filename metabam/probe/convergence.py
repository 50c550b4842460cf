"""How belief sharpens from the first labelled pair to the last, over random orders of one support."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from metabam.errors import InputError
from metabam.learners.base import Learner
from metabam.records import ConvergenceRecord, Fingerprint, SupportSet


def convergence_curve(
    learner: Learner[Fingerprint],
    support: SupportSet,
    shots: Sequence[int] | None = None,
    orders: int = 20,
    seed: int = 0,
    *,
    progress: Callable[[float], None] | None = None,
) -> ConvergenceRecord:
    """Return posterior widths, gates and support log-likelihood after each number of shots (the OOD check of Plan 34).

    Every order is a permutation of the same support; after n of its pairs the learner adapts anew and the
    log-likelihood of the WHOLE support, unseen pairs included, is summed in nats.

    Parameters
    ----------
    learner
        A fitted Meta-BAM learner; unchanged afterwards.
    support
        S labelled pairs.
    shots
        Numbers of pairs, each in 0..S; default 1..S.
    orders
        Random orders; the same for the same seed.
    progress
        Called with the share done, at least once per order: the place to stop a long run.

    Raises
    ------
    InputError
        An empty support, or a number of shots that it does not have.
    """
    size = len(support)
    counts = np.arange(1, size + 1) if shots is None else np.asarray(shots, dtype=np.int64)
    if size == 0 or len(counts) == 0 or counts.min() < 0 or counts.max() > size:
        raise InputError("shots", f"shots must lie in 0..{size} for a support of {size}.", "Ask for fewer shots.")
    if orders < 1:
        raise InputError("orders", "at least one order is needed.", "Set orders to 20.")
    rng = np.random.default_rng(seed)
    widths, gates, likelihoods = [], [], []
    for order in range(orders):
        ranks = rng.permutation(size)
        beliefs = [learner.adapt(support.take(ranks[:count])) for count in counts]
        widths.append([belief.std for belief in beliefs])
        gates.append([belief.spectrum for belief in beliefs])
        likelihoods.append([log_likelihood(learner, belief, support) for belief in beliefs])
        if progress is not None:
            progress((order + 1) / orders)
    return ConvergenceRecord(
        counts.astype(np.int64), np.asarray(widths, float), np.asarray(gates, float), np.asarray(likelihoods, float)
    )


def log_likelihood(learner: Learner[Fingerprint], belief: Fingerprint, support: SupportSet) -> float:
    """Return the log-likelihood of the support's labels under a belief, summed over pairs, in nats."""
    logit = learner.predict(belief, support.features).logit
    return float(-np.sum(np.logaddexp(0.0, np.where(support.labels == 1, -logit, logit))))
