"""What pyfaidx does on its own: the behaviours that Genome guards against, and the two that it relies on.

A changed library turns one of these red, not a user's result.
"""

from __future__ import annotations

import os

import pyfaidx
import pytest

FAI = "chr1\t16\t12\t7\t8\nchr2\t5\t37\t5\t6\n"


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(">chr1 first\nACGTACG\nTTTTTTT\nGA\n>chr2\nCCCCC\n")
    return path


def reader(path, index):
    return pyfaidx.Faidx(str(path), indexname=str(index), as_raw=True, build_index=False)


def test_windows_past_the_end_are_short(fasta):
    with pyfaidx.Fasta(str(fasta), as_raw=True) as opened:
        assert opened["chr2"][3:9] == "CC"
        assert opened["chr2"][-3:2] == ""


def test_a_stale_index_gives_other_text(fasta, tmp_path):
    index = tmp_path / "stale.fai"
    index.write_text(FAI)
    fasta.write_text(fasta.read_text().replace(">chr1 first", ">chr1 a longer description"))
    os.utime(fasta, (1, 1))
    found = reader(fasta, index)
    assert found.fetch("chr1", 1, 7) not in ("ACGTACG", "")
    found.close()


@pytest.mark.parametrize("content", [">a\nMKVLEF\n", ">a\nAC\0GT\n"], ids=["protein", "nul"])
def test_what_is_no_dna_is_accepted(tmp_path, content):
    path = tmp_path / "x.fa"
    path.write_text(content)
    with pyfaidx.Fasta(str(path), as_raw=True) as opened:
        assert opened["a"][0:2] == content[3:5]


def test_an_index_is_written_beside_the_file_unless_told_otherwise(fasta):
    pyfaidx.Fasta(str(fasta)).close()
    assert fasta.with_name("genome.fa.fai").exists()


def test_a_given_index_is_used_and_nothing_is_written(fasta, tmp_path):
    index = tmp_path / "private" / "x.fai"
    index.parent.mkdir()
    index.write_text(FAI)
    os.utime(index, (1, 1))  # older than the FASTA: neither rebuilt nor warned of
    found = reader(fasta, index)
    assert found.fetch("chr1", 6, 9) == "CGTT"
    found.close()
    assert index.read_text() == FAI
    assert not fasta.with_name("genome.fa.fai").exists()


def test_coordinates_of_fetch_begin_at_one_and_include_the_end(fasta, tmp_path):
    index = tmp_path / "x.fai"
    index.write_text(FAI)
    found = reader(fasta, index)
    assert found.fetch("chr1", 1, 3) == "ACG"
    found.close()
