import dataclasses

import numpy as np
import pytest
from scipy.special import expit

from metabam.data.elements import element_identities
from metabam.data.overlap import training_keys
from metabam.errors import GenomeError, InputError
from metabam.records import LabelledContext
from metabam.score import Predictor
from tests.score.conftest import Composition, Slope, pairs

FACTS = {"run_id": "run-1", "weights_sha256": "a" * 64, "genome_fingerprint": "g" * 64, "synthetic": True}


class OtherGenome:
    def __init__(self):
        self.contigs = {"chr1": 10_000_000}
        self.fingerprint = "h" * 64
        self.synthetic = True


@pytest.fixture
def predictor():
    return Predictor(Composition(), Slope(), None, 53, 47, provenance=FACTS)


@pytest.fixture
def support():
    return pairs(16, seed=1, start=500)


def test_scores_are_the_learners_own_in_input_order(predictor, support):
    queries = pairs(11, seed=2)
    fingerprint = predictor.adapt(support)
    scores = predictor.score(fingerprint, queries)
    assert list(scores.columns) == ["pair_id", "probability", "lower", "upper", "logit", "status"]
    assert scores["pair_id"].tolist() == queries.pair_id.tolist()
    share_of_a = np.array([text.count("A") / 53 for text in queries.enhancer_seq])
    logit = fingerprint.mean[1] + fingerprint.mean[0] * share_of_a.astype(np.float32)
    assert scores["logit"].to_numpy() == pytest.approx(logit)
    assert scores["probability"].to_numpy() == pytest.approx(expit(logit))
    assert (scores["lower"] < scores["probability"]).all()
    assert (scores["probability"] < scores["upper"]).all()
    positive = queries.label == 1
    assert scores["logit"][positive].min() > scores["logit"][~positive].max()


def test_provenance_says_where_a_fingerprint_comes_from(predictor, support):
    facts = predictor.adapt(support).provenance
    assert {name: facts[name] for name in FACTS} == FACTS
    assert (facts["positives"], facts["learner"], facts["encoder"]) == (6, "slope", "motif")
    assert facts["contexts"] == [["toy", ""]]
    shuffled = support.take(np.random.default_rng(0).permutation(16))
    assert predictor.adapt(shuffled).provenance["support_digest"] == facts["support_digest"]
    flipped = dataclasses.replace(support, label=(1 - support.label).astype(np.int8))
    assert predictor.adapt(flipped).provenance["support_digest"] != facts["support_digest"]


def test_q03_labels_in_queries_change_no_score(predictor, support):
    fingerprint = predictor.adapt(support)
    with_labels = predictor.score(fingerprint, pairs(11, seed=2))
    without = predictor.score(fingerprint, pairs(11, seed=2, labels=False))
    assert with_labels.equals(without)


