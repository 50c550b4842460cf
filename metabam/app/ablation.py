"""Mechanism ablation: which atoms carry the prediction, and whether that is more than chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import streamlit as st

from metabam.app import ablating, cache, cutting, session, slices, together, truth, turns
from metabam.app.ablating import TABLES, TRAINING, Ablation, Setting
from metabam.app.layout import Scene, guarded
from metabam.app.widgets import chart, empty, metric, plain, points_of
from metabam.errors import InputError
from metabam.plots import ablation
from metabam.records import ForestRecord

if TYPE_CHECKING:
    from metabam.probe.ablate import Replacement

PRESSED: Final = "ablation_pressed"
ATOM: Final = "atom"
CLICK: Final = "ablation_click"
REPLACEMENTS: Final = ("mean", "resample", "zero")
FOREST: Final = "ablation_forest"
MAP: Final = "ablation_map"


def page(scene: Scene) -> None:
    """Draw the page: controls, then the answer that goes with them."""
    cutting.leave()
    setting = _controls(scene)
    pressed = session.take(PRESSED)
    if setting is None:
        return
    done = ablating.kept(scene, setting)
    if done is None and pressed:
        guarded(_compute, scene, setting)
        done = ablating.kept(scene, setting)
    if done is None:
        empty(scene.text("ablation.waiting"), scene.text("ablation.waiting_do"))
        return
    guarded(_answer, scene, done)


def _controls(scene: Scene) -> Setting | None:
    """Draw the form; return what it says, or None where no line is chosen."""
    bundled = cache.is_bundled(scene.summary.run_id)
    sources = [name for name in (TABLES, TRAINING) if ablating.choices(scene, name)]
    source = st.segmented_control(
        scene.text("ablation.source"),
        sources,
        default=sources[0] if bundled else sources[-1],
        key="ablation_source",
        required=True,
        persist_state="session",
        format_func=lambda name: scene.text(f"ablation.source.{name}"),
        help=scene.text("ablation.source_help"),
    )
    source = str(source)
    if source == TABLES and not bundled:
        st.caption(":material/warning: " + scene.text("live.other_world"))
    names = ablating.choices(scene, source)
    steps = cache.model(scene.run).learner.config.n_steps
    with st.form("ablation_form", border=True):
        left, right = st.columns([2.4, 1], gap="medium")
        chosen = left.multiselect(
            scene.text("ablation.lines"),
            names,
            default=names[:8],
            key=f"ablation_lines_{source}",
            persist_state="session",
            format_func=lambda name: cutting.line_text(scene, name),
            placeholder=scene.text("shell.choose"),
        )
        per_line = right.number_input(
            scene.text("ablation.per_line"),
            20,
            2_000,
            250,
            10,
            key="ablation_per_line",
            persist_state="session",
            help=scene.text("ablation.per_line_help"),
        )
        one, two, three = st.columns([2.2, 1.2, 1.3], gap="medium", vertical_alignment="bottom")
        replacement = one.segmented_control(
            scene.text("ablation.replacement"),
            list(REPLACEMENTS),
            default=REPLACEMENTS[0],
            key="ablation_replacement",
            required=True,
            persist_state="session",
            format_func=lambda name: scene.text(f"ablation.replacement.{name}"),
            help=scene.text("ablation.replacement_help"),
        )
        step = two.selectbox(
            scene.text("ablation.step"),
            [0, *range(1, steps + 1)],
            key="ablation_step",
            persist_state="session",
            format_func=lambda t: scene.text("ablation.step.one", t=t) if t else scene.text("ablation.step.all"),
            help=scene.text("ablation.step_help"),
        )
        three.form_submit_button(
            scene.text("ablation.go"),
            type="primary",
            icon=":material/content_cut:",
            width="stretch",
            on_click=session.put,
            args=(PRESSED, True),
            help=scene.text("ablation.go_help"),
        )
    if not chosen:
        empty(scene.text("ablation.no_line"), scene.text("ablation.no_line_do"))
        return None
    lines = tuple(name for name in names if name in chosen)
    way = cast("Replacement", str(replacement))
    return Setting(source, lines, int(per_line or 250), way, int(step or 0) or None)


def _compute(scene: Scene, setting: Setting) -> None:
    """Remove every atom once, with progress and a way out; what was shown before stays."""
    place = st.empty()
    with st.status(scene.text("ablation.working"), type="step") as status, turns.heavy(scene):
        done = ablating.compute(scene, setting, cutting.progress_in(scene, place))
        place.empty()
        status.update(label=scene.text("ablation.done", seconds=done.seconds), state="complete")
    ablating.keep(done)


def _answer(scene: Scene, done: Ablation) -> None:
    told = scene.text("shell.shown", shown=f"{len(done.record):,}", total=f"{done.total:,}")
    st.caption(f"{told} · {scene.text('ablation.sampled', n=done.setting.per_line, seconds=done.seconds)}")
    if done.setting.source == TRAINING:
        st.caption(":material/info: " + scene.text("ablation.training_note"))
    atoms, curve, pairs = st.tabs(
        [scene.text(f"ablation.tab.{name}") for name in ("atoms", "curve", "pairs")],
        key="ablation_tab",
        on_change="rerun",
    )
    if atoms.open:
        with atoms:
            _atoms(scene, done)
    if curve.open:
        with curve:
            guarded(together.curve, scene, done)
    if pairs.open:
        with pairs:
            guarded(together.pairs, scene, done)


# ------------------------------------------------------------------ every atom alone


def _atoms(scene: Scene, done: Ablation) -> None:
    """Draw the slice, the forest, the map by line, and one atom."""
    cut, kind = cutting.controls(scene, done)
    try:
        told = slices.forest_of(done, cut, kind)
    except InputError as error:
        cutting.say_empty(scene, done, cut, error)
        return
    planted = truth.shown(scene)
    names = [] if planted is None else _planted_names(scene, done, planted)
    chosen = _clicked(scene, len(told.effect), int(np.argmax(told.size)))
    comment = f"{scene.comment()}; {slices.told_setting(done.setting)}; slice {cut}"
    chart(
        ablation.forest_figure(told, names=names, chosen=chosen, synthetic=scene.synthetic, lang=scene.lang),
        FOREST,
        scene.lang,
        how="ablation.forest.how",
        provenance=comment,
        on_select="rerun",
    )
    effect, count = slices.by_line(done, cut)
    chart(
        ablation.line_map_figure(
            effect,
            [cutting.line_text(scene, name) for name in done.record.lines],
            count,
            chosen=chosen,
            synthetic=scene.synthetic,
            lang=scene.lang,
        ),
        MAP,
        scene.lang,
        how="ablation.map.how",
        provenance=comment,
        on_select="rerun",
    )
    _one_atom(scene, done, cut, told, names)
    cutting.table(scene, told, names)
    cutting.exports(scene, done, cut, told)


def _planted_names(scene: Scene, done: Ablation, planted: Any) -> list[str]:
    """Return what each atom follows of what was planted, or says that it is a decoy; nothing for unnamed pairs."""
    try:
        told = ablating.follows(scene, planted, done)
    except InputError:
        st.caption(":material/info: " + scene.text("ablation.no_truth"))
        return []
    st.caption(":material/visibility: " + scene.text("ablation.truth", n=sum(not name for name, _ in told)))
    return [f"{name} ({r:+.2f})" if name else scene.text("ablation.decoy") for name, r in told]


def _clicked(scene: Scene, size: int, first: int) -> int:
    """Return the atom in view (from 0): the last click, else the one in the address, else ``first``."""
    options = [str(k + 1) for k in range(size)]
    for key in (FOREST, MAP):
        found = points_of(session.get(f"chart_{key}"))
        told = str(found[-1].get("id", "")).split(",") if found else []
        if len(told) == 2 and told[1] in options and session.get(f"{CLICK}_{key}") != told:
            session.put(f"{CLICK}_{key}", told)
            session.put(ATOM, told[1])
    if session.get(ATOM) not in options:
        asked = st.query_params.get(ATOM)
        if asked is not None and asked not in options:
            st.caption(":material/link_off: " + scene.text("shell.unknown_value", name=ATOM, value=plain(asked, 40)))
        session.put(ATOM, asked if asked in options else options[first])
    return int(session.get(ATOM)) - 1


def _one_atom(scene: Scene, done: Ablation, cut: slices.Slice, told: ForestRecord, names: list[str]) -> None:
    """Draw one atom: its numbers, or the warning instead of them, and the pairs that change most without it."""
    left, right = st.columns([1, 2.2], gap="large")
    with left:
        st.selectbox(
            scene.text("ablation.atom"),
            [str(k + 1) for k in range(len(told.effect))],
            key=ATOM,
            bind="query-params",
            help=scene.text("ablation.atom_help"),
        )
        k = int(session.get(ATOM, "1")) - 1
        if names:
            st.markdown(scene.text("ablation.follows", name=plain(names[k], 60)))
        verdict(scene, told, k)
    with right:
        guarded(cutting.pairs, scene, done, cut, k)


def verdict(scene: Scene, told: ForestRecord, k: int) -> None:
    """Draw one direction: its size, a warning instead where random ones do as much, and what labels lose without it."""
    facts = scene.text("ablation.facts", n=told.n, groups=told.n_groups, p=float(told.p[k]))
    if slices.is_chance(told, k):
        nothing = told.verdicts[k] == "chance"
        said = scene.text("ablation.chance" if nothing else "ablation.small", k=k + 1, p=float(told.p[k]))
        st.warning(said, icon=":material/warning:")
        if not nothing:
            _labels(scene, told, k)
        st.caption(facts)
        return
    unit = scene.text(f"fig.forest.metric.{told.metric}")
    interval = scene.text("ablation.interval", low=float(told.size_low[k]), high=float(told.size_high[k]))
    metric(st, scene.text("ablation.kpi.size", metric=unit), f"{told.size[k]:.3f}", interval)
    interval = scene.text("ablation.interval", low=float(told.low[k]), high=float(told.high[k]))
    metric(st, scene.text("ablation.kpi.effect", metric=unit), f"{told.effect[k]:+.3f}", interval)
    _labels(scene, told, k)
    st.caption(facts + " " + _sign(scene, told, k))


def _labels(scene: Scene, told: ForestRecord, k: int) -> None:
    """Draw how much less likely the known labels are without one direction."""
    if not told.n_labelled:
        st.caption(":material/label_off: " + scene.text("ablation.fit.none"))
        return
    value, low, high = (ablation.PER * float(part[k]) for part in (told.fit, told.fit_low, told.fit_high))
    interval = scene.text("ablation.interval", low=low, high=high)
    metric(st, scene.text("ablation.kpi.fit", per=ablation.PER), f"{value:+.2f}", interval)
    kind = told.verdicts[k]
    st.caption(scene.text(f"ablation.fit.{kind if kind in ('needed', 'harmful') else 'open'}", n=told.n_labelled))


def _sign(scene: Scene, told: ForestRecord, k: int) -> str:
    if told.low[k] > 0:
        return scene.text("ablation.raises")
    if told.high[k] < 0:
        return scene.text("ablation.lowers")
    return scene.text("ablation.both") if np.isfinite(told.low[k]) else ""
