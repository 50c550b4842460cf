"""What a benchmark runs on: folds of labelled contexts, each row with all that the judges must know of it.

A *world* yields folds; a fold has contexts to train on, contexts held out, and reference contexts (for wrong-line
supports and label reversals). Learners see one *view* of a context:

==============  ========================================================================
``features``    z_q, or what stands for it
``with_track``  the same, with the coefficients of the position track behind it where a run's encoder makes them
``recalled``    z_q moved by what a run recalls of the elements: what Meta-BAM reads, where it recalls anything
``strangers``   the whole, with nothing recalled: as if no training line held any of the elements
``facts``       what is known without DNA (:class:`metabam.records.PairFacts`)
``kmers``       shares of k-mers on both sides (W1)
``truth``       logit of the Bayes probability, then the activities after silencing (W1)
``activities``  the true mechanism activities as planted, standardised (W1)
==============  ========================================================================
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from metabam.data.elements import element_identities
from metabam.data.episodes import contexts_of
from metabam.data.views import facts_of
from metabam.data.worldfiles import Truth
from metabam.errors import InputError
from metabam.records import BoolArray, FeatureLayout, FloatArray, IntArray, LabelledContext, PairTable

Array = NDArray[np.float64]
FEATURES, FACTS, KMERS, TRUTH, ACTIVITIES = "features", "facts", "kmers", "truth", "activities"
WITH_TRACK, RECALLED, STRANGERS = "with_track", "recalled", "strangers"


def codes_of_texts(texts: Sequence[str]) -> IntArray:
    """Return an int64 digest of each text, equal for equal texts in every process."""
    known: dict[str, int] = {}
    for text in texts:
        if text not in known:
            known[text] = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
    return np.array([known[text] for text in texts], dtype=np.int64)


def pair_codes(enhancer: IntArray, promoter: IntArray) -> IntArray:
    """Return one int64 for each (enhancer, promoter): equal for equal pairs, in every table and process."""
    with np.errstate(over="ignore"):
        mixed = enhancer.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + promoter.astype(np.uint64)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(1)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class BenchContext:
    """The labelled pairs of one (cell line, assay): ``N`` rows.

    ``table`` has the same rows as ``pairs``, in the same order. ``gene`` (N,) int64 groups rows for the bootstrap: the
    gene where the table names one, else the promoter. ``sequence`` (N,) digests the DNA of both elements, or the pair
    itself where no DNA is known. ``views`` are (N, D) arrays by name beside the features; ``bayes`` (N,) the true
    P(y = 1), or ``None``. Supports are drawn from ``support_pool``, queries from ``query_pool``, (N,) bool each.
    """

    pairs: LabelledContext
    table: PairTable
    gene: IntArray
    sequence: IntArray
    support_pool: BoolArray
    query_pool: BoolArray
    views: Mapping[str, FloatArray] = field(default_factory=dict)
    bayes: Array | None = None

    def __len__(self) -> int:
        """Return the number of pairs ``N``."""
        return len(self.pairs)

    @property
    def name(self) -> str:
        """Return the context's name."""
        return self.pairs.name

    @property
    def pair(self) -> IntArray:
        """Return the digest of each pair, (N,)."""
        return pair_codes(self.pairs.enhancer, self.pairs.promoter)

    def has(self, view: str) -> bool:
        """Return whether learners of this view can be run."""
        if view in (RECALLED, STRANGERS):
            return self.pairs.layout is not None and self.pairs.layout.recall
        return view in (FEATURES, WITH_TRACK) or view in self.views

    def seen_as(self, view: str) -> LabelledContext:
        """Return the context with the features of one view."""
        if view == WITH_TRACK:
            return self.pairs
        if view == RECALLED:
            return self.pairs.displaced()
        if view == STRANGERS and self.pairs.layout is not None:
            features = self.pairs.features.copy()
            features[:, self.pairs.layout.recalled] = 0.0
            return replace(self.pairs, features=features)
        return (
            self.pairs.of_pairs() if view == FEATURES else replace(self.pairs, features=self.views[view], layout=None)
        )


