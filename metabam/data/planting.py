"""Parts of the planted world: random motifs, background DNA, sites that never overlap, gates, and exact scores.

Every function is pure given its random generator. Motifs are (width, 4) probabilities over A, C, G, T; their
information is measured in bits against a uniform background; scores are log2 odds against it. Positions are 0-based.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metabam.data.sequence import reverse_complement
from metabam.errors import ConfigError
from metabam.records import ByteArray, IntArray

Float = NDArray[np.float64]

HELICAL_PERIOD = 10.5
# First-order base frequencies given the base before: rows and columns A, C, G, T; CpG is rare, AA and TT are common.
_STEPS = np.array(
    [
        [0.33, 0.17, 0.25, 0.25],
        [0.33, 0.27, 0.05, 0.35],
        [0.28, 0.20, 0.27, 0.25],
        [0.20, 0.20, 0.26, 0.34],
    ]
)
_STRONG = np.array([-0.5, 0.5, 0.5, -0.5])  # a unit of bias adds 1 to the log odds of {C, G} against {A, T}


@dataclass(frozen=True, slots=True)
class PlantedMotif:
    """A motif that is planted: probabilities ``pwm`` (w, 4) and the least log2 odds of any site drawn from it."""

    name: str
    pwm: Float
    min_log_odds: float

    @property
    def width(self) -> int:
        """Return the width in bp."""
        return len(self.pwm)

    @property
    def bits(self) -> float:
        """Return the information against a uniform background, in bits."""
        return information(self.pwm)

    def log_odds(self, sites: ByteArray) -> Float:
        """Return the score of sites (n, w) read on the motif's strand, (n,), log2 odds against 1/4 a base."""
        table = np.log2(self.pwm / 0.25)
        return np.asarray(table[np.arange(self.width), sites].sum(axis=-1))

    def sample(self, rng: np.random.Generator, count: int) -> ByteArray:
        """Return sites drawn from the motif, (count, w), each scoring at least ``min_log_odds``."""
        sites = _draw(self.pwm, rng, count)
        weak = np.flatnonzero(self.log_odds(sites) < self.min_log_odds)
        while weak.size:
            sites[weak] = _draw(self.pwm, rng, weak.size)
            weak = weak[self.log_odds(sites[weak]) < self.min_log_odds]
        return sites


def information(pwm: Float) -> float:
    """Return the information of a motif (w, 4) against a uniform background, in bits."""
    return float((pwm * np.log2(np.maximum(pwm, 1e-12) / 0.25)).sum())


def _draw(pwm: Float, rng: np.random.Generator, count: int) -> ByteArray:
    steps = np.cumsum(pwm, axis=1)[None, :, :3]
    return np.asarray((rng.random((count, len(pwm), 1)) > steps).sum(axis=-1), dtype=np.uint8)


def random_pwm(rng: np.random.Generator, bits: float) -> Float:
    """Return a motif of the asked information (within 0.01 bit), (w, 4).

    Columns look as in measured motifs: an informative core, vague flanks, some columns shared by two bases. The
    width follows from the bits (0.9-1.3 bits a column).
    """
    width = max(7, round(bits / rng.uniform(0.9, 1.3)))
    place = np.linspace(-1.0, 1.0, width) - rng.uniform(-0.3, 0.3)
    weight = np.exp(-((place / 0.75) ** 2)) + rng.uniform(0.1, 0.6, width)
    taste = rng.normal(0.0, 0.4, (width, 4))
    for column in range(width):
        order = rng.permutation(4)
        taste[column, order[0]] += 2.0
        if rng.random() < 0.2:
            taste[column, order[1]] += 1.6
    low, high = 0.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2
        logits = middle * weight[:, None] * taste
        pwm = np.exp(logits - logits.max(axis=1, keepdims=True))
        pwm = 0.99 * pwm / pwm.sum(axis=1, keepdims=True) + 0.0025
        low, high = (middle, high) if information(pwm) < bits else (low, middle)
    return np.asarray(pwm)


def similarity(first: Float, second: Float) -> float:
    """Return the best cosine of two motifs over all offsets and both strands, in [-1, 1].

    Columns are centred on 1/4; columns without a partner count as zero, so that a short overlap cannot score high.
    """
    a, best = first - 0.25, -1.0
    scale = float(np.linalg.norm(a) * np.linalg.norm(second - 0.25))
    for b in (second - 0.25, second[::-1, ::-1] - 0.25):
        for shift in range(1 - len(b), len(a)):
            x = a[max(0, shift) : shift + len(b)]
            y = b[max(0, -shift) : max(0, -shift) + len(x)]
            best = max(best, float((x * y).sum()) / scale)
    return best


