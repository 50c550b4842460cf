"""The audit refuses what forbids a score and counts the rest; every relation can be made to fail."""

import dataclasses

import numpy as np
import pytest

from metabam.bench import leakage
from metabam.bench.splits import all_tasks
from metabam.bench.worlds import Fold, bench_contexts
from metabam.errors import InputError
from tests.bench.conftest import make_fold, make_table


def found(records, between, relation, line=None):
    rows = [r for r in records if (r.between, r.relation) == (between, relation) and line in (None, r.line)]
    assert rows
    return rows


def test_a_clean_fold_is_not_refused_and_says_what_it_shares(fold, config):
    records = leakage.audit("w", fold, list(all_tasks(fold, config)))
    leakage.refuse(records)
    assert {r.verdict for r in records} == {"flagged", "clear"}
    for between in ("training-query", "training-support"):
        assert all(r.shared == r.pairs for r in found(records, between, "chromosome"))
        assert all(r.verdict == "clear" and r.shared == 0 for r in found(records, between, "line"))
    for relation in ("pair", "enhancer", "promoter", "window", "gene", "sequence"):
        assert all(r.shared == 0 for r in found(records, "support-query", relation))


def test_a_support_pair_in_the_query_is_refused(fold, config):
    tasks = list(all_tasks(fold, config))
    place = next(n for n, task in enumerate(tasks) if task.shots == 16 and task.context == 1)
    bad = tasks[place]
    tasks[place] = dataclasses.replace(bad, queries=np.append(bad.queries, bad.support[3]))
    records = leakage.audit("w", fold, tasks)
    (hit,) = [r for r in records if r.verdict == "refused"]
    assert (hit.between, hit.relation, hit.line, hit.shared) == ("support-query", "pair", "Y | toy", 1)
    with pytest.raises(InputError, match="own support") as error:
        leakage.refuse(records)
    assert error.value.code == "leak-pair"


def test_a_held_out_line_in_training_is_refused(config):
    base = make_fold()
    fold = dataclasses.replace(base, training=(*base.training, base.held[0]))
    records = leakage.audit("w", fold, list(all_tasks(fold, config)))
    assert {r.line for r in records if r.verdict == "refused"} == {"X | toy"}
    with pytest.raises(InputError, match="among the training contexts") as error:
        leakage.refuse(records)
    assert error.value.code == "leak-line"


def test_the_same_line_under_another_assay_is_refused_too(config):
    base = make_fold()
    renamed = dataclasses.replace(base.held[0], pairs=dataclasses.replace(base.held[0].pairs, assay="other"))
    fold = dataclasses.replace(base, training=(*base.training, renamed))
    with pytest.raises(InputError, match="leak-line"):
        leakage.refuse(leakage.audit("w", fold, list(all_tasks(fold, config))))


def apart(gene=True, shift=0, chrom="chr2", sequence=None):
    """Return a fold whose training line lies on chr2 (or where said), its elements moved by ``shift`` bp."""
    rng = np.random.default_rng(5)
    held = make_table(("X",), 149, rng)
    train = make_table(("A",), 149, rng, chrom=chrom, gene=gene)
    moved = {
        name: getattr(train, name) + shift
        for name in ("enhancer_start", "enhancer_end", "promoter_start", "promoter_end")
    }
    train = dataclasses.replace(train, **moved)
    contexts = []
    for number, table in enumerate((train, held)):
        table = dataclasses.replace(table, label=(np.arange(149) % 3 == 0).astype(np.int8))
        codes = None if sequence is None else sequence[number]
        contexts += bench_contexts(table, np.zeros((149, 2), np.float32), sequence=codes)
    return Fold("0", (contexts[0],), (contexts[1],), (contexts[1], contexts[0]))


def shared(fold, config):
    records = leakage.audit("w", fold, list(all_tasks(fold, config)))
    return {r.relation: r.shared for r in records if r.between == "training-query"}


def test_nothing_is_shared_on_another_chromosome_without_gene_names(config):
    assert set(shared(apart(gene=False), config).values()) == {0}


def test_genes_are_found_by_name_alone(config):
    counts = shared(apart(), config)
    assert counts["gene"] > 0
    assert counts["promoter"] == counts["chromosome"] == counts["window"] == 0


@pytest.mark.parametrize(("shift", "hit"), [(0, True), (100, True), (-100, True), (101, False), (-101, False)])
def test_windows_count_from_half_of_their_length_on(config, shift, hit):
    counts = shared(apart(gene=False, chrom="chr1", shift=shift), config)
    assert (counts["window"] > 0) == hit
    assert (counts["enhancer"] > 0) == (shift == 0)
    assert counts["chromosome"] > 0


def test_identical_sequences_are_found_wherever_they_lie(config):
    codes = (np.arange(149), np.arange(149) + 148)
    counts = shared(apart(gene=False, sequence=codes), config)
    assert counts["sequence"] <= 1
    fold = apart(gene=False, sequence=(np.zeros(149, np.int64), np.zeros(149, np.int64)))
    counts = shared(fold, config)
    assert counts["sequence"] > 100
    assert counts["pair"] == 0


def test_overlap_is_measured_on_the_shorter_window():
    start, end = np.array([100, 1_000]), np.array([200, 5_000])
    asked = np.array([[4_950, 5_050], [4_949, 5_050], [150, 250], [151, 251], [-1, -1], [120, 120]])
    hit = leakage.overlapping(start, end, asked[:, 0], asked[:, 1])
    # 50 of 100 bp; 51 of 101; 50 of 100; 49 of 100; unknown; empty
    assert hit.tolist() == [True, True, True, False, False, False]
    assert not leakage.overlapping(start[:0], end[:0], asked[:, 0], asked[:, 1]).any()
