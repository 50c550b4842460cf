"""Every learner on the same episodes of the planted world's held-out lines, beside what knows the truth.

    python benchmarks/planted.py --world DIR [--world DIR ...] [--run RUN ...] --out planted.parquet

One ``--run`` per ``--world``, in order: its encoder makes the features, its training contexts fit the peers, its
learner is Meta-BAM. Without runs, Meta-BAM is trained here on features that ``--encoder`` names: an encoder trained
here on the training lines, or the true mechanism activities under noise (tests the learners, not the encoder). Writes
one tidy Parquet file (one row per learner, line, support, S, scheme, control and metric) and a Markdown report.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from planted_features import features_of, read_world
from planted_report import report

from metabam import metrics
from metabam.config import ExpertConfig, ModelConfig, TrainConfig
from metabam.data.episodes import apart_from, contexts_of, draw_support
from metabam.data.worldfiles import Truth, activities
from metabam.learners import LEARNERS
from metabam.learners.expert import CellLineExpert
from metabam.learners.metabam import MetaBamLearner
from metabam.records import FloatArray, LabelledContext, PairTable, Prediction, SupportSet

PEERS = ("hierarchical", "pooled_prior", "pooled", "per_task", "prototype", "support_prevalence", "expert")
EXPERTS: dict[str, dict[str, Any]] = {
    "expert_maml": {"adaptation": "maml"},
    "expert_gated": {"transform": "gated"},
    "expert_beta_vae": {"decoupling": "beta_vae"},
    "expert_factor_vae": {"decoupling": "factor_vae"},
    "expert_penalty": {"gradient_penalty": 0.1},
    "expert_real_lines": {"virtual": 0.0},
}
CONTROL_SHOTS = (16, 64)
CONTROLS = ("own", "wrong_line", "permuted", "flipped")
CONTROLLED = ("metabam", "metabam_context", "hierarchical", "per_task", "prototype", "expert")


@dataclass(frozen=True)
class Held:
    """One held-out line: encoded pairs, the Bayes probability of each, and its true activities."""

    context: LabelledContext
    bayes: np.ndarray
    oracle: FloatArray


@dataclass(frozen=True)
class Task:
    """A support and queries (row numbers) of one held-out line, and the row numbers of another line's support."""

    line: int
    other: int
    shots: int
    repeat: int
    scheme: str
    support: np.ndarray
    queries: np.ndarray
    other_support: np.ndarray


@dataclass(frozen=True)
class Named:
    """A fitted learner under the name of its row; ``oracle`` learners see the true activities instead of features."""

    name: str
    adapt: Callable[[SupportSet], Any]
    predict: Callable[[Any, FloatArray], Prediction]
    oracle: bool = False


def split(table: PairTable, truth: Truth, features: FloatArray) -> tuple[list[LabelledContext], list[Held]]:
    """Return the training contexts and the held-out lines."""
    oracle = activities(truth, table.pair_id).astype(np.float32)
    training, held = [], []
    for context, (line, assay) in zip(contexts_of(table, features), table.contexts(), strict=True):
        if truth.roles[line] == "training":
            training.append(context)
        else:
            rows = table.rows_of((line, assay))
            chosen = truth.rows_of(table.pair_id[rows])
            held.append(Held(context, truth.probability[chosen, truth.lines.index(line)], oracle[rows]))
    return training, held


def draw_tasks(held: list[Held], shots: list[int], supports: int, n_queries: int, seed: int) -> Iterator[Task]:
    """Yield the same tasks for every learner; queries share no element with the support, nor with the wrong line's."""
    schemes = [(count, "natural") for count in shots] + ([(16, "balanced")] if 16 in shots else [])
    for line, one in enumerate(held):
        for repeat in range(supports):
            for count, scheme in schemes:
                rng = np.random.default_rng([seed, line, repeat, count, scheme == "balanced"])
                other = (line + 1 + repeat % max(len(held) - 1, 1)) % len(held)
                balanced = scheme == "balanced"
                support = draw_support(one.context.labels, count, rng, balanced=balanced)
                wrong = draw_support(held[other].context.labels, count, rng, balanced=balanced)
                free = apart_from(one.context, support)
                for side in ("enhancer", "promoter"):
                    free &= ~np.isin(getattr(one.context, side), getattr(held[other].context, side)[wrong])
                left = np.flatnonzero(free)
                queries = rng.choice(left, min(n_queries, len(left)), replace=False)
                yield Task(line, other, count, repeat, scheme, support, queries, wrong)


