import numpy as np
import pytest

from metabam.errors import ConfigError, InputError
from metabam.metrics import auroc
from metabam.probe.swap import (
    fingerprint_path,
    judged_pairs,
    sampled_answer,
    shared_pairs,
    swap_both,
    swap_fingerprints,
    swap_pair,
)
from metabam.records import SupportSet, SwapLine
from tests.probe.toys import Additive, K, T, belief, line, pairs, random_learner, weights

N = 211


def lines(sizes=(N, N)):
    """Two lines of opposite logic on the same pairs: positive where x_0 > 0, and where x_0 < 0."""
    x = pairs(N, 3, K)
    x[:, 1:] = 0.0
    made = []
    for at, size in enumerate(sizes):
        labels = (x[:size, 0] > 0) if at == 0 else (x[:size, 0] < 0)
        made.append(SwapLine(line(f"l{at}", x[:size], labels), np.arange(17), np.arange(17, 30)))
    return made


def test_a_fingerprint_imposes_its_own_logic():
    found = swap_fingerprints(Additive(), lines())
    assert found.auroc == pytest.approx(np.ones((2, 2)))
    assert found.other == pytest.approx(np.ones((2, 2)))
    assert found.prior == pytest.approx(np.full((2, 2), 0.5))
    assert (found.n == N - 30).all()
    assert np.array_equal(found.n_reversal, [[0, N - 30], [N - 30, 0]])
    assert found.reversal[0, 1] == found.reversal[1, 0] == pytest.approx(1.0)
    assert np.isnan(found.reversal[0, 0])
    by_row = swap_fingerprints(Additive(), lines(), judged_by="row")
    assert by_row.auroc == pytest.approx(np.eye(2))


def test_the_diagonal_is_the_unswapped_answer_exactly():
    learner = random_learner()
    rng = np.random.default_rng(2)
    made = [
        SwapLine(line(f"l{at}", pairs(N, 7), rng.random(N) < 0.4), np.arange(17), np.arange(17, 30)) for at in range(3)
    ]
    before = weights(learner)
    found = swap_fingerprints(learner, made, shuffles=2)
    assert weights(learner) == before
    rows = np.arange(30, N)
    for at, one in enumerate(made):
        context = one.context
        own = learner.adapt(SupportSet(context.features[:17], context.labels[:17]))
        logit = learner.predict(own, context.features[rows]).logit
        assert found.auroc[at, at] == pytest.approx(auroc(context.labels[rows], logit), abs=1e-12)
        same = swap_pair(learner, own, own, context.features[rows], context.labels[rows], context.labels[rows])
        assert np.array_equal(same.native, same.swapped)
        assert np.array_equal(same.native, logit)
        assert same.quadrants[0, 1] == same.quadrants[1, 0] == 0


def test_too_few_shared_pairs_are_counted_and_not_scored():
    found = swap_fingerprints(Additive(), lines((N, 71)))
    assert found.n[0, 1] == found.n[1, 0] == 41
    assert np.isnan(found.auroc[0, 1])
    assert np.isfinite(found.auroc[0, 0])


def test_shared_pairs_by_identity():
    first = line("a", pairs(5, 0, K), [0, 1, 0, 1, 1])
    second = line("b", pairs(7, 1, K), [1, 1, 0, 0, 0, 1, 1], first=3)
    rows, native, foreign = shared_pairs(first, second)
    assert rows.tolist() == [3, 4]
    assert native.tolist() == [1, 1]
    assert foreign.tolist() == [1, 1]


def test_quadrants_and_the_gates_that_moved():
    x = pairs(53, 4, K)
    native, foreign = belief(np.eye(K)[0]), belief(-np.eye(K)[0] + 0.1 * np.eye(K)[4])
    found = swap_pair(Additive(), native, foreign, x, np.zeros(53), np.ones(53))
    assert found.quadrants.sum() == 53
    assert found.quadrants[1, 1] + found.quadrants[0, 0] < 10
    assert found.moved[:2].tolist() == [0, 4]
    assert found.gate_change[:2] == pytest.approx([-2.0, 0.1])


