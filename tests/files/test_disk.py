"""Bytes, locks and JSON: real files, real limits."""

import os
import threading
from pathlib import Path

import pytest

from metabam import files
from metabam.errors import InputError, StorageError


class TestBytes:
    def test_round_trip_leaves_one_file(self, tmp_path):
        digest = files.write_bytes(tmp_path / "a", b"abc")
        assert files.read_bytes(tmp_path / "a", 3) == b"abc"
        assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4
        assert [item.name for item in tmp_path.iterdir()] == ["a"]

    def test_one_byte_over_the_cap_is_refused(self, tmp_path):
        files.write_bytes(tmp_path / "a", b"seven")
        with pytest.raises(InputError) as caught:
            files.read_bytes(tmp_path / "a", 4)
        assert caught.value.code == "file-size"

    @pytest.mark.parametrize("kind", ["folder", "link", "pipe", "device", "missing"])
    def test_only_regular_files_are_read(self, tmp_path, kind):
        target = tmp_path / "x"
        (tmp_path / "real").write_bytes(b"1")
        if kind == "folder":
            target.mkdir()
        elif kind == "link":
            target.symlink_to(tmp_path / "real")
        elif kind == "pipe":
            os.mkfifo(target)
        elif kind == "device":
            target = Path("/dev/zero")
        with pytest.raises(InputError) as caught:
            files.read_bytes(target, 100)
        assert caught.value.code == ("file-missing" if kind == "missing" else "file-kind")

    def test_a_link_that_the_user_names_is_followed_on_request(self, tmp_path):
        (tmp_path / "real").write_bytes(b"1")
        (tmp_path / "x").symlink_to(tmp_path / "real")
        assert files.read_bytes(tmp_path / "x", 100, follow_links=True) == b"1"

    def test_a_failed_write_keeps_the_old_file_and_no_leftover(self, tmp_path, monkeypatch):
        files.write_bytes(tmp_path / "a", b"old")

        def refuse(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(StorageError) as caught:
            files.write_bytes(tmp_path / "a", b"new")
        assert caught.value.code == "disk-full"
        assert caught.value.exit_code == 74
        assert [item.name for item in tmp_path.iterdir()] == ["a"]
        assert (tmp_path / "a").read_bytes() == b"old"

    def test_only_our_temporaries_are_removed(self, tmp_path):
        for name in (".a.17.0123abcd.tmp", "mine.tmp", ".hidden"):
            (tmp_path / name).touch()
        assert files.remove_temporaries(tmp_path) == 1
        assert sorted(item.name for item in tmp_path.iterdir()) == [".hidden", "mine.tmp"]

    def test_a_lock_excludes_and_is_freed(self, tmp_path):
        path = tmp_path / "lock"
        held = files.acquire_lock(path, {"pid": 5})
        assert held is not None
        assert files.is_locked(path)
        assert files.acquire_lock(path, {"pid": 7}) is None
        assert files.read_json(path) == {"pid": 5}
        files.release_lock(held)
        assert not files.is_locked(path)

    def test_looking_at_a_lock_never_keeps_a_trainer_out(self, tmp_path):
        path = tmp_path / "lock"
        files.release_lock(files.acquire_lock(path, {}))
        stop = threading.Event()

        def look():
            while not stop.is_set():
                files.is_locked(path)

        readers = [threading.Thread(target=look) for _ in range(3)]
        for reader in readers:
            reader.start()
        try:
            for _ in range(100):
                held = files.acquire_lock(path, {})
                assert held is not None
                files.release_lock(held)
        finally:
            stop.set()
            for reader in readers:
                reader.join()


class TestJson:
    @pytest.mark.parametrize(
        "text",
        [
            b"",
            b"{",
            b'{"a":1,"a":2}',
            b'{"a":NaN}',
            b"[" * 33 + b"]" * 33,
            b"[" * 100_000,
            b"\xff",
            b"1" * 5000,
        ],
    )
    def test_refused(self, text):
        with pytest.raises(InputError) as caught:
            files.parse_json(text, "x.json")
        assert caught.value.code == "json-invalid"

    def test_brackets_inside_text_are_no_depth(self):
        assert files.parse_json(b'["' + b"[" * 99 + b'\\""]', "x") == ["[" * 99 + '"']

    def test_nan_is_never_written(self, tmp_path):
        with pytest.raises(StorageError) as caught:
            files.write_json(tmp_path / "a.json", {"loss": float("nan")})
        assert caught.value.code == "json-value"
        assert not list(tmp_path.iterdir())

    def test_round_trip(self, tmp_path):
        value = {"b": [1, 2.5, None, "ü"], "a": {"c": True}}
        files.write_json(tmp_path / "a.json", value)
        assert files.read_json(tmp_path / "a.json") == value
