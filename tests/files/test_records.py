"""The log: every way in which its end can be torn."""

import os
import zlib

import numpy as np
import pytest

from metabam import files
from metabam.errors import StorageError


class TestRecords:
    def write(self, path, n):
        first = files.repair_records(path)
        for seq in range(first, first + n):
            files.append_record(path, {"step": seq, "loss": 0.1 * seq}, seq)

    def test_round_trip_and_going_on_from_an_offset(self, tmp_path):
        path = tmp_path / "h.jsonl"
        self.write(path, 3)
        read = files.read_records(path)
        assert [row["seq"] for row in read.rows] == [0, 1, 2]
        assert [row["loss"] for row in read.rows] == [0.0, 0.1, 0.2]
        self.write(path, 2)
        again = files.read_records(path, read.offset)
        assert [row["seq"] for row in again.rows] == [3, 4]
        assert (again.bad_lines, again.torn_tail, again.skipped_bytes) == (0, False, 0)

    def test_values_that_are_not_finite_come_back(self, tmp_path):
        path = tmp_path / "h.jsonl"
        files.append_record(path, {"a": float("nan"), "b": {"c": [1.0, float("-inf")]}, "d": np.float32(2)}, 0)
        assert b"NaN" not in path.read_bytes()
        row = files.read_records(path).rows[0]
        assert np.isnan(row["a"])
        assert row["b"] == {"c": [1.0, float("-inf")]}
        assert row["d"] == 2.0

    def test_every_prefix_reads_and_mends_to_its_complete_records(self, tmp_path):
        path = tmp_path / "h.jsonl"
        self.write(path, 3)
        whole = path.read_bytes()
        ends = [index for index, byte in enumerate(whole) if byte == 10]
        for cut in range(len(whole) + 1):
            path.write_bytes(whole[:cut])
            complete = sum(end < cut for end in ends)
            read = files.read_records(path)
            assert ([row["seq"] for row in read.rows], read.bad_lines) == (list(range(complete)), 0)
            assert read.torn_tail == (cut > 0 and whole[cut - 1] != 10)
            finished = sum(end <= cut for end in ends)  # a record that lacks its newline alone is kept
            assert files.repair_records(path) == finished
            files.append_record(path, {"step": 99}, finished)
            after = files.read_records(path)
            assert [row["seq"] for row in after.rows] == list(range(finished + 1))
            assert after.bad_lines == 0

    @pytest.mark.parametrize("damage", ["flip", "glue", "long", "latin", "nojson"])
    def test_one_broken_line_is_counted_and_the_rest_kept(self, tmp_path, damage):
        path = tmp_path / "h.jsonl"
        self.write(path, 3)
        lines = path.read_bytes().splitlines()
        lines[1] = {
            "flip": lines[1].replace(b"0.1", b"0.2"),
            "glue": lines[1][:20] + lines[1],
            "long": b'{"a":"' + b"x" * 10_000_000 + b'"}',
            "latin": b"\xe9",
            "nojson": b"hello",
        }[damage]
        path.write_bytes(b"\n".join(lines) + b"\n")
        read = files.read_records(path)
        assert ([row["seq"] for row in read.rows], read.bad_lines) == ([0, 2], 1)

    def test_nan_token_from_another_writer_is_read_as_a_gap(self, tmp_path):
        rest = b'"seq":5,"step":7,"loss":NaN}'
        (tmp_path / "h").write_bytes(b'{"crc":"%08x",' % zlib.crc32(rest) + rest + b"\n")
        assert np.isnan(files.read_records(tmp_path / "h").rows[0]["loss"])

    def test_a_long_log_is_sampled_and_its_end_is_whole(self, tmp_path):
        path = tmp_path / "h.jsonl"
        self.write(path, 20_000)
        size = path.stat().st_size
        read = files.read_records(path, cap=100_000)
        seqs = [row["seq"] for row in read.rows]
        assert seqs == sorted(seqs)
        assert seqs[-500:] == list(range(19_500, 20_000))
        assert min(seqs) < 10
        assert read.offset == size
        assert read.bad_lines == 0
        assert read.skipped_bytes > size // 2

    def test_a_short_write_is_an_error_and_is_cut_off(self, tmp_path, monkeypatch):
        path = tmp_path / "h.jsonl"
        self.write(path, 2)
        before = path.read_bytes()
        real = os.write
        monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:11]))
        with pytest.raises(StorageError) as caught:
            files.append_record(path, {"step": 2}, 2)
        assert caught.value.code == "disk-full"
        assert path.read_bytes() == before

    def test_a_record_over_the_limit_is_refused(self, tmp_path):
        with pytest.raises(StorageError) as caught:
            files.append_record(tmp_path / "h", {"text": "x" * 70_000}, 0)
        assert caught.value.code == "record-size"
