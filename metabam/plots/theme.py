"""The one look of every figure: colours, type, badge, and what a figure tells those who cannot see it.

Colours never change meaning: a cell line keeps its Okabe-Ito colour on every page, marker shape tells support from
query, signed values use a symmetric red-blue scale with white at zero, densities use Cividis. A figure carries its
take-away as text (:func:`alt_of`) and gives back exactly the values drawn (:func:`drawn_rows`).
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.texts import text

Figure = go.Figure

OKABE_ITO: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
INK: Final = "#1F2D33"
MUTED: Final = "#5B6B73"
FAINT: Final = "#B8C4C9"
GRID: Final = "#E8EDEF"
BAND: Final = "#DDE4E7"
ACCENT: Final = "#1B6B7F"
WARN: Final = "#B4451F"
POSITIVE: Final = "#0072B2"
NEGATIVE: Final = "#D55E00"
SYNTHETIC: Final = "#9A5B00"
REAL: Final = "#1B6B7F"
FONT: Final = "'Source Sans', 'Source Sans Pro', 'Noto Sans CJK SC', 'Noto Sans SC', Helvetica, Arial, sans-serif"
SIGNED: Final = (
    (0.0, "#2166AC"),
    (0.25, "#92C5DE"),
    (0.5, "#F7F7F7"),
    (0.75, "#F4A582"),
    (1.0, "#B2182B"),
)
SUPPORT_SYMBOL: Final = "diamond"
QUERY_SYMBOL: Final = "circle"
MOST_SHAPES: Final = 2_000

CONFIG: Final[dict[str, Any]] = {
    "displaylogo": False,
    "showSendToCloud": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
    "toImageButtonOptions": {"format": "svg", "filename": "metabam"},
}


_AXIS: Final[dict[str, Any]] = {
    "zeroline": False,
    "gridcolor": GRID,
    "linecolor": FAINT,
    "ticks": "outside",
    "tickcolor": FAINT,
    "ticklen": 4,
    "automargin": True,
    "tickfont": {"size": 12, "color": MUTED},
    "title": {"font": {"size": 13, "color": INK}, "standoff": 8},
}
_BARE: Final[dict[str, Any]] = {
    "colorbar": {"outlinewidth": 0, "ticks": "", "title": {"font": {"size": 12, "color": MUTED}}}
}
HOUSE: Final = go.layout.Template(
    layout={
        "title": {
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "yref": "container",
            "yanchor": "middle",
            "pad": {"l": 4},
            "font": {"size": 16, "color": INK},
            "subtitle": {"font": {"size": 13, "color": MUTED}},
        },
        "font": {"family": FONT, "size": 13, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {
            "align": "left",
            "bgcolor": "white",
            "bordercolor": FAINT,
            "font": {"family": FONT, "size": 13, "color": INK},
        },
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.0,
            "yanchor": "bottom",
            "font": {"size": 12, "color": MUTED},
            "bgcolor": "rgba(0,0,0,0)",
        },
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": FAINT, "activecolor": ACCENT, "orientation": "v"},
        "dragmode": "zoom",
        "autotypenumbers": "strict",
        "colorway": list(OKABE_ITO),
        "annotationdefaults": {"arrowcolor": INK, "arrowhead": 0, "arrowwidth": 1},
        "shapedefaults": {"line": {"color": INK}},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
    },
    data={
        "bar": [
            {"marker": {"line": {"width": 0.5, "color": "white"}}, "error_x": {"color": INK}, "error_y": {"color": INK}}
        ],
        "heatmap": [_BARE],
        "scatter": [{"marker": _BARE}],
        "scattergl": [{"marker": _BARE}],
    },
)
"""The house style, as one template: what a figure sets itself wins over it."""


def label(value: object) -> str:
    """Return user text that plotly shows literally: HTML escaped, no dollar sign (it starts MathJax), cut at 80."""
    plain = str(value).replace("$", "").replace("\n", " ")
    if len(plain) > 80:
        plain = plain[:79] + "…"
    return html.escape(plain, quote=True)


def line_colour(name: str, lines: Sequence[str]) -> str:
    """Return the fixed colour of a cell line: its place in the sorted list of the run's lines decides."""
    ordered = sorted(set(lines))
    place = ordered.index(name) if name in ordered else len(ordered)
    return OKABE_ITO[place % len(OKABE_ITO)]


