import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metabam.errors import InputError
from metabam.records import ContextFingerprint, Fingerprint
from metabam.score import fingerprint_from_dict, fingerprint_to_dict, load_fingerprint, save_fingerprint

FIELDS = ("mean", "std", "spectrum", "evidence_mean", "evidence_cov")


def example(seed=0):
    rng = np.random.default_rng(seed)
    return Fingerprint(
        mean=rng.standard_normal(2) * 1e-300,
        std=rng.random(2),
        spectrum=np.tanh(rng.standard_normal(11)),
        evidence_mean=rng.standard_normal(11) / 3.0,
        evidence_cov=np.cov(rng.standard_normal((11, 23))),
        n_support=7,
        provenance={"run_id": "r", "weights_sha256": "ab", "support_pairs": [-(2**63), 2**62]},
    )


def test_every_bit_survives_the_file(tmp_path):
    fingerprint = example()
    save_fingerprint(tmp_path / "f.json", fingerprint)
    again = load_fingerprint(tmp_path / "f.json")
    for name in FIELDS:
        assert getattr(again, name).tobytes() == getattr(fingerprint, name).tobytes()
    assert (again.n_support, again.provenance) == (7, fingerprint.provenance)
    first = (tmp_path / "f.json").read_bytes()
    save_fingerprint(tmp_path / "g.json", again)
    assert (tmp_path / "g.json").read_bytes() == first


@given(st.lists(st.floats(-1, 1, width=64), min_size=2, max_size=2))
def test_any_gate_survives(gates):
    values = json.loads(json.dumps(fingerprint_to_dict(example())))
    values["spectrum"][:2] = gates
    again = fingerprint_from_dict(json.loads(json.dumps(values)))
    assert again.spectrum[:2].tobytes() == np.array(gates).tobytes()


def _set(name, value):
    return lambda values: {**values, name: value}


SPOILERS = {
    "not-an-object": lambda _: [1, 2],
    "other-format": _set("format", "sbom"),
    "newer-schema": _set("schema", 2),
    "extra-key": _set("comment", "hello"),
    "missing-key": lambda values: {key: value for key, value in values.items() if key != "std"},
    "text-for-number": lambda values: {**values, "mean": ["0.1", 0.2]},
    "true-for-number": lambda values: {**values, "mean": [True, 0.2]},
    "null": lambda values: {**values, "mean": [None, 0.2]},
    "infinite": lambda values: {**values, "mean": [float("inf"), 0.2]},
    "ragged": lambda values: {**values, "evidence_cov": [[1.0], [1.0, 2.0]]},
    "wrong-width": lambda values: {**values, "std": [0.1, 0.2, 0.3]},
    "atoms-differ": lambda values: {**values, "evidence_mean": [0.0]},
    "flat-covariance": lambda values: {**values, "evidence_cov": [0.0] * 121},
    "negative-std": lambda values: {**values, "std": [-0.1, 0.2]},
    "gate-out-of-range": lambda values: {**values, "spectrum": [1.5, *values["spectrum"][1:]]},
    "negative-count": _set("n_support", -1),
    "count-is-a-bool": _set("n_support", True),
    "provenance-is-a-list": _set("provenance", []),
}


@pytest.mark.parametrize("name", SPOILERS)
def test_spoilt_fingerprints_are_refused(name):
    values = json.loads(json.dumps(fingerprint_to_dict(example())))
    with pytest.raises(InputError) as caught:
        fingerprint_from_dict(SPOILERS[name](values))
    assert caught.value.code == "bad-fingerprint"


def test_nothing_that_is_not_finite_is_written(tmp_path):
    fingerprint = example()
    fingerprint.mean[0] = np.nan
    with pytest.raises(InputError, match="NaN"):
        save_fingerprint(tmp_path / "f.json", fingerprint)
    assert not list(tmp_path.iterdir())


def test_a_cut_file_is_refused(tmp_path):
    save_fingerprint(tmp_path / "f.json", example())
    data = (tmp_path / "f.json").read_bytes()
    for end in range(0, len(data) - 1, 97):
        (tmp_path / "f.json").write_bytes(data[:end])
        with pytest.raises(InputError):
            load_fingerprint(tmp_path / "f.json")


def other_example():
    rng = np.random.default_rng(1)
    arrays = {"theta": rng.standard_normal((5, 11)) * 1e-300, "bias": np.array(0.1), "empty": np.zeros((0, 3))}
    return ContextFingerprint("expert", arrays, 7, {"run_id": "r"})


def test_the_fingerprint_of_another_learner_survives_the_file(tmp_path):
    save_fingerprint(tmp_path / "f.json", other_example())
    again = load_fingerprint(tmp_path / "f.json")
    assert isinstance(again, ContextFingerprint)
    assert (again.learner, again.n_support, again.provenance) == ("expert", 7, {"run_id": "r"})
    for name, array in other_example().arrays.items():
        assert (again.arrays[name].tobytes(), again.arrays[name].shape) == (array.tobytes(), array.shape)


def _array(name, **changes):
    return lambda values: {**values, "arrays": {**values["arrays"], name: {**values["arrays"]["bias"], **changes}}}


OTHER_SPOILERS = {
    "meta-bam-keys": _set("format", "metabam-fingerprint"),
    "newer-schema": _set("schema", 2),
    "extra-key": _set("spectrum", [0.1]),
    "no-learner": _set("learner", None),
    "learner-is-a-path": _set("learner", "../x"),
    "arrays-are-a-list": _set("arrays", [1.0]),
    "array-name": _array("A b"),
    "shape-and-values-differ": _array("bias", shape=[2]),
    "shape-is-negative": _array("bias", shape=[-1, -1]),
    "shape-is-true": _array("bias", shape=[True]),
    "shape-is-huge": _array("bias", shape=[2**21, 0]),
    "too-many-axes": _array("bias", shape=[1, 1, 1, 1]),
    "text-for-number": _array("bias", values=["1"]),
    "infinite": _array("bias", values=[float("inf")]),
    "extra-in-array": _array("bias", dtype="f4"),
    "negative-count": _set("n_support", -1),
}


@pytest.mark.parametrize("name", OTHER_SPOILERS)
def test_spoilt_fingerprints_of_other_learners_are_refused(name):
    values = json.loads(json.dumps(fingerprint_to_dict(other_example())))
    with pytest.raises(InputError) as caught:
        fingerprint_from_dict(OTHER_SPOILERS[name](values))
    assert caught.value.code == "bad-fingerprint"


def test_nothing_of_another_learner_that_is_not_finite_is_written():
    with pytest.raises(InputError, match="NaN"):
        fingerprint_to_dict(ContextFingerprint("expert", {"bias": np.array(np.nan)}, 0))
