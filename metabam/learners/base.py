"""The one interface of every learner (metabam/MODEL.md).

``fit`` once on the training contexts, ``adapt`` to a support of a context never seen, ``predict`` queries under
what ``adapt`` returned. Adapting and predicting change no weight: a learner is bit-identical before and after,
also after an exception.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar, runtime_checkable

from metabam.config import RefineConfig
from metabam.records import Fingerprint, FloatArray, LabelledContext, Prediction, RefinementPath, SupportSet

ContextT = TypeVar("ContextT")


@runtime_checkable
class Learner(Protocol[ContextT]):
    """What the benchmark, the command line and the app know of a learner.

    Attributes
    ----------
    name
        Stable identifier, for example ``"metabam"`` or ``"hierarchical"``.
    """

    name: str

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        """Learn from the training contexts. Deterministic in ``seed``."""
        ...

    def adapt(self, support: SupportSet) -> ContextT:
        """Return the belief about a new context after ``S >= 0`` labelled pairs; nothing in the learner changes."""
        ...

    def predict(self, context: ContextT, queries: FloatArray) -> Prediction:
        """Return P(y = 1) for query features (Q, D), in order."""
        ...


@runtime_checkable
class Refiner(Protocol):
    """A learner whose context can be refined by gradient after adapting (Plan 34 s3.2.3)."""

    def refine(
        self, fingerprint: Fingerprint, support: SupportSet, config: RefineConfig | None = None
    ) -> tuple[Fingerprint, RefinementPath]:
        """Return the refined fingerprint and the path; nothing in the learner changes."""
        ...
