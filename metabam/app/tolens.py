"""The way from Adapt live into the Sequence lens: one query pair or one labelled pair, under the adapted fingerprint.

The pairs of a visitor live in that visitor's session. What travels to the lens is the name of a table and of a pair;
the lens looks both up in the session (:mod:`metabam.app.pairtables`), never in what sessions share.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import streamlit as st

from metabam.app import cache, navigation, pairtables, picks, session
from metabam.app.adaptation import Adaptation, Loaded, Queries
from metabam.app.layout import Scene
from metabam.app.live import QUERY_STATE, SUPPORT_STATE
from metabam.app.widgets import digest, plain

GO: Final = "live_lens_go"
ROW: Final = "live_query_row"
CHART: Final = "query_predictions"
EXAMPLE: Final = "queries_"


def leave() -> None:
    """Open the Sequence lens when one of the buttons below was pressed."""
    asked = session.take(GO)
    if asked is not None:
        line, pair = asked
        navigation.go("sequence", line=line, pair=pair, lens_belief=pairtables.FROM_LIVE, lens_target="logit")


def query_button(scene: Scene, done: Adaptation, event: Any) -> None:
    """Draw the way into the lens for the query pair that was clicked on the figure or chosen in the table below it.

    ``event`` is that of the table. At first it is the row with the largest probability.
    """
    answered = done.queries
    if answered is None or not len(answered.names):
        return
    row = _query_row(done, answered, event)
    name, why = None, ""
    if not answered.usable[row]:
        why = scene.text("live.lens.unusable", status=plain(answered.status[row]))
    elif _current(QUERY_STATE, done.query_sha256) is None:
        why = scene.text("live.lens.changed")
    else:
        name = _query_name(int(answered.table.line[row]))
        why = "" if name is not None else scene.text("live.lens.unusable", status=plain(answered.status[row]))
    _button(scene, plain(answered.names[row], 60), name, why, "query_lens")


def support_button(scene: Scene, done: Adaptation, row: int) -> None:
    """Draw the way into the lens for one labelled pair."""
    loaded = _current(SUPPORT_STATE, done.support_sha256)
    table = pairtables.labelled().get(pairtables.LABELLED)
    if loaded is None or table is None:
        _button(scene, "", None, scene.text("live.lens.changed"), "support_lens")
        return
    _button(scene, "", (table.key, pairtables.named_pairs(table.table)[row]), "", "support_lens")


def _button(scene: Scene, pair: str, target: tuple[str, str] | None, why: str, key: str) -> None:
    """Draw one button; where there is no way, it says why not."""
    if cache.model(scene.run).encoder.kind == "precomputed":
        target, why = None, scene.text("sequence.precomputed")
    st.button(
        scene.text("live.lens", pair=pair) if pair else scene.text("live.lens.this"),
        icon=":material/genetics:",
        key=key,
        disabled=target is None,
        on_click=session.put,
        args=(GO, target),
        help=why or scene.text("live.lens_help"),
    )


def _query_row(done: Adaptation, answered: Queries, event: Any) -> int:
    """Return the chosen row of the query table: of the figure and the table, whichever was used last."""
    mark = digest(done.support_sha256, done.query_sha256)
    clicked = [int(name) for name in picks.fresh(f"chart_{CHART}") if name.isdigit()]
    marked = [str(row) for row in _rows(event)]
    if marked == session.get(f"{ROW}_seen", []):
        marked = []
    else:
        session.put(f"{ROW}_seen", marked)
    for row in [*clicked, *map(int, marked)]:
        session.put(ROW, (mark, row))
    held = session.get(ROW)
    if held is not None and held[0] == mark and held[1] < len(answered.names):
        return int(held[1])
    return int(np.argmax(np.nan_to_num(answered.probability, nan=-1.0)))


def _rows(event: Any) -> list[int]:
    """Return the rows that are chosen in a table."""
    try:
        return [int(row) for row in event["selection"]["rows"]]
    except (KeyError, TypeError, ValueError):
        return []


def _current(state: str, sha256: str) -> Loaded | None:
    """Return the loaded table if it is still the one that was adapted."""
    loaded = session.get(state)
    return loaded if isinstance(loaded, Loaded) and loaded.sha256 == sha256 and not loaded.result.refused else None


def _query_name(line: int) -> tuple[str, str] | None:
    """Return the lens's names of the table of the queries and of the pair on one of its lines, if the lens reads it."""
    loaded: Loaded = session.get(QUERY_STATE)
    key = pairtables.OWN
    if loaded.origin == "example":
        key = loaded.name.removeprefix(EXAMPLE).removesuffix(".tsv")
    table = pairtables.line_tables().get(key)
    if table is None:
        return None
    found = np.flatnonzero(table.table.line == line)
    return (key, pairtables.named_pairs(table.table)[int(found[0])]) if len(found) else None
