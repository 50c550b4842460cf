"""The dictionary that stage 0 hands on: motifs, calibrated readers of both sides, and the features chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabam.model.discovery.composition import COMPOSITION_NAMES
from metabam.model.discovery.reader import SideReader
from metabam.records import FeatureInfo, FloatArray, IntArray, MotifSet, PairWindows

SIDES = ("enhancer", "promoter")


@dataclass(frozen=True, slots=True)
class MotifDictionary:
    """What was found in the DNA, and which of it makes the pair features.

    ``columns`` (D, 2) int64 are the enhancer and promoter code that a feature multiplies, -1 where a side plays no
    part; ``mean`` and ``std`` (D,) float64 standardise on the training pairs; ``gain`` (D,) float64 is the score
    statistic with which each was chosen. ``contrast`` (M,) float64 tells how far each motif stands out of shuffles.
    """

    motifs: MotifSet
    contrast: NDArray[np.float64]
    enhancer: SideReader
    promoter: SideReader
    columns: IntArray
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    gain: NDArray[np.float64]

    @property
    def features(self) -> tuple[FeatureInfo, ...]:
        """Return what each of the D features measures."""
        return tuple(
            describe_feature(self.motifs, self.enhancer, self.promoter, int(e), int(p), float(g))
            for (e, p), g in zip(self.columns, self.gain, strict=True)
        )

    def read(self, windows: PairWindows) -> FloatArray:
        """Return standardised pair features, (B, D) float32; each distinct element is read once."""
        raw = pair_columns(
            self.enhancer.read(windows.enhancers), self.promoter.read(windows.promoters), self.columns, windows
        )
        return ((raw - self.mean) / self.std).astype(np.float32)

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return all arrays by name, and what is not a number."""
        widths = np.array([len(pwm) for pwm in self.motifs.pwms], dtype=np.int64)
        stacked = np.concatenate([*self.motifs.pwms, np.zeros((0, 4))]).astype(np.float64)
        tensors: dict[str, NDArray[Any]] = {
            "motifs.pwms": stacked, "motifs.widths": widths, "motifs.contrast": self.contrast,
            "features.columns": self.columns, "features.mean": self.mean, "features.std": self.std,
            "features.gain": self.gain,
            **self.enhancer.state("enhancer"), **self.promoter.state("promoter"),
        }  # fmt: skip
        return tensors, {"motifs": list(self.motifs.names)}

    @classmethod
    def from_state(cls, tensors: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> MotifDictionary:
        """Return the dictionary behind :meth:`state`."""
        cuts = np.cumsum(tensors["motifs.widths"])[:-1]
        pwms = tuple(np.split(np.asarray(tensors["motifs.pwms"]), cuts)) if len(tensors["motifs.widths"]) else ()
        return cls(
            MotifSet(tuple(description["motifs"]), pwms),
            np.asarray(tensors["motifs.contrast"]),
            SideReader.from_state(tensors, "enhancer", pwms),
            SideReader.from_state(tensors, "promoter", pwms),
            np.asarray(tensors["features.columns"]),
            np.asarray(tensors["features.mean"]),
            np.asarray(tensors["features.std"]),
            np.asarray(tensors["features.gain"]),
        )


def pair_columns(
    enhancer: FloatArray, promoter: FloatArray, columns: IntArray, windows: PairWindows
) -> NDArray[np.float32]:
    """Return codes and products of codes by pair, (B, len(columns)) float32, unstandardised."""
    out = np.ones((len(windows), len(columns)), dtype=np.float32)
    for index, (e, p) in enumerate(columns):
        if e >= 0:
            out[:, index] *= enhancer[windows.enhancer_index, e]
        if p >= 0:
            out[:, index] *= promoter[windows.promoter_index, p]
    return out


def describe_code(motifs: MotifSet, reader: SideReader, code: int) -> tuple[str, str, tuple[int, ...], dict[str, Any]]:
    """Return (kind, name, motif numbers, details) of one code of one side."""
    n = len(reader.motifs)
    if code < n:
        return "single", motifs.names[reader.motifs[code]], (reader.motifs[code],), {}
    code -= n
    if code < len(reader.spaced):
        pair = reader.spaced[code]
        first, second = reader.motifs[pair.first], reader.motifs[pair.second]
        signs = "+-"[pair.first_strand], "+-"[pair.second_strand]
        name = f"{motifs.names[first]}({signs[0]}) {pair.gap} bp {motifs.names[second]}({signs[1]})"
        offset = len(motifs.pwms[first]) + pair.gap
        return "spaced", name, (first, second), {
            "gap_bp": float(pair.gap), "offset_bp": float(offset), "strands": "".join(signs), "z": pair.z,
        }  # fmt: skip
    code -= len(reader.spaced)
    if code < len(reader.periods):
        period = reader.periods[code]
        return "periodic", f"period {period.period:.1f} bp", (), {"period_bp": period.period, "z": period.z}
    return "composition", COMPOSITION_NAMES[code - len(reader.periods)], (), {}


def describe_feature(
    motifs: MotifSet, enhancer: SideReader, promoter: SideReader, e: int, p: int, gain: float
) -> FeatureInfo:
    """Return what a feature on enhancer code ``e`` and promoter code ``p`` measures."""
    sides = [(side, describe_code(motifs, reader, code))
             for side, reader, code in (("enhancer", enhancer, e), ("promoter", promoter, p)) if code >= 0]  # fmt: skip
    if len(sides) == 1:
        side, (kind, name, numbers, detail) = sides[0]
        kind = f"single_{side}" if kind == "single" else kind
        return FeatureInfo(f"{name} in the {side}", kind, numbers, {**detail, "element": side, "gain": gain})
    names = " x ".join(f"{name} in the {side}" for side, (_, name, _, _) in sides)
    numbers = tuple(number for _, (_, _, own, _) in sides for number in own)
    kinds = {f"{side}_kind": kind for side, (kind, _, _, _) in sides}
    return FeatureInfo(names, "pair", numbers, {**kinds, "element": "both", "gain": gain})


def candidate_columns(enhancer: SideReader, promoter: SideReader) -> IntArray:
    """Return all single codes of both sides and all products of an enhancer and a promoter site code, (C, 2)."""
    e_sites = len(enhancer.motifs) + len(enhancer.spaced)
    p_sites = len(promoter.motifs) + len(promoter.spaced)
    rows: list[Sequence[int]] = [(e, -1) for e in range(enhancer.n_codes)]
    rows += [(-1, p) for p in range(promoter.n_codes)]
    rows += [(e, p) for e in range(e_sites) for p in range(p_sites)]
    return np.array(rows, dtype=np.int64)
