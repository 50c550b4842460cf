"""From an enriched word to a PWM: expectation maximisation on the windows that could hold a site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from metabam.model.discovery.compare import information
from metabam.model.discovery.scan import strand_scores
from metabam.model.discovery.seeds import Seed
from metabam.records import ByteArray, FloatArray

PSEUDO = 0.5
"""Pseudo-count of each letter, in sites."""

_MOST_WINDOWS = 40_000


@dataclass(frozen=True, slots=True)
class Elements:
    """What motif discovery reads of one side: ``codes`` (N, L) uint8 and the background's ``surprise`` (N, L), nats."""

    codes: ByteArray
    surprise: FloatArray

    def __len__(self) -> int:
        """Return the number of elements ``N``."""
        return len(self.codes)

    def every(self, most: int) -> Elements:
        """Return at most ``most`` elements, evenly spread over all."""
        rows = np.unique(np.linspace(0, len(self) - 1, min(most, len(self))).astype(np.int64))
        return Elements(self.codes[rows], self.surprise[rows])


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows that could hold a site, read in the motif's direction.

    ``hot`` (n, 4 W) float32 one-hot letters, none where the window leaves its element; ``surprise`` (n, W) float32;
    ``element`` (n,) sorted; ``places`` the number of positions and strands that an element offers a site;
    ``rival`` (n,) log-odds, prior included, that another motif sits there.
    """

    hot: FloatArray
    surprise: FloatArray
    element: NDArray[np.int64]
    n_elements: int
    places: float
    rival: FloatArray

    @property
    def width(self) -> int:
        """Return the window width W."""
        return int(self.surprise.shape[1])


def gather(
    elements: Elements,
    element: NDArray[np.int64],
    start: NDArray[np.int64],
    reverse: NDArray[np.bool_],
    width: int,
    rival: NDArray[np.float32] | None = None,
) -> Windows:
    """Return windows that start at ``start`` (which may lie outside the element), flipped where ``reverse``."""
    order = np.argsort(element, kind="stable")
    element, start, reverse = element[order], start[order], reverse[order]
    length = elements.codes.shape[1]
    step = np.arange(width)
    at = np.where(reverse[:, None], start[:, None] + width - 1 - step, start[:, None] + step)
    inside = (at >= 0) & (at < length)
    at = np.clip(at, 0, length - 1)
    letters = np.where(inside, elements.codes[element[:, None], at], np.uint8(4))
    letters = np.where(reverse[:, None] & (letters < 4), 3 - letters, letters).astype(np.uint8)
    surprise = np.where(letters < 4, elements.surprise[element[:, None], at], np.float32(0)).astype(np.float32)
    hot = (letters[:, :, None] == np.arange(4, dtype=np.uint8)).astype(np.float32).reshape(len(letters), -1)
    other = np.full(len(element), -30.0, dtype=np.float32) if rival is None else rival[order]
    return Windows(hot, surprise, element, len(elements), 2.0 * max(1, length - width + 1), other)


def windows_near(elements: Elements, seed: Seed, width: int, mismatches: int = 2) -> Windows:
    """Return the windows, either strand, around words at most ``mismatches`` letters from the seed."""
    codes = elements.codes
    last = seed.span - 1
    room = codes.shape[1] - last
    left = (width - seed.span) // 2
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], bool]] = []
    for reverse in (False, True):
        offsets = [last - o for o in seed.offsets] if reverse else list(seed.offsets)
        letters = [3 - x for x in seed.letters] if reverse else list(seed.letters)
        matches = np.zeros((len(codes), room), dtype=np.uint8)
        for offset, letter in zip(offsets, letters, strict=True):
            matches += codes[:, offset : offset + room] == letter
        rows, columns = np.nonzero(matches >= len(letters) - mismatches)
        before = width - seed.span - left if reverse else left
        parts.append((rows, columns - before, reverse))
    element = np.concatenate([rows for rows, _, _ in parts])
    start = np.concatenate([columns for _, columns, _ in parts])
    reverse_flags = np.concatenate([np.full(len(rows), flag) for rows, _, flag in parts])
    if len(element) > _MOST_WINDOWS:  # a repeat: evenly thinned
        some = np.linspace(0, len(element) - 1, _MOST_WINDOWS).astype(np.int64)
        element, start, reverse_flags = element[some], start[some], reverse_flags[some]
    return gather(elements, element, start, reverse_flags, width)


def windows_scoring(
    elements: Elements,
    pwms: Sequence[NDArray[np.float64]],
    least: float,
    most: int,
    flank: int = 0,
    prior: float | None = None,
) -> list[Windows]:
    """Return, for each PWM, its windows of log-odds above ``least`` nats, at most about ``most``, ``flank`` bp wider.

    With a ``prior`` (sites per element of any motif) each window knows how likely another motif of the list sits there.
    """
    found: list[list[tuple[NDArray[Any], ...]]] = [[] for _ in pwms]
    middles = [len(pwm) // 2 for pwm in pwms]
    for part, response in strand_scores(elements.codes, elements.surprise, pwms):
        table = response.numpy()
        share = most * table.shape[0] / max(1, len(elements))
        rivals = None if prior is None else _rivals(table.max(axis=1), middles, prior)
        for index in range(len(pwms)):
            rows, strand, at = np.nonzero(table[:, :, index] > least)
            if len(rows) > share:
                value = table[rows, strand, index, at]
                keep = value >= np.partition(value, -int(share))[-int(share)]
                rows, strand, at = rows[keep], strand[keep], at[keep]
            other = np.zeros(len(rows), dtype=np.float32)
            if rivals is not None:
                other = rivals[rows, index, np.minimum(at + middles[index], table.shape[3] - 1)]
            found[index].append((rows + part.start, at, strand, other))
    out = []
    for pwm, parts in zip(pwms, found, strict=True):
        rows, at, strand, other = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        rival = None if prior is None else other
        out.append(gather(elements, rows, at - flank, strand == 1, len(pwm) + 2 * flank, rival))
    return out


def _rivals(best: NDArray[np.float32], middles: Sequence[int], prior: float, radius: int = 6) -> NDArray[np.float32]:
    """Return the log-odds that another motif's middle is within ``radius`` bp of a position, (n, M, L)."""
    n, n_motifs, length = best.shape
    odds = np.zeros((n, n_motifs, length), dtype=np.float32)
    for index, middle in enumerate(middles):
        odds[:, index, middle:] = np.exp(np.minimum(best[:, index, : length - middle], 40.0))
    odds *= np.float32(prior / (2 * length))
    near = maximum_filter1d(odds, 2 * radius + 1, axis=2, mode="constant")
    others = np.maximum(near.sum(axis=1, keepdims=True) - near, 1e-12)
    return np.asarray(np.log(others), dtype=np.float32)


