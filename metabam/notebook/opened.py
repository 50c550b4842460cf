"""The bundled demo, or a folder built like it, opened once: run, predictor, planted truth, example tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import metabam
from metabam.errors import CheckpointError, InputError
from metabam.records import Fingerprint, IntArray, LabelledContext, PairTable, SupportSet

if TYPE_CHECKING:
    import pandas as pd

    from metabam.data.worldfiles import Truth
    from metabam.learners.metabam import MetaBamLearner
    from metabam.model.encoders.base import PairEncoder
    from metabam.score import Predictor
    from metabam.train.run import Run

Array = NDArray[np.float64]
SUPPORT = 64


@dataclass(frozen=True)
class Demo:
    """A run, its predictor, the truth of the planted world it was trained on, and example tables.

    ``lines`` are the cell lines with example tables: the run never saw them. What is computed from the run once (its
    training pairs, the fingerprints of its lines) is kept; nothing here edits the model.
    """

    run: Run
    predictor: Predictor[Fingerprint]
    truth: Truth
    lines: tuple[str, ...]
    folder: Path

    @property
    def synthetic(self) -> bool:
        """Return whether the run was trained on made-up DNA, which every figure says."""
        return self.run.synthetic

    @cached_property
    def learner(self) -> MetaBamLearner:
        """Return the run's Meta-BAM.

        Raises
        ------
        CheckpointError
            ``run-other-learner``: the run holds another learner, which has no atoms.
        """
        from metabam.learners.metabam import MetaBamLearner

        if not isinstance(self.predictor.learner, MetaBamLearner):
            message = f"{self.run.id} holds the learner {self.predictor.learner.name!r}, which has no atoms."
            raise CheckpointError("run-other-learner", message, "Open a run of Meta-BAM.")
        return self.predictor.learner

    @property
    def encoder(self) -> PairEncoder:
        """Return the run's encoder."""
        return self.predictor.encoder

    @cached_property
    def contexts(self) -> list[LabelledContext]:
        """Return the encoded training pairs, one context a line."""
        return self.run.training_contexts()

    @cached_property
    def beliefs(self) -> Mapping[str, Fingerprint]:
        """Return the fingerprint of each training line from up to 64 balanced pairs, as the pages make it."""
        found = {}
        for context in self.contexts:
            rows = balanced_rows(context.labels, SUPPORT, np.random.default_rng(0))
            found[context.name] = self.learner.adapt(SupportSet(context.features[rows], context.labels[rows]))
        return found

    @cached_property
    def kept(self) -> dict[str, Any]:
        """Return a place for what twins compute once per run."""
        return {}

    def support(self, line: str, *, shuffled: bool = False) -> PairTable:
        """Return the 16 labelled example pairs of a line; ``shuffled``: the same pairs, their labels permuted."""
        return read_support(self.support_file(line, shuffled=shuffled))

    def support_file(self, line: str, *, shuffled: bool = False) -> Path:
        """Return the file of a line's example support."""
        return self.folder / f"support_{line}{'_shuffled' if shuffled else ''}.tsv"

    def queries(self, line: str) -> PairTable:
        """Return the example queries of a line, labelled, sharing no element with its support."""
        from metabam.data.pairs import read_table

        result = read_table(self.folder / f"queries_{line}.tsv", role="query")
        result.raise_if_refused()
        return result.table

    def planted_probability(self, line: str, table: PairTable) -> Array:
        """Return the Bayes probability of each pair in a line, (B,): what the generator of the labels knew."""
        rows = self.truth.rows_of(table.pair_id)
        return np.asarray(self.truth.probability[rows, self.truth.lines.index(line)])

    def world_rows(self, enhancer: IntArray, promoter: IntArray) -> IntArray:
        """Return the row of pairs (B,) in the arrays of the truth, by the identities of their elements; -1: unknown."""
        from metabam.data.worldlink import rows_of_elements

        return rows_of_elements(self.truth, enhancer, promoter)


def demo(assets: Path | str | None = None) -> Demo:
    """Open the bundled demo, or the folder that ``python assets/build.py --out FOLDER`` has made.

    Raises
    ------
    InputError
        ``no-demo`` where the package was installed without its assets.
    """
    from metabam.data.worldfiles import read_truth
    from metabam.score import Predictor
    from metabam.train.run import RunStore

    folder = Path(metabam.__file__).resolve().parent.parent / "assets" if assets is None else Path(assets)
    if not (folder / "demo").is_dir():
        raise InputError("no-demo", "the bundled demo is not beside the package.", "Run `python assets/build.py`.")
    run = RunStore(folder).open("demo")
    lines = tuple(sorted(path.stem.removeprefix("queries_") for path in (folder / "examples").glob("queries_*.tsv")))
    return Demo(run, Predictor.of_run(run, None), read_truth(folder / "world"), lines, folder / "examples")


def read_support(path: Path | str) -> PairTable:
    """Return the labelled pairs of a CSV or TSV file, 4 to 64 of them.

    Raises
    ------
    InputError
        Any bad row refuses the table; the message lists all of them.
    """
    from metabam.data.pairs import read_table

    result = read_table(Path(path), role="support")
    result.raise_if_refused()
    return result.table


def judged(table: PairTable, scores: pd.DataFrame) -> dict[str, float | None]:
    """Return AUROC and AUPRC beside the prevalence, of the labelled rows that were scored."""
    from metabam.metrics import auprc, auroc, prevalence

    rows = (table.label >= 0) & (scores["status"] == "ok").to_numpy()
    labels, logit = table.label[rows], scores["logit"].to_numpy()[rows]
    return {"auroc": auroc(labels, logit), "auprc": auprc(labels, logit), "prevalence": prevalence(labels)}


def balanced_rows(labels: NDArray[np.int8], shots: int, rng: np.random.Generator) -> IntArray:
    """Return rows of a support of half positives and half negatives, fewer where a class has not enough."""
    chosen = [
        rng.choice(np.flatnonzero(labels == value), size=min(shots // 2, int((labels == value).sum())), replace=False)
        for value in (1, 0)
    ]
    return np.concatenate(chosen).astype(np.int64)
