"""An encoder that knows elements again: by their letters, held while letters change, and exact when stored."""

import numpy as np
import pytest

from metabam.model.encoders import PairEncoder, held_at, innermost, layout_of, with_memory, without_recall
from metabam.model.encoders.cnn import CnnEncoder, PairNetwork
from metabam.model.encoders.recalling import ElementMemory, element_memory, memory_state, window_keys
from metabam.model.encoders.training import one_hot
from metabam.model.encoders.twin import twin_of
from metabam.records import PairWindows

D, L_E, L_P = 5, 83, 62


@pytest.fixture(scope="module")
def inner():
    settings = {"channels": 3, "width": 7, "n_features": D}
    return CnnEncoder(PairNetwork(**settings), np.zeros(D, np.float32), np.ones(D, np.float32), 4, settings)


@pytest.fixture(scope="module")
def windows():
    rng = np.random.default_rng(0)
    enhancers, promoters = rng.integers(0, 4, (3, L_E)).astype(np.uint8), rng.integers(0, 4, (2, L_P)).astype(np.uint8)
    index = np.array([2, 0, 1, 2]), np.array([0, 1, 1, 1])
    return PairWindows(enhancers, promoters, *index, np.zeros(3, np.int64), np.zeros(2, np.int64))


@pytest.fixture(scope="module")
def recalling(inner, windows):
    """Enhancers 2 and 0 are known (element 17 and 11), promoter 1 too; enhancer 1 and promoter 0 are strangers."""
    values = np.arange(2 * D, dtype=np.float32).reshape(2, D) + 1.0
    enhancers = element_memory(windows.enhancers, np.array([0, 2]), np.array([11, 17]), np.array([11, 17]), values)
    promoters = element_memory(windows.promoters, np.array([1]), np.array([5]), np.array([5]), -values[:1])
    return with_memory(inner, memory_state(enhancers, promoters))


def test_displacements_of_known_elements_add_up_behind_the_inner_features(inner, windows, recalling):
    found = recalling.encode(windows)
    assert isinstance(recalling, PairEncoder)
    assert (found.shape, found.dtype) == ((4, 2 * D), np.float32)
    assert np.array_equal(found[:, :D], inner.encode(windows))
    low, high = np.arange(D) + 1.0, np.arange(D) + 1.0 + D
    assert np.array_equal(found[:, D:], [high, low - low, -low, high - low])
    assert layout_of(recalling).recalled == slice(D, 2 * D)
    assert without_recall(recalling) is inner
    assert innermost(recalling) is inner


def test_one_changed_letter_makes_a_stranger_unless_the_pair_is_held(windows, recalling):
    mutant = windows.enhancers[[2]].copy()
    mutant[0, 7] = (mutant[0, 7] + 1) % 4
    assert recalling.enhancers.knows(windows.enhancers).tolist() == [True, False, True]
    assert not recalling.enhancers.knows(mutant)[0]
    alone = PairWindows(mutant, windows.promoters[[1]], *np.zeros((2, 1), np.int64), *np.zeros((2, 1), np.int64))
    held = held_at(recalling, windows.enhancers[2], windows.promoters[1])
    assert np.array_equal(recalling.encode(alone)[0, D:], recalling.promoters.displacement[0])
    assert np.array_equal(held.encode(alone)[0, D:], recalling.encode(windows)[3, D:])


def test_the_twin_answers_what_the_encoder_answers(windows, recalling):
    enhancer, promoter = windows.enhancers[2], windows.promoters[1]
    twin = twin_of(recalling, enhancer, promoter)
    found = twin(one_hot(enhancer[None]), one_hot(promoter[None])).detach().numpy()
    assert np.allclose(found[0], recalling.encode(windows)[3], atol=1e-5)


def test_rows_of_zeros_and_elements_without_a_window_are_not_stored(windows):
    values = np.array([[0.0] * D, [1.0] * D, [2.0] * D], dtype=np.float32)
    memory = element_memory(windows.enhancers, np.array([0, 1]), np.array([3, 7]), np.array([3, 7, 9]), values)
    assert np.array_equal(memory.keys, window_keys(windows.enhancers[[1]]))
    assert np.array_equal(memory.displacement, values[[1]])


def test_a_memory_that_does_not_fit_is_refused(inner, recalling):
    tensors = memory_state(recalling.enhancers, recalling.promoters)
    with pytest.raises(ValueError, match="another number of features"):
        with_memory(inner, {**tensors, "enhancer": tensors["enhancer"][:, :3], "promoter": tensors["promoter"][:, :3]})
    with pytest.raises(ValueError, match="do not fit together"):
        ElementMemory(tensors["enhancer_keys"], tensors["enhancer"][:1])
    with pytest.raises(KeyError):
        with_memory(inner, {"enhancer": tensors["enhancer"]})
