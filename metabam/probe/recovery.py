"""Which planted mechanism is an atom? Only planted worlds can say; misses are part of the answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from metabam.errors import InputError
from metabam.metrics.recovery import MATCHED, recover, standardised
from metabam.records import FloatArray, RecoveredRecord

Array = NDArray[np.float64]


def recovered(states: FloatArray, activities: Array, names: Sequence[str]) -> RecoveredRecord:
    """Return atoms beside mechanisms: all correlations, and the one-to-one matching that maximises the sum of |r|.

    Parameters
    ----------
    states
        h^(0) (N, K) of distinct pairs.
    activities
        (N, M) true activities of the same pairs.

    Raises
    ------
    InputError
        ``recovery-shape``.
    """
    if len(states) != len(activities) or activities.shape[1:] != (len(names),) or not len(states):
        raise InputError("recovery-shape", f"states {states.shape}, activities {activities.shape}, {len(names)} names.")
    wide = states.astype(np.float64)
    match = recover(wide, activities)
    r = np.nan_to_num(standardised(wide).T @ standardised(activities) / len(wide))
    return RecoveredRecord(tuple(names), r, match.atom, match.matched, MATCHED, len(wide))
