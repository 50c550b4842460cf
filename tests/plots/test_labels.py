"""Figures about single labels."""

from __future__ import annotations

import numpy as np

from metabam.plots import labels, theme
from metabam.records import Fingerprint, InfluenceRecord, InformedRecord, RefinementPath, WhatIfRecord

S, Z, K, Q = 5, 3, 7, 11


def belief(spectrum):
    return Fingerprint(np.zeros(Z), np.ones(Z), np.asarray(spectrum), np.zeros(K), np.eye(K), S)


def test_influence_draws_every_row_with_its_gain():
    record = InfluenceRecord(
        np.array([1, 0, 1, 0, 0], dtype=np.int8), np.zeros((S, Z)), np.array([0.1, 0.5, 0.2, 0.3, 0.4]),
        np.zeros((S, K)), np.array([-0.1, -0.9, -0.2, -0.3, -0.4]), np.full(S, -0.5), np.zeros(S), np.zeros((S, Q)),
    )  # fmt: skip
    figure = labels.influence_figure(record, [f"p{row}" for row in range(S)], picked=1, synthetic=True)
    first, second = figure.data
    assert list(first.ids) == ["row0", "row2"]
    assert list(second.ids) == ["row1", "row3", "row4"]
    assert np.allclose(first.x, [0.4, 0.3])
    assert max(second.marker.size) == second.marker.size[0] == 24
    assert second.marker.line.width[0] > second.marker.line.width[1]
    assert "pair 2 (-0.40 nats); pair 2 moves" in theme.alt_of(figure)


def test_the_null_has_one_entry_per_shuffle_and_the_line_its_colour():
    record = InformedRecord(3.0, np.linspace(-1, 1, 17), 0.06, np.full(Z, 0.2), 0.1, False)
    figure = labels.null_figure(record, synthetic=True)
    assert len(figure.data[0].x) == 17
    assert figure.layout.shapes[1].x0 == 3.0
    assert figure.layout.shapes[1].line.color == theme.WARN
    assert "p = 0.060" in theme.alt_of(figure)


def test_what_if_compares_after_with_before():
    before, after = np.linspace(0, 1, Q), np.linspace(0, 1, Q) ** 2
    zeros = np.zeros(K)
    record = WhatIfRecord(belief(zeros), belief(np.eye(K)[4] * 0.5), before, after, before, after)
    figure = labels.what_if_figure(record, [str(row) for row in range(Q)], of_support=False, synthetic=True)
    assert np.allclose(figure.data[1].y, after)
    assert figure.data[1].marker.cmin == -figure.data[1].marker.cmax
    crossed = int(((before >= 0.5) != (after >= 0.5)).sum())
    assert theme.alt_of(figure).endswith(f"{crossed} cross 0.5.")
    gates = labels.gates_changed_figure(record, ["x"] * K, top=3, synthetic=True)
    assert gates.layout.yaxis.ticktext[0].endswith("5")
    assert list(gates.data[1].x) == [0.5, 0.0, 0.0]


def test_refinement_says_what_it_gained_or_that_it_diverged():
    path = RefinementPath(np.zeros((4, 1, Z)), np.array([[-9.0], [-7.0], [-6.5], [-6.6]]), False)
    assert "3 steps gain 2.50" in theme.alt_of(labels.refinement_figure(path, synthetic=True))
    bad = RefinementPath(path.states, path.objective, True)
    assert "diverged" in labels.refinement_figure(bad, synthetic=True).layout.title.subtitle.text
