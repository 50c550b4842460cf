"""Every optional term of the objective: silent at weight 0 bit for bit, and what it says where it is on."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from metabam.config import ModelConfig, RefineConfig, TrainConfig
from metabam.learners.birth import give_birth
from metabam.learners.episodic import EpisodeSource
from metabam.learners.metabam import MetaBamLearner
from metabam.learners.objective import attach_heads, episode_loss
from metabam.losses import kl_weight, task_loss
from metabam.model.context import kl_between
from metabam.model.metabam import Support
from metabam.model.refine import context_objective, support_log_likelihood
from metabam.records import SupportSet
from tests.model.worlds import planted_contexts

K, Z, E = 7, 2, 3
MODEL = ModelConfig(n_atoms=K, context_dim=Z, mix_rank=2, hidden=11)
TRAIN = TrainConfig(
    steps=30, eval_every=15, birth_steps=60, batch_tasks=8, query_size=32, virtual_mixture=0.3, leave_one_line_out=False
)
TERMS = {"adversary": 0.5, "reconstruction": 0.7, "consistency": 0.3, "support_likelihood": 0.4}


@pytest.fixture(scope="module")
def world():
    return planted_contexts(E + 2, seed=5)


@pytest.fixture(scope="module")
def original(world):
    return give_birth(world[:E], MODEL, 0, steps=60)


@pytest.fixture
def birth(original):
    """A born model of the test's own."""
    return replace(original, model=deepcopy(original.model))


@pytest.fixture(scope="module")
def learner(original):
    return MetaBamLearner.of_model(deepcopy(original.model))


@pytest.fixture(scope="module")
def support(world):
    return SupportSet(world[4].features[:16], world[4].labels[:16])


def gradients(model, total):
    model.zero_grad()
    torch.autograd.backward(total)
    return {name: value.grad.clone() for name, value in model.named_parameters() if value.grad is not None}


def set_train(**changes):
    return TRAIN.model_copy(update=changes)


def test_at_weight_zero_nothing_is_added_drawn_or_changed(world, birth):
    model = birth.model
    keys, state = list(model.state_dict()), torch.get_rng_state()
    attach_heads(model, TRAIN, E, 0)
    assert torch.equal(state, torch.get_rng_state())
    assert list(model.state_dict()) == keys
    tasks = EpisodeSource(world[:E], birth, TRAIN, 0).batch(3)
    terms = episode_loss(model, tasks, TRAIN, 3, 30)
    assert all(float(getattr(terms, name).detach()) == 0.0 for name in ("adversary", "reconstruction", "consistency"))
    found = gradients(model, terms.total)
    query = model.states(tasks.query)
    belief = model.adapt(Support(model.states(tasks.support), tasks.support_labels, tasks.support_mask))
    unfolded = model.unfold(query, belief.alpha)[-1]
    logits = [model.moderated(*model.combine(unfolded, query, belief, path)) for path in ("context", "full")]
    context, full = (task_loss(logit, tasks.query_labels, tasks.query_mask) for logit in logits)
    beta = kl_weight(3, 30, TRAIN.beta) / TRAIN.query_size
    total = full + context + beta * belief.context.kl_to_prior().sum(-1).mean() + 0.0 * model.basis.orthogonality()
    wanted = gradients(model, total)
    assert found.keys() == wanted.keys()
    assert float(terms.total.detach()) == float(total.detach())
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("name", TERMS)
def test_each_term_that_is_on_reaches_the_context_encoder_alone_by_itself(world, birth, name):
    config = set_train(**{name: TERMS[name]})
    state = torch.get_rng_state()
    attach_heads(birth.model, config, E, 0)
    assert torch.equal(state, torch.get_rng_state())
    tasks = EpisodeSource(world[:E], birth, config, 0).batch(15)
    on, off = (episode_loss(birth.model, tasks, settings, 15, 30) for settings in (config, TRAIN))
    field = "vnc" if name == "support_likelihood" else name
    changed = {key for key, value in on.named().items() if not torch.equal(value, off.named()[key])}
    assert changed == {field, "total"}
    found = gradients(birth.model, getattr(on, field))
    assert float(found["encoder.aggregate.encode"].abs().sum()) > 0


