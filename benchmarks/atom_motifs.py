"""Are the motifs of a matched atom the planted ones? TOMTOM at q <= 0.05, for claim A4.

    python benchmarks/atom_motifs.py --world DIR [--world DIR ...] --run RUN [--run RUN ...] [--keep]

Worlds and runs go together in the order given. Atoms are matched one-to-one to the planted mechanisms by |r| of their
states over the run's distinct training pairs: 0.7, or within 0.03 of what features that know the world's grammar reach
where that is lower (a motif of 8 bits cannot say more). An atom's motifs are those behind the feature that weighs most
in it. A mechanism is named when every motif planted for it has a match among them. Periods and composition have no
motif and are not counted. Known motifs are all of the world, decoys included. ``--keep`` writes the comparison into the
run folder, where the app looks for it. Prints Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from planted_tasks import open_run

from metabam.bench.oracle import oracle_r
from metabam.data.elements import windows_of
from metabam.data.genome import Genome
from metabam.data.worldfiles import Truth, activities, read_truth
from metabam.data.worldlink import rows_of_elements, world_motifs
from metabam.metrics.recovery import MATCHED, Recovery, recover
from metabam.model.encoders import innermost
from metabam.probe.motifs import match_motifs
from metabam.probe.naming import keep_matches, motifs_of_atom, planted_q
from metabam.records import FloatArray, IntArray, PairTable


def distinct_pairs(run, truth: Truth) -> tuple[FloatArray, IntArray]:
    """Return features (N, D) of the run's distinct training pairs and their rows in the truth (N,)."""
    contexts = run.training_contexts()
    features, enhancer, promoter = (
        np.concatenate([getattr(context, name) for context in contexts])
        for name in ("features", "enhancer", "promoter")
    )
    _, first = np.unique(np.stack([enhancer, promoter], axis=1), axis=0, return_index=True)
    rows = rows_of_elements(truth, enhancer[first], promoter[first])
    if (rows < 0).any():
        raise SystemExit("this run was not trained on that world")
    return features[first], rows


def ceiling(world: Path, truth: Truth, rows: IntArray) -> np.ndarray:
    """Return |r| (M,) that features from the true motifs, distances and pairs reach on the same pairs."""
    length, blank = truth.settings, np.full(len(rows), "", dtype=object)
    enhancer, promoter = truth.enhancer_start[rows], truth.promoter_start[rows]
    table = PairTable(
        pair_id=truth.pair_id[rows],
        enhancer_chrom=truth.chrom[rows],
        enhancer_start=enhancer,
        enhancer_end=enhancer + int(length["enhancer_length"]),
        promoter_chrom=truth.chrom[rows],
        promoter_start=promoter,
        promoter_end=promoter + int(length["promoter_length"]),
        label=np.full(len(rows), -1, dtype=np.int8),
        cell_line=blank,
        assay=blank,
        gene_id=blank,
        line=np.arange(1, len(rows) + 1, dtype=np.int64),
    )
    genome = Genome(world / "genome.fa")
    windows = windows_of(table, genome, int(length["enhancer_length"]), int(length["promoter_length"]))[0]
    genome.close()
    return oracle_r(windows, truth, activities(truth)[rows])


def lines_of(truth: Truth, match: Recovery, best: np.ndarray, learner, encoder, record) -> list[dict]:
    """Return one row per mechanism that has motifs."""
    own, out = innermost(encoder).motifs, []
    for place, mechanism in enumerate(truth.mechanisms):
        planted = [str(name) for name in mechanism["motifs"]]
        if not planted:
            continue
        atom = int(match.atom[place])
        names = [] if atom < 0 else [own.names[at] for at in motifs_of_atom(learner.atoms[atom], encoder.features)]
        found = planted_q(planted, names, record)
        out.append(
            {
                "mechanism": truth.names[place], "atom": atom + 1, "r": float(match.r[place]),
                "ceiling": float(best[place]), "matched": bool(match.matched[place]), "motifs": found,
                "named": all(q is not None for q in found.values()),
            }
        )  # fmt: skip
    return out


def judge(world: Path, path: Path, keep: bool) -> list[dict]:
    """Print one world's table and return its rows."""
    run, truth = open_run(str(path)), read_truth(world)
    learner, encoder = run.load_learner(), run.load_encoder()
    own, known = innermost(encoder).motifs, world_motifs(truth)
    record = match_motifs(own, known)
    if keep:
        keep_matches(path, own, known, record)
    features, at = distinct_pairs(run, truth)
    best = ceiling(world, truth, at)
    match = recover(learner.mechanism_states(features).astype(np.float64), activities(truth)[at], best)
    rows = lines_of(truth, match, best, learner, encoder, record)
    print(f"\n## {world.name}: {len(own)} motifs of the run, {len(known)} of the world, {len(at):,} pairs\n")
    print("| mechanism | atom | r | ceiling | matched | planted motifs and q | named |\n|---|---|---|---|---|---|---|")
    for row in rows:
        said = ", ".join(f"{name} {'-' if q is None else f'{q:.0e}'}" for name, q in row["motifs"].items())
        matched, named = ("yes" if row[key] else "no" for key in ("matched", "named"))
        figures = f"{row['atom']} | {row['r']:+.2f} | {row['ceiling']:.2f}"
        print(f"| {row['mechanism']} | {figures} | {matched} | {said} | {named} |")
    print(f"\n{summary(rows)} All kinds: {int(match.matched.sum())} of {len(match.matched)} by |r|.")
    return rows


def summary(rows: list[dict]) -> str:
    """Return in words how many mechanisms are matched, named, and both."""
    matched, named = (sum(row[key] for row in rows) for key in ("matched", "named"))
    both = sum(row["matched"] and row["named"] for row in rows)
    high = sum(abs(row["r"]) >= MATCHED for row in rows)
    return (
        f"{both} of {len(rows)} mechanisms with motifs are matched by |r| and have every planted motif at q <= 0.05 "
        f"({matched} by |r|, {named} by motifs; {high} with |r| >= {MATCHED:g})."
    )


def main() -> None:
    """Judge every pair of a world and a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", action="append", required=True, help="folder of a planted world")
    parser.add_argument("--run", action="append", required=True, help="finished run of that world")
    parser.add_argument("--keep", action="store_true", help="write the comparison into the run folder")
    arguments = parser.parse_args()
    if len(arguments.world) != len(arguments.run):
        parser.error("one --run for each --world")
    rows = [
        row
        for world, run in zip(arguments.world, arguments.run, strict=True)
        for row in judge(Path(world), Path(run), arguments.keep)
    ]
    print(f"\nIn all: {summary(rows)}")


if __name__ == "__main__":
    main()
