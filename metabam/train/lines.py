"""Which contexts a run knows, what it may say of each, and a digest that holds it to its split."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from metabam.data.digests import support_digest
from metabam.records import LabelledContext, PairTable


def line_row(context: LabelledContext, role: str) -> dict[str, Any]:
    """Return what is said of a training context, or of one that is too small to teach."""
    return {
        "name": context.name,
        "cell_line": context.cell_line,
        "assay": context.assay,
        "pairs": len(context),
        "positives": int((context.labels == 1).sum()),
        "role": role,
    }


def held_row(held: PairTable, context: tuple[str, str]) -> dict[str, Any]:
    """Return what may be said of a held-out context: that it exists, and its size."""
    line, assay = context
    labels = held.label[held.rows_of(context)]
    named = {"name": f"{line} | {assay}" if assay else line, "cell_line": line, "assay": assay, "role": "held-out"}
    return {**named, "pairs": len(labels), "positives": int((labels == 1).sum())}


def split_digest(training: PairTable, held: PairTable) -> str:
    """Return a digest of the training rows and of the rows held out."""
    text = json.dumps([support_digest(training), support_digest(held)])
    return hashlib.sha256(text.encode()).hexdigest()
