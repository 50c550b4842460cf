"""Uploads: properties of the reader, mutated bytes, reports, exports and keys."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metabam.data.digests import query_digest, support_digest
from metabam.data.exports import export_rows, row_chunks, table_columns
from metabam.data.findings import USABLE
from metabam.data.guard import guard, unguard
from metabam.data.overlap import pair_keys
from metabam.data.pairs import read_table
from metabam.data.refusal import shown, shown_name
from metabam.data.upload import check, check_table, read_queries, read_support, report_as_dict, report_as_text
from metabam.errors import InputError, MetaBamError

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine makes no test fail."""

# ------------------------------------------------------------------ structured tables

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=7).map(lambda text: text.strip(" "))
NAME = st.text(st.sampled_from("aKZ019=+-@._|'\"\t,;"), min_size=1, max_size=5).filter(lambda text: text != ".")
PAIR = st.fixed_dictionaries(
    {
        "pair_id": TEXT,
        "chrom": NAME,
        "enhancer_start": st.integers(0, 10**9),
        "width": st.integers(1, 10**6),
        "gap": st.integers(1, 10**6),
        "label": st.sampled_from([0, 1]),
        "cell_line": NAME,
        "gene_id": TEXT,
        "note": TEXT,
    }
)


def as_bytes(rows: list[dict], separator: str) -> bytes:
    """Write rows with this project's exporter (guards and quotes included)."""
    columns: dict[str, list] = {"pair_id": [row["pair_id"] for row in rows], "chrom": [row["chrom"] for row in rows]}
    columns["enhancer_start"] = [row["enhancer_start"] for row in rows]
    columns["enhancer_end"] = [row["enhancer_start"] + row["width"] for row in rows]
    columns["promoter_start"] = [row["enhancer_start"] + row["width"] + row["gap"] for row in rows]
    columns["promoter_end"] = [start + 1 for start in columns["promoter_start"]]
    columns |= {name: [row[name] for row in rows] for name in ("label", "cell_line", "gene_id", "note")}
    return export_rows(columns, separator=separator)


@given(st.lists(PAIR, min_size=1, max_size=13), st.sampled_from("\t,;"))
@settings(UNHURRIED, max_examples=200)
def test_round_trip_export_import(rows: list[dict], separator: str):
    """What was written is what is read, every character of every text; and writing it again gives the same bytes."""
    data = as_bytes(rows, separator)
    result = read_table(data, role="query", name="t")
    assert not result.refused, [str(problem) for problem in result.report.problems]
    table = result.table
    for name in ("pair_id", "cell_line", "gene_id"):
        assert getattr(table, name).tolist() == [row[name] for row in rows]
    assert table.extra["note"].tolist() == [row["note"] for row in rows]
    assert table.enhancer_chrom.tolist() == [row["chrom"] for row in rows]
    assert table.enhancer_start.tolist() == [row["enhancer_start"] for row in rows]
    assert table.label.tolist() == [row["label"] for row in rows]
    odd = {"=col": table.extra["note"], "-3": table.extra["note"]}
    again = read_table(export_rows(table_columns(replace(table, extra=odd), keep_empty=True)), role="query").table
    assert query_digest(again) == query_digest(replace(table, extra=odd))


@given(st.lists(PAIR, min_size=4, max_size=11), st.randoms(use_true_random=False))
@settings(UNHURRIED, max_examples=100)
def test_row_order_moves_rows_and_nothing_else(rows: list[dict], rng: random.Random):
    order = list(range(len(rows)))
    rng.shuffle(order)
    one = read_table(as_bytes(rows, "\t"), role="query")
    other = read_table(as_bytes([rows[i] for i in order], "\t"), role="query")
    assert support_digest(one.table) == support_digest(other.table)
    assert pair_keys(other.table).tolist() == pair_keys(one.table)[order].tolist()
    assert other.status.tolist() == one.status[order].tolist()
    codes = [sorted((p.code, str(p.severity)) for p in result.report.problems) for result in (one, other)]
    assert codes[0] == codes[1]


@given(st.lists(PAIR, min_size=1, max_size=7), st.randoms(use_true_random=False))
@settings(UNHURRIED, max_examples=100)
def test_column_order_changes_nothing_but_extra_order(rows: list[dict], rng: random.Random):
    columns = table_columns(read_table(as_bytes(rows, "\t"), role="query").table, keep_empty=True)
    names = list(columns)
    rng.shuffle(names)
    one = read_table(export_rows(columns), role="query").table
    other = read_table(export_rows({name: columns[name] for name in names}), role="query").table
    assert query_digest(one) == query_digest(other)


