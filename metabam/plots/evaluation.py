"""How good a model is on lines it never saw: scores by line and by support size, slices, gene ranks, honesty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from metabam.plots import theme
from metabam.records import GeneRankRecord, HonestyRecord, ScoreRecord, SliceRecord
from metabam.texts import text

SYMBOLS = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "star", "pentagon")
CONTROL_SYMBOLS = {
    "none": "circle-open",
    "permuted": "x-thin-open",
    "wrong_line": "square-open",
    "flipped": "star-open",
}
PALETTE = (theme.ACCENT, *theme.OKABE_ITO[1:], theme.OKABE_ITO[0], theme.MUTED)


def _bars(low: Sequence[float], middle: Sequence[float], high: Sequence[float], colour: str) -> dict[str, Any]:
    """Return error bars from the ends of intervals; an unknown end draws none."""
    up = np.nan_to_num(np.asarray(high, dtype=float) - middle)
    down = np.nan_to_num(np.asarray(middle, dtype=float) - low)
    return {
        "type": "data",
        "symmetric": False,
        "array": np.maximum(up, 0),
        "arrayminus": np.maximum(down, 0),
        "color": theme.rgba(colour, 0.6),
        "thickness": 1.8,
        "width": 0,
    }


def _top(entries: int, across: int) -> int:
    """Return the top margin that a legend of so many entries needs, ``across`` of them in a row."""
    return 56 + 20 * -(-entries // across)


def line_dots_figure(
    scores: Sequence[ScoreRecord], names: Mapping[str, str], *, metric: str, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return one dot per held-out line and learner (or kind of support), with intervals over supports, and base rates.

    Parameters
    ----------
    scores
        From the benchmark; controls other than the own support are drawn open.
    names
        Readable learner names.
    metric
        Readable name of the metric, the axis title.
    """
    lines = list(dict.fromkeys(score.line for score in scores))
    series = list(dict.fromkeys((score.learner, score.control) for score in scores))
    figure = go.Figure()
    colours = {
        name: PALETTE[place % len(PALETTE)] for place, name in enumerate(dict.fromkeys(one for one, _ in series))
    }
    for place, (learner, control) in enumerate(series):
        mine = [score for score in scores if (score.learner, score.control) == (learner, control)]
        shift = (place - (len(series) - 1) / 2) * min(0.14, 0.8 / len(series))
        own = control == "own"
        colour = colours[learner]
        said = names.get(learner, learner)
        middle = [score.estimate for score in mine]
        figure.add_scatter(
            x=middle,
            y=[lines.index(score.line) + shift for score in mine],
            mode="markers",
            name=theme.label(said if own else text(f"fig.evaluation.control.{control}", lang, learner=said)),
            text=[theme.label(score.line) for score in mine],
            customdata=[score.n for score in mine],
            ids=[f"{score.learner}|{score.control}|{score.line}" for score in mine],
            marker={
                "size": 9,
                "symbol": SYMBOLS[list(colours).index(learner) % len(SYMBOLS)] if own else CONTROL_SYMBOLS[control],
                "color": colour,
                "line": {"width": 1.6, "color": colour},
            },
            error_x=_bars([score.low for score in mine], middle, [score.high for score in mine], colour),
            hovertemplate=f"%{{text}}<br>{theme.label(said)}: %{{x:.3f}}<br>n = %{{customdata}}<extra></extra>",
        )
    base = [next(score.base for score in scores if score.line == line) for line in lines]
    if scores and scores[0].metric == "auprc":
        figure.add_scatter(
            x=base,
            y=list(range(len(lines))),
            mode="markers",
            name=text("fig.scores.base", lang),
            text=[theme.label(line) for line in lines],
            marker={"symbol": "line-ns-open", "size": 26, "color": theme.MUTED, "line": {"width": 2}},
            hovertemplate="%{text}: %{x:.3f}<extra></extra>",
        )
    first = [score for score in scores if (score.learner, score.control) == series[0]] if series else []
    mean = float(np.mean([score.estimate for score in first])) if first else float("nan")
    theme.finish(
        figure,
        title=text("fig.evaluation.lines.title", lang, metric=metric),
        alt=text(
            "fig.evaluation.lines.alt", lang, n=len(lines), mean=mean, base=float(np.mean(base)) if base else np.nan,
            learner=names.get(series[0][0], series[0][0]) if series else "",
        ),
        synthetic=synthetic,
        lang=lang,
        height=max(340, len(lines) * max(44, 13 * len(series)) + 170),
        margin=(90, 20, _top(len(series) + 1, 3), 44),
        note=text("fig.evaluation.lines.note", lang, shots=scores[0].shots if scores else 0, lines=len(lines)),
    )  # fmt: skip
    figure.update_yaxes(
        range=[len(lines) - 0.45, -0.55],
        tickvals=list(range(len(lines))),
        ticktext=[theme.label(line.partition(" | ")[0]) for line in lines],
        gridcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(title_text=metric)
    return figure


def shots_figure(
    scores: Sequence[ScoreRecord], names: Mapping[str, str], *, metric: str, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return each learner's mean over lines against the number of labelled pairs, with intervals for unseen lines."""
    sizes = sorted({score.shots for score in scores})
    learners = list(dict.fromkeys(score.learner for score in scores))
    figure = go.Figure()
    for place, learner in enumerate(learners):
        mine = sorted((score for score in scores if score.learner == learner), key=lambda score: score.shots)
        colour = PALETTE[place % len(PALETTE)]
        shift = (place - (len(learners) - 1) / 2) * 0.06
        middle = [score.estimate for score in mine]
        figure.add_scatter(
            x=[sizes.index(score.shots) + shift for score in mine],
            y=middle,
            mode="lines+markers",
            name=theme.label(names.get(learner, learner)),
            text=[f"S = {score.shots}, n = {score.n}" for score in mine],
            line={"color": theme.rgba(colour, 0.7), "width": 1.8},
            marker={"size": 8, "color": colour, "symbol": SYMBOLS[place % len(SYMBOLS)]},
            error_y=_bars([score.low for score in mine], middle, [score.high for score in mine], colour),
            hovertemplate="%{text}<br>%{y:.3f}<extra></extra>",
        )
    own = [score for score in scores if score.learner == (learners[0] if learners else "")]
    if own and own[0].metric == "auprc":
        figure.add_hline(
            y=float(np.mean([score.base for score in own])),
            line={"color": theme.MUTED, "dash": "dot", "width": 1.4},
            annotation={"text": text("fig.scores.base", lang), "font": {"size": 12, "color": theme.MUTED}},
        )
    own.sort(key=lambda score: score.shots)
    theme.finish(
        figure,
        title=text("fig.evaluation.shots.title", lang, metric=metric),
        alt=text(
            "fig.evaluation.shots.alt", lang, first=own[0].estimate if own else np.nan,
            last=own[-1].estimate if own else np.nan, shots=own[-1].shots if own else 0,
        ),
        synthetic=synthetic,
        lang=lang,
        height=400,
        margin=(60, 20, _top(len(learners), 3), 44),
        note=text("fig.evaluation.shots.note", lang),
    )  # fmt: skip
    figure.update_xaxes(
        title_text=text("fig.shots.axis", lang),
        tickvals=list(range(len(sizes))),
        ticktext=[str(size) for size in sizes],
    )
    figure.update_yaxes(title_text=metric)
    return figure


def honesty_figure(
    records: Sequence[HonestyRecord], names: Mapping[str, str], *, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return the paired AUPRC difference learner minus baseline, one row each, with its 95 % interval over genes.

    A baseline whose lower bound is at or below 0 is red: the learner is not shown to beat it.
    """
    figure = go.Figure()
    figure.add_vline(x=0, line={"color": theme.INK, "width": 1.2})
    for beaten, colour in ((False, theme.WARN), (True, theme.ACCENT)):
        mine = [(place, one) for place, one in enumerate(records) if one.shown_to_beat is beaten]
        if not mine:
            continue
        middle = [np.nan if one.estimate is None else one.estimate for _, one in mine]
        low = [np.nan if one.low is None else one.low for _, one in mine]
        high = [np.nan if one.high is None else one.high for _, one in mine]
        figure.add_scatter(
            x=middle,
            y=[place for place, _ in mine],
            mode="markers",
            name=text(f"fig.evaluation.honesty.{'beaten' if beaten else 'lost'}", lang),
            text=[theme.label(names.get(one.baseline, one.baseline)) for _, one in mine],
            marker={"size": 11, "color": colour, "symbol": "circle" if beaten else "x"},
            error_x=_bars(low, middle, high, colour),
            hovertemplate="%{text}: %{x:+.3f}<extra></extra>",
        )
    lost = sum(not one.shown_to_beat for one in records)
    least = min((one.low for one in records if one.low is not None), default=float("nan"))
    theme.finish(
        figure,
        title=text("fig.evaluation.honesty.title", lang),
        alt=text("fig.evaluation.honesty.alt", lang, lost=lost, n=len(records), least=least),
        synthetic=synthetic,
        lang=lang,
        height=44 * len(records) + 170,
        margin=(120, 20, 72, 44),
        note=text(
            "fig.evaluation.honesty.note", lang, pairs=records[0].pairs if records else 0,
            genes=records[0].genes if records else 0, dropped=records[0].dropped if records else 0,
        ),
    )  # fmt: skip
    figure.update_yaxes(
        range=[len(records) - 0.5, -0.5],
        tickvals=list(range(len(records))),
        ticktext=[theme.label(names.get(one.baseline, one.baseline)) for one in records],
        gridcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(title_text=text("fig.evaluation.honesty.axis", lang))
    return figure


def slices_figure(
    records: Sequence[SliceRecord],
    names: Mapping[str, str],
    labels: Mapping[str, str],
    *,
    title: str,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return AUPRC inside each slice of one kind, with intervals over genes, beside the slice's own base rate.

    ``labels`` names the slices; the number of pairs stands under each.
    """
    groups = list(dict.fromkeys(record.name for record in records))
    learners = list(dict.fromkeys(record.learner for record in records))
    figure = go.Figure()
    for place, learner in enumerate(learners):
        mine = [record for record in records if record.learner == learner]
        colour = PALETTE[place % len(PALETTE)]
        middle = [record.estimate for record in mine]
        figure.add_scatter(
            x=[groups.index(record.name) + (place - (len(learners) - 1) / 2) * 0.12 for record in mine],
            y=middle,
            mode="markers",
            name=theme.label(names.get(learner, learner)),
            text=[theme.label(labels.get(record.name, record.name)) for record in mine],
            marker={"size": 9, "color": colour, "symbol": SYMBOLS[place % len(SYMBOLS)]},
            error_y=_bars([record.low for record in mine], middle, [record.high for record in mine], colour),
            hovertemplate="%{text}: %{y:.3f}<extra></extra>",
        )
    first = [record for record in records if record.learner == learners[0]]
    figure.add_scatter(
        x=[groups.index(record.name) for record in first],
        y=[record.base for record in first],
        mode="markers",
        name=text("fig.scores.base", lang),
        marker={"symbol": "line-ew-open", "size": 34, "color": theme.MUTED, "line": {"width": 2}},
        hovertemplate="%{y:.3f}<extra></extra>",
    )
    shown = [record for record in first if np.isfinite(record.estimate)]
    worst = min(shown, key=lambda record: record.estimate - record.base) if shown else first[0]
    theme.finish(
        figure,
        title=title,
        alt=text(
            "fig.evaluation.slices.alt", lang, name=labels.get(worst.name, worst.name), value=worst.estimate,
            base=worst.base,
        ),
        synthetic=synthetic,
        lang=lang,
        height=360,
        margin=(60, 20, _top(len(learners) + 1, 2), 60),
        note=text("fig.evaluation.slices.note", lang),
    )  # fmt: skip
    figure.update_xaxes(
        range=[-0.6, len(groups) - 0.4],
        tickvals=list(range(len(groups))),
        ticktext=[
            f"{theme.label(labels.get(name, name))}<br>n = {next(r.pairs for r in first if r.name == name):,}"
            for name in groups
        ],
    )
    figure.update_yaxes(title_text="AUPRC", rangemode="tozero")
    return figure


def gene_rank_figure(
    records: Sequence[GeneRankRecord], names: Mapping[str, str], *, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return how many false candidates of its enhancer a true gene outranks, one row per learner; chance is 1/2."""
    middle = [record.outranked for record in records]
    figure = go.Figure()
    figure.add_vline(x=0.5, line={"color": theme.MUTED, "dash": "dot", "width": 1.4})
    figure.add_scatter(
        x=middle,
        y=list(range(len(records))),
        mode="markers",
        name=text("fig.evaluation.rank.name", lang),
        text=[
            text("fig.evaluation.rank.hover", lang, first=record.first, chance=record.first_chance)
            for record in records
        ],
        marker={"size": 10, "color": [PALETTE[place % len(PALETTE)] for place in range(len(records))]},
        error_x=_bars([record.low for record in records], middle, [record.high for record in records], theme.MUTED),
        hovertemplate="%{x:.3f}<br>%{text}<extra></extra>",
    )
    theme.finish(
        figure,
        title=text("fig.evaluation.rank.title", lang),
        alt=text("fig.evaluation.rank.alt", lang, value=middle[0], n=records[0].enhancers),
        synthetic=synthetic,
        lang=lang,
        height=max(260, 36 * len(records) + 150),
        margin=(130, 20, 66, 44),
        note=text(
            "fig.evaluation.rank.note", lang, n=records[0].enhancers, candidates=records[0].candidates,
            chance=records[0].first_chance,
        ),
    )  # fmt: skip
    figure.update_layout(showlegend=False)
    figure.update_yaxes(
        range=[len(records) - 0.5, -0.5],
        tickvals=list(range(len(records))),
        ticktext=[theme.label(names.get(record.learner, record.learner)) for record in records],
        gridcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(title_text=text("fig.evaluation.rank.axis", lang), range=[0, 1.02])
    return figure
