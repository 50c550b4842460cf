"""The map of contexts: traces, ellipses and colours, on clouds small enough to check."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from metabam.plots import manifold, theme
from metabam.records import CloudRecord, LayoutRecord

E, N, Z, K = 2, 7, 3, 5


def view(**more) -> manifold.MapView:
    rng = np.random.default_rng(0)
    mean = rng.standard_normal((E * N, Z))
    line = np.repeat(np.arange(E), N)
    gates = np.tile(np.linspace(-0.5, 1.0, E * N)[:, None], (1, K))
    cloud = CloudRecord(
        ("a", "b"), mean, np.full((E * N, Z), 0.5), gates, line, np.arange(E * N), np.linspace(0.5, 0.9, E * N),
        mean[:E], 16,
    )  # fmt: skip
    covariance = np.array([np.cov(mean[line == at, :2].T) for at in range(E)])
    layout = LayoutRecord("pca", mean[:, :2], None, None, np.array([0.5, 0.25]), covariance, 0.9, 0.4)
    ids = [f"{cloud.lines[at]}#{row}" for row, at in enumerate(line)]
    return manifold.MapView(cloud, layout, ids, np.zeros((E, 2)), ("a", "b"), **more)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("colour", ["line", "auroc", "sigma", "positives", "gate3"])
def test_badge_take_away_and_titled_axes(lang, colour):
    new = manifold.Newcomers(["n | x"], np.ones((1, 2)), np.eye(2)[None], [True])
    figure = manifold.map_figure(view(new=new, chosen=(3,)), colour=colour, synthetic=True, lang=lang)
    assert any(character.isdigit() for character in theme.alt_of(figure))
    assert figure.layout.xaxis.title.text.endswith(")") or "）" in figure.layout.xaxis.title.text
    assert theme.drawn_rows(figure)
    gates = manifold.gates_figure(view(), [1, 3], synthetic=False, lang=lang)
    assert len(gates.data) == 2
    assert theme.alt_of(gates)


def test_one_trace_a_line_in_its_colour_a_star_each_and_two_ellipses_each():
    figure = manifold.map_figure(view(chosen=(3, 11)), synthetic=True)
    clouds = [trace for trace in figure.data if trace.customdata is not None and trace.name in ("a", "b")]
    assert [len(trace.x) for trace in clouds] == [N, N]
    assert [trace.marker.color for trace in clouds] == list(theme.OKABE_ITO[:2])
    assert clouds[1].ids[0] == "b#7"
    stars = next(trace for trace in figure.data if trace.marker.symbol == "star")
    assert len(stars.x) == E
    assert sum(trace.mode == "lines" for trace in figure.data) == 2 * E
    chosen = figure.data[-1]
    assert chosen.x == pytest.approx(view().layout.coordinates[[3, 11], 0])
    assert chosen.marker.symbol == "circle-open"
    assert figure.layout.dragmode == "lasso"


def test_points_are_shapes_up_to_a_count_and_webgl_above(monkeypatch):
    assert {trace.type for trace in manifold.gates_figure(view(), [1, 3], synthetic=True).data} == {"scatter"}
    monkeypatch.setattr(theme, "MOST_SHAPES", E * N - 1)
    figures = manifold.map_figure(view(), synthetic=True), manifold.gates_figure(view(), [1, 3], synthetic=True)
    assert figures[0].data[0].type == "scattergl"
    assert {trace.type for trace in figures[1].data} == {"scattergl"}


def test_an_ellipse_lies_so_many_standard_deviations_out():
    outline = manifold.ellipse_of(np.array([1.0, -1.0]), np.diag([4.0, 9.0]), 2.0)
    assert np.abs(outline - [1.0, -1.0]).max(axis=0) == pytest.approx([4.0, 6.0], rel=1e-2)


def test_gates_are_signed_about_zero_and_clipped_at_percentiles():
    limits = manifold.gate_scale(np.r_[np.linspace(-1, 1, 101), 50.0], 2.0)
    assert limits["cmax"] == -limits["cmin"] == pytest.approx(1.0, abs=0.05)
    assert limits["cmid"] == 0
    figure = manifold.map_figure(view(), colour="gate3", synthetic=True)
    assert figure.data[0].marker.cmax == 1.0
    assert figure.data[0].marker.color == pytest.approx(np.linspace(-0.5, 1.0, E * N))
    sigma = manifold.map_figure(view(), colour="sigma", synthetic=True).data[0]
    assert sigma.marker.color == pytest.approx(np.full(E * N, 0.5))
    assert sigma.marker.colorscale[0][1] == "#00224e"  # Cividis


def test_at_most_five_thousand_supports_are_drawn(monkeypatch):
    monkeypatch.setattr(manifold, "MOST_DRAWN", 5)
    figure = manifold.map_figure(view(), synthetic=True)
    assert sum(len(trace.x) for trace in figure.data if trace.customdata is not None) == 5
    assert "5 shown / 14 supports of 16 pairs" in figure.layout.title.subtitle.text


def test_axes_of_a_umap_have_no_share():
    made = view()
    layout = replace(made.layout, method="umap", explained=np.full(2, np.nan))
    assert manifold.axis_names(replace(made, layout=layout), "en") == ("UMAP 1", "UMAP 2")
    raw = replace(made.layout, method="raw")
    assert manifold.axis_names(replace(made, layout=raw, axes=(2, 0)), "en")[0].startswith("z3 (50%")
