"""DNA as numbers: text to codes and back, reverse complement, base counts.

Codes are uint8: A 0, C 1, G 2, T 3, N 4. Lower case (soft-masked) letters are read as upper case.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from metabam.errors import InputError
from metabam.records import ByteArray, IntArray

ALPHABET: Final = "ACGTN"
N_CODE: Final = 4
_UNKNOWN: Final = 255


def _encoding_table() -> ByteArray:
    table = np.full(256, _UNKNOWN, dtype=np.uint8)
    for code, letter in enumerate(ALPHABET):
        table[ord(letter)] = code
        table[ord(letter.lower())] = code
    return table


_ENCODE: Final = _encoding_table()
_DECODE: Final = np.frombuffer(ALPHABET.encode("ascii"), dtype=np.uint8)
_COMPLEMENT: Final = np.array([3, 2, 1, 0, N_CODE], dtype=np.uint8)


def codes_of(text: str) -> ByteArray:
    """Return the uint8 codes of a DNA text, (L,): A 0, C 1, G 2, T 3, N 4; case does not matter.

    Raises
    ------
    InputError
        ``sequence-alphabet`` when a letter is none of A, C, G, T, N; the message names it and its position.

    Examples
    --------
    >>> codes_of("acGTN").tolist()
    [0, 1, 2, 3, 4]
    """
    codes = _ENCODE[np.frombuffer(text.encode("latin-1", "replace"), dtype=np.uint8)]
    if codes.size and codes.max() == _UNKNOWN:
        position = int(np.argmax(codes == _UNKNOWN))
        raise InputError(
            "sequence-alphabet",
            f"{text[position]!r} at position {position} (0-based) is not a DNA letter.",
            "Use A, C, G, T and N only; write every other ambiguity code as N.",
        )
    return codes


def codes_of_bytes(data: bytes) -> ByteArray:
    """Return the codes of ASCII bytes, (L,); every letter outside A, C, G, T (both cases) becomes N.

    For bytes whose alphabet has been checked before: IUPAC ambiguity codes of a reference genome are N here.
    """
    codes = _ENCODE[np.frombuffer(data, dtype=np.uint8)]
    return np.minimum(codes, N_CODE)


def text_of(codes: ByteArray) -> str:
    """Return the upper-case text of a code vector (L,).

    Examples
    --------
    >>> text_of(np.array([0, 1, 2, 3, 4], dtype=np.uint8))
    'ACGTN'
    """
    return _DECODE[codes].tobytes().decode("ascii")


def reverse_complement(codes: ByteArray) -> ByteArray:
    """Return the opposite strand, read 5' to 3': complement, last axis reversed. N stays N; (..., L) as given.

    Examples
    --------
    >>> text_of(reverse_complement(codes_of("AACGN")))
    'NCGTT'
    """
    return _COMPLEMENT[codes[..., ::-1]]


def base_counts(codes: ByteArray) -> IntArray:
    """Return how often A, C, G, T and N occur along the last axis: (..., L) -> (..., 5) int64."""
    return np.stack([(codes == code).sum(axis=-1) for code in range(len(ALPHABET))], axis=-1).astype(np.int64)


def gc_fraction(codes: ByteArray) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the share of G and C among the letters that are not N, along the last axis: (..., L) -> (...).

    0.5 where every letter is N.
    """
    counts = base_counts(codes)
    known = counts[..., :4].sum(axis=-1)
    strong = counts[..., 1] + counts[..., 2]
    return np.where(known > 0, strong / np.maximum(known, 1), 0.5)
