"""Genome windows of exact length: a FASTA file behind one guarded reader.

pyfaidx answers a window beyond a chromosome's end with a shorter string, and follows a stale index to other bases,
both without a word. :class:`Genome` gives it a private index that was proved against the file, asks it only for
bases that exist, checks the length of every answer, and fills the outside with N.
"""

from __future__ import annotations

import difflib
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
import pyfaidx

from metabam.data.fastaindex import FastaIndex, fingerprint_of, open_index
from metabam.data.sequence import N_CODE, codes_of_bytes, text_of
from metabam.errors import GenomeError, MetaBamError
from metabam.records import ByteArray, Problem

WINDOW_CAP: Final = 1 << 28


class Genome:
    """A reference genome: contigs by name, windows by 0-based half-open coordinates.

    Parameters
    ----------
    path
        An uncompressed FASTA file. Nothing is written beside it.
    index_dir
        Folder of the private index; ``$METABAM_CACHE`` or ``~/.cache/metabam`` when left out.

    Attributes
    ----------
    path : Path
        The file as given.
    contigs : dict of str to int
        Lengths in bp, in file order.
    fingerprint : str
        SHA-256 of contig names and lengths in order of name: what a run stores and compares at adaptation.
    synthetic : bool
        Whether every contig's name begins with ``synthetic``.
    soft_masked, ambiguous : int
        How many letters are lower case, and how many are not A, C, G, T (they are read as N).
    problems : tuple of Problem
        What was noticed about indexes, for the user to see.

    Raises
    ------
    GenomeError
        For whatever makes the file unusable; the code says what (``fasta-compressed`` with the gunzip line, ...).

    Notes
    -----
    The first use of a file reads it once (about 200 MB/s); later ones read 2 MiB and the index. Threads may share a
    genome. A file that is replaced while it is open is noticed at the next window (``genome-changed``).
    """

    def __init__(self, path: Path | str, index_dir: Path | None = None) -> None:
        self.path = Path(path)
        descriptor, self._real = _open(self.path)
        try:
            index = open_index(self._real, descriptor, index_dir)
            status = os.fstat(descriptor)
        except OSError as error:
            raise GenomeError(
                "genome-read", f"{self.path.name} cannot be read: {error.strerror}.", "Try again."
            ) from None
        finally:
            os.close(descriptor)
        self._stamp = _stamp(status)
        self._reader = _reader(self._real, index)
        if _stamp(os.fstat(self._reader.file.fileno())) != self._stamp:
            self._reader.close()
            raise self._changed()
        self.contigs = {row.name: row.length for row in index.rows}
        self.fingerprint = fingerprint_of(index.rows)
        self.synthetic = all(name.startswith("synthetic") for name in self.contigs)
        self.soft_masked, self.ambiguous = index.soft_masked, index.ambiguous
        self.problems: tuple[Problem, ...] = index.problems

    def length(self, chrom: str) -> int:
        """Return a contig's length in bp.

        Raises
        ------
        GenomeError
            ``contig-missing``, with the nearest names.
        """
        found = self.contigs.get(chrom)
        if found is None:
            raise GenomeError("contig-missing", f"no contig {chrom!r} in {self.path.name}.", self._nearest(chrom))
        return found

    def fetch(self, chrom: str, start: int, end: int) -> str:
        """Return bases [start, end) as upper-case text of EXACTLY ``end - start`` letters; N outside the contig.

        Letters other than A, C, G, T are N. See :meth:`codes` for what is raised.
        """
        return text_of(self.codes(chrom, start, end))

    def codes(self, chrom: str, start: int, end: int) -> ByteArray:
        """Return bases [start, end) as codes A 0, C 1, G 2, T 3, N 4; exact length, N outside the contig.

        Raises
        ------
        GenomeError
            ``contig-missing``, ``window-order`` (end before start), ``window-size``, ``genome-changed`` (the file was
            replaced since it was opened), ``genome-closed``, ``genome-read``.
        """
        total, start, end = self.length(chrom), int(start), int(end)
        if end < start:
            raise GenomeError("window-order", f"window {chrom}:{start}-{end} ends before it starts.", "Swap them.")
        if end - start > WINDOW_CAP:
            raise GenomeError("window-size", f"window {chrom}:{start}-{end} is over {WINDOW_CAP} bp.", "Ask for less.")
        inside_start, inside_end = min(max(start, 0), total), max(min(end, total), 0)
        inside = self._bases(chrom, inside_start, inside_end) if inside_start < inside_end else b""
        if inside_end - inside_start == end - start:
            return codes_of_bytes(inside)
        codes = np.full(end - start, N_CODE, dtype=np.uint8)
        codes[inside_start - start : inside_start - start + len(inside)] = codes_of_bytes(inside)
        return codes

    def padding(self, chrom: str, start: int, end: int) -> int:
        """Return how many letters of a window lie outside the contig (and are N for that reason)."""
        total = self.length(chrom)
        return (end - start) - max(0, min(end, total) - max(start, 0))

    def require(self, fingerprint: str, *, override: bool = False) -> bool:
        """Return whether this is the genome of a fingerprint; raise where it is not, unless overridden.

        Raises
        ------
        GenomeError
            ``genome-other-build``. With ``override`` the answer ``False`` is for the caller to record.
        """
        if self.fingerprint == fingerprint:
            return True
        if override:
            return False
        raise GenomeError(
            "genome-other-build",
            f"{self.path.name} is another genome than the model was trained on "
            f"({self.fingerprint[:12]} against {fingerprint[:12]}).",
            "Give the same build, or override it knowingly.",
        )

    def close(self) -> None:
        """Close the file; later windows raise ``genome-closed``."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _bases(self, chrom: str, start: int, end: int) -> bytes:
        try:
            if _stamp(self._real.stat()) != self._stamp:
                raise self._changed()
        except OSError:
            raise self._changed() from None
        if self._reader.file.closed:
            raise GenomeError("genome-closed", f"{self.path.name} has been closed.", "Open it again.")
        try:
            text: bytes = self._reader.fetch(chrom, start + 1, end).encode("ascii")
        except MetaBamError:
            raise
        except Exception as error:  # whatever the library raises must not reach a user
            raise _foreign(self.path.name, error) from None
        if len(text) != end - start:
            raise GenomeError(
                "genome-read",
                f"{self.path.name}: {chrom}:{start}-{end} gave {len(text)} bases instead of {end - start}.",
                "Check the file, then open it again.",
            )
        return text

    def _changed(self) -> GenomeError:
        return GenomeError(
            "genome-changed", f"{self.path.name} was replaced or removed while in use.", "Open it again."
        )

    def _nearest(self, chrom: str) -> str:
        bare = chrom.removeprefix("chr")
        alias = [name for name in self.contigs if name.removeprefix("chr") == bare]
        names = alias or difflib.get_close_matches(chrom, self.contigs, n=3, cutoff=0.4) or list(self.contigs)[:3]
        return f"Nearest names: {', '.join(map(repr, names))}."


def _open(path: Path) -> tuple[int, Path]:
    """Return a descriptor of a regular file and its real path."""
    try:
        real = path.resolve(strict=True)
        if not stat.S_ISREG(real.stat().st_mode):
            raise GenomeError("genome-file", f"{path.name} is not a regular file.", "Give a FASTA file.")
        return os.open(real, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), real
    except OSError as error:
        reason = error.strerror or "cannot be opened"
        raise GenomeError("genome-file", f"{path.name}: {reason}.", "Check the name and the permissions.") from None
    except (ValueError, RuntimeError):
        raise GenomeError("genome-file", "this is no usable file name.", "Check the name.") from None


def _stamp(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _reader(path: Path, index: FastaIndex) -> pyfaidx.Faidx:
    """Return pyfaidx on the proved index; it may neither build nor judge one itself."""
    if path.suffix.lower() in (".gz", ".bgz", ".bz2", ".zip"):
        raise GenomeError(
            "fasta-name", f"{path.name} is plain text under a compressed file's name.", "Rename it to end in .fa."
        )
    try:
        return pyfaidx.Faidx(str(path), indexname=str(index.path), as_raw=True, build_index=False)
    except Exception as error:  # whatever the library raises must not reach a user
        raise _foreign(path.name, error) from None


def _foreign(name: str, error: Exception) -> GenomeError:
    return GenomeError("genome-read", f"{name} cannot be read ({type(error).__name__}).", "Check the file.")
