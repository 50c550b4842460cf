"""The third block of Adapt live: one press of Adapt, with its progress and a way out."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from metabam.app import adaptation, cache, session, turns
from metabam.app.adaptation import OTHERS, Adaptation, Loaded
from metabam.app.layout import Scene, guarded
from metabam.app.live import DONE, QUERY_STATE, forget_all
from metabam.config import RefineConfig

PRESSED = "adapt_pressed"


def adapt_block(scene: Scene, support: Loaded | None) -> None:
    """Draw the one form with the one submit; pressing it computes and keeps the result in this session."""
    with st.form("adapt_form", border=True):
        choice, button = st.columns([3, 1], vertical_alignment="bottom", gap="large")
        chosen = choice.segmented_control(
            scene.text("live.learners"),
            list(OTHERS),
            selection_mode="multi",
            default=list(OTHERS),
            key="chosen_learners",
            format_func=lambda name: "+ " + scene.text(f"live.learner.{name}"),
            help=scene.text("live.learners_help"),
            persist_state="session",
        )
        refine = _refinement(scene)
        button.form_submit_button(
            scene.text("live.go"),
            type="primary",
            icon=":material/bolt:",
            disabled=support is None,
            width="stretch",
            help=scene.text("live.go_help"),
            on_click=session.put,
            args=(PRESSED, True),
        )
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(":material/lock: " + scene.text("live.privacy"))
        st.button(
            scene.text("live.forget"), type="tertiary", icon=":material/delete:", on_click=forget_all, key="forget"
        )
    if session.take(PRESSED) and support is not None:
        guarded(_press, scene, support, [str(name) for name in chosen], refine)


def _refinement(scene: Scene) -> RefineConfig | None:
    """Draw the settings of refinement and return them, or ``None`` where it is off."""
    with st.expander(scene.text("live.refine"), icon=":material/tune:"):
        st.caption(scene.text("live.refine_lead"))
        cells = st.columns([1, 1, 1, 1], gap="medium", vertical_alignment="bottom")
        on = cells[0].toggle(scene.text("live.refine.on"), key="refine_on")
        steps = cells[1].number_input(scene.text("live.refine.steps"), 1, 500, 20, key="refine_steps")
        size = cells[2].number_input(
            scene.text("live.refine.size"), 0.001, 1.0, 0.1, 0.01, format="%.3f", key="refine_size"
        )
        noise = cells[3].number_input(
            scene.text("live.refine.noise"),
            0.0,
            2.0,
            0.0,
            0.1,
            key="refine_noise",
            help=scene.text("live.refine.noise_help"),
        )
    return RefineConfig(steps=int(steps), step_size=float(size), noise=float(noise)) if on else None


def _press(scene: Scene, support: Loaded, chosen: list[str], refine: RefineConfig | None) -> None:
    """Adapt and keep the result; when it fails the tables stay as they are."""
    session.forget("session_said")
    session.put(DONE, run_adaptation(scene, support, chosen, refine))


def run_adaptation(scene: Scene, support: Loaded, chosen: list[str], refine: RefineConfig | None = None) -> Adaptation:
    """Compute one adaptation with visible steps."""
    loaded = session.get(QUERY_STATE)
    asked = loaded if isinstance(loaded, Loaded) and not loaded.result.refused else None
    waiting = st.empty()
    progress = _progress(scene, waiting, 0 if asked is None else len(asked.result.table))
    with st.status(scene.text("live.working"), type="step") as status, turns.heavy(scene):
        st.write(scene.text("live.step.learners"))
        others = {name: cache.other(scene.run, name) for name in chosen if name in OTHERS}
        lines = cache.line_fingerprints(scene.run)
        st.write(scene.text("live.step.model"))
        done = adaptation.adapt(
            cache.model(scene.run),
            support,
            asked,
            others,
            genome=cache.genome(scene.summary.run_id),
            run_id=scene.summary.run_id,
            weights=cache.weights_digest(scene.run),
            lines=lines,
            run=scene.run,
            training=cache.training_pairs(scene.run),
            refine=refine,
            progress=progress,
        )
        waiting.empty()
        status.update(label=scene.text("live.done", seconds=done.seconds), state="complete")
    return done


def _progress(scene: Scene, place: DeltaGenerator, rows: int) -> Callable[[float], None] | None:
    """Return what draws the share of a long query table in ``place``, beside a way out; ``None`` for a short one.

    Any press reruns the page; the script then ends at its next line on the screen, at most one piece later. What was
    shown before stays.
    """
    if rows <= adaptation.CHUNK:
        return None
    bar, cancel = place.container().columns([4, 1], vertical_alignment="center")
    shown = bar.progress(0.0, scene.text("live.encoding", n=rows))
    cancel.button(scene.text("live.cancel"), icon=":material/stop_circle:", key="cancel_adapt", width="stretch")

    def draw(share: float) -> None:
        shown.progress(share, scene.text("live.encoding", n=rows))

    return draw
