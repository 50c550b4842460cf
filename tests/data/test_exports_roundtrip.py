"""Exported pair tables come back as they were."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from metabam.data.exports import export_rows, table_columns
from metabam.data.pairs import read_table
from metabam.records import PairTable


def text(*values: str) -> np.ndarray:
    return np.array(values, dtype=object)


def number(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@pytest.fixture
def table() -> PairTable:
    return PairTable(
        pair_id=text("=cmd()", "b", "-0.5"),
        enhancer_chrom=text("chr1", "chr1", "NA"),
        enhancer_start=number(100, 700, 1300),
        enhancer_end=number(500, 1100, 1700),
        promoter_chrom=text("chr1", "chr1", "NA"),
        promoter_start=number(5000, 5000, 9000),
        promoter_end=number(5400, 5400, 9400),
        label=np.array([1, 0, 1], dtype=np.int8),
        cell_line=text("K562", "K562", "@odd, line"),
        assay=text("HiC", "HiC", "HiC"),
        gene_id=text("", "", ""),
        line=number(2, 3, 4),
        extra={"note": text("+1", "tab\tinside", 'quote " inside')},
    )


def assert_equal(found: PairTable, wanted: PairTable) -> None:
    for item in fields(PairTable):
        one, other = getattr(found, item.name), getattr(wanted, item.name)
        if item.name == "extra":
            assert {name: column.tolist() for name, column in one.items()} == {
                name: column.tolist() for name, column in other.items()
            }
        elif other is None:
            assert one is None
        else:
            assert one.tolist() == other.tolist(), item.name


def test_round_trip_is_exact(table):
    result = read_table(export_rows(table_columns(table)), role="training", name="pairs.tsv")
    assert not result.refused
    assert_equal(result.table, table)


def test_two_chromosome_columns_where_they_differ(table):
    apart = replace(table, promoter_chrom=text("chr2", "chr1", "NA"))
    written = export_rows(table_columns(apart)).decode()
    assert {"enhancer_chrom", "promoter_chrom"} < set(written.splitlines()[0].split("\t"))
    assert_equal(read_table(written.encode(), role="training", name="pairs.tsv").table, apart)


def test_queries_without_labels_have_no_label_column(table):
    bare = replace(table, label=np.full(3, -1, dtype=np.int8))
    written = export_rows(table_columns(bare)).decode()
    assert "label" not in written.splitlines()[0].split("\t")
    assert_equal(read_table(written.encode(), role="query", name="pairs.tsv").table, bare)
