"""Files of a planted world: written whole or not at all, and read back as a :class:`Truth`.

======================  ==============================================================================================
``genome.fa``           contigs ``synthetic1``..., 60 letters a line
``pairs.tsv``           all lines: chrom, element coordinates, label, cell_line, assay, gene_id, pair_id
``motifs.meme``         planted motifs ``M01``... and distractors ``D01``..., MEME 4 text
``truth.json``          motifs, mechanisms, gates and u_c by line, roles, Bayes AUROC by line, settings
``truth_pairs.parquet`` one row per distinct pair: activities, sites, Bayes probability in each line
======================  ==============================================================================================
"""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from metabam.data.planting import PlantedMotif, Sites
from metabam.data.sequence import text_of
from metabam.errors import InputError, StorageError
from metabam.files import read_json, sync_folder, write_bytes

if TYPE_CHECKING:
    from metabam.data.world import World

Float = NDArray[np.float64]
LINE_WIDTH = 60
ASSAY = "planted"
FORMAT = "metabam-world/1"
PAIR_COLUMNS = (
    "chrom", "enhancer_start", "enhancer_end", "promoter_start", "promoter_end",
    "label", "cell_line", "assay", "gene_id", "pair_id",
)  # fmt: skip


def write_world(
    world: World, out: Path, settings: Mapping[str, Any], progress: Callable[[str, float], None] | None = None
) -> dict[str, Any]:
    """Write all files of a world into ``out`` (through a folder beside it, renamed at the end); return the truth."""
    if progress is not None:
        progress("files", 0.9)
    truth = truth_of(world, settings)
    contents = {
        "genome.fa": _fasta(world),
        "pairs.tsv": _pairs(world),
        "motifs.meme": meme_text(world.motifs).encode(),
        "truth.json": json.dumps(truth, indent=1, allow_nan=False).encode(),
        "truth_pairs.parquet": _truth_pairs(world),
    }
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            for name, data in contents.items():
                write_bytes(folder / name, data)
            folder.chmod(0o755)
            folder.replace(out)
            sync_folder(out.parent)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise StorageError(
            "write-failed", f"{out.name} cannot be written: {error.strerror}.", "Choose another place for the world."
        ) from None
    if progress is not None:
        progress("files", 1.0)
    return truth


def _fasta(world: World) -> bytes:
    out = io.BytesIO()
    for name, codes in world.contigs.items():
        out.write(f">{name}\n".encode())
        text = text_of(codes).encode()
        for start in range(0, len(text), LINE_WIDTH):
            out.write(text[start : start + LINE_WIDTH])
            out.write(b"\n")
    return out.getvalue()


def pair_ids(count: int) -> list[str]:
    """Return the identifiers of the distinct pairs of a world: the same pair has the same one in every line."""
    return [f"pair{index:06d}" for index in range(count)]


def _stems(world: World) -> list[str]:
    """Return one text per distinct pair: the coordinate columns, tab-separated."""
    s = world.settings
    names = list(world.contigs)
    e, p = world.pairs[:, 0], world.pairs[:, 1]
    e_start, p_start = world.enhancer_start[e], world.promoter_start[p]
    return [
        f"{names[c]}\t{a}\t{a + s.enhancer_length}\t{b}\t{b + s.promoter_length}"
        for c, a, b in zip(world.enhancer_contig[e].tolist(), e_start.tolist(), p_start.tolist(), strict=True)
    ]


def _pairs(world: World) -> bytes:
    stems, ids = _stems(world), pair_ids(len(world.pairs))
    genes = [f"SG{index:05d}" for index in world.pairs[:, 1].tolist()]
    rows = ["\t".join(PAIR_COLUMNS)]
    for line, (name, index) in enumerate(zip(world.lines, world.rows.tolist(), strict=True)):
        labels = world.labels[line].tolist()
        rows.extend(
            f"{stems[i]}\t{label}\t{name}\t{ASSAY}\t{genes[i]}\t{ids[i]}"
            for i, label in zip(index, labels, strict=True)
        )
    return ("\n".join(rows) + "\n").encode()


def meme_text(motifs: tuple[PlantedMotif, ...]) -> str:
    """Return motifs as MEME 4 text."""
    out = ["MEME version 4", "", "ALPHABET= ACGT", "", "strands: + -", ""]
    out += ["Background letter frequencies", "A 0.25 C 0.25 G 0.25 T 0.25", ""]
    for motif in motifs:
        out += [f"MOTIF {motif.name}", f"letter-probability matrix: alength= 4 w= {motif.width} nsites= 1000 E= 0"]
        out += [" ".join(f"{value:.6f}" for value in column) for column in motif.pwm]
        out.append("")
    return "\n".join(out)


