"""Bad genomes F01 to F32: each is refused with a stable code, or read right against a whole-file reading.

Every case also checks that nothing was written beside the FASTA and that no exception but ours came out.
"""

from __future__ import annotations

import gzip
import os
import re
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest

import metabam.data.fastaindex as fastaindex
from metabam.data.fasta import scan_fasta
from metabam.data.genome import Genome
from metabam.errors import GenomeError
from metabam.records import Severity

FASTA = b">chr1 first\nACGTACG\nTTTTTTT\nGA\n>chr2\nCCCCC\n"
FAI = b"chr1\t16\t12\t7\t8\nchr2\t5\t37\t5\t6\n"
RIGHT = {"chr1": "ACGTACGTTTTTTTGA", "chr2": "CCCCC"}


def bgzip(data: bytes, *, end: bool) -> bytes:
    """Return block gzip: a member with the BC field, and the empty end block unless it is to be missing."""

    def member(piece: bytes) -> bytes:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = packer.compress(piece) + packer.flush()
        head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + struct.pack("<H", len(body) + 25)
        return head + body + struct.pack("<II", zlib.crc32(piece), len(piece))

    return member(data) + (member(b"") if end else b"")


@pytest.fixture
def put(tmp_path):
    """Write a FASTA (and whatever lies beside it) into a folder of its own; return its path."""

    def write(data: bytes, name: str = "genome.fa", **beside: bytes) -> Path:
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        for suffix, content in beside.items():
            (folder / f"{name}.{suffix}").write_bytes(content)
        (folder / name).write_bytes(data)
        return folder / name

    return write


def open_genome(path: Path) -> Genome:
    """Open with a private index elsewhere; the folder of the FASTA must stay as it is."""
    before = {item.name: item.read_bytes() for item in path.parent.iterdir()}
    try:
        return Genome(path, path.parent.parent / "indexes")
    finally:
        assert {item.name: item.read_bytes() for item in path.parent.iterdir()} == before


def content(genome: Genome) -> dict[str, str]:
    return {name: genome.fetch(name, 0, length) for name, length in genome.contigs.items()}


def codes(genome: Genome) -> list[str]:
    return [problem.code for problem in genome.problems]


