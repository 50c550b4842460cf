"""Windows of elements: centred, exact, each distinct one read once; identities that hold across tables."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from metabam.data.elements import centred, element_identities, window_around, windows_of
from metabam.data.genome import Genome
from metabam.data.pairs import read_pairs
from metabam.data.sequence import codes_of, text_of
from metabam.errors import ConfigError, GenomeError, InputError
from metabam.records import PairTable, Severity

CHR1 = "ACGTACGTTTGCATGCCAGTAACCGGTTACGATCGATTACA"


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text(f">chr1\n{CHR1}\n>chr2\nCCCCCGGGGGTTTTT\n")
    with Genome(path, tmp_path / "indexes") as opened:
        yield opened


def pairs(*rows: tuple[str, int, int, str, int, int], **sequences: list[str]) -> PairTable:
    """Build a table from (enhancer chrom, start, end, promoter chrom, start, end) and optional sequences."""
    n = len(rows)
    text = np.full(n, "", dtype=object)
    number = np.array([[row[1], row[2], row[4], row[5]] for row in rows], dtype=np.int64).reshape(n, 4)
    return PairTable(
        pair_id=np.array([f"p{i}" for i in range(n)], dtype=object),
        enhancer_chrom=np.array([row[0] for row in rows], dtype=object),
        enhancer_start=number[:, 0],
        enhancer_end=number[:, 1],
        promoter_chrom=np.array([row[3] for row in rows], dtype=object),
        promoter_start=number[:, 2],
        promoter_end=number[:, 3],
        label=np.full(n, -1, dtype=np.int8),
        cell_line=text,
        assay=text,
        gene_id=text,
        line=np.arange(2, n + 2, dtype=np.int64),
        **{name: np.array(values, dtype=object) for name, values in sequences.items()},
    )


@pytest.mark.parametrize(
    ("start", "end", "length", "window"),
    [(10, 20, 4, (13, 17)), (10, 20, 10, (10, 20)), (10, 20, 16, (7, 23)), (10, 13, 2, (10, 12)), (0, 1, 7, (-3, 4))],
)
def test_window_around_by_hand(start, end, length, window):
    assert window_around(start, end, length) == window


@pytest.mark.parametrize(
    ("text", "length", "kept"),
    [
        ("ACGT", 4, "ACGT"),
        ("AACGTT", 2, "CG"),
        ("ACGTT", 2, "CG"),
        ("AC", 5, "NACNN"),
        ("ACG", 5, "NACGN"),
        ("", 3, "NNN"),
    ],
)
def test_centred_by_hand(text, length, kept):
    assert text_of(centred(codes_of(text), length)) == kept


def test_windows_come_from_the_genome_and_are_stored_once(genome):
    table = pairs(
        ("chr1", 10, 17, "chr2", 3, 8),
        ("chr1", 20, 31, "chr2", 3, 8),
        ("chr1", 10, 17, "chr2", 6, 11),
        ("chr1", 8, 19, "chr1", 10, 17),  # another element with the same centre: the same window
    )
    windows, problems = windows_of(table, genome, 7, 5)
    assert problems == ()
    assert len(windows) == 4
    assert windows.enhancers.dtype == np.uint8
    assert windows.enhancers.shape == (2, 7)
    assert windows.promoters.shape == (3, 5)
    read = [text_of(windows.enhancers[i]) for i in windows.enhancer_index]
    assert read == [CHR1[10:17], CHR1[22:29], CHR1[10:17], CHR1[10:17]]
    read = [text_of(windows.promoters[i]) for i in windows.promoter_index]
    assert read == ["CCGGG", "CCGGG", "GGGGT"[:2] + "GGT", CHR1[11:16]]
    assert windows.enhancer_padding.tolist() == [0, 0]
    assert windows.promoter_padding.tolist() == [0, 0, 0]


def test_every_window_equals_one_fetch(genome):
    rng = np.random.default_rng(11)
    rows = []
    for _ in range(53):
        chrom = str(rng.choice(["chr1", "chr2"]))
        a, b = np.sort(rng.choice(15, 2, replace=False)).tolist()
        c, d = np.sort(rng.choice(15, 2, replace=False)).tolist()
        rows.append((chrom, a, b, "chr2", c, d))
    windows, _ = windows_of(pairs(*rows), genome, 13, 11)
    for number, (chrom, a, b, other, c, d) in enumerate(rows):
        e, p = windows.enhancer_index[number], windows.promoter_index[number]
        assert text_of(windows.enhancers[e]) == genome.fetch(chrom, *window_around(a, b, 13))
        assert text_of(windows.promoters[p]) == genome.fetch(other, *window_around(c, d, 11))
        assert windows.enhancer_padding[e] == genome.padding(chrom, *window_around(a, b, 13))
    assert len(np.unique(windows.enhancers, axis=0)) <= len(windows.enhancers) < 53


def test_padding_is_counted_and_warned_of_once_a_side(genome):
    table = pairs(*[("chr2", i, i + 3, "chr1", 10, 13) for i in (0, 1, 13, 5, 1, 12, 12)])
    windows, problems = windows_of(table, genome, 7, 3)
    assert windows.enhancer_padding[windows.enhancer_index].tolist() == [2, 1, 3, 0, 1, 2, 2]
    assert [text_of(windows.enhancers[windows.enhancer_index[i]]) for i in (0, 2)] == ["NNCCCCC", "TTTTNNN"]
    (problem,) = problems
    assert (problem.code, problem.severity, problem.line, problem.column) == (
        "window-padded", Severity.WARNING, 2, "enhancer",
    )  # fmt: skip
    assert problem.message.startswith("6 enhancer 7-bp windows")
    assert "(lines 2, 3, 4, 6, 7, ...)" in problem.message


def test_own_sequences_are_used_and_centred():
    table = pairs(
        *[("", -1, -1, "", -1, -1)] * 3,
        enhancer_seq=["AACGTTT", "CG", "AACGTTT"],
        promoter_seq=["TTTTT", "GATTACAGATTACA", "TTTTT"],
    )
    windows, problems = windows_of(table, None, 3, 5)
    assert windows.enhancer_index.tolist() == [0, 1, 0]
    assert [text_of(row) for row in windows.enhancers] == ["CGT", "CGN"]
    assert [text_of(row) for row in windows.promoters] == ["TTTTT", "ACAGA"]
    assert windows.enhancer_padding.tolist() == [0, 1]
    found = [(problem.code, problem.column, problem.line) for problem in problems]
    assert found == [
        ("sequence-padded", "enhancer", 3), ("sequence-cropped", "enhancer", 2), ("sequence-cropped", "promoter", 3),
    ]  # fmt: skip


def test_rows_with_and_without_sequences_mix(genome):
    table = pairs(
        ("chr1", 10, 17, "chr2", 3, 8),
        ("chr1", 10, 17, "chr2", 3, 8),
        enhancer_seq=["", "TTTTTTT"],
        promoter_seq=["CCCCC", ""],
    )
    windows, problems = windows_of(table, genome, 7, 5)
    assert [text_of(windows.enhancers[i]) for i in windows.enhancer_index] == [CHR1[10:17], "TTTTTTT"]
    assert [text_of(windows.promoters[i]) for i in windows.promoter_index] == ["CCCCC", "CCGGG"]
    assert problems == ()


def test_no_rows_give_no_windows(genome):
    windows, problems = windows_of(pairs(), genome, 7, 5)
    assert (len(windows), windows.enhancers.shape, windows.promoters.shape, problems) == (0, (0, 7), (0, 5), ())


@pytest.mark.parametrize(
    ("table", "with_genome", "lengths", "error", "code"),
    [
        (pairs(("chr1", 1, 5, "chr1", 7, 9)), False, (7, 5), InputError, "genome-missing"),
        (pairs(("chr9", 1, 5, "chr1", 7, 9)), True, (7, 5), GenomeError, "contig-missing"),
        (pairs(("chr1", 1, 5, "chr1", 7, 9)), True, (0, 5), ConfigError, "window-length"),
    ],
    ids=["no-genome", "no-contig", "no-length"],
)
def test_what_cannot_be_read_is_refused(genome, table, with_genome, lengths, error, code):
    with pytest.raises(error) as caught:
        windows_of(table, genome if with_genome else None, *lengths)
    assert caught.value.code == code


def test_identities_hold_across_tables_and_sides():
    one = pairs(("chr1", 1, 5, "chr1", 7, 9), ("chr1", 1, 6, "chr2", 1, 5), ("chr1", 1, 5, "chr1", 1, 5))
    other = pairs(("chr2", 1, 5, "chr1", 7, 9))
    enhancer, promoter = element_identities(one)
    assert enhancer.dtype == np.int64
    assert enhancer[0] == enhancer[2] == promoter[2]
    assert len({*enhancer.tolist(), *promoter.tolist()}) == 4
    again, also = element_identities(other)
    assert again[0] == promoter[1]
    assert also[0] == promoter[0]
    assert (enhancer >= 0).all()


def test_identities_of_rows_without_coordinates_go_by_sequence():
    table = pairs(*[("", -1, -1, "", -1, -1)] * 3, enhancer_seq=["ACG", "ACT", "ACG"], promoter_seq=["T", "T", "G"])
    enhancer, promoter = element_identities(table)
    assert enhancer[0] == enhancer[2] != enhancer[1]
    assert promoter[0] == promoter[1] != promoter[2]


@pytest.mark.real
def test_real_pairs_have_windows_of_known_bases(tmp_path):
    folder = os.environ.get("METABAM_DATA")
    if not folder:
        pytest.skip("METABAM_DATA is not set: no real data on this machine")
    with Genome(Path(folder) / "hg19_regions.fa", tmp_path) as genome:
        table, _ = read_pairs(Path(folder) / "mini_pairs.tsv.gz", role="training", genome=genome)
        windows, problems = windows_of(table, genome, 1_000, 1_000)
        assert problems == ()
        assert len(windows) == len(table) > 20_000
        assert (windows.enhancers == 4).mean() < 0.01
        assert (windows.promoters == 4).mean() < 0.01
