"""The null, the background and the scan: counts and scores that can be checked by hand."""

import numpy as np
import pytest
import torch

from metabam.model.discovery.compare import pwm_cosine, reverse_complement_pwm
from metabam.model.discovery.scan import NEVER, fit_background, strand_scores
from metabam.model.discovery.seeds import distinct_seeds, enriched_words, gapped_masks
from metabam.model.discovery.shuffle import dinucleotide_shuffle
from tests.model.discovery.plant import OTHER, STRONG, dna, plant


def steps(row):
    return np.bincount(row[:-1].astype(int) * 5 + row[1:], minlength=25)


@pytest.mark.parametrize("letters", [4, 5])
def test_shuffle_keeps_every_dinucleotide_count_and_both_ends(letters):
    rng = np.random.default_rng(3)
    codes = rng.integers(0, letters, size=(31, 57)).astype(np.uint8)
    codes[0] = 2
    codes[1] = np.resize([0, 1, 2], 57)
    shuffled = dinucleotide_shuffle(codes, np.random.default_rng(7))
    for before, after in zip(codes, shuffled, strict=True):
        np.testing.assert_array_equal(steps(before), steps(after))
    np.testing.assert_array_equal(codes[:, 0], shuffled[:, 0])
    np.testing.assert_array_equal(codes[:, -1], shuffled[:, -1])
    assert (shuffled[2:] != codes[2:]).mean() > 0.4


def test_shuffle_reaches_every_arrangement_equally_often():
    """A A C A G A: the steps AA, AC, CA, AG, GA can be walked in 3! ways from A to A."""
    codes = np.tile(np.array([0, 0, 1, 0, 2, 0], dtype=np.uint8), (6_000, 1))
    shuffled = dinucleotide_shuffle(codes, np.random.default_rng(11))
    kinds, counts = np.unique(shuffled, axis=0, return_counts=True)
    assert len(kinds) == 6
    assert counts.min() > 880
    assert counts.max() < 1_120


def test_shuffle_is_deterministic_in_its_generator():
    codes = dna(np.random.default_rng(1), 13, 41)
    first, second = (dinucleotide_shuffle(codes, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_score_is_log_odds_on_both_strands():
    codes = np.full((1, 23), 0, dtype=np.uint8)
    codes[0, 5:14] = STRONG.argmax(axis=1)
    background = fit_background(dna(np.random.default_rng(0), 300, 100, gc=0.5))
    surprise = background.surprise(codes)
    (_, forward), *_ = strand_scores(codes, surprise, [STRONG, OTHER])
    expected = np.log(0.85) * 9 + surprise[0, 5:14].sum()
    assert forward[0, 0, 0, 5] == pytest.approx(expected, rel=1e-5)
    mirrored = 3 - codes[:, ::-1]
    (_, reverse), *_ = strand_scores(np.ascontiguousarray(mirrored), np.zeros_like(surprise), [STRONG, OTHER])
    (_, plain), *_ = strand_scores(codes, np.zeros_like(surprise), [STRONG, OTHER])
    torch.testing.assert_close(reverse[0, 1, 0, 23 - 9 - 5], plain[0, 0, 0, 5])
    assert (forward[0, :, 0, 15:] == NEVER).all()
    assert (forward[0, :, 1, 16:] == NEVER).all()
    assert (forward[0, :, 1, 15] > NEVER).all()


def test_unknown_letters_say_nothing():
    codes = np.full((2, 17), 4, dtype=np.uint8)
    background = fit_background(dna(np.random.default_rng(0), 100, 50))
    np.testing.assert_array_equal(background.surprise(codes), 0)
    (_, scores), *_ = strand_scores(codes, background.surprise(codes), [STRONG])
    np.testing.assert_allclose(scores[:, :, 0, :9].numpy(), 0.0)


def test_background_is_the_markov_chain_that_made_the_dna():
    rng = np.random.default_rng(2)
    codes = dna(rng, 400, 200, gc=0.4)
    background = fit_background(codes, strata=1)
    np.testing.assert_allclose(np.exp(background.log_step[0, :4]), np.tile([0.3, 0.2, 0.2, 0.3], (4, 1)), atol=0.01)


def test_cosine_knows_shift_and_strand():
    wide = np.concatenate([np.full((3, 4), 0.25), STRONG, np.full((2, 4), 0.25)])
    assert pwm_cosine(STRONG, reverse_complement_pwm(wide)) == pytest.approx(1.0)
    assert pwm_cosine(STRONG, OTHER) < 0.6
    assert pwm_cosine(STRONG, np.full((5, 4), 0.25)) == 0.0


def test_masks_have_their_weight_and_span():
    masks = gapped_masks(8)
    assert len(masks) == len(set(masks)) == 1 + 7 + 28 + 84
    assert {len(mask) for mask in masks} == {8}
    assert {mask[-1] + 1 for mask in masks} == {8, 9, 10, 11}


def test_planted_word_is_the_most_enriched_on_either_strand():
    rng = np.random.default_rng(4)
    codes = dna(rng, 300, 100)
    plant(rng, codes, STRONG, 0.5)
    words = enriched_words(codes, [dinucleotide_shuffle(codes, rng)], gapped_masks(6, 1), 20, 6.0)
    consensus = STRONG.argmax(axis=1)
    best = words[0]
    read = {tuple(consensus[np.array(best.offsets) + i]) for i in range(9 - best.span + 1)}
    other = 3 - consensus[::-1]
    read |= {tuple(other[np.array(best.offsets) + i]) for i in range(9 - best.span + 1)}
    assert best.letters in read
    seeds = distinct_seeds(codes, words, 10, 6.0)
    assert seeds[0] == best
    assert len(seeds) <= 4


def test_word_with_unknown_letter_is_not_counted():
    codes = np.full((40, 20), 4, dtype=np.uint8)
    assert enriched_words(codes, [codes], gapped_masks(6, 1), 5, 1.0) == []
