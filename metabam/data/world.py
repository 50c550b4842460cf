"""The planted world W1 in memory: DNA, pairs and labels whose mechanisms are known.

Twelve mechanisms of five kinds decide the labels: four single motifs in the enhancer, three motif pairs enhancer x
promoter, three motif pairs with a spacing rule (two in the enhancer, one in the promoter), a 10.5-bp periodicity
without a motif, and the broad composition of the enhancer. A cell line c turns them on and off, or round, by gates
in [-1, 1] that are a smooth function of three numbers u_c; in two cases one mechanism silences another.

    logit P(y = 1) = intercept_c + scale_c * sum_k gate_kc * standardised(activity_k * (1 - silencer_k))

The activities are counted from the sites that ARE in the DNA: no site overwrites another. Scale and intercept are
solved for each line, so that the Bayes AUROC and the prevalence are as asked. Nothing here is fitted to a model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metabam.data import planting
from metabam.data.planting import Block, PlantedMotif, Sites
from metabam.data.sequence import gc_fraction
from metabam.data.worldsettings import (
    MAX_GAP,
    N_DISTRACTORS,
    N_PLANTED,
    PAIRS,
    SINGLES,
    SPACED,
    Mechanism,
    WorldSettings,
)
from metabam.records import ByteArray, IntArray

Float = NDArray[np.float64]
Progress = Callable[[str, float], None]
Motifs = tuple[PlantedMotif, ...]
Mechanisms = tuple[Mechanism, ...]


@dataclass(frozen=True, slots=True)
class World:
    """A planted world in memory: what ``synthetic.simulate`` writes."""

    settings: WorldSettings
    motifs: Motifs
    mechanisms: Mechanisms
    antagonisms: tuple[tuple[int, int], ...]
    lines: tuple[str, ...]
    latent: Float
    gates: Float
    scale: Float
    intercept: Float
    bayes: Float
    contigs: Mapping[str, ByteArray]
    enhancer_contig: IntArray
    enhancer_start: IntArray
    promoter_contig: IntArray
    promoter_start: IntArray
    enhancer_sites: Sites
    promoter_sites: Sites
    enhancer_scores: Float
    promoter_scores: Float
    pairs: IntArray
    activities: Float
    effective: Float
    probability: Float
    rows: IntArray
    labels: NDArray[np.int8]

    @property
    def roles(self) -> dict[str, str]:
        """Return ``training`` or ``held-out`` by line name."""
        n = self.settings.training_lines
        return {name: "training" if i < n else "held-out" for i, name in enumerate(self.lines)}


def _stream(seed: int, stage: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, stage, 0x57_31]))


def _mechanisms(rng: np.random.Generator, motifs: Motifs) -> Mechanisms:
    found = [Mechanism(f"single{i + 1}", "single", (i,)) for i in range(SINGLES)]
    for i in range(PAIRS):
        first = SINGLES + 2 * i
        found.append(Mechanism(f"pair{i + 1}", "pair", (first, first + 1), "both"))
    gaps = rng.permutation(np.arange(2, MAX_GAP + 1))
    for i in range(SPACED):
        first = SINGLES + 2 * PAIRS + 2 * i
        offset = motifs[first].width + int(gaps[i])
        parts = ((first, 0, 1), (first + 1, offset, int(rng.choice([-1, 1]))))
        block = Block(parts, offset + motifs[first + 1].width)
        element = "enhancer" if i < SPACED - 1 else "promoter"
        found.append(Mechanism(f"spaced{i + 1}", "spaced", (first, first + 1), element, block))
    return (*found, Mechanism("periodic", "periodic"), Mechanism("composition", "composition"))


@dataclass(frozen=True, slots=True)
class _Rates:
    """How often things are planted in one kind of element: motif -> chance of a site; composites and their decoys."""

    single: Mapping[int, float]
    composite: tuple[tuple[Block, float], ...]


def _rates(rng: np.random.Generator, mechanisms: Mechanisms, element: str) -> _Rates:
    single: dict[int, float] = {}
    composite: list[tuple[Block, float]] = []
    for mechanism in mechanisms:
        if mechanism.kind == "single":
            single[mechanism.motifs[0]] = rng.uniform(0.2, 0.4) if element == "enhancer" else 0.08
        elif mechanism.kind == "pair":
            own, other = mechanism.motifs if element == "enhancer" else mechanism.motifs[::-1]
            single[own], single[other] = rng.uniform(0.45, 0.6), 0.08
        elif mechanism.block is not None and mechanism.element == element:
            composite.append((mechanism.block, rng.uniform(0.2, 0.35)))
    for decoy in range(N_PLANTED, N_PLANTED + N_DISTRACTORS):
        single[decoy] = rng.uniform(0.1, 0.35)
    return _Rates(single, tuple(composite))


def _plan(rng: np.random.Generator, rates: _Rates, widths: tuple[int, ...], count: int, length: int) -> Sites:
    """Draw what each of ``count`` elements carries, and where: no two sites overlap, every strand is as likely."""
    rows: list[tuple[int, int, int, int]] = []
    motifs = sorted(rates.single)
    chance = np.array([rates.single[m] for m in motifs])
    carried = (rng.random((count, len(motifs))) < chance).astype(np.int64)
    carried += carried * (rng.random(carried.shape) < 0.15)
    draws = rng.random((count, len(rates.composite), 2))
    for element in range(count):
        blocks = [
            Block(((m, 0, 1),), widths[m]) for m, n in zip(motifs, carried[element], strict=True) for _ in range(n)
        ]
        for (block, rate), (whole, part) in zip(rates.composite, draws[element], strict=True):
            if whole < rate:
                blocks.insert(0, block)
            elif part < 0.4:  # a decoy: both parts away from each other, or one alone
                parts = block.parts if part < 0.2 else block.parts[: 1 if part < 0.3 else 2][-1:]
                blocks.extend(Block(((m, 0, 1),), widths[m]) for m, _, _ in parts)
        blocks = [b.turned(widths) if rng.random() < 0.5 else b for b in blocks]
        starts = planting.place(rng, blocks, length)
        while starts is None:  # too full: what was listed last goes first
            blocks.pop()
            starts = planting.place(rng, blocks, length)
        for block, start in zip(blocks, starts.tolist(), strict=True):
            rows.extend((element, m, start + offset, strand) for m, offset, strand in block.parts)
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Sites(table[:, 0], table[:, 1], table[:, 2], table[:, 3])


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where every element lies: contig number and start, (n,), for enhancers and promoters, and contig lengths."""

    enhancer_contig: IntArray
    enhancer_start: IntArray
    promoter_contig: IntArray
    promoter_start: IntArray
    lengths: IntArray


