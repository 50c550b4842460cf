"""A finished benchmark as one run's evaluation: its rows, its judged pairs, and what may be said of a learner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metabam.bench.entries import OURS, SEQUENCE_FREE, known
from metabam.bench.judging import OWN
from metabam.bench.leakage import verdict_of
from metabam.bench.store import ALL, HONESTY, LINES, SETTINGS, SKIPPED, TABLE, BenchFolder, Part, read_frame, slug, tidy
from metabam.errors import InputError
from metabam.files import read_json
from metabam.records import AuditRecord, HonestyRecord, JudgedPairs, LeakageRecord, LineScoreRecord

_CAP: Final = 1 << 28


@dataclass(frozen=True)
class BenchResult:
    """What one benchmark says about one run.

    ``worlds`` are those it judged this run on; ``own`` whether it judged the run's very weights (a benchmark on real
    data trains every learner anew). ``table`` has the columns of ``store.COLUMNS``.
    """

    worlds: tuple[str, ...]
    own: bool
    table: pd.DataFrame = field(repr=False)
    honesty: tuple[HonestyRecord, ...] = field(repr=False)
    scores: tuple[LineScoreRecord, ...] = field(repr=False)
    leaks: tuple[LeakageRecord, ...] = field(repr=False)
    pairs: tuple[JudgedPairs, ...] = field(repr=False)
    skipped: Mapping[str, str]
    settings: Mapping[str, Any]

    @property
    def learners(self) -> list[str]:
        """Return the learners that ran, in the order of the tables."""
        order = [entry.name for entry in known()]
        found = [str(name) for name in self.table.learner.unique()]
        return sorted(found, key=lambda name: order.index(name) if name in order else len(order))

    @property
    def lines(self) -> list[str]:
        """Return the held-out lines."""
        held = self.table[self.table.control.eq(OWN) & self.table.line.ne(ALL)]
        return sorted(str(name) for name in held.line.unique())


def read_result(root: Path, weights: str, trained: Sequence[str] = ()) -> BenchResult | None:
    """Return the benchmark in a folder as far as it is about the run with these weights; ``None`` where there is none.

    Parameters
    ----------
    weights
        SHA-256 of the run's weights.
    trained
        Cell lines that the run was trained on: one of them among the held-out lines is a leak.

    Raises
    ------
    InputError
        ``bench-other-run`` (other weights), ``bench-unfinished`` (no table yet), ``bench-part`` and what the load gate
        says of damaged files.
    """
    if not (root / SETTINGS).is_file():
        return None
    settings = _table(read_json(root / SETTINGS), SETTINGS)
    judged = {str(name): entry for name, entry in _table(settings.get("worlds"), SETTINGS).items()}
    stated = {name: entry.get("weights") for name, entry in judged.items() if isinstance(entry, dict)}
    own = [name for name, digest in stated.items() if digest == weights]
    worlds = own or [name for name, digest in stated.items() if digest is None]
    if not worlds:
        raise InputError(
            "bench-other-run", "this benchmark judged other weights than this run's.", "Run metabam bench again."
        )
    leaks = _leaks(root, worlds, set(trained) if own else set())
    refused = any(record.verdict == "refused" for record in leaks)
    if not refused and not (root / TABLE).is_file():
        raise InputError("bench-unfinished", "the benchmark has not written its table yet.", "Add --resume to go on.")
    table = tidy([]) if refused else read_frame(root / TABLE)
    table = table[table.world.isin(worlds)].reset_index(drop=True)
    honest = [] if refused else [_record(HonestyRecord, row, HONESTY) for row in _rows(root / HONESTY)]
    inside = [] if refused else [_record(LineScoreRecord, row, LINES) for row in _rows(root / LINES)]
    skipped = _table(read_json(root / SKIPPED), SKIPPED) if (root / SKIPPED).is_file() else {}
    return BenchResult(
        tuple(worlds),
        bool(own),
        table,
        tuple(record for record in honest if record.world in worlds),
        tuple(record for record in inside if record.world in worlds),
        tuple(leaks),
        tuple(judged_pairs(BenchFolder(root), table)),
        {str(name): str(reason) for name, reason in skipped.items()},
        settings,
    )


def audit_of(result: BenchResult | None, learner: str = OURS) -> AuditRecord:
    """Return what the benchmark allows to be said of a learner; ``not_audited`` where there is none."""
    if result is None:
        return AuditRecord(learner, "not_audited", (), (), "not_audited", (), ())
    refusals = tuple(record for record in result.leaks if record.verdict == "refused")
    shared = tuple(dict.fromkeys(record.relation for record in result.leaks if record.verdict == "flagged"))
    leakage: Any = "refused" if refusals else ("flagged" if shared else "clear") if result.leaks else "not_audited"
    mine = [record for record in result.honesty if record.learner == learner]
    ran = {record.baseline for record in mine}
    lost = {record.baseline for record in mine if not record.shown_to_beat}
    missed = tuple(name for name in SEQUENCE_FREE if name in lost)
    missing = tuple(name for name in SEQUENCE_FREE if name not in ran)
    honesty: Any = "not_audited" if not mine or refusals else "not_beaten" if missed else "beaten"
    if honesty == "beaten" and missing:
        honesty = "partial"
    return AuditRecord(learner, honesty, missed, missing, leakage, refusals, shared)


def judged_pairs(folder: BenchFolder, table: pd.DataFrame) -> list[JudgedPairs]:
    """Return the kept queries of every line, with the logits of the learners that the table names."""
    found: list[JudgedPairs] = []
    keys = table.loc[table.line.ne(ALL) & table.control.eq(OWN), ["world", "fold", "line"]].drop_duplicates()
    for world, fold, line in keys.itertuples(index=False):
        asked = folder.logits(Part(world, fold, "queries", line))
        here = table[table.world.eq(world) & table.fold.eq(fold) & table.line.eq(line)]
        kept = {str(name): folder.logits(Part(world, fold, str(name), line)) for name in here.learner.unique()}
        for repeat in sorted(int(name.split(".")[1]) for name in asked if name.startswith("labels.")):
            logits = {name: values[f"logit.{repeat}"] for name, values in kept.items() if f"logit.{repeat}" in values}
            if logits:
                found.append(_pairs(world, fold, line, repeat, asked, logits))
    return found


# ------------------------------------------------------------------ inside


def _pairs(
    world: str, fold: str, line: str, repeat: int, asked: Mapping[str, NDArray[Any]], logits: dict[str, NDArray[Any]]
) -> JudgedPairs:
    def of(name: str) -> NDArray[Any] | None:
        return asked.get(f"{name}.{repeat}")

    size = len(asked[f"labels.{repeat}"])
    names, turned, distance, bayes = of("names"), of("reversed"), of("distance"), of("bayes")
    spelled = () if names is None else tuple(names.tobytes().decode("utf-8", "replace").split("\n"))
    return JudgedPairs(
        world,
        fold,
        line,
        repeat,
        asked[f"labels.{repeat}"].astype(np.int8),
        asked[f"genes.{repeat}"],
        {name: values.astype(np.float64) for name, values in logits.items() if len(values) == size},
        of("enhancers"),
        None if distance is None else distance.astype(np.float64),
        None if turned is None else turned.astype(bool),
        None if bayes is None else bayes.astype(np.float64),
        spelled if len(spelled) == size else (),
    )


def _leaks(root: Path, worlds: Sequence[str], trained: set[str]) -> list[LeakageRecord]:
    """Return the audit of the worlds' folds, its verdicts drawn anew, and held-out lines that the run trained on."""
    found: list[LeakageRecord] = []
    for world in worlds:
        for path in sorted((root / "splits" / slug(world)).glob("*.json")):
            manifest = _table(read_json(path, _CAP), path.name)
            for row in manifest.get("audit", []):
                record: LeakageRecord = _record(LeakageRecord, row, path.name)
                said = verdict_of(record.between, record.relation, record.shared)
                found.append(replace(record, verdict=said))
            for entry in manifest.get("held_out", []):
                name = str(entry.get("name", "")) if isinstance(entry, dict) else ""
                if name.partition(" | ")[0] in {line.partition(" | ")[0] for line in trained}:
                    fold, pairs = str(manifest.get("fold", "")), int(entry.get("pairs", 0))
                    found.append(LeakageRecord(world, fold, name, "training-query", "line", pairs, pairs, "refused"))
    return found


def _rows(path: Path) -> list[Any]:
    values = read_json(path, _CAP) if path.is_file() else []
    return list(values) if isinstance(values, list) else []


def _record(kind: type[Any], row: Any, name: str) -> Any:
    try:
        return kind(**row)
    except TypeError:
        raise InputError("bench-part", f"{name} is not what a benchmark writes.", "Run it again.") from None


def _table(values: Any, name: str) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise InputError("bench-part", f"{name} holds no table.", "Run the benchmark again.")
    return values
