"""One benchmark as a table for a paper: Markdown and LaTeX, the verdicts above and below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from metabam.bench.report import grid, shown
from metabam.bench.result import BenchResult
from metabam.bench.scores import over_lines
from metabam.metrics import Interval
from metabam.records import ScoreRecord

METRICS = ("auprc", "auroc", "brier")


def cells_of(
    result: BenchResult, learners: Sequence[str], shots: int, lines: Sequence[str] = ()
) -> dict[tuple[str, str], ScoreRecord]:
    """Return the means over lines with intervals for unseen lines, keyed by learner and metric."""
    found = {}
    for learner in learners:
        for metric in METRICS:
            record = over_lines(result.table, metric, shots, learner, lines=lines)
            if record is not None:
                found[(learner, metric)] = record
    return found


def markdown_table(
    result: BenchResult, names: Mapping[str, str], shots: int, said: Sequence[str], lines: Sequence[str] = ()
) -> str:
    """Return one row per learner with its 95 % intervals; ``said`` are the verdicts and the provenance."""
    cells = cells_of(result, list(names), shots, lines)
    base = next((record.base for (_, metric), record in cells.items() if metric == "auprc"), float("nan"))
    title = f"S = {shots} labelled pairs; mean over lines, 95 % intervals for unseen lines; base rate {base:.3f}."
    body = grid(
        {
            (names[learner].replace("|", "/"), metric.upper() if metric != "brier" else "Brier"): shown(
                Interval(record.estimate, record.low, record.high)
            )
            for (learner, metric), record in cells.items()
        },
        "learner",
    )
    return "\n\n".join([*(f"**{line}**" if "NOT" in line else line for line in said), title, body]) + "\n"


def latex_table(
    result: BenchResult, names: Mapping[str, str], shots: int, said: Sequence[str], lines: Sequence[str] = ()
) -> str:
    """Return the same as a LaTeX ``tabular`` (package booktabs); the verdicts are in the caption."""
    cells = cells_of(result, list(names), shots, lines)
    rows = []
    for learner, name in names.items():
        values = [cells.get((learner, metric)) for metric in METRICS]
        if any(value is not None for value in values):
            rows.append(" & ".join([escaped(name), *(_cell(value) for value in values)]) + r" \\")
    head = " & ".join(["learner", "AUPRC", "AUROC", "Brier"]) + r" \\"
    caption = escaped(f"S = {shots} labelled pairs, 95 % intervals for unseen lines. " + " ".join(said))
    return "\n".join(
        [
            r"\begin{table}", r"\centering", rf"\caption{{{caption}}}", r"\begin{tabular}{lccc}", r"\toprule", head,
            r"\midrule", *rows, r"\bottomrule", r"\end{tabular}", r"\end{table}", "",
        ]
    )  # fmt: skip


def escaped(value: str) -> str:
    """Return text in which LaTeX sees no command."""
    table = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return "".join(table.get(sign, f"\\{sign}" if sign in "&%$#_{}" else sign) for sign in value)


def _cell(record: ScoreRecord | None) -> str:
    if record is None:
        return "--"
    return f"{record.estimate:.3f} [{record.low:.3f}, {record.high:.3f}]"
