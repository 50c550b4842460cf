"""What sixteen pairs taught the model: posterior, gates, shots, reconstruction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.records import ConvergenceRecord
from metabam.texts import text

Array = NDArray[np.float64]


def posterior_figure(
    mean: Array, std: Array, prior_mean: Array, prior_std: Array, *, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return posterior against prior per dimension of z: bars are 90 % intervals, the number is sd over prior sd.

    All arguments are (Z,).
    """
    reach = 1.645
    figure = go.Figure()
    rows = np.arange(len(mean))
    figure.add_scatter(
        x=prior_mean,
        y=rows + 0.17,
        mode="markers",
        name=text("fig.posterior.prior", lang),
        marker={"color": theme.FAINT, "size": 12, "symbol": "line-ew-open", "line": {"width": 5}},
        error_x={"type": "data", "array": reach * prior_std, "color": theme.FAINT, "thickness": 5, "width": 0},
        hovertemplate="%{x:.2f} ± %{error_x.array:.2f}<extra></extra>",
    )
    figure.add_scatter(
        x=mean,
        y=rows - 0.17,
        mode="markers",
        name=text("fig.posterior.posterior", lang),
        marker={"color": theme.ACCENT, "size": 9},
        error_x={"type": "data", "array": reach * std, "color": theme.ACCENT, "thickness": 2.2, "width": 0},
        hovertemplate="%{x:.2f} ± %{error_x.array:.2f}<extra></extra>",
    )
    ratio = std / np.maximum(prior_std, 1e-12)
    edge = float(np.max(np.abs(np.r_[prior_mean, mean]) + reach * np.r_[prior_std, std]))
    for row, value in zip(rows, ratio, strict=True):
        figure.add_annotation(
            x=edge * 1.1,
            y=row,
            text=f"{value:.2f}",
            showarrow=False,
            xanchor="left",
            font={"size": 12, "color": theme.INK if value < 0.7 else theme.MUTED},
        )
    figure.add_annotation(
        x=edge * 1.1,
        y=-0.85,
        text=text("fig.posterior.ratio", lang),
        showarrow=False,
        xanchor="left",
        font={"size": 11, "color": theme.MUTED},
    )
    theme.finish(
        figure,
        title=text("fig.posterior.title", lang),
        alt=text("fig.posterior.alt", lang, ratio=float(ratio.mean()), n=int((ratio < 0.7).sum()), z=len(mean)),
        synthetic=synthetic,
        lang=lang,
        height=max(300, 42 * len(mean) + 130),
        margin=(48, 20, 72, 44),
    )
    figure.update_yaxes(
        range=[len(mean) - 0.4, -1.15],
        tickvals=rows,
        ticktext=[f"z{row + 1}" for row in rows],
        gridcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(
        title_text=text("fig.posterior.axis", lang),
        range=[-edge * 1.08, edge * 1.42],
        tickvals=[tick for tick in range(-4, 5) if abs(tick) <= edge],
    )
    return figure


def gates_figure(
    gates: Array,
    lower: Array,
    upper: Array,
    *,
    prior: Array | None = None,
    names: Sequence[str] = (),
    top: int = 12,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return the strongest gates with their 90 % intervals over z; open marks are the gates before the support.

    Parameters
    ----------
    gates, lower, upper, prior
        (K,) in [-1, 1].
    names
        One readable name per atom, for the hover.
    top
        How many to draw; the rest are counted in the note.
    """
    order = np.argsort(-np.abs(gates), kind="stable")[:top]
    rows = np.arange(len(order))
    figure = go.Figure()
    figure.add_vline(x=0, line={"color": theme.MUTED, "width": 1})
    hover = [theme.label(names[atom]) if atom < len(names) else "" for atom in order]
    figure.add_scatter(
        x=gates[order],
        y=rows,
        mode="markers",
        name=text("fig.gates.after", lang),
        text=hover,
        marker={
            "size": 11,
            "color": gates[order],
            "colorscale": list(theme.SIGNED),
            "cmin": -1,
            "cmax": 1,
            "line": {"color": theme.INK, "width": 1},
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": np.maximum(upper - gates, 0)[order],
            "arrayminus": np.maximum(gates - lower, 0)[order],
            "color": theme.MUTED,
            "thickness": 1.8,
            "width": 0,
        },
        hovertemplate="α = %{x:.2f}<br>%{text}<extra></extra>",
    )
    if prior is not None:
        figure.add_scatter(
            x=prior[order],
            y=rows,
            mode="markers",
            name=text("fig.gates.before", lang),
            marker={"symbol": "line-ns-open", "size": 12, "color": theme.MUTED, "line": {"width": 1.6}},
            hovertemplate="α = %{x:.2f}<extra></extra>",
        )
    sure = int(((lower > 0) | (upper < 0)).sum())
    theme.finish(
        figure,
        title=text("fig.gates.title", lang),
        alt=text("fig.gates.alt", lang, sure=sure, k=len(gates), first=int(order[0]) + 1, value=float(gates[order[0]])),
        synthetic=synthetic,
        lang=lang,
        height=max(300, 26 * len(order) + 150),
        margin=(72, 20, 72, 44),
        note=text("shell.shown", lang, shown=len(order), total=len(gates)),
    )
    figure.update_yaxes(
        range=[len(order) - 0.4, -0.7],
        tickvals=rows,
        ticktext=[text("fig.gates.atom", lang, k=atom + 1) for atom in order],
    )
    figure.update_xaxes(
        title_text=text("fig.gates.axis", lang),
        range=[-1.08, 1.08],
        tickvals=[-1, -0.5, 0, 0.5, 1],
        ticktext=["−1", "−0.5", "0", "+0.5", "+1"],
    )
    return figure


def _band(figure: go.Figure, shots: NDArray[np.int64], draws: Array, colour: str, name: str) -> None:
    """Add median and 5 to 95 % band of (orders, n) values."""
    low, middle, high = np.nanquantile(draws, [0.05, 0.5, 0.95], axis=0)
    figure.add_scatter(
        x=np.r_[shots, shots[::-1]],
        y=np.r_[high, low[::-1]],
        mode="lines",
        fill="toself",
        fillcolor=theme.rgba(colour, 0.18),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
        name="",
    )
    figure.add_scatter(
        x=shots,
        y=middle,
        mode="lines+markers",
        name=name,
        line={"color": colour, "width": 2},
        marker={"size": 5},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": high - middle,
            "arrayminus": middle - low,
            "visible": False,
        },
        hovertemplate="%{x}: %{y:.3f}<extra></extra>",
    )


def sigma_figure(record: ConvergenceRecord, *, synthetic: bool | None, lang: str = "en") -> go.Figure:
    """Return the mean posterior sd against the number of pairs: median over orders, 5 to 95 % band."""
    figure = go.Figure()
    mean_std = record.std.mean(axis=2)
    _band(figure, record.shots, mean_std, theme.ACCENT, text("fig.sigma.name", lang))
    middle = np.median(mean_std, axis=0)
    _shots(
        figure,
        record,
        lang,
        synthetic,
        title=text("fig.sigma.title", lang),
        axis=text("fig.sigma.axis", lang),
        alt=text("fig.sigma.alt", lang, first=float(middle[0]), last=float(middle[-1]), shots=int(record.shots[-1])),
    )
    figure.update_yaxes(rangemode="tozero")
    return figure


def likelihood_figure(record: ConvergenceRecord, *, synthetic: bool | None, lang: str = "en") -> go.Figure:
    """Return the log-likelihood of the whole support against the number of pairs that the model was given."""
    figure = go.Figure()
    _band(figure, record.shots, record.log_likelihood, theme.OKABE_ITO[2], text("fig.likelihood.name", lang))
    middle = np.median(record.log_likelihood, axis=0)
    _shots(
        figure,
        record,
        lang,
        synthetic,
        title=text("fig.likelihood.title", lang),
        axis=text("fig.likelihood.axis", lang),
        alt=text("fig.likelihood.alt", lang, first=float(middle[0]), last=float(middle[-1])),
    )
    return figure


def gates_by_shots(record: ConvergenceRecord, *, synthetic: bool | None, lang: str = "en", top: int = 5) -> go.Figure:
    """Return the gates that end strongest against the number of pairs: median over orders, 5 to 95 % band."""
    final = np.median(record.spectrum[:, -1, :], axis=0)
    chosen = np.argsort(-np.abs(final), kind="stable")[:top]
    figure = go.Figure()
    for place, atom in enumerate(chosen):
        _band(
            figure,
            record.shots,
            record.spectrum[:, :, atom],
            theme.OKABE_ITO[place % len(theme.OKABE_ITO)],
            text("fig.gates.atom", lang, k=int(atom) + 1),
        )
    figure.add_hline(y=0, line={"color": theme.MUTED, "width": 1})
    _shots(
        figure,
        record,
        lang,
        synthetic,
        title=text("fig.gateshots.title", lang),
        axis=text("fig.gates.axis", lang),
        alt=text("fig.gateshots.alt", lang, atom=int(chosen[0]) + 1, value=float(final[chosen[0]])),
    )
    figure.update_yaxes(range=[-1.08, 1.08], tickvals=[-1, -0.5, 0, 0.5, 1], ticktext=["−1", "−0.5", "0", "+0.5", "+1"])
    return figure


def _shots(
    figure: go.Figure, record: ConvergenceRecord, lang: str, synthetic: bool | None, *, title: str, axis: str, alt: str
) -> None:
    """Finish a figure whose x is the number of support pairs."""
    theme.finish(
        figure,
        title=title,
        alt=alt,
        synthetic=synthetic,
        lang=lang,
        height=300,
        margin=(60, 16, 72, 44),
        note=text("fig.shots.note", lang, orders=len(record.std)),
    )
    ticks = [int(shot) for shot in record.shots]
    if len(ticks) > 9:
        ticks = [shot for shot in ticks if shot in (1, 2) or shot % 4 == 0] or ticks
    figure.update_xaxes(title_text=text("fig.shots.axis", lang), tickvals=ticks)
    figure.update_yaxes(title_text=axis)


def reconstruction_figure(
    labels: NDArray[np.int8],
    probability: Array,
    prior: Array,
    names: Sequence[str],
    *,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return the model's own prediction of each support pair, before and after it saw the support.

    All arrays are (S,), in the order of the table. The model has seen these labels, so this shows fit, not skill.
    """
    rows = np.arange(len(labels))
    figure = go.Figure()
    for row in rows:
        figure.add_shape(
            type="line",
            x0=prior[row],
            x1=probability[row],
            y0=row,
            y1=row,
            layer="below",
            line={"color": theme.FAINT, "width": 1.4},
        )
    figure.add_scatter(
        x=prior,
        y=rows,
        mode="markers",
        name=text("fig.recon.prior", lang),
        text=[theme.label(name) for name in names],
        marker={"symbol": "line-ns-open", "size": 10, "color": theme.MUTED, "line": {"width": 1.6}},
        hovertemplate="%{text}<br>P = %{x:.2f}<extra></extra>",
    )
    for value, colour in ((1, theme.POSITIVE), (0, theme.NEGATIVE)):
        chosen = labels == value
        figure.add_scatter(
            x=probability[chosen],
            y=rows[chosen],
            mode="markers",
            name=text(f"fig.label.{value}", lang),
            text=[theme.label(names[row]) for row in rows[chosen]],
            marker={
                "symbol": theme.SUPPORT_SYMBOL if value else f"{theme.SUPPORT_SYMBOL}-open",
                "size": 10,
                "color": colour,
                "line": {"width": 1.6},
            },
            hovertemplate="%{text}<br>P = %{x:.2f}<extra></extra>",
        )
    right = int(((probability >= 0.5) == (labels == 1)).sum())
    figure.add_vline(x=0.5, line={"color": theme.FAINT, "width": 1, "dash": "dot"})
    theme.finish(
        figure,
        title=text("fig.recon.title", lang),
        alt=text("fig.recon.alt", lang, right=right, n=len(labels)),
        synthetic=synthetic,
        lang=lang,
        height=max(300, 19 * len(labels) + 150),
        margin=(56, 20, 72, 44),
        note=text("fig.recon.note", lang),
    )
    figure.update_yaxes(
        range=[len(labels) - 0.4, -0.6],
        title_text=text("fig.recon.axis", lang),
        tickvals=rows[:: max(1, len(rows) // 16)],
        ticktext=[str(row + 1) for row in rows[:: max(1, len(rows) // 16)]],
        gridcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(title_text=text("fig.probability", lang), range=[-0.03, 1.03])
    return figure
