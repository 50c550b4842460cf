"""The Sequence lens: which bases of an enhancer and a promoter carry a prediction, or feed one atom."""

from __future__ import annotations

import math

import streamlit as st

from metabam.app import asking, cache, lens, lensfiles, session, sites, truth, turns
from metabam.app.layout import Scene, guarded
from metabam.app.lens import Lens
from metabam.app.widgets import chart, empty, metric, number, plain
from metabam.plots import basewindow, sequence
from metabam.plots.sequence import SIDES, Window
from metabam.records import MotifHitRecord, MutagenesisRecord

WINDOW = "lens_window"
DRAG = "lens_drag"
TRACKS = "seq_tracks"
MUTATE = "lens_mutate"


def page(scene: Scene) -> None:
    """Draw the page: controls, then the answer of the last press."""
    sites.leave()
    asked = asking.request(scene)
    if asked is None:
        return
    if asked.now:
        guarded(_compute, scene, asked)
    result: Lens | None = session.get(lens.RESULT)
    other = session.get("own_lens_table") != asked.line.digest  # a visitor's table keeps its key when it is replaced
    if result is None or result.asked.line != asked.line.key or other or not _of_this_run(scene, result):
        empty(scene.text("sequence.waiting"), scene.text("sequence.waiting_do"))
        return
    if asking.stale(result.asked, asked.asked):
        st.caption(":material/update: " + scene.text("sequence.stale", pair=asking.shown_pair(result.asked)))
    guarded(_answer, scene, result)


def _of_this_run(scene: Scene, result: Lens) -> bool:
    return bool(session.get("own_lens_weights") == cache.weights_digest(scene.run)) and bool(result.key)


def _compute(scene: Scene, asked: asking.Request) -> None:
    with st.status(scene.text("sequence.working"), type="step") as status, turns.heavy(scene):
        found = lens.compute(scene, asked.line, asked.row, asked.asked)
        status.update(label=scene.text("sequence.done", seconds=found.seconds), state="complete")
    session.put(lens.RESULT, found)
    session.put("own_lens_weights", cache.weights_digest(scene.run))
    session.put("own_lens_table", asked.line.digest)
    session.forget(WINDOW, "lens_hit", "lens_side", "lens_start", "lens_end")


def _answer(scene: Scene, result: Lens) -> None:
    """Draw numbers, tracks, the window and the exports."""
    st.subheader(scene.text("sequence.shown", pair=asking.shown_pair(result.asked)), anchor=False)
    st.caption(_told(scene, result))
    _numbers(scene, result)
    window = _window(result)
    left, right = st.columns([1.6, 1], vertical_alignment="bottom", gap="large")
    with left:
        brought = sites.source(scene)
    with right:
        planted = truth.shown(scene)
    hits = sites.found(scene, result, brought)
    outlined = [] if planted is None else lens.planted_sites(planted, result)
    if planted is not None and not outlined:
        st.caption(":material/info: " + scene.text("sequence.no_truth"))
    event = chart(
        sequence.tracks_figure(
            result.record,
            () if hits is None else hits.hits,
            outlined,
            window=window,
            places=(result.enhancer.place, result.promoter.place),
            synthetic=scene.synthetic,
            lang=scene.lang,
        ),
        TRACKS,
        scene.lang,
        how="sequence.tracks.how",
        provenance=f"{scene.comment()}; {lensfiles.told(result)}",
        on_select="rerun",
        selection_mode=("points", "box"),
    )
    sites.note(scene, hits, brought)
    sites.clicked(scene, hits, event)
    _window_block(scene, result, window, hits, outlined)
    _exports(scene, result, window, hits)


def _told(scene: Scene, result: Lens) -> str:
    asked = result.asked
    target = scene.text(f"sequence.told.{asked.target}", atom=asked.atom + 1)
    return scene.text(
        "sequence.told",
        target=target,
        belief=plain(asking.belief_text(scene, asked.belief), 60),
        method=scene.text(f"sequence.method.{asked.method}"),
        baseline=scene.text(f"sequence.baseline.{asked.baseline}"),
        seconds=result.seconds,
    )


