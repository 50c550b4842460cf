"""Real files of other formats, made by the libraries that write them."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib


def archive() -> bytes:
    """Return a zip with one table in it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("table.csv", "a,b\n1,2\n")
    return stream.getvalue()


def xlsx() -> bytes:
    """Return the smallest workbook: the parts by which a workbook is known."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("xl/workbook.xml", "<workbook/>")
    return stream.getvalue()


def packed(data: bytes) -> bytes:
    """Return gzip-compressed bytes."""
    return gzip.compress(data, mtime=0)


def parquet() -> bytes:
    """Return a Parquet file of one column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(pa.table({"chrom": ["chr1"]}), stream)
    return stream.getvalue()


def png() -> bytes:
    """Return a PNG of one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def checkpoint() -> bytes:
    """Return safetensors bytes of one tensor."""
    header = b'{"V":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    return struct.pack("<Q", len(header)) + header + bytes(4)


def torch_file() -> bytes:
    """Return what ``torch.save`` writes for one tensor."""
    import torch

    stream = io.BytesIO()
    torch.save({"V": torch.zeros(2)}, stream)
    return stream.getvalue()
