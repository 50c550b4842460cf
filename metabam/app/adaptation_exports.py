"""What goes out of one adaptation: predictions as CSV and BEDPE, and the session file that repeats the result."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from metabam.app.adaptation import REFERENCE, Adaptation, Array, Loaded, Queries
from metabam.app.widgets import csv_text, json_text
from metabam.errors import InputError
from metabam.records import Fingerprint

SESSION_CAP: Final = 4 << 20


def result_rows(done: Adaptation, most: int | None = None) -> list[dict[str, object]]:
    """Return one row per query, in input order, at full precision: all, or the first ``most``."""
    if done.queries is None:
        return []
    answered = done.queries
    distance = answered.table.distance()
    near = done.nearest[0][0] if done.nearest else ""
    rows: list[dict[str, object]] = []
    for row in range(len(answered.table))[:most]:
        rows.append(
            {
                "pair_id": str(answered.table.pair_id[row]),
                "chrom": str(answered.table.enhancer_chrom[row]),
                "enhancer_start": int(answered.table.enhancer_start[row]),
                "enhancer_end": int(answered.table.enhancer_end[row]),
                "promoter_start": int(answered.table.promoter_start[row]),
                "promoter_end": int(answered.table.promoter_end[row]),
                "probability": float(answered.probability[row]),
                "lower": float(answered.lower[row]),
                "upper": float(answered.upper[row]),
                "logit": float(answered.logit[row]),
                "prior_only": float(answered.prior[row]),
                "nearest_line": near,
                "nearest_line_probability": float(answered.nearest[row]),
                "distance_bp": float(distance[row]),
                **{name: float(values[row]) for name, values in answered.others.items()},
                "status": answered.status[row],
            }
        )
    return rows


def results_csv(done: Adaptation, comment: str) -> str:
    """Return the query predictions as CSV with the provenance above the header."""
    return csv_text(result_rows(done), comment)


def results_bedpe(done: Adaptation, comment: str) -> bytes:
    """Return the predicted pairs as BEDPE, 0-based half-open: anchor 1 enhancer, anchor 2 promoter, score = P.

    Rows without a prediction or without coordinates are left out. ``comment`` becomes lines that start with ``#``;
    there is no header row. Names that a spreadsheet would run as a formula are guarded, numbers never.
    """
    from metabam.data.exports import export_rows

    if done.queries is None:
        return b""
    table = done.queries.table
    placed = (table.enhancer_start >= 0) & (table.promoter_start >= 0)
    kept = np.flatnonzero(done.queries.usable & placed)
    rows = table.take(kept)
    anchors = ("chrom1", "start1", "end1", "chrom2", "start2", "end2")
    columns: dict[str, Any] = dict(zip(anchors, rows.coordinates(), strict=True))
    columns["name"] = [str(name) or "." for name in rows.pair_id]
    columns["score"] = done.queries.probability[kept]
    columns["strand1"] = columns["strand2"] = ["."] * len(kept)
    body = export_rows(columns).split(b"\n", 1)[1]
    return "".join(f"# {line}\n" for line in comment.splitlines()).encode() + body


@dataclass(frozen=True, slots=True)
class StoredSession:
    """What a session file holds: which run and weights, the support as it was given, how it was adapted, the result."""

    run: str
    weights: str
    name: str
    support: bytes = field(repr=False)
    answers: dict[str, str]
    one_class: bool
    refine: dict[str, Any] | None
    fingerprint: Fingerprint = field(repr=False)


def session_json(
    done: Adaptation, support: Loaded | None, provenance: dict[str, object], synthetic: bool | None
) -> str:
    """Return what repeats this adaptation: the support itself, digests, run, seed, settings, and the fingerprint.

    ``support`` is the table that was adapted to; without it (it has changed since), its digest alone is written.
    """
    from metabam.score import fingerprint_to_dict

    given = support if support is not None and support.sha256 == done.support_sha256 else None
    return json_text(
        {
            "format": "metabam-session",
            "version": 2,
            "synthetic": synthetic,
            "run": done.run_id,
            "weights_sha256": done.weights,
            "seed": done.seed,
            "support": {
                "name": done.support_name,
                "sha256": done.support_sha256,
                "pairs": len(done.labels),
                "positives": int((done.labels == 1).sum()),
                "base64": "" if given is None else base64.b64encode(given.data).decode(),
                "answers": {} if given is None else dict(given.answers),
                "one_class": False if given is None else given.one_class,
            },
            "queries": {
                "name": done.query_name,
                "sha256": done.query_sha256,
                "pairs": 0 if done.queries is None else len(done.queries.table),
            },
            "learners": [REFERENCE, *(() if done.queries is None else done.queries.others)],
            "refinement": None if done.refine is None else done.refine.model_dump(mode="json"),
            "kl_nats": float(done.kl.sum()),
            "gain_nats": done.verdict.gain,
            "permutation_p": done.verdict.p,
            "informed": done.informed,
            "nearest_lines": [{"line": name, "distance": gap} for name, gap in done.nearest],
            "fingerprint": fingerprint_to_dict(done.fingerprint),
            "provenance": provenance,
        }
    )


def read_session(data: bytes, name: str) -> StoredSession:
    """Return what a session file holds.

    Raises
    ------
    InputError
        ``bad-session`` for anything but what :func:`session_json` writes; what the load gate says of JSON.
    """
    import hashlib

    from metabam.files import parse_json
    from metabam.score import fingerprint_from_dict

    if len(data) > SESSION_CAP:
        raise InputError("bad-session", f"{name[:60]} is above 4 MiB.", "Give a session file of this page.")
    values = parse_json(data, name)
    try:
        support = values["support"]
        table = base64.b64decode(support["base64"], validate=True)
        stored = StoredSession(
            str(values["run"]),
            str(values["weights_sha256"]),
            str(support["name"])[:200],
            table,
            {str(key): str(value) for key, value in support["answers"].items()},
            support["one_class"] is True,
            values["refinement"],
            fingerprint_from_dict(values["fingerprint"]),  # type: ignore[arg-type]  # refused below where it is another
        )
        known = values["format"] == "metabam-session" and support["sha256"] == hashlib.sha256(table).hexdigest()
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _bad_session(name) from None
    if not known or not isinstance(stored.fingerprint, Fingerprint):
        raise _bad_session(name)
    return stored


def same_result(one: Fingerprint, other: Fingerprint) -> bool:
    """Return whether two fingerprints agree bit for bit, their provenance aside."""
    names = ("mean", "std", "spectrum", "evidence_mean", "evidence_cov")
    return all(np.asarray(getattr(one, name)).tobytes() == np.asarray(getattr(other, name)).tobytes() for name in names)


def _bad_session(name: str) -> InputError:
    return InputError(
        "bad-session", f"{name[:60]} is no session file of this page.", "Download one under Session (JSON)."
    )


def labelled(answered: Queries) -> tuple[Array, NDArray[np.int8]]:
    """Return probability and label of the query rows that have both."""
    known = answered.usable & (answered.table.label >= 0)
    return answered.probability[known], answered.table.label[known]
