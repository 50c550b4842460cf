"""A run whose model reads the position track, from FASTA to scores; and runs begun before these settings existed."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.config import ModelConfig
from metabam.data.genome import Genome
from metabam.data.pairs import read_pairs
from metabam.data.synthetic import simulate
from metabam.errors import ConfigError
from metabam.files import read_json, write_json
from metabam.model.encoders import RecallingEncoder, TrackedEncoder, without_recall
from metabam.score.predictor import Predictor
from metabam.train.pipeline import train_run
from metabam.train.preflight import check_same
from metabam.train.run import RunStore
from tests.faults.trainer import settings


@pytest.mark.nightly
@pytest.mark.parametrize("recall", [False, True])
def test_a_tracked_run_trains_is_read_again_and_scores(tmp_path, recall):
    simulate(
        tmp_path / "w",
        3,
        training_lines=3,
        heldout_lines=1,
        pairs_per_line=150,
        enhancer_length=200,
        promoter_length=200,
    )
    config = settings()
    options = {
        "recall": recall,
        "fourier": True,
        "wavelet": "db2",
        "mix": "attention",
        "rotation": True,
        "gates": "per_step",
    }
    model = ModelConfig.model_validate({**config.model.model_dump(), **options})
    track = config.encoder.track.model_copy(update={"periods": (10.5, 42.0), "levels": 2, "channels": 5})
    config = config.model_copy(update={"model": model, "encoder": config.encoder.model_copy(update={"track": track})})
    with Genome(tmp_path / "w" / "genome.fa") as genome:
        table, _ = read_pairs(tmp_path / "w" / "pairs.tsv", role="training", genome=genome)
        assert list(train_run(config, genome, table, tmp_path / "run"))[-1].phase == "done"
        run = RunStore(tmp_path).open("run")
        encoder, contexts = run.load_encoder(), run.training_contexts()
        tracked = without_recall(encoder)
        assert isinstance(tracked, TrackedEncoder)
        assert isinstance(encoder, RecallingEncoder) is recall
        assert contexts[0].layout == encoder.layout
        assert contexts[0].features.shape[1] == encoder.layout.width > len(tracked.features)
        predictor = Predictor.of_run(run, genome)
        mine = table.take(table.rows_of((contexts[0].cell_line, contexts[0].assay)))
        same = np.isclose(predictor.features(mine)[0], contexts[0].features, rtol=0, atol=1e-4).all()
        assert same != recall  # in training a line does not recall its own labels; a new line recalls those of all
        held = table.take(table.rows_of(("unseen01", "planted")))
        fingerprint = predictor.adapt(held.take(np.arange(16)))
        scores = predictor.score(fingerprint, held.take(np.arange(16, 80)))
    assert (scores.status == "ok").all()
    assert scores.probability.between(0, 1).all()
    assert {use.kind for use in run.load_learner().track_uses()} == {"fourier", "wavelet"}


def test_a_run_begun_before_a_setting_existed_is_resumed(tmp_path):
    config = settings()
    values = config.model_dump(mode="json")
    del values["model"]["gates"], values["encoder"]["track"]
    write_json(tmp_path / "config.json", values)
    assert "gates" not in read_json(tmp_path / "config.json")["model"]
    check_same(tmp_path, config, {}, {})
    other = config.model_copy(update={"model": config.model.model_copy(update={"gates": "per_step"})})
    with pytest.raises(ConfigError, match=r"model\.gates"):
        check_same(tmp_path, other, {}, {})
