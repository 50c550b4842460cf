"""How often the sign of a planted gate can be told at all, from the same labels: the ceiling of the gate-sign claim.

    python benchmarks/sign_ceiling.py --world DIR [--world DIR ...] [--out signs.md]

Hierarchical logistic regression is given the TRUE activities of the twelve mechanisms as its features, fitted on the
world's own training lines (or on so many lines drawn from its law). Judged are the signs of its twelve
weights where the true gate is stronger than 0.3, on held-out lines: no learner that has to find the mechanisms itself
should be asked for more.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from planted_lines import PlantedLines

from metabam.files import write_bytes
from metabam.learners import LEARNERS
from metabam.metrics import bootstrap_over_lines
from metabam.metrics.recovery import STRONG_GATE
from metabam.records import LabelledContext, SupportSet


def labelled(pool: PlantedLines, name: str, p: np.ndarray, pairs: int, key: list[int]) -> LabelledContext:
    """Return a line with labels drawn for so many pairs, both classes among them; its features are true activities."""
    rng = np.random.default_rng(key)
    rows, labels = np.zeros(0, np.int64), np.zeros(0, np.int8)
    while not 0 < labels.sum() < len(rows):
        rows = rng.permutation(len(p))[:pairs]
        labels = (rng.random(len(rows)) < p[rows]).astype(np.int8)
    return LabelledContext(name, "", pool.activity[rows].astype(np.float32), labels, rows, rows)


def fitted(pool: PlantedLines, count: int, pairs: int) -> Any:
    """Return the regression on ``count`` drawn lines, or (0) on the world's own training lines."""
    learner = LEARNERS["hierarchical"]()
    gates = pool.drawn_gates(count, np.random.default_rng([count, 37])) if count else pool.gates("training")
    learner.fit(
        [labelled(pool, f"line{at}", pool.probability(one), pairs, [at, 41]) for at, one in enumerate(gates)], seed=0
    )
    return learner


def share_right(learner: Any, pool: PlantedLines, shots: int, supports: int) -> list[tuple[int, float]]:
    """Return the share of strong gates whose sign is told, per held-out line (its place) and support."""
    shares = []
    for at, true in enumerate(pool.gates("held-out")):
        strong, p = np.abs(true) > STRONG_GATE, pool.probability(true)
        for turn in range(supports if strong.any() else 0):
            drawn = labelled(pool, "new", p, shots, [at, shots, turn, 43])
            told = learner.adapt(SupportSet(drawn.features, drawn.labels)).weights[-len(true) :]
            shares.append((at, float(np.mean(np.sign(told[strong]) == np.sign(true[strong])))))
    return shares


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", type=Path, action="append", required=True, help="folder that metabam simulate wrote")
    parser.add_argument("--shots", type=int, nargs="+", default=[16, 64, 256])
    parser.add_argument("--supports", type=int, default=6, help="supports per held-out line and size")
    parser.add_argument("--pairs", type=int, default=4_000, help="labelled pairs of each training line")
    parser.add_argument("--lines", type=int, nargs="+", default=[0], help="training lines; 0: the world's own")
    parser.add_argument("--out", type=Path, help="file for the table")
    asked = parser.parse_args()
    pools = [PlantedLines(folder) for folder in asked.world]
    rows = ["| training lines | " + " | ".join(f"S = {shots}" for shots in asked.shots) + " |"]
    rows.append("|---" * (len(asked.shots) + 1) + "|")
    for count in asked.lines:
        learners = [fitted(pool, count, asked.pairs) for pool in pools]
        cells = []
        for shots in asked.shots:
            found = [
                (f"{world}/{line}", share)
                for world, (learner, pool) in enumerate(zip(learners, pools, strict=True))
                for line, share in share_right(learner, pool, shots, asked.supports)
            ]
            mean = bootstrap_over_lines([share for _, share in found], [name for name, _ in found])
            cells.append(f"{mean.estimate:.3f} [{mean.low:.3f}, {mean.high:.3f}]")
        rows.append(f"| {count or 'its own'} | " + " | ".join(cells) + " |")
    text = "\n".join(rows)
    print(text)
    if asked.out is not None:
        write_bytes(asked.out, (text + "\n").encode())


if __name__ == "__main__":
    main()
