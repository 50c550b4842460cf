"""Exact dinucleotide shuffles: the null of everything that stage 0 calls overrepresented."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metabam.records import ByteArray

LETTERS = 5
"""A, C, G, T and N (a letter of its own, so that padding stays padding)."""


def dinucleotide_shuffle(codes: ByteArray, rng: np.random.Generator) -> ByteArray:
    """Return one uniform shuffle of each row that keeps its first letter, last letter and all dinucleotide counts.

    A row is an Euler path through the graph of its letters. Each letter's outgoing steps are put in random order;
    the order is kept when the last steps lead every letter to the row's last letter (a spanning arborescence),
    and drawn again otherwise (Altschul and Erickson, doi:10.1093/oxfordjournals.molbev.a040370). All rows are walked
    at once.

    Parameters
    ----------
    codes
        (N, L) uint8, A 0, C 1, G 2, T 3, N 4.
    rng
        Source of randomness; the result is deterministic in its state.

    Returns
    -------
    ByteArray
        (N, L) uint8.
    """
    n, length = codes.shape
    if length < 3 or n == 0:
        return codes.copy()
    successors = np.empty((n, length - 1), dtype=np.uint8)
    todo = np.arange(n)
    while len(todo):
        drawn = _ordered_successors(codes[todo], rng)
        good = _reaches_end(drawn, codes[todo])
        successors[todo[good]] = drawn[good]
        todo = todo[~good]
    return _walk(codes, successors)


def _block_starts(sources: ByteArray) -> NDArray[np.int64]:
    """Return where each letter's steps start in the sorted list of steps, (N, LETTERS + 1)."""
    counts = np.stack([(sources == letter).sum(axis=1) for letter in range(LETTERS)], axis=1)
    return np.concatenate([np.zeros((len(sources), 1), dtype=np.int64), np.cumsum(counts, axis=1)], axis=1)


def _ordered_successors(codes: ByteArray, rng: np.random.Generator) -> ByteArray:
    """Return the letters stepped to, grouped by the letter left and in random order inside a group, (N, L - 1)."""
    key = codes[:, :-1] + rng.random((len(codes), codes.shape[1] - 1), dtype=np.float32) * np.float32(0.999)
    return np.take_along_axis(codes[:, 1:], np.argsort(key, axis=1), axis=1)


def _reaches_end(successors: ByteArray, codes: ByteArray) -> NDArray[np.bool_]:
    """Return whether the last step of every letter leads, possibly over other letters, to the row's end, (N,)."""
    starts = _block_starts(codes[:, :-1])
    rows = np.arange(len(codes))
    end = codes[:, -1].astype(np.int64)
    last = np.tile(end[:, None], (1, LETTERS))
    for letter in range(LETTERS):
        used = (starts[:, letter + 1] > starts[:, letter]) & (end != letter)
        last[used, letter] = successors[rows[used], starts[used, letter + 1] - 1]
    here = np.tile(np.arange(LETTERS), (len(codes), 1))
    for _ in range(LETTERS):
        here = np.where(here == end[:, None], here, np.take_along_axis(last, here, axis=1))
    return np.asarray((here == end[:, None]).all(axis=1))


def _walk(codes: ByteArray, successors: ByteArray) -> ByteArray:
    """Return the letters met when each letter's steps are taken in their order, (N, L)."""
    starts = _block_starts(codes[:, :-1])[:, :LETTERS].copy().ravel()
    flat = successors.ravel()
    n, length = codes.shape
    base = np.arange(n) * (length - 1)
    slot = np.arange(n) * LETTERS
    out = np.empty((length, n), dtype=np.uint8)
    here = codes[:, 0].astype(np.int64)
    out[0] = here
    for position in range(1, length):
        pointer = slot + here
        step = starts[pointer]
        starts[pointer] = step + 1
        here = flat[base + step].astype(np.int64)
        out[position] = here
    return np.ascontiguousarray(out.T)
