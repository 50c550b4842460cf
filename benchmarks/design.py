"""How many random pairs a planned support is worth (claim A7): planned and random supports of lines never seen.

    python benchmarks/design.py --world DIR --run RUN [--lines 20] [--rounds 6] [--out design.md]

For each held-out line: draw 500 candidate pairs, plan 4 to 16 of them without looking at a label, reveal the labels,
adapt, and judge on pairs that share no element with any candidate used; random supports come from the same candidates.
Prints a Markdown table of AUROC by support size, and the smallest planned size that reaches 16 random pairs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from metabam.bench.planted import PlantedWorld
from metabam.data.episodes import apart_from
from metabam.files import write_bytes
from metabam.learners.posterior import posterior_draws
from metabam.metrics import bootstrap_over_lines, task_aurocs
from metabam.probe.design import Rules, plan_support
from metabam.records import LabelledContext, SupportSet
from metabam.train.run import RunStore

SIZES = (4, 6, 8, 10, 12, 16)
CANDIDATES, QUERIES = 500, 2_000


def one_round(learner: Any, line: LabelledContext, rng: np.random.Generator, seed: int) -> np.ndarray:
    """Return AUROC (2, sizes) after planned and after random supports of the same candidates, same queries."""
    pool = rng.permutation(len(line))[:CANDIDATES]
    empty = learner.adapt(SupportSet(line.features[:0], line.labels[:0]))
    rules = Rules(size=max(SIZES), enhancer=line.enhancer[pool], promoter=line.promoter[pool])

    def draw(number: int) -> Any:
        return posterior_draws(learner, empty, line.features[pool], seed=number)

    batch = plan_support(draw, rules, random_batches=0, seed=seed)
    planned, chance = pool[batch.chosen], pool[rng.permutation(CANDIDATES)[: max(SIZES)]]
    free = np.flatnonzero(apart_from(line, np.unique(np.concatenate([planned, chance]))))
    rows = rng.permutation(free)[:QUERIES]
    truth = line.labels[rows][None].astype(np.float64)
    out = np.empty((2, len(SIZES)))
    for way, order in enumerate((planned, chance)):
        for at, size in enumerate(SIZES):
            support = SupportSet(line.features[order[:size]], line.labels[order[:size]])
            answer = learner.predict(learner.adapt(support), line.features[rows])
            out[way, at] = task_aurocs(answer.logit[None], truth)[0]
    return out


def report(found: np.ndarray, names: np.ndarray) -> str:
    """Return the table of AUROC (rounds, 2, sizes) with intervals over lines and supports."""
    rows = ["| support | " + " | ".join(f"S = {size}" for size in SIZES) + " |", "|---" * (len(SIZES) + 1) + "|"]
    for way, name in enumerate(("planned", "random")):
        means = [bootstrap_over_lines(found[:, way, at], names) for at in range(len(SIZES))]
        rows.append(f"| {name} | " + " | ".join(f"{m.estimate:.3f} [{m.low:.3f}, {m.high:.3f}]" for m in means) + " |")
    gaps = [bootstrap_over_lines(found[:, 0, at] - found[:, 1, at], names) for at in range(len(SIZES))]
    cells = [f"{gap.estimate:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]" for gap in gaps]
    rows.append("| planned minus random | " + " | ".join(cells) + " |")
    bar = found[:, 1, -1].mean()
    equal = next((size for size, mean in zip(SIZES, found[:, 0].mean(axis=0), strict=True) if mean >= bar), None)
    said = "no planned size tried reaches" if equal is None else f"{equal} planned pairs reach"
    return "\n".join([*rows, "", f"{said} the AUROC of 16 random pairs ({bar:.3f})."])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", type=Path, required=True, help="folder that metabam simulate wrote")
    parser.add_argument("--run", type=Path, required=True, help="finished run trained on that world")
    parser.add_argument("--lines", type=int, default=20, help="held-out lines, at most")
    parser.add_argument("--rounds", type=int, default=6, help="candidate sets per line")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="file for the table")
    arguments = parser.parse_args()
    run = RunStore(arguments.run.resolve().parent).open(arguments.run.name)
    fold = next(iter(PlantedWorld(arguments.world, run=run, lines=arguments.lines).folds()))
    rounds, names = [], []
    for number, held in enumerate(fold.held):
        rng = np.random.default_rng([arguments.seed, number])
        for turn in range(arguments.rounds):
            rounds.append(one_round(fold.trained_learner, held.pairs, rng, arguments.seed + turn))
            names.append(held.name)
    text = report(np.array(rounds), np.array(names))
    print(text)
    if arguments.out is not None:
        write_bytes(arguments.out, (text + "\n").encode())


if __name__ == "__main__":
    main()
