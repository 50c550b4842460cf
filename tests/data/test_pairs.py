"""The pair-table reader: what it accepts, what it names, and that its fast paths equal its strict ones."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metabam.data.findings import Findings
from metabam.data.labels import VOCABULARIES, read_labels
from metabam.data.pairs import read_pairs, read_table, without_status_rows
from metabam.data.rows import pair_groups, read_coordinate, read_coordinates
from metabam.errors import InputError
from metabam.records import Severity

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine makes no test fail."""

HEADER = "chrom\tenhancer_start\tenhancer_end\tpromoter_start\tpromoter_end\tlabel\tcell_line\n"


def rows(n: int, *, line: str = "K562", first: int = 0) -> str:
    return "".join(
        f"chr1\t{1000 * i + 100}\t{1000 * i + 500}\t{1000 * i + 70_100}\t{1000 * i + 70_500}\t{i % 2}\t{line}\n"
        for i in range(first, first + n)
    )


def table(n: int) -> bytes:
    return (HEADER + rows(n)).encode()


def codes(report) -> list[str]:
    return [problem.code for problem in report.problems]


def test_clean_table_is_read_as_written():
    pairs, report = read_pairs(table(7), role="training")
    assert report.problems == ()
    assert (report.rows_read, report.rows_used) == (7, 7)
    assert pairs.enhancer_start.tolist() == [100, 1100, 2100, 3100, 4100, 5100, 6100]
    assert pairs.promoter_end.tolist()[-1] == 76_500
    assert pairs.label.tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert pairs.label.dtype == np.int8
    assert pairs.line.tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert set(pairs.cell_line) == {"K562"}
    assert pairs.enhancer_seq is None


def test_training_leaves_bad_rows_out_by_name():
    text = HEADER + rows(5) + "chr1\t9\t8\t70\t90\t1\tK562\n" + "chr1\tx\t80\t700\t900\t2\tK562\n" + rows(2, first=11)
    pairs, report = read_pairs(text.encode(), role="training")
    assert pairs.line.tolist() == [2, 3, 4, 5, 6, 9, 10]
    assert [(p.line, p.code, p.column) for p in report.problems] == [
        (7, "empty-interval", "enhancer_start"),
        (8, "bad-coordinate", "enhancer_start"),
        (8, "bad-label", "label"),
    ]
    assert (report.rows_read, report.rows_used) == (9, 7)
    assert all(problem.remedy for problem in report.problems)


def test_a_support_with_one_bad_row_is_refused_and_every_bad_row_is_listed():
    text = HEADER + rows(16) + "chr1\t9\t8\t70\t90\t1\tK562\n" + "chr1\t1\t80\t700\t900\tmaybe\tK562\n"
    with pytest.raises(InputError, match=r"(?s)line 18: enhancer_start.*line 19: label"):
        read_pairs(text.encode(), role="support")
    result = read_table(text.encode(), role="support")
    assert result.refused
    assert len(result.table) == 0
    assert result.report.rows_used == 0
    assert result.status.tolist() == ["ok"] * 16 + ["empty-interval", "bad-label"]
    assert result.rows[17][5] == "maybe"
    assert not result.usable.any()


def test_queries_keep_every_row_with_a_status():
    text = HEADER.replace("\tlabel", "").replace("\tcell_line", "")
    text += "".join(f"chr1\t{i * 10}\t{i * 10 + 5}\t{i * 10 + 700}\t{i * 10 + 800}\n" for i in range(5))
    text += "chr1\tx\t5\t6\t7\n" + "chr1\t1\t5\n"
    result = read_table(text.encode(), role="query")
    assert len(result.table) == 7
    assert result.status.tolist() == ["ok"] * 5 + ["bad-coordinate", "row-too-short"]
    assert (result.table.enhancer_start[5], result.table.enhancer_end[5]) == (-1, 5)
    assert (result.table.label == -1).all()
    assert len(without_status_rows(result)) == 5
    assert (result.report.rows_read, result.report.rows_used) == (7, 5)


def test_contexts_are_judged_apart():
    """The same pair: repeated within a context, contradicting within another, and free to differ across contexts."""
    head = HEADER.replace("cell_line", "cell_line\tassay")
    pair = "chr1\t10\t20\t30\t40"
    text = head
    text += f"{pair}\t1\tA\tx\n{pair}\t1\tA\tx\n"  # lines 2, 3: a repeat
    text += f"{pair}\t0\tA\ty\n"  # line 4: another assay, no contradiction
    text += f"{pair}\t0\tB\tx\n{pair}\t1\tB\tx\n{pair}\t0\tB\tx\n"  # lines 5, 6, 7: contradiction
    pairs, report = read_pairs(text.encode(), role="training")
    assert pairs.line.tolist() == [2, 4]
    assert [(p.line, p.code, str(p.severity)) for p in report.problems] == [
        (3, "duplicate-pair", "WARN"),
        (5, "contradiction", "REJ"),
        (6, "contradiction", "REJ"),
        (7, "contradiction", "REJ"),
    ]
    assert "line 6" in report.problems[1].message or "line 6, 7" in report.problems[1].message


