"""What random atoms beyond one per feature cost: signs of effects and AUROC over families of lines, with and without.

    python benchmarks/atom_signs.py --world DIR --run RUN [--families 2] [--out signs.md]

Every family is five training lines and ``--judges`` others, drawn anew from the law of the world (none of them a line
of a benchmark), on the pool of pairs and the encoder of the run; nothing is recalled. The model is judged as born, with
24 atoms (``overcomplete``) and with one per feature. A sign counts where a matched atom's mechanism has a strong gate
(|gate| > 0.3), as in ``metabam bench``; AUROC is in expectation over the Bayes probabilities. Differences are paired,
their intervals are over families.
"""

from __future__ import annotations

import argparse

import numpy as np
from planted_families import LINES, over_families, parser_of
from scaling import Pool

from metabam.bench.judging import soft_auroc
from metabam.config import ModelConfig
from metabam.learners.birth import give_birth
from metabam.learners.metabam import MetaBamLearner
from metabam.metrics import Interval, bootstrap_over_lines
from metabam.metrics.recovery import gate_signs, recover
from metabam.records import LabelledContext, SupportSet

SHOTS, TURNS, QUERIES = (16, 64, 256), 2, 1_500
FIRST = 20  # families before it served to choose other settings
ROWS = ("24 atoms, random ones among them", "one atom per feature")


def family_of(pool: Pool, number: int, args: argparse.Namespace) -> tuple[list[LabelledContext], list[np.ndarray]]:
    """Return the training lines, and the gates (12,) of the lines that judge them."""
    rng = np.random.default_rng([number, int(pool.truth.settings["seed"]), 37])
    gates = pool.drawn_gates(LINES + args.judges, rng)
    return [pool.line(f"drawn{at}", own, args.pairs, rng) for at, own in enumerate(gates[:LINES])], gates[LINES:]


def support_of(p: np.ndarray, rng: np.random.Generator, shots: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and labels of a support with both classes, drawn at the line's own rate."""
    while True:
        rows = rng.permutation(len(p))[:shots]
        labels = (rng.random(shots) < p[rows]).astype(np.int8)
        if 0 < labels.sum() < shots:
            return rows, labels


def judged(pool: Pool, number: int, args: argparse.Namespace) -> np.ndarray:
    """Return mean sign accuracy and AUROC of a family, (models, shots, 2)."""
    training, gates = family_of(pool, number, args)
    found = np.empty((len(ROWS), len(SHOTS), len(gates), TURNS, 2))
    for which, config in enumerate((ModelConfig(n_atoms=24, overcomplete=True), ModelConfig())):
        learner = MetaBamLearner.of_model(give_birth(training, config, 0).model)
        states = learner.mechanism_states(pool.features).astype(np.float64)
        recovery = recover(states, pool.activity, np.full(pool.activity.shape[1], args.ceiling))
        for line, own in enumerate(gates):
            p = pool.probability(own)
            for at, shots in enumerate(SHOTS):
                for turn in range(TURNS):
                    rng = np.random.default_rng([number, line, shots, turn])
                    rows, labels = support_of(p, rng, shots)
                    apart = ~np.isin(pool.enhancer, pool.enhancer[rows]) & ~np.isin(pool.promoter, pool.promoter[rows])
                    asked = rng.permutation(np.flatnonzero(apart))[:QUERIES]
                    belief = learner.adapt(SupportSet(pool.features[rows], labels))
                    effects = learner.weights * belief.spectrum + belief.evidence_mean
                    signs, _ = gate_signs(recovery, effects, own)
                    area = soft_auroc(p[asked], learner.predict(belief, pool.features[asked]).logit)
                    found[which, at, line, turn] = (
                        np.nan if signs is None else signs,
                        np.nan if area is None else area,
                    )
    return np.asarray(np.nanmean(found, axis=(2, 3)))


def table_of(found: np.ndarray, families: list[str]) -> str:
    """Return the Markdown table of (families, models, shots, 2)."""
    names = np.array(families)

    def said(values: np.ndarray, sign: str = "") -> str:
        mean: Interval = bootstrap_over_lines(values, names)
        return f"{mean.estimate:{sign}.3f} [{mean.low:{sign}.3f}, {mean.high:{sign}.3f}]"

    head = [f"signs, S = {shots}" for shots in SHOTS] + [f"AUROC, S = {shots}" for shots in SHOTS]
    lines = ["| model | " + " | ".join(head) + " |", "|---" * (len(head) + 1) + "|"]
    for which, row in enumerate(ROWS):
        cells = [said(found[:, which, at, what]) for what in (0, 1) for at in range(len(SHOTS))]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    apart = found[:, 1] - found[:, 0]
    cells = [said(apart[:, at, what], "+") for what in (0, 1) for at in range(len(SHOTS))]
    return "\n".join([*lines, "| the second minus the first | " + " | ".join(cells) + " |"]) + "\n"


def main() -> None:
    """Run it and print the table."""
    parser = parser_of(__doc__, 2)
    parser.add_argument("--ceiling", type=float, default=0.63, help="an atom is matched at |r| >= this less 0.03")
    over_families(parser.parse_args(), judged, table_of, FIRST)


if __name__ == "__main__":
    main()
