"""Meta-BAM as a learner: what it is at birth, what episodes may do to it, and that no prediction changes it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from metabam.config import ModelConfig, TrainConfig
from metabam.errors import CheckpointError, ConfigError, InputError, TrainingError
from metabam.learners.base import Learner
from metabam.learners.birth import give_birth, leading_directions, split_covariance, states_of
from metabam.learners.episodic import EpisodeSource, real_tasks, training_device
from metabam.learners.hierarchical import fit_hierarchical
from metabam.learners.logistic import posterior_of, sampling_offset
from metabam.learners.metabam import MetaBamLearner
from metabam.learners.selection import choose_steps, clearly_best, judge, step_loss
from metabam.metrics import auroc
from metabam.records import LabelledContext, SupportSet
from tests.model.worlds import planted_contexts

K, Z, T, S, Q = 7, 2, 3, 16, 300
MODEL = ModelConfig(n_atoms=K, context_dim=Z, n_steps=T, mix_rank=2, hidden=11)
TRAIN = TrainConfig(steps=30, eval_every=15, birth_steps=200, batch_tasks=8, query_size=64)


@pytest.fixture(scope="module")
def world():
    return planted_contexts(9, seed=5)


@pytest.fixture(scope="module")
def birth(world):
    return give_birth(world[:5], MODEL, 0, steps=200)


@pytest.fixture(scope="module")
def fitted(world):
    learner = MetaBamLearner(MODEL, TRAIN)
    learner.fit(world[:5], seed=0)
    return learner


def _support(context, size=S, seed=0):
    rows = np.random.default_rng(seed).permutation(len(context))
    return SupportSet(context.features[rows[:size]], context.labels[rows[:size]]), rows[100:]


def test_it_is_a_learner(fitted):
    assert isinstance(fitted, Learner)
    assert fitted.chosen_steps in {0, 15, 30}


def test_born_model_is_hierarchical_regression_on_its_states(world, birth):
    """Rank for rank: same posterior effects up to the base rate, whose treatment differs."""
    learner = MetaBamLearner.of_model(birth.model)
    translated = [
        LabelledContext(c.cell_line, "", states_of(birth.model, c.features), c.labels, c.enhancer, c.promoter)
        for c in world
    ]
    prior = fit_hierarchical(translated[:5], 0, shrinkage=birth.prior.shrinkage)
    mean, factor = prior.joint()
    for at in (6, 7, 8):
        support, rest = _support(world[at])
        moved = SupportSet(states_of(birth.model, support.features), support.labels)
        posterior = posterior_of(prior.standardiser, moved, mean, factor, prior.base_rate)
        fingerprint = learner.adapt(support)
        effects = learner.weights * fingerprint.spectrum + fingerprint.evidence_mean
        wanted = posterior.weights[1:] / prior.standardiser.scale
        assert np.corrcoef(effects, wanted)[0, 1] > 0.98
        ours = learner.predict(fingerprint, world[at].features[rest]).logit
        theirs = prior.standardiser.design(translated[at].features[rest]) @ posterior.weights
        assert np.corrcoef(ours, theirs)[0, 1] > 0.97


def test_no_support_is_the_prior(fitted, world):
    empty = SupportSet(world[6].features[:0], world[6].labels[:0])
    fingerprint = fitted.adapt(empty)
    mean, std = fitted.prior()
    assert np.array_equal(fingerprint.mean, mean)
    assert np.allclose(fingerprint.std, std, atol=1e-6)
    evidence = fitted.model.evidence
    assert np.allclose(fingerprint.evidence_mean, evidence.robust * evidence.robust_shift.numpy(), atol=1e-7)
    assert np.allclose(fingerprint.spectrum, fitted.spectrum_of(np.zeros((1, Z)))[0], atol=1e-6)


def test_order_of_the_support_does_not_matter(fitted, world):
    support, rest = _support(world[6])
    order = np.random.default_rng(1).permutation(S)
    one, two = fitted.adapt(support), fitted.adapt(support.take(order))
    assert np.allclose(one.mean, two.mean, atol=1e-4)
    assert np.allclose(one.evidence_mean, two.evidence_mean, atol=1e-3)
    assert np.allclose(
        fitted.predict(one, world[6].features[rest]).logit,
        fitted.predict(two, world[6].features[rest]).logit,
        atol=1e-2,
    )


def test_own_support_beats_flipped_support(fitted, world):
    own, flipped, none = [], [], []
    for context in world[5:]:
        for seed in range(4):
            support, rest = _support(context, seed=seed)
            labels, features = context.labels[rest], context.features[rest]
            for scores, given in ((own, support), (flipped, support.flipped()), (none, support.take(np.arange(0)))):
                scores.append(auroc(labels, fitted.predict(fitted.adapt(given), features).logit))
    assert np.mean(own) > np.mean(flipped) + 0.15
    assert np.mean(own) > np.mean(none) + 0.03


def test_wrong_line_support_is_worse_than_own(fitted, world):
    own, other = [], []
    for at in range(5, 9):
        for seed in range(4):
            support, rest = _support(world[at], seed=seed)
            wrong, _ = _support(world[5 + (at - 4) % 4], seed=seed)
            for scores, given in ((own, support), (other, wrong)):
                scores.append(
                    auroc(world[at].labels[rest], fitted.predict(fitted.adapt(given), world[at].features[rest]).logit)
                )
    assert np.mean(own) > np.mean(other) + 0.03


def test_interventions(fitted, world):
    support, rest = _support(world[6])
    queries = world[6].features[rest]
    fingerprint = fitted.adapt(support)
    plain = fitted.predict(fingerprint, queries)
    same = fitted.predict(fingerprint, queries, gate_override=fingerprint.spectrum, atom_mask=np.ones(K), steps=T)
    assert np.allclose(plain.logit, same.logit, atol=2e-2)  # an override has no gate uncertainty left
    silent = fitted.predict(fingerprint, queries, atom_mask=np.zeros(K))
    assert np.ptp(silent.logit) < 0.01 * np.ptp(plain.logit)  # the closed gates' own uncertainty still moderates
    without = fitted.predict(fingerprint, queries, atom_mask=np.arange(K) != 2)
    assert not np.allclose(without.logit, plain.logit, atol=1e-3)
    context_only = fitted.predict(fingerprint, queries, path="context")
    assert not np.allclose(context_only.logit, plain.logit, atol=1e-3)
    traced = fitted.predict(fingerprint, queries[:5], trace=True)
    assert traced.states is not None
    assert traced.states.shape == (T + 1, 5, K)
    for bad in (
        {"gate_override": np.ones(K + 1)},
        {"atom_mask": np.full(K, 2.0)},
        {"gate_override": np.full(K, np.nan)},
    ):
        with pytest.raises(ConfigError, match="per-atom"):
            fitted.predict(fingerprint, queries, **bad)
    with pytest.raises(ConfigError, match="unfold-steps"):
        fitted.predict(fingerprint, queries, steps=T + 1)


def test_weights_are_bit_identical_after_everything_and_after_an_exception(fitted, world):
    before = {name: array.tobytes() for name, array in fitted.state()[0].items()}
    support, rest = _support(world[7])
    queries = world[7].features[rest]
    fingerprint = fitted.adapt(support)
    for options in (
        {},
        {"atom_mask": np.zeros(K)},
        {"gate_override": np.ones(K)},
        {"path": "context"},
        {"steps": 0},
        {"trace": True},
    ):
        fitted.predict(fingerprint, queries, **options)
    fitted.draw_logits(fingerprint, queries[:5])
    fitted.atoms[:] = 99.0
    for wrong in (
        lambda: fitted.predict(fingerprint, queries, steps=-1),
        lambda: fitted.predict(fingerprint, queries.T),
    ):
        with pytest.raises((ConfigError, InputError)):
            wrong()
    assert before == {name: array.tobytes() for name, array in fitted.state()[0].items()}


def test_state_round_trip_is_exact_and_checked(fitted, world):
    tensors, description = fitted.state()
    twin = MetaBamLearner.from_state(tensors, description)
    support, rest = _support(world[8])
    one, two = (learner.predict(learner.adapt(support), world[8].features[rest]) for learner in (fitted, twin))
    assert np.array_equal(one.logit, two.logit)
    assert np.array_equal(one.lower, two.lower)
    short = {name: array for name, array in tensors.items() if name != "gate.bias"}
    with pytest.raises(CheckpointError, match=r"gate\.bias"):
        MetaBamLearner.from_state(short, description)
    with pytest.raises(CheckpointError, match=r"basis\.atoms"):
        MetaBamLearner.from_state({**tensors, "basis.atoms": tensors["basis.atoms"][:, :3]}, description)


def test_intervals_hold_the_point_and_narrow_with_evidence(fitted, world):
    widths = []
    for size in (0, 4, 64):
        support, rest = _support(world[6], size)
        prediction = fitted.predict(fitted.adapt(support), world[6].features[rest])
        assert prediction.lower is not None
        assert prediction.upper is not None
        assert np.all(prediction.lower <= prediction.probability)
        assert np.all(prediction.probability <= prediction.upper)
        logit = [np.log(p / (1 - p)) for p in (prediction.lower, prediction.upper)]
        widths.append(float(np.mean(logit[1] - logit[0])))
    assert widths[0] > widths[1] > widths[2]


def test_draws_agree_with_the_closed_form(fitted, world):
    support, rest = _support(world[6])
    fingerprint = fitted.adapt(support)
    queries = world[6].features[rest[:40]]
    prediction = fitted.predict(fingerprint, queries)
    draws = fitted.draw_logits(fingerprint, queries, seed=3)
    assert draws.shape == (MODEL.draws, 40)
    assert np.array_equal(draws, fitted.draw_logits(fingerprint, queries, seed=3))
    assert prediction.lower is not None
    assert prediction.upper is not None
    width = np.diff([np.log(p / (1 - p)) for p in (prediction.lower, prediction.upper)], axis=0)[0] / (2 * 1.645)
    assert np.mean(draws.std(0) / width) == pytest.approx(1.0, abs=0.25)


def test_base_rate_does_not_follow_a_balanced_support(fitted, world):
    context = world[6]
    rng = np.random.default_rng(0)
    positive, negative = (rng.permutation(np.flatnonzero(context.labels == value))[:8] for value in (1, 0))
    rows = np.concatenate([positive, negative])
    balanced = SupportSet(context.features[rows], context.labels[rows])
    natural, _ = _support(context)
    means = [float(fitted.predict(fitted.adapt(s), context.features).probability.mean()) for s in (balanced, natural)]
    assert abs(means[0] - means[1]) < 0.06
    assert abs(means[0] - context.prevalence) < 0.08


def test_batches_are_functions_of_seed_step_and_place(world, birth):
    source, twin = (EpisodeSource(world[:5], birth, TRAIN, 7) for _ in range(2))
    whole = source.batch(3)
    assert torch.equal(whole.query, twin.batch(3).query)
    assert not torch.equal(whole.query, twin.batch(4).query)
    shares = [twin.batch(3, rank, 2).names for rank in range(2)]
    assert whole.names[0::2] == shares[0]
    assert whole.names[1::2] == shares[1]


def test_episodes_never_touch_held_out_features(world, birth):
    """Every support and query row of 40 steps is a row of a training line, virtual labels or not."""
    source = EpisodeSource(world[:5], birth, TRAIN, 0)
    seen = {row.tobytes() for context in world[:5] for row in context.features}
    kinds = set()
    for step in range(40):
        tasks = source.batch(step)
        kinds |= {name.split(":")[1] for name in tasks.names}
        for features, mask in ((tasks.support, tasks.support_mask), (tasks.query, tasks.query_mask)):
            for row in features[mask > 0].numpy():
                assert row.tobytes() in seen
    assert kinds == {"mixture", "exemplar", "flip", "real"}


def test_a_held_out_line_changes_nothing_that_is_learned(world):
    short = TrainConfig(steps=3, eval_every=3, birth_steps=5, batch_tasks=4, query_size=32, leave_one_line_out=False)
    first, second = MetaBamLearner(MODEL, short), MetaBamLearner(MODEL, short)
    first.fit(world[:3], seed=1)
    rng = np.random.default_rng(0)
    for context in world[5:]:  # scrambling what is held out
        context.labels[:] = rng.permutation(context.labels)
    second.fit(world[:3], seed=1)
    one, two = first.state()[0], second.state()[0]
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_loss_terms_sum_and_reach_every_part(world, birth):
    source = EpisodeSource(world[:5], birth, TRAIN, 0)
    birth.model.zero_grad()
    terms = step_loss(birth.model, source, 3, 30)
    named = {name: float(term.detach()) for name, term in terms.named().items()}
    assert named["total"] == pytest.approx(sum(value for name, value in named.items() if name != "total"), rel=1e-5)
    torch.autograd.backward(terms.total)
    idle = {
        name
        for name, parameter in birth.model.named_parameters()
        if parameter.grad is None or not bool(parameter.grad.abs().sum() > 0)
    }
    # behind a factor born at zero, nothing flows at the first step
    assert idle == {"gate.inner.weight", "gate.inner.bias", "encoder.aggregate.inner.weight",
                    "encoder.aggregate.inner.bias", "unfold.mix.left", "unfold.mix.right"}  # fmt: skip
    birth.model.zero_grad()


def test_step_choice_offers_the_birth_itself(world):
    short = TrainConfig(steps=4, eval_every=2, birth_steps=5, batch_tasks=4, query_size=32)
    choice = choose_steps(world[:3], MODEL, short, 0)
    assert choice.grid == (0, 2, 4)
    assert choice.steps in choice.grid
    assert np.shape(choice.score) == (3, 3)


def test_judging_by_hand(world, birth):
    tasks = real_tasks(world[6], (16,), 2, 50, 0)
    judgement = judge(birth.model, tasks)
    assert 0.5 < judgement.auroc <= 1.0
    assert judgement.loss < np.log(2.0)
    assert judge(birth.model, tasks.flipped()).auroc < judgement.auroc


def test_birth_algebra():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(K, K))
    covariance = root @ root.T + 0.1 * np.eye(K)
    scale, factor = split_covariance(covariance)
    assert np.allclose(np.diag(scale**2) + factor @ factor.T, covariance)
    assert (scale > 0).all()
    everything = leading_directions(covariance, np.linspace(0.5, 2.0, K), K)
    assert np.allclose(everything @ everything.T, covariance)
    assert not leading_directions(covariance, np.ones(K), K + 2)[:, K:].any()


def test_refusals(world, fitted):
    with pytest.raises(TrainingError, match="not-fitted"):
        MetaBamLearner(MODEL, TRAIN).adapt(SupportSet(world[0].features[:0], world[0].labels[:0]))
    with pytest.raises(InputError, match="feature-count"):
        fitted.adapt(SupportSet(world[0].features[:3, :5], world[0].labels[:3]))


@pytest.mark.parametrize(
    ("asked", "overcomplete", "had"), [(24, False, "one per feature"), (24, True, 24), (3, False, 3), (3, True, 3)]
)
def test_there_is_one_atom_per_feature_at_most_unless_random_ones_are_asked_for(world, asked, overcomplete, had):
    width = world[0].features.shape[1]
    config = MODEL.model_copy(update={"n_atoms": asked, "overcomplete": overcomplete})
    model = give_birth(world[:2], config, 0, steps=3).model
    atoms = model.basis.atoms.detach().numpy()
    assert atoms.shape == (width if had == "one per feature" else had, width)
    assert model.config.n_atoms == len(atoms)
    along = (np.abs(atoms) > 0.9).sum(axis=1) == 1
    assert along.sum() == min(asked, width)  # the others mix features
    learner = MetaBamLearner.of_model(model)
    twin = MetaBamLearner.from_state(*learner.state())
    support, rest = _support(world[6])
    one, other = (item.predict(item.adapt(support), world[6].features[rest]) for item in (learner, twin))
    assert np.array_equal(one.logit, other.logit)


@pytest.mark.parametrize(("aggregation", "n_atoms"), [("deepset", 5), ("set_transformer", 11)])
def test_other_sizes_and_aggregations_fit(world, aggregation, n_atoms):
    config = ModelConfig(
        n_atoms=n_atoms, context_dim=3, aggregation=aggregation, hidden=11, match="cosine", unfolding="literal"
    )
    short = TrainConfig(steps=3, eval_every=3, birth_steps=5, batch_tasks=4, query_size=32, leave_one_line_out=False)
    learner = MetaBamLearner(config, short)
    learner.fit(world[:2], seed=0)
    support, rest = _support(world[6])
    prediction = learner.predict(learner.adapt(support), world[6].features[rest])
    assert np.isfinite(prediction.logit).all()
    alone = MetaBamLearner(config.model_copy(update={"evidence": False}), short)
    alone.fit(world[:2], seed=0)
    assert not alone.adapt(support).evidence_mean.any()


@pytest.mark.parametrize(("size", "positives"), [(0, 0), (1, 1), (5, 2), (5, 3), (16, 8), (16, 3), (16, 16), (7, 0)])
def test_sampling_offset_is_that_of_the_linear_learners(birth, size, positives):
    labels = torch.zeros(size + 3)
    labels[:positives] = 1.0
    mask = (torch.arange(size + 3) < size).float()
    rate = float(torch.sigmoid(birth.model.base_logit))
    wanted = sampling_offset(labels[:size].numpy().astype(np.int8), rate)
    assert float(birth.model.sampling_offset(labels, mask)) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("aggregation", ["bayes", "deepset", "set_transformer"])
def test_the_loss_stays_where_the_weights_are(world, aggregation):
    """A device without storage computes nothing but refuses to mix with the CPU: all that is made must follow."""
    config = MODEL.model_copy(update={"aggregation": aggregation})
    born = give_birth(world[:5], config, 0, steps=2)
    source = EpisodeSource(world[:5], born, TRAIN, 0)
    born.model.to("meta")
    total = step_loss(born.model, source, 1, 30).total
    torch.autograd.backward(total)
    moved = {value.grad.device.type for value in born.model.parameters() if value.grad is not None}
    assert total.device.type == "meta"
    assert moved == {"meta"}


def test_cuda_is_never_replaced_in_silence():
    if torch.cuda.is_available():
        assert training_device("auto").type == training_device("cuda").type == "cuda"
    else:
        assert training_device("auto").type == "cpu"
        with pytest.raises(ConfigError, match="no-cuda"):
            training_device("cuda")


def test_a_line_that_cannot_be_judged_takes_no_part_in_the_choice():
    rising = [0.60, 0.70, 0.72]
    assert clearly_best(np.array([rising, [0.50, 0.61, 0.60], [0.55, 0.66, 0.67]])) == 2
    assert clearly_best(np.array([rising, [np.nan] * 3, [0.50, 0.63, 0.60]])) == 1
    assert clearly_best(np.array([rising, [np.nan] * 3])) == 0
    assert clearly_best(np.array([[0.60, 0.61], [0.70, 0.60]])) == 0
