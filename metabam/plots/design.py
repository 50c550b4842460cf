"""Which pairs to test next: what each would teach, how a batch adds up, what a pick would decide, and the check."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.plots.queries import even_ranks
from metabam.records import DesignRecord, RetrospectRecord
from metabam.texts import text

Array = NDArray[np.float64]
MOST_DRAWN = 5_000


def candidates_figure(
    record: DesignRecord,
    distance: Array,
    names: Sequence[str],
    beyond: NDArray[np.bool_],
    *,
    picked: int | None = None,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return each candidate's own information gain against its distance; the chosen ones carry their number.

    Parameters
    ----------
    distance
        (B,) bp; NaN (two chromosomes) is drawn at the left edge.
    beyond
        (B,) candidates outside the training range, drawn as crosses.
    picked
        Place of the pick that is open, ringed.
    """
    best = np.argsort(-record.single, kind="stable")
    rows = best[even_ranks(len(best), MOST_DRAWN)]
    across = np.maximum(np.nan_to_num(distance, nan=1e3), 1e3) / 1e3
    figure = go.Figure()
    for outside, name, symbol, colour in (
        (False, "inside", "circle", theme.FAINT),
        (True, "outside", "x-thin-open", theme.WARN),
    ):
        chosen = rows[beyond[rows] == outside]
        if len(chosen):
            figure.add_scattergl(
                x=across[chosen],
                y=record.single[chosen],
                mode="markers",
                name=text(f"fig.design.candidates.{name}", lang),
                text=[theme.label(names[row]) for row in chosen],
                marker={"size": 6, "symbol": symbol, "color": colour, "line": {"width": 1.2, "color": colour}},
                hovertemplate="%{text}<br>%{x:,.0f} kb · %{y:.3f} nat<extra></extra>",
            )
    figure.add_scatter(
        x=across[record.chosen],
        y=record.single[record.chosen],
        mode="markers+text",
        name=text("fig.design.candidates.chosen", lang),
        ids=[f"pick{place}" for place in range(len(record.chosen))],
        text=[str(place + 1) for place in range(len(record.chosen))],
        textposition="top center",
        textfont={"size": 12, "color": theme.INK},
        customdata=[theme.label(names[row]) for row in record.chosen],
        marker={
            "size": [15 if place == picked else 10 for place in range(len(record.chosen))],
            "symbol": theme.SUPPORT_SYMBOL,
            "color": theme.ACCENT,
            "line": {"width": [3 if place == picked else 1 for place in range(len(record.chosen))], "color": theme.INK},
        },
        hovertemplate="%{text}. %{customdata}<br>%{x:,.0f} kb · %{y:.3f} nat<extra></extra>",
    )
    theme.finish(
        figure,
        title=text("fig.design.candidates.title", lang),
        alt=text(
            "fig.design.candidates.alt", lang, n=len(names), best=float(record.single.max()), b=len(record.chosen),
            mean=float(record.single[record.chosen].mean()),
        ),
        synthetic=synthetic,
        lang=lang,
        height=400,
        margin=(60, 20, 72, 44),
        note=text("shell.shown", lang, shown=len(rows), total=len(names)),
    )  # fmt: skip
    figure.update_xaxes(title_text=text("fig.design.candidates.x", lang), type="log", dtick=1)
    figure.update_yaxes(title_text=text("fig.design.candidates.y", lang), rangemode="tozero")
    return figure


