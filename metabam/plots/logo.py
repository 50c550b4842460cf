"""Sequence logos: letters whose height is information in bits, drawn as shapes, so that they scale and print.

:func:`letter_shape` draws one letter of any height, for tracks that write their values in letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from metabam.plots import theme
from metabam.texts import text

Array = NDArray[np.float64]
BASES: Final = "ACGT"
BASE_COLOURS: Final = {
    "A": theme.OKABE_ITO[2],
    "C": theme.OKABE_ITO[0],
    "G": theme.OKABE_ITO[5],
    "T": theme.OKABE_ITO[1],
    "N": theme.FAINT,
}
ROW: Final = 2.55
_FULL: Final = 2.0
_TINY: Final = 0.02
_Outline = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Logo:
    """One motif to draw: probabilities ``pwm`` (w, 4) over A, C, G, T; ``start`` its first place on the shared axis."""

    name: str
    pwm: Array
    start: int = 0


def column_bits(pwm: Array) -> Array:
    """Return the information of each column (w,) against equal bases, in bits from 0 to 2 (doi:10.1093/nar/18.20.6097).

    No correction for small samples: the matrix is taken as it is.
    """
    p = np.clip(np.asarray(pwm, dtype=np.float64), 1e-12, 1.0)
    return np.asarray(np.clip(_FULL + (p * np.log2(p)).sum(axis=1), 0.0, _FULL))


def reversed_strand(pwm: Array) -> Array:
    """Return the motif as read on the other strand."""
    return np.asarray(pwm)[::-1, ::-1]


def consensus(pwm: Array) -> str:
    """Return the most likely base of each column; lower case where it holds less than half."""
    best = np.asarray(pwm).argmax(axis=1)
    return "".join(
        BASES[base] if row[base] >= 0.5 else BASES[base].lower()
        for base, row in zip(best, np.asarray(pwm), strict=True)
    )


def _arc(rx: float, ry: float, start: float, end: float, points: int = 19) -> list[tuple[float, float]]:
    """Return points of an ellipse around the middle of the unit box, from one angle to another in degrees."""
    angle = np.radians(np.linspace(start, end, points))
    return [(round(0.5 + rx * float(np.cos(a)), 3), round(0.5 + ry * float(np.sin(a)), 3)) for a in angle]


def _outlines() -> dict[str, tuple[_Outline, ...]]:
    """Return the outline of each letter in the unit box, a hole being a second outline."""
    opened = [*_arc(0.5, 0.5, 42.0, 318.0), *_arc(0.29, 0.33, 318.0, 42.0)]
    widest = max(x for x, _ in opened)
    barred = [*_arc(0.5, 0.5, 42.0, 322.0), (0.95, 0.22), (0.95, 0.53), (0.52, 0.53), (0.52, 0.37), (0.75, 0.37)]
    return {
        "A": (
            ((0, 0), (0.39, 1), (0.61, 1), (1, 0), (0.79, 0), (0.71, 0.24), (0.29, 0.24), (0.21, 0)),
            ((0.345, 0.41), (0.655, 0.41), (0.5, 0.83)),
        ),
        "C": (tuple((round(x / widest, 3), y) for x, y in opened),),
        "G": ((*barred, *_arc(0.29, 0.33, 328.0, 42.0)),),
        "T": (((0, 1), (1, 1), (1, 0.83), (0.605, 0.83), (0.605, 0), (0.395, 0), (0.395, 0.83), (0, 0.83)),),
        "N": (((0, 0), (0, 1), (0.2, 1), (0.8, 0.3), (0.8, 1), (1, 1), (1, 0), (0.8, 0), (0.2, 0.7), (0.2, 0)),),
    }


_OUTLINES: Final = _outlines()


def letter_shape(
    letter: str, x: float, low: float, high: float, *, width: float = 0.92, opacity: float = 1.0, **refs: str
) -> dict[str, Any]:
    """Return a plotly shape: one letter from ``low`` to ``high`` (upside down where ``high`` < ``low``), centred on x.

    ``refs`` may hold ``xref`` and ``yref`` of a subplot. Letters other than A, C, G, T are drawn as N.
    """
    name = letter.upper() if letter.upper() in _OUTLINES else "N"
    parts = []
    for outline in _OUTLINES[name]:
        places = [f"{x + (across - 0.5) * width:.4g},{low + up * (high - low):.4g}" for across, up in outline]
        parts.append(f"M{places[0]} " + " ".join(f"L{place}" for place in places[1:]) + " Z")
    return {
        "type": "path",
        "path": " ".join(parts),
        "fillcolor": BASE_COLOURS[name],
        "fillrule": "evenodd",
        "line": {"width": 0},
        "opacity": opacity,
        "layer": "above",
        **refs,
    }


def logo_shapes(pwm: Array, *, start: float = 0.0, base: float = 0.0, **refs: str) -> list[dict[str, Any]]:
    """Return the letters of a motif: column i at ``start`` + i, standing on ``base``, 1 bit being 1 unit.

    In each column a base is as high as its probability times the column's bits, the likeliest on top.
    """
    shapes = []
    for place, (row, bits) in enumerate(zip(np.asarray(pwm), column_bits(pwm), strict=True)):
        level = base
        for number in np.argsort(row, kind="stable"):
            height = float(row[number] * bits)
            if height >= _TINY:
                shapes.append(letter_shape(BASES[int(number)], start + place, level, level + height) | refs)
            level += height
    return shapes


def logo_figure(
    logos: Sequence[Logo],
    *,
    title: str,
    synthetic: bool | None,
    lang: str = "en",
    note: str = "",
) -> go.Figure:
    """Return one or more motifs under one another on a shared axis of columns; height is information in bits.

    Parameters
    ----------
    logos
        Drawn from top to bottom; ``start`` aligns them.
    title, note
        Title and the muted line below it, in the reader's language; user text must be escaped (:func:`theme.label`).
    """
    figure = go.Figure()
    low = min((logo.start for logo in logos), default=0)
    high = max((logo.start + len(logo.pwm) for logo in logos), default=1)
    ticks: list[float] = []
    labels: list[str] = []
    for place, logo in enumerate(logos):
        base = ROW * (len(logos) - 1 - place)
        bits = column_bits(logo.pwm)
        columns = logo.start + np.arange(len(logo.pwm)) + 1
        for shape in logo_shapes(logo.pwm, start=logo.start + 1.0, base=base):
            figure.add_shape(shape)
        figure.add_scatter(
            x=columns,
            y=base + bits,
            mode="markers",
            name=theme.label(logo.name),
            text=[" ".join(f"{b} {p:.2f}" for b, p in zip(BASES, row, strict=True)) for row in logo.pwm],
            customdata=bits,
            showlegend=False,
            marker={"size": 8, "opacity": 0},
            hovertemplate=f"{theme.label(logo.name)} %{{x}}: %{{customdata:.2f}} bit<br>%{{text}}<extra></extra>",
        )
        ticks += [base, base + 1, base + 2]
        labels += ["0", "1", "2"]
        if len(logos) > 1:
            figure.add_annotation(
                text=theme.label(logo.name),
                x=0,
                xref="paper",
                xanchor="left",
                y=base + 2.02,
                yanchor="bottom",
                showarrow=False,
                font={"size": 12, "color": theme.MUTED},
            )
    total = [float(column_bits(logo.pwm).sum()) for logo in logos]
    theme.finish(
        figure,
        title=title,
        alt=text(
            "fig.logo.alt",
            lang,
            n=len(logos),
            name=logos[0].name if logos else "–",
            bases=consensus(logos[0].pwm) if logos else "–",
            bits=total[0] if total else 0.0,
        ),
        synthetic=synthetic,
        lang=lang,
        height=110 + 105 * max(len(logos), 1),
        note=note,
    )
    figure.update_xaxes(
        range=[low + 0.4, high + 0.6],
        title_text=text("fig.logo.column", lang),
        dtick=1 if high - low <= 24 else 5,
        showgrid=False,
    )
    figure.update_yaxes(
        range=[0, ROW * max(len(logos), 1) - 0.35],
        tickvals=ticks,
        ticktext=labels,
        title_text=text("fig.logo.bits", lang),
    )
    return figure
