"""The motifs of one side: enriched words, EM, contrast against shuffles, masking, and again until nothing is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from metabam.model.discovery.compare import pwm_cosine
from metabam.model.discovery.em import (
    Elements,
    expectation_maximisation,
    presence,
    seed_pwms,
    total_information,
    trim,
    windows_near,
    windows_scoring,
)
from metabam.model.discovery.scan import Background, strand_scores
from metabam.model.discovery.seeds import Seed, distinct_seeds, enriched_words, gapped_masks
from metabam.model.discovery.shuffle import dinucleotide_shuffle
from metabam.model.discovery.untangle import find_partner, split_blend
from metabam.records import ByteArray

Pwm = NDArray[np.float64]
Progress = Callable[[str, float], None]

LEAST_CONTRAST = 4.0
"""Standard errors by which a motif's sites in real elements must outnumber those in shuffles."""

_SOME = 1_500
"""Elements on which candidates are compared before they are refined on all."""


def letter_shares(codes: ByteArray) -> NDArray[np.float64]:
    """Return the strand-symmetric shares of A, C, G, T among the known letters, (4,)."""
    counts = np.bincount(codes.ravel(), minlength=5)[:4].astype(np.float64) + 1.0
    both = counts + counts[::-1]
    return np.asarray(both / both.sum())


