"""The ``motif`` encoder: calibrated codes of stage 0's dictionary, and their tracks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabam.config import EncoderConfig
from metabam.model.discovery import MotifDictionary, discover
from metabam.model.discovery.dictionary import describe_code
from metabam.model.encoders.base import ContextRows
from metabam.model.encoders.training import only_used
from metabam.records import FeatureInfo, FloatArray, MotifSet, PairWindows

FORMAT = "metabam-motif-encoder/1"


class MotifEncoder:
    """Pair features that are readable grammar: motifs, spaced pairs, products across the pair, periods, composition.

    Parameters
    ----------
    dictionary
        What stage 0 found and the training lines chose.
    track_step
        bp per position of the track, 1 to 4.
    """

    kind = "motif"

    def __init__(self, dictionary: MotifDictionary, track_step: int = 4) -> None:
        self.dictionary = dictionary
        self.track_step = track_step
        self.features: tuple[FeatureInfo, ...] = dictionary.features

    @classmethod
    def from_training(
        cls,
        windows: PairWindows,
        contexts: Sequence[ContextRows],
        config: EncoderConfig,
        seed: int = 0,
        progress: Callable[[str, float], None] | None = None,
        known: MotifSet | None = None,
    ) -> MotifEncoder:
        """Return the encoder of the training pairs.

        Parameters
        ----------
        windows
            All training pairs (no held-out line, no held-out chromosome).
        contexts
            Labels of each training context, by row of ``windows``. They only choose features; motifs never see them.
        config
            Encoder settings; ``config.discovery`` those of stage 0.
        seed
            The result is deterministic in it.
        progress
            Called with the stage's name and the share done, in [0, 1].
        known
            PWMs that join the seeds, for example from a MEME file.
        """
        return cls(discover(windows, contexts, config.discovery, seed, progress, known), config.track_step)

    @property
    def motifs(self) -> MotifSet:
        """Return all motifs found, strongest first."""
        return self.dictionary.motifs

    def encode(self, windows: PairWindows) -> FloatArray:
        """Return z_q, (B, D) float32, standardised on the training pairs; each distinct element is read once."""
        used = only_used(windows)
        return self.dictionary.read(used)

    @property
    def track_columns(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the site codes of the enhancer and of the promoter that the features use: the track's channels."""
        out = []
        for side, reader in enumerate((self.dictionary.enhancer, self.dictionary.promoter)):
            n_sites = len(reader.motifs) + len(reader.spaced)
            used = self.dictionary.columns[:, side]
            out.append(tuple(int(c) for c in np.unique(used[(used >= 0) & (used < n_sites)])))
        return out[0], out[1]

    @property
    def track_names(self) -> tuple[str, ...]:
        """Return what each channel of the track is: a motif or a spaced pair, in the order of the channels."""
        dictionary = self.dictionary
        readers = (dictionary.enhancer, dictionary.promoter)
        return tuple(
            describe_code(dictionary.motifs, reader, column)[1]
            for reader, columns in zip(readers, self.track_columns, strict=True)
            for column in columns
        )

    def track(self, windows: PairWindows) -> FloatArray:
        """Return P(site) along the pair, (B, P, D_track) float32: enhancer positions first, then the promoter's.

        The channels are the enhancer's site codes, then the promoter's (:attr:`track_columns`); an enhancer channel
        is 0 on promoter positions and the other way round. Each position is the best of ``track_step`` bp.
        """
        windows = only_used(windows)
        e_columns, p_columns = self.track_columns
        e = self.dictionary.enhancer.track(windows.enhancers, e_columns, self.track_step)
        p = self.dictionary.promoter.track(windows.promoters, p_columns, self.track_step)
        n_e, n_p = e.shape[1], p.shape[1]
        out = np.zeros((len(windows), n_e + n_p, len(e_columns) + len(p_columns)), dtype=np.float32)
        out[:, :n_e, : len(e_columns)] = e[windows.enhancer_index]
        out[:, n_e:, len(e_columns) :] = p[windows.promoter_index]
        return out

    def state(self) -> tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]:
        """Return all tensors by name and a JSON-ready description."""
        tensors, description = self.dictionary.state()
        return tensors, {"format": FORMAT, "kind": self.kind, "track_step": self.track_step, **description}

    @classmethod
    def from_state(cls, tensors: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> MotifEncoder:
        """Return the encoder behind :meth:`state`, bit for bit."""
        return cls(MotifDictionary.from_state(tensors, description), int(description["track_step"]))
