"""A fold in memory whose answers anyone can count: 13 features, three training lines and two unseen ones."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.bench.worlds import Fold, bench_contexts
from metabam.config import BenchConfig
from metabam.data.synthetic import simulate
from metabam.records import PairTable

D, ENHANCERS, PROMOTERS, POOL = 13, 601, 401, 1_009
GAP = 2_000


def text(values):
    return np.array(list(values), dtype=object)


def make_table(lines, pairs, rng, *, assay="toy", chrom="chr1", gene=True):
    """Return ``pairs`` pairs of each line out of one pool; elements of 200 bp, far apart, on one contig."""
    pool = np.random.default_rng(77).permutation(ENHANCERS * PROMOTERS)[:POOL]
    flat = np.concatenate([rng.permutation(pool)[:pairs] for _ in lines])
    e, p = flat // PROMOTERS, flat % PROMOTERS
    n = len(flat)
    return PairTable(
        pair_id=text(f"pair{number:06d}" for number in flat),
        enhancer_chrom=text([chrom] * n),
        enhancer_start=e * GAP,
        enhancer_end=e * GAP + 200,
        promoter_chrom=text([chrom] * n),
        promoter_start=9_000_000 + p * GAP,
        promoter_end=9_000_000 + p * GAP + 200,
        label=np.zeros(n, dtype=np.int8),
        cell_line=text(name for name in lines for _ in range(pairs)),
        assay=text([assay] * n),
        gene_id=text(f"G{number}" if gene else "" for number in p),
        line=np.arange(2, n + 2, dtype=np.int64),
    )


def make_fold(training=("A", "B", "C"), held=("X", "Y"), pairs=701, seed=0):
    """Return a fold whose labels follow per-line signs of two features that belong to the pair."""
    rng = np.random.default_rng(seed)
    names = [*training, *held]
    table = make_table(names, pairs, rng)
    of_pair = np.random.default_rng(99).standard_normal((ENHANCERS * PROMOTERS, D)).astype(np.float32)
    features = of_pair[[int(name[4:]) for name in table.pair_id.tolist()]]
    weights = {name: rng.choice([-3.0, 3.0], 2) for name in names}
    score = np.array([row[:2] @ weights[name] for row, name in zip(features, table.cell_line.tolist(), strict=True)])
    label = (rng.random(len(table)) < 1 / (1 + np.exp(1.0 - score))).astype(np.int8)
    table = PairTable(**{**{name: getattr(table, name) for name in table.__slots__}, "label": label})
    contexts = {context.pairs.cell_line: context for context in bench_contexts(table, features)}
    held_out = tuple(contexts[name] for name in held)
    return Fold("0", tuple(contexts[name] for name in training), held_out, held_out)


@pytest.fixture(scope="session")
def fold():
    return make_fold()


@pytest.fixture
def config():
    return BenchConfig(shots=(0, 16), supports=3, queries=61, control_shots=(16,), bootstraps=50)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted") / "tiny"
    simulate(folder, 3, training_lines=3, heldout_lines=2, pairs_per_line=400, enhancer_length=200, promoter_length=200)
    return folder
