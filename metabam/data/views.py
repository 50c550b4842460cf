"""Other views of the same pairs: facts without sequence, k-mer counts, and the truth of a planted world.

A view is a matrix (B, columns) float32 that stands in for z_q: contexts, supports and queries carry it as
``features``, and a learner that reads it goes through the one protocol unchanged.
"""

from __future__ import annotations

import hashlib
from itertools import product

import numpy as np
from scipy.special import logit

from metabam.data.elements import element_identities
from metabam.data.geometry import promoters_between, promoters_of
from metabam.data.worldfiles import Truth, activities
from metabam.errors import ConfigError
from metabam.records import ByteArray, FloatArray, IntArray, PairFacts, PairTable, PairWindows, TextArray

_KEPT_BITS = 48


def facts_of(table: PairTable, promoters: PairTable | None = None) -> PairFacts:
    """Return the facts of a table's pairs.

    Parameters
    ----------
    table
        Pairs, ``B`` rows. A row without ``gene_id`` goes by its promoter.
    promoters
        The table whose distinct promoters count as transcription start sites (by their midpoints); ``table`` itself
        when left out.
    """
    enhancer, promoter = (ids >> (63 - _KEPT_BITS) for ids in element_identities(table))
    gene = np.where(table.gene_id.astype(str) == "", promoter, _identities(table.gene_id))
    distance = table.distance()
    known = table if promoters is None else promoters
    places = promoters_of(known.promoter_chrom, known.promoter_start, known.promoter_end)
    return PairFacts(
        gene=gene.astype(np.int64),
        enhancer=enhancer,
        promoter=promoter,
        tss_between=promoters_between(table, places),
        log10_distance=np.log10(np.maximum(distance, 1.0)),
    )


def _identities(texts: TextArray) -> IntArray:
    known: dict[str, int] = {}
    for text in texts.tolist():
        if text not in known:
            digest = hashlib.blake2b(f"gene {text}".encode(), digest_size=_KEPT_BITS // 8).digest()
            known[text] = int.from_bytes(digest, "big")
    return np.array([known[text] for text in texts.tolist()], dtype=np.int64)


# ------------------------------------------------------------------ k-mers


def kmer_view(windows: PairWindows, k: int = 4) -> FloatArray:
    """Return square roots of k-mer shares, (B, 2 C) float32: the enhancer's C columns, then the promoter's.

    A k-mer and its reverse complement are one column (C = 136 at k = 4); k-mers with an unknown letter are not
    counted, and an element without any is a row of zeros. Each element's squares sum to 1 (Hellinger), so that the
    squared distance of two rows is a distance of the two distributions.

    Raises
    ------
    ConfigError
        ``kmer-length`` outside 1 to 8.
    """
    if not 1 <= k <= 8:
        raise ConfigError("kmer-length", f"k = {k} is outside 1 to 8.", "Use 3 to 6.")
    column = canonical_columns(k)
    sides = ((windows.enhancers, windows.enhancer_index), (windows.promoters, windows.promoter_index))
    shares: FloatArray = np.concatenate([_shares(codes, k, column)[index] for codes, index in sides], axis=1)
    return shares


def canonical_columns(k: int) -> IntArray:
    """Return the column of each of the 4^k k-mers, A = 0 to T = 3, the first letter counting most."""
    column = np.zeros(4**k, dtype=np.int64)
    number: dict[tuple[int, ...], int] = {}
    for place, word in enumerate(product(range(4), repeat=k)):
        turned = tuple(3 - letter for letter in reversed(word))
        column[place] = number.setdefault(min(word, turned), len(number))
    return column


def _shares(codes: ByteArray, k: int, column: IntArray) -> FloatArray:
    n, length = codes.shape
    width = int(column.max()) + 1
    counts = np.zeros((n, width))
    if length >= k:
        wide = codes.astype(np.int64)
        word = np.zeros((n, length - k + 1), dtype=np.int64)
        known = np.ones(word.shape, dtype=np.bool_)
        for at in range(k):
            letters = wide[:, at : at + word.shape[1]]
            known &= letters < 4
            word = 4 * word + np.minimum(letters, 3)
        rows = np.broadcast_to(np.arange(n)[:, None], word.shape)
        flat = rows[known] * width + column[word[known]]
        counts = np.bincount(flat, minlength=n * width).reshape(n, width).astype(np.float64)
    shares: FloatArray = np.sqrt(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)).astype(np.float32)
    return shares


def window_view(windows: PairWindows) -> FloatArray:
    """Return the letters of each pair, (B, L_E + L_P) float32: A 0, C 1, G 2, T 3, N 4, the enhancer's first."""
    sides = (windows.enhancers[windows.enhancer_index], windows.promoters[windows.promoter_index])
    return np.concatenate(sides, axis=1).astype(np.float32)


# ------------------------------------------------------------------ the truth


def truth_view(truth: Truth, table: PairTable) -> FloatArray:
    """Return what a planted world knows of labelled pairs, (B, 1 + M) float32.

    First the logit of the Bayes probability of the pair IN ITS ROW'S LINE, then the M standardised activities after
    silencing, which are the label function's own inputs.
    """
    rows = truth.rows_of(table.pair_id)
    lines = np.array([truth.lines.index(name) for name in table.cell_line.tolist()], dtype=np.int64)
    bayes = logit(np.clip(truth.probability[rows, lines], 1e-12, 1.0 - 1e-12))
    return np.concatenate([bayes[:, None], activities(truth, table.pair_id, effective=True)], axis=1).astype(np.float32)
