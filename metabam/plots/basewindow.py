"""A window of one element, base by base: letters, in-silico mutagenesis, and the two against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.plots.letters import ALPHABET, letter_shapes
from metabam.plots.sequence import MARGIN, Site, Window, outline
from metabam.records import AttributionRecord, ByteArray, MotifHit, MutagenesisRecord
from metabam.texts import text

MOST_LETTERS: Final = 200
ALIGNED: Final = (64, 84, 56, 44)


def letters_figure(
    record: AttributionRecord,
    window: Window,
    hits: Sequence[MotifHit] = (),
    planted: Sequence[Site] = (),
    mutagenesis: MutagenesisRecord | None = None,
    *,
    synthetic: bool | None,
    lang: str = "en",
) -> go.Figure:
    """Return the attribution of a window of at most 200 bp as letters; the marker on each knows its substitutions."""
    bars = getattr(record, window.side)[window.start : window.end]
    codes = getattr(record, f"{window.side}_codes")[window.start : window.end]
    place = np.arange(window.start, window.start + len(bars))
    figure = go.Figure()
    figure.add_scatter(
        x=place,
        y=bars,
        mode="markers",
        name=text(f"fig.seq.{window.side}", lang),
        marker={"size": 9, "opacity": 0, "color": theme.INK},
        text=[ALPHABET[code] for code in codes],
        customdata=_substitutions(place, mutagenesis, window.side, lang),
        hovertemplate=text("fig.seq.hover", lang) + "<br>%{customdata}<extra></extra>",
        showlegend=False,
    )
    top = theme.signed_limit(bars) * 1.12
    letters = [ALPHABET[code] for code in codes]
    shapes = letter_shapes(letters, place - 0.46, np.zeros(len(bars)), bars)
    for site in [site for site in planted if window.holds(site.start, site.end, site.side)]:
        outline(figure, site, 0, top)
    for hit in [hit for hit in hits if window.holds(hit.start, hit.end, hit.side)]:
        figure.add_vrect(
            x0=max(hit.start, window.start) - 0.5,
            x1=min(hit.end, window.end) - 0.5,
            line={"width": 1, "color": theme.rgba(theme.ACCENT, 0.6)},
            fillcolor=theme.rgba(theme.ACCENT, 0.08),
            layer="below",
        )
    figure.update_layout(shapes=[*figure.layout.shapes, *shapes])
    figure.add_hline(y=0, line={"color": theme.FAINT, "width": 1})
    best = int(np.argmax(np.abs(bars))) if len(bars) else 0
    theme.finish(
        figure,
        title=text("fig.letters.title", lang, side=text(f"fig.seq.{window.side}", lang)),
        alt=text("fig.letters.alt", lang, letter=letters[best], at=int(place[best]), value=float(bars[best])),
        synthetic=synthetic,
        lang=lang,
        height=250,
        margin=ALIGNED,
    )
    figure.update_xaxes(range=[window.start - 0.6, window.end - 0.4], showgrid=False)
    figure.update_xaxes(title_text=text(f"fig.seq.axis.{window.side}", lang))
    figure.update_yaxes(title_text=text("fig.seq.axis.value", lang), range=[-top, top], nticks=5)
    return figure


def _substitutions(place: NDArray[Any], record: MutagenesisRecord | None, side: str, lang: str) -> list[str]:
    """Return the effect of each substitution at each position, or that it was not computed."""
    if record is None or record.side != side:
        return [text("fig.seq.no_substitutions", lang)] * len(place)
    told = []
    for at in place.tolist():
        column = at - record.start
        inside = 0 <= column < record.end - record.start
        told.append(
            " ".join(f"→{letter} {record.change[row, column]:+.3f}" for row, letter in enumerate("ACGT"))
            if inside
            else text("fig.seq.no_substitutions", lang)
        )
    return told


def mutagenesis_figure(
    record: MutagenesisRecord, codes: ByteArray, *, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return the change by every substitution as a heat map, 4 letters x positions; a dot marks the base there."""
    place = np.arange(record.start, record.end)
    limit = theme.signed_limit(record.change)
    figure = go.Figure(
        go.Heatmap(
            z=record.change,
            x=place,
            y=list("ACGT"),
            colorscale=list(theme.SIGNED),
            zmin=-limit,
            zmax=limit,
            zmid=0,
            name="mutagenesis",
            xgap=0.5,
            ygap=1,
            colorbar={
                "title": {"text": text("fig.ism.scale", lang), "side": "top"},
                "thickness": 10,
                "len": 1.0,
                "x": 1.01,
            },
            hovertemplate=text("fig.ism.hover", lang) + "<extra></extra>",
        )
    )
    known = np.flatnonzero(codes[record.start : record.end] < 4)
    figure.add_scatter(
        x=place[known],
        y=[ALPHABET[code] for code in codes[record.start : record.end][known]],
        mode="markers",
        name="",
        showlegend=False,
        hoverinfo="skip",
        marker={"size": 4, "color": theme.INK},
    )
    row, column = np.unravel_index(int(np.argmax(np.abs(record.change))), record.change.shape)
    theme.finish(
        figure,
        title=text("fig.ism.title", lang, side=text(f"fig.seq.{record.side}", lang)),
        alt=text(
            "fig.ism.alt",
            lang,
            n=len(place),
            at=int(place[column]),
            letter="ACGT"[row],
            value=float(record.change[row, column]),
        ),
        synthetic=synthetic,
        lang=lang,
        height=230,
        margin=ALIGNED,
    )
    figure.update_xaxes(range=[record.start - 0.6, record.end - 0.4], showgrid=False)
    figure.update_xaxes(title_text=text(f"fig.seq.axis.{record.side}", lang))
    figure.update_yaxes(autorange="reversed", showgrid=False, title_text=text("fig.ism.axis", lang), type="category")
    return figure


def agreement_figure(
    record: AttributionRecord, mutagenesis: MutagenesisRecord, *, synthetic: bool | None, lang: str = "en"
) -> go.Figure:
    """Return attribution against mutagenesis, one point a base of the window."""
    place = np.arange(mutagenesis.start, mutagenesis.end)
    bars = getattr(record, mutagenesis.side)[mutagenesis.start : mutagenesis.end]
    codes = getattr(record, f"{mutagenesis.side}_codes")[mutagenesis.start : mutagenesis.end]
    figure = go.Figure()
    figure.add_scatter(
        x=mutagenesis.importance,
        y=bars,
        mode="markers",
        name=text("fig.agree.base", lang),
        marker={"size": 7, "color": theme.rgba(theme.ACCENT, 0.65), "line": {"width": 0}},
        text=[f"{ALPHABET[code]} {at}" for code, at in zip(codes, place, strict=True)],
        hovertemplate="%{text}: %{x:+.3f}, %{y:+.3f}<extra></extra>",
        showlegend=False,
    )
    figure.add_hline(y=0, line={"color": theme.FAINT, "width": 1})
    figure.add_vline(x=0, line={"color": theme.FAINT, "width": 1})
    theme.finish(
        figure,
        title=text("fig.agree.title", lang),
        alt=text("fig.agree.alt", lang, n=len(place), rho=mutagenesis.agreement),
        synthetic=synthetic,
        lang=lang,
        height=330,
        note=text("fig.agree.note", lang, n=len(place), rho=mutagenesis.agreement),
        margin=MARGIN,
    )
    figure.update_xaxes(title_text=text("fig.agree.x", lang))
    figure.update_yaxes(title_text=text("fig.agree.y", lang))
    return figure
