"""Enriched gapped k-mers: where motif discovery starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from metabam.records import ByteArray

_OUTSIDE = -(2**20)


@dataclass(frozen=True, slots=True)
class Seed:
    """A gapped word: ``offsets`` (weight,) its fixed positions, ``letters`` (weight,) in 0..3.

    ``z`` is its enrichment and ``expected`` its count in the shuffles, both strands together.
    """

    offsets: tuple[int, ...]
    letters: tuple[int, ...]
    z: float
    expected: float

    @property
    def span(self) -> int:
        """Return the number of bp from the first to the last fixed position."""
        return self.offsets[-1] + 1


def gapped_masks(weight: int, max_gaps: int = 3) -> tuple[tuple[int, ...], ...]:
    """Return all masks of ``weight`` fixed positions and at most ``max_gaps`` free ones inside, shortest first."""
    masks: list[tuple[int, ...]] = []
    for gaps in range(max_gaps + 1):
        span = weight + gaps
        masks += [(0, *inner, span - 1) for inner in combinations(range(1, span - 1), weight - 2)]
    return tuple(masks)


def flatten(codes: ByteArray, spacer: int = 16) -> ByteArray:
    """Return all elements in one row with ``spacer`` letters N after each."""
    padded = np.full((len(codes), codes.shape[1] + spacer), 4, dtype=np.uint8)
    padded[:, : codes.shape[1]] = codes
    return padded.ravel()


def letters_of(flat: ByteArray) -> NDArray[np.int32]:
    """Return the letters as int32, a large negative number for N."""
    return np.array([0, 1, 2, 3, _OUTSIDE], dtype=np.int32)[flat]


def word_index(
    letters: NDArray[np.int32], mask: Sequence[int], out: NDArray[np.int32] | None = None
) -> NDArray[np.int32]:
    """Return the number of the gapped word that starts at each position, plus one; 0 where it holds an N.

    ``out`` is memory to work in, as long as ``letters``.
    """
    n = len(letters) - mask[-1]
    index = np.empty(n, dtype=np.int32) if out is None else out[:n]
    index[:] = letters[:n]
    for offset in mask[1:]:
        np.maximum(index, _OUTSIDE, out=index)
        index *= 4
        index += letters[offset : offset + n]
    index += 1
    return np.maximum(index, 0, out=index)


def _counts(letters: NDArray[np.int32], mask: Sequence[int], memory: NDArray[np.int32]) -> NDArray[np.float64]:
    return np.bincount(word_index(letters, mask, memory), minlength=4 ** len(mask) + 1)[1:].astype(np.float64)


def _reverse_words(weight: int) -> NDArray[np.int64]:
    """Return the number of each word's reverse complement, (4**weight,)."""
    words = np.arange(4**weight)
    out = np.zeros_like(words)
    for _ in range(weight):
        out = out * 4 + 3 - words % 4
        words = words // 4
    return out


def enriched_words(
    real: ByteArray, shuffled: Sequence[ByteArray], masks: Sequence[tuple[int, ...]], top: int, min_z: float
) -> list[Seed]:
    """Return the words overrepresented in ``real`` against its shuffles, most enriched first.

    Words are counted on both strands. ``z = (real - e) / sqrt(e (1 + 1/R) + 1)`` with ``e`` the mean count over the
    R shuffles.

    Parameters
    ----------
    real, shuffled
        (N, L) uint8 elements, and R shuffles of them.
    masks
        Fixed positions of each mask, all of one weight.
    top
        At most this many words of each mask.
    min_z
        Smallest enrichment.
    """
    flat = letters_of(flatten(real))
    null = letters_of(np.concatenate([flatten(codes) for codes in shuffled]))
    memory = np.empty(len(null), dtype=np.int32)
    back = _reverse_words(len(masks[0]))
    one_strand = {mask: (_counts(flat, mask, memory), _counts(null, mask, memory)) for mask in masks}
    found: list[Seed] = []
    for mask in masks:
        mirror = tuple(mask[-1] - offset for offset in reversed(mask))
        if mirror < mask:
            continue
        observed = one_strand[mask][0] + one_strand[mirror][0][back]
        expected = (one_strand[mask][1] + one_strand[mirror][1][back]) / len(shuffled)
        z = (observed - expected) / np.sqrt(expected * (1 + 1 / len(shuffled)) + 1.0)
        z[np.arange(len(z)) > back if mirror == mask else []] = -np.inf
        best = np.argpartition(-z, min(top, len(z) - 1))[:top]
        weight = len(mask)
        for word in best[z[best] >= min_z]:
            letters = tuple(int(word) // 4 ** (weight - 1 - place) % 4 for place in range(weight))
            found.append(Seed(mask, letters, float(z[word]), float(expected[word])))
    return sorted(found, key=lambda seed: (-seed.z, seed.offsets, seed.letters))


def _mirror(seed: Seed) -> Seed:
    """Return the word as it reads on the other strand."""
    last = seed.span - 1
    offsets = tuple(last - offset for offset in reversed(seed.offsets))
    return Seed(offsets, tuple(3 - letter for letter in reversed(seed.letters)), seed.z, seed.expected)


def word_sites(real: ByteArray, words: Sequence[Seed]) -> list[NDArray[np.int64]]:
    """Return where each word starts in the flattened elements, either strand; one pass per mask, not per word."""
    letters = letters_of(flatten(real))
    memory = np.empty(len(letters), dtype=np.int32)
    by_mask: dict[tuple[int, ...], list[tuple[int, Seed]]] = {}
    for number, word in enumerate(words):
        for strand in (word, _mirror(word)):
            by_mask.setdefault(strand.offsets, []).append((number, strand))
    sites: list[list[NDArray[np.int64]]] = [[] for _ in words]
    for mask, wanted in by_mask.items():
        index = word_index(letters, mask, memory)
        slot = np.zeros(4 ** len(mask) + 1, dtype=np.bool_)
        numbers = [1 + sum(x * 4 ** (len(mask) - 1 - i) for i, x in enumerate(seed.letters)) for _, seed in wanted]
        slot[numbers] = True
        at = np.flatnonzero(slot[index])
        at = at[np.argsort(index[at], kind="stable")]
        value = index[at]
        for (number, _), key in zip(wanted, numbers, strict=True):
            low, high = np.searchsorted(value, [key, key + 1])
            sites[number].append(at[low:high])
    return [np.concatenate(parts).astype(np.int64) for parts in sites]


def distinct_seeds(real: ByteArray, words: Sequence[Seed], limit: int, min_z: float, flank: int = 4) -> list[Seed]:
    """Return seeds that do not live on one another's sites, most enriched first.

    Sites of a seed already taken are covered with ``flank`` bp on both sides; a later word must keep an enrichment of
    ``min_z``, and half of its own, on what is left of its sites.
    """
    if not words:
        return []
    sites = word_sites(real, words)
    covered = np.zeros(len(real) * (real.shape[1] + 16), dtype=np.bool_)
    chosen: list[Seed] = []
    for seed, starts in zip(words, sites, strict=True):
        if len(chosen) >= limit:
            break
        middle = starts + seed.span // 2
        free = int((~covered[middle]).sum())
        if (free - seed.expected) / np.sqrt(seed.expected + 1.0) < max(min_z, 0.5 * seed.z):
            continue
        chosen.append(seed)
        reach = starts[:, None] + np.arange(-flank, seed.span + flank)
        covered[np.clip(reach, 0, len(covered) - 1).ravel()] = True
    return chosen
