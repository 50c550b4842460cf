"""What more training lines are worth, to Meta-BAM and to its peers: 3, 5, 10, 50 and 200 lines of one planted world.

    python benchmarks/scaling.py --world DIR --run RUN [--lines 3 5 10 50 200] [--learner NAME ...] [--out scaling.md]

The world's own pool of pairs is encoded once by the run's encoder (DNA alone: nothing is recalled of elements). Lines
are drawn in memory from the law that the world's lines were drawn from, ``--pairs`` of the pool each, and every size
contains the smaller ones. All learners are judged on the world's held-out lines, same supports and queries, by
AUROC in expectation over the Bayes probabilities.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from planted_lines import PlantedLines

from metabam.bench.encoding import encoded
from metabam.bench.judging import soft_auroc
from metabam.config import ModelConfig, TrainConfig
from metabam.data.elements import element_identities
from metabam.files import write_bytes
from metabam.learners import LEARNERS
from metabam.learners.metabam import MetaBamLearner
from metabam.metrics import bootstrap_over_lines
from metabam.model.encoders import without_recall
from metabam.records import LabelledContext, SupportSet
from metabam.train.run import RunStore

SHOTS = (4, 16, 64)
Task = tuple[str, int, SupportSet, np.ndarray, np.ndarray]
NAMES = ("metabam", "hierarchical", "in_context", "neural_process", "maml5", "per_task")


class Pool(PlantedLines):
    """The pairs of a world with features (N, D) of the run's encoder and their elements."""

    def __init__(self, world: Path, run: Any) -> None:
        super().__init__(world)
        encoder = without_recall(run.load_encoder())
        self.features = encoded(self.table, world / "genome.fa", encoder, run.config.encoder)
        self.enhancer, self.promoter = element_identities(self.table)

    def line(self, name: str, gates: np.ndarray, pairs: int, rng: np.random.Generator) -> LabelledContext:
        """Return a line with labels for so many pairs of the pool."""
        rows = np.sort(rng.permutation(len(self.table))[:pairs])
        labels = (rng.random(len(rows)) < self.probability(gates)[rows]).astype(np.int8)
        return LabelledContext(name, "", self.features[rows], labels, self.enhancer[rows], self.promoter[rows])

    def training(self, count: int, pairs: int, seed: int) -> list[LabelledContext]:
        """Return ``count`` lines of the world's law; the first ones are the same for every count."""
        return [
            self.line(f"drawn{at}", gates, pairs, np.random.default_rng([seed, 31, at]))
            for at, gates in enumerate(self.drawn_gates(count, np.random.default_rng([seed, 29])))
        ]

    def tasks(
        self, supports: int, queries: int, seed: int
    ) -> Iterator[tuple[str, int, SupportSet, np.ndarray, np.ndarray]]:
        """Yield line, shots, support, query rows and their true probabilities, for every held-out line."""
        for at in self.rows_of("held-out"):
            p = self.probability(self.truth.gates[at])
            for shots in SHOTS:
                for turn in range(supports):
                    rng = np.random.default_rng([seed, at, shots, turn])
                    rows, labels = np.zeros(0, np.int64), np.zeros(0, np.int8)
                    while not 0 < labels.sum() < shots:
                        rows = rng.permutation(len(p))[:shots]
                        labels = (rng.random(shots) < p[rows]).astype(np.int8)
                    apart = ~np.isin(self.enhancer, self.enhancer[rows]) & ~np.isin(self.promoter, self.promoter[rows])
                    asked = rng.permutation(np.flatnonzero(apart))[:queries]
                    yield self.truth.lines[at], shots, SupportSet(self.features[rows], labels), asked, p[asked]


def fitted(name: str, contexts: list[LabelledContext], seed: int, steps: int) -> Any:
    """Return a learner fitted on the lines; how many of Meta-BAM's steps are taken, left-out lines say, as in a run."""
    train = TrainConfig(steps=steps)
    learner = MetaBamLearner(ModelConfig(), train) if name == "metabam" else LEARNERS[name]()
    learner.fit(contexts, seed=seed)
    return learner


def judged(learner: Any, pool: Pool, arguments: argparse.Namespace) -> dict[int, str]:
    """Return AUROC with its 95 % interval over lines and supports, by support size."""
    values: dict[int, list[float]] = {shots: [] for shots in SHOTS}
    names: dict[int, list[str]] = {shots: [] for shots in SHOTS}
    for line, shots, support, asked, p in pool.tasks(arguments.supports, arguments.queries, arguments.seed):
        found = soft_auroc(p, learner.predict(learner.adapt(support), pool.features[asked]).logit)
        if found is not None:
            values[shots].append(found)
            names[shots].append(line)
    means = {shots: bootstrap_over_lines(np.array(values[shots]), np.array(names[shots])) for shots in SHOTS}
    return {shots: f"{mean.estimate:.3f} [{mean.low:.3f}, {mean.high:.3f}]" for shots, mean in means.items()}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", type=Path, required=True, help="folder that metabam simulate wrote")
    parser.add_argument("--run", type=Path, required=True, help="finished run trained on that world")
    parser.add_argument("--lines", type=int, nargs="+", default=[3, 5, 10, 50, 200])
    parser.add_argument("--learner", nargs="+", default=list(NAMES), choices=[*LEARNERS])
    parser.add_argument("--pairs", type=int, default=2_000, help="labelled pairs of each training line")
    parser.add_argument("--supports", type=int, default=3, help="supports per held-out line and size")
    parser.add_argument("--queries", type=int, default=2_000)
    parser.add_argument("--steps", type=int, default=300, help="meta-training steps of Meta-BAM at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="file for the table")
    arguments = parser.parse_args()
    run = RunStore(arguments.run.resolve().parent).open(arguments.run.name)
    pool = Pool(arguments.world, run)
    lines = ["| training lines | learner | " + " | ".join(f"S = {shots}" for shots in SHOTS) + " | fit, CPU s |"]
    lines.append("|---" * (len(SHOTS) + 3) + "|")
    for count in arguments.lines:
        contexts = pool.training(count, arguments.pairs, arguments.seed)
        for name in arguments.learner:
            began = time.process_time()
            learner = fitted(name, contexts, arguments.seed, arguments.steps)
            seconds = time.process_time() - began
            cells = judged(learner, pool, arguments)
            steps = f" ({learner.chosen_steps} steps)" if isinstance(learner, MetaBamLearner) else ""
            lines.append(
                f"| {count} | {name}{steps} | " + " | ".join(cells[shots] for shots in SHOTS) + f" | {seconds:.0f} |"
            )
            print(lines[-1], flush=True)
    text = "\n".join(lines)
    if arguments.out is not None:
        write_bytes(arguments.out, (text + "\n").encode())


if __name__ == "__main__":
    main()
