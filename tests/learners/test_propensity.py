"""Sequence-free learners by hand: what a gene, an enhancer or a pair said in training."""

import numpy as np
import pytest
from scipy.special import expit, logit

from metabam.errors import InputError
from metabam.learners.propensity import STRENGTHS, GenePropensity, PairLookup, Tally, keys_of
from metabam.learners.sequence_free import TssCount
from metabam.records import LabelledContext, PairFacts, SupportSet
from tests.learners.toys import TRAINING, fact_family

NONE = SupportSet(np.zeros((0, 8), np.float32), np.zeros(0, np.int8))


def facts(gene, enhancer, promoter, between=0.0, distance=4.0):
    ids = [np.asarray(value, np.int64) for value in (gene, enhancer, promoter)]
    return PairFacts(*ids, np.full(len(ids[0]), between), np.full(len(ids[0]), distance))


def context(name, gene, enhancer, labels):
    n = len(labels)
    view = facts(gene, enhancer, gene).view()
    return LabelledContext(name, "", view, np.asarray(labels, np.int8), np.arange(n), np.arange(n))


def test_shrunk_mean_by_hand():
    tally = Tally.of(np.array([7, 7, 7, 3]), np.array([1, 0, 1, 0], np.int8))
    # gene 7: (2 + 4 * 0.2) / (3 + 4); gene 3: (0 + 0.8) / 5; gene 5 was never seen
    assert tally.mean(np.array([7, 3, 5, 9]), 0.2, 4.0) == pytest.approx([2.8 / 7, 0.8 / 5, 0.2, 0.2])


def test_gene_propensity_by_hand():
    one = context("a", [7, 7, 7, 3], [0, 1, 2, 3], [1, 0, 1, 0])
    learner = GenePropensity()
    learner.fit([one])  # one line: nothing can be left out, 4 pseudo-pairs at the rate of 1/2
    found = learner.predict(learner.adapt(NONE), facts([3, 7, 11], [0, 0, 0], [0, 0, 0]).view())
    assert found.probability == pytest.approx([(0 + 2) / (1 + 4), (2 + 2) / (3 + 4), 0.5])


def test_agreeing_lines_are_shrunk_least_and_contradicting_ones_most():
    genes = np.repeat(np.arange(20), 5)
    steady = (genes < 10).astype(np.int8)
    learner = GenePropensity()
    learner.fit([context(name, genes, genes, steady) for name in "ab"])
    assert learner.strength == STRENGTHS[0]
    learner.fit([context("a", genes, genes, steady), context("b", genes, genes, 1 - steady)])
    assert learner.strength == STRENGTHS[-1]


def test_lookup_of_one_line_is_the_mean_of_three_log_odds():
    learner = PairLookup()
    learner.fit([context("a", [7, 7, 3, 3], [1, 2, 1, 2], [1, 1, 0, 0])])
    found = learner.predict(None, facts([7, 9], [1, 9], [7, 9]).view())
    gene, enhancer, pair = (2 + 2) / (2 + 4), (1 + 2) / (2 + 4), (1 + 2) / (1 + 4)
    assert found.probability[0] == pytest.approx(expit(np.mean(logit([gene, enhancer, pair]))))
    assert found.probability[1] == pytest.approx(0.5)


def test_lookup_finds_which_identity_tells():
    rng = np.random.default_rng(0)
    gene, enhancer = rng.integers(0, 31, 701), rng.integers(0, 37, 701)
    taste = rng.random(37) < 0.4
    lines = [
        context(name, gene, enhancer, np.where(rng.random(701) < 0.05, 1 - taste[enhancer], taste[enhancer]))
        for name in "abc"
    ]
    learner = PairLookup()
    learner.fit(lines)
    assert learner.weights[1] > max(learner.weights[0], 0.5)
    fresh = facts(np.full(37, 99), np.arange(37), np.full(37, 98)).view()  # pairs and genes never seen
    p = learner.predict(None, fresh).probability
    assert p[taste].min() > p[~taste].max()


def test_pairs_are_told_apart_by_both_elements():
    keys = keys_of(facts([0, 0, 0], [1, 1, 2], [5, 6, 5]))["pair"]
    assert len(set(keys.tolist())) == 3
    assert np.array_equal(keys, keys_of(facts([9, 9, 9], [1, 1, 2], [5, 6, 5]))["pair"])


def test_tss_count_falls_and_ignores_everything_else():
    learner = TssCount()
    learner.fit(fact_family()[:TRAINING])
    p = [learner.predict(None, facts([0], [0], [0], between).view()).probability[0] for between in (9, 20, 36, np.nan)]
    assert p[0] > p[1] > p[2] > 0
    assert p[3] < p[1]  # another chromosome counts as the most promoters between that were seen


def test_facts_must_be_facts():
    with pytest.raises(InputError, match="no pair facts"):
        GenePropensity().fit(
            [
                LabelledContext(
                    "a", "", np.zeros((4, 3), np.float32), np.array([0, 1, 0, 1], np.int8), np.arange(4), np.arange(4)
                )
            ]
        )
