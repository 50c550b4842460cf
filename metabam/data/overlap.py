"""What a support, a query table and the training pairs share, and what follows from it.

Pairs are compared by the coordinates of both elements, whatever the context: a pair whose label was shown is known in
every context that asks for it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from metabam.data.findings import Findings
from metabam.records import BoolArray, IntArray, PairTable, Prediction, Problem, Severity


@dataclass(frozen=True, slots=True)
class Overlap:
    """Rows of one table that another one knows: ``shared`` (B,) and what to tell the user."""

    shared: BoolArray
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class TrainingKeys:
    """What a run remembers of its training pairs: sorted int64 digests of pairs, and the chromosomes used."""

    pairs: IntArray
    chroms: tuple[str, ...]


def pair_keys(table: PairTable) -> IntArray:
    """Return a digest (B,) int64 of each pair's coordinates: equal for equal pairs, in every table and process.

    64 bits of BLAKE2b: among 10^6 pairs the chance of any collision is below 10^-7.
    """
    texts = zip(*table.coordinates(), strict=True)
    raw = b"".join(hashlib.blake2b(repr(key).encode(), digest_size=8).digest() for key in texts)
    return np.frombuffer(raw, dtype="<i8").astype(np.int64)


def training_keys(tables: Iterable[PairTable]) -> TrainingKeys:
    """Return what to keep of the training pairs, so that a later support or query can be compared with them."""
    keys: list[IntArray] = []
    chroms: dict[str, None] = {}
    for table in tables:
        keys.append(pair_keys(table))
        chroms.update(dict.fromkeys([*table.enhancer_chrom.tolist(), *table.promoter_chrom.tolist()]))
    pairs = np.unique(np.concatenate(keys)) if keys else np.empty(0, dtype=np.int64)
    return TrainingKeys(pairs, tuple(sorted(chroms)))


def compare_support_and_queries(support: PairTable, queries: PairTable) -> Overlap:
    """Return which query rows repeat a support pair; they are scored but must be left out of metrics.

    A query table that holds exactly the support's pairs is called that.
    """
    known, asked = pair_keys(support), pair_keys(queries)
    shared = np.isin(asked, known)
    if not shared.any():
        return Overlap(shared, ())
    if shared.all() and np.isin(known, asked).all():
        message = "the query table holds the same pairs as the support; no metric is computed from it."
        return Overlap(shared, (Problem("query-is-support", Severity.WARNING, message, "Query other pairs."),))
    findings = Findings(queries.line.tolist())
    message = "this query pair is in the support; it is scored, and left out of metrics"
    findings.note(Severity.WARNING, "query-in-support", np.flatnonzero(shared).tolist(), message)
    return Overlap(shared, findings.sorted())


def seen_in_training(table: PairTable, keys: TrainingKeys) -> Overlap:
    """Return which rows the model saw in training (in some context); warn about them and about shared chromosomes."""
    shared = np.isin(pair_keys(table), keys.pairs)
    findings = Findings(table.line.tolist())
    message = "this pair was in the training table (in another context)"
    findings.note(Severity.WARNING, "seen-in-training", np.flatnonzero(shared).tolist(), message)
    here = {*table.enhancer_chrom.tolist(), *table.promoter_chrom.tolist()}
    common = sorted(here & set(keys.chroms))
    if common:
        text = f"{len(common)} of {len(here)} chromosomes were used in training ({', '.join(common[:5])})."
        remedy = "Scores on held-out chromosomes are the honest ones."
        findings.whole(Severity.WARNING, "chromosome-in-training", text, remedy)
    return Overlap(shared, findings.sorted())


def label_inversion(prior: Prediction, support: PairTable) -> Problem | None:
    """Return a warning when the flipped labels are likelier than the given ones under predictions made without them.

    Parameters
    ----------
    prior
        Predictions for the support pairs under an EMPTY support, in the same order.
    support
        The support, with labels in {0, 1}.
    """
    if not len(support):
        return None
    signs = 2.0 * support.label.astype(np.float64) - 1.0
    given = float(-np.logaddexp(0.0, -signs * prior.logit).sum())
    flipped = float(-np.logaddexp(0.0, signs * prior.logit).sum())
    if flipped <= given:
        return None
    positives = int(np.sum(support.label == 1))
    message = (
        f"{positives} of {len(support)} labels are 1; flipped, the labels are likelier by {flipped - given:.2f} nats "
        "under the model's prior."
    )
    return Problem(
        "labels-inverted", Severity.WARNING, message, "Is 1 really an interaction in this table?", None, "label"
    )
