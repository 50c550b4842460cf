import numpy as np
import pytest

from metabam.data.episodes import apart_from, contexts_of, draw_episode, draw_support, holdout_split
from metabam.errors import InputError
from metabam.records import LabelledContext, PairTable

N, D = 90, 13


def _context(seed=0, positives=0.3):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(N, D)).astype(np.float32)
    features[:, 0] = np.arange(N)  # a pair can be told by its first feature
    labels = (rng.random(N) < positives).astype(np.int8)
    return LabelledContext("A", "", features, labels, rng.integers(0, 40, N), rng.integers(100, 130, N))


def _table():
    lines = ["A", "B", "A", "C", "B", "A"]
    chroms = ["chr1", "chr1", "chr2", "chr2", "chr2", "chr1"]
    n = len(lines)
    text = np.array(lines, dtype=object)
    start = np.arange(n, dtype=np.int64) * 1000
    return PairTable(
        pair_id=np.array([f"p{i}" for i in range(n)], dtype=object),
        enhancer_chrom=np.array(chroms, dtype=object),
        enhancer_start=start,
        enhancer_end=start + 400,
        promoter_chrom=np.array(chroms, dtype=object),
        promoter_start=start + 50_000,
        promoter_end=start + 50_400,
        label=np.array([1, 0, 0, 1, -1, 1], dtype=np.int8),
        cell_line=text,
        assay=np.array([""] * n, dtype=object),
        gene_id=np.array([""] * n, dtype=object),
        line=np.arange(n, dtype=np.int64) + 2,
    )


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("shots", [0, 1, 5, 16])
def test_support_and_queries_share_no_element(shots, balanced):
    context = _context()
    for seed in range(10):
        episode = draw_episode(context, shots, 23, np.random.default_rng(seed), balanced=balanced)
        assert len(episode.support) == shots
        support, query = (part[:, 0].astype(int) for part in (episode.support.features, episode.query_features))
        assert 0 < len(query) <= 23
        assert len(set(query)) == len(query)
        assert not set(context.enhancer[support]) & set(context.enhancer[query])
        assert not set(context.promoter[support]) & set(context.promoter[query])
        assert np.array_equal(context.labels[query], episode.query_labels)


def test_balanced_supports_are_balanced_and_queries_keep_the_natural_share():
    context = _context()
    rng = np.random.default_rng(0)
    episodes = [draw_episode(context, 6, 40, rng, balanced=True) for _ in range(50)]
    assert {int(e.support.labels.sum()) for e in episodes} == {3}
    share = np.mean([e.query_labels.mean() for e in episodes])
    assert share == pytest.approx(context.prevalence, abs=0.05)


def test_natural_supports_hold_both_classes():
    labels = np.zeros(60, dtype=np.int8)
    labels[:5] = 1
    rng = np.random.default_rng(0)
    sums = [labels[draw_support(labels, 4, rng, balanced=False)].sum() for _ in range(40)]
    assert min(sums) >= 1


def test_impossible_draws_are_refused():
    context = _context()
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="too-few-pairs"):
        draw_episode(context, N + 1, 5, rng)
    with pytest.raises(InputError, match="too-few-pairs"):
        draw_support(np.zeros(20, dtype=np.int8), 4, rng, balanced=True)
    crowded = LabelledContext("A", "", context.features, context.labels, np.zeros(N, np.int64), np.zeros(N, np.int64))
    with pytest.raises(InputError, match="no-queries"):
        draw_episode(crowded, 1, 5, rng)


def test_apart_from_nothing_is_everything():
    context = _context()
    assert apart_from(context, np.zeros(0, dtype=np.int64)).all()


def test_contexts_of_leaves_unlabelled_rows_out():
    table = _table()
    features = np.arange(6 * D, dtype=np.float32).reshape(6, D)
    contexts = contexts_of(table, features)
    assert [(c.name, len(c)) for c in contexts] == [("A", 3), ("B", 1), ("C", 1)]
    assert np.array_equal(contexts[0].features, features[[0, 2, 5]])
    assert contexts[0].enhancer[0] != contexts[0].enhancer[1]
    with pytest.raises(InputError, match="features-shape"):
        contexts_of(table, features[:5])


def test_holdout_split_by_line_and_chromosome():
    table = _table()
    train, held = holdout_split(table, ["B"])
    assert (train.tolist(), held.tolist()) == ([0, 2, 3, 5], [1, 4])
    train, held = holdout_split(table, ["A"], ["chr2"])
    assert (train.tolist(), held.tolist()) == ([1], [2])
    with pytest.raises(InputError, match="unknown-line"):
        holdout_split(table, ["Z"])
