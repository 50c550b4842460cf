"""Genome windows: exact length, the right bases against a whole-file reading, a private index that is proved."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import metabam.data.fastaindex as fastaindex
from metabam.data.fasta import IndexRow, scan_fasta
from metabam.data.fastaindex import fai_text, fingerprint_of, index_proved, parse_fai
from metabam.data.genome import Genome
from metabam.data.sequence import text_of
from metabam.errors import GenomeError

quiet = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def whole_file(path: Path) -> dict[str, str]:
    """Read a FASTA the slow and obvious way: the oracle."""
    contigs: dict[str, list[str]] = {}
    name = ""
    for line in path.read_bytes().decode("latin-1").split("\n"):
        line = line.removesuffix("\r")
        if line.startswith(">"):
            name = line[1:].split()[0]
            contigs[name] = []
        elif name:
            contigs[name].append(line)
    return {
        name: "".join(letter if letter in "ACGT" else "N" for letter in "".join(lines).upper())
        for name, lines in contigs.items()
    }


def window(text: str, start: int, end: int) -> str:
    return "".join(text[i] if 0 <= i < len(text) else "N" for i in range(start, end))


def wrap(text: str, width: int, newline: str) -> str:
    return "".join(text[i : i + width] + newline for i in range(0, len(text), width))


@pytest.fixture
def small(tmp_path) -> Path:
    path = tmp_path / "small.fa"
    path.write_text(">chr1 first\nACGTACG\nTTTTTTT\nGA\n>chr2\nCCCCC\n")
    return path


def genome(path: Path) -> Genome:
    return Genome(path, path.parent / "indexes")


def test_contigs_and_windows_by_hand(small):
    with genome(small) as opened:
        assert opened.contigs == {"chr1": 16, "chr2": 5}
        assert opened.fetch("chr1", 0, 16) == "ACGTACGTTTTTTTGA"
        assert opened.fetch("chr1", 6, 8) == "GT"
        assert opened.codes("chr1", 13, 16).tolist() == [3, 2, 0]
        assert opened.fetch("chr1", 3, 3) == ""
        assert opened.length("chr2") == 5
        assert not opened.synthetic
        assert opened.problems == ()


def test_windows_beyond_an_end_are_n_and_exact(small):
    with genome(small) as opened:
        assert opened.fetch("chr2", -3, 8) == "NNNCCCCCNNN"
        assert opened.padding("chr2", -3, 8) == 6
        assert opened.fetch("chr2", 50, 53) == opened.fetch("chr2", -9, -6) == "NNN"
        assert opened.padding("chr2", 50, 53) == opened.padding("chr2", -9, -6) == 3
        assert opened.padding("chr2", 1, 5) == 0


@quiet
@given(data=st.data())
def test_any_window_of_any_layout_equals_the_whole_file_reading(tmp_path_factory, data):
    texts = data.draw(st.lists(st.text(alphabet="ACGTacgtNnRy", min_size=1, max_size=53), min_size=1, max_size=3))
    width = data.draw(st.integers(1, 60))
    newline = data.draw(st.sampled_from(["\n", "\r\n"]))
    path = tmp_path_factory.mktemp("fasta") / "x.fa"
    content = "".join(f">c{i} note{newline}{wrap(text, width, newline)}" for i, text in enumerate(texts))
    path.write_bytes((content if data.draw(st.booleans()) else content.removesuffix(newline)).encode())
    truth = whole_file(path)
    with genome(path) as opened:
        assert opened.contigs == {name: len(text) for name, text in truth.items()}
        for name, text in truth.items():
            start = data.draw(st.integers(-7, len(text) + 7))
            end = data.draw(st.integers(start, start + 70))
            assert opened.fetch(name, start, end) == window(text, start, end)
            assert text_of(opened.codes(name, start, end)) == window(text, start, end)


@quiet
@given(edits=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255), st.integers(0, 2)), min_size=1, max_size=4))
def test_a_mutated_file_is_refused_or_read_right(tmp_path_factory, edits):
    folder = tmp_path_factory.mktemp("mutated")
    data = bytearray(b">chr1 first\nACGTACG\nTTTTTTT\nGA\n>chr2\nCCCCC\n>chr3\nACGNN\n")
    for place, value, kind in edits:
        at = place % (len(data) + 1)
        if kind == 0 and at < len(data):
            data[at] = value
        elif kind == 1:
            data.insert(at, b"\n\r>ACN"[value % 6])
        else:
            del data[at : at + 1 + value % 5]
    path = folder / "x.fa"
    path.write_bytes(bytes(data))
    try:
        opened = genome(path)
    except GenomeError:
        return
    with opened:
        truth = whole_file(path)
        assert opened.contigs == {name: len(text) for name, text in truth.items()}
        for name, text in truth.items():
            assert opened.fetch(name, -1, len(text) + 1) == f"N{text}N"


@quiet
@given(place=st.integers(0, 10**6), value=st.integers(0, 255), which=st.sampled_from(["beside", "private", "note"]))
def test_a_mutated_index_never_gives_other_bases(tmp_path_factory, place, value, which):
    folder = tmp_path_factory.mktemp("index")
    path = folder / "x.fa"
    path.write_text(">chr1 first\nACGTACG\nTTTTTTT\nGA\n>chr2\nCCCCC\n")
    with genome(path) as opened:
        right = {name: opened.fetch(name, -1, n + 1) for name, n in opened.contigs.items()}
        counted = (opened.soft_masked, opened.ambiguous)
    private = next((folder / "indexes").glob("*.fai"))
    target = {"beside": folder / "x.fa.fai", "private": private, "note": private.with_suffix(".json")}[which]
    data = bytearray(private.read_bytes() if which == "beside" else target.read_bytes())
    data[place % len(data)] = value
    target.write_bytes(bytes(data))
    try:
        opened = genome(path)
    except GenomeError as error:
        refusal: tuple[str, str] | None = (which, error.code)
    else:
        refusal = None
    if refusal is not None:
        assert refusal == ("beside", "fasta-truncated")
        return
    with opened:
        assert {name: opened.fetch(name, -1, n + 1) for name, n in opened.contigs.items()} == right
        assert (opened.soft_masked, opened.ambiguous) == counted


def test_index_is_built_once_and_then_only_read(small, monkeypatch):
    scans = []
    monkeypatch.setattr(fastaindex, "scan_fasta", lambda *a: scans.append(a) or scan_fasta(*a))
    first, second = genome(small), genome(small)
    assert len(scans) == 1
    assert first.fingerprint == second.fingerprint
    assert sorted(p.name for p in small.parent.iterdir()) == ["indexes", "small.fa"]
    os.utime(small, ns=(1, 1))
    genome(small)
    assert len(scans) == 2


def test_cache_folder_follows_the_environment(small, monkeypatch, tmp_path):
    monkeypatch.setenv("METABAM_CACHE", str(tmp_path / "cache"))
    Genome(small).close()
    assert len(list((tmp_path / "cache").glob("*.fai"))) == 1


def test_a_cache_that_is_no_folder_is_named(small, tmp_path):
    (tmp_path / "taken").write_text("x")
    with pytest.raises(GenomeError) as caught:
        Genome(small, tmp_path / "taken")
    assert caught.value.code == "genome-cache"
    assert "METABAM_CACHE" in caught.value.remedy


def test_fingerprint_ignores_layout_and_order_but_not_names_or_lengths():
    one = [IndexRow("a", 7, 3, 7, 8), IndexRow("b", 5, 14, 5, 6)]
    other = [IndexRow("b", 5, 3, 2, 4), IndexRow("a", 7, 16, 3, 5)]
    assert fingerprint_of(one) == fingerprint_of(other)
    assert len(fingerprint_of(one)) == 64
    assert fingerprint_of(one) != fingerprint_of([IndexRow("a", 8, 3, 7, 8), one[1]])
    assert fingerprint_of(one) != fingerprint_of([IndexRow("A", 7, 3, 7, 8), one[1]])


def test_extent_is_the_byte_after_the_last_base():
    assert IndexRow("a", 16, 12, 7, 8).extent == 12 + 7 + 1 + 7 + 1 + 2
    assert IndexRow("a", 14, 12, 7, 8).extent == 12 + 7 + 1 + 7
    assert IndexRow("a", 3, 12, 3, 4).extent == 15


def test_index_text_comes_back():
    rows = (IndexRow("a", 16, 12, 7, 8), IndexRow("b", 5, 37, 5, 7))
    assert fai_text(rows) == "a\t16\t12\t7\t8\nb\t5\t37\t5\t7\n"
    assert parse_fai(fai_text(rows).encode()) == rows


def test_proof_finds_each_lie(small):
    descriptor = os.open(small, os.O_RDONLY)
    try:
        size = small.stat().st_size
        rows = scan_fasta(descriptor, "small.fa").rows
        assert index_proved(descriptor, rows, size)
        a, b = rows
        lies = [
            (), (a,), (b,), (b, a), (a, b, b),
            (IndexRow("chr3", a.length, a.offset, a.bases, a.width), b),
            (IndexRow("chr1", a.length - 1, a.offset, a.bases, a.width), b),
            (IndexRow("chr1", a.length, a.offset + 1, a.bases, a.width), b),
            (IndexRow("chr1", a.length, a.offset, a.bases + 1, a.width + 1), b),
            (a, IndexRow("chr2", b.length + 1, b.offset, b.bases, b.width)),
            (a, IndexRow("chr2", 10**9, b.offset, b.bases, b.width)),
        ]  # fmt: skip
        assert [index_proved(descriptor, lie, size) for lie in lies] == [False] * len(lies)
    finally:
        os.close(descriptor)


def test_threads_share_a_genome(tmp_path):
    rng = np.random.default_rng(7)
    text = "".join(rng.choice(list("ACGT"), 10_007))
    path = tmp_path / "x.fa"
    path.write_text(f">c\n{wrap(text, 60, chr(10))}")
    wrong: list[int] = []
    with genome(path) as opened:

        def work(seed: int) -> None:
            for start in np.random.default_rng(seed).integers(-5, 10_000, 300).tolist():
                if opened.fetch("c", start, start + 101) != window(text, start, start + 101):
                    wrong.append(start)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda g: g.fetch("chr1", 5, 3), "window-order"),
        (lambda g: g.codes("chr1", 0, 10**12), "window-size"),
        (lambda g: g.fetch("chr9", 0, 3), "contig-missing"),
        (lambda g: g.padding("chr9", 0, 3), "contig-missing"),
    ],
    ids=["order", "size", "contig", "padding"],
)
def test_bad_windows_are_refused(small, call, code):
    with genome(small) as opened, pytest.raises(GenomeError) as caught:
        call(opened)
    assert caught.value.code == code


def test_a_closed_genome_says_so(small):
    opened = genome(small)
    opened.close()
    with pytest.raises(GenomeError) as caught:
        opened.fetch("chr1", 0, 3)
    assert caught.value.code == "genome-closed"


@pytest.mark.parametrize("what", [AssertionError("x"), ImportError("y"), KeyError("z"), OSError(5, "I/O")])
def test_what_the_library_raises_becomes_a_genome_error(small, monkeypatch, what):
    def broken(*_):
        raise what

    with genome(small) as opened:
        monkeypatch.setattr(opened._reader, "fetch", broken)
        with pytest.raises(GenomeError) as caught:
            opened.fetch("chr1", 0, 3)
    assert caught.value.code == "genome-read"
    assert type(what).__name__ in caught.value.message


def test_a_short_answer_of_the_library_is_never_passed_on(small, monkeypatch):
    with genome(small) as opened:
        monkeypatch.setattr(opened._reader, "fetch", lambda *_: "AC")
        with pytest.raises(GenomeError) as caught:
            opened.fetch("chr1", 0, 3)
    assert "2 bases instead of 3" in caught.value.message


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "nul"])
def test_what_is_no_file_is_refused(tmp_path, kind):
    path = tmp_path / "x.fa"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "nul":
        path = tmp_path / "a\0b"
    with pytest.raises(GenomeError) as caught:
        genome(path)
    assert caught.value.code == "genome-file"


def test_a_link_to_a_genome_works(small, tmp_path):
    link = tmp_path / "link.fa"
    link.symlink_to(small)
    with genome(link) as opened:
        assert opened.fetch("chr2", 0, 2) == "CC"


def test_blocks_of_the_scan_may_cut_anywhere(small, monkeypatch):
    descriptor = os.open(small, os.O_RDONLY)
    try:
        whole = scan_fasta(descriptor, "x")
        for size in range(1, small.stat().st_size + 1):
            monkeypatch.setattr("metabam.data.fasta.BLOCK", size)
            assert scan_fasta(descriptor, "x") == whole
    finally:
        os.close(descriptor)
