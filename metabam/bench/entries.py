"""The learners of a benchmark: every registered one, Meta-BAM's context-only path, and what knows a planted truth."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metabam.bench.worlds import ACTIVITIES, FACTS, FEATURES, TRUTH, Fold
from metabam.config import BenchConfig, ModelConfig, TrainConfig
from metabam.errors import ConfigError, TrainingError
from metabam.learners import LEARNERS
from metabam.records import FloatArray, LabelledContext, Prediction, SupportSet

OURS, CONTEXT_ONLY, KNOWER = "metabam", "metabam_context", "truth_knower"
TRUE_ACTIVITIES = "_true_activities"
ON_ACTIVITIES = ("hierarchical", "per_task")
SEQUENCE_FREE = ("distance", "tss_count", "gene_propensity", "pair_lookup", "kmer_prototype", "support_prevalence")
"""What a model must beat before its accuracy means anything (app.md's honesty panel)."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted learner as one row of the table: what it reads, how it adapts, how it predicts."""

    name: str
    view: str
    learner: Any
    adapt: Callable[[SupportSet], Any]
    predict: Callable[[Any, FloatArray], Prediction]


@dataclass(frozen=True, slots=True)
class Entry:
    """A learner that can be fitted on a fold: ``base`` is the registered learner it is a variant of."""

    name: str
    base: str
    view: str


class TruthKnower:
    """The Bayes probability of a planted world: the first column of the ``truth`` view is its logit."""

    name = KNOWER

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        """Learn nothing."""

    def adapt(self, support: SupportSet) -> None:
        """Return nothing."""

    def predict(self, context: None, queries: FloatArray) -> Prediction:  # noqa: ARG002 - the protocol's context
        """Return the Bayes probability of each query."""
        logit = queries[:, 0].astype(np.float64)
        return Prediction(1.0 / (1.0 + np.exp(-logit)), logit)


def known() -> list[Entry]:
    """Return every row that a benchmark can have, in the order of the tables."""
    entries = []
    for name in LEARNERS:
        entries.append(Entry(name, name, view_of(name)))
        if name == OURS:
            entries.append(Entry(CONTEXT_ONLY, OURS, FEATURES))
    entries += [Entry(name + TRUE_ACTIVITIES, name, ACTIVITIES) for name in ON_ACTIVITIES]
    return entries + ([] if KNOWER in LEARNERS else [Entry(KNOWER, KNOWER, TRUTH)])


def view_of(name: str) -> str:
    """Return what a registered learner reads as features."""
    return str(getattr(LEARNERS[name], "view", FACTS if name == "distance" else FEATURES))


def needs_of(name: str) -> str:
    """Return what must be handed to a registered learner when it is built: nothing, ``truth`` or ``weights``."""
    return str(getattr(LEARNERS.get(name), "needs", ""))


def chosen(names: Sequence[str]) -> list[Entry]:
    """Return the entries named, all of them for no name.

    Raises
    ------
    ConfigError
        ``unknown-learner``, with the nearest known one.
    """
    everyone = {entry.name: entry for entry in known()}
    for name in names:
        if name not in everyone:
            near = difflib.get_close_matches(name, everyone, n=1)
            hint = f"nearest: {near[0]}" if near else f"known: {', '.join(everyone)}"
            raise ConfigError("unknown-learner", f"there is no learner {name!r}; {hint}.", "See metabam bench --list.")
    return [entry for name, entry in everyone.items() if not names or name in names]


class Fitting:
    """The learners of one fold, each fitted when it is first asked for; variants share the learner they vary."""

    def __init__(self, fold: Fold, config: BenchConfig) -> None:
        self.fold, self.config = fold, config
        self._made: dict[tuple[str, str], Any] = {}

    def runnable(self, entry: Entry) -> str:
        """Return why an entry cannot run on this fold, or the empty text."""
        if entry.view not in self.fold.views():
            return f"needs the view {entry.view!r}, which this world does not have"
        needs = needs_of(entry.base)
        if needs == TRUTH:
            return "" if self.fold.truth is not None else "needs the truth of a planted world"
        return f"needs {needs}, which a benchmark does not hand out" if needs else ""

    def fitted(self, entry: Entry) -> Fitted:
        """Return the fitted learner of an entry.

        Raises
        ------
        MetaBamError
            Whatever the learner's own ``fit`` refuses.
        """
        key = (entry.base, entry.view)
        if key not in self._made:
            self._made[key] = self._fit(entry)
        learner = self._made[key]
        if entry.name == CONTEXT_ONLY:
            return Fitted(entry.name, entry.view, learner, learner.adapt, _context_only(learner))
        return Fitted(entry.name, entry.view, learner, learner.adapt, learner.predict)

    def _fit(self, entry: Entry) -> Any:
        own = self.fold.trained_learner
        if entry.view == FEATURES and own is not None and own.name == entry.base:
            return own
        contexts = [context.seen_as(entry.view) for context in self.fold.training]
        if not contexts:
            raise TrainingError("no-contexts", f"fold {self.fold.name} has no training context.", "Check the split.")
        learner = self._built(entry.base)
        learner.fit(contexts, seed=self.config.seed)
        return learner

    def _built(self, name: str) -> Any:
        if name == KNOWER and KNOWER not in LEARNERS:
            return TruthKnower()
        if name == OURS and self.config.steps is not None:
            from metabam.learners.metabam import MetaBamLearner

            return MetaBamLearner(ModelConfig(), TrainConfig(steps=self.config.steps, leave_one_line_out=False))
        maker: Any = LEARNERS[name]
        return maker(self.fold.truth) if needs_of(name) == TRUTH else maker()


def _context_only(learner: Any) -> Callable[[Any, FloatArray], Prediction]:
    def predict(context: Any, queries: FloatArray) -> Prediction:
        found: Prediction = learner.predict(context, queries, path="context")
        return found

    return predict
