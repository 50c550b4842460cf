import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from metabam.errors import InputError, TrainingError
from metabam.learners import LEARNERS
from metabam.learners.base import Learner
from metabam.learners.classical import HierarchicalLogistic, PerTaskLogistic, PooledLogistic, fit_hierarchical
from metabam.learners.hierarchical import (
    GRID,
    LeftOutTasks,
    Shrinkage,
    average_setting,
    joint_factor,
    moderated_auprc,
    prior_moments,
)
from metabam.learners.logistic import (
    Standardiser,
    base_rate,
    draw_support,
    posterior_of,
    predict_linear,
    sampling_offset,
    whitened_newton,
)
from metabam.metrics import auroc
from metabam.records import LabelledContext, SupportSet

NAMES = ["hierarchical", "pooled_prior", "pooled", "per_task", "prototype", "support_prevalence", "distance"]


@pytest.fixture(scope="module")
def fitted(world):
    learners = {name: LEARNERS[name]() for name in NAMES}
    for learner in learners.values():
        learner.fit(world[:5], seed=0)
    return learners


def support_of(context, shots, seed=0, balanced=False):
    rows, queries = draw_support(context, shots, np.random.default_rng(seed), balanced=balanced)
    return SupportSet(context.features[rows], context.labels[rows]), context.features[queries], context.labels[queries]


def mean_auroc(learner, contexts, shots, repeats=5):
    values = []
    for context in contexts:
        for seed in range(repeats):
            support, queries, labels = support_of(context, shots, seed)
            values.append(auroc(labels, learner.predict(learner.adapt(support), queries).probability))
    return float(np.mean(values))


# ------------------------------------------------------------------ the solver


def test_newton_equals_scikit_learn():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, 71, 5)), rng.integers(0, 2, (2, 71)).astype(float)
    found, _ = whitened_newton(x, y, np.zeros((2, 71)))
    for task in range(2):
        peer = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-10, max_iter=1_000).fit(x[task], y[task])
        assert found[task] == pytest.approx(peer.coef_[0], abs=1e-4)


def test_newton_by_hand():
    # one row x = 1, y = 1: the minimum of softplus(v) - v + v^2 / 2 solves v = 1 - sigmoid(v)
    found, hessian = whitened_newton(np.ones((1, 1, 1)), np.ones((1, 1)), np.zeros((1, 1)))
    v = found[0, 0]
    assert v == pytest.approx(1.0 - expit(v), abs=1e-6)
    assert hessian[0, 0, 0] == pytest.approx(1.0 + expit(v) * (1 - expit(v)))


def test_newton_masks_padding_and_survives_separable_data_on_a_huge_scale():
    x = np.array([[[1.0], [-1.0], [50.0]]]) * 1e3
    y = np.array([[1.0, 0.0, 0.0]])
    mask = np.array([[1.0, 1.0, 0.0]])
    padded, _ = whitened_newton(x, y, np.zeros((1, 3)), mask)
    plain, _ = whitened_newton(x[:, :2], y[:, :2], np.zeros((1, 2)))
    assert np.isfinite(padded).all()
    assert padded == pytest.approx(plain)
    assert padded[0, 0] > 0


def test_laplace_covariance_is_the_inverse_hessian():
    rng = np.random.default_rng(2)
    features = rng.standard_normal((17, 3)).astype(np.float32)
    labels = rng.integers(0, 2, 17).astype(np.int8)
    standardiser = Standardiser(np.zeros(3), np.ones(3))
    factor = rng.standard_normal((4, 4))
    context = posterior_of(standardiser, SupportSet(features, labels), np.zeros(4), factor, 0.5)
    design = standardiser.design(features)
    p = expit(design @ context.weights + sampling_offset(labels, 0.5))
    precision = np.linalg.inv(factor @ factor.T) + (design * (p * (1 - p))[:, None]).T @ design
    assert context.factor @ context.factor.T == pytest.approx(np.linalg.inv(precision), rel=1e-6, abs=1e-9)


