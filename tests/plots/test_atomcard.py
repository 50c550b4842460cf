"""The figures of an atom's card, and the page that needs no network."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.plots import atomcard, theme
from metabam.plots.offline import Section, offline_page
from metabam.records import PairPlaces, SteeringRecord, SupportGatesRecord, TrackUse


def test_histogram_holds_every_pair_once_and_marks_the_threshold_and_the_pair():
    potential = np.linspace(-2.0, 3.0, 97)
    figure = atomcard.potential_histogram(
        potential, 6, current=1.25, current_name="pair<b>", second=(2, potential - 1.0), synthetic=True
    )
    assert np.nansum(figure.data[0].y) == 97
    assert np.nansum(figure.data[1].y) == 97
    assert figure.data[1].x.tolist() == figure.data[0].x.tolist(), "both atoms share their bins"
    assert figure.data[2].x == (1.25,)
    assert figure.layout.yaxis.type == "log"
    assert "pair<b>" not in figure.to_json()
    assert "atom 7" in theme.alt_of(figure)
    assert f"{(potential > 0).mean():.1%}" in theme.alt_of(figure)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_gates_show_every_support_the_mean_and_the_truth(lang):
    gate = np.random.default_rng(0).uniform(-1, 1, (3, 5, 7))
    record = SupportGatesRecord(("a", "b", "c"), 16, gate, 0.1 * gate)
    figure = atomcard.gates_by_line(record, 4, second=2, planted=[0.9, -0.9, 0.1], synthetic=True, lang=lang)
    by_name = [trace.x for trace in figure.data if len(trace.x) == 15]
    assert len(by_name) == 4
    means = [trace for trace in figure.data if trace.error_x.array is not None]
    assert means[0].x.tolist() == pytest.approx(gate[:, :, 4].mean(axis=1).tolist())
    assert means[0].error_x.array.tolist() == pytest.approx(
        (np.quantile(gate[:, :, 4], 0.95, axis=1) - gate[:, :, 4].mean(axis=1)).tolist()
    )
    assert figure.data[-1].x == (0.9, -0.9, 0.1)
    assert figure.layout.xaxis.range == (-1.08, 1.08)


def steering(gate: float = 0.5) -> SteeringRecord:
    factors = np.linspace(-3, 3, 25)
    logit = factors[:, None] * np.array([1.0, -0.5, 0.0])
    return SteeringRecord(4, factors, logit, 1 / (1 + np.exp(-logit)), gate)


def test_steering_draws_one_curve_per_pair_and_marks_the_factor():
    record = steering()
    figure = atomcard.steering_figure(record, ["x", "y", "z"], 2.0, synthetic=False)
    curves = [trace for trace in figure.data if trace.mode == "lines"]
    markers = [trace for trace in figure.data if trace.mode == "markers"]
    assert [curve.name for curve in curves] == ["x", "y", "z"]
    assert [marker.x[0] for marker in markers] == [2.0, 2.0, 2.0]
    assert markers[0].y[0] == pytest.approx(1 / (1 + np.exp(-2.0)))
    grey = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert sorted((shape.x0, shape.x1) for shape in grey) == [(-4.0, -2.0), (2.0, 4.0)], "|factor| > 1 / |gate|"
    assert "pair x moves most, by +0.15" in theme.alt_of(figure)


def test_bands_are_weighted_shares():
    use = TrackUse(
        "fourier",
        ("10.5 bp", "5 bp"),
        ("c",),
        np.array([0.0, -2.0]),
        np.array([[0.5, 0.5], [0.75, 0.25]]),
        np.ones((2, 1)),
    )
    figure = atomcard.track_figure([use], 1, synthetic=True)
    assert figure.data[0].y.tolist() == [1.5, 0.5]
    assert "10.5 bp" in theme.alt_of(figure)


def test_arcs_of_one_chromosome():
    places = PairPlaces(
        np.array(["p", "q", "r"], dtype=object),
        np.array(["c1", "c2", "c1"], dtype=object),
        np.array([100, 200, 300]), np.array([200, 300, 400]),
        np.array([10_100, 20_000, 30_300]), np.array([10_200, 20_100, 30_400]),
    )  # fmt: skip
    labels = np.array([1, 0, 0], dtype=np.int8)
    figure = atomcard.top_arcs(places, np.array([0.9, 0.5, 0.2]), labels, "c1", 3, synthetic=True)
    assert "atom 4 on c1" in figure.layout.title.text
    assert figure.data[-1].x.tolist() == pytest.approx([(150 + 10_150) / 2e6, (350 + 30_350) / 2e6])


def test_the_offline_page_is_one_file_that_asks_for_nothing():
    figure = atomcard.steering_figure(steering(), ["x", "y", "z"], 1.0, synthetic=True)
    page = offline_page(
        "Atom <7>",
        [
            Section("i", ["a <script>"], [{"n": 5, "v": 0.123456, "t": "<b>"}], [figure]),
            Section("ii", figures=[figure]),
        ],
        synthetic=True,
        footer="run x",
        lang="zh",
    )
    head, body = page.split("</head>")
    assert "default-src 'none'" in head
    assert 'lang="zh-Hans"' in page
    assert "<script src" not in page
    assert "connect-src" not in head, "nothing softens the policy"
    assert 3e6 < len(page) < 8e6, "the library is inside once"
    assert "Atom &lt;7&gt;" in page
    assert "a &lt;script&gt;" in body
    assert "<td>0.1235</td>" in body
    assert "<td>&lt;b&gt;</td>" in body
    assert body.count('role="img"') == 2
    assert "run x" in body
    assert '"showSendToCloud": false' in body
