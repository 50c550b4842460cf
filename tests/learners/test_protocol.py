"""Every learner of the registry keeps the same promises."""

import numpy as np
import pytest

from metabam.config import ModelConfig
from metabam.data.episodes import contexts_of
from metabam.data.pairs import read_pairs
from metabam.data.synthetic import simulate
from metabam.data.views import truth_view
from metabam.data.worldfiles import read_truth
from metabam.errors import ConfigError, InputError, TrainingError
from metabam.learners import LEARNERS
from metabam.learners.base import Learner
from metabam.learners.birth import give_birth
from metabam.metrics import auroc
from metabam.records import SupportSet
from tests.learners.toys import EPISODES, LEARNED, TRAINING, build, fact_family, feature_family, numbers_of

USABLE = [name for name in LEARNERS if name != "tabpfn"]
DEAF = {"pooled", "distance", "tss_count", "gene_propensity", "pair_lookup", "truth_knower"}
"""Learners that do not read the support, and say so."""
FLAT = {"support_prevalence"}
ELSEWHERE = {
    "metabam",
    "hierarchical",
    "pooled_prior",
    "pooled",
    "per_task",
    "prototype",
    "support_prevalence",
    "distance",
}
"""Learners whose ``fit`` is held to its seed by tests of their own."""
ALONE = {"finetune", "gaussian_process"}
"""Learners that choose their settings on left-out lines from three lines on: minutes in all, and tested apart."""
RANKING = [name for name in USABLE if name not in DEAF | FLAT]


