"""One adaptation of one session: the tables that came in, what was computed from them, and what goes out again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from metabam.app import model as models
from metabam.config import RefineConfig
from metabam.records import (
    ConvergenceRecord,
    Fingerprint,
    FloatArray,
    InformedRecord,
    NoveltyRecord,
    PairTable,
    Problem,
    RefinementPath,
    SupportSet,
    TextArray,
)

if TYPE_CHECKING:
    from metabam.app.model import Model
    from metabam.data.genome import Genome
    from metabam.data.pairs import ReadResult
    from metabam.probe.novelty import TrainingPairs
    from metabam.score import Predictor
    from metabam.train.run import Run

Array = NDArray[np.float64]
REFERENCE: Final = "metabam"
OTHERS: Final = ("hierarchical", "prototype")
CHUNK: Final = 1_024  # query rows between two looks at whether the visitor has cancelled
TEMPLATE: Final = (
    "pair_id\tchrom\tenhancer_start\tenhancer_end\tpromoter_start\tpromoter_end\tlabel\tcell_line\n"
    "my_pair_1\tchr1\t1000000\t1000400\t1050000\t1050400\t1\tmy_line\n"
    "my_pair_2\tchr1\t2000000\t2000400\t2050000\t2050400\t0\tmy_line\n"
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A table as it came into this session: its bytes, its name, which way it came, and what reading it found."""

    data: bytes = field(repr=False)
    name: str
    origin: str
    result: ReadResult = field(repr=False)
    answers: tuple[tuple[str, str], ...] = ()
    one_class: bool = False

    @property
    def sha256(self) -> str:
        """Return the digest of the bytes."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Adaptation:
    """Everything that the page shows after one press of Adapt.

    Support arrays are (S,), query arrays (Q,), context arrays (Z,), gates (K,). Query values of unusable rows are NaN.
    ``given`` and ``asked`` are the features of the support and of the usable queries; ``shared`` query rows are support
    pairs; ``path`` is how z_c moved where it was refined.
    """

    run_id: str
    weights: str
    support_name: str
    support_sha256: str
    query_name: str
    query_sha256: str
    fingerprint: Fingerprint = field(repr=False)
    prior: Fingerprint = field(repr=False)
    gate_low: Array = field(repr=False)
    gate_high: Array = field(repr=False)
    kl: Array = field(repr=False)
    labels: NDArray[np.int8] = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    support_after: Array = field(repr=False)
    support_before: Array = field(repr=False)
    convergence: ConvergenceRecord | None = field(repr=False)
    nearest: tuple[tuple[str, float], ...]
    queries: Queries | None = field(repr=False)
    problems: tuple[Problem, ...]
    seconds: float
    verdict: InformedRecord = field(repr=False)
    given: SupportSet = field(repr=False)
    asked: FloatArray | None = field(repr=False)
    shared: int = 0
    seed: int = 0
    novelty: NoveltyRecord | None = field(default=None, repr=False)
    refine: RefineConfig | None = None
    path: RefinementPath | None = field(default=None, repr=False)

    @property
    def informed(self) -> bool:
        """Return whether z_c left the prior by 0.1 nats or more, and the labels beat 95 % of their permutations."""
        return self.verdict.informed


@dataclass(frozen=True, slots=True)
class Queries:
    """Predictions of the query table, in its order."""

    table: PairTable
    names: tuple[str, ...]
    status: tuple[str, ...]
    probability: Array
    lower: Array
    upper: Array
    logit: Array
    prior: Array
    nearest: Array
    others: dict[str, Array]

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Return which rows have a prediction."""
        return np.isfinite(self.probability)


def read_support(
    data: bytes,
    name: str,
    origin: str,
    genome: Genome | None,
    *,
    one_class: bool = False,
    answers: dict[str, str] | None = None,
) -> Loaded:
    """Return an uploaded, pasted, edited or bundled support, read and judged; never raises for its content."""
    from metabam.data.upload import read_support as read

    result = read(data, name, genome, allow_one_class=one_class, answers=answers)
    return Loaded(data, name, origin, result, tuple(sorted((answers or {}).items())), one_class)


def read_queries(data: bytes, name: str, origin: str, genome: Genome | None) -> Loaded:
    """Return an uploaded or bundled query table, read and judged; never raises for its content."""
    from metabam.data.upload import read_queries as read

    return Loaded(data, name, origin, read(data, name, genome))


