"""Precision-recall and ROC curves with one cutoff marked on both."""

from __future__ import annotations

from typing import Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.records import CutoffRecord
from metabam.texts import text

MOST_DRAWN = 2_000


def cutoff_figure(
    record: CutoffRecord,
    cutoff: float,
    *,
    kind: Literal["pr", "roc"],
    area: float,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return precision against recall, or true against false positive rate; the diamond is the chosen cutoff.

    Click a point to move the cutoff there. The dotted line is chance: the base rate, or the diagonal.

    Parameters
    ----------
    kind
        ``pr`` or ``roc``.
    area
        AUPRC or AUROC, for the title.
    """
    across, up = (record.recall, record.precision) if kind == "pr" else (record.false_rate, record.recall)
    rows = _thinned(len(across))
    base = record.positives / max(record.positives + record.negatives, 1)
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[base, base] if kind == "pr" else [0, 1],
        mode="lines",
        line={"color": theme.FAINT, "dash": "dot", "width": 1.4},
        hoverinfo="skip",
        showlegend=False,
        name="",
    )
    figure.add_scatter(
        x=across[rows],
        y=up[rows],
        mode="lines+markers",
        name=text(f"fig.cutoff.{kind}.name", lang),
        ids=[f"{value:.6g}" for value in record.cutoff[rows]],
        customdata=record.cutoff[rows],
        line={"color": theme.ACCENT, "width": 1.8, "shape": "hv" if kind == "roc" else "linear"},
        marker={"size": 4, "color": theme.ACCENT},
        hovertemplate=text("fig.cutoff.hover", lang) + "<extra></extra>",
    )
    at = record.at(cutoff)
    point = (float(across[at]), float(up[at])) if at >= 0 else (0.0, 1.0 if kind == "pr" else 0.0)
    figure.add_scatter(
        x=[point[0]],
        y=[point[1]],
        mode="markers",
        name=text("fig.cutoff.chosen", lang, cutoff=cutoff),
        marker={"size": 14, "symbol": "diamond", "color": theme.WARN, "line": {"width": 1.5, "color": "white"}},
        hovertemplate="%{x:.3f} · %{y:.3f}<extra></extra>",
    )
    theme.finish(
        figure,
        title=text(f"fig.cutoff.{kind}.title", lang),
        alt=text(f"fig.cutoff.{kind}.alt", lang, area=area, base=base, x=point[0], y=point[1], cutoff=cutoff),
        synthetic=synthetic,
        lang=lang,
        height=380,
        margin=(60, 20, 72, 44),
        note=text(f"fig.cutoff.{kind}.note", lang, area=area, base=base, n=record.positives + record.negatives),
    )
    figure.update_xaxes(title_text=text(f"fig.cutoff.{kind}.x", lang), range=[-0.03, 1.03])
    figure.update_yaxes(title_text=text(f"fig.cutoff.{kind}.y", lang), range=[-0.03, 1.06])
    return figure


def _thinned(size: int) -> NDArray[np.int64]:
    if size <= MOST_DRAWN:
        return np.arange(size, dtype=np.int64)
    return np.unique(np.linspace(0, size - 1, MOST_DRAWN).round().astype(np.int64))
