"""Figures of Design my support."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.plots import design, theme
from metabam.records import DesignRecord, RetrospectRecord

B, SIZE, Z, K = 13, 3, 5, 7


@pytest.fixture
def record():
    return DesignRecord(
        chosen=np.array([4, 11, 2]),
        single=np.linspace(0.01, 0.6, B),
        gain=np.array([0.2, 0.5, 0.7]),
        greedy_gain=np.array([0.2, 0.5, 0.7]),
        random_gain=np.full((17, SIZE), 0.1),
        uncertain_gain=np.array([0.2, 0.3, 0.4]),
        balanced_gain=np.array([0.1, 0.2, 0.3]),
        probability=np.full(B, 0.3),
        expected_positives=0.9,
        one_class=0.3,
        std_before=np.full(Z, 1.0),
        std_after=np.array([0.9, 0.5, 1.0, 1.0, 1.0]),
        gate_change=np.arange(SIZE * K, dtype=float).reshape(SIZE, K) / 100,
        ceiling=6.2,
        saturated=False,
        nothing_to_learn=False,
    )


def test_every_candidate_is_drawn_and_the_chosen_carry_their_number(record):
    beyond = np.zeros(B, dtype=bool)
    beyond[3] = True
    distance = np.full(B, 2e4)
    distance[0] = np.nan
    names = [f"p{row}" for row in range(B)]
    figure = design.candidates_figure(record, distance, names, beyond, picked=1, synthetic=True)
    inside, outside, chosen = figure.data
    assert (len(inside.x), len(outside.x)) == (12, 1)
    assert list(chosen.text) == ["1", "2", "3"]
    assert list(chosen.ids) == ["pick0", "pick1", "pick2"]
    assert list(chosen.y) == record.single[[4, 11, 2]].tolist()
    assert chosen.marker.size[1] > chosen.marker.size[0]
    assert min(inside.x) == 1.0
    assert "0.60" in theme.alt_of(figure)


def test_gain_stands_beside_what_needs_no_plan(record):
    figure = design.gain_figure(record, synthetic=True)
    assert [trace.name for trace in figure.data if trace.name] == [
        "17 random batches", "most uncertain", "balanced", "planned",
    ]  # fmt: skip
    assert list(figure.data[-1].y) == [0.2, 0.5, 0.7]
    assert theme.alt_of(figure) == "3 planned pairs teach 0.70 nats, random ones 0.10."


def test_spread_says_which_dimension_shrinks_most(record):
    figure = design.spread_figure(record, synthetic=True)
    assert list(figure.data[1].x) == record.std_after.tolist()
    assert "most in z2" in theme.alt_of(figure)


def test_a_pick_decides_gates_and_answers(record):
    figure = design.decides_figure(record, 2, [f"a{atom}" for atom in range(K)], top=3, synthetic=True)
    assert list(figure.data[0].x) == pytest.approx([0.20, 0.19, 0.18])
    assert figure.layout.yaxis.ticktext[0] == "atom 7"
    answers = np.tile(np.linspace(0.1, 0.9, B), (2, 1))
    answers[1, 6] += 0.05
    answers[1, 4] += 0.5
    moved = design.answers_figure(answers, 0, 4, [f"p{row}" for row in range(B)], top=2, synthetic=True)
    assert moved.data[0].text[0] == "p6"
    assert "p4" not in moved.data[0].text
    assert "0.05" in theme.alt_of(moved)


def test_check_draws_planned_where_it_was_judged():
    record = RetrospectRecord(
        np.array([0.8, 0.9]), np.array([0.7, 0.7]), 8, np.array([4, 8, 16]), np.array([0.6, 0.7, 0.75]), 16.0,
        np.array([0.7, 0.85]), 4.0,
    )  # fmt: skip
    figure = design.check_figure([record], ["l"], synthetic=True)
    assert (list(figure.data[0].x), list(figure.data[1].x)) == ([4, 8, 16], [4, 8])
    assert "+0.150" in theme.alt_of(figure)
