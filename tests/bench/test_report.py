"""Claims and report from tables small enough to add up by hand."""

import numpy as np
import pandas as pd
import pytest

from metabam.bench.claims import best_peer, claims, paired, rows_of, unseen
from metabam.bench.report import by_shots, controls, differences, grid, report, shown
from metabam.bench.store import tidy
from metabam.metrics import Interval
from metabam.records import HonestyRecord


def row(learner, value, *, line="X", repeat=0, shots=16, control="own", metric="auroc", scheme="natural", world="w"):
    return {
        "learner": learner, "world": world, "line": line, "fold": "0", "support_seed": repeat, "S": shots,
        "scheme": scheme, "control": control, "metric": metric, "value": value, "prevalence": 0.25, "n": 61,
        "seconds": 0.5,
    }  # fmt: skip


def table_of(values, **how):
    """Return rows from learner -> values of (line, support) in order: two supports of each of three lines."""
    rows = []
    for learner, numbers in values.items():
        for place, value in enumerate(numbers):
            rows.append(row(learner, value, line="XYZ"[place // 2], repeat=place % 2, **how))
    return rows


OURS = [0.80, 0.82, 0.70, 0.72, 0.90, 0.92]


def test_mean_and_interval_over_lines():
    """Lines X, Y, Z have the means 0.81, 0.71, 0.91; without spread there is no interval."""
    table = tidy(table_of({"metabam": OURS}))
    found = unseen(rows_of(table, "auroc", "metabam", 16))
    assert found.estimate == pytest.approx(0.81)
    assert 0.70 <= found.low < 0.81 < found.high <= 0.92
    flat = unseen(tidy(table_of({"metabam": [0.5] * 6})))
    assert (flat.low, flat.high) == (0.5, 0.5)


def test_two_lines_are_drawn_in_four_ways():
    """Values 0 and 1: half of the draws mix them, a quarter each take one twice; so the 95 % interval is [0, 1]."""
    rows = [row("metabam", value, line=line) for line, value in (("X", 0.0), ("Y", 1.0))]
    found = unseen(tidy(rows))
    assert (found.estimate, found.low, found.high) == (0.5, 0.0, 1.0)
    from metabam.metrics import bootstrap_over_lines

    inner = bootstrap_over_lines(np.array([0.0, 1.0]), np.array(["X", "Y"]), level=0.49)
    assert (inner.low, inner.high) == (0.5, 0.5)


def test_paired_differences_need_the_same_task():
    first, second = tidy(table_of({"metabam": OURS})), tidy(table_of({"pooled": [0.7] * 4}))
    both = paired(first, second)
    assert both.value.tolist() == pytest.approx([0.1, 0.12, 0.0, 0.02])


def test_cells_are_what_the_rows_say():
    table = tidy([*table_of({"metabam": [0.5] * 6, "pooled": [0.25] * 6}), row("slow", 0.75)])
    assert by_shots(table, "auroc").splitlines() == [
        "| learner | S = 16 |",
        "|---|---|",
        "| metabam | 0.500 [0.500, 0.500] |",
        "| pooled | 0.250 [0.250, 0.250] |",
        "| slow | 0.750 [0.750, 0.750] (n = 1) |",
    ]
    assert "| pooled | +0.250 [+0.250, +0.250] |" in differences(table, "auroc", "metabam")
    assert "| slow | -0.250 [-0.250, -0.250] |" in differences(table, "auroc", "metabam")
    given = tidy(table_of({"metabam": [0.5] * 6}) + table_of({"metabam": [0.4] * 6}, control="flipped"))
    assert "| metabam | 0.500 [0.500, 0.500] | 0.400 [0.400, 0.400] |" in controls(given, "auroc")
    assert shown(Interval(None, None, None)) == "undefined"
    assert grid({}, "x") == ""


def planted(ours, peer, knower=(0.95,) * 6, **more):
    rows = []
    for shots in (4, 16, 64, 256):
        rows += table_of({"metabam": ours, "hierarchical": peer, "per_task": [0.6] * 6}, shots=shots)
        rows += table_of({"truth_knower": knower}, shots=shots)
    return tidy(rows + more.get("rows", []))


def verdicts(table, claim):
    return {record.statement: record.holds for record in claims(table) if record.claim == claim}


def test_a1_needs_the_margin_and_an_interval_above_zero():
    held = verdicts(planted(OURS, [value - 0.03 for value in OURS]), "A1")
    assert len(held) == 6
    assert all(held.values())
    missed = verdicts(planted(OURS, [value - 0.015 for value in OURS]), "A1")
    assert [said for said, holds in missed.items() if not holds] == [
        "AUROC above the best peer at S = 4 by 0.02 or more",
        "AUROC above the best peer at S = 16 by 0.02 or more",
    ]
    # on average 0.03 above, but far below in one line: the interval holds 0
    wild = verdicts(planted([0.9, 0.9, 0.9, 0.9, 0.6, 0.6], [0.8, 0.8, 0.8, 0.8, 0.71, 0.71]), "A1")
    assert not wild["AUROC above the best peer at S = 16 by 0.02 or more"]


def test_the_best_peer_is_the_best_and_never_the_truth():
    table = planted(OURS, [0.5] * 6)
    assert best_peer(table, "auroc", 16) == "per_task"
    assert best_peer(planted(OURS, [0.7] * 6), "auroc", 16) == "hierarchical"
    assert best_peer(tidy(table_of({"metabam": OURS, "truth_knower": OURS})), "auroc", 16) is None


def controlled(wrong, permuted, context):
    rows = table_of({"metabam": [0.6] * 6}, control="none") + table_of({"metabam": [wrong] * 6}, control="wrong_line")
    rows += table_of({"metabam": [permuted] * 6}, control="permuted")
    rows += table_of({"metabam": [0.3] * 6}, control="flipped") + table_of({"metabam_context": [context] * 6})
    return planted([0.8] * 6, [0.7] * 6, rows=rows)


def test_a3_reads_the_controls():
    assert all(verdicts(controlled(0.5, 0.58, 0.79), "A3").values())
    holds = verdicts(controlled(0.65, 0.62, 0.7), "A3")
    assert [said for said, yes in holds.items() if not yes] == [
        "full minus context-only at S = 16 at most 0.02 AUROC",
        "permuted labels minus no support: not shown to be above 0",
        "wrong-line support minus no support below 0",
    ]


def test_a5_and_a6_read_truth_reversals_and_calibration():
    def rows(lent, reversal, ece, coverage):
        out = table_of({"metabam": [0.9] * 6}, metric="truth_auroc")
        out += table_of({"metabam": [lent] * 6}, metric="swap_truth_auroc")
        out += table_of({"metabam": [reversal] * 6, "truth_knower": [0.8] * 6}, metric="reversal_auroc")
        out += table_of({"metabam": [ece] * 6}, metric="ece_pooled")
        return out + table_of({"metabam": [coverage] * 6}, metric="coverage")

    good = planted(OURS, OURS, rows=rows(0.89, 0.73, 0.04, 0.9))
    assert all([*verdicts(good, "A5").values(), *verdicts(good, "A6").values()])
    bad = planted(OURS, OURS, rows=rows(0.87, 0.71, 0.06, 0.96))
    assert not any([*verdicts(bad, "A5").values(), *verdicts(bad, "A6").values()])


def test_a8_is_of_real_worlds_alone():
    rows = table_of({"metabam": [0.3] * 6, "pooled": [0.2] * 6}, metric="auprc", world="W2b")
    rows += table_of({"metabam": [0.02] * 6}, metric="gain_auprc", world="W2b")
    held = verdicts(tidy(rows), "A8")
    assert held["W2b: AUPRC minus pooled zero-shot at S = 16 not below 0"]
    assert held["W2b: gain of 16 labels over none (AUPRC): above 0"]
    assert {record.claim for record in claims(tidy(rows))} == {"A8"}
    worse = table_of({"metabam": [0.1] * 6, "pooled": [0.2] * 6}, metric="auprc", world="W2b")
    assert not any(verdicts(tidy(worse), "A8").values())


def test_the_report_says_what_was_not_shown_and_what_was_left_out():
    table = planted(OURS, [value - 0.03 for value in OURS])
    flag = HonestyRecord("w", "metabam", "distance", 16, 0.01, -0.01, 0.03, 0.95, 2_000, 100, 0, 10, 3)
    assert not flag.shown_to_beat
    text = report(table, [flag], claims(table), [], [], {"w, 0, kmer_prototype": "needs DNA"})
    assert "- w: metabam is NOT shown to beat distance" in text
    assert "- w, 0, kmer_prototype: needs DNA" in text
    assert "| A1: AUROC above the best peer at S = 16 by 0.02 or more | +0.030" not in text
    assert "| A1: AUROC above the best peer at S = 16 by 0.02 or more | 0.030 [0.030, 0.030] | yes |" in text
    assert "## AUROC\n" in text
    assert "## AUPRC" not in text  # nothing to say, no heading
    more = tidy(table_of({"metabam": [0.4] * 6}, metric="auprc"))
    assert "## AUPRC (prevalence 0.250)" in report(more, [], [], [])
    assert "not audited" in report(table, [], [], [])


def test_a_table_reads_back_as_it_was_written(tmp_path):
    from metabam.bench.store import frame_bytes, read_frame
    from metabam.errors import InputError

    table = tidy([*table_of({"metabam": OURS}), row("pooled", None)])
    path = tmp_path / "table.parquet"
    path.write_bytes(frame_bytes(table))
    pd.testing.assert_frame_equal(read_frame(path), table)
    path.write_bytes(frame_bytes(table)[:-7])
    with pytest.raises(InputError, match="damaged"):
        read_frame(path)