def test_offset_takes_the_base_rate_from_training():
    labels = np.array([1] * 8 + [0] * 8)
    # share (8 + 0.2) / 17 against 0.2, times the odds (1/17 + 1) / 2 : C(16, 8) 0.2^8 0.8^8 that it was chosen
    drawn = 12_870 * 0.2**8 * 0.8**8
    chosen = (9 / 17) / (9 / 17 + drawn)
    assert chosen > 0.98
    assert sampling_offset(labels, 0.2) == pytest.approx(chosen * (logit(8.2 / 17) - logit(0.2)))
    assert sampling_offset(np.array([1, 0, 0, 0, 0]), 0.2) == pytest.approx(0.0)
    assert sampling_offset(np.zeros(0), 0.2) == 0.0
    assert np.isfinite(sampling_offset(np.ones(16), 0.2))


def test_prediction_interval_holds_the_mean_probability():
    standardiser = Standardiser(np.zeros(1), np.ones(1))
    context = posterior_of(
        standardiser,
        SupportSet(np.zeros((0, 1), np.float32), np.zeros(0, np.int8)),
        np.array([-20.0, 0.0]),
        np.diag([1.0, 30.0]),
        0.2,
    )
    found = predict_linear(standardiser, context, np.array([[0.0], [1.0], [-2.0]], np.float32))
    assert (found.lower <= found.probability).all()
    assert (found.probability <= found.upper).all()
    assert found.logit == pytest.approx(logit(found.probability))
    # x = 0: logit N(-20, 1), mean probability by the probit approximation
    assert found.logit[0] == pytest.approx(-20 / np.sqrt(1 + np.pi / 8))


# ------------------------------------------------------------------ the protocol, every learner


@pytest.mark.parametrize("name", NAMES)
def test_every_learner_answers_any_support(name, fitted, world):
    learner = fitted[name]
    assert isinstance(learner, Learner)
    assert learner.name == name
    support, queries, _ = support_of(world[6], 16)
    one_class = SupportSet(support.features, np.ones(16, np.int8))
    separable = SupportSet((support.features + 100 * support.labels[:, None]).astype(np.float32), support.labels)
    repeated = SupportSet(np.repeat(support.features[:1], 16, axis=0), support.labels)
    for case in (support, support.take(np.zeros(0, int)), support.take(np.arange(1)), one_class, separable, repeated):
        found = learner.predict(learner.adapt(case), queries)
        assert found.probability.shape == (len(queries),)
        assert np.isfinite(found.logit).all()
        assert ((found.probability >= 0) & (found.probability <= 1)).all()
        if found.lower is not None:
            assert ((found.lower <= found.probability) & (found.probability <= found.upper)).all()
    assert len(learner.predict(learner.adapt(support), queries[:0])) == 0


@pytest.mark.parametrize("name", NAMES)
def test_adapt_and_predict_leave_the_learner_alone_and_ignore_order(name, fitted, world):
    learner = fitted[name]
    support, queries, _ = support_of(world[6], 16)
    before = learner.predict(learner.adapt(support), queries).probability
    learner.adapt(support.flipped())
    shuffled = support.take(np.random.default_rng(0).permutation(16))
    assert learner.predict(learner.adapt(support), queries).probability.tobytes() == before.tobytes()
    assert learner.predict(learner.adapt(shuffled), queries).probability == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_fit_is_deterministic(name, fitted, world):
    again = LEARNERS[name]()
    again.fit(world[:5], seed=0)
    support, queries, _ = support_of(world[7], 16)
    first = fitted[name].predict(fitted[name].adapt(support), queries).probability
    assert again.predict(again.adapt(support), queries).probability.tobytes() == first.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_zero_shots_are_calibrated_to_the_training_base_rate(name, fitted, world):
    learner = fitted[name]
    rate = base_rate(world[:5])
    support, queries, _ = support_of(world[6], 0)
    assert learner.predict(learner.adapt(support), queries).probability.mean() == pytest.approx(rate, abs=0.03)


