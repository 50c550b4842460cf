"""A real fold as the benchmark sees it: pools, mirrors, and what is never handed out."""

from types import SimpleNamespace

import numpy as np

from metabam.bench import leakage
from metabam.bench.judging import asked_of
from metabam.bench.real import RealWorld, fold_of
from metabam.bench.splits import all_tasks
from metabam.config import BenchConfig
from metabam.data.episodes import contexts_of
from metabam.records import PairTable
from tests.bench.conftest import make_table


def real_fold():
    """Two lines on chr1 and chr2 with the very same pairs; line X and chr2 are held out."""
    rng = np.random.default_rng(4)
    tables = [
        make_table((line,), 149, np.random.default_rng(8), chrom=chrom) for line in "AX" for chrom in ("chr1", "chr2")
    ]
    joined = {name: np.concatenate([getattr(t, name) for t in tables]) for name in PairTable.__slots__[:12]}
    joined["label"] = (rng.random(4 * 149) < 0.4).astype(np.int8)
    table = PairTable(**joined)
    features = rng.standard_normal((len(table), 3)).astype(np.float32)
    rows = [np.arange(149) + 149 * part for part in range(4)]
    contexts = [contexts_of(table.take(part), features[part])[0] for part in rows]
    return SimpleNamespace(
        name="X, fold 0", table=table, training=(contexts[0],), support=(contexts[2],), query=(contexts[3],),
        training_rows=(rows[0],), support_rows=(rows[2],), query_rows=(rows[3],),
    )  # fmt: skip


def test_supports_come_from_one_part_and_queries_from_the_other():
    real = real_fold()
    fold = fold_of(real)
    config = BenchConfig(shots=(16,), supports=3, queries=61)
    tasks = list(all_tasks(fold, config))
    assert len(tasks) == 6
    (held,) = fold.held
    for task in tasks:
        assert set(held.table.enhancer_chrom[task.support]) == {"chr1"}
        assert set(held.table.enhancer_chrom[task.queries]) == {"chr2"}
        assert fold.references[task.other].name == "A | toy"
    records = leakage.audit("W2a", fold, tasks)
    leakage.refuse(records)
    assert {r.relation: r.shared for r in records if r.between == "training-query"}["chromosome"] == 0


def test_reversals_are_told_by_labels_that_nobody_learns_from():
    real = real_fold()
    fold = fold_of(real)
    task = next(all_tasks(fold, BenchConfig(shots=(16,), supports=1, queries=61)))
    asked = asked_of(fold, task)
    of_a = real.table.label[149:298]
    assert asked.reversed_pairs.tolist() == (of_a[task.queries - 149] != asked.labels).tolist()
    assert asked.reversed_pairs.any()
    assert set(fold.training[0].table.enhancer_chrom) == {"chr1"}
    assert fold.mirror(0).pairs.features.shape[1] == 0


def test_folds_are_drawn_anew_each_time():
    world = RealWorld("W2a", lambda: iter([real_fold()]), {})
    assert [[fold.name for fold in world.folds()] for _ in range(2)] == [["X, fold 0"]] * 2
