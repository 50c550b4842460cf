"""Is an atom's effect more than chance, and do labels need it? Intervals and random directions, for any slice."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from metabam.errors import ConfigError, InputError
from metabam.metrics import weighted_auprc
from metabam.records import AblationRecord, ForestRecord, IntArray

Array = NDArray[np.float64]
Metric = Literal["logit", "probability", "auprc"]

LEVEL = 0.95
LEAST = 1e-12
"""The least probability that a label is given: a logarithm has to be finite."""


def forest(
    record: AblationRecord,
    rows: NDArray[np.bool_] | None = None,
    *,
    metric: Metric = "logit",
    draws: int = 1_000,
    seed: int = 0,
) -> ForestRecord:
    """Return the effect of removing each direction over a slice of pairs, against random directions; no model call.

    How far answers move says nothing of whether they were right. So labels are asked too: the log-likelihood that they
    lose without the direction. Where every atom is a mechanism, a random direction mixes mechanisms; few single atoms
    then move answers more than it does, and the labels alone tell which are needed.

    Parameters
    ----------
    record
        Of :func:`metabam.probe.ablate.ablate_atoms`.
    rows
        (N,) which pairs count; all by default.
    metric
        Mean loss in logits or probability; or the drop in AUPRC, mean over the lines with both classes in the slice.
    draws
        Bootstrap draws over groups (pairs of one group are drawn together).

    Raises
    ------
    InputError
        ``empty-slice``; ``slice-labels`` where AUPRC is undefined in every line.
    """
    chosen = np.ones(len(record), dtype=bool) if rows is None else np.asarray(rows, dtype=bool)
    if not chosen.any():
        raise InputError("empty-slice", "no pair is left in this slice.", "Widen the filters.")
    member = np.unique(record.groups[chosen], return_inverse=True)[1]
    n_groups = int(member.max()) + 1
    rng = np.random.default_rng(seed)
    wanted = draws if metric != "auprc" else min(draws, 200)
    weights = rng.multinomial(n_groups, np.full(n_groups, 1.0 / n_groups), size=wanted)[:, member].astype(np.float64)
    weights = np.concatenate([np.ones((1, int(chosen.sum()))), weights])
    if metric == "auprc":
        signed, absolute, random = _auprc_drops(record, chosen, weights)
        random_size = np.abs(random)
    elif metric in ("logit", "probability"):
        lost = getattr(record, f"lost_{metric}")[:, chosen]
        chance = getattr(record, f"random_{metric}")[:, chosen]
        total = weights.sum(axis=1)
        signed, absolute = (weights @ lost.T).T / total, (weights @ np.abs(lost).T).T / total
        random, random_size = chance.mean(axis=1), np.abs(chance).mean(axis=1)
    else:
        raise ConfigError("unknown-metric", f"there is no metric {metric!r}.", "Choose logit, probability or auprc.")
    size = absolute[:, 0]
    p = (1.0 + (random_size[None, :] >= size[:, None] - 1e-12).sum(axis=1)) / (len(random_size) + 1.0)
    tails = [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0]
    low, high = np.nanquantile(signed[:, 1:], tails, axis=1)
    size_low, size_high = np.nanquantile(absolute[:, 1:], tails, axis=1)
    fit, known = _likelihood_lost(record, chosen, weights)
    fit_low, fit_high = np.nanquantile(fit[:, 1:], tails, axis=1) if known else (fit[:, 0], fit[:, 0])
    return ForestRecord(
        metric=metric,
        effect=signed[:, 0],
        low=low,
        high=high,
        size=size,
        size_low=size_low,
        size_high=size_high,
        band=np.quantile(random, tails) if len(random) else np.zeros(2),
        size_band=float(np.quantile(random_size, LEVEL)) if len(random_size) else 0.0,
        p=p,
        inside=p > 1.0 - LEVEL,
        n=int(chosen.sum()),
        n_groups=n_groups,
        fit=fit[:, 0],
        fit_low=fit_low,
        fit_high=fit_high,
        n_labelled=known,
    )


def line_map(record: AblationRecord) -> tuple[Array, Array]:
    """Return the mean and the mean absolute loss in logits of each line and direction, (E, G) each."""
    n_lines = len(record.lines)
    member = record.line == np.arange(n_lines)[:, None]
    count = np.maximum(member.sum(axis=1, keepdims=True), 1)
    return member @ record.lost_logit.T / count, member @ np.abs(record.lost_logit).T / count


def most_changed(record: AblationRecord, direction: int, most: int = 20) -> IntArray:
    """Return the pairs (m,) that removing a direction changes most, those whose logit changes sign first."""
    lost = record.lost_logit[direction]
    flipped = np.sign(record.logit) != np.sign(record.logit - lost)
    return np.lexsort((-np.abs(lost), ~flipped))[:most].astype(np.int64)


def _likelihood_lost(record: AblationRecord, chosen: NDArray[np.bool_], weights: Array) -> tuple[Array, int]:
    """Return the mean log-likelihood that labels lose without each direction (G, 1 + draws), and how many labels."""
    labels = record.labels[chosen]
    known = labels >= 0
    if not known.any():
        return np.full((len(record.lost_probability), len(weights)), np.nan), 0
    one = labels[known] == 1

    def told(probability: Array) -> Array:
        return np.asarray(np.log(np.clip(np.where(one, probability, 1.0 - probability), LEAST, 1.0)))

    whole = record.probability[chosen][known]
    lost = told(whole) - told(whole - record.lost_probability[:, chosen][:, known])
    used = weights[:, known]
    total = used.sum(axis=1)
    with np.errstate(invalid="ignore"):  # a draw without a label is NaN, and is left out of the quantiles
        return (used @ lost.T).T / total, int(known.sum())


def _auprc_drops(record: AblationRecord, chosen: NDArray[np.bool_], weights: Array) -> tuple[Array, Array, Array]:
    """Return signed and absolute drops (G, 1 + draws) of AUPRC, and those of random directions (R,)."""
    line, labels, logit = record.line[chosen], record.labels[chosen], record.logit[chosen]
    usable = [
        np.flatnonzero((line == at) & (labels >= 0))
        for at in range(len(record.lines))
        if len(np.unique(labels[(line == at) & (labels >= 0)])) == 2
    ]
    if not usable:
        raise InputError("slice-labels", "AUPRC needs both classes in at least one line.", "Widen the filters.")

    def score(scores: Array, w: Array) -> Array:
        parts = [weighted_auprc(labels[rows].astype(np.float64), scores[rows], w[:, rows]) for rows in usable]
        return np.asarray(np.mean(parts, axis=0))

    base = score(logit, weights)
    signed = np.stack([base - score(logit - lost, weights) for lost in record.lost_logit[:, chosen]])
    once = weights[:1]
    chance = [float(base[0] - score(logit - lost, once)[0]) for lost in record.random_logit[:, chosen]]
    return signed, np.abs(signed), np.asarray(chance, dtype=np.float64)
