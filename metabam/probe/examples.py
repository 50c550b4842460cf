"""Which pairs show what an atom responds to: the strongest, the weakest, and some from every part of the range."""

from __future__ import annotations

import numpy as np

from metabam.errors import InputError
from metabam.records import ExamplesRecord, FloatArray

BINS = 10


def example_pairs(
    potential: FloatArray, *, top: int = 10, bottom: int = 10, per_bin: int = 5, bins: int = BINS, seed: int = 0
) -> ExamplesRecord:
    """Return the top and bottom pairs by potential (N,), and random ones from each bin of equal width.

    A bin is [low, high), the highest one closed; its share counts all N pairs. Bins come from high to low.

    Raises
    ------
    InputError
        ``no-potential`` without a finite value.
    """
    values = np.asarray(potential, dtype=np.float64)
    usable = np.flatnonzero(np.isfinite(values))
    if not len(usable):
        raise InputError("no-potential", "no pair has a finite potential.", "Choose another run.")
    order = usable[np.argsort(-values[usable], kind="stable")]
    edges = np.linspace(values[usable].min(), values[usable].max(), bins + 1)
    member = np.clip(np.searchsorted(edges, values[usable], side="right") - 1, 0, bins - 1)
    rng = np.random.default_rng(seed)
    rows, group, share = [order[:top], order[::-1][:bottom]], [], []
    group = [np.zeros(len(rows[0])), np.ones(len(rows[1]))]
    for place, which in enumerate(range(bins - 1, -1, -1)):
        inside = usable[member == which]
        chosen = rng.choice(inside, size=min(per_bin, len(inside)), replace=False)
        rows.append(chosen[np.argsort(-values[chosen], kind="stable")])
        group.append(np.full(len(chosen), 2 + place))
        share.append(len(inside) / len(usable))
    down = np.arange(bins - 1, -1, -1)
    return ExamplesRecord(
        rows=np.concatenate(rows).astype(np.int64),
        group=np.concatenate(group).astype(np.int64),
        low=edges[down],
        high=edges[down + 1],
        share=np.asarray(share),
    )
