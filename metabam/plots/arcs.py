"""Query pairs of one chromosome as arcs from enhancer to promoter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.texts import text

Array = NDArray[np.float64]
MOST_DRAWN = 300
POINTS = 25
CLASSES = ((-1, theme.ACCENT), (0, theme.NEGATIVE), (1, theme.POSITIVE))
ROUND_KB = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 200_000)


@dataclass(frozen=True, slots=True)
class Arcs:
    """Pairs of one chromosome: midpoints of both regions in bp (N,), P (N,), labels (N,) in {0, 1}, -1 unknown."""

    chrom: str
    enhancer: Array = field(repr=False)
    promoter: Array = field(repr=False)
    probability: Array = field(repr=False)
    labels: NDArray[np.int8] = field(repr=False)
    names: Sequence[str] = field(repr=False)

    def drawn(self, least: float) -> NDArray[np.int64]:
        """Return which pairs are drawn: P at or above ``least``, the most likely first, at most 300."""
        ranked = np.argsort(-self.probability, kind="stable")
        return ranked[self.probability[ranked] >= least][:MOST_DRAWN].astype(np.int64)


def arcs_figure(
    arcs: Arcs, *, least: float = 0.0, opacity: float = 0.5, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return one trace of arcs per class of known label; ends at region midpoints, height sqrt(distance).

    Parameters
    ----------
    least
        Pairs of a smaller probability are not drawn.
    opacity
        Of the arcs, in (0, 1].
    """
    rows = arcs.drawn(least)
    figure = go.Figure()
    distance = np.abs(arcs.enhancer - arcs.promoter)
    for value, colour in CLASSES:
        chosen = rows[arcs.labels[rows] == value]
        if len(chosen):
            across, up = _curves(arcs.enhancer[chosen], arcs.promoter[chosen])
            figure.add_scatter(
                x=across / 1e6,
                y=up,
                mode="lines",
                name=text(f"fig.label.{value}" if value >= 0 else "fig.arcs.unknown", lang),
                line={"color": theme.rgba(colour, opacity), "width": 1.6},
                hoverinfo="skip",
                connectgaps=False,
            )
    figure.add_scatter(
        x=(arcs.enhancer[rows] + arcs.promoter[rows]) / 2e6,
        y=np.sqrt(distance[rows] / 1e3),
        mode="markers",
        name="",
        showlegend=False,
        marker={"size": 9, "opacity": 0, "color": theme.INK},
        text=np.array([theme.label(arcs.names[row]) for row in rows]),
        customdata=np.column_stack([arcs.probability[rows], distance[rows] / 1e3]),
        hovertemplate="%{text}<br>P = %{customdata[0]:.2f} · %{customdata[1]:,.0f} kb<extra></extra>",
    )
    high = int((arcs.probability[rows] >= 0.5).sum())
    theme.finish(
        figure,
        title=text("fig.arcs.title", lang, chrom=theme.label(arcs.chrom)),
        alt=text("fig.arcs.alt", lang, n=len(rows), chrom=theme.label(arcs.chrom), high=high),
        synthetic=synthetic,
        lang=lang,
        height=340,
        margin=(64, 20, 72, 44),
        note=text("fig.arcs.note", lang, shown=len(rows), total=len(arcs.probability)),
    )
    top = float(distance[rows].max()) / 1e3 if len(rows) else 1.0
    ticks = [value for value in ROUND_KB if value <= top][-4:] or [0]
    figure.update_yaxes(
        title_text=text("fig.arcs.distance", lang),
        tickvals=np.sqrt(ticks).tolist(),
        ticktext=[f"{value:,} kb" if value < 1000 else f"{value / 1000:g} Mb" for value in ticks],
        range=[0, 1.08 * np.sqrt(top)],
    )
    figure.update_xaxes(title_text=text("fig.arcs.axis", lang, chrom=theme.label(arcs.chrom)), showgrid=False)
    return figure


def _curves(start: Array, end: Array) -> tuple[Array, Array]:
    """Return the points of half ellipses, a gap after each: x in bp and y = sqrt(distance in kb), (N * 26,) each."""
    angle = np.linspace(np.pi, 0.0, POINTS)
    middle, half = (start + end) / 2.0, np.abs(end - start) / 2.0
    across = middle[:, None] + half[:, None] * np.cos(angle)
    up = np.sqrt(2.0 * half / 1e3)[:, None] * np.sin(angle)
    gap = np.full((len(start), 1), np.nan)
    return np.hstack([across, gap]).ravel(), np.hstack([up, gap]).ravel()
