"""One pass over a FASTA file: every byte is checked, and the index rows come out of it.

The pass streams blocks of 1 MiB, so that one line of 250 Mb costs no more memory than a short one. It refuses what
index builders accept in silence: blank and ragged lines, NUL bytes, proteins, bare carriage returns, web pages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metabam.errors import GenomeError

BLOCK: Final = 1 << 20
HEADER_CAP: Final = 1 << 16

_NEWLINE, _RETURN, _ARROW = 10, 13, 62
_BASES: Final = frozenset(b"ACGTacgt")
_AMBIGUOUS: Final = frozenset(b"NRYSWKMBDHVnryswkmbdhv")
_SEQUENCE_OK: Final = np.array([b in _BASES | _AMBIGUOUS | {_NEWLINE, _RETURN} for b in range(256)])
_SOFT: Final = np.array([chr(b).islower() and (b in _BASES or b in _AMBIGUOUS) for b in range(256)])
_AMBIGUOUS_LETTER: Final = np.array([b in _AMBIGUOUS for b in range(256)])
_HEADER_OK: Final = np.array([32 <= b < 127 or b in (9, _RETURN) for b in range(256)])
_PROTEIN: Final = frozenset(b"EFILPQZJOXefilpqzjox*")
_PACKED: Final = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"(\xb5/\xfd": "zstandard", b"PK\x03\x04": "zip"}
_PACKED_REMEDY: Final = {"bzip2": "bunzip2 -k", "xz": "unxz -k", "zstandard": "unzstd", "zip": "unzip"}


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One row of a .fai: contig name, length in bp, byte offset of its first base, bases and bytes per full line."""

    name: str
    length: int
    offset: int
    bases: int
    width: int

    @property
    def extent(self) -> int:
        """Return the byte after the last base."""
        full, rest = divmod(self.length, self.bases)
        if rest == 0:
            full, rest = full - 1, self.bases
        return self.offset + full * self.width + rest


@dataclass(frozen=True, slots=True)
class FastaScan:
    """What a pass over a FASTA found: index rows, and how many letters are lower case or not A, C, G, T."""

    rows: tuple[IndexRow, ...]
    soft_masked: int
    ambiguous: int


def refuse_by_content(name: str, head: bytes) -> None:
    """Raise :class:`GenomeError` when the first bytes show that a file is no FASTA text; the message says what it is.

    Codes: ``fasta-empty``, ``fasta-compressed``, ``fasta-kind``, ``fasta-bom``, ``fasta-web-page``, ``fasta-fastq``,
    ``fasta-header``, ``fasta-newlines``.
    """
    if not head:
        raise GenomeError("fasta-empty", f"{name} holds no bytes.", "Give a FASTA file with at least one contig.")
    if head[:2] == b"\x1f\x8b":
        block = head[3:4] == b"\x04" and head[12:14] == b"BC"
        kind = "bgzip (block gzip)" if block else "gzip"
        raise GenomeError("fasta-compressed", f"{name} is compressed with {kind}.", f"Run: gunzip -k {name}")
    for magic, kind in _PACKED.items():
        if head.startswith(magic):
            raise GenomeError(
                "fasta-compressed", f"{name} is compressed with {kind}.", f"Run: {_PACKED_REMEDY[kind]} {name}"
            )
    if head[:4] in (b"\x1a\x41\x27\x43", b"\x43\x27\x41\x1a"):
        raise GenomeError("fasta-kind", f"{name} is a 2bit file.", "Convert it with twoBitToFa.")
    if head.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise GenomeError("fasta-bom", f"{name} begins with a byte order mark.", "Save it as plain ASCII text.")
    start = head.lstrip()
    if start.startswith(b"<"):
        raise GenomeError("fasta-web-page", f"{name}: this is a web page.", "Download the file itself.")
    if start.startswith(b"@"):
        raise GenomeError("fasta-fastq", f"{name} is a FASTQ file of reads.", "Give the reference genome as FASTA.")
    if not head.startswith(b">"):
        raise GenomeError("fasta-header", f"{name} does not begin with '>'.", "Begin each contig with a line '>name'.")
    if b"\r" in head and b"\n" not in head:
        raise _bare_returns(name)


def _bare_returns(name: str) -> GenomeError:
    return GenomeError(
        "fasta-newlines",
        f"{name} has carriage returns (CR) without newlines.",
        f"Run: tr '\\r' '\\n' < {name} > fixed.fa",
    )