@pytest.mark.parametrize("rows", [1, 3, 5, 4_096])
def test_q08_chunks_give_the_same_bits_and_never_hold_more(support, rows):
    encoder = Composition()
    predictor = Predictor(encoder, Slope(), None, 53, 47, provenance=FACTS)
    fingerprint = predictor.adapt(support)
    queries = pairs(17, seed=2)
    whole = predictor.score(fingerprint, queries, rows=17)
    encoder.largest = 0
    seen = []
    pieces = predictor.score(fingerprint, queries, None, seen.append, rows=rows)
    assert pieces.equals(whole)
    assert encoder.largest <= rows
    assert seen[-1] == 1.0
    assert len(seen) == -(-17 // rows)


def test_q05_unusable_rows_keep_their_place(predictor, support):
    queries = pairs(7, seed=2)
    queries.enhancer_start[2] = queries.enhancer_end[2] = -1
    queries.enhancer_seq[2] = ""
    status = np.array(["ok", "bad-label", *["ok"] * 5], dtype=object)
    scores = predictor.score(predictor.adapt(support), queries, status, rows=3)
    assert scores["status"].tolist() == ["ok", "bad-label", "unusable-coordinates", *["ok"] * 4]
    assert scores["probability"].isna().tolist() == [False, True, True, *[False] * 4]
    assert status.tolist()[2] == "ok"


def test_q06_ids_pass_through_repeated_or_missing(predictor, support):
    queries = pairs(5, seed=2)
    queries.pair_id[:] = ["x", "x", "", "=1", "x"]
    scores = predictor.score(predictor.prior(), queries, rows=2)
    assert scores["pair_id"].tolist() == ["x", "x", "row3", "=1", "x"]


def test_q07_without_adaptation_the_prior_speaks_and_says_so(predictor):
    prior = predictor.prior()
    assert prior.n_support == 0
    assert [problem.code for problem in predictor.findings(prior)] == ["not-adapted"]
    assert predictor.score(prior, pairs(5, seed=2))["probability"].notna().all()


def test_q04_queries_from_the_support_are_named(predictor, support):
    fingerprint = predictor.adapt(support)
    assert predictor.findings(fingerprint, pairs(5, seed=2)) == ()
    findings = predictor.findings(fingerprint, dataclasses.replace(support.take(np.arange(3))))
    assert [problem.code for problem in findings] == ["equals-support"]
    assert "3 of 3" in findings[0].message


def test_s20_inverted_labels_are_asked_about(predictor, support):
    def codes(table):
        return [problem.code for problem in predictor.findings(predictor.adapt(table), table)]

    assert codes(support) == []
    assert codes(dataclasses.replace(support, label=(1 - support.label).astype(np.int8))) == ["labels-inverted"]


def test_f31_another_genome_is_refused_or_recorded(support):
    closed = Predictor(Composition(), Slope(), OtherGenome(), 53, 47, provenance=FACTS)
    with pytest.raises(GenomeError, match="not the one"):
        closed.adapt(support)
    opened = Predictor(Composition(), Slope(), OtherGenome(), 53, 47, provenance=FACTS, allow_other_genome=True)
    fingerprint = opened.adapt(support)
    assert fingerprint.provenance["other_genome_allowed"] is True
    assert "other-genome" in [problem.code for problem in opened.findings(fingerprint)]


def test_contigs_that_the_genome_lacks_are_named_unless_sequences_are_given(support):
    queries = pairs(3, seed=2)
    queries.enhancer_chrom[1] = "chrZ"
    predictor = Predictor(Composition(), Slope(), OtherGenome(), 53, 47)
    assert predictor.features(queries)[1].tolist() == ["ok", "ok", "ok"]
    bare = dataclasses.replace(queries, enhancer_seq=None)
    assert predictor._readable(bare, None).tolist() == ["ok", "unknown-contig", "ok"]


def test_a_fingerprint_of_another_run_is_refused(predictor, support):
    fingerprint = predictor.adapt(support)
    other = Predictor(Composition(), Slope(), None, 53, 47, provenance={**FACTS, "weights_sha256": "b" * 64})
    with pytest.raises(InputError) as caught:
        other.score(fingerprint, pairs(3))
    assert caught.value.code == "fingerprint-of-another-run"
    nameless = dataclasses.replace(fingerprint, provenance={})
    with pytest.raises(InputError, match="another-run"):
        predictor.score(nameless, pairs(3))
    # the same weights under another name are the same model; without hashes the names decide
    copied = Predictor(Composition(), Slope(), None, 53, 47, provenance={**FACTS, "run_id": "copy"})
    assert len(copied.score(fingerprint, pairs(3))) == 3
    with pytest.raises(InputError, match="run-1"):
        Predictor(Composition(), Slope(), None, 53, 47, provenance={"run_id": "run-2"}).score(fingerprint, pairs(3))


@pytest.mark.parametrize("as_keys", [True, False])
def test_pairs_seen_in_training_are_counted(support, as_keys):
    seen = support.take(np.arange(5))
    enhancer, promoter = element_identities(seen)
    context = LabelledContext("train", "", np.zeros((5, 2), np.float32), seen.label, enhancer, promoter)
    training = training_keys([seen]) if as_keys else [context]
    predictor = Predictor(Composition(), Slope(), None, 53, 47, provenance=FACTS, training=training)
    codes = [problem.code for problem in predictor.findings(predictor.adapt(support), support)]
    assert "seen-in-training" in codes
    elsewhere = pairs(3, seed=5, start=9_000)
    assert "seen-in-training" not in [p.code for p in predictor.findings(predictor.prior(), elsewhere)]


def test_a_support_is_used_whole_or_not_at_all(predictor, support):
    with pytest.raises(InputError, match="line 2 has no label"):
        predictor.adapt(pairs(3, labels=False))
    support.promoter_start[4], support.promoter_seq[4] = -1, ""
    with pytest.raises(InputError, match="line 6 \\(unusable-coordinates\\)"):
        predictor.adapt(support)


def test_no_queries_no_rows(predictor):
    scores = predictor.score(predictor.prior(), pairs(0))
    assert (len(scores), scores.columns[0]) == (0, "pair_id")
    with pytest.raises(InputError, match="status of shape"):
        predictor.score(predictor.prior(), pairs(3), np.array(["ok"], dtype=object))
