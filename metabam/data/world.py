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
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from metabam.data import planting
from metabam.data.planting import Block, PlantedMotif, Sites
from metabam.data.sequence import gc_fraction
from metabam.errors import ConfigError
from metabam.records import ByteArray, IntArray

Float = NDArray[np.float64]
Progress = Callable[[str, float], None]

SINGLES, PAIRS, SPACED = 4, 3, 3
N_PLANTED: Final = SINGLES + 2 * PAIRS + 2 * SPACED
N_DISTRACTORS: Final = 6
MAX_GAP: Final = 12


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """Settings of a planted world; sizes that are 0 follow from ``pairs_per_line``.

    With 6,000 pairs a line the pool has 12,000 distinct pairs of 4,000 enhancers and 2,000 promoters: two lines
    share about half of their pairs (reversals can be seen), an enhancer meets 3 promoters and a promoter 6 enhancers
    (gene baselines have something to find), 16 support pairs rule out about 1 % of the queries, and there are
    enough distinct elements for motifs to be overrepresented while encoding stays cheap.

    ``distance_confound`` adds that many logits per standard deviation of log10 distance (close = positive).
    """

    seed: int
    training_lines: int = 5
    heldout_lines: int = 20
    pairs_per_line: int = 6_000
    enhancer_length: int = 400
    promoter_length: int = 400
    n_enhancers: int = 0
    n_promoters: int = 0
    pool: int = 0
    contigs: int = 6
    bayes_auroc: float = 0.92
    prevalence: float = 0.2
    motif_bits: tuple[float, float] = (8.0, 14.0)
    helical_tilt: float = 0.7
    distance_confound: float = 0.0

    def resolved(self) -> WorldSettings:
        """Return the settings with every size filled in, after checking them.

        Raises
        ------
        ConfigError
            ``world-settings`` naming the field.
        """
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        values["pool"] = self.pool or 2 * self.pairs_per_line
        values["n_enhancers"] = self.n_enhancers or max(8 * self.contigs, (2 * self.pairs_per_line) // 3)
        values["n_promoters"] = self.n_promoters or max(4 * self.contigs, self.pairs_per_line // 3)
        settings = WorldSettings(**values)
        least = {
            "seed": 0, "training_lines": 1, "heldout_lines": 0, "pairs_per_line": 20, "enhancer_length": 200,
            "promoter_length": 200, "contigs": 1, "n_enhancers": 2 * self.contigs, "n_promoters": 2 * self.contigs,
            "pool": self.pairs_per_line,
        }  # fmt: skip
        for name, floor in least.items():
            if values[name] < floor:
                raise ConfigError("world-settings", f"{name} = {values[name]} is below {floor}.", "Raise it.")
        most = settings.n_enhancers * settings.n_promoters // (2 * settings.contigs)
        if settings.pool > most:
            raise ConfigError("world-settings", f"pool = {settings.pool} is above {most}.", "Ask for more elements.")
        if not (0.5 < self.bayes_auroc < 0.995 and 0.01 <= self.prevalence <= 0.99):
            raise ConfigError("world-settings", "bayes_auroc or prevalence is out of range.", "Stay near 0.92 and 0.2.")
        return settings


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One planted mechanism: its kind, the motif numbers it needs, and the spaced block where it has one."""

    name: str
    kind: str
    motifs: tuple[int, ...] = ()
    element: str = "enhancer"
    block: Block | None = None


@dataclass(frozen=True, slots=True)
class World:
    """A planted world in memory: what ``synthetic.simulate`` writes."""

    settings: WorldSettings
    motifs: tuple[PlantedMotif, ...]
    mechanisms: tuple[Mechanism, ...]
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


def _mechanisms(rng: np.random.Generator, motifs: tuple[PlantedMotif, ...]) -> tuple[Mechanism, ...]:
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


def _rates(rng: np.random.Generator, mechanisms: tuple[Mechanism, ...], element: str) -> _Rates:
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


def _element_dna(
    rng: np.random.Generator, contig_drift: Float, length: int, shift: Float, tilt: Float
) -> tuple[ByteArray, Float]:
    """Return background DNA of elements (n, L) and the bias it was drawn with: local drift + shift + helical tilt."""
    count = len(shift)
    slope = rng.normal(0.0, 0.15, (count, 1)) * np.linspace(-1, 1, length)
    phase = rng.uniform(0, planting.HELICAL_PERIOD, (count, 1))
    turn = np.cos(2 * np.pi * (np.arange(length) - phase) / planting.HELICAL_PERIOD)
    bias = contig_drift[:, None] + shift[:, None] + slope - tilt[:, None] * turn
    return planting.background(rng, bias), bias


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


def _activities(world: Mapping[str, Any], mechanisms: tuple[Mechanism, ...], pairs: IntArray) -> Float:
    """Return the activity of each mechanism in each pair, (N, 12), from what is in the DNA."""
    e, p, widths = world["enhancer_sites"], world["promoter_sites"], world["widths"]
    n_e, n_p = len(world["enhancers"]), len(world["promoters"])
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
            columns.append(world["periodic"].astype(np.float64)[pairs[:, 0]])
        else:
            columns.append(gc_fraction(world["enhancers"])[pairs[:, 0]])
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


def _quiet(stage: str, share: float) -> None:  # noqa: ARG001 -- the signature of a progress callback
    return None


def build_world(settings: WorldSettings, progress: Progress | None = None) -> World:
    """Return a planted world, deterministic in the settings (the seed is one of them); writes nothing."""
    s = settings.resolved()
    tell = progress or _quiet
    tell("motifs", 0.0)
    names = [f"M{i + 1:02d}" for i in range(N_PLANTED)] + [f"D{i + 1:02d}" for i in range(N_DISTRACTORS)]
    motifs = planting.draw_motifs(_stream(s.seed, 1), names, *s.motif_bits)
    widths = tuple(motif.width for motif in motifs)
    rng = _stream(s.seed, 2)
    mechanisms = _mechanisms(rng, motifs)
    layout = _layout(rng, s)
    tell("sites", 0.1)
    rng = _stream(s.seed, 3)
    e_sites = _plan(rng, _rates(rng, mechanisms, "enhancer"), widths, s.n_enhancers, s.enhancer_length)
    p_sites = _plan(rng, _rates(rng, mechanisms, "promoter"), widths, s.n_promoters, s.promoter_length)
    tell("sequence", 0.3)
    rng = _stream(s.seed, 4)
    tiles = int(layout.lengths.max()) // 500 + 1
    drifts = np.stack([planting.drift(rng, tiles, 0.35, 0.9) for _ in range(s.contigs)]) - 0.35
    periodic = rng.random(s.n_enhancers) < 0.35
    e_drift = drifts[layout.enhancer_contig, layout.enhancer_start // 500]
    p_drift = drifts[layout.promoter_contig, layout.promoter_start // 500]
    broad = rng.normal(0.1, 0.35, s.n_enhancers)
    enhancers, _ = _element_dna(rng, e_drift, s.enhancer_length, broad, s.helical_tilt * periodic)
    rich = rng.normal(0.5, 0.3, s.n_promoters)
    promoters, _ = _element_dna(rng, p_drift, s.promoter_length, rich, np.zeros(s.n_promoters))
    e_scores = planting.write_sites(rng, enhancers, e_sites, motifs)
    p_scores = planting.write_sites(rng, promoters, p_sites, motifs)
    contigs = _contigs(rng, layout, drifts, enhancers, promoters)
    tell("pairs", 0.6)
    rng = _stream(s.seed, 5)
    pairs = _pool(rng, layout, s)
    parts = {
        "enhancer_sites": e_sites, "promoter_sites": p_sites, "widths": widths, "enhancers": enhancers,
        "promoters": promoters, "periodic": periodic,
    }  # fmt: skip
    activities = _activities(parts, mechanisms, pairs)
    silencers, targets = rng.permutation(SINGLES), rng.permutation(np.arange(SINGLES, SINGLES + PAIRS + SPACED - 1))
    antagonisms = ((int(silencers[0]), int(silencers[1])), (int(silencers[2]), int(targets[0])))
    effective = silenced(activities, antagonisms)
    tell("labels", 0.7)
    rng = _stream(s.seed, 6)
    n_lines = s.training_lines + s.heldout_lines
    latent = rng.normal(size=(n_lines, 3))
    gates = planting.gates_of(planting.gate_map(_stream(s.seed, 7), len(mechanisms)), latent)
    score = standardise(effective) @ gates.T
    distance = np.abs(layout.enhancer_start[pairs[:, 0]] - layout.promoter_start[pairs[:, 1]])
    confound = -s.distance_confound * standardise(np.log10(distance + 1.0)[:, None])
    scale, intercept, bayes = np.empty(n_lines), np.empty(n_lines), np.empty(n_lines)
    probability = np.empty((len(pairs), n_lines))
    for c in range(n_lines):
        total = score[:, c] + confound[:, 0]
        scale[c], intercept[c] = planting.solve_scale(total, s.bayes_auroc, s.prevalence)
        probability[:, c] = planting.sigmoid(scale[c] * total + intercept[c])
        bayes[c] = planting.expected_auroc(probability[:, c])
        tell("labels", 0.7 + 0.2 * (c + 1) / n_lines)
    rows = np.stack([np.sort(rng.permutation(len(pairs))[: s.pairs_per_line]) for _ in range(n_lines)])
    labels = (rng.random(rows.shape) < probability[rows, np.arange(n_lines)[:, None]]).astype(np.int8)
    return World(
        s, motifs, mechanisms, antagonisms, line_names(s), latent, gates, scale, intercept, bayes, contigs,
        layout.enhancer_contig, layout.enhancer_start, layout.promoter_contig, layout.promoter_start,
        e_sites, p_sites, e_scores, p_scores, pairs, activities, effective, probability, rows, labels,
    )  # fmt: skip


def line_names(settings: WorldSettings) -> tuple[str, ...]:
    """Return the names of the lines, training lines first: ``train1..`` and ``unseen01..``."""
    training = [f"train{i + 1}" for i in range(settings.training_lines)]
    return (*training, *(f"unseen{i + 1:02d}" for i in range(settings.heldout_lines)))
