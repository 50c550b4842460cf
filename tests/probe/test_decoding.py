import numpy as np
import pytest

from metabam.errors import InputError
from metabam.probe.decoding import active_pairs, decode_mechanisms

N = 701
RNG = np.random.default_rng(0)
SOURCES = RNG.standard_normal((N, 3))
GROUPS = RNG.integers(0, 97, N)


def decode(features, activities):
    names = [f"m{k}" for k in range(activities.shape[1])]
    return decode_mechanisms(features.astype(np.float32), activities, names, GROUPS)


def test_a_copy_a_mixture_and_noise():
    mixed = np.stack([SOURCES[:, 0], -2 * SOURCES[:, 1] + SOURCES[:, 2], SOURCES[:, 2] + SOURCES[:, 1]], axis=1)
    noise = RNG.standard_normal((N, 1))
    found = decode(mixed, np.concatenate([SOURCES[:, :2], noise], axis=1))
    assert found.best_r[0] == pytest.approx(1.0, abs=1e-5)
    assert (found.best_feature[0], found.best_sign[0]) == (0, 1.0)
    # the second is in the span of features 1 and 2, yet no single one is it: r = -2 / sqrt 5
    assert found.best_r[1] == pytest.approx(2 / np.sqrt(5), abs=0.05)
    assert (found.best_feature[1], found.best_sign[1]) == (1, -1.0)
    assert found.linear_r[1] > 0.99
    assert found.linear_auroc[1] > 0.98
    assert abs(found.linear_r[2]) < 0.12
    assert found.linear_auroc[2] == pytest.approx(0.5, abs=0.07)
    assert found.names == ("m0", "m1", "m2")


def test_what_is_memorised_by_group_is_not_decoded():
    level = RNG.standard_normal(97)[GROUPS]
    one_hot = np.eye(97)[GROUPS]
    found = decode(one_hot, level[:, None])
    assert found.linear_r[0] < 0.3


def test_constant_columns_are_harmless_and_undefined_stays_undefined():
    found = decode(np.ones((N, 2)), np.ones((N, 1)))
    assert found.best_r[0] == 0.0
    assert np.isnan(found.linear_auroc[0])


def test_active_pairs_of_sparse_and_of_broad_activities():
    assert active_pairs(np.array([0.0, 0.0, 0.0, 0.4])).tolist() == [0, 0, 0, 1]
    assert active_pairs(np.array([1.0, 2.0, 3.0, 4.0])).tolist() == [0, 0, 1, 1]


def test_lengths_must_match():
    with pytest.raises(InputError, match="2 names"):
        decode_mechanisms(np.zeros((N, 2), np.float32), np.zeros((N, 1)), ["a", "b"], GROUPS)
    with pytest.raises(InputError, match="folds"):
        decode_mechanisms(np.zeros((3, 2), np.float32), np.zeros((3, 1)), ["a"], np.arange(3))
