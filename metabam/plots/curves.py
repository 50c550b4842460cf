"""Training curves: tidy values from a log, smoothing, and one live chart per quantity.

The live charts are Altair, because a Plotly chart is remounted whenever its data change and loses its zoom.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt
import numpy as np
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.records import History, StepRecord
from metabam.texts import has, text

TERMS: Final = (
    *("total", "task_full", "task_context", "vnc", "adversary", "reconstruction", "consistency", "orthogonality"),
)
SENSITIVITY: Final = ("auroc_own", "auroc_other", "auroc_flipped")
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "sensitivity": SENSITIVITY,
    "auprc": ("auprc_train", "auprc_leftout", "base_rate", "prevalence_leftout"),
}
HIDDEN: Final = ("fold", "line_chance")
LARGER: Final = ("auroc", "auprc", "accuracy", "rank")
MAX_NAMES: Final = 60


@dataclass(frozen=True, slots=True)
class Curve:
    """One quantity of one run over the steps.

    ``x``, ``y`` (n,) as logged; ``smooth`` (n,) its exponential moving average, equal to ``y`` where smoothing is off.
    """

    run: str
    name: str
    x: NDArray[np.float64]
    steps: NDArray[np.int64]
    y: NDArray[np.float64]
    smooth: NDArray[np.float64]


def ema(values: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Return the bias-corrected exponential moving average; gaps (NaN) stay gaps and do not enter.

    Parameters
    ----------
    values
        (n,) in step order.
    weight
        In [0, 1): 0 returns the values as they are.
    """
    out = np.full(len(values), np.nan)
    level, mass = 0.0, 0.0
    for place, value in enumerate(values):
        if math.isfinite(value):
            level = weight * level + (1.0 - weight) * float(value)
            mass = weight * mass + (1.0 - weight)
            out[place] = level / mass
    return out


def scalar_names(history: History) -> list[str]:
    """Return the names of all scalar terms and metrics, known ones first, at most 60."""
    found: dict[str, None] = {}
    for record in history:
        for source in (record.terms, record.metrics):
            for name, value in source.items():
                if isinstance(value, int | float) and not isinstance(value, bool) and name not in HIDDEN:
                    found[name] = None
    known = [name for name in (*TERMS, *(name for group in GROUPS.values() for name in group)) if name in found]
    return [*known, *sorted(set(found) - set(known))][:MAX_NAMES]


def split_folds(history: History, names: Sequence[str]) -> dict[str, History]:
    """Return one log per left-out line, where steps were counted anew for each; ``{}`` where no fold was logged.

    ``names`` are the training lines in order; a record's ``fold`` is a place in it.
    """
    folds: dict[str, list[StepRecord]] = {}
    for record in history:
        fold = record.metrics.get("fold")
        if isinstance(fold, int | float):
            place = int(fold)
            folds.setdefault(names[place] if place < len(names) else str(place + 1), []).append(record)
    return {name: History(tuple(records)) for name, records in folds.items()}


def curve(
    history: History,
    run: str,
    name: str,
    *,
    axis: str = "step",
    weight: float = 0.0,
    phase: str | None = None,
    epoch: float = 1.0,
) -> Curve:
    """Return one quantity of one run; x is the step, the clock (minutes, summed over resumes) or the epoch.

    ``epoch`` is how many epochs one step is: query pairs of a step over the run's training pairs.
    """
    steps: list[int] = []
    across: list[float] = []
    values: list[float] = []
    for record in history:
        value = record.terms.get(name, record.metrics.get(name))
        if (phase is None or record.phase == phase) and isinstance(value, int | float):
            steps.append(record.step)
            clock = {"clock": record.seconds / 60.0, "epoch": record.step * epoch}
            across.append(clock.get(axis, float(record.step)))
            values.append(float(value))
    raw = np.asarray(values, dtype=np.float64)
    return Curve(
        run, name, np.asarray(across, dtype=np.float64), np.asarray(steps, dtype=np.int64), raw, ema(raw, weight)
    )


