"""The map of contexts: a cloud of supports per line, and lines that were never seen among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from metabam.plots import theme
from metabam.records import CloudRecord, IntArray, LayoutRecord
from metabam.texts import text

Array = NDArray[np.float64]
MOST_DRAWN = 5_000
MOST_GATES = 4
TITLES = {"pca": "fig.manifold.pca", "umap": "fig.manifold.umap", "raw": "fig.manifold.raw"}
ANGLE = np.linspace(0.0, 2.0 * np.pi, 61)


@dataclass(frozen=True, slots=True)
class Newcomers:
    """Lines to be placed: names, coordinates (m, 2), covariance there (m, 2, 2), and which are the reader's own."""

    names: Sequence[str] = ()
    coordinates: Array = field(default_factory=lambda: np.zeros((0, 2)), repr=False)
    ellipse: Array = field(default_factory=lambda: np.zeros((0, 2, 2)), repr=False)
    own: Sequence[bool] = ()


@dataclass(frozen=True, slots=True)
class MapView:
    """What a map draws: a cloud in its layout, ids (n,), stars (E, 2), lines that decide colours, what is chosen."""

    cloud: CloudRecord = field(repr=False)
    layout: LayoutRecord = field(repr=False)
    ids: Sequence[str] = field(repr=False)
    stars: Array = field(repr=False)
    lines: Sequence[str] = ()
    chosen: Sequence[int] = ()
    new: Newcomers = field(default_factory=Newcomers, repr=False)
    axes: tuple[int, int] = (0, 1)

    def drawn(self) -> IntArray:
        """Return which supports are drawn: all, or 5,000 spread evenly."""
        size = len(self.layout.coordinates)
        if size <= MOST_DRAWN:
            return np.arange(size, dtype=np.int64)
        return np.linspace(0, size - 1, MOST_DRAWN).round().astype(np.int64)


