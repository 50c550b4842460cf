"""What DNA do an atom's top pairs share? Motifs and k-mers against pairs of like GC content and distance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metabam.data.views import canonical_columns, kmer_view
from metabam.errors import InputError
from metabam.probe.motifs import LEVEL, benjamini_hochberg
from metabam.records import ByteArray, Enriched, EnrichmentRecord, IntArray, MotifSet, PairWindows

Array = NDArray[np.float64]
SIDES = ("enhancer", "promoter")
K = 6
CELLS = 4
_FLOOR = 1e-4
_LETTERS = "ACGT"


@dataclass(frozen=True, slots=True)
class _Sets:
    """Rows of windows: the top pairs and their background, and the distinct elements of each side in both."""

    top: IntArray
    background: IntArray
    elements: dict[str, tuple[IntArray, IntArray]] = field(repr=False)


class _Test(NamedTuple):
    """One test before its q is known."""

    name: str
    side: str
    effect: float
    p: float


def enriched(
    windows: PairWindows,
    distance: Array,
    potential: Array,
    motifs: MotifSet,
    *,
    top: int = 100,
    per_top: int = 3,
    level: float = LEVEL,
    seed: int = 0,
) -> EnrichmentRecord:
    """Return motifs and k-mers that elements of the top pairs hold more often than those of the background.

    Background pairs lie below the median potential and are drawn from the same quarter of enhancer GC, promoter GC and
    distance as a top pair each, without replacement. Elements are counted once; one that is in a top pair is not in
    the background. Motifs: AUROC of the best site score on either strand, Mann-Whitney (doi:10.1214/aoms/1177730491).
    k-mers of 6 (a word and its reverse complement are one): presence, hypergeometric tail. q is Benjamini-Hochberg
    over all tests of one kind, both sides together; nothing above ``level`` is returned.

    Parameters
    ----------
    windows
        DNA of N pairs.
    distance, potential
        (N,) bp and p_k.

    Raises
    ------
    InputError
        ``enrichment-pairs`` with fewer than 20 pairs; ``enrichment-matched`` where fewer background pairs than top
        pairs are alike in GC and distance: then the atom follows those.
    """
    count = len(windows)
    if distance.shape != (count,) or potential.shape != (count,) or count < 20:
        raise InputError("enrichment-pairs", f"{count} pairs are too few to compare.", "Bring at least 20.")
    sets = _matched(windows, distance, potential, min(top, count // 10), per_top, seed)
    found: list[Enriched] = []
    tested = {"motif": 0, "k-mer": 0}
    known = dict(zip(motifs.names, motifs.pwms, strict=True))
    for kind, tests in (("motif", _motif_tests(windows, sets, motifs)), ("k-mer", _kmer_tests(windows, sets))):
        tested[kind] = len(tests)
        q = benjamini_hochberg(np.array([test.p for test in tests]))
        for at in np.flatnonzero(q <= level).tolist():
            test = tests[at]
            pwm = known[test.name] if kind == "motif" else _as_matrix(test.name)
            found.append(Enriched(kind, test.name, test.side, test.effect, test.p, float(q[at]), pwm))
    gc = {side: _gc(windows, side) for side in SIDES}
    return EnrichmentRecord(
        found=tuple(sorted(found, key=lambda item: (item.kind != "motif", item.p))),
        n_top=len(sets.top),
        n_background=len(sets.background),
        elements={side: (len(a), len(b)) for side, (a, b) in sets.elements.items()},
        tested=tested,
        gc={side: (float(gc[side][sets.top].mean()), float(gc[side][sets.background].mean())) for side in SIDES},
        distance=(float(np.nanmedian(distance[sets.top])), float(np.nanmedian(distance[sets.background]))),
    )


def _matched(windows: PairWindows, distance: Array, potential: Array, top: int, per_top: int, seed: int) -> _Sets:
    """Return the top pairs and a background of like GC and distance."""
    order = np.argsort(-potential, kind="stable")
    chosen, pool = order[:top], order[len(order) // 2 :]
    cell = np.zeros(len(potential), dtype=np.int64)
    for values in (_gc(windows, "enhancer"), _gc(windows, "promoter"), np.nan_to_num(distance)):
        cuts = np.quantile(values, np.arange(1, CELLS) / CELLS)
        cell = cell * CELLS + np.searchsorted(cuts, values, side="right")
    rng = np.random.default_rng(seed)
    drawn = []
    for which, wanted in zip(*np.unique(cell[chosen], return_counts=True), strict=True):
        inside = pool[cell[pool] == which]
        drawn.append(rng.choice(inside, size=min(len(inside), per_top * int(wanted)), replace=False))
    background = np.sort(np.concatenate(drawn)).astype(np.int64)
    if len(background) < top:
        gc = _gc(windows, "enhancer")
        raise InputError(
            "enrichment-matched",
            f"{len(background)} pairs are left that are like the top {top} in GC and distance and lie below the median "
            f"(enhancer GC share {gc[chosen].mean():.2f} against {gc.mean():.2f} of all): the atom follows GC or "
            "distance itself.",
            "Read it as such; no motif can be told from it here.",
        )
    elements = {}
    for side in SIDES:
        index = getattr(windows, f"{side}_index")
        mine = np.unique(index[chosen])
        elements[side] = (mine, np.setdiff1d(np.unique(index[background]), mine))
    return _Sets(chosen.astype(np.int64), background, elements)


def _gc(windows: PairWindows, side: str) -> Array:
    """Return the GC share of each pair's element, (N,); letters that are unknown do not count."""
    codes: ByteArray = getattr(windows, f"{side}s")
    known = np.maximum((codes < 4).sum(axis=1), 1)
    share = ((codes == 1) | (codes == 2)).sum(axis=1) / known
    return np.asarray(share[getattr(windows, f"{side}_index")], dtype=np.float64)


