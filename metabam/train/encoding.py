"""From pairs to an encoder and its features: what each kind of encoder reads, DNA or numbers that the user brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metabam.config import FROZEN_KINDS, EncoderConfig, RunConfig
from metabam.data.elements import windows_of
from metabam.data.features import PairFeatures, geometry_names, read_chosen
from metabam.data.genome import Genome
from metabam.data.geometry import GEOMETRY
from metabam.errors import ConfigError, InputError
from metabam.model.encoders import ContextRows, TrackedEncoder
from metabam.model.encoders.base import PairEncoder
from metabam.model.encoders.precomputed import PrecomputedEncoder
from metabam.records import FloatArray, IntArray, PairTable, PairWindows, Problem
from metabam.train.background import Progress


def check_given(config: EncoderConfig, *, genome: bool, features: bool) -> None:
    """Refuse an encoder without what it reads, and what no encoder would read, before anything is read.

    Raises
    ------
    ConfigError
        ``no-features``, ``features-unused``, ``no-genome``, ``no-weights``, ``weights-unused``, or ``extra-missing``
        where an optional package is not installed.
    """
    kind = config.kind
    if kind == "precomputed" and not features:
        raise ConfigError("no-features", "the precomputed encoder reads features that you bring.", "Give --features.")
    if kind != "precomputed" and features:
        raise ConfigError("features-unused", f"encoder {kind} reads DNA.", "Add --encoder precomputed.")
    if kind != "precomputed" and not genome:
        raise ConfigError("no-genome", "training needs a FASTA.", "Give --genome.")
    if kind in FROZEN_KINDS:
        from metabam.model.encoders.backbones import check_extra

        check_extra(kind)
        if not config.weights:
            raise ConfigError("no-weights", f"encoder {kind} reads a model that you name.", "Give --weights DIR.")
    elif config.weights:
        raise ConfigError("weights-unused", f"encoder {kind} reads no language model.", "Leave out --weights.")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the features of a run come from.

    Parameters
    ----------
    config
        Settings of the encoder.
    genome
        ``None`` where no DNA is read.
    features
        Of the ``precomputed`` encoder, else ``None``.
    """

    config: EncoderConfig
    genome: Genome | None
    features: PairFeatures | None

    def __post_init__(self) -> None:
        check_given(self.config, genome=self.genome is not None, features=self.features is not None)

    def facts(self) -> dict[str, Any]:
        """Return what the manifest says of the genome."""
        if self.genome is None:
            return {"name": "", "fingerprint": "", "contigs": 0}
        named = {"name": self.genome.path.name, "fingerprint": self.genome.fingerprint}
        return {**named, "contigs": len(self.genome.contigs)}

    def digest(self) -> dict[str, Any]:
        """Return what the manifest says of features that were brought."""
        return {} if self.features is None else {"features": self.features.digest}

    def windows(self, table: PairTable) -> tuple[PairWindows | None, tuple[Problem, ...]]:
        """Return the DNA of all pairs, ``None`` where none is read, and what was padded or cropped."""
        if self.config.kind == "precomputed":
            return None, ()
        return windows_of(table, self.genome, self.config.enhancer_window, self.config.promoter_window)

    def train(
        self,
        table: PairTable,
        windows: PairWindows | None,
        contexts: Sequence[ContextRows],
        seed: int,
        progress: Progress,
    ) -> PairEncoder:
        """Return the encoder that the settings ask for, trained on all pairs of a table."""
        if windows is None:
            return self._precomputed(table, seed, progress)
        given = windows, contexts, self.config, seed, progress
        if self.config.kind == "cnn":
            from metabam.model.encoders.cnn import CnnEncoder

            return CnnEncoder.from_training(*given)
        if self.config.kind == "cbat":
            from metabam.model.encoders.cbat import CbatEncoder

            return CbatEncoder.from_training(*given)
        if self.config.kind in FROZEN_KINDS:
            from metabam.model.encoders.frozen import FrozenEncoder

            return FrozenEncoder.from_training(*given)
        from metabam.model.encoders.motif import MotifEncoder

        return MotifEncoder.from_training(*given)

    def encode(self, encoder: PairEncoder, table: PairTable, windows: PairWindows | None) -> FloatArray:
        """Return z_q of all pairs, (B, D) float32."""
        if isinstance(encoder, PrecomputedEncoder):
            step = 1 << 15
            parts = [
                encoder.encode_values(self._read(table.take(np.arange(at, min(at + step, len(table)))), encoder.names))
                for at in range(0, len(table), step)
            ]
            return np.concatenate(parts)
        if windows is None:
            raise ConfigError("no-genome", "this encoder reads DNA.", "Give --genome.")
        return np.asarray(encoder.encode(windows), dtype=np.float32)

    def _precomputed(self, table: PairTable, seed: int, progress: Progress) -> PrecomputedEncoder:
        own = () if self.features is None else self.features.names
        lie = () if self.features is None or not self.config.distance else geometry_names(self.features)
        names = (*own, *lie)

        def read(rows: IntArray) -> FloatArray:
            return self._read(table.take(rows), names)

        width = self.config.n_features
        return PrecomputedEncoder.from_values(names, read, len(table), width, seed, GEOMETRY, progress)

    def _read(self, table: PairTable, names: Sequence[str]) -> FloatArray:
        if self.features is None:
            raise ConfigError("no-features", "the precomputed encoder reads features that you bring.", "--features.")
        values, known = read_chosen(self.features, table, names)
        bad = np.flatnonzero(~known | ~np.isfinite(values).all(axis=1))
        if len(bad):
            named = ", ".join(str(int(line)) for line in table.line[bad[:5]])
            raise InputError(
                "features-rows",
                f"{len(bad)} training pairs have no features, or one that is not finite (lines {named}).",
                "Bring features of every training pair, or leave those pairs out.",
            )
        return values


def tracked(
    encoder: PairEncoder, windows: PairWindows | None, contexts: Sequence[ContextRows], config: RunConfig
) -> PairEncoder:
    """Return the encoder, with what the model of a run reads of its position track behind z_q."""
    model = config.model
    if windows is None or not model.reads_track:
        return encoder
    return TrackedEncoder.from_training(
        encoder, windows, contexts, config.encoder, fourier=model.fourier_track, wavelet=model.wavelet
    )
