"""Motifs from MEME text: the letter-probability matrices of a minimal MEME file (version 4 or later)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from metabam.errors import InputError
from metabam.files import read_bytes
from metabam.records import MotifSet

FILE_CAP = 64 << 20
MOST_MOTIFS = 20_000
_FLOOR = 1e-4


def read_meme(path: Path) -> MotifSet:
    """Return the motifs of a MEME file, in order; see :func:`parse_meme`."""
    return parse_meme(read_bytes(path, FILE_CAP, follow_links=True).decode("utf-8", errors="replace"), path.name)


def parse_meme(text: str, name: str = "the motif file") -> MotifSet:
    """Return the motifs of MEME text: rows of A, C, G, T probabilities, each row scaled to 1, none below 1e-4.

    A motif is called by its identifier and, where it has one, its alternate name: ``MA0139.1 CTCF``.

    Raises
    ------
    InputError
        ``meme-format`` (no MEME text, another alphabet), ``meme-motif`` naming the motif whose matrix is wrong,
        ``meme-empty``.
    """
    if not re.search(r"^MEME version", text, flags=re.MULTILINE):
        raise InputError("meme-format", f"{name} is no MEME text.", "Export the motifs as MEME, minimal format.")
    alphabet = re.search(r"^ALPHABET\s*=?\s*(\S+)", text, flags=re.MULTILINE)
    if alphabet is not None and not alphabet[1].strip('"').upper().startswith(("ACGT", "DNA")):
        raise InputError("meme-format", f"{name} has the alphabet {alphabet[1]!r:.40}.", "Use DNA motifs.")
    names, pwms = [], []
    parts = re.split(r"^MOTIF\s+", text, flags=re.MULTILINE)[1:]
    for part in parts[:MOST_MOTIFS]:
        title = " ".join(part.splitlines()[0].split()) if part.strip() else "without a name"
        names.append(title)
        pwms.append(_matrix(part, title))
    if not names:
        raise InputError("meme-empty", f"{name} holds no motif.", "Check the file.")
    return MotifSet(tuple(names), tuple(pwms))


def _matrix(part: str, title: str) -> NDArray[np.float64]:
    """Return the matrix (width, 4) of one motif."""
    lines = part.splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith("letter-probability matrix")]
    if not starts:
        raise InputError("meme-motif", f"motif {title!r} has no letter-probability matrix.", "Export it again.")
    rows: list[list[float]] = []
    for line in lines[starts[0] + 1 :]:
        try:
            cells = [float(cell) for cell in line.split()]
        except ValueError:
            break
        if not cells:
            if rows:
                break
            continue
        rows.append(cells)
    stated = re.search(r"w=\s*(\d+)", lines[starts[0]])
    good = bool(rows) and all(len(row) == 4 for row in rows) and (stated is None or int(stated[1]) == len(rows))
    matrix = np.array(rows, dtype=np.float64) if good else np.full((1, 4), np.nan)
    if not np.isfinite(matrix).all() or (matrix < 0).any() or not np.allclose(matrix.sum(axis=1), 1.0, atol=0.02):
        raise InputError(
            "meme-motif", f"the matrix of motif {title!r} is no table of probabilities.", "Export it again."
        )
    floored = np.maximum(matrix, _FLOOR)
    return np.asarray(floored / floored.sum(axis=1, keepdims=True))