def contrast(real: NDArray[np.float64], null: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many standard errors more sites the real elements hold, (M,), from log-likelihood ratios (N, M)."""
    prior = 0.2
    a = 1 / (1 + (1 - prior) / prior * np.exp(-np.clip(real, -50, 50)))
    b = 1 / (1 + (1 - prior) / prior * np.exp(-np.clip(null, -50, 50)))
    error = np.sqrt(a.var(axis=0) / len(a) + b.var(axis=0) / len(b)) + 1e-9
    return np.asarray((a.mean(axis=0) - b.mean(axis=0)) / error)


def grow(elements: Elements, seed_words: Sequence[Seed], starts: int, shares: NDArray[np.float64]) -> list[Pwm]:
    """Return one refined PWM per word: the best of ``starts`` EM runs by likelihood, trimmed."""
    out = []
    for word in seed_words:
        width = word.span + 8
        windows = windows_near(elements, word, width)
        runs = [expectation_maximisation(windows, pwm, 12) for pwm in seed_pwms(word, width, starts)]
        out.append(trim(max(runs, key=lambda run: run[2])[0], shares))
    return out


def polish(elements: Elements, pwms: Sequence[Pwm], shares: NDArray[np.float64]) -> list[Pwm]:
    """Return the PWMs after EM on all windows that score, two columns wider on each side, trimmed again.

    The motifs compete: a window that another one explains better counts for less, or similar motifs would blend.
    """
    out = []
    for pwm, windows in zip(pwms, windows_scoring(elements, pwms, 1.0, 60_000, flank=2, prior=0.2), strict=True):
        wide = np.concatenate([np.tile(shares, (2, 1)), pwm, np.tile(shares, (2, 1))])
        out.append(trim(expectation_maximisation(windows, wide, 10)[0], shares))
    return out


def untangle(elements: Elements, pwms: Sequence[Pwm], shares: NDArray[np.float64], reach: int = 40) -> list[Pwm]:
    """Return the PWMs with blends split in two, then the partners that stand at a fixed offset beside their sites."""
    out: list[Pwm] = []
    for pwm, windows in zip(pwms, windows_scoring(elements, pwms, 3.0, 12_000, flank=4), strict=True):
        wide = np.concatenate([np.tile(shares, (4, 1)), pwm, np.tile(shares, (4, 1))])
        parts = split_blend(windows, wide)
        out += [pwm] if len(parts) == 1 else [trim(part, shares) for part in parts]
    partners = []
    for pwm, windows in zip(out, windows_scoring(elements, out, 4.0, 6_000, flank=reach), strict=True):
        partner = find_partner(windows, pwm, reach)
        if partner is not None:
            partners.append(trim(partner, shares))
    return out + partners


def distinct(
    elements: Elements, pwms: Sequence[Pwm], strength: NDArray[np.float64], alike: float = 0.8, shared: float = 0.5
) -> list[int]:
    """Return the motifs kept, strongest first: none is within cosine ``alike`` of a stronger one or lives on its sites.

    A motif lives on another's sites when more than ``shared`` of its own confident sites are covered by them.
    """
    length = elements.codes.shape[1]
    hits = confident_sites(elements, pwms)
    covered = np.zeros(elements.codes.size, dtype=np.bool_)
    kept: list[int] = []
    for index in (int(i) for i in np.argsort(-strength, kind="stable")):
        rows, at = hits[index]
        width = len(pwms[index])
        middle = rows * length + at + width // 2
        if len(rows) == 0 or covered[middle].mean() > shared:
            continue
        if any(pwm_cosine(pwms[index], pwms[other]) >= alike for other in kept):
            continue
        kept.append(index)
        covered[(middle[:, None] + np.arange(width) - width // 2).ravel()] = True
    return kept


def confident_sites(
    elements: Elements, pwms: Sequence[Pwm], log_odds: float = 6.0
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return (element, position) of every window above ``log_odds`` nats on either strand, for each PWM."""
    found: list[list[tuple[NDArray[np.int64], NDArray[np.int64]]]] = [[] for _ in pwms]
    for part, response in strand_scores(elements.codes, elements.surprise, pwms):
        table = response.amax(dim=1).numpy()
        for index in range(len(pwms)):
            rows, at = np.nonzero(table[:, index] > log_odds)
            found[index].append((rows + part.start, at))
    return [(np.concatenate([r for r, _ in parts]), np.concatenate([a for _, a in parts])) for parts in found]


def cover(elements: Elements, pwms: Sequence[Pwm], log_odds: float = 6.0) -> ByteArray:
    """Return the codes with every likely site of a known motif replaced by N."""
    codes = elements.codes.copy()
    for (rows, at), pwm in zip(confident_sites(elements, pwms, log_odds), pwms, strict=True):
        codes[rows[:, None], at[:, None] + np.arange(len(pwm))] = 4
    return codes


def find_motifs(
    codes: ByteArray,
    background: Background,
    *,
    weight: int = 8,
    min_z: float = 9.0,
    starts: int = 3,
    limit: int = 48,
    rounds: int = 3,
    known: Sequence[Pwm] = (),
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> tuple[list[Pwm], NDArray[np.float64]]:
    """Return the overrepresented motifs of one side, strongest first, and their contrasts (M,).

    Parameters
    ----------
    codes
        (N, L) uint8 distinct elements of one side.
    background
        The side's background.
    weight, min_z, starts, limit
        As in :class:`~metabam.config.DiscoveryConfig`. Rounds after the first accept words of two thirds of
        ``min_z``: what they lead to must still stand out of the shuffles.
    rounds
        Mask-and-repeat rounds with fresh shuffles; a round that finds nothing new ends the search.
    known
        PWMs that join the seeds.
    """
    elements = Elements(codes, background.surprise(codes))
    null_codes = dinucleotide_shuffle(codes, rng)
    null = Elements(null_codes, background.surprise(null_codes))
    pwms: list[Pwm] = list(known)
    strength = np.zeros(0)
    for number in range(rounds):
        if progress:
            progress("seeds", number / rounds)
        least = min_z if number == 0 else min_z * 2 / 3
        before = len(pwms)
        pwms, strength = search_round(elements, null, pwms, weight, least, starts, limit, number > 0, rng)
        if len(pwms) <= before or not pwms:
            break
    return pwms, strength


def search_round(
    elements: Elements,
    null: Elements,
    pwms: list[Pwm],
    weight: int,
    min_z: float,
    starts: int,
    limit: int,
    masked: bool,
    rng: np.random.Generator,
) -> tuple[list[Pwm], NDArray[np.float64]]:
    """Return the motifs after one more round: the old ones and what new seeds led to, all refined together.

    ``masked`` covers the sites of the old motifs before words are counted; the other arguments are as in
    :func:`find_motifs`, ``null`` being shuffles of ``elements``.
    """
    shares = letter_shares(elements.codes)
    codes = cover(elements, pwms) if masked and pwms else elements.codes
    shuffled = [dinucleotide_shuffle(codes, rng) for _ in range(2)]
    masks = gapped_masks(weight, 3 if masked else 2)
    words = enriched_words(codes, shuffled, masks, 60, min_z)
    seeds = distinct_seeds(codes, words, limit, min_z)
    grown = grow(Elements(codes, elements.surprise), seeds, starts, shares) if seeds else []
    candidates = pwms + [pwm for pwm in grown if total_information(pwm) > 4.0]
    some, some_null = elements.every(_SOME), null.every(_SOME)
    candidates = _kept(some, some_null, candidates, 2 * limit, 0.9, 0.8, 2.5)[0]
    candidates = untangle(elements, candidates, shares) if candidates else []
    candidates = _kept(some, some_null, candidates, 2 * limit, 0.85, 0.8, 2.5)[0]
    if not candidates:
        return [], np.zeros(0)
    candidates = polish(elements, candidates, shares)
    candidates = _kept(some, some_null, candidates, 2 * limit, 0.7, 0.5, 2.5)[0]  # halves of one motif: one goes,
    candidates = polish(elements, candidates, shares) if candidates else []  # and the other takes back its sites
    return _kept(elements, null, candidates, limit, 0.8, 0.5)


def _kept(
    real: Elements,
    null: Elements,
    pwms: Sequence[Pwm],
    limit: int,
    alike: float,
    shared: float,
    least: float = LEAST_CONTRAST,
) -> tuple[list[Pwm], NDArray[np.float64]]:
    """Return the distinct motifs that stand out of the shuffles, strongest first, and their contrasts."""
    if not pwms:
        return [], np.zeros(0)
    strength = contrast(presence(real, pwms), presence(null, pwms))
    kept = [i for i in distinct(real, pwms, strength, alike, shared) if strength[i] >= least][:limit]
    return [pwms[i] for i in kept], strength[kept]
