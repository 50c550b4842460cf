"""DNA letters of any height, drawn as filled outlines: for attribution tracks and sequence logos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from metabam.plots import theme

ALPHABET: Final = "ACGTN"
COLOURS: Final = {"A": theme.OKABE_ITO[2], "C": theme.OKABE_ITO[0], "G": theme.OKABE_ITO[5], "T": theme.OKABE_ITO[1]}


def _arc(start: float, end: float, radius: float, points: int = 14) -> list[tuple[float, float]]:
    """Return points of a circle around the middle of the unit box, degrees counted from the right."""
    angle = np.radians(np.linspace(start, end, points))
    return [(0.5 + radius * float(np.cos(a)), 0.5 + radius * float(np.sin(a))) for a in angle]


# Each letter is a list of closed outlines in the unit box, y upwards; a second outline inside the first is a hole.
GLYPHS: Final[dict[str, list[list[tuple[float, float]]]]] = {
    "A": [
        [(0, 0), (0.38, 1), (0.62, 1), (1, 0), (0.78, 0), (0.7, 0.24), (0.3, 0.24), (0.22, 0)],
        [(0.36, 0.42), (0.64, 0.42), (0.5, 0.84)],
    ],
    "C": [[*_arc(42, 318, 0.5), *_arc(318, 42, 0.3)]],
    "G": [[*_arc(42, 360, 0.5), (0.54, 0.5), (0.54, 0.34), *_arc(328, 42, 0.3)]],
    "T": [[(0, 1), (1, 1), (1, 0.8), (0.61, 0.8), (0.61, 0), (0.39, 0), (0.39, 0.8), (0, 0.8)]],
}


def letter_shapes(
    letters: Sequence[str],
    left: NDArray[Any],
    bottom: NDArray[Any],
    top: NDArray[Any],
    *,
    width: float = 0.92,
    xref: str = "x",
    yref: str = "y",
) -> list[dict[str, Any]]:
    """Return at most four plotly shapes, one per letter of the alphabet, that draw all letters in data coordinates.

    Parameters
    ----------
    letters
        (n,) of A, C, G, T; any other letter is left out.
    left, bottom, top
        (n,) left edge and vertical extent; where ``top`` < ``bottom`` the letter stands on its head.
    width
        In data units.
    """
    shapes = []
    for letter, outlines in GLYPHS.items():
        parts = []
        for at in [place for place, name in enumerate(letters) if name == letter]:
            for outline in outlines:
                drawn = [
                    f"{left[at] + width * x:.6g},{bottom[at] + y * (top[at] - bottom[at]):.6g}" for x, y in outline
                ]
                parts.append("M" + "L".join(drawn) + "Z")
        if parts:
            shapes.append(
                {
                    "type": "path",
                    "path": "".join(parts),
                    "fillcolor": COLOURS[letter],
                    "line": {"width": 0},
                    "xref": xref,
                    "yref": yref,
                    "layer": "above",
                }
            )
    return shapes