def adapt(
    model: Model,
    support: Loaded,
    queries: Loaded | None,
    others: dict[str, Any],
    *,
    genome: Genome | None,
    run_id: str,
    weights: str,
    lines: dict[str, Fingerprint],
    run: Run,
    training: TrainingPairs | None = None,
    refine: RefineConfig | None = None,
    progress: Callable[[float], None] | None = None,
) -> Adaptation:
    """Return what the model believes after a support, and its predictions; the model itself does not change.

    Parameters
    ----------
    others
        Further learners by name, fitted on the same training lines.
    lines
        Fingerprints of the training lines, to find the nearest one.
    training
        The training pairs, to tell how far support and queries lie from them.
    refine
        Gradient steps of z_c after adapting.
    progress
        Told the share of query rows that are encoded; may raise to cancel, and nothing is then changed.

    Raises
    ------
    InputError
        A pair cannot be turned into sequence.
    """
    from metabam.probe.informed import informed_by_labels
    from metabam.probe.novelty import novelty
    from metabam.score import Predictor

    start = time.perf_counter()
    predictor = Predictor(
        model.encoder,
        model.learner,
        genome,
        model.enhancer_window,
        model.promoter_window,
        provenance=run.provenance(),
        training=model.contexts,
    )
    table = support.result.table
    features, _ = predictor.features(table)
    given = SupportSet(features, table.label)
    fingerprint = predictor.adapt(table, refine)
    path = None if refine is None else model.learner.refine(model.learner.adapt(given), given, refine)[1]
    prior = model.learner.adapt(models.no_support(model))
    low, high = models.gate_interval(model, fingerprint)
    near = models.nearest_lines(fingerprint, lines)
    answered, asked = None, None
    if queries is not None:
        nearest = lines[near[0][0]] if near else prior
        features_of_all = encode_rows(predictor, queries.result, progress)
        answered, asked = _answer(features_of_all, model, given, fingerprint, prior, nearest, queries.result, others)
    return Adaptation(
        run_id,
        weights,
        support.name,
        support.sha256,
        queries.name if queries else "",
        queries.sha256 if queries else "",
        fingerprint,
        prior,
        low,
        high,
        models.kl_to(fingerprint.mean, fingerprint.std, prior.mean, prior.std),
        table.label,
        tuple(pair_names(table)),
        model.learner.predict(fingerprint, features).probability,
        model.learner.predict(prior, features).probability,
        models.convergence_of(model, given) if len(given) else None,
        tuple(near),
        answered,
        tuple(predictor.findings(fingerprint, table)),
        time.perf_counter() - start,
        informed_by_labels(model.learner, given),
        given,
        asked,
        shared=0 if queries is None else shared_pairs(table, queries.result.table),
        novelty=None if training is None else novelty(training, features, asked),
        refine=refine,
        path=path,
    )


def shared_pairs(support: PairTable, queries: PairTable) -> int:
    """Return how many query rows are pairs of the support: what the model was told cannot test it."""
    from metabam.data.overlap import pair_keys

    return int(np.isin(pair_keys(queries), pair_keys(support)).sum())


def encode_rows(
    predictor: Predictor[Fingerprint], result: ReadResult, progress: Callable[[float], None] | None = None
) -> tuple[FloatArray, TextArray]:
    """Return z_q (B, D) and the status (B,) of every row of a query table, in pieces between which one can cancel."""
    from metabam.data.exports import row_chunks

    values, found = [], []
    for part in row_chunks(len(result.table), CHUNK):
        rows = np.arange(part.start, part.stop)
        features, status = predictor.features(result.table.take(rows), result.status[part])
        values.append(features)
        found.append(status)
        if progress is not None:
            progress(part.stop / len(result.table))
    return np.concatenate(values), np.concatenate(found)


def _answer(
    encoded: tuple[FloatArray, TextArray],
    model: Model,
    given: SupportSet,
    fingerprint: Fingerprint,
    prior: Fingerprint,
    nearest: Fingerprint,
    result: ReadResult,
    others: dict[str, Any],
) -> tuple[Queries, FloatArray]:
    """Return all learners' predictions on one query table, NaN where unusable, and the features of usable rows."""
    features, status = encoded
    good = np.asarray(status == "ok", dtype=np.bool_)

    def spread(values: Array) -> Array:
        full = np.full(len(good), np.nan)
        full[good] = values
        return full

    asked = features[good]
    full = model.learner.predict(fingerprint, asked)
    low, high = models.interval(full)
    answered = Queries(
        result.table,
        tuple(pair_names(result.table)),
        tuple(str(code) for code in status),
        spread(full.probability),
        spread(low),
        spread(high),
        spread(full.logit),
        spread(model.learner.predict(prior, asked).probability),
        spread(model.learner.predict(nearest, asked).probability),
        {name: spread(learner.predict(learner.adapt(given), asked).probability) for name, learner in others.items()},
    )
    return answered, asked


def pair_names(table: PairTable) -> list[str]:
    """Return a readable name per pair: its id, else its locus."""
    names: list[str] = []
    for row in range(len(table)):
        locus = f"{table.enhancer_chrom[row]}:{table.enhancer_start[row]:,}–{table.promoter_start[row]:,}"
        names.append(f"{table.pair_id[row]}  {locus}" if table.pair_id[row] else locus)
    return names
