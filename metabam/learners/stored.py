"""Learners that a run directory can hold, and contexts that can be written down.

A learner is *stored* when it has ``state()`` and ``from_state()``; its contexts *travel* when they are Meta-BAM's
:class:`~metabam.records.Fingerprint`, or when ``context_type`` names a frozen dataclass of float64 arrays (or
``None``) and ``n_support``. Nothing here knows a learner by name but the settings that Meta-BAM and the expert read.
"""

from __future__ import annotations

import difflib
import typing
from collections.abc import Mapping
from dataclasses import fields
from types import NoneType
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from metabam.config import RunConfig
from metabam.errors import CheckpointError, ConfigError, InputError
from metabam.learners import LEARNERS
from metabam.learners.base import Learner
from metabam.records import AnyFingerprint, ContextFingerprint, FloatArray, Prediction, SupportSet

ContextT = TypeVar("ContextT")


@runtime_checkable
class StoredLearner(Learner[ContextT], Protocol[ContextT]):
    """A learner that can be written down and comes back bit for bit."""

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return all tensors by name and a JSON-ready description that names the ``learner``."""
        ...

    @classmethod
    def from_state(cls, tensors: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> StoredLearner[ContextT]:
        """Return the learner that :meth:`state` described."""
        ...


def stored_names() -> list[str]:
    """Return the names of all learners that a run directory can hold (imports every learner)."""
    return [name for name, build in LEARNERS.items() if isinstance(build(), StoredLearner)]


def known(name: str) -> Learner[Any]:
    """Return an unfitted learner by name.

    Raises
    ------
    ConfigError
        ``unknown-learner``, with the nearest name.
    """
    if name not in LEARNERS:
        near = difflib.get_close_matches(name, LEARNERS, n=1)
        hint = f"nearest: {near[0]}" if near else f"known: {', '.join(LEARNERS)}"
        raise ConfigError("unknown-learner", f"there is no learner {name!r}; {hint}.", "Choose one of them.")
    return LEARNERS[name]()


def build_learner(config: RunConfig) -> StoredLearner[Any]:
    """Return the unfitted learner that the settings of a run ask for.

    Raises
    ------
    ConfigError
        ``unknown-learner``, or ``learner-not-stored`` for one that no run directory can hold.
    """
    learner = known(config.learner)
    if not isinstance(learner, StoredLearner):
        raise ConfigError(
            "learner-not-stored",
            f"a run cannot hold {config.learner!r}: it is fitted where it is used.",
            f"Train {' or '.join(stored_names())}; give --learner {config.learner} to adapt and score.",
        )
    if config.learner == "metabam":
        return type(learner)(config.model, config.train)  # type: ignore[call-arg]  # the protocol has no constructor
    if config.learner == "expert":
        return type(learner)(config.expert)  # type: ignore[call-arg]  # the protocol has no constructor
    return learner


def restore(tensors: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> StoredLearner[Any]:
    """Return the learner that ``state()`` described, whichever it was.

    Raises
    ------
    CheckpointError
        ``run-other-learner``: this program has no such learner; or what ``from_state`` raises.
    """
    name = description.get("learner")
    blank = LEARNERS[name]() if isinstance(name, str) and name in LEARNERS else None
    if not isinstance(blank, StoredLearner):
        raise CheckpointError(
            "run-other-learner", f"the run holds a learner {name!r}, which this program lacks.", "Update metabam."
        )
    return type(blank).from_state(tensors, description)


# ------------------------------------------------------------------ contexts that travel


def travels(learner: Learner[Any]) -> bool:
    """Return whether the learner's own contexts have to be translated before they can be written down."""
    return isinstance(getattr(learner, "context_type", None), type)


def record_of(learner: Learner[Any], context: Any) -> ContextFingerprint:
    """Return a learner's own context as a record that can be written down."""
    values = {item.name: getattr(context, item.name) for item in fields(context) if item.name != "n_support"}
    arrays = {name: np.asarray(value, dtype=np.float64) for name, value in values.items() if value is not None}
    return ContextFingerprint(learner.name, arrays, int(context.n_support))


def context_of(learner: Learner[Any], record: ContextFingerprint) -> Any:
    """Return the learner's own context that :func:`record_of` took.

    Raises
    ------
    InputError
        ``fingerprint-of-another-learner``; ``bad-fingerprint`` where an array is missing or unknown.
    """
    kind: Any = learner.context_type  # type: ignore[attr-defined]  # the caller asked travels() first
    if record.learner != learner.name:
        raise InputError(
            "fingerprint-of-another-learner",
            f"the fingerprint was made by {record.learner!r}, this is {learner.name!r}.",
            "Adapt again with this learner.",
        )
    hints = typing.get_type_hints(kind)
    hints.pop("n_support")
    absent = {name for name in hints if name not in record.arrays}
    optional = {name for name, hint in hints.items() if NoneType in typing.get_args(hint)}
    odd = sorted((absent - optional) | (set(record.arrays) - set(hints)))
    if odd:
        raise InputError(
            "bad-fingerprint",
            f"this is no usable fingerprint of {learner.name!r}: missing or unknown {', '.join(odd)}.",
            "Run metabam adapt again.",
        )
    values = {name: None if name in absent else record.arrays[name] for name in hints}
    return kind(**values, n_support=record.n_support)


class Travelling:
    """A learner whose contexts are :class:`~metabam.records.ContextFingerprint`, around one that has its own."""

    def __init__(self, learner: Learner[Any]) -> None:
        self.inner = learner
        self.name = learner.name

    def fit(self, contexts: typing.Any, *, seed: int = 0) -> None:
        """Fit the learner inside."""
        self.inner.fit(contexts, seed=seed)

    def adapt(self, support: SupportSet) -> ContextFingerprint:
        """Return the context of the learner inside, ready to be written down."""
        return record_of(self.inner, self.inner.adapt(support))

    def predict(self, context: ContextFingerprint, queries: FloatArray) -> Prediction:
        """Return what the learner inside predicts."""
        return self.inner.predict(context_of(self.inner, context), queries)


def with_fingerprints(learner: Learner[Any]) -> Learner[AnyFingerprint]:
    """Return the learner itself where it speaks Meta-BAM's fingerprints, else one around it whose contexts travel."""
    if not travels(learner):
        return learner
    return typing.cast(Learner[AnyFingerprint], Travelling(learner))
