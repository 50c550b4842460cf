"""The law of a planted world: its distinct pairs as true activities, and what a line of given gates says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from metabam.bench.encoding import distinct_rows
from metabam.data.pairs import read_pairs
from metabam.data.planting import gates_of, sigmoid, solve_scale
from metabam.data.world import gate_law, standardise
from metabam.data.worldfiles import activities, read_truth


class PlantedLines:
    """The distinct pairs of a world as a table and as true activities (N, 12)."""

    def __init__(self, folder: Path) -> None:
        table = read_pairs(folder / "pairs.tsv", role="training")[0]
        first, _ = distinct_rows(table)
        self.table = table.take(first)
        self.truth = read_truth(folder)
        self.activity = standardise(activities(self.truth, self.table.pair_id, effective=True))

    def probability(self, gates: np.ndarray) -> np.ndarray:
        """Return P(y = 1) (N,) in a line of these gates (12,)."""
        score, settings = self.activity @ gates, self.truth.settings
        scale, intercept = solve_scale(score, float(settings["bayes_auroc"]), float(settings["prevalence"]))
        return np.asarray(sigmoid(scale * score + intercept))

    def rows_of(self, role: str) -> list[int]:
        """Return which of the world's lines are ``training`` or ``held-out``."""
        return [at for at, name in enumerate(self.truth.lines) if self.truth.roles[name] == role]

    def gates(self, role: str) -> list[np.ndarray]:
        """Return the true gates (12,) of the world's ``training`` or ``held-out`` lines."""
        return [self.truth.gates[at] for at in self.rows_of(role)]

    def drawn_gates(self, count: int, rng: np.random.Generator) -> list[np.ndarray]:
        """Return the gates (12,) of ``count`` new lines of the law that the world's own lines were drawn from."""
        law = gate_law(int(self.truth.settings["seed"]), self.truth.gates.shape[1])
        return list(gates_of(law, rng.standard_normal((count, self.truth.latent.shape[1]))))
