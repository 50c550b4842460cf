"""How left-out lines should choose the prior's width: five rules of hierarchical regression, on real and planted lines.

    METABAM_DATA=DIR python benchmarks/prior_rules.py --real W2a --real W2b --supports 4 --out rules.md
    python benchmarks/prior_rules.py --world DIR --run RUN [--families 3] [--out rules.md]

A rule is what a setting of the prior is judged by on a left-out line (AUROC or area under the precision-recall curve,
log likelihood; of the posterior mean logit or of the moderated probability, which is what the learner answers), which
widths it may choose, and how sharply it keeps the best (:func:`metabam.learners.hierarchical.average_setting`). Real
folds are judged by the area under the precision-recall curve, minus that of the pooled regression; families of five
lines drawn anew from a world's law by AUROC in expectation over the Bayes probabilities.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from planted_families import parser_of
from robust_prior import family_of, tasks_of
from scaling import SHOTS, Pool

from metabam.bench.judging import soft_auroc
from metabam.data.real import real_world
from metabam.files import write_bytes
from metabam.learners.classical import PooledLogistic
from metabam.learners.hierarchical import (
    GRID,
    LeftOutTasks,
    answers,
    average_setting,
    fit_hierarchical,
    judged_settings,
    line_fits,
    moderated_auprc,
)
from metabam.learners.logistic import Standardiser, calibrated_intercept, posterior_of, predict_linear
from metabam.metrics import auprc, bootstrap_over_lines, task_aurocs
from metabam.records import LabelledContext, SupportSet
from metabam.train.run import RunStore

Array = np.ndarray
Judge = Callable[[LeftOutTasks, Array, Array], Array]
Task = tuple[int, SupportSet, Array, Callable[[Array], float | None]]
"""Shots, support, query features and what judges the query's logits."""


def mean_logit_auroc(tasks: LeftOutTasks, mean: Array, factor: Array) -> Array:
    """Return the AUROC (G,) of the posterior mean logit."""
    return task_aurocs(answers(tasks, mean, factor)[0], tasks.truth)


def moderated_auroc(tasks: LeftOutTasks, mean: Array, factor: Array) -> Array:
    """Return the AUROC (G,) of the moderated probability."""
    score, variance = answers(tasks, mean, factor)
    return task_aurocs(score / np.sqrt(1.0 + np.pi * variance / 8.0), tasks.truth)


def moderated_likelihood(tasks: LeftOutTasks, mean: Array, factor: Array) -> Array:
    """Return the mean log likelihood (G,) of the moderated probability, in nats."""
    score, variance = answers(tasks, mean, factor)
    logit = score / np.sqrt(1.0 + np.pi * variance / 8.0)
    return np.asarray(np.mean(tasks.truth * logit - np.logaddexp(0.0, logit), axis=1))


@dataclass(frozen=True)
class Rule:
    """What settings are judged by, the narrowest width that may be chosen, and how sharply the best is kept."""

    judge: Judge
    narrowest: float
    sharpness: float


RULES = {
    "AUROC of the mean logit, widths from 0.5, exp(-t^2 / 2) (before)": Rule(mean_logit_auroc, 0.5, 0.5),
    "AUROC as answered, exp(-t^2 / 2)": Rule(moderated_auroc, 0.0, 0.5),
    "log likelihood as answered, exp(-2 t^2)": Rule(moderated_likelihood, 0.0, 2.0),
    "precision-recall as answered, exp(-t^2 / 2)": Rule(moderated_auprc, 0.0, 0.5),
    "precision-recall as answered, exp(-2 t^2) (default)": Rule(moderated_auprc, 0.0, 2.0),
}


def answering(contexts: Sequence[LabelledContext]) -> dict[str, Callable[[SupportSet, Array], Array]]:
    """Return, by rule and for the pooled regression, how logits (Q,) follow from a support and query features."""
    standardiser = Standardiser.of(contexts)
    weights, covariances = line_fits(contexts, standardiser)
    wide_enough = {rule.narrowest: np.array([item.scale >= rule.narrowest for item in GRID]) for rule in RULES.values()}
    judged: dict[Judge, Array] = {}
    found: dict[str, Callable[[SupportSet, Array], Array]] = {}
    for name, rule in RULES.items():
        if rule.judge not in judged:
            rng = np.random.default_rng(0)
            judged[rule.judge] = judged_settings(contexts, standardiser, weights, covariances, rng, judge=rule.judge)
        worth = np.where(wide_enough[rule.narrowest], judged[rule.judge], -1e6)
        prior = fit_hierarchical(contexts, shrinkage=average_setting(worth, rule.sharpness)[0])
        mean, factor = prior.joint()
        mean = calibrated_intercept(standardiser, mean, factor, contexts)

        def answer(
            support: SupportSet,
            queries: Array,
            mean: Array = mean,
            factor: Array = factor,
            rate: float = prior.base_rate,
        ) -> Array:
            context = posterior_of(standardiser, support, mean, factor, rate)
            return predict_linear(standardiser, context, queries).logit

        found[name] = answer
    pooled = PooledLogistic()
    pooled.fit(contexts)
    found["pooled"] = lambda support, queries: pooled.predict(pooled.adapt(support), queries).logit
    return found


