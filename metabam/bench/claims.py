"""The project's claims as figures with intervals, from the tidy table alone (claims A1, A3, A4, A5, A6 and A8)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from metabam.bench.entries import CONTEXT_ONLY, GIVEN_RECALL, KNOWER, OURS, TRUE_ACTIVITIES
from metabam.bench.judging import FLIPPED, NONE, OWN, PERMUTED, WRONG
from metabam.bench.splits import NATURAL
from metabam.learners import LEARNERS
from metabam.metrics import Interval, bootstrap_over_lines
from metabam.records import ClaimRecord

TASK = ["world", "line", "fold", "support_seed", "S", "scheme"]
MARGINS = {4: 0.02, 16: 0.02, 64: 0.01, 256: 0.00}
NOT_PEERS = (OURS, CONTEXT_ONLY, KNOWER, "informed")


def claims(table: pd.DataFrame) -> list[ClaimRecord]:
    """Return every claim that the table can say something about; worlds with a truth and real ones apart."""
    planted = table[table.world.isin(table[table.learner == KNOWER].world.unique())]
    real = table[~table.world.isin(planted.world.unique())]
    out: list[ClaimRecord] = []
    if len(planted):
        out += [*margins(planted), *supports(planted), *atoms(planted), *drift(planted), *calibration(planted)]
    for world in real.world.drop_duplicates():
        out += real_world(real[real.world == world], str(world))
    return out


def unseen(rows: pd.DataFrame) -> Interval:
    """Return the mean of ``value`` over lines and supports, with its 95 % interval for unseen lines."""
    lines = (rows.world + "|" + rows.line).to_numpy()
    return bootstrap_over_lines(rows.value.to_numpy(dtype=np.float64), lines)


def rows_of(
    table: pd.DataFrame, metric: str, learner: str, shots: int, control: str = OWN, scheme: str = NATURAL
) -> pd.DataFrame:
    """Return the rows of one metric of one learner at one support size, line by line and support by support."""
    chosen = table.metric.eq(metric) & table.learner.eq(learner) & table.S.eq(shots)
    return table[chosen & table.control.eq(control) & table.scheme.eq(scheme) & table.line.ne("all")]


def paired(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Return first minus second on the tasks that both have."""
    both = first.merge(second, on=TASK, suffixes=("", "_other"))
    return both.assign(value=both.value - both.value_other)


def peers_of(table: pd.DataFrame) -> list[str]:
    """Return the learners that a user would pick instead: on the same features, without the truth."""
    names = table.learner.drop_duplicates().tolist()
    return [name for name in names if name not in NOT_PEERS and not name.endswith(TRUE_ACTIVITIES) and name in LEARNERS]


def best_peer(table: pd.DataFrame, metric: str, shots: int) -> str | None:
    """Return the peer with the highest mean over lines at one support size."""
    means = {}
    for name in peers_of(table):
        means[name] = float(rows_of(table, metric, name, shots).groupby(["world", "line"]).value.mean().mean())
    known = {name: value for name, value in means.items() if np.isfinite(value)}
    return max(known, key=lambda name: known[name]) if known else None


def record(claim: str, statement: str, found: Interval, holds: bool | None, note: str = "") -> ClaimRecord:
    """Return a claim; what is undefined decides nothing."""
    return ClaimRecord(
        claim, statement, found.estimate, found.low, found.high, None if found.estimate is None else holds, note
    )


def _above(found: Interval, margin: float, *, strict: bool = True) -> bool:
    """Return whether the estimate reaches a margin and, where ``strict``, the interval lies above 0."""
    if found.estimate is None or found.low is None:
        return False
    return found.estimate >= margin and (found.low > 0.0 or not strict)


def margins(table: pd.DataFrame) -> Iterable[ClaimRecord]:
    """Yield A1: above the best peer, and above per-task logistic regression."""
    for shots, margin in MARGINS.items():
        ours = rows_of(table, "auroc", OURS, shots)
        best = best_peer(table, "auroc", shots)
        if len(ours) and best is not None:
            found = unseen(paired(ours, rows_of(table, "auroc", best, shots)))
            said = f"AUROC above the best peer at S = {shots} by {margin:.2f} or more"
            yield record("A1", said, found, _above(found, margin, strict=shots < 256), f"best peer: {best}")
        given = rows_of(table, "auroc", GIVEN_RECALL, shots)
        if len(ours) and len(given):
            found = unseen(paired(ours, given))
            yield record("A1", f"AUROC above hierarchical regression GIVEN what is recalled, S = {shots}", found, None)
        if len(ours) and shots in (4, 16):
            found = unseen(paired(ours, rows_of(table, "auroc", "per_task", shots)))
            yield record(
                "A1", f"AUROC above per-task logistic at S = {shots} by 0.05 or more", found, _above(found, 0.05)
            )


