"""How far a reader's pairs lie from the training pairs, beside how far training pairs lie from each other."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.plots.queries import even_ranks
from metabam.records import NoveltyRecord
from metabam.texts import text

Array = NDArray[np.float64]
MOST_DRAWN = 400


def novelty_figure(record: NoveltyRecord, *, synthetic: bool | None, lang: str = "en") -> go.Figure:
    """Return three strips on one axis of distance: training pairs, the support, and the queries where there are any.

    Each mark is one pair at its distance to the nearest training pair (for a training pair, the nearest without a
    shared element). The dashed line is the distance that 95 % of training pairs stay within; what lies beyond is drawn
    in the colour of warnings.
    """
    figure = go.Figure()
    level = 100.0 * np.arange(len(record.reference)) / max(1, len(record.reference))
    strips = [("training", record.reference, level), ("support", record.support, record.support_percentile)]
    if len(record.queries):
        strips.append(("queries", record.queries, record.query_percentile))
    for place, (name, values, percent) in enumerate(strips):
        _strip(figure, name, values, percent, len(strips) - 1 - place, record.edge, lang)
    if np.isfinite(record.edge):
        figure.add_vline(x=record.edge, line={"color": theme.MUTED, "width": 1.2, "dash": "dash"})
        figure.add_annotation(
            x=record.edge,
            y=1,
            yref="paper",
            yanchor="bottom",
            text=text("fig.novelty.edge", lang),
            showarrow=False,
            font={"size": 12, "color": theme.MUTED},
        )
    beyond, asked = record.beyond(record.support), record.beyond(record.queries)
    theme.finish(
        figure,
        title=text("fig.novelty.title", lang),
        alt=text("fig.novelty.alt", lang, beyond=beyond, n=len(record.support), edge=record.edge),
        synthetic=synthetic,
        lang=lang,
        height=150 + 52 * len(strips),
        margin=(110, 20, 66, 50),
        note=text("fig.novelty.note", lang, beyond=beyond, n=len(record.support), asked=asked, m=len(record.queries)),
    )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title_text=text("fig.novelty.axis", lang), rangemode="tozero")
    figure.update_yaxes(
        tickvals=list(range(len(strips))),
        ticktext=[text(f"fig.novelty.{name}", lang) for name, _, _ in reversed(strips)],
        range=[-0.6, len(strips) - 0.4],
        showgrid=False,
        ticks="",
    )
    return figure


def _strip(figure: go.Figure, name: str, values: Array, percent: Array, height: int, edge: float, lang: str) -> None:
    """Add one strip of marks; a fixed pattern up and down keeps marks of equal distance apart."""
    kept = even_ranks(len(values), MOST_DRAWN)
    shift = ((np.arange(len(kept)) * 0.618) % 1.0 - 0.5) * 0.5
    own = theme.FAINT if name == "training" else theme.ACCENT
    symbols = {"training": "line-ns-open", "support": theme.SUPPORT_SYMBOL, "queries": theme.QUERY_SYMBOL}
    sizes = {"training": 12, "support": 9, "queries": 5}
    figure.add_scatter(
        x=values[kept],
        y=np.full(len(kept), float(height)) if name == "training" else height + shift,
        mode="markers",
        name=text(f"fig.novelty.{name}", lang),
        customdata=percent[kept],
        marker={
            "symbol": symbols[name],
            "size": sizes[name],
            "color": own if name == "training" else [theme.WARN if value > edge else own for value in values[kept]],
            "opacity": 0.55 if name == "queries" else 0.9,
            "line": {"width": 1 if name == "training" else 0},
        },
        hovertemplate=text("fig.novelty.hover", lang),
    )