def gain_figure(record: DesignRecord, *, synthetic: bool | None, lang: str = "en") -> go.Figure:
    """Return the joint gain after each pick beside random batches, the most uncertain pairs, and a balanced choice.

    All on the same fresh draws; the band is 5 to 95 % of the random batches.
    """
    picks = np.arange(1, len(record.chosen) + 1)
    figure = go.Figure()
    if len(record.random_gain):
        low, middle, high = np.quantile(record.random_gain, [0.05, 0.5, 0.95], axis=0)
        figure.add_scatter(
            x=np.r_[picks, picks[::-1]],
            y=np.r_[high, low[::-1]],
            mode="lines",
            fill="toself",
            fillcolor=theme.rgba(theme.MUTED, 0.18),
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            name="",
        )
        _line(
            figure, picks, middle, text("fig.design.gain.random", lang, n=len(record.random_gain)), theme.MUTED, "dot"
        )
    uncertain, balanced = (text(f"fig.design.gain.{name}", lang) for name in ("uncertain", "balanced"))
    _line(figure, picks, record.uncertain_gain, uncertain, theme.OKABE_ITO[5], "dash")
    _line(figure, picks, record.balanced_gain, balanced, theme.OKABE_ITO[3], "dashdot")
    _line(figure, picks, record.gain, text("fig.design.gain.planned", lang), theme.ACCENT, "solid")
    random = float(record.random_gain[:, -1].mean()) if len(record.random_gain) else float("nan")
    theme.finish(
        figure,
        title=text("fig.design.gain.title", lang),
        alt=text("fig.design.gain.alt", lang, gain=float(record.gain[-1]), random=random, n=len(picks)),
        synthetic=synthetic,
        lang=lang,
        height=400,
        margin=(60, 20, 92, 44),
        note=text("fig.design.gain.note", lang, ceiling=record.ceiling),
    )
    figure.update_xaxes(title_text=text("fig.design.gain.x", lang), dtick=max(1, len(picks) // 8))
    figure.update_yaxes(title_text=text("fig.design.gain.y", lang), rangemode="tozero")
    return figure


def _line(figure: go.Figure, across: NDArray[np.int64], up: Array, name: str, colour: str, dash: str) -> None:
    figure.add_scatter(
        x=across,
        y=up,
        mode="lines+markers",
        name=name,
        line={"color": colour, "width": 2, "dash": dash},
        marker={"size": 5},
        hovertemplate="%{x}: %{y:.3f} nat<extra></extra>",
    )


def spread_figure(record: DesignRecord, *, synthetic: bool | None, lang: str = "en") -> go.Figure:
    """Return the standard deviation of each dimension of z_c now, and as expected after the batch's labels."""
    rows = np.arange(len(record.std_before))
    figure = go.Figure()
    for name, values, colour, symbol in (
        ("before", record.std_before, theme.FAINT, "line-ns-open"),
        ("after", record.std_after, theme.ACCENT, "circle"),
    ):
        figure.add_scatter(
            x=values,
            y=rows,
            mode="markers",
            name=text(f"fig.design.spread.{name}", lang),
            marker={
                "size": 12 if name == "before" else 10,
                "symbol": symbol,
                "color": colour,
                "line": {"width": 3 if name == "before" else 0},
            },
            hovertemplate="%{x:.2f}<extra></extra>",
        )
    for row in rows:
        figure.add_shape(
            type="line", x0=record.std_before[row], x1=record.std_after[row], y0=row, y1=row, layer="below",
            line={"color": theme.GRID, "width": 4},
        )  # fmt: skip
    ratio = record.std_after / np.maximum(record.std_before, 1e-12)
    theme.finish(
        figure,
        title=text("fig.design.spread.title", lang),
        alt=text("fig.design.spread.alt", lang, ratio=float(ratio.mean()), least=int(np.argmin(ratio)) + 1),
        synthetic=synthetic,
        lang=lang,
        height=max(280, 30 * len(rows) + 150),
        margin=(48, 20, 72, 44),
    )
    figure.update_yaxes(
        range=[len(rows) - 0.4, -0.6],
        tickvals=rows,
        ticktext=[f"z{row + 1}" for row in rows],
        gridcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(title_text=text("fig.design.spread.x", lang), rangemode="tozero")
    return figure


def decides_figure(
    record: DesignRecord, pick: int, names: Sequence[str], *, top: int = 10, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return the gates that one pick would decide: mean gate if its label is 1 minus mean gate if it is 0."""
    change = record.gate_change[pick]
    order = np.argsort(-np.abs(change), kind="stable")[:top]
    figure = go.Figure()
    figure.add_vline(x=0, line={"color": theme.MUTED, "width": 1})
    limit = theme.signed_limit(change)
    figure.add_bar(
        x=change[order],
        y=np.arange(len(order)),
        orientation="h",
        name=text("fig.design.decides.name", lang),
        text=[theme.label(names[atom]) if atom < len(names) else "" for atom in order],
        textposition="none",
        marker={"color": change[order], "colorscale": list(theme.SIGNED), "cmin": -limit, "cmax": limit,
                "line": {"color": theme.INK, "width": 0.6}},
        hovertemplate="%{x:+.3f}<br>%{text}<extra></extra>",
    )  # fmt: skip
    theme.finish(
        figure,
        title=text("fig.design.decides.title", lang, pick=pick + 1),
        alt=text("fig.design.decides.alt", lang, pick=pick + 1, atom=int(order[0]) + 1, value=float(change[order[0]])),
        synthetic=synthetic,
        lang=lang,
        height=max(280, 24 * len(order) + 140),
        margin=(72, 20, 66, 44),
        note=text("shell.shown", lang, shown=len(order), total=len(change)),
    )
    figure.update_layout(showlegend=False)
    figure.update_yaxes(
        range=[len(order) - 0.4, -0.6],
        tickvals=list(range(len(order))),
        ticktext=[text("fig.gates.atom", lang, k=int(atom) + 1) for atom in order],
    )
    figure.update_xaxes(title_text=text("fig.design.decides.x", lang), range=[-1.15 * limit, 1.15 * limit])
    return figure


def answers_figure(
    answers: Array,
    pick: int,
    row: int,
    names: Sequence[str],
    *,
    top: int = 10,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return P of the candidates that one label would move most: if the pick comes out 0, and if it comes out 1.

    ``answers`` (2, B); ``row`` is the pick's own place among the candidates, left out.
    """
    change = answers[1] - answers[0]
    moved = np.abs(change)
    moved[row] = -1.0
    order = np.argsort(-moved, kind="stable")[: min(top, len(moved) - 1)]
    rows = np.arange(len(order))
    figure = go.Figure()
    for place, candidate in enumerate(order):
        figure.add_shape(
            type="line", x0=answers[0, candidate], x1=answers[1, candidate], y0=place, y1=place, layer="below",
            line={"color": theme.FAINT, "width": 1.6},
        )  # fmt: skip
    for label, colour, symbol in ((0, theme.NEGATIVE, "diamond-open"), (1, theme.POSITIVE, "diamond")):
        figure.add_scatter(
            x=answers[label, order],
            y=rows,
            mode="markers",
            name=text(f"fig.design.answers.{label}", lang),
            text=[theme.label(names[candidate]) for candidate in order],
            marker={"size": 10, "color": colour, "symbol": symbol, "line": {"width": 1.6}},
            hovertemplate="%{text}<br>P = %{x:.3f}<extra></extra>",
        )
    theme.finish(
        figure,
        title=text("fig.design.answers.title", lang, pick=pick + 1),
        alt=text(
            "fig.design.answers.alt", lang, pick=pick + 1,
            most=float(np.abs(change[order]).max()) if len(order) else 0.0,
        ),
        synthetic=synthetic,
        lang=lang,
        height=max(280, 24 * len(order) + 140),
        margin=(110, 20, 72, 44),
    )  # fmt: skip
    figure.update_yaxes(
        range=[len(order) - 0.4, -0.6],
        tickvals=rows,
        ticktext=[theme.label(names[candidate].split("  ")[0][:18]) for candidate in order],
        gridcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(title_text=text("fig.probability", lang), range=[-0.03, 1.03])
    return figure


def check_figure(
    records: Sequence[RetrospectRecord], lines: Sequence[str], *, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return AUROC on a line whose labels are known, after random and after planned supports of growing size.

    One colour per line: dotted random, solid planned (the first picks of each plan).
    """
    figure = go.Figure()
    for place, (record, line) in enumerate(zip(records, lines, strict=True)):
        colour = theme.OKABE_ITO[place % len(theme.OKABE_ITO)]
        first = record.random_shots[record.random_shots <= record.shots]
        for name, across, up, dash in (
            ("random", record.random_shots, record.random_curve, "dot"),
            ("planned", first, record.planned_curve, "solid"),
        ):
            figure.add_scatter(
                x=across,
                y=up,
                mode="lines+markers",
                name=text(f"fig.design.check.{name}", lang, line=theme.label(line)),
                line={"color": colour, "width": 2, "dash": dash},
                marker={"size": 7, "symbol": "circle-open" if name == "random" else "diamond"},
                hovertemplate="%{x}: %{y:.3f}<extra></extra>",
            )
    gap = float(np.mean([np.nanmean(record.planned) - np.nanmean(record.random) for record in records]))
    rounds = sum(len(record.planned) for record in records)
    theme.finish(
        figure,
        title=text("fig.design.check.title", lang),
        alt=text("fig.design.check.alt", lang, gap=gap, n=rounds),
        synthetic=synthetic,
        lang=lang,
        height=380,
        margin=(60, 20, 56 + 20 * len(records), 44),
        note=text("fig.design.check.note", lang, n=rounds),
    )
    figure.update_xaxes(title_text=text("fig.shots.axis", lang))
    figure.update_yaxes(title_text="AUROC")
    return figure
