"""What turns between two fingerprints: gates, logits on the way from one to the other, and the unfolding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.plots.drift import brief
from metabam.records import IntArray, PathRecord
from metabam.texts import text

Array = NDArray[np.float64]
TRACED = 6


def gates_figure(
    moved: IntArray, change: Array, low: Array, high: Array, *, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return the gates that differ most between the two fingerprints, signed, with 90 % intervals.

    Each bar is the gate under the fingerprint's line minus the gate under the sequences' own line: red means that the
    atom counts more there, blue that it counts less or represses. An interval that crosses zero may be no change.
    """
    names = [text("fig.drift.atom", lang, k=int(atom) + 1) for atom in moved]
    figure = go.Figure()
    figure.add_bar(
        x=change,
        y=names,
        orientation="h",
        name=text("fig.drift.gates.axis", lang),
        marker={"color": [theme.SIGNED[-1][1] if value > 0 else theme.SIGNED[0][1] for value in change]},
        error_x={"type": "data", "symmetric": False, "array": np.maximum(high - change, 0.0),
                 "arrayminus": np.maximum(change - low, 0.0), "color": theme.INK, "thickness": 1.2, "width": 3},
        hovertemplate="%{y}: %{x:+.2f}<extra></extra>",
    )  # fmt: skip
    sure = int(((low > 0) | (high < 0)).sum())
    theme.finish(
        figure,
        title=text("fig.drift.gates", lang),
        alt=text("fig.drift.gates.alt", lang, n=len(moved), sure=sure, top=names[0] if names else "–"),
        synthetic=synthetic,
        lang=lang,
        height=max(260, 24 * len(moved) + 130),
        note=text("fig.drift.gates.note", lang, sure=sure, n=len(moved)),
    )
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False, ticks="")
    figure.update_xaxes(title_text=text("fig.drift.gates.axis", lang), zeroline=True, zerolinecolor=theme.MUTED)
    return figure


def path_figure(
    record: PathRecord, names: Sequence[str], *, line_a: str, line_b: str, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return the logit of each pinned pair on the straight way from z_A to z_B; a star marks where its sign turns."""
    line_a, line_b = brief([line_a, line_b])
    figure = go.Figure()
    for at, name in enumerate(names):
        colour = theme.OKABE_ITO[at % len(theme.OKABE_ITO)]
        figure.add_scatter(
            x=record.share,
            y=record.logit[:, at],
            mode="lines+markers",
            name=f"{at + 1}: {theme.label(name)}",
            line={"color": colour, "width": 2},
            marker={"size": 6},
            hovertemplate="%{x:.1f}: %{y:.2f}<extra></extra>",
        )
        turn = int(record.flips[at])
        if turn >= 0:
            figure.add_scatter(
                x=[record.share[turn]], y=[record.logit[turn, at]], mode="markers", name="", showlegend=False,
                hoverinfo="skip", marker={"symbol": "star", "size": 15, "color": colour,
                                          "line": {"color": theme.INK, "width": 1}},
            )  # fmt: skip
    figure.add_hline(y=0, line={"color": theme.MUTED, "width": 1, "dash": "dot"})
    turned = int((record.flips >= 0).sum())
    theme.finish(
        figure,
        title=text("fig.drift.path", lang),
        alt=text("fig.drift.path.alt", lang, turned=turned, n=len(names)),
        synthetic=synthetic,
        lang=lang,
        height=400,
        margin=(64, 20, 110, 48),
        note=text("fig.drift.path.note", lang, turned=turned, n=len(names)),
    )
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    ends = [theme.label(line_a), *(f"{share:g}" for share in ticks[1:-1]), theme.label(line_b)]
    figure.update_xaxes(title_text=text("fig.drift.path.axis", lang), tickvals=ticks, ticktext=ends)
    figure.update_yaxes(title_text=text("fig.drift.logit", lang))
    return figure


def trace_figure(
    record: PathRecord, at: int, name: str, *, line_a: str, line_b: str, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return gate times state, alpha_k h_k(t), of the atoms that differ most for one pair: solid A, dashed B.

    h(t) is what the pair looks like to the model after t rounds in which the gated atoms help and silence one
    another. A pair of lines on opposite sides of zero is an atom that turned from help to hindrance.
    """
    line_a, line_b = brief([line_a, line_b])
    ends = [record.spectrum[end] * record.states[end, :, at].astype(np.float64) for end in (0, -1)]
    order = np.argsort(-np.abs(ends[0][-1] - ends[1][-1]), kind="stable")[:TRACED]
    steps = np.arange(len(ends[0]))
    figure = go.Figure()
    for place, atom in enumerate(order):
        for end, (line, dash) in zip(ends, ((line_a, "solid"), (line_b, "dash")), strict=True):
            figure.add_scatter(
                x=steps,
                y=end[:, atom],
                mode="lines+markers",
                name=text("fig.drift.atom", lang, k=int(atom) + 1) + f", {theme.label(line)}",
                legendgroup=str(atom),
                showlegend=dash == "solid",
                line={"color": theme.OKABE_ITO[place % len(theme.OKABE_ITO)], "width": 2, "dash": dash},
                marker={"size": 6},
                hovertemplate="t = %{x}: %{y:.2f}<extra></extra>",
            )
    turned = sum(int(ends[0][-1, atom] * ends[1][-1, atom] < 0) for atom in order)
    theme.finish(
        figure,
        title=text("fig.drift.trace", lang, name=theme.label(name)),
        alt=text("fig.drift.trace.alt", lang, turned=turned, n=len(order)),
        synthetic=synthetic,
        lang=lang,
        height=400,
        margin=(64, 20, 100, 48),
        note=text(
            "fig.drift.trace.note", lang, turned=turned, n=len(order), a=theme.label(line_a), b=theme.label(line_b)
        ),
    )
    figure.add_hline(y=0, line={"color": theme.MUTED, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text=text("fig.drift.trace.axis", lang), tickvals=steps)
    figure.update_yaxes(title_text="α<sub>k</sub> h<sub>k</sub>(t)")
    return figure