def supports(table: pd.DataFrame, shots: int = 16) -> Iterable[ClaimRecord]:
    """Yield A3: z_c carries the adaptation, and labels decide what it says."""
    ours = {control: rows_of(table, "auroc", OURS, shots, control) for control in (OWN, NONE, WRONG, PERMUTED, FLIPPED)}
    if not len(ours[OWN]):
        return
    found = unseen(paired(ours[OWN], rows_of(table, "auroc", CONTEXT_ONLY, shots)))
    holds = found.estimate is not None and found.estimate <= 0.02
    yield record("A3", f"full minus context-only at S = {shots} at most 0.02 AUROC", found, holds)
    found = unseen(paired(ours[PERMUTED], ours[NONE]))
    holds = found.low is not None and found.low <= 0.0
    yield record("A3", "permuted labels minus no support: not shown to be above 0", found, holds)
    found = unseen(paired(ours[WRONG], ours[NONE]))
    holds = found.high is not None and found.high < 0.0
    yield record("A3", "wrong-line support minus no support below 0", found, holds)
    for better, worse in ((OWN, WRONG), (WRONG, FLIPPED)):
        found = unseen(paired(ours[better], ours[worse]))
        holds = found.low is not None and found.low > 0.0
        yield record("A3", f"support sensitivity: {better} above {worse}", found, holds)


def atoms(table: pd.DataFrame) -> Iterable[ClaimRecord]:
    """Yield A4, but for the motif comparison: matched mechanisms, and gates with the right sign."""
    counted = table[table.metric.eq("mechanisms_matched") & table.learner.eq(OURS)].value
    if len(counted):
        fewest = float(counted.min())
        found = Interval(float(counted.mean()), fewest, float(counted.max()))
        note = "smallest and largest over worlds; motif comparison is not part of this"
        said = "mechanisms matched one-to-one by an atom, |r| >= 0.7 or within 0.03 of the oracle's: 10 or more"
        yield record("A4", said, found, fewest >= 10, note)
    for shots, bar in ((64, 0.95), (16, None)):
        mine = rows_of(table, "gate_sign_accuracy", OURS, shots)
        if len(mine):
            found = unseen(mine)
            holds = None if bar is None else found.estimate is not None and found.estimate >= bar
            said = f"gate sign right at S = {shots}" + ("" if bar is None else f": {bar:.2f} or more")
            yield record("A4", said, found, holds)


def drift(table: pd.DataFrame, shots: int = 16) -> Iterable[ClaimRecord]:
    """Yield A5: line A's context imposes A's logic on B's pairs, and reversals are followed."""
    own, lent = (rows_of(table, name, OURS, shots) for name in ("truth_auroc", "swap_truth_auroc"))
    if len(own) and len(lent):
        found = unseen(paired(own, lent))
        holds = found.estimate is not None and abs(found.estimate) <= 0.02
        yield record("A5", "A's context on A's pairs minus on B's pairs, by A's truth: within 0.02 AUROC", found, holds)
    ours, knower = (rows_of(table, "reversal_auroc", name, shots) for name in (OURS, KNOWER))
    if len(ours) and len(knower):
        share = knower.assign(value=0.9 * knower.value)
        found = unseen(paired(ours, share))
        holds = found.estimate is not None and found.estimate >= 0.0
        level = unseen(ours).estimate
        note = "" if level is None else f"reversal AUROC {level:.3f}"
        yield record("A5", "reversal AUROC minus 0.9 of the truth-knower's: 0 or more", found, holds, note)


def calibration(table: pd.DataFrame, shots: int = 16) -> Iterable[ClaimRecord]:
    """Yield A6: calibration error pooled over the supports of a line, and what the 90 % intervals hold."""
    mine = rows_of(table, "ece_pooled", OURS, shots)
    if len(mine):
        found = unseen(mine)
        holds = found.estimate is not None and found.estimate <= 0.05
        yield record("A6", f"ECE at S = {shots}, per line: at most 0.05", found, holds)
    mine = rows_of(table, "coverage", OURS, shots)
    if len(mine):
        found = unseen(mine)
        holds = found.estimate is not None and 0.85 <= found.estimate <= 0.95
        yield record("A6", "90 % intervals hold the Bayes probability in 85 to 95 % of cases", found, holds)


def real_world(table: pd.DataFrame, world: str) -> Iterable[ClaimRecord]:
    """Yield A8 for one real world: no harm against the pooled zero-shot, the gain of 16 labels, the best peer."""
    for shots in (4, 16, 64):
        ours = rows_of(table, "auprc", OURS, shots)
        if len(ours):
            found = unseen(paired(ours, rows_of(table, "auprc", "pooled", shots)))
            holds = found.high is not None and found.high >= 0.0
            yield record("A8", f"{world}: AUPRC minus pooled zero-shot at S = {shots} not below 0", found, holds)
    gain = rows_of(table, "gain_auprc", OURS, 16)
    if len(gain):
        found = unseen(gain)
        gained = found.low is not None and found.low > 0.0
        said = "reported (the lines agree)" if world == "W2a" else "above 0"
        statement = f"{world}: gain of 16 labels over none (AUPRC): {said}"
        yield record("A8", statement, found, None if world == "W2a" else gained)
    best = best_peer(table, "auprc", 16)
    ours = rows_of(table, "auprc", OURS, 16)
    if best is not None and len(ours):
        found = unseen(paired(ours, rows_of(table, "auprc", best, 16)))
        holds = found.high is not None and found.high >= 0.0
        yield record(
            "A8", f"{world}: AUPRC minus the best peer at S = 16 not below 0", found, holds, f"best peer: {best}"
        )
