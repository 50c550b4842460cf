"""Are the atoms independent: singular values, ranks and cosines of V."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.records import SpectrumRecord
from metabam.texts import text

SIGMA_RATIO = "σ<sub>i</sub> / σ<sub>1</sub>"
RATIO_TICKS = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)


def spectrum_figure(
    record: SpectrumRecord, *, synthetic: bool | None, lang: str = "en", normalised: bool = False
) -> go.Figure:
    """Return sigma_i / sigma_1 on a log axis over the band of Gaussian matrices of the same shape.

    Parameters
    ----------
    record
        Singular values, raw and row-normalised, with the 5 and 95 % band.
    synthetic
        Origin of the data, for the badge.
    normalised
        Draw the row-normalised values strong and the raw ones faint, instead of the reverse.
    """
    figure = go.Figure()
    place = np.arange(1, len(record.null_low) + 1)
    figure.add_scatter(
        x=np.r_[place, place[::-1]],
        y=np.r_[record.null_high, record.null_low[::-1]],
        mode="lines",
        fill="toself",
        fillcolor=theme.rgba("#7A8B93", 0.22),
        line={"width": 0},
        hoverinfo="skip",
        name=text("fig.spectrum.null", lang, draws=record.null_draws),
    )
    curves = ((record.singular, "raw", not normalised), (record.singular_normalised, "normalised", normalised))
    for values, kind, strong in curves:
        ratio = _relative(values)
        figure.add_scatter(
            x=np.arange(1, len(ratio) + 1),
            y=ratio,
            mode="lines+markers",
            name=text(f"fig.spectrum.{kind}", lang),
            line={"color": theme.ACCENT if strong else theme.FAINT, "width": 2.4 if strong else 1.4},
            marker={"size": 7 if strong else 5},
            hovertemplate="i = %{x}: %{y:.3f}<extra></extra>",
        )
    rank = record.effective_rank_normalised if normalised else record.effective_rank
    theme.finish(
        figure,
        title=text("fig.spectrum.title", lang),
        alt=text("fig.spectrum.alt", lang, rank=rank, top=record.max_rank),
        synthetic=synthetic,
        lang=lang,
        height=360,
        margin=(64, 20, 72, 44),
    )
    lowest = float(np.nanmin([*_relative(record.singular), *_relative(record.singular_normalised), *record.null_low]))
    figure.update_yaxes(
        type="log",
        title_text=SIGMA_RATIO,
        tickvals=list(RATIO_TICKS),
        ticktext=[f"{tick:g}" for tick in RATIO_TICKS],
        range=[np.log10(max(lowest, 1e-4)) - 0.1, 0.08],
    )
    figure.update_xaxes(title_text=text("fig.spectrum.index", lang), range=[0.5, len(place) + 0.5])
    return figure


def _relative(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values over the first; zeros become NaN, because a log axis has no place for them."""
    top = float(values[0]) if len(values) and values[0] > 0 else 1.0
    ratio = np.asarray(values, dtype=np.float64) / top
    return np.where(ratio > 1e-12, ratio, np.nan)


def sigma_over_steps(
    records: Sequence[SpectrumRecord], *, synthetic: bool | None, lang: str = "en", normalised: bool = False
) -> go.Figure:
    """Return the singular values of every snapshot as a heat map: steps across, index down, Cividis."""
    kept = [record.singular_normalised if normalised else record.singular for record in records]
    longest = max(len(values) for values in kept)
    grid = np.full((longest, len(kept)), np.nan)
    for column, values in enumerate(kept):
        grid[: len(values), column] = values
    steps = [str(record.step) for record in records]
    figure = go.Figure(
        go.Heatmap(
            z=grid,
            x=steps,
            y=list(range(1, longest + 1)),
            colorscale="Cividis",
            zmin=0,
            zmax=float(np.nanmax(grid)),
            name="sigma",
            colorbar={
                "title": {"text": "σ<sub>i</sub>", "side": "top"},
                "thickness": 10,
                "outlinewidth": 0,
                "len": 0.95,
            },
            hovertemplate=text("fig.steps.hover", lang) + "<extra></extra>",
        )
    )
    theme.finish(
        figure,
        title=text("fig.steps.title", lang),
        alt=text("fig.steps.alt", lang, n=len(records), first=float(kept[0][0]), last=float(kept[-1][0])),
        synthetic=synthetic,
        lang=lang,
        height=360,
    )
    figure.update_yaxes(
        autorange="reversed", title_text=text("fig.spectrum.index", lang), nticks=8, gridcolor="rgba(0,0,0,0)"
    )
    figure.update_xaxes(title_text=text("fig.step", lang), type="category", nticks=8)
    return figure


def ranks_over_steps(records: Sequence[SpectrumRecord], *, synthetic: bool | None, lang: str = "en") -> go.Figure:
    """Return effective and stable rank over the steps, with half of min(K, D) as the warning line."""
    steps = [record.step for record in records]
    figure = go.Figure()
    for name, values, colour in (
        ("effective", [record.effective_rank for record in records], theme.OKABE_ITO[0]),
        ("stable", [record.stable_rank for record in records], theme.OKABE_ITO[2]),
    ):
        figure.add_scatter(
            x=steps,
            y=values,
            mode="lines+markers",
            name=text(f"fig.ranks.{name}", lang),
            line={"color": colour, "width": 2},
            marker={"size": 6},
            hovertemplate="%{x}: %{y:.2f}<extra></extra>",
        )
    half = records[-1].max_rank / 2
    figure.add_hline(
        y=half,
        line={"color": theme.WARN, "width": 1.2, "dash": "dot"},
        annotation={
            "text": text("fig.ranks.half", lang, half=f"{half:g}"),
            "font": {"size": 11, "color": theme.WARN},
            "xanchor": "left",
            "yanchor": "top",
        },
        annotation_position="bottom left",
    )
    theme.finish(
        figure,
        title=text("fig.ranks.title", lang),
        alt=text(
            "fig.ranks.alt",
            lang,
            first=records[0].effective_rank,
            last=records[-1].effective_rank,
            top=records[-1].max_rank,
        ),
        synthetic=synthetic,
        lang=lang,
        height=300,
        margin=(64, 20, 72, 44),
    )
    figure.update_yaxes(title_text=text("fig.ranks.axis", lang), range=[0, records[-1].max_rank * 1.06])
    figure.update_xaxes(title_text=text("fig.step", lang))
    return figure


