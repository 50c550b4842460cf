"""Tensor files and the resume file: hand-made attacks, every flipped bit, every cut."""

import json
import os
import struct

import numpy as np
import pytest

from metabam import files
from metabam.errors import CheckpointError
from metabam.files import TensorSpec


def tensor_bytes(header, body=b"", *, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


NOTE = {"metabam": json.dumps({"format": "metabam-tensors-1", "description": {}})}


def entry(dtype="F32", shape=(3,), begin=0, end=12):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


ARRAYS = {
    "atoms": np.arange(143, dtype=np.float32).reshape(11, 13),
    "index": np.arange(5, dtype=np.int64),
    "on": np.array([True, False]),
    "none": np.zeros((0, 7), np.float64),
    "scalar": np.array(3.5, np.float64),
}


class TestTensors:
    def test_round_trip_is_exact_and_equal_content_gives_equal_bytes(self, tmp_path):
        description = {"kind": "motif", "z": [1, 2], "a": {"b": "c"}}
        first = files.save_tensors(tmp_path / "a", ARRAYS, description)
        second = files.save_tensors(tmp_path / "b", dict(reversed(ARRAYS.items())), description)
        assert first == second
        loaded = files.load_tensors(tmp_path / "a", sha256_expected=first, expected=files.spec_of(ARRAYS))
        assert loaded.description == description
        assert set(loaded.tensors) == set(ARRAYS)
        for name, array in ARRAYS.items():
            assert loaded.tensors[name].dtype == array.dtype
            assert np.array_equal(loaded.tensors[name], array)
            assert loaded.tensors[name].flags.writeable

    def test_every_length_of_header_is_read_back(self, tmp_path):
        """A header of 128 + 256 n bytes begins like a pickle, one of 75 * 256 + 80 like half a zip archive."""
        for size in range(300):
            files.save_tensors(tmp_path / "a", {"v": np.zeros(3, np.float32)}, {"text": "x" * size})
            assert files.load_tensors(tmp_path / "a").description == {"text": "x" * size}

    def test_what_would_be_refused_is_not_written(self, tmp_path):
        with pytest.raises(CheckpointError) as caught:
            files.save_tensors(tmp_path / "a", {"v": np.zeros(3)}, {"text": "x" * (1 << 20)})
        assert caught.value.code == "tensor-header"
        assert not list(tmp_path.iterdir())

    def test_every_flipped_bit_and_every_cut_is_refused(self, tmp_path):
        digest = files.save_tensors(tmp_path / "a", {"v": np.arange(3, dtype=np.float32)}, {"k": 1})
        data = (tmp_path / "a").read_bytes()
        for position in range(len(data) * 8):
            changed = bytearray(data)
            changed[position // 8] ^= 1 << position % 8
            with pytest.raises(CheckpointError):
                files.parse_tensors(bytes(changed), "a", sha256_expected=digest)
        for cut in range(len(data)):
            with pytest.raises(CheckpointError):
                files.parse_tensors(data[:cut], "a")

    @pytest.mark.parametrize(
        ("name", "data", "code"),
        [
            ("length-zero", tensor_bytes(b""), "tensor-header"),
            ("length-huge", tensor_bytes({}, length=1 << 63), "tensor-header"),
            ("length-over-file", tensor_bytes({}, length=900), "tensor-header"),
            ("short", b"\0\0\0", "tensor-header"),
            ("overlap", tensor_bytes({"a": entry(), "b": entry(begin=8, end=20)}, b"\0" * 20), "tensor-header"),
            ("hole", tensor_bytes({"a": entry(), "b": entry(begin=16, end=28)}, b"\0" * 28), "tensor-header"),
            ("trailing", tensor_bytes({"a": entry()}, b"\0" * 13), "tensor-header"),
            (
                "duplicate",
                tensor_bytes(b'{"a":%b,"a":%b}' % ((json.dumps(entry()).encode(),) * 2), b"\0" * 12),
                "tensor-header",
            ),
            ("many", tensor_bytes({f"t{i}": entry(shape=(0,), end=0) for i in range(600)}), "tensor-header"),
            ("many-empty", tensor_bytes({f"t{i}": entry(shape=(0,), end=0) for i in range(200_000)}), "tensor-header"),
            ("empty-huge", tensor_bytes({"a": entry(shape=(0, 10**18), end=0)}), "tensor-header"),
            ("negative", tensor_bytes({"a": entry(shape=(-1, -3))}, b"\0" * 12), "tensor-header"),
            ("bool-shape", tensor_bytes({"a": entry(shape=(True, 3))}, b"\0" * 12), "tensor-header"),
            ("path-name", tensor_bytes({"../../etc/x": entry()}, b"\0" * 12), "tensor-name"),
            ("foreign", tensor_bytes({"a": entry()}, b"\0" * 12), "tensor-format"),
            ("nan", tensor_bytes({"__metadata__": NOTE, "a": entry()}, b"\0\0\xc0\x7f" * 3), "tensor-nonfinite"),
            ("pickle", b"\x80\x04cos\nsystem\n", "tensor-pickle"),
            ("pt", b"PK\x03\x04" + b"\0" * 40, "tensor-pickle"),
            ("list", tensor_bytes([1, 2]), "tensor-header"),
        ],
    )
    def test_hostile_header(self, name, data, code):
        with pytest.raises(CheckpointError) as caught:
            files.parse_tensors(data, name)
        assert caught.value.code == code
        assert name in caught.value.message

    def test_the_allow_list_is_exact(self, tmp_path):
        files.save_tensors(tmp_path / "a", {"v": np.zeros((11, 13), np.float32), "n": np.zeros(2, np.int64)})
        good = {"v": TensorSpec("F32", (11, 13)), "n": TensorSpec("I64", (2,))}
        files.load_tensors(tmp_path / "a", expected=good)
        for change, code in [
            ({"w": TensorSpec("F32", (1,))}, "tensor-list"),
            ({"v": TensorSpec("F32", (13, 11))}, "tensor-shape"),
            ({"n": TensorSpec("F32", (2,))}, "tensor-dtype"),
        ]:
            with pytest.raises(CheckpointError) as caught:
                files.load_tensors(tmp_path / "a", expected={**good, **change})
            assert caught.value.code == code
        with pytest.raises(CheckpointError) as caught:
            files.load_tensors(tmp_path / "a", expected={"v": good["v"]})
        assert "'n'" in caught.value.message

    def test_wider_and_shorter_floats_are_converted_and_said(self):
        half = np.array([1.5, -2.0, 0.25], np.float32).view(np.uint32) >> 16
        data = tensor_bytes({"__metadata__": NOTE, "a": entry("BF16", end=6)}, half.astype("<u2").tobytes())
        read = files.parse_tensors(data, "x", expected={"a": TensorSpec("F32", (3,))})
        assert read.tensors["a"].dtype == np.float32
        assert read.tensors["a"].tolist() == [1.5, -2.0, 0.25]
        assert read.notes == ("a: BF16 converted to F32",)

    def test_nan_is_never_saved(self, tmp_path):
        with pytest.raises(CheckpointError) as caught:
            files.save_tensors(tmp_path / "a", {"v": np.array([np.inf])})
        assert caught.value.code == "tensor-nonfinite"
        assert not list(tmp_path.iterdir())


class TestForeign:
    def test_tensors_of_another_program_are_read_without_its_metadata(self, tmp_path):
        body = np.array([1.5, -2.0, 7.0], dtype="<f4").tobytes()
        data = tensor_bytes({"__metadata__": {"format": "pt"}, "layer.weight": entry()}, body)
        (tmp_path / "model.safetensors").write_bytes(data)
        file = files.load_foreign(tmp_path / "model.safetensors")
        assert file.tensors["layer.weight"].tolist() == [1.5, -2.0, 7.0]
        assert (file.description, file.sha256) == ({}, files.sha256(data))

    @pytest.mark.parametrize(
        ("header", "body", "code"),
        [
            ({"a": entry()}, np.array([1, np.nan, 2], dtype="<f4").tobytes(), "tensor-nonfinite"),
            ({"a": entry(), "b": entry(begin=4, end=16)}, bytes(16), "tensor-header"),
            ({"../a": entry()}, bytes(12), "tensor-name"),
            (b"\x80\x04cos", b"", "tensor-header"),
        ],
    )
    def test_its_header_is_proved_like_any_other(self, tmp_path, header, body, code):
        (tmp_path / "m.safetensors").write_bytes(tensor_bytes(header, body))
        with pytest.raises(CheckpointError) as caught:
            files.load_foreign(tmp_path / "m.safetensors")
        assert caught.value.code == code

    def test_a_link_and_a_file_too_large_are_not_read(self, tmp_path):
        (tmp_path / "m.safetensors").write_bytes(tensor_bytes({"a": entry()}, bytes(12)))
        (tmp_path / "link").symlink_to(tmp_path / "m.safetensors")
        for path, cap, code in (
            (tmp_path / "link", 1 << 20, "file-kind"),
            (tmp_path / "m.safetensors", 9, "file-size"),
        ):
            with pytest.raises(CheckpointError) as caught:
                files.load_foreign(path, cap)
            assert caught.value.code == code


class TestResume:
    def test_only_what_matches_its_digest_is_opened(self, tmp_path):
        torch = pytest.importorskip("torch")
        digest = files.save_resume(tmp_path / "r.pt", {"w": torch.arange(5), "rng": [1, 2], "step": 7})
        state = files.load_resume(tmp_path / "r.pt", digest)
        assert state["w"].tolist() == [0, 1, 2, 3, 4]
        assert (state["rng"], state["step"]) == ([1, 2], 7)
        with pytest.raises(CheckpointError) as caught:
            files.load_resume(tmp_path / "r.pt", "0" * 64)
        assert caught.value.code == "resume-hash"

    @pytest.mark.parametrize("kind", ["pickle", "text", "object"])
    def test_a_pickle_never_runs(self, tmp_path, kind):
        torch = pytest.importorskip("torch")
        witness = tmp_path / "ran"

        class Attack:
            def __reduce__(self):
                return (os.mkdir, (str(witness),))

        if kind == "object":
            torch.save({"w": Attack()}, tmp_path / "r.pt")
            data = (tmp_path / "r.pt").read_bytes()
        else:
            data = b"\x80\x04cos\nmkdir\n(V" + str(witness).encode() + b"\ntR." if kind == "pickle" else b"text"
        digest = files.write_bytes(tmp_path / "r.pt", data)
        with pytest.raises(CheckpointError) as caught:
            files.load_resume(tmp_path / "r.pt", digest)
        assert caught.value.code == "resume-invalid"
        assert not witness.exists()