def judged_on(contexts: Sequence[LabelledContext], tasks: Iterator[Task]) -> Array:
    """Return the mean worth (rules and pooled, shots) on the tasks."""
    learners = answering(contexts)
    values: dict[tuple[int, int], list[float | None]] = {}
    for shots, support, queries, worth in tasks:
        for at, answer in enumerate(learners.values()):
            values.setdefault((at, shots), []).append(worth(answer(support, queries)))
    means = [[np.mean(np.array(values[at, shots], dtype=float)) for shots in SHOTS] for at in range(len(learners))]
    return np.array(means)


def real_tasks(support: LabelledContext, query: LabelledContext, supports: int) -> Iterator[Task]:
    """Yield random supports, both classes in each, of one held-out context; its queries share no element with them."""
    for shots in SHOTS:
        for turn in range(supports):
            rng = np.random.default_rng([shots, turn])
            rows = np.zeros(0, np.int64)
            while not 0 < support.labels[rows].sum() < shots:
                rows = rng.permutation(len(support))[:shots]
            drawn = SupportSet(support.features[rows], support.labels[rows])
            yield shots, drawn, query.features, partial(auprc, query.labels)


def planted_tasks(pool: Pool, lines: list[Array], number: int) -> Iterator[Task]:
    """Yield two supports of each size for every judging line of a family."""
    for shots, support, asked, p in tasks_of(pool, lines, 2, number):
        yield shots, support, pool.features[asked], partial(soft_auroc, p)


def table_of(title: str, worth: Array, names: list[str]) -> str:
    """Return the Markdown table of worth (units, rules and pooled, shots), each rule minus the pooled regression."""
    lines = [f"| {title} | " + " | ".join(f"S = {shots}" for shots in SHOTS) + " |", "|---" * (len(SHOTS) + 1) + "|"]
    for at, name in enumerate(RULES):
        apart = [bootstrap_over_lines(worth[:, at, k] - worth[:, -1, k], np.array(names)) for k in range(len(SHOTS))]
        cells = [f"{found.estimate:+.4f} [{found.low:+.4f}, {found.high:+.4f}]" for found in apart]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    pooled = worth[:, -1].mean(axis=0)
    lines.append("| pooled regression itself | " + " | ".join(f"{value:.4f}" for value in pooled) + " |")
    return "\n".join(lines) + "\n"


def of_real(part: Literal["W2a", "W2b"], args: argparse.Namespace) -> str:
    """Return the table of a real world."""
    rows, names = [], []
    for fold in real_world(part, Path(os.environ["METABAM_DATA"]), folds=tuple(args.folds)):
        tasks = (
            task
            for support, query in zip(fold.support, fold.query, strict=True)
            for task in real_tasks(support, query, args.supports)
        )
        rows.append(judged_on(fold.training, tasks))
        names.append(fold.line)
        print(fold.name, rows[-1].round(4).tolist(), flush=True)
    return table_of(f"{part}, {len(names)} folds, AUPRC minus pooled", np.array(rows), names)


def of_worlds(args: argparse.Namespace) -> str:
    """Return the table of families drawn anew from planted laws."""
    rows, names = [], []
    for world, run in zip(args.world, args.run, strict=True):
        pool = Pool(world, RunStore(run.parent).open(run.name))
        for number in range(args.families):
            training, lines = family_of(pool, number, args.judges, args.pairs)
            rows.append(judged_on(training, planted_tasks(pool, lines, number)))
            names.append(f"{world.name} {number}")
            print(names[-1], rows[-1].round(4).tolist(), flush=True)
    return table_of(f"{len(names)} families, AUROC minus pooled", np.array(rows), names)


def main() -> None:
    """Run it and print the tables."""
    parser = parser_of(__doc__, 3, required=False)
    parser.add_argument("--real", action="append", default=[], choices=("W2a", "W2b"), help="through METABAM_DATA")
    parser.add_argument("--folds", type=int, nargs="+", default=[0], help="chromosome folds of --real")
    parser.add_argument("--supports", type=int, default=4, help="of each size and real context")
    args = parser.parse_args()
    tables = [of_real(part, args) for part in args.real]
    tables += [of_worlds(args)] if args.world else []
    text = "\n".join(tables)
    print(text)
    if args.out:
        write_bytes(args.out, text.encode())


if __name__ == "__main__":
    main()
