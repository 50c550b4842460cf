"""Honesty: a random direction gives the ablation warning and no score; a direction that carries the answer does not."""

from __future__ import annotations

import numpy as np
from streamlit.testing.v1 import AppTest

from metabam.app import slices
from metabam.probe.ablate import ablate_atoms
from metabam.probe.forest import forest
from metabam.records import AblationCase
from tests.probe.toys import Additive, K, belief, pairs

ASKED = 41
N = 157


def judged(gate, directions):
    x = pairs(N, 0, K)
    case = AblationCase("a", belief(gate), x, (x[:, 2] > 0).astype(np.int8), np.arange(N))
    return forest(ablate_atoms(Additive(), [case], replacement="zero", directions=directions, random=199), draws=53)


def spread():
    return np.tanh(np.random.default_rng(5).standard_normal(K))


def test_at_most_one_random_direction_in_ten_escapes_the_warning():
    told = judged(spread(), np.random.default_rng(6).standard_normal((ASKED, K)))
    escaped = sum(not slices.is_chance(told, at) for at in range(ASKED))
    assert escaped <= ASKED // 10


def test_the_direction_that_carries_every_answer_gets_its_score():
    """Able to fail: a page that always warned would fail here."""
    carried = np.where(np.arange(K) == 2, 0.8, 0.0)
    told = judged(carried, np.eye(K)[[2, 7]])
    assert not slices.is_chance(told, 0)
    assert slices.is_chance(told, 1)


def shown(told, at: int) -> AppTest:
    def page(told, at):
        from types import SimpleNamespace

        from metabam.app.ablation import verdict
        from metabam.texts import text

        verdict(SimpleNamespace(text=text), told, at)

    return AppTest.from_function(page, args=(told, at), default_timeout=60).run()


def test_the_page_shows_the_warning_instead_of_the_score():
    told = judged(np.where(np.arange(K) == 2, 0.8, 0.0), np.eye(K)[[2, 7]])
    warned = shown(told, 1)
    assert not warned.exception
    assert "no more than chance" in warned.warning[0].value
    assert len(warned.metric) == 0
    scored = shown(told, 0)
    assert not scored.exception
    assert len(scored.warning) == 0
    assert scored.metric[0].value == f"{told.size[0]:.3f}"
    assert "less likely" in scored.caption[0].value


def test_an_atom_no_larger_than_a_mixture_shows_what_labels_lose_and_no_size():
    """Labels are the sum of all features, so every atom is needed and none stands out."""
    x = pairs(4 * N, 3, K)
    labels = (x.sum(axis=1) > 0).astype(np.int8)
    equal = AblationCase("a", belief(np.full(K, 0.8)), x, labels, np.arange(4 * N))
    told = forest(ablate_atoms(Additive(), [equal], replacement="zero", random=199), draws=53)
    at = told.verdicts.index("needed")
    assert slices.is_chance(told, at)
    page = shown(told, at)
    assert not page.exception
    assert "no size is shown" in page.warning[0].value
    assert [item.value for item in page.metric] == [f"{100 * told.fit[at]:+.2f}"]
    assert "labels need it" in page.caption[0].value
