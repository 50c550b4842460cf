"""Stage 0: what is overrepresented in the DNA, found without labels; the labels only choose among what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from metabam.config import DiscoveryConfig
from metabam.model.discovery.build import build_reader
from metabam.model.discovery.compare import pwm_cosine
from metabam.model.discovery.dictionary import MotifDictionary, candidate_columns, pair_columns
from metabam.model.discovery.em import Elements, presence
from metabam.model.discovery.motifs import contrast, find_motifs
from metabam.model.discovery.reader import SideReader
from metabam.model.discovery.scan import fit_background
from metabam.model.discovery.selection import forward_selection
from metabam.model.discovery.shuffle import dinucleotide_shuffle
from metabam.model.encoders.base import ContextRows
from metabam.records import ByteArray, IntArray, MotifSet, PairWindows

Progress = Callable[[str, float], None]
_ROWS_PER_LINE = 12_000
_MOST_BP = 4_000_000

__all__ = ["MotifDictionary", "discover", "read_sides", "select_features"]


def _stage(tell: Progress, name: str, start: float) -> Progress:
    """Return a callback that reports one side's share of the motif search."""
    return lambda _round, share: tell(name, start + 0.4 * share)


def _sample(codes: ByteArray, most: int, rng: np.random.Generator) -> ByteArray:
    """Return at most ``most`` rows, and 4 Mb of DNA, that hold at least some known letters."""
    most = max(100, min(most, _MOST_BP // max(1, codes.shape[1])))
    known = np.flatnonzero((codes < 4).mean(axis=1) > 0.2)
    if len(known) > most:
        known = np.sort(rng.choice(known, most, replace=False))
    return codes[known]


def _union(
    found: Sequence[tuple[list[NDArray[np.float64]], NDArray[np.float64]]],
) -> tuple[list[NDArray[np.float64]], list[float]]:
    """Return the motifs of both sides, strongest first, each once."""
    everything = [(float(s), pwm) for pwms, strength in found for pwm, s in zip(pwms, strength, strict=True)]
    pwms: list[NDArray[np.float64]] = []
    strengths: list[float] = []
    for strength, pwm in sorted(everything, key=lambda item: -item[0]):
        if all(pwm_cosine(pwm, other) < 0.8 for other in pwms):
            pwms.append(pwm)
            strengths.append(strength)
    return pwms, strengths


def read_sides(
    windows: PairWindows,
    config: DiscoveryConfig,
    seed: int = 0,
    progress: Progress | None = None,
    known: MotifSet | None = None,
) -> tuple[MotifSet, NDArray[np.float64], SideReader, SideReader]:
    """Return motifs, their contrasts, and calibrated readers of both sides: all that needs no label.

    Parameters
    ----------
    windows
        Training pairs; only their distinct elements are read.
    config
        Limits and thresholds.
    seed
        Of all randomness here.
    progress
        Called with a stage's name and the share done, in [0, 1].
    known
        PWMs that join the seeds.
    """
    rng = np.random.default_rng(seed)
    tell = progress or (lambda _stage, _share: None)
    sides = [_sample(codes, config.max_elements, rng) for codes in (windows.enhancers, windows.promoters)]
    backgrounds = [fit_background(codes) for codes in sides]
    found = []
    for number, (side, codes, background) in enumerate(zip(("enhancer", "promoter"), sides, backgrounds, strict=True)):
        found.append(
            find_motifs(
                codes,
                background,
                weight=config.mask_weight,
                min_z=config.min_z,
                starts=config.em_starts,
                limit=config.max_motifs,
                known=known.pwms if known else (),
                rng=rng,
                progress=_stage(tell, f"motifs in {side}s", 0.4 * number),
            )
        )
    pwms, strengths = _union(found)
    pwms, strengths = pwms[: config.max_motifs], strengths[: config.max_motifs]
    readers = []
    for number, (codes, background) in enumerate(zip(sides, backgrounds, strict=True)):
        tell("calibration", 0.8 + 0.05 * number)
        null = dinucleotide_shuffle(codes, rng)
        used: list[int] = []
        if pwms:
            real = presence(Elements(codes, background.surprise(codes)), pwms)
            shuffled = presence(Elements(null, background.surprise(null)), pwms)
            used = [int(i) for i in np.flatnonzero(contrast(real, shuffled) >= 4.0)]
        readers.append(build_reader(codes, background, used, [pwms[i] for i in used], rng))
    names = tuple(f"motif{i + 1:02d}" for i in range(len(pwms)))
    return MotifSet(names, tuple(pwms)), np.array(strengths), readers[0], readers[1]


def select_features(
    windows: PairWindows,
    contexts: Sequence[ContextRows],
    enhancer: SideReader,
    promoter: SideReader,
    n_features: int,
    seed: int = 0,
) -> tuple[IntArray, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the columns chosen by the training lines' labels, their mean and std over the pairs, and gains."""
    rng = np.random.default_rng(seed)
    candidates = candidate_columns(enhancer, promoter)
    e_codes, p_codes = enhancer.read(windows.enhancers), promoter.read(windows.promoters)
    columns, labels = [], []
    for context in contexts:
        rows, y = context.rows, context.labels
        if len(rows) > _ROWS_PER_LINE:
            pick = np.sort(rng.choice(len(rows), _ROWS_PER_LINE, replace=False))
            rows, y = rows[pick], y[pick]
        raw = pair_columns(e_codes, p_codes, candidates, windows.take(rows))
        spread = raw.std(axis=0)
        columns.append((raw - raw.mean(axis=0)) / np.where(spread > 1e-4, spread, np.inf).astype(np.float32))
        labels.append(y)
    chosen, gains = forward_selection(columns, labels, n_features) if columns else ([], [])
    if len(chosen) < 2:
        spare = [i for i in range(len(candidates)) if i not in chosen][: 2 - len(chosen)]
        chosen, gains = [*chosen, *spare], [*gains, *(0.0 for _ in spare)]
    picked = candidates[chosen]
    raw = pair_columns(e_codes, p_codes, picked, windows).astype(np.float64)
    return picked, raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-4), np.array(gains)


def discover(
    windows: PairWindows,
    contexts: Sequence[ContextRows],
    config: DiscoveryConfig,
    seed: int = 0,
    progress: Progress | None = None,
    known: MotifSet | None = None,
) -> MotifDictionary:
    """Return the dictionary of the training pairs: found without labels, chosen by the labels of the training lines.

    Deterministic in ``seed``. The caller leaves every held-out line and chromosome out of ``windows`` and
    ``contexts``: nothing here can.
    """
    motifs, strength, enhancer, promoter = read_sides(windows, config, seed, progress, known)
    if progress:
        progress("selection", 0.92)
    columns, mean, std, gain = select_features(windows, contexts, enhancer, promoter, config.n_features, seed)
    if progress:
        progress("selection", 1.0)
    return MotifDictionary(motifs, strength, enhancer, promoter, columns, mean, std, gain)
