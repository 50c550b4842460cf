"""Fingerprint drift: the matrix of swaps, the scores of one cell, and its pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.records import SWAP_SCORES, IntArray, SwapRecord
from metabam.texts import text

Array = NDArray[np.float64]
CHANGES = ((0, 0), (1, 1), (0, 1), (1, 0))
"""Label under the sequences' own line, then under the fingerprint's line."""
HALVES = (("auroc", "", "fig.drift.auroc"), ("reversal", "reversal_", "fig.drift.reversal"))
CHANGE_COLOURS = ("#C3CDD1", "#7C8B93", theme.POSITIVE, theme.NEGATIVE)


def brief(lines: Sequence[str]) -> list[str]:
    """Return names of lines without their assay, where that leaves them distinct."""
    short = [line.split(" | ")[0] for line in lines]
    return short if len(set(short)) == len(set(lines)) else list(lines)


def matrix_figure(
    record: SwapRecord,
    *,
    reversals: bool = False,
    chosen: tuple[int, int] | None = None,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return AUROC of each line's fingerprint (column) on each line's sequences (row); a marker lies on every cell.

    Parameters
    ----------
    record
        Swaps of E lines.
    reversals
        Only the pairs whose label differs between the two lines.
    chosen
        Row and column of the outlined cell.
    """
    name = "reversal" if reversals else "auroc"
    values, counts = getattr(record, name), record.n_reversal if reversals else record.n
    lines = [theme.label(line) for line in brief(record.lines)]
    figure = go.Figure(
        go.Heatmap(
            z=values, x=lines, y=lines, zmin=0, zmax=1, zmid=0.5, colorscale=list(theme.SIGNED), name=name,
            xgap=2, ygap=2, hoverinfo="skip", showscale=False,
        )
    )  # fmt: skip
    figure.add_scatter(**_cells(record, name, values, counts, chosen, lang))
    off = values[~np.eye(len(lines), dtype=bool)]
    known = off[np.isfinite(off)]
    theme.finish(
        figure,
        title=text("fig.drift.matrix", lang),
        alt=text("fig.drift.matrix.alt", lang, n=len(lines), mean=float(known.mean()) if len(known) else np.nan),
        synthetic=synthetic,
        lang=lang,
        height=max(380, 46 * len(lines) + 170),
        note=text(f"fig.drift.matrix.{record.judged_by}{'_reversals' if reversals else ''}", lang),
    )
    across = {"type": "category", "gridcolor": "rgba(0,0,0,0)"}
    figure.update_xaxes(**across, title_text=text("fig.drift.columns", lang), range=[-0.5, len(lines) - 0.5])
    figure.update_yaxes(**across, title_text=text("fig.drift.rows", lang), range=[len(lines) - 0.5, -0.5])
    figure.update_layout(clickmode="event+select")
    return figure


def _cells(
    record: SwapRecord, name: str, values: Array, counts: IntArray, chosen: tuple[int, int] | None, lang: str
) -> dict[str, object]:
    """Return the trace of square markers that carry value, hover and identity of every cell."""
    size = len(record.lines)
    places = [(row, column) for row in range(size) for column in range(size)]
    at = SWAP_SCORES.index(name)
    short = [theme.label(line) for line in brief(record.lines)]
    shown, hover, inks = [], [], []
    for row, column in places:
        value, n = values[row, column], int(counts[row, column])
        low, high = record.low[at, row, column], record.high[at, row, column]
        what = {"row": theme.label(record.lines[row]), "column": theme.label(record.lines[column]), "n": n}
        if np.isfinite(value):
            shown.append(f"{value:.2f}")
            hover.append(text("fig.drift.matrix.hover", lang, value=f"{value:.3f}", low=low, high=high, **what))
        else:
            shown.append(f"n = {n}")
            hover.append(text("fig.drift.matrix.none", lang, **what))
        inks.append("white" if np.isfinite(value) and abs(value - 0.5) > 0.38 else theme.INK)
    return {
        "x": [short[column] for _, column in places],
        "y": [short[row] for row, _ in places],
        "mode": "markers+text",
        "name": "",
        "ids": [f"{row},{column}" for row, column in places],
        "customdata": [f"{row},{column}" for row, column in places],
        "text": shown,
        "textfont": {"size": 12, "color": inks},
        "hovertext": hover,
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": False,
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
        "marker": {
            "symbol": "square",
            "size": max(14, min(38, int(260 / max(size, 1)))),
            "color": "rgba(0,0,0,0)",
            "line": {"width": [2.4 if place == chosen else 0.0 for place in places], "color": theme.INK},
        },
    }