def test_the_path_begins_and_ends_at_the_fingerprints():
    learner = Additive()
    start, end = belief(0.7 * np.eye(K)[0]), belief(-0.7 * np.eye(K)[0], delta=0.2 * np.ones(K))
    x = np.zeros((3, K), np.float32)
    x[:, 0] = [1.0, -2.0, 0.0]
    found = fingerprint_path(learner, start, end, x)
    assert found.share == pytest.approx(np.linspace(0, 1, 11))
    assert np.array_equal(found.logit[0], learner.predict(start, x).logit)
    assert np.array_equal(found.logit[-1], learner.predict(end, x).logit)
    # alpha_0 + delta_0 = 0.7 (1 - 2 s) + 0.2 s turns negative between s = 0.5 and 0.6
    assert found.flips.tolist() == [6, 6, -1]
    assert found.states.shape == (11, T + 1, 3, K)
    with pytest.raises(InputError, match="path-pairs"):
        fingerprint_path(learner, start, end, np.zeros((7, K), np.float32))


def test_one_line_cannot_be_swapped():
    with pytest.raises(InputError, match="two lines"):
        swap_fingerprints(Additive(), lines()[:1])
    with pytest.raises(ConfigError, match="judge"):
        swap_fingerprints(Additive(), lines(), judged_by="both")


def noisy_lines(count=3):
    rng = np.random.default_rng(2)
    return [
        SwapLine(line(f"l{at}", pairs(N, 7), rng.random(N) < 0.4), np.arange(17), np.arange(17, 30))
        for at in range(count)
    ]


def test_one_cell_is_the_same_cell_of_the_whole_matrix():
    learner, made = random_learner(), noisy_lines()
    whole, whole_by_row = swap_both(learner, made, shuffles=2)
    one, by_row = swap_both(learner, [made[2], made[1]], cells=[(0, 1)], shuffles=2)
    for name in ("auroc", "shuffled", "prior", "other", "reversal", "reversal_shuffled"):
        assert one.score(name, 0, 1) == whole.score(name, 2, 1)
        assert by_row.score(name, 0, 1) == whole_by_row.score(name, 2, 1)
    assert np.isnan(one.auroc[1, 0])
    assert one.n[1, 0] == 0
    assert whole.reversal[2, 1] == pytest.approx(1.0 - whole_by_row.reversal[2, 1])


def test_every_score_lies_in_its_interval_and_controls_on_reversed_pairs_are_scored_too():
    found, _ = swap_both(random_learner(), noisy_lines())
    for name in ("auroc", "other", "prior", "shuffled", "reversal", "reversal_other", "reversal_prior"):
        value, low, high = found.score(name, 0, 2)
        assert low < value < high
    assert np.isnan(found.score("reversal", 1, 1)).all()


def test_more_shared_pairs_than_wanted_are_thinned_and_counted():
    first, second = noisy_lines(2)
    rows, native, foreign, total = judged_pairs(first, second, 53)
    assert (len(rows), total) == (53, N - 30)
    assert np.array_equal(native, first.context.labels[rows])
    assert np.array_equal(foreign, second.context.labels[rows])
    found, _ = swap_both(Additive(), [first, second], most_shared=53)
    assert (found.n[0, 1], found.n_shared[0, 1]) == (53, N - 30)


def test_samples_of_z_are_another_answer_around_the_mean():
    learner, made = random_learner(), noisy_lines(2)
    before = weights(learner)
    says = sampled_answer(learner, 400, seed=1)
    own = learner.adapt(SupportSet(made[0].context.features[:17], made[0].context.labels[:17]))
    drawn, mean = says(own, made[0].context.features), learner.predict(own, made[0].context.features).logit
    assert np.array_equal(drawn, sampled_answer(learner, 400, seed=1)(own, made[0].context.features))
    assert np.corrcoef(drawn, mean)[0, 1] > 0.9
    assert not np.allclose(drawn, mean)
    found, _ = swap_both(learner, made, cells=[(0, 1)], answer=says)
    assert np.isfinite(found.auroc[0, 1])
    assert weights(learner) == before
