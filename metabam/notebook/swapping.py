"""Fingerprint drift in a notebook: line A's fingerprint on line B's sequences, with its controls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from metabam.errors import InputError
from metabam.notebook.opened import Array, Demo, balanced_rows
from metabam.notebook.panels import Panel, Section, dropdown, number
from metabam.records import SWAP_SCORES, Fingerprint, IntArray, SupportSet, SwapLine
from metabam.texts import text

MOST_PAIRS = 2_000
DRAWS = 400
PINNED = 5


def swap_line(opened: Demo, name: str, shots: int = 16, seed: int = 0) -> SwapLine:
    """Return a training line with two disjoint balanced supports.

    Raises
    ------
    InputError
        ``no-line`` for a line that the run was not trained on.
    """
    lines = {context.name: context for context in opened.contexts}
    if name not in lines:
        raise InputError("no-line", f"{name!r:.60} is no training line of this run.", f"Choose among {list(lines)}.")
    context = lines[name]
    rng = np.random.default_rng([seed, *name.encode()])
    first = balanced_rows(context.labels, shots, rng)
    rest = np.setdiff1d(np.arange(len(context)), first)
    return SwapLine(context, first, rest[balanced_rows(context.labels[rest], shots, rng)])


def drift(opened: Demo, *, a: str, b: str, shots: int = 16, seed: int = 0, lang: str = "en") -> Section:
    """Return A's fingerprint on B's pairs: scores with controls, logits, gates that moved, the way from z_A to z_B.

    The table judges by A's labels: ``auroc`` is A's fingerprint, then label-shuffled, prior, and another support of A;
    ``reversal`` the same on the pairs alone whose label differs between the lines.

    Raises
    ------
    InputError
        ``same-line``; see also :func:`swap_line`.
    """
    from metabam.plots import driftpath
    from metabam.plots.drift import PairsView, pairs_figure, scores_figure
    from metabam.probe.swap import fingerprint_path, judged_pairs, swap_both, swap_pair

    if a == b:
        raise InputError("same-line", "A and B are the same line: nothing is swapped.", "Choose two lines.")
    one, two = swap_line(opened, a, shots, seed), swap_line(opened, b, shots, seed)
    learner = opened.learner
    record, _ = swap_both(learner, [two, one], cells=[(0, 1)], most_shared=MOST_PAIRS, seed=seed)
    pairs, labels_b, labels_a, total = judged_pairs(two, one, MOST_PAIRS)
    native, foreign = (_adapted(opened, line) for line in (two, one))
    features = two.context.features[pairs]
    swapped = swap_pair(learner, native, foreign, features, labels_b, labels_a)
    names = _names(opened, two, pairs)
    marks: dict[str, Any] = {"synthetic": opened.synthetic, "lang": lang}
    view = PairsView(swapped.native, swapped.swapped, labels_b, labels_a, names, names, line_b=b, line_a=a)
    ends = _change_interval(opened, foreign, native, swapped.moved)
    figures: list[Any] = [
        scores_figure(record, 0, 1, **marks),
        pairs_figure(view, total=total, **marks),
        driftpath.gates_figure(swapped.moved, swapped.gate_change, *ends, **marks),
    ]
    turned = np.flatnonzero(labels_a != labels_b)
    pinned = turned[np.argsort(-np.abs(swapped.native - swapped.swapped)[turned], kind="stable")][:PINNED]
    if len(pinned):
        path = fingerprint_path(learner, foreign, native, features[pinned])
        figures.append(driftpath.path_figure(path, [names[row] for row in pinned], line_a=a, line_b=b, **marks))
    rows = [(name, *record.score(name, 0, 1)) for name in SWAP_SCORES]
    note = text("notebook.drift", lang, n=int(record.n[0, 1]), total=total, reversed=int(record.n_reversal[0, 1]))
    return Section(tuple(figures), pd.DataFrame(rows, columns=["score", "auroc", "low", "high"]), note)


def _adapted(opened: Demo, line: SwapLine) -> Fingerprint:
    return opened.learner.adapt(SupportSet(line.context.features[line.support], line.context.labels[line.support]))


def _names(opened: Demo, line: SwapLine, rows: IntArray) -> list[str]:
    """Return the world's id of each pair, else its row in the line, counted from 1."""
    world = opened.world_rows(line.context.enhancer[rows], line.context.promoter[rows])
    return [
        str(opened.truth.pair_id[at]) if at >= 0 else f"{line.context.cell_line}:{row + 1}"
        for at, row in zip(world.tolist(), rows.tolist(), strict=True)
    ]


def _change_interval(opened: Demo, one: Fingerprint, two: Fingerprint, moved: IntArray) -> tuple[Array, Array]:
    """Return the ends of the central 90 % of gate differences between draws of the two contexts, (moved,) twice."""
    rng = np.random.default_rng(0)
    gates = [
        opened.learner.spectrum_of(belief.mean + belief.std * rng.standard_normal((DRAWS, len(belief.mean))))
        for belief in (one, two)
    ]
    low, high = np.quantile((gates[0] - gates[1])[:, moved], [0.05, 0.95], axis=0)
    return np.asarray(low), np.asarray(high)


def drift_panel(opened: Demo, lang: str = "en") -> Panel:
    """Return a panel: whose fingerprint, on whose sequences, from how many pairs; takes seconds."""

    def read(**chosen: Any) -> Section:
        return drift(opened, lang=lang, **chosen)

    names = [context.name for context in opened.contexts]
    controls = {
        "a": dropdown("a", names, lang),
        "b": dropdown("b", names, lang, names[min(1, len(names) - 1)]),
        "shots": number("shots", 4, 64, 16, lang),
        "seed": number("seed", 0, 19, 0, lang),
    }
    return Panel(read, controls, lang)
