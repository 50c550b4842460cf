"""Where two elements lie relative to each other: their distance, its bends, and the promoters between them.

Contact falls with distance neither linearly nor in one law, and what counts is also how many promoters an enhancer
skips (one of the features of ENCODE-rE2G, doi:10.1101/2023.11.09.563812). Both need coordinates alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from metabam.errors import InputError
from metabam.records import FloatArray, IntArray, PairTable, TextArray

DISTANCE = "log10 distance"
KNOTS = (4.0, 4.5, 5.0, 5.5, 6.0)
"""Where the law of distance may bend, in log10 bp."""
BENDS = tuple(f"log10 distance above {knot:g}" for knot in KNOTS)
BETWEEN = "log10 promoters between"
GEOMETRY = (*BENDS, BETWEEN, DISTANCE)

Promoters = Mapping[str, IntArray]
"""By chromosome, the distinct start + end of promoters, sorted."""


def promoters_of(chrom: TextArray, start: IntArray, end: IntArray) -> Promoters:
    """Return the promoters of some regions, 0-based half-open, by chromosome; (n,) each."""
    twice = np.asarray(start, dtype=np.int64) + np.asarray(end, dtype=np.int64)
    names = chrom.astype(str)
    return {str(name): np.unique(twice[names == name]) for name in np.unique(names)}


def promoters_between(table: PairTable, promoters: Promoters) -> NDArray[np.float64]:
    """Return how many promoters have their midpoint strictly between the two of a pair (B,), NaN across chromosomes."""
    enhancer, promoter = table.enhancer_start + table.enhancer_end, table.promoter_start + table.promoter_end
    low, high = np.minimum(enhancer, promoter), np.maximum(enhancer, promoter)
    counts = np.full(len(table), np.nan)
    same = table.enhancer_chrom == table.promoter_chrom
    none = np.zeros(0, dtype=np.int64)
    for chrom in dict.fromkeys(table.promoter_chrom[same].tolist()):
        rows = np.flatnonzero(same & (table.promoter_chrom == chrom))
        places = promoters.get(str(chrom), none)
        upto, after = np.searchsorted(places, high[rows], "left"), np.searchsorted(places, low[rows], "right")
        counts[rows] = np.maximum(upto - after, 0)
    return counts


def geometry_of(table: PairTable, names: Sequence[str], promoters: Promoters | None) -> FloatArray:
    """Return columns of :data:`GEOMETRY` by name, (B, names) float32; NaN for a pair on two chromosomes.

    ``log10 distance`` between midpoints, 1 bp at least; ``log10 distance above k`` is its excess over k, 0 below;
    ``log10 promoters between`` of one more than their number.

    Raises
    ------
    InputError
        ``features-missing`` where promoters are asked for and none are known.
    """
    distance = np.log10(np.maximum(table.distance(), 1.0))
    bends = dict(zip(BENDS, KNOTS, strict=True))
    out = np.empty((len(table), len(names)), dtype=np.float32)
    for place, name in enumerate(names):
        if name == BETWEEN:
            if promoters is None:
                raise InputError(
                    "features-missing", f"{BETWEEN!r} needs a list of promoters.", "Bring the folder of peak tracks."
                )
            out[:, place] = np.log10(1.0 + promoters_between(table, promoters))
        else:
            out[:, place] = distance if name == DISTANCE else np.maximum(distance - bends[name], 0.0)
    return out
