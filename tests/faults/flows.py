"""The cases that need more than one read: a model, two tables, an export. One function per case, named as its id.

Each takes a :class:`Lab`: the small genome, and a predictor around a really trained, tiny Meta-BAM.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metabam.data.digests import array_digest, query_digest, support_digest
from metabam.data.elements import windows_of
from metabam.data.exports import export_rows, row_chunks, table_columns
from metabam.data.genome import Genome
from metabam.data.limits import QUERY_UPLOAD
from metabam.data.loci import check_orientation
from metabam.data.overlap import compare_support_and_queries, label_inversion, seen_in_training, training_keys
from metabam.data.pairs import ReadResult
from metabam.data.upload import first_pair, read_queries, read_support
from metabam.metrics import auprc, auroc
from metabam.records import Fingerprint, PairTable, Prediction
from metabam.score import Predictor, scores_text
from tests.faults import tables
from tests.faults.tables import changed, clean, queries, records, with_column, with_sequences, write

FORMULAS = ['=cmd|" /C calc"!A0', "@SUM(1)", "+1", "\t=1", "-2+3", "'=1", "''quoted", "\uff1d1"]


@dataclass(frozen=True)
class Lab:
    """What a flow works with."""

    genome: Genome
    predictor: Predictor
    folder: Path

    def adapt(self, data: bytes, name: str = "support.tsv") -> Fingerprint:
        """Return the fingerprint of an uploaded support."""
        return self.predictor.adapt(used(read_support(data, name, self.genome)))

    def score(self, fingerprint: Fingerprint, data: bytes) -> pd.DataFrame:
        """Return the scores of uploaded queries."""
        result = read_queries(data, "queries.tsv", self.genome)
        return self.predictor.score(fingerprint, result.table, status=result.status)


def used(result: ReadResult) -> PairTable:
    """Return the table of an input that must have been accepted."""
    assert not result.refused, [str(problem) for problem in result.report.problems]
    return result.table


def bits(fingerprint: Fingerprint) -> list[str]:
    """Return digests of every array of a fingerprint."""
    arrays = (fingerprint.mean, fingerprint.std, fingerprint.spectrum, fingerprint.evidence_mean)
    return [array_digest(array) for array in (*arrays, fingerprint.evidence_cov)]


def assert_close(one: Fingerprint, other: Fingerprint) -> None:
    """S50: equal to 1e-6."""
    for name in ("mean", "std", "spectrum", "evidence_mean", "evidence_cov"):
        assert np.allclose(getattr(one, name), getattr(other, name), rtol=0, atol=1e-6), name


# ------------------------------------------------------------------ windows and places


def flow_s28_window_across_end(lab: Lab) -> None:
    """A window over both ends of a contig has its exact length, N outside, counted and said."""
    edge = {"chrom": "chr2", "enhancer_start": "0", "enhancer_end": "100", "promoter_start": "46900"}
    table = used(read_support(changed({3: edge | {"promoter_end": "47000"}}), "t.tsv", lab.genome))
    windows, problems = windows_of(table, lab.genome, 401, 307)
    assert windows.enhancers.shape[1] == 401
    assert windows.promoters.shape[1] == 307
    row = windows.enhancers[windows.enhancer_index[3]]
    outside = int(windows.enhancer_padding[windows.enhancer_index[3]])
    assert outside == int((row == 4).sum()) == 150  # centre 50, 200 bp to its left
    assert int(windows.promoter_padding[windows.promoter_index[3]]) == 104  # centre 46950, 154 to its right
    assert [(problem.code, problem.line) for problem in problems] == [("window-padded", 5), ("window-padded", 5)]


def flow_s29_first_pair_shown(lab: Lab) -> None:
    """The first pair's bases are shown, and follow the base that was chosen."""
    zero = first_pair(read_support(clean(), "t.tsv"), lab.genome)
    one = first_pair(read_support(clean(), "t.tsv", base=1), lab.genome)
    assert zero["enhancer"] == f"chr1:1000-1400 {tables.bases('chr1', 1000, 1020)}"
    assert one["promoter"] == f"chr1:100999-101400 {tables.bases('chr1', 100_999, 101_019)}"
    assert first_pair(read_support(b"", "t.tsv"), lab.genome) == {}


