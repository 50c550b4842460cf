"""The one load gate and the one atomic writer: nothing else in the package opens a file of ours.

Reading: a regular file, a size cap, one read into memory, the SHA-256 where one is known, then a parser with its own
limits. Nothing is ever mapped (a mapped file truncated in place kills the process) and nothing is ever unpickled,
except the trainer's own resume file (:func:`load_resume`). Writing: a temporary file in the same folder, fsync, rename,
fsync of the folder. NumPy arrays at the interface: only the resume file needs PyTorch.
"""

from metabam.files.disk import (
    acquire_lock,
    is_locked,
    read_bytes,
    release_lock,
    remove_temporaries,
    sha256,
    sync_folder,
    write_bytes,
)
from metabam.files.jsontext import JSON_CAP, json_text, parse_json, read_json, write_json
from metabam.files.recordlog import LINE_CAP, RecordsRead, append_record, read_records, repair_records
from metabam.files.tensors import (
    TENSOR_CAP,
    TensorFile,
    TensorSpec,
    load_foreign,
    load_resume,
    load_tensors,
    parse_tensors,
    save_resume,
    save_tensors,
    spec_of,
)

__all__ = [
    "JSON_CAP",
    "LINE_CAP",
    "TENSOR_CAP",
    "RecordsRead",
    "TensorFile",
    "TensorSpec",
    "acquire_lock",
    "append_record",
    "is_locked",
    "json_text",
    "load_foreign",
    "load_resume",
    "load_tensors",
    "parse_json",
    "parse_tensors",
    "read_bytes",
    "read_json",
    "read_records",
    "release_lock",
    "remove_temporaries",
    "repair_records",
    "save_resume",
    "save_tensors",
    "sha256",
    "spec_of",
    "sync_folder",
    "write_bytes",
    "write_json",
]
