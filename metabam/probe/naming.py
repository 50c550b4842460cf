"""Comparisons of a run's motifs that are kept beside the run, and which planted motifs an atom's own motifs are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from metabam.errors import MetaBamError
from metabam.files import read_json, write_json
from metabam.probe.motifs import LEVEL
from metabam.records import FeatureInfo, FloatArray, MotifMatch, MotifMatchRecord, MotifSet

FORMAT = "metabam-motif-matches/1"
MATCH_FILE = "motif_matches.json"


def motif_digest(motifs: MotifSet) -> str:
    """Return the SHA-256 of names and matrices of a set of motifs."""
    total = hashlib.sha256()
    for name, pwm in zip(motifs.names, motifs.pwms, strict=True):
        total.update(f"{name}\t{pwm.shape}\n".encode())
        total.update(np.ascontiguousarray(pwm, dtype="<f8").tobytes())
    return total.hexdigest()


def keep_matches(folder: Path, found: MotifSet, known: MotifSet, record: MotifMatchRecord) -> str:
    """Write a comparison into a run folder, with the digests of both sets; return the file's SHA-256."""
    said = {
        "format": FORMAT, "found": motif_digest(found), "known": motif_digest(known), "few_known": record.few_known,
        "tested": list(record.tested), "unmatched": list(record.unmatched),
        "matches": [asdict(match) for match in record.matches],
    }  # fmt: skip
    return write_json(folder / MATCH_FILE, said)


def kept_matches(folder: Path, found: MotifSet, known: MotifSet) -> MotifMatchRecord | None:
    """Return the comparison of exactly these two sets that a run folder keeps.

    ``None`` where there is none, where it is of other motifs, or where the file does not hold what it says: it can be
    computed anew.
    """
    try:
        said: Any = read_json(folder / MATCH_FILE)
        if said["format"] != FORMAT or [said["found"], said["known"]] != [motif_digest(found), motif_digest(known)]:
            return None
        matches = tuple(_match(item, found, known) for item in said["matches"])
        tested = (len(found), len(known))
    except (MetaBamError, KeyError, TypeError, ValueError):
        return None
    named = {match.motif for match in matches}
    unmatched = tuple(name for name in found.names if name not in named)
    return MotifMatchRecord(matches, tested, unmatched, bool(said.get("few_known")))


def _match(item: Mapping[str, Any], found: MotifSet, known: MotifSet) -> MotifMatch:
    match = MotifMatch(
        motif=str(item["motif"]), known=str(item["known"]), p=float(item["p"]), q=float(item["q"]),
        offset=int(item["offset"]), strand="-" if item["strand"] == "-" else "+", overlap=int(item["overlap"]),
    )  # fmt: skip
    if match.motif not in found.names or match.known not in known.names or not 0.0 <= match.q <= LEVEL:
        raise ValueError(f"no match: {match}")
    return match


def motifs_of_atom(weights: FloatArray, features: Sequence[FeatureInfo]) -> tuple[int, ...]:
    """Return which of the run's motifs stand behind the feature that weighs most in an atom (D,); () for none."""
    size = np.abs(weights)[: len(features)]
    return tuple(int(at) for at in features[int(size.argmax())].motifs) if len(size) else ()


def planted_q(planted: Sequence[str], own: Sequence[str], record: MotifMatchRecord) -> dict[str, float | None]:
    """Return the least q of each planted motif among matches with an atom's own motifs; ``None`` above q = 0.05."""
    return {
        name: min((match.q for match in record.matches if match.known == name and match.motif in own), default=None)
        for name in planted
    }
