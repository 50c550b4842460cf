"""Accuracy on real DNA, however poor, always beside its base rate and what needs no sequence.

    python benchmarks/real.py scores --scores SCORES.tsv --queries QUERIES.tsv
    python benchmarks/real.py supports --run RUN [--pairs F --genome FA] [--line K562] [--supports 20]

``scores`` judges a table of ``metabam score`` against the labels of its queries, beside the distance and the base
rate, on the very same pairs. ``supports`` draws many supports of a held-out line, each sharing no enhancer and no
promoter with its queries, and judges every learner and control on them. Pairs and genome default to
``mini_pairs.tsv.gz`` and ``hg19_regions.fa`` in the folder that METABAM_DATA names. These data hold few distinct
enhancers: they prove the pipeline, not the accuracy.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from metabam import metrics
from metabam.data.episodes import apart_from, contexts_of, draw_support, holdout_split
from metabam.data.genome import Genome
from metabam.data.pairs import read_pairs
from metabam.learners import LEARNERS
from metabam.records import FloatArray, LabelledContext, PairTable, SupportSet
from metabam.score import Predictor, read_scores

PEERS = ("hierarchical", "pooled_prior", "pooled", "per_task", "prototype")
FEWEST_POSITIVES = 15


def log_distance(table: PairTable) -> FloatArray:
    """Return log10 of 1 + the distance in bp, (B, 1); NaN across chromosomes."""
    return np.log10(1.0 + table.distance())[:, None].astype(np.float32)


def gap_bootstrap(labels: np.ndarray, ours: np.ndarray, other: np.ndarray, genes: np.ndarray) -> str:
    """Return the paired AUPRC difference with its 95 % interval, drawing whole promoters."""
    found = metrics.paired_bootstrap(labels, ours, other, genes)
    if found.estimate is None or found.low is None or found.high is None:
        return "undefined"
    verdict = "" if found.low > 0 else "  NOT shown to beat it"
    return f"{found.estimate:+.4f} [{found.low:+.4f}, {found.high:+.4f}]{verdict}"


def judge_scores(args: argparse.Namespace) -> None:
    """Print AUROC and AUPRC of a scores table and of its baselines on the same pairs."""
    table, _ = read_pairs(Path(args.queries), role="query")
    scores = read_scores(Path(args.scores))
    if len(scores) != len(table):
        sys.exit(f"{len(scores)} scores but {len(table)} queries: score this very table")
    chosen = (table.label >= 0) & (scores["status"] == "ok").to_numpy()
    labels, logit = table.label[chosen], scores["logit"].to_numpy()[chosen]
    near = -np.nan_to_num(log_distance(table)[chosen, 0].astype(float), nan=9.0)
    promoters = (table.promoter_chrom + ":" + table.promoter_start.astype(str))[chosen]
    print(f"{int(chosen.sum())} labelled and scored of {len(table)} queries, prevalence {labels.mean():.4f}")
    for name, values in (("model", logit), ("distance", near), ("base rate", np.zeros(len(labels)))):
        print(f"{name:10s} AUROC {said(metrics.auroc(labels, values))}   AUPRC {said(metrics.auprc(labels, values))}")
    print(f"AUPRC, model minus distance, by promoter: {gap_bootstrap(labels, logit, near, promoters)}")


def said(value: float | None) -> str:
    """Return four decimals, or ``undefined``."""
    return "undefined" if value is None else f"{value:.4f}"


def data_paths(args: argparse.Namespace) -> tuple[Path, Path]:
    """Return the pair table and the genome, from the flags or from METABAM_DATA."""
    folder = os.environ.get("METABAM_DATA")
    if folder is None and (args.pairs is None or args.genome is None):
        sys.exit("set METABAM_DATA to the folder of the real data, or give --pairs and --genome")
    base = Path(folder or ".")
    return Path(args.pairs or base / "mini_pairs.tsv.gz"), Path(args.genome or base / "hg19_regions.fa")


def tasks(
    context: LabelledContext, shots: list[int], supports: int, seed: int
) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
    """Yield S, support number, support rows, and rows of ALL pairs that share no element with the support."""
    for count in shots:
        for repeat in range(supports if count else 1):
            rng = np.random.default_rng([seed, count, repeat])
            support = draw_support(context.labels, count, rng, balanced=False)
            queries = np.flatnonzero(apart_from(context, support))
            if 0 < int(context.labels[queries].sum()) < len(queries):
                yield count, repeat, support, queries


def judge_supports(args: argparse.Namespace) -> None:
    """Print and store every learner and control over many supports of a held-out line."""
    from metabam.train.run import RunStore

    pairs, fasta = data_paths(args)
    run = RunStore(Path(args.run).resolve().parent).open(Path(args.run).resolve().name)
    if args.line not in run.config.holdout:
        sys.exit(f"{args.line} was not held out of this run (held out: {', '.join(run.config.holdout)})")
    table, report = read_pairs(pairs, role="training")
    print(f"{pairs.name}: {report.rows_used} of {report.rows_read} rows used")
    train_rows, _ = holdout_split(table, run.config.holdout, run.config.holdout_chrom)
    training = run.training_contexts()
    near = LEARNERS["distance"]()
    near.fit(with_both_classes(contexts_of(table.take(train_rows), log_distance(table.take(train_rows)))))
    held = table.take(np.flatnonzero(table.cell_line == args.line))
    predictor = Predictor.of_run(run, Genome(fasta), allow_other_genome=True)
    features, status = predictor.features(held)
    held, features = held.take(status == "ok"), features[status == "ok"]
    learners: dict[str, Any] = {"metabam": predictor.learner}
    for name in PEERS:
        learners[name] = LEARNERS[name]()
        learners[name].fit(with_both_classes(training), seed=args.seed)
    rows: list[dict[str, Any]] = []
    for context in contexts_of(held, features):
        if int(context.labels.sum()) < FEWEST_POSITIVES:
            print(f"{context.name}: {int(context.labels.sum())} positives of {len(context)}, left out")
            continue
        far = log_distance(held.take(held.rows_of((context.cell_line, context.assay))))
        rows += judge_context(context, far, learners, near, training, args)
    frame = pd.DataFrame(rows)
    if args.out:
        frame.to_parquet(args.out, index=False)
    print_supports(frame)


def with_both_classes(contexts: list[LabelledContext]) -> list[LabelledContext]:
    """Return the contexts that hold positives and negatives."""
    return [context for context in contexts if 0 < int(context.labels.sum()) < len(context)]


def judge_context(
    context: LabelledContext,
    far: FloatArray,
    learners: dict[str, Any],
    near: Any,
    training: list[LabelledContext],
    args: argparse.Namespace,
) -> list[dict[str, Any]]:
    """Return the rows of one held-out context."""
    rows: list[dict[str, Any]] = []
    for count, repeat, support, queries in tasks(context, args.shots, args.supports, args.seed):
        labels = context.labels[queries]
        own = SupportSet(context.features[support], context.labels[support])
        rng = np.random.default_rng([args.seed, count, repeat, 1])
        other = training[int(rng.integers(len(training)))]
        wrong = draw_support(other.labels, count, rng, balanced=False) if count <= len(other) else support[:0]
        given = {
            "own": own,
            "permuted": replace(own, labels=rng.permutation(own.labels)),
            "wrong_line": SupportSet(other.features[wrong], other.labels[wrong]),
        }
        found = [
            (name, control, learner.predict(learner.adapt(one), context.features[queries]).logit)
            for name, learner in learners.items()
            for control, one in given.items()
            if control == "own" or (count > 0 and name in ("metabam", "hierarchical"))
        ]
        found.append(("distance", "own", near.predict(near.adapt(own), far[queries]).logit))
        found.append(("prevalence", "own", np.zeros(len(queries))))
        for name, control, logit in found:
            for metric, value in (("auroc", metrics.auroc(labels, logit)), ("auprc", metrics.auprc(labels, logit))):
                rows.append(
                    {"learner": name, "control": control, "line": context.name, "S": count, "support_seed": repeat}
                    | {"metric": metric, "value": value, "prevalence": float(labels.mean()), "n": len(labels)}
                )
    return rows


def print_supports(frame: pd.DataFrame) -> None:
    """Print mean and central 95 % over supports, per context: no statement about other lines."""
    print("mean over supports [2.5 %, 97.5 % of supports]; supports and queries share no element")
    for (line, metric), part in frame.groupby(["line", "metric"], sort=False):
        print(f"\n{line}: {metric.upper()} (prevalence {part.prevalence.mean():.4f}, {part.n.mean():.0f} queries)")
        shots = sorted(part.S.unique())
        print(f"{'':28s}" + "".join(f"{f'S = {count}':>26s}" for count in shots))
        for (name, control), mine in part.groupby(["learner", "control"], sort=False):
            cells = []
            for count in shots:
                values = mine.loc[mine.S.eq(count), "value"].to_numpy(dtype=float)
                low, high = np.quantile(values, [0.025, 0.975]) if len(values) else (np.nan, np.nan)
                cells.append(f"{values.mean():.4f} [{low:.4f}, {high:.4f}]" if len(values) else "")
            label = name if control == "own" else f"{name}, {control}"
            print(f"{label:28s}" + "".join(f"{cell:>26s}" for cell in cells))


def main() -> None:
    """Run one of the two from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True)
    one = kinds.add_parser("scores", help="judge a scores table")
    one.add_argument("--scores", required=True)
    one.add_argument("--queries", required=True, help="the table that was scored, with labels")
    one.set_defaults(go=judge_scores)
    many = kinds.add_parser("supports", help="judge a run over many supports of a held-out line")
    many.add_argument("--run", required=True)
    many.add_argument("--pairs")
    many.add_argument("--genome")
    many.add_argument("--line", default="K562")
    many.add_argument("--supports", type=int, default=20)
    many.add_argument("--shots", type=int, nargs="+", default=[0, 4, 16, 64])
    many.add_argument("--seed", type=int, default=0)
    many.add_argument("--out", help="tidy .parquet")
    many.set_defaults(go=judge_supports)
    args = parser.parse_args()
    args.go(args)


if __name__ == "__main__":
    main()
