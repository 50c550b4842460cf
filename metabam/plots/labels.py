"""What single labels taught: influence by row, the permuted-label null, what would be different, refinement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from metabam.plots import theme
from metabam.plots.queries import even_ranks
from metabam.records import InfluenceRecord, InformedRecord, RefinementPath, WhatIfRecord
from metabam.texts import text

MOST_DRAWN = 1_000


def influence_figure(
    record: InfluenceRecord,
    names: Sequence[str],
    *,
    picked: int | None = None,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return one mark per support pair: how well the other pairs foretell its label, and how far it moved the context.

    Left of 0 the others speak against the label; the larger the mark, the more the context rests on it. ``picked`` is
    ringed.
    """
    rows = np.arange(len(record.labels))
    gain = record.left_out - record.prior
    size = 8 + 16 * record.shift / max(float(record.shift.max()), 1e-12)
    figure = go.Figure()
    figure.add_vline(x=0, line={"color": theme.MUTED, "width": 1})
    for value, colour in ((1, theme.POSITIVE), (0, theme.NEGATIVE)):
        chosen = rows[record.labels == value]
        figure.add_scatter(
            x=gain[chosen],
            y=chosen,
            mode="markers",
            name=text(f"fig.label.{value}", lang),
            ids=[f"row{row}" for row in chosen],
            text=[theme.label(names[row]) for row in chosen],
            customdata=record.shift[chosen],
            marker={
                "symbol": theme.SUPPORT_SYMBOL if value else f"{theme.SUPPORT_SYMBOL}-open",
                "size": size[chosen],
                "color": colour,
                "line": {"width": [4 if row == picked else 1.6 for row in chosen], "color": colour},
            },
            hovertemplate=text("fig.influence.hover", lang) + "<extra></extra>",
        )
    worst = int(np.argmin(gain))
    theme.finish(
        figure,
        title=text("fig.influence.title", lang),
        alt=text(
            "fig.influence.alt", lang, row=worst + 1, gain=float(gain[worst]), top=int(np.argmax(record.shift)) + 1
        ),
        synthetic=synthetic,
        lang=lang,
        height=max(320, 19 * len(rows) + 150),
        margin=(56, 20, 72, 44),
        note=text("fig.influence.note", lang),
    )
    figure.update_yaxes(
        range=[len(rows) - 0.3, -0.7],
        title_text=text("fig.recon.axis", lang),
        tickvals=rows[:: max(1, len(rows) // 16)],
        ticktext=[str(row + 1) for row in rows[:: max(1, len(rows) // 16)]],
        gridcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(title_text=text("fig.influence.x", lang))
    return figure


def null_figure(record: InformedRecord, *, synthetic: bool | None, lang: str = "en") -> go.Figure:
    """Return the leave-one-out gain of the labels over the prior beside that of their permutations.

    Grey: as many gains as permutations; the line: the labels as given. Inside the grey the labels taught nothing that
    other labels of the same pairs would not have taught.
    """
    figure = go.Figure()
    figure.add_histogram(
        x=record.null,
        name=text("fig.null.name", lang, n=len(record.null)),
        marker={"color": theme.FAINT},
        nbinsx=30,
        hovertemplate="%{x}: %{y}<extra></extra>",
    )
    edge = float(np.quantile(record.null, 0.95)) if len(record.null) else 0.0
    figure.add_vline(x=edge, line={"color": theme.MUTED, "dash": "dash", "width": 1.4})
    colour = theme.ACCENT if record.informed else theme.WARN
    figure.add_vline(
        x=record.gain,
        line={"color": colour, "width": 3},
        annotation={"text": text("fig.null.own", lang), "font": {"size": 12, "color": colour}},
    )
    theme.finish(
        figure,
        title=text("fig.null.title", lang),
        alt=text("fig.null.alt", lang, gain=record.gain, edge=edge, p=record.p),
        synthetic=synthetic,
        lang=lang,
        height=320,
        margin=(60, 20, 72, 44),
        note=text("fig.null.note", lang, gain=record.gain, edge=edge, p=record.p),
    )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title_text=text("fig.null.x", lang))
    figure.update_yaxes(title_text=text("fig.null.y", lang))
    return figure


def what_if_figure(
    record: WhatIfRecord, names: Sequence[str], *, of_support: bool, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return each pair's probability after the change against before; on the diagonal nothing changed."""
    rows = even_ranks(len(record.probability_before), MOST_DRAWN)
    change = record.probability_after - record.probability_before
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": theme.FAINT, "dash": "dot", "width": 1.2}, hoverinfo="skip",
        showlegend=False, name="",
    )  # fmt: skip
    limit = theme.signed_limit(change)
    figure.add_scattergl(
        x=record.probability_before[rows],
        y=record.probability_after[rows],
        mode="markers",
        name=text("fig.whatif.support" if of_support else "fig.whatif.queries", lang),
        text=[theme.label(names[row]) for row in rows],
        marker={
            "size": 8,
            "symbol": theme.SUPPORT_SYMBOL if of_support else theme.QUERY_SYMBOL,
            "color": change[rows],
            "colorscale": list(theme.SIGNED),
            "cmin": -limit,
            "cmax": limit,
            "line": {"color": theme.MUTED, "width": 0.6},
        },
        hovertemplate="%{text}<br>%{x:.3f} → %{y:.3f}<extra></extra>",
    )
    crossed = int(((record.probability_before >= 0.5) != (record.probability_after >= 0.5)).sum())
    theme.finish(
        figure,
        title=text("fig.whatif.title", lang),
        alt=text("fig.whatif.alt", lang, n=len(change), mean=float(np.abs(change).mean()), crossed=crossed),
        synthetic=synthetic,
        lang=lang,
        height=380,
        margin=(60, 20, 66, 44),
        note=text("shell.shown", lang, shown=len(rows), total=len(change)),
    )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title_text=text("fig.whatif.x", lang), range=[-0.03, 1.03])
    figure.update_yaxes(title_text=text("fig.whatif.y", lang), range=[-0.03, 1.03])
    return figure


def gates_changed_figure(
    record: WhatIfRecord, names: Sequence[str], *, top: int = 12, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return the gates that the change moves most: ticks before, dots after."""
    before, after = record.before.spectrum, record.after.spectrum
    order = np.argsort(-np.abs(after - before), kind="stable")[:top]
    rows = np.arange(len(order))
    figure = go.Figure()
    figure.add_vline(x=0, line={"color": theme.MUTED, "width": 1})
    for place, atom in enumerate(order):
        figure.add_shape(
            type="line", x0=before[atom], x1=after[atom], y0=place, y1=place, layer="below",
            line={"color": theme.FAINT, "width": 1.6},
        )  # fmt: skip
    for name, values, marker in (
        ("before", before, {"symbol": "line-ns-open", "size": 12, "color": theme.MUTED, "line": {"width": 1.6}}),
        ("after", after, {"symbol": "circle", "size": 10, "color": theme.ACCENT}),
    ):
        figure.add_scatter(
            x=values[order],
            y=rows,
            mode="markers",
            name=text(f"fig.whatif.{name}", lang),
            text=[theme.label(names[atom]) if atom < len(names) else "" for atom in order],
            marker=marker,
            hovertemplate="α = %{x:.2f}<br>%{text}<extra></extra>",
        )
    first = int(order[0])
    theme.finish(
        figure,
        title=text("fig.whatif.gates", lang),
        alt=text("fig.whatif.gates_alt", lang, atom=first + 1, before=float(before[first]), after=float(after[first])),
        synthetic=synthetic,
        lang=lang,
        height=380,
        margin=(72, 20, 92, 44),
        note=text("shell.shown", lang, shown=len(order), total=len(before)),
    )
    figure.update_yaxes(
        range=[len(order) - 0.4, -0.6],
        tickvals=rows,
        ticktext=[text("fig.gates.atom", lang, k=int(atom) + 1) for atom in order],
    )
    figure.update_xaxes(title_text=text("fig.gates.axis", lang), range=[-1.08, 1.08])
    return figure


def refinement_figure(path: RefinementPath, *, synthetic: bool | None, lang: str = "en") -> go.Figure:
    """Return log P(S | z) + log p(z) after each gradient step of z_c; the first value is the context as adapted."""
    steps = np.arange(len(path.objective))
    figure = go.Figure()
    figure.add_scatter(
        x=steps,
        y=path.objective[:, 0],
        mode="lines+markers",
        name=text("fig.refine.name", lang),
        line={"color": theme.WARN if path.diverged else theme.ACCENT, "width": 2},
        marker={"size": 5},
        hovertemplate="%{x}: %{y:.3f} nat<extra></extra>",
    )
    gained = float(np.max(path.objective[:, 0]) - path.objective[0, 0])
    theme.finish(
        figure,
        title=text("fig.refine.title", lang),
        alt=text("fig.refine.alt", lang, gained=gained, n=len(steps) - 1),
        synthetic=synthetic,
        lang=lang,
        height=300,
        margin=(60, 20, 66, 44),
        note=text("fig.refine.diverged" if path.diverged else "fig.refine.note", lang, gained=gained),
    )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title_text=text("fig.refine.x", lang))
    figure.update_yaxes(title_text=text("fig.refine.y", lang))
    return figure
