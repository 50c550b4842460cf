"""The Markdown report of a benchmark, from its own rows: means with intervals, flags, claims, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from metabam.bench.claims import paired, rows_of, unseen
from metabam.bench.entries import OURS, SEQUENCE_FREE
from metabam.bench.judging import CONTROLS, FLIPPED, NONE, OWN, PERMUTED, WRONG
from metabam.bench.splits import BALANCED, NATURAL
from metabam.metrics import Interval
from metabam.records import ClaimRecord, HonestyRecord, LeakageRecord, LineScoreRecord

SHOTS = 16


def report(
    table: pd.DataFrame,
    honesty: Sequence[HonestyRecord],
    claims: Sequence[ClaimRecord],
    leaks: Sequence[LeakageRecord],
    lines: Sequence[LineScoreRecord] = (),
    skipped: Mapping[str, str] | None = None,
    *,
    compared: str = OURS,
) -> str:
    """Return the report; ``compared`` is the learner whose paired differences and line intervals are shown."""
    if compared not in set(table.learner):
        compared = str(table.learner.iloc[0])
    parts = ["# Benchmark", sizes(table), flags(honesty), claim_table(claims)]
    for world in table.world.drop_duplicates():
        parts += [f"# World {world}", *headed(_world(table[table.world == world], compared))]
    if table.world.nunique() > 1:
        parts += ["# All worlds together", *headed(_main(table, compared))]
    left_out = [f"- {name}: {reason}" for name, reason in (skipped or {}).items()]
    title = f"# Inside each line: AUPRC of {compared}, S = {SHOTS}, interval over genes"
    parts += headed(
        {
            "# Honesty: AUPRC minus what reads no sequence": honesty_table(honesty),
            title: line_table(lines, compared),
            "# What training, supports and queries share": leakage_table(leaks),
            "# Left out": "\n".join(left_out),
        }
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def headed(sections: Mapping[str, str]) -> list[str]:
    """Return heading and text of the sections that have something to say."""
    return [part for title, text in sections.items() if text for part in (title, text)]


def sizes(table: pd.DataFrame) -> str:
    """Return what was judged, and what the intervals are about."""
    own = table[table.control.eq(OWN) & table.line.ne("all") & table.support_seed.ge(0)]
    lines = own[["world", "line"]].drop_duplicates()
    return (
        f"{own.world.nunique()} worlds, {len(lines)} held-out lines, up to {own.support_seed.nunique()} supports per "
        "line and S (fewer, marked n, for learners above a second a task). Same episodes for all learners. Intervals: "
        "95 %; over lines and supports (for unseen lines) unless a table says over genes (for the line it names). "
        "A metric that is undefined for a task is left out."
    )


def _main(rows: pd.DataFrame, compared: str) -> dict[str, str]:
    prevalence = rows[rows.metric.eq("auprc") & rows.scheme.eq(NATURAL)].prevalence.mean()
    return {
        "## AUROC": by_shots(rows, "auroc"),
        f"## AUPRC (prevalence {prevalence:.3f})": by_shots(rows, "auprc"),
        f"## AUROC: {compared} minus peer, paired": differences(rows, "auroc", compared),
        f"## AUPRC: {compared} minus peer, paired": differences(rows, "auprc", compared),
    }


def _world(rows: pd.DataFrame, compared: str) -> dict[str, str]:
    gains = {"gain": "gain_auprc", "reversal AUROC": "reversal_auroc", "Brier": "brier"}
    return {
        **_main(rows, compared),
        f"## Controls: AUROC at S = {SHOTS} by support, on the very same queries": controls(rows, "auroc"),
        "## Paired differences between supports (own - wrong, wrong - flipped above 0: the labels are read)": (
            control_gaps(rows, "auroc")
        ),
        "## Gain over no support (AUPRC, same queries), reversal AUROC, Brier score": columns(rows, gains),
        "## Calibration: ECE pooled over a line's supports; 90 % intervals that hold the Bayes probability": (
            calibration(rows)
        ),
        "## Inside the learners": inside(rows),
        "## Seconds per task (adapt + predict), and to fit (a run's own learner: to load)": seconds(rows),
    }


def shown(interval: Interval, *, signed: bool = False) -> str:
    """Return ``0.812 [0.801, 0.823]``, or ``undefined``."""
    if interval.estimate is None or interval.low is None or interval.high is None:
        return "undefined"
    sign = "+" if signed else ""
    return f"{interval.estimate:{sign}.3f} [{interval.low:{sign}.3f}, {interval.high:{sign}.3f}]"


def grid(cells: Mapping[tuple[str, str], str], corner: str) -> str:
    """Return a Markdown table of cells keyed by (row, column), in order of first appearance."""
    rows, names = list(dict.fromkeys(key[0] for key in cells)), list(dict.fromkeys(key[1] for key in cells))
    lines = ["| " + " | ".join([corner, *names]) + " |", "|" + "---|" * (len(names) + 1)]
    lines += ["| " + " | ".join([row, *[cells.get((row, column), "") for column in names]]) + " |" for row in rows]
    return "\n".join(lines) if cells else ""


def learners_of(rows: pd.DataFrame) -> list[str]:
    """Return the learners in the order of the table."""
    return [str(name) for name in rows.learner.drop_duplicates()]


def shots_of(rows: pd.DataFrame) -> list[int]:
    """Return the support sizes, ascending."""
    return sorted(int(count) for count in rows.S.unique())


def by_shots(rows: pd.DataFrame, metric: str) -> str:
    """Return one metric, learners down, S across; ``n`` supports are named where a learner ran on fewer."""
    most = rows[rows.control.eq(OWN)].support_seed.max() + 1
    cells = {}
    for learner in learners_of(rows):
        for shots in shots_of(rows):
            mine = rows_of(rows, metric, learner, shots)
            if len(mine):
                ran = int(mine.support_seed.nunique())
                cells[(learner, f"S = {shots}")] = shown(unseen(mine)) + ("" if ran == most else f" (n = {ran})")
    return grid(cells, "learner")


def differences(rows: pd.DataFrame, metric: str, ours: str) -> str:
    """Return paired differences ours minus peer on the very same tasks."""
    cells = {}
    for peer in learners_of(rows):
        for shots in shots_of(rows):
            both = paired(rows_of(rows, metric, ours, shots), rows_of(rows, metric, peer, shots))
            if peer != ours and len(both):
                cells[(peer, f"S = {shots}")] = shown(unseen(both), signed=True)
    return grid(cells, f"{ours} minus")


def controls(rows: pd.DataFrame, metric: str) -> str:
    """Return one metric under every kind of support."""
    cells = {}
    for learner in learners_of(rows):
        for control in CONTROLS:
            mine = rows_of(rows, metric, learner, SHOTS, control)
            if len(mine):
                cells[(learner, control)] = shown(unseen(mine))
    return grid(cells, "learner")


def control_gaps(rows: pd.DataFrame, metric: str) -> str:
    """Return paired differences between supports on the very same queries."""
    cells = {}
    for learner in learners_of(rows):
        for first, second in ((OWN, NONE), (OWN, WRONG), (WRONG, FLIPPED), (PERMUTED, NONE), (WRONG, NONE)):
            both = paired(*(rows_of(rows, metric, learner, SHOTS, control) for control in (first, second)))
            if len(both):
                cells[(learner, f"{first} - {second}")] = shown(unseen(both), signed=True)
    return grid(cells, "learner")


def columns(rows: pd.DataFrame, named: Mapping[str, str]) -> str:
    """Return several metrics at 16 shots, one column each."""
    cells = {}
    for learner in learners_of(rows):
        for title, metric in named.items():
            mine = rows_of(rows, metric, learner, SHOTS)
            if len(mine):
                cells[(learner, title)] = shown(unseen(mine))
    return grid(cells, "learner")


def calibration(rows: pd.DataFrame) -> str:
    """Return ECE and coverage at 16 shots, natural and balanced supports."""
    cells = {}
    for learner in learners_of(rows):
        for scheme in (NATURAL, BALANCED):
            for metric, title in (("ece_pooled", "ECE"), ("coverage", "coverage"), ("interval_width", "width")):
                mine = rows_of(rows, metric, learner, SHOTS, OWN, scheme)
                if len(mine):
                    cells[(learner, f"{title}, {scheme}")] = shown(unseen(mine))
    return grid(cells, "learner")


def inside(rows: pd.DataFrame) -> str:
    """Return what was measured once per fitted learner, as means over folds, and the sign of the gates."""
    once = rows[rows.line.eq("all") & rows.control.eq(OWN) & rows.S.eq(SHOTS) & rows.metric.ne("fit")]
    cells = {
        (str(learner), str(metric)): f"{part.value.mean():.3f}"
        for (learner, metric), part in once.groupby(["learner", "metric"], sort=False)
    }
    for learner in learners_of(rows):
        for shots in (16, 64):
            mine = rows_of(rows, "gate_sign_accuracy", learner, shots)
            if len(mine):
                cells[(learner, f"gate signs right, S = {shots}")] = shown(unseen(mine))
    return grid(cells, "learner")


def seconds(rows: pd.DataFrame) -> str:
    """Return the median seconds of one task by support size."""
    own = rows[rows.metric.eq("auroc") & rows.control.eq(OWN) & rows.scheme.eq(NATURAL)]
    cells = {
        (str(learner), f"S = {shots}"): f"{part.seconds.median():.4f}"
        for (learner, shots), part in own.groupby(["learner", "S"], sort=False)
    }
    for learner in learners_of(rows):
        fitted = rows[rows.metric.eq("fit") & rows.learner.eq(learner)]
        if len(fitted):
            cells[(learner, "fit")] = f"{fitted.seconds.mean():.2f}"
    return grid(cells, "learner")


# ------------------------------------------------------------------ records


def flags(records: Sequence[HonestyRecord]) -> str:
    """Return one line per learner and world that is not shown to beat a baseline; it belongs on every export."""
    missed: dict[tuple[str, str], list[str]] = {}
    for record in records:
        if not record.shown_to_beat:
            missed.setdefault((record.world, record.learner), []).append(record.baseline)
    lines = [
        f"- {world}: {learner} is NOT shown to beat {', '.join(names)}" for (world, learner), names in missed.items()
    ]
    if not records:
        return "Honesty: not audited (no sequence-free baseline ran at 16 shots)."
    return "\n".join(lines) if lines else "Every learner is shown to beat every sequence-free baseline that ran."


def honesty_table(records: Sequence[HonestyRecord]) -> str:
    """Return the paired differences with their intervals over genes."""
    cells = {}
    for record in records:
        text = shown(Interval(record.estimate, record.low, record.high), signed=True)
        cells[(f"{record.world}, {record.learner}", record.baseline)] = text + ("" if record.shown_to_beat else " NOT")
    if not records:
        return f"None of {', '.join(SEQUENCE_FREE)} ran."
    one = records[0]
    said = f"S = {one.shots}, {one.draws} draws of {one.genes} genes, {one.pairs} pairs, {one.dropped} left out."
    return said + "\n\n" + grid(cells, "learner")


def line_table(records: Sequence[LineScoreRecord], learner: str) -> str:
    """Return AUPRC per line, with its prevalence."""
    cells = {}
    for record in records:
        if record.learner == learner:
            row = f"{record.world}, {record.fold}, {record.line}"
            cells[(row, "AUPRC")] = shown(Interval(record.estimate, record.low, record.high))
            cells[(row, "prevalence")] = f"{record.prevalence:.3f}"
            cells[(row, "pairs")] = str(record.pairs)
            cells[(row, "genes")] = str(record.genes)
    return grid(cells, "line")


def claim_table(records: Sequence[ClaimRecord]) -> str:
    """Return claim, figure, interval, and whether it holds."""
    cells = {}
    for record in records:
        row = f"{record.claim}: {record.statement}"
        cells[(row, "figure [95 %]")] = shown(Interval(record.estimate, record.low, record.high))
        cells[(row, "holds")] = {True: "yes", False: "NO", None: "not decided"}[record.holds]
        cells[(row, "note")] = record.note
    return grid(cells, "claim")


def leakage_table(records: Sequence[LeakageRecord]) -> str:
    """Return the share of pairs with something in common, the worst line of each world, and the verdicts."""
    cells: dict[tuple[str, str], str] = {}
    worst: dict[tuple[str, str], float] = {}
    for record in records:
        key = (f"{record.world}, {record.between}", record.relation)
        share = record.shared / record.pairs if record.pairs else 0.0
        if share >= worst.get(key, -1.0):
            worst[key] = share
            cells[key] = record.verdict if not record.shared else f"{record.verdict}, {100 * share:.0f} %"
    return grid(cells, "worst line")