REFUSED = {
    "F10-gzip": (gzip.compress(FASTA), "fasta-compressed", "gunzip -k genome.fa.gz"),
    "F11-bgzf": (bgzip(FASTA, end=True), "fasta-compressed", "gunzip -k genome.fa.gz"),
    "F11-bgzf-no-end-block": (bgzip(FASTA, end=False), "fasta-compressed", "gunzip -k genome.fa.gz"),
    "F14-blank-line": (b">a\nACGT\n\nAC\n", "fasta-blank-line", "line 3"),
    "F14-blank-before-next": (b">a\nACGT\n\n>b\nAC\n", "fasta-blank-line", "line 3"),
    "F15-ragged-short": (b">a\nACGT\nAC\nACGT\n", "fasta-ragged", "line 3"),
    "F15-ragged-long": (b">a\nAC\nACGT\n", "fasta-ragged", "line 3"),
    "F15-mixed-newlines": (b">a\nACGT\r\nACGT\nAC\n", "fasta-ragged", "line 3"),
    "F17-duplicate": (b">a\nAC\n>b\nAC\n>a\nGG\n", "fasta-duplicate", "line 5"),
    "F17-duplicate-after-blank": (b">a one\nAC\n>a two\nGG\n", "fasta-duplicate", "line 3"),
    "F18-empty-name": (b">\nAC\n", "fasta-name", "line 1"),
    "F18-blank-name": (b">a\nAC\n> b\nAC\n", "fasta-name", "line 3"),
    "F19-no-arrow": (b"ACGT\nACGT\n", "fasta-header", "'>'"),
    "F19-blank-first": (b"\n>a\nACGT\n", "fasta-header", "'>'"),
    "F20-utf8-mark": (b"\xef\xbb\xbf>a\nAC\n", "fasta-bom", "byte order mark"),
    "F20-utf16": (">a\nAC\n".encode("utf-16"), "fasta-bom", "byte order mark"),
    "F21-nul": (b">a\nACG\0ACG\n", "fasta-bytes", "byte 6 "),
    "F21-latin1-header": (b">caf\xe9\nACG\n", "fasta-bytes", "byte 4 "),
    "F21-binary": (b">a\nACG\n\x01\x02\x03\n", "fasta-bytes", "byte 7 "),
    "F22-web-page": (b"<!DOCTYPE html>\n<html>404</html>\n", "fasta-web-page", "this is a web page"),
    "F22-web-page-indented": (b"\n\n  <html>\n", "fasta-web-page", "this is a web page"),
    "F23-protein": (b">a\nMKVLEF\n", "fasta-protein", "byte 6 "),
    "F25-fastq": (b"@read\nACGT\n+\nIIII\n", "fasta-fastq", "FASTQ"),
    "F26-bare-returns": (b">a\rACGT\rACGT\r", "fasta-newlines", "tr '\\r' '\\n'"),
    "F26-bare-return-inside": (b">a\nACGT\nAC\rT\n", "fasta-newlines", "tr '\\r' '\\n'"),
    "F32-header-only": (b">a", "fasta-zero-length", "'a'"),
    "F32-zero-length-contig": (b">a\n>b\nAC\n", "fasta-zero-length", "'a'"),
    "F32-zero-length-last": (b">b\nAC\n>a\n", "fasta-zero-length", "'a'"),
    "F32-no-bytes": (b"", "fasta-empty", "no bytes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case, put):
    data, code, named = REFUSED[case]
    name = "genome.fa.gz" if code == "fasta-compressed" else "genome.fa"
    with pytest.raises(GenomeError) as caught:
        open_genome(put(data, name))
    assert caught.value.code == code
    assert named in f"{caught.value.message} {caught.value.remedy}"
    assert caught.value.remedy


@pytest.mark.parametrize(
    "case", [case for case in REFUSED if case[:3] in ("F14", "F15", "F17", "F18", "F21", "F23", "F32")]
)
def test_refused_wherever_the_scan_cuts_its_blocks(case, put, monkeypatch):
    data, code, named = REFUSED[case]
    path = put(data)
    for size in range(1, len(data) + 1):
        monkeypatch.setattr("metabam.data.fasta.BLOCK", size)
        with pytest.raises(GenomeError) as caught:
            open_genome(path)
        assert caught.value.code == code, size
        assert named in caught.value.message, size


@pytest.mark.parametrize("case", ["F11-crafted-gzi"])
def test_index_of_blocks_is_never_read(case, put):
    """A .gzi that counts 2^63 entries lies beside the file; the file is refused before anyone looks at it."""
    path = put(bgzip(FASTA, end=True), "genome.fa.gz", gzi=struct.pack("<Q", 2**63), fai=FAI)
    with pytest.raises(GenomeError) as caught:
        open_genome(path)
    assert caught.value.code == "fasta-compressed"


ACCEPTED = {
    "F12-crlf": (FASTA.replace(b"\n", b"\r\n"), RIGHT),
    "F13-lower-case": (FASTA.replace(b"CCCCC", b"ccccc").replace(b"GA\n", b"ga\n"), RIGHT),
    "F16-no-final-newline": (FASTA.removesuffix(b"\n"), RIGHT),
    "F16-blank-lines-at-the-end": (FASTA + b"\n\n", RIGHT),
    "F27-traversal-name": (b">../../x\nACG\n", {"../../x": "ACG"}),
    "F27-html-name": (b"><img/src=x>\nACG\n", {"<img/src=x>": "ACG"}),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted_as_the_clean_reference(case, put):
    data, right = ACCEPTED[case]
    path = put(data)
    for _ in range(2):  # the second time from the stored index
        with open_genome(path) as genome:
            assert content(genome) == right
            assert genome.soft_masked == (7 if case == "F13-lower-case" else 0)
    names = sorted(item.name for item in (path.parent.parent / "indexes").iterdir())
    assert len(names) == 4, names  # index, note, lock, last seen: no contig's name becomes a path


DAMAGED = {
    "F02-cut-at-a-line-end": FAI.splitlines(keepends=True)[0],
    "F03-cut-inside-a-number": FAI[:-6],
    "F04-empty": b"",
    "F05-offset-past-the-end": FAI.replace(b"\t37\t", b"\t9999\t"),
    "F06-negative-offset": FAI.replace(b"\t12\t", b"\t-12\t"),
    "F06-no-bases-a-line": FAI.replace(b"\t7\t8", b"\t0\t8"),
    "F06-four-columns": b"chr1\t16\t12\t7\nchr2\t5\t37\t5\n",
    "F06-six-columns": FAI.replace(b"\t8\n", b"\t8\t1\n"),
    "F06-a-fasta": FASTA,
    "F06-binary": bytes(range(256)),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_index_beside_is_not_used(case, put):
    path = put(FASTA, fai=DAMAGED[case])
    if case.startswith("F05"):  # it says that bases are missing: better asked than ignored
        with pytest.raises(GenomeError) as caught:
            open_genome(path)
        assert caught.value.code == "fasta-truncated"
        return
    with open_genome(path) as genome:
        assert content(genome) == RIGHT
        assert len(genome.problems) == 1


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_private_index_is_rebuilt(case, put):
    path = put(FASTA)
    open_genome(path).close()
    (private,) = (path.parent.parent / "indexes").glob("*.fai")
    assert private.read_bytes() == FAI
    private.write_bytes(DAMAGED[case])
    with open_genome(path) as genome:
        assert content(genome) == RIGHT
    assert private.read_bytes() == FAI


@pytest.mark.parametrize("case", ["F01-stale-index"])
def test_stale_index_beside(case, put):
    """The index is newer by its time, yet describes a file with another header: pyfaidx would give header text."""
    path = put(FASTA.replace(b">chr1 first", b">chr1 a much longer description"), fai=FAI)
    os.utime(path, (1, 1))
    with open_genome(path) as genome:
        assert content(genome) == RIGHT
        assert codes(genome) == []  # same contigs, same lengths: the same genome
    longer = put(FASTA.replace(b"CCCCC", b"CCCCCCC"), fai=FAI)
    os.utime(longer, (2, 2))
    with open_genome(longer) as genome:
        assert content(genome)["chr2"] == "CCCCCCC"
        assert "genome-index-stale" in codes(genome)
        assert all(problem.severity is Severity.WARNING for problem in genome.problems)


@pytest.mark.parametrize("case", ["F01-other-content-since-last-use"])
def test_file_replaced_between_two_uses(case, put):
    path = put(FASTA)
    open_genome(path).close()
    put(FASTA.replace(b"CCCCC", b"CCCCCCC"))
    with open_genome(path) as genome:
        assert content(genome)["chr2"] == "CCCCCCC"
        assert codes(genome) == ["genome-other-content"]
    with open_genome(path) as genome:
        assert codes(genome) == []


@pytest.mark.parametrize("case", ["F07-cut-with-an-index-beside", "F07-cut-since-last-use"])
@pytest.mark.parametrize("size", [14, 25, 39])
def test_truncated_after_indexing(case, size, put):
    beside = {"fai": FAI} if "beside" in case else {}
    if not beside:
        open_genome(put(FASTA)).close()
    with pytest.raises(GenomeError) as caught:
        open_genome(put(FASTA[:size], **beside))
    assert caught.value.code == "fasta-truncated"
    assert str(len(FASTA) - 1) in caught.value.message
    assert str(size) in caught.value.message


@pytest.mark.parametrize("case", ["F08-two-threads"])
def test_one_indexes_and_the_other_waits(case, put, monkeypatch):
    scans = []

    def slow(*arguments):
        scans.append(arguments)
        time.sleep(0.3)
        return scan_fasta(*arguments)

    monkeypatch.setattr(fastaindex, "scan_fasta", slow)
    path, found = put(FASTA), []
    threads = [threading.Thread(target=lambda: found.append(content(open_genome(path)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [RIGHT] * 3
    assert len(scans) == 1


@pytest.mark.parametrize("case", ["F08-two-processes"])
def test_processes_index_at_once(case, put):
    path = put(FASTA)
    program = (
        "import sys; from pathlib import Path; from metabam.data.genome import Genome\n"
        "g = Genome(Path(sys.argv[1]), Path(sys.argv[2])); print({n: g.fetch(n, 0, k) for n, k in g.contigs.items()})"
    )
    command = [sys.executable, "-c", program, str(path), str(path.parent.parent / "indexes")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in started] == [str(RIGHT)] * 2


@pytest.mark.parametrize("case", ["F09-read-only-folder"])
def test_read_only_folder(case, put):
    path = put(FASTA)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        with open_genome(path) as genome:
            assert content(genome) == RIGHT
    finally:
        path.parent.chmod(0o755)


@pytest.mark.parametrize(
    "megabases",
    [pytest.param(24, id="F24-one-line-24Mb"), pytest.param(250, id="F24-one-line-250Mb", marks=pytest.mark.nightly)],
)
def test_one_very_long_line(megabases, put):
    unit = b"ACGTTGCANN" * 100_000
    path = put(b">long\n" + unit * megabases + b"\n")
    tracemalloc.start()
    try:
        with Genome(path, path.parent.parent / "indexes") as genome:
            indexing = tracemalloc.get_traced_memory()[1]
            tracemalloc.reset_peak()
            assert genome.contigs == {"long": megabases * 1_000_000}
            assert genome.fetch("long", 17_000_003, 17_000_013) == "TTGCANNACG"
            fetching = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert indexing < 64 << 20
    assert fetching < 64 << 20
    path.unlink()


@pytest.mark.parametrize("case", ["F28-windows-outside"])
def test_windows_outside_are_padded_and_counted(case, put):
    with open_genome(put(FASTA)) as genome:
        assert genome.fetch("chr2", -2, 3) == "NNCCC"
        assert genome.fetch("chr2", 3, 8) == "CCNNN"
        assert genome.fetch("chr2", -4, -1) == "NNN"
        assert [genome.padding("chr2", a, b) for a, b in ((-2, 3), (3, 8), (-4, -1), (0, 5))] == [2, 3, 3, 0]


@pytest.mark.parametrize(
    ("asked", "named"),
    [("2", "'chr2'"), ("chr02", "'chr2'"), ("zzz", "'chr1'")],
    ids=["F29-bare", "F29-near", "F29-far"],
)
def test_missing_contig_names_the_nearest(asked, named, put):
    with open_genome(put(FASTA)) as genome, pytest.raises(GenomeError) as caught:
        genome.fetch(asked, 0, 3)
    assert caught.value.code == "contig-missing"
    assert named in caught.value.remedy


@pytest.mark.parametrize("case", ["F30-renamed-over", "F30-rewritten-in-place", "F30-removed"])
def test_replaced_while_open(case, put):
    path = put(FASTA)
    with open_genome(path) as genome:
        assert genome.fetch("chr2", 0, 3) == "CCC"
        if case == "F30-renamed-over":
            path.with_suffix(".new").write_bytes(FASTA)
            path.with_suffix(".new").replace(path)
        elif case == "F30-removed":
            path.unlink()
        else:
            path.write_bytes(FASTA.replace(b"CCCCC", b"GGGGGG"))
        with pytest.raises(GenomeError) as caught:
            genome.fetch("chr2", 0, 3)
    assert caught.value.code == "genome-changed"


@pytest.mark.parametrize("case", ["F31-other-build"])
def test_other_build_is_refused_unless_overridden(case, put):
    with open_genome(put(FASTA)) as genome:
        assert genome.require(genome.fingerprint)
        with pytest.raises(GenomeError) as caught:
            genome.require("0" * 64)
        assert caught.value.code == "genome-other-build"
        assert not genome.require("0" * 64, override=True)


@pytest.mark.parametrize("case", ["F10-text-under-a-gz-name"])
def test_plain_text_under_a_compressed_name(case, put):
    with pytest.raises(GenomeError) as caught:
        open_genome(put(FASTA, "genome.fa.gz"))
    assert caught.value.code == "fasta-name"


def test_every_id_has_a_case(request):
    """F01 to F32 are all in the ids of this file (the count is of ids, not of intentions)."""
    found = {name for item in request.session.items for name in re.findall(r"F[0-3][0-9](?=-)", item.name)}
    here = {item for item in request.session.items if item.fspath == request.node.fspath}
    if len(here) < 60:
        pytest.skip("only part of this file was asked for")
    assert found >= {f"F{number:02d}" for number in range(1, 33)}
