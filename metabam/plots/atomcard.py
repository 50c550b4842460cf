"""The figures of one atom's card: how strongly pairs match it, where it is on or inverted, what steering it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from metabam.plots import arcs, theme
from metabam.records import PairPlaces, SteeringRecord, SupportGatesRecord, TrackUse
from metabam.texts import text

Array = NDArray[np.float64]
BINS: Final = 40
SECOND: Final = theme.OKABE_ITO[3]
TRUTH: Final = theme.OKABE_ITO[5]
MOST_CURVES: Final = 6


def potential_histogram(
    potential: Array,
    atom: int,
    *,
    current: float | None = None,
    current_name: str = "",
    second: tuple[int, Array] | None = None,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return the histogram of p_k over distinct pairs, log y, with the threshold and the current pair marked.

    Parameters
    ----------
    potential
        (N,) of atom number ``atom`` (from 0).
    current
        p_k of the pair that the reader chose.
    second
        Number and potentials of a pinned atom, drawn as an outline on the same bins.
    """
    both = potential if second is None else np.concatenate([potential, second[1]])
    edges = np.linspace(float(both.min()), float(both.max()) + 1e-9, BINS + 1)
    middle, width = (edges[:-1] + edges[1:]) / 2.0, float(edges[1] - edges[0])
    counts = np.histogram(potential, edges)[0]
    figure = go.Figure()
    figure.add_bar(
        x=middle,
        y=np.where(counts > 0, counts, np.nan),
        width=0.94 * width,
        name=text("fig.card.atom", lang, k=atom + 1),
        marker={"color": np.where(middle > 0, theme.ACCENT, theme.FAINT).tolist()},
        hovertemplate="p = %{x:.2f}: n = %{y:,}<extra></extra>",
    )
    if second is not None:
        other = np.histogram(second[1], edges)[0]
        figure.add_scatter(
            x=middle,
            y=np.where(other > 0, other, np.nan),
            mode="lines",
            line={"color": SECOND, "width": 2, "shape": "hvh"},
            name=text("fig.card.atom", lang, k=second[0] + 1),
            hovertemplate="p = %{x:.2f}: n = %{y:,}<extra></extra>",
        )
    top = float(np.log10(max(int(counts.max()), 1))) + 0.35
    figure.add_vline(x=0, line={"color": theme.MUTED, "width": 1.2, "dash": "dot"})
    if current is not None:
        figure.add_scatter(
            x=[current],
            y=[float(10.0 ** (top - 0.22))],
            mode="markers",
            name=text("fig.card.current", lang, pair=theme.label(current_name)),
            marker={"symbol": "triangle-down", "size": 13, "color": theme.WARN},
            hovertemplate="p = %{x:.2f}<extra></extra>",
        )
    above = float((potential > 0).mean())
    theme.finish(
        figure,
        title=text("fig.card.histogram", lang, k=atom + 1),
        alt=text("fig.card.histogram_alt", lang, k=atom + 1, n=len(potential), share=above, top=float(potential.max())),
        synthetic=synthetic,
        lang=lang,
        height=330,
        margin=(60, 16, 72, 44),
        note=text("fig.card.histogram_note", lang, n=f"{len(potential):,}", share=f"{100 * above:.1f}"),
    )
    figure.update_layout(bargap=0, showlegend=second is not None or current is not None)
    figure.update_yaxes(type="log", range=[-0.25, top], title_text=text("fig.card.count", lang), dtick=1)
    figure.update_xaxes(title_text=text("fig.card.potential", lang))
    return figure


