"""Atoms in a notebook: the gallery, one card, and which planted mechanism an atom is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metabam.notebook.opened import Array, Demo
from metabam.notebook.panels import Panel, Section, amount, dropdown, number
from metabam.records import (
    AblationCase,
    FloatArray,
    GalleryRecord,
    IntArray,
    RecoveredRecord,
    SpectrumRecord,
    SupportGatesRecord,
)
from metabam.texts import text

PER_LINE = 100
PINNED = 3


@dataclass(frozen=True, slots=True)
class Pairs:
    """The N distinct training pairs of a run, each in one of the lines that label it (chosen at random, seed 0).

    ``line`` (N,) indexes the run's contexts; ``potential`` and ``state`` (N, K); ``names`` (N,) ids of the world, else
    line and row; ``world`` (N,) rows of the truth, -1 where the pair is not of it.
    """

    line: IntArray
    labels: NDArray[np.int8]
    features: FloatArray = field(repr=False)
    potential: FloatArray = field(repr=False)
    state: FloatArray = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    world: IntArray = field(repr=False)


def training_pairs(opened: Demo) -> Pairs:
    """Return the distinct training pairs with their potentials; computed once."""
    if "pairs" not in opened.kept:
        opened.kept["pairs"] = _pairs(opened)
    found: Pairs = opened.kept["pairs"]
    return found


def _pairs(opened: Demo) -> Pairs:
    contexts = opened.contexts
    line = np.repeat(np.arange(len(contexts)), [len(context) for context in contexts])
    row = np.concatenate([np.arange(len(context)) for context in contexts])
    enhancer, promoter, labels, features = (
        np.concatenate([getattr(context, name) for context in contexts])
        for name in ("enhancer", "promoter", "labels", "features")
    )
    order = np.random.default_rng(0).permutation(len(line))
    both = np.stack([enhancer[order], promoter[order]], axis=1)
    first = np.sort(order[np.unique(both, axis=0, return_index=True)[1]])
    world = opened.world_rows(enhancer[first], promoter[first])
    names = [
        str(opened.truth.pair_id[at]) if at >= 0 else f"{contexts[number].cell_line}:{place + 1}"
        for at, number, place in zip(world.tolist(), line[first].tolist(), row[first].tolist(), strict=True)
    ]
    read = features[first]
    learner = opened.learner
    return Pairs(
        line[first].astype(np.int64),
        labels[first],
        read,
        learner.potentials(read),
        learner.mechanism_states(read),
        tuple(names),
        world,
    )


def spectrum(opened: Demo, step: int | None = None) -> SpectrumRecord:
    """Return the singular values of V at a kept step of the training, the last one by default."""
    from metabam.probe.spectrum import singular_spectrum

    snapshots = opened.run.snapshots()
    at = max(snapshots) if step is None else step
    return singular_spectrum(snapshots[at], at)


def gallery(opened: Demo) -> GalleryRecord:
    """Return the gallery of the run's atoms: usage by line, effect against random directions; computed once."""
    if "gallery" not in opened.kept:
        from metabam.probe.gallery import gallery_of

        rng, cases = np.random.default_rng(0), []
        for context in opened.contexts:
            rows = np.sort(rng.choice(len(context), size=min(PER_LINE, len(context)), replace=False))
            belief = opened.beliefs[context.name]
            cases.append(
                AblationCase(context.name, belief, context.features[rows], context.labels[rows], context.promoter[rows])
            )
        potential = training_pairs(opened).potential
        opened.kept["gallery"] = gallery_of(opened.learner, cases, potential, opened.learner.atoms)
    found: GalleryRecord = opened.kept["gallery"]
    return found


def support_gates(opened: Demo) -> SupportGatesRecord:
    """Return the gates of all atoms over 12 random supports of each training line; computed once."""
    if "gates" not in opened.kept:
        from metabam.probe.steering import gates_over_supports

        opened.kept["gates"] = gates_over_supports(opened.learner, opened.contexts)
    found: SupportGatesRecord = opened.kept["gates"]
    return found


def recovery(opened: Demo) -> RecoveredRecord:
    """Return which atom is which planted mechanism, by the states of pairs of the world; misses are part of it."""
    if "recovery" not in opened.kept:
        from metabam.data.worldfiles import activities
        from metabam.probe.recovery import recovered

        pairs = training_pairs(opened)
        known = pairs.world >= 0
        planted = activities(opened.truth)[pairs.world[known]]
        opened.kept["recovery"] = recovered(pairs.state[known], planted, opened.truth.names)
    found: RecoveredRecord = opened.kept["recovery"]
    return found


