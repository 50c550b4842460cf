"""What the bytes of an input are, whatever the file is called, and which slot they belong in."""

from __future__ import annotations

import re

_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "a gzip archive", "Unpack it first: gunzip -k FILE."),
    (b"PAR1", "a Parquet file", "Save it as CSV or TSV text; Parquet is for training tables and the command line."),
    (b"%PDF", "a PDF document", "Export the table behind it as CSV or TSV text."),
    (b"\x89PNG", "a PNG picture", "Export the table behind it as CSV or TSV text."),
    (b"\xff\xd8\xff", "a JPEG picture", "Export the table behind it as CSV or TSV text."),
    (b"GIF8", "a GIF picture", "Export the table behind it as CSV or TSV text."),
    (b"MZ", "a Windows program", "Choose a CSV or TSV table."),
    (b"\x7fELF", "a Linux program", "Choose a CSV or TSV table."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)", "In Excel: save as CSV UTF-8."),
    (b"BZh", "a bzip2 archive", "Unpack it first: bunzip2 -k FILE."),
    (b"\xfd7zXZ\x00", "an xz archive", "Unpack it first: unxz -k FILE."),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it first."),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "Unpack it first: unzstd FILE."),
    (b"SQLite format 3\x00", "an SQLite database", "Export the table as CSV or TSV text."),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "Export the table as CSV or TSV text."),
    (b"\x93NUMPY", "a NumPy array file", "Export the table as CSV or TSV text."),
)
_ZIP = b"PK\x03\x04"


def binary_type(data: bytes) -> tuple[str, str] | None:
    """Return (what it is, what to do) when the bytes are a known binary format, else ``None``.

    Looks at magic numbers only; runs before anything is decoded.
    """
    if data.startswith(_ZIP):
        if b"xl/" in data[:4096] or b"[Content_Types].xml" in data[:4096]:
            return "an Excel workbook (.xlsx)", "In Excel: save as CSV UTF-8."
        if b".data/pkl" in data[:4096] or b"/data.pkl" in data[:4096]:
            return "a PyTorch checkpoint", "Weights go with --run as a run directory, never in a table slot."
        return "a zip archive", "Unpack it first, then choose the table inside."
    for magic, what, remedy in _MAGIC:
        if data.startswith(magic):
            return what, remedy
    if data[:1] == b"\x80" and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "a Python pickle", "Pickles are never opened; export the table as CSV or TSV text."
    if len(data) > 10 and data[8:10] == b'{"' and 2 <= int.from_bytes(data[:8], "little") <= 100 << 20:
        return "a safetensors checkpoint", "Weights go with --run as a run directory, never in a table slot."
    return None


def other_text_type(text: str) -> tuple[str, str] | None:
    """Return (what it is, what to do) when a text is a known format that is no pair table, else ``None``."""
    head = text[:4096].lstrip()
    low = head.lower()
    if head.startswith(">"):
        return "a FASTA file", "A genome goes with --genome (or into the genome slot); here a pair table is needed."
    if head.startswith(("@SQ", "@HD")):
        return "a SAM file", "Here a pair table is needed: CSV, TSV or BEDPE."
    if head.startswith("@") and "\n+" in head:
        return "a FASTQ file", "Here a pair table is needed: CSV, TSV or BEDPE."
    if head.startswith("##fileformat=VCF"):
        return "a VCF file", "Here a pair table is needed: CSV, TSV or BEDPE."
    if low.startswith(("<!doctype", "<html", "<?xml")):
        return "a web page or XML document", "Download the table itself, not the page that shows it."
    if head.startswith(("{", "[")):
        return (
            "a JSON document",
            "A fingerprint goes with --fingerprint; here a pair table is needed: CSV, TSV or BEDPE.",
        )
    rows = [line.split("\t") for line in re.split(r"[\r\n]+", head) if line and not line.startswith("#")][:5]
    if rows and all(_is_gtf(row) for row in rows[: max(1, len(rows) - 1)]):
        return "a GTF or GFF annotation", "Here a pair table is needed: one row per enhancer-promoter pair."
    return None


def _is_gtf(row: list[str]) -> bool:
    return len(row) == 9 and row[3].isdigit() and row[4].isdigit() and row[6] in ("+", "-", ".", "?")