def _motif_tests(windows: PairWindows, sets: _Sets, motifs: MotifSet) -> list[_Test]:
    """Return one test per motif and side."""
    from scipy.stats import mannwhitneyu

    tests: list[_Test] = []
    for side in SIDES:
        mine, others = sets.elements[side]
        codes: ByteArray = getattr(windows, f"{side}s")
        if not len(mine) or not len(others) or not len(motifs):
            continue
        scores = best_sites(codes[np.concatenate([mine, others])], motifs.pwms)
        for place, name in enumerate(motifs.names):
            first, second = scores[: len(mine), place], scores[len(mine) :, place]
            result = mannwhitneyu(first, second, alternative="greater", method="asymptotic")
            effect = float(result.statistic) / (len(first) * len(second))
            p = float(result.pvalue)
            tests.append(_Test(name, side, effect, 1.0 if np.isnan(p) else p))
    return tests


def best_sites(codes: ByteArray, pwms: Sequence[Array]) -> Array:
    """Return the best log2 odds of each motif (w, 4) on either strand of sequences (n, L) of codes, (n, motifs).

    Against equal bases; an unknown letter scores 0. A motif longer than the sequences scores minus infinity.
    """
    import torch
    from torch.nn.functional import conv1d

    count, length = codes.shape
    out = np.full((count, len(pwms)), -np.inf)
    lookup = torch.cat([torch.eye(4), torch.zeros(1, 4)])
    with torch.inference_mode():
        dna = lookup[torch.from_numpy(codes.astype(np.int64))].transpose(1, 2)
        for width in sorted({len(pwm) for pwm in pwms}):
            places = [place for place, pwm in enumerate(pwms) if len(pwm) == width]
            if width > length:
                continue
            odds = np.stack([np.log2(np.maximum(pwms[place], _FLOOR) / 0.25).T for place in places])
            both = np.concatenate([odds, odds[:, ::-1, ::-1]]).astype(np.float32)
            found = conv1d(dna, torch.from_numpy(np.ascontiguousarray(both))).amax(dim=-1).numpy()
            out[:, places] = np.maximum(found[:, : len(places)], found[:, len(places) :])
    return out


def _kmer_tests(windows: PairWindows, sets: _Sets) -> list[_Test]:
    """Return one test per k-mer that occurs, and side."""
    from scipy.stats import hypergeom

    words = _words()
    tests: list[_Test] = []
    for side in SIDES:
        mine, others = sets.elements[side]
        if not len(mine) or not len(others):
            continue
        codes: ByteArray = getattr(windows, f"{side}s")[np.concatenate([mine, others])]
        index = np.arange(len(codes), dtype=np.int64)
        nothing = np.zeros(len(codes), dtype=np.int64)
        held = kmer_view(PairWindows(codes, codes[:, :K], index, index, nothing, nothing), K)[:, : len(words)] > 0
        first, total = held[: len(mine)].sum(axis=0), held.sum(axis=0)
        p = hypergeom.sf(first - 1, len(codes), total, len(mine))
        second = total - first
        odds = np.log2((first + 0.5) * (len(others) - second + 0.5) / ((len(mine) - first + 0.5) * (second + 0.5)))
        tests += [_Test(words[at], side, float(odds[at]), float(p[at])) for at in np.flatnonzero(total > 0).tolist()]
    return tests


def _words() -> list[str]:
    """Return the word of each column of the k-mer view."""
    column = canonical_columns(K)
    words = [""] * (int(column.max()) + 1)
    for number in range(4**K - 1, -1, -1):
        words[int(column[number])] = "".join(_LETTERS[number >> 2 * (K - 1 - at) & 3] for at in range(K))
    return words


def _as_matrix(word: str) -> Array:
    """Return a k-mer as a matrix of certain letters, (k, 4)."""
    return np.eye(4)[[_LETTERS.index(letter) for letter in word]]
