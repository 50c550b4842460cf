"""DNA codes: hand-computable round trips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metabam.data.sequence import base_counts, codes_of, codes_of_bytes, gc_fraction, reverse_complement, text_of
from metabam.errors import InputError

DNA = st.text(alphabet="ACGTN", max_size=60)


def test_codes_are_a0_c1_g2_t3_n4_in_either_case():
    codes = codes_of("ACGTNacgtn")
    assert codes.dtype == np.uint8
    assert codes.tolist() == [0, 1, 2, 3, 4] * 2


@given(DNA)
def test_text_comes_back(text):
    assert text_of(codes_of(text)) == text
    assert text_of(codes_of(text.lower())) == text


@pytest.mark.parametrize(("text", "letter", "position"), [("ACU", "U", 2), ("R", "R", 0), ("AC\u0391", "\u0391", 2)])
def test_other_letters_are_named_with_their_position(text, letter, position):
    with pytest.raises(InputError) as caught:
        codes_of(text)
    assert caught.value.code == "sequence-alphabet"
    assert repr(letter) in caught.value.message
    assert f"position {position} " in caught.value.message


def test_a_question_mark_does_not_pass_as_what_it_replaces():
    with pytest.raises(InputError):
        codes_of("A\U0001f9ecC")


def test_reference_bytes_outside_acgt_become_n():
    assert text_of(codes_of_bytes(b"ACGTRYKMnx-*")) == "ACGTNNNNNNNN"


def test_reverse_complement_by_hand():
    assert text_of(reverse_complement(codes_of("AACGN"))) == "NCGTT"
    stacked = np.stack([codes_of("AAC"), codes_of("GTN")])
    assert [text_of(row) for row in reverse_complement(stacked)] == ["GTT", "NAC"]


@given(DNA)
def test_reverse_complement_twice_is_the_sequence(text):
    assert text_of(reverse_complement(reverse_complement(codes_of(text)))) == text


def test_counts_and_gc_along_the_last_axis():
    codes = np.stack([codes_of("ACGGN"), codes_of("NNNNN"), codes_of("TTTAC")])
    assert base_counts(codes).tolist() == [[1, 1, 2, 0, 1], [0, 0, 0, 0, 5], [1, 1, 0, 3, 0]]
    assert gc_fraction(codes).tolist() == [0.75, 0.5, 0.2]
