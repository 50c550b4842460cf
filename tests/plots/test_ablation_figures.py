"""Figures of the ablation page: forest, map, curve, synergy; what is inside the band has no number in its hover."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.plots import ablation, theme
from metabam.records import ForestRecord, RemovalRecord, SynergyRecord

K, E, ORDERS = 11, 3, 5


def forest_record(fit: list[float] | None = None) -> ForestRecord:
    """Atom 3 is outside the band; ``fit`` is what labels lose without each atom, give or take 0.01."""
    size = np.linspace(0.1, 0.6, K)
    size[2] = 0.9
    inside = np.arange(K) != 2
    lost = np.full(K, np.nan) if fit is None else np.array(fit)
    return ForestRecord(
        metric="logit",
        effect=size - 0.3,
        low=size - 0.4,
        high=size - 0.2,
        size=size,
        size_low=size - 0.05,
        size_high=size + 0.05,
        band=np.array([-0.1, 0.2]),
        size_band=0.7,
        p=np.where(inside, 0.5, 0.005),
        inside=inside,
        n=157,
        n_groups=53,
        fit=lost,
        fit_low=lost - 0.01,
        fit_high=lost + 0.01,
        n_labelled=0 if fit is None else 149,
    )


def test_forest_has_both_bands_and_the_largest_on_top():
    figure = ablation.forest_figure(forest_record(), chosen=2, synthetic=True)
    bands = [shape for shape in figure.layout.shapes if shape.fillcolor == ablation.BAND]
    assert [(shape.x0, shape.x1, shape.xref) for shape in bands] == [(0.0, 0.7, "x"), (-0.1, 0.2, "x2")]
    assert "xaxis3" not in figure.layout.to_plotly_json()  # no labels, no third panel
    strong, weak, signed, _ = figure.data
    assert list(strong.ids) == ["atom,3"]
    assert list(strong.x) == [0.9]
    assert list(signed.x) == pytest.approx([0.6])
    assert strong.marker.symbol == "diamond-open"
    assert (len(weak.x), weak.marker.symbol) == (K - 1, "circle-open")
    assert figure.layout.yaxis.categoryarray[-1] == "3"
    assert strong.marker.line.width == (3,)
    assert "1 of 11 atoms move predictions more than random directions" in figure.layout.title.subtitle.text
    assert "no labels" in figure.layout.title.subtitle.text


def test_the_mark_is_what_labels_say():
    fit = [0.0] * K
    fit[0], fit[5], fit[7] = 0.03, -0.02, 0.02
    record = forest_record(fit)
    told = record.verdicts
    assert [told[k] for k in (0, 1, 2, 5, 7)] == ["needed", "chance", "moves", "harmful", "needed"]
    figure = ablation.forest_figure(record, synthetic=True)
    third = {trace.marker.symbol: trace for trace in figure.data if trace.xaxis == "x3"}
    assert {symbol: len(trace.x) for symbol, trace in third.items()} == {
        "circle": 2,
        "x": 1,
        "diamond-open": 1,
        "circle-open": K - 4,
    }
    assert set(third["circle"].ids) == {"atom,1", "atom,8"}
    assert sorted(third["circle"].x) == pytest.approx([2.0, 3.0])  # nats per 100 labels
    assert third["x"].text == ("-2.00 [-3.00, -1.00] nats",)
    assert "the labels need 2 of 11 atoms" in figure.layout.title.subtitle.text
    assert sum(bool(trace.showlegend) for trace in figure.data) == 4
    assert "labels need 2" in theme.alt_of(figure)


def test_inside_the_band_a_warning_replaces_the_number():
    strong, weak, *_ = ablation.forest_figure(forest_record(), synthetic=True).data
    assert "0.900 [0.850, 0.950]" in strong.text[0]
    assert all("as a random direction" in told and "[" not in told for told in weak.text)


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