def _layout(rng: np.random.Generator, s: WorldSettings) -> _Layout:
    """Deal elements to contigs in turn, shuffle them along each, with 300-900 bp between neighbours."""
    contig = {"e": np.arange(s.n_enhancers) % s.contigs, "p": np.arange(s.n_promoters) % s.contigs}
    start = {"e": np.zeros(s.n_enhancers, np.int64), "p": np.zeros(s.n_promoters, np.int64)}
    lengths = np.zeros(s.contigs, dtype=np.int64)
    for number in range(s.contigs):
        here = [(kind, int(i)) for kind in "ep" for i in np.flatnonzero(contig[kind] == number)]
        position = 0
        for index in rng.permutation(len(here)).tolist():
            kind, element = here[index]
            position += int(rng.integers(300, 901))
            start[kind][element] = position
            position += s.enhancer_length if kind == "e" else s.promoter_length
        lengths[number] = position + int(rng.integers(300, 901))
    return _Layout(contig["e"], start["e"], contig["p"], start["p"], lengths)


def _element_dna(rng: np.random.Generator, contig_drift: Float, length: int, shift: Float, tilt: Float) -> ByteArray:
    """Return background DNA of elements (n, L), biased by local drift + a shift + a helical tilt."""
    count = len(shift)
    slope = rng.normal(0.0, 0.15, (count, 1)) * np.linspace(-1, 1, length)
    phase = rng.uniform(0, planting.HELICAL_PERIOD, (count, 1))
    turn = np.cos(2 * np.pi * (np.arange(length) - phase) / planting.HELICAL_PERIOD)
    bias = contig_drift[:, None] + shift[:, None] + slope - tilt[:, None] * turn
    return planting.background(rng, bias)


