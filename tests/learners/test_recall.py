"""What labels tell of elements beyond their DNA: by hand, on planted displacements, and what it must not look at."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from metabam.learners.dispersion import _pair_factor, _residuals, element_variance
from metabam.learners.recall import (
    _Problem,
    between_share,
    learn_recall,
    posterior_means,
    posterior_variances,
    undecided,
)
from metabam.records import FeatureLayout, LabelledContext

D, ENHANCERS, PROMOTERS, PAIRS = 3, 211, 13, 1_201
WEIGHTS = np.array([[1.5, 0.0, 0.7], [-1.5, 1.2, 0.7], [1.1, -1.3, 0.7], [-0.8, -1.4, 0.7]])


def family(hidden=1.0, seed=0, lines=4, pair=0.0):
    """Return lines whose enhancers carry more of mechanisms 0 and 1 than their features say, and what they carry."""
    rng = np.random.default_rng(seed)
    seen = rng.standard_normal((ENHANCERS, D))
    displaced = hidden * rng.standard_normal((ENHANCERS, D)) * [1.0, 1.0, 0.0]
    own = pair * rng.standard_normal((ENHANCERS, PROMOTERS, D)) * [1.0, 1.0, 0.0]
    contexts = []
    for line in range(lines):
        both = rng.choice(ENHANCERS * PROMOTERS, PAIRS, replace=False)
        e, p = both // PROMOTERS, both % PROMOTERS
        x = seen[e].copy()
        logit = (x + displaced[e] + own[e, p]) @ WEIGHTS[line] - 0.5
        labels = (rng.random(PAIRS) < expit(logit)).astype(np.int8)
        contexts.append(LabelledContext(f"line{line}", "", x.astype(np.float32), labels, e, p))
    return contexts, displaced


def test_one_element_one_line_is_the_scalar_formula():
    # slopes s = (2, 1), two pairs of weight 0.25 and targets 0.5, -0.1: v = s u / (1 + a s.s), a = 0.5, u = 0.4;
    # var v_k = 1 - a s_k^2 / (1 + a s.s)
    a, u = np.array([[0.5], [0.0]]), np.array([[0.4], [0.0]])
    weights, spread = np.array([[1.0, 2.0]]), np.array([[2.0, 0.5], [2.0, 0.5]])
    found = posterior_means(a, u, weights, spread)
    assert np.allclose(found[0], np.array([2.0, 1.0]) * 0.4 / (1.0 + 0.5 * 5.0))
    assert np.all(found[1] == 0.0), "an element without labels stays where its DNA puts it"
    variances = posterior_variances(a, weights, spread)
    assert np.allclose(variances[0], 1.0 - 0.5 * np.array([4.0, 1.0]) / (1.0 + 0.5 * 5.0))
    assert np.all(variances[1] == 1.0)


def test_two_lines_agree_with_the_plain_normal_equations():
    rng = np.random.default_rng(1)
    a, u = rng.random((5, 2)), rng.standard_normal((5, 2))
    weights, spread = rng.standard_normal((2, D)), rng.random((5, D))
    means, variances = posterior_means(a, u, weights, spread), posterior_variances(a, weights, spread)
    for element in range(5):
        slopes = weights * spread[element]
        inverse = np.linalg.inv(np.eye(D) + (slopes.T * a[element]) @ slopes)
        assert np.allclose(means[element], inverse @ slopes.T @ u[element])
        assert np.allclose(variances[element], np.diag(inverse))


def test_a_feature_that_says_yes_or_no_leaves_little_to_recall():
    x = np.concatenate([np.zeros(50), np.full(50, 0.5), np.ones(50)])[:, None] * 3.0 - 1.0
    found = undecided(x)[:, 0]
    assert np.allclose(found[:50], np.sqrt(0.1))
    assert np.allclose(found[50:100], np.sqrt(1.1))
    assert np.allclose(found[100:], np.sqrt(0.1))
    assert np.allclose(undecided(np.ones((4, 1))), np.sqrt(0.1)), "a constant feature decides everything"


def test_what_a_feature_misses_is_told_feature_by_feature():
    contexts, _ = family()
    strength = _Problem.of(contexts).strengths(np.arange(4))
    assert strength[:2].min() > 2.0 * strength[2], "the third is displaced by nothing"


def test_the_share_between_groups_is_one_for_what_a_group_fixes_and_none_for_what_it_does_not():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(101), 7)
    x = np.stack([rng.standard_normal(101)[groups], rng.standard_normal(len(groups))], axis=1)
    share = between_share(x, groups)
    assert share[0] == pytest.approx(1.0)
    assert share[1] < 0.05
    assert np.all(between_share(x[:5], np.arange(5)) == 1.0), "nothing is known without two members of a group"


def test_planted_displacements_are_found_and_serve_a_line_that_took_no_part():
    contexts, displaced = family()
    recall = learn_recall(contexts)
    assert recall.factor > 0.0
    assert recall.strength[:2].min() > recall.strength[2]
    assert np.array_equal(recall.enhancer_ids, np.arange(ENHANCERS))
    for column in (0, 1):
        assert np.corrcoef(recall.enhancer[:, column], displaced[:, column])[0, 1] > 0.6
    for context, columns in zip(contexts, recall.columns, strict=True):
        told = np.einsum("nd,nd->n", columns, WEIGHTS[contexts.index(context)][None])
        true = displaced[context.enhancer] @ WEIGHTS[contexts.index(context)]
        assert np.corrcoef(told, true)[0, 1] > 0.35, "the other lines' labels tell what this line's pairs carry"


def test_a_line_is_displaced_by_other_lines_labels_alone():
    contexts, _ = family()
    before = _Problem.of(contexts).cross_fitted(np.full(D, 0.6))
    mixed = np.random.default_rng(3).permutation(contexts[3].labels)
    changed = [*contexts[:3], replace(contexts[3], labels=mixed)]
    after = _Problem.of(changed).cross_fitted(np.full(D, 0.6))
    assert np.array_equal(before[3], after[3])
    assert not np.allclose(before[0], after[0]), "and the others do read it"


def test_another_assay_of_the_same_line_tells_it_nothing():
    contexts, _ = family()
    lines = ["line0", "line1", "line2", "line0"]
    assays = [
        replace(context, cell_line=name, assay=str(at))
        for at, (context, name) in enumerate(zip(contexts, lines, strict=True))
    ]
    before = _Problem.of(assays).cross_fitted(np.full(D, 0.6))
    mixed = np.random.default_rng(3).permutation(assays[3].labels)
    after = _Problem.of([*assays[:3], replace(assays[3], labels=mixed)]).cross_fitted(np.full(D, 0.6))
    assert np.array_equal(before[0], after[0])
    assert not np.allclose(before[1], after[1])
    two = [replace(context, cell_line=name) for context, name in zip(contexts, ["a", "b", "a", "b"], strict=True)]
    assert learn_recall(two) is None, "two lines, however many assays"


def test_nothing_is_recalled_where_features_say_all_or_lines_are_too_few():
    contexts, _ = family(hidden=0.0)
    found = learn_recall(contexts)
    assert found is None or found.strength.max() <= 0.4
    assert learn_recall(family()[0][:2]) is None
    strangers = [replace(c, enhancer=c.enhancer + 1_000 * at, promoter=c.promoter + 1_000 * at)
                 for at, c in enumerate(family()[0])]  # fmt: skip
    assert learn_recall(strangers) is None, "no element recurs in another line"


def test_contexts_are_widened_behind_what_they_have_and_read_moved():
    contexts, _ = family()
    recall = learn_recall(contexts)
    wide = recall.widened(contexts)
    layout = wide[0].layout
    assert layout == FeatureLayout(D, recall=True)
    assert layout.width == 2 * D
    assert FeatureLayout.of_json(layout.as_json()) == layout
    assert np.array_equal(wide[1].of_pairs().features, contexts[1].features)
    assert np.array_equal(wide[1].displaced().features, contexts[1].features + recall.columns[1])
    tracked = replace(contexts[0], layout=FeatureLayout(2, ("a",), (), ((8.0, 16.0),)))
    assert replace(tracked.layout, recall=True).recalled == slice(3, 5)


@pytest.mark.parametrize(("hidden", "low", "high"), [(0.0, 0.0, 0.35), (1.0, 1.0, 4.5)])
def test_variance_that_features_miss_is_read_off_pairs_that_share_an_element(hidden, low, high):
    # planted: var(displaced . w) is 1.44 to 3.4 over the four lines, 2.7 on average
    assert low <= element_variance(family(hidden)[0]) <= high


def test_what_belongs_to_the_pair_alone_counts_too():
    without, with_pairs = (np.mean([_pair_factor(_residuals(family(1.0, seed, pair=pair)[0])) for seed in range(5)])
                           for pair in (0.0, 1.0))  # fmt: skip
    assert without < 1.25 < with_pairs
