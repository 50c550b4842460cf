import numpy as np
import pytest
import torch

from metabam.errors import ConfigError, InputError
from metabam.probe.attribute import attribute_bases
from metabam.probe.mutagenesis import mutate_window
from metabam.records import FeatureInfo, SupportSet
from tests.probe.grammar import L_E, L_P, WORDS, dna, encoder, plant
from tests.probe.toys import D, pairs, random_learner, weights


class Counting:
    """Feature 0 counts the A of the enhancer, feature 1 the C of the promoter; no gradient to be had."""

    kind = "counting"
    features = tuple(FeatureInfo(str(number), "learned") for number in range(D))

    def encode(self, windows):
        out = np.zeros((len(windows), D), np.float32)
        out[:, 0] = (windows.enhancers == 0).sum(axis=1)[windows.enhancer_index]
        out[:, 1] = (windows.promoters == 1).sum(axis=1)[windows.promoter_index]
        return out


@pytest.fixture(scope="module")
def adapted():
    learner = random_learner()
    x = pairs(17, 3)
    return learner, learner.adapt(SupportSet(x, (x[:, 0] > 0).astype(np.int8)))


def planted():
    return plant(dna(1, L_E, 4)[0], WORDS[0], 41), dna(1, L_P, 5)[0]


@pytest.mark.parametrize(("target", "atom"), [("logit", 0), ("potential", 3), ("state", 7)])
def test_attributions_add_up(adapted, target, atom):
    learner, belief = adapted
    e, p = planted()
    found = attribute_bases(learner, encoder(), belief, e, p, target=target, atom=atom, shuffles=3)
    assert found.enhancer.shape == (L_E,)
    assert found.promoter_hypothetical.shape == (4, L_P)
    assert found.residual < 0.05
    gap = found.value - found.baseline
    assert found.total == pytest.approx(gap, abs=0.05 * max(1.0, abs(gap)))
    assert abs(found.off_simplex) < 1e-4
    assert np.abs(found.enhancer_hypothetical.sum(axis=0)).max() < 1e-4
    assert 0.0 <= found.enhancer_share <= 1.0
    assert found.null > 0
    if target == "logit":
        features = encoder().encode(_one(e, p))
        assert found.value == pytest.approx(learner.predict(belief, features).logit[0], abs=1e-4)


def _one(e, p):
    from metabam.records import PairWindows

    at = np.zeros(1, dtype=np.int64)
    return PairWindows(e[None], p[None], at, at, at, at)


def test_the_planted_site_carries_its_feature(adapted):
    """The potential of an atom that reads the first word alone lives on that word."""
    learner, belief = random_learner(), adapted[1]
    with torch.no_grad():
        learner.model.basis.atoms.zero_()
        learner.model.basis.atoms[2, 0] = 1.0
    e, p = planted()
    found = attribute_bases(learner, encoder(), belief, e, p, target="potential", atom=2, shuffles=5)
    bars = np.abs(found.enhancer)
    site = np.arange(41, 41 + len(WORDS[0]))
    assert bars[site].mean() > 5.0 * np.delete(bars, site).mean()
    assert np.abs(found.promoter).max() == 0.0
    mutated = mutate_window(
        learner, encoder(), belief, e, p, start=30, end=70, target="potential", atom=2, attribution=found
    )
    assert mutated.agreement > 0.5
    assert mutated.importance[11:19].min() > 0
    assert np.abs(mutated.change[e[30:70], np.arange(40)]).max() == 0.0


def test_ablation_of_a_count_by_hand(adapted):
    """Only A counts in the enhancer and only C in the promoter; each block loses what its letters bring."""
    learner, belief = random_learner(), adapted[1]
    with torch.no_grad():
        learner.model.basis.atoms.zero_()
        learner.model.basis.atoms[0, 0], learner.model.basis.atoms[0, 1] = 1.0, -2.0
        gain = float(learner.model.basis.gain[0].exp())
    e, p = planted()
    how = {"target": "potential", "method": "feature_ablation", "baseline": "zeros"}
    found = attribute_bases(learner, Counting(), belief, e, p, block=1, **how)
    assert found.enhancer == pytest.approx(gain * (e == 0), abs=1e-4)
    assert found.promoter == pytest.approx(-2.0 * gain * (p == 1), abs=1e-4)
    assert found.residual < 1e-4  # a sum is complete whatever the method
    blocks = attribute_bases(learner, Counting(), belief, e, p, block=7, **how)
    assert blocks.enhancer[:7] == pytest.approx(np.full(7, gain * (e[:7] == 0).mean()), abs=1e-4)
    mutated = mutate_window(learner, Counting(), belief, e, p, side="promoter", start=3, end=26, target="potential")
    is_c = p[3:26] == 1
    wanted = np.where(is_c[None], 2.0 * gain, 0.0).repeat(4, axis=0)
    wanted[1] = np.where(is_c, 0.0, -2.0 * gain)
    assert mutated.change == pytest.approx(wanted, abs=1e-4)
    with pytest.raises(ConfigError, match="no-twin"):
        attribute_bases(learner, Counting(), belief, e, p)


def test_unusable_requests_are_refused_and_leave_everything_as_it_was(adapted):
    learner, belief = adapted
    made = encoder()
    before, tensors = weights(learner), {name: array.tobytes() for name, array in made.state()[0].items()}
    e, p = planted()
    unknown = e.copy()
    unknown[: L_E // 3] = 4
    with pytest.raises(InputError, match="unknown-bases"):
        attribute_bases(learner, made, belief, unknown, p)
    for wrong in ({"steps": 50}, {"method": "magic"}, {"baseline": "ones"}, {"shuffles": 0}):
        with pytest.raises(ConfigError, match="attribution"):
            attribute_bases(learner, made, belief, e, p, **wrong)
    with pytest.raises(ConfigError, match="unknown-atom"):
        attribute_bases(learner, made, belief, e, p, target="state", atom=99)
    for window in ((5, 5), (-1, 9), (0, 201), (90, L_E + 1)):
        with pytest.raises(ConfigError, match="mutagenesis-window"):
            mutate_window(learner, made, belief, e, p, start=window[0], end=window[1])
    attribute_bases(learner, made, belief, e, p, shuffles=1, baseline="uniform")
    assert weights(learner) == before
    assert {name: array.tobytes() for name, array in made.state()[0].items()} == tensors
    assert all(parameter.grad is None for parameter in learner.model.parameters())
