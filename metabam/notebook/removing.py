"""Ablation in a notebook: which atoms carry the predictions, against random directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metabam.notebook.atoms import recovery
from metabam.notebook.opened import SUPPORT, Demo, balanced_rows
from metabam.notebook.panels import Panel, Section, dropdown, number
from metabam.records import AblationCase, AblationRecord
from metabam.texts import text

if TYPE_CHECKING:
    from metabam.probe.ablate import Replacement

PAIRS = 60
RANDOM = 99


def ablation_cases(opened: Demo, pairs: int = PAIRS, seed: int = 0) -> list[AblationCase]:
    """Return the training lines, each with pairs outside the 64 that make its fingerprint."""
    found = []
    for context in opened.contexts:
        used = balanced_rows(context.labels, SUPPORT, np.random.default_rng(0))
        rest = np.setdiff1d(np.arange(len(context)), used)
        rows = np.sort(np.random.default_rng(seed).choice(rest, size=min(pairs, len(rest)), replace=False))
        belief = opened.beliefs[context.name]
        found.append(
            AblationCase(context.name, belief, context.features[rows], context.labels[rows], context.promoter[rows])
        )
    return found


def ablated(
    opened: Demo,
    replacement: Replacement = "mean",
    step: int = 0,
    pairs: int = PAIRS,
    directions: np.ndarray[Any, np.dtype[np.float64]] | None = None,
) -> AblationRecord:
    """Return what every pair loses without each atom and without 99 random directions; the model is not edited.

    ``step`` 0 removes an atom everywhere, 1..T in that step of the unfolding alone. Kept per setting.
    """
    from metabam.probe.ablate import ablate_atoms

    key = f"ablated {replacement} {step} {pairs}"
    if directions is not None or key not in opened.kept:
        record = ablate_atoms(
            opened.learner,
            ablation_cases(opened, pairs),
            replacement=replacement,
            step=step or None,
            directions=directions,
            random=RANDOM,
        )
        if directions is not None:
            return record
        opened.kept[key] = record
    found: AblationRecord = opened.kept[key]
    return found


def ablation(
    opened: Demo,
    *,
    replacement: Replacement = "mean",
    step: int = 0,
    pairs: int = PAIRS,
    metric: Any = "logit",
    lang: str = "en",
) -> Section:
    """Return the forest of atoms over the band of random directions, the map by line, and one row per atom."""
    from metabam.plots.ablation import forest_figure, line_map_figure
    from metabam.probe.forest import forest, line_map

    record = ablated(opened, replacement, step, pairs)
    effect, planted = forest(record, metric=metric), recovery(opened)
    names = [""] * len(effect.effect)
    for mechanism in np.flatnonzero(planted.matched):
        names[planted.atom[mechanism]] = planted.names[mechanism]
    marks: dict[str, Any] = {"synthetic": opened.synthetic, "lang": lang}
    count = np.bincount(record.line, minlength=len(record.lines))
    figures = (
        forest_figure(effect, names=names, **marks),
        line_map_figure(line_map(record)[0], record.lines, count, **marks),
    )
    columns = {name: getattr(effect, name) for name in ("effect", "low", "high", "size", "p")}
    columns |= {"inside": effect.inside, "fit": effect.fit, "verdict": effect.verdicts}
    table = pd.DataFrame({"atom": np.arange(1, len(names) + 1), **columns, "planted": names})
    note = text(
        "notebook.ablation",
        lang,
        n=effect.n,
        needed=effect.verdicts.count("needed"),
        outside=int((~effect.inside).sum()),
        total=len(names),
        random=len(record.random_logit),
        band=effect.size_band,
    )
    return Section(figures, table.sort_values("size", ascending=False, ignore_index=True), note)


def ablation_panel(opened: Demo, lang: str = "en") -> Panel:
    """Return a panel: what replaces an atom, in which step, on how many pairs, by which metric; takes seconds."""

    def read(**chosen: Any) -> Section:
        return ablation(opened, lang=lang, **chosen)

    def told(kind: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
        return [(text(f"notebook.{kind}.{name}", lang), name) for name in names]

    controls = {
        "replacement": dropdown("replacement", told("replacement", ("mean", "resample", "zero")), lang, "mean"),
        "step": number("step", 0, opened.learner.config.n_steps, 0, lang),
        "pairs": number("pairs", 20, 200, PAIRS, lang),
        "metric": dropdown("metric", told("metric", ("logit", "probability", "auprc")), lang, "logit"),
    }
    return Panel(read, controls, lang)
