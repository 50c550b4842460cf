"""The first half of Design my support: where candidates come from, what the reader asks for, and one press of Plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import streamlit as st

from metabam.app import adaptation, cache, planning, session, turns
from metabam.app.adaptation import Loaded
from metabam.app.findings import findings_table
from metabam.app.layout import Scene, guarded
from metabam.app.live import SUPPORT_STATE, example_picker
from metabam.app.planning import Plan, Pool, Wishes
from metabam.app.widgets import empty, plain
from metabam.data.limits import QUERY_UPLOAD

if TYPE_CHECKING:
    from metabam.records import FloatArray, PairTable
    from metabam.score import Predictor

CANDIDATES: Final = "candidate_state"
ENCODED: Final = "candidate_features"
PLAN: Final = "design_plan"
CHECK: Final = "design_check"
PRESSED: Final = "design_pressed"
WISHES: Final = "design_wishes"
VETOED: Final = "design_vetoed"
DRAWS: Final = (256, 512, 1024, 2048)


# ------------------------------------------------------------------ candidates


def candidates_block(scene: Scene) -> Loaded | None:
    """Draw where candidates come from; return them when they can be used."""
    names = [name for name in cache.examples() if name.startswith("queries_")]
    bundled = cache.is_bundled(scene.summary.run_id)
    if names and bundled and CANDIDATES not in st.session_state:
        _take_example(names[0], scene)
    left, right = st.columns(2, gap="large")
    with left:
        method = st.segmented_control(
            scene.text("live.method"),
            (["example"] if names else []) + ["upload"],
            key="method_candidates",
            default="example" if names else "upload",
            required=True,
            format_func=lambda name: scene.text(f"live.method.{name}"),
            persist_state="session",
        )
        if method == "example":
            example_picker(scene, "design.example", names, ("example_candidates", "use_candidates"), _take_example)
        else:
            st.file_uploader(
                scene.text("live.upload_queries"),
                key=f"upload_candidates_{session.get('forgotten', 0)}",
                max_upload_size=20,
                on_change=_take_upload,
                args=(scene,),
            )
    loaded = session.get(CANDIDATES)
    with right:
        return _said(scene, loaded)


def _said(scene: Scene, loaded: object) -> Loaded | None:
    """Say what the candidates are, and what is wrong with them."""
    st.markdown(f"**{scene.text('design.start')}**", help=scene.text("design.start_help"))
    support = tested_support()
    if support is None:
        st.caption(":material/radio_button_unchecked: " + scene.text("design.start.prior"))
    else:
        count = len(support.result.table)
        st.caption(
            ":material/check_circle: " + scene.text("design.start.support", name=plain(support.name, 60), n=count)
        )
    st.toggle(scene.text("design.start.use"), value=False, key="design_from_support", disabled=support is None)
    if not isinstance(loaded, Loaded):
        empty(scene.text("design.no_candidates"), scene.text("design.no_candidates_do"))
        return None
    used, read = int(loaded.result.usable.sum()), loaded.result.report.rows_read
    said = scene.text("live.loaded", name=plain(loaded.name, 60), used=used, read=read)
    if loaded.result.refused:
        st.error(said, icon=":material/error:")
        findings_table(scene, loaded)
        return None
    st.caption(f":material/table_rows: {said}")
    return loaded


def tested_support() -> Loaded | None:
    """Return the support of Adapt live, where it is accepted: its pairs are tested already."""
    support = session.get(SUPPORT_STATE)
    return support if isinstance(support, Loaded) and not support.result.refused else None


def _take_example(name: str, scene: Scene) -> None:
    session.put(
        CANDIDATES, adaptation.read_queries(cache.example(name), name, "example", cache.genome(scene.summary.run_id))
    )
    session.forget(PLAN, CHECK, VETOED)


def _take_upload(scene: Scene) -> None:
    """Read an uploaded table; its size is judged here on the bytes."""
    file = session.get(f"upload_candidates_{session.get('forgotten', 0)}")
    if file is not None:
        data = file.getvalue()[: QUERY_UPLOAD.max_bytes + 1]
        genome = cache.genome(scene.summary.run_id)
        session.put(CANDIDATES, adaptation.read_queries(data, file.name, "upload", genome))
        session.forget(PLAN, CHECK, VETOED)


# ------------------------------------------------------------------ what is asked for


def wishes_form(scene: Scene, loaded: Loaded | None) -> None:
    """Draw the one form with the one submit; pressing it plans and keeps the plan in this session."""
    with st.form("design_form", border=True):
        first = st.columns([1.6, 1, 1, 1, 1], gap="medium", vertical_alignment="bottom")
        size = first[0].slider(scene.text("design.size"), 1, 16, 16, key="design_size")
        enhancer = first[1].number_input(
            scene.text("design.per_enhancer"), 0, 16, 0, key="design_enhancer", help=scene.text("design.limit_help")
        )
        gene = first[2].number_input(
            scene.text("design.per_gene"), 0, 16, 0, key="design_gene", help=scene.text("design.limit_help")
        )
        nearest = first[3].number_input(scene.text("design.nearest"), 0, 100_000, 0, key="design_nearest")
        farthest = first[4].number_input(
            scene.text("design.farthest"), 0, 100_000, 0, key="design_farthest", help=scene.text("design.farthest_help")
        )
        second = st.columns([1.2, 1.6, 1, 1.2], gap="medium", vertical_alignment="bottom")
        region = second[0].text_input(
            scene.text("design.region"), key="design_region", placeholder="chr1:1000000-2000000", max_chars=60
        )
        options = [] if loaded is None else planning.keys_of(loaded.result.table)[:5_000]
        include = second[1].multiselect(
            scene.text("design.include"),
            options,
            key="design_include",
            max_selections=16,
            placeholder=scene.text("shell.choose"),
        )
        extra = [] if loaded is None else sorted(loaded.result.table.extra)
        cost = second[2].selectbox(
            scene.text("design.cost"),
            ["", *extra],
            key="design_cost",
            format_func=lambda name: name or scene.text("design.cost.none"),
            help=scene.text("design.cost_help"),
        )
        draws = second[3].selectbox(
            scene.text("design.draws"), DRAWS, index=1, key="design_draws", help=scene.text("design.draws_help")
        )
        third = st.columns([1.3, 1.6, 1.2], gap="medium", vertical_alignment="bottom")
        tested = third[0].checkbox(scene.text("design.exclude"), value=True, key="design_exclude")
        delta = third[1].selectbox(
            scene.text("design.delta"),
            ["integrated", "drawn"],
            key="design_delta",
            format_func=lambda name: scene.text(f"design.delta.{name}"),
            help=scene.text("design.delta_help"),
        )
        third[2].form_submit_button(
            scene.text("design.go"),
            type="primary",
            icon=":material/explore:",
            disabled=loaded is None,
            width="stretch",
            on_click=session.put,
            args=(PRESSED, "new"),
        )
    pressed = session.take(PRESSED)
    if pressed is None or loaded is None:
        return
    asked = (size, enhancer, gene, nearest, farthest, region, include, cost, draws, tested, delta)
    guarded(_press, scene, loaded, str(pressed), asked)


def _press(scene: Scene, loaded: Loaded, pressed: str, asked: tuple[Any, ...]) -> None:
    """Plan anew, or choose again without the vetoed pairs; when it fails the old plan stays."""
    if pressed == "new":
        session.forget(VETOED, "design_pick")
        session.put(WISHES, _wishes(asked))
    with turns.heavy(scene):
        session.put(PLAN, run_plan(scene, loaded, session.get(WISHES, Wishes()), tuple(session.get(VETOED, ()))))


def _wishes(asked: tuple[Any, ...]) -> Wishes:
    size, enhancer, gene, nearest, farthest, region, include, cost, draws, tested, delta = asked
    return Wishes(
        size=int(size),
        per_enhancer=int(enhancer),
        per_gene=int(gene),
        nearest=1e3 * float(nearest),
        farthest=1e3 * float(farthest) if farthest else float("inf"),
        region=planning.region_of(str(region)),
        include=tuple(str(name) for name in include)[: int(size)],
        exclude_tested=bool(tested),
        cost=str(cost or ""),
        draws=int(draws),
        delta=str(delta),
    )


# ------------------------------------------------------------------ computing


def predictor_of(scene: Scene) -> Predictor[Any]:
    """Return what turns pairs into features for this run."""
    from metabam.score import Predictor

    model = cache.model(scene.run)
    return Predictor(
        model.encoder,
        model.learner,
        cache.genome(scene.summary.run_id),
        model.enhancer_window,
        model.promoter_window,
        provenance=scene.run.provenance(),
        training=model.contexts,
    )


def encoded(
    scene: Scene, loaded: Loaded, progress: Callable[[float], None] | None = None
) -> tuple[PairTable, FloatArray]:
    """Return the candidates of this session and their features; encoded once."""
    key = (loaded.sha256, cache.weights_digest(scene.run))
    held = session.get(ENCODED)
    if held is None or held[0] != key:
        held = (key, planning.encoded(predictor_of(scene), loaded, progress))
        session.put(ENCODED, held)
    return held[1]  # type: ignore[no-any-return]  # what was put there two lines above


def run_plan(scene: Scene, loaded: Loaded, wishes: Wishes, vetoed: tuple[str, ...]) -> Plan:
    """Compute one plan with visible steps and a way out."""
    from metabam.app import model as models

    waiting = st.empty()
    bar, cancel = waiting.container().columns([4, 1], vertical_alignment="center")
    shown = bar.progress(0.0, scene.text("design.encoding"))
    cancel.button(scene.text("live.cancel"), icon=":material/stop_circle:", key="cancel_design", width="stretch")
    model = cache.model(scene.run)
    table, features = encoded(scene, loaded, lambda share: _tell(shown, share, scene.text("design.encoding")))
    support = tested_support()
    start = support if support is not None and session.get("design_from_support") else None
    pool: Pool = planning.pool_of(
        table,
        features,
        wishes,
        read=loaded.result.report.rows_read,
        tested=None if support is None else support.result.table,
        training=cache.training_pairs(scene.run),
    )
    belief = (
        model.learner.adapt(models.no_support(model))
        if start is None
        else predictor_of(scene).adapt(start.result.table)
    )
    made = planning.plan(
        model,
        belief,
        pool,
        wishes,
        vetoed=vetoed,
        progress=lambda share: _tell(shown, share, scene.text("design.planning")),
        run_id=scene.summary.run_id,
        weights=cache.weights_digest(scene.run),
        candidates=loaded.name,
        candidates_sha256=loaded.sha256,
        support="" if start is None else start.name,
        support_sha256="" if start is None else start.sha256,
    )
    waiting.empty()
    return made


def _tell(bar: Any, share: float, said: str) -> None:
    bar.progress(float(np.clip(share, 0.0, 1.0)), said)
