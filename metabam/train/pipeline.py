"""From a FASTA and a pair table to a finished run: stages whose results are files, each skipped once it is there.

discover (the encoder) -> features (cached, training lines only) -> select-steps (one training line left out at a
time) -> meta-train -> joint (encoder and model together, on request) -> done. Killed anywhere, it goes on with
``resume=True`` and ends with the same weights. Another learner than Meta-BAM (``config.learner``) is fitted whole on
the cached features instead of the last stages.
"""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from metabam.config import RunConfig
from metabam.data.digests import support_digest
from metabam.data.episodes import contexts_of
from metabam.data.features import PairFeatures
from metabam.data.genome import Genome
from metabam.errors import MetaBamError
from metabam.files import load_tensors, read_json, save_tensors, write_json
from metabam.learners.folds import line_folds
from metabam.learners.metabam import MetaBamLearner
from metabam.learners.selection import clearly_best
from metabam.learners.stored import StoredLearner, build_learner
from metabam.model.encoders import ContextRows, layout_of, load_encoder
from metabam.model.encoders.base import PairEncoder
from metabam.records import LabelledContext, PairTable, PairWindows, StepRecord
from metabam.train.background import Progress, in_background
from metabam.train.distributed import Group, joined
from metabam.train.encoding import Source, tracked
from metabam.train.fitting import fit_whole
from metabam.train.folder import HISTORY, RunFolder, keep_buffers
from metabam.train.history import HistoryReader
from metabam.train.joint import check_joint, open_joint
from metabam.train.lines import held_row, line_row, split_digest
from metabam.train.lock import hold
from metabam.train.loop import Trainable, train
from metabam.train.manifest import MANIFEST, Manifest, read_manifest, versions
from metabam.train.metatrain import MetaTraining
from metabam.train.preflight import CONFIG, check_disk, check_same, make_folder
from metabam.train.remembering import remembered
from metabam.train.run import (
    ENCODER,
    FEATURES,
    JOINT_ENCODER,
    JOINT_FEATURES,
    LINES,
    MEMORY,
    META_WEIGHTS,
    WEIGHTS,
    pack_contexts,
    unpack_contexts,
)
from metabam.train.split import Split

SELECTION: Final = "selection.json"
MAX_FOLDS: Final = 5
_ROOM: Final = 64 << 20  # bytes for encoder, weights, log and snapshots


def train_run(
    config: RunConfig,
    genome: Genome | None,
    table: PairTable,
    out: Path,
    *,
    resume: bool = False,
    fresh: bool = False,
    allow_other_torch: bool = False,
    features: PairFeatures | None = None,
) -> Iterator[StepRecord]:
    """Yield a record per step of every stage until the run in ``out`` is finished.

    Parameters
    ----------
    config
        The settings; ``config.holdout`` and ``config.holdout_chrom`` are never looked at.
    genome, table
        Where windows are read (``None`` for precomputed features), and all labelled pairs, held-out ones among them.
    out
        The run directory: made here.
    resume
        Go on with what is there; where nothing is there, begin.
    fresh
        Set an existing run aside under another name and begin again.
    allow_other_torch
        Go on under another PyTorch version; the log then says that bit-identity is not claimed.
    features
        What the ``precomputed`` encoder reads.

    Raises
    ------
    ConfigError
        ``run-exists``, ``resume-changed`` (with the differences), ``heldout-in-training``, ``no-training-context``.
    LockedError
        Another process trains this run.
    StorageError
        Too little space, or a write that failed (exit 74).
    KeyboardInterrupt, SystemExit
        A signal asked to stop; what is done is saved.
    """
    build_learner(config)  # refuses a name that no run can hold
    check_joint(config)
    torch.set_num_threads(config.train.threads)
    keep_buffers()
    split, source = Split.of(config, table), Source(config.encoder, genome, features)
    with joined() as group:
        first = group.rank == 0
        if first:
            check_disk(out, _ROOM + 16 * len(table) * config.encoder.n_features)
            make_folder(out, resume=resume, fresh=fresh)
        group.barrier()
        with hold(out) if first else nullcontext():
            run = _Pipeline(config, source, split, out, group, allow_other_torch)
            try:
                yield from run.stages()
            except GeneratorExit:
                run.close("stopped", "the caller stopped reading")
                raise
            except (KeyboardInterrupt, SystemExit):
                run.close("stopped", "a signal asked to stop")
                raise
            except MetaBamError as error:
                run.close("failed", error.message)
                raise
            except Exception as error:
                run.close("failed", f"{type(error).__name__}: {error}")
                raise