class _Record:
    """The contig being read: its index row in the making, and the first line that may only be the last one."""

    def __init__(self, file: str, name: str, offset: int) -> None:
        self.file, self.name, self.offset = file, name, offset
        self.length = self.bases = self.width = 0
        self.odd: int | None = None
        self.blank: int | None = None

    def add(self, bases: NDArray[np.int64], widths: NDArray[np.int64], first_line: int) -> None:
        """Take the next sequence lines: their numbers of bases and of bytes with the line end."""
        empty = np.flatnonzero(bases == 0)
        if self.blank is not None and bases.any():
            raise self._bad("fasta-blank-line", "is blank", self.blank, "Remove blank lines.")
        if empty.size:
            first = int(empty[0])
            if bases[first:].any():
                raise self._bad("fasta-blank-line", "is blank", first_line + first, "Remove blank lines.")
            self.blank = self.blank or first_line + first
            bases, widths = bases[:first], widths[:first]
        if not bases.size:
            return
        if self.bases == 0:
            self.bases, self.width = int(bases[0]), int(widths[0])
        if self.odd is not None:
            raise self._ragged(self.odd)
        other = np.flatnonzero((bases != self.bases) | (widths != self.width))
        if other.size:
            first = int(other[0])
            if bases[first] > self.bases or first < len(bases) - 1:
                raise self._ragged(first_line + first)
            self.odd = first_line + first
        self.length += int(bases.sum())

    def row(self) -> IndexRow:
        """Return the finished index row."""
        if self.length == 0:
            raise GenomeError(
                "fasta-zero-length", f"{self.file}: contig {self.name!r} has no bases.", "Remove it, or fill it."
            )
        return IndexRow(self.name, self.length, self.offset, self.bases, self.width)

    def _ragged(self, line: int) -> GenomeError:
        remedy = "Wrap every line of a contig to one length (the last may be shorter)."
        return self._bad("fasta-ragged", "has another length than the lines before it", line, remedy)

    def _bad(self, code: str, what: str, line: int, remedy: str) -> GenomeError:
        return GenomeError(code, f"{self.file}: line {line} of contig {self.name!r} {what}.", remedy)