def coherence_over_steps(records: Sequence[SpectrumRecord], *, synthetic: bool | None, lang: str = "en") -> go.Figure:
    """Return the largest and the mean |cosine| between two atoms over the steps."""
    steps = [record.step for record in records]
    figure = go.Figure()
    for name, values, colour in (
        ("max", [record.max_cosine for record in records], theme.OKABE_ITO[1]),
        ("mean", [record.mean_cosine for record in records], theme.OKABE_ITO[0]),
    ):
        figure.add_scatter(
            x=steps,
            y=values,
            mode="lines+markers",
            name=text(f"fig.cosine.{name}", lang),
            line={"color": colour, "width": 2},
            marker={"size": 6},
            hovertemplate="%{x}: %{y:.3f}<extra></extra>",
        )
    theme.finish(
        figure,
        title=text("fig.cosine.title", lang),
        alt=text("fig.cosine.alt", lang, last=records[-1].max_cosine, mean=records[-1].mean_cosine),
        synthetic=synthetic,
        lang=lang,
        height=300,
        margin=(64, 20, 72, 44),
    )
    figure.update_yaxes(title_text="|cos(v<sub>i</sub>, v<sub>j</sub>)|", range=[0, 1.03])
    figure.update_xaxes(title_text=text("fig.step", lang))
    return figure


def cluster_order(cosines: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the atoms reordered so that alike ones stand together: a greedy walk to the nearest |cosine| left."""
    size = len(cosines)
    strength = np.abs(np.nan_to_num(cosines)).copy()
    np.fill_diagonal(strength, -1.0)
    if size == 0:
        return np.empty(0, dtype=np.int64)
    order = [int(np.argmax(strength.max(axis=1)))]
    left = set(range(size)) - set(order)
    while left:
        ahead = max(left, key=lambda atom: (strength[order[-1], atom], -atom))
        order.append(ahead)
        left.remove(ahead)
    return np.asarray(order, dtype=np.int64)


def cosine_map(
    record: SpectrumRecord, *, synthetic: bool | None, lang: str = "en", threshold: float = 0.9
) -> go.Figure:
    """Return the clustered cosine map of the atoms; a clickable marker lies on every cell, duplicates are outlined.

    ``customdata`` of a cell is ``"i,j"``, atoms counted from 1 as on screen.
    """
    order = cluster_order(record.cosines)
    names = [str(atom + 1) for atom in order]
    grid = record.cosines[np.ix_(order, order)]
    figure = go.Figure(
        go.Heatmap(
            z=grid,
            x=names,
            y=names,
            colorscale=list(theme.SIGNED),
            zmin=-1,
            zmax=1,
            zmid=0,
            name="cosine",
            xgap=1,
            ygap=1,
            colorbar={
                "title": {"text": "cos", "side": "top"},
                "thickness": 10,
                "outlinewidth": 0,
                "tickvals": [-1, -0.5, 0, 0.5, 1],
                "len": 0.95,
            },
            hoverinfo="skip",
        )
    )
    rows, columns = np.meshgrid(np.arange(len(order)), np.arange(len(order)), indexing="ij")
    alike = (np.abs(grid) >= threshold) & (rows != columns)
    pairs = [f"{names[i]},{names[j]}" for i, j in zip(rows.ravel(), columns.ravel(), strict=True)]
    size = max(8, min(24, int(330 / max(len(order), 1))))
    figure.add_scatter(
        x=[names[j] for j in columns.ravel()],
        y=[names[i] for i in rows.ravel()],
        mode="markers",
        name="",
        ids=pairs,
        customdata=pairs,
        text=[f"{value:.2f}" for value in grid.ravel()],
        showlegend=False,
        marker={
            "symbol": "square",
            "size": size,
            "color": "rgba(0,0,0,0)",
            "line": {"width": np.where(alike.ravel(), 2.0, 0.0).tolist(), "color": "#F0E442"},
        },
        hovertemplate=text("fig.map.hover", lang) + "<extra></extra>",
    )
    duplicates = int(alike.sum()) // 2
    theme.finish(
        figure,
        title=text("fig.map.title", lang),
        alt=text("fig.map.alt", lang, n=len(order), duplicates=duplicates, threshold=threshold, top=record.max_cosine),
        synthetic=synthetic,
        lang=lang,
        height=460,
        note=text("fig.map.note", lang, duplicates=duplicates, threshold=f"{threshold:.2f}"),
    )
    figure.update_xaxes(type="category", title_text=text("fig.path.atom_axis", lang), gridcolor="rgba(0,0,0,0)")
    figure.update_yaxes(
        type="category", autorange="reversed", title_text=text("fig.path.atom_axis", lang), gridcolor="rgba(0,0,0,0)"
    )
    return figure
