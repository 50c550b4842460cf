"""The last block of Adapt live: what came out of one press of Adapt."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from metabam.app import adaptation_exports, cache, labels, reach, session, tolens, whatif
from metabam.app import model as models
from metabam.app.adaptation import OTHERS, REFERENCE, Adaptation, Loaded, Queries
from metabam.app.layout import Scene
from metabam.app.live import DONE, QUERY_STATE, SUPPORT_STATE
from metabam.app.scores import score_interval
from metabam.app.widgets import chart, empty, metric, plain
from metabam.app.wording import notice
from metabam.metrics import expected_calibration_error
from metabam.plots import adapting, queries

MOST_ROWS = 5_000


def read_block(scene: Scene) -> None:
    """Draw what the last adaptation found."""
    done = session.get(DONE)
    if not isinstance(done, Adaptation) or done.run_id != scene.summary.run_id:
        empty(scene.text("live.waiting"), scene.text("live.waiting_do"))
        return
    support, asked = session.get(SUPPORT_STATE), session.get(QUERY_STATE)
    digests = (support.sha256 if isinstance(support, Loaded) else "", asked.sha256 if isinstance(asked, Loaded) else "")
    if digests != (done.support_sha256, done.query_sha256):
        st.info(scene.text("live.stale"), icon=":material/update:")
    _verdict(scene, done)
    reach.novelty_warning(scene, done)
    _numbers(scene, done)
    tabs = st.tabs(
        [scene.text(f"live.tab.{name}") for name in ("queries", "belief", "labels", "whatif", "shots")],
        key="read_tabs",
        on_change="rerun",
    )
    for tab, draw in zip(tabs, (_queries, _belief, labels.labels_panel, whatif.what_if_panel, _shots), strict=True):
        if tab.open:
            with tab:
                draw(scene, done)
    _exports(scene, done)


def _verdict(scene: Scene, done: Adaptation) -> None:
    found = done.verdict
    said = {"kl": float(done.kl.sum()), "gain": found.gain, "p": found.p, "n": len(found.null)}
    if done.informed:
        st.info(scene.text("live.informed", **said), icon=":material/trending_up:")
    else:
        reason = "few" if not found.null.any() else ("kl" if said["kl"] < found.kl_floor else "gain")
        st.error(
            scene.text("live.not_informed") + " " + scene.text(f"live.not_informed.{reason}", **said),
            icon=":material/warning:",
        )
        st.caption(":material/info: " + scene.text("live.power"))
    for problem in done.problems:
        message, remedy = notice(problem, scene.lang)
        st.warning(plain(message, 400) + ("  \n" + plain(remedy, 300) if remedy else ""), icon=":material/warning:")


def _numbers(scene: Scene, done: Adaptation) -> None:
    sure = int(((done.gate_low > 0) | (done.gate_high < 0)).sum())
    near, _, assay = (done.nearest[0][0] if done.nearest else "–").partition(" | ")
    listed = "; ".join(f"{plain(name)} {gap:.2f}" for name, gap in done.nearest[:3])
    cells = st.columns(5)
    metric(
        cells[0],
        scene.text("live.kpi.kl"),
        scene.text("live.kpi.nats", value=float(done.kl.sum())),
        help_text=scene.text("live.kpi.kl_help"),
    )
    metric(
        cells[1],
        scene.text("live.kpi.nearest"),
        plain(near, 20),
        plain(assay, 20),
        help_text=scene.text("live.kpi.nearest_help", list=listed),
    )
    metric(
        cells[2],
        scene.text("live.kpi.gates"),
        f"{sure} / {len(done.gate_low)}",
        help_text=scene.text("live.kpi.gates_help"),
    )
    scored = _score(done)
    if scored is None:
        note = scene.text("live.kpi.withheld", n=done.shared) if done.shared else ""
        metric(cells[3], scene.text("live.kpi.auprc"), "–", note, help_text=scene.text("live.kpi.withheld_help"))
    else:
        middle, low, high, base, n = scored
        metric(
            cells[3],
            scene.text("live.kpi.auprc"),
            f"{middle:.2f}",
            scene.text("live.kpi.base", value=f"{base:.2f}"),
            help_text=scene.text("live.kpi.auprc_help", n=n) + f" 95 %: {low:.2f}–{high:.2f}",
        )
    metric(cells[4], scene.text("live.kpi.time"), f"{done.seconds:.2f}")


def _score(done: Adaptation) -> tuple[float, float, float, float, int] | None:
    """Return AUPRC, interval, base rate and n; None without both classes, or with a support pair among the queries."""
    if done.queries is None or done.shared:
        return None
    probability, labels = adaptation_exports.labelled(done.queries)
    if len(set(labels.tolist())) < 2:
        return None
    return (*score_interval(labels, probability), float(np.mean(labels == 1)), len(labels))


def _belief(scene: Scene, done: Adaptation) -> None:
    synthetic, lang, comment = scene.synthetic, scene.lang, scene.comment()
    left, right = st.columns(2, gap="medium")
    with left:
        chart(
            adapting.posterior_figure(
                done.fingerprint.mean,
                done.fingerprint.std,
                done.prior.mean,
                done.prior.std,
                synthetic=synthetic,
                lang=lang,
            ),
            "posterior",
            lang,
            how="live.posterior.how",
            provenance=comment,
        )
    with right:
        chart(
            adapting.gates_figure(
                done.fingerprint.spectrum,
                done.gate_low,
                done.gate_high,
                prior=done.prior.spectrum,
                names=models.atom_names(cache.model(scene.run), scene.lang),
                synthetic=synthetic,
                lang=lang,
            ),
            "gates",
            lang,
            how="live.gates.how",
            provenance=comment,
        )
    chart(
        adapting.reconstruction_figure(
            done.labels, done.support_after, done.support_before, done.names, synthetic=synthetic, lang=lang
        ),
        "reconstruction",
        lang,
        how="live.recon.how",
        provenance=comment,
    )
    reach.novelty_panel(scene, done)


def _shots(scene: Scene, done: Adaptation) -> None:
    record = done.convergence
    if record is None:
        empty(scene.text("live.nothing"))
        return
    synthetic, lang, comment = scene.synthetic, scene.lang, scene.comment()
    left, right = st.columns(2, gap="medium")
    with left:
        chart(
            adapting.sigma_figure(record, synthetic=synthetic, lang=lang),
            "sigma_by_shots",
            lang,
            how="live.sigma.how",
            provenance=comment,
        )
    with right:
        chart(
            adapting.likelihood_figure(record, synthetic=synthetic, lang=lang),
            "likelihood_by_shots",
            lang,
            how="live.likelihood.how",
            provenance=comment,
        )
    chart(
        adapting.gates_by_shots(record, synthetic=synthetic, lang=lang),
        "gates_by_shots",
        lang,
        how="live.gateshots.how",
        provenance=comment,
    )


def _queries(scene: Scene, done: Adaptation) -> None:
    answered = done.queries
    if answered is None:
        empty(scene.text("live.no_queries"), scene.text("live.no_queries_do"))
        return
    good = answered.usable
    if not good.any():
        empty(scene.text("live.no_usable", n=len(good)), scene.text("live.no_usable_do"))
    else:
        _query_figures(scene, done, answered)
        reach.arcs_panel(scene, answered)
    _result_table(scene, done)


def _query_figures(scene: Scene, done: Adaptation, answered: Queries) -> None:
    synthetic, lang, comment = scene.synthetic, scene.lang, scene.comment()
    good = answered.usable
    names = [name for name, kept in zip(answered.names, good, strict=True) if kept]
    chart(
        queries.prediction_figure(
            answered.probability[good],
            answered.lower[good],
            answered.upper[good],
            names,
            prior=answered.prior[good],
            nearest=answered.nearest[good],
            nearest_name=done.nearest[0][0] if done.nearest else "",
            labels=answered.table.label[good],
            ids=[str(row) for row in np.flatnonzero(good)],
            synthetic=synthetic,
            lang=lang,
        ),
        tolens.CHART,
        lang,
        how="live.queries.how",
        provenance=comment,
        on_select="rerun",
    )
    left, right = st.columns(2, gap="medium")
    with left:
        if answered.others:
            named = {scene.text(f"live.learner.{REFERENCE}"): answered.probability[good]} | {
                scene.text(f"live.learner.{name}"): values[good] for name, values in answered.others.items()
            }
            chart(
                queries.learners_figure(
                    named, reference=scene.text(f"live.learner.{REFERENCE}"), synthetic=synthetic, lang=lang
                ),
                "learners",
                lang,
                how="live.learners.how",
                provenance=comment,
            )
        else:
            empty(scene.text("live.one_learner"), scene.text("live.one_learner_do"))
    with right:
        probability, labels = adaptation_exports.labelled(answered)
        if len(set(labels.tolist())) == 2:
            ece = expected_calibration_error(labels, probability)
            chart(
                queries.reliability_figure(
                    probability, labels, ece=float("nan") if ece is None else ece, synthetic=synthetic, lang=lang
                ),
                "reliability",
                lang,
                how="live.reliability.how",
                provenance=comment,
            )
        else:
            empty(scene.text("live.few_labels"), scene.text("live.few_labels_do"))


def _result_table(scene: Scene, done: Adaptation) -> None:
    rows = adaptation_exports.result_rows(done, MOST_ROWS)
    total = 0 if done.queries is None else len(done.queries.table)
    near = plain(done.nearest[0][0]) if done.nearest else ""
    labels = done.queries.table.label.tolist() if done.queries is not None else []
    known = any(label >= 0 for label in labels)
    shown = []
    for row, label in zip(rows, labels, strict=False):
        cells: dict[str, object] = {
            scene.text("live.col.pair"): row["pair_id"] or f"{row['chrom']}:{row['enhancer_start']}",
            scene.text("live.col.probability"): row["probability"],
            scene.text("live.col.lower"): row["lower"],
            scene.text("live.col.upper"): row["upper"],
            scene.text("live.col.prior"): row["prior_only"],
            scene.text("live.col.nearest"): row["nearest_line_probability"],
        }
        cells |= {scene.text(f"live.learner.{name}"): row[name] for name in OTHERS if name in row}
        cells[scene.text("live.col.distance")] = row["distance_bp"]
        if known:
            cells[scene.text("live.col.label")] = "" if label < 0 else str(label)
        cells[scene.text("live.col.status")] = scene.text("live.status.ok") if row["status"] == "ok" else row["status"]
        shown.append(cells)
    st.markdown(f"**{scene.text('live.results')}** · :gray[{scene.text('shell.shown', shown=len(shown), total=total)}]")
    fraction = st.column_config.NumberColumn(format="%.3f", width="small")
    formats: dict[str, Any] = {
        scene.text(f"live.col.{name}"): fraction for name in ("lower", "upper", "prior", "nearest")
    } | {scene.text(f"live.learner.{name}"): fraction for name in OTHERS}
    formats[scene.text("live.col.probability")] = st.column_config.ProgressColumn(
        format="%.3f", min_value=0, max_value=1
    )
    formats[scene.text("live.col.distance")] = st.column_config.NumberColumn(format="localized")
    formats[scene.text("live.col.nearest")] = st.column_config.NumberColumn(format="%.3f", width="small", help=near)
    event = st.dataframe(
        shown,
        hide_index=True,
        height=330,
        key="results",
        on_select="rerun",
        selection_mode="single-row",
        alt=scene.text("live.results.alt", n=total),
        column_config=formats,
    )
    tolens.query_button(scene, done, event)


def _exports(scene: Scene, done: Adaptation) -> None:
    given = session.get(SUPPORT_STATE)
    support = given if isinstance(given, Loaded) else None
    with st.container(horizontal=True, gap="small"):
        if done.queries is not None:
            st.download_button(
                scene.text("live.export.csv"),
                lambda: adaptation_exports.results_csv(done, scene.comment()),
                "metabam_results.csv",
                "text/csv",
                icon=":material/download:",
                on_click="ignore",
                key="export_csv",
            )
            reach.bedpe_button(scene, done)
        st.download_button(
            scene.text("live.export.json"),
            lambda: adaptation_exports.session_json(done, support, scene.provenance(), scene.synthetic),
            "metabam_session.json",
            "application/json",
            icon=":material/data_object:",
            on_click="ignore",
            key="export_json",
            help=scene.text("live.export.json_help"),
        )
