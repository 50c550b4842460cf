"""World W1: a planted world's folder, with a run that was trained on it or with features made here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from metabam.bench.encoding import (
    GIVEN,
    distinct_rows,
    element_windows,
    encoded,
    noisy_activities,
    trained_encoder,
    window_codes,
)
from metabam.bench.oracle import oracle_r
from metabam.bench.worlds import (
    ACTIVITIES,
    FACTS,
    KMERS,
    TRUTH,
    Array,
    BenchContext,
    Fold,
    bench_contexts,
    both_classes,
)
from metabam.config import EncoderConfig, RunConfig
from metabam.data.episodes import holdout_split
from metabam.data.pairs import read_pairs
from metabam.data.views import kmer_view, truth_view
from metabam.data.worldfiles import activities, read_truth
from metabam.errors import InputError
from metabam.files import load_tensors, read_bytes, save_tensors, sha256
from metabam.records import FloatArray, LabelledContext, PairTable, PairWindows

_FILE_CAP = 1 << 30


class FinishedRun(Protocol):
    """What the benchmark needs of a run directory (``metabam.train.run.Run`` is one)."""

    id: str
    config: RunConfig

    @property
    def weights_sha256(self) -> str:
        """Return the digest of the weights."""
        ...

    def load_encoder(self) -> Any:
        """Return the pair encoder."""
        ...

    def load_learner(self) -> Any:
        """Return the trained learner."""
        ...

    def training_contexts(self) -> list[LabelledContext]:
        """Return the training contexts with their cached features."""
        ...


class PlantedWorld:
    """One fold: the world's training lines, and its held-out lines.

    Parameters
    ----------
    folder
        What ``metabam simulate`` wrote.
    run
        A finished run: its encoder makes the features, its contexts fit the peers, its learner stands for itself.
    features, noise
        Without a run: ``truth`` (true activities under Gaussian noise of so many sd, which tests the learners and not
        the encoder), or an encoder to train here on the training lines.
    lines
        Held-out lines at most.
    cache
        Folder that keeps the features of an encoder trained here.
    """

    kind = "W1"

    def __init__(
        self,
        folder: Path,
        *,
        run: FinishedRun | None = None,
        features: str = GIVEN,
        noise: float = 1.0,
        lines: int = 1_000,
        seed: int = 0,
        cache: Path | None = None,
    ) -> None:
        self.folder, self.run, self.features, self.noise = folder, run, features, noise
        self.lines, self.seed, self.cache = lines, seed, cache
        self.name = folder.resolve().name
        self.truth = read_truth(folder)
        self.inputs: Mapping[str, Any] = {
            "pairs": sha256(read_bytes(folder / "pairs.tsv", _FILE_CAP)),
            "truth": sha256(read_bytes(folder / "truth.json", _FILE_CAP)),
            "features": f"run {run.id}" if run is not None else features,
            "noise": noise if run is None and features == GIVEN else None,
            "weights": None if run is None else run.weights_sha256,
        }

    def folds(self) -> Iterator[Fold]:
        """Yield the one fold."""
        table = read_pairs(self.folder / "pairs.tsv", role="training")[0]
        features = self._features(table)
        windows = element_windows(table, self.folder / "genome.fa")
        lines = [self.truth.lines.index(line) for line in table.cell_line.tolist()]
        bayes = self.truth.probability[self.truth.rows_of(table.pair_id), lines]
        chroms = self.run.config.holdout_chrom if self.run is not None else ()
        names = [line for line in self.truth.lines if self.truth.roles[line] == "held-out"]
        _, on_chroms = holdout_split(table, names, chroms)
        asked = np.isin(np.arange(len(table)), on_chroms)
        contexts = bench_contexts(
            table,
            features,
            layout=None if self.run is None else self.run.training_contexts()[0].layout,
            views={
                KMERS: kmer_view(windows),
                TRUTH: truth_view(self.truth, table),
                ACTIVITIES: activities(self.truth, table.pair_id),
            },
            sequence=window_codes(windows),
            support_pool=~asked if chroms else None,
            query_pool=asked if chroms else None,
            bayes=bayes,
        )
        held = both_classes([c for c in contexts if c.pairs.cell_line in names])[: self.lines]
        training = self._training(table, contexts)
        yield Fold(
            name="0",
            training=both_classes(training),
            held=held,
            references=held if len(held) > 1 else (*held, *both_classes(training)),
            trained_learner=None if self.run is None else self.run.load_learner(),
            truth=self.truth,
            ceiling=lambda: self._ceiling(table, windows),
        )

    def _ceiling(self, table: PairTable, windows: PairWindows) -> Array:
        """Return |r| (M,) that the true PWMs, offsets and pairs reach with each mechanism's activity."""
        first, _ = distinct_rows(table)
        activity = activities(self.truth, table.pair_id[first]).astype(np.float64)
        return oracle_r(windows.take(first), self.truth, activity, self.seed)

    def _training(self, table: PairTable, contexts: list[BenchContext]) -> list[BenchContext]:
        """Return the contexts that teach: with a run, exactly its own, found again in the world's table.

        Raises
        ------
        InputError
            ``run-of-another-world`` where the run's training pairs are not in the table.
        """
        if self.run is None:
            return [c for c in contexts if self.truth.roles[c.pairs.cell_line] == "training"]
        own = {(c.cell_line, c.assay): c for c in self.run.training_contexts()}
        rows, _ = holdout_split(table, self.run.config.holdout, self.run.config.holdout_chrom)
        chosen = table.take(rows)
        blank = np.zeros((len(chosen), 1), np.float32)
        found = []
        for shown in bench_contexts(chosen, blank, views={FACTS: blank}):
            key = (shown.pairs.cell_line, shown.pairs.assay)
            if key not in own:
                continue
            context = own.pop(key)
            if not (
                np.array_equal(context.enhancer, shown.pairs.enhancer)
                and np.array_equal(context.promoter, shown.pairs.promoter)
                and np.array_equal(context.labels, shown.pairs.labels)
            ):
                raise _foreign(self.run.id, context.name)
            whole = next(c for c in contexts if (c.pairs.cell_line, c.pairs.assay) == key)
            kept = np.isin(whole.pair, shown.pair)
            found.append(
                BenchContext(
                    pairs=context,
                    table=shown.table,
                    gene=shown.gene,
                    sequence=whole.sequence[kept],
                    support_pool=np.ones(len(context), dtype=bool),
                    query_pool=np.ones(len(context), dtype=bool),
                    views={name: values[kept] for name, values in whole.views.items()},
                    bayes=None if whole.bayes is None else whole.bayes[kept],
                )
            )
        if own:
            raise _foreign(self.run.id, next(iter(own.values())).name)
        return found

    def _features(self, table: PairTable) -> FloatArray:
        """Return the features (B, D) of every row."""
        fasta = self.folder / "genome.fa"
        if self.run is not None:
            return encoded(table, fasta, self.run.load_encoder(), self.run.config.encoder)
        if self.features == GIVEN:
            return noisy_activities(table, self.truth, self.noise, self.seed)
        kept = None if self.cache is None else self.cache / f"{self.name}-{self.features}-{self.seed}.safetensors"
        if kept is not None and kept.exists():
            return np.asarray(load_tensors(kept).tensors["features"], dtype=np.float32)
        names = [line for line in self.truth.lines if self.truth.roles[line] == "training"]
        encoder = trained_encoder(table, names, fasta, self.features, self.seed)
        values = encoded(table, fasta, encoder, EncoderConfig())
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            save_tensors(kept, {"features": values})
        return values


def _foreign(run: str, context: str) -> InputError:
    return InputError(
        "run-of-another-world",
        f"run {run} was trained on pairs of {context} that this world does not hold.",
        "Give the run that was trained on this world's pairs.tsv.",
    )
