"""Pair tables on their way in and out of the command line."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from metabam.cli.report import Output
from metabam.errors import ConfigError, InputError
from metabam.records import ProblemReport, Severity

if TYPE_CHECKING:
    from metabam.data.features import PairFeatures
    from metabam.data.genome import Genome
    from metabam.data.pairs import ReadResult

Role = Literal["training", "support", "query"]


def read_table(
    path: str, role: Role, genome: Genome | None, base: int, output: Output, *, allow_one_class: bool = False
) -> ReadResult:
    """Return what the reader made of one file; its findings go to standard error.

    Raises
    ------
    InputError
        ``no-file``, or the first finding of a table refused as a whole, with all of them in the message.
    """
    from metabam.data import pairs

    if not Path(path).is_file():
        raise InputError("no-file", f"there is no file {path}.", "Check the path.")
    result = pairs.read_table(Path(path), role=role, genome=genome, base=base, allow_one_class=allow_one_class)
    result.raise_if_refused()
    say_report(result.report, output)
    return result


def open_genome(path: str | None, output: Output) -> Genome | None:
    """Return the genome of a FASTA, or ``None`` where none was named; what it noticed goes to standard error."""
    if path is None:
        return None
    from metabam.data.genome import Genome

    genome = Genome(Path(path))
    for problem in genome.problems:
        output.note(str(problem))
    return genome


def open_brought(path: str | None, without_lines: Collection[str] = ()) -> PairFeatures | None:
    """Return the features that the user brings, or ``None`` where none were named."""
    if path is None:
        return None
    from metabam.data.features import open_features

    return open_features(Path(path), without_lines)


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
