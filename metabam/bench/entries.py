"""The learners of a benchmark: every registered one, Meta-BAM's context-only path, and what knows a planted truth."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from metabam.bench.worlds import ACTIVITIES, FEATURES, RECALLED, STRANGERS, TRUTH, WITH_TRACK, Fold
from metabam.config import BenchConfig, ModelConfig, TrainConfig
from metabam.errors import ConfigError, TrainingError
from metabam.learners import LEARNERS
from metabam.learners.birth import Birth
from metabam.learners.meta_trained import MetaTrained
from metabam.records import FloatArray, LabelledContext, Prediction, SupportSet

OURS, CONTEXT_ONLY, KNOWER = "metabam", "metabam_context", "truth_knower"
TRUE_ACTIVITIES = "_true_activities"
ON_ACTIVITIES = ("hierarchical", "per_task")
GIVEN_RECALL = "hierarchical_recalled"
"""The regression on the features that Meta-BAM reads: tells what recall is worth from what the model is worth."""
UNSEEN = "metabam_strangers"
"""Meta-BAM where it has seen none of the elements: what a run is worth on new chromosomes."""
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


def known() -> list[Entry]:
    """Return every row that a benchmark can have, in the order of the tables."""
    entries = []
    for name in LEARNERS:
        entries.append(Entry(name, name, LEARNERS[name].view))
        if name == OURS:
            entries += [Entry(CONTEXT_ONLY, OURS, FEATURES), Entry(UNSEEN, OURS, STRANGERS)]
    entries.append(Entry(GIVEN_RECALL, "hierarchical", RECALLED))
    entries += [Entry(name + TRUE_ACTIVITIES, name, ACTIVITIES) for name in ON_ACTIVITIES]
    return entries


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
        self._material: dict[str, Birth] = {}

    def runnable(self, entry: Entry) -> str:
        """Return why an entry cannot run on this fold, or the empty text."""
        if entry.view not in self.fold.views():
            return f"needs the view {entry.view!r}, which this world does not have"
        needs = LEARNERS[entry.base].needs
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
        trained = learner is self.fold.trained_learner
        view = WITH_TRACK if trained and entry.view == FEATURES else entry.view
        predict = _context_only(learner) if entry.name == CONTEXT_ONLY else learner.predict
        return Fitted(entry.name, view, learner, learner.adapt, predict)

    def _fit(self, entry: Entry) -> Any:
        own = self.fold.trained_learner
        if entry.view in (FEATURES, STRANGERS) and own is not None and own.name == entry.base:
            return own
        contexts = [context.seen_as(entry.view) for context in self.fold.training]
        if not contexts:
            raise TrainingError("no-contexts", f"fold {self.fold.name} has no training context.", "Check the split.")
        learner = self._built(entry.base)
        if isinstance(learner, MetaTrained):
            learner.fit(contexts, seed=self.config.seed, birth=self._shared(learner, entry.view, contexts))
        else:
            learner.fit(contexts, seed=self.config.seed)
        return learner

    def _shared(self, peer: MetaTrained, view: str, contexts: Sequence[LabelledContext]) -> Birth:
        """Return the material of the peers' virtual lines: the peers of a benchmark have the same settings."""
        if view not in self._material:
            self._material[view] = peer.material(contexts, self.config.seed)
        return self._material[view]

    def _built(self, name: str) -> Any:
        if name == OURS and self.config.steps is not None:
            return LEARNERS[name](ModelConfig(), TrainConfig(steps=self.config.steps, leave_one_line_out=False))
        return LEARNERS[name](self.fold.truth) if LEARNERS[name].needs == TRUTH else LEARNERS[name]()


def _context_only(learner: Any) -> Callable[[Any, FloatArray], Prediction]:
    def predict(context: Any, queries: FloatArray) -> Prediction:
        found: Prediction = learner.predict(context, queries, path="context")
        return found

    return predict
