"""What is lost without each atom: a forest over random directions, a map by line, a curve, and pairs of atoms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.records import ForestRecord, RemovalRecord, SynergyRecord
from metabam.texts import text

Array = NDArray[np.float64]
BAND: Final = theme.rgba("#7A8B93", 0.24)


def forest_figure(
    record: ForestRecord,
    *,
    names: Sequence[str] = (),
    chosen: int | None = None,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return the effect of removing each atom, largest on top: its size on the left, its signed mean on the right.

    Grey bands hold what random directions of equal norm do; an atom inside the left one is drawn hollow: no more than
    chance. ``ids`` of the markers are ``"atom,<number from 1>"``.

    Parameters
    ----------
    names
        What stands beside each atom's number, (K,), empty for nothing.
    chosen
        The atom (from 0) to be marked.
    """
    order = np.argsort(-record.size, kind="stable")
    rows = [_named(int(k), names) for k in order]
    figure = go.Figure()
    sides = (
        (record.size, record.size_low, record.size_high, (0.0, record.size_band), "x", "size"),
        (record.effect, record.low, record.high, (float(record.band[0]), float(record.band[1])), "x2", "signed"),
    )
    figure.add_vline(x=0, line={"color": theme.MUTED, "width": 1}, xref="x2")
    for values, low, high, band, axis, kind in sides:
        figure.add_shape(
            type="rect",
            xref=axis,
            yref="paper",
            x0=band[0],
            x1=band[1],
            y0=0,
            y1=1,
            fillcolor=BAND,
            line={"width": 0},
            layer="below",
        )
        for inside in (False, True):
            _points(figure, record, order, rows, (values, low, high), axis, kind, inside, chosen, lang)
    metric = text(f"fig.forest.metric.{record.metric}", lang)
    figure.update_layout(
        xaxis={
            "domain": [0, 0.485],
            "title": {"text": text("fig.forest.size", lang, metric=metric)},
            "rangemode": "tozero",
        },
        xaxis2={
            "domain": [0.515, 1],
            "anchor": "y",
            "title": {"text": text("fig.forest.signed", lang, metric=metric)},
        },
    )
    outside = int((~record.inside).sum())
    top = int(order[0]) + 1
    theme.finish(
        figure,
        title=text("fig.forest.title", lang),
        alt=text("fig.forest.alt", lang, outside=outside, k=len(rows), top=top, size=float(record.size[order[0]])),
        synthetic=synthetic,
        lang=lang,
        height=max(380, 150 + 21 * len(rows)),
        margin=(64, 20, 84, 44),
        note=text("fig.forest.note", lang, outside=outside, k=len(rows), n=record.n, groups=record.n_groups),
    )
    figure.update_yaxes(
        type="category",
        categoryorder="array",
        categoryarray=rows[::-1],
        title_text=text("fig.path.atom_axis", lang),
        range=[-0.7, len(rows) - 0.3],
        dtick=1,
        tickfont={"size": 11, "color": theme.MUTED},
    )
    return figure


def _named(atom: int, names: Sequence[str]) -> str:
    extra = theme.label(names[atom]) if len(names) > atom and names[atom] else ""
    return f"{extra}  {atom + 1}" if extra else str(atom + 1)


