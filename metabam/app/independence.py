"""The spectrum tab of the Atoms page: are the atoms still independent of one another."""

from __future__ import annotations

import numpy as np
import streamlit as st

from metabam.app import cache, layout, session
from metabam.app.layout import Scene
from metabam.app.widgets import chart, empty, metric, plain
from metabam.app.wording import feature_name
from metabam.errors import MetaBamError
from metabam.plots import spectrum
from metabam.records import SpectrumRecord

STEP = "step"


def spectrum_tab(scene: Scene) -> None:
    """Draw the whole tab."""
    records = records_of(scene)
    record, normalised, threshold = controls(scene, records)
    numbers(scene, record, normalised=normalised, threshold=threshold)
    figures(scene, records, record, normalised=normalised, threshold=threshold)


def records_of(scene: Scene) -> list[SpectrumRecord]:
    """Return the spectrum of every stored checkpoint, or say that there is none and stop the page."""
    records = cache.spectra(scene.run, scene.summary.run_id)
    if not records:
        empty(scene.text("atoms.empty", run=plain(scene.summary.run_id)), scene.text("atoms.empty_do"))
        layout.footer(scene)
        st.stop()
    return records


def controls(scene: Scene, records: list[SpectrumRecord]) -> tuple[SpectrumRecord, bool, float]:
    """Draw the three controls; return the checkpoint, whether rows are normalised, and the duplicate threshold."""
    steps = [str(record.step) for record in records]
    asked = st.query_params.get(STEP)
    left, middle, right = st.columns([2, 1.3, 1.6], vertical_alignment="bottom", gap="large")
    if session.get(STEP) not in steps:
        session.forget(STEP)
    if len(steps) > 1:
        left.select_slider(scene.text("atoms.step"), steps, value=steps[-1], key=STEP, bind="query-params")
    else:
        left.selectbox(scene.text("atoms.step"), steps, disabled=True, key="only_step")
    kind = middle.segmented_control(
        scene.text("atoms.kind"),
        ["raw", "normalised"],
        default="raw",
        key="atom_rows",
        required=True,
        persist_state="session",
        format_func=lambda name: scene.text(f"atoms.kind.{name}"),
    )
    threshold = right.slider(
        scene.text("atoms.threshold"), 0.5, 1.0, 0.9, 0.01, key="duplicate_threshold", persist_state="session"
    )
    chosen = layout.valid(STEP, session.get(STEP, steps[-1]), steps, steps[-1], scene)
    if asked is not None and asked not in steps:
        layout.valid(STEP, asked, steps, steps[-1], scene)
    return records[steps.index(chosen)], kind == "normalised", float(threshold)


def numbers(scene: Scene, record: SpectrumRecord, *, normalised: bool, threshold: float) -> None:
    """Draw the numbers that go with the figures, and what they do and do not prove."""
    rank = record.effective_rank_normalised if normalised else record.effective_rank
    size = len(record.cosines)
    upper = np.abs(record.cosines[np.triu_indices(size, 1)])
    cells = st.columns(5)
    top = scene.text("atoms.of", top=record.max_rank)
    metric(cells[0], scene.text("atoms.kpi.effective"), f"{rank:.1f}", top)
    metric(cells[1], scene.text("atoms.kpi.stable"), f"{record.stable_rank:.1f}", top)
    pairs = scene.text("atoms.kpi.pairs", n=len(upper))
    metric(cells[2], scene.text("atoms.kpi.duplicates"), int((upper >= threshold).sum()), pairs)
    metric(cells[3], scene.text("atoms.kpi.max"), f"{record.max_cosine:.2f}")
    metric(cells[4], scene.text("atoms.kpi.mean"), f"{record.mean_cosine:.2f}")
    features = len(record.singular) if len(record.singular) < size else record.max_rank
    if rank < record.max_rank / 2:
        st.warning(scene.text("atoms.warning", rank=rank, top=record.max_rank), icon=":material/warning:")
    else:
        st.caption(
            ":material/info: "
            + scene.text("atoms.healthy", top=record.max_rank)
            + " "
            + scene.text("atoms.bound", k=size, d=_width(scene, features), top=record.max_rank)
        )


