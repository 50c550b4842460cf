"""The Markdown report of ``planted.py``, from its own rows: means over lines with bootstrap intervals."""

from __future__ import annotations

import pandas as pd

from metabam.metrics import Interval, bootstrap_over_lines

KEYS = ["world", "line", "support_seed", "S", "scheme"]


def report(table: pd.DataFrame, note: str) -> str:
    """Return every table of the report; each interval is 95 %, over lines and supports."""
    own = table[(table.control == "own") & (table.line != "all")]
    natural = own[own.scheme == "natural"]
    lines = natural[["world", "line"]].drop_duplicates()
    prevalence = natural.prevalence.mean()
    n_supports = natural.support_seed.nunique()
    parts = [
        "# Planted world, held-out lines",
        f"{table.world.nunique()} worlds, {len(lines)} lines, {n_supports} supports per line and S; {note}.",
        "Intervals: 95 %, bootstrap over lines and supports. Same episodes and features for all learners.",
        "## AUROC",
        by_shots(natural, "auroc"),
        f"## AUPRC (prevalence {prevalence:.3f})",
        by_shots(natural, "auprc"),
        "## AUROC: Meta-BAM minus peer, paired",
        differences(natural, "auroc", "metabam"),
        "## AUROC by support",
        controls(table, "auroc"),
        "### Paired: own minus wrong line, wrong line minus flipped (both above 0: the support is read the right way)",
        control_gaps(table, "auroc"),
        "## Calibration at natural prevalence: pooled ECE, and 90 % intervals that hold the Bayes probability",
        calibration(table, "natural"),
        "## Calibration with balanced supports (8 + 8)",
        calibration(table, "balanced"),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def shown(interval: Interval, *, signed: bool = False) -> str:
    """Return ``0.812 [0.801, 0.823]``, or ``undefined``."""
    if interval.estimate is None or interval.low is None or interval.high is None:
        return "undefined"
    sign = "+" if signed else ""
    return f"{interval.estimate:{sign}.3f} [{interval.low:{sign}.3f}, {interval.high:{sign}.3f}]"


def mean_over_lines(rows: pd.DataFrame) -> Interval:
    """Return the mean of ``value`` over lines (of all worlds), with its interval."""
    return bootstrap_over_lines(rows.value.astype(float).to_numpy(), (rows.world + "|" + rows.line).to_numpy())


def grid(cells: dict[tuple[str, str], str], corner: str) -> str:
    """Return a Markdown table of cells keyed by (row, column), in order of first appearance."""
    rows, columns = list(dict.fromkeys(key[0] for key in cells)), list(dict.fromkeys(key[1] for key in cells))
    lines = ["| " + " | ".join([corner, *columns]) + " |", "|" + "---|" * (len(columns) + 1)]
    lines += ["| " + " | ".join([row, *[cells.get((row, column), "") for column in columns]]) + " |" for row in rows]
    return "\n".join(lines) if cells else ""


def by_shots(rows: pd.DataFrame, metric: str) -> str:
    """Return one metric, learners down, S across."""
    rows = rows[rows.metric == metric]
    return grid(
        {
            (learner, f"S = {shots}"): shown(mean_over_lines(rows[(rows.learner == learner) & (shots == rows.S)]))
            for learner in rows.learner.drop_duplicates()
            for shots in sorted(rows.S.unique())
        },
        "learner",
    )


def differences(rows: pd.DataFrame, metric: str, ours: str) -> str:
    """Return paired differences ours minus peer on the very same tasks."""
    rows = rows[rows.metric == metric]
    wide = rows.pivot_table(index=KEYS, columns="learner", values="value", observed=True).reset_index()
    if ours not in wide:
        return ""
    cells = {}
    for peer in [name for name in rows.learner.drop_duplicates() if name != ours]:
        for shots in sorted(rows.S.unique()):
            chosen = wide[shots == wide.S]
            paired = chosen.assign(value=chosen[ours] - chosen[peer])
            cells[(peer, f"S = {shots}")] = shown(mean_over_lines(paired), signed=True)
    return grid(cells, f"{ours} minus")


def controls(table: pd.DataFrame, metric: str) -> str:
    """Return own, wrong-line, permuted and flipped supports, and what no support at all gives."""
    rows = table[(table.metric == metric) & (table.scheme == "natural") & (table.line != "all")]
    cells = {}
    controlled = rows[rows.control != "own"]
    for learner in controlled.learner.drop_duplicates():
        mine = rows[rows.learner == learner]
        for shots in sorted(controlled.S.unique()):
            row = f"{learner}, S = {shots}"
            for control in ("own", "wrong_line", "permuted", "flipped"):
                chosen = mine[(mine.control == control) & (shots == mine.S)]
                cells[(row, control)] = shown(mean_over_lines(chosen))
            cells[(row, "none (S = 0)")] = shown(mean_over_lines(mine[(mine.control == "own") & (mine.S == 0)]))
    return grid(cells, "learner")


def control_gaps(table: pd.DataFrame, metric: str) -> str:
    """Return paired differences between supports on the very same queries."""
    rows = table[(table.metric == metric) & (table.scheme == "natural") & (table.line != "all")]
    wide = rows.pivot_table(index=["learner", *KEYS], columns="control", values="value").reset_index()
    if not {"wrong_line", "flipped", "permuted"} <= set(wide):
        return ""
    wide = wide[wide.wrong_line.notna()]
    cells = {}
    for (learner, shots), mine in wide.groupby(["learner", "S"], sort=False):
        for better, worse in (("own", "wrong_line"), ("wrong_line", "flipped"), ("own", "permuted")):
            gap = mean_over_lines(mine.assign(value=mine[better] - mine[worse]))
            cells[(f"{learner}, S = {shots}", f"{better} - {worse}")] = shown(gap, signed=True)
    return grid(cells, "learner")


def calibration(table: pd.DataFrame, scheme: str) -> str:
    """Return pooled ECE (mean over worlds), coverage and mean width of the intervals, for S up to 64."""
    rows = table[(table.control == "own") & (table.scheme == scheme) & (table.S <= 64)]
    cells = {}
    for learner in rows.learner.drop_duplicates():
        for shots in sorted(rows.S.unique()):
            mine = rows[(rows.learner == learner) & (shots == rows.S)]
            means = mine.groupby("metric").value.mean()
            text = f"{means['ece_pooled']:.3f}" if "ece_pooled" in means else ""
            if "coverage" in means:
                text += f"; holds {100 * means['coverage']:.0f} %, width {means['interval_width']:.2f}"
            if text:
                cells[(learner, f"S = {shots}")] = text
    return grid(cells, "learner")
