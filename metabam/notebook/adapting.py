"""Adapting to a line in a notebook: predictions by number of pairs, whether the labels taught, the session file."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metabam.errors import InputError
from metabam.notebook.opened import Array, Demo, judged
from metabam.notebook.panels import Panel, Section, dropdown, number, switch
from metabam.records import Fingerprint, PairTable
from metabam.texts import text

if TYPE_CHECKING:
    import pandas as pd

SESSION = "metabam-session"
SUPPORT_CAP = 1 << 20


def queries_figure(
    table: PairTable, scores: pd.DataFrame, prior: pd.DataFrame, *, synthetic: bool | None, lang: str = "en"
) -> Any:
    """Return the app's figure of query predictions beside those of the prior; rows without a score are left out."""
    from metabam.plots.queries import prediction_figure

    rows = (scores["status"] == "ok").to_numpy()

    def column(frame: pd.DataFrame, name: str) -> Array:
        return np.asarray(frame[name].to_numpy(dtype=np.float64)[rows])

    return prediction_figure(
        column(scores, "probability"),
        column(scores, "lower"),
        column(scores, "upper"),
        [str(name) for name in table.pair_id[rows]],
        prior=column(prior, "probability"),
        labels=table.label[rows],
        synthetic=synthetic,
        lang=lang,
    )


def adaptation(opened: Demo, *, line: str, shots: int = 16, shuffled: bool = False, lang: str = "en") -> Section:
    """Return the predictions of a line's example queries after some of its pairs, and the posterior beside the prior.

    Raises
    ------
    InputError
        ``no-shuffled`` where the line has no example with shuffled labels.
    """
    from metabam.plots.adapting import posterior_figure

    if shuffled and not opened.support_file(line, shuffled=True).is_file():
        raise InputError("no-shuffled", f"{line} has no example with shuffled labels.", f"Choose {opened.lines[0]}.")
    support, queries = opened.support(line, shuffled=shuffled), opened.queries(line)
    prior = opened.predictor.prior()
    fingerprint: Fingerprint = prior if not shots else opened.predictor.adapt(support.take(spread(support, shots)))
    scores, before = (opened.predictor.score(item, queries) for item in (fingerprint, prior))
    posterior = posterior_figure(
        fingerprint.mean, fingerprint.std, prior.mean, prior.std, synthetic=opened.synthetic, lang=lang
    )
    found = judged(queries, scores)
    note = text(
        "notebook.judged",
        lang,
        n=len(queries),
        **{name: float("nan") if value is None else value for name, value in found.items()},
    )
    table = scores.assign(label=queries.label).sort_values("probability", ascending=False)
    return Section(
        (queries_figure(queries, scores, before, synthetic=opened.synthetic, lang=lang), posterior), table, note
    )


def spread(support: PairTable, shots: int) -> Any:
    """Return the first ``shots`` rows of a support, its classes by turns, so that few pairs hold both."""
    ones, zeros = (np.flatnonzero(support.label == value) for value in (1, 0))
    turn = np.concatenate([np.arange(len(ones)), np.arange(len(zeros)) + 0.5])
    return np.concatenate([ones, zeros])[np.argsort(turn, kind="stable")][:shots]


def adapt_panel(opened: Demo, lang: str = "en") -> Panel:
    """Return a panel: choose a line and how many of its pairs to adapt to; the predictions follow."""

    def read(**chosen: Any) -> Section:
        return adaptation(opened, lang=lang, **chosen)

    controls = {
        "line": dropdown("line", opened.lines, lang),
        "shots": number("shots", 0, 16, 16, lang),
        "shuffled": switch("shuffled", lang),
    }
    return Panel(read, controls, lang)


def session_json(opened: Demo, path: Path | str, fingerprint: Fingerprint) -> str:
    """Return the session file of an adaptation to the table in ``path``: Adapt live repeats it, bit for bit.

    The table itself is inside, with its digest, the run, its weights and the fingerprint that came out.
    """
    from metabam.files import read_bytes, sha256
    from metabam.score import fingerprint_to_dict

    data = read_bytes(Path(path), SUPPORT_CAP)
    return json.dumps(
        {
            "format": SESSION,
            "version": 2,
            "synthetic": opened.synthetic,
            "run": opened.run.id,
            "weights_sha256": opened.run.weights_sha256,
            "seed": 0,
            "support": {
                "name": Path(path).name,
                "sha256": sha256(data),
                "pairs": fingerprint.n_support,
                "positives": int(fingerprint.provenance.get("positives", 0)),
                "base64": base64.b64encode(data).decode(),
                "answers": {},
                "one_class": False,
            },
            "refinement": None,
            "fingerprint": fingerprint_to_dict(fingerprint),
        },
        indent=1,
        allow_nan=False,
    )


def repeated(opened: Demo, session: str) -> bool:
    """Return whether adapting anew to the support of a session file gives the very same fingerprint.

    Raises
    ------
    InputError
        ``bad-session`` for another text, ``session-run`` for another run's weights.
    """
    from metabam.data.pairs import read_table
    from metabam.files import parse_json, sha256
    from metabam.score import fingerprint_from_dict

    try:
        values: Any = parse_json(session.encode(), SESSION)
        table = base64.b64decode(values["support"]["base64"], validate=True)
        stored: Any = fingerprint_from_dict(values["fingerprint"])
        known = values["format"] == SESSION and values["support"]["sha256"] == sha256(table)
        weights, name = values["weights_sha256"], str(values["support"]["name"])
    except (KeyError, TypeError, ValueError):
        known = False
    if not known:
        raise InputError("bad-session", "this is no session file.", "Give what session_json returned.")
    if weights != opened.run.weights_sha256:
        raise InputError("session-run", "this session was computed with other weights.", "Open its run.")
    result = read_table(table, role="support", name=name)
    result.raise_if_refused()
    again = opened.predictor.adapt(result.table)
    parts = ("mean", "std", "spectrum", "evidence_mean", "evidence_cov")
    one, other = ([np.asarray(getattr(item, part)).tobytes() for part in parts] for item in (again, stored))
    return one == other
