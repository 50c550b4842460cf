"""Any learner with state() and from_state() fits a run; any context of arrays fits a file."""

from __future__ import annotations

import json

import numpy as np
import pytest

from metabam.config import ExpertConfig, ModelConfig, RunConfig
from metabam.errors import CheckpointError, ConfigError, InputError
from metabam.learners import LEARNERS
from metabam.learners.expert import CellLineExpert
from metabam.learners.stored import (
    StoredLearner,
    build_learner,
    context_of,
    known,
    record_of,
    restore,
    stored_names,
    travels,
    with_fingerprints,
)
from metabam.records import ContextFingerprint, SupportSet
from metabam.score import fingerprint_from_dict, fingerprint_to_dict

TINY = ExpertConfig(width=10, supervised_steps=2, episodic_steps=1, batch_tasks=2, query_size=11)


def fitted(name, world):
    learner = CellLineExpert(TINY) if name == "expert" else LEARNERS[name]()
    learner.fit(world[:3], seed=1)
    return learner


def support(world):
    return SupportSet(world[6].features[:7], np.array([0, 1, 0, 0, 1, 0, 1], np.int8))


def test_the_settings_name_the_learner_of_a_run():
    learner = build_learner(RunConfig(learner="expert", expert=TINY))
    assert isinstance(learner, CellLineExpert)
    assert learner.config == TINY
    assert build_learner(RunConfig(model=ModelConfig(n_atoms=7))).config.n_atoms == 7
    assert {"metabam", "expert"} <= set(stored_names())
    with pytest.raises(ConfigError, match="nearest: expert"):
        build_learner(RunConfig(learner="expertt"))
    with pytest.raises(ConfigError, match="learner-not-stored"):
        build_learner(RunConfig(learner="support_prevalence"))
    with pytest.raises(ConfigError, match="unknown-learner"):
        known("nobody")


def test_a_description_finds_its_learner(world):
    learner = fitted("expert", world)
    twin = restore(*learner.state())
    assert isinstance(twin, StoredLearner)
    assert isinstance(twin, CellLineExpert)
    queries = world[6].features[:11]
    one, other = (item.predict(item.adapt(support(world)), queries).logit for item in (learner, twin))
    assert np.array_equal(one, other)
    tensors, description = learner.state()
    for name in ("nobody", "support_prevalence", None):
        with pytest.raises(CheckpointError, match="run-other-learner"):
            restore(tensors, {**description, "learner": name})


@pytest.mark.parametrize("name", ["expert", "hierarchical", "prototype"])
def test_a_context_survives_the_file_bit_for_bit(name, world):
    learner = fitted(name, world)
    spoken = with_fingerprints(learner)
    record = spoken.adapt(support(world))
    assert (record.learner, record.n_support) == (name, 7)
    again = fingerprint_from_dict(json.loads(json.dumps(fingerprint_to_dict(record))))
    assert isinstance(again, ContextFingerprint)
    for field, array in record.arrays.items():
        assert again.arrays[field].tobytes() == np.asarray(array).tobytes()
        assert again.arrays[field].shape == array.shape
    queries = world[6].features[:11]
    own = learner.predict(learner.adapt(support(world)), queries)
    read = spoken.predict(again, queries)
    assert np.array_equal(own.logit, read.logit)
    assert (own.lower is None) == (read.lower is None)


def test_a_record_of_another_learner_is_refused(world):
    learner = fitted("hierarchical", world)
    record = record_of(learner, learner.adapt(support(world)))
    other = ContextFingerprint("per_task", record.arrays, 7)
    with pytest.raises(InputError, match="fingerprint-of-another-learner"):
        context_of(learner, other)
    short = ContextFingerprint("hierarchical", {"factor": record.arrays["factor"]}, 7)
    with pytest.raises(InputError, match="weights"):
        context_of(learner, short)
    more = ContextFingerprint("hierarchical", {**record.arrays, "extra": np.zeros(3)}, 7)
    with pytest.raises(InputError, match="extra"):
        context_of(learner, more)
    optional = ContextFingerprint("hierarchical", {"weights": record.arrays["weights"]}, 7)
    assert context_of(learner, optional).factor is None


def test_meta_bam_speaks_its_own_fingerprints():
    learner = LEARNERS["metabam"]()
    assert not travels(learner)
    assert with_fingerprints(learner) is learner
