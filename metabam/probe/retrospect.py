"""Do planned supports beat random ones where the labels are known? The honest check of a design."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from metabam.data.episodes import apart_from
from metabam.errors import InputError
from metabam.learners.base import Learner
from metabam.metrics import task_aurocs
from metabam.probe.design import Rules, plan_support
from metabam.records import (
    Fingerprint,
    FloatArray,
    IntArray,
    LabelledContext,
    PosteriorDraws,
    RetrospectRecord,
    SupportSet,
)

Array = NDArray[np.float64]
DrawFrom = Callable[[FloatArray, int], PosteriorDraws]

MOST_QUERIES = 1_000


def check_design(
    learner: Learner[Fingerprint],
    draw: DrawFrom,
    line: LabelledContext,
    rules: Rules,
    *,
    rounds: int = 30,
    candidates: int = 500,
    random_shots: Sequence[int] = (4, 8, 12, 16),
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> RetrospectRecord:
    """Return the AUROC after planned and after random supports of the same line, on the same queries.

    Each round draws a set of candidate pairs, plans a support among them without looking at a label, then reveals
    the labels; random supports come from the same candidates. Queries share no element with any candidate used.

    Parameters
    ----------
    draw
        (features (B, D), seed) -> draws of the belief that planning starts from, the prior as a rule.
    line
        A line whose labels are known, best one that the model never saw.
    rules
        Of the batch; identities are taken from the line, row lists and costs are not used here.
    random_shots
        Sizes at which random supports are judged, to tell how many random pairs a planned batch is worth; the first
        picks of a plan are judged at those that it reaches.

    Raises
    ------
    InputError
        ``too-few-pairs`` where the line cannot spare so many candidates.
    """
    if len(line) < candidates + 2 or candidates < max(rules.size, *random_shots):
        raise InputError("too-few-pairs", f"{line.name} has {len(line)} pairs.", "Use fewer candidates.")
    rng = np.random.default_rng(seed)
    sizes = np.unique([*random_shots, rules.size]).astype(np.int64)
    first = sizes[sizes <= rules.size]
    planned, curves = [], []
    for number in range(rounds):
        pool = rng.permutation(len(line))[:candidates]
        kept = replace(
            rules, enhancer=line.enhancer[pool], promoter=line.promoter[pool], include=(), exclude=(), cost=None
        )
        batch = plan_support(partial(draw, line.features[pool]), kept, random_batches=0, seed=seed + number)
        chance = rng.permutation(candidates)
        asked = [*(pool[batch.chosen[:size]] for size in first), *(pool[chance[:size]] for size in sizes)]
        scores = _judged(learner, line, asked, rng)
        planned.append(scores[: len(first)])
        curves.append(scores[len(first) :])
        if progress is not None:
            progress((number + 1) / rounds)
    random, grown = np.array(curves), np.array(planned)
    mean, reached = np.nanmean(random, axis=0), np.nanmean(grown, axis=0)
    at = int(np.flatnonzero(sizes == rules.size)[0])
    equal = _shots_to_reach(sizes, mean, float(reached[-1]))
    enough = _shots_to_reach(first, reached, float(mean[at]))
    return RetrospectRecord(grown[:, -1], random[:, at], rules.size, sizes, mean, equal, reached, enough)


def _judged(
    learner: Learner[Fingerprint], line: LabelledContext, supports: Sequence[IntArray], rng: np.random.Generator
) -> list[float]:
    """Return the AUROC after each support, on pairs that share no element with any of them."""
    free = np.flatnonzero(apart_from(line, np.unique(np.concatenate(supports)).astype(np.int64)))
    rows = np.sort(rng.permutation(free)[:MOST_QUERIES])
    if not len(rows):
        raise InputError("no-queries", f"no pair of {line.name} is left apart from the candidates.", "Use fewer.")
    truth = line.labels[rows][None].astype(np.float64)
    out = []
    for support in supports:
        belief = learner.adapt(SupportSet(line.features[support], line.labels[support]))
        out.append(float(task_aurocs(learner.predict(belief, line.features[rows]).logit[None], truth)[0]))
    return out


def _shots_to_reach(sizes: IntArray, curve: Array, wanted: float) -> float:
    """Return how many random pairs reach ``wanted``, linear between the sizes; NaN beyond the curve."""
    for at in range(len(sizes)):
        if curve[at] >= wanted:
            if at == 0:
                return float(sizes[0])
            share = (wanted - curve[at - 1]) / (curve[at] - curve[at - 1])
            return float(sizes[at - 1] + share * (sizes[at] - sizes[at - 1]))
    return float("nan")
