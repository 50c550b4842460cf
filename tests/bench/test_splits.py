"""Tasks are the same for everyone, and keep supports, queries and wrong-line supports apart."""

import dataclasses

import numpy as np
import pytest

from metabam.bench.splits import BALANCED, NATURAL, all_tasks, draw_seen_tasks, draw_tasks, manifest, other_labels
from metabam.config import BenchConfig
from metabam.errors import ConfigError
from tests.bench.conftest import make_fold


def test_tasks_have_the_sizes_and_schemes_asked_for(fold, config):
    tasks = draw_tasks(fold, 0, config)
    assert [(task.shots, task.scheme) for task in tasks] == 3 * [(0, NATURAL), (16, NATURAL), (16, BALANCED)]
    for task in tasks:
        labels = fold.held[0].pairs.labels[task.support]
        assert len(labels) == task.shots
        assert len(set(task.support.tolist())) == task.shots
        assert task.scheme == NATURAL or labels.sum() == 8
        assert task.shots == 0 or 0 < labels.sum() < 16
        assert 0 < len(task.queries) <= 61
        assert task.other == 1


def test_queries_share_no_element_with_either_support(fold, config):
    for task in all_tasks(fold, config):
        own, other = fold.held[task.context].pairs, fold.references[task.other].pairs
        for side in ("enhancer", "promoter"):
            asked = set(getattr(own, side)[task.queries].tolist())
            assert not asked & set(getattr(own, side)[task.support].tolist())
            assert not asked & set(getattr(other, side)[task.other_support].tolist())


def test_a_lines_tasks_do_not_depend_on_the_other_lines_that_are_judged(config):
    """Line Y alone, or after X: the same support and, apart from the lender of the wrong support, the same draw."""
    both, rest = make_fold(held=("X", "Y")), make_fold(held=("X", "Y"))
    alone = dataclasses.replace(rest, held=rest.held[1:], references=rest.references)
    first, second = draw_tasks(both, 1, config), draw_tasks(alone, 0, config)
    assert len(first) == len(second) == 9
    for one, two in zip(first, second, strict=True):
        assert np.array_equal(one.support, two.support)
        assert np.array_equal(one.queries, two.queries)


def test_pools_are_kept(config):
    whole = make_fold()
    n = len(whole.held[0])
    pool = np.arange(n) < 350
    parted = dataclasses.replace(whole.held[0], support_pool=pool, query_pool=~pool)
    fold = dataclasses.replace(whole, held=(parted, whole.held[1]))
    for task in draw_tasks(fold, 0, config):
        assert pool[task.support].all()
        assert not pool[task.queries].any()


def test_a_support_that_cannot_be_drawn_is_left_out(fold):
    config = BenchConfig(shots=(16, 4_000), supports=2)
    assert {task.shots for task in draw_tasks(fold, 0, config)} == {16}


def test_seen_tasks_are_of_the_training_lines(fold, config):
    tasks = draw_seen_tasks(fold, config)
    assert [(task.context, task.repeat, task.shots, task.seen) for task in tasks] == [
        (line, repeat, 16, True) for line in range(3) for repeat in range(3)
    ]


def test_manifest_changes_with_one_label_and_one_seed(fold, config):
    first = manifest(fold, list(all_tasks(fold, config)))
    assert first == manifest(make_fold(), list(all_tasks(make_fold(), config)))
    other = config.model_copy(update={"seed": 1})
    assert first["tasks"] != manifest(fold, list(all_tasks(fold, other)))["tasks"]
    labels = fold.training[0].pairs.labels.copy()
    labels[0] = 1 - labels[0]
    changed = dataclasses.replace(fold.training[0], pairs=dataclasses.replace(fold.training[0].pairs, labels=labels))
    moved = manifest(dataclasses.replace(fold, training=(changed, *fold.training[1:])), [])
    assert moved["training"][0]["pair_digest"] != first["training"][0]["pair_digest"]
    assert moved["training"][1:] == first["training"][1:]


def test_other_labels_are_those_of_the_same_pair(fold):
    one, two = fold.held
    rows = np.arange(len(one))
    found = other_labels(one, rows, two)
    place = {name: row for row, name in enumerate(two.table.pair_id.tolist())}
    for row, name in enumerate(one.table.pair_id.tolist()):
        assert found[row] == (two.pairs.labels[place[name]] if name in place else -1)
    assert (found >= 0).any()
    assert (found < 0).any()


def test_shots_are_named_once():
    from metabam.config import build

    with pytest.raises(ConfigError, match="each once"):
        build({"shots": [4, 4]}, BenchConfig)
