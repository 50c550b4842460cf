"""Time to adapt to 16 labelled pairs and to predict 1,000 queries from cached features, beside scikit-learn.

    python benchmarks/adapt_speed.py [--run RUN] [--world DIR] [--repeats 200] [--json]

Meta-BAM (of a finished run, or fitted here on a small feature-level world), hierarchical logistic regression and
scikit-learn's LogisticRegression (fit on the 16 + predict_proba on the 1,000) take turns, in random order within every
round, on the same arrays, on one thread; so do MAML with five steps and full fine-tuning where they are registered
(both on the cached features: nothing is propagated through an encoder). With ``--world``, full fine-tuning through an
encoder is timed too: the ``cnn`` encoder's network on the letters of the world's pairs, 20 steps of Adam on the 16 and
then the 1,000 queries. The ratio of medians is the message; absolute times move with the machine.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from metabam.config import EncoderConfig, ModelConfig, TrainConfig
from metabam.data.elements import element_identities, windows_of
from metabam.data.genome import Genome
from metabam.data.pairs import read_pairs
from metabam.data.views import window_view
from metabam.learners import LEARNERS
from metabam.learners.finetune import FineTune, WindowEncoder
from metabam.learners.metabam import MetaBamLearner
from metabam.model.encoders.cnn import PairNetwork
from metabam.records import FloatArray, LabelledContext, SupportSet

SHOTS, QUERIES = 16, 1_000
PEERS = ("hierarchical", "maml5", "finetune")
SLOW = 0.2
"""Seconds above which a job is timed in a few rounds of its own."""


def small_world(width: int, lines: int = 5, n: int = 2_000, seed: int = 0) -> list[LabelledContext]:
    """Return contexts whose labels follow sparse signed weights on Gaussian features."""
    rng = np.random.default_rng(seed)
    contexts = []
    for line in range(lines):
        features = rng.standard_normal((n, width)).astype(np.float32)
        p = expit(features @ (rng.standard_normal(width) * (rng.random(width) < 0.5)) - 1.5)
        labels = (rng.random(n) < p).astype(np.int8)
        contexts.append(LabelledContext(f"line{line}", "", features, labels, np.arange(n), np.arange(n)))
    return contexts


def open_run(path: str | None, width: int) -> tuple[MetaBamLearner, list[LabelledContext]]:
    """Return the learner and the training contexts of a run, or of a short fit on the small world."""
    if path is not None:
        from metabam.train.run import RunStore

        run = RunStore(Path(path).resolve().parent).open(Path(path).resolve().name)
        return run.load_learner(), run.training_contexts()
    contexts = small_world(width)
    learner = MetaBamLearner(ModelConfig(), TrainConfig(steps=20, leave_one_line_out=False))
    learner.fit(contexts)
    return learner, contexts


def through_an_encoder(world: Path) -> Callable[[], object]:
    """Return the job of fine-tuning the ``cnn`` encoder's weights on 16 pairs of letters, and asking it 1,000."""
    config = EncoderConfig(kind="cnn")
    table = read_pairs(world / "pairs.tsv", role="training")[0].take(np.arange(QUERIES + SHOTS))
    with Genome(world / "genome.fa") as genome:
        letters = window_view(windows_of(table, genome, config.enhancer_window, config.promoter_window)[0])
    labels = table.label.astype(np.int8)
    enhancer, promoter = element_identities(table)
    line = LabelledContext("all", "", letters, labels, enhancer, promoter)

    def network() -> WindowEncoder:
        sizes = PairNetwork(config.channels, config.filter_width, config.n_features)
        return WindowEncoder(sizes, config.enhancer_window)

    learner = FineTune(network, epochs=1)
    learner.fit([line])
    rows = np.concatenate([np.flatnonzero(labels == value)[: SHOTS // 2] for value in (0, 1)])
    support, asked = SupportSet(letters[rows], labels[rows]), np.setdiff1d(np.arange(len(labels)), rows)
    return lambda: learner.predict(learner.adapt(support), letters[asked])


def interleaved(jobs: dict[str, Callable[[], object]], repeats: int, warm_up: int = 20) -> dict[str, np.ndarray]:
    """Return the seconds of each job, (repeats,), taken in random order within each round."""
    rng = np.random.default_rng(0)
    names = list(jobs)
    found: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(repeats + warm_up):
        for place in rng.permutation(len(names)):
            began = time.perf_counter()
            jobs[names[place]]()
            if turn >= warm_up:
                found[names[place]].append(time.perf_counter() - began)
    return {name: np.array(values) for name, values in found.items()}


def main() -> None:
    """Run the comparison from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", help="finished run; default: a short fit on a small world")
    parser.add_argument("--width", type=int, default=24, help="features of the small world")
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--world", type=Path, help="planted world whose letters are fine-tuned on")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    learner, contexts = open_run(args.run, args.width)
    peers = {name: LEARNERS[name]() for name in PEERS if name in LEARNERS}
    for one in peers.values():
        one.fit(contexts)
    rng = np.random.default_rng(1)
    one = contexts[0]
    ones, zeros = np.flatnonzero(one.labels == 1), np.flatnonzero(one.labels == 0)
    rows = np.concatenate([rng.choice(ones, SHOTS // 2, False), rng.choice(zeros, SHOTS // 2, False)])
    support = SupportSet(one.features[rows], one.labels[rows])
    queries: FloatArray = one.features[rng.choice(len(one), QUERIES, replace=len(one) < QUERIES)]

    def peer() -> object:
        return LogisticRegression(max_iter=1_000).fit(support.features, support.labels).predict_proba(queries)

    belief = learner.adapt(support)
    jobs: dict[str, Callable[[], object]] = {
        "metabam adapt + predict": lambda: learner.predict(learner.adapt(support), queries),
        "metabam adapt alone": lambda: learner.adapt(support),
        "metabam predict alone": lambda: learner.predict(belief, queries),
        "scikit-learn fit + predict": peer,
    }
    jobs |= {
        f"{name} adapt + predict": lambda one=one: one.predict(one.adapt(support), queries)
        for name, one in peers.items()
    }
    if args.world is not None:
        jobs["finetune through an encoder"] = through_an_encoder(args.world)
    slow = {name: job for name, job in jobs.items() if interleaved({name: job}, 1, 1)[name][0] > SLOW}
    seconds = interleaved({name: job for name, job in jobs.items() if name not in slow}, args.repeats)
    seconds |= interleaved(slow, min(args.repeats, 5), 0)
    base = float(np.median(seconds["scikit-learn fit + predict"]))
    ours = float(np.median(seconds["metabam adapt + predict"]))
    table = {
        name: {
            "median_ms": 1e3 * float(np.median(values)),
            "p95_ms": 1e3 * float(np.quantile(values, 0.95)),
            "ratio_to_scikit_learn": float(np.median(values)) / base,
            "ratio_to_metabam": float(np.median(values)) / ours,
        }
        for name, values in seconds.items()
    }
    if args.json:
        print(json.dumps({"shots": SHOTS, "queries": QUERIES, "features": queries.shape[1], "times": table}))
        return
    print(f"{SHOTS} shots, {QUERIES} queries, {queries.shape[1]} features, one thread, {args.repeats} rounds")
    for name, values in table.items():
        ratio = values["ratio_to_scikit_learn"]
        print(
            f"{name:30s} p50 {values['median_ms']:8.2f} ms   p95 {values['p95_ms']:8.2f} ms   "
            f"{ratio:8.2f} x scikit-learn   {values['ratio_to_metabam']:8.2f} x metabam"
        )


if __name__ == "__main__":
    main()
