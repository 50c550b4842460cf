import numpy as np
import pytest

from metabam.errors import ConfigError, InputError
from metabam.metrics import auprc
from metabam.probe.ablate import ablate_atoms, removal, removal_curve, synergy
from metabam.probe.forest import forest, line_map, most_changed
from metabam.records import AblationCase, AtomEdit
from tests.probe.toys import Additive, D, K, T, belief, pairs, random_learner, weights

N = 157
ONE = np.where(np.arange(K) == 2, 0.8, 0.0)


def case(name, gate, seed=0, count=N, delta=None):
    x = pairs(count, seed, K)
    labels = (x[:, 2] > 0).astype(np.int8)
    return AblationCase(name, belief(gate, delta), x, labels, np.arange(count) // 3)


def test_removing_the_only_informative_atom_removes_exactly_its_effect():
    one = case("a", ONE)
    found = ablate_atoms(Additive(), [one], replacement="zero", random=199)
    assert found.lost_logit.shape == (K, N)
    assert found.lost_logit[2] == pytest.approx(0.8 * one.features[:, 2].astype(float))
    assert np.abs(np.delete(found.lost_logit, 2, axis=0)).max() == 0.0
    told = forest(found, draws=97)
    assert not told.inside[2]
    assert told.p[2] == pytest.approx(1 / 200)
    assert told.inside[np.arange(K) != 2].all()
    assert told.p[0] == 1.0
    assert told.size[2] == pytest.approx(np.abs(0.8 * one.features[:, 2]).mean(), rel=1e-6)
    assert told.low[2] <= told.effect[2] <= told.high[2]
    assert (told.n, told.n_groups) == (N, 53)


def test_delta_goes_with_the_gate():
    one = case("a", ONE, delta=np.where(np.arange(K) == 5, -0.3, 0.0))
    found = ablate_atoms(Additive(), [one], replacement="zero", random=0)
    assert found.lost_logit[5] == pytest.approx(-0.3 * one.features[:, 5].astype(float))


def test_random_directions_get_the_warning():
    rng = np.random.default_rng(5)
    spread = case("a", np.tanh(rng.standard_normal(K)))
    asked = rng.standard_normal((41, K))
    found = ablate_atoms(Additive(), [spread], replacement="zero", directions=asked, random=199)
    assert forest(found).inside.mean() >= 0.85


def test_the_mean_over_lines_and_another_line():
    cases = [case("a", ONE), case("b", -ONE, seed=1), case("c", np.zeros(K), seed=2)]
    x = np.concatenate([item.features for item in cases])[:, 2].astype(float)
    mean = ablate_atoms(Additive(), cases, replacement="mean", random=0)
    own = np.repeat([0.8, -0.8, 0.0], N)
    assert mean.lost_logit[2] == pytest.approx(own * x)
    other = ablate_atoms(Additive(), cases, replacement="resample", random=0).lost_logit[2] / x
    allowed = {0: (1.6, 0.8), 1: (-1.6, -0.8), 2: (-0.8, 0.8)}
    for number, (first, second) in allowed.items():
        rows = other[mean.line == number]
        assert (np.isclose(rows, first) | np.isclose(rows, second)).all()
        assert {round(float(value), 6) for value in rows} == {first, second}
    effect, size = line_map(mean)
    assert effect.shape == size.shape == (3, K)
    assert size[2, 2] == 0.0
    assert size[0, 2] > 0.5


def test_slices_metrics_and_the_most_changed_pairs():
    found = ablate_atoms(Additive(), [case("a", ONE)], replacement="zero", random=29)
    rows = found.labels == 1
    positive = forest(found, rows)
    assert positive.n == rows.sum()
    assert positive.effect[2] == pytest.approx(found.lost_logit[2, rows].mean())
    lost = forest(found, metric="auprc", draws=53)
    base = auprc(found.labels, found.logit)
    assert base == pytest.approx(1.0)
    assert lost.effect[2] == pytest.approx(base - found.labels.mean())  # without it all scores tie
    assert lost.effect[0] == 0.0
    changed = most_changed(found, 2, 7)
    assert len(changed) == 7
    assert np.all(np.diff(np.abs(found.lost_logit[2, changed])) <= 0)
    with pytest.raises(InputError, match="empty-slice"):
        forest(found, np.zeros(N, bool))
    with pytest.raises(InputError, match="slice-labels"):
        forest(found, found.labels == 1, metric="auprc")


def test_what_labels_lose_is_their_log_likelihood():
    good = forest(ablate_atoms(Additive(), [case("a", ONE)], replacement="zero", random=29), draws=97)
    x = case("a", ONE).features[:, 2].astype(float)
    with_it = np.log1p(np.exp(-0.8 * np.abs(x)))  # labels are the sign of the feature
    assert good.fit[2] == pytest.approx(np.log(2.0) - with_it.mean(), rel=1e-6)  # without it P = 1/2
    assert good.fit_low[2] <= good.fit[2] <= good.fit_high[2]
    assert good.fit[0] == 0.0
    assert good.n_labelled == N
    assert good.verdicts[2] == "needed"
    assert good.verdicts[0] == "chance"
    wrong = forest(ablate_atoms(Additive(), [case("a", -ONE)], replacement="zero", random=29), draws=97)
    assert wrong.fit[2] == pytest.approx(np.log(2.0) - np.log1p(np.exp(0.8 * np.abs(x))).mean(), rel=1e-6)
    assert wrong.verdicts[2] == "harmful"


def test_a_mechanism_among_equals_is_no_larger_than_a_mixture_yet_labels_need_it():
    """Where every atom is a mechanism, a random direction is a mixture of mechanisms: size alone finds none of them."""
    x = pairs(4 * N, 3, K)
    gate = np.full(K, 0.8)
    labels = (np.random.default_rng(1).random(4 * N) < 1 / (1 + np.exp(-2.0 * x.sum(axis=1)))).astype(np.int8)
    equal = AblationCase("a", belief(gate), x, labels, np.arange(4 * N) // 3)
    told = forest(ablate_atoms(Additive(), [equal], replacement="zero", random=199), draws=97)
    assert told.inside.sum() >= K - 1
    assert told.verdicts.count("needed") >= K - 1


def test_without_labels_nothing_is_said_of_need():
    one = case("a", ONE)
    blind = AblationCase("a", one.fingerprint, one.features, np.full(N, -1, dtype=np.int8), one.groups)
    told = forest(ablate_atoms(Additive(), [blind], replacement="zero", random=199), draws=53)
    assert told.n_labelled == 0
    assert np.isnan(told.fit).all()
    assert told.verdicts[2] == "moves"
    assert told.verdicts[0] == "chance"


def test_the_curve_falls_to_chance_when_the_atom_goes():
    cases = [case("a", ONE), case("b", ONE * 0.5, seed=1)]
    size = ONE.copy()
    told = removal_curve(Additive(), cases, size, replacement="zero", orders=5)
    assert told.order[0] == 2
    assert told.by_effect[0] == pytest.approx(1.0)
    assert told.by_effect[1:] == pytest.approx(told.base_rate)
    assert told.random.shape == (5, K + 1)
    assert (told.random[:, 0] == 1.0).all()
    assert told.random[:, -1] == pytest.approx(told.base_rate)
    assert told.random[:, 1].mean() > told.by_effect[1]


def test_synergy_by_hand():
    one = case("a", np.full(K, 0.5))
    flat = synergy(Additive(), [one], [0, 1, 7], replacement="zero")
    assert np.abs(flat.mean).max() < 1e-12
    bonded = synergy(Additive(bond=2.0), [one], [0, 1, 7], replacement="zero")
    shared = 2.0 * 0.25 * (one.features[:, 0].astype(float) * one.features[:, 1])
    # both lose a + b + ab; each alone loses its own and ab: together ab is counted once, alone twice
    assert bonded.mean[0, 1] == pytest.approx(-shared.mean())
    assert bonded.size[1, 0] == pytest.approx(np.abs(shared).mean())
    assert bonded.mean[0, 2] == pytest.approx(0.0)


def test_what_cannot_be_ablated_is_refused():
    with pytest.raises(InputError, match="two lines"):
        ablate_atoms(Additive(), [case("a", ONE)], replacement="mean")
    with pytest.raises(InputError, match="no pair"):
        ablate_atoms(Additive(), [], replacement="zero")
    with pytest.raises(ConfigError, match="direction"):
        ablate_atoms(Additive(), [case("a", ONE)], replacement="zero", directions=np.zeros((1, K)))
    with pytest.raises(ConfigError, match="unknown replacement"):
        ablate_atoms(Additive(), [case("a", ONE)], replacement="noise")
    with pytest.raises(ConfigError, match="2 to 8"):
        synergy(Additive(), [case("a", ONE)], [3], replacement="zero")


# ------------------------------------------------------------------ Meta-BAM itself


def supported(learner, seed=0):
    from metabam.records import SupportSet

    x = pairs(17, seed)
    return learner.adapt(SupportSet(x, (x[:, 0] > 0).astype(np.int8)))


def test_an_edit_is_the_mask_and_nothing_is_the_identity():
    learner = random_learner()
    fingerprint, queries = supported(learner), pairs(5, 1)
    plain = learner.predict(fingerprint, queries)
    same = learner.predict(fingerprint, queries, edit=AtomEdit(np.eye(K), np.zeros(K), np.zeros(K)))
    assert np.array_equal(plain.logit, same.logit)
    mask = (np.arange(K) != 4).astype(float)
    masked = learner.predict(fingerprint, queries, atom_mask=mask)
    edited = learner.predict(fingerprint, queries, edit=removal(np.eye(K)[[4]], np.zeros(K), np.zeros(K)))
    assert masked.logit == pytest.approx(edited.logit, abs=1e-6)
    assert not np.allclose(masked.logit, plain.logit, atol=1e-3)


def test_one_step_changes_what_comes_after_it_alone():
    learner = random_learner()
    fingerprint, queries = supported(learner), pairs(5, 1)
    plain = learner.predict(fingerprint, queries, trace=True).states
    for step in range(1, T + 1):
        edit = removal(np.eye(K)[[4]], np.zeros(K), np.zeros(K), step)
        states = learner.predict(fingerprint, queries, edit=edit, trace=True).states
        assert np.array_equal(states[:step], plain[:step])
        assert not np.allclose(states[step], plain[step], atol=1e-5)
    for wrong in (0, T + 1):
        with pytest.raises(ConfigError, match="unfold-steps"):
            learner.predict(fingerprint, queries, edit=removal(np.eye(K)[[4]], np.zeros(K), np.zeros(K), wrong))
    with pytest.raises(ConfigError, match="atom-edit"):
        learner.predict(fingerprint, queries, edit=AtomEdit(np.eye(D), np.zeros(K), np.zeros(K)))


def test_the_model_is_bit_identical_afterwards_and_after_an_exception():
    learner = random_learner()
    before = weights(learner)
    cases = [
        AblationCase(str(at), supported(learner, at), pairs(7, at), np.ones(7, np.int8), np.arange(7)) for at in (1, 2)
    ]
    for replacement in ("mean", "resample", "zero"):
        found = ablate_atoms(learner, cases, replacement=replacement, random=3)
        assert np.isfinite(found.lost_logit).all()
    synergy(learner, cases, [0, 1])

    def stop(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ablate_atoms(learner, cases, random=3, progress=stop)
    assert weights(learner) == before