def test_stored_models_hold_no_head(birth):
    attach_heads(birth.model, set_train(**TERMS), E, 0)
    assert [key for key in birth.model.state_dict() if key.startswith("auxiliary.")]
    tensors, description = MetaBamLearner.of_model(birth.model, set_train(**TERMS)).state()
    assert not [key for key in tensors if key.startswith("auxiliary.")]
    assert MetaBamLearner.from_state(tensors, description).train.adversary == TERMS["adversary"]


def test_the_adversary_reads_real_episodes_and_pushes_the_context_away(world, birth):
    config = set_train(adversary=0.5)
    attach_heads(birth.model, config, E, 0)
    source = EpisodeSource(world[:E], birth, config, 0)
    tasks = source.batch(20)
    real = [name.split(":")[1] == "real" for name in tasks.names]
    assert (tasks.lines >= 0).tolist() == real
    assert 0 < sum(real) < len(real)
    assert [world[line].name for line in tasks.lines[tasks.lines >= 0].tolist()] == [
        name.split(":")[0] for name, own in zip(tasks.names, real, strict=True) if own
    ]
    term = episode_loss(birth.model, tasks, config, 20, 30).adversary
    belief = birth.model.adapt(Support(birth.model.states(tasks.support), tasks.support_labels, tasks.support_mask))
    head = birth.model.auxiliary["adversary"]
    scores = head.outer(torch.nn.functional.gelu(head.inner(belief.context.mean)))
    chosen = tasks.lines >= 0
    each = torch.nn.functional.cross_entropy(scores[chosen], tasks.lines[chosen], reduction="sum")
    plain = 0.5 * each / (len(chosen) * config.real_share)
    assert float(term.detach()) == pytest.approx(float(plain.detach()))
    away, towards = gradients(birth.model, term), gradients(birth.model, plain)
    strength = np.tanh(5.0 * 20 / 30)
    name = "encoder.aggregate.encode"
    assert torch.allclose(away[name], -strength * towards[name], rtol=1e-4, atol=1e-8)
    assert torch.allclose(away["auxiliary.adversary.outer.weight"], towards["auxiliary.adversary.outer.weight"])
    with pytest.raises(ValidationError, match="real episodes"):
        TrainConfig(adversary=0.1, virtual_mixture=0.75)


def test_consistency_and_vnc_are_what_they_say(world, birth):
    model = birth.model
    config = set_train(consistency=0.3, support_likelihood=0.4)
    tasks = EpisodeSource(world[:E], birth, config, 0).batch(15)
    terms = episode_loss(model, tasks, config, 15, 30)
    support = Support(model.states(tasks.support), tasks.support_labels, tasks.support_mask)
    whole = Support(
        torch.cat([support.states, model.states(tasks.query)], 1),
        torch.cat([support.labels, tasks.query_labels], 1),
        torch.cat([support.mask, tasks.query_mask], 1),
    )
    few, full = model.infer_context(support), model.infer_context(whole)
    target = type(full)(full.mean.detach(), full.scale.detach())
    wanted = 0.3 * kl_between(target, few).mean() / config.query_size
    assert float(terms.consistency.detach()) == pytest.approx(float(wanted.detach()), rel=1e-4)
    assert float(wanted.detach()) > 0
    fits = support_log_likelihood(model, support, few.mean)
    assert (fits <= 0).all()
    kl = few.kl_to_prior().sum(-1)
    assert float(terms.vnc.detach()) == pytest.approx(
        float((kl - 0.4 * fits).mean().detach()) / config.query_size, rel=1e-4
    )
    name = "encoder.aggregate.encode"
    one, two = gradients(model, terms.consistency)[name], gradients(model, wanted)[name]
    assert torch.allclose(one, two, rtol=1e-3, atol=1e-8)
    silent = type(tasks)(**{**{f: getattr(tasks, f) for f in tasks.__slots__}, "query_mask": 0.0 * tasks.query_mask})
    assert float(episode_loss(model, silent, config, 15, 30).consistency.detach()) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("aggregation", ["bayes", "deepset"])
