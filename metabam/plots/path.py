"""The path of one prediction, drawn from numbers: 16 pairs, q(z_c|S), gates, h(0)..h(T), probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from metabam.plots import theme
from metabam.texts import text

PANELS: Final = ("support", "posterior", "gates", "unfolding", "prediction")


@dataclass(frozen=True, slots=True)
class PathExample:
    """One worked example of the model's path.

    ``labels`` (S,) in {0, 1}; ``mean``, ``std`` (Z,); ``gates`` (K,) in [-1, 1]; ``states`` (T + 1, K), the mean
    state over the queries; ``probability``, ``lower``, ``upper`` (Q,); ``line`` names the cell line the support
    comes from.
    """

    line: str
    labels: NDArray[np.int8]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    gates: NDArray[np.float64]
    states: NDArray[np.float64]
    probability: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def path_diagram(example: PathExample, *, synthetic: bool | None, lang: str = "en") -> go.Figure:
    """Return five small panels in a row, joined by arrows; each carries a pointer target named after its page.

    Parameters
    ----------
    example
        The numbers to draw.
    synthetic
        Origin of the data, for the badge.
    lang
        Language of titles.

    Notes
    -----
    Clickable targets are invisible square markers: ``customdata`` of each is the panel's name in :data:`PANELS`.
    """
    figure = make_subplots(rows=1, cols=5, horizontal_spacing=0.055, column_widths=[0.16, 0.19, 0.21, 0.22, 0.22])
    _support(figure, example, lang)
    _posterior(figure, example, lang)
    _gates(figure, example, lang)
    _states(figure, example, lang)
    _predictions(figure, example, lang)
    alt = text(
        "fig.path.alt",
        lang,
        line=example.line,
        shots=len(example.labels),
        positives=int(example.labels.sum()),
        strongest=int(np.argmax(np.abs(example.gates))),
        gate=float(example.gates[np.argmax(np.abs(example.gates))]),
    )
    theme.finish(
        figure,
        title=text("fig.path.title", lang),
        alt=alt,
        synthetic=synthetic,
        lang=lang,
        height=312,
        note=text("fig.path.note", lang, line=theme.label(example.line)),
        margin=(12, 12, 86, 44),
    )
    _tidy(figure, lang)
    return figure


def _support(figure: go.Figure, example: PathExample, lang: str) -> None:
    """Draw the labelled pairs as a grid of diamonds: filled linked, open not."""
    order = np.argsort(-example.labels, kind="stable")
    labels = example.labels[order]
    width = 4
    across, down = np.arange(len(labels)) % width, -(np.arange(len(labels)) // width)
    for value in (1, 0):
        chosen = labels == value
        figure.add_scatter(
            x=across[chosen],
            y=down[chosen],
            mode="markers",
            row=1,
            col=1,
            showlegend=False,
            name=text(f"fig.label.{value}", lang),
            hovertemplate=text(f"fig.label.{value}", lang) + "<extra></extra>",
            marker={
                "symbol": "diamond" if value else "diamond-open",
                "size": 13,
                "color": theme.POSITIVE if value else theme.NEGATIVE,
                "line": {"width": 1.6},
            },
        )
    figure.update_xaxes(range=[-0.8, width - 0.2], visible=False, row=1, col=1)
    figure.update_yaxes(range=[-max(4, len(labels) / width) + 0.2, 0.8], visible=False, row=1, col=1)


def _posterior(figure: go.Figure, example: PathExample, lang: str) -> None:
    """Draw mean and standard deviation of each context dimension over the prior's band."""
    rows = np.arange(len(example.mean))
    figure.add_vrect(x0=-1, x1=1, fillcolor=theme.BAND, opacity=0.55, line_width=0, layer="below", row=1, col=2)
    figure.add_scatter(
        x=example.mean,
        y=rows,
        mode="markers",
        row=1,
        col=2,
        showlegend=False,
        name="q(z|S)",
        marker={"color": theme.ACCENT, "size": 7},
        error_x={"type": "data", "array": example.std, "color": theme.ACCENT, "thickness": 1.6, "width": 0},
        hovertemplate="z<sub>%{y}</sub> = %{x:.2f} ± %{error_x.array:.2f}<extra></extra>",
    )
    figure.update_yaxes(
        range=[len(rows) - 0.4, -0.6], tickvals=rows, ticktext=[f"z{row + 1}" for row in rows], row=1, col=2
    )
    top = max(2.2, float(np.max(np.abs(example.mean) + example.std)) * 1.08)
    figure.update_xaxes(range=[-top, top], tickvals=[-2, 0, 2], title_text=text("fig.path.z_axis", lang), row=1, col=2)