@pytest.fixture(scope="module")
def families(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted") / "world"
    simulate(folder, 3, training_lines=TRAINING, heldout_lines=2, pairs_per_line=400)
    table, truth = read_pairs(folder / "pairs.tsv", role="training")[0], read_truth(folder)
    features = feature_family()
    seen = {"features": features, "kmers": features, "facts": fact_family()}
    return seen | {"truth": contexts_of(table, truth_view(truth, table))}, truth


@pytest.fixture(scope="module")
def fit(families):
    views, truth = families
    births = {}

    def fitted(name, seed=0):
        learner = build(name, truth)
        contexts = views[LEARNERS[name].view][: 2 if name in ALONE else TRAINING]
        if name in LEARNED:
            if seed not in births:
                births[seed] = give_birth(contexts, ModelConfig(), seed, steps=EPISODES.birth_steps)
            learner.fit(contexts, seed=seed, birth=births[seed])
        else:
            learner.fit(contexts, seed=seed)
        return learner

    return fitted


@pytest.fixture(scope="module")
def learners(fit):
    return {name: fit(name) for name in USABLE}


@pytest.fixture
def held(families):
    return lambda name: families[0][LEARNERS[name].view][TRAINING]


def support_of(context, shots, seed=0):
    rows = np.random.default_rng(seed).permutation(len(context))
    return SupportSet(context.features[rows[:shots]], context.labels[rows[:shots]]), rows[shots:]


def answer(learner, support, queries):
    return learner.predict(learner.adapt(support), queries)


@pytest.mark.parametrize("name", USABLE)
def test_it_is_a_learner_under_its_own_name(learners, name):
    assert isinstance(learners[name], Learner)
    assert learners[name].name == name
    assert LEARNERS[name].description


@pytest.mark.parametrize("name", [name for name in USABLE if name not in ELSEWHERE])
def test_fit_is_deterministic_in_the_seed(fit, learners, held, name):
    support, queries = support_of(held(name), 17)
    first, second = (answer(one, support, held(name).features[queries]) for one in (learners[name], fit(name)))
    assert np.array_equal(first.logit, second.logit)


@pytest.mark.parametrize("name", USABLE)
@pytest.mark.parametrize("shots", [0, 1, 5, 64])
def test_any_support_size_gives_probabilities_one_by_one(learners, held, name, shots):
    context = held(name)
    support, rows = support_of(context, shots)
    queries = context.features[rows[:11]]
    belief = learners[name].adapt(support)
    found = learners[name].predict(belief, queries)
    assert found.probability.shape == found.logit.shape == (11,)
    assert ((found.probability > 0) & (found.probability < 1)).all()
    assert found.probability == pytest.approx(1 / (1 + np.exp(-found.logit)))
    if found.lower is not None:
        assert ((found.lower <= found.probability) & (found.probability <= found.upper)).all()
    alone = learners[name].predict(belief, queries[4:5])
    assert alone.logit == pytest.approx(found.logit[4:5], abs=1e-5)  # a query's answer is its own


@pytest.mark.parametrize("name", USABLE)
@pytest.mark.parametrize("value", [0, 1])
def test_one_class_is_a_support(learners, held, name, value):
    context = held(name)
    rows = np.flatnonzero(context.labels == value)[:7]
    support = SupportSet(context.features[rows], context.labels[rows])
    found = answer(learners[name], support, context.features[:13])
    assert np.isfinite(found.logit).all()


@pytest.mark.parametrize("name", USABLE)
def test_the_order_of_the_support_does_not_matter(learners, held, name):
    context = held(name)
    support, rows = support_of(context, 31)
    turned = support.take(np.random.default_rng(2).permutation(31))
    one, other = (answer(learners[name], s, context.features[rows[:53]]) for s in (support, turned))
    assert one.logit == pytest.approx(other.logit, abs=1e-4 if name == "metabam" else 1e-6)  # Meta-BAM is in float32


@pytest.mark.parametrize("name", USABLE)
def test_adapting_and_predicting_change_nothing(learners, held, name):
    context, learner = held(name), learners[name]
    before = numbers_of(learner)
    belief = learner.adapt(support_of(context, 16)[0])
    kept = numbers_of(belief)
    learner.predict(belief, context.features[:101])
    learner.adapt(support_of(context, 5, seed=1)[0])
    if name not in FLAT:
        with pytest.raises((InputError, RuntimeError)):  # an exception changes nothing either
            learner.predict(belief, context.features[:3, :0])
    assert numbers_of(learner) == before
    assert numbers_of(belief) == kept


@pytest.mark.parametrize("name", RANKING)
def test_own_labels_serve_better_than_shuffled_ones(families, learners, name):
    gaps = []
    for context in families[0][LEARNERS[name].view][TRAINING:]:
        for seed in range(3):
            support, rows = support_of(context, 64, seed)
            shuffled = SupportSet(support.features, np.random.default_rng(seed).permutation(support.labels))
            queries, labels = context.features[rows], context.labels[rows]
            own, other = (auroc(labels, answer(learners[name], s, queries).logit) for s in (support, shuffled))
            gaps.append(own - other)
    assert np.mean(gaps) > 0.03


@pytest.mark.parametrize("name", sorted(DEAF))
def test_the_deaf_ones_say_the_same_whatever_the_support(learners, held, name):
    context = held(name)
    support, rows = support_of(context, 16)
    one, other = (answer(learners[name], s, context.features[rows]) for s in (support, support.flipped()))
    assert np.array_equal(one.logit, other.logit)


@pytest.mark.parametrize("name", USABLE)
def test_nothing_is_answered_before_fit(families, held, name):
    learner = build(name, families[1])
    if name == "truth_knower":
        return  # it has nothing to learn
    with pytest.raises(TrainingError, match="fit"):
        learner.adapt(support_of(held(name), 5)[0])


@pytest.mark.parametrize("name", LEARNED)
def test_learned_peers_come_back_bit_for_bit(learners, held, name):
    learner = learners[name]
    tensors, description = learner.state()
    again = type(learner).from_state(tensors, description)
    support, rows = support_of(held(name), 16)
    queries = held(name).features[rows[:19]]
    assert np.array_equal(answer(learner, support, queries).logit, answer(again, support, queries).logit)
    with pytest.raises(InputError, match="not those"):
        type(learner).from_state({key: value for key, value in tensors.items() if key != "network.base"}, description)


def test_the_registry_says_what_is_missing():
    with pytest.raises(ConfigError, match="tabpfn"):
        LEARNERS["tabpfn"](weights="nowhere.ckpt").fit(feature_family())
    with pytest.raises(ConfigError, match="truth"):
        LEARNERS["informed"]().fit(feature_family())
