"""From scores to codes: calibration against the truth, spacings, periods, composition, selection."""

import numpy as np
import pytest

from metabam.model.discovery.build import build_reader
from metabam.model.discovery.calibrate import Calibration, calibrate, noisy_or
from metabam.model.discovery.composition import composition
from metabam.model.discovery.periodicity import find_periods, fourier
from metabam.model.discovery.scan import fit_background
from metabam.model.discovery.selection import forward_selection
from metabam.model.discovery.shuffle import dinucleotide_shuffle
from metabam.model.discovery.spacing import Spaced, find_spacings, sorted_hits, spaced_scores
from tests.model.discovery.plant import OTHER, STRONG, dna, plant, write


def test_noisy_or_by_hand():
    p = np.array([[0.5, 0.2, 0.0001], [0.0001, 0.0001, 0.0001]])
    log_odds = np.log(p / (1 - p)).astype(np.float32)
    np.testing.assert_allclose(noisy_or(log_odds), 1 - np.prod(1 - p, axis=1), rtol=1e-4)


def test_calibration_recovers_the_mixture_it_is_shown():
    """Sites N(6, 1) in 2 % of places over a N(0, 1.5) background: the log-odds are known at every score."""
    centres = np.arange(-2.0, 12.0, 0.25)
    null = np.exp(-0.5 * (centres / 1.5) ** 2) / 1.5
    truth = 0.02 * np.exp(2.0 * centres - 10.0)
    found = calibrate(1e9 * null * (1 + truth), 2e9 * null, 2, centres, rare=True)
    np.testing.assert_allclose(found.slope, 2.0, rtol=0.02)
    np.testing.assert_allclose(found.intercept, np.log(0.02) - 10.0, rtol=0.02)
    at = np.array([3.0, 5.0, 8.0], dtype=np.float32)
    odds = 0.02 * np.exp(2.0 * at - 10.0)
    np.testing.assert_allclose(found.probability(at), odds / (1 + odds), atol=0.01)


def test_probabilities_of_planted_elements_are_calibrated():
    rng = np.random.default_rng(0)
    codes = dna(rng, 1_500, 120)
    holds = plant(rng, codes, STRONG[:7], 0.3)
    reader = build_reader(codes, fit_background(codes), [0], [STRONG[:7]], rng, spaced=[])
    p = reader.read(codes)[:, 0]
    assert p.mean() == pytest.approx(holds.mean(), abs=0.07)
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
        inside = (p >= low) & (p < high)
        assert abs(p[inside].mean() - holds[inside].mean()) < 0.12
    assert np.corrcoef(p, holds)[0, 1] > 0.5


def test_spacing_is_found_whatever_the_strand():
    rng = np.random.default_rng(1)
    rows, starts, strands, motifs = [], [], [], []
    widths = [9, 8]
    for element in range(200):
        start = int(rng.integers(20, 60))
        turned = bool(rng.random() < 0.5)
        if element < 60:
            places = [(0, start, 0), (1, start + 9 + 13, 1)]
            if turned:
                places = [(1, start, 0), (0, start + 8 + 13, 1)]
        else:
            places = [(0, start, int(rng.integers(2))), (1, int(rng.integers(0, 100)), int(rng.integers(2)))]
        for motif, at, strand in places:
            rows.append(element), starts.append(at), strands.append(strand), motifs.append(motif)
    hits = sorted_hits(*(np.array(column) for column in (rows, starts, strands, motifs)))
    found = find_spacings(hits, widths)
    assert len(found) == 1
    best = found[0]
    plain = (best.first, best.first_strand, best.second, best.second_strand, best.gap)
    assert plain in {(0, 0, 1, 1, 13), (1, 0, 0, 1, 13)}
    assert best.z > 20


