"""Pair features of a planted world: a run's encoder, an encoder trained here, or the true activities under noise."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from metabam.config import EncoderConfig
from metabam.data.elements import windows_of
from metabam.data.genome import Genome
from metabam.data.worldfiles import Truth, activities
from metabam.errors import ConfigError
from metabam.model.encoders import ContextRows
from metabam.records import FloatArray, IntArray, MotifSet, PairTable, PairWindows

CHUNK = 2_048
GIVEN = "truth"
TRAINED = ("motif", "cnn", "cbat", "cbat-random")
"""Encoders that a benchmark may train by itself, on the training lines alone."""


def distinct_rows(table: PairTable) -> tuple[IntArray, IntArray]:
    """Return the rows that stand for the distinct pairs, and for each row of the table which of them it is."""
    _, first, back = np.unique(table.pair_id.astype(str), return_index=True, return_inverse=True)
    return first.astype(np.int64), back.astype(np.int64)


def encoded(table: PairTable, fasta: Path, encoder: Any, windows: EncoderConfig) -> FloatArray:
    """Return an encoder's features (B, D) of every row, each distinct pair encoded once."""
    first, back = distinct_rows(table)
    parts = []
    with Genome(fasta) as genome:
        for start in range(0, len(first), CHUNK):
            rows = table.take(first[start : start + CHUNK])
            parts.append(encoder.encode(windows_of(rows, genome, windows.enhancer_window, windows.promoter_window)[0]))
    return np.concatenate(parts)[back]


def trained_encoder(
    table: PairTable,
    training: Sequence[str],
    fasta: Path,
    kind: str,
    seed: int,
    *,
    epochs: int | None = None,
    known: MotifSet | None = None,
) -> Any:
    """Return an encoder of one kind trained on the named lines of a table.

    ``known`` motifs start the filters of ``cbat``; without them stage 0 finds its own, at its own cost;
    ``cbat-random`` starts from none. ``epochs`` stands in for the setting of the encoders learned from labels.

    Raises
    ------
    ConfigError
        ``unknown-encoder``.
    """
    if kind not in TRAINED:
        raise ConfigError("unknown-encoder", f"there is no encoder {kind!r} to train.", f"Choose {', '.join(TRAINED)}.")
    name, _, start = kind.partition("-")
    values: dict[str, Any] = {"kind": name, "cbat": {"stem": "random" if start else "motif"}}
    config = EncoderConfig.model_validate(values if epochs is None else {**values, "epochs": epochs})
    names = [context for context in table.contexts() if context[0] in training]
    rows = [table.rows_of(context) for context in names]
    starts = np.cumsum([0, *[len(part) for part in rows]])
    chosen = table.take(np.concatenate(rows))
    with Genome(fasta) as genome:
        windows, _ = windows_of(chosen, genome, config.enhancer_window, config.promoter_window)
    contexts = [
        ContextRows(line, np.arange(begin, end), chosen.label[begin:end])
        for (line, _), begin, end in zip(names, starts[:-1], starts[1:], strict=True)
    ]
    maker: Any = getattr(import_module(f"metabam.model.encoders.{name}"), f"{name.capitalize()}Encoder")
    more = {"known": known} if name == "cbat" and known is not None else {}
    return maker.from_training(windows, contexts, config, seed=seed, **more)


def noisy_activities(table: PairTable, truth: Truth, noise: float, seed: int) -> FloatArray:
    """Return (B, 24) features: the 12 true activities, each under Gaussian noise, and 12 columns of noise alone."""
    first, back = distinct_rows(table)
    values = activities(truth, table.pair_id[first])
    rng = np.random.default_rng(seed)
    values = np.concatenate([values + noise * rng.standard_normal(values.shape), rng.standard_normal(values.shape)], 1)
    return np.asarray(values[back], dtype=np.float32)


def element_windows(table: PairTable, fasta: Path) -> PairWindows:
    """Return the DNA of both elements of each row, each distinct element read once at the longest element's length."""
    first, back = distinct_rows(table)
    chosen = table.take(first)
    enhancer = int((chosen.enhancer_end - chosen.enhancer_start).max())
    promoter = int((chosen.promoter_end - chosen.promoter_start).max())
    with Genome(fasta) as genome:
        return windows_of(chosen, genome, enhancer, promoter)[0].take(back)


def window_codes(windows: PairWindows) -> IntArray:
    """Return an int64 digest of the DNA of each pair of windows, (B,)."""

    def digests(codes: np.ndarray[Any, Any]) -> list[bytes]:
        return [hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in codes]

    enhancers, promoters = digests(windows.enhancers), digests(windows.promoters)
    index = zip(windows.enhancer_index.tolist(), windows.promoter_index.tolist(), strict=True)
    raw = b"".join(hashlib.blake2b(enhancers[e] + promoters[p], digest_size=8).digest() for e, p in index)
    return np.frombuffer(raw, dtype="<i8").astype(np.int64)