def rgba(colour: str, alpha: float) -> str:
    """Return ``#RRGGBB`` with an opacity in [0, 1]."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def signed_limit(values: NDArray[Any]) -> float:
    """Return the symmetric colour limit of signed values: the largest finite magnitude, 1 where there is none."""
    finite = np.abs(values[np.isfinite(values)])
    top = float(finite.max()) if finite.size else 0.0
    return top if top > 0 else 1.0


def finish(
    figure: go.Figure,
    *,
    title: str,
    alt: str,
    synthetic: bool | None,
    lang: str,
    height: int = 320,
    note: str = "",
    margin: tuple[int, int, int, int] = (60, 16, 50, 44),
) -> go.Figure:
    """Return the figure in the house style: title, badge, font, grid, and its take-away as text.

    ``margin`` is (left, right, top, bottom) in pixels. ``note`` is one muted line under the title.
    """
    left, right, top, bottom = margin
    top += 18 if note else 0
    figure.update_layout(
        template=HOUSE,
        title={"text": f"<b>{title}</b>", "y": 1 - 18 / height, "subtitle": {"text": note}},
        height=height,
        margin={"l": left, "r": right, "t": top, "b": bottom},
        meta={"alt": alt},
    )
    _badge(figure, synthetic, lang)
    return figure


def cloud(points: int) -> Any:
    """Return the kind of trace for so many points: drawn as shapes up to 2,000, by WebGL above.

    A browser holds few WebGL contexts, and without a graphics card each costs a second before the first point.
    """
    return go.Scatter if points <= MOST_SHAPES else go.Scattergl


def badge_text(synthetic: bool | None, lang: str) -> str:
    """Return the word that says where the data come from."""
    kind = "unknown" if synthetic is None else ("synthetic" if synthetic else "real")
    return text(f"shell.badge.{kind}", lang)


def _badge(figure: go.Figure, synthetic: bool | None, lang: str) -> None:
    """Put the origin of the data into the figure itself, so that a cropped screenshot keeps it."""
    colour = REAL if synthetic is False else SYNTHETIC
    figure.add_annotation(
        text=f"\u00a0<b>{badge_text(synthetic, lang)}</b>\u00a0",
        xref="paper",
        yref="paper",
        x=1,
        y=1,
        xanchor="right",
        yanchor="middle",
        yshift=max(figure.layout.margin.t - 18, 4),
        showarrow=False,
        font={"size": 10.5, "color": colour},
        bordercolor=rgba(colour, 0.45),
        borderwidth=1,
        borderpad=3,
        bgcolor=rgba(colour, 0.07),
    )


def alt_of(figure: go.Figure) -> str:
    """Return the take-away of a figure, with its number, for those who cannot see it."""
    meta = figure.layout.meta
    return str(meta["alt"]) if isinstance(meta, dict) and "alt" in meta else ""


def drawn_rows(figure: go.Figure) -> list[dict[str, object]]:
    """Return exactly what is drawn, one row per point or heat-map cell: trace, x, y, z, lower, upper, text.

    ``lower`` and ``upper`` come from error bars. Traces that only carry the pointer (named ``""``) are left out.
    """
    rows: list[dict[str, object]] = []
    for trace in figure.data:
        name = trace.name or ""
        if trace.type == "heatmap":
            rows.extend(_cells(trace, name))
        elif name:
            rows.extend(_points(trace, name))
    return rows


def _cells(trace: Any, name: str) -> Iterable[dict[str, object]]:
    """Yield the cells of a heat map."""
    grid = np.asarray(trace.z, dtype=float)
    across = list(trace.x) if trace.x is not None else list(range(grid.shape[1]))
    down = list(trace.y) if trace.y is not None else list(range(grid.shape[0]))
    for row, y in enumerate(down):
        for column, x in enumerate(across):
            yield {"trace": name, "x": _plain(x), "y": _plain(y), "z": _plain(grid[row, column])}


def _points(trace: Any, name: str) -> Iterable[dict[str, object]]:
    """Yield the points of a scatter or bar trace."""
    across = [] if trace.x is None else list(trace.x)
    down = [] if trace.y is None else list(trace.y)
    texts = list(trace.text) if isinstance(trace.text, list | tuple | np.ndarray) else [""] * len(across)
    below, above = _bounds(trace)
    for place, (x, y) in enumerate(zip(across, down, strict=False)):
        row: dict[str, object] = {"trace": name, "x": _plain(x), "y": _plain(y)}
        if below is not None and above is not None and place < len(below):
            row["lower"], row["upper"] = _plain(below[place]), _plain(above[place])
        if place < len(texts) and texts[place]:
            row["text"] = str(texts[place])
        yield row


def _bounds(trace: Any) -> tuple[list[float] | None, list[float] | None]:
    """Return the ends of the error bars of a trace, or None twice."""
    for axis, values in (("error_y", trace.y), ("error_x", trace.x)):
        bars = getattr(trace, axis, None)
        if bars is not None and bars.array is not None:
            middle = np.asarray(values, dtype=float)
            up = np.asarray(bars.array, dtype=float)
            down = up if bars.arrayminus is None else np.asarray(bars.arrayminus, dtype=float)
            return (middle - down).tolist(), (middle + up).tolist()
    return None, None


def _plain(value: object) -> object:
    """Return a value that a CSV cell can hold: Python numbers, empty for what is not finite."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return value