def test_cell_line_is_needed_for_training_only():
    text = HEADER.replace("\tcell_line", "") + rows(16).replace("\tK562", "")
    with pytest.raises(InputError, match="cell_line"):
        read_pairs(text.encode(), role="training")
    support, report = read_pairs(text.encode(), role="support")
    assert len(support) == 16
    assert support.contexts() == [("", "")]
    assert report.problems == ()


def test_unknown_columns_and_two_chromosome_columns_are_kept():
    head = "enhancer_chrom\tenhancer_start\tenhancer_end\tpromoter_chrom\tpromoter_start\tpromoter_end\tlabel"
    text = f"{head}\tcell_line\tcolour\tscore\nchr1\t1\t2\tchr2\t3\t4\t1\tK562\tNA\t0.50\n"
    pairs, report = read_pairs(text.encode(), role="training")
    assert (pairs.enhancer_chrom[0], pairs.promoter_chrom[0]) == ("chr1", "chr2")
    assert {name: column.tolist() for name, column in pairs.extra.items()} == {"colour": ["NA"], "score": ["0.50"]}
    assert np.isnan(pairs.distance()).all()
    assert codes(report) == ["two-chromosomes"]


def test_base_one_subtracts_from_starts_only():
    zero, _ = read_pairs(table(5), role="training")
    one, report = read_pairs(table(5), role="training", base=1)
    assert (one.enhancer_start == zero.enhancer_start - 1).all()
    assert (one.promoter_start == zero.promoter_start - 1).all()
    assert (one.enhancer_end == zero.enhancer_end).all()
    assert codes(report) == ["base"]


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".tsv.gz", ".parquet"])
def test_formats_say_the_same(tmp_path: Path, suffix: str):
    expected, _ = read_pairs(table(11), role="training")
    path = tmp_path / f"pairs{suffix}"
    if suffix == ".parquet":
        import pandas as pd

        frame = pd.DataFrame([line.split("\t") for line in rows(11).splitlines()], columns=HEADER.split())
        for name in HEADER.split()[1:6]:
            frame[name] = frame[name].astype("int64")
        frame.to_parquet(path)
    elif suffix == ".tsv.gz":
        path.write_bytes(gzip.compress(table(5)) + gzip.compress(rows(6, first=5).encode()))  # two members
    else:
        path.write_bytes(table(11).replace(b"\t", b"," if suffix == ".csv" else b"\t"))
    pairs, report = read_pairs(path, role="training")
    assert report.problems == ()
    assert report.source == path.name
    for name in ("enhancer_chrom", "enhancer_start", "promoter_end", "label", "cell_line"):
        assert getattr(pairs, name).tolist() == getattr(expected, name).tolist()


def test_parquet_missing_values_and_fractions_are_named(tmp_path: Path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "chrom": ["1", "1", "NA"],
        "enhancer_start": [1.0, 1.5, 1.0],
        "enhancer_end": [5, 5, 5],
        "promoter_start": [7, 7, None],
        "promoter_end": [9, 9, 9],
        "label": [True, False, True],
        "cell_line": ["a", "a", "a"],
    }
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table(columns), path)
    pairs, report = read_pairs(path, role="training")
    assert pairs.enhancer_start.tolist() == [1]
    assert [(p.line, p.code) for p in report.problems if p.line] == [(3, "bad-coordinate"), (4, "empty-coordinate")]
    damaged = tmp_path / "d.parquet"
    damaged.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="bad-parquet"):
        read_pairs(damaged, role="training")


def test_packed_inputs_are_bounded(monkeypatch: pytest.MonkeyPatch):
    """A gzip bomb stops at the limit, in memory too; a support never unpacks."""
    import tracemalloc

    from metabam.data import limits, pairs

    small = limits.Limits("training table", 1 << 20, 1000, 64, packed=True)
    monkeypatch.setattr(pairs, "limits_of", lambda role, upload=False: small)
    bomb = gzip.compress(HEADER.encode() + b"\t" * (200 << 20))
    assert len(bomb) < 1 << 20
    tracemalloc.start()
    with pytest.raises(InputError, match="too-large"):
        read_pairs(bomb, role="training")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


# ------------------------------------------------------------------ fast paths equal strict paths

CELL = st.one_of(
    st.integers(0, 10**12).map(str),
    st.sampled_from(["", "-1", ".", "1.5", "1e6", "0x10", "1_000", "007", "１２", "٣", "1\u00a0", "+3", "9999999999"]),
    st.text(max_size=4),
)


