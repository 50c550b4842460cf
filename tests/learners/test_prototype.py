import numpy as np
import pytest
from scipy.special import logit

from metabam.errors import InputError
from metabam.learners.base import Learner
from metabam.learners.logistic import base_rate
from metabam.learners.prototype import PrototypeNetwork
from metabam.learners.sequence_free import DistanceLearner, SupportPrevalence
from metabam.records import LabelledContext, SupportSet


def test_prototype_logit_is_the_difference_of_squared_distances(world):
    learner = PrototypeNetwork()
    learner.fit(world[:5])
    rows = np.array([3, 5, 7, 11, 13, 17, 19])
    labels = np.array([1, 0, 0, 1, 0, 1, 0], np.int8)
    support = SupportSet(world[6].features[rows], labels)
    queries = world[6].features[100:105]
    z, q = (learner._fitted().design(x)[:, 1:] for x in (support.features, queries))
    ones, zeros = z[labels == 1].mean(axis=0), z[labels == 0].mean(axis=0)
    margin = (((q - zeros) ** 2).sum(axis=1) - ((q - ones) ** 2).sum(axis=1)) / 2
    temperature = np.interp(np.log(7), np.log([4, 16, 64, 256]), learner.temperatures)
    found = learner.predict(learner.adapt(support), queries)
    assert found.logit == pytest.approx(temperature * margin + logit(base_rate(world[:5])))
    assert found.lower is None


def test_prototype_trusts_more_shots_more(world):
    learner = PrototypeNetwork()
    learner.fit(world[:5])
    assert (learner.temperatures > 0).all()
    assert learner.temperatures[-1] > learner.temperatures[0]


def test_support_prevalence_by_hand(world):
    learner = SupportPrevalence()
    learner.fit(world[:5])
    rate = base_rate(world[:5])
    support = SupportSet(np.zeros((4, 13), np.float32), np.array([1, 0, 0, 0], np.int8))
    found = learner.predict(learner.adapt(support), np.zeros((3, 13), np.float32))
    assert found.probability == pytest.approx(np.full(3, (1 + rate) / 5))
    assert isinstance(learner, Learner)


def distance_contexts():
    rng = np.random.default_rng(0)
    contexts = []
    for line in range(3):
        far = rng.uniform(3, 6, 401)
        labels = (rng.random(401) < 1 / (1 + np.exp(2 * (far - 4)))).astype(np.int8)
        features = np.stack([rng.standard_normal(401), far], axis=1).astype(np.float32)
        contexts.append(LabelledContext(f"l{line}", "", features, labels, np.arange(401), np.arange(401)))
    return contexts


def test_distance_falls_and_unknown_distance_counts_as_the_farthest():
    learner = DistanceLearner(column=1)
    learner.fit(distance_contexts())
    context = learner.adapt(SupportSet(np.zeros((0, 2), np.float32), np.zeros(0, np.int8)))
    p = learner.predict(context, np.array([[0, 3], [0, 5], [9, 5], [0, np.nan]], np.float32)).probability
    assert p[0] > p[1] == p[2] > p[3]


def test_distance_column_must_exist():
    with pytest.raises(InputError, match="column 7"):
        DistanceLearner(column=7).fit(distance_contexts())