class _Scanner:
    def __init__(self, file: str) -> None:
        self.file = file
        self.rows: list[IndexRow] = []
        self.names: set[str] = set()
        self.record: _Record | None = None
        self.lines = 0
        self.line_start = 0
        self.in_header = False
        self.header = b""
        self.last = 0
        self.returns = 0
        self.counts = np.zeros(256, dtype=np.int64)

    def feed(self, block: bytes, base: int) -> None:
        """Take the next block, which begins at byte ``base``."""
        data = np.frombuffer(block, dtype=np.uint8)
        if self.line_start == base:
            self.in_header = block[0] == _ARROW
        ends = np.flatnonzero(data == _NEWLINE)
        starts = np.concatenate([[self.line_start - base], ends + 1]).astype(np.int64)
        heads = data[np.clip(starts, 0, len(data) - 1)] == _ARROW
        heads &= starts < len(data)
        heads[0] = self.in_header
        self._letters(data, starts, heads, base)
        before = np.where(ends > 0, data[ends - 1], self.last)
        returned = (before == _RETURN) & (ends > starts[:-1])
        self.returns += int((returned & ~heads[:-1]).sum())
        widths = ends - starts[:-1] + 1
        bases = widths - 1 - returned
        previous = 0
        for index in np.flatnonzero(heads[:-1]).tolist():
            self._lines(bases[previous:index], widths[previous:index])
            self._head(self.header + block[max(0, int(starts[index])) : int(ends[index])], base + int(ends[index]) + 1)
            previous = index + 1
        self._lines(bases[previous:], widths[previous:])
        tail_is_head = bool(heads[-1])
        if tail_is_head:
            self.header = (self.header if not ends.size else b"") + block[max(0, int(starts[-1])) :]
            if len(self.header) > HEADER_CAP:
                raise GenomeError(
                    "fasta-header", f"{self.file}: line {self.lines + 1} is a header of over 64 KiB.", "Shorten it."
                )
        self.line_start = base + int(starts[-1])
        self.in_header = tail_is_head
        self.last = block[-1]

    def _lines(self, bases: NDArray[np.int64], widths: NDArray[np.int64]) -> None:
        if bases.size and self.record is not None:
            self.record.add(bases, widths, self.lines + 1)
        self.lines += len(bases)

    def _head(self, text: bytes, offset: int) -> None:
        self.header = b""
        self.lines += 1
        line = self.lines
        if self.record is not None:
            if self.record.blank is not None:
                raise GenomeError(
                    "fasta-blank-line", f"{self.file}: line {self.record.blank} is blank.", "Remove blank lines."
                )
            self.rows.append(self.record.row())
        if b"\r" in text.removesuffix(b"\r"):
            raise _bare_returns(self.file)
        words = text[1:].decode("ascii").split(maxsplit=1)
        if not words or text[1:2].isspace():
            raise GenomeError("fasta-name", f"{self.file}: line {line} has no name after '>'.", "Name every contig.")
        if words[0] in self.names:
            raise GenomeError(
                "fasta-duplicate",
                f"{self.file}: line {line} names contig {words[0]!r} again (names end at the first blank).",
                "Keep one contig of each name.",
            )
        self.names.add(words[0])
        self.record = _Record(self.file, words[0], offset)

    def _letters(self, data: NDArray[np.uint8], starts: NDArray[np.int64], heads: NDArray[np.bool_], base: int) -> None:
        """Count letters outside headers; refuse the first byte that is no DNA letter, with its offset."""
        counts = np.bincount(data, minlength=256)
        stops = np.append(starts[1:], len(data))
        for index in np.flatnonzero(heads).tolist():
            piece = data[max(0, int(starts[index])) : int(stops[index])]
            ok = _HEADER_OK[piece] | (piece == _NEWLINE)
            if not ok.all():
                raise self._bad_byte(piece[~ok][0], base + max(0, int(starts[index])) + int(np.argmin(ok)))
            counts -= np.bincount(piece, minlength=256)
        if counts[~_SEQUENCE_OK].any():
            wrong = np.flatnonzero(~_SEQUENCE_OK[data])
            owner = np.searchsorted(starts, wrong, side="right") - 1
            first = int(wrong[~heads[owner]][0])
            raise self._bad_byte(data[first], base + first)
        self.counts += counts

    def _bad_byte(self, value: np.uint8, offset: int) -> GenomeError:
        place = f"at byte {offset} (0-based)"
        if int(value) in _PROTEIN:
            return GenomeError(
                "fasta-protein", f"{self.file}: {chr(value)!r} {place} is a protein letter.", "Give genomic DNA."
            )
        return GenomeError(
            "fasta-bytes", f"{self.file}: {place} stands 0x{int(value):02x}, which is no DNA text.", "Give plain FASTA."
        )

    def finish(self, size: int) -> FastaScan:
        """Take the last line, which may lack its line end, and return the result."""
        if self.in_header:
            self._head(self.header, size)
        rest = size - self.line_start
        if rest and not self.in_header:
            bare = rest - int(self.last == _RETURN)
            self._lines(np.array([bare], dtype=np.int64), np.array([bare + 1], dtype=np.int64))
        if self.record is not None:
            self.rows.append(self.record.row())
        if int(self.counts[_RETURN]) != self.returns + int(bool(rest) and self.last == _RETURN and not self.in_header):
            raise _bare_returns(self.file)
        return FastaScan(tuple(self.rows), int(self.counts[_SOFT].sum()), int(self.counts[_AMBIGUOUS_LETTER].sum()))


def _blocks(descriptor: int) -> Iterator[tuple[bytes, int]]:
    base = 0
    while block := os.pread(descriptor, BLOCK, base):
        yield block, base
        base += len(block)


def scan_fasta(descriptor: int, name: str) -> FastaScan:
    """Return the index rows of an open FASTA file, having checked every byte of it.

    Parameters
    ----------
    descriptor
        An open file; its position is not moved.
    name
        What messages call the file.

    Raises
    ------
    GenomeError
        The codes of :func:`refuse_by_content`, and ``fasta-blank-line``, ``fasta-ragged``, ``fasta-name``,
        ``fasta-duplicate``, ``fasta-zero-length``, ``fasta-protein``, ``fasta-bytes``; the message names the line or
        the byte.
    """
    scanner = _Scanner(name)
    size = 0
    for block, base in _blocks(descriptor):
        if base == 0:
            refuse_by_content(name, block)
        scanner.feed(block, base)
        size = base + len(block)
    if size == 0:
        refuse_by_content(name, b"")
    return scanner.finish(size)
