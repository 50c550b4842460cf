"""Figures: trace count, arrays, axis titles, badge and take-away; never pixels."""

from __future__ import annotations

import html

import numpy as np
import pytest

from metabam.plots import adapting, arcs, novelty, path, queries, spectrum, theme
from metabam.records import ConvergenceRecord, NoveltyRecord, SpectrumRecord

Q, S, K, Z, T = 5, 7, 11, 2, 3
RNG = np.random.default_rng(4)


def spectrum_record(step: int = 100) -> SpectrumRecord:
    singular = np.linspace(3.0, 1.0, K)
    return SpectrumRecord(
        singular, singular / 2, np.full(K, 0.2), np.full(K, 0.9), 50, 10.4, 10.1, 5.5, K, np.eye(K), 0.0, 0.0, step
    )


def example() -> path.PathExample:
    return path.PathExample(
        "line<1>",
        np.array([1, 0, 1, 0, 0, 1, 0], dtype=np.int8),
        RNG.normal(size=Z),
        np.ones(Z),
        np.linspace(-1, 1, K),
        RNG.normal(size=(T + 1, K)),
        np.linspace(0.1, 0.9, Q),
        np.linspace(0, 0.8, Q),
        np.linspace(0.2, 1, Q),
    )


def convergence() -> ConvergenceRecord:
    return ConvergenceRecord(
        np.array([1, 2, 7]),
        np.linspace(1, 0.4, 13 * 3 * Z).reshape(13, 3, Z),
        RNG.uniform(-1, 1, (13, 3, K)),
        RNG.normal(size=(13, 3)),
    )


def novelty_record() -> NoveltyRecord:
    """Return training distances 1 to 20, whose 95 % quantile is 19.05, two support pairs beyond it and one query."""
    own, asked = np.array([0.5, 3.0, 7.0, 11.0, 19.0, 20.0, 30.0]), np.array([1.0, 2.0, 4.0, 8.0, 25.0])
    return NoveltyRecord(np.arange(1.0, 21.0), own, own, asked, asked, np.arange(Q), 100, Q)


def arcs_record(n: int = Q) -> arcs.Arcs:
    start = np.arange(n) * 1e5
    labels = np.resize(np.array([1, 0, -1], dtype=np.int8), n)
    return arcs.Arcs("chr<7>", start, start + 40_000, np.linspace(0.9, 0.1, n), labels, [f"p{i}" for i in range(n)])


def every_figure(lang: str, synthetic: bool | None):
    labels = np.array([1, 0, 1, 0, -1], dtype=np.int8)
    p = np.linspace(0.1, 0.9, Q)
    names = [f"pair {i}" for i in range(S)]
    options = {"synthetic": synthetic, "lang": lang}
    yield path.path_diagram(example(), **options)
    yield spectrum.spectrum_figure(spectrum_record(), **options)
    yield spectrum.sigma_over_steps([spectrum_record(100), spectrum_record(200)], **options)
    yield spectrum.ranks_over_steps([spectrum_record(100), spectrum_record(200)], **options)
    yield spectrum.coherence_over_steps([spectrum_record(100), spectrum_record(200)], **options)
    yield spectrum.cosine_map(spectrum_record(), **options)
    yield adapting.posterior_figure(np.ones(Z), np.full(Z, 0.5), np.zeros(Z), np.ones(Z), **options)
    yield adapting.gates_figure(np.linspace(-1, 1, K), np.full(K, -1.0), np.full(K, 1.0), **options)
    yield adapting.sigma_figure(convergence(), **options)
    yield adapting.likelihood_figure(convergence(), **options)
    yield adapting.gates_by_shots(convergence(), **options)
    yield adapting.reconstruction_figure(
        np.array([1, 0, 1, 0, 0, 1, 0], dtype=np.int8), np.linspace(0, 1, S), np.full(S, 0.3), names, **options
    )
    yield queries.prediction_figure(p, p - 0.1, p + 0.1, names[:Q], prior=p, nearest=p, labels=labels, **options)
    yield queries.learners_figure({"a": p, "b": p[::-1]}, reference="a", **options)
    yield queries.reliability_figure(p[:4], labels[:4], ece=0.1, **options)
    yield novelty.novelty_figure(novelty_record(), **options)
    yield arcs.arcs_figure(arcs_record(), **options)
    yield queries.line_scores_figure([queries.LineScore("x", 0.5, 0.4, 0.6, 0.2, 40, 16)], lines=["x", "y"], **options)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("synthetic", "word"), [(True, "synthetic"), (False, "real"), (None, "unknown")])
def test_every_figure_carries_badge_take_away_and_titled_axes(lang, synthetic, word):
    from metabam.texts import text

    figures = list(every_figure(lang, synthetic))
    assert len(figures) == 18
    for figure in figures:
        badge = text(f"shell.badge.{word}", lang)
        assert any(badge in item.text for item in figure.layout.annotations)
        alt = theme.alt_of(figure)
        assert alt
        assert any(character.isdigit() for character in alt)
        assert figure.layout.title.text
        assert theme.drawn_rows(figure)
        if figure.layout.grid.rows is None and "xaxis2" not in figure.layout:
            assert figure.layout.xaxis.title.text