def _gates(figure: go.Figure, example: PathExample, lang: str) -> None:
    """Draw one signed bar per atom."""
    atoms = np.arange(len(example.gates))
    figure.add_bar(
        x=atoms + 1,
        y=example.gates,
        row=1,
        col=3,
        showlegend=False,
        name="α",
        marker={
            "color": example.gates,
            "colorscale": list(theme.SIGNED),
            "cmin": -1,
            "cmax": 1,
            "line": {"color": theme.FAINT, "width": 0.6},
        },
        hovertemplate=text("fig.atom", lang) + " %{x}: α = %{y:.2f}<extra></extra>",
    )
    figure.add_hline(y=0, line={"color": theme.MUTED, "width": 1}, row=1, col=3)
    figure.update_yaxes(range=[-1.08, 1.08], tickvals=[-1, 0, 1], ticktext=["−1", "0", "+1"], row=1, col=3)
    figure.update_xaxes(
        title_text=text("fig.path.atom_axis", lang), nticks=6, range=[0.3, len(atoms) + 0.7], row=1, col=3
    )


def _states(figure: go.Figure, example: PathExample, lang: str) -> None:
    """Draw the mean state after each unfolding step as a strip per step."""
    steps, atoms = example.states.shape
    limit = theme.signed_limit(example.states)
    figure.add_heatmap(
        z=example.states,
        x=list(range(1, atoms + 1)),
        y=list(range(steps)),
        row=1,
        col=4,
        name="h",
        colorscale=list(theme.SIGNED),
        zmin=-limit,
        zmax=limit,
        zmid=0,
        showscale=False,
        ygap=3,
        hovertemplate="h<sub>%{y}</sub>, " + text("fig.atom", lang) + " %{x}: %{z:.2f}<extra></extra>",
    )
    figure.update_yaxes(
        range=[steps - 0.5, -0.5],
        tickvals=list(range(steps)),
        ticktext=[f"h{step}" for step in range(steps)],
        gridcolor="rgba(0,0,0,0)",
        row=1,
        col=4,
    )
    figure.update_xaxes(
        title_text=text("fig.path.atom_axis", lang),
        nticks=6,
        range=[0.5, atoms + 0.5],
        gridcolor="rgba(0,0,0,0)",
        row=1,
        col=4,
    )


def _predictions(figure: go.Figure, example: PathExample, lang: str) -> None:
    """Draw the query probabilities in rising order with their 90 % intervals."""
    order = np.argsort(example.probability, kind="stable")
    rank = np.arange(1, len(order) + 1)
    low, middle, high = example.lower[order], example.probability[order], example.upper[order]
    figure.add_scatter(
        x=np.r_[rank, rank[::-1]],
        y=np.r_[high, low[::-1]],
        mode="lines",
        fill="toself",
        fillcolor=theme.rgba(theme.ACCENT, 0.18),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
        name="",
        row=1,
        col=5,
    )
    figure.add_scatter(
        x=rank,
        y=middle,
        mode="lines",
        line={"color": theme.ACCENT, "width": 2},
        row=1,
        col=5,
        showlegend=False,
        name="P",
        error_y=None,
        hovertemplate="P = %{y:.2f}<extra></extra>",
    )
    figure.update_yaxes(range=[-0.02, 1.02], tickvals=[0, 0.5, 1], row=1, col=5)
    figure.update_xaxes(title_text=text("fig.path.query_axis", lang), nticks=4, range=[0, len(order) + 1], row=1, col=5)


def _tidy(figure: go.Figure, lang: str) -> None:
    """Add panel heads, arrows between panels and the invisible targets."""
    above = {"y": 1, "xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "bottom", "showarrow": False}
    notes: list[dict[str, Any]] = []
    for place, panel in enumerate(PANELS, start=1):
        suffix = "" if place == 1 else str(place)
        x0, x1 = figure.layout[f"xaxis{suffix}"].domain
        head, font = text(f"fig.path.{panel}", lang), {"size": 13, "color": theme.ACCENT}
        notes.append({**above, "text": f"<b>{head}</b>", "x": (x0 + x1) / 2, "yshift": 8, "font": font})
        if place < len(PANELS):
            font = {"size": 17, "color": theme.FAINT}
            notes.append({**above, "text": "<b>→</b>", "x": x1 + 0.034, "yshift": 5, "font": font})
        xs, ys = figure.layout[f"xaxis{suffix}"].range, figure.layout[f"yaxis{suffix}"].range
        middle = (xs[0] + xs[1]) / 2, (ys[0] + ys[1]) / 2
        figure.add_scatter(
            x=[middle[0]],
            y=[middle[1]],
            mode="markers",
            row=1,
            col=place,
            name="",
            showlegend=False,
            customdata=[panel],
            ids=[panel],
            hovertemplate=text(f"fig.path.open.{panel}", lang) + "<extra></extra>",
            marker={"symbol": "square", "size": 130, "color": "rgba(0,0,0,0)", "opacity": 0.01},
        )
    figure.layout.annotations = (*figure.layout.annotations, *notes)  # at once: each addition validates all others
