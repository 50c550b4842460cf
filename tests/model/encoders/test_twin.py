"""A twin answers what its encoder answers, on DNA; between letters it is smooth."""

import numpy as np
import pytest
import torch

from metabam.errors import ConfigError
from metabam.model.encoders.cnn import CnnEncoder, PairNetwork
from metabam.model.encoders.training import one_hot
from metabam.model.encoders.twin import twin_of
from metabam.records import PairWindows
from tests.probe.grammar import L_E, L_P, WORDS, dna, encoder, plant

B = 7


def windows(e, p):
    number, nothing = np.arange(len(e)), np.zeros(len(e), dtype=np.int64)
    return PairWindows(e, p, number, number, nothing, nothing)


def cnn():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = PairNetwork(5, 7, 11)
    rng = np.random.default_rng(0)
    mean, std = rng.standard_normal(11).astype(np.float32), rng.uniform(0.5, 2.0, 11).astype(np.float32)
    return CnnEncoder(network, mean, std, 4, {"channels": 5, "width": 7, "n_features": 11})


def elements():
    e, p = dna(B, L_E, 1, 0.02), dna(B, L_P, 2)
    plant(e[0], WORDS[0], 17)
    plant(e[1], WORDS[0] + "AAAAA" + "TCAGGTG", 29)  # the first spaced pair: word, 5 bp, third word reversed
    plant(p[2], WORDS[1], 0)
    plant(p[3], WORDS[2], L_P - len(WORDS[2]))
    e[4, 0] = 4
    return e, p


@pytest.mark.parametrize("make", [encoder, cnn], ids=["motif", "cnn"])
def test_a_twin_reads_dna_as_its_encoder_does(make):
    made = make()
    e, p = elements()
    wanted = made.encode(windows(e, p))
    assert np.ptp(wanted, axis=0).min() > 0
    for at in range(B):
        twin = twin_of(made, e[at], p[at])
        with torch.no_grad():
            found = twin(one_hot(e[[at]]), one_hot(p[[at]])).numpy()[0]
        assert found == pytest.approx(wanted[at], abs=2e-5)


@pytest.mark.parametrize("make", [encoder, cnn], ids=["motif", "cnn"])
def test_gradients_are_slopes(make):
    e, p = elements()
    twin = twin_of(make(), e[1], p[1]).double()
    # between DNA and a uniform mixture, away from the kinks
    x = (0.9 * one_hot(e[[1]]) + 0.025).double().requires_grad_()
    y = (0.9 * one_hot(p[[1]]) + 0.025).double().requires_grad_()

    def value(a, b):
        return twin(a, b).sum()

    slopes = torch.autograd.grad(value(x, y), (x, y))
    drawn = [torch.from_numpy(np.random.default_rng(5).standard_normal(item.shape)) for item in (x, y)]
    direction = [way - way.mean(dim=1, keepdim=True) for way in drawn]  # letters change, their sum stays 1
    step = 1e-6
    with torch.no_grad():
        up = value(x + step * direction[0], y + step * direction[1])
        down = value(x - step * direction[0], y - step * direction[1])
    along = sum((slope * way).sum() for slope, way in zip(slopes, direction, strict=True))
    assert float((up - down) / (2 * step)) == pytest.approx(float(along), rel=1e-3)
    assert all(parameter.grad is None for parameter in twin.parameters())


def test_another_encoder_has_no_twin():
    class Other:
        kind = "other"
        features = ()

    with pytest.raises(ConfigError, match="no-twin"):
        twin_of(Other(), *(codes[0] for codes in elements()))