def _numbers(scene: Scene, result: Lens) -> None:
    record = result.record
    residual = f"{record.residual:.1%}"
    share = record.enhancer_share
    told = {
        "value": number(record.value),
        "gap": f"{record.value - record.baseline:+.3f}",
        "total": f"{record.total:+.3f}",
        "residual": residual,
        "share": "–" if math.isnan(share) else f"{share:.0%} / {1 - share:.0%}",
        "null": f"± {record.null:.3f}",
    }
    for cell, (name, value) in zip(st.columns(len(told)), told.items(), strict=True):
        metric(cell, scene.text(f"sequence.kpi.{name}"), value, help_text=scene.text(f"sequence.kpi.{name}_help"))
    if record.residual > lens.TRUSTED:
        key = "ablation" if record.method == "feature_ablation" else "gradients"
        st.error(scene.text(f"sequence.residual.{key}", residual=residual), icon=":material/error:")
    if record.method == "integrated_gradients":
        st.caption(scene.text("sequence.off_simplex", value=round(record.off_simplex, 4) + 0.0))


# ------------------------------------------------------------------ window


def _window(result: Lens) -> Window:
    """Return the window in view: the last drag or entry, at first the strongest stretch."""
    asked = lens.dragged(session.get(f"chart_{TRACKS}"))
    if asked is not None and asked != session.get(DRAG):
        session.put(DRAG, asked)
        session.put(WINDOW, asked)
        session.forget("lens_side", "lens_start", "lens_end")
    kept: Window = session.get(WINDOW) or lens.first_window(result.record)
    window = lens.fitted(kept, result.record)
    session.put(WINDOW, window)
    return window


def _window_block(
    scene: Scene, result: Lens, window: Window, hits: MotifHitRecord | None, outlined: list[sequence.Site]
) -> None:
    """Draw the window: its controls, letters, mutagenesis, and the two against each other."""
    st.subheader(scene.text("sequence.window"), anchor=False)
    st.caption(scene.text("sequence.window_help", most=lens.MOST_WINDOW))
    _window_form(scene, result, window)
    if session.take(MUTATE):
        guarded(_mutate, scene, result, window)
    found = lens.mutated(result, window)
    chart(
        basewindow.letters_figure(
            result.record,
            window,
            () if hits is None else hits.hits,
            outlined,
            found,
            synthetic=scene.synthetic,
            lang=scene.lang,
        ),
        "seq_letters",
        scene.lang,
        how="sequence.letters.how",
        provenance=f"{scene.comment()}; {lensfiles.told(result)}",
    )
    if found is None:
        empty(scene.text("sequence.not_mutated"), scene.text("sequence.not_mutated_do"))
        return
    _mutagenesis(scene, result, found)


def _window_form(scene: Scene, result: Lens, window: Window) -> None:
    lengths = {side: len(getattr(result.record, side)) for side in SIDES}
    with st.form("lens_window_form", border=False):
        one, two, three, four = st.columns([1.4, 1, 1, 1.6], vertical_alignment="bottom", gap="medium")
        for key, value in (("lens_side", window.side), ("lens_start", window.start), ("lens_end", window.end)):
            if key not in st.session_state:
                session.put(key, value)
        one.segmented_control(
            scene.text("sequence.side"),
            list(SIDES),
            key="lens_side",
            required=True,
            format_func=lambda side: scene.text(f"fig.seq.{side}"),
        )
        longest = max(lengths.values())
        two.number_input(scene.text("sequence.start"), 0, longest - 1, key="lens_start", step=1)
        three.number_input(scene.text("sequence.end"), 1, longest, key="lens_end", step=1)
        four.form_submit_button(
            scene.text("sequence.mutate"),
            icon=":material/edit_note:",
            help=scene.text("sequence.mutate_help"),
            on_click=_take_window,
        )