def summary(curves: Sequence[Curve], *, larger_is_better: bool) -> list[dict[str, object]]:
    """Return last, best with its step, min and max of each curve; a curve without a finite value is left out."""
    rows: list[dict[str, object]] = []
    for item in curves:
        good = np.isfinite(item.y)
        if not good.any():
            continue
        kept, steps = item.y[good], item.steps[good]
        best = int(np.argmax(kept) if larger_is_better else np.argmin(kept))
        rows.append(
            {
                "run": item.run,
                "name": item.name,
                "last": float(kept[-1]),
                "best": float(kept[best]),
                "best_step": int(steps[best]),
                "min": float(kept.min()),
                "max": float(kept.max()),
                "n": int(good.sum()),
            }
        )
    return rows


def points(curves: Sequence[Curve], most: int = 4000) -> list[dict[str, Any]]:
    """Return the values to draw, thinned evenly to at most ``most`` points; the last point of a curve always stays."""
    total = sum(len(item.y) for item in curves)
    stride = max(1, math.ceil(total / most))
    rows: list[dict[str, Any]] = []
    for item in curves:
        best = so_far(item)
        for place in range(len(item.y)):
            if place % stride == 0 or place == len(item.y) - 1:
                rows.append(
                    {
                        "run": item.run,
                        "name": item.name,
                        "x": float(item.x[place]),
                        "step": int(item.steps[place]),
                        "raw": _or_none(item.y[place]),
                        "smooth": _or_none(item.smooth[place]),
                        "best": _or_none(best[place]),
                    }
                )
    return rows


def so_far(item: Curve) -> NDArray[np.float64]:
    """Return the best raw value up to each point, (n,): the largest for names in ``LARGER``, else the smallest."""
    running = np.fmax if item.name.startswith(LARGER) else np.fmin
    return np.asarray(running.accumulate(item.y), dtype=np.float64) if len(item.y) else item.y


def _or_none(value: float) -> float | None:
    """Return a finite float, or None, which leaves a gap."""
    return float(value) if math.isfinite(value) else None


def panel(
    curves: Sequence[Curve],
    *,
    title: str,
    axis: str,
    axis_title: str,
    lang: str = "en",
    log: bool = False,
    colours: Mapping[str, str],
    by: str = "run",
    synthetic: bool | None = None,
    faults: Sequence[float] = (),
    references: Mapping[str, float] | None = None,
    height: int = 190,
) -> Any:
    """Return one small live chart: raw values faint, smoothed on top, a red rug where a value was not finite.

    The data are named, apart from the drawing. Shift and wheel zooms, dragging pans, a click picks a step.

    Parameters
    ----------
    curves
        What to draw.
    axis
        ``"step"``, ``"epoch"`` or ``"clock"``.
    by
        Colour by ``"run"`` or by ``"name"``; ``colours`` maps those to colours.
    log
        Logarithmic y; values that are not positive are left out and the caller says so.
    faults
        x of values that were not finite.
    references
        Named horizontal lines, for example a base rate or 1 / lines.
    """
    rows = [row for row in points(curves) if not log or (row["raw"] is not None and row["raw"] > 0)]
    scale = alt.Scale(type="log") if log else _linear([row["raw"] for row in rows])
    shown = {str(row[by]): colours[str(row[by])] for row in rows}
    legend = (
        None
        if len(shown) < 2
        else alt.Legend(
            title=None,
            orient="top",
            symbolType="stroke",
            symbolOpacity=1,
            symbolStrokeWidth=2,
            labelLimit=110,
            padding=0,
            columns=4 if len(shown) > 4 and max(map(len, shown)) < 8 else 2,  # long names of lines would be cut
            columnPadding=8,
            rowPadding=1,
            offset=4,
        )
    )
    names = {key: _name(key, lang) if by == "name" else key for key in shown}
    for row in rows:
        row["shown"] = names[str(row[by])]
    colour = alt.Color(
        "shown:N", scale=alt.Scale(domain=[names[key] for key in shown], range=list(shown.values())), legend=legend
    )
    hover = [
        alt.Tooltip("step:Q", title=text("fig.step", lang)),
        alt.Tooltip("raw:Q", format=".4f", title=text("fig.raw", lang)),
        alt.Tooltip("smooth:Q", format=".4f", title=text("fig.smooth", lang)),
        alt.Tooltip("best:Q", format=".4f", title=text("fig.best", lang)),
        alt.Tooltip("shown:N", title=" "),
    ]
    base = alt.Chart(alt.NamedData(name="curve")).encode(
        x=alt.X("x:Q", title=axis_title, axis=alt.Axis(tickCount=4, format=",d" if axis == "step" else "~g")),
        color=colour,
    )
    chosen = alt.selection_point(name="pick", fields=["step"], nearest=True, on="click", empty=False)
    zoom = alt.selection_interval(name="zoom", bind="scales", encodings=["x"], zoom="wheel![event.shiftKey]")
    lonely = all(len(item.y) < 2 for item in curves)  # a line needs two points; one alone is drawn as a mark
    layers: list[Any] = [
        base.mark_line(opacity=0.28, strokeWidth=1).encode(y=alt.Y("raw:Q", title=None, scale=scale)),
        base.mark_line(strokeWidth=1.9).encode(y=alt.Y("smooth:Q", title=None, scale=scale)),
        base.mark_point(size=60, opacity=1 if lonely else 0, filled=True)
        .encode(y=alt.Y("smooth:Q", scale=scale), tooltip=hover)
        .add_params(chosen, zoom),
    ]
    if faults:
        layers.append(alt.Chart(alt.NamedData(name="faults")).mark_rule(color="#C62828", opacity=0.8).encode(x="x:Q"))
    highest = max((row["raw"] for row in rows if row["raw"] is not None), default=math.inf)
    for name, value in (references or {}).items():
        layers.extend(_reference(name, value, below=value > highest))
    chart = _style(alt.layer(*layers), title, theme.badge_text(synthetic, lang), height)
    chart.datasets = {"curve": rows, "faults": [{"x": float(place)} for place in faults]}
    return chart


