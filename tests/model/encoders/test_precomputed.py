"""Features that the user brings: kept as they are, or their principal components, and an exact stored form."""

import json

import numpy as np
import pytest

from metabam.errors import CheckpointError, InputError
from metabam.model.encoders import PairEncoder, load_encoder
from metabam.model.encoders.precomputed import PrecomputedEncoder
from metabam.records import PairWindows

NAMES = ("a", "b", "c")


def made(values, n_features, names=NAMES, **options):
    values = np.asarray(values, dtype=np.float32)
    return PrecomputedEncoder.from_values(names, lambda rows: values[rows], len(values), n_features, **options)


def test_few_columns_are_standardised_and_keep_their_names():
    values = np.array([[0, 10, 7], [2, 30, 7]], dtype=np.float32)
    encoder = made(values, 5)
    assert isinstance(encoder, PairEncoder)
    assert [info.name for info in encoder.features] == list(NAMES)
    np.testing.assert_allclose(encoder.encode_values(values), [[-1, -1, 0], [1, 1, 0]], atol=1e-5)


def test_many_columns_become_their_first_component():
    """Columns (t, 2t, 0): the component is (1, 2, 0) / sqrt 5, its largest loading positive; standardised t."""
    t = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    encoder = made(np.stack([t, 2 * t, 0 * t], axis=1), 1)
    np.testing.assert_allclose(encoder.loading[:, 0], np.array([1, 2, 0]) / np.sqrt(5), atol=1e-6)
    assert [info.name for info in encoder.features] == ["component 1"]
    z = encoder.encode_values(np.stack([t, 2 * t, 0 * t], axis=1).astype(np.float32))
    np.testing.assert_allclose(z[:, 0], t / np.sqrt(2), atol=1e-5)


def test_a_column_set_apart_stays_itself_at_the_end():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((101, 5)).astype(np.float32) * [1, 2, 3, 1, 1] + 4
    encoder = made(values, 3, ("a", "far", "b", "c", "d"), apart=("far",))
    assert [info.name for info in encoder.features] == ["component 1", "component 2", "far"]
    z = encoder.encode_values(values.astype(np.float32))
    np.testing.assert_allclose(z[:, 2], (values[:, 1] - values[:, 1].mean()) / values[:, 1].std(), atol=1e-4)
    np.testing.assert_allclose(z.std(axis=0), 1, atol=1e-4)
    np.testing.assert_allclose(np.corrcoef(z[:, 0], z[:, 1])[0, 1], 0, atol=1e-4)


def test_stored_form_is_exact_and_a_torn_one_is_refused():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((53, 3)).astype(np.float32)
    encoder = made(values, 2)
    tensors, description = encoder.state()
    again = load_encoder(tensors, json.loads(json.dumps(description)))
    np.testing.assert_array_equal(again.encode_values(values), encoder.encode_values(values))
    assert again.features == encoder.features
    with pytest.raises(CheckpointError, match="encoder-state"):
        load_encoder(tensors, {**description, "names": ["a"]})


def test_dna_is_refused_with_the_flag_that_helps():
    zero = np.zeros(1, dtype=np.int64)
    windows = PairWindows(np.zeros((1, 5), np.uint8), np.zeros((1, 7), np.uint8), zero, zero, zero, zero)
    encoder = made(np.eye(3), 3)
    with pytest.raises(InputError, match="--features"):
        encoder.encode(windows)
    assert encoder.track(windows).shape == (1, 0, 0)
    with pytest.raises(InputError, match="features-shape"):
        made(np.zeros((0, 3)), 3)
