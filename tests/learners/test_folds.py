"""Whole cell lines are left out: on hand-made contexts whose folds can be written down."""

from dataclasses import replace

import numpy as np
import pytest

from metabam.config import ModelConfig, TrainConfig
from metabam.learners import gaussian_process
from metabam.learners.finetune import FineTune
from metabam.learners.folds import MOST_LEFT_OUT, line_folds
from metabam.learners.hierarchical import fit_hierarchical
from metabam.learners.metabam import MetaBamLearner
from metabam.learners.propensity import STRENGTHS, GenePropensity
from metabam.records import LabelledContext
from tests.learners.test_propensity import context
from tests.learners.toys import feature_family


def of_lines(*names):
    one = np.zeros(2, np.int64)
    return [
        LabelledContext(name, f"assay{at}", np.zeros((2, 3), np.float32), one.astype(np.int8), one, one)
        for at, name in enumerate(names)
    ]


def test_all_assays_of_a_line_go_together():
    assert line_folds(of_lines("a", "b", "a", "c")) == [([0, 2], [1, 3]), ([1], [0, 2, 3]), ([3], [0, 1, 2])]


def test_one_line_leaves_nothing_to_learn_from():
    assert line_folds(of_lines("a", "a", "a")) == []
    assert line_folds([]) == []


def test_at_most_so_many_lines_evenly_spaced_first_and_last_among_them():
    folds = line_folds(of_lines(*"abcdefghijk"), MOST_LEFT_OUT)
    assert [held for held, _ in folds] == [[0], [2], [4], [6], [8], [10]]
    assert all(sorted(held + rest) == list(range(11)) for held, rest in folds)


def test_a_line_does_not_choose_its_own_shrinkage_through_another_assay():
    genes = np.repeat(np.arange(20), 5)
    lines = [
        context("a", genes, genes, (genes < 10).astype(np.int8)),
        context("b", genes, genes, (genes % 2).astype(np.int8)),
    ]
    learner = GenePropensity()
    learner.fit([replace(line, assay=str(at)) for line in lines for at in range(4)])
    # the other line agrees on half of the genes, which tells nothing; three copies of the line itself would tell all
    assert learner.strength == STRENGTHS[-1]


@pytest.mark.parametrize("assays", [1, 4])
def test_assays_of_two_lines_are_two_lines_however_many(assays):
    lines = [replace(line, assay=str(at)) for line in feature_family(2) for at in range(assays)]
    assert np.isnan(fit_hierarchical(lines).left_out_auprc)  # three lines are the least that can tell settings apart
    learner = MetaBamLearner(ModelConfig(n_atoms=5, context_dim=2), TrainConfig(birth_steps=5, steps=3))
    learner.fit(lines)
    assert learner.chosen_steps == 3


def two_assays():
    """Return three lines in two assays each, in an order that does not keep a line together."""
    return [replace(line, assay=assay) for assay in ("a", "b") for line in feature_family(3, 61)]


def lines_of(contexts):
    return tuple(context.cell_line for context in contexts)


def without_each(lines):
    """Return what is learned from, fold by fold, when one line after the other is left out with both its assays."""
    return [tuple(name for name in [*lines, *lines] if name != left) for left in lines]


def test_a_kernel_is_chosen_on_lines_none_of_whose_assays_was_learned_from(monkeypatch):
    seen = []
    pooled = gaussian_process.pooled_weights

    def watched(contexts, standardiser):
        seen.append(lines_of(contexts))
        return pooled(contexts, standardiser)

    monkeypatch.setattr(gaussian_process, "pooled_weights", watched)
    contexts = two_assays()
    gaussian_process.GaussianProcess().fit(contexts)
    assert seen == [lines_of(contexts), *without_each(lines_of(contexts)[:3])]


def test_a_schedule_is_chosen_on_lines_none_of_whose_assays_was_trained_on():
    class Watched(FineTune):
        seen = ()

        def _pooled(self, contexts, seed):
            self.seen = (*self.seen, lines_of(contexts))
            return super()._pooled(contexts, seed)

    learner, contexts = Watched(hidden=3, epochs=1), two_assays()
    learner.fit(contexts)
    assert list(learner.seen) == [*without_each(lines_of(contexts)[:3]), lines_of(contexts)]