def _linear(values: Sequence[float | None]) -> alt.Scale:
    """Return a linear scale; one that never changes gets half a unit of room on both sides."""
    finite = [value for value in values if value is not None]
    if finite and min(finite) == max(finite):
        return alt.Scale(domain=[finite[0] - 0.5, finite[0] + 0.5])
    return alt.Scale(zero=False, nice=True)


def _name(name: str, lang: str) -> str:
    """Return the readable name of a quantity, itself where the catalogue has none."""
    return text(f"metric.{name}", lang) if has(f"metric.{name}") else name


def _reference(name: str, value: float, *, below: bool) -> list[Any]:
    """Return a dotted line and its label, below the line where that is the top of the chart."""
    data = alt.Chart(alt.Data(values=[{"y": value, "name": name}]))  # type: ignore[no-untyped-call]  # untyped schema
    return [
        data.mark_rule(strokeDash=[2, 3], color=theme.MUTED).encode(y="y:Q"),
        data.mark_text(
            align="right",
            baseline="top" if below else "bottom",
            dy=3 if below else -2,
            color=theme.MUTED,
            fontSize=11,
        ).encode(y="y:Q", x=alt.value("width"), text="name:N"),
    ]


def _style(chart: Any, title: str, origin: str, height: int) -> Any:
    """Return the chart with the house's type and lines, its origin in the subtitle."""
    styled = chart.configure(font=theme.FONT).properties(
        height=height,
        width="container",
        padding={"left": 4, "right": 8, "top": 10, "bottom": 4},
        title=alt.TitleParams(
            text=title,
            subtitle=origin,
            anchor="start",
            fontSize=13,
            fontWeight=600,
            color=theme.INK,
            subtitleFontSize=9,
            subtitleColor=theme.SYNTHETIC,
            subtitleFontWeight=700,
            offset=6,
        ),
    )
    styled = styled.configure_axis(
        labelFontSize=11,
        titleFontSize=12,
        titleFontWeight="normal",
        labelColor=theme.MUTED,
        titleColor=theme.MUTED,
        gridColor=theme.GRID,
        domainColor=theme.FAINT,
        tickColor=theme.FAINT,
    )
    return styled.configure_view(strokeWidth=0)