def draw_motifs(rng: np.random.Generator, names: Sequence[str], low: float, high: float) -> tuple[PlantedMotif, ...]:
    """Return motifs of ``low`` to ``high`` bits, evenly spread in random order, no two alike.

    Alike is a best-offset cosine of 0.55 or more, on either strand; a motif whose best site uses fewer than three
    letters is refused. The 10 % weakest sites of each motif are never planted.
    """
    bits = rng.permutation(np.linspace(low, high, len(names)))
    motifs: list[PlantedMotif] = []
    while len(motifs) < len(names):
        pwm = random_pwm(rng, float(bits[len(motifs)]))
        if len(set(pwm.argmax(axis=1).tolist())) < 3 or any(similarity(pwm, m.pwm) >= 0.55 for m in motifs):
            continue
        trial = PlantedMotif(names[len(motifs)], pwm, -np.inf)
        floor = float(np.quantile(trial.log_odds(trial.sample(rng, 4_000)), 0.1))
        motifs.append(PlantedMotif(trial.name, pwm, floor))
    return tuple(motifs)


def background(rng: np.random.Generator, bias: Float) -> ByteArray:
    """Return background DNA, (n, L), from a first-order chain whose G + C odds are tilted position by position.

    Parameters
    ----------
    bias
        (n, L); a unit adds 1 to the log odds of {C, G} against {A, T}: local GC drift, broad composition, and (as a
        cosine of 10.5 bp) the periodic mechanism. Dinucleotide preferences stay those of the chain.
    """
    count, length = bias.shape
    codes = np.empty((length, count), dtype=np.uint8)
    before = rng.integers(0, 4, size=(count,))
    for position in range(length):
        odds = _STEPS[before] * np.exp(bias[:, position, None] * _STRONG)
        cumulative = np.cumsum(odds, axis=1)
        before = np.asarray((rng.random(size=(count,))[:, None] * cumulative[:, 3:] > cumulative[:, :3]).sum(axis=1))
        codes[position] = before
    return np.ascontiguousarray(codes.T)


def drift(rng: np.random.Generator, count: int, sd: float, memory: float) -> Float:
    """Return a stationary first-order autoregression, (count,): the slow GC drift along a contig."""
    values = np.empty(count)
    value = rng.normal(0.0, sd)
    for index, noise in enumerate(rng.normal(0.0, sd * np.sqrt(1 - memory**2), count)):
        value = memory * value + noise
        values[index] = value
    return values


@dataclass(frozen=True, slots=True)
class Block:
    """What is planted in one piece: parts (motif, offset in bp from the block's start, strand), and its length.

    A single site is a block of one part; a spaced pair is a block of two, whose gap no other site can enter.
    """

    parts: tuple[tuple[int, int, int], ...]
    length: int

    def turned(self, widths: Sequence[int]) -> Block:
        """Return the block on the other strand."""
        parts = tuple((m, self.length - offset - widths[m], -strand) for m, offset, strand in self.parts)
        return Block(parts, self.length)


def place(rng: np.random.Generator, blocks: Sequence[Block], length: int, margin: int = 2) -> IntArray | None:
    """Return start positions of blocks in an element, (n,), at least ``margin`` bp apart; ``None`` if they do not fit.

    Exact, without rejection: the free bases are cut at uniform random points, in a random order of blocks.
    """
    order = rng.permutation(len(blocks))
    free = length - sum(block.length + margin for block in blocks) - margin
    if free < 0:
        return None
    cuts = np.sort(rng.integers(0, free + 1, len(blocks)))
    starts = np.empty(len(blocks), dtype=np.int64)
    used = margin
    for cut, index in zip(cuts.tolist(), order.tolist(), strict=True):
        starts[index] = cut + used
        used += blocks[index].length + margin
    return starts


@dataclass(frozen=True, slots=True)
class Sites:
    """All sites of one kind of element, one row each: element and motif number, start in the element, strand +1/-1."""

    element: IntArray
    motif: IntArray
    start: IntArray
    strand: IntArray

    def has(self, motif: int, n_elements: int) -> Float:
        """Return 1.0 for each element with a site of the motif, (n_elements,)."""
        return (np.bincount(self.element[self.motif == motif], minlength=n_elements) > 0).astype(np.float64)

    def spaced(self, block: Block, widths: Sequence[int], n_elements: int) -> Float:
        """Return 1.0 for each element where the two parts of a block stand as in the block, on either strand."""
        found = np.zeros(n_elements)
        for (first, a, sa), (second, b, sb) in (block.parts, block.turned(widths).parts):
            left = np.flatnonzero((self.motif == first) & (self.strand == sa))
            right = np.flatnonzero((self.motif == second) & (self.strand == sb))
            span = int(self.start.max(initial=0)) + abs(b - a) + 1
            wanted = self.element[left] * span * 2 + self.start[left] + (b - a)
            there = np.isin(wanted, self.element[right] * span * 2 + self.start[right])
            found[self.element[left[there]]] = 1.0
        return found


