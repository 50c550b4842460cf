"""What a probe asks of a learner: the protocol of every learner, with interventions as arguments of ``predict``."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from metabam.learners.base import Learner
from metabam.records import AtomEdit, Fingerprint, FloatArray, Prediction

Array = NDArray[np.float64]


class Subject(Learner[Fingerprint], Protocol):
    """A learner whose fingerprints speak of atoms; :class:`metabam.learners.metabam.MetaBamLearner` is one."""

    def predict(
        self,
        context: Fingerprint,
        queries: FloatArray,
        *,
        trace: bool = False,
        edit: AtomEdit | None = None,
    ) -> Prediction:
        """Return P(y = 1) of queries (Q, D) under a fingerprint, its atoms edited as asked."""
        ...

    def spectrum_of(self, contexts: NDArray[Any]) -> Array:
        """Return the gates (M, K) of contexts (M, Z)."""
        ...

    def prior(self) -> tuple[Array, Array]:
        """Return mean and standard deviation of z_c before any label, (Z,) each."""
        ...
