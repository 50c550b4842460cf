import numpy as np
import pytest

from metabam.errors import ConfigError, InputError
from metabam.learners.posterior import posterior_draws
from metabam.probe.design import Rules, answers_if, joint_gain, plan_support, single_gain
from metabam.probe.retrospect import check_design
from metabam.records import PosteriorDraws, SupportSet
from tests.probe.toys import Additive, K, Z, belief, line, pairs, random_learner, weights

LN2 = np.log(2.0)
M = 512


def entropy(p):
    return -(p * np.log(p) + (1 - p) * np.log(1 - p))


def two_bits(columns, shuffle=0):
    """Two fair bits, all four states equally often; ``columns`` names which bit a candidate shows, and how well."""
    bits = np.array([[a, b] for a in (0, 1) for b in (0, 1)] * (M // 4), dtype=float)
    bits = bits[np.random.default_rng(shuffle).permutation(M)]
    p = np.stack([0.5 + (q - 0.5) * (2 * bits[:, which] - 1) for which, q in columns], axis=1)
    return PosteriorDraws(bits, np.tanh(bits - 0.5), p.astype(np.float32))


def drawer(columns):
    return lambda seed: two_bits(columns, seed)


def test_single_gains_are_known_numbers():
    p = two_bits([(0, 1.0), (0, 0.9), (1, 0.5)]).probability
    assert single_gain(p) == pytest.approx([LN2, LN2 - entropy(0.9), 0.0], abs=1e-5)


def test_joint_gain_of_two_noisy_looks_at_one_bit():
    p = two_bits([(0, 0.9), (0, 0.9)]).probability
    both = 0.9 * 0.9 + 0.1 * 0.1
    wanted = entropy(both) + LN2 - 2 * entropy(0.9)  # H(y1, y2) = H(y1) + H(y1 xor y2), y1 fair
    assert joint_gain(p, 8_192)[1] == pytest.approx(wanted, abs=0.01)
    assert joint_gain(p, 8_192)[0] == pytest.approx(LN2 - entropy(0.9), abs=1e-5)


def test_no_pick_repeats_a_question():
    columns = [(0, 1.0), (0, 1.0), (1, 0.9), (0, 0.99), (1, 0.6)]
    found = plan_support(drawer(columns), Rules(size=2), random_batches=7)
    assert sorted(found.chosen.tolist()) in ([0, 2], [1, 2])
    assert found.gain == pytest.approx([LN2, 2 * LN2 - entropy(0.9)], abs=0.01)
    assert found.greedy_gain == pytest.approx(found.gain, abs=0.01)
    assert found.random_gain.shape == (7, 2)
    assert found.random_gain[:, -1].max() <= found.gain[-1] + 0.01
    assert found.expected_positives == pytest.approx(1.0)
    assert found.one_class == pytest.approx(0.5, abs=1e-6)
    assert found.std_before == pytest.approx([0.5, 0.5])
    assert found.std_after == pytest.approx([0.0, np.sqrt(0.09)], abs=0.01)
    assert found.gate_change.shape == (2, 2)
    assert found.gate_change[0] == pytest.approx([2 * np.tanh(0.5), 0.0], abs=1e-5)
    assert found.ceiling == pytest.approx(np.log(M))
    assert not found.saturated
    assert not found.nothing_to_learn


def test_rules_are_kept():
    columns = [(0, 1.0), (1, 1.0), (0, 0.9), (1, 0.9), (0, 0.8), (1, 0.8), (0, 0.7)]
    plan = drawer(columns)
    gene = np.array([5, 5, 5, 5, 6, 6, 7])
    kept = plan_support(plan, Rules(size=3, promoter=gene, per_promoter=1), random_batches=0)
    assert sorted(gene[kept.chosen].tolist()) == [5, 6, 7]
    fixed = plan_support(plan, Rules(size=3, include=(6, 2), exclude=(0, 1)), random_batches=0)
    assert fixed.chosen[:2].tolist() == [6, 2]
    assert not {0, 1} & set(fixed.chosen.tolist())
    cheap = plan_support(plan, Rules(size=1, cost=np.array([9.0, 9, 9, 1, 9, 9, 9])), random_batches=0)
    assert cheap.chosen.tolist() == [3]
    few = plan_support(plan, Rules(size=2, include=(6,)), most=1, random_batches=0)
    assert few.chosen[0] == 6
    assert few.chosen[1] in (0, 1)
    with pytest.raises(InputError, match="too-few-candidates"):
        plan_support(plan, Rules(size=4, promoter=gene, per_promoter=1), random_batches=0)
    with pytest.raises(InputError, match="too-few-candidates"):
        plan_support(plan, Rules(size=8), random_batches=0)
    for wrong in (
        {"include": (7,)},
        {"include": (1,), "exclude": (1,)},
        {"include": (1, 1)},
        {"cost": np.zeros(7)},
        {"promoter": gene[:3]},
    ):
        with pytest.raises(ConfigError, match="design-rules"):
            plan_support(plan, Rules(size=3, **wrong), random_batches=0)


def test_what_one_label_would_change_is_bayes_rule():
    p = two_bits([(0, 0.9), (0, 0.8), (1, 1.0)]).probability
    low, high = answers_if(p, 0)
    assert high == pytest.approx([0.9**2 + 0.1**2, 0.9 * 0.8 + 0.1 * 0.2, 0.5], abs=1e-6)
    assert low[1] == pytest.approx(0.9 * 0.2 + 0.1 * 0.8, abs=1e-6)


def test_the_same_seed_plans_the_same_batch():
    rng = np.random.default_rng(0)
    p = rng.random((M, 53)).astype(np.float32)
    draws = PosteriorDraws(rng.standard_normal((M, Z)), rng.standard_normal((M, K)), p)
    one, two = (plan_support(lambda _: draws, Rules(size=5), seed=3, random_batches=1) for _ in range(2))
    assert one.chosen.tolist() == two.chosen.tolist()
    assert one.gain.tolist() == two.gain.tolist()


def test_ignorance_and_the_ceiling_are_said():
    nothing = plan_support(drawer([(0, 0.5)] * 5), Rules(size=2))
    assert nothing.nothing_to_learn
    assert nothing.gain == pytest.approx([0.0, 0.0], abs=1e-6)
    states = np.eye(5)[np.arange(5)]
    few = PosteriorDraws(states, states, np.clip(states, 1e-4, 1 - 1e-4).astype(np.float32))
    assert plan_support(lambda _: few, Rules(size=4)).saturated  # five draws, each told apart: ln 5


def test_draws_of_meta_bam():
    learner = random_learner(scale=0.25)
    before = weights(learner)
    x = pairs(16, 1)
    support = SupportSet(x, (x[:, 0] > 0).astype(np.int8))
    fingerprint, queries = learner.adapt(support), pairs(7, 2)
    drawn = posterior_draws(learner, fingerprint, queries, 3_001, seed=5, delta="drawn")
    again = posterior_draws(learner, fingerprint, queries, 3_001, seed=5, delta="drawn")
    assert drawn.probability.shape == (3_001, 7)
    assert drawn.context.shape == (3_001, Z)
    assert drawn.spectrum.shape == (3_001, K)
    assert np.array_equal(drawn.probability, again.probability)
    assert drawn.context.mean(axis=0) == pytest.approx(fingerprint.mean, abs=0.1)
    assert drawn.context.std(axis=0) == pytest.approx(fingerprint.std, rel=0.1)
    assert drawn.probability.mean(axis=0) == pytest.approx(learner.predict(fingerprint, queries).probability, abs=0.05)
    context = posterior_draws(learner, fingerprint, queries, 3_001, seed=5)
    wanted = learner.predict(fingerprint, queries, path="context").probability
    assert context.probability.mean(axis=0) == pytest.approx(wanted, abs=0.07)
    assert context.probability.std(axis=0).max() < drawn.probability.std(axis=0).max()
    with pytest.raises(InputError, match="draws"):
        posterior_draws(learner, fingerprint, queries, 1)
    with pytest.raises(InputError, match="feature-count"):
        posterior_draws(learner, fingerprint, queries[:, :3], 8)
    assert weights(learner) == before


class Slope(Additive):
    """The slope on x_0 is the sum of x_0 signed by the labels: right as soon as one clear pair is labelled."""

    def adapt(self, support):
        slope = np.tanh(((2.0 * support.labels - 1.0) * support.features[:, 0]).sum())
        return belief(slope * np.eye(K)[0])


def test_a_plan_is_checked_where_labels_are_known():
    """Most pairs show next to nothing; a plan that knows which ones do beats chance."""
    rng = np.random.default_rng(3)
    x = np.zeros((1_201, K), np.float32)
    x[:, 0] = rng.choice([-1.0, 1.0], 1_201) * np.where(rng.random(1_201) < 0.2, 1.5, 0.05)
    known = line("l", x, rng.random(1_201) < 1 / (1 + np.exp(-2.0 * x[:, 0])))

    def draw(features, seed):
        slope = np.random.default_rng(seed).choice([-2.0, 2.0], 64)
        p = 1 / (1 + np.exp(-slope[:, None] * features[:, 0].astype(float)))
        return PosteriorDraws(slope[:, None], slope[:, None], p.astype(np.float32))

    found = check_design(Slope(), draw, known, Rules(size=4), rounds=11, candidates=101, random_shots=(2, 4))
    assert found.planned.shape == found.random.shape == (11,)
    assert found.random_shots.tolist() == [2, 4]
    assert found.shots == 4
    assert found.planned.mean() > found.random.mean()
    assert found.random_curve[1] == pytest.approx(np.nanmean(found.random))
    assert found.planned_curve.shape == (2,)
    assert found.planned_curve[-1] == pytest.approx(np.nanmean(found.planned))
    assert 2.0 <= found.planned_shots <= 4.0
    with pytest.raises(InputError, match="too-few-pairs"):
        check_design(Slope(), draw, known, Rules(size=4), candidates=1_300)
