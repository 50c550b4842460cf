"""Features of a planted world's pairs: from a finished run, from an encoder trained here, or from the truth."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from metabam.config import EncoderConfig
from metabam.data.elements import windows_of
from metabam.data.genome import Genome
from metabam.data.pairs import read_pairs
from metabam.data.worldfiles import Truth, activities, read_truth
from metabam.files import load_tensors, save_tensors
from metabam.model.encoders import ContextRows
from metabam.records import FloatArray, PairTable


def read_world(folder: Path) -> tuple[PairTable, Truth]:
    """Return all labelled pairs of a world, and its truth."""
    return read_pairs(folder / "pairs.tsv", role="training")[0], read_truth(folder)


def distinct_rows(table: PairTable) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that stand for the distinct pairs, and for each row of the table which of them it is."""
    _, first, back = np.unique(table.pair_id.astype(str), return_index=True, return_inverse=True)
    return first, back


def encoded(table: PairTable, folder: Path, encoder: Any, windows: EncoderConfig) -> FloatArray:
    """Return an encoder's features of every row, each distinct pair encoded once."""
    first, back = distinct_rows(table)
    genome = Genome(folder / "genome.fa")
    parts = []
    for start in range(0, len(first), 2_048):
        rows = table.take(first[start : start + 2_048])
        parts.append(encoder.encode(windows_of(rows, genome, windows.enhancer_window, windows.promoter_window)[0]))
    genome.close()
    return np.concatenate(parts)[back]


def trained_encoder(table: PairTable, truth: Truth, folder: Path, kind: str, seed: int) -> Any:
    """Return an encoder trained on the training lines of a world."""
    config = EncoderConfig(kind="cnn" if kind == "cnn" else "motif")
    names = [context for context in table.contexts() if truth.roles[context[0]] == "training"]
    rows = [table.rows_of(context) for context in names]
    starts = np.cumsum([0, *[len(part) for part in rows]])
    genome = Genome(folder / "genome.fa")
    chosen = table.take(np.concatenate(rows))
    windows, _ = windows_of(chosen, genome, config.enhancer_window, config.promoter_window)
    genome.close()
    contexts = [
        ContextRows(name[0], np.arange(start, stop), chosen.label[start:stop])
        for name, start, stop in zip(names, starts[:-1], starts[1:], strict=True)
    ]
    maker: Any = getattr(import_module(f"metabam.model.encoders.{kind}"), f"{kind.capitalize()}Encoder")
    return maker.from_training(windows, contexts, config, seed=seed)


def features_of(
    table: PairTable, truth: Truth, folder: Path, *, kind: str, run: Any, noise: float, seed: int, cache: Path | None
) -> FloatArray:
    """Return features (B, D) of every row: the run's, a fresh encoder's (kept in ``cache``), or noisy activities."""
    if run is not None:
        return encoded(table, folder, run.load_encoder(), run.config.encoder)
    if kind == "truth":
        return noisy_activities(table, truth, noise, seed)
    kept = None if cache is None else cache / f"{folder.name}-{kind}-{seed}.safetensors"
    if kept is not None and kept.exists():
        return np.asarray(load_tensors(kept).tensors["features"])
    values = encoded(table, folder, trained_encoder(table, truth, folder, kind, seed), EncoderConfig())
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        save_tensors(kept, {"features": values})
    return values


def noisy_activities(table: PairTable, truth: Truth, noise: float, seed: int) -> FloatArray:
    """Return (B, 24) features: the 12 true activities, each under Gaussian noise, and 12 columns of noise alone."""
    first, back = distinct_rows(table)
    values = activities(truth, table.pair_id[first])
    rng = np.random.default_rng(seed)
    values = np.concatenate([values + noise * rng.standard_normal(values.shape), rng.standard_normal(values.shape)], 1)
    return values[back].astype(np.float32)
