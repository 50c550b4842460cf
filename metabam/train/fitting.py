"""Learners that are fitted whole, in seconds: they keep no checkpoint, and a killed run fits them again."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from metabam.config import RunConfig
from metabam.learners.stored import StoredLearner, build_learner
from metabam.records import LabelledContext, StepRecord
from metabam.train.background import in_background
from metabam.train.checkpoint import seed_everything
from metabam.train.folder import RunFolder
from metabam.train.signals import leave, watched

PHASE = "meta-train"


@runtime_checkable
class Stepwise(Protocol):
    """A learner that says how its fit goes."""

    def fit_steps(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> Iterator[StepRecord]:
        """Fit, yielding a record per step with its loss terms."""
        ...


def fit_whole(
    config: RunConfig, contexts: Sequence[LabelledContext], folder: RunFolder
) -> Generator[StepRecord, None, tuple[StoredLearner[Any], int]]:
    """Yield a record per step and return the fitted learner with the number of its steps (0 where it tells none).

    Every ``train.eval_every``-th step and the last are logged; a signal stops it at the next step, with nothing kept.
    """
    learner = build_learner(config)
    seed_everything(config.seed, PHASE)
    if not isinstance(learner, Stepwise):
        yield from in_background(lambda _: learner.fit(contexts, seed=config.seed), folder, PHASE)
        return learner, 0
    unlogged: StepRecord | None = None
    steps = 0
    with watched() as stop:
        for record in learner.fit_steps(contexts, seed=config.seed):
            steps = record.step
            folder.heartbeat.beat(PHASE, steps)
            if steps == 1 or steps % config.train.eval_every == 0:
                unlogged = None
                yield folder.record(steps, PHASE, record.terms, record.metrics)
            else:
                unlogged = record
                yield StepRecord(steps, PHASE, record.terms, record.metrics, round(folder.seconds, 3))
            if stop.signal:
                message = f"signal {stop.signal}; {learner.name} begins again when it is resumed"
                folder.heartbeat.close("stopped", steps, 0, message)
                leave(stop.signal)
    if unlogged is not None:
        yield folder.record(steps, PHASE, unlogged.terms, unlogged.metrics)
    return learner, steps
