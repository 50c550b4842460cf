"""How left-out lines should choose the prior's width: five rules of hierarchical regression, on real and planted lines.

    METABAM_DATA=DIR python benchmarks/prior_rules.py --real W2a --real W2b --supports 4 --out rules.md
    python benchmarks/prior_rules.py --world DIR --run RUN [--families 3] [--out rules.md]

A rule is what a setting of the prior is judged by on a left-out line (AUROC or area under the precision-recall curve,
log likelihood; of the posterior mean logit or of the moderated probability, which is what the learner answers), which
widths it may choose, and how sharply it keeps the best (:func:`metabam.learners.hierarchical.average_setting`). Each
figure is minus that of the pooled regression on the same tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from held_tasks import Task, means_of, options_of, tables_over
from scaling import SHOTS

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
from metabam.metrics import bootstrap_over_lines, task_aurocs
from metabam.records import LabelledContext, SupportSet

Array = np.ndarray
Judge = Callable[[LeftOutTasks, Array, Array], Array]


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


def judged(contexts: Sequence[LabelledContext], tasks: Iterator[Task]) -> Array:
    """Return the mean worth (rules and pooled, shots) on the tasks."""
    learners = answering(contexts)
    values: dict[tuple[int, int], list[float | None]] = {}
    for task in tasks:
        for at, answer in enumerate(learners.values()):
            values.setdefault((at, task.shots), []).append(task.worth(answer(task.support, task.queries)))
    return means_of(values, len(learners))


def table_of(title: str, worth: Array, names: list[str]) -> str:
    """Return the Markdown table of worth (units, rules and pooled, shots), each rule minus the pooled regression."""
    lines = [
        f"| {title} minus pooled | " + " | ".join(f"S = {shots}" for shots in SHOTS) + " |",
        "|---" * (len(SHOTS) + 1) + "|",
    ]
    for at, name in enumerate(RULES):
        apart = [bootstrap_over_lines(worth[:, at, k] - worth[:, -1, k], np.array(names)) for k in range(len(SHOTS))]
        cells = [f"{found.estimate:+.4f} [{found.low:+.4f}, {found.high:+.4f}]" for found in apart]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    pooled = worth[:, -1].mean(axis=0)
    lines.append("| pooled regression itself | " + " | ".join(f"{value:.4f}" for value in pooled) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run it and print the tables."""
    tables_over(options_of(__doc__, 3).parse_args(), judged, table_of)


if __name__ == "__main__":
    main()
