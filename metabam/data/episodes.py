"""Episodes: a support and the queries it is judged on, from ONE context, and the split that keeps a line unseen.

A support and its queries share no enhancer and no promoter: a model that has merely seen the other half of a pair
would otherwise look as if it had adapted. The base rate of queries is the natural one; a support may be balanced,
because that is what people bring (eight and eight).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from metabam.data.elements import element_identities
from metabam.errors import InputError
from metabam.records import (
    BoolArray,
    Episode,
    FeatureLayout,
    FloatArray,
    IntArray,
    LabelledContext,
    PairTable,
    SupportSet,
)

_REDRAWS = 50


def contexts_of(table: PairTable, features: FloatArray, layout: FeatureLayout | None = None) -> list[LabelledContext]:
    """Return one labelled context per (cell_line, assay) of a table, in order of first appearance.

    Parameters
    ----------
    table
        Pairs, ``B`` rows. Rows without a label (-1) are left out.
    features
        z_q of the same rows, (B, D) float32, track coefficients behind them where ``layout`` says so.
    layout
        What the columns are; ``None`` for z_q alone.

    Raises
    ------
    InputError
        When features and table differ in length (``features-shape``).
    """
    if features.ndim != 2 or len(features) != len(table):
        raise InputError(
            "features-shape",
            f"{len(table)} pairs but features of shape {features.shape}.",
            "Encode the same table, one row per pair.",
        )
    enhancer, promoter = element_identities(table)
    contexts = []
    for cell_line, assay in table.contexts():
        rows = table.rows_of((cell_line, assay))
        rows = rows[table.label[rows] >= 0]
        contexts.append(
            LabelledContext(
                cell_line=cell_line,
                assay=assay,
                features=np.ascontiguousarray(features[rows], dtype=np.float32),
                labels=table.label[rows].astype(np.int8),
                enhancer=enhancer[rows],
                promoter=promoter[rows],
                layout=layout,
            )
        )
    return contexts


def draw_support(labels: NDArray[np.int8], shots: int, rng: np.random.Generator, *, balanced: bool) -> IntArray:
    """Return row numbers of ``shots`` distinct pairs, (S,).

    Balanced: half positives (the odd one is a negative). Natural: uniform, redrawn until both classes are there where
    ``shots >= 2`` (at most 50 times; a context with a single class keeps its last draw).

    Raises
    ------
    InputError
        When the context is smaller than the support, or a balanced support lacks a class (``too-few-pairs``).
    """
    if shots == 0:
        return np.zeros(0, dtype=np.int64)
    positive, negative = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    n_positive = shots // 2
    if shots > len(labels) or (balanced and (len(positive) < n_positive or len(negative) < shots - n_positive)):
        raise InputError(
            "too-few-pairs",
            f"a support of {shots} needs more pairs than {len(positive)} positives and {len(negative)} negatives.",
            "Use fewer shots or a natural draw.",
        )
    if balanced:
        chosen = np.concatenate(
            [
                rng.choice(positive, n_positive, replace=False),
                rng.choice(negative, shots - n_positive, replace=False),
            ]
        )
        return rng.permutation(chosen).astype(np.int64)
    chosen = rng.choice(len(labels), shots, replace=False)
    for _ in range(_REDRAWS):
        if shots < 2 or 0 < int(np.sum(labels[chosen] == 1)) < shots:
            break
        chosen = rng.choice(len(labels), shots, replace=False)
    return chosen.astype(np.int64)


def apart_from(context: LabelledContext, support: IntArray) -> BoolArray:
    """Return which pairs share no enhancer and no promoter with the support, (N,) bool."""
    apart: BoolArray = ~np.isin(context.enhancer, context.enhancer[support])
    apart &= ~np.isin(context.promoter, context.promoter[support])
    return apart


def draw_episode(
    context: LabelledContext, shots: int, query_size: int, rng: np.random.Generator, *, balanced: bool = False
) -> Episode:
    """Return one task from one context; support and queries share no element.

    Parameters
    ----------
    context
        Labelled pairs, ``N`` of them.
    shots
        ``S >= 0``.
    query_size
        Up to this many queries, at natural prevalence; all that are left where there are fewer.
    rng
        The only source of chance.
    balanced
        Whether the support holds as many positives as negatives.

    Raises
    ------
    InputError
        ``too-few-pairs`` when the support cannot be drawn, ``no-queries`` when nothing is left apart from it.
    """
    support = draw_support(context.labels, shots, rng, balanced=balanced)
    left = np.flatnonzero(apart_from(context, support))
    if len(left) == 0:
        raise InputError(
            "no-queries",
            f"no pair of {context.name} is free of the elements of {shots} support pairs.",
            "Use fewer shots or more pairs.",
        )
    query = rng.choice(left, min(query_size, len(left)), replace=False)
    return Episode(
        support=SupportSet(context.features[support], context.labels[support]),
        query_features=context.features[query],
        query_labels=context.labels[query],
        context=context.name,
    )


def holdout_split(table: PairTable, lines: Collection[str], chroms: Sequence[str] = ()) -> tuple[IntArray, IntArray]:
    """Return row numbers for training and rows held out, both in table order.

    Held out are the pairs of the named cell lines (where chromosomes are named, only their pairs on those chromosomes
    count as held out). Training never sees a named line, nor a pair with an element on a named chromosome; pairs in
    neither list are used by nobody.

    Raises
    ------
    InputError
        When a named line is not in the table (``unknown-line``).
    """
    present = set(table.cell_line.tolist())
    unknown = sorted(set(lines) - present)
    if unknown:
        raise InputError(
            "unknown-line",
            f"held-out cell line {', '.join(unknown)} is not in the table.",
            f"It holds: {', '.join(sorted(present))}.",
        )
    in_lines = np.isin(table.cell_line.astype(str), np.asarray(sorted(lines), dtype=str))
    names = np.asarray(sorted(chroms), dtype=str)
    on_chroms = np.isin(table.enhancer_chrom.astype(str), names) | np.isin(table.promoter_chrom.astype(str), names)
    train = ~in_lines & ~on_chroms
    held = in_lines & on_chroms if len(names) else in_lines
    return np.flatnonzero(train).astype(np.int64), np.flatnonzero(held).astype(np.int64)
