"""The expert framework as a learner: what its context reads, what labels change, and that it comes back bit for bit."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from metabam.config import ExpertConfig, build
from metabam.data.episodes import apart_from, draw_support
from metabam.errors import CheckpointError, ConfigError, InputError, TrainingError
from metabam.learners import LEARNERS, Learner
from metabam.learners.expert import CellLineExpert
from metabam.learners.expert_training import ExpertSource, new_network, train
from metabam.metrics import auroc
from metabam.records import SupportSet

TINY = {"width": 14, "supervised_steps": 5, "episodic_steps": 3, "batch_tasks": 3, "query_size": 11, "shots": (0, 7)}


def tiny(**changes):
    return ExpertConfig(**{**TINY, **changes})


def support_of(context, shots, seed=0):
    rows = draw_support(context.labels, shots, np.random.default_rng(seed), balanced=False)
    return SupportSet(context.features[rows], context.labels[rows]), apart_from(context, rows)


def bits(context):
    return [None if value is None else np.asarray(value).tobytes() for value in map(context.__getattribute__, NAMES)]


NAMES = [item.name for item in fields(CellLineExpert.context_type)]


@pytest.fixture(scope="module", params=["prototype", "maml"])
def learner(request, world):
    made = CellLineExpert(tiny(adaptation=request.param))
    made.fit(world[:5], seed=3)
    return made


def test_it_is_a_learner_of_the_list():
    assert isinstance(LEARNERS["expert"](), CellLineExpert)
    assert isinstance(LEARNERS["expert"](), Learner)


def test_labels_change_the_readout_and_never_the_context(learner, world):
    support, _ = support_of(world[6], 7)
    one, other = learner.adapt(support), learner.adapt(support.flipped())
    assert one.theta.shape == (5, 14)
    assert np.array_equal(one.theta, other.theta)
    assert np.array_equal(one.pooled, other.pooled)
    assert not np.array_equal(one.weight, other.weight)


def test_no_support_is_the_pooled_prediction(learner, world):
    nothing = SupportSet(world[0].features[:0], world[0].labels[:0])
    context, queries = learner.adapt(nothing), world[6].features[:11]
    assert context.n_support == 0
    assert np.array_equal(context.theta.astype(np.float32), learner.network.theta.base.detach().numpy())
    assert not context.pooled.any()
    full, pooled = learner.predict(context, queries), learner.predict(context, queries, path="pooled")
    assert full.logit == pytest.approx(pooled.logit, abs=1e-6)
    assert (pooled.lower, pooled.upper) == (None, None)


def test_order_of_the_support_does_not_matter(learner, world):
    support, _ = support_of(world[6], 7)
    queries = world[6].features[:11]
    shuffled = support.take(np.random.default_rng(0).permutation(7))
    one, other = (learner.predict(learner.adapt(item), queries).logit for item in (support, shuffled))
    assert one == pytest.approx(other, abs=1e-5)


def test_prototypes_are_those_of_the_embedded_support(world):
    learner = CellLineExpert(tiny())
    learner.fit(world[:5])
    support, _ = support_of(world[6], 11)
    context = learner.adapt(support)
    embedded = learner.embed(context, support.features).astype(np.float64)
    head = learner.network.head
    kappa, prior = head.log_strength.exp().detach().numpy(), head.prototypes.detach().numpy()
    for value in (0, 1):
        chosen = embedded[support.labels == value]
        wanted = (kappa * prior[value] + chosen.sum(0)) / (kappa + len(chosen))
        assert context.prototypes[value] == pytest.approx(wanted, abs=1e-5)
    found = learner.predict(context, support.features)
    zero, one = (((embedded - centre) ** 2).sum(1) for centre in context.prototypes)
    by_distance = head.log_temperature.exp().item() * (zero - one) / 2.0 + head.bias.item()
    assert found.logit == pytest.approx(by_distance, abs=1e-4)
    assert np.all((found.lower < found.probability) & (found.probability < found.upper))


def test_under_maml_there_is_no_interval(world):
    learner = CellLineExpert(tiny(adaptation="maml"))
    learner.fit(world[:5])
    context = learner.adapt(support_of(world[6], 7)[0])
    found = learner.predict(context, world[6].features[:11])
    assert (context.prototypes, context.variance, found.lower, found.upper) == (None, None, None, None)


def test_nothing_in_the_learner_moves(learner, world):
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    state = torch.get_rng_state()
    context = learner.adapt(support_of(world[6], 7)[0])
    learner.predict(context, world[6].features[:11], theta_override=0.5 * context.theta)
    with pytest.raises(InputError):
        learner.predict(context, world[6].features[:11, :3])
    with pytest.raises(InputError):
        learner.adapt(SupportSet(world[6].features[:7, :3], world[6].labels[:7]))
    assert all(torch.equal(before[name], value) for name, value in learner.network.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())


def test_theta_of_another_line_is_an_argument(learner, world):
    context = learner.adapt(support_of(world[6], 7)[0])
    queries = world[6].features[:11]
    plain = learner.predict(context, queries).logit
    assert np.array_equal(learner.predict(context, queries, theta_override=context.theta).logit, plain)
    assert not np.allclose(learner.predict(context, queries, theta_override=context.theta + 0.5).logit, plain)
    with pytest.raises(ConfigError, match="theta-shape"):
        learner.predict(context, queries, theta_override=context.theta[:4])
    with pytest.raises(InputError, match="context-shape"):
        learner.predict(replace(context, gamma=context.gamma[:3]), queries)


def test_state_comes_back_bit_for_bit(learner, world):
    tensors, description = learner.state()
    twin = CellLineExpert.from_state(tensors, description)
    support, _ = support_of(world[6], 7)
    one, other = learner.adapt(support), twin.adapt(support)
    assert bits(one) == bits(other)
    queries = world[6].features[:11]
    assert np.array_equal(learner.predict(one, queries).logit, twin.predict(other, queries).logit)
    short = dict(list(tensors.items())[1:])
    with pytest.raises(CheckpointError, match="weights-mismatch"):
        CellLineExpert.from_state(short, description)


def test_training_is_a_function_of_the_seed(world):
    def weights(seed):
        made = CellLineExpert(tiny(supervised_steps=2, episodic_steps=1))
        made.fit(world[:3], seed=seed)
        return {name: value.tobytes() for name, value in made.state()[0].items()}

    state = torch.get_rng_state()
    first = weights(5)
    assert torch.equal(state, torch.get_rng_state())
    torch.manual_seed(99)
    assert weights(5) == first
    assert weights(6) != first


@pytest.mark.parametrize(
    ("options", "terms"),
    [
        ({"transform": "gated"}, {"orthogonality", "sparse_features", "sparse_weights"}),
        ({"decoupling": "beta_vae", "transform": "gated", "adaptation": "maml"}, {"reconstruction", "kl"}),
        ({"decoupling": "factor_vae"}, {"reconstruction", "kl", "total_correlation"}),
        ({"adaptation": "maml", "second_order": False}, set()),
        ({"gradient_penalty": 0.5, "penalty_every": 3}, set()),
    ],
    ids=["gated", "beta-vae", "factor-vae", "first-order", "penalty"],
)
def test_every_option_trains_and_shows_in_its_terms(options, terms, world):
    learner = CellLineExpert(tiny(**options))
    records = list(learner.fit_steps(world[:3], seed=1))
    assert [record.metrics["stage"] for record in records] == [1.0] * 5 + [2.0] * 3
    assert [record.step for record in records] == list(range(1, 9))
    for record in records:
        assert all(np.isfinite(value) for value in record.terms.values())
        assert all(record.terms[name] > 0.0 for name in terms)
    always = {"orthogonality", "sparse_features", "sparse_weights"}
    off = {"reconstruction", "kl", "total_correlation"} - terms
    assert all(record.terms[name] == 0.0 for record in records for name in off)
    assert all(record.terms[name] > 0.0 for record in records for name in always)
    shown = [record.step for record in records if record.terms["gradient_penalty"] > 0.0]
    assert shown == ([3, 6] if "gradient_penalty" in options else [])
    learner.adapt(support_of(world[6], 7)[0])


def test_a_batch_is_one_line_each_and_every_fourth_has_no_context(world):
    source = ExpertSource(world[:5], tiny(context_size=17), seed=2)
    for step in range(1, 9):
        features, labels, mask = source.batch(step)
        assert (features.shape, labels.shape) == ((5, 17, 13), (5, 17))
        assert mask.min() == mask.max() == (0.0 if step % 4 == 0 else 1.0)
    again = source.batch(1)[0]
    assert torch.equal(again, ExpertSource(world[:5], tiny(context_size=17), seed=2).batch(1)[0])


def test_episodes_share_no_element_and_hold_real_labels_where_no_line_is_virtual(world):
    source = ExpertSource(world[:2], tiny(virtual=0.0, batch_tasks=7, shots=(7,)), seed=2)
    tasks = source.tasks(1)
    assert tasks.support.shape == (7, 7, 13)
    known = {}
    for at, context in enumerate(world[:2]):
        for row, label in zip(context.features, context.labels, strict=True):
            known.setdefault(row.tobytes(), {})[at] = int(label)
    for x, y in zip(tasks.support.numpy(), tasks.support_labels.numpy(), strict=True):
        owners = [
            at for at in range(2) if all(known[row.tobytes()].get(at) == label for row, label in zip(x, y, strict=True))
        ]
        assert owners
    for x, y in zip(tasks.support.numpy(), tasks.query.numpy(), strict=True):
        assert not {row.tobytes() for row in x} & {row.tobytes() for row in y}


def test_the_head_is_born_at_the_base_rate(world):
    network = new_network(ExpertSource(world[:5], tiny(), seed=0))
    rate = np.mean([context.prevalence for context in world[:5]])
    assert float(torch.sigmoid(network.head.bias.detach())) == pytest.approx(rate, abs=1e-5)


def test_intervals_hold_what_many_pairs_of_a_training_line_say(world):
    learner = CellLineExpert(tiny())
    learner.fit(world[:5], seed=0)
    many = SupportSet(world[0].features, world[0].labels)
    inside = []
    for seed in range(5):
        support, _ = support_of(world[0], 16, seed)
        found = learner.predict(learner.adapt(support), world[0].features)
        settled = learner.predict(learner.adapt(many), world[0].features).probability
        inside.append(np.mean((found.lower <= settled) & (settled <= found.upper)))
    assert 0.6 < np.mean(inside) <= 1.0
    head = learner.network.head
    assert head.interval_scale > 0
    assert not torch.equal(head.spread, torch.ones_like(head.spread))


def test_sixty_four_pairs_teach_it_a_line(world):
    learner = CellLineExpert(ExpertConfig(width=16, supervised_steps=150, episodic_steps=150, batch_tasks=8))
    learner.fit(world[:5], seed=0)
    found = {0: [], 64: []}
    for context in world[5:]:
        for shots in found:
            support, apart = support_of(context, shots)
            logit = learner.predict(learner.adapt(support), context.features[apart]).logit
            found[shots].append(auroc(context.labels[apart], logit))
    assert np.mean(found[64]) > 0.72
    assert np.mean(found[64]) > np.mean(found[0]) + 0.1


def test_a_loss_that_is_not_finite_stops_it_before_a_weight_moves(world):
    features = world[0].features.copy()
    features[:, 1] = np.nan
    spoilt = [replace(world[0], features=features), *world[1:3]]
    source = ExpertSource(world[:3], tiny(), seed=0)
    network = new_network(source)
    source.contexts = spoilt
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(TrainingError, match="loss-not-finite"):
        list(train(network, source))
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_it_refuses_what_it_cannot_do(world):
    with pytest.raises(TrainingError, match="not-fitted"):
        CellLineExpert().adapt(SupportSet(world[0].features[:0], world[0].labels[:0]))
    with pytest.raises(TrainingError, match="no-contexts"):
        CellLineExpert().fit([])
    for wrong in ({"width": 7}, {"shots": []}, {"shots": [-1]}, {"latent": 1}, {"inner_rate": 0.0}, {"transform": "x"}):
        with pytest.raises(ConfigError, match="bad-setting"):
            build(wrong, ExpertConfig)
