"""What the Evaluation page computes from a benchmark, on numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.bench.scores import by_shots, cutoffs, efficiency, gene_ranks, in_slice, line_scores, slices
from metabam.bench.store import tidy
from metabam.records import JudgedPairs


def row(line, repeat, value, control="own", shots=16, metric="auprc", learner="m"):
    return {
        "learner": learner, "world": "w", "line": line, "fold": "0", "support_seed": repeat, "S": shots,
        "scheme": "natural", "control": control, "metric": metric, "value": value, "prevalence": 0.2, "n": 7,
        "seconds": 0.0,
    }  # fmt: skip


def judged(labels, logits, **known):
    labels = np.array(labels, dtype=np.int8)
    genes = np.arange(len(labels))
    kept = {name: np.asarray(values) for name, values in known.items()}
    return JudgedPairs("w", "0", "l", 0, labels, genes, {"m": np.array(logits, dtype=float)}, **kept)


def test_intervals_over_supports_are_students():
    table = tidy([row("a", 0, 0.49), row("a", 1, 0.51), row("b", 0, 0.7)])
    one, two = line_scores(table, "auprc", 16, ["m"])
    assert (one.line, one.estimate, one.n) == ("a", pytest.approx(0.5), 2)
    assert one.high - one.estimate == pytest.approx(12.7062 * 0.01, rel=1e-4)  # t(1 df) = 12.706, sd / sqrt(2) = 0.01
    assert two.estimate == pytest.approx(0.7)
    assert np.isnan(two.low)
    (wide,) = line_scores(tidy([row("a", 0, 0.4), row("a", 1, 0.6)]), "auprc", 16, ["m"])
    assert (wide.low, wide.high) == (0.0, 1.0)  # 0.5 +- 1.27, but a share cannot lie outside


def test_means_by_shots_weigh_lines_alike():
    rows = [row("a", 0, 0.2), row("a", 1, 0.4), row("b", 0, 0.9), row("a", 0, 0.1, shots=0), row("b", 0, 0.3, shots=0)]
    found = by_shots(tidy(rows), "auprc", ["m"])
    assert [(one.shots, pytest.approx(one.estimate)) for one in found] == [(0, 0.2), (16, 0.6)]
    (only,) = by_shots(tidy(rows[:3]), "auprc", ["m"], ["b"])
    assert only.estimate == pytest.approx(0.9)


def test_efficiency_is_gain_per_labelled_pair():
    table = tidy([row("a", 0, 0.5), row("a", 0, 0.1, control="none")])
    assert efficiency(table, "m", 16) == pytest.approx(0.4 / 16)
    assert np.isnan(efficiency(table, "m", 0))


def test_counts_at_every_cutoff():
    record = cutoffs(np.array([0.9, 0.2, 0.9, 0.4, 0.1]), np.array([1, 0, 0, 1, 0], dtype=np.int8))
    assert record.cutoff.tolist() == [0.9, 0.4, 0.2, 0.1]
    assert record.hits.tolist() == [1, 2, 2, 2]
    assert record.alarms.tolist() == [1, 1, 2, 3]
    assert [record.at(value) for value in (1.0, 0.9, 0.5, 0.4, 0.0)] == [-1, 0, 0, 1, 3]
    assert record.precision.tolist() == pytest.approx([0.5, 2 / 3, 0.5, 0.4])
    assert record.recall.tolist() == [0.5, 1.0, 1.0, 1.0]
    assert record.false_rate.tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3, 1.0])


def test_slices_hold_the_pairs_they_name():
    one = judged(
        [1, 0, 1, 0, 1], [5, 4, 3, 2, 1], distance=[10.0, 60_000, 2e6, np.nan, 49_999], bayes=[0.9, 0.9, 0.2, 0.1, 0.7],
        reversed=[True, False, False, True, False],
    )  # fmt: skip
    assert in_slice(one, "distance", "0").tolist() == [True, False, False, False, True]
    assert in_slice(one, "distance", "1000000").tolist() == [False, False, True, False, False]
    assert in_slice(one, "noise", "noisy").tolist() == [False, True, True, False, False]
    assert in_slice(one, "reversal", "same").tolist() == [False, True, True, False, True]
    found = {record.name: record for record in slices([one], ["m"])}
    assert found["reversed"].estimate == 1.0
    assert found["reversed"].pairs == 2
    assert found["same"].estimate == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert np.isnan(found["0"].estimate)
    assert found["0"].base == 1.0
    assert {record.kind for record in slices([judged([1, 0], [1, 0])], ["m"])} == set()


def test_rank_of_the_true_gene_and_its_chance():
    one = judged([1, 0, 0, 1, 0, 0], [2, 1, 3, 5, 5, 9], enhancers=[7, 7, 7, 11, 11, 13])
    (record,) = gene_ranks([one], ["m"])
    assert record.enhancers == 2
    assert record.candidates == 5
    assert record.outranked == pytest.approx((0.5 + 0.5) / 2)  # one of two outranked; a tie counts half
    assert record.first == pytest.approx((0 + 0.5) / 2)
    assert record.first_chance == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert gene_ranks([judged([1, 0], [1, 0])], ["m"]) == []