def gates_by_line(
    record: SupportGatesRecord,
    atom: int,
    *,
    second: int | None = None,
    planted: Sequence[float] | None = None,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return alpha_k and delta_k of each line over random supports: dots, their mean and central 90 %.

    Parameters
    ----------
    second
        A pinned atom, drawn beside the first one.
    planted
        True gates by line of the mechanism that the atom stands for, times the sign of its r: planted worlds alone.
    """
    figure = make_subplots(
        rows=1,
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.07,
        subplot_titles=[text("fig.card.alpha", lang), text("fig.card.delta", lang)],
    )
    rows = np.arange(len(record.lines))
    shown = [(atom, theme.ACCENT, 0.0)] if second is None else [(atom, theme.ACCENT, -0.16), (second, SECOND, 0.16)]
    for column, values in ((1, record.gate), (2, record.evidence)):
        figure.add_vrect(
            x0=-1e3,
            x1=0,
            fillcolor=theme.rgba(theme.NEGATIVE, 0.06),
            line_width=0,
            layer="below",
            row=1,
            col=column,
            exclude_empty_subplots=False,
        )
        figure.add_vline(x=0, line={"color": theme.MUTED, "width": 1}, row=1, col=column, exclude_empty_subplots=False)
        for which, colour, shift in shown:
            spread = values[:, :, which]
            jitter = np.linspace(-0.1, 0.1, spread.shape[1])
            figure.add_scatter(
                x=spread.ravel(),
                y=(rows[:, None] + shift + jitter).ravel(),
                mode="markers",
                name=text("fig.card.supports", lang, k=which + 1),
                showlegend=False,
                marker={"size": 4.5, "color": theme.rgba(colour, 0.4)},
                hovertemplate="%{x:.2f}<extra></extra>",
                row=1,
                col=column,
            )
            low, high = np.quantile(spread, [0.05, 0.95], axis=1)
            mean = spread.mean(axis=1)
            figure.add_scatter(
                x=mean,
                y=rows + shift,
                mode="markers",
                name=text("fig.card.atom", lang, k=which + 1),
                showlegend=column == 1,
                text=[theme.label(name) for name in record.lines],
                marker={"size": 10, "color": colour},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": np.maximum(high - mean, 0.0),
                    "arrayminus": np.maximum(mean - low, 0.0),
                    "color": colour,
                    "thickness": 2,
                    "width": 0,
                },
                hovertemplate="%{text}: %{x:.2f}<extra></extra>",
                row=1,
                col=column,
            )
        widest = float(np.abs(values[:, :, [item[0] for item in shown]]).max()) if values.size else 1.0
        limit = 1.08 if column == 1 else 1.15 * max(widest, 0.1)
        figure.update_xaxes(range=[-limit, limit], row=1, col=column)
    if planted is not None:
        figure.add_scatter(
            x=list(planted),
            y=rows,
            mode="markers",
            name=text("fig.card.planted", lang),
            marker={"symbol": "x-thin-open", "size": 13, "color": TRUTH, "line": {"width": 3}},
            hovertemplate="%{x:.2f}<extra></extra>",
            row=1,
            col=1,
        )
    mean = record.gate[:, :, atom].mean(axis=1)
    theme.finish(
        figure,
        title=text("fig.card.gates", lang, k=atom + 1),
        alt=text(
            "fig.card.gates_alt",
            lang,
            k=atom + 1,
            on=int((mean > 0).sum()),
            off=int((mean < 0).sum()),
            low=float(mean.min()),
            high=float(mean.max()),
        ),
        synthetic=synthetic,
        lang=lang,
        height=190 + 42 * len(rows),
        margin=(60, 16, 96, 44),
        note=text("fig.card.gates_note", lang, n=record.gate.shape[1], shots=record.shots),
    )
    figure.update_layout(legend={"y": 1.12})
    figure.update_annotations(selector={"xanchor": "center"}, font={"size": 13, "color": theme.INK})
    figure.update_yaxes(range=[len(rows) - 0.4, -0.6], gridcolor="rgba(0,0,0,0)")
    figure.update_yaxes(tickvals=rows, ticktext=[theme.label(name) for name in record.lines], row=1, col=1)
    figure.update_xaxes(title_text=text("fig.card.gate_axis", lang), row=1, col=1)
    figure.update_xaxes(title_text=text("fig.card.delta_axis", lang), row=1, col=2)
    return figure


def steering_figure(
    record: SteeringRecord,
    names: Sequence[str],
    factor: float,
    *,
    second: SteeringRecord | None = None,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return P of each pinned pair against the factor on alpha_k; the factor chosen is marked, as is what it means.

    Parameters
    ----------
    names
        (Q,) of the pairs; at most six are drawn.
    second
        The same pairs under another atom, dashed in the same colours.
    """
    figure = go.Figure()
    for low, high in ((-4.0, -record.bound), (record.bound, 4.0)):
        if high > low:
            figure.add_vrect(x0=low, x1=high, fillcolor=theme.rgba("#7A8B93", 0.16), line_width=0, layer="below")
    at = int(np.argmin(np.abs(record.factors - factor)))
    for place, name in enumerate(names[:MOST_CURVES]):
        colour = theme.OKABE_ITO[place % len(theme.OKABE_ITO)]
        figure.add_scatter(
            x=record.factors,
            y=record.probability[:, place],
            mode="lines",
            name=theme.label(name),
            line={"color": colour, "width": 2.2},
            hovertemplate="%{x:.2f} × α: P = %{y:.2f}<extra>" + theme.label(name) + "</extra>",
        )
        if second is not None:
            figure.add_scatter(
                x=second.factors,
                y=second.probability[:, place],
                mode="lines",
                name=f"{theme.label(name)} · {text('fig.card.atom', lang, k=second.atom + 1)}",
                showlegend=False,
                line={"color": colour, "width": 1.6, "dash": "dash"},
                hovertemplate="%{x:.2f} × α: P = %{y:.2f}<extra></extra>",
            )
        figure.add_scatter(
            x=[record.factors[at]],
            y=[record.probability[at, place]],
            mode="markers",
            name=theme.label(name),
            showlegend=False,
            marker={"size": 10, "color": colour, "line": {"width": 1.5, "color": "white"}},
            hovertemplate="P = %{y:.3f}<extra></extra>",
        )
    figure.add_vline(x=float(record.factors[at]), line={"color": theme.INK, "width": 1.2})
    figure.add_vline(x=1, line={"color": theme.MUTED, "width": 1, "dash": "dot"})
    same = int(np.argmin(np.abs(record.factors - 1.0)))
    moved = record.probability[at] - record.probability[same]
    strongest = int(np.argmax(np.abs(moved))) if len(moved) else 0
    theme.finish(
        figure,
        title=text("fig.card.steering", lang, k=record.atom + 1),
        alt=text(
            "fig.card.steering_alt",
            lang,
            k=record.atom + 1,
            n=len(names),
            factor=float(record.factors[at]),
            pair=theme.label(names[strongest]) if len(names) else "–",
            moved=float(moved[strongest]) if len(moved) else 0.0,
        ),
        synthetic=synthetic,
        lang=lang,
        height=380,
        margin=(60, 16, 84, 44),
        note=text("fig.card.steering_note", lang, gate=f"{record.gate:+.2f}"),
    )
    figure.update_xaxes(title_text=text("fig.card.factor", lang), range=[-3.1, 3.1], dtick=1)
    figure.update_yaxes(title_text=text("fig.probability", lang), range=[-0.03, 1.03])
    return figure


def track_figure(uses: Sequence[TrackUse], atom: int, *, synthetic: bool | None, lang: str = "en") -> go.Figure:
    """Return how an atom spreads over periods and wavelet bands of the position track: share times |weight| as bars."""
    figure = go.Figure()
    strongest, label = 0.0, "–"
    for place, use in enumerate(uses):
        values = use.share[atom] * abs(float(use.weight[atom]))
        figure.add_bar(
            x=[f"{text(f'fig.card.track.{use.kind}', lang)}<br>{name}" for name in use.labels],
            y=values,
            name=text(f"fig.card.track.{use.kind}", lang),
            marker={"color": theme.OKABE_ITO[place]},
            hovertemplate="%{x}: %{y:.3f}<extra></extra>",
        )
        if len(values) and float(values.max()) > strongest:
            strongest, label = float(values.max()), use.labels[int(values.argmax())]
    theme.finish(
        figure,
        title=text("fig.card.track", lang, k=atom + 1),
        alt=text("fig.card.track_alt", lang, k=atom + 1, label=label, value=strongest),
        synthetic=synthetic,
        lang=lang,
        height=300,
        margin=(60, 16, 72, 60),
    )
    figure.update_layout(showlegend=len(uses) > 1)
    figure.update_yaxes(title_text=text("fig.card.track_axis", lang), rangemode="tozero")
    return figure


def top_arcs(
    places: PairPlaces,
    probability: Array,
    labels: NDArray[np.int8],
    chrom: str,
    atom: int,
    *,
    least: float = 0.0,
    opacity: float = 0.6,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return an atom's top pairs of one chromosome as arcs, coloured by their known label."""
    rows = np.flatnonzero(places.chrom == chrom)
    found = arcs.Arcs(
        chrom,
        places.enhancer[rows],
        places.promoter[rows],
        probability[rows],
        labels[rows],
        [str(name) for name in places.pair_id[rows]],
    )
    figure = arcs.arcs_figure(found, least=least, opacity=opacity, synthetic=synthetic, lang=lang)
    figure.layout.title.text = f"<b>{text('fig.card.arcs', lang, k=atom + 1, chrom=theme.label(chrom))}</b>"
    return figure
