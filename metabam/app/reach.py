"""Two views of Adapt live: how far the reader's pairs lie from training, and where on the chromosome queries lie."""

from __future__ import annotations

import numpy as np
import streamlit as st

from metabam.app import adaptation_exports, cache
from metabam.app.adaptation import Adaptation, Queries
from metabam.app.layout import Scene
from metabam.app.widgets import chart, chart_foot, csv_text, empty
from metabam.plots import arcs, novelty


def novelty_warning(scene: Scene, done: Adaptation) -> None:
    """Say it above everything else when the support lies outside what the model was trained on."""
    record = done.novelty
    if record is not None and record.outside:
        st.warning(
            scene.text("live.novelty.outside", beyond=record.beyond(record.support), n=len(record.support)),
            icon=":material/explore_off:",
        )


def recall_note(scene: Scene, done: Adaptation) -> None:
    """Say for how many pairs the training lines' labels of the same elements count."""
    layout = cache.model(scene.run).contexts[0].layout
    if layout is None or not layout.recall:
        return
    parts = [done.given.features] if done.asked is None else [done.given.features, done.asked]
    known = [int(np.any(part[:, layout.recalled] != 0.0, axis=1).sum()) for part in parts]
    total = [len(part) for part in parts]
    st.caption(":material/history: " + scene.text("live.recall", known=sum(known), n=sum(total)))


def novelty_panel(scene: Scene, done: Adaptation) -> None:
    """Draw the distance of support and queries to the training pairs."""
    recall_note(scene, done)
    record = done.novelty
    if record is None or not len(record.reference):
        empty(scene.text("live.novelty.none"), scene.text("live.novelty.none_do"))
        return
    chart(
        novelty.novelty_figure(record, synthetic=scene.synthetic, lang=scene.lang),
        "novelty",
        scene.lang,
        how="live.novelty.how",
        provenance=scene.comment(),
    )


# ------------------------------------------------------------------ arcs


def placed(answered: Queries) -> dict[str, list[int]]:
    """Return the predicted rows with both regions on one chromosome, by chromosome, most rows first."""
    table = answered.table
    known = (
        answered.usable
        & (table.enhancer_chrom == table.promoter_chrom)
        & (np.minimum(table.enhancer_start, table.promoter_start) >= 0)
        & (table.enhancer_end > table.enhancer_start)
        & (table.promoter_end > table.promoter_start)
    )
    found: dict[str, list[int]] = {}
    for row in np.flatnonzero(known):
        found.setdefault(str(table.enhancer_chrom[row]), []).append(int(row))
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def arcs_of(answered: Queries, chrom: str, rows: list[int]) -> arcs.Arcs:
    """Return the pairs of one chromosome as arcs between the midpoints of their regions."""
    table = answered.table
    return arcs.Arcs(
        chrom,
        (table.enhancer_start[rows] + table.enhancer_end[rows]) / 2.0,
        (table.promoter_start[rows] + table.promoter_end[rows]) / 2.0,
        answered.probability[rows],
        table.label[rows],
        [answered.names[row] for row in rows],
    )


@st.fragment
def arcs_panel(scene: Scene, answered: Queries) -> None:
    """Draw the queries of one chromosome as arcs, with their own controls."""
    places = placed(answered)
    if not places:
        empty(scene.text("live.arcs.none"), scene.text("live.arcs.none_do"))
        return
    left, middle, right = st.columns(3, gap="medium")
    chrom = left.selectbox(
        scene.text("live.arcs.chrom"),
        list(places),
        key="arcs_chrom",
        format_func=lambda name: scene.text("live.arcs.choice", chrom=name, n=len(places[name])),
    )
    least = middle.slider(scene.text("live.arcs.least"), 0.0, 1.0, 0.0, 0.05, key="arcs_least")
    opacity = right.slider(scene.text("live.arcs.opacity"), 0.1, 1.0, 0.5, 0.1, key="arcs_opacity")
    pairs = arcs_of(answered, str(chrom), places[str(chrom)])
    chart(
        arcs.arcs_figure(pairs, least=least, opacity=opacity, synthetic=scene.synthetic, lang=scene.lang),
        "arcs",
        scene.lang,
        footless=True,
    )
    chart_foot("arcs", scene.lang, how="live.arcs.how", csv_of=lambda: arcs_csv(pairs, least, scene.comment()))


def arcs_csv(pairs: arcs.Arcs, least: float, comment: str) -> str:
    """Return exactly the drawn arcs, most likely first."""
    rows = [
        {
            "pair": pairs.names[row],
            "chrom": pairs.chrom,
            "enhancer_midpoint": float(pairs.enhancer[row]),
            "promoter_midpoint": float(pairs.promoter[row]),
            "probability": float(pairs.probability[row]),
            "label": "" if pairs.labels[row] < 0 else int(pairs.labels[row]),
        }
        for row in pairs.drawn(least)
    ]
    return csv_text(rows, f"{comment}; drawn: P >= {least:g}")


def bedpe_button(scene: Scene, done: Adaptation) -> None:
    """Draw the export of the predicted pairs as BEDPE."""
    st.download_button(
        scene.text("live.export.bedpe"),
        lambda: adaptation_exports.results_bedpe(done, scene.comment()),
        "metabam_results.bedpe",
        "text/tab-separated-values",
        icon=":material/download:",
        on_click="ignore",
        key="export_bedpe",
        help=scene.text("live.export.bedpe_help"),
    )
