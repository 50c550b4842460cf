"""Features that know a planted world's grammar: the ceiling that its DNA sets to features and to atoms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metabam.data.worldfiles import Truth
from metabam.model.discovery.build import build_reader
from metabam.model.discovery.dictionary import pair_columns
from metabam.model.discovery.scan import fit_background
from metabam.model.discovery.spacing import Spaced
from metabam.records import FloatArray, PairWindows


def oracle_features(windows: PairWindows, truth: Truth, seed: int) -> FloatArray:
    """Return features (B, 12) from the true PWMs, offsets and pairs, calibrated as stage 0 calibrates its own."""
    number = {motif.name: index for index, motif in enumerate(truth.motifs)}
    pwms = [motif.pwm for motif in truth.motifs]
    spaced: dict[str, list[Spaced]] = {"enhancer": [], "promoter": []}
    where: dict[str, int] = {}
    for mechanism in truth.mechanisms:
        if mechanism["kind"] == "spaced":
            one, two = mechanism["parts"]
            first, second = number[one["motif"]], number[two["motif"]]
            side = spaced[mechanism["element"]]
            where[mechanism["name"]] = len(pwms) + len(side)
            gap = int(two["offset"]) - int(one["offset"]) - len(pwms[first])
            side.append(Spaced(first, int(one["strand"] < 0), second, int(two["strand"] < 0), gap))
    rng = np.random.default_rng(seed)
    readers = {
        side: build_reader(codes, fit_background(codes), range(len(pwms)), pwms, rng, spaced=spaced[side])
        for side, codes in (("enhancer", windows.enhancers), ("promoter", windows.promoters))
    }
    columns = []
    for mechanism in truth.mechanisms:
        own = [number[name] for name in mechanism["motifs"]]
        match mechanism["kind"]:
            case "single":
                columns.append((own[0], -1))
            case "pair":
                columns.append((own[0], own[1]))
            case "spaced":
                code = where[mechanism["name"]]
                columns.append((code, -1) if mechanism["element"] == "enhancer" else (-1, code))
            case "periodic":
                columns.append((len(pwms) + len(spaced["enhancer"]), -1))
            case _:
                columns.append((readers["enhancer"].n_codes - 3, -1))
    codes = (readers["enhancer"].read(windows.enhancers), readers["promoter"].read(windows.promoters))
    raw = pair_columns(*codes, np.array(columns), windows)
    return np.asarray((raw - raw.mean(axis=0)) / np.maximum(raw.std(axis=0), 1e-4), dtype=np.float32)


def oracle_r(windows: PairWindows, truth: Truth, activity: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    """Return |r| (M,) of each oracle feature with its mechanism's true activity (B, M), over distinct pairs."""
    features = oracle_features(windows, truth, seed).astype(np.float64)
    x, y = features - features.mean(axis=0), activity - activity.mean(axis=0)
    scale = np.sqrt(np.sum(x**2, axis=0) * np.sum(y**2, axis=0))
    return np.asarray(np.abs(np.sum(x * y, axis=0)) / np.where(scale > 0, scale, 1.0))