def scores_figure(record: SwapRecord, row: int, column: int, *, synthetic: bool | None, lang: str = "en") -> go.Figure:
    """Return the scores of one cell with their 95 % intervals: the swapped fingerprint and its three controls.

    Upper half: all pairs that both lines label; lower half: only those whose label differs. The bar of the shuffled
    control spans its own fingerprints.
    """
    order = ("", "other", "prior", "shuffled")
    figure = go.Figure()
    ticks, places = [], []
    for half, (own, prefix, key) in enumerate(HALVES):
        for at, control in enumerate(order):
            place = half * (len(order) + 0.7) + at
            value, low, high = record.score(own if not control else prefix + control, row, column)
            ticks.append(text(f"fig.drift.score.{control or 'own'}", lang))
            places.append(place)
            figure.add_scatter(
                x=[value],
                y=[place],
                mode="markers",
                name=f"{text(key, lang)}: {ticks[-1]}",
                showlegend=False,
                marker={"size": 11, "color": theme.MUTED if control else theme.ACCENT,
                        "symbol": "diamond" if control else "circle"},
                error_x={"type": "data", "symmetric": False, "array": [high - value], "arrayminus": [value - low],
                         "color": theme.MUTED if control else theme.ACCENT, "thickness": 2, "width": 0},
                hovertemplate=f"%{{x:.3f}} [{low:.3f}, {high:.3f}]<extra></extra>",
            )  # fmt: skip
        n = int((record.n_reversal if half else record.n)[row, column])
        figure.add_annotation(
            x=0, xref="paper", xanchor="left", y=half * (len(order) + 0.7) - 0.62, showarrow=False,
            text=f"<b>{text(key, lang)}</b>, n = {n:,}", font={"size": 12, "color": theme.MUTED},
        )  # fmt: skip
    figure.add_vline(x=0.5, line={"color": theme.MUTED, "width": 1.2, "dash": "dot"})
    value, low, high = record.score("auroc", row, column)
    theme.finish(
        figure,
        title=text("fig.drift.scores", lang),
        alt=text("fig.drift.scores.alt", lang, value=value, low=low, high=high, control=record.shuffled[row, column]),
        synthetic=synthetic,
        lang=lang,
        height=400,
        note=text(f"fig.drift.scores.{record.judged_by}", lang),
    )
    figure.update_yaxes(tickvals=places, ticktext=ticks, range=[2 * len(order) + 0.4, -1.05], showgrid=False, ticks="")
    figure.update_xaxes(title_text="AUROC", range=[0, 1.02])
    return figure


@dataclass(frozen=True, slots=True)
class PairsView:
    """Pairs of line B under two fingerprints: logits (N,) each, labels (N,) in both lines, names and stable ids.

    ``listed`` (N,) marks planted reversals where the truth is shown; ``pinned`` are positions in the order pinned.
    """

    native: Array = field(repr=False)
    swapped: Array = field(repr=False)
    native_labels: NDArray[np.int8] = field(repr=False)
    foreign_labels: NDArray[np.int8] = field(repr=False)
    names: Sequence[str] = field(repr=False)
    ids: Sequence[str] = field(repr=False)
    line_b: str = ""
    line_a: str = ""
    listed: NDArray[np.bool_] | None = field(default=None, repr=False)
    pinned: Sequence[int] = ()


