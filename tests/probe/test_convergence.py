"""The learner here is exact: a Beta-Bernoulli belief whose posterior has a closed form, so each number is known."""

from collections.abc import Sequence

import numpy as np
import pytest

from metabam.errors import InputError
from metabam.probe.convergence import convergence_curve
from metabam.records import Fingerprint, FloatArray, LabelledContext, Prediction, SupportSet


class BetaBernoulli:
    name = "beta"

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        return None

    def adapt(self, support: SupportSet) -> Fingerprint:
        a, b = 1 + int(support.labels.sum()), 1 + int((1 - support.labels).sum())
        mean, variance = a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))
        return Fingerprint(
            mean=np.array([mean, 0.0]),
            std=np.array([np.sqrt(variance), 1.0]),
            spectrum=np.array([2 * mean - 1, 0.0, 0.5]),
            evidence_mean=np.zeros(3),
            evidence_cov=np.eye(3),
            n_support=len(support),
        )

    def predict(self, context: Fingerprint, queries: FloatArray) -> Prediction:
        p = np.full(len(queries), context.mean[0])
        return Prediction(p, np.log(p / (1 - p)))


SUPPORT = SupportSet(np.zeros((7, 13), np.float32), np.array([1, 1, 0, 0, 0, 0, 0], np.int8))


def test_the_curve_ends_where_the_whole_support_is_known():
    found = convergence_curve(BetaBernoulli(), SUPPORT, orders=5, seed=3)
    assert found.shots.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert found.std.shape == (5, 7, 2)
    assert found.spectrum.shape == (5, 7, 3)
    # after all seven: Beta(3, 6), mean 1/3, whatever the order
    assert found.std[:, -1, 0] == pytest.approx(np.sqrt(18 / (81 * 10)))
    assert found.log_likelihood[:, -1] == pytest.approx(2 * np.log(1 / 3) + 5 * np.log(2 / 3))
    # after one: p = 2/3 for the label seen, of which 2 or 5 of the seven are
    seen_positive = 2 * np.log(2 / 3) + 5 * np.log(1 / 3)
    seen_negative = 5 * np.log(2 / 3) + 2 * np.log(1 / 3)
    assert set(np.round(found.log_likelihood[:, 0], 9)) <= set(np.round([seen_positive, seen_negative], 9))
    assert (np.diff(found.std[:, :, 1], axis=1) == 0).all()


def test_orders_differ_and_repeat_with_the_seed():
    first = convergence_curve(BetaBernoulli(), SUPPORT, orders=11, seed=1)
    again = convergence_curve(BetaBernoulli(), SUPPORT, orders=11, seed=1)
    other = convergence_curve(BetaBernoulli(), SUPPORT, orders=11, seed=2)
    assert first.spectrum.tobytes() == again.spectrum.tobytes()
    assert first.spectrum.tobytes() != other.spectrum.tobytes()
    assert len({row.tobytes() for row in first.spectrum}) > 1


def test_zero_shots_are_the_prior_and_progress_reaches_one():
    seen = []
    found = convergence_curve(BetaBernoulli(), SUPPORT, [0, 7], 2, progress=seen.append)
    assert found.log_likelihood[:, 0] == pytest.approx(7 * np.log(0.5))
    assert seen == [0.5, 1.0]


def test_impossible_requests_are_refused():
    with pytest.raises(InputError, match=r"0\.\.7"):
        convergence_curve(BetaBernoulli(), SUPPORT, [8])
    with pytest.raises(InputError, match=r"0\.\.0"):
        convergence_curve(BetaBernoulli(), SUPPORT.take(np.zeros(0, int)))
    with pytest.raises(InputError, match="order"):
        convergence_curve(BetaBernoulli(), SUPPORT, orders=0)
