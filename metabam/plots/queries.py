"""Predictions of query pairs, learners side by side, and how far a probability can be taken at its word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.texts import text

Array = NDArray[np.float64]
MOST_DRAWN = 150


@dataclass(frozen=True, slots=True)
class LineScore:
    """Average precision on one cell line never seen in training, with its 95 % bootstrap interval over pairs."""

    line: str
    auprc: float
    lower: float
    upper: float
    base_rate: float
    pairs: int
    shots: int


def even_ranks(size: int, most: int = MOST_DRAWN) -> NDArray[np.int64]:
    """Return at most ``most`` positions spread evenly over ``size`` ranks, both ends included."""
    if size <= most:
        return np.arange(size, dtype=np.int64)
    return np.unique(np.linspace(0, size - 1, most).round().astype(np.int64))


def prediction_figure(
    probability: Array,
    lower: Array,
    upper: Array,
    names: Sequence[str],
    *,
    prior: Array | None = None,
    nearest: Array | None = None,
    nearest_name: str = "",
    labels: NDArray[np.int8] | None = None,
    ids: Sequence[str] | None = None,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return query predictions in falling order with 90 % intervals, beside prior only and the nearest training line.

    Parameters
    ----------
    probability, lower, upper, prior, nearest
        (Q,) in [0, 1].
    labels
        (Q,) in {0, 1}, -1 unknown: drawn as ticks at the top and bottom edge, never used by the model.
    ids
        (Q,) what a click on a pair's marker returns.
    """
    ranked = np.argsort(-probability, kind="stable")
    chosen = even_ranks(len(ranked))
    rows = ranked[chosen]
    rank = chosen + 1
    hover = [theme.label(names[row]) for row in rows]
    figure = go.Figure()
    for name, values, colour in (
        (
            text("fig.queries.nearest", lang, line=theme.label(nearest_name)),
            nearest,
            theme.rgba(theme.OKABE_ITO[5], 0.75),
        ),
        (text("fig.queries.prior", lang), prior, theme.FAINT),
    ):
        if values is not None:
            figure.add_scatter(
                x=rank,
                y=values[rows],
                mode="markers",
                name=name,
                text=hover,
                marker={"symbol": "line-ew-open", "size": 6, "color": colour, "line": {"width": 1.6}},
                hovertemplate="%{text}<br>P = %{y:.2f}<extra></extra>",
            )
    figure.add_scatter(
        x=rank,
        y=probability[rows],
        mode="markers",
        name=text("fig.queries.full", lang),
        text=hover,
        ids=None if ids is None else [ids[row] for row in rows],
        marker={"symbol": theme.QUERY_SYMBOL, "size": 5, "color": theme.ACCENT},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": np.maximum(upper - probability, 0)[rows],
            "arrayminus": np.maximum(probability - lower, 0)[rows],
            "color": theme.rgba(theme.ACCENT, 0.35),
            "thickness": 1.4,
            "width": 0,
        },
        hovertemplate="%{text}<br>P = %{y:.2f}<extra></extra>",
    )
    if labels is not None:
        for value, height, colour in ((1, 1.05, theme.POSITIVE), (0, -0.05, theme.NEGATIVE)):
            known = labels[rows] == value
            if known.any():
                figure.add_scatter(
                    x=rank[known],
                    y=np.full(int(known.sum()), height),
                    mode="markers",
                    name=text(f"fig.label.{value}", lang),
                    text=[hover[place] for place in np.flatnonzero(known)],
                    hovertemplate="%{text}<extra></extra>",
                    marker={"symbol": "line-ns-open", "size": 8, "color": colour, "line": {"width": 1.2}},
                )
    width = float(np.median((upper - lower)[rows])) if len(rows) else 0.0
    theme.finish(
        figure,
        title=text("fig.queries.title", lang),
        alt=text("fig.queries.alt", lang, n=len(probability), high=int((probability >= 0.5).sum()), width=width),
        synthetic=synthetic,
        lang=lang,
        height=400,
        margin=(60, 20, 72, 44),
        note=text("fig.queries.note", lang, shown=len(rows), total=len(probability)),
    )
    figure.update_yaxes(title_text=text("fig.probability", lang), range=[-0.09, 1.09], tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_xaxes(title_text=text("fig.queries.axis", lang), range=[-0.02 * len(ranked), 1.02 * len(ranked) + 1])
    return figure


def learners_figure(
    predictions: Mapping[str, Array],
    *,
    reference: str,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return each other learner's probability against the reference learner's, one marker per query pair.

    ``predictions`` maps readable learner names to (Q,) probabilities; on the diagonal both say the same.
    """
    base = predictions[reference]
    chosen = even_ranks(len(base), 1000)
    figure = go.Figure()
    _add_diagonal(figure)
    others = [name for name in predictions if name != reference]
    symbols = ("circle-open", "triangle-up-open", "square-open", "cross-open")
    for place, name in enumerate(others):
        figure.add_scatter(
            x=base[chosen],
            y=predictions[name][chosen],
            mode="markers",
            name=theme.label(name),
            marker={
                "size": 6,
                "color": theme.rgba(theme.OKABE_ITO[place + 1], 0.75),
                "symbol": symbols[place % 4],
                "line": {"width": 1.2},
            },
            hovertemplate="%{x:.2f} · %{y:.2f}<extra></extra>",
        )
    gaps = [float(np.mean(np.abs(predictions[name] - base))) for name in others]
    theme.finish(
        figure,
        title=text("fig.learners.title", lang),
        alt=text("fig.learners.alt", lang, n=len(base), gap=max(gaps, default=0.0)),
        synthetic=synthetic,
        lang=lang,
        height=380,
        margin=(60, 20, 72, 44),
        note=text("shell.shown", lang, shown=len(chosen), total=len(base)),
    )
    figure.update_xaxes(title_text=text("fig.learners.x", lang, name=theme.label(reference)), range=[-0.03, 1.03])
    figure.update_yaxes(title_text=text("fig.learners.y", lang), range=[-0.03, 1.03])
    return figure


def reliability_bins(
    probability: Array, labels: NDArray[np.int8], bins: int = 8
) -> list[tuple[float, float, float, float, int]]:
    """Return (mean probability, share of positives, Wilson lower, upper, n) of bins that hold equally many pairs."""
    order = np.argsort(probability, kind="stable")
    rows: list[tuple[float, float, float, float, int]] = []
    for group in np.array_split(order, min(bins, max(1, len(order)))):
        if len(group):
            n, share = len(group), float(np.mean(labels[group] == 1))
            low, high = wilson(share, n)
            rows.append((float(np.mean(probability[group])), share, low, high, n))
    return rows


def wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share in [0, 1] out of n (DOI 10.1080/01621459.1927.10502953)."""
    spread = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    centre = share + z * z / (2 * n)
    scale = 1 + z * z / n
    return float(max(0.0, (centre - spread) / scale)), float(min(1.0, (centre + spread) / scale))


def reliability_figure(
    probability: Array, labels: NDArray[np.int8], *, ece: float, synthetic: bool | None, lang: str = "en", bins: int = 8
) -> go.Figure:
    """Return observed share of positives against predicted probability, equal-count bins, Wilson 95 % intervals."""
    rows = reliability_bins(probability, labels, bins)
    across = np.asarray([row[0] for row in rows])
    share = np.asarray([row[1] for row in rows])
    figure = go.Figure()
    _add_diagonal(figure)
    figure.add_scatter(
        x=across,
        y=share,
        mode="markers+lines",
        name=text("fig.reliability.name", lang),
        text=[f"n = {row[4]}" for row in rows],
        line={"color": theme.rgba(theme.ACCENT, 0.4), "width": 1},
        marker={"size": 9, "color": theme.ACCENT},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [row[3] - row[1] for row in rows],
            "arrayminus": [row[1] - row[2] for row in rows],
            "color": theme.ACCENT,
            "thickness": 1.6,
            "width": 0,
        },
        hovertemplate="%{x:.2f} → %{y:.2f}<br>%{text}<extra></extra>",
    )
    theme.finish(
        figure,
        title=text("fig.reliability.title", lang),
        alt=text("fig.reliability.alt", lang, ece=ece, n=len(labels)),
        synthetic=synthetic,
        lang=lang,
        height=380,
        margin=(60, 20, 72, 44),
        note=text("fig.reliability.note", lang, ece=f"{ece:.3f}", n=len(labels)),
    )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title_text=text("fig.probability", lang), range=[-0.03, 1.03])
    figure.update_yaxes(title_text=text("fig.reliability.axis", lang), range=[-0.03, 1.03])
    return figure


