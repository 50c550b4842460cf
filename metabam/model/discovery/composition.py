"""Broad composition of an element: shares that no motif explains."""

from __future__ import annotations

import numpy as np

from metabam.model.discovery.scan import gc_share
from metabam.records import ByteArray, FloatArray

COMPOSITION_NAMES = ("GC share", "CpG observed / expected", "AT skew")


def composition(codes: ByteArray) -> FloatArray:
    """Return GC share, log2 CpG observed / expected and the unsigned AT skew of each row, (N, 3) float32."""
    known = np.maximum((codes < 4).sum(axis=1), 1)
    c, g = (codes == 1).sum(axis=1), (codes == 2).sum(axis=1)
    a, t = (codes == 0).sum(axis=1), (codes == 3).sum(axis=1)
    cpg = ((codes[:, :-1] == 1) & (codes[:, 1:] == 2)).sum(axis=1)
    ratio = np.log2((cpg + 1.0) / (c * g / known + 1.0))
    skew = np.abs(a - t) / np.maximum(a + t, 1)
    return np.stack([gc_share(codes), ratio, skew], axis=1).astype(np.float32)
