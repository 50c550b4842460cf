"""What the pair features hold of a planted world, beside features made from its truth.

    python benchmarks/features.py --world DIR [--world DIR ...] --out features.parquet [--kinds oracle motif kmer cnn]
    python benchmarks/features.py --world DIR --run RUN --kinds motif cnn cbat --epochs 2 --out learned.parquet

For each world and kind of features: largest |r| of one feature and linear decoding of every planted mechanism; for
the motif encoder the best PWM cosine of every planted motif; and AUROC on held-out lines of per-task and hierarchical
logistic regression at S = 16 and 64. Kinds: ``oracle`` (true PWMs, offsets and pairs, calibrated by the same code),
``motif`` (stage 0), ``cnn`` (learned from the labels alone), ``cbat`` (attention, its filters started from the motifs
of a ``motif`` before it, else from a stage 0 of its own; ``cbat-random`` from none) and ``kmer`` (4-mer shares of both
sides, 24 principal components: what a sequence says without stage 0). ``--run`` takes ``motif`` from a finished run of
that world. Writes a tidy Parquet file and prints Markdown.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA

from metabam.bench.encoding import distinct_rows, trained_encoder
from metabam.bench.oracle import oracle_features
from metabam.data.elements import windows_of
from metabam.data.episodes import apart_from, contexts_of, draw_support
from metabam.data.genome import Genome
from metabam.data.pairs import read_pairs
from metabam.data.worldfiles import Truth, activities, read_truth
from metabam.learners import LEARNERS
from metabam.metrics import auroc
from metabam.model.discovery.compare import cosine_table
from metabam.model.encoders import without_recall
from metabam.probe.decoding import decode_mechanisms
from metabam.records import FloatArray, PairTable, PairWindows, SupportSet
from metabam.train.run import RunStore

LEARNER_NAMES = ("per_task", "hierarchical")
SHOTS = (16, 64)


@dataclass(frozen=True)
class Rows:
    """Where the rows of the tidy table gather."""

    items: list[dict[str, Any]]

    def add(self, world: str, kind: str, metric: str, item: str, value: float) -> None:
        self.items.append({"world": world, "features": kind, "metric": metric, "item": item, "value": float(value)})


def kmer_features(windows: PairWindows, length: int = 4, keep: int = 12) -> FloatArray:
    """Return the first principal components of strand-symmetric k-mer shares, ``keep`` of each side, (B, 2 keep)."""
    parts = []
    for codes, index in (
        (windows.enhancers, windows.enhancer_index),
        (windows.promoters, windows.promoter_index),
    ):
        word = np.zeros((len(codes), codes.shape[1] - length + 1), dtype=np.int64)
        mirror = np.zeros_like(word)
        for place in range(length):
            letter = np.minimum(codes[:, place : place + word.shape[1]].astype(np.int64), 3)
            word = word * 4 + letter
            mirror += (3 - letter) * 4**place
        word = np.minimum(word, mirror)
        counts = np.stack([np.bincount(row, minlength=4**length) for row in word]).astype(np.float64)
        parts.append(PCA(keep, random_state=0).fit_transform(np.sqrt(counts))[index])
    values = np.concatenate(parts, axis=1)
    return np.asarray((values - values.mean(axis=0)) / values.std(axis=0), dtype=np.float32)


def few_shot(
    rows: Rows, world: str, kind: str, table: PairTable, truth: Truth, features: FloatArray, repeats: int
) -> None:
    """Add the AUROC on held-out lines of the two logistic regressions, and of the Bayes probability."""
    contexts = contexts_of(table, features)
    roles = [truth.roles[line] for line, _ in table.contexts()]
    training = [context for context, role in zip(contexts, roles, strict=True) if role == "training"]
    held = [context for context, role in zip(contexts, roles, strict=True) if role != "training"]
    for name in LEARNER_NAMES:
        learner = LEARNERS[name]()
        learner.fit(training, seed=0)
        for shots in SHOTS:
            values = []
            for line, context in enumerate(held):
                for repeat in range(repeats):
                    rng = np.random.default_rng([line, repeat, shots])
                    chosen = draw_support(context.labels, shots, rng, balanced=False)
                    query = apart_from(context, chosen)
                    belief = learner.adapt(SupportSet(context.features[chosen], context.labels[chosen]))
                    found = learner.predict(belief, context.features[query])
                    values.append(auroc(context.labels[query], found.logit))
            rows.add(world, kind, f"auroc_{name}", f"S={shots}", np.mean([v for v in values if v is not None]))


def measure(folder: Path, kinds: list[str], seed: int, repeats: int, epochs: int | None, run: Path | None) -> Rows:
    """Return all rows of one world."""
    rows, known = Rows([]), None
    table, truth = read_pairs(folder / "pairs.tsv", role="training")[0], read_truth(folder)
    teaching = [line for line in truth.lines if truth.roles[line] == "training"]
    first, back = distinct_rows(table)
    genome = Genome(folder / "genome.fa")
    windows = windows_of(table.take(first), genome, 400, 400)[0]
    genome.close()
    true = activities(truth, table.pair_id[first])
    _, group = np.unique(truth.promoter[truth.rows_of(table.pair_id[first])], return_inverse=True)
    for kind in kinds:
        began = time.process_time()
        if kind == "oracle":
            features = oracle_features(windows, truth, seed)
        elif kind == "kmer":
            features = kmer_features(windows)
        else:
            if kind == "motif" and run is not None:
                encoder = without_recall(RunStore(run.parent).open(run.name).load_encoder())
            else:
                fasta = folder / "genome.fa"
                encoder = trained_encoder(table, teaching, fasta, kind, seed, epochs=epochs, known=known)
            rows.add(folder.name, kind, "cpu_seconds", "training", time.process_time() - began)
            began = time.process_time()
            features = encoder.encode(windows)
            if kind == "motif":
                known = encoder.motifs
                planted = [motif for motif in truth.motifs if motif.name.startswith("M")]
                best = cosine_table([motif.pwm for motif in planted], encoder.motifs.pwms).max(axis=1)
                for motif, value in zip(planted, best, strict=True):
                    rows.add(folder.name, kind, "motif_cosine", motif.name, value)
        rows.add(folder.name, kind, "cpu_seconds", "encoding", time.process_time() - began)
        rows.add(folder.name, kind, "n_features", "all", features.shape[1])
        record = decode_mechanisms(features, true, truth.names, group.astype(np.int64), seed=seed)
        for index, name in enumerate(record.names):
            rows.add(folder.name, kind, "best_r", name, record.best_r[index])
            rows.add(folder.name, kind, "linear_r", name, record.linear_r[index])
            rows.add(folder.name, kind, "linear_auroc", name, record.linear_auroc[index])
        few_shot(rows, folder.name, kind, table, truth, features[back], repeats)
    return rows


def markdown(table: pd.DataFrame) -> str:
    """Return the report: one block of mechanisms, motifs and learners per world."""
    lines = []
    for world, part in table.groupby("world", sort=False):
        lines.append(f"\n## {world}\n")
        wide = part.pivot_table(index=["metric", "item"], columns="features", values="value", sort=False)
        for metric in ("best_r", "linear_auroc"):
            lines += [f"\n{metric}\n", _table(wide.loc[[metric]].droplevel(0))]
            if metric == "best_r" and {"oracle", "motif"} <= set(wide.columns):
                gap = wide.loc[metric, "oracle"] - wide.loc[metric, "motif"]
                lines.append(f"\n{int((gap <= 0.03).sum())} of {len(gap)} mechanisms within 0.03 of the oracle.")
        cosines = part[part.metric == "motif_cosine"]
        if len(cosines):
            weak = ", ".join(f"{i} {v:.2f}" for i, v in zip(cosines.item, cosines.value, strict=True) if v < 0.9)
            lines.append(f"\n{(cosines.value >= 0.9).sum()} of {len(cosines)} planted motifs at cosine >= 0.9 {weak}\n")
        rest = part[part.metric.str.startswith(("auroc_", "cpu", "n_feat"))]
        rest = rest.assign(item=rest.metric + " " + rest.item)
        lines.append(_table(rest.pivot_table(index="item", columns="features", values="value", sort=False)))
    return "\n".join(lines)


def _table(wide: pd.DataFrame) -> str:
    head = ["", *map(str, wide.columns)]
    body = [[str(name), *(f"{value:.3f}" for value in row)] for name, row in zip(wide.index, wide.values, strict=True)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *body])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--world", type=Path, action="append", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kinds", nargs="+", default=["oracle", "motif", "kmer"])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, help="of the encoders learned from labels (default: the preset's)")
    parser.add_argument("--run", type=Path, help="finished run of the (one) world: its motif encoder is used")
    given = parser.parse_args()
    torch.set_num_threads(1)
    items: list[dict[str, Any]] = []
    for folder in given.world:
        items += measure(folder, given.kinds, given.seed, given.repeats, given.epochs, given.run).items
        table = pd.DataFrame(items)
        table.to_parquet(given.out, index=False)
    print(markdown(table))


if __name__ == "__main__":
    main()