def flow_s32_swapped_elements(lab: Lab) -> None:
    """Without a list of start sites the mapping is shown; with one, swapped columns are a warning."""
    names = [*tables.COLUMNS]
    swapped = [names[0], *names[3:5], *names[1:3], *names[5:]]
    result = read_support(write(records(), header=swapped), "t.tsv")
    assert result.mapping["promoter_start"] == "promoter_start"
    assert list(result.header) == swapped
    sites = {"chr1": [int(row["promoter_start"]) + 50 for row in records()], "chr2": [5]}
    problem = check_orientation(result.table, sites)
    assert problem is not None
    assert (problem.code, str(problem.severity)) == ("swapped-elements", "WARN")
    assert "16 enhancers but 0 promoters" in problem.message
    assert check_orientation(used(read_support(clean(), "t.tsv")), sites) is None


def _windowed(lab: Lab, change: Callable[[str], str]) -> tuple[np.ndarray, list[str]]:
    table = used(read_support(with_sequences(change), "t.tsv"))
    windows, problems = windows_of(table, lab.genome, 400, 400)
    return windows.enhancers[windows.enhancer_index[3]], [problem.code for problem in problems]


def flow_s35_shorter_than_window(lab: Lab) -> None:
    """A short sequence is centred between N, with a warning."""
    row, codes = _windowed(lab, lambda text: text[50:350])
    assert codes == ["sequence-padded"]
    whole, none = _windowed(lab, str)
    assert none == []
    assert (row[50:350] == whole[50:350]).all()
    assert (row[:50] == 4).all()
    assert (row[350:] == 4).all()


def flow_s35_longer_than_window(lab: Lab) -> None:
    """A long sequence keeps its centre, with a warning."""
    row, codes = _windowed(lab, lambda text: "A" * 31 + text + "C" * 31)
    assert codes == ["sequence-cropped"]
    assert (row == _windowed(lab, str)[0]).all()