def _take_window() -> None:
    """Keep the window of the form and ask for its mutagenesis."""
    start, end = int(session.get("lens_start", 0)), int(session.get("lens_end", 1))
    low, high = min(start, end), max(start, end)
    session.put(WINDOW, Window(str(session.get("lens_side", SIDES[0])), low, max(high, low + 1)))
    session.put(MUTATE, True)
    session.forget("lens_side", "lens_start", "lens_end")


def _mutate(scene: Scene, result: Lens, window: Window) -> None:
    told = scene.text("sequence.mutating", n=3 * (window.end - window.start))
    with st.status(told, type="step") as status, turns.heavy(scene):
        found = lens.mutate(scene, result, window)
        status.update(label=scene.text("sequence.mutated"), state="complete")
    session.put(lens.MUTATED, (result.key, window, found))


def _mutagenesis(scene: Scene, result: Lens, found: MutagenesisRecord) -> None:
    comment = f"{scene.comment()}; {lensfiles.told(result)}"
    codes = result.element(found.side).codes
    chart(
        basewindow.mutagenesis_figure(found, codes, synthetic=scene.synthetic, lang=scene.lang),
        "seq_mutagenesis",
        scene.lang,
        how="sequence.mutagenesis.how",
        provenance=comment,
    )
    left, right = st.columns([1.3, 1], gap="medium")
    with left:
        chart(
            basewindow.agreement_figure(result.record, found, synthetic=scene.synthetic, lang=scene.lang),
            "seq_agreement",
            scene.lang,
            how="sequence.agreement.how",
            provenance=comment,
        )
    with right:
        st.metric(
            scene.text("sequence.kpi.agreement"),
            number(found.agreement, 2),
            scene.text("sequence.kpi.bases", n=found.end - found.start),
            delta_color="off",
            delta_arrow="off",
            help=scene.text("sequence.kpi.agreement_help"),
            border=True,
        )
        if math.isnan(found.agreement):
            st.info(scene.text("sequence.flat"), icon=":material/info:")
        elif found.agreement < lens.AGREE:
            st.warning(scene.text("sequence.disagree", rho=found.agreement), icon=":material/warning:")
        else:
            st.caption(scene.text("sequence.agree", rho=found.agreement))


# ------------------------------------------------------------------ exports


def _exports(scene: Scene, result: Lens, window: Window, hits: MotifHitRecord | None) -> None:
    found, comment = lens.mutated(result, window), scene.comment()
    files = [
        ("csv", "metabam_bases.csv", "text/csv", lambda: lensfiles.base_csv(result, found, comment), True),
        *(
            (
                f"bedgraph_{side}",
                f"metabam_{side}.bedgraph",
                "text/plain",
                lambda side=side: lensfiles.bedgraph(result, side, comment),
                bool(result.element(side).chrom),
            )
            for side in SIDES
        ),
        (
            "mutagenesis",
            "metabam_mutagenesis.csv",
            "text/csv",
            lambda: "" if found is None else lensfiles.mutagenesis_csv(result, found, comment),
            found is not None,
        ),
        (
            "bed",
            "metabam_motif_sites.bed",
            "text/plain",
            lambda: lensfiles.hits_bed(result, () if hits is None else hits.hits, comment),
            hits is not None and bool(hits.hits),
        ),
        (
            "json",
            "metabam_lens.json",
            "application/json",
            lambda: lensfiles.session_json(result, window, hits, scene),
            True,
        ),
    ]
    with st.container(horizontal=True, gap="small"):
        for key, name, mime, data, there in files:
            st.download_button(
                scene.text(f"sequence.export.{key}"),
                data,
                name,
                mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"lens_{key}",
                disabled=not there,
                help=None if there else scene.text(f"sequence.export.{key}_none"),
            )
