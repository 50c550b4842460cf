"""What a planted world is made of: its settings, checked before anything is allocated, and its mechanisms."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from metabam.data.planting import Block
from metabam.errors import ConfigError

SINGLES, PAIRS, SPACED = 4, 3, 3
N_PLANTED: Final = SINGLES + 2 * PAIRS + 2 * SPACED
N_DISTRACTORS: Final = 6
MAX_GAP: Final = 12


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """Settings of a planted world; sizes that are 0 follow from ``pairs_per_line``.

    With 6,000 pairs a line the pool has 12,000 distinct pairs of 4,000 enhancers and 2,000 promoters: two lines
    share about half of their pairs (reversals can be seen), an enhancer meets 3 promoters and a promoter 6 enhancers
    (gene baselines have something to find), 16 support pairs rule out about 1 % of the queries, and there are
    enough distinct elements for motifs to be overrepresented while encoding stays cheap.

    ``distance_confound`` adds that many logits per standard deviation of log10 distance (close = positive).
    """

    seed: int
    training_lines: int = 5
    heldout_lines: int = 20
    pairs_per_line: int = 6_000
    enhancer_length: int = 400
    promoter_length: int = 400
    n_enhancers: int = 0
    n_promoters: int = 0
    pool: int = 0
    contigs: int = 6
    bayes_auroc: float = 0.92
    prevalence: float = 0.2
    motif_bits: tuple[float, float] = (8.0, 14.0)
    helical_tilt: float = 0.7
    distance_confound: float = 0.0

    def resolved(self) -> WorldSettings:
        """Return the settings with every size filled in, after checking them.

        Raises
        ------
        ConfigError
            ``world-settings`` naming the field.
        """
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        values["pool"] = self.pool or 2 * self.pairs_per_line
        values["n_enhancers"] = self.n_enhancers or max(16 * self.contigs, (2 * self.pairs_per_line) // 3)
        values["n_promoters"] = self.n_promoters or max(8 * self.contigs, self.pairs_per_line // 3)
        settings = WorldSettings(**values)
        least = {
            "seed": 0, "training_lines": 1, "heldout_lines": 0, "pairs_per_line": 20, "enhancer_length": 200,
            "promoter_length": 200, "contigs": 1, "n_enhancers": 2 * self.contigs, "n_promoters": 2 * self.contigs,
            "pool": self.pairs_per_line,
        }  # fmt: skip
        for name, floor in least.items():
            if values[name] < floor:
                raise ConfigError("world-settings", f"{name} = {values[name]} is below {floor}.", "Raise it.")
        most = settings.n_enhancers * settings.n_promoters // (2 * settings.contigs)
        if settings.pool > most:
            raise ConfigError("world-settings", f"pool = {settings.pool} is above {most}.", "Ask for more elements.")
        if not (0.5 < self.bayes_auroc < 0.995 and 0.01 <= self.prevalence <= 0.99):
            raise ConfigError("world-settings", "bayes_auroc or prevalence is out of range.", "Stay near 0.92 and 0.2.")
        return settings


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One planted mechanism: its kind, the motif numbers it needs, and the spaced block where it has one."""

    name: str
    kind: str
    motifs: tuple[int, ...] = ()
    element: str = "enhancer"
    block: Block | None = None
