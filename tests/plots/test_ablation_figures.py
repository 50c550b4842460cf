"""Figures of the ablation page: forest, map, curve, synergy; what is inside the band has no number in its hover."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.plots import ablation, theme
from metabam.records import ForestRecord, RemovalRecord, SynergyRecord

K, E, ORDERS = 11, 3, 5


def forest_record() -> ForestRecord:
    size = np.linspace(0.1, 0.6, K)
    size[2] = 0.9
    inside = np.arange(K) != 2
    p = np.where(inside, 0.5, 0.005)
    return ForestRecord(
        "logit",
        size - 0.3,
        size - 0.4,
        size - 0.2,
        size,
        size - 0.05,
        size + 0.05,
        np.array([-0.1, 0.2]),
        0.7,
        p,
        inside,
        157,
        53,
    )


def test_forest_has_both_bands_and_the_largest_on_top():
    figure = ablation.forest_figure(forest_record(), chosen=2, synthetic=True)
    bands = [shape for shape in figure.layout.shapes if shape.fillcolor == ablation.BAND]
    assert [(shape.x0, shape.x1, shape.xref) for shape in bands] == [(0.0, 0.7, "x"), (-0.1, 0.2, "x2")]
    strong, weak, signed, _ = figure.data
    assert list(strong.ids) == ["atom,3"]
    assert list(strong.x) == [0.9]
    assert list(signed.x) == pytest.approx([0.6])
    assert (len(weak.x), weak.marker.symbol) == (K - 1, "circle-open")
    assert figure.layout.yaxis.categoryarray[-1] == "3"
    assert strong.marker.line.width == (3,)
    assert "1 of 11 atoms do more than chance" in figure.layout.title.subtitle.text


def test_inside_the_band_a_warning_replaces_the_number():
    strong, weak, *_ = ablation.forest_figure(forest_record(), synthetic=True).data
    assert "0.900 [0.850, 0.950]" in strong.text[0]
    assert all("no more than chance" in told and "[" not in told for told in weak.text)


def test_names_of_planted_mechanisms_stand_beside_the_numbers():
    names = ["decoy"] * K
    names[2] = "pair<1>"
    figure = ablation.forest_figure(forest_record(), names=names, synthetic=True, lang="zh")
    assert figure.data[0].y == ("pair&lt;1&gt;  3",)


def test_every_cell_of_the_map_can_be_clicked():
    effect = np.arange(E * K, dtype=float).reshape(E, K) - 13.0
    effect[1] = np.nan
    figure = ablation.line_map_figure(effect, ["a", "b", "c"], np.array([5, 0, 7]), chosen=4, synthetic=True)
    heat, cells = figure.data
    assert np.shape(heat.z) == (E, K)
    assert heat.zmax == -heat.zmin == 19.0
    assert list(heat.y) == ["a (5)", "b (0)", "c (7)"]
    assert len(cells.ids) == E * K
    assert cells.ids[-1] == "3,11"
    assert cells.text[K] == "–"
    assert [width for width in cells.marker.line.width if width] == [2.0] * E
    assert "atom 11 in c" in theme.alt_of(figure)


def test_curve_over_random_orders_and_base_rate():
    record = RemovalRecord(
        np.arange(K)[::-1],
        np.linspace(0.9, 0.3, K + 1),
        np.linspace(0.9, 0.4, ORDERS * (K + 1)).reshape(ORDERS, K + 1),
        0.25,
    )
    figure = ablation.removal_figure(record, synthetic=True)
    band, random, effect = figure.data
    assert len(band.x) == 2 * (K + 1)
    assert list(effect.x) == list(range(K + 1))
    assert effect.text[1] == "11"
    assert list(random.y) == pytest.approx(record.random.mean(axis=0))
    assert figure.layout.shapes[0].y0 == 0.25


def test_synergy_leaves_the_diagonal_empty():
    mean = np.array([[0.0, 0.2, -0.1], [0.2, 0.0, 0.05], [-0.1, 0.05, 0.0]])
    figure = ablation.synergy_figure(SynergyRecord(np.array([1, 4, 6]), mean, np.abs(mean)), synthetic=True)
    (heat,) = figure.data
    assert np.isnan(np.diag(np.asarray(heat.z, dtype=float))).all()
    assert list(heat.x) == ["2", "5", "7"]
    assert heat.text[0][1] == "+0.200"
    assert "atoms 2 and 5" in theme.alt_of(figure)
