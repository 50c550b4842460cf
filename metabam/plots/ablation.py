"""What is lost without each atom: a forest over random directions, a map by line, a curve, and pairs of atoms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.records import ForestRecord, RemovalRecord, SynergyRecord, Verdict
from metabam.texts import text

Array = NDArray[np.float64]
BAND: Final = theme.rgba("#7A8B93", 0.24)
GAP: Final = 0.03
PER: Final = 100
"""Log-likelihoods are told in nats per so many labels."""
MARKS: Final[dict[Verdict, tuple[str, str]]] = {
    "needed": ("circle", theme.ACCENT),
    "harmful": ("x", theme.WARN),
    "moves": ("diamond-open", theme.ACCENT),
    "chance": ("circle-open", theme.MUTED),
}


def forest_figure(
    record: ForestRecord,
    *,
    names: Sequence[str] = (),
    chosen: int | None = None,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return what is lost without each atom, largest on top: size, signed mean, and what known labels lose.

    Grey bands hold what random directions of equal norm do. The mark is the verdict (:data:`metabam.records.Verdict`):
    filled where labels are less likely without the atom, hollow where neither labels nor size say anything. ``ids`` of
    the markers are ``"atom,<number from 1>"``. Without labels there is no third panel.

    Parameters
    ----------
    names
        What stands beside each atom's number, (K,), empty for nothing.
    chosen
        The atom (from 0) to be marked.
    """
    order = np.argsort(-record.size, kind="stable")
    rows = [_named(int(k), names) for k in order]
    panels = _panels(record, lang)
    figure = go.Figure()
    width = (1.0 - GAP * (len(panels) - 1)) / len(panels)
    for place, panel in enumerate(panels):
        start = place * (width + GAP)
        axis = "x" if place == 0 else f"x{place + 1}"
        figure.layout[f"xaxis{axis[1:]}"] = {
            "domain": [start, start + width],
            "anchor": "y",
            "title": {"text": panel.title},
            "rangemode": "normal" if panel.signed else "tozero",
            "nticks": 6,
        }
        if panel.signed:
            figure.add_vline(x=0, line={"color": theme.MUTED, "width": 1}, xref=axis)
        if panel.band is not None:
            figure.add_shape(
                type="rect",
                xref=axis,
                yref="paper",
                x0=panel.band[0],
                x1=panel.band[1],
                y0=0,
                y1=1,
                fillcolor=BAND,
                line={"width": 0},
                layer="below",
            )
        for kind in sorted(set(record.verdicts), key=list(MARKS).index):
            _points(figure, record, order, rows, panel, axis, kind, chosen, lang)
    told = {kind: record.verdicts.count(kind) for kind in MARKS}
    facts = {"needed": told["needed"], "outside": int((~record.inside).sum()), "k": len(rows)}
    which = "labelled" if record.n_labelled else "unlabelled"
    theme.finish(
        figure,
        title=text("fig.forest.title", lang),
        alt=text(f"fig.forest.alt.{which}", lang, top=int(order[0]) + 1, size=float(record.size[order[0]]), **facts),
        synthetic=synthetic,
        lang=lang,
        height=max(380, 150 + 21 * len(rows)),
        margin=(64, 20, 84, 44),
        note=text(f"fig.forest.note.{which}", lang, n=record.n, groups=record.n_groups, **facts),
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


@dataclass(frozen=True, slots=True)
class _Panel:
    """One panel of the forest: values with their interval, (G,) each, and the band of random directions."""

    middle: Array
    low: Array
    high: Array
    band: tuple[float, float] | None
    title: str
    signed: bool
    sized: bool


def _panels(record: ForestRecord, lang: str) -> list[_Panel]:
    metric = text(f"fig.forest.metric.{record.metric}", lang)
    size, signed = (text(f"fig.forest.{name}", lang, metric=metric) for name in ("size", "signed"))
    band = (float(record.band[0]), float(record.band[1]))
    found = [
        _Panel(record.size, record.size_low, record.size_high, (0.0, record.size_band), size, signed=False, sized=True),
        _Panel(record.effect, record.low, record.high, band, signed, signed=True, sized=True),
    ]
    if record.n_labelled:
        title = text("fig.forest.fit", lang, n=PER)
        fit, low, high = PER * record.fit, PER * record.fit_low, PER * record.fit_high
        found.append(_Panel(fit, low, high, None, title, signed=True, sized=False))
    return found


def _named(atom: int, names: Sequence[str]) -> str:
    extra = theme.label(names[atom]) if len(names) > atom and names[atom] else ""
    return f"{extra}  {atom + 1}" if extra else str(atom + 1)


def _points(
    figure: go.Figure,
    record: ForestRecord,
    order: NDArray[Any],
    rows: Sequence[str],
    panel: _Panel,
    axis: str,
    kind: Verdict,
    chosen: int | None,
    lang: str,
) -> None:
    """Draw the atoms of one verdict in one panel, with their intervals."""
    at = [place for place, k in enumerate(order) if record.verdicts[k] == kind]
    atoms = order[at]
    symbol, colour = MARKS[kind]
    hollow = symbol.endswith("-open")
    name = text(f"fig.forest.verdict.{kind}", lang)
    figure.add_scatter(
        x=panel.middle[atoms],
        y=[rows[place] for place in at],
        xaxis=axis,
        mode="markers",
        name=name,
        legendgroup=name,
        showlegend=axis == "x",
        ids=[f"atom,{k + 1}" for k in atoms],
        marker={
            "symbol": symbol,
            "size": 10,
            "color": colour,
            "line": {
                "width": [3 if k == chosen else (1.6 if hollow else 0) for k in atoms],
                "color": [theme.INK if k == chosen else colour for k in atoms],
            },
        },
        error_x={
            "type": "data",
            "array": (panel.high - panel.middle)[atoms],
            "arrayminus": (panel.middle - panel.low)[atoms],
            "thickness": 1.3,
            "width": 0,
            "color": theme.rgba(colour, 0.75),
        },
        text=[_told(record, panel, int(k), lang) for k in atoms],
        hovertemplate=text("fig.forest.hover", lang) + "<extra></extra>",
    )


def _told(record: ForestRecord, panel: _Panel, atom: int, lang: str) -> str:
    """Return the value of an atom in words; a size within chance has none."""
    if panel.sized and record.inside[atom]:
        return text("fig.forest.chance", lang, p=float(record.p[atom]))
    value, low, high = (float(part[atom]) for part in (panel.middle, panel.low, panel.high))
    if panel.sized:
        return text("fig.forest.value", lang, value=value, low=low, high=high, p=float(record.p[atom]))
    return text("fig.forest.fit_value", lang, value=value, low=low, high=high)


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
