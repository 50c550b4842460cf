"""Every learner of the registry on the episodes of a planted world's held-out lines, each through its own view.

    python benchmarks/peers.py --world DIR --run RUN --out peers.parquet

The run's encoder makes z_q and its training contexts fit the learners; pair facts, k-mers and the truth are views of
the same rows. Writes tidy Parquet (one row per learner, line, support and S) and prints AUROC with an interval over
lines and supports, the seconds of fit (process time) and of adapt + predict (median), and the calibration error.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from planted import draw_tasks, open_run
from planted_features import distinct_rows, features_of, read_world
from planted_report import grid, mean_over_lines, shown

from metabam import metrics
from metabam.config import ModelConfig
from metabam.data.elements import windows_of
from metabam.data.episodes import contexts_of
from metabam.data.genome import Genome
from metabam.data.views import facts_of, kmer_view, truth_view
from metabam.data.worldfiles import Truth
from metabam.files import load_tensors, save_tensors
from metabam.learners import LEARNERS
from metabam.learners.birth import give_birth
from metabam.learners.meta_trained import MetaTrained
from metabam.records import FloatArray, LabelledContext, PairTable, SupportSet

Contexts = Mapping[str, list[LabelledContext]]


def kmers_of(table: PairTable, folder: Path, window: int) -> FloatArray:
    """Return the k-mer view of every row, each distinct pair read once."""
    first, back = distinct_rows(table)
    genome = Genome(folder / "genome.fa")
    windows, _ = windows_of(table.take(first), genome, window, window)
    genome.close()
    return kmer_view(windows)[back]


def cached_features(table: PairTable, truth: Truth, folder: Path, run: Any, args: Any) -> FloatArray:
    """Return z_q of every row by the run's encoder, kept in a file where ``--cache`` names one."""
    kept = None if args.cache is None else Path(args.cache)
    if kept is not None and kept.exists():
        return np.asarray(load_tensors(kept).tensors["features"])
    values = features_of(table, truth, folder, kind="truth", run=run, noise=args.noise, seed=args.seed, cache=None)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        save_tensors(kept, {"features": values})
    return values


def split(table: PairTable, truth: Truth, view: FloatArray, lines: int) -> tuple[list[LabelledContext], ...]:
    """Return training and held-out contexts whose features are one view."""
    contexts = contexts_of(table, view)
    training = [one for one in contexts if truth.roles[one.cell_line] == "training"]
    return training, [one for one in contexts if truth.roles[one.cell_line] != "training"][:lines]


def fitted(
    name: str, training: list[LabelledContext], truth: Truth, run: Any, births: dict[int, Any], seed: int
) -> Any:
    """Return one fitted learner; the learned peers share the birth that their virtual lines are made of."""
    if name == "metabam" and run is not None:
        return run.load_learner()
    learner: Any = LEARNERS[name](truth) if LEARNERS[name].needs == "truth" else LEARNERS[name]()
    if isinstance(learner, MetaTrained):
        if seed not in births:
            births[seed] = give_birth(training, ModelConfig(), seed)
        learner.fit(training, seed=seed, birth=births[seed])
    else:
        learner.fit(training, seed=seed)
    return learner


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", required=True, help="folder that metabam simulate wrote")
    parser.add_argument("--run", help="finished run trained on that world; without: noisy true activities")
    parser.add_argument("--out", required=True, help="tidy .parquet")
    parser.add_argument("--cache", help="file that keeps the features")
    parser.add_argument("--learners", nargs="+", default=[name for name in LEARNERS if name != "tabpfn"])
    parser.add_argument("--shots", type=int, nargs="+", default=[4, 16, 64])
    parser.add_argument("--supports", type=int, default=3, help="supports per line and S")
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--lines", type=int, default=20, help="held-out lines, at most")
    parser.add_argument("--noise", type=float, default=1.0, help="without a run: noise on the true activities, in sd")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    folder, run = Path(args.world), None if args.run is None else open_run(args.run)
    table, truth = read_world(folder)
    makers = {
        "features": lambda: cached_features(table, truth, folder, run, args),
        "facts": lambda: facts_of(table).view(),
        "kmers": lambda: kmers_of(table, folder, 400),
        "truth": lambda: truth_view(truth, table),
    }
    views = {
        view: split(table, truth, makers[view](), args.lines) for view in {LEARNERS[n].view for n in args.learners}
    }
    births: dict[int, Any] = {}
    rows: list[dict[str, Any]] = []
    for name in args.learners:
        training, held = views[LEARNERS[name].view]
        began = time.process_time()
        learner = fitted(name, training, truth, run, births, args.seed)
        fit_seconds = time.process_time() - began
        for task in judged(args, held):
            line = held[task.line]
            support = SupportSet(line.features[task.support], line.labels[task.support])
            labels = line.labels[task.queries]
            began = time.process_time()
            found = learner.predict(learner.adapt(support), line.features[task.queries])
            seconds = time.process_time() - began
            place = {"world": folder.name, "line": line.name, "support_seed": task.repeat, "S": task.shots}
            place |= {"scheme": task.scheme, "learner": name, "seconds": seconds, "fit_seconds": fit_seconds}
            for metric, value in (
                ("auroc", metrics.auroc(labels, found.logit)),
                ("auprc", metrics.auprc(labels, found.logit)),
                ("log_loss", metrics.log_loss(labels, found.probability)),
                ("ece", metrics.expected_calibration_error(labels, found.probability)),
            ):
                rows.append(place | {"metric": metric, "value": value, "prevalence": labels.mean(), "n": len(labels)})
        print(report(pd.DataFrame([row for row in rows if row["learner"] == name])).splitlines()[-1], flush=True)
        pd.DataFrame(rows).to_parquet(args.out, index=False)  # a run that is stopped keeps what it has
    print(report(pd.DataFrame(rows)))


def judged(args: Any, held: list[LabelledContext]) -> Any:
    """Return the tasks, the same for every learner."""
    from planted import Held

    # the drawing reads elements and labels alone, which all views share
    lines = [Held(one, np.zeros(len(one)), one.features) for one in held]
    return draw_tasks(lines, args.shots, args.supports, args.queries, args.seed)


def report(table: pd.DataFrame) -> str:
    """Return AUROC at each S, calibration, and seconds as a Markdown table."""
    cells: dict[tuple[str, str], str] = {}
    for (name, shots, scheme), rows in table.groupby(["learner", "S", "scheme"], sort=False):
        area, error = rows[rows.metric == "auroc"], rows[rows.metric == "ece"]
        where = f"S = {shots}" if scheme == "natural" else f"S = {shots}, balanced"
        cells[(name, where)] = f"{shown(mean_over_lines(area))}; ECE {error.value.mean():.3f}"
    for name, rows in table.groupby("learner", sort=False):
        cells[(name, "seconds")] = f"fit {rows.fit_seconds.iloc[0]:.1f}, task {rows.seconds.median():.4f}"
    return grid(cells, "learner")


if __name__ == "__main__":
    main()
