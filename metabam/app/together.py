"""Mechanism ablation of several atoms: AUPRC while more and more are removed, and what two do together."""

from __future__ import annotations

from typing import Final

import numpy as np
import streamlit as st

from metabam.app import ablating, cutting, session, slices, turns
from metabam.app.ablating import Ablation
from metabam.app.layout import Scene
from metabam.app.shelf import shared
from metabam.app.widgets import chart, digest, empty
from metabam.plots import ablation
from metabam.records import RemovalRecord, SynergyRecord

MOST: Final = 8
FIRST: Final = 4
_OWN: Final = "own_together"


def _kept(done: Ablation, key: str) -> object | None:
    """Return what was computed before: by this session for a visitor's pairs, else by anyone."""
    held: object | None = session.get(_OWN, {}).get(key) if done.own else shared().get(key)
    return held


def _keep(done: Ablation, key: str, value: object) -> None:
    if done.own:
        session.put(_OWN, {**session.get(_OWN, {}), key: value})
    else:
        shared().put(key, value)


def curve(scene: Scene, done: Ablation) -> None:
    """Draw AUPRC against the number of atoms removed; computed on a press, with progress."""
    key = digest("curve", done.key)
    st.caption(scene.text("ablation.curve_help"))
    st.button(
        scene.text("ablation.curve_go"),
        icon=":material/trending_down:",
        key="ablation_curve_go",
        on_click=session.put,
        args=("curve_pressed", True),
    )
    pressed = session.take("curve_pressed")
    record = _kept(done, key)
    if record is None and pressed:
        place = st.empty()
        size = slices.forest_of(done, slices.Slice(), "logit").size
        with st.status(scene.text("ablation.curve_working"), type="step") as status, turns.heavy(scene):
            record = ablating.curve_of(scene, done, size, cutting.progress_in(scene, place))
            place.empty()
            status.update(label=scene.text("ablation.curve_done"), state="complete")
        _keep(done, key, record)
    if not isinstance(record, RemovalRecord):
        empty(scene.text("ablation.curve_waiting"), scene.text("ablation.curve_waiting_do"))
        return
    chart(
        ablation.removal_figure(record, synthetic=scene.synthetic, lang=scene.lang),
        "ablation_curve",
        scene.lang,
        how="ablation.curve.how",
        provenance=f"{scene.comment()}; {slices.told_setting(done.setting)}",
    )


def pairs(scene: Scene, done: Ablation) -> None:
    """Draw what two atoms do together, for two to eight of them."""
    size = np.abs(done.record.lost_logit).mean(axis=1)
    options = [int(k) + 1 for k in range(len(size))]
    strongest = [int(k) + 1 for k in np.argsort(-size, kind="stable")[:FIRST]]
    with st.form("synergy_form", border=False):
        left, right = st.columns([3, 1], vertical_alignment="bottom", gap="medium")
        chosen = left.multiselect(
            scene.text("ablation.pairs_atoms"),
            options,
            default=sorted(strongest),
            max_selections=MOST,
            key="synergy_atoms",
            persist_state="session",
            help=scene.text("ablation.pairs_help"),
            placeholder=scene.text("shell.choose"),
        )
        right.form_submit_button(
            scene.text("ablation.pairs_go"),
            icon=":material/join_inner:",
            width="stretch",
            on_click=session.put,
            args=("synergy_pressed", True),
        )
    pressed = session.take("synergy_pressed")
    atoms = sorted(int(k) - 1 for k in chosen)
    key = digest("synergy", done.key, atoms)
    record = _kept(done, key)
    if record is None and pressed:
        with st.status(scene.text("ablation.pairs_working"), type="step") as status, turns.heavy(scene):
            record = ablating.synergy_of(scene, done, atoms)
            status.update(label=scene.text("ablation.pairs_done"), state="complete")
        _keep(done, key, record)
    if not isinstance(record, SynergyRecord):
        empty(scene.text("ablation.pairs_waiting"), scene.text("ablation.pairs_waiting_do"))
        return
    chart(
        ablation.synergy_figure(record, synthetic=scene.synthetic, lang=scene.lang),
        "ablation_synergy",
        scene.lang,
        how="ablation.pairs.how",
        provenance=f"{scene.comment()}; {slices.told_setting(done.setting)}",
    )
