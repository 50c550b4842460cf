"""The training monitor in a notebook: every logged quantity of one phase, smoothed on request, raw drawn behind."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from metabam.errors import InputError
from metabam.notebook.opened import Demo
from metabam.notebook.panels import Panel, Section, amount, dropdown, switch
from metabam.texts import has, text

MOST = 8


def phases(opened: Demo) -> list[str]:
    """Return the phases of the training that logged something, in order."""
    return list(dict.fromkeys(record.phase for record in opened.run.history() if record.phase != "done"))


def training(
    opened: Demo, *, phase: str, axis: str = "step", smooth: float = 0.0, log: bool = False, lang: str = "en"
) -> Section:
    """Return one chart per quantity, at most 8 of them, and last, best with its step, min and max of all.

    A line left out to choose the number of steps has its own curve, since steps are counted anew for each.

    Raises
    ------
    InputError
        ``no-history`` where the phase logged nothing.
    """
    from metabam.plots import curves, theme
    from metabam.plots.trainingfigure import training_figure
    from metabam.records import History

    run = opened.run
    log_of_phase = History(tuple(record for record in run.history() if record.phase == phase))
    lines = [context.name for context in opened.contexts]
    logs = curves.split_folds(log_of_phase, lines) or {run.id: log_of_phase}
    names = curves.scalar_names(log_of_phase)
    told = {}
    for name in names:
        found = [curves.curve(log, key, name, axis=axis, weight=smooth) for key, log in logs.items()]
        if any((one.y != 0.0).any() for one in found):
            told[name] = [one for one in found if len(one.y)]
    if not told:
        raise InputError("no-history", f"nothing was logged in the phase {phase!r:.40}.", "Choose another phase.")
    colours = {key: theme.OKABE_ITO[place % len(theme.OKABE_ITO)] for place, key in enumerate(logs)}
    figures = tuple(
        training_figure(
            found,
            title=text(f"metric.{name}", lang) if has(f"metric.{name}") else name,
            axis_title=text(f"training.axis_title.{axis}", lang),
            lang=lang,
            log=log,
            colours=colours,
            synthetic=opened.synthetic,
        )
        for name, found in list(told.items())[:MOST]
    )
    rows: list[dict[str, object]] = []
    for larger in (False, True):
        chosen = [one for found in told.values() for one in found if one.name.startswith(curves.LARGER) == larger]
        rows.extend(curves.summary(chosen, larger_is_better=larger))
    last = max((record.step for record in log_of_phase), default=0)
    seconds = max((record.seconds for record in log_of_phase), default=math.nan)
    note = text("notebook.training", lang, shown=len(figures), total=len(told), step=last, minutes=seconds / 60)
    return Section(figures, pd.DataFrame(rows), note)


def training_view(opened: Demo, lang: str = "en") -> Panel:
    """Return a panel: phase, x axis, smoothing and log y of the training curves."""

    def read(**chosen: Any) -> Section:
        return training(opened, lang=lang, **chosen)

    known = phases(opened)
    told = [(text(f"training.phase.{name}", lang) if has(f"training.phase.{name}") else name, name) for name in known]
    axes = [(text(f"training.axis.{name}", lang), name) for name in ("step", "clock")]
    controls = {
        "phase": dropdown("phase", told, lang, "meta-train" if "meta-train" in known else known[0]),
        "axis": dropdown("axis", axes, lang, "step"),
        "smooth": amount("smooth", 0.0, 0.99, 0.0, 0.01, lang),
        "log": switch("log", lang),
    }
    return Panel(read, controls, lang)
