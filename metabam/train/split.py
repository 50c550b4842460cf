"""Which pairs of a table teach, and which are never looked at."""

from __future__ import annotations

from dataclasses import dataclass

from metabam.config import RunConfig
from metabam.data.episodes import holdout_split
from metabam.records import PairTable
from metabam.train.preflight import check_held_out, teaching


@dataclass(frozen=True)
class Split:
    """Labelled pairs to train on, pairs held out, and the (cell_line, assay) that can teach."""

    training: PairTable
    held: PairTable
    teaching: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, config: RunConfig, table: PairTable) -> Split:
        """Return the split that the settings name; nothing held out is in its training part."""
        rows, held = holdout_split(table, config.holdout, config.holdout_chrom)
        training = table.take(rows[table.label[rows] >= 0])
        check_held_out(training, config.holdout, config.holdout_chrom)
        return cls(training, table.take(held), frozenset(teaching(training)))