def pairs_figure(
    view: PairsView, *, control: str = "own", total: int = 0, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return native against swapped logit of each pair, coloured by what its label does, quadrants counted.

    On the diagonal the fingerprint made no difference. A pair above it became likelier under the other line's
    fingerprint. Blue pairs are positive only in the fingerprint's line and should rise; orange ones are positive only
    in the sequences' own line and should sink. Rings are planted reversals, numbers are the pinned pairs.
    """
    figure = go.Figure()
    for (before, after), colour in zip(CHANGES, CHANGE_COLOURS, strict=True):
        rows = np.flatnonzero((view.native_labels == before) & (view.foreign_labels == after))
        figure.add_trace(_cloud(view, rows, colour, text(f"fig.drift.change.{before}{after}", lang), before == after))
    if view.listed is not None:
        rows = np.flatnonzero(view.listed)
        figure.add_scattergl(
            x=view.native[rows], y=view.swapped[rows], mode="markers", name=text("fig.drift.listed", lang),
            hoverinfo="skip",
            marker={"symbol": "circle-open", "size": 9, "color": theme.INK, "opacity": 0.4, "line": {"width": 1}},
        )  # fmt: skip
    reach = 1.06 * max(1.0, float(np.abs(np.r_[view.native, view.swapped]).max(initial=1.0)))
    figure.add_scatter(
        x=[-reach, reach], y=[-reach, reach], mode="lines", name="", showlegend=False, hoverinfo="skip",
        line={"color": theme.FAINT, "dash": "dot", "width": 1.2},
    )  # fmt: skip
    pinned = list(view.pinned)
    figure.add_scatter(
        x=view.native[pinned], y=view.swapped[pinned], mode="markers+text", name="", showlegend=False,
        hoverinfo="skip", text=[f"<b>{place}</b>" for place in range(1, len(pinned) + 1)],
        textposition="top right", textfont={"size": 13, "color": theme.INK},
        marker={"symbol": "circle-open", "size": 12, "color": theme.INK, "line": {"width": 2}},
    )  # fmt: skip
    counts = quadrant_counts(view.native, view.swapped)
    _quadrants(figure, counts, reach)
    crossed = int(counts[0, 1] + counts[1, 0])
    line_a, line_b = brief([view.line_a, view.line_b])
    what = {"a": theme.label(line_a), "b": theme.label(line_b)}
    theme.finish(
        figure,
        title=text(f"fig.drift.pairs.{control}", lang),
        alt=text("fig.drift.pairs.alt", lang, crossed=crossed, n=len(view.native)),
        synthetic=synthetic,
        lang=lang,
        height=520,
        margin=(64, 20, 92 if view.listed is None else 114, 48),
        note=text("fig.drift.pairs.note", lang, n=len(view.native), total=total, crossed=crossed),
    )
    figure.update_xaxes(title_text=text("fig.drift.native", lang, **what), range=[-reach, reach])
    figure.update_yaxes(title_text=text(f"fig.drift.swapped.{control}", lang, **what), range=[-reach, reach])
    figure.update_layout(clickmode="event+select")
    return figure


def quadrant_counts(native: Array, swapped: Array) -> IntArray:
    """Return how many pairs lie in each quadrant, (2, 2): row native logit > 0, column swapped logit > 0."""
    found = np.zeros((2, 2), dtype=np.int64)
    np.add.at(found, ((native > 0).astype(int), (swapped > 0).astype(int)), 1)
    return found


def _cloud(view: PairsView, rows: IntArray, colour: str, name: str, quiet: bool) -> go.Scattergl:
    """Return the pairs of one kind of label change."""
    return go.Scattergl(
        x=view.native[rows],
        y=view.swapped[rows],
        mode="markers",
        name=f"{name} ({len(rows):,})",
        ids=np.array([view.ids[row] for row in rows]),
        customdata=np.array([view.ids[row] for row in rows]),
        text=np.array([theme.label(view.names[row]) for row in rows]),
        marker={"size": 5 if quiet else 7, "color": colour, "opacity": 0.55 if quiet else 0.85},
        unselected={"marker": {"opacity": 0.55 if quiet else 0.85}},
        hovertemplate="%{text}<br>%{x:.2f} → %{y:.2f}<extra></extra>",
    )


def _quadrants(figure: go.Figure, counts: IntArray, reach: float) -> None:
    """Draw the two zero lines and the number of pairs in each corner."""
    figure.add_hline(y=0, line={"color": theme.MUTED, "width": 1})
    figure.add_vline(x=0, line={"color": theme.MUTED, "width": 1})
    for across in (0, 1):
        for up in (0, 1):
            figure.add_annotation(
                x=(2 * across - 1) * reach * 0.97, y=(2 * up - 1) * reach * 0.95, showarrow=False,
                xanchor="right" if across else "left", text=f"n = {int(counts[across, up]):,}",
                font={"size": 12, "color": theme.WARN if across != up else theme.MUTED},
            )  # fmt: skip