def test_a_learned_prior_is_what_no_support_returns(world, learner, aggregation):
    config = MODEL.model_copy(update={"prior": "learned", "aggregation": aggregation})
    plain, learner = learner, MetaBamLearner(config, set_train(steps=2))
    learner.fit(world[:E], seed=0)
    empty = SupportSet(world[4].features[:0], world[4].labels[:0])
    mean, std = learner.prior()
    fingerprint = learner.adapt(empty)
    assert np.allclose(fingerprint.mean, mean, atol=1e-5)
    assert np.allclose(fingerprint.std, std, rtol=1e-4)
    wider = learner.model.evidence
    assert np.allclose(fingerprint.evidence_mean, wider.robust * wider.robust_shift.numpy(), atol=1e-5)
    assert not np.allclose(std, 1.0, atol=1e-4)
    few = learner.adapt(SupportSet(world[4].features[:16], world[4].labels[:16]))
    assert (few.std < std + 1e-6).all()
    model = learner.model
    assert model is not None
    nothing = Support(torch.zeros(0, K), torch.zeros(0), torch.zeros(0))
    with torch.no_grad():
        assert torch.allclose(model.context_kl(model.infer_context(nothing)), torch.zeros(Z), atol=1e-4)
    twin = MetaBamLearner.from_state(*learner.state())
    assert np.array_equal(twin.adapt(empty).mean, fingerprint.mean)
    assert set(learner.state()[0]) - set(plain.state()[0]) >= {
        "learned_prior.mean",
        "learned_prior.lower",
        "learned_prior.log_diagonal",
    }


class TestRefinement:
    def test_it_climbs_and_the_evidence_follows(self, learner, support):
        before = {name: value.tobytes() for name, value in learner.state()[0].items()}
        first = learner.adapt(support)
        refined, path = learner.refine(first, support, RefineConfig(steps=13, chains=5, seed=7))
        assert path.states.shape == (14, 5, Z)
        assert np.array_equal(path.states[0, 0], first.mean)
        assert (np.diff(path.objective, axis=0) >= 0).all()
        assert np.array_equal(refined.mean, path.states[-1, path.objective[-1].argmax()])
        assert not np.allclose(refined.mean, first.mean, atol=1e-4)
        facts = refined.provenance["refinement"]
        assert (facts["steps"], facts["chains"], facts["seed"], facts["diverged"]) == (13, 5, 7, False)
        assert facts["objective"] == pytest.approx([path.objective[0, 0], path.objective[-1].max()])
        model = learner.model
        labels = torch.from_numpy(support.labels.astype(np.float32))
        with torch.no_grad():
            given = Support(model.states(torch.from_numpy(support.features)), labels, torch.ones(16))
            alpha = model.gate(torch.from_numpy(refined.mean.astype(np.float32)))
            delta, _ = model.infer_delta(given, alpha)
            assert float(context_objective(model, given)(torch.zeros(Z))) <= path.objective[-1].max()
        assert np.allclose(refined.spectrum, alpha.numpy(), atol=1e-6)
        assert np.allclose(refined.evidence_mean, delta.numpy(), atol=1e-5)
        assert not np.allclose(refined.evidence_mean, first.evidence_mean, atol=1e-4)
        again, _ = learner.refine(first, support, RefineConfig(steps=13, chains=5, seed=7))
        assert np.array_equal(again.mean, refined.mean)
        assert before == {name: value.tobytes() for name, value in learner.state()[0].items()}
        assert all(value.grad is None for value in model.parameters())

    def test_no_support_moves_nothing(self, learner, support):
        empty = support.take(np.arange(0))
        first = learner.adapt(empty)
        refined, path = learner.refine(first, empty)
        assert np.allclose(refined.mean, first.mean)
        assert not path.diverged

    def test_x28_a_diverging_search_leaves_the_context_and_says_so(self, learner, support):
        first = learner.adapt(support)
        same, path = learner.refine(first, support, RefineConfig(steps=30, step_size=10.0, noise=10.0))
        assert path.diverged
        assert same.provenance["refinement"]["diverged"]
        for name in ("mean", "std", "spectrum", "evidence_mean", "evidence_cov"):
            assert np.array_equal(getattr(same, name), getattr(first, name))
