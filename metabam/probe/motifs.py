"""Which of the run's motifs are known ones? TOMTOM against a MEME file; the app invents no biology."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from metabam.errors import ConfigError, InputError
from metabam.probe.compiled import keep_compiled
from metabam.records import MotifMatch, MotifMatchRecord, MotifSet

Array = NDArray[np.float64]

LEVEL = 0.05
FEW_KNOWN = 25


def match_motifs(found: MotifSet, known: MotifSet, *, level: float = LEVEL) -> MotifMatchRecord:
    """Return the matches of found and known motifs with q <= ``level`` (TOMTOM, doi:10.1186/gb-2007-8-2-r24).

    q values are Benjamini-Hochberg over all pairs of a found and a known motif; nothing above ``level`` is returned.

    Raises
    ------
    ConfigError
        ``no-tomtom`` where memelite is not installed.
    InputError
        ``no-motifs`` where one of the two sets is empty.

    Notes
    -----
    The first call of a user compiles for 45 to 80 CPU seconds (kept in :func:`metabam.probe.compiled.keep_compiled`'s
    folder); later ones take some 10 ms. p values rest on the columns of the known motifs: with 22 of them they are
    still calibrated (motifs with shuffled columns: p <= 0.05 in 4.9 % of 26,400 tests, any q <= 0.05 in 3 of 40 sets).
    """
    if not len(found) or not len(known):
        raise InputError("no-motifs", "there is no motif to compare.", "Use a run with motifs, and a motif file.")
    keep_compiled()
    try:
        from memelite import tomtom
    except ImportError:
        raise ConfigError("no-tomtom", "motif comparison needs memelite.", "pip install 'metabam[motifs]'.") from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few targets: said in the record
        p, _, offsets, overlaps, strands = tomtom(
            [np.ascontiguousarray(pwm.T) for pwm in found.pwms],
            [np.ascontiguousarray(pwm.T) for pwm in known.pwms],
            n_jobs=1,
        )[:5]
    p = np.asarray(p, dtype=np.float64)
    q = benjamini_hochberg(p)
    places = np.argwhere(q <= level)
    order = np.argsort(p[tuple(places.T)], kind="stable")
    matches = tuple(
        MotifMatch(
            motif=found.names[a],
            known=known.names[b],
            p=float(p[a, b]),
            q=float(q[a, b]),
            offset=int(offsets[a, b]),
            strand="-" if strands[a, b] else "+",
            overlap=int(overlaps[a, b]),
        )
        for a, b in places[order].tolist()
    )
    named = {match.motif for match in matches}
    unmatched = tuple(name for name in found.names if name not in named)
    return MotifMatchRecord(matches, (len(found), len(known)), unmatched, len(known) < FEW_KNOWN)


def aligned(motif: Array, reference: Array) -> tuple[int, bool, float]:
    """Return where a motif (w, 4) fits a reference best: its first column there, whether turned round, the cosine.

    Columns are centred on 1/4 and those without a partner count as zero, so that a short overlap cannot score high.
    """
    best = (0, False, -np.inf)
    scale = float(np.linalg.norm(motif - 0.25) * np.linalg.norm(reference - 0.25))
    for turned in (False, True):
        x = (motif[::-1, ::-1] if turned else motif) - 0.25
        for shift in range(1 - len(x), len(reference)):
            low, high = max(shift, 0), min(shift + len(x), len(reference))
            score = float((x[low - shift : high - shift] * (reference[low:high] - 0.25)).sum())
            if score / max(scale, 1e-12) > best[2]:
                best = (shift, turned, score / max(scale, 1e-12))
    return best


def benjamini_hochberg(p: Array) -> Array:
    """Return q values of p values of any shape (doi:10.1111/j.2517-6161.1995.tb02031.x)."""
    flat = p.ravel()
    order = np.argsort(flat)
    scaled = flat[order] * len(flat) / np.arange(1, len(flat) + 1)
    q = np.empty_like(flat)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q.reshape(p.shape)