def _points(
    figure: go.Figure,
    record: ForestRecord,
    order: NDArray[Any],
    rows: Sequence[str],
    values: tuple[Array, Array, Array],
    axis: str,
    kind: str,
    inside: bool,
    chosen: int | None,
    lang: str,
) -> None:
    """Draw the atoms inside or outside the band on one of the two axes, with their intervals."""
    middle, low, high = values
    at = [place for place, k in enumerate(order) if bool(record.inside[k]) is inside]
    atoms = order[at]
    colour = theme.MUTED if inside else theme.ACCENT
    verdict = text("fig.forest.inside" if inside else "fig.forest.outside", lang)
    figure.add_scatter(
        x=middle[atoms],
        y=[rows[place] for place in at],
        xaxis=axis,
        mode="markers",
        name=verdict,
        legendgroup=verdict,
        showlegend=kind == "size" and bool(len(at)),
        ids=[f"atom,{k + 1}" for k in atoms],
        marker={
            "symbol": "circle-open" if inside else "circle",
            "size": 10,
            "color": colour,
            "line": {
                "width": [3 if k == chosen else (1.6 if inside else 0) for k in atoms],
                "color": _edge(atoms, chosen, colour),
            },
        },
        error_x={
            "type": "data",
            "array": (high - middle)[atoms],
            "arrayminus": (middle - low)[atoms],
            "thickness": 1.3,
            "width": 0,
            "color": theme.rgba(colour, 0.75),
        },
        text=[
            text("fig.forest.chance", lang, p=float(record.p[k]))
            if inside
            else text(
                "fig.forest.value",
                lang,
                value=float(middle[k]),
                low=float(low[k]),
                high=float(high[k]),
                p=float(record.p[k]),
            )
            for k in atoms
        ],
        hovertemplate=text("fig.forest.hover", lang) + "<extra></extra>",
    )


def _edge(atoms: NDArray[Any], chosen: int | None, colour: str) -> list[str]:
    return [theme.INK if k == chosen else colour for k in atoms]