def write_sites(rng: np.random.Generator, codes: ByteArray, sites: Sites, motifs: Sequence[PlantedMotif]) -> Float:
    """Write every site into the element codes (n, L), in place; return each site's log2 odds, (n_sites,)."""
    scores = np.empty(len(sites.element))
    for number, motif in enumerate(motifs):
        rows = np.flatnonzero(sites.motif == number)
        drawn = motif.sample(rng, rows.size)
        scores[rows] = motif.log_odds(drawn)
        letters = np.where(sites.strand[rows, None] > 0, drawn, reverse_complement(drawn))
        columns = sites.start[rows, None] + np.arange(motif.width)
        codes[sites.element[rows, None], columns] = letters
    return scores


def gate_map(rng: np.random.Generator, n_mechanisms: int, n_latent: int = 3) -> dict[str, Float]:
    """Return the fixed coefficients of the smooth map from the latent u_c to signed gates (see :func:`gates_of`)."""
    direction = rng.normal(size=(n_mechanisms, n_latent))
    ripple = rng.normal(size=(n_mechanisms, n_latent))
    return {
        "direction": direction / np.linalg.norm(direction, axis=1, keepdims=True),
        "ripple": ripple / np.linalg.norm(ripple, axis=1, keepdims=True),
        "phase": rng.uniform(0, 2 * np.pi, n_mechanisms),
        "offset": rng.normal(0.0, 0.3, n_mechanisms),
    }


def gates_of(coefficients: dict[str, Float], latent: Float) -> Float:
    """Return the gates of lines, (C, M) in [-1, 1], from their latents u_c (C, 3).

    ``tanh(direction . u + 0.5 sin(ripple . u + phase) + offset)`` for each mechanism.
    """
    wave = np.sin(latent @ coefficients["ripple"].T + coefficients["phase"])
    return np.tanh(latent @ coefficients["direction"].T + 0.5 * wave + coefficients["offset"])


def expected_auroc(probability: Float) -> float:
    """Return the AUROC that the Bayes probabilities (N,) reach, in expectation over their own Bernoulli labels.

    ``sum_i sum_j p_i (1 - p_j) [p_i > p_j] / (sum_i p_i sum_j (1 - p_j))``, ties count half; O(N log N).
    """
    _, inverse = np.unique(probability, return_inverse=True)
    positive = np.bincount(inverse, weights=probability)
    negative = np.bincount(inverse, weights=1.0 - probability)
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum()))


def sigmoid(x: Float) -> Float:
    """Return the logistic function, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def solve_intercept(score: Float, prevalence: float) -> float:
    """Return b with mean(sigmoid(score + b)) = prevalence, by bisection to 1e-9."""
    low, high = -60.0 - float(score.max()), 60.0 - float(score.min())
    for _ in range(64):
        middle = (low + high) / 2
        low, high = (middle, high) if float(sigmoid(score + middle).mean()) < prevalence else (low, middle)
    return (low + high) / 2


def solve_scale(score: Float, auroc: float, prevalence: float) -> tuple[float, float]:
    """Return (scale, intercept) at which the Bayes AUROC and the prevalence are as asked.

    The AUROC grows with the scale; a bisection to 1e-4 in the AUROC.

    Raises
    ------
    ConfigError
        ``world-auroc`` when no scale reaches the AUROC (scores that do not vary).
    """
    low, high = 0.0, 64.0
    scale = intercept = 0.0
    for _ in range(40):
        scale = (low + high) / 2
        intercept = solve_intercept(scale * score, prevalence)
        reached = expected_auroc(sigmoid(scale * score + intercept))
        if abs(reached - auroc) < 1e-4:
            return scale, intercept
        low, high = (scale, high) if reached < auroc else (low, scale)
    raise ConfigError(
        "world-auroc",
        f"no scale of the label function reaches a Bayes AUROC of {auroc}: it stops at {reached:.3f}.",
        "Ask for a lower value or for more pairs.",
    )
