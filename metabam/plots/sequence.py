"""Which bases carry a value: two aligned tracks of attributions, motif sites below, planted sites outlined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.plots.letters import ALPHABET
from metabam.records import AttributionRecord, ByteArray, MotifHit
from metabam.texts import text

Array = NDArray[np.float64]
SIDES: Final = ("enhancer", "promoter")
RAISES: Final = theme.SIGNED[-1][1]
LOWERS: Final = theme.SIGNED[0][1]
OUTLINE: Final = "#F0E442"
LABEL_BP: Final = 26
LANES: Final = 3
MARGIN: Final = (64, 20, 64, 44)


@dataclass(frozen=True, slots=True)
class Site:
    """A planted site: motif name, side, [start, end) in the window, 0-based."""

    name: str
    side: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch [start, end) of one side's window, 0-based half-open."""

    side: str
    start: int
    end: int

    def holds(self, start: int, end: int, side: str) -> bool:
        """Return whether [start, end) of a side reaches into this window."""
        return side == self.side and start < self.end and end > self.start


def tracks_figure(
    record: AttributionRecord,
    hits: Sequence[MotifHit] = (),
    planted: Sequence[Site] = (),
    *,
    window: Window | None = None,
    places: tuple[str, str] = ("", ""),
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return two tracks, enhancer and promoter: a signed bar a base, motif sites as boxes, planted ones outlined.

    Parameters
    ----------
    hits
        Their ``ids`` are ``"hit,<number in this list>"``.
    window
        Is shaded. Dragging over a track selects a new one.
    places
        Genome coordinates of the two windows, for the axis titles.
    """
    figure = go.Figure()
    longest = max(len(record.enhancer), len(record.promoter))
    top = theme.signed_limit(np.concatenate([record.enhancer, record.promoter])) * 1.08
    for number, side in enumerate(SIDES):
        axes = {"xaxis": f"x{number + 1}" if number else "x"}
        bars, codes = getattr(record, side), getattr(record, f"{side}_codes")
        _bars(figure, bars, codes, f"y{2 * number + 1}" if number else "y", axes, side, lang)
        _boxes(figure, [(at, hit) for at, hit in enumerate(hits) if hit.side == side], 2 * number + 2, axes, lang)
        _band(figure, record.null, longest, number)
        for site in [site for site in planted if site.side == side]:
            outline(figure, site, number, top)
        if window is not None and window.side == side:
            _shade(figure, window, number)
    _axes(figure, longest, top, places, lang)
    share = record.enhancer_share
    strongest = SIDES[int(np.abs(record.promoter).max() > np.abs(record.enhancer).max())]
    at = int(np.argmax(np.abs(getattr(record, strongest))))
    theme.finish(
        figure,
        title=text("fig.seq.title", lang),
        alt=text("fig.seq.alt", lang, side=text(f"fig.seq.{strongest}", lang), at=at, share=share, hits=len(hits)),
        synthetic=synthetic,
        lang=lang,
        height=600,
        margin=MARGIN,
        note=text("fig.seq.note", lang, null=record.null),
    )
    figure.update_layout(dragmode="select", selectdirection="h", showlegend=False, bargap=0)
    return figure


def _bars(
    figure: go.Figure, bars: Array, codes: ByteArray, axis: str, axes: dict[str, str], side: str, lang: str
) -> None:
    figure.add_bar(
        x=np.arange(len(bars)),
        y=bars,
        width=1,
        yaxis=axis,
        name=text(f"fig.seq.{side}", lang),
        marker={"color": np.where(bars >= 0, RAISES, LOWERS).tolist(), "line": {"width": 0}},
        text=[ALPHABET[code] for code in codes],
        textposition="none",
        hovertemplate=text("fig.seq.hover", lang) + "<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        **axes,
    )


def lanes(spans: Sequence[tuple[int, int]], apart: int = LABEL_BP, most: int = LANES) -> list[int]:
    """Return a lane for each span, so that neither boxes nor their labels overlap while there is room."""
    ends: list[int] = []
    chosen = [0] * len(spans)
    for at in sorted(range(len(spans)), key=lambda place: spans[place]):
        start, end = spans[at]
        free = next((lane for lane, last in enumerate(ends) if last <= start), len(ends))
        if free >= most:
            free = int(np.argmin(ends))
        if free == len(ends):
            ends.append(0)
        ends[free] = max(ends[free], end + apart)
        chosen[at] = free
    return chosen


def _boxes(figure: go.Figure, numbered: list[tuple[int, MotifHit]], axis: int, axes: dict[str, str], lang: str) -> None:
    """Draw motif sites of one side: a box, its name beside it, and a marker on it that can be clicked."""
    if not numbered:
        return
    rows = lanes([(hit.start, hit.end) for _, hit in numbered])
    for (_, hit), lane in zip(numbered, rows, strict=True):
        figure.add_shape(
            type="rect",
            xref=axes["xaxis"],
            yref=f"y{axis}",
            x0=hit.start - 0.5,
            x1=hit.end - 0.5,
            y0=lane - 0.36,
            y1=lane + 0.36,
            fillcolor=theme.rgba(theme.ACCENT, 0.35),
            line={"width": 1, "color": theme.ACCENT},
        )
    figure.add_scatter(
        x=[(hit.start + hit.end - 1) / 2 for _, hit in numbered],
        y=rows,
        yaxis=f"y{axis}",
        mode="markers",
        name=text("fig.seq.motif", lang),
        ids=[f"hit,{at}" for at, _ in numbered],
        text=[f"{theme.label(hit.name)} {hit.strand} {hit.start}-{hit.end} q {hit.q:.2g}" for _, hit in numbered],
        hovertemplate="%{text}<extra></extra>",
        marker={"symbol": "square", "size": 13, "color": "rgba(0,0,0,0)"},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        **axes,
    )
    for (_, hit), lane in zip(numbered, rows, strict=True):
        figure.add_annotation(
            text=theme.label(hit.name)[:16],
            x=hit.end,
            y=lane,
            xref=axes["xaxis"],
            yref=f"y{axis}",
            xanchor="left",
            showarrow=False,
            font={"size": 10.5, "color": theme.INK},
        )


def _band(figure: go.Figure, null: float, longest: int, number: int) -> None:
    axis = f"y{2 * number + 1}" if number else "y"
    figure.add_shape(
        type="rect",
        xref=f"x{number + 1}" if number else "x",
        yref=axis,
        x0=-0.5,
        x1=longest - 0.5,
        y0=-null,
        y1=null,
        fillcolor=theme.BAND,
        line={"width": 0},
        layer="below",
    )


def outline(figure: go.Figure, site: Site, number: int, top: float) -> None:
    """Outline a planted site on the track of one side (0 or 1), between -``top`` and ``top``."""
    across, up = (f"x{number + 1}", f"y{2 * number + 1}") if number else ("x", "y")
    figure.add_shape(
        type="rect",
        xref=across,
        yref=up,
        x0=site.start - 0.5,
        x1=site.end - 0.5,
        y0=-top * 0.97,
        y1=top * 0.97,
        line={"width": 2.5, "color": OUTLINE},
        fillcolor=theme.rgba(OUTLINE, 0.12),
    )
    figure.add_annotation(
        text=f"<b>{theme.label(site.name)}</b>",
        x=(site.start + site.end - 1) / 2,
        y=1,
        xref=across,
        yref=f"{up} domain",
        yanchor="bottom",
        showarrow=False,
        font={"size": 10, "color": theme.SYNTHETIC},
    )


def _shade(figure: go.Figure, window: Window, number: int) -> None:
    figure.add_shape(
        type="rect",
        xref=f"x{number + 1}" if number else "x",
        yref=f"y{2 * number + 1} domain" if number else "y domain",
        x0=window.start - 0.5,
        x1=window.end - 0.5,
        y0=0,
        y1=1,
        fillcolor=theme.rgba(theme.ACCENT, 0.07),
        line={"width": 1, "color": theme.rgba(theme.ACCENT, 0.5), "dash": "dot"},
        layer="below",
    )


def _axes(figure: go.Figure, longest: int, top: float, places: tuple[str, str], lang: str) -> None:
    """Give each side a track and a lane of boxes below it, on the same bp scale."""
    domains = (((0.69, 1.0), (0.58, 0.68)), ((0.11, 0.42), (0.0, 0.1)))
    for number, side in enumerate(SIDES):
        one, two = 2 * number + 1, 2 * number + 2
        name = text(f"fig.seq.axis.{side}", lang) + (f" · {theme.label(places[number])}" if places[number] else "")
        figure.update_layout(
            {
                f"xaxis{number + 1}": {
                    "anchor": f"y{two}",
                    "range": [-0.5, longest - 0.5],
                    "title": {"text": name},
                    "showgrid": False,
                },
                f"yaxis{one}": {
                    "domain": list(domains[number][0]),
                    "range": [-top, top],
                    "anchor": f"x{number + 1}",
                    "title": {"text": text("fig.seq.axis.value", lang)},
                    "nticks": 5,
                },
                f"yaxis{two}": {
                    "domain": list(domains[number][1]),
                    "range": [LANES - 0.4, -0.6],
                    "anchor": f"x{number + 1}",
                    "showticklabels": False,
                    "showgrid": False,
                    "visible": False,
                },
            }
        )
