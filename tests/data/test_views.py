"""Views of pairs: facts, k-mer shares and the truth of a planted world."""

import numpy as np
import pytest
from scipy.special import expit

from metabam.data.pairs import read_pairs
from metabam.data.sequence import codes_of
from metabam.data.synthetic import simulate
from metabam.data.views import canonical_columns, facts_of, kmer_view, truth_view
from metabam.data.worldfiles import read_truth
from metabam.errors import ConfigError, InputError
from metabam.learners.truth import line_prior
from metabam.records import PairFacts, PairWindows

SIDES = ("enhancer_chrom", "enhancer_start", "enhancer_end", "promoter_chrom", "promoter_start", "promoter_end")
HEADER = "\t".join([*SIDES, "label", "cell_line", "gene_id\n"])
ROWS = [
    "chr1\t100\t200\tchr1\t900\t1000\t1\tA\tG1",
    "chr1\t100\t200\tchr1\t300\t400\t0\tA\t",
    "chr1\t500\t600\tchr1\t700\t720\t0\tA\tG1",
    "chr2\t100\t200\tchr1\t900\t1000\t0\tA\tG1",
    "chr1\t100\t200\tchr1\t900\t1000\t0\tB\tG1",
]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text(HEADER + "\n".join(ROWS) + "\n")
    return read_pairs(path, role="training")[0]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted") / "world"
    simulate(folder, 5, training_lines=2, heldout_lines=1, pairs_per_line=101)
    return read_pairs(folder / "pairs.tsv", role="training")[0], read_truth(folder)


def test_facts_by_hand(table):
    facts = facts_of(table)
    assert facts.log10_distance[:3] == pytest.approx(np.log10([800, 200, 160]))
    assert np.isnan(facts.log10_distance[3])
    # promoter midpoints on chr1: 350, 710, 950; an end that is a promoter itself is not between
    assert facts.tss_between[:3].tolist() == [2, 0, 0]
    assert np.isnan(facts.tss_between[3])
    assert facts.gene[0] == facts.gene[2] == facts.gene[4]
    assert facts.gene[1] == facts.promoter[1]  # no gene_id: the promoter stands for it
    assert facts.enhancer[0] == facts.enhancer[1] != facts.enhancer[2]
    assert facts.take(np.array([2])).tss_between.tolist() == [0]


def test_promoters_of_another_table_can_count(table):
    assert facts_of(table.take(np.array([0]))).tss_between.tolist() == [0]
    assert facts_of(table.take(np.array([0])), promoters=table).tss_between.tolist() == [2]


def test_facts_survive_the_journey_as_features(table):
    facts = facts_of(table)
    view = facts.view()
    assert view.dtype == np.float32
    again = PairFacts.of_view(view)
    for name in ("gene", "enhancer", "promoter"):
        assert np.array_equal(getattr(again, name), getattr(facts, name))
        assert getattr(facts, name).max() > 2**24  # wider than one float32 column holds
    assert view[:3, -1] == pytest.approx(facts.log10_distance[:3])
    with pytest.raises(InputError, match="no pair facts"):
        PairFacts.of_view(view[:, 1:])


def test_canonical_columns_by_hand():
    # 2-mers: 16 words, 4 of them their own reverse complement (AT, CG, GC, TA), the other 12 in 6 columns
    column = canonical_columns(2)
    assert column.max() + 1 == 10
    word = {a + b: column[4 * i + j] for i, a in enumerate("ACGT") for j, b in enumerate("ACGT")}
    assert word["AA"] == word["TT"] != word["AC"]
    assert word["GT"] == word["AC"]
    assert canonical_columns(4).max() + 1 == 136


def test_kmer_shares_by_hand():
    windows = PairWindows(
        np.stack([codes_of("AAANTT"), codes_of("NNNNNN")]), codes_of("ACGT")[None],
        np.array([0, 1, 0]), np.array([0, 0, 0]), np.zeros(2, np.int64), np.zeros(1, np.int64),
    )  # fmt: skip
    view = kmer_view(windows, k=2)
    column = canonical_columns(2)
    assert view.shape == (3, 20)
    assert view[0, column[0]] == pytest.approx(1.0)  # AA, AA, TT: one column
    assert (view[1, :10] == 0).all()
    # AC, CG, GT: AC and GT share a column
    assert view[0, 10 + column[1]] ** 2 == pytest.approx(2 / 3)
    assert (view[:, 10:] ** 2).sum(axis=1) == pytest.approx(1.0)
    with pytest.raises(ConfigError, match="k = 9"):
        kmer_view(windows, k=9)


def test_truth_view_is_the_row_s_own_line(world):
    table, truth = world
    view = truth_view(truth, table)
    row = int(np.flatnonzero(table.cell_line == "train2")[3])
    pair = int(np.flatnonzero(truth.pair_id == table.pair_id[row])[0])
    assert expit(view[row, 0]) == pytest.approx(truth.probability[pair, truth.lines.index("train2")], rel=1e-5)
    assert view.shape == (len(table), 13)


def test_lines_of_the_law_have_the_world_s_spread_and_prevalence(world):
    truth = world[1]
    prior = line_prior(truth, 23, seed=0)
    assert prior.weights.shape == (23, 12)
    assert np.abs(np.sign(prior.weights)).all()
    wide = np.array([item.std() for item in np.log(truth.probability / (1 - truth.probability)).T])
    assert np.abs(prior.weights).max() < 3 * wide.max()
