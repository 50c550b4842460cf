"""One side's calibrated codes: what a dictionary reads in an enhancer, or in a promoter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabam.model.discovery.calibrate import Calibration, noisy_or
from metabam.model.discovery.composition import COMPOSITION_NAMES, composition
from metabam.model.discovery.periodicity import Periodicity
from metabam.model.discovery.scan import Background, strand_scores
from metabam.model.discovery.spacing import Spaced, spaced_scores
from metabam.records import ByteArray, FloatArray


@dataclass(frozen=True, slots=True)
class SideReader:
    """What is read on one side: calibrated motifs, spaced pairs, periods and composition.

    ``motifs`` (M,) are numbers in the dictionary's motif set, ``pwms`` their matrices; ``spaced`` counts within
    ``motifs``. Each has its calibration. The codes of an element are, in this order: motifs, spaced pairs, periods
    (all P(present) in [0, 1]) and the composition shares.
    """

    background: Background
    motifs: tuple[int, ...]
    pwms: tuple[NDArray[np.float64], ...]
    motif_calibration: tuple[Calibration, ...]
    spaced: tuple[Spaced, ...]
    spaced_calibration: tuple[Calibration, ...]
    periods: tuple[Periodicity, ...]
    period_calibration: tuple[Calibration, ...]

    @property
    def n_codes(self) -> int:
        """Return the number of codes of an element."""
        return len(self.motifs) + len(self.spaced) + len(self.periods) + len(COMPOSITION_NAMES)

    def position_log_odds(self, codes: ByteArray) -> Iterator[tuple[slice, FloatArray]]:
        """Yield (slice of elements, log-odds of a site starting at each position (n, M + spaced, L) float32)."""
        if not self.pwms:
            return
        widths = [len(pwm) for pwm in self.pwms]
        for part, response in strand_scores(codes, self.background.surprise(codes), self.pwms):
            table = response.numpy()
            best = table.max(axis=1)
            rows = [cal.log_odds(best[:, index]) for index, cal in enumerate(self.motif_calibration)]
            rows += [
                cal.log_odds(spaced_scores(table, pair, widths, self.motif_calibration))
                for pair, cal in zip(self.spaced, self.spaced_calibration, strict=True)
            ]
            yield part, np.stack(rows, axis=1)

    def read(self, codes: ByteArray) -> FloatArray:
        """Return the codes of elements (N, L) uint8, (N, n_codes) float32."""
        n_sites = len(self.motifs) + len(self.spaced)
        out = np.zeros((len(codes), self.n_codes), dtype=np.float32)
        for part, log_odds in self.position_log_odds(codes):
            out[part, :n_sites] = noisy_or(log_odds)
        for index, (period, cal) in enumerate(zip(self.periods, self.period_calibration, strict=True)):
            out[:, n_sites + index] = cal.probability(period.strength(codes))
        out[:, n_sites + len(self.periods) :] = composition(codes)
        return out

    def track(self, codes: ByteArray, columns: Sequence[int], step: int) -> FloatArray:
        """Return P(site) along elements, (N, ceil(L / step), columns) float32: the best of each ``step`` positions.

        ``columns`` number motifs and spaced pairs as in the codes.
        """
        n, length = codes.shape
        places = -(-length // step)
        out = np.zeros((n, places, len(columns)), dtype=np.float32)
        if not columns:
            return out
        for part, log_odds in self.position_log_odds(codes):
            chosen = log_odds[:, list(columns)]
            padded = np.full((*chosen.shape[:2], places * step), -1e4, dtype=np.float32)
            padded[:, :, :length] = chosen
            peak = padded.reshape(*chosen.shape[:2], places, step).max(axis=3)
            out[part] = (1.0 / (1.0 + np.exp(-np.clip(peak, -60, 60)))).transpose(0, 2, 1)
        return out

    def state(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return all numbers as named arrays (the PWMs are stored with the dictionary)."""

        def calibrations(items: Sequence[Calibration]) -> NDArray[np.float64]:
            return np.array([[c.slope, c.intercept, c.rest] for c in items], dtype=np.float64).reshape(-1, 3)

        pairs = [[s.first, s.first_strand, s.second, s.second_strand, s.gap] for s in self.spaced]
        loadings = np.array([p.loading for p in self.periods], dtype=np.complex64).reshape(-1, 16)
        return {
            f"{prefix}.gc_edges": self.background.edges,
            f"{prefix}.log_step": self.background.log_step,
            f"{prefix}.motifs": np.array(self.motifs, dtype=np.int64),
            f"{prefix}.motif_calibration": calibrations(self.motif_calibration),
            f"{prefix}.spaced": np.array(pairs, dtype=np.int64).reshape(-1, 5),
            f"{prefix}.spaced_z": np.array([s.z for s in self.spaced], dtype=np.float64),
            f"{prefix}.spaced_calibration": calibrations(self.spaced_calibration),
            f"{prefix}.periods": np.array([[p.period, p.scale, p.z] for p in self.periods]).reshape(-1, 3),
            f"{prefix}.loadings_real": loadings.real.copy(),
            f"{prefix}.loadings_imag": loadings.imag.copy(),
            f"{prefix}.period_calibration": calibrations(self.period_calibration),
        }

    @classmethod
    def from_state(
        cls, tensors: Mapping[str, NDArray[Any]], prefix: str, pwms: Sequence[NDArray[np.float64]]
    ) -> SideReader:
        """Return the reader behind :meth:`state`; ``pwms`` are all motifs of the dictionary."""

        def calibrations(name: str) -> tuple[Calibration, ...]:
            return tuple(Calibration(*map(float, row)) for row in tensors[f"{prefix}.{name}"])

        motifs = tuple(int(i) for i in tensors[f"{prefix}.motifs"])
        spaced = tuple(
            Spaced(int(row[0]), int(row[1]), int(row[2]), int(row[3]), int(row[4]), float(z))
            for row, z in zip(tensors[f"{prefix}.spaced"], tensors[f"{prefix}.spaced_z"], strict=True)
        )
        loadings = (tensors[f"{prefix}.loadings_real"] + 1j * tensors[f"{prefix}.loadings_imag"]).astype(np.complex64)
        periods = tuple(
            Periodicity(float(row[0]), loading, float(row[1]), float(row[2]))
            for row, loading in zip(tensors[f"{prefix}.periods"], loadings, strict=True)
        )
        return cls(
            Background(np.asarray(tensors[f"{prefix}.gc_edges"]), np.asarray(tensors[f"{prefix}.log_step"])),
            motifs,
            tuple(pwms[i] for i in motifs),
            calibrations("motif_calibration"),
            spaced,
            calibrations("spaced_calibration"),
            periods,
            calibrations("period_calibration"),
        )
