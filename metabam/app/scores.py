"""Scores of a model on bundled lines that took no part in its training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from metabam.metrics import paired_bootstrap
from metabam.plots.queries import LineScore

if TYPE_CHECKING:
    from metabam.app.model import Model


def score_interval(
    labels: NDArray[np.int8], probability: NDArray[np.float64], seed: int = 0
) -> tuple[float, float, float]:
    """Return AUPRC and its 95 % bootstrap interval over pairs, NaN where undefined (one class)."""
    found = paired_bootstrap(labels, probability, None, np.arange(len(labels)), draws=1_000, seed=seed)
    middle, low, high = (float("nan") if end is None else end for end in (found.estimate, found.low, found.high))
    return middle, low, high


def pairs_of_tables(names: list[str]) -> list[tuple[str, str, str]]:
    """Return (line, support, queries) of the bundled tables that belong together."""
    found: list[tuple[str, str, str]] = []
    for name in names:
        line = name.removeprefix("support_").removesuffix(".tsv")
        queries = f"queries_{line}.tsv"
        if name.startswith("support_") and not line.endswith("_shuffled") and queries in names:
            found.append((line, name, queries))
    return found


def bundled_scores(model: Model, tables: dict[str, bytes]) -> list[LineScore]:
    """Return one score per never-seen line that the bundled tables hold a support and labelled queries of."""
    from metabam.data.upload import read_queries, read_support
    from metabam.score import Predictor

    predictor = Predictor(
        model.encoder, model.learner, None, model.enhancer_window, model.promoter_window, training=model.contexts
    )
    scores: list[LineScore] = []
    for line, support_name, query_name in pairs_of_tables(sorted(tables)):
        support = read_support(tables[support_name], support_name)
        queries = read_queries(tables[query_name], query_name)
        if support.refused or queries.refused:
            continue
        features, status = predictor.features(queries.table, queries.status)
        known = (status == "ok") & (queries.table.label >= 0)
        labels = queries.table.label[known]
        if len(set(labels.tolist())) < 2:
            continue
        probability = model.learner.predict(predictor.adapt(support.table), features[known]).probability
        middle, low, high = score_interval(labels, probability)
        scores.append(LineScore(line, middle, low, high, float(np.mean(labels == 1)), len(labels), len(support.table)))
    return scores
