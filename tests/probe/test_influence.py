import numpy as np
import pytest

from metabam.errors import InputError
from metabam.learners.batched import adapt_many, leave_one_out_logits
from metabam.probe.influence import support_influence, what_if
from metabam.probe.informed import gaussian_kl, informed_by_labels
from metabam.records import SupportSet
from tests.probe.test_convergence import BetaBernoulli
from tests.probe.toys import Additive, D, K, Z, pairs, random_learner, weights

S, Q = 7, 5


class Coin(BetaBernoulli):
    def prior(self):
        return np.array([0.5, 0.0]), np.array([0.25, 1.0])


def test_leave_one_out_of_a_coin_by_hand():
    support = SupportSet(np.zeros((S, D), np.float32), np.array([1, 1, 0, 0, 0, 0, 0], np.int8))
    found = support_influence(Coin(), support, np.zeros((Q, D), np.float32))
    # Beta(3, 6) with all; Beta(2, 6) without a positive, Beta(3, 5) without a negative
    assert found.context_change[:, 0] == pytest.approx([1 / 3 - 1 / 4] * 2 + [1 / 3 - 3 / 8] * 5)
    assert found.shift == pytest.approx(np.abs(found.context_change[:, 0]) / 0.25)
    assert found.left_out == pytest.approx([np.log(1 / 4)] * 2 + [np.log(5 / 8)] * 5)
    assert found.prior == pytest.approx([np.log(0.5)] * S)
    assert found.query_change.shape == (S, Q)
    assert found.query_change[0] == pytest.approx([1 / 12] * Q)
    whole, without = np.log([1 / 3, 2 / 3]), np.log([1 / 4, 3 / 4])
    assert found.support_change[0] == pytest.approx(whole[0] + 5 * whole[1] - without[0] - 5 * without[1])


def test_what_if_by_hand():
    x = pairs(S, 2, K)
    support = SupportSet(x, np.array([1, 0, 1, 0, 0, 1, 0], np.int8))
    learner, queries = Additive(), pairs(Q, 3, K)
    flipped = what_if(learner, support, queries, flip=[1], drop=[6])
    wanted = learner.adapt(SupportSet(x[:6], np.array([1, 1, 1, 0, 0, 1], np.int8)))
    assert np.array_equal(flipped.after.spectrum, wanted.spectrum)
    assert support.labels[1] == 0
    gated = what_if(learner, support, queries, gates={2: -1.0})
    change = (-1.0 - gated.before.spectrum[2]) * queries[:, 2].astype(float)
    assert gated.logit_after - gated.logit_before == pytest.approx(change)
    assert gated.after.spectrum[2] == -1.0
    for wrong in ({"flip": [S]}, {"drop": [-1]}, {"gates": {K: 0.0}}, {"gates": {0: 1.5}}):
        with pytest.raises(InputError, match="what-if"):
            what_if(learner, support, queries, **wrong)


def test_an_empty_support_has_no_rows():
    with pytest.raises(InputError, match="empty-support"):
        support_influence(Additive(), SupportSet(np.zeros((0, K), np.float32), np.zeros(0, np.int8)))


def test_kl_by_hand():
    found = gaussian_kl(np.array([1.0, 0.0]), np.array([1.0, 0.5]), np.zeros(2), np.ones(2))
    assert found == pytest.approx([0.5, 0.5 * (0.25 - 1.0 + np.log(4.0))])


def noisy_support(seed, size=16):
    x = pairs(size, seed, K)
    x[:, 3:] *= 0.3
    labels = np.argsort(np.argsort(x[:, 0] + x[:, 1])) >= size // 2
    return SupportSet(2.0 * x, labels.astype(np.int8))


def test_labels_that_follow_the_pairs_inform_and_shuffled_ones_do_not():
    learner = Additive()
    told = [informed_by_labels(learner, noisy_support(seed), permutations=39) for seed in range(7)]
    assert sum(one.informed for one in told) >= 5
    assert all(one.informed == (one.gain > np.sort(one.null)[-2]) for one in told)  # p <= 2 / 40
    escaped = 0
    for seed in range(30):
        support = noisy_support(seed, 10)
        labels = np.random.default_rng([1, seed]).permutation(support.labels)
        shuffled = SupportSet(support.features, labels)
        escaped += informed_by_labels(learner, shuffled, permutations=39, seed=seed).informed
    assert escaped <= 3  # 10 %, where 5 % is expected


def test_labels_that_cannot_inform_do_not():
    one_class = SupportSet(pairs(S, 0, K), np.ones(S, np.int8))
    told = informed_by_labels(Additive(), one_class)
    assert not told.informed
    assert told.p == 1.0
    assert not informed_by_labels(Additive(), one_class.take(np.arange(1))).informed


def test_a_context_that_did_not_move_is_not_informed():
    class Deaf(Additive):
        def adapt(self, support):
            found = super().adapt(support)
            return type(found)(np.zeros(Z), np.ones(Z), found.spectrum, *[found.evidence_mean, found.evidence_cov], S)

    told = informed_by_labels(Deaf(), noisy_support(0), permutations=99)
    assert told.p <= 0.05
    assert told.kl.sum() == 0.0
    assert not told.informed


def test_batches_answer_what_single_adaptations_do():
    learner = random_learner()
    before = weights(learner)
    x = pairs(S, 1)
    rng = np.random.default_rng(0)
    labels = np.array([rng.permutation([1, 1, 1, 0, 0, 0, 0]) for _ in range(3)], dtype=np.int8)
    together = leave_one_out_logits(learner, x, labels)
    for row, answers in zip(labels, together, strict=True):
        for at in range(S):
            others = np.delete(np.arange(S), at)
            alone = learner.predict(learner.adapt(SupportSet(x[others], row[others])), x[[at]]).logit[0]
            assert answers[at] == pytest.approx(alone, abs=2e-4)
    supports = [SupportSet(x, row) for row in labels]
    for many, support in zip(adapt_many(learner, supports), supports, strict=True):
        one = learner.adapt(support)
        for name in ("mean", "std", "spectrum", "evidence_mean", "evidence_cov"):
            assert getattr(many, name) == pytest.approx(getattr(one, name), abs=2e-4)
        assert many.n_support == S
    informed_by_labels(learner, supports[0], permutations=5)
    with pytest.raises(InputError):
        support_influence(learner, SupportSet(x[:, :3], labels[0]))
    assert weights(learner) == before


@pytest.mark.nightly
def test_of_100_shuffled_supports_at_most_10_escape():
    from metabam.config import ModelConfig, TrainConfig
    from metabam.learners.metabam import MetaBamLearner
    from tests.model.worlds import planted_contexts

    world = planted_contexts(9, seed=5)
    learner = MetaBamLearner(
        ModelConfig(n_atoms=7, context_dim=Z, n_steps=3, mix_rank=2, hidden=11),
        TrainConfig(steps=30, eval_every=15, birth_steps=200, batch_tasks=8, query_size=64),
    )
    learner.fit(world[:5], seed=0)
    rng, escaped, own = np.random.default_rng(0), 0, 0
    for seed in range(100):
        context = world[5 + seed % 4]
        rows = rng.permutation(len(context))[:16]
        support = SupportSet(context.features[rows], context.labels[rows])
        own += informed_by_labels(learner, support, seed=seed).informed
        shuffled = SupportSet(support.features, rng.permutation(support.labels))
        escaped += informed_by_labels(learner, shuffled, seed=seed).informed
    assert escaped <= 10
    assert own > escaped