def seed_pwms(seed: Seed, width: int, starts: int) -> list[NDArray[np.float64]]:
    """Return ``starts`` PWMs (width, 4): the word's letters at 0.85, 0.70, 0.95, ... and uniform elsewhere."""
    left = (width - seed.span) // 2
    out = []
    for number in range(starts):
        sharp = (0.85, 0.65, 0.95, 0.75, 0.55)[number % 5]
        pwm = np.full((width, 4), 0.25)
        for offset, letter in zip(seed.offsets, seed.letters, strict=True):
            pwm[left + offset] = (1 - sharp) / 3
            pwm[left + offset, letter] = sharp
        out.append(pwm)
    return out


def posterior(
    windows: Windows, pwm: NDArray[np.float64], prior: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return P(site) of each window (n,) and each element's log-likelihood ratio (N,) in nats.

    An element holds one site with probability ``prior``, on any position and strand alike (ZOOPS).
    """
    log_odds = windows.hot @ np.log(pwm).astype(np.float32).ravel() + windows.surprise.sum(axis=1)
    log_odds = log_odds - np.logaddexp(np.float32(0), windows.rival)
    odds = np.exp(np.minimum(log_odds.astype(np.float64), 60.0)) * prior / windows.places
    total = np.bincount(windows.element, weights=odds, minlength=windows.n_elements) + (1 - prior)
    return odds / total[windows.element], np.log(total)


def expectation_maximisation(
    windows: Windows, pwm: NDArray[np.float64], iterations: int, prior: float = 0.15
) -> tuple[NDArray[np.float64], float, float]:
    """Return the PWM (W, 4), the share of elements that hold a site, and the log-likelihood ratio in nats."""
    gain = 0.0
    for _ in range(iterations):
        weight, evidence = posterior(windows, pwm, prior)
        gain = float(evidence.sum())
        counts = (weight.astype(np.float32) @ windows.hot).reshape(-1, 4).astype(np.float64) + PSEUDO
        pwm = counts / counts.sum(axis=1, keepdims=True)
        prior = float(np.clip(weight.sum() / windows.n_elements, 0.002, 0.98))
    return pwm, prior, gain


def trim(
    pwm: NDArray[np.float64], background: NDArray[np.float64], bits: float = 0.2, gap: int = 2, least: int = 6
) -> NDArray[np.float64]:
    """Return the most informative stretch of the PWM that holds no run of ``gap`` uninformative columns.

    A column is uninformative where it differs from ``background`` (4,) by less than ``bits``. What lies beyond such a
    run is another motif, if anything: the spacing step joins the two again.
    """
    gain = (pwm * np.log2(pwm / background)).sum(axis=1)
    keep = np.flatnonzero(gain >= bits)
    if not len(keep):
        return pwm[: max(least, 1)]
    stretches = np.split(keep, np.flatnonzero(np.diff(keep) > gap) + 1)
    best = max(stretches, key=lambda stretch: float(gain[stretch].sum()))
    first, last = int(best[0]), int(best[-1]) + 1
    while last - first < min(least, len(pwm)):
        first, last = max(0, first - 1), min(len(pwm), last + 1)
    return pwm[first:last]


def total_information(pwm: NDArray[np.float64]) -> float:
    """Return the PWM's total information in bits against uniform letters."""
    return float(information(pwm).sum())


def presence(elements: Elements, pwms: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return each element's log-likelihood ratio for holding one site of each PWM, (N, M) float64 in nats."""
    length = elements.codes.shape[1]
    places = np.log([2.0 * max(1, length - len(pwm) + 1) for pwm in pwms])
    out = np.empty((len(elements), len(pwms)))
    for part, response in strand_scores(elements.codes, elements.surprise, pwms):
        top = response.amax(dim=(1, 3), keepdim=True)
        out[part] = ((response - top).exp().sum(dim=(1, 3)).log() + top[:, 0, :, 0]).double().numpy() - places
    return out
