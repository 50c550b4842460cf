"""The files of the Sequence lens: bases as CSV and bedGraph, substitutions, motif sites as BED, and all as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Final

import numpy as np

from metabam.app.layout import Scene
from metabam.app.lens import Lens
from metabam.app.widgets import csv_text, json_text
from metabam.plots.sequence import SIDES, Window
from metabam.records import MotifHit, MotifHitRecord, MutagenesisRecord

NUMBERS: Final = ("value", "baseline", "total", "residual", "off_simplex", "null")


def base_rows(lens: Lens, mutagenesis: MutagenesisRecord | None) -> list[dict[str, object]]:
    """Return one row per base of both elements: where it is, its letter, its value, and known substitutions."""
    rows: list[dict[str, object]] = []
    for side in SIDES:
        element, bars = lens.element(side), getattr(lens.record, side)
        for at, (code, value) in enumerate(zip(element.codes.tolist(), bars.tolist(), strict=True)):
            row: dict[str, object] = {
                "side": side,
                "position": at,
                "chrom": element.chrom,
                "genome_position": element.start + at if element.chrom else "",
                "base": "ACGTN"[code],
                "attribution": value,
            }
            if mutagenesis is not None and mutagenesis.side == side and mutagenesis.start <= at < mutagenesis.end:
                row |= {f"to_{to}": float(mutagenesis.change[k, at - mutagenesis.start]) for k, to in enumerate("ACGT")}
            rows.append(row)
    return rows


def base_csv(lens: Lens, mutagenesis: MutagenesisRecord | None, comment: str) -> str:
    """Return the attribution of every base as CSV."""
    return csv_text(base_rows(lens, mutagenesis), f"{comment}; {told(lens)}")


def bedgraph(lens: Lens, side: str, comment: str) -> str:
    """Return one element's attributions as bedGraph, 0-based half-open; needs coordinates."""
    element = lens.element(side)
    lines_out = [f"# {comment}", f"# {told(lens)}", f'track type=bedGraph name="metabam {side} attribution"']
    for at, value in enumerate(getattr(lens.record, side).tolist()):
        lines_out.append(f"{element.chrom}\t{element.start + at}\t{element.start + at + 1}\t{value!r}")
    return "\n".join(lines_out) + "\n"


def mutagenesis_csv(lens: Lens, record: MutagenesisRecord, comment: str) -> str:
    """Return one row per substitution of the window."""
    element = lens.element(record.side)
    rows: list[dict[str, object]] = [
        {
            "side": record.side,
            "position": record.start + at,
            "chrom": element.chrom,
            "genome_position": element.start + record.start + at if element.chrom else "",
            "from": "ACGTN"[element.codes[record.start + at]],
            "to": "ACGT"[row],
            "change": float(record.change[row, at]),
        }
        for at in range(record.end - record.start)
        for row in range(4)
        if element.codes[record.start + at] != row
    ]
    return csv_text(rows, f"{comment}; {told(lens)}")


def hits_bed(lens: Lens, hits: Sequence[MotifHit], comment: str) -> str:
    """Return motif sites as BED: name, score = -10 log10 q (at most 1000); without coordinates the side stands in."""
    rows = [f"# {comment}", f"# {told(lens)}"]
    for hit in hits:
        element = lens.element(hit.side)
        chrom, first = (element.chrom, element.start) if element.chrom else (hit.side, 0)
        score = int(min(1000.0, -10.0 * np.log10(max(hit.q, 1e-100))))
        name = "_".join(hit.name.split())
        rows.append(f"{chrom}\t{first + hit.start}\t{first + hit.end}\t{name}\t{score}\t{hit.strand}")
    return "\n".join(rows) + "\n"


def session_json(lens: Lens, window: Window, hits: MotifHitRecord | None, scene: Scene) -> str:
    """Return the numbers of the page with everything that was chosen, as JSON."""
    record = lens.record
    return json_text(
        {
            "asked": {**asdict(lens.asked), "atom": lens.asked.atom + 1},
            "window": asdict(window),
            "label": lens.label if lens.label >= 0 else None,
            "numbers": {name: getattr(record, name) for name in NUMBERS},
            "enhancer_share": None if np.isnan(record.enhancer_share) else record.enhancer_share,
            "motifs": None if hits is None else {"source": hits.source, "sites": [asdict(hit) for hit in hits.hits]},
            "provenance": scene.provenance(),
        }
    )


def told(lens: Lens) -> str:
    """Return what was asked, as one line of a comment."""
    asked = replace(lens.asked, atom=lens.asked.atom + 1)
    return "; ".join(f"{name}={' '.join(str(value).split())}" for name, value in asdict(asked).items())