def line_map_figure(
    effect: Array,
    lines: Sequence[str],
    count: NDArray[Any],
    *,
    chosen: int | None = None,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return the mean signed loss by line (rows) and atom (columns); a square marker on each cell can be clicked.

    ``effect`` (E, K) in logits, NaN where the slice has no pair of a line; ``count`` (E,). ``ids`` are ``"line,atom"``,
    both from 1.
    """
    atoms = [str(k + 1) for k in range(effect.shape[1])]
    rows = [f"{theme.label(name)} ({n})" for name, n in zip(lines, count, strict=True)]
    limit = theme.signed_limit(effect)
    figure = go.Figure(
        go.Heatmap(
            z=effect,
            x=atoms,
            y=rows,
            colorscale=list(theme.SIGNED),
            zmin=-limit,
            zmax=limit,
            zmid=0,
            name="loss",
            xgap=1,
            ygap=1,
            colorbar={
                "title": {"text": text("fig.linemap.scale", lang), "side": "top"},
                "thickness": 10,
                "outlinewidth": 0,
            },
            hoverinfo="skip",
        )
    )
    down, across = np.meshgrid(np.arange(len(rows)), np.arange(len(atoms)), indexing="ij")
    figure.add_scatter(
        x=[atoms[k] for k in across.ravel()],
        y=[rows[e] for e in down.ravel()],
        mode="markers",
        name="",
        showlegend=False,
        ids=[f"{e + 1},{k + 1}" for e, k in zip(down.ravel(), across.ravel(), strict=True)],
        text=["–" if np.isnan(value) else f"{value:+.3f}" for value in effect.ravel()],
        marker={
            "symbol": "square",
            "size": 24,
            "color": "rgba(0,0,0,0)",
            "line": {"width": [2.0 if k == chosen else 0.0 for k in across.ravel()], "color": theme.INK},
        },
        hovertemplate=text("fig.linemap.hover", lang) + "<extra></extra>",
    )
    finite = np.nan_to_num(effect)
    row, column = np.unravel_index(int(np.argmax(np.abs(finite))), finite.shape)
    theme.finish(
        figure,
        title=text("fig.linemap.title", lang),
        alt=text("fig.linemap.alt", lang, line=lines[int(row)], atom=int(column) + 1, value=float(finite[row, column])),
        synthetic=synthetic,
        lang=lang,
        height=max(230, 130 + 34 * len(rows)),
        note=text("fig.linemap.note", lang),
    )
    figure.update_xaxes(
        type="category", title_text=text("fig.path.atom_axis", lang), gridcolor="rgba(0,0,0,0)", dtick=1
    )
    figure.update_yaxes(type="category", autorange="reversed", gridcolor="rgba(0,0,0,0)")
    return figure


def removal_figure(record: RemovalRecord, *, synthetic: bool | None, lang: str = "en") -> go.Figure:
    """Return AUPRC against the number of atoms removed, largest effect first and at random, over the base rate."""
    count = np.arange(len(record.by_effect))
    low, high, middle = record.random.min(axis=0), record.random.max(axis=0), record.random.mean(axis=0)
    figure = go.Figure()
    figure.add_scatter(
        x=np.r_[count, count[::-1]],
        y=np.r_[high, low[::-1]],
        mode="lines",
        fill="toself",
        fillcolor=BAND,
        line={"width": 0},
        hoverinfo="skip",
        name=text("fig.curve.range", lang, n=len(record.random)),
    )
    for name, values, colour, dash in (
        ("random", middle, theme.MUTED, "dash"),
        ("effect", record.by_effect, theme.OKABE_ITO[1], "solid"),
    ):
        figure.add_scatter(
            x=count,
            y=values,
            mode="lines+markers",
            name=text(f"fig.curve.{name}", lang),
            line={"color": colour, "width": 2, "dash": dash},
            marker={"size": 5},
            text=["–", *(str(int(k) + 1) for k in record.order)] if name == "effect" else None,
            hovertemplate=text("fig.curve.hover_effect" if name == "effect" else "fig.curve.hover", lang)
            + "<extra></extra>",
        )
    figure.add_hline(
        y=record.base_rate,
        line={"color": theme.WARN, "width": 1.2, "dash": "dot"},
        annotation={
            "text": text("fig.curve.base", lang, base=record.base_rate),
            "font": {"size": 11, "color": theme.WARN},
            "xanchor": "left",
            "yanchor": "bottom",
        },
        annotation_position="bottom left",
    )
    theme.finish(
        figure,
        title=text("fig.curve.title", lang),
        alt=text(
            "fig.curve.alt",
            lang,
            first=float(record.by_effect[0]),
            last=float(record.by_effect[-1]),
            k=len(record.order),
            base=record.base_rate,
        ),
        synthetic=synthetic,
        lang=lang,
        height=380,
        margin=(64, 20, 84, 44),
    )
    figure.update_xaxes(title_text=text("fig.curve.x", lang), range=[-0.6, len(count) - 0.4])
    figure.update_yaxes(
        title_text="AUPRC", range=[0, min(1.0, 1.15 * max(float(high.max()), float(record.by_effect.max())))]
    )
    return figure


def synergy_figure(record: SynergyRecord, *, synthetic: bool | None, lang: str = "en") -> go.Figure:
    """Return loss(i, j) - loss(i) - loss(j) in logits, mean over pairs, as a heat map with its numbers."""
    names = [str(int(k) + 1) for k in record.atoms]
    grid = record.mean.copy()
    np.fill_diagonal(grid, np.nan)
    limit = theme.signed_limit(grid)
    figure = go.Figure(
        go.Heatmap(
            z=grid,
            x=names,
            y=names,
            colorscale=list(theme.SIGNED),
            zmin=-limit,
            zmax=limit,
            zmid=0,
            name="synergy",
            xgap=1,
            ygap=1,
            text=[["" if np.isnan(value) else f"{value:+.3f}" for value in row] for row in grid],
            texttemplate="%{text}",
            colorbar={
                "title": {"text": text("fig.linemap.scale", lang), "side": "top"},
                "thickness": 10,
                "outlinewidth": 0,
            },
            hovertemplate=text("fig.synergy.hover", lang) + "<extra></extra>",
        )
    )
    upper = np.triu(np.abs(np.nan_to_num(grid)), 1)
    i, j = np.unravel_index(int(np.argmax(upper)), upper.shape)
    theme.finish(
        figure,
        title=text("fig.synergy.title", lang),
        alt=text("fig.synergy.alt", lang, n=len(names), i=names[i], j=names[j], value=float(record.mean[i, j])),
        synthetic=synthetic,
        lang=lang,
        height=430,
    )
    figure.update_xaxes(type="category", title_text=text("fig.path.atom_axis", lang), gridcolor="rgba(0,0,0,0)")
    figure.update_yaxes(
        type="category", autorange="reversed", title_text=text("fig.path.atom_axis", lang), gridcolor="rgba(0,0,0,0)"
    )
    return figure
