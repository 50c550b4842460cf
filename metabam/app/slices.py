"""Slices of an ablation: which pairs count, the forest over them, the pairs that change most, and the files."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from metabam.app import session
from metabam.app.ablating import Ablation, Setting
from metabam.app.layout import Scene
from metabam.app.widgets import csv_text, digest, json_text
from metabam.records import AblationRecord, BoolArray, ForestRecord, IntArray

if TYPE_CHECKING:
    from metabam.probe.forest import Metric

Array = NDArray[np.float64]
EDGES_KB: Final = (0.0, 50.0, 200.0, 500.0, float("inf"))


@dataclass(frozen=True, slots=True)
class Slice:
    """Which pairs count: one line or all (""), a label or all (None), a distance range in kb or all (None)."""

    line: str = ""
    label: int | None = None
    distance: tuple[float, float] | None = None


def rows_of(done: Ablation, cut: Slice) -> tuple[BoolArray, list[tuple[str, int]]]:
    """Return which pairs a slice holds (N,), and how many each filter removed, in order: line, label, distance."""
    record, rows = done.record, np.ones(len(done.record), dtype=bool)
    removed: list[tuple[str, int]] = []
    tests: list[tuple[str, BoolArray]] = []
    if cut.line:
        tests.append(("line", record.line == record.lines.index(cut.line)))
    if cut.label is not None:
        tests.append(("label", record.labels == cut.label))
    if cut.distance is not None:
        low, high = cut.distance
        tests.append(("distance", (done.distance >= low * 1e3) & (done.distance < high * 1e3)))
    for name, test in tests:
        removed.append((name, int((rows & ~test).sum())))
        rows = rows & test
    return rows, removed


def forest_of(done: Ablation, cut: Slice, metric: Metric) -> ForestRecord:
    """Return effects and the band of random directions over a slice; kept, because a bootstrap takes a moment.

    Raises
    ------
    InputError
        ``empty-slice`` or ``slice-labels``.
    """
    from metabam.probe.forest import forest

    key = digest("forest", done.key, cut, metric)
    held: ForestRecord | None = session.get("own_forest", {}).get(key)
    if held is None:
        held = forest(done.record, rows_of(done, cut)[0], metric=metric)
        session.put("own_forest", {key: held})
    return held


def by_line(done: Ablation, cut: Slice) -> tuple[Array, IntArray]:
    """Return the mean signed loss in logits (E, K), NaN where the slice has no pair of a line, and pairs (E,)."""
    from metabam.probe.forest import line_map

    rows, _ = rows_of(done, cut)
    effect, _ = line_map(_taken(done.record, rows))
    count = np.bincount(done.record.line[rows], minlength=len(done.record.lines)).astype(np.int64)
    return np.where(count[:, None] > 0, effect, np.nan), count


def _taken(record: AblationRecord, rows: BoolArray) -> AblationRecord:
    """Return the record of some of its pairs."""
    return replace(
        record,
        **{name: getattr(record, name)[rows] for name in ("line", "labels", "groups", "logit", "probability")},
        **{
            name: getattr(record, name)[:, rows]
            for name in ("lost_logit", "lost_probability", "random_logit", "random_probability")
        },
    )


def changed_pairs(done: Ablation, atom: int, cut: Slice, most: int = 20) -> list[dict[str, Any]]:
    """Return the pairs of a slice that removing an atom (from 0) changes most, those whose logit changes sign first."""
    from metabam.probe.forest import most_changed

    rows = np.flatnonzero(rows_of(done, cut)[0])
    record = _taken(done.record, rows_of(done, cut)[0])
    told = []
    for at in most_changed(record, atom, most).tolist():
        before, lost = float(record.logit[at]), float(record.lost_logit[atom, at])
        told.append(
            {
                "line": record.lines[int(record.line[at])],
                "pair": done.names[int(rows[at])],
                "label": int(record.labels[at]),
                "before": before,
                "after": before - lost,
                "flips": bool(np.sign(before) != np.sign(before - lost)),
            }
        )
    return told


def is_chance(told: ForestRecord, direction: int) -> bool:
    """Return whether removing a direction does no more than removing a random one: the page then shows no score."""
    return bool(told.inside[direction])


# ------------------------------------------------------------------ files


def long_csv(done: Ablation, cut: Slice, comment: str) -> str:
    """Return one row per atom and pair of the slice."""
    record = done.record
    rows = [
        {
            "line": record.lines[int(record.line[at])],
            "pair": done.names[at],
            "label": "" if record.labels[at] < 0 else int(record.labels[at]),
            "distance_bp": float(done.distance[at]),
            "logit": float(record.logit[at]),
            "probability": float(record.probability[at]),
            "atom": atom + 1,
            "lost_logit": float(record.lost_logit[atom, at]),
            "lost_probability": float(record.lost_probability[atom, at]),
        }
        for at in np.flatnonzero(rows_of(done, cut)[0]).tolist()
        for atom in range(len(record.lost_logit))
    ]
    return csv_text(rows, f"{comment}; {told_setting(done.setting)}; slice {asdict(cut)}")


def forest_json(done: Ablation, cut: Slice, told: ForestRecord, scene: Scene) -> str:
    """Return the forest with everything that was chosen; an effect inside the band is null."""
    atoms = [
        {
            "atom": k + 1,
            "more_than_chance": not is_chance(told, k),
            "verdict": told.verdicts[k],
            "p": float(told.p[k]),
            "label_log_likelihood_lost": [float(part[k]) for part in (told.fit, told.fit_low, told.fit_high)]
            if told.n_labelled
            else None,
            "effect": None if is_chance(told, k) else [float(part[k]) for part in (told.effect, told.low, told.high)],
            "size": None
            if is_chance(told, k)
            else [float(part[k]) for part in (told.size, told.size_low, told.size_high)],
        }
        for k in range(len(told.effect))
    ]
    return json_text(
        {
            "setting": asdict(done.setting),
            "slice": asdict(cut),
            "metric": told.metric,
            "n": told.n,
            "groups": told.n_groups,
            "labelled": told.n_labelled,
            "band": told.band.tolist(),
            "size_band": told.size_band,
            "atoms": atoms,
            "provenance": scene.provenance(),
        }
    )


def told_setting(setting: Setting) -> str:
    """Return what was chosen, as one line of a comment."""
    return "; ".join(f"{name}={' '.join(str(value).split())}" for name, value in asdict(setting).items())