def line_scores_figure(
    scores: Sequence[LineScore], *, lines: Sequence[str], synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return AUPRC with its interval beside the base rate, one row per cell line never seen in training."""
    rows = np.arange(len(scores))
    figure = go.Figure()
    for row, score in zip(rows, scores, strict=True):
        figure.add_shape(
            type="line",
            x0=score.base_rate,
            x1=score.auprc,
            y0=row,
            y1=row,
            layer="below",
            line={"color": theme.GRID, "width": 6},
        )
    figure.add_scatter(
        x=[score.base_rate for score in scores],
        y=rows,
        mode="markers",
        name=text("fig.scores.base", lang),
        text=[theme.label(score.line) for score in scores],
        marker={"symbol": "line-ns-open", "size": 13, "color": theme.MUTED, "line": {"width": 2}},
        hovertemplate="%{text}: %{x:.3f}<extra></extra>",
    )
    middle = np.asarray([score.auprc for score in scores])
    figure.add_scatter(
        x=middle,
        y=rows,
        mode="markers",
        name=text("fig.scores.auprc", lang),
        text=[theme.label(score.line) for score in scores],
        customdata=[score.pairs for score in scores],
        ids=[score.line for score in scores],
        marker={"size": 11, "color": [theme.line_colour(score.line, lines) for score in scores]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [score.upper - score.auprc for score in scores],
            "arrayminus": [score.auprc - score.lower for score in scores],
            "color": theme.MUTED,
            "thickness": 1.8,
            "width": 0,
        },
        hovertemplate="%{text}: %{x:.3f}, n = %{customdata}<extra></extra>",
    )
    lift = float(np.mean([score.auprc - score.base_rate for score in scores]))
    theme.finish(
        figure,
        title=text("fig.scores.title", lang),
        alt=text("fig.scores.alt", lang, n=len(scores), lift=lift),
        synthetic=synthetic,
        lang=lang,
        height=max(240, 46 * len(scores) + 150),
        margin=(60, 20, 72, 44),
        note=text("fig.scores.note", lang, shots=scores[0].shots, pairs=sum(score.pairs for score in scores)),
    )
    figure.update_yaxes(
        range=[len(scores) - 0.4, -0.6],
        tickvals=rows,
        ticktext=[theme.label(score.line) for score in scores],
        gridcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(title_text=text("fig.scores.axis", lang), range=[0, 1.02])
    return figure


def _add_diagonal(figure: go.Figure) -> None:
    """Draw where both axes agree."""
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": theme.FAINT, "dash": "dot", "width": 1.2},
        hoverinfo="skip",
        showlegend=False,
        name="",
    )
