"""Motif search on small planted elements: what is there is found, and nothing else."""

import numpy as np
import pytest

from metabam.model.discovery.compare import cosine_table, pwm_cosine
from metabam.model.discovery.em import Elements, expectation_maximisation, gather, posterior, trim
from metabam.model.discovery.motifs import find_motifs, letter_shares
from metabam.model.discovery.scan import fit_background
from metabam.model.discovery.shuffle import dinucleotide_shuffle
from metabam.model.discovery.untangle import find_partner, split_blend
from tests.model.discovery.plant import OTHER, STRONG, dna, plant, write


def search(codes, **settings):
    rng = np.random.default_rng(0)
    return find_motifs(codes, fit_background(codes), weight=6, rng=rng, **{"min_z": 8.0, "rounds": 2, **settings})


def test_one_planted_motif_in_300_sequences_is_found():
    rng = np.random.default_rng(1)
    codes = dna(rng, 300, 100)
    plant(rng, codes, STRONG, 0.6)
    pwms, strength = search(codes)
    assert pwm_cosine(pwms[0], STRONG) >= 0.95
    assert strength[0] > 10
    assert len(pwms) <= 2


def test_two_motifs_are_kept_apart_and_found_again_with_the_same_seed():
    rng = np.random.default_rng(2)
    codes = dna(rng, 400, 100)
    plant(rng, codes, STRONG, 0.4)
    plant(rng, codes, OTHER, 0.4)
    pwms, _ = search(codes, rounds=1)
    assert (cosine_table([STRONG, OTHER], pwms).max(axis=1) >= 0.95).all()
    again, _ = search(codes, rounds=1)
    assert len(again) == len(pwms)
    for first, second in zip(pwms, again, strict=True):
        np.testing.assert_array_equal(first, second)


def test_shuffled_elements_hold_no_motif():
    rng = np.random.default_rng(3)
    codes = dna(rng, 400, 100)
    plant(rng, codes, STRONG, 0.6)
    pwms, _ = search(dinucleotide_shuffle(codes, rng))
    assert pwms == []


def test_known_motif_joins_the_seeds():
    rng = np.random.default_rng(4)
    codes = dna(rng, 300, 100)
    plant(rng, codes, STRONG, 0.3)
    near = np.maximum(STRONG - 0.1, 0.05)
    pwms, _ = search(codes, min_z=1e6, known=[near / near.sum(axis=1, keepdims=True)])
    assert pwm_cosine(pwms[0], STRONG) >= 0.95


def windows_at(codes, rows, starts, reverse, width):
    elements = Elements(codes, np.full(codes.shape, np.log(4), dtype=np.float32))
    return gather(elements, np.asarray(rows), np.asarray(starts), np.asarray(reverse), width)


def test_windows_are_read_in_the_motifs_direction():
    codes = np.array([[0, 1, 2, 3, 0, 0, 1]], dtype=np.uint8)
    windows = windows_at(codes, [0, 0], [1, 1], [False, True], 3)
    letters = windows.hot.reshape(2, 3, 4).argmax(axis=2)
    np.testing.assert_array_equal(letters, [[1, 2, 3], [0, 1, 2]])
    outside = windows_at(codes, [0], [-2], [False], 3)
    assert outside.hot.sum() == 1.0


def test_posterior_of_one_perfect_site_by_hand():
    codes = np.array([[0, 1, 2, 0, 0]], dtype=np.uint8)
    windows = windows_at(codes, [0], [0], [False], 3)
    pwm = np.eye(4)[[0, 1, 2]] * 0.96 + 0.01
    weight, evidence = posterior(windows, pwm, 0.2)
    odds = (0.97 * 4) ** 3 * 0.2 / 6
    assert weight[0] == pytest.approx(odds / (odds + 0.8), rel=1e-5)
    assert evidence[0] == pytest.approx(np.log(odds + 0.8), rel=1e-5)


def test_em_raises_the_likelihood():
    rng = np.random.default_rng(5)
    codes = dna(rng, 200, 30, gc=0.5)
    for row in range(120):
        write(rng, codes, row, 10, STRONG, False)
    windows = windows_at(codes, np.arange(200), np.full(200, 10), np.zeros(200, dtype=bool), 9)
    gains = [expectation_maximisation(windows, np.full((9, 4), 0.25) + 0.3 * (STRONG - 0.25), n)[2] for n in (1, 3, 9)]
    assert gains[0] < gains[1] <= gains[2] + 1e-6


def test_trim_stops_at_a_run_of_uninformative_columns():
    flat = np.full((2, 4), 0.25)
    joined = np.concatenate([flat, STRONG, flat, OTHER, flat])
    trimmed = trim(joined, np.full(4, 0.25))
    np.testing.assert_array_equal(trimmed, STRONG)
    one_gap = np.concatenate([STRONG[:4], flat[:1], STRONG[4:]])
    assert len(trim(one_gap, np.full(4, 0.25))) == 10


def test_a_blend_of_two_motifs_is_split_and_a_pure_one_is_not():
    rng = np.random.default_rng(6)
    codes = dna(rng, 900, 9, gc=0.5)
    swapped = STRONG.copy()
    swapped[:5] = swapped[:5, [3, 2, 1, 0]]
    for row in range(800):
        write(rng, codes, row, 0, STRONG if row % 2 else swapped, False)
    windows = windows_at(codes, np.arange(900), np.zeros(900, dtype=int), np.zeros(900, dtype=bool), 9)
    parts = split_blend(windows, (STRONG + swapped) / 2, prior=0.9)
    assert len(parts) == 2
    assert (cosine_table([STRONG, swapped], parts).max(axis=1) > 0.95).all()
    pure = windows_at(codes, np.arange(1, 800, 2), np.zeros(400, dtype=int), np.zeros(400, dtype=bool), 9)
    assert len(split_blend(pure, STRONG, prior=0.9)) == 1


def test_partner_at_a_fixed_offset_is_found_beside_its_motif():
    rng = np.random.default_rng(7)
    codes = dna(rng, 400, 60)
    for row in range(300):
        write(rng, codes, row, 25, STRONG, False)
        if row < 150:
            write(rng, codes, row, 25 + 9 + 5, OTHER, True)
    rows = np.arange(300)
    windows = windows_at(codes, rows, np.full(300, 5), np.zeros(300, dtype=bool), 9 + 40)
    partner = find_partner(windows, STRONG, 20, prior=0.7)
    assert partner is not None
    assert pwm_cosine(trim(partner, letter_shares(codes)), OTHER) >= 0.95
    alone = windows_at(codes, rows[150:], np.full(150, 5), np.zeros(150, dtype=bool), 9 + 40)
    assert find_partner(alone, STRONG, 20, prior=0.7) is None