@dataclass(frozen=True, slots=True)
class Fold:
    """One split: learners are fitted on ``training``, judged on ``held``; ``references`` lend wrong-line supports.

    ``trained_learner`` was trained elsewhere on ``training`` (a run's), or is ``None``; ``truth`` is a planted
    world's. ``mirrors`` (one per reference, the references themselves by default) hold the other lines' labels of the
    query pairs: nobody learns from them, they tell which labels reverse. ``ceiling`` returns |r| (M,) that features
    made from the truth reach with each mechanism, where a truth and DNA are known.
    """

    name: str
    training: tuple[BenchContext, ...]
    held: tuple[BenchContext, ...]
    references: tuple[BenchContext, ...]
    trained_learner: Any = None
    truth: Truth | None = None
    mirrors: tuple[BenchContext, ...] = ()
    ceiling: Callable[[], Array] | None = None

    def mirror(self, reference: int) -> BenchContext:
        """Return who tells the labels of a reference context on the query pairs."""
        return self.mirrors[reference] if self.mirrors else self.references[reference]

    def truth_of(self, context: BenchContext, line: str) -> Array | None:
        """Return the true P(y = 1) of a context's pairs IN another line, (N,); ``None`` where no truth is known."""
        if self.truth is None or line not in self.truth.lines:
            return None
        rows = self.truth.rows_of(context.table.pair_id)
        return np.asarray(self.truth.probability[rows, self.truth.lines.index(line)], dtype=np.float64)

    def views(self) -> frozenset[str]:
        """Return the views that every context of the fold has."""
        everyone = (*self.training, *self.held, *self.references)
        shared = frozenset.intersection(*(frozenset(context.views) for context in everyone))
        recalled = {RECALLED, STRANGERS} if all(context.has(RECALLED) for context in everyone) else set()
        return shared | {FEATURES, WITH_TRACK} | recalled


class World(Protocol):
    """Where folds come from."""

    @property
    def name(self) -> str:
        """Return a name of its own among the worlds of a benchmark."""
        ...

    @property
    def kind(self) -> str:
        """Return ``W1`` or ``W2``."""
        ...

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Return digests of what it is made of, so that a resumed benchmark is the same one."""
        ...

    def folds(self) -> Iterator[Fold]:
        """Yield the folds in a fixed order."""
        ...


def bench_contexts(
    table: PairTable,
    features: FloatArray,
    *,
    layout: FeatureLayout | None = None,
    views: Mapping[str, NDArray[Any]] | None = None,
    sequence: IntArray | None = None,
    support_pool: BoolArray | None = None,
    query_pool: BoolArray | None = None,
    bayes: Array | None = None,
) -> list[BenchContext]:
    """Return one context per (cell_line, assay) of a table, in order of first appearance; unlabelled rows are left out.

    Parameters
    ----------
    table, features
        ``B`` pairs and their features (B, D); ``layout`` says which columns are z_q where a track follows.
    views, sequence, support_pool, query_pool, bayes
        Per row of the table; pools default to all rows, ``sequence`` to the pair's own identity.

    Raises
    ------
    InputError
        ``features-shape`` or ``bench-rows`` when lengths differ.
    """
    count = len(table)
    every = np.ones(count, dtype=bool)
    given: dict[str, NDArray[Any]] = {
        "support_pool": every if support_pool is None else support_pool,
        "query_pool": every if query_pool is None else query_pool,
        "sequence": pair_codes(*element_identities(table)) if sequence is None else sequence,
        "gene": genes_of(table),
    }
    extra = dict(views or {})
    if FACTS not in extra:
        extra[FACTS] = facts_of(table).view()
    for name, values in (*given.items(), *extra.items(), ("bayes", every if bayes is None else bayes)):
        if len(values) != count:
            raise InputError("bench-rows", f"{name} has {len(values)} rows, the table {count}.", "Give one per pair.")
    out = []
    for context, key in zip(contexts_of(table, features, layout), table.contexts(), strict=True):
        rows = table.rows_of(key)
        rows = rows[table.label[rows] >= 0]
        out.append(
            BenchContext(
                pairs=context,
                table=table.take(rows),
                views={name: np.ascontiguousarray(values[rows], np.float32) for name, values in extra.items()},
                bayes=None if bayes is None else bayes[rows],
                **{name: values[rows] for name, values in given.items()},
            )
        )
    return out


def genes_of(table: PairTable) -> IntArray:
    """Return the bootstrap group of each pair, (B,): its gene where the table names it, else its promoter."""
    promoter = element_identities(table)[1]
    named = np.array([bool(gene) for gene in table.gene_id.tolist()], dtype=bool)
    return np.where(named, codes_of_texts(table.gene_id.tolist()), promoter)


def both_classes(contexts: Sequence[BenchContext]) -> tuple[BenchContext, ...]:
    """Return the contexts that hold positives and negatives: the others teach nothing and judge nothing."""
    return tuple(context for context in contexts if 0 < int(context.pairs.labels.sum()) < len(context))
