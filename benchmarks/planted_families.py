"""Families of lines drawn anew from the laws of planted worlds: what the benchmarks over them share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scaling import Pool

from metabam.files import write_bytes
from metabam.train.run import RunStore

LINES = 5
"""Training lines of a family."""


def parser_of(about: str | None, families: int, *, required: bool = True) -> argparse.ArgumentParser:
    """Return a parser with the options that all of them share."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--world", type=Path, action="append", required=required, help="folder that metabam simulate wrote"
    )
    parser.add_argument(
        "--run", type=Path, action="append", required=required, help="finished run trained on that world"
    )
    parser.add_argument("--families", type=int, default=families, help="of each world")
    parser.add_argument("--judges", type=int, default=12, help="lines that judge a family")
    parser.add_argument("--pairs", type=int, default=6_000, help="of each training line")
    parser.add_argument("--out", type=Path, help="file for the table")
    return parser


def over_families(
    args: argparse.Namespace,
    judged: Callable[[Pool, int, argparse.Namespace], np.ndarray],
    table_of: Callable[[np.ndarray, list[str]], str],
    first: int = 0,
) -> None:
    """Judge every family of every world, and print and write the table; families are numbered from ``first``."""
    rows, names = [], []
    for world, run in zip(args.world, args.run, strict=True):
        pool = Pool(world, RunStore(run.parent).open(run.name))
        for number in range(first, first + args.families):
            rows.append(judged(pool, number, args))
            names.append(f"{world.name} {number}")
            print(names[-1], rows[-1].round(4).tolist(), flush=True)
    text = table_of(np.array(rows), names)
    print(text)
    if args.out:
        write_bytes(args.out, text.encode())
