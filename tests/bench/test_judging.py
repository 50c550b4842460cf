"""Numbers of one task against answers counted by hand."""

import dataclasses
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from metabam import metrics
from metabam.bench import latent
from metabam.bench.entries import Fitted
from metabam.bench.judging import CONTROLS, SEEN, Asked, asked_of, judge, ranking, soft_auroc, supports_of
from metabam.bench.splits import draw_seen_tasks, draw_tasks
from metabam.bench.worlds import FEATURES
from metabam.records import Prediction
from tests.bench.conftest import make_fold


def prediction(p, lower=None, upper=None):
    p = np.array(p)
    return Prediction(p, np.log(p) - np.log1p(-p), lower, upper)


def test_metrics_of_five_queries():
    labels = np.array([1, 0, 1, 0, 0], dtype=np.int8)
    bayes = np.array([0.8, 0.2, 0.6, 0.4, 0.1])
    reversed_pairs = np.array([True, True, False, False, True])
    found = prediction([0.9, 0.6, 0.5, 0.4, 0.95], bayes - 0.1, bayes + np.array([0.1, 0.1, 0.1, 0.1, -0.05]))
    values = judge(Asked(labels, bayes, reversed_pairs), found)
    assert values["auroc"] == pytest.approx(3 / 6)  # 0.9 beats 0.6 and 0.4; 0.5 beats 0.4
    assert values["reversal_auroc"] == pytest.approx(1 / 2)  # 0.9 beats 0.6, not 0.95
    assert values["auprc"] == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert values["brier"] == pytest.approx((0.01 + 0.36 + 0.25 + 0.16 + 0.9025) / 5)
    assert values["coverage"] == pytest.approx(4 / 5)
    assert values["interval_width"] == pytest.approx((4 * 0.2 + 0.05) / 5)


def test_ranking_metrics_are_those_of_the_package():
    rng = np.random.default_rng(5)
    labels, scores = (rng.random(211) < 0.3).astype(np.int8), rng.integers(0, 29, 211).astype(float)
    assert ranking(metrics.weighted_auroc, labels, scores) == pytest.approx(metrics.auroc(labels, scores), abs=1e-12)
    assert ranking(metrics.weighted_auprc, labels, scores) == pytest.approx(metrics.auprc(labels, scores), abs=1e-12)
    scores[3] = np.nan
    assert ranking(metrics.weighted_auroc, labels, scores) is None


def test_one_class_is_undefined_not_zero():
    values = judge(Asked(np.zeros(3, np.int8), None, np.zeros(3, bool)), prediction([0.1, 0.2, 0.3]))
    assert values["auroc"] is None
    assert values["reversal_auroc"] is None
    assert "coverage" not in values
    assert "truth_auroc" not in values


def test_soft_auroc_of_certain_labels_is_the_auroc():
    rng = np.random.default_rng(0)
    p, scores = (rng.random(211) < 0.3).astype(float), rng.integers(0, 17, 211).astype(float)
    assert soft_auroc(p, scores) == pytest.approx(metrics.auroc(p, scores))
    assert soft_auroc(np.array([0.5, 0.5]), np.array([1.0, 2.0])) == pytest.approx(0.5)
    # two pairs, p = 0.9 ranked first and 0.1: (0.9 * 0.9 + ties 0.9 * 0.1 / 2 + 0.1 * 0.9 / 2) / (1 * 1)
    assert soft_auroc(np.array([0.9, 0.1]), np.array([2.0, 1.0])) == pytest.approx(0.81 + 0.09)
    assert soft_auroc(np.zeros(3), np.arange(3.0)) is None


def test_reversed_pairs_are_those_that_the_other_line_labels_otherwise(fold, config):
    task = draw_tasks(fold, 0, config)[1]
    asked = asked_of(fold, task)
    other = {n: fold.references[1].pairs.labels[r] for r, n in enumerate(fold.references[1].table.pair_id.tolist())}
    ids = fold.held[0].table.pair_id[task.queries].tolist()
    assert asked.reversed_pairs.tolist() == [
        name in other and other[name] != label for name, label in zip(ids, asked.labels.tolist(), strict=True)
    ]


def test_controls_share_pairs_and_differ_in_labels(fold, config):
    zero, natural, balanced = draw_tasks(fold, 0, config)[:3]
    given = dict(supports_of(fold, natural, FEATURES, config))
    assert set(given) == set(CONTROLS)
    own = given["own"]
    assert len(given["none"]) == 0
    assert np.array_equal(given["permuted"].features, own.features)
    assert sorted(given["permuted"].labels) == sorted(own.labels)
    assert np.array_equal(given["flipped"].labels, 1 - own.labels)
    other = fold.references[natural.other].pairs
    assert np.array_equal(given["wrong_line"].features, other.features[natural.other_support])
    assert [name for name, _ in supports_of(fold, zero, FEATURES, config)] == ["own"]
    assert [name for name, _ in supports_of(fold, balanced, FEATURES, config)] == ["own"]
    seen = draw_seen_tasks(fold, config)[0]
    assert [name for name, _ in supports_of(fold, seen, FEATURES, config)] == [SEEN]


# ------------------------------------------------------------------ inside