def train_config(steps: int | None) -> TrainConfig:
    """Return the settings of Meta-BAM trained here; a given number of steps is not chosen on left-out lines."""
    return TrainConfig() if steps is None else TrainConfig(steps=steps, leave_one_line_out=False)


def fitted(training: list[LabelledContext], oracle: list[LabelledContext], run: Any, args: Any) -> list[Named]:
    """Return every learner, fitted: Meta-BAM (full, context-only), the peers, and two of them on true activities."""
    learners: list[Named] = []
    if "metabam" in args.learners:
        meta: Any = run.load_learner() if run is not None else MetaBamLearner(ModelConfig(), train_config(args.steps))
        if run is None:
            meta.fit(training, seed=args.seed)
        learners.append(Named("metabam", meta.adapt, meta.predict))
        learners.append(Named("metabam_context", meta.adapt, lambda c, q: meta.predict(c, q, path="context")))
    for name in PEERS:
        if name in args.learners:
            peer = LEARNERS[name]()
            peer.fit(training, seed=args.seed)
            learners.append(Named(name, peer.adapt, peer.predict))
    for name, options in EXPERTS.items():
        if name in args.learners:
            expert = CellLineExpert(ExpertConfig(**options))
            expert.fit(training, seed=args.seed)
            learners.append(Named(name, expert.adapt, expert.predict))
    for name in ("hierarchical", "per_task"):
        if name in args.learners:
            peer = LEARNERS[name]()
            peer.fit(oracle, seed=args.seed)
            learners.append(Named(f"{name}_true_activities", peer.adapt, peer.predict, oracle=True))
    return learners


def supports_of(task: Task, held: list[Held], learner: Named, seed: int) -> Iterator[tuple[str, SupportSet]]:
    """Yield the own support and, where controls are due, the wrong line's, the permuted and the flipped one."""
    source, other = held[task.line], held[task.other]

    def chosen(one: Held, rows: np.ndarray) -> SupportSet:
        return SupportSet((one.oracle if learner.oracle else one.context.features)[rows], one.context.labels[rows])

    own = chosen(source, task.support)
    yield "own", own
    if task.shots in CONTROL_SHOTS and task.scheme == "natural" and learner.name in CONTROLLED:
        shuffle = np.random.default_rng([seed, task.line, task.repeat]).permutation(task.shots)
        if task.other != task.line:
            yield "wrong_line", chosen(other, task.other_support)
        yield "permuted", replace(own, labels=own.labels[shuffle])
        yield "flipped", own.flipped()


def judge(labels: np.ndarray, bayes: np.ndarray, found: Prediction) -> dict[str, float | None]:
    """Return every metric of one prediction; undefined ones are None."""
    values = {
        "auroc": metrics.auroc(labels, found.logit),
        "auprc": metrics.auprc(labels, found.logit),
        "log_loss": metrics.log_loss(labels, found.probability),
        "brier": metrics.brier(labels, found.probability),
        "ece": metrics.expected_calibration_error(labels, found.probability),
        "bayes_rmse": float(np.sqrt(np.mean((found.probability - bayes) ** 2))),
    }
    if found.lower is not None and found.upper is not None:
        values["coverage"] = metrics.interval_coverage(bayes, found.lower, found.upper)
        values["interval_width"] = float(np.mean(found.upper - found.lower))
    return values