def flow_s37_other_build(lab: Lab) -> None:
    """A genome known by its chromosome lengths refuses rows tagged with another build, by name."""
    path = lab.folder / "chr22.fa"
    path.write_bytes(b">chr22\n" + b"ACGTTGCA" * (50_818_468 // 8) + b"ACGT\n")  # the length of hg38's chromosome 22
    rows = [row | {"chrom": "chr22", "genome_build": "GRCh37" if i == 4 else "hg38"} for i, row in enumerate(records())]
    with Genome(path, index_dir=lab.folder / "index") as genome:
        result = read_support(write(rows), "t.tsv", genome)
        assert result.refused
        named = [(p.code, p.line) for p in result.report.problems if str(p.severity) == "REJ"]
        assert named == [("other-build", 6)]
        rows[4]["genome_build"] = "GRCh38"
        assert not read_support(write(rows), "t.tsv", genome).refused
        refseq = [row | {"chrom": "NC_000022.10"} for row in rows]  # hg19's accession
        assert read_support(write(refseq), "t.tsv", genome).refused
        hg38 = [row | {"chrom": "NC_000022.11"} for row in rows]
        assert set(used(read_support(write(hg38), "t.tsv", genome)).enhancer_chrom) == {"chr22"}


# ------------------------------------------------------------------ supports and the model


def flow_s20_flipped_likelihood(lab: Lab) -> None:
    """Class counts are shown; labels that the model's prior contradicts are a warning, the flipped ones are not."""
    result = read_support(clean(), "t.tsv")
    assert result.class_counts == (8, 8)
    table = used(result)
    prior = lab.predictor.learner.predict(lab.predictor.prior(), lab.predictor.support_set(table).features)
    agreeing = replace(table, label=(prior.logit > np.median(prior.logit)).astype(np.int8))
    centred = Prediction(prior.probability, prior.logit - np.median(prior.logit))
    assert label_inversion(centred, agreeing) is None
    inverted = label_inversion(centred, replace(agreeing, label=(1 - agreeing.label).astype(np.int8)))
    assert inverted is not None
    assert inverted.code == "labels-inverted"
    assert "8 of 16 labels are 1" in inverted.message
    gain = float(np.abs(centred.logit).sum())  # log P(flipped) - log P(given) is the sum of |logit|
    assert f"{gain:.2f} nats" in inverted.message


def flow_s49_same_file_twice(lab: Lab) -> None:
    """The same file twice: one key for the cache, and the same bits."""
    one, other = (used(read_support(clean(), "t.tsv", lab.genome)) for _ in range(2))
    assert support_digest(one) == support_digest(other)
    assert bits(lab.predictor.adapt(one)) == bits(lab.predictor.adapt(other))


def flow_s50_rows_permuted(lab: Lab) -> None:
    """Row order does not matter to 1e-6, nor to the key."""
    order = np.random.default_rng(3).permutation(16)
    shuffled = write([records()[i] for i in order])
    one, other = (used(read_support(data, "t.tsv", lab.genome)) for data in (clean(), shuffled))
    assert support_digest(one) == support_digest(other)
    assert one.enhancer_start.tolist() != other.enhancer_start.tolist()
    assert_close(lab.predictor.adapt(one), lab.predictor.adapt(other))


def flow_s50_columns_reordered(lab: Lab) -> None:
    """Column order does not matter at all."""
    assert bits(lab.adapt(clean())) == bits(lab.adapt(write(records(), tables.COLUMNS[::-1])))


def flow_s57_support_pair_in_query(lab: Lab) -> None:
    """A support pair among the queries is scored, warned about by line, and left out of metrics."""
    support = used(read_support(clean(), "s.tsv"))
    asked = read_queries(write([*records(7, first=40), records()[5]]), "q.tsv")
    overlap = compare_support_and_queries(support, asked.table)
    assert overlap.shared.tolist() == [False] * 7 + [True]
    assert [(problem.code, problem.line) for problem in overlap.problems] == [("query-in-support", 9)]
    scores = lab.score(lab.adapt(clean()), write([*records(7, first=40), records()[5]]))
    assert (scores["status"] == "ok").sum() == 8
    told = lab.predictor.findings(lab.adapt(clean()), asked.table)
    assert "equals-support" in [problem.code for problem in told]


def flow_s58_seen_in_training(lab: Lab) -> None:
    """A pair or a chromosome of the training table is a banner, also when the training line was another one."""
    training = used(read_support(mapped_line("HMEC"), "t.tsv"))
    table = used(read_support(write([*records(4), *records(12, first=80)]), "s.tsv"))
    overlap = seen_in_training(table, training_keys([training]))
    assert overlap.shared.tolist() == [True] * 4 + [False] * 12
    assert [problem.code for problem in overlap.problems] == ["chromosome-in-training"] + ["seen-in-training"] * 4
    elsewhere = used(read_support(write([row | {"chrom": "chr9"} for row in records()]), "s.tsv"))
    assert seen_in_training(elsewhere, training_keys([training])).problems == ()


def mapped_line(name: str) -> bytes:
    """Return the clean support under another line's name."""
    return tables.mapped("cell_line", lambda cell: name)


def flow_s59_replaced_while_adapting(lab: Lab) -> None:
    """A file replaced or removed while it is being adapted to: the bytes that were read decide, never a mixture."""
    path = lab.folder / "support.tsv"
    path.write_bytes(clean())
    data = path.read_bytes()
    expected = bits(lab.adapt(data))
    path.write_bytes(tables.mapped("label", lambda cell: str(1 - int(cell))))
    assert bits(lab.adapt(data)) == expected
    assert bits(lab.adapt(path.read_bytes())) != expected
    path.unlink()
    assert bits(lab.adapt(data)) == expected


def flow_s60_same_name_new_content(lab: Lab) -> None:
    """The same name with one label changed is a new key and a new result."""
    new = changed({7: {"label": "0"}})
    one, other = (used(read_support(data, "support.tsv")) for data in (clean(), new))
    assert support_digest(one) != support_digest(other)
    assert bits(lab.adapt(clean())) != bits(lab.adapt(new))


# ------------------------------------------------------------------ queries and the model


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


FLOWS: dict[str, Callable[[Lab], None]] = {
    f"{name[5:8].upper()}{name[8:].replace('_', '-')}": function
    for name, function in sorted(globals().items())
    if name.startswith("flow_")
}
"""Id with its slug -> the function that carries it out."""
