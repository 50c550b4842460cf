"""Flows about queries and exports: one function per case, named as its id."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from metabam.data.digests import array_digest, query_digest
from metabam.data.exports import export_rows, row_chunks, table_columns
from metabam.data.limits import QUERY_UPLOAD
from metabam.data.overlap import compare_support_and_queries
from metabam.data.upload import read_queries, read_support
from metabam.metrics import auprc, auroc
from metabam.score import scores_text
from tests.faults.lab import Lab, bits, used
from tests.faults.tables import changed, clean, queries, records, with_column, write

FORMULAS = ['=cmd|" /C calc"!A0', "@SUM(1)", "+1", "\t=1", "-2+3", "'=1", "''quoted", "\uff1d1"]


def flow_q03_labels_change_nothing(lab: Lab) -> None:
    """Scores with labels, flipped labels, broken labels and none at all are the same bits."""
    fingerprint = lab.adapt(clean())
    labelled = records(23, first=40)
    versions = [labelled, [row | {"label": str(1 - int(row["label"]))} for row in labelled]]
    versions.append([row | {"label": "?"} for row in labelled])
    versions.append([{name: text for name, text in row.items() if name != "label"} for row in labelled])
    digests = {array_digest(lab.score(fingerprint, write(rows))["logit"].to_numpy()) for rows in versions}
    assert len(digests) == 1
    codes = {p.code for p in read_queries(write(versions[2]), "q.tsv").report.problems}
    assert codes == {"bad-label"}
    assert bits(lab.adapt(clean())) == bits(fingerprint)


def flow_q04_queries_equal_support(lab: Lab) -> None:
    """Queries that are the support, in any order, are called so."""
    support = used(read_support(clean(), "s.tsv"))
    asked = read_queries(write(records()[::-1]), "q.tsv").table
    overlap = compare_support_and_queries(support, asked)
    assert overlap.shared.all()
    assert [problem.code for problem in overlap.problems] == ["query-is-support"]
    assert compare_support_and_queries(support, read_queries(queries(), "q.tsv").table).problems == ()


def flow_q05_status_column(lab: Lab) -> None:
    """Every row comes back in its place: the unusable ones with their reason and without numbers."""
    bad = {4: {"enhancer_start": "x"}, 9: {"chrom": "chr9"}, 11: {"promoter_end": "1"}}
    data = changed(bad, n=100)
    result = read_queries(data, "q.tsv", lab.genome)
    scores = lab.score(lab.adapt(clean()), data)
    assert len(scores) == 100 == result.report.rows_read
    assert {i: s for i, s in enumerate(scores["status"]) if s != "ok"} == {
        4: "bad-coordinate",
        9: "unknown-contig",
        11: "empty-interval",
    }
    broken = scores["status"] != "ok"
    assert scores.loc[broken, ["probability", "logit"]].isna().all(axis=None)
    assert np.isfinite(scores.loc[~broken, "logit"]).all()
    whole = lab.score(lab.adapt(clean()), clean(100))
    assert np.allclose(whole.loc[~broken, "logit"], scores.loc[~broken, "logit"], rtol=0, atol=1e-6)


def flow_q06_ids_by_row(lab: Lab) -> None:
    """Ids may repeat: results are kept by row."""
    fingerprint = lab.adapt(clean())
    same = lab.score(fingerprint, with_column("pair_id", lambda i: "same"))
    own = lab.score(fingerprint, with_column("pair_id", lambda i: f"p{i}"))
    assert same["pair_id"].tolist() == ["same"] * 16
    assert own["pair_id"].tolist() == [f"p{i}" for i in range(16)]
    assert np.array_equal(same["logit"], own["logit"])
    assert len(set(own["logit"])) > 1


def flow_q07_not_adapted(lab: Lab) -> None:
    """Before adaptation the scores are the prior's, and a banner says so."""
    prior = lab.predictor.prior()
    assert prior.n_support == 0
    assert [problem.code for problem in lab.predictor.findings(prior)] == ["not-adapted"]
    assert "not-adapted" not in [problem.code for problem in lab.predictor.findings(lab.adapt(clean()))]
    scores = lab.score(prior, queries())
    assert np.isfinite(scores["logit"]).all()
    assert not np.array_equal(scores["logit"], lab.score(lab.adapt(clean()), queries())["logit"])


