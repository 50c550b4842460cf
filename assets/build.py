"""Make the bundled demo: a small planted world, a run trained on it, and example tables of lines it never saw.

``python assets/build.py`` writes ``assets/world``, ``assets/demo``, ``assets/examples`` and ``assets/MANIFEST.json``;
it calls the same commands that a user would. The old assets are replaced only when everything new is there. With
``--bench-only`` the run, the world and the examples stay, and only ``assets/demo/bench`` is made anew.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from metabam import files
from metabam.data.exports import export_rows, table_columns
from metabam.data.genome import Genome
from metabam.data.pairs import read_table
from metabam.records import PairTable

ROOT = Path(__file__).resolve().parent
COMMAND = "python assets/build.py"
SEED = 0
"""A world on which leaving one line out chose to go on meta-training, so that the monitor has a curve to show; on
others (1, 2 and 34 were tried) it chose to keep the model as it was born. README's figures are means over 0 to 2."""
DECOYS = ("--set", "model.overcomplete=true", "--set", "model.n_atoms=24")
"""The demo keeps the random atoms that a run does without: decoys beside the twelve mechanisms, for the gallery and the
null of the ablation. Without them the choice on this world, too, is the model as it was born."""
LINES = ("unseen01", "unseen02", "unseen03", "unseen04")
SHUFFLED = "unseen01"
QUERIES = 400
LIMIT = 25 * 10**6
MADE = ("world", "demo", "examples")
NOT_SHIPPED = ("checkpoints", "lock", "resume")
BENCH = (
    "--lines", "6", "--supports", "4", "--queries", "300", "--shots", "0", "4", "8", "16", "32", "64", "256",
    "--learner",
    "metabam,metabam_context,hierarchical,pooled,prototype,distance,tss_count,gene_propensity,pair_lookup,"
    "kmer_prototype,support_prevalence,truth_knower",
)  # fmt: skip
"""Lines, supports and learners of the bundled benchmark: about 80 CPU seconds and 1.4 MB."""


def metabam(*words: str | Path) -> None:
    """Run one command of the package, as a user would."""
    subprocess.run([sys.executable, "-m", "metabam.cli", *map(str, words)], check=True)


def with_sequences(table: PairTable, genome: Genome) -> PairTable:
    """Return a table that needs no genome."""

    def read(side: str) -> np.ndarray:
        columns = (getattr(table, f"{side}_{part}") for part in ("chrom", "start", "end"))
        return np.array([genome.fetch(str(c), int(a), int(b)) for c, a, b in zip(*columns, strict=True)], dtype=object)

    return replace(table, enhancer_seq=read("enhancer"), promoter_seq=read("promoter"))


def write_table(path: Path, table: PairTable) -> None:
    """Write a pair table."""
    files.write_bytes(path, export_rows(table_columns(table)))


