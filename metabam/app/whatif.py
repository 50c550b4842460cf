"""What if a label were different, a row missing, or a gate set by hand: before and after, side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import streamlit as st

from metabam.app import cache, session
from metabam.app import model as models
from metabam.app.adaptation import Adaptation
from metabam.app.layout import Scene
from metabam.app.widgets import chart, empty, metric, table_height
from metabam.plots import labels
from metabam.records import WhatIfRecord

KEPT: Final = "what_if"
PRESSED: Final = "what_if_pressed"
MOST_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One question and its answer: rows flipped and dropped, gates set; of which support."""

    support_sha256: str
    flip: tuple[int, ...]
    drop: tuple[int, ...]
    gates: dict[int, float]
    record: WhatIfRecord = field(repr=False)


def what_if_panel(scene: Scene, done: Adaptation) -> None:
    """Draw the form, and the answer to the last question."""
    st.caption(scene.text("live.whatif.lead"))
    rows = list(range(len(done.labels)))
    with st.form("what_if_form", border=True):
        cells = st.columns([1.5, 1.5, 1.2, 1.2, 1], gap="medium", vertical_alignment="bottom")
        flip = cells[0].multiselect(
            scene.text("live.whatif.flip"),
            rows,
            key="what_if_flip",
            format_func=lambda row: _row_name(done, row),
            placeholder=scene.text("shell.choose"),
        )
        drop = cells[1].multiselect(
            scene.text("live.whatif.drop"),
            rows,
            key="what_if_drop",
            format_func=lambda row: _row_name(done, row),
            placeholder=scene.text("shell.choose"),
        )
        atom = cells[2].selectbox(
            scene.text("live.whatif.atom"),
            [-1, *range(len(done.fingerprint.spectrum))],
            key="what_if_atom",
            format_func=lambda k: scene.text("live.whatif.no_atom") if k < 0 else _gate_name(scene, done, k),
        )
        gate = cells[3].slider(scene.text("live.whatif.gate"), -1.0, 1.0, 0.0, 0.05, key="what_if_gate")
        cells[4].form_submit_button(
            scene.text("live.whatif.go"),
            icon=":material/psychology_alt:",
            width="stretch",
            on_click=session.put,
            args=(PRESSED, True),
        )
    if session.take(PRESSED):
        gates = {} if int(atom) < 0 else {int(atom): float(gate)}
        session.put(KEPT, ask(scene, done, tuple(map(int, flip)), tuple(map(int, drop)), gates))
    kept = session.get(KEPT)
    if not isinstance(kept, WhatIf) or kept.support_sha256 != done.support_sha256:
        empty(scene.text("live.whatif.none"), scene.text("live.whatif.none_do"))
        return
    _answer(scene, done, kept)


def ask(
    scene: Scene, done: Adaptation, flip: tuple[int, ...], drop: tuple[int, ...], gates: dict[int, float]
) -> WhatIf:
    """Return belief and predictions before and after; no weight changes, and the table stays as it is."""
    from metabam.probe.influence import what_if

    asked = done.given.features if done.asked is None or not len(done.asked) else done.asked
    record = what_if(cache.model(scene.run).learner, done.given, asked, flip=flip, drop=drop, gates=gates or None)
    return WhatIf(done.support_sha256, flip, drop, gates, record)


def _row_name(done: Adaptation, row: int) -> str:
    return f"{row + 1} · {done.names[row].split('  ')[0]} ({int(done.labels[row])})"


def _gate_name(scene: Scene, done: Adaptation, atom: int) -> str:
    return f"{scene.text('fig.gates.atom', k=atom + 1)} ({done.fingerprint.spectrum[atom]:+.2f})"


def _answer(scene: Scene, done: Adaptation, kept: WhatIf) -> None:
    record, synthetic, lang = kept.record, scene.synthetic, scene.lang
    of_support = done.asked is None or not len(done.asked)
    names = list(done.names)
    if not of_support and done.queries is not None:
        names = [name for name, good in zip(done.queries.names, done.queries.usable, strict=True) if good]
    change = record.probability_after - record.probability_before
    moved = float(models.kl_to(record.after.mean, record.after.std, record.before.mean, record.before.std).sum())
    cells = st.columns(3)
    metric(
        cells[0],
        scene.text("live.whatif.kl"),
        scene.text("live.kpi.nats", value=moved),
        help_text=scene.text("live.whatif.kl_help"),
    )
    metric(cells[1], scene.text("live.whatif.mean"), f"{np.abs(change).mean():.3f}")
    crossed = int(((record.probability_before >= 0.5) != (record.probability_after >= 0.5)).sum())
    metric(cells[2], scene.text("live.whatif.crossed"), crossed, scene.text("live.whatif.of", n=len(change)))
    comment = f"{scene.comment()}; flipped {[row + 1 for row in kept.flip]}; dropped {[row + 1 for row in kept.drop]}"
    comment += f"; gates {kept.gates}"
    left, right = st.columns(2, gap="medium")
    with left:
        chart(
            labels.what_if_figure(record, names, of_support=of_support, synthetic=synthetic, lang=lang),
            "what_if",
            lang,
            how="live.whatif.how",
            provenance=comment,
        )
    with right:
        chart(
            labels.gates_changed_figure(
                record, models.atom_names(cache.model(scene.run), scene.lang), synthetic=synthetic, lang=lang
            ),
            "what_if_gates",
            lang,
            how="live.whatif.gates_how",
            provenance=comment,
        )
    order = np.argsort(-np.abs(change), kind="stable")[:MOST_ROWS]
    shown: list[dict[str, Any]] = [
        {
            scene.text("live.col.pair"): str(names[row])[:60],
            scene.text("fig.whatif.before"): float(record.probability_before[row]),
            scene.text("fig.whatif.after"): float(record.probability_after[row]),
        }
        for row in order
    ]
    fraction = st.column_config.NumberColumn(format="%.3f", width="small")
    st.dataframe(
        shown,
        hide_index=True,
        key="what_if_rows",
        height=table_height(len(shown), 300),
        alt=scene.text("live.whatif.alt", n=len(shown), most=float(np.abs(change).max())),
        column_config={scene.text(f"fig.whatif.{name}"): fraction for name in ("before", "after")},
    )