def planted_gates(opened: Demo, mechanism: int) -> Array:
    """Return the gate of a planted mechanism in each training line, (E,), in the order of the run's contexts."""
    lines = [opened.truth.lines.index(context.cell_line) for context in opened.contexts]
    return np.asarray(opened.truth.gates[lines, mechanism])


def gallery_table(opened: Demo) -> pd.DataFrame:
    """Return one row per atom, the most used first; atoms are counted from 1."""
    record, found = gallery(opened), recovery(opened)
    matched = [found.of_atom(atom) for atom in range(len(record.density))]
    table = pd.DataFrame(
        {
            "atom": np.arange(1, len(record.density) + 1),
            "rank": record.rank,
            "density": record.density,
            "effect": record.effect.effect,
            "low": record.effect.low,
            "high": record.effect.high,
            "size": record.effect.size,
            "p": record.effect.p,
            "nearest": record.nearest + 1,
            "cosine": record.nearest_cosine,
            "planted": [found.names[at] if at >= 0 and found.matched[at] else "" for at in matched],
            "r": [found.score(at) if at >= 0 else np.nan for at in matched],
        }
    )
    return table.sort_values("rank", ignore_index=True)


def card(opened: Demo, *, atom: int, line: str, factor: float = 1.0, lang: str = "en") -> Section:
    """Return the card of one atom (counted from 1): potentials, gates by line, steering; its example pairs."""
    from metabam.plots import atomcard
    from metabam.probe.examples import example_pairs
    from metabam.probe.steering import steering_curve

    at, pairs, record, found = atom - 1, training_pairs(opened), gallery(opened), recovery(opened)
    potential = pairs.potential[:, at].astype(np.float64)
    chosen = example_pairs(pairs.potential[:, at], seed=at)
    mechanism = found.of_atom(at)
    matched = mechanism >= 0 and bool(found.matched[mechanism])
    planted = (np.sign(found.score(mechanism)) * planted_gates(opened, mechanism)).tolist() if matched else None
    marks: dict[str, Any] = {"synthetic": opened.synthetic, "lang": lang}
    pinned = chosen.rows[:PINNED]
    curve = steering_curve(opened.learner, opened.beliefs[line], pairs.features[pinned], at)
    figures = (
        atomcard.potential_histogram(potential, at, current=float(potential[pinned[0]]), **marks),
        atomcard.gates_by_line(support_gates(opened), at, planted=planted, **marks),
        atomcard.steering_figure(curve, [pairs.names[row] for row in pinned], factor, **marks),
    )
    lines = [context.cell_line for context in opened.contexts]
    table = pd.DataFrame(
        {
            "pair": [pairs.names[row] for row in chosen.rows],
            "group": [_group(int(group), chosen.low, chosen.high, lang) for group in chosen.group],
            "line": [lines[pairs.line[row]] for row in chosen.rows],
            "label": pairs.labels[chosen.rows],
            "p_k": potential[chosen.rows],
        }
    )
    effect = record.effect
    note = text(
        "notebook.atom",
        lang,
        atom=atom,
        rank=int(record.rank[at]),
        total=len(record.rank),
        density=float(record.density[at]),
        effect=float(effect.effect[at]),
        low=float(effect.low[at]),
        high=float(effect.high[at]),
        p=float(effect.p[at]),
        n=effect.n,
    )
    if matched:
        note += " " + text("notebook.atom.planted", lang, name=found.names[mechanism], r=found.score(mechanism))
    return Section(figures, table, note)


def _group(group: int, low: Array, high: Array, lang: str) -> str:
    if group < 2:
        return text(f"notebook.group.{('top', 'bottom')[group]}", lang)
    return f"{low[group - 2]:.2f} – {high[group - 2]:.2f}"


def atom_browser(opened: Demo, atom: int = 1, lang: str = "en") -> Panel:
    """Return a panel: choose an atom, a line, and a factor on its gate; the card follows."""

    def read(**chosen: Any) -> Section:
        return card(opened, lang=lang, **chosen)

    controls = {
        "atom": number("atom", 1, len(opened.learner.atoms), atom, lang),
        "line": dropdown("line", [context.name for context in opened.contexts], lang),
        "factor": amount("factor", -3.0, 3.0, 1.0, 0.25, lang),
    }
    return Panel(read, controls, lang)
