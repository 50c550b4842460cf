"""The tables and the genome that the catalogue damages: one clean support, one clean query table, one small FASTA."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache

COLUMNS = ("chrom", "enhancer_start", "enhancer_end", "promoter_start", "promoter_end", "label", "cell_line")
CONTIGS = {"chr1": 211_000, "chr2": 47_000, "chrM": 16_000}
WINDOW = 400


@cache
def genome_text() -> str:
    """Return a FASTA of three contigs with fixed random bases, 61 per line."""
    rng = random.Random(7)
    parts = []
    for name, length in CONTIGS.items():
        bases = "".join(rng.choices("ACGT", k=length))
        parts.append(f">{name}\n" + "".join(f"{bases[i : i + 61]}\n" for i in range(0, length, 61)))
    return "".join(parts)


def bases(chrom: str, start: int, end: int) -> str:
    """Return the same bases by another way than the genome reader."""
    return _contig(chrom)[start:end]


@cache
def _contig(chrom: str) -> str:
    return genome_text().split(f">{chrom}\n", 1)[1].split(">", 1)[0].replace("\n", "")


def records(n: int = 16, *, first: int = 0) -> list[dict[str, str]]:
    """Return ``n`` clean pairs as dictionaries of text, labels alternating, every element distinct."""
    return [
        {
            "chrom": "chr1",
            "enhancer_start": str(1_000 + 1_000 * i),
            "enhancer_end": str(1_400 + 1_000 * i),
            "promoter_start": str(101_000 + 1_000 * i),
            "promoter_end": str(101_400 + 1_000 * i),
            "label": str(i % 2),
            "cell_line": "K562",
        }
        for i in range(first, first + n)
    ]


def write(
    rows: Sequence[dict[str, str]],
    columns: Sequence[str] | None = None,
    *,
    separator: str = "\t",
    end: str = "\n",
    header: Sequence[str] | None = None,
) -> bytes:
    """Return rows as delimited text; ``header`` replaces the names on the first line, ``()`` leaves it out."""
    names = list(columns or rows[0])
    first = list(names if header is None else header)
    lines = [separator.join(first)] if first else []
    lines += [separator.join(row[name] for name in names) for row in rows]
    return (end.join(lines) + end).encode()


def clean(n: int = 16) -> bytes:
    """Return the clean support (``n`` pairs)."""
    return write(records(n))


def changed(changes: dict[int, dict[str, str]], n: int = 16) -> bytes:
    """Return the clean support with some cells replaced: row number -> column -> text."""
    rows = records(n)
    for index, cells in changes.items():
        rows[index] |= cells
    return write(rows)


def mapped(column: str, function: Callable[[str], str], n: int = 16) -> bytes:
    """Return the clean support with one column rewritten."""
    return write([row | {column: function(row[column])} for row in records(n)])


def with_column(name: str, value: Callable[[int], str], n: int = 16) -> bytes:
    """Return the clean support with one more column."""
    return write([row | {name: value(i)} for i, row in enumerate(records(n))])


def with_sequences(change: Callable[[str], str] = str, *, rows: Sequence[int] = (3,), n: int = 16) -> bytes:
    """Return the clean support with the genome's own sequences, some enhancers rewritten by ``change``."""
    out = []
    for i, row in enumerate(records(n)):
        enhancer = bases("chr1", int(row["enhancer_start"]), int(row["enhancer_end"]))
        promoter = bases("chr1", int(row["promoter_start"]), int(row["promoter_end"]))
        out.append(row | {"enhancer_seq": change(enhancer) if i in rows else enhancer, "promoter_seq": promoter})
    return write(out)


def bedpe(rest: Callable[[int], Sequence[str]], *, before: str = "", n: int = 16) -> bytes:
    """Return the clean support as BEDPE without a header, ``rest`` giving the columns after the anchors."""
    lines = []
    for i, row in enumerate(records(n)):
        anchors = [row["chrom"], row["enhancer_start"], row["enhancer_end"]]
        anchors += [row["chrom"], row["promoter_start"], row["promoter_end"]]
        lines.append("\t".join([*anchors, *rest(i)]))
    return (before + "\n".join(lines) + "\n").encode()


def queries(n: int = 23) -> bytes:
    """Return a clean query table that shares no pair with the support, without labels."""
    columns = [name for name in COLUMNS if name not in ("label", "cell_line")]
    return write([row | {"pair_id": f"q{i}"} for i, row in enumerate(records(n, first=40))], ["pair_id", *columns])
