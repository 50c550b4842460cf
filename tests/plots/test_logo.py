"""Sequence logos: heights worked out by hand, letters inside their boxes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from metabam.plots import logo, theme

SURE = np.array([1.0, 0.0, 0.0, 0.0])
HALF = np.array([0.5, 0.0, 0.0, 0.5])
EVEN = np.full(4, 0.25)


def places(shape):
    return np.array(
        [[float(v) for v in pair.split(",")] for pair in re.findall(r"-?[\d.e-]+,-?[\d.e-]+", shape["path"])]
    )


def test_bits_of_a_sure_a_shared_and_an_even_column():
    assert logo.column_bits(np.stack([SURE, HALF, EVEN])) == pytest.approx([2.0, 1.0, 0.0], abs=1e-6)


def test_letters_are_as_high_as_probability_times_bits_and_the_likeliest_is_on_top():
    column = np.array([[0.7, 0.1, 0.2, 0.0]])
    bits = 2.0 + sum(p * np.log2(p) for p in (0.7, 0.1, 0.2))
    shapes = logo.logo_shapes(column, start=3.0, base=5.0)
    colours = [shape["fillcolor"] for shape in shapes]
    assert colours == [logo.BASE_COLOURS[base] for base in "CGA"]
    tall = places(shapes[-1])
    assert np.ptp(tall[:, 1]) == pytest.approx(0.7 * bits, abs=2e-3)
    assert tall[:, 1].max() == pytest.approx(5.0 + bits, abs=2e-3)
    assert abs(tall[:, 0].mean() - 3.0) < 0.1


def test_an_even_column_has_no_letter():
    assert logo.logo_shapes(EVEN[None]) == []


@pytest.mark.parametrize("base", "ACGTN")
def test_a_letter_fills_its_box_and_turns_upside_down_below_the_axis(base):
    box = places(logo.letter_shape(base, 11.0, 2.0, 5.0, width=1.0))
    assert box.min(axis=0) == pytest.approx([10.5, 2.0], abs=0.06)
    assert box.max(axis=0) == pytest.approx([11.5, 5.0], abs=0.06)
    below = places(logo.letter_shape(base, 11.0, 0.0, -3.0, width=1.0))
    assert below[:, 1].min() == pytest.approx(-3.0, abs=0.06)
    assert below[:, 1].max() == pytest.approx(0.0, abs=0.06)
    assert below[:, 1] == pytest.approx(2.0 - box[:, 1], abs=2e-3)


def test_other_letters_are_n():
    assert logo.letter_shape("x", 0.0, 0.0, 1.0)["fillcolor"] == logo.BASE_COLOURS["N"]


def test_consensus_and_the_other_strand():
    pwm = np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.4, 0.3, 0.2], [0.0, 0.0, 0.9, 0.1]])
    assert logo.consensus(pwm) == "AcG"
    assert logo.consensus(logo.reversed_strand(pwm)) == "CgT"


def test_figure_gives_back_the_matrix_that_was_drawn():
    first = logo.Logo("motif07", np.stack([SURE, HALF, EVEN]), 2)
    second = logo.Logo("M<b>", np.stack([HALF, SURE]), 0)
    figure = logo.logo_figure([first, second], title="t", synthetic=True, lang="zh")
    assert len(figure.data) == 2
    assert figure.data[0].x.tolist() == [3, 4, 5]
    assert figure.data[0].customdata.tolist() == pytest.approx([2.0, 1.0, 0.0], abs=1e-6)
    rows = theme.drawn_rows(figure)
    assert [row["text"] for row in rows if row["trace"] == "motif07"][1] == "A 0.50 C 0.00 G 0.00 T 0.50"
    assert "M<b>" not in figure.to_json()
    assert len(figure.layout.shapes) == 1 + 2 + 2 + 1
    assert "motif07" in theme.alt_of(figure)
    assert figure.layout.yaxis.title.text == "比特"


def test_no_logo_at_all_is_an_empty_figure():
    assert len(logo.logo_figure([], title="t", synthetic=False).data) == 0
