"""The planted world W1: what ``metabam simulate`` writes, its truth for benchmarks, and example tables for the app.

:func:`simulate` builds a world (``world``, ``planting``) and writes it (``worldfiles``); :func:`read_truth` and
:func:`activities` read its truth; :func:`draw_examples` cuts a 16-pair support and its queries out of it.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from metabam.data.world import Progress, World, build_world
from metabam.data.worldfiles import PAIR_COLUMNS, Truth, activities, read_truth, write_world
from metabam.data.worldsettings import WorldSettings
from metabam.errors import ConfigError, InputError
from metabam.files import write_bytes

__all__ = ["Truth", "World", "WorldSettings", "activities", "build_world", "draw_examples", "read_truth", "simulate"]


def simulate(out: Path, seed: int, *, progress: Progress | None = None, **settings: Any) -> dict[str, Any]:
    """Write a planted world to a new folder and return its truth (what ``truth.json`` holds).

    Parameters
    ----------
    out
        A folder that does not exist, or is empty. It appears whole or not at all.
    seed
        The same seed and settings give the same bytes.
    progress
        Called with the name of the stage and the share done, in [0, 1].
    **settings
        Any other field of :class:`WorldSettings`, for example ``pairs_per_line=300, heldout_lines=2``.

    Raises
    ------
    ConfigError
        ``world-exists`` when the folder holds anything, ``world-settings`` for a setting out of range.

    Notes
    -----
    The default world (25 lines x 6,000 pairs) takes about 2 s on one core and 20 MB.
    """
    known = {item.name for item in fields(WorldSettings)}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise ConfigError("world-settings", f"unknown setting {unknown[0]!r}.", f"Known: {', '.join(sorted(known))}.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError("world-exists", f"{out} is not an empty folder.", "Choose a new one; nothing is overwritten.")
    world = build_world(WorldSettings(seed=seed, **settings), progress)
    return write_world(world, out, asdict(world.settings), progress)


def _rows_of_line(pairs: Path, line: str) -> list[list[str]]:
    """Return the rows of one line of ``pairs.tsv``, split at tabs."""
    with pairs.open(encoding="ascii") as handle:
        header = tuple(next(handle).rstrip("\n").split("\t"))
        if header != PAIR_COLUMNS:
            raise InputError("world-pairs", "pairs.tsv is not of a planted world.", "Run metabam simulate.")
        column = PAIR_COLUMNS.index("cell_line")
        rows = [row.rstrip("\n").split("\t") for row in handle]
    chosen = [row for row in rows if row[column] == line]
    if not chosen:
        raise InputError("world-line", f"no pair of {line!r} in pairs.tsv.", "Name a line of truth.json.")
    return chosen


def draw_examples(
    folder: Path, out: Path, line: str, *, shots: int = 16, queries: int = 500, seed: int = 0, balanced: bool = False
) -> dict[str, Path]:
    """Write example tables of one line of a world, as CSV; return their paths by name.

    ``support`` (``shots`` pairs of both classes), ``shuffled`` (the same pairs with their labels permuted, about half
    of the positives moved), ``query`` (no labels) and ``query_labelled``. Support and query share no enhancer and no
    promoter.

    Parameters
    ----------
    balanced
        Half of the support positive; otherwise drawn at natural prevalence, again until both classes are there.

    Raises
    ------
    InputError
        ``world-line`` or ``world-pairs``; ``world-small`` where the line cannot give such tables.
    """
    rows = _rows_of_line(folder / "pairs.tsv", line)
    rng = np.random.default_rng(np.random.SeedSequence([seed, shots, queries]))
    place = {name: index for index, name in enumerate(PAIR_COLUMNS)}
    label = np.array([int(row[place["label"]]) for row in rows])
    if min(int((label == 0).sum()), int((label == 1).sum())) < shots // 2 + 1 or shots < 2:
        raise InputError("world-small", f"{line} has too few pairs for {shots} shots.", "Simulate more pairs a line.")
    support = _draw_support(rng, label, shots, balanced)
    enhancers = [(row[place["chrom"]], row[place["enhancer_start"]]) for row in rows]
    promoters = [(row[place["chrom"]], row[place["promoter_start"]]) for row in rows]
    used_e, used_p = {enhancers[i] for i in support}, {promoters[i] for i in support}
    free = [i for i in rng.permutation(len(rows)) if enhancers[i] not in used_e and promoters[i] not in used_p]
    if len(free) < 2:
        raise InputError("world-small", f"{line} has no pairs left for queries.", "Simulate more pairs a line.")
    chosen = free[:queries]
    shuffled = label[support].copy()
    moved = max(1, min(int(shuffled.sum()), int((1 - shuffled).sum())) // 2)
    for value in (0, 1):
        swap = rng.choice(np.flatnonzero(label[support] == value), size=moved, replace=False)
        shuffled[swap] = 1 - value
    out.mkdir(parents=True, exist_ok=True)
    tables = {
        "support": _csv(rows, support, label[support]),
        "shuffled": _csv(rows, support, shuffled),
        "query": _csv(rows, chosen, None),
        "query_labelled": _csv(rows, chosen, label[chosen]),
    }
    paths = {name: out / f"{line}-{name}.csv" for name in tables}
    for name, text in tables.items():
        write_bytes(paths[name], text.encode())
    return paths


def _draw_support(rng: np.random.Generator, label: np.ndarray[Any, Any], shots: int, balanced: bool) -> list[int]:
    if balanced:
        parts = [
            rng.choice(np.flatnonzero(label == value), size=size, replace=False)
            for value, size in ((1, shots // 2), (0, shots - shots // 2))
        ]
        return [int(i) for i in rng.permutation(np.concatenate(parts))]
    while True:
        drawn = rng.choice(len(label), size=shots, replace=False)
        if 0 < label[drawn].sum() < shots:
            return [int(i) for i in drawn]


def _csv(rows: list[list[str]], index: list[int], label: np.ndarray[Any, Any] | None) -> str:
    keep = [i for i, name in enumerate(PAIR_COLUMNS) if label is not None or name != "label"]
    at = PAIR_COLUMNS.index("label")
    out = [",".join(PAIR_COLUMNS[i] for i in keep)]
    for order, number in enumerate(index):
        row = list(rows[number])
        if label is not None:
            row[at] = str(int(label[order]))
        out.append(",".join(row[i] for i in keep))
    return "\n".join(out) + "\n"