def flow_q08_chunks_at_the_limit(lab: Lab) -> None:
    """At the row limit every row is read; scoring goes in chunks, may stop between two, and chunks change no bit."""
    header = b"chrom\tenhancer_start\tenhancer_end\tpromoter_start\tpromoter_end\n"
    rows = b"".join(b"chr1\t%d\t%d\t150000\t150400\n" % (i, i + 400) for i in range(QUERY_UPLOAD.max_rows))
    result = read_queries(header + rows, "q.tsv")
    assert not result.refused
    assert (len(result.table), result.report.rows_used) == (100_000, 100_000)
    few = result.table.take(np.arange(53))
    fingerprint = lab.adapt(clean())
    seen: list[float] = []
    pieces = list(lab.predictor.score_chunks(fingerprint, few, None, seen.append, rows=7))
    assert [len(piece) for piece in pieces] == [7] * 7 + [4]
    assert seen == pytest.approx([min(7 * k, 53) / 53 for k in range(1, 9)])
    whole = lab.predictor.score(fingerprint, few)
    assert np.allclose(pd.concat(pieces)["logit"], whole["logit"], rtol=0, atol=1e-6)
    running = lab.predictor.score_chunks(fingerprint, few, None, seen.append, rows=7)
    next(running)
    running.close()  # cancelled after one chunk: no further work
    assert len(seen) == 8
    assert [part.stop - part.start for part in row_chunks(11, 5)] == [5, 5, 1]


def flow_q09_one_cell_of_50001_rows(lab: Lab) -> None:
    """Two tables of 50,001 rows that differ in one cell have different keys, wherever the cell is."""
    rows = "".join(f"chr1\t{i}\t{i + 400}\t150000\t150400\tp{i}\n" for i in range(50_001))
    header = "chrom\tenhancer_start\tenhancer_end\tpromoter_start\tpromoter_end\tpair_id\n"
    base = read_queries((header + rows).encode(), "q.tsv").table
    key = query_digest(base)
    assert query_digest(read_queries((header + rows).encode(), "other.tsv").table) == key
    rng = np.random.default_rng(5)
    for row in rng.integers(0, 50_001, 7).tolist():
        start = base.enhancer_start.copy()
        start[row] += 1
        assert query_digest(replace(base, enhancer_start=start)) != key
        ids = base.pair_id.copy()
        ids[row] = "other"
        assert query_digest(replace(base, pair_id=ids)) != key


def flow_q10_one_element_of_500k(lab: Lab) -> None:
    """Two arrays of 500,000 numbers that differ in one have different keys, also when only the last bit differs."""
    values = np.random.default_rng(0).standard_normal(500_009)
    key = array_digest(values)
    for place in (0, 250_007, 500_008):
        other = values.copy()
        other[place] = np.nextafter(other[place], np.inf)
        assert array_digest(other) != key
    assert array_digest(values.reshape(1, -1)) != key
    assert array_digest(values.copy()) == key


def flow_q11_one_class(lab: Lab) -> None:
    """With one class among the query labels AUROC is undefined, not 0 and not 0.5."""
    scores = lab.score(lab.adapt(clean()), queries())
    for label in (0, 1):
        assert auroc(np.full(23, label), scores["logit"].to_numpy()) is None
    assert auprc(np.zeros(23, dtype=int), scores["logit"].to_numpy()) is None
    half = np.arange(23) % 2
    assert 0.0 <= auroc(half, scores["logit"].to_numpy()) <= 1.0


def flow_s38_export_neutral(lab: Lab) -> None:
    """Formula cells are kept as text; in an export every text cell is harmless, numbers are untouched."""
    table = used(read_support(_formula_table(), "t.tsv"))
    extra = {"score": np.array([-0.5, 1e-300, np.pi, -1.0] * 4)}
    text = export_rows(table_columns(table) | extra).decode()
    bare = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True) for cell in row]
    assert [cell for cell in bare if cell and cell[0] in "=+@\t\r\uff1d\uff0b\uff0d\uff20"] == []
    assert {cell for cell in bare if cell.startswith("-")} == {"-0.5", "-1.0"}
    again = used(read_support(export_rows(table_columns(table)), "t.tsv"))
    assert again.gene_id.tolist() == table.gene_id.tolist()
    assert set(table.gene_id) == set(FORMULAS) - {"'=1"} | {
        "=1"
    }  # an apostrophe guard is taken off on import, and said


def _formula_table() -> bytes:
    return with_column("gene_id", lambda i: '"' + FORMULAS[i % len(FORMULAS)].replace('"', '""') + '"')


def flow_q12_export_reimport(lab: Lab) -> None:
    """Scores exported with their queries and read again: bit-equal, in order, formula cells neutral."""
    data = with_column("pair_id", lambda i: '"' + FORMULAS[i % 5].replace('"', '""') + '"', n=23)
    result = read_queries(data, "q.tsv", lab.genome)
    scores = lab.predictor.score(lab.adapt(clean()), result.table, status=result.status)
    numbers = {name: scores[name].to_numpy() for name in ("probability", "lower", "upper", "logit")}
    text = export_rows(table_columns(result.table) | numbers)
    again = read_queries(text, "scores.tsv", lab.genome)
    assert again.table.pair_id.tolist() == result.table.pair_id.tolist()
    assert query_digest(replace(again.table, extra={})) == query_digest(result.table)
    for name, values in numbers.items():
        back = np.array([float(cell) for cell in again.table.extra[name]])
        assert array_digest(back) == array_digest(values), name
    assert export_rows(table_columns(again.table)) == text
    lines = scores_text(scores).splitlines()
    assert len(lines) == 24
    assert not any(line.lstrip('"').startswith(("=", "+", "@", "\t")) for line in lines)