def test_heat_maps_and_signed_marks_have_symmetric_limits_and_their_own_colours():
    figure = spectrum.cosine_map(spectrum_record(), synthetic=True)
    heat = figure.data[0]
    assert (heat.zmin, heat.zmid, heat.zmax) == (-1, 0, 1)
    assert tuple(item[1] for item in heat.colorscale) == tuple(item[1] for item in theme.SIGNED)
    states = next(trace for trace in path.path_diagram(example(), synthetic=True).data if trace.type == "heatmap")
    assert states.zmin == -states.zmax
    assert np.asarray(states.z).shape == (T + 1, K)


def test_cosine_map_cells_are_clickable_and_named_by_both_atoms():
    figure = spectrum.cosine_map(spectrum_record(), synthetic=True)
    cells = figure.data[1]
    assert len(cells.ids) == K * K
    assert len(set(cells.ids)) == K * K
    x, y = cells.x[K + 2], cells.y[K + 2]
    assert cells.ids[K + 2] == f"{y},{x}"


def test_duplicates_are_outlined():
    record = spectrum_record()
    record.cosines[2, 5] = record.cosines[5, 2] = -0.95
    figure = spectrum.cosine_map(record, synthetic=True, threshold=0.9)
    assert sum(width > 0 for width in figure.data[1].marker.line.width) == 2


def test_path_has_one_target_per_panel():
    figure = path.path_diagram(example(), synthetic=True)
    targets = [trace.ids[0] for trace in figure.data if trace.ids is not None]
    assert targets == list(path.PANELS)
    assert "line&lt;1&gt;" in figure.layout.title.subtitle.text


def test_posterior_bars_are_ninety_percent():
    figure = adapting.posterior_figure(np.ones(Z), np.full(Z, 0.5), np.zeros(Z), np.ones(Z), synthetic=True)
    assert list(figure.data[1].error_x.array) == pytest.approx([1.645 * 0.5] * Z)
    assert "0.50" in theme.alt_of(figure)


def test_gates_are_ordered_by_strength_and_counted():
    gates = np.zeros(K)
    gates[7], gates[2] = -0.9, 0.4
    figure = adapting.gates_figure(gates, gates - 0.1, gates + 0.1, top=3, synthetic=True)
    assert list(figure.data[0].x[:2]) == [-0.9, 0.4]
    assert list(figure.layout.yaxis.ticktext[:2]) == ["atom 8", "atom 3"]
    assert "2 of 11" in theme.alt_of(figure)
    assert "3 shown / 11" in figure.layout.title.subtitle.text


def test_predictions_are_thinned_evenly_and_say_so():
    n = 1009
    p = np.linspace(0, 1, n)
    figure = queries.prediction_figure(p, p, p, [str(i) for i in range(n)], synthetic=True)
    assert len(figure.data[0].x) == queries.MOST_DRAWN
    assert figure.data[0].y[0] == 1.0
    assert figure.data[0].y[-1] == 0.0
    assert "150 shown / 1009" in figure.layout.title.subtitle.text


def test_reliability_bins_and_wilson():
    p = np.array([0.1, 0.1, 0.9, 0.9])
    y = np.array([0, 1, 1, 1], dtype=np.int8)
    rows = queries.reliability_bins(p, y, bins=2)
    assert [(round(row[0], 6), row[1], row[4]) for row in rows] == [(0.1, 0.5, 2), (0.9, 1.0, 2)]
    low, high = queries.wilson(0.5, 10)
    assert (low, high) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))


@pytest.mark.parametrize("name", ["<b>x</b>", "$x$", "a\nb", "x" * 500, '"q"'])
def test_label_shows_user_text_literally(name):
    shown = theme.label(name)
    assert "<" not in shown
    assert "$" not in shown
    assert "\n" not in shown
    assert len(html.unescape(shown)) <= 80


def test_a_line_keeps_its_colour_wherever_it_is_drawn():
    lines = ["b", "a", "c"]
    assert theme.line_colour("a", lines) == theme.OKABE_ITO[0]
    assert theme.line_colour("c", [*lines, "b"]) == theme.OKABE_ITO[2]
    assert len(set(theme.OKABE_ITO)) == 6


def test_drawn_rows_are_the_values_with_their_bars():
    figure = queries.line_scores_figure(
        [queries.LineScore("x", 0.5, 0.4, 0.7, 0.2, 40, 16)], lines=["x"], synthetic=None
    )
    rows = theme.drawn_rows(figure)
    assert rows[1]["x"] == 0.5
    assert (rows[1]["lower"], rows[1]["upper"]) == (pytest.approx(0.4), pytest.approx(0.7))


def test_clustering_puts_alike_atoms_side_by_side():
    cosines = np.eye(5)
    cosines[0, 3] = cosines[3, 0] = 0.9
    order = spectrum.cluster_order(cosines).tolist()
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert abs(order.index(0) - order.index(3)) == 1


def test_exported_figures_offer_no_cloud():
    assert theme.CONFIG["showSendToCloud"] is False
    assert theme.CONFIG["displaylogo"] is False
    assert theme.CONFIG["toImageButtonOptions"]["format"] == "svg"