def _contigs(
    rng: np.random.Generator, layout: _Layout, drifts: Float, enhancers: ByteArray, promoters: ByteArray
) -> dict[str, ByteArray]:
    """Return the contigs: background with slow GC drift (one value per 500 bp), the elements written into it."""
    contigs: dict[str, ByteArray] = {}
    for number, length in enumerate(layout.lengths.tolist()):
        anchors = drifts[number]
        tiles = planting.background(rng, np.repeat(anchors[: -(-length // 500), None], 500, axis=1))
        codes = tiles.reshape(-1)[:length].copy()
        for owner, start, dna in (
            (layout.enhancer_contig, layout.enhancer_start, enhancers),
            (layout.promoter_contig, layout.promoter_start, promoters),
        ):
            mine = np.flatnonzero(owner == number)
            codes[start[mine, None] + np.arange(dna.shape[1])] = dna[mine]
        contigs[f"synthetic{number + 1}"] = codes
    return contigs


def _pool(rng: np.random.Generator, layout: _Layout, s: WorldSettings) -> IntArray:
    """Return the distinct pairs (enhancer, promoter), (pool, 2), each within one contig, every element in use."""
    chosen: list[NDArray[np.int64]] = []
    share = np.full(s.contigs, s.pool // s.contigs) + (np.arange(s.contigs) < s.pool % s.contigs)
    for number in range(s.contigs):
        e = np.flatnonzero(layout.enhancer_contig == number)
        p = np.flatnonzero(layout.promoter_contig == number)
        want = min(int(share[number]), len(e) * len(p))
        dealt = max(len(e), len(p))
        cover = (
            rng.permutation(len(e))[np.arange(dealt) % len(e)] * len(p)
            + (rng.permutation(len(p))[np.arange(dealt) % len(p)])
        )
        cover = np.unique(cover)
        rest = np.setdiff1d(rng.permutation(len(e) * len(p)), cover, assume_unique=True)
        extra = rng.choice(rest, size=max(0, want - len(cover)), replace=False)
        flat = np.concatenate([cover, extra])[:want]
        chosen.append(np.stack([e[flat // len(p)], p[flat % len(p)]], axis=1))
    return rng.permutation(np.concatenate(chosen), axis=0)


@dataclass(frozen=True, slots=True)
class _Elements:
    """DNA of all elements and what was written into it."""

    enhancers: ByteArray
    promoters: ByteArray
    enhancer_sites: Sites
    promoter_sites: Sites
    enhancer_scores: Float
    promoter_scores: Float
    periodic: Float
    contigs: Mapping[str, ByteArray]


def _elements(s: WorldSettings, layout: _Layout, motifs: Motifs, mechanisms: Mechanisms) -> _Elements:
    """Plan the sites, draw the background with its tilts, write the sites, and set all of it into the contigs."""
    widths = tuple(motif.width for motif in motifs)
    rng = _stream(s.seed, 3)
    e_sites = _plan(rng, _rates(rng, mechanisms, "enhancer"), widths, s.n_enhancers, s.enhancer_length)
    p_sites = _plan(rng, _rates(rng, mechanisms, "promoter"), widths, s.n_promoters, s.promoter_length)
    rng = _stream(s.seed, 4)
    tiles = int(layout.lengths.max()) // 500 + 1
    drifts = np.stack([planting.drift(rng, tiles, 0.35, 0.9) for _ in range(s.contigs)]) - 0.35
    periodic = (rng.random(s.n_enhancers) < 0.35).astype(np.float64)
    e_drift = drifts[layout.enhancer_contig, layout.enhancer_start // 500]
    p_drift = drifts[layout.promoter_contig, layout.promoter_start // 500]
    broad = rng.normal(0.1, 0.35, s.n_enhancers)
    enhancers = _element_dna(rng, e_drift, s.enhancer_length, broad, s.helical_tilt * periodic)
    rich = rng.normal(0.5, 0.3, s.n_promoters)
    promoters = _element_dna(rng, p_drift, s.promoter_length, rich, np.zeros(s.n_promoters))
    e_scores = planting.write_sites(rng, enhancers, e_sites, motifs)
    p_scores = planting.write_sites(rng, promoters, p_sites, motifs)
    contigs = _contigs(rng, layout, drifts, enhancers, promoters)
    return _Elements(enhancers, promoters, e_sites, p_sites, e_scores, p_scores, periodic, contigs)


def _activities(made: _Elements, widths: tuple[int, ...], mechanisms: Mechanisms, pairs: IntArray) -> Float:
    """Return the activity of each mechanism in each pair, (N, 12), from what is in the DNA."""
    e, p, n_e, n_p = made.enhancer_sites, made.promoter_sites, len(made.enhancers), len(made.promoters)
    columns: list[Float] = []
    for mechanism in mechanisms:
        if mechanism.kind == "single":
            columns.append(e.has(mechanism.motifs[0], n_e)[pairs[:, 0]])
        elif mechanism.kind == "pair":
            left, right = e.has(mechanism.motifs[0], n_e), p.has(mechanism.motifs[1], n_p)
            columns.append(left[pairs[:, 0]] * right[pairs[:, 1]])
        elif mechanism.block is not None:
            sites, count, side = (e, n_e, 0) if mechanism.element == "enhancer" else (p, n_p, 1)
            columns.append(sites.spaced(mechanism.block, widths, count)[pairs[:, side]])
        elif mechanism.kind == "periodic":
            columns.append(made.periodic[pairs[:, 0]])
        else:
            columns.append(gc_fraction(made.enhancers)[pairs[:, 0]])
    return np.stack(columns, axis=1)


def standardise(values: Float) -> Float:
    """Return the columns with mean 0 and standard deviation 1 (a constant column becomes 0)."""
    sd = values.std(axis=0)
    return np.asarray((values - values.mean(axis=0)) / np.where(sd > 0, sd, 1.0))


def silenced(activities: Float, antagonisms: tuple[tuple[int, int], ...]) -> Float:
    """Return the activities after silencing: for each (a, b), activity b counts only where a is 0."""
    effective = activities.copy()
    for a, b in antagonisms:
        effective[:, b] = activities[:, b] * (1.0 - activities[:, a])
    return effective


@dataclass(frozen=True, slots=True)
class _Labels:
    """The lines of a world: see the fields of the same names in :class:`World`."""

    latent: Float
    gates: Float
    scale: Float
    intercept: Float
    bayes: Float
    probability: Float
    rows: IntArray
    labels: NDArray[np.int8]


def gate_law(seed: int, n_mechanisms: int) -> dict[str, Float]:
    """Return the coefficients of a world's map from u_c to gates, the same for every line it will ever draw."""
    return planting.gate_map(_stream(seed, 7), n_mechanisms)


def _labels(s: WorldSettings, effective: Float, distance: Float, tell: Progress) -> _Labels:
    """Draw the lines, solve scale and intercept of each, and draw which pairs it has and their labels."""
    rng = _stream(s.seed, 6)
    n_lines = s.training_lines + s.heldout_lines
    latent = rng.normal(size=(n_lines, 3))
    gates = planting.gates_of(gate_law(s.seed, effective.shape[1]), latent)
    confound = -s.distance_confound * standardise(np.log10(distance + 1.0)[:, None])
    score = standardise(effective) @ gates.T + confound
    scale, intercept, bayes = np.empty(n_lines), np.empty(n_lines), np.empty(n_lines)
    probability = np.empty(score.shape)
    for c in range(n_lines):
        scale[c], intercept[c] = planting.solve_scale(score[:, c], s.bayes_auroc, s.prevalence)
        probability[:, c] = planting.sigmoid(scale[c] * score[:, c] + intercept[c])
        bayes[c] = planting.expected_auroc(probability[:, c])
        tell("labels", 0.7 + 0.2 * (c + 1) / n_lines)
    rows = np.stack([np.sort(rng.permutation(len(score))[: s.pairs_per_line]) for _ in range(n_lines)])
    labels = (rng.random(rows.shape) < probability[rows, np.arange(n_lines)[:, None]]).astype(np.int8)
    return _Labels(latent, gates, scale, intercept, bayes, probability, rows, labels)


def _antagonisms(rng: np.random.Generator) -> tuple[tuple[int, int], ...]:
    """Return two (silencer, silenced): a single motif silences another one, and one silences a pair or spaced one."""
    silencers, targets = rng.permutation(SINGLES), rng.permutation(np.arange(SINGLES, SINGLES + PAIRS + SPACED - 1))
    return ((int(silencers[0]), int(silencers[1])), (int(silencers[2]), int(targets[0])))


def _quiet(stage: str, share: float) -> None:  # noqa: ARG001 -- the signature of a progress callback
    return None


def build_world(settings: WorldSettings, progress: Progress | None = None) -> World:
    """Return a planted world, deterministic in the settings (the seed is one of them); writes nothing."""
    s = settings.resolved()
    tell = progress or _quiet
    tell("motifs", 0.0)
    names = [f"M{i + 1:02d}" for i in range(N_PLANTED)] + [f"D{i + 1:02d}" for i in range(N_DISTRACTORS)]
    motifs = planting.draw_motifs(_stream(s.seed, 1), names, *s.motif_bits)
    rng = _stream(s.seed, 2)
    mechanisms = _mechanisms(rng, motifs)
    layout = _layout(rng, s)
    tell("sequence", 0.1)
    made = _elements(s, layout, motifs, mechanisms)
    tell("pairs", 0.6)
    rng = _stream(s.seed, 5)
    pairs = _pool(rng, layout, s)
    activities = _activities(made, tuple(motif.width for motif in motifs), mechanisms, pairs)
    antagonisms = _antagonisms(rng)
    effective = silenced(activities, antagonisms)
    tell("labels", 0.7)
    distance = np.abs(layout.enhancer_start[pairs[:, 0]] - layout.promoter_start[pairs[:, 1]]).astype(np.float64)
    drawn = _labels(s, effective, distance, tell)
    return World(
        settings=s, motifs=motifs, mechanisms=mechanisms, antagonisms=antagonisms, lines=line_names(s),
        latent=drawn.latent, gates=drawn.gates, scale=drawn.scale, intercept=drawn.intercept, bayes=drawn.bayes,
        contigs=made.contigs, enhancer_contig=layout.enhancer_contig, enhancer_start=layout.enhancer_start,
        promoter_contig=layout.promoter_contig, promoter_start=layout.promoter_start,
        enhancer_sites=made.enhancer_sites, promoter_sites=made.promoter_sites,
        enhancer_scores=made.enhancer_scores, promoter_scores=made.promoter_scores,
        pairs=pairs, activities=activities, effective=effective, probability=drawn.probability,
        rows=drawn.rows, labels=drawn.labels,
    )  # fmt: skip


def line_names(settings: WorldSettings) -> tuple[str, ...]:
    """Return the names of the lines, training lines first: ``train1..`` and ``unseen01..``."""
    training = [f"train{i + 1}" for i in range(settings.training_lines)]
    return (*training, *(f"unseen{i + 1:02d}" for i in range(settings.heldout_lines)))