@pytest.mark.parametrize("name", ["hierarchical", "pooled_prior", "per_task", "prototype"])
def test_a_balanced_support_does_not_move_the_base_rate(name, fitted, world):
    learner = fitted[name]
    means = []
    for context in world[5:]:
        for seed in range(5):
            support, queries, _ = support_of(context, 16, seed, balanced=True)
            assert support.labels.sum() == 8
            means.append(learner.predict(learner.adapt(support), queries).probability.mean())
    assert np.mean(means) < 0.5 * (0.5 + base_rate(world[:5]))


@pytest.mark.parametrize("name", NAMES)
def test_unfitted_and_misfitted_learners_say_so(name, world):
    learner = LEARNERS[name]()
    with pytest.raises(TrainingError, match="has not been fitted"):
        learner.adapt(SupportSet(world[0].features[:3], world[0].labels[:3]))
    with pytest.raises(TrainingError, match="no training context"):
        learner.fit([])
    alone = LabelledContext("x", "", world[0].features, np.zeros(len(world[0]), np.int8), *[world[0].enhancer] * 2)
    with pytest.raises(TrainingError, match="one class"):
        learner.fit([alone])


def test_width_mismatch_is_named(fitted):
    nothing = SupportSet(np.zeros((0, 13), np.float32), np.zeros(0, np.int8))
    with pytest.raises(InputError, match=r"\(2, 5\)"):
        fitted["pooled"].predict(fitted["pooled"].adapt(nothing), np.zeros((2, 5), np.float32))


def test_registry_builds_lazily_and_names_agree():
    assert set(NAMES) <= set(LEARNERS)
    assert all(LEARNERS[name]().name == name for name in NAMES)


# ------------------------------------------------------------------ what each is for


def test_hierarchical_beats_per_task_where_lines_differ(fitted, world):
    for shots, margin in ((4, 0.05), (16, 0.03)):
        gain = mean_auroc(fitted["hierarchical"], world[5:], shots) - mean_auroc(fitted["per_task"], world[5:], shots)
        assert gain > margin


def test_hierarchical_shrinks_to_pooled_where_lines_agree(agreeing_world):
    hierarchical, pooled = HierarchicalLogistic(), PooledLogistic()
    for learner in (hierarchical, pooled):
        learner.fit(agreeing_world[:5])
    for shots in (0, 4, 16):
        loss = mean_auroc(pooled, agreeing_world[5:], shots) - mean_auroc(hierarchical, agreeing_world[5:], shots)
        assert loss < 0.015


def test_labels_are_load_bearing(fitted, world):
    for name in ("hierarchical", "per_task", "prototype"):
        learner = fitted[name]
        support, queries, labels = support_of(world[6], 64)
        own = auroc(labels, learner.predict(learner.adapt(support), queries).probability)
        flipped = auroc(labels, learner.predict(learner.adapt(support.flipped()), queries).probability)
        assert own > 0.6 > 0.5 > flipped


def test_prior_moments_by_hand():
    weights = np.array([[-1.0, 2.0, 0.0], [-3.0, 0.0, 4.0]])  # intercept first
    mean, covariance, intercept, variance = prior_moments(weights, np.zeros((2, 3, 3)), Shrinkage(1.0, 0.0, 0.0, 1.0))
    assert mean == pytest.approx([1.0, 2.0])
    # scatter [[2, -4], [-4, 8]] / (2 - 1), widened by 1 + 1/2
    assert covariance == pytest.approx(1.5 * np.array([[2.0, -4.0], [-4.0, 8.0]]))
    assert (intercept, variance) == (pytest.approx(-2.0), pytest.approx(1.5 * 2.0))
    _, about_zero, _, _ = prior_moments(weights, np.zeros((2, 3, 3)), Shrinkage(0.0, 1.0, 0.0, 1.0))
    assert about_zero == pytest.approx(1.5 * np.diag([2.0, 8.0]))
    # measurement error comes off the diagonal target: 2 - 0.5 and 8 - 0.5
    noisy = np.broadcast_to(0.5 * np.eye(3), (2, 3, 3))
    assert prior_moments(weights, noisy, Shrinkage(0.0, 1.0, 0.0, 1.0))[1] == pytest.approx(1.5 * np.diag([1.5, 7.5]))


