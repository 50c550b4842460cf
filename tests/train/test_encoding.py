"""A run on features that the user brings: trained without DNA, adapted and scored with the same source."""

import numpy as np
import pandas as pd
import pytest

from metabam.config import EncoderConfig, RunConfig, TrainConfig
from metabam.data.features import open_features
from metabam.data.geometry import BENDS, DISTANCE
from metabam.errors import ConfigError, InputError
from metabam.records import PairTable
from metabam.score import Predictor
from metabam.train.encoding import Source, check_given
from metabam.train.pipeline import train_run
from metabam.train.run import RunStore

LINES = ("A", "B", "held")
EACH = 67


def texts(values):
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def table():
    """Pairs of three lines; the gene's place says nothing."""
    n = EACH * len(LINES)
    at = np.arange(n, dtype=np.int64) * 1_000
    label = (np.arange(n) % 3 == 0).astype(np.int8)
    return PairTable(
        pair_id=texts([f"p{i}" for i in range(n)]),
        enhancer_chrom=texts(["chr1"] * n), enhancer_start=at, enhancer_end=at + 100,
        promoter_chrom=texts(["chr1"] * n), promoter_start=at + 300, promoter_end=at + 400,
        label=label, cell_line=texts([line for line in LINES for _ in range(EACH)]), assay=texts([""] * n),
        gene_id=texts([""] * n), line=np.arange(2, n + 2),
    )  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Five columns by pair, the second of which tells the label; the last pair has no row."""
    pairs = table()
    values = np.random.default_rng(0).standard_normal((len(pairs), 5)).astype(np.float32)
    values[:, 1] += 3.0 * pairs.label
    frame = pd.DataFrame(values, columns=list("vwxyz")).assign(pair_id=pairs.pair_id)[:-1]
    path = tmp_path_factory.mktemp("features") / "f.parquet"
    frame.to_parquet(path, index=False)
    return open_features(path)


def config(**changes):
    train = TrainConfig(steps=3, birth_steps=5, batch_tasks=2, query_size=11, eval_every=2, save_every=2)
    train = train.model_copy(update={"leave_one_line_out": False})
    return RunConfig(holdout=("held",), encoder=EncoderConfig(kind="precomputed", **changes), train=train)


@pytest.fixture(scope="module")
def run(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "brought"
    list(train_run(config(), None, table(), folder, features=source))
    return RunStore(folder.parent).open("brought")


def test_a_run_without_dna_adapts_and_scores(run, source):
    assert run.load_encoder().names == tuple("vwxyz")
    assert run.manifest["genome"] == {"name": "", "fingerprint": "", "contigs": 0}
    assert run.manifest["data"]["features"] == source.digest
    predictor = Predictor.of_run(run, None, features=source)
    held = table().take(np.arange(2 * EACH, 3 * EACH))
    scores = predictor.score(predictor.adapt(held.take(np.arange(16))), held.take(np.arange(16, EACH)))
    assert scores["status"].tolist() == ["ok"] * (EACH - 17) + ["no-features"]
    good = scores[scores["status"] == "ok"]
    labels = held.label[16 : EACH - 1]
    assert good["probability"][labels == 1].mean() > good["probability"][labels == 0].mean() + 0.2
    assert scores["probability"].isna().tolist() == [False] * (EACH - 17) + [True]


def test_cached_features_are_those_of_the_predictor(run, source):
    context = run.training_contexts()[0]
    features, status = Predictor.of_run(run, None, features=source).features(table().take(np.arange(EACH)))
    assert set(status) == {"ok"}
    np.testing.assert_allclose(features, context.features, atol=1e-6)


def test_where_elements_lie_stays_itself_beside_the_components(source):
    """Eleven columns and room for ten: four components of the five that were brought, and distance with its bends."""
    pairs = table()
    pairs.promoter_start[EACH:] += 99_700  # the second line's pairs and the held-out line's are 100 kb apart
    pairs.promoter_end[EACH:] += 99_700
    known = pairs.take(np.arange(len(pairs) - 1))
    reader = Source(config(distance=True, n_features=10).encoder, None, source)
    encoder = reader.train(known, None, [], 0, lambda _stage, _share: None)
    lie = (*BENDS, DISTANCE)
    assert encoder.names == (*"vwxyz", *lie)
    assert [item.name for item in encoder.features] == [*(f"component {k}" for k in range(1, 5)), *lie]
    found = reader.encode(encoder, known, None)
    far = np.where(np.arange(len(known)) < EACH, np.log10(300.0), 5.0)
    assert np.corrcoef(found[:, -1], far)[0, 1] == pytest.approx(1.0)
    assert np.corrcoef(found[:, 4], far > 4)[0, 1] == pytest.approx(1.0)
    assert not found[:, lie.index("log10 distance above 6") + 4].any()


def test_scoring_without_the_source_says_what_is_needed(run):
    with pytest.raises(InputError, match="--features"):
        Predictor.of_run(run, None).features(table())


def test_a_resumed_run_refuses_other_features(run, source, tmp_path):
    frame = pd.DataFrame({"pair_id": table().pair_id, **dict.fromkeys("vwxyz", 1.0)})
    frame.to_parquet(tmp_path / "g.parquet", index=False)
    other = open_features(tmp_path / "g.parquet")
    with pytest.raises(ConfigError, match="resume-changed"):
        list(train_run(config(), None, table(), run._path, resume=True, features=other))


def test_a_training_pair_without_features_is_named(source, tmp_path):
    with pytest.raises(InputError, match=r"lines 202"):
        list(train_run(config().model_copy(update={"holdout": ("A",)}), None, table(), tmp_path / "r", features=source))


@pytest.mark.parametrize(
    ("kind", "given", "code"),
    [
        ("precomputed", False, "no-features"),
        ("motif", True, "features-unused"),
        ("cnn", False, "no-genome"),
    ],
)
def test_what_an_encoder_reads_must_be_given_and_nothing_else(source, kind, given, code):
    with pytest.raises(ConfigError, match=code):
        Source(EncoderConfig(kind=kind), None, source if given else None)


def test_a_language_model_needs_its_extra_and_its_folder(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="extra-missing"):
        check_given(EncoderConfig(kind="hyenadna"), genome=True, features=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    with pytest.raises(ConfigError, match="--weights DIR"):
        check_given(EncoderConfig(kind="hyenadna"), genome=True, features=False)
    with pytest.raises(ConfigError, match="weights-unused"):
        check_given(EncoderConfig(kind="motif", weights="somewhere"), genome=True, features=False)


def test_weights_for_a_run_that_reads_none_are_refused(run, source, tmp_path):
    with pytest.raises(ConfigError, match="weights-unused"):
        Predictor.of_run(run, None, features=source, weights=tmp_path)
