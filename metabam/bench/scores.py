"""What the Evaluation page draws, from a benchmark's table and judged pairs: means with intervals, cutoffs, slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from metabam.bench.claims import rows_of, unseen
from metabam.bench.honesty import Unit, gene_draws
from metabam.bench.judging import NONE, OWN
from metabam.metrics import adaptation_efficiency
from metabam.records import CutoffRecord, GeneRankRecord, JudgedPairs, ScoreRecord, SliceRecord

Array = NDArray[np.float64]
DRAWS = 400
DISTANCES = ((0.0, 5e4), (5e4, 2e5), (2e5, 1e6), (1e6, np.inf))
SHARES = frozenset({"auroc", "auprc", "brier", "ece", "coverage", "reversal_auroc"})
EFFICIENCY, RATIO = "adaptation_efficiency", "auprc_ratio"


def line_scores(
    table: pd.DataFrame, metric: str, shots: int, learners: Sequence[str], controls: Sequence[str] = (OWN,)
) -> list[ScoreRecord]:
    """Return one record per line, learner and kind of support: mean over supports, Student's 95 % interval.

    The interval of a metric that lies in [0, 1] is cut there.
    """
    found = []
    least, most = (0.0, 1.0) if metric in SHARES else (-np.inf, np.inf)
    for learner in learners:
        for control in controls:
            rows = rows_of(table, metric, learner, shots, control).dropna(subset=["value"])
            rows = rows[rows.support_seed.ge(0)]
            for line, part in rows.groupby("line", sort=True):
                values = part.value.to_numpy(dtype=np.float64)
                middle, base = float(values.mean()), float(part.prevalence.mean())
                half = _half(values)
                found.append(
                    ScoreRecord(
                        learner,
                        control,
                        str(line),
                        shots,
                        metric,
                        middle,
                        max(middle - half, least),
                        min(middle + half, most),
                        base,
                        len(part),
                    )
                )
    return found


def over_lines(
    table: pd.DataFrame, metric: str, shots: int, learner: str, control: str = OWN, lines: Sequence[str] = ()
) -> ScoreRecord | None:
    """Return the mean over lines with its interval for unseen lines; ``None`` where the metric was not measured."""
    rows = rows_of(table, metric, learner, shots, control).dropna(subset=["value"])
    rows = rows[rows.line.isin(lines)] if lines else rows
    if not len(rows):
        return None
    found = unseen(rows)
    middle, low, high = (np.nan if value is None else value for value in (found.estimate, found.low, found.high))
    base = float(rows.groupby("line").prevalence.mean().mean())
    return ScoreRecord(learner, control, "", shots, metric, middle, low, high, base, len(rows))


def by_shots(table: pd.DataFrame, metric: str, learners: Sequence[str], lines: Sequence[str] = ()) -> list[ScoreRecord]:
    """Return the mean over lines for every support size that ran."""
    sizes = sorted(int(size) for size in table.S.unique())
    found = [over_lines(table, metric, size, learner, lines=lines) for learner in learners for size in sizes]
    return [record for record in found if record is not None]


def once(table: pd.DataFrame, metric: str, learner: str) -> float:
    """Return a value that a benchmark measures once per fitted learner (rank, gap, DCI), mean over folds, or NaN."""
    rows = table[table.metric.eq(metric) & table.learner.eq(learner) & table.line.eq("all") & table.control.eq(OWN)]
    return float(rows.value.mean()) if len(rows) else float("nan")


def efficiency(table: pd.DataFrame, learner: str, shots: int) -> float:
    """Return what one labelled pair buys in AUPRC, on the same queries with and without the support; NaN unknown."""
    own, none = (rows_of(table, "auprc", learner, shots, control).value.dropna() for control in (OWN, NONE))
    value = adaptation_efficiency(own.tolist(), none.tolist(), shots) if shots else None
    return float("nan") if value is None else value


# ------------------------------------------------------------------ pairs


def usable(pairs: Sequence[JudgedPairs], learners: Sequence[str]) -> Iterator[JudgedPairs]:
    """Yield the queries that every named learner could score; supports on which one did not run are left out."""
    for one in pairs:
        if all(name in one.logits for name in learners):
            good = np.all([np.isfinite(one.logits[name]) for name in learners], axis=0)
            yield _chosen(one, good)


def cutoffs(probability: Array, labels: NDArray[np.int8]) -> CutoffRecord:
    """Return the counts at every distinct probability, the highest first."""
    order = np.argsort(-probability, kind="stable")
    value, truth = probability[order], labels[order] == 1
    last = np.flatnonzero(np.append(value[1:] != value[:-1], True)) if len(value) else np.zeros(0, dtype=np.int64)
    hits, alarms = np.cumsum(truth)[last], np.cumsum(~truth)[last]
    positives = int(truth.sum())
    return CutoffRecord(value[last], hits.astype(np.int64), alarms.astype(np.int64), positives, len(truth) - positives)


def slices(pairs: Sequence[JudgedPairs], learners: Sequence[str], *, seed: int = 0) -> list[SliceRecord]:
    """Return AUPRC by distance, by agreement of label and planted truth, and where another line reverses the label.

    A kind that the benchmark did not keep is absent; a slice without both classes is NaN.
    """
    found: list[SliceRecord] = []
    kept = list(usable(pairs, learners))
    for kind, name in slice_names(kept):
        parts = [_chosen(one, in_slice(one, kind, name)) for one in kept]
        units = [
            Unit(one.world, one.fold, one.line, one.labels, one.genes, dict(one.logits))
            for one in parts
            if 0 < int(one.labels.sum()) < len(one)
        ]
        count = sum(len(one) for one in parts)
        base = float(np.mean(np.concatenate([one.labels for one in parts]))) if count else np.nan
        drawn = gene_draws(units, learners, DRAWS, seed) if units else {}
        for learner in learners:
            values = drawn.get(learner, np.full(2, np.nan))
            low, high = _middle95(values[1:])
            found.append(SliceRecord(kind, name, learner, float(values[0]), low, high, base, count))
    return found


def slice_names(pairs: Sequence[JudgedPairs]) -> list[tuple[str, str]]:
    """Return kind and name of every slice that these pairs can be cut into."""
    found: list[tuple[str, str]] = []
    if pairs and all(one.distance is not None for one in pairs):
        found += [("distance", f"{int(low)}") for low, _ in DISTANCES]
    if pairs and all(one.bayes is not None for one in pairs):
        found += [("noise", "clean"), ("noise", "noisy")]
    if pairs and all(one.reversed is not None for one in pairs):
        found += [("reversal", "reversed"), ("reversal", "same")]
    return found


def in_slice(one: JudgedPairs, kind: str, name: str) -> NDArray[np.bool_]:
    """Return which pairs (Q,) a slice holds."""
    inside = np.ones(len(one), dtype=bool)
    if kind == "distance" and one.distance is not None:
        low, high = next(edge for edge in DISTANCES if f"{int(edge[0])}" == name)
        inside = (one.distance >= low) & (one.distance < high)
    if kind == "noise" and one.bayes is not None:
        inside = (np.abs(one.labels - one.bayes) < 0.5) == (name == "clean")
    if kind == "reversal" and one.reversed is not None:
        inside = one.reversed == (name == "reversed")
    return np.asarray(inside, dtype=bool)


def gene_ranks(pairs: Sequence[JudgedPairs], learners: Sequence[str], *, seed: int = 0) -> list[GeneRankRecord]:
    """Return how true genes rank among the judged candidates of their enhancer; enhancers need both kinds."""
    groups = [group for one in usable(pairs, learners) for group in _enhancers(one)]
    if not groups:
        return []
    found = []
    for learner in learners:
        share, first, chance = np.array([_rank(one.logits[learner], one.labels) for one in groups]).T
        rng = np.random.default_rng(seed)
        low, high = _middle95(np.array([share[rng.integers(0, len(share), len(share))].mean() for _ in range(DRAWS)]))
        count = sum(len(one) for one in groups)
        found.append(
            GeneRankRecord(
                learner, float(share.mean()), low, high, float(first.mean()), float(chance.mean()), len(groups), count
            )
        )
    return found


def _enhancers(one: JudgedPairs) -> Iterator[JudgedPairs]:
    if one.enhancers is None:
        return
    order = np.argsort(one.enhancers, kind="stable")
    edges = np.flatnonzero(np.diff(one.enhancers[order])) + 1
    for rows in np.split(order, edges):
        if 0 < int(one.labels[rows].sum()) < len(rows):
            inside = np.zeros(len(one), dtype=bool)
            inside[rows] = True
            yield _chosen(one, inside)


def _rank(logit: Array, labels: NDArray[np.int8]) -> tuple[float, float, float]:
    """Return the share of false candidates below a true one, whether the best is true (ties shared), and its chance."""
    true, false = logit[labels == 1], logit[labels == 0]
    gap = true[:, None] - false[None]
    best = logit == logit.max()
    return float(((gap > 0) + 0.5 * (gap == 0)).mean()), float(labels[best].mean()), float(labels.mean())


def _chosen(one: JudgedPairs, inside: NDArray[np.bool_]) -> JudgedPairs:
    def of(values: NDArray[Any] | None) -> NDArray[Any] | None:
        return None if values is None else values[inside]

    return replace(
        one,
        labels=one.labels[inside],
        genes=one.genes[inside],
        logits={name: values[inside] for name, values in one.logits.items()},
        enhancers=of(one.enhancers),
        distance=of(one.distance),
        reversed=of(one.reversed),
        bayes=of(one.bayes),
        names=tuple(name for name, kept in zip(one.names, inside, strict=False) if kept),
    )


def _half(values: Array) -> float:
    """Return half of Student's 95 % interval of a mean; NaN for one value."""
    if len(values) < 2:
        return float("nan")
    return float(student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))


def _middle95(values: Array) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [0.025, 0.975])
    return float(low), float(high)
