"""Options of the model behind the learner: off they change nothing, on they do what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from metabam.config import EncoderConfig, ModelConfig, TrackConfig, TrainConfig
from metabam.errors import ConfigError
from metabam.learners.birth import give_birth
from metabam.learners.classical import HierarchicalLogistic
from metabam.learners.episodic import EpisodeSource
from metabam.learners.metabam import MetaBamLearner
from metabam.learners.selection import run_steps
from metabam.metrics import auroc
from metabam.model.encoders import ContextRows, TrackedEncoder
from metabam.model.encoders.cnn import CnnEncoder
from metabam.model.metabam import MetaBam, Support
from metabam.model.mixes import MIXES
from metabam.model.phase import rotate
from metabam.records import FeatureLayout, LabelledContext, PairWindows, SupportSet
from tests.model.worlds import planted_contexts

K, D, Z, T, S, Q = 5, 7, 2, 3, 16, 11
PLAIN = ModelConfig(n_atoms=K, context_dim=Z, n_steps=T, mix_rank=2, hidden=11)
TRAIN = TrainConfig(steps=4, birth_steps=30, batch_tasks=4, query_size=32, leave_one_line_out=False)
LAYOUT = FeatureLayout(D, ("a", "b"), (10.5, 42.0), ((8.0, 16.0), (16.0, np.inf)))
OPTIONS = {
    **{f"mix={name}": {"mix": name} for name in MIXES if name != "bilinear"},
    "literal logic": {"mix": "logic", "unfolding": "literal"},
    "per_step": {"gates": "per_step"},
    "rotation": {"rotation": True},
    "cosine rotation": {"rotation": True, "match": "cosine"},
    "fourier": {"fourier": True},
    "channel fourier": {"fourier": True, "fourier_axis": "channel"},
    "wavelet": {"wavelet": "db2"},
    "all": {"mix": "ssm", "gates": "per_step", "rotation": True, "fourier": True, "wavelet": "haar"},
}


def widened(contexts):
    """Return contexts with a track of noise behind z_q."""
    rng = np.random.default_rng(3)
    wide = []
    for context in contexts:
        track = np.abs(rng.normal(size=(len(context), LAYOUT.width - D))).astype(np.float32)
        wide.append(replace(context, features=np.hstack([context.features, track]), layout=LAYOUT))
    return wide


@pytest.fixture(scope="module")
def world():
    return widened(planted_contexts(4, seed=5, n_pairs=300))


def model_of(**options):
    return PLAIN.model_copy(update=options)


def shaken(world, **options):
    """Return a learner whose options are at work: born, then every number that is born at zero made large."""
    learner = MetaBamLearner.of_model(give_birth(world[:3], model_of(**options), 0, steps=20).model)
    torch.manual_seed(0)
    with torch.no_grad():
        for name, value in learner.model.named_parameters():
            if name.startswith(("rotation.outer", "step_gates.", "unfold.mix.out", "unfold.mix.scale")):
                value.normal_()
            if name.endswith(("fourier.weight", "wavelet.weight", "channel.weight")):
                value.normal_()
    return learner


def support_of(context, size=S):
    return SupportSet(context.features[:size], context.labels[:size])


def test_a_default_model_holds_what_it_always_held():
    names = set(MetaBam(PLAIN, D).state_dict())
    assert not [n for n in names if n.split(".")[0] in ("multiscale", "rotation", "step_gates")]
    assert {n for n in names if n.startswith("unfold.")} == {"unfold.mix.left", "unfold.mix.right", "unfold.mix.out"}


def test_settings_of_an_older_version_still_describe_a_learner(world):
    plain = [context.of_pairs() for context in world]
    learner = MetaBamLearner.of_model(give_birth(plain[:3], PLAIN, 0, steps=5).model, TRAIN)
    tensors, description = learner.state()
    assert "layout" not in description
    old = {"gates", "rotation", "fourier", "fourier_axis", "wavelet"}
    description = {**description, "model": {k: v for k, v in description["model"].items() if k not in old}}
    again = MetaBamLearner.from_state(tensors, description)
    assert again.config == PLAIN


def test_without_the_option_columns_behind_z_change_nothing(world):
    wide = give_birth(world[:3], PLAIN, 0, steps=20).model
    plain = give_birth([context.of_pairs() for context in world[:3]], PLAIN, 0, steps=20).model
    for name, value in plain.state_dict().items():
        found = wide.state_dict()[name]
        assert torch.equal(found[:, :D] if name == "reference" else found, value), name


def test_other_learners_read_z_alone(world):
    peer = HierarchicalLogistic()
    peer.fit([context.of_pairs() for context in world[:3]])
    z = LAYOUT.pair_features(world[3].features)
    answer = peer.predict(peer.adapt(SupportSet(z[:S], world[3].labels[:S])), z[S:])
    narrow = HierarchicalLogistic()
    narrow.fit(planted_contexts(4, seed=5, n_pairs=300)[:3])
    assert np.array_equal(
        narrow.predict(narrow.adapt(SupportSet(z[:S], world[3].labels[:S])), z[S:]).logit, answer.logit
    )


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_trains_is_stored_and_leaves_the_model_as_it_was(name, world):
    config = model_of(**OPTIONS[name])
    birth = give_birth(world[:3], config, 0, steps=20)
    start = {key: value.clone() for key, value in birth.model.state_dict().items()}
    for _ in run_steps(birth, EpisodeSource(world[:3], birth, TRAIN, 0), 3):
        pass
    moved = [key for key, value in birth.model.state_dict().items() if not torch.equal(value, start[key])]
    option = {"rotation": "rotation.", "per_step": "step_gates."}.get(name.split()[-1], "")
    assert [key for key in moved if key.startswith(option or "unfold.mix")] or "literal" in name
    learner = MetaBamLearner.of_model(birth.model, TRAIN)
    context = world[3]
    fingerprint = learner.adapt(support_of(context))
    before = learner.state()[0]
    kept = np.ones(K)
    kept[2] = 0.0
    calls = [
        learner.predict(fingerprint, context.features[S : S + Q], trace=True),
        learner.predict(fingerprint, context.features[S : S + Q], gate_override=np.zeros(K), atom_mask=kept),
        learner.predict(fingerprint, context.features[S : S + Q], steps=0, path="context"),
    ]
    assert all(np.isfinite(call.logit).all() for call in calls)
    assert calls[0].states.shape == (T + 1, Q, K)
    assert learner.draw_logits(fingerprint, context.features[:Q]).shape == (config.draws, Q)
    tensors, description = learner.state()
    assert all(np.array_equal(tensors[key], before[key]) for key in before)
    again = MetaBamLearner.from_state(tensors, description)
    assert np.array_equal(again.predict(again.adapt(support_of(context)), context.features[S:]).logit,
                          learner.predict(fingerprint, context.features[S:]).logit)  # fmt: skip


@pytest.mark.parametrize("name", ["rotation", "per_step", "fourier", "wavelet", "mix=attention", "mix=ssm"])
def test_every_option_is_the_plain_model_at_birth_and_another_when_at_work(name, world):
    born = give_birth(world[:3], model_of(**OPTIONS[name]), 0, steps=0 if name in ("fourier", "wavelet") else 20)
    plain = give_birth(world[:3], PLAIN, 0, steps=0 if name in ("fourier", "wavelet") else 20)
    answers = []
    for model in (plain.model, born.model, shaken(world, **OPTIONS[name]).model):
        learner = MetaBamLearner.of_model(model)
        answers.append(learner.predict(learner.adapt(support_of(world[3])), world[3].features[S:]).logit)
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-4)
    assert np.abs(answers[2] - answers[0]).max() > 0.01


def test_rotation_infers_z_from_unturned_states_and_delta_from_turned_ones(world):
    model = shaken(world, rotation=True).model
    features = torch.from_numpy(world[3].features[:S])
    labels = torch.from_numpy(world[3].labels[:S].astype(np.float32))
    support = model.support(features, labels, torch.ones(S))
    with torch.no_grad():
        belief = model.adapt(support)
        angles = model.rotation.angles(belief.context.mean)
        z = (features[:, :D] - model.feature_centre) / model.feature_scale
        potentials = model.basis.potentials(rotate(z, angles))
        turned = model.modulate(torch.tanh(potentials)) + model.basis.leaky(potentials)
        assert torch.allclose(model.states(features, belief.context.mean), turned, atol=1e-4)
        assert not torch.allclose(support.states, turned, atol=1e-2)
        unrotated = model.infer_context(Support(support.states, labels, torch.ones(S)))
        assert torch.equal(unrotated.mean, belief.context.mean)
        delta, _ = model.infer_delta(Support(turned, labels, torch.ones(S)), belief.alpha)
        assert torch.allclose(delta, belief.delta_mean, atol=1e-3)
        with pytest.raises(ConfigError, match="support-features"):
            model.adapt(Support(support.states, labels, torch.ones(S)))


def test_rotated_states_come_by_batch_as_they_come_alone(world):
    model = shaken(world, rotation=True, gates="per_step").model
    features = torch.from_numpy(np.stack([c.features[:S] for c in world[:2]]))
    labels = torch.from_numpy(np.stack([c.labels[:S] for c in world[:2]]).astype(np.float32))
    with torch.no_grad():
        both = model.adapt(model.support(features, labels, torch.ones(2, S)))
        for at in range(2):
            one = model.adapt(model.support(features[at], labels[at], torch.ones(S)))
            assert torch.allclose(both.context.mean[at], one.context.mean, atol=1e-4)
            assert torch.allclose(both.step_gates[:, at], one.step_gates, atol=1e-4)
            assert torch.allclose(both.delta_mean[at], one.delta_mean, atol=1e-2)
            states = [model.states(features[at], one.context.mean), model.states(features, both.context.mean)[at]]
            assert torch.allclose(*states, atol=1e-4)


def test_spectrum_is_the_last_gate_and_an_override_holds_at_every_step(world):
    learner = shaken(world, gates="per_step")
    fingerprint = learner.adapt(support_of(world[3]))
    gates = learner.spectra_by_step(fingerprint)
    assert gates.shape == (T, K)
    np.testing.assert_allclose(gates[-1], fingerprint.spectrum, atol=1e-6)
    assert np.abs(gates[0] - gates[-1]).max() > 0.05
    queries = world[3].features[S : S + Q]
    shared = learner.predict(fingerprint, queries, gate_override=fingerprint.spectrum, path="context", trace=True)
    stepped = learner.predict(fingerprint, queries, path="context", trace=True)
    assert np.abs(shared.states[1] - stepped.states[1]).max() > 1e-3
    by_hand = learner.model.unfold(torch.from_numpy(shared.states[0]), torch.from_numpy(fingerprint.spectrum).float())
    np.testing.assert_allclose(shared.states[-1], by_hand[-1].detach().numpy(), atol=1e-5)
    closed = learner.predict(fingerprint, queries, atom_mask=np.zeros(K), trace=True)
    assert np.array_equal(closed.states[-1], closed.states[0])  # masked at every step: nothing acts on anything
    plain = MetaBamLearner.of_model(give_birth(world[:3], PLAIN, 0, steps=5).model)
    prior = plain.adapt(support_of(world[3], 0))
    np.testing.assert_allclose(plain.spectra_by_step(prior), np.tile(prior.spectrum, (T, 1)))


# ------------------------------------------------------------------ a planted period

LENGTH, PERIOD = 420, 10.5


def periodic_elements(rng, locked):
    """Return elements with AA about every 10.5 bp: all in step (``locked``), or each 10.5 bp from the one before.

    Both draw the distance between neighbours from the same triangle, so a filter that spans less than two periods
    sees the same in both; only along the whole element does the second kind lose its phase.
    """
    codes = rng.integers(0, 4, (len(locked), LENGTH)).astype(np.uint8)
    count = int(LENGTH / PERIOD) + 1
    for row, in_step in enumerate(locked):
        first, second = rng.uniform(-1.5, 1.5, (2, count))
        places = PERIOD * np.arange(count) + (first if in_step else np.cumsum(first - second)) + rng.uniform(0, PERIOD)
        at = places[(places >= 0) & (places < LENGTH - 1)].astype(int)
        codes[row, at] = codes[row, at + 1] = 0
    return codes


def periodic_world(n_lines=6, pairs=400, n_e=400, n_p=150):
    """Every other line wants the period in the enhancer; the others want it absent."""
    rng = np.random.default_rng(0)
    locked = rng.random(n_e) < 0.5
    enhancers = periodic_elements(rng, locked)
    promoters = rng.integers(0, 4, (n_p, 60)).astype(np.uint8)
    e, p = rng.integers(0, n_e, n_lines * pairs), rng.integers(0, n_p, n_lines * pairs)
    rows = []
    for line in range(n_lines):
        mine = np.arange(line * pairs, (line + 1) * pairs)
        logit = (3.0 if line % 2 == 0 else -3.0) * (2.0 * locked[e[mine]] - 1.0)
        rows.append(ContextRows(f"line{line}", mine, (rng.random(pairs) < 1 / (1 + np.exp(-logit))).astype(np.int8)))
    return PairWindows(enhancers, promoters, e, p, np.zeros(n_e, np.int64), np.zeros(n_p, np.int64)), rows


def test_a_planted_helical_period_is_found_by_the_fourier_match_and_lost_without_it():
    windows, rows = periodic_world()
    config = EncoderConfig(
        kind="cnn", enhancer_window=LENGTH, promoter_window=60, channels=8, filter_width=15, n_features=D, epochs=2,
        track=TrackConfig(periods=(10.5, 21.0, 37.0), channels=6, letters=False),
    )  # fmt: skip
    seen = windows.take(np.concatenate([row.rows for row in rows[:4]]))
    inner = CnnEncoder.from_training(seen, rows[:4], config, 0)
    encoder = TrackedEncoder.from_training(inner, seen, rows[:4], config, fourier=True, wavelet="off")
    features, layout = encoder.encode(windows), encoder.layout
    contexts = [
        LabelledContext(r.name, "", features[r.rows], r.labels, windows.enhancer_index[r.rows],
                        windows.promoter_index[r.rows], layout)
        for r in rows
    ]  # fmt: skip
    reached = {}
    for on in (True, False):
        model = ModelConfig(n_atoms=D, context_dim=Z, mix_rank=2, hidden=11, fourier=on)
        learner = MetaBamLearner.of_model(give_birth(contexts[:4], model, 0, steps=300).model)
        found = []
        for context in contexts[4:]:
            for seed in range(4):
                order = np.random.default_rng(seed).permutation(len(context))
                support, rest = order[:S], order[100:]
                fingerprint = learner.adapt(SupportSet(context.features[support], context.labels[support]))
                found.append(auroc(context.labels[rest], learner.predict(fingerprint, context.features[rest]).logit))
        reached[on] = float(np.mean(found))
        if on:
            (use,) = learner.track_uses()
            strongest = int(np.abs(use.weight).argmax())
            assert use.labels[int(use.share[strongest].argmax())] == "10.5 bp"
            assert "enhancer" in use.channels[int(np.abs(use.channel[strongest]).argmax())]
    assert reached[True] > 0.75
    assert reached[False] < 0.6
