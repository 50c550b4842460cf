"""The benchmark itself: fold by fold, learner by learner, line by line; what is finished is a file.

Killed anywhere, it goes on with ``resume`` and ends with the same table: tasks depend on names and seeds alone, parts
are whole or not there, and whether a learner is too slow for every support is measured once and kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metabam import __version__, metrics
from metabam.bench import latent, leakage
from metabam.bench.entries import Entry, Fitted, Fitting, chosen
from metabam.bench.judging import NONE, OWN, SEEN, asked_of, judge, supports_of, swapped
from metabam.bench.splits import NATURAL, Task, all_tasks, draw_seen_tasks, manifest
from metabam.bench.store import ALL, SKIPPED, TABLE, BenchFolder, Part, frame_bytes, tidy
from metabam.bench.worlds import Fold, World
from metabam.config import BenchConfig
from metabam.errors import ConfigError, MetaBamError
from metabam.files import write_bytes, write_json
from metabam.metrics.recovery import Recovery
from metabam.records import LeakageRecord, SupportSet

Progress = Callable[[str, str], None]
HONEST_SHOTS = 16
KEPT_SUPPORTS = 3
"""Supports of each line at 16 shots whose logits are kept, for intervals over genes."""


@dataclass(frozen=True)
class Finished:
    """What a benchmark found: its tidy rows, what training and queries share, learners that could not run and why."""

    table: pd.DataFrame
    leaks: tuple[LeakageRecord, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()


def run_bench(
    config: BenchConfig,
    worlds: Sequence[World],
    folder: BenchFolder,
    *,
    resume: bool = False,
    progress: Progress | None = None,
) -> Finished:
    """Run every learner on every world, and write the table.

    Parameters
    ----------
    config
        Support sizes, supports, queries, seed, learners (none named: all that can run).
    worlds
        Each with a name of its own.
    folder
        Where parts go; ``resume`` goes on with those that are there.
    progress
        Told the phase and where it stands.

    Raises
    ------
    InputError
        ``leak-line`` or ``leak-pair``: no score is computed.
    ConfigError
        ``same-world``, ``unknown-learner``, ``no-learner``, ``bench-exists``, ``bench-changed``.
    LockedError, StorageError
        The folder is in use, or cannot be written.
    """
    entries = chosen(config.learners)
    names = [world.name for world in worlds]
    if len(set(names)) != len(names):
        raise ConfigError("same-world", f"two worlds are called {names}.", "Give their folders different names.")
    made_with = {name: version(name) for name in ("numpy", "torch", "scikit-learn", "scipy")}
    settings = {
        "format": "metabam-bench/1",
        "settings": config.model_dump(mode="json"),
        "worlds": {world.name: {"kind": world.kind, **world.inputs} for world in worlds},
        "versions": {"metabam": __version__, **made_with},
    }
    with folder.held():
        folder.open(settings, resume=resume)
        job = _Job(config, folder, entries, progress or _quiet)
        for world in worlds:
            for fold in world.folds():
                job.run(world, fold)
        if not job.parts:
            raise ConfigError("no-learner", "none of the learners can run on these worlds.", str(job.skipped))
        return job.finish()


def _quiet(phase: str, detail: str) -> None:  # noqa: ARG001 - the signature of a progress callback
    return None


class _Job:
    """One benchmark in progress."""

    def __init__(self, config: BenchConfig, folder: BenchFolder, entries: Sequence[Entry], progress: Progress) -> None:
        self.config, self.folder, self.entries, self.progress = config, folder, entries, progress
        self.parts: list[Part] = []
        self.leaks: list[LeakageRecord] = []
        self.skipped: dict[str, str] = {}

    def run(self, world: World, fold: Fold) -> None:
        """Audit the splits of a fold, then run every learner on it."""
        self.progress("splits", f"{world.name}, fold {fold.name}")
        tasks = list(all_tasks(fold, self.config))
        leaks = leakage.audit(world.name, fold, tasks)
        audit = [asdict(record) for record in leaks]
        self.folder.check_split(world.name, fold.name, {**manifest(fold, tasks), "audit": audit})
        leakage.refuse(leaks)
        self.leaks += leaks
        queries = _Queries(world.name, fold, self.folder)
        queries.keep(tasks)
        fitting = Fitting(fold, self.config)
        for entry in self.entries:
            reason = fitting.runnable(entry)
            if not reason:
                try:
                    _Learner(self, world.name, fold, fitting, entry, tasks).run()
                    continue
                except MetaBamError as error:
                    if error.exit_code == 74:
                        raise
                    reason = error.message
            self.skipped[f"{world.name}, {fold.name}, {entry.name}"] = reason

    def finish(self) -> Finished:
        """Return and write the table: all parts in their order, then what follows from whole columns."""
        self.progress("table", f"{len(self.parts)} parts")
        table = pd.concat([self.folder.rows(part) for part in self.parts], ignore_index=True)
        table = pd.concat([table, tidy(gaps(table))], ignore_index=True)
        write_bytes(self.folder.root / TABLE, frame_bytes(table))
        write_json(self.folder.root / SKIPPED, self.skipped)
        return Finished(table, tuple(self.leaks), dict(self.skipped), tuple(self.parts))


class _Queries:
    """What the logits of a fold refer to: labels, genes and row numbers of the queries of the kept tasks."""

    def __init__(self, world: str, fold: Fold, folder: BenchFolder) -> None:
        self.world, self.fold, self.folder = world, fold, folder

    def keep(self, tasks: Sequence[Task]) -> None:
        """Write one file per line, once."""
        for which, context in enumerate(self.fold.held):
            part = Part(self.world, self.fold.name, "queries", context.name)
            if self.folder.has(part):
                continue
            mine = [task for task in tasks if task.context == which and kept(task)]
            arrays: dict[str, NDArray[Any]] = {}
            for task in mine:
                arrays |= {f"{name}.{task.repeat}": values for name, values in asked_pairs(self.fold, task).items()}
            self.folder.keep(part, tidy([]), arrays)


def asked_pairs(fold: Fold, task: Task) -> dict[str, NDArray[Any]]:
    """Return what is known of the queries (Q,) of a task: labels, gene, what slices need, and names as UTF-8 lines.

    ``reversed`` is 1 where the other line holds the other label, ``distance`` in bp (NaN across chromosomes), ``bayes``
    the true P(y = 1) of a planted world.
    """
    context, rows = fold.held[task.context], task.queries
    asked, table = asked_of(fold, task), context.table.take(rows)
    places = zip(table.enhancer_chrom, table.enhancer_start, table.promoter_chrom, table.promoter_start, strict=True)
    names = [str(own) or f"{a}:{b}-{c}:{d}" for own, (a, b, c, d) in zip(table.pair_id, places, strict=True)]
    found: dict[str, NDArray[Any]] = {
        "rows": rows,
        "labels": asked.labels,
        "genes": context.gene[rows],
        "enhancers": context.pairs.enhancer[rows],
        "distance": table.distance().astype(np.float32),
        "reversed": asked.reversed_pairs.astype(np.int8),
        "names": np.frombuffer("\n".join(names).encode(), dtype=np.uint8).copy(),
    }
    return found if asked.bayes is None else {**found, "bayes": asked.bayes.astype(np.float32)}


def kept(task: Task) -> bool:
    """Return whether the logits of a task are kept."""
    return task.shots == HONEST_SHOTS and task.scheme == NATURAL and task.repeat < KEPT_SUPPORTS and not task.seen


class _Learner:
    """One learner on one fold."""

    def __init__(
        self, job: _Job, world: str, fold: Fold, fitting: Fitting, entry: Entry, tasks: Sequence[Task]
    ) -> None:
        self.job, self.world, self.fold, self.fitting, self.entry, self.tasks = job, world, fold, fitting, entry, tasks
        self._fitted: Fitted | None = None
        self._recovery: Recovery | None = None
        self._nothing: dict[str, Any] = {}
        self._seconds = 0.0

    def run(self) -> None:
        """Finish every part that is not there yet: each held-out line, then what the learner holds inside."""
        for which, context in enumerate(self.fold.held):
            part = Part(self.world, self.fold.name, self.entry.name, context.name)
            if not self.job.folder.has(part):
                self.line(part, which)
            self.job.parts.append(part)
        part = Part(self.world, self.fold.name, self.entry.name, ALL)
        if not self.job.folder.has(part):
            self.whole(part)
        self.job.parts.append(part)

    def learner(self) -> Fitted:
        """Return the fitted learner; fitting waits until a part needs it."""
        if self._fitted is None:
            self.job.progress("fit", f"{self.world}, fold {self.fold.name}, {self.entry.name}")
            began = time.perf_counter()
            self._fitted = self.fitting.fitted(self.entry)
            self._seconds = time.perf_counter() - began
            self._recovery = latent.recovery_of(self._fitted, self.fold)
        return self._fitted

    def line(self, part: Part, which: int) -> None:
        """Judge every task of one held-out line."""
        learner = self.learner()
        supports = self.supports(learner)
        rows: list[dict[str, Any]] = []
        pooled: dict[tuple[int, str], list[tuple[NDArray[Any], NDArray[Any]]]] = {}
        logits: dict[str, NDArray[Any]] = {}
        mine = [task for task in self.tasks if task.context == which and task.repeat < supports]
        for number, task in enumerate(mine):
            self.job.progress("run", f"{self.world}, {self.entry.name}, {part.line}: task {number + 1} of {len(mine)}")
            rows += self.task(learner, task, pooled, logits)
        for (shots, scheme), parts in pooled.items():
            labels, p = np.concatenate([one for one, _ in parts]), np.concatenate([two for _, two in parts])
            place = self.place(part.line, shots, scheme, -1, labels)
            rows.append(place | _cell(OWN, "ece_pooled", metrics.expected_calibration_error(labels, p), 0.0))
        self.job.folder.keep(part, tidy(rows), logits)

    def task(
        self,
        learner: Fitted,
        task: Task,
        pooled: dict[tuple[int, str], list[tuple[NDArray[Any], NDArray[Any]]]],
        logits: dict[str, NDArray[Any]],
    ) -> list[dict[str, Any]]:
        """Return the rows of one task: every control on the very same queries."""
        context = (self.fold.training if task.seen else self.fold.held)[task.context]
        asked = asked_of(self.fold, task)
        queries = context.seen_as(learner.view).features[task.queries]
        place = self.place(context.name, task.shots, task.scheme, task.repeat, asked.labels)
        rows: list[dict[str, Any]] = []
        found: dict[str, dict[str, float | None]] = {}
        for control, support in supports_of(self.fold, task, learner.view, self.job.config):
            began = time.perf_counter()
            belief = self.adapted(learner, support)
            prediction = learner.predict(belief, queries)
            seconds = time.perf_counter() - began
            values = judge(asked, prediction)
            if control == OWN:
                values |= latent.line_signs(learner, self._recovery, self.fold, task, belief)
                if task.scheme == NATURAL and task.shots == HONEST_SHOTS:
                    values |= swapped(self.fold, task, belief, learner)
                pooled.setdefault((task.shots, task.scheme), []).append((asked.labels, prediction.probability))
                if kept(task):
                    logits[f"logit.{task.repeat}"] = prediction.logit.astype(np.float64)
            found[control] = values
            rows += [place | _cell(control, metric, value, seconds) for metric, value in values.items()]
        for metric in ("auroc", "auprc"):
            own, none = found.get(OWN, {}).get(metric), found.get(NONE, {}).get(metric)
            if own is not None and none is not None:
                rows.append(place | _cell(OWN, f"gain_{metric}", own - none, 0.0))
        return rows

    def adapted(self, learner: Fitted, support: SupportSet) -> Any:
        """Return what the learner makes of a support; the empty one is adapted to once."""
        if len(support):
            return learner.adapt(support)
        if "none" not in self._nothing:
            self._nothing["none"] = learner.adapt(support)
        return self._nothing["none"]

    def whole(self, part: Part) -> None:
        """Judge the learner where it was fitted, and look inside it."""
        learner = self.learner()
        supports = self.supports(learner)
        rows: list[dict[str, Any]] = []
        for task in draw_seen_tasks(self.fold, self.job.config):
            if task.repeat < supports:
                rows += self.task(learner, task, {}, {})
        place = self.place(ALL, HONEST_SHOTS, NATURAL, -1, np.zeros(0))
        rows.append(place | _cell(OWN, "fit", None, self._seconds))
        if self.quick(learner):
            values = latent.inside(learner, self.fold, self._recovery, self.job.config.seed)
            rows += [place | _cell(OWN, metric, value, 0.0) for metric, value in values.items()]
        self.job.folder.keep(part, tidy(rows))

    def quick(self, learner: Fitted) -> bool:
        """Return whether a task costs so little that every support is run."""
        return self.pace(learner) <= self.job.config.slow_seconds

    def supports(self, learner: Fitted) -> int:
        """Return how many supports per line are run: all, or the first three of a learner above a second a task."""
        return self.job.config.supports if self.quick(learner) else self.job.config.slow_supports

    def pace(self, learner: Fitted) -> float:
        """Return the seconds of the largest support's task, the faster of two; measured once and kept."""
        where = (self.world, self.fold.name, self.entry.name)
        stored = self.job.folder.pace(*where)
        if stored is not None:
            return stored
        task = max((task for task in self.tasks if task.context == 0), key=lambda one: (one.shots, -one.repeat))
        seen = self.fold.held[0].seen_as(learner.view)
        support = SupportSet(seen.features[task.support], seen.labels[task.support])
        seconds = []
        for _ in range(2):
            began = time.perf_counter()
            learner.predict(learner.adapt(support), seen.features[task.queries])
            seconds.append(time.perf_counter() - began)
            if seconds[-1] < self.job.config.slow_seconds / 2:
                break
        self.job.folder.keep_pace(*where, min(seconds))
        return min(seconds)

    def place(self, line: str, shots: int, scheme: str, repeat: int, labels: NDArray[Any]) -> dict[str, Any]:
        """Return the columns that say where a value belongs."""
        return {
            "learner": self.entry.name,
            "world": self.world,
            "line": line,
            "fold": self.fold.name,
            "support_seed": repeat,
            "S": shots,
            "scheme": scheme,
            "prevalence": float(labels.mean()) if len(labels) else None,
            "n": len(labels),
        }


