"""How a run reads pairs: DNA windows through its encoder, or numbers that the user brings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metabam.data.features import PairFeatures, read_chosen
from metabam.errors import ConfigError, InputError
from metabam.model.encoders import PairEncoder, RecallingEncoder, TrackedEncoder, layout_of
from metabam.model.encoders.precomputed import PrecomputedEncoder
from metabam.records import FloatArray, PairTable, TextArray
from metabam.score.table import OK

if TYPE_CHECKING:
    from metabam.data.genome import Genome


def ready(encoder: PairEncoder, weights: Path | None, *, trust_remote_code: bool) -> PairEncoder:
    """Return a run's encoder, with the language model of the folder that the user names where it needs one.

    Raises
    ------
    ConfigError
        ``weights-unused``: the run needs no language model. What :meth:`FrozenEncoder.attach` raises.
    """
    if weights is None:
        return encoder
    from metabam.model.encoders.frozen import FrozenEncoder

    if isinstance(encoder, RecallingEncoder):
        inner = ready(encoder.inner, weights, trust_remote_code=trust_remote_code)
        return RecallingEncoder(inner, encoder.enhancers, encoder.promoters)
    if isinstance(encoder, TrackedEncoder):
        inner = ready(encoder.inner, weights, trust_remote_code=trust_remote_code)
        return TrackedEncoder(inner, encoder.blocks, encoder.chosen, encoder.layout.channels)
    if not isinstance(encoder, FrozenEncoder):
        raise ConfigError("weights-unused", f"a run with encoder {encoder.kind} reads no language model.", "Leave out.")
    return encoder.attach(weights, trust_remote_code=trust_remote_code)


def read_values(
    encoder: PrecomputedEncoder, source: PairFeatures | None, table: PairTable, found: TextArray
) -> FloatArray:
    """Return z_q (B, D) of brought features; a pair without them gets its status in ``found``, and zeros.

    Raises
    ------
    InputError
        ``features-needed`` without a source.
    """
    if source is None:
        raise InputError("features-needed", "this run reads precomputed features, not DNA.", "Give them (--features).")
    values = np.zeros((len(table), len(encoder.features)), dtype=np.float32)
    rows = np.flatnonzero(found == OK)
    if len(rows):
        columns, known = read_chosen(source, table.take(rows), encoder.names)
        found[rows[~known]] = "no-features"
        values[rows] = encoder.encode_values(columns)
    return values


def read_windows(
    encoder: PairEncoder, genome: Genome | None, table: PairTable, found: TextArray, lengths: tuple[int, int]
) -> FloatArray:
    """Return z_q and what is kept of a track, (B, W), of the rows that can be read; the others hold zeros."""
    from metabam.data.elements import windows_of

    values = np.zeros((len(table), layout_of(encoder).width), dtype=np.float32)
    rows = np.flatnonzero(found == OK)
    if len(rows):
        windows, _ = windows_of(table.take(rows), genome, *lengths)
        values[rows] = encoder.encode(windows)
    return values
