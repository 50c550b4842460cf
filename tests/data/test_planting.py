"""The parts that a planted world is made of, by hand: motifs, placement, background, labels."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from metabam.data import planting
from metabam.data.planting import Block, PlantedMotif, Sites
from metabam.data.sequence import codes_of, gc_fraction
from metabam.data.synthetic import WorldSettings, simulate
from metabam.data.world import build_world, silenced, standardise
from metabam.errors import ConfigError


def test_information_of_known_columns():
    certain, even = np.eye(4)[:1], np.full((1, 4), 0.25)
    assert planting.information(certain) == pytest.approx(2.0)
    assert planting.information(even) == pytest.approx(0.0)
    assert planting.information(np.array([[0.5, 0.5, 0.0, 0.0]])) == pytest.approx(1.0)


@pytest.mark.parametrize("bits", [8.0, 11.0, 14.0])
def test_random_motifs_have_the_bits_asked_for(bits):
    for seed in range(5):
        pwm = planting.random_pwm(np.random.default_rng(seed), bits)
        assert planting.information(pwm) == pytest.approx(bits, abs=0.01)
        assert np.allclose(pwm.sum(axis=1), 1.0)
        assert pwm.min() > 0


def test_similarity_sees_shifts_and_the_other_strand():
    pwm = planting.random_pwm(np.random.default_rng(3), 11.0)
    assert planting.similarity(pwm, pwm) == pytest.approx(1.0)
    assert planting.similarity(pwm, pwm[::-1, ::-1]) == pytest.approx(1.0)
    padded = np.concatenate([np.full((3, 4), 0.25), pwm])
    assert planting.similarity(pwm, padded) == pytest.approx(1.0)
    assert planting.similarity(np.eye(4)[[0, 0]], np.eye(4)[[1, 1]]) < 0.5


def test_motif_scores_by_hand():
    motif = PlantedMotif("m", np.array([[0.5, 0.25, 0.125, 0.125], [0.25, 0.25, 0.25, 0.25]]), -10.0)
    assert motif.log_odds(np.stack([codes_of("AC"), codes_of("GT")])).tolist() == [1.0, -1.0]


def test_sampled_sites_are_never_weaker_than_the_floor():
    (motif,) = planting.draw_motifs(np.random.default_rng(5), ["m"], 9.0, 9.0)
    drawn = motif.sample(np.random.default_rng(6), 2_000)
    assert motif.log_odds(drawn).min() >= motif.min_log_odds
    frequency = np.stack([(drawn == code).mean(axis=0) for code in range(4)], axis=1)
    assert np.abs(frequency - motif.pwm).max() < 0.1  # the floor drops a tenth of the sites


def test_placed_blocks_never_touch_and_use_the_whole_length():
    rng = np.random.default_rng(2)
    blocks = [Block(((0, 0, 1),), length) for length in (7, 11, 13)]
    first, last = 50, 0
    for _ in range(500):
        starts = planting.place(rng, blocks, 50, margin=2)
        spans = sorted((start, start + block.length) for start, block in zip(starts.tolist(), blocks, strict=True))
        assert spans[0][0] >= 2
        assert spans[-1][1] <= 48
        assert all(b[0] - a[1] >= 2 for a, b in pairwise(spans))
        first, last = min(first, spans[0][0]), max(last, spans[-1][1])
    assert (first, last) == (2, 48)
    assert planting.place(rng, blocks, 38) is None
    assert planting.place(rng, blocks, 39).min() == 2


def test_spaced_pairs_are_found_on_both_strands_and_nowhere_else():
    widths = (5, 7)
    block = Block(((0, 0, 1), (1, 8, -1)), 15)
    assert block.turned(widths) == Block(((0, 10, -1), (1, 0, 1)), 15)
    rows = [
        (0, 0, 20, 1), (0, 1, 28, -1),  # as in the block
        (1, 0, 30, -1), (1, 1, 20, 1),  # the block on the other strand
        (2, 0, 20, 1), (2, 1, 29, -1),  # one base off
        (3, 0, 20, 1), (3, 1, 28, 1),  # one strand wrong
        (4, 0, 20, 1), (5, 1, 28, -1),  # not in one element
    ]  # fmt: skip
    sites = Sites(*np.array(rows, dtype=np.int64).T)
    assert sites.spaced(block, widths, 7).tolist() == [1, 1, 0, 0, 0, 0, 0]
    assert sites.has(1, 7).tolist() == [1, 1, 1, 1, 0, 1, 0]


def test_expected_auroc_equals_the_double_sum():
    p = np.array([0.1, 0.9, 0.5, 0.5, 0.3])
    top = bottom = 0.0
    for i in range(5):
        for j in range(5):
            top += p[i] * (1 - p[j]) * (1.0 if p[i] > p[j] else 0.5 if p[i] == p[j] else 0.0)
            bottom += p[i] * (1 - p[j])
    assert planting.expected_auroc(p) == pytest.approx(top / bottom)


def test_scale_and_intercept_reach_what_was_asked():
    score = np.random.default_rng(1).normal(size=3_001)
    scale, intercept = planting.solve_scale(score, 0.9, 0.3)
    p = planting.sigmoid(scale * score + intercept)
    assert planting.expected_auroc(p) == pytest.approx(0.9, abs=2e-4)
    assert p.mean() == pytest.approx(0.3, abs=1e-6)
    with pytest.raises(ConfigError) as caught:
        planting.solve_scale(np.zeros(11), 0.9, 0.3)
    assert caught.value.code == "world-auroc"


def test_gates_are_a_smooth_function_of_the_latent():
    coefficients = planting.gate_map(np.random.default_rng(4), 12)
    u = np.random.default_rng(5).normal(size=(7, 3))
    gates = planting.gates_of(coefficients, u)
    assert gates.shape == (7, 12)
    assert np.abs(gates).max() <= 1
    assert np.abs(planting.gates_of(coefficients, u + 1e-4) - gates).max() < 1e-3


def test_background_follows_its_bias():
    rng = np.random.default_rng(8)
    poor, rich = (planting.background(rng, np.full((40, 500), bias)) for bias in (-1.0, 1.0))
    assert gc_fraction(rich).mean() - gc_fraction(poor).mean() > 0.3
    neutral = planting.background(rng, np.zeros((40, 500)))
    pairs = neutral[:, :-1] * 4 + neutral[:, 1:]
    cpg, gpc = (pairs == 6).mean(), (pairs == 9).mean()
    assert cpg < 0.5 * gpc  # dinucleotide structure: CpG is rare


def test_silencing_and_standardising_by_hand():
    activity = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    assert silenced(activity, ((0, 1),)).tolist() == [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    standard = standardise(np.array([[1.0, 5.0], [3.0, 5.0]]))
    assert standard.tolist() == [[-1.0, 0.0], [1.0, 0.0]]


# ------------------------------------------------------------------ the world


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"pairs": 100}, "'pairs'"),
        ({"pairs_per_line": 3}, "pairs_per_line"),
        ({"enhancer_length": 100}, "enhancer_length"),
        ({"bayes_auroc": 1.0}, "bayes_auroc"),
        ({"prevalence": 0.0}, "prevalence"),
        ({"pairs_per_line": 60, "pool": 50}, "pool"),
        ({"pairs_per_line": 60, "n_enhancers": 13, "n_promoters": 13}, "pool"),
        ({"seed": -1}, "seed"),
    ],
)
def test_settings_out_of_range_are_refused(tmp_path, settings, named):
    seed = settings.pop("seed", 7)
    with pytest.raises(ConfigError) as caught:
        simulate(tmp_path / "w", seed, **settings)
    assert caught.value.code == "world-settings"
    assert named in caught.value.message
    assert not (tmp_path / "w").exists()


def test_small_worlds_are_whole():
    world = build_world(WorldSettings(seed=3, training_lines=2, heldout_lines=0, pairs_per_line=40, contigs=2))
    assert set(world.roles.values()) == {"training"}
    assert len({tuple(pair) for pair in world.pairs.tolist()}) == len(world.pairs) == 80
    assert (world.enhancer_contig[world.pairs[:, 0]] == world.promoter_contig[world.pairs[:, 1]]).all()