class _Pipeline:
    """One run being made; the lock is held by the caller."""

    def __init__(
        self, config: RunConfig, source: Source, split: Split, out: Path, group: Group, allow_other_torch: bool
    ) -> None:
        self.config = config
        self.source = source
        self.out = out
        self.group = group
        self.allow_other_torch = allow_other_torch
        self.folder = RunFolder(out, writable=group.rank == 0)
        self.table, self.held, self.teaching = split.training, split.held, split.teaching
        self.step = 0
        if group.rank == 0:
            self.manifest = self._open_manifest()

    def close(self, state: str, message: str) -> None:
        """Write how the run ended, where that can still be written."""
        if self.group.rank == 0:
            try:
                self.folder.heartbeat.close(state, self.step, 0, message)
            except MetaBamError:
                return

    def stages(self) -> Generator[StepRecord, None, None]:
        """Do what is not done yet."""
        if self.group.gather(self.group.rank == 0 and self._has(WEIGHTS))[0]:
            yield from self._already_finished()
            return
        if self.group.rank == 0 and not self._has(LINES):
            yield from self._make_features()
        self.group.barrier()
        contexts = unpack_contexts(load_tensors(self.out / FEATURES))
        if self.config.learner != "metabam":
            if self.group.rank == 0:
                learner, steps = yield from fit_whole(self.config, contexts, self.folder)
                self._keep(learner, steps, WEIGHTS)
                yield self._done(steps)
            self.group.barrier()
            return
        steps = yield from self._select_steps(contexts)
        joint = self.config.train.joint_steps > 0
        if not joint or not self.group.gather(self.group.rank == 0 and self._has(META_WEIGHTS))[0]:
            yield from self._meta_train(contexts, steps, META_WEIGHTS if joint else WEIGHTS)
        if joint:
            self.group.barrier()
            yield from self._joint(contexts, steps)
        if self.group.rank == 0:
            yield self._done(steps)

    def _done(self, steps: int) -> StepRecord:
        self.folder.heartbeat.close("finished", steps, steps)
        return self.folder.record(steps, "done")

    def _already_finished(self) -> Generator[StepRecord, None, None]:
        steps = int(read_json(self.out / MANIFEST)["steps"])
        if self.group.rank == 0:
            self.folder.heartbeat.close("finished", steps, steps)
        yield StepRecord(steps, "done", seconds=self.folder.elapsed_before)

    # ------------------------------------------------------------- beginning

    def _open_manifest(self) -> Manifest:
        found: dict[str, dict[str, Any]] = {
            "genome": self.source.facts(),
            "data": {"digest": support_digest(self.table), "pairs": len(self.table)}
            | {"positives": int((self.table.label == 1).sum())}
            | self.source.digest(),
            "split": {"holdout": list(self.config.holdout), "holdout_chrom": list(self.config.holdout_chrom)}
            | {"held_out_pairs": len(self.held), "digest": split_digest(self.table, self.held)},
        }
        if (self.out / MANIFEST).exists():
            stated = read_manifest(self.out)
            for part in (*found.values(), *(stated[key] for key in found)):
                part.pop("name", None)  # a file may be renamed
            check_same(self.out, self.config, {key: stated[key] for key in found}, found)
            return Manifest(**read_manifest(self.out))
        manifest = Manifest(
            run_id=self.out.resolve().name,
            synthetic=self.source.genome is not None and self.source.genome.synthetic,
            seed=self.config.seed,
            threads=self.config.train.threads,
            learner=self.config.learner,
            versions=versions(),
            genome=found["genome"],
            data=found["data"],
            split=found["split"],
        )
        digest = write_json(self.out / CONFIG, self.config.model_dump(mode="json"))
        manifest.add(self.out, CONFIG, digest)
        return manifest

    def _has(self, name: str) -> bool:
        return self.manifest.holds(self.out, name)

    # ------------------------------------------------------------- stages 0 and 1

    def _make_features(self) -> Generator[StepRecord, None, None]:
        windows, problems = self.source.windows(self.table)
        for problem in problems:
            self.folder.mark("warning", "discover", 0, code=problem.code, message=problem.message[:2000])
        if self._has(ENCODER):
            file = load_tensors(self.out / ENCODER, sha256_expected=self.manifest.files[ENCODER]["sha256"])
            encoder = load_encoder(file.tensors, file.description)
        else:
            encoder = yield from in_background(lambda p: self._discover(windows, p), self.folder, "discover")
            tensors, description = encoder.state()
            self.manifest.add(self.out, ENCODER, save_tensors(self.out / ENCODER, tensors, description))
        features = yield from in_background(
            lambda _: self.source.encode(encoder, self.table, windows), self.folder, "pretrain"
        )
        layout = layout_of(encoder) if self.config.model.reads_track else None
        everyone = contexts_of(self.table, np.asarray(features, dtype=np.float32), layout)
        contexts = [item for item in everyone if (item.cell_line, item.assay) in self.teaching]
        contexts, memory = yield from in_background(
            lambda _: remembered(self.config, contexts, self.table, windows), self.folder, "pretrain"
        )
        if memory is not None:
            self.manifest.add(self.out, MEMORY, save_tensors(self.out / MEMORY, memory, {}))
        tensors, description = pack_contexts(contexts)
        self.manifest.add(self.out, FEATURES, save_tensors(self.out / FEATURES, tensors, description))
        taught = {item.name for item in contexts}
        lines = [line_row(item, "training" if item.name in taught else "unused") for item in everyone]
        lines += [held_row(self.held, context) for context in self.held.contexts()]
        self.manifest.add(self.out, LINES, write_json(self.out / LINES, lines))
        yield self.folder.record(
            1, "pretrain", metrics={"pairs": float(len(self.table)), "lines": float(len(contexts))}
        )

    def _discover(self, windows: PairWindows | None, progress: Progress) -> PairEncoder:
        rows = [
            ContextRows(f"{line} | {assay}" if assay else line, found, self.table.label[found].astype(np.int8))
            for line, assay in self.table.contexts()
            if (found := self.table.rows_of((line, assay))).size
        ]
        encoder = self.source.train(self.table, windows, rows, self.config.seed, progress)
        return tracked(encoder, windows, rows, self.config)

    # ------------------------------------------------------------- stage 2

    def _select_steps(self, contexts: Sequence[LabelledContext]) -> Generator[StepRecord, None, int]:
        """Return the number of meta-training steps that served left-out training lines best."""
        settings = self.config.train
        lines = line_folds(contexts, MAX_FOLDS)
        if not settings.leave_one_line_out or len(lines) < 3:
            return settings.steps
        folds = [held[0] for held, _ in lines]
        chosen: int | None = self.group.gather(self._chosen() if self.group.rank == 0 else None)[0]
        if chosen is not None:
            return chosen
        for fold, (at, (_, rest)) in enumerate(zip(folds, lines, strict=True)):
            part = f"select-steps-{at}"
            trained = any(note.step >= settings.steps for note in self.folder.checkpoints(part).notes())
            if self.group.gather(trained)[0]:
                continue  # its scores are in the log
            others = [contexts[place] for place in rest]
            training = yield from self._born(others, settings.steps, contexts[at], "select-steps")
            records = train(
                training,
                self.folder,
                settings,
                phase="select-steps",
                part=part,
                fold=fold,
                seed=self.config.seed,
                allow_other_torch=self.allow_other_torch,
            )
            for record in records:
                self.step = record.step
                yield record
        if self.group.rank == 0:
            chosen = self._choose(contexts, folds)
        return int(self.group.gather(chosen)[0])

    def _chosen(self) -> int | None:
        if not self._has(SELECTION):
            return None
        return int(read_json(self.out / SELECTION)["steps"])

    def _choose(self, contexts: Sequence[LabelledContext], folds: Sequence[int]) -> int:
        """Return the step that is clearly best over folds (0, the birth, where none is), and write down why."""
        curves: list[dict[int, float]] = [{} for _ in folds]
        for record in HistoryReader(self.out / HISTORY).look():
            fold, score = record.metrics.get("fold"), record.metrics.get("score")
            if record.phase == "select-steps" and isinstance(fold, float) and isinstance(score, float):
                curves[int(fold)][record.step] = score
        grid = sorted(set().union(*curves)) or [0]
        table = np.array([[curve.get(step, np.nan) for step in grid] for curve in curves])
        chosen = grid[clearly_best(table)]
        values = {
            "steps": chosen,
            "grid": grid,
            "left_out": [contexts[at].name for at in folds],
            "score": [[value if np.isfinite(value) else None for value in row] for row in table.tolist()],
        }
        self.manifest.steps = chosen
        self.manifest.add(self.out, SELECTION, write_json(self.out / SELECTION, values))
        for at in folds:
            shutil.rmtree(self.out / "checkpoints" / f"select-steps-{at}", ignore_errors=True)
        return chosen

    # ------------------------------------------------------------- stage 3

    def _meta_train(
        self, contexts: Sequence[LabelledContext], steps: int, name: str
    ) -> Generator[StepRecord, None, None]:
        training = yield from self._born(contexts, steps, None, "meta-train")
        yield from self._stepped(training, "meta-train")
        self._keep_metabam(training.learner(), steps, name)

    def _stepped(self, training: Trainable, phase: str) -> Generator[StepRecord, None, None]:
        settings, seed = self.config.train, self.config.seed
        allowed = self.allow_other_torch
        for record in train(training, self.folder, settings, phase=phase, seed=seed, allow_other_torch=allowed):
            self.step = record.step
            yield record

    def _keep_metabam(self, learner: MetaBamLearner, steps: int, name: str) -> None:
        learner.chosen_steps = steps
        self._keep(learner, steps, name)

    def _keep(self, learner: StoredLearner[Any], steps: int, name: str) -> None:
        """Write a trained learner: from then on its stage counts as done."""
        if self.group.rank == 0:
            tensors, description = learner.state()
            self.manifest.steps = steps
            self.manifest.add(self.out, name, save_tensors(self.out / name, tensors, description))

    # ------------------------------------------------------------- stage 4, on request

    def _joint(self, contexts: Sequence[LabelledContext], steps: int) -> Generator[StepRecord, None, None]:
        """Train the encoder's weights and the model together; the run then answers with both."""
        training = yield from in_background(
            lambda _: open_joint(self.config, self.source.genome, self.table, contexts, self.out, steps),
            self.folder,
            "joint",
        )
        yield from self._stepped(training, "joint")
        if self.group.rank == 0:
            tensors, description = training.encoder.state()
            self.manifest.add(self.out, JOINT_ENCODER, save_tensors(self.out / JOINT_ENCODER, tensors, description))
            tensors, description = pack_contexts(training.contexts())
            self.manifest.add(self.out, JOINT_FEATURES, save_tensors(self.out / JOINT_FEATURES, tensors, description))
            self._keep_metabam(training.learner(), steps, WEIGHTS)

    def _born(
        self, contexts: Sequence[LabelledContext], steps: int, left_out: LabelledContext | None, phase: str
    ) -> Generator[StepRecord, None, MetaTraining]:
        """Return what the loop trains; its birth takes seconds and has no steps."""

        def work(_: Progress) -> MetaTraining:
            config = self.config
            return MetaTraining(contexts, config.model, config.train, config.seed, n_steps=steps, left_out=left_out)

        return (yield from in_background(work, self.folder, phase))
