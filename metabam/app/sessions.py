"""A session file given back: whether the result is repeated bit for bit."""

from __future__ import annotations

from typing import Final

import streamlit as st

from metabam.app import adaptation, cache, press, session
from metabam.app.adaptation import Adaptation
from metabam.app.adaptation_exports import SESSION_CAP, StoredSession, read_session, same_result
from metabam.app.layout import Scene, problem
from metabam.app.live import DONE, SUPPORT_STATE
from metabam.app.widgets import plain
from metabam.config import RefineConfig, build
from metabam.errors import InputError, MetaBamError

GIVEN: Final = "session_file"


def session_block(scene: Scene) -> None:
    """Draw the upload of a session file; a good one loads its support, adapts anew and compares."""
    said = session.get("session_said")
    if said is not None:
        name, same = said
        kind, icon = (st.success, ":material/check_circle:") if same else (st.error, ":material/error:")
        kind(scene.text("live.session_same" if same else "live.session_differs", name=name), icon=icon)
    if not st.toggle(scene.text("live.session"), key="repeat_session", help=scene.text("live.session_lead")):
        return
    key = f"upload_session_{session.get('forgotten', 0)}"
    st.file_uploader(
        scene.text("live.session_file"), key=key, max_upload_size=4, on_change=session.put, args=(GIVEN, True)
    )
    file = session.get(key)
    if not session.take(GIVEN) or file is None:
        return
    try:
        same = repeat(scene, read_session(file.getvalue()[: SESSION_CAP + 1], file.name))
    except MetaBamError as error:
        problem(error, scene.lang)
        return
    session.put("session_said", (plain(file.name, 60), same))
    st.rerun()


def repeat(scene: Scene, stored: StoredSession) -> bool:
    """Adapt to the support of a session file, keep the result, and return whether the fingerprint is bit-equal.

    Raises
    ------
    InputError
        ``session-run`` for another run's weights, ``session-support`` for a file without its table.
    """
    if stored.weights != cache.weights_digest(scene.run):
        raise InputError(
            "session-run", "this session was computed with other weights.", f"Choose the run {stored.run[:60]!r}."
        )
    if not stored.support:
        raise InputError("session-support", "this session file brings no support table.", "Load the table itself.")
    loaded = adaptation.read_support(
        stored.support,
        stored.name,
        "upload",
        cache.genome(scene.summary.run_id),
        one_class=stored.one_class,
        answers=stored.answers,
    )
    if loaded.result.refused:
        raise InputError("session-support", "the support of this session is refused today.", "See the check above.")
    refine = None if stored.refine is None else build(stored.refine, RefineConfig)
    session.put(SUPPORT_STATE, loaded)
    done: Adaptation = press.run_adaptation(scene, loaded, [], refine)
    session.put(DONE, done)
    return same_result(done.fingerprint, stored.fingerprint)
