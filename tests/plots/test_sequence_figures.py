"""Figures of the Sequence lens: bars, boxes, outlines, letters, cells; never pixels."""

from __future__ import annotations

import re

import numpy as np
import pytest

from metabam.plots import basewindow, letters, sequence, theme
from metabam.plots.sequence import Site, Window
from metabam.records import AttributionRecord, MotifHit, MutagenesisRecord

L_E, L_P = 53, 47
RNG = np.random.default_rng(7)


def attribution() -> AttributionRecord:
    e, p = RNG.normal(size=L_E) * 0.01, np.zeros(L_P)
    e[11], p[13] = 0.7, -0.3
    codes = np.resize(np.array([0, 1, 2, 3, 4], dtype=np.uint8), L_E)
    nothing = np.zeros((4, L_E)), np.zeros((4, L_P))
    return AttributionRecord(
        "logit", "integrated_gradients", "shuffle", e, p, *nothing, codes, codes[:L_P], 1.5, 0.5, 1.0, 0.01, 0.0, 0.02
    )


def hit(side: str, start: int, name: str = "m<1>$") -> MotifHit:
    return MotifHit(3, name, side, start, start + 7, "-", 5.0, 0.001, 0.01)


def mutagenesis() -> MutagenesisRecord:
    change = np.zeros((4, 17))
    change[2, 5] = -0.9
    return MutagenesisRecord("logit", "enhancer", 5, 22, change, np.linspace(-1, 1, 17), 1.5, 0.61)


def test_two_tracks_of_every_base_on_one_scale():
    record = attribution()
    figure = sequence.tracks_figure(record, [hit("promoter", 13)], synthetic=True)
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [len(bar.x) for bar in bars] == [L_E, L_P]
    assert bars[0].y[11] == 0.7
    assert bars[1].marker.color[13] == sequence.LOWERS
    assert bars[0].marker.color[11] == sequence.RAISES
    assert "".join(bars[0].text[:5]) == "ACGTN"
    layout = figure.layout
    assert layout.xaxis.range == layout.xaxis2.range == (-0.5, L_E - 0.5)
    assert layout.yaxis.range == layout.yaxis3.range == (-0.7 * 1.08, 0.7 * 1.08)
    assert layout.dragmode == "select"
    assert "at base 11" in theme.alt_of(figure)
    assert [bar.xaxis for bar in bars] == ["x", "x2"]
    assert [bar.yaxis for bar in bars] == ["y", "y3"]


def test_a_site_is_a_box_that_can_be_clicked_and_its_name_is_harmless():
    figure = sequence.tracks_figure(attribution(), [hit("enhancer", 5), hit("promoter", 13)], synthetic=True)
    marks = [trace for trace in figure.data if trace.type == "scatter"]
    assert [list(mark.ids) for mark in marks] == [["hit,0"], ["hit,1"]]
    assert [list(mark.x) for mark in marks] == [[8.0], [16.0]]
    boxes = [(shape.x0, shape.x1, shape.yref) for shape in figure.layout.shapes if shape.yref in ("y2", "y4")]
    assert boxes == [(4.5, 11.5, "y2"), (12.5, 19.5, "y4")]
    assert "m&lt;1&gt;" in marks[0].text[0]
    assert "$" not in marks[0].text[0]


def test_planted_sites_are_outlined_and_the_window_is_shaded():
    figure = sequence.tracks_figure(
        attribution(), (), [Site("M07", "promoter", 29, 36)], window=Window("enhancer", 5, 22), synthetic=True
    )
    outlined = [shape for shape in figure.layout.shapes if shape.line.color == sequence.OUTLINE]
    assert [(shape.x0, shape.x1, shape.xref, shape.yref) for shape in outlined] == [(28.5, 35.5, "x2", "y3")]
    assert [shape.x0 for shape in figure.layout.shapes if shape.yref == "y domain"] == [4.5]
    plain = sequence.tracks_figure(attribution(), synthetic=True)
    assert [shape for shape in plain.layout.shapes if shape.line.color == sequence.OUTLINE] == []


def test_lanes_keep_boxes_and_labels_apart():
    assert sequence.lanes([(0, 10), (5, 15), (50, 60)], apart=20, most=3) == [0, 1, 0]
    assert sequence.lanes([(0, 10), (1, 10), (2, 10), (3, 10)], apart=20, most=2) == [0, 1, 0, 0]


def test_letters_stand_on_the_line_and_know_their_substitutions():
    record, window = attribution(), Window("enhancer", 5, 22)
    figure = basewindow.letters_figure(record, window, mutagenesis=mutagenesis(), synthetic=True)
    (points,) = figure.data
    assert list(points.x) == list(range(5, 22))
    assert points.y[6] == 0.7
    assert "→G -0.900" in points.customdata[5]
    paths = [shape for shape in figure.layout.shapes if shape.type == "path"]
    assert len(paths) == 4
    bare = basewindow.letters_figure(record, window, synthetic=True, lang="zh")
    assert bare.data[0].customdata[0] == "尚未尝试替换"


def test_a_letter_fills_its_box():
    (shape,) = letters.letter_shapes(
        ["T", "N"], np.array([2.0, 3.0]), np.array([0.0, 0.0]), np.array([-4.0, 9.0]), width=1.0
    )
    numbers = np.array(re.findall(r"(-?[\d.]+),(-?[\d.]+)", shape["path"]), dtype=float)
    assert shape["fillcolor"] == letters.COLOURS["T"]
    assert (numbers[:, 0].min(), numbers[:, 0].max()) == (2.0, 3.0)
    assert (numbers[:, 1].min(), numbers[:, 1].max()) == (-4.0, 0.0)


def test_mutagenesis_is_a_signed_map_of_four_letters():
    figure = basewindow.mutagenesis_figure(mutagenesis(), attribution().enhancer_codes, synthetic=True)
    heat, dots = figure.data
    assert np.shape(heat.z) == (4, 17)
    assert (heat.zmin, heat.zmid, heat.zmax) == (-0.9, 0, 0.9)
    assert list(heat.x) == list(range(5, 22))
    assert len(dots.x) == 17 - 3  # bases 9, 14 and 19 are N
    assert dots.y[0] == "A"
    assert "base 10 to G" in theme.alt_of(figure)


def test_attribution_against_mutagenesis_one_point_a_base():
    figure = basewindow.agreement_figure(attribution(), mutagenesis(), synthetic=True)
    (points,) = figure.data
    assert points.y[6] == 0.7
    assert points.x[0] == -1.0
    assert points.text[0] == "A 5"
    assert "0.61" in figure.layout.title.subtitle.text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_exported_is_what_is_drawn(lang):
    figure = sequence.tracks_figure(attribution(), [hit("enhancer", 5)], synthetic=False, lang=lang)
    rows = theme.drawn_rows(figure)
    assert len(rows) == L_E + L_P + 1
    assert rows[11]["y"] == 0.7