@given(st.text(st.characters(codec="utf-8"), max_size=9))
@settings(UNHURRIED, max_examples=500)
def test_guard_and_unguard_are_inverse(text: str):
    assert unguard(guard(text)) == text
    first = guard(text)[:1]
    assert first not in set("=+@\t\r\n\uff1d\uff0b\uff0d\uff20")
    if guard(text).startswith("-"):
        assert np.isfinite(float(text)) or "e" in text.casefold()


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=7))
@settings(UNHURRIED)
def test_numbers_come_back_to_the_bit(values: list[float]):
    lines = export_rows({"a": np.array(values), "b": ["x"] * len(values)}).decode().splitlines()[1:]
    back = np.array([float(line.split("\t")[0]) for line in lines])
    assert back.tobytes() == np.array(values).tobytes()


# ------------------------------------------------------------------ bytes gone wrong

SEEDS = 2_000
NIGHTLY = 200_000


def original(rng: random.Random) -> bytes:
    """Return one of several good inputs to damage."""
    count = rng.choice([4, 16, 17])
    rows = [
        {"pair_id": f"p{i}", "chrom": "chr1", "enhancer_start": 1000 * i, "width": 400, "gap": 90_000, "label": i % 2}
        | {"cell_line": "K562", "gene_id": rng.choice(["=x", "NA", "g"]), "note": rng.choice(['a "b"', "é", ""])}
        for i in range(count)
    ]
    data = as_bytes(rows, rng.choice("\t,;"))
    if rng.random() < 0.2:
        data = b"".join(
            b"chr1\t%d\t%d\tchr1\t%d\t%d\tp\t%d\t.\t.\n" % (i * 99, i * 99 + 9, i * 99 + 500, i * 99 + 600, i % 2)
            for i in range(count)
        )
    return rng.choice([data, data, data, b"\xef\xbb\xbf" + data, data.decode().encode("utf-16")])


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Return the input after one to four edits: a bit, a splice, a number, a delimiter, a cut, a repeat."""
    text = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(text) + 1)
        kind = rng.randrange(7)
        if kind == 0 and text:
            text[place % len(text)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            other = rng.randrange(len(text) + 1)
            text[place:place] = text[other : other + rng.randrange(40)]
        elif kind == 2:
            text[place:place] = rng.choice([b"-1", b"1e9", b"99999999999", b"0", b"\xc2\xa0", b"\xef\xbc\x91"])
        elif kind == 3:
            text[place : place + 1] = rng.choice([b"\t", b",", b";", b"\n", b"\r", b'"', b"\x00", b" ", b"'", b"#"])
        elif kind == 4:
            del text[place : place + rng.randrange(1, 60)]
        elif kind == 5:
            del text[place:]
        else:
            text[place:place] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 9)))
    return bytes(text)


def survive(seed: int) -> None:
    """Damage one input and hold the reader to its promises, in all three roles."""
    rng = random.Random(seed)
    data = damaged(original(rng), rng)
    for role, upload in (("support", True), ("query", True), ("training", False)):
        try:
            result = read_table(data, role=role, upload=upload)
        except MetaBamError as error:
            raise AssertionError(f"{error.code} was raised where a report is due (seed {seed})") from error
        report, usable = result.report, result.status == USABLE
        assert len(result.status) == report.rows_read, seed
        assert report.rows_used == (0 if result.refused else int(usable.sum())), seed
        assert len(result.table) == (0 if result.refused else len(usable) if role == "query" else usable.sum()), seed
        if role == "support":
            assert result.refused == report.rejected, seed
        used = result.table if role != "query" else result.table.take(result.usable)
        assert (used.enhancer_start >= 0).all(), seed
        assert (used.enhancer_start < used.enhancer_end).all(), seed
        assert (used.promoter_start < used.promoter_end).all(), seed
        assert role == "query" or np.isin(used.label, (0, 1)).all(), seed
        assert all(str(problem).isprintable() for problem in report.problems), seed
        json.dumps(report_as_dict(report), allow_nan=False).encode("ascii")


FOUND = (18_338,)
"""Seeds that once broke a promise: 18,338 put a tab of a column's name into a message."""


def test_damaged_bytes_raise_nothing():
    for seed in (*FOUND, *range(SEEDS)):
        survive(seed)


@pytest.mark.nightly
def test_many_damaged_bytes_raise_nothing():
    for seed in range(SEEDS, SEEDS + int(os.environ.get("METABAM_MUTATIONS", NIGHTLY))):
        survive(seed)


