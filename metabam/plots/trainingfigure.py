"""One training curve as a Plotly figure: what a notebook draws without a network, from the values of the live chart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from metabam.plots import theme
from metabam.plots.curves import Curve, points
from metabam.texts import text


def training_figure(
    found: Sequence[Curve],
    *,
    title: str,
    axis_title: str,
    colours: Mapping[str, str],
    log: bool = False,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return one quantity of one or more runs: raw values faint, smoothed on top; one value alone is a mark.

    How to read this: the faint line is what was logged, the strong one its moving average; they are one line where
    nothing is smoothed. A gap is a value that was not finite.

    Parameters
    ----------
    found
        What to draw, thinned evenly to at most 4,000 points.
    colours
        The colour of each run.
    log
        Logarithmic y; values that are not positive are left out.
    """
    figure = go.Figure()
    rows = points(found)
    last = math.nan
    for run in dict.fromkeys(item.run for item in found):
        mine = [row for row in rows if row["run"] == run and not (log and (row["raw"] is None or row["raw"] <= 0))]
        if not mine:
            continue
        across = [row["x"] for row in mine]
        raw, smooth = ([row[name] for row in mine] for name in ("raw", "smooth"))
        last = next((value for value in reversed(raw) if value is not None), last)
        if raw != smooth:
            figure.add_scatter(
                x=across,
                y=raw,
                mode="lines",
                name=f"{theme.label(run)} · {text('fig.raw', lang)}",
                line={"color": theme.rgba(colours[run], 0.3), "width": 1},
                showlegend=False,
                hoverinfo="skip",
            )
        figure.add_scatter(
            x=across,
            y=smooth,
            mode="lines" if len(mine) > 1 else "markers",
            name=theme.label(run),
            text=[f"{text('fig.step', lang)} {row['step']:,}" for row in mine],
            customdata=[row["raw"] for row in mine],
            line={"color": colours[run], "width": 1.9},
            marker={"color": colours[run], "size": 8},
            hovertemplate=f"%{{text}}<br>%{{y:.4f}}<br>{text('fig.raw', lang)} %{{customdata:.4f}}",
        )
    theme.finish(
        figure,
        title=title,
        alt=text("training.alt", lang, title=title, last=f"{last:.4f}"),
        synthetic=synthetic,
        lang=lang,
        height=260,
        margin=(60, 16, 64, 44),
    )
    figure.update_xaxes(title_text=axis_title)
    level = {row["raw"] for row in rows if row["raw"] is not None}
    if log:
        figure.update_yaxes(type="log")
    elif len(level) == 1:  # what never changes gets half a unit of room on both sides
        (value,) = level
        figure.update_yaxes(range=[value - 0.5, value + 0.5])
    figure.update_layout(showlegend=len({trace.name for trace in figure.data if trace.showlegend is not False}) > 1)
    return figure
