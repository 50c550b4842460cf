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