def _width(scene: Scene, fallback: int) -> int:
    """Return D, the number of pair features."""
    snapshots = scene.run.snapshots()
    return int(next(iter(snapshots.values())).shape[1]) if snapshots else fallback


def figures(
    scene: Scene, records: list[SpectrumRecord], record: SpectrumRecord, *, normalised: bool, threshold: float
) -> None:
    """Draw spectrum, cosine map and what changed over the steps."""
    synthetic, lang, comment = scene.synthetic, scene.lang, scene.comment()
    left, right = st.columns(2, gap="medium")
    with left:
        chart(
            spectrum.spectrum_figure(record, synthetic=synthetic, lang=lang, normalised=normalised),
            "spectrum",
            lang,
            how="atoms.spectrum.how",
            provenance=comment,
        )
    with right:
        if len(records) > 1:
            chart(
                spectrum.sigma_over_steps(records, synthetic=synthetic, lang=lang, normalised=normalised),
                "sigma_over_steps",
                lang,
                how="atoms.steps.how",
                provenance=comment,
            )
        else:
            empty(scene.text("atoms.one_checkpoint"), scene.text("atoms.one_checkpoint_do"))
    left, right = st.columns(2, gap="medium")
    with left:
        chart(
            spectrum.cosine_map(record, synthetic=synthetic, lang=lang, threshold=threshold),
            "cosine_map",
            lang,
            how="atoms.map.how",
            provenance=comment,
            on_select="rerun",
        )
    with right:
        pair_table(scene, record, session.get("atom_pair"))
    if len(records) > 1:
        left, right = st.columns(2, gap="medium")
        with left:
            chart(
                spectrum.ranks_over_steps(records, synthetic=synthetic, lang=lang),
                "ranks",
                lang,
                how="atoms.ranks.how",
                provenance=comment,
            )
        with right:
            chart(
                spectrum.coherence_over_steps(records, synthetic=synthetic, lang=lang),
                "coherence",
                lang,
                how="atoms.cosine.how",
                provenance=comment,
            )


def most_alike(record: SpectrumRecord) -> tuple[int, int]:
    """Return the two atoms with the largest |cosine|, counted from 1; (1, 1) where there is only one atom."""
    above, right = np.triu_indices(len(record.cosines), 1)
    if not len(above):
        return 1, 1
    best = int(np.argmax(np.abs(np.nan_to_num(record.cosines[above, right]))))
    return int(above[best]) + 1, int(right[best]) + 1


def pair_table(
    scene: Scene, record: SpectrumRecord, chosen: tuple[int, int] | None, top: int = 10, width: int = 250
) -> None:
    """Compare two atoms, counted from 1, by the features that weigh most in them; the most alike pair by default."""
    size = len(record.cosines)
    if not chosen or not all(1 <= atom <= size for atom in chosen):
        chosen = most_alike(record)
    first, second = chosen
    value = f"{record.cosines[first - 1, second - 1]:.2f}"
    st.markdown(f"**{scene.text('atoms.pair', i=first, j=second, value=value)}**")
    atoms = scene.run.snapshots().get(record.step)
    try:
        features = cache.model(scene.run).encoder.features
    except MetaBamError:
        features = ()
    if atoms is None:
        return
    rows = atoms[[first - 1, second - 1]]
    order = np.argsort(-np.abs(rows).max(axis=0))[:top]
    names = [scene.text("atoms.pair.atom", k=atom) for atom in (first, second)]
    if first == second:
        names[1] += " "
    shown = [
        {
            scene.text("atoms.pair.feature"): feature_name(features, int(place), scene.lang, short=True),
            names[0]: float(rows[0, place]),
            names[1]: float(rows[1, place]),
        }
        for place in order
    ]
    st.dataframe(
        shown,
        hide_index=True,
        key="pair_table",
        height="content",
        alt=scene.text("atoms.pair.alt", n=len(shown), i=first, j=second),
        column_config={
            scene.text("atoms.pair.feature"): st.column_config.TextColumn(width=width),
            **{name: st.column_config.NumberColumn(format="%+.3f", width=72) for name in names},
        },
    )
    st.caption(scene.text("atoms.pair_none"))
