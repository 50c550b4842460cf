"""From a finished table to what people read: honesty, claims, intervals inside lines, and the report."""

from __future__ import annotations

from dataclasses import dataclass

from metabam.bench.claims import claims
from metabam.bench.honesty import honesty, line_scores, units_of
from metabam.bench.report import report
from metabam.bench.runner import Finished
from metabam.bench.store import CLAIMS, HONESTY, LINES, REPORT, BenchFolder, write_records
from metabam.config import BenchConfig
from metabam.files import write_bytes
from metabam.records import ClaimRecord, HonestyRecord


@dataclass(frozen=True, slots=True)
class Published:
    """What was made of a table."""

    text: str
    honesty: tuple[HonestyRecord, ...]
    claims: tuple[ClaimRecord, ...]


def publish(folder: BenchFolder, finished: Finished, config: BenchConfig) -> Published:
    """Return and write report, honesty records, claims and line intervals of a finished benchmark."""
    units = units_of(folder, finished.parts)
    flagged = honesty(units, draws=config.bootstraps, seed=config.seed)
    inside = line_scores(units, draws=config.bootstraps, seed=config.seed)
    claimed = claims(finished.table)
    text = report(finished.table, flagged, claimed, finished.leaks, inside, finished.skipped)
    write_records(folder.root / HONESTY, flagged)
    write_records(folder.root / CLAIMS, claimed)
    write_records(folder.root / LINES, inside)
    write_bytes(folder.root / REPORT, text.encode())
    return Published(text, tuple(flagged), tuple(claimed))
