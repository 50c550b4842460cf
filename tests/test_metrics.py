import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from metabam import metrics
from metabam.errors import InputError

LABELS = [1, 0, 1, 0, 0]
SCORES = [0.9, 0.8, 0.7, 0.2, 0.1]


def test_ranking_metrics_by_hand():
    # six positive-negative pairs, five won; precision 1/1 and 2/3 at the two positives
    assert metrics.auroc(LABELS, SCORES) == pytest.approx(5 / 6)
    assert metrics.auprc(LABELS, SCORES) == pytest.approx((1 + 2 / 3) / 2)
    assert metrics.prevalence(LABELS) == pytest.approx(0.4)


def test_probability_metrics_by_hand():
    assert metrics.brier([1, 0, 1], [0.5, 0.5, 1.0]) == pytest.approx(0.5 / 3)
    assert metrics.log_loss([1, 0], [0.5, 0.75]) == pytest.approx((np.log(2) + np.log(4)) / 2)
    assert np.isfinite(metrics.log_loss([1, 0], [0.0, 1.0]))
    # bin [0.2, 0.3) holds 0.25 twice, one positive: gap 2 * 0.25 - 1 = -0.5; the last bin holds p = 1, positive: gap 0
    assert metrics.expected_calibration_error([1, 0, 1], [0.25, 0.25, 1.0]) == pytest.approx(0.5 / 3)
    assert metrics.expected_calibration_error([1, 0], [0.1, 0.3]) == pytest.approx((0.9 + 0.3) / 2)
    assert metrics.interval_coverage([0.1, 0.5, 0.9], [0.1, 0.6, 0.0], [0.2, 0.7, 0.9]) == pytest.approx(2 / 3)
    assert metrics.generalisation_gap([0.9, 0.7], [0.6]) == pytest.approx(0.2)


def test_reliability_bins_by_hand():
    mean, share, count = metrics.reliability([1, 0, 1], [0.25, 0.35, 1.0], bins=2)
    assert mean == pytest.approx([0.3, 1.0])
    assert share == pytest.approx([0.5, 1.0])
    assert count.tolist() == [2, 1]
    assert np.isnan(metrics.reliability([1], [0.9], bins=2)[0][0])


@pytest.mark.parametrize("labels", [[0, 0, 0], [1, 1, 1], []], ids=["negatives", "positives", "none"])
def test_q11_one_class_is_undefined_not_zero_or_nan(labels):
    scores = np.linspace(0.1, 0.3, len(labels))
    assert metrics.auroc(labels, scores) is None
    assert metrics.auprc(labels, scores) is None
    interval = metrics.paired_bootstrap(labels, scores, scores, np.arange(len(labels)), draws=11)
    assert (interval.estimate, interval.low, interval.high) == (None, None, None)


def test_empty_input_is_undefined_everywhere():
    for value in (
        metrics.prevalence([]),
        metrics.brier([], []),
        metrics.log_loss([], []),
        metrics.expected_calibration_error([], []),
        metrics.interval_coverage([], [], []),
        metrics.generalisation_gap([], [0.5]),
        metrics.bootstrap_over_lines([], []).estimate,
    ):
        assert value is None


def test_bad_input_is_named():
    with pytest.raises(InputError, match="0 and 1"):
        metrics.auroc([0, -1], [0.1, 0.2])
    with pytest.raises(InputError, match="do not match"):
        metrics.auroc([0, 1], [0.1])
    with pytest.raises(InputError, match="finite"):
        metrics.auroc([0, 1], [0.1, np.nan])


def test_weighted_metrics_equal_scikit_learn_with_ties():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 53).astype(float)
    scores = np.round(rng.random(53), 1)
    weights = rng.integers(0, 3, (7, 53)).astype(float)
    for row, found in zip(weights, metrics.weighted_auroc(labels, scores, weights), strict=True):
        assert found == pytest.approx(roc_auc_score(labels, scores, sample_weight=row))
    for row, found in zip(weights, metrics.weighted_auprc(labels, scores, weights), strict=True):
        assert found == pytest.approx(average_precision_score(labels, scores, sample_weight=row))
    rows = np.stack([scores, -scores])
    assert metrics.task_aurocs(rows, np.stack([labels, labels])) == pytest.approx(
        [roc_auc_score(labels, scores), roc_auc_score(labels, -scores)]
    )
    assert metrics.task_auprcs(rows, np.stack([labels, labels])) == pytest.approx(
        [average_precision_score(labels, scores), average_precision_score(labels, -scores)]
    )
    assert np.isnan(metrics.task_auprcs(rows[:1], np.zeros((1, len(scores)))))


def test_weighted_metric_without_one_class_is_nan():
    weights = np.array([[1.0, 0.0], [1.0, 1.0]])
    found = metrics.weighted_auroc(np.array([1.0, 0.0]), np.array([0.2, 0.1]), weights)
    assert np.isnan(found[0])
    assert found[1] == 1.0


def test_paired_bootstrap_tells_better_from_same():
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 2, 401)
    good, poor = labels + rng.standard_normal(401), labels + 4 * rng.standard_normal(401)
    genes = np.array([f"g{number}" for number in rng.integers(0, 97, 401)])
    better = metrics.paired_bootstrap(labels, good, poor, genes, metric=metrics.weighted_auroc, draws=300)
    assert better.low is not None
    assert better.low > 0.05
    assert better.low < better.estimate < better.high
    same = metrics.paired_bootstrap(labels, good, 3 * good, genes, draws=300)
    assert (same.estimate, same.low, same.high) == (0.0, 0.0, 0.0)


