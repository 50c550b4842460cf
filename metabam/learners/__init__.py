"""Learners behind one protocol (:class:`metabam.learners.base.Learner`), listed by name and built on demand."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from metabam.learners.base import Learner

__all__ = ["LEARNERS", "Learner"]


def _metabam() -> Learner[Any]:
    from metabam.config import ModelConfig, TrainConfig

    module = import_module("metabam.learners.metabam")
    learner: Learner[Any] = module.MetaBamLearner(ModelConfig(), TrainConfig())
    return learner


def _lazy(module: str, name: str) -> Callable[[], Learner[Any]]:
    def build() -> Learner[Any]:
        learner: Learner[Any] = getattr(import_module(f"metabam.learners.{module}"), name)()
        return learner

    return build


LEARNERS: dict[str, Callable[[], Learner[Any]]] = {
    "metabam": _metabam,
    "expert": _lazy("expert", "CellLineExpert"),
    "hierarchical": _lazy("classical", "HierarchicalLogistic"),
    "pooled_prior": _lazy("classical", "PooledPriorLogistic"),
    "pooled": _lazy("classical", "PooledLogistic"),
    "per_task": _lazy("classical", "PerTaskLogistic"),
    "prototype": _lazy("prototype", "PrototypeNetwork"),
    "support_prevalence": _lazy("sequence_free", "SupportPrevalence"),
    "distance": _lazy("sequence_free", "DistanceLearner"),
}
"""Name -> a function that builds the unfitted learner; nothing heavy is imported before that call."""