def half_swapped(labels: np.ndarray) -> np.ndarray:
    """Return labels of which half of each class changed sides: a shuffle that agrees with the truth by chance alone."""
    out = labels.copy()
    for value in (0, 1):
        rows = np.flatnonzero(labels == value)
        out[np.random.default_rng(SEED + value).choice(rows, len(rows) // 2, replace=False)] = 1 - value
    return out


def write_examples(world: Path, out: Path) -> None:
    """Write a support of 8 + 8 pairs and queries at natural prevalence for each line; one support also shuffled."""
    out.mkdir()
    genome = Genome(world / "genome.fa")
    for line in LINES:
        with tempfile.TemporaryDirectory() as folder:
            support, queries = Path(folder) / "support.tsv", Path(folder) / "queries.tsv"
            words = ("--shots", "16", "--balanced", "--seed", str(SEED), "--support", support, "--queries", queries)
            metabam("draw", "--pairs", world / "pairs.tsv", "--line", line, *words)
            chosen = with_sequences(read_table(support, role="support").table, genome)
            asked = read_table(queries, role="query").table
        rows = np.sort(np.random.default_rng(SEED).choice(len(asked), min(QUERIES, len(asked)), replace=False))
        write_table(out / f"queries_{line}.tsv", with_sequences(asked.take(rows), genome))
        write_table(out / f"support_{line}.tsv", chosen)
        if line == SHUFFLED:
            write_table(out / f"support_{line}_shuffled.tsv", replace(chosen, label=half_swapped(chosen.label)))
    genome.close()


def simulate(folder: Path, pairs: int | None) -> Path:
    """Write the whole planted world and return its folder."""
    world = folder / "planted"
    metabam("simulate", "--out", world, "--seed", str(SEED), *(["--pairs-per-line", str(pairs)] if pairs else []))
    return world


def write_bench(world: Path, run: Path) -> None:
    """Judge a run on its own world; of the parts, only the logits are kept, since the table holds their rows."""
    metabam("bench", "--world", world, "--run", run, "--out", run / "bench", *BENCH)
    for path in (run / "bench").rglob("*"):
        if path.name in ("lock", "pace.json") or (path.suffix == ".parquet" and path.name != "table.parquet"):
            path.unlink()
    for path in sorted((run / "bench").rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def build(folder: Path, steps: int | None, pairs: int | None) -> None:
    """Make everything inside an empty folder."""
    world = simulate(folder, pairs)
    words = ["--steps", str(steps)] if steps else []
    metabam(
        "train", "--genome", world / "genome.fa", "--pairs", world / "pairs.tsv", "--holdout", "unseen*",
        "--out", folder / "demo", "--seed", str(SEED), "--map", *DECOYS, *words,
    )  # fmt: skip
    for path in (folder / "demo").iterdir():
        if path.name.startswith(NOT_SHIPPED):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    status = files.read_json(folder / "demo" / "status.json")
    files.write_json(folder / "demo" / "status.json", status | {"host": "", "pid": 0})
    write_bench(world, folder / "demo")
    write_examples(world, folder / "examples")
    (folder / "world").mkdir()
    for name in ("genome.fa", "truth.json", "truth_pairs.parquet", "motifs.meme"):
        shutil.copyfile(world / name, folder / "world" / name)
    shutil.rmtree(world)
    write_motifs(folder)
    write_manifest(folder)


def write_motifs(folder: Path) -> None:
    """Compare the run's motifs with the planted ones and keep it: the first one on a server is slow."""
    command = ROOT.parent / "benchmarks" / "atom_motifs.py"
    words = [command, "--world", folder / "world", "--run", folder / "demo", "--keep"]
    subprocess.run([sys.executable, *map(str, words)], check=True)


def write_manifest(folder: Path) -> None:
    """Say what every file of the demo is, and what made it."""
    made = sorted(path for name in MADE for path in (folder / name).rglob("*") if path.is_file())
    described = {
        str(path.relative_to(folder)): {"sha256": files.sha256(path.read_bytes()), "bytes": path.stat().st_size}
        for path in made
    }
    total = sum(entry["bytes"] for entry in described.values())
    if total > LIMIT:
        sys.exit(f"the demo is {total / 1e6:.1f} MB, above {LIMIT / 1e6:.0f} MB")
    versions = {name: version(name) for name in ("metabam", "torch", "numpy")} | {"python": platform.python_version()}
    manifest = {"command": COMMAND, "seed": SEED, "versions": versions, "bytes": total, "files": described}
    (folder / "MANIFEST.json").write_text(json.dumps(manifest, indent=1) + "\n")


def add_map(folder: Path) -> None:
    """Make the map of a demo that stands, and describe the assets anew; nothing else is touched."""
    metabam("probe", "map", "--run", folder / "demo", "--seed", str(SEED))
    write_manifest(folder)


def bench_only(assets: Path, pairs: int | None) -> None:
    """Make the benchmark of the demo that is there, on the world that its seed gives."""
    folder = Path(tempfile.mkdtemp(prefix=".build-", dir=assets))
    try:
        world = simulate(folder, pairs)
        same = files.sha256((world / "truth.json").read_bytes()) == files.sha256(
            (assets / "world" / "truth.json").read_bytes()
        )
        if not same:
            sys.exit("this version simulates another world than the demo's: build everything")
        shutil.copytree(assets / "demo", folder / "demo", ignore=shutil.ignore_patterns("bench"))
        write_bench(world, folder / "demo")
        shutil.rmtree(assets / "demo" / "bench", ignore_errors=True)
        (folder / "demo" / "bench").rename(assets / "demo" / "bench")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    write_manifest(assets)
    print(assets / "MANIFEST.json")


def main() -> None:
    """Build beside the assets, then replace them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, help="meta-training steps at most (default: the preset's)")
    parser.add_argument("--pairs-per-line", type=int, help="size of the world, to try this command (default: 6000)")
    parser.add_argument("--out", type=Path, default=ROOT, help="folder to write into (default: assets)")
    parser.add_argument("--map-only", action="store_true", help="only add the map to the demo that is there")
    parser.add_argument("--motifs-only", action="store_true", help="only compare the motifs of the demo that is there")
    parser.add_argument("--bench-only", action="store_true", help="keep everything but the benchmark of the demo")
    arguments = parser.parse_args()
    if arguments.map_only:
        add_map(arguments.out)
        return
    if arguments.motifs_only:
        write_motifs(arguments.out)
        write_manifest(arguments.out)
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.bench_only:
        bench_only(arguments.out, arguments.pairs_per_line)
        return
    folder = Path(tempfile.mkdtemp(prefix=".build-", dir=arguments.out))
    try:
        build(folder, arguments.steps, arguments.pairs_per_line)
        for name in (*MADE, "MANIFEST.json"):
            old = arguments.out / name
            if old.exists():
                shutil.rmtree(old) if old.is_dir() else old.unlink()
            (folder / name).rename(old)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(arguments.out / "MANIFEST.json")


if __name__ == "__main__":
    main()
