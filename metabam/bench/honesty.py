"""Is a learner shown to beat what needs no sequence? Paired AUPRC on the very same pairs, whole genes redrawn.

A learner is **not shown to beat** a baseline when the lower 95 % bound of the paired AUPRC difference is <= 0. One draw
of genes weighs the pairs of every line alike; the difference is the mean over lines and supports. A pair that one
method cannot score leaves all. This is about the judged lines; for UNSEEN lines the report draws lines and supports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metabam.bench.entries import SEQUENCE_FREE, known
from metabam.bench.store import ALL, BenchFolder, Part
from metabam.metrics import weighted_auprc
from metabam.records import HonestyRecord, IntArray, LineScoreRecord

Array = NDArray[np.float64]
SHOTS = 16
_CHUNK_CELLS = 400_000


@dataclass(frozen=True, slots=True)
class Unit:
    """One support of one line: ``labels`` and ``genes`` (Q,), and the logits (Q,) of every learner that ran."""

    world: str
    fold: str
    line: str
    labels: NDArray[np.int8]
    genes: IntArray
    logits: Mapping[str, Array]
    dropped: int = 0

    def usable(self) -> Unit:
        """Return the unit without the pairs that some learner could not score."""
        good = np.all([np.isfinite(values) for values in self.logits.values()], axis=0)
        left = {name: values[good] for name, values in self.logits.items()}
        lost = self.dropped + int((~good).sum())
        return Unit(self.world, self.fold, self.line, self.labels[good], self.genes[good], left, lost)


def honesty(units: Sequence[Unit], *, draws: int = 2_000, level: float = 0.95, seed: int = 0) -> list[HonestyRecord]:
    """Return one record per world, learner and sequence-free baseline; both must have run on every unit of the world.

    Parameters
    ----------
    units
        Supports of lines; those with one class are left out.
    draws, level, seed
        Of the bootstrap.
    """
    out: list[HonestyRecord] = []
    for world in dict.fromkeys(unit.world for unit in units):
        mine = [unit.usable() for unit in units if unit.world == world]
        mine = [unit for unit in mine if 0 < int(unit.labels.sum()) < len(unit.labels)]
        if not mine:
            continue
        names = [name for name in mine[0].logits if all(name in unit.logits for unit in mine)]
        values = gene_draws(mine, names, draws, seed)
        for baseline in [name for name in SEQUENCE_FREE if name in names]:
            for learner in [name for name in names if name not in SEQUENCE_FREE]:
                gap = values[learner] - values[baseline]
                low, high = np.quantile(gap[1:][np.isfinite(gap[1:])], [(1 - level) / 2, (1 + level) / 2])
                out.append(
                    HonestyRecord(
                        world=world,
                        learner=learner,
                        baseline=baseline,
                        shots=SHOTS,
                        estimate=float(gap[0]),
                        low=float(low),
                        high=float(high),
                        level=level,
                        draws=int(np.isfinite(gap[1:]).sum()),
                        pairs=sum(len(unit.labels) for unit in mine),
                        dropped=sum(unit.dropped for unit in mine),
                        genes=len(np.unique(np.concatenate([unit.genes for unit in mine]))),
                        lines=len({(unit.fold, unit.line) for unit in mine}),
                    )
                )
    return out


def line_scores(units: Sequence[Unit], *, draws: int = 2_000, seed: int = 0) -> list[LineScoreRecord]:
    """Return AUPRC of every learner on every line with its 95 % interval over the line's own genes (first support)."""
    out: list[LineScoreRecord] = []
    done: set[tuple[str, str, str]] = set()
    for unit in (one.usable() for one in units):
        key = (unit.world, unit.fold, unit.line)
        if key in done or not 0 < int(unit.labels.sum()) < len(unit.labels):
            continue
        done.add(key)
        values = gene_draws([unit], list(unit.logits), draws, seed)
        for name, drawn in values.items():
            finite = drawn[1:][np.isfinite(drawn[1:])]
            low, high = np.quantile(finite, [0.025, 0.975]) if len(finite) else (None, None)
            out.append(
                LineScoreRecord(
                    *key,
                    learner=name,
                    shots=SHOTS,
                    estimate=float(drawn[0]),
                    low=None if low is None else float(low),
                    high=None if high is None else float(high),
                    prevalence=float(unit.labels.mean()),
                    pairs=len(unit.labels),
                    genes=len(np.unique(unit.genes)),
                )
            )
    return out


def gene_draws(units: Sequence[Unit], names: Sequence[str], draws: int, seed: int) -> dict[str, Array]:
    """Return, for each learner, the mean AUPRC over units (1 + draws,): first of the data, then of each draw of genes.

    Genes are drawn with replacement over all units at once. A draw that leaves a unit one class is left out there.
    """
    genes = np.unique(np.concatenate([unit.genes for unit in units]))
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(len(genes), np.full(len(genes), 1.0 / len(genes)), size=draws).astype(np.int32)
    counts = np.concatenate([np.ones((1, len(genes)), dtype=np.int32), counts])
    total = {name: np.zeros(1 + draws) for name in names}
    number = np.zeros(1 + draws)
    for unit in units:
        member = np.searchsorted(genes, unit.genes)
        labels = unit.labels.astype(np.float64)
        step = max(1, _CHUNK_CELLS // max(len(labels), 1))
        for start in range(0, 1 + draws, step):
            weights = counts[start : start + step][:, member].astype(np.float64)
            value = {name: weighted_auprc(labels, unit.logits[name], weights) for name in names}
            defined = np.isfinite(value[names[0]])
            number[start : start + step] += defined
            for name in names:
                total[name][start : start + step] += np.where(defined, value[name], 0.0)
    with np.errstate(invalid="ignore"):
        return {name: np.where(number > 0, total[name] / number, np.nan) for name in names}


def units_of(folder: BenchFolder, parts: Sequence[Part]) -> list[Unit]:
    """Return what the parts kept: one unit per world, fold, line and support, learners in the table's order."""
    order = [entry.name for entry in known()]
    lines = dict.fromkeys((part.world, part.fold, part.line) for part in parts if part.line != ALL)
    learners: dict[tuple[str, str, str], list[str]] = {}
    for part in parts:
        learners.setdefault((part.world, part.fold, part.line), []).append(part.learner)
    units = []
    for key in lines:
        world, fold, line = key
        asked = folder.logits(Part(world, fold, "queries", line))
        names = sorted(learners[key], key=lambda name: order.index(name) if name in order else len(order))
        found = {name: folder.logits(Part(world, fold, name, line)) for name in names}
        for repeat in sorted(int(name.split(".")[1]) for name in asked if name.startswith("rows.")):
            logits = {name: kept[f"logit.{repeat}"] for name, kept in found.items() if f"logit.{repeat}" in kept}
            if logits:
                units.append(Unit(world, fold, line, asked[f"labels.{repeat}"], asked[f"genes.{repeat}"], logits))
    return units