def test_paired_bootstrap_resamples_whole_genes():
    # two genes, each pure: every draw with one gene only is undefined, so half of the draws are dropped
    labels, genes = [1, 1, 0, 0], ["a", "a", "b", "b"]
    found = metrics.paired_bootstrap(
        labels, [0.4, 0.3, 0.2, 0.1], None, genes, metric=metrics.weighted_auroc, draws=997
    )
    assert found.estimate == 1.0
    assert 400 < found.draws < 600


def test_bootstrap_over_lines_weighs_lines_alike_and_is_wide_for_few_lines():
    values = np.concatenate([np.full(2, 0.1), np.full(11, 0.3)])
    lines = np.array(["a"] * 2 + ["b"] * 11)
    found = metrics.bootstrap_over_lines(values, lines, draws=500)
    assert found.estimate == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.3))
    with_gap = metrics.bootstrap_over_lines([*values, np.nan], [*lines, "c"], draws=500)
    assert with_gap.estimate == pytest.approx(0.2)


def test_bootstrap_over_lines_covers_the_truth():
    rng = np.random.default_rng(11)
    covered = 0
    for seed in range(200):
        lines = np.repeat(np.arange(23), 5)
        values = 0.02 + 0.05 * rng.standard_normal(23)[lines] + 0.05 * rng.standard_normal(115)
        found = metrics.bootstrap_over_lines(values, lines, draws=400, seed=seed)
        covered += found.low <= 0.02 <= found.high
    assert covered >= 176


# ------------------------------------------------------------------ the expert framework's metrics

EYE = np.eye(5)


@pytest.mark.parametrize(
    ("importance", "wanted"),
    [
        (EYE, (1.0, 1.0)),
        (np.ones((5, 3)), (0.0, 0.0)),
        (np.repeat(np.eye(4), 2, axis=0), (1.0, 1.0 - np.log(2) / np.log(8))),
        (np.repeat(np.eye(4), 2, axis=1), (1.0 - np.log(2) / np.log(8), 1.0)),
        # D: codes weigh 3/4 and 1/4, the first carries one factor, the second both alike
        (np.array([[6.0, 0.0], [1.0, 1.0]]), (0.75, None)),
        # a code that carries nothing weighs nothing; a factor that no code carries counts as 0 for completeness
        (np.array([[2.0, 0.0], [0.0, 0.0]]), (1.0, 0.5)),
    ],
    ids=["identity", "uniform", "two-codes-per-factor", "one-code-for-two", "weighted", "idle"],
)
def test_dci_by_hand(importance, wanted):
    for found, value in zip(metrics.dci_of(importance), wanted, strict=True):
        assert value is None or found == pytest.approx(value, abs=1e-12)


def test_dci_two_thirds_are_meant():
    assert metrics.dci_of(np.repeat(np.eye(4), 2, axis=0))[1] == pytest.approx(2 / 3)


def test_dci_without_importance_is_undefined_and_one_factor_is_refused():
    assert metrics.dci_of(np.zeros((3, 2))) == (None, None)
    for shape in ((5, 1), (1, 5)):
        with pytest.raises(InputError, match="dci-shape"):
            metrics.dci_of(np.ones(shape))
    with pytest.raises(InputError, match="dci-shape"):
        metrics.dci_of([[1.0, -1.0], [0.0, 1.0]])


def test_disentanglement_of_a_perfect_an_entangled_and_an_independent_code():
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((400, 3))
    perfect = metrics.disentanglement(factors[:, [2, 0, 1]] * [5.0, -1.0, 0.1] + 7.0, factors)
    assert perfect.importance.shape == (3, 3)
    assert perfect.importance.argmax(axis=0).tolist() == [1, 2, 0]
    assert min(perfect.disentanglement, perfect.completeness, perfect.informativeness) > 0.95
    rotation = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    entangled = metrics.disentanglement(factors @ rotation, factors)
    assert entangled.informativeness > 0.95
    assert entangled.disentanglement < 0.7
    independent = metrics.disentanglement(rng.standard_normal((400, 5)), factors)
    assert independent.informativeness < 0.1


def test_disentanglement_refuses_what_has_no_answer():
    rng = np.random.default_rng(0)
    codes, factors = rng.standard_normal((40, 3)), rng.standard_normal((40, 2))
    for wrong in ((codes, factors[:, :1]), (codes[:, :1], factors), (codes[:19], factors[:19]), (codes[:30], factors)):
        with pytest.raises(InputError, match="dci-shape"):
            metrics.disentanglement(*wrong)
    with pytest.raises(InputError, match="dci-shape"):
        metrics.disentanglement(np.where(codes > 1, np.nan, codes), factors)
    with pytest.raises(InputError, match="dci-constant"):
        metrics.disentanglement(codes, np.ones((40, 2)))


def test_gap_and_efficiency_by_hand():
    assert metrics.generalisation_gap([0.9, 0.8], [0.7, 0.6, 0.5]) == pytest.approx(0.25)
    assert metrics.adaptation_efficiency([0.8, 0.9], [0.7, 0.5], 5) == pytest.approx(0.05)
    assert metrics.adaptation_efficiency([], [0.5], 5) is None
    with pytest.raises(InputError, match="efficiency-shots"):
        metrics.adaptation_efficiency([0.8], [0.7], 0)