def run_world(folder: Path, run: Any, args: Any) -> pd.DataFrame:
    """Return the tidy rows of one world."""
    table, truth = read_world(folder)
    cache = None if args.cache is None else Path(args.cache)
    features = features_of(
        table, truth, folder, kind=args.encoder, run=run, noise=args.noise, seed=args.seed, cache=cache
    )
    training, held = split(table, truth, features)
    oracle, _ = split(table, truth, activities(truth, table.pair_id).astype(np.float32))
    if run is not None:
        training = run.training_contexts()
    held = held[: args.lines]
    learners = fitted(training, oracle, run, args)
    rows: list[dict[str, Any]] = []
    world = folder.name
    pooled: dict[tuple[str, int, str], list[tuple[np.ndarray, np.ndarray]]] = {}
    for task in draw_tasks(held, args.shots, args.supports, args.queries, args.seed):
        one = held[task.line]
        labels, bayes = one.context.labels[task.queries], one.bayes[task.queries]
        place = {
            "world": world,
            "line": one.context.name,
            "fold": 0,
            "support_seed": task.repeat,
            "S": task.shots,
            "scheme": task.scheme,
            "prevalence": float(labels.mean()),
            "n": len(labels),
        }

        def add(
            name: str, control: str, values: dict[str, float | None], seconds: float, place: dict[str, Any] = place
        ) -> None:
            for metric, value in values.items():
                rows.append(
                    {"learner": name, "control": control, "metric": metric, "value": value, "seconds": seconds} | place
                )

        for learner in learners:
            queries = (one.oracle if learner.oracle else one.context.features)[task.queries]
            for control, support in supports_of(task, held, learner, args.seed):
                began = time.perf_counter()
                found = learner.predict(learner.adapt(support), queries)
                add(learner.name, control, judge(labels, bayes, found), time.perf_counter() - began)
                if control == "own":
                    pooled.setdefault((learner.name, task.shots, task.scheme), []).append((labels, found.probability))
        knower = Prediction(bayes, np.log(bayes) - np.log1p(-bayes))
        add("truth_knower", "own", judge(labels, bayes, knower), 0.0)
    for (name, shots, scheme), parts in pooled.items():
        every, p = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
        rows.append(
            {"learner": name, "control": "own", "metric": "ece_pooled", "seconds": 0.0, "world": world, "line": "all"}
            | {"value": metrics.expected_calibration_error(every, p), "fold": 0, "support_seed": -1, "S": shots}
            | {"scheme": scheme, "prevalence": float(every.mean()), "n": len(every)}
        )
    return pd.DataFrame(rows)


def open_run(path: str) -> Any:
    """Return the finished run in a directory."""
    from metabam.train.run import RunStore

    folder = Path(path).resolve()
    return RunStore(folder.parent).open(folder.name)


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", action="append", required=True, help="folder that metabam simulate wrote")
    parser.add_argument("--run", action="append", default=[], help="finished run trained on that world, same order")
    parser.add_argument("--out", required=True, help="tidy .parquet; the report goes to the same name with .md")
    parser.add_argument("--shots", type=int, nargs="+", default=[0, 4, 16, 64, 256])
    parser.add_argument("--supports", type=int, default=5, help="supports per line and S")
    parser.add_argument("--queries", type=int, default=2_000, help="queries per task, at most")
    parser.add_argument("--lines", type=int, default=20, help="held-out lines, at most")
    parser.add_argument("--encoder", choices=["truth", "motif", "cnn"], default="truth", help="features without a run")
    parser.add_argument("--noise", type=float, default=1.0, help="truth: noise on the true activities, in sd")
    parser.add_argument("--steps", type=int, help="without a run: train Meta-BAM for this many steps, choosing nothing")
    parser.add_argument("--cache", help="folder that keeps the features of encoders trained here")
    parser.add_argument(
        "--learners",
        nargs="+",
        default=["metabam", *PEERS],
        help="which learners, default all but the expert's options (expert_maml, expert_gated, ...)",
    )
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.run and len(args.run) != len(args.world):
        parser.error("give one --run for each --world, in the same order, or none")
    began = time.perf_counter()
    parts = []
    for place, world in enumerate(args.world):
        parts.append(run_world(Path(world), open_run(args.run[place]) if args.run else None, args))
    table = pd.concat(parts, ignore_index=True)
    out = Path(args.out)
    table.to_parquet(out, index=False)
    source = f"true activities under noise of {args.noise} sd" if args.encoder == "truth" else f"{args.encoder} encoder"
    source = "the runs' encoders" if args.run else source
    text = report(table, f"features: {source}; {time.perf_counter() - began:.0f} s")
    out.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