def truth_of(world: World, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``truth.json`` holds: plain values, every line by name."""
    named = [mechanism.name for mechanism in world.mechanisms]
    lines = {
        name: {
            "role": world.roles[name],
            "latent": world.latent[c].tolist(),
            "gates": dict(zip(named, world.gates[c].tolist(), strict=True)),
            "scale": float(world.scale[c]),
            "intercept": float(world.intercept[c]),
            "bayes_auroc": float(world.bayes[c]),
            "prevalence": float(world.labels[c].mean()),
        }
        for c, name in enumerate(world.lines)
    }
    return {
        "format": FORMAT,
        "settings": {key: list(v) if isinstance(v, tuple) else v for key, v in settings.items()},
        "motifs": [
            {
                "name": motif.name, "bits": motif.bits, "min_log_odds": motif.min_log_odds,
                "planted": motif.name.startswith("M"), "pwm": motif.pwm.tolist(),
            }
            for motif in world.motifs
        ],
        "mechanisms": [
            {
                "name": mechanism.name, "kind": mechanism.kind, "element": mechanism.element,
                "motifs": [world.motifs[m].name for m in mechanism.motifs],
                "parts": None if mechanism.block is None else [
                    {"motif": world.motifs[m].name, "offset": offset, "strand": strand}
                    for m, offset, strand in mechanism.block.parts
                ],
                "period_bp": 10.5 if mechanism.kind == "periodic" else None,
                "share_active": None if mechanism.kind == "composition" else float(world.activities[:, k].mean()),
            }
            for k, mechanism in enumerate(world.mechanisms)
        ],
        "antagonisms": [{"silencer": named[a], "silenced": named[b]} for a, b in world.antagonisms],
        "lines": lines,
    }  # fmt: skip


def _site_texts(sites: Sites, scores: Float, motifs: tuple[PlantedMotif, ...], count: int) -> list[str]:
    """Return the sites of each element as ``motif:start:strand:log2odds`` items joined by ``;`` (start in element)."""
    texts: list[list[str]] = [[] for _ in range(count)]
    order = np.lexsort((sites.start, sites.element))
    for row in order.tolist():
        strand = "+" if sites.strand[row] > 0 else "-"
        item = f"{motifs[sites.motif[row]].name}:{sites.start[row]}:{strand}:{scores[row]:.2f}"
        texts[int(sites.element[row])].append(item)
    return [";".join(items) for items in texts]


def _truth_pairs(world: World) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    s, e, p = world.settings, world.pairs[:, 0], world.pairs[:, 1]
    e_text = _site_texts(world.enhancer_sites, world.enhancer_scores, world.motifs, s.n_enhancers)
    p_text = _site_texts(world.promoter_sites, world.promoter_scores, world.motifs, s.n_promoters)
    names = list(world.contigs)
    columns: dict[str, Any] = {
        "pair_id": pair_ids(len(e)),
        "chrom": pa.array([names[c] for c in world.enhancer_contig[e].tolist()]).dictionary_encode(),
        "enhancer": e, "promoter": p,
        "enhancer_start": world.enhancer_start[e], "promoter_start": world.promoter_start[p],
        "enhancer_sites": [e_text[i] for i in e.tolist()], "promoter_sites": [p_text[i] for i in p.tolist()],
    }  # fmt: skip
    for k, mechanism in enumerate(world.mechanisms):
        columns[f"activity_{mechanism.name}"] = world.activities[:, k]
    for k, mechanism in enumerate(world.mechanisms):
        columns[f"effective_{mechanism.name}"] = world.effective[:, k]
    for c, name in enumerate(world.lines):
        columns[f"p_{name}"] = world.probability[:, c]
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return sink.getvalue()


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of a planted world, as read back. ``C`` lines, ``N`` distinct pairs, 12 mechanisms.

    ``gates`` (C, 12) in [-1, 1]; ``latent`` (C, 3); ``activities`` (N, 12) as counted in the DNA and ``effective``
    (N, 12) after silencing; ``probability`` (N, C) Bayes P(y = 1); ``enhancer`` and ``promoter`` (N,) element
    numbers; ``chrom`` (N,) contig names, ``enhancer_start`` and ``promoter_start`` (N,) bp; ``enhancer_sites`` and
    ``promoter_sites`` (N,) texts ``motif:start:strand:log2odds`` joined by ``;``.
    """

    settings: Mapping[str, Any]
    motifs: tuple[PlantedMotif, ...]
    mechanisms: tuple[Mapping[str, Any], ...]
    antagonisms: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]
    roles: Mapping[str, str]
    bayes_auroc: Mapping[str, float]
    gates: Float
    latent: Float
    pair_id: NDArray[np.object_]
    enhancer: NDArray[np.int64]
    promoter: NDArray[np.int64]
    chrom: NDArray[np.object_]
    enhancer_start: NDArray[np.int64]
    promoter_start: NDArray[np.int64]
    enhancer_sites: NDArray[np.object_]
    promoter_sites: NDArray[np.object_]
    activities: Float
    effective: Float
    probability: Float

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the mechanisms, in the order of the columns."""
        return tuple(str(mechanism["name"]) for mechanism in self.mechanisms)

    def rows_of(self, pair_id: NDArray[np.object_]) -> NDArray[np.int64]:
        """Return the row of each pair id in the arrays of this truth, (B,)."""
        place = {name: row for row, name in enumerate(self.pair_id.tolist())}
        try:
            return np.array([place[name] for name in pair_id.tolist()], dtype=np.int64)
        except KeyError as error:
            raise InputError(
                "world-pair", f"pair {error.args[0]!r} is not of this world.", "Use the world's own pairs.tsv."
            ) from None


def read_truth(folder: Path) -> Truth:
    """Return the truth of the world in a folder.

    Raises
    ------
    InputError
        ``world-truth`` when the folder holds no readable world of this format.
    """
    import pyarrow.parquet as pq

    try:
        plain = read_json(folder / "truth.json", 64 << 20)
        if plain["format"] != FORMAT:
            raise ValueError(f"format {plain['format']!r}")
        table = pq.read_table(folder / "truth_pairs.parquet")
    except (InputError, OSError, ValueError, KeyError) as error:
        raise InputError(
            "world-truth", f"no planted world of format {FORMAT} is readable there ({error}).", "Run metabam simulate."
        ) from None
    names = [mechanism["name"] for mechanism in plain["mechanisms"]]
    lines: dict[str, Any] = plain["lines"]

    def column(name: str) -> NDArray[Any]:
        return np.asarray(table.column(name).to_numpy())

    def block(prefix: str, which: list[str]) -> Float:
        return np.stack([column(f"{prefix}_{name}") for name in which], axis=1)

    return Truth(
        settings=plain["settings"],
        motifs=tuple(PlantedMotif(m["name"], np.array(m["pwm"]), m["min_log_odds"]) for m in plain["motifs"]),
        mechanisms=tuple(plain["mechanisms"]),
        antagonisms=tuple((item["silencer"], item["silenced"]) for item in plain["antagonisms"]),
        lines=tuple(lines),
        roles={name: line["role"] for name, line in lines.items()},
        bayes_auroc={name: line["bayes_auroc"] for name, line in lines.items()},
        gates=np.array([[line["gates"][name] for name in names] for line in lines.values()]),
        latent=np.array([line["latent"] for line in lines.values()]),
        pair_id=column("pair_id").astype(object),
        enhancer=column("enhancer"),
        promoter=column("promoter"),
        chrom=column("chrom").astype(object),
        enhancer_start=column("enhancer_start"),
        promoter_start=column("promoter_start"),
        enhancer_sites=column("enhancer_sites").astype(object),
        promoter_sites=column("promoter_sites").astype(object),
        activities=block("activity", names),
        effective=block("effective", names),
        probability=block("p", list(lines)),
    )


def activities(truth: Truth, pair_id: NDArray[np.object_] | None = None, *, effective: bool = False) -> Float:
    """Return standardised mechanism activities, (B, 12): mean 0 and variance 1 over the world's distinct pairs.

    Parameters
    ----------
    pair_id
        The pairs wanted, in order; all distinct pairs when left out.
    effective
        Whether silenced mechanisms count as silent (what the label function sees).
    """
    values = truth.effective if effective else truth.activities
    sd = values.std(axis=0)
    standard = (values - values.mean(axis=0)) / np.where(sd > 0, sd, 1.0)
    return np.asarray(standard if pair_id is None else standard[truth.rows_of(pair_id)])