def test_spaced_score_adds_both_parts_and_reads_the_mirror_image():
    scores = np.full((1, 2, 2, 40), -3.0, dtype=np.float32)
    scores[0, 0, 0, 5], scores[0, 1, 1, 5 + 9 + 4] = 7.0, 6.0
    scores[0, 0, 1, 20], scores[0, 1, 0, 20 + 8 + 4] = 5.0, 4.0
    scores[0, 0, 0, 2] = 11.0
    singles = [Calibration(1.0, -5.0), Calibration(0.5, -2.0)]
    joint = spaced_scores(scores, Spaced(0, 0, 1, 1, 4), [9, 8], singles)
    assert joint[0, 5] == pytest.approx(13.0 - np.log(1 + np.exp(7.0 - 5.0) + np.exp(3.0 - 2.0)))
    assert joint[0, 20] == pytest.approx(9.0 - np.log(1 + np.exp(4.0 - 5.0) + np.exp(2.5 - 2.0)))
    assert joint[0, 2] == pytest.approx(8.0 - np.log(1 + np.exp(11.0 - 5.0) + np.exp(-1.5 - 2.0)))
    assert (spaced_scores(scores, Spaced(0, 0, 1, 1, 50), [9, 8], singles) == -1e4).all()


def test_spaced_pair_is_read_from_dna():
    rng = np.random.default_rng(2)
    codes = dna(rng, 800, 120)
    together = np.arange(800) < 250
    for row in range(500):
        start = int(rng.integers(0, 60))
        write(rng, codes, row, start, STRONG, False)
        write(rng, codes, row, start + 9 + 6 if together[row] else 100, OTHER, False)
    reader = build_reader(codes, fit_background(codes), [0, 1], [STRONG, OTHER], rng)
    assert len(reader.spaced) == 1
    assert reader.spaced[0].gap == 6
    p = reader.read(codes)
    assert np.corrcoef(p[:, 2], together)[0, 1] > 0.9
    assert np.corrcoef(p[:, 0], together)[0, 1] < 0.75


def test_period_of_ten_and_a_half_is_found_and_chance_is_not():
    rng = np.random.default_rng(3)
    codes = dna(rng, 300, 400)
    shuffles = [dinucleotide_shuffle(codes, rng) for _ in range(2)]
    assert find_periods(codes, *shuffles) == []
    holds = np.arange(300) < 120
    place = np.arange(400)
    for row in np.flatnonzero(holds):
        chance = 0.5 + 0.35 * np.cos(2 * np.pi * (place - rng.uniform(0, 10.5)) / 10.5)
        weak = rng.random(400) < chance
        codes[row] = np.where(weak, rng.choice([0, 3], 400), rng.choice([1, 2], 400))
    shuffles = [dinucleotide_shuffle(codes, rng) for _ in range(2)]
    found = find_periods(codes, *shuffles)
    assert abs(found[0].period - 10.5) < 0.3
    assert np.corrcoef(found[0].strength(codes), holds)[0, 1] > 0.8


def test_fourier_of_a_pure_wave_by_hand():
    """AC repeated: the step AC comes at every second position, so its power at period 2 is that of half the steps."""
    codes = np.resize([0, 1], (1, 102)).astype(np.uint8)
    coefficient = fourier(codes, np.array([0.5]))[0, 1, 0]
    assert abs(coefficient) == pytest.approx((101 / 2) / np.sqrt(102), rel=0.02)


def test_composition_by_hand():
    codes = np.array([[1, 2, 1, 2, 0, 0, 0, 3, 4, 4]], dtype=np.uint8)
    gc, cpg, skew = composition(codes)[0]
    assert gc == pytest.approx(0.5)
    assert cpg == pytest.approx(np.log2((2 + 1) / (2 * 2 / 8 + 1)))
    assert skew == pytest.approx(0.5)


def test_selection_takes_what_the_labels_need_and_stops():
    rng = np.random.default_rng(4)
    columns, labels = [], []
    for gates in ((2.0, -1.5), (-2.0, 0.5), (1.0, 2.0)):
        x = rng.normal(size=(1_500, 31)).astype(np.float32)
        x[:, 17] = 0.9 * x[:, 5] + 0.44 * x[:, 17]
        z = gates[0] * x[:, 5] + gates[1] * x[:, 11]
        columns.append(x)
        labels.append((rng.random(1_500) < 1 / (1 + np.exp(-z))).astype(np.int8))
    chosen, gains = forward_selection(columns, labels, 13)
    assert chosen == [5, 11]
    assert gains[0] > gains[1] > 50
    assert forward_selection(columns, labels, 1)[0] == [5]


def test_calibration_without_a_site_says_never():
    nothing = calibrate(np.zeros(7), np.ones(7), 1, np.arange(7.0), rare=True)
    assert nothing == Calibration(1.0, -50.0)