def test_atoms_are_matched_one_to_one():
    """Two atoms follow the same mechanism; only the better one may have it, the other takes what is left."""
    rng = np.random.default_rng(1)
    activity = rng.standard_normal((997, 3))
    noise = rng.standard_normal((997, 5))
    states = np.stack(
        [activity[:, 1] + 0.5 * noise[:, 0], -activity[:, 0], activity[:, 1], noise[:, 1], noise[:, 2]], 1
    )
    states = np.concatenate([states, np.ones((997, 1))], axis=1)
    found = latent.recover(states, activity)
    assert found.atom[:2].tolist() == [1, 2]
    assert found.r[:2] == pytest.approx([-1.0, 1.0])
    assert found.matched.tolist() == [True, True, False]
    few = latent.recover(states[:, 1:2], activity)
    assert few.atom.tolist() == [0, -1, -1]
    assert few.r[1:].tolist() == [0.0, 0.0]


def test_a_lower_ceiling_lowers_the_bar():
    rng = np.random.default_rng(2)
    activity = rng.standard_normal((4_001, 1))
    states = activity + 1.5 * rng.standard_normal((4_001, 1))  # r = 1 / sqrt(3.25) = 0.555
    assert not latent.recover(states, activity).matched.any()
    assert latent.recover(states, activity, np.array([0.57])).matched.all()
    assert not latent.recover(states, activity, np.array([0.65])).matched.any()


def test_gate_signs_count_the_sign_of_r_and_only_strong_gates():
    recovery = latent.Recovery(np.array([2, 0, 1]), np.array([0.9, -0.8, 0.95]), np.array([True, True, True]))
    spectrum = np.array([0.5, -0.7, 0.4])
    # mechanism 0: atom 2 says +0.4, gate +0.9 right; 1: atom 0 says -0.5, gate +0.6 wrong; 2: |gate| 0.2 not judged
    assert latent.gate_signs(recovery, spectrum, np.array([0.9, 0.6, 0.2])) == (0.5, 2)
    weak = dataclasses.replace(recovery, matched=np.array([False, True, True]))
    assert latent.gate_signs(weak, spectrum, np.array([0.9, -0.6, -0.9])) == (1.0, 2)
    assert latent.gate_signs(weak, spectrum, np.array([0.9, 0.1, 0.1])) == (None, 0)


def test_an_atom_acts_by_gate_and_evidence_together():
    context = SimpleNamespace(spectrum=np.array([0.5, -0.2, 0.1]), evidence_mean=np.array([0.0, 0.9, -0.1]))
    learner = SimpleNamespace(name="metabam", learner=SimpleNamespace(weights=np.array([2.0, 3.0, 1.0])))
    assert np.allclose(latent.effects(learner, context), [1.0, 0.3, 0.0])
    alone = SimpleNamespace(name="metabam_context", learner=learner.learner)
    assert np.array_equal(latent.effects(alone, context), context.spectrum)


def test_the_probe_reads_what_is_there_and_nothing_else():
    rng = np.random.default_rng(3)
    names = [name for name in "ABCD" for _ in range(20)]
    apart = np.array([ord(name) for name in names], dtype=np.float32)[:, None] + 0.01 * rng.standard_normal((80, 2))
    assert latent.probe_accuracy(apart.astype(np.float32), names) == 1.0
    chance = np.mean([latent.probe_accuracy(rng.standard_normal((80, 2)), names, seed=k) for k in range(7)])
    assert chance == pytest.approx(0.25, abs=0.1)
    assert latent.probe_accuracy(apart[:20], names[:20]) is None


def states_fold(states, activity):
    """Return a fitted learner with given states, and a fold that knows the activities of the same pairs."""
    base = make_fold(held=("X",), pairs=len(states))
    views = {**base.held[0].views, "activities": activity.astype(np.float32)}
    held = dataclasses.replace(base.held[0], views=views)
    learner = SimpleNamespace(mechanism_states=lambda features: states)
    fold = dataclasses.replace(base, held=(held,), truth=SimpleNamespace())
    order = np.unique(held.pair, return_index=True)[1]
    return Fitted("toy", FEATURES, learner, None, None), fold, order


def test_dci_of_atoms_that_are_the_mechanisms_and_of_atoms_that_are_not():
    rng = np.random.default_rng(6)
    activity = rng.standard_normal((211, 3))
    learner, fold, order = states_fold(np.zeros((211, 3)), activity)
    learner.learner.mechanism_states = lambda features: activity[order].astype(np.float32)
    found = latent.dci(learner, fold, 0)
    assert found["disentanglement"] > 0.95
    assert found["completeness"] > 0.95
    assert found["informativeness"] > 0.9
    noise = rng.standard_normal((211, 3)).astype(np.float32)
    learner.learner.mechanism_states = lambda features: noise
    assert latent.dci(learner, fold, 0)["informativeness"] < 0.2


def test_dci_is_undefined_where_it_cannot_be_had(monkeypatch):
    activity = np.random.default_rng(7).standard_normal((211, 3))
    learner, fold, order = states_fold(np.ones((211, 1)), activity)
    assert latent.dci(learner, fold, 0) == {}  # one atom
    assert latent.dci(learner, dataclasses.replace(fold, truth=None), 0) == {}

    def endless(*given, **how):
        warnings.warn("no end", ConvergenceWarning, stacklevel=1)

    learner.learner.mechanism_states = lambda features: activity[order]
    monkeypatch.setattr(latent, "disentanglement", endless)
    assert latent.dci(learner, fold, 0) == {}
