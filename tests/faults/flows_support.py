"""Flows about supports and windows: one function per case, named as its id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from metabam.data.digests import support_digest
from metabam.data.elements import windows_of
from metabam.data.genome import Genome
from metabam.data.loci import check_orientation
from metabam.data.overlap import compare_support_and_queries, label_inversion, seen_in_training, training_keys
from metabam.data.upload import first_pair, read_queries, read_support
from metabam.records import Prediction
from tests.faults import tables
from tests.faults.lab import Lab, assert_close, bits, used
from tests.faults.tables import changed, clean, records, with_sequences, write

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
