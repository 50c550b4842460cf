"""What lies under the pages: KL, gate intervals, ladders, supports, scores; against hand-made values."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from metabam.app import gallery, independence, model, monitor, panels, scores
from metabam.records import Fingerprint, History, SpectrumRecord, StepRecord


def test_kl_between_gaussians():
    kl = model.kl_to(np.array([0.0, 1.0]), np.array([1.0, 0.5]), np.zeros(2), np.ones(2))
    assert kl[0] == 0.0
    assert kl[1] == pytest.approx(0.5 * (0.25 + 1.0 - 1.0 - math.log(0.25)))


def test_ladder_of_shots_ends_with_all_pairs():
    assert model.shot_ladder(0) == ()
    assert model.shot_ladder(1) == (1,)
    assert model.shot_ladder(16) == (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16)
    assert model.shot_ladder(19)[-2:] == (16, 19)


def test_balanced_support_of_distinct_rows():
    labels = np.array([1] * 3 + [0] * 11, dtype=np.int8)
    rows = model.balanced_rows(labels, 10, np.random.default_rng(2))
    assert len(set(rows.tolist())) == len(rows) == 8
    assert labels[rows].sum() == 3


def fingerprint(mean: float, std: float) -> Fingerprint:
    z, k = 2, 11
    return Fingerprint(np.full(z, mean), np.full(z, std), np.zeros(k), np.zeros(k), np.zeros((k, k)), 16)


def test_nearest_line_by_joint_standard_deviations():
    lines = {"far": fingerprint(3.0, 1.0), "near": fingerprint(1.0, 1.0), "wide": fingerprint(3.0, 7.0)}
    order = model.nearest_lines(fingerprint(0.0, 1.0), lines)
    assert [name for name, _ in order] == ["wide", "near", "far"]
    assert dict(order)["near"] == pytest.approx(1.0)


def test_tables_that_belong_together():
    names = ["queries_a.tsv", "queries_b.tsv", "support_a.tsv", "support_a_shuffled.tsv", "support_c.tsv"]
    assert scores.pairs_of_tables(names) == [("a", "support_a.tsv", "queries_a.tsv")]


def test_score_interval_holds_the_score():
    labels = np.array([1, 0] * 53, dtype=np.int8)
    probability = np.linspace(0, 1, 106) * 0.5 + labels * 0.3
    middle, low, high = scores.score_interval(labels, probability)
    assert low <= middle <= high
    assert scores.score_interval(labels, labels.astype(float))[0] == 1.0


def test_most_alike_atoms():
    cosines = np.eye(5)
    cosines[1, 3] = cosines[3, 1] = -0.7
    values = np.ones(5)
    record = SpectrumRecord(values, values, values, values, 3, 5.0, 5.0, 5.0, 5, cosines, 0.7, 0.07)
    assert independence.most_alike(record) == (2, 4)
    assert independence.most_alike(replace(record, cosines=np.eye(5))) == (1, 2)  # as born: no atom is its own pair
    assert independence.most_alike(replace(record, cosines=np.eye(1))) == (1, 1)


def test_clicked_cell_in_any_of_the_forms_it_comes_back_in():
    for point in ({"id": "3,2"}, {"customdata": ["3,2"]}, {"customdata": {"0": "3,2"}}, {"customdata": "3,2"}):
        assert gallery._cell(point) == (3, 2)
    assert gallery._cell({}) is None
    assert gallery._cell({"id": "<x>,2"}) is None


def test_kl_per_dimension_becomes_one_curve_each():
    history = History(
        (StepRecord(5, "meta-train", {}, {"kl_per_dim": [0.5, 0.25], "x": 1.0}, 2.0), StepRecord(7, "done"))
    )
    found = panels.kl_history(history)
    assert [dict(record.metrics) for record in found] == [{"z1": 0.5, "z2": 0.25}]


def test_all_scalars_of_every_run_in_one_table():
    history = History((StepRecord(5, "meta-train", {"total": 2.0}, {"kl_per_dim": [0.5, 0.25]}, 2.0),))
    rows = panels.all_scalars({"a": history, "b": history})
    assert [row["run"] for row in rows] == ["a", "b"]
    assert rows[0] == {
        "run": "a",
        "step": 5,
        "phase": "meta-train",
        "seconds": 2.0,
        "total": 2.0,
        "kl_per_dim_1": 0.5,
        "kl_per_dim_2": 0.25,
    }


def test_the_phase_shown_first_is_the_one_that_took_steps():
    search = [StepRecord(step, "select-steps") for step in range(3)]
    phases = ["discover", "select-steps", "meta-train"]
    born = StepRecord(0, "meta-train")
    assert monitor.most_telling(History((*search, born)), phases) == "select-steps"
    assert monitor.most_telling(History((*search, born, StepRecord(1, "meta-train"))), phases) == "meta-train"
    assert monitor.most_telling(History((StepRecord(0, "discover"),)), ["discover"]) == "discover"