@given(st.binary(max_size=300))
@settings(UNHURRIED, max_examples=300)
def test_any_bytes_are_judged(data: bytes):
    for result in (read_support(data, "x"), read_queries(data, "x")):
        assert result.refused or len(result.table)


@given(
    st.lists(st.lists(st.sampled_from(["chrom", "label", "1", "0", "", "#", '"', "chr1", "é"]), max_size=9), max_size=7)
)
@settings(UNHURRIED, max_examples=300)
def test_any_grid_is_judged(grid: list[list[str]]):
    data = "\n".join("\t".join(row) for row in grid).encode()
    for role in ("training", "support", "query"):
        result = read_table(data, role=role)
        assert result.refused or len(result.table)


# ------------------------------------------------------------------ reports, names, checks

HEADER = "chrom\tenhancer_start\tenhancer_end\tpromoter_start\tpromoter_end\tlabel"


def support(n: int = 16) -> str:
    rows = [f"chr1\t{i * 1000}\t{i * 1000 + 400}\t{i * 1000 + 70000}\t{i * 1000 + 70400}\t{i % 2}" for i in range(n)]
    return "\n".join([HEADER, *rows]) + "\n"


def test_check_guesses_the_role(tmp_path: Path):
    path = tmp_path / "t.tsv"
    path.write_text(support())
    assert check(path).report.rows_used == 16
    assert check_table(path).rejected is False
    path.write_text(support().replace("\tlabel", "\tcolour"))
    assert check(path).table.label.tolist() == [-1] * 16  # queries
    path.write_text(support(65))
    assert [p.code for p in check_table(path).problems] == ["missing-columns"]  # training needs cell_line
    with pytest.raises(InputError, match="absent"):
        check_table(tmp_path / "absent.tsv")


def test_report_as_dict_and_text():
    report = read_support(support().replace("\t400\t", "\tx\t").encode(), "a.tsv").report
    told = report_as_dict(report)
    assert told["counts"] == {"REJ": 1}
    assert (told["rows_read"], told["rows_used"], told["rejected"]) == (16, 0, True)
    assert told["problems"][0]["line"] == 2
    assert told["problems"][0]["column"] == "enhancer_end"
    text = report_as_text(report)
    assert text.splitlines()[-1] == "a.tsv: 0 of 16 rows usable; 1 REJ."
    assert "[bad-coordinate]" in text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../x.csv", "x.csv"),
        ("C:\\x.csv", "x.csv"),
        ("\\\\host\\s", "s"),
        ("a\x00b.csv", "a<U+0000>b.csv"),
        ("a\u202evsc.exe", "a<U+202E>vsc.exe"),
        ("", "unnamed input"),
        ("dir/", "unnamed input"),
        ("n" * 4096, "n" * 60 + "..."),
    ],
)
def test_names_are_shown_never_used(name: str, expected: str):
    assert shown_name(name) == expected
    assert read_support(b"", name).report.source == expected


def test_shown_keeps_markup_and_cuts():
    assert shown("<b>") == "<b>"
    assert shown("x" * 61) == "x" * 60 + "..."


def test_export_refuses_what_no_table_can_carry():
    with pytest.raises(InputError, match="export-shape"):
        export_rows({"a": [1], "b": [1, 2]})
    with pytest.raises(InputError, match="export-text"):
        export_rows({"a": ["\x00"]})
    with pytest.raises(InputError, match="export-text"):
        export_rows({"a": ["\ud800"]})
    with pytest.raises(InputError, match="chunk-size"):
        list(row_chunks(3, 0))


def test_one_wrong_cell_in_each_column_is_named_in_that_column():
    head = f"{HEADER}\tcell_line\tassay\tenhancer_seq\tpromoter_seq"
    good = ["chr1", "100", "500", "7000", "7400", "1", "K562", "HiC", "ACGT" * 100, "TGCA" * 100]
    bad = [".", "a", "5.0", "-7", "", "3", "", "H\u200b", "XX", "ACGU" * 20]
    lines = [head]
    for column, cell in enumerate(bad):
        row = [*good[:1], str(1000 * column + 1), str(1000 * column + 400), *good[3:]]
        row[column] = cell
        lines.append("\t".join(row))
    result = read_table("\n".join(lines).encode(), role="training")
    named = {(p.line, p.column) for p in result.report.problems if p.line is not None and str(p.severity) == "REJ"}
    assert {(row + 2, name) for row, name in enumerate(head.split("\t"))} <= named
    assert len(result.table) == 0
