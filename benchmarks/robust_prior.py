"""What the robust prior is worth, over many families of five training lines: Meta-BAM as born, with and without it.

    python benchmarks/robust_prior.py --world DIR --run RUN [--families 5] [--share 0 0.2 0.5] [--out robust.md]

Every family is five lines drawn anew from the law of the world (so is every line that judges), on the pool of pairs
and the encoder of the run; nothing is recalled. Each family's model is born once; the share of the wider part of
delta's prior is set afterwards, so that nothing else differs. AUROC in expectation over the Bayes probabilities, at 4,
16 and 64 shots; the differences to share 0 are paired, their intervals are over families.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from planted_families import LINES, over_families, parser_of
from scaling import SHOTS, Pool

from metabam.bench.judging import soft_auroc
from metabam.config import ModelConfig
from metabam.learners.birth import give_birth
from metabam.learners.metabam import MetaBamLearner
from metabam.metrics import Interval, bootstrap_over_lines
from metabam.records import LabelledContext, SupportSet

QUERIES = 1_500


def family_of(pool: Pool, number: int, judges: int, pairs: int) -> tuple[list[LabelledContext], list[np.ndarray]]:
    """Return five labelled lines and the Bayes probabilities (N,) of the lines that judge them."""
    rng = np.random.default_rng([number, int(pool.truth.settings["seed"]), 37])  # another family in every world
    gates = pool.drawn_gates(LINES + judges, rng)
    training = [pool.line(f"drawn{at}", own, pairs, rng) for at, own in enumerate(gates[:LINES])]
    return training, [pool.probability(own) for own in gates[LINES:]]


def tasks_of(
    pool: Pool, lines: list[np.ndarray], supports: int, number: int
) -> Iterator[tuple[int, SupportSet, np.ndarray, np.ndarray]]:
    """Yield shots, support, query rows and their probabilities for every judging line."""
    for line, p in enumerate(lines):
        for shots in SHOTS:
            for turn in range(supports):
                rng = np.random.default_rng([number, line, shots, turn])
                labels = np.zeros(0, np.int8)
                while not 0 < labels.sum() < shots:
                    rows = rng.permutation(len(p))[:shots]
                    labels = (rng.random(shots) < p[rows]).astype(np.int8)
                apart = ~np.isin(pool.enhancer, pool.enhancer[rows]) & ~np.isin(pool.promoter, pool.promoter[rows])
                asked = rng.permutation(np.flatnonzero(apart))[:QUERIES]
                yield shots, SupportSet(pool.features[rows], labels), asked, p[asked]


def judged(pool: Pool, number: int, args: argparse.Namespace) -> np.ndarray:
    """Return mean AUROC (shares, shots) of one family."""
    training, lines = family_of(pool, number, args.judges, args.pairs)
    model = give_birth(training, ModelConfig(robust=0.2), 0).model
    found: dict[tuple[int, int], list[float]] = {}
    for shots, support, asked, p in tasks_of(pool, lines, args.supports, number):
        for at, share in enumerate(args.share):
            model.evidence.robust = share
            learner = MetaBamLearner.of_model(model)
            value = soft_auroc(p, learner.predict(learner.adapt(support), pool.features[asked]).logit)
            found.setdefault((at, shots), []).append(float(value))
    return np.array([[np.mean(found[at, shots]) for shots in SHOTS] for at in range(len(args.share))])


def table_of(auroc: np.ndarray, shares: list[float], families: list[str]) -> str:
    """Return the Markdown table of AUROC (families, shares, shots)."""

    def said(found: Interval, sign: str = "") -> str:
        return f"{found.estimate:{sign}.3f} [{found.low:{sign}.3f}, {found.high:{sign}.3f}]"

    names = np.array(families)
    lines = ["| share of the wider part | " + " | ".join(f"S = {shots}" for shots in SHOTS) + " | largest gain, loss |"]
    lines.append("|---" * (len(SHOTS) + 2) + "|")
    for at, share in enumerate(shares):
        if not at:
            cells = [said(bootstrap_over_lines(auroc[:, 0, k], names)) for k in range(len(SHOTS))]
            lines.append(f"| {share:g} | " + " | ".join(cells) + " | |")
            continue
        apart = auroc[:, at] - auroc[:, 0]
        cells = [said(bootstrap_over_lines(apart[:, k], names), "+") for k in range(len(SHOTS))]
        lines.append(f"| {share:g}, minus 0 | " + " | ".join(cells) + f" | {apart.max():+.3f}, {apart.min():+.3f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run it and print the table."""
    parser = parser_of(__doc__, 5)
    parser.add_argument("--share", type=float, nargs="+", default=[0.0, 0.2, 0.5], help="the first is the reference")
    parser.add_argument("--supports", type=int, default=2, help="of each size and line")
    args = parser.parse_args()
    over_families(args, judged, lambda found, names: table_of(found, args.share, names))


if __name__ == "__main__":
    main()