@given(st.lists(CELL, max_size=11))
@settings(UNHURRIED, max_examples=300)
def test_coordinate_columns_equal_cell_by_cell(cells: list[str]):
    values, bad = read_coordinates(cells) if cells else (np.empty(0), [])
    strict = [read_coordinate(cell) for cell in cells]
    assert values.tolist() == [-1 if value is None else value for value in strict]
    assert bad == [row for row, value in enumerate(strict) if value is None]


@given(st.lists(st.integers(0, 10**10 - 1).map(str), min_size=1, max_size=13))
@settings(UNHURRIED)
def test_coordinate_fast_path_on_clean_columns(cells: list[str]):
    values, bad = read_coordinates(cells)
    assert values.tolist() == [int(cell) for cell in cells]
    assert bad == []


WORDS = [word for pair in VOCABULARIES.values() for word in pair] + ["TRUE", "Yes", "", "2", "0.7", "-1", "maybe"]


@given(st.lists(st.sampled_from(WORDS), max_size=13))
@settings(UNHURRIED)
def test_label_columns_equal_cell_by_cell(cells: list[str]):
    """A column reads as its cells read one by one, and the vocabularies partition the readable rows."""
    reading = read_labels(cells)
    assert reading.values.tolist() == [int(read_labels([cell]).values[0]) for cell in cells]
    named = sorted(row for rows_of in reading.vocabularies.values() for row in rows_of)
    assert named == [row for row, value in enumerate(reading.values) if value >= 0]
    assert sorted([*named, *reading.empty, *reading.unreadable]) == list(range(len(cells)))


ROW = st.tuples(
    st.sampled_from("12"), st.integers(0, 2), st.integers(0, 2), st.sampled_from("AB"), st.sampled_from("xy")
)


@given(st.lists(ROW, min_size=1, max_size=23))
@settings(UNHURRIED)
def test_pair_groups_equal_tuples(keys: list[tuple[str, int, int, str, str]]):
    """The vectorised grouping puts rows together exactly when their keys are equal tuples."""
    head = "chrom\tenhancer_start\tenhancer_end\tpromoter_start\tpromoter_end\tcell_line\tassay\n"
    text = head + "".join(f"{c}\t{e}\t{e + 1}\t{p + 50}\t{p + 51}\t{line}\t{a}\n" for c, e, p, line, a in keys)
    pairs = read_table(text.encode(), role="query").table
    groups = pair_groups(pairs)
    assert [[a == b for b in keys] for a in keys] == (groups[:, None] == groups[None, :]).tolist()


def test_many_warnings_become_one_line_with_their_count():
    findings = Findings(list(range(2, 1002)))
    findings.note(Severity.WARNING, "far-apart", range(1000), "far")
    assert [p.message for p in findings.sorted()] == ["1,000 rows: far (lines 2, 3, 4, 5, 6, ...)."]


def test_reading_the_same_bytes_twice_gives_the_same_table():
    text = HEADER + rows(5) + "chr1\t9\t8\t70\t90\t1\tK562\n"
    first, second = (read_table(text.encode(), role="training") for _ in range(2))
    assert first.report == second.report
    assert first.table.enhancer_start.tolist() == second.table.enhancer_start.tolist()


# ------------------------------------------------------------------ real tables

REAL = os.environ.get("METABAM_DATA")
real = pytest.mark.skipif(not REAL, reason="METABAM_DATA names no folder with the real tables")


@pytest.mark.real
@real
def test_real_table_contradicts_once_within_a_context_and_437_times_by_cell_line_alone():
    path = Path(REAL) / "mini_pairs.tsv.gz"
    pairs, report = read_pairs(path, role="training")
    assert report.rows_read == 24_683
    contradictions = [p for p in report.problems if p.code == "contradiction"]
    assert len(contradictions) == 2  # one pair, both rows named
    repeats = [p for p in report.problems if p.code == "duplicate-pair"]
    assert report.rows_used == len(pairs) == 24_683 - 2 - len(repeats)
    assert {p.line for p in contradictions}.isdisjoint(pairs.line.tolist())
    text = gzip.decompress(path.read_bytes()).decode().split("\n")
    column = text[0].split("\t").index("assay")
    no_assay = "\n".join("\t".join(c for i, c in enumerate(row.split("\t")) if i != column) for row in text)
    by_line = read_table(no_assay.encode(), role="training")
    groups = pair_groups(read_table(no_assay.encode(), role="query").table)
    bad = by_line.status == "contradiction"
    assert len(np.unique(groups[bad])) == 437


@pytest.mark.real
@real
@pytest.mark.parametrize("name", ["K562", "HCT116", "WTC11"])
def test_real_parquet_tables_are_read(name: str):
    pairs, report = read_pairs(Path(REAL) / "pairs" / f"{name}.parquet", role="training")
    assert report.rows_used == len(pairs)
    assert len(pairs) > 0.95 * report.rows_read
    assert set(pairs.cell_line) == {name}
    named = {p.line for p in report.problems if p.line is not None and p.code != "two-chromosomes"}
    assert report.rows_read - report.rows_used == len(named)
