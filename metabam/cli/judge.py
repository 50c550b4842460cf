"""``metabam bench``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from metabam.cli.report import Output, Result
from metabam.config import BenchConfig, build
from metabam.errors import ConfigError, InputError

if TYPE_CHECKING:
    from metabam.bench.publish import Published
    from metabam.bench.runner import Finished
    from metabam.bench.worlds import World

REAL_FILES = (
    "elements_hg19.parquet", "element_tracks.npz", "tracks.tsv", "chromosome_folds.tsv", "mini_pairs.tsv.gz",
)  # fmt: skip


def bench(arguments: argparse.Namespace, output: Output) -> Result:
    """Run every learner on the same episodes, or list what can be named.

    Raises
    ------
    ConfigError
        ``usage`` without a world or ``--out``; ``run-count``; ``no-data``; a setting out of range.
    InputError
        ``leak-line`` or ``leak-pair``: a score is withheld.
    """
    if arguments.list:
        return _list()
    if not (arguments.world or arguments.real) or not arguments.out:
        raise ConfigError("usage", "bench needs a world (--world or --real) and --out.", "See `metabam bench --help`.")
    if arguments.run_dir and len(arguments.run_dir) != len(arguments.world):
        message = f"{len(arguments.run_dir)} --run for {len(arguments.world)} --world."
        raise ConfigError("run-count", message, "Give one --run for each --world, in the same order, or none.")
    import torch

    from metabam.bench.publish import publish
    from metabam.bench.runner import run_bench
    from metabam.bench.store import BenchFolder

    torch.set_num_threads(1)
    config = _config(arguments)
    folder = BenchFolder(Path(arguments.out))
    worlds = [*_planted(arguments, config), *(_real(part, config, arguments) for part in arguments.real)]
    progress = output.progress()
    try:
        finished = run_bench(config, worlds, folder, resume=arguments.resume, progress=progress.update)
        progress.update("report", arguments.out)
        published = publish(folder, finished, config)
    finally:
        progress.close()
    for name, reason in finished.skipped.items():
        output.note(f"left out: {name}: {reason}")
    return Result(_values(arguments.out, finished, published), published.text.rstrip("\n"))


def _list() -> Result:
    from metabam.bench.listing import listed

    found = listed()
    lines = [f"{kind}\t{name}\t{said}" for kind, names in found.items() for name, said in names.items()]
    return Result(found, "\n".join(lines))


def _config(arguments: argparse.Namespace) -> BenchConfig:
    names = ("shots", "supports", "queries", "lines", "seed", "steps", "bootstraps")
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    return build({**given, "learners": arguments.learner}, BenchConfig)


def _planted(arguments: argparse.Namespace, config: BenchConfig) -> list[World]:
    from metabam.bench.planted import PlantedWorld

    made: list[World] = []
    for place, name in enumerate(arguments.world):
        folder = Path(name)
        if not folder.is_dir():
            raise InputError("no-world", f"there is no folder {name}.", "Run metabam simulate.")
        run = _open_run(arguments.run_dir[place]) if arguments.run_dir else None
        cache = Path(arguments.out) / "features"
        how = {"features": arguments.features, "noise": arguments.noise, "lines": config.lines, "seed": config.seed}
        made.append(PlantedWorld(folder, run=run, cache=cache, **how))
    return made


def _open_run(name: str) -> Any:
    from metabam.train.run import RunStore

    path = Path(name)
    if not path.is_dir():
        raise InputError("no-run", f"there is no run directory {name}.", "Give what `metabam train --out` wrote.")
    return RunStore(path.resolve().parent).open(path.resolve().name)


def _real(part: Literal["W2a", "W2b"], config: BenchConfig, arguments: argparse.Namespace) -> World:
    """Return a real world, read through METABAM_DATA; ``--folds`` names chromosome folds, none of them all.

    Raises
    ------
    ConfigError
        ``no-data`` where METABAM_DATA names no folder.
    """
    from metabam.bench.real import RealWorld, folder_digest
    from metabam.data.geometry import GEOMETRY
    from metabam.data.real import real_world

    folder = os.environ.get("METABAM_DATA", "")
    if not folder or not Path(folder).is_dir():
        raise ConfigError("no-data", "METABAM_DATA names no folder of real data.", "Set it, or bench a planted world.")
    root = Path(folder)
    pairs = sorted(f"pairs/{path.name}" for path in (root / "pairs").glob("*.parquet"))
    inputs: dict[str, Any] = dict(folder_digest(root, [*REAL_FILES, *pairs]))
    folds = tuple(sorted(set(arguments.folds or ())))
    if folds:
        inputs["folds"] = list(folds)
    full = arguments.geometry == "full"
    if full:
        inputs["geometry"] = list(GEOMETRY)
    return RealWorld(part, lambda: real_world(part, root, folds=folds, seed=config.seed, full_geometry=full), inputs)


def _values(out: str, finished: Finished, published: Published) -> dict[str, Any]:
    missed: Sequence[Any] = [item for item in published.honesty if not item.shown_to_beat]
    return {
        "out": out,
        "rows": len(finished.table),
        "learners": finished.table.learner.drop_duplicates().tolist(),
        "worlds": finished.table.world.drop_duplicates().tolist(),
        "skipped": dict(finished.skipped),
        "not_shown_to_beat": [[item.world, item.learner, item.baseline] for item in missed],
        "claims": [
            [item.claim, item.statement, item.estimate, item.low, item.high, item.holds] for item in published.claims
        ],
    }
