"""Pair tables on their way in and out of the command line."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from metabam import files
from metabam.cli.report import Output
from metabam.errors import ConfigError, InputError
from metabam.records import PairTable, ProblemReport, Severity

if TYPE_CHECKING:
    import pandas as pd

    from metabam.data.genome import Genome

Role = Literal["training", "support", "query"]


def read_table(path: Path, role: Role, genome: Genome | None, base: int, output: Output) -> PairTable:
    """Return the pairs of one file; what the reader found goes to standard error.

    A support with any bad row is refused; other tables are refused when nothing is left of them.

    Raises
    ------
    InputError
        ``no-file``, or the first finding of a refused table, with all of them in the message.
    """
    if not path.is_file():
        raise InputError("no-file", f"there is no file {path}.", "Check the path.")
    from metabam.data.pairs import read_pairs

    table, report = read_pairs(path, role=role, genome=genome, base=base)
    if role == "support" or not len(table):
        report.raise_if_rejected()
    say_report(report, output)
    return table


def say_report(report: ProblemReport, output: Output, most: int = 8) -> None:
    """Say what the reader found: the counts, and the first findings."""
    if not report.problems:
        return
    counts = ", ".join(f"{len(report.of(level))} {level}" for level in Severity if report.of(level))
    output.note(f"{report.source}: {report.rows_used} of {report.rows_read} rows used; findings: {counts}")
    for problem in report.problems[:most]:
        output.note(f"  {problem}")
    if len(report.problems) > most:
        output.note(f"  ... {len(report.problems) - most} more: `metabam check {report.source}` lists them all")


def write_new(path: Path) -> None:
    """Refuse a path that exists, or whose folder does not.

    Raises
    ------
    ConfigError
        ``out-exists`` or ``no-folder``.
    """
    if path.exists():
        raise ConfigError("out-exists", f"{path} exists already.", "Choose a new file; nothing is overwritten.")
    if not path.absolute().parent.is_dir():
        raise ConfigError("no-folder", f"there is no folder {path.absolute().parent}.", "Make it first.")


def write_scores(scores: pd.DataFrame, out: Path | None) -> str:
    """Write the scores to a ``.tsv`` or ``.parquet`` file, or return them as TSV text where ``out`` is ``None``.

    Numbers are written so that they read back bit for bit.
    """
    if out is not None and out.suffix == ".parquet":
        buffer = io.BytesIO()
        scores.to_parquet(buffer, index=False)
        files.write_bytes(out, buffer.getvalue())
        return ""
    text: str = scores.to_csv(sep="\t", index=False, na_rep="", lineterminator="\n", float_format=repr)
    if out is None:
        return text.rstrip("\n")
    files.write_bytes(out, text.encode())
    return ""