def map_figure(
    view: MapView, *, colour: str = "line", clip: float = 0.0, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return supports as points, full supports as stars, 1 and 2 sigma ellipses, and new lines as crosses.

    Parameters
    ----------
    view
        Cloud, layout, selection and newcomers.
    colour
        ``line``, ``auroc``, ``sigma``, ``positives`` or ``gate<k>`` with k from 1.
    clip
        Percent of values cut at both ends of the colour scale of a gate.
    """
    figure = go.Figure()
    rows = view.drawn()
    if colour == "line":
        for at, name in enumerate(view.cloud.lines):
            _points(figure, view, rows[view.cloud.line[rows] == at], theme.label(name), _ink(view, at))
    else:
        _points(figure, view, rows, text("fig.manifold.supports", lang), _scale(view.cloud, colour, rows, clip, lang))
    _ellipses(figure, view)
    figure.add_scatter(
        x=view.stars[:, 0], y=view.stars[:, 1], mode="markers", name=text("fig.manifold.full", lang),
        text=[theme.label(name) for name in view.cloud.lines],
        marker={"symbol": "star", "size": 17, "color": [_ink(view, at) for at in range(len(view.cloud.lines))],
                "line": {"color": "white", "width": 1.5}},
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    _newcomers(figure, view.new, lang)
    chosen = list(view.chosen)
    if chosen:
        figure.add_trace(
            theme.cloud(len(view.ids))(
                x=view.layout.coordinates[chosen, 0], y=view.layout.coordinates[chosen, 1], mode="markers",
                name=text("fig.manifold.chosen", lang, n=len(chosen)), hoverinfo="skip",
                text=np.array([view.ids[row] for row in chosen]),
                marker={"symbol": "circle-open", "size": 10, "color": theme.INK, "line": {"width": 1.5}},
            )
        )  # fmt: skip
    theme.finish(
        figure,
        title=text(TITLES[view.layout.method], lang),
        alt=text("fig.manifold.alt", lang, n=len(rows), lines=len(view.cloud.lines), new=len(view.new.names)),
        synthetic=synthetic,
        lang=lang,
        height=600,
        margin=(64, 20, 96, 50),
        note=text("fig.manifold.note", lang, shown=len(rows), total=len(view.ids), shots=view.cloud.shots),
    )
    first, second = axis_names(view, lang)
    figure.update_xaxes(title_text=first)
    figure.update_yaxes(title_text=second)
    figure.update_layout(dragmode="lasso", clickmode="event+select")
    return figure


def axis_names(view: MapView, lang: str) -> tuple[str, str]:
    """Return what the two axes of a map are."""
    layout = view.layout
    if layout.method == "umap":
        return "UMAP 1", "UMAP 2"
    shares = [f"{share:.0%}" for share in layout.explained]
    key = "fig.manifold.pc" if layout.method == "pca" else "fig.manifold.z"
    places = (1, 2) if layout.method == "pca" else (view.axes[0] + 1, view.axes[1] + 1)
    first, second = (text(key, lang, i=place, share=share) for place, share in zip(places, shares, strict=True))
    return first, second


def colour_values(cloud: CloudRecord, colour: str) -> Array:
    """Return the number that each support (n,) is coloured by."""
    if colour == "auroc":
        return cloud.auroc
    if colour == "sigma":
        return np.asarray(cloud.std.mean(axis=1))
    if colour == "positives":
        return cloud.positives.astype(np.float64)
    return np.asarray(cloud.spectrum[:, int(colour.removeprefix("gate")) - 1])


def _ink(view: MapView, at: int) -> str:
    return theme.line_colour(view.cloud.lines[at], view.lines or view.cloud.lines)


def _scale(cloud: CloudRecord, colour: str, rows: IntArray, clip: float, lang: str) -> dict[str, object]:
    """Return the marker of points coloured by a number: gates red and blue about zero, all else Cividis."""
    values = colour_values(cloud, colour)[rows]
    marker: dict[str, object] = {
        "color": values,
        "colorbar": {"title": {"text": colour_name(colour, lang), "side": "top"}, "thickness": 10, "outlinewidth": 0},
    }
    if colour.startswith("gate"):
        return marker | gate_scale(values, clip)
    return marker | {"colorscale": "Cividis"}


def gate_scale(values: Array, clip: float) -> dict[str, object]:
    """Return colour limits symmetric about zero; ``clip`` percent of the values lie beyond them at either end."""
    ends = np.percentile(values, [clip, 100.0 - clip]) if len(values) else np.zeros(2)
    limit = theme.signed_limit(np.asarray(ends))
    return {"colorscale": list(theme.SIGNED), "cmin": -limit, "cmax": limit, "cmid": 0}


def colour_name(colour: str, lang: str) -> str:
    """Return what a colour stands for."""
    if colour.startswith("gate"):
        return text("fig.manifold.gate", lang, k=colour.removeprefix("gate"))
    return text(f"fig.manifold.colour.{colour}", lang)


def _points(figure: go.Figure, view: MapView, rows: IntArray, name: str, colour: str | dict[str, object]) -> None:
    """Add supports as one trace; their ids come back when they are selected."""
    marker = {"color": colour} if isinstance(colour, str) else colour
    figure.add_trace(
        theme.cloud(len(view.ids))(
            x=view.layout.coordinates[rows, 0],
            y=view.layout.coordinates[rows, 1],
            mode="markers",
            name=name,
            ids=np.array([view.ids[row] for row in rows]),
            customdata=np.array([view.ids[row] for row in rows]),
            text=np.array([theme.label(view.ids[row]) for row in rows]),
            marker={"size": 5, "opacity": 0.6, **marker},
            unselected={"marker": {"opacity": 0.35}},
            hovertemplate="%{text}<extra></extra>",
        )
    )


def ellipse_of(centre: Array, covariance: Array, sigmas: float) -> Array:
    """Return the outline (61, 2) of the ellipse ``sigmas`` standard deviations around a centre."""
    values, vectors = np.linalg.eigh(covariance)
    circle = np.stack([np.cos(ANGLE), np.sin(ANGLE)])
    return np.asarray(centre + sigmas * (vectors * np.sqrt(np.maximum(values, 0.0)) @ circle).T)


def _ellipses(figure: go.Figure, view: MapView) -> None:
    """Add the 1 and 2 sigma ellipses of each line's supports."""
    for at in range(len(view.cloud.lines)):
        own = view.layout.coordinates[view.cloud.line == at]
        if len(own) < 2:
            continue
        for sigmas in (1.0, 2.0):
            outline = ellipse_of(own.mean(axis=0), view.layout.ellipses[at], sigmas)
            figure.add_scatter(
                x=outline[:, 0], y=outline[:, 1], mode="lines", name="", showlegend=False, hoverinfo="skip",
                line={"color": _ink(view, at), "width": 1.6 if sigmas == 1.0 else 1.0,
                      "dash": "solid" if sigmas == 1.0 else "dot"},
            )  # fmt: skip


def _newcomers(figure: go.Figure, new: Newcomers, lang: str) -> None:
    """Add new lines as crosses with the 1 sigma ellipse of their posterior."""
    for place in range(len(new.names)):
        outline = ellipse_of(new.coordinates[place], new.ellipse[place], 1.0)
        colour = theme.WARN if new.own[place] else theme.INK
        figure.add_scatter(
            x=outline[:, 0], y=outline[:, 1], mode="lines", name="", showlegend=False, hoverinfo="skip",
            fill="toself", fillcolor=theme.rgba(colour, 0.05), line={"color": colour, "width": 1, "dash": "dash"},
        )  # fmt: skip
    for own in (False, True):
        rows = [place for place, mine in enumerate(new.own) if mine is own]
        if rows:
            figure.add_scatter(
                x=new.coordinates[rows, 0], y=new.coordinates[rows, 1], mode="markers",
                name=text("fig.manifold.own" if own else "fig.manifold.new", lang),
                text=[theme.label(new.names[row].split(" | ")[0]) for row in rows],
                marker={"symbol": "x", "size": 12, "color": theme.WARN if own else theme.INK,
                        "line": {"color": "white", "width": 1}},
                hovertemplate="%{text}<extra></extra>",
            )  # fmt: skip
    for place, name in enumerate(new.names):
        figure.add_annotation(
            x=new.coordinates[place, 0], y=new.coordinates[place, 1], text=theme.label(name.split(" | ")[0]),
            showarrow=False, yshift=16, borderpad=1, bgcolor="rgba(255,255,255,0.82)",
            font={"size": 12, "color": theme.WARN if new.own[place] else theme.INK},
        )  # fmt: skip


def gates_figure(
    view: MapView, gates: Sequence[int], *, clip: float = 2.0, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return the same map once per gate (counted from 1, at most 4), each coloured by that gate about zero.

    Red: the atom activates in supports there, blue: it represses. Colour limits are symmetric; ``clip`` percent of the
    values at either end are drawn in the last colour.
    """
    shown = list(gates)[:MOST_GATES]
    rows = view.drawn()
    figure = make_subplots(
        rows=1, cols=max(1, len(shown)), horizontal_spacing=0.05,
        subplot_titles=[text("fig.manifold.gate", lang, k=gate) for gate in shown],
    )  # fmt: skip
    values = [colour_values(view.cloud, f"gate{gate}")[rows] for gate in shown]
    limits = gate_scale(np.concatenate(values), clip) if values else {}
    for column, (gate, one) in enumerate(zip(shown, values, strict=True), start=1):
        figure.add_trace(
            theme.cloud(len(view.ids))(
                x=view.layout.coordinates[rows, 0], y=view.layout.coordinates[rows, 1], mode="markers",
                name=text("fig.manifold.gate", lang, k=gate), showlegend=False,
                text=np.array([f"{value:+.3f}" for value in one]),
                marker={"size": 4, "color": one, **limits, "showscale": column == len(shown),
                        "colorbar": {"thickness": 10, "outlinewidth": 0, "title": {"text": "α", "side": "top"}}},
                hovertemplate="%{text}<extra></extra>",
            ),
            row=1,
            col=column,
        )  # fmt: skip
    theme.finish(
        figure,
        title=text("fig.manifold.gates", lang),
        alt=text("fig.manifold.gates.alt", lang, n=len(shown)),
        synthetic=synthetic,
        lang=lang,
        height=330,
        margin=(40, 20, 84, 30),
        note=text("fig.manifold.gates.note", lang, clip=f"{clip:g}"),
    )
    figure.update_xaxes(showticklabels=False, ticks="")
    figure.update_yaxes(showticklabels=False, ticks="")
    return figure