def _cell(control: str, metric: str, value: float | None, seconds: float) -> dict[str, Any]:
    return {"control": control, "metric": metric, "value": value, "seconds": seconds}


def gaps(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what needs whole columns, per learner and fold: generalisation gap and adaptation efficiency.

    The gap is AUROC at 16 shots on seen lines minus on unseen ones; the efficiency what one label buys in AUROC on
    the very same queries, at each support size.
    """
    rows = table[table.metric.eq("auroc") & table.scheme.eq(NATURAL)]
    out = []
    for (learner, world, fold, shots), part in rows.groupby(["learner", "world", "fold", "S"], sort=False):
        values = {control: part[part.control.eq(control)].value.dropna().tolist() for control in (OWN, NONE, SEEN)}
        place = {"learner": learner, "world": world, "line": ALL, "fold": fold, "support_seed": -1, "S": shots}
        place |= {"scheme": NATURAL, "prevalence": None, "n": len(values[OWN])}
        found = {"generalisation_gap": metrics.generalisation_gap(values[SEEN], values[OWN])}
        if shots:
            found["adaptation_efficiency"] = metrics.adaptation_efficiency(values[OWN], values[NONE], int(shots))
        out += [place | _cell(OWN, name, value, 0.0) for name, value in found.items() if value is not None]
    return out