def test_joint_factor_of_a_singular_covariance():
    covariance = np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    factor = joint_factor(covariance, 0.25)
    assert factor @ factor.T == pytest.approx(np.block([[0.25, np.zeros((1, 3))], [np.zeros((3, 1)), covariance]]))


def test_raw_prior_predicts_as_the_standardised_one(world):
    prior = fit_hierarchical(world[:5], 0)
    weights, covariance, intercept = prior.raw()
    x = world[0].features[:11].astype(np.float64)
    mean, factor = prior.joint()
    design = prior.standardiser.design(x)
    assert x @ weights + intercept == pytest.approx(design @ mean)
    spread = np.sum((design @ factor) ** 2, axis=1) - prior.intercept_variance
    centred = x - prior.standardiser.centre
    assert np.sum((centred @ covariance) * centred, axis=1) == pytest.approx(spread)
    assert prior.line_weights.shape == (5, 13)


@pytest.mark.parametrize("lines", [1, 2])
def test_hierarchical_with_few_lines(world, lines):
    learner = HierarchicalLogistic()
    learner.fit(world[:lines])
    support, queries, _ = support_of(world[6], 16)
    assert np.isfinite(learner.predict(learner.adapt(support), queries).logit).all()
    assert np.isnan(learner.prior.left_out_auprc)


def test_per_task_penalty_is_learned_by_shots(fitted):
    learner = fitted["per_task"]
    assert isinstance(learner, PerTaskLogistic)
    assert learner.scales.shape == (4,)
    assert (learner.scales > 0).all()


def test_draw_support_shares_no_element_and_holds_both_classes(world):
    context = world[0]
    for balanced in (False, True):
        rows, queries = draw_support(context, 16, np.random.default_rng(4), balanced=balanced)
        assert len(set(rows.tolist())) == 16
        assert 0 < context.labels[rows].sum() < 16
        assert not set(context.enhancer[rows]) & set(context.enhancer[queries])
        assert not set(context.promoter[rows]) & set(context.promoter[queries])


def test_shrinkage_is_averaged_over_what_the_lines_cannot_tell_apart():
    clear = np.full((4, len(GRID)), 0.6)
    clear[:, 0] = 0.9
    chosen, score = average_setting(clear)
    assert [chosen.mean, chosen.blend, chosen.level, chosen.scale] == pytest.approx(
        [GRID[0].mean, GRID[0].blend, GRID[0].level, GRID[0].scale]
    )
    assert score == pytest.approx(0.9)
    # nothing to choose between: the middle of the grid
    level, _ = average_setting(np.full((4, len(GRID)), 0.7))
    assert level.mean == pytest.approx(np.mean([item.mean for item in GRID]))
    # a lead of 0.3 in one line of four, none in the others, is one standard error and no more: t = 1
    noisy = np.full((4, len(GRID)), 0.7)
    noisy[0, -1] = 1.0
    weight = np.full(len(GRID), np.exp(-2.0))
    weight[-1] = 1.0
    expected = np.average([item.mean for item in GRID], weights=weight)
    assert average_setting(noisy)[0].mean == pytest.approx(expected)


def test_a_prior_is_judged_by_the_moderated_answer():
    # two queries: the unsure one has the larger mean logit, and is no contact; moderated, the sure one ranks first
    tasks = LeftOutTasks(
        design=np.zeros((1, 1, 2)), labels=np.zeros((1, 1)), offset=np.zeros((1, 1)), mask=np.zeros((1, 1)),
        queries=np.array([[[1.0, 0.0], [0.0, 1.0]]]), truth=np.array([[1.0, 0.0]]),
    )  # fmt: skip
    narrow, wide = np.diag([0.1, 0.1]), np.diag([0.1, 10.0])
    assert moderated_auprc(tasks, np.array([1.0, 1.5]), narrow) == pytest.approx([0.5])
    assert moderated_auprc(tasks, np.array([1.0, 1.5]), wide) == pytest.approx([1.0])
