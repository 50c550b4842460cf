"""The second half of Design my support: the plan, what each pick would decide, the check, and the order sheet."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import numpy as np
import streamlit as st

from metabam.app import cache, design_exports, planning, session
from metabam.app import model as models
from metabam.app.adaptation import Loaded
from metabam.app.design import CANDIDATES, CHECK, PLAN, PRESSED, VETOED, encoded
from metabam.app.layout import Scene
from metabam.app.planning import Plan
from metabam.app.widgets import chart, empty, metric, plain, points_of, table_height
from metabam.errors import InputError, MetaBamError
from metabam.plots import arcs, design
from metabam.records import RetrospectRecord

CHECK_PRESSED: Final = "design_check_pressed"
PICK: Final = "design_pick"
ONE_CLASS: Final = 0.05


def verdict(scene: Scene) -> None:
    """Say, above everything else, whether planning beat chance where labels are known."""
    held = session.get(CHECK)
    if not isinstance(held, dict) or held.get("run") != scene.summary.run_id:
        st.caption(":material/help: " + scene.text("design.unchecked"))
        return
    records: list[RetrospectRecord] = held["records"]
    gap, low, high, n = planning.advantage(records)
    said = {"gap": gap, "low": low, "high": high, "n": n, "lines": ", ".join(plain(line) for line in held["lines"])}
    if not low > 0:
        st.error(scene.text("design.loses", **said), icon=":material/flag:")
        return
    worth = [record.planned_shots for record in records if np.isfinite(record.planned_shots)]
    shots = records[0].shots
    if worth:
        worth_text = scene.text("design.wins_worth", planned=float(np.mean(worth)), shots=shots)
    else:
        worth_text = scene.text("design.wins_unknown")
    st.success(scene.text("design.wins", **said) + " " + worth_text, icon=":material/check_circle:")


def read_block(scene: Scene) -> None:
    """Draw the last plan."""
    plan = session.get(PLAN)
    if not isinstance(plan, Plan) or plan.run_id != scene.summary.run_id:
        empty(scene.text("design.waiting"), scene.text("design.waiting_do"))
        return
    loaded = session.get(CANDIDATES)
    if isinstance(loaded, Loaded) and loaded.sha256 != plan.candidates_sha256:
        st.info(scene.text("live.stale"), icon=":material/update:")
    _warnings(scene, plan)
    _numbers(scene, plan)
    _removed(scene, plan)
    comment = _comment(scene, plan)
    synthetic, lang, record = scene.synthetic, scene.lang, plan.record
    left, right = st.columns(2, gap="medium")
    with left:
        event = chart(
            design.candidates_figure(
                record,
                plan.pool.table.distance(),
                plan.pool.names,
                plan.pool.beyond,
                picked=_open_pick(plan),
                synthetic=synthetic,
                lang=lang,
            ),
            "candidates",
            lang,
            how="design.candidates.how",
            provenance=comment,
            on_select="rerun",
        )
        _clicked(event, plan)
    with right:
        chart(
            design.gain_figure(record, synthetic=synthetic, lang=lang),
            "gain",
            lang,
            how="design.gain.how",
            provenance=comment,
        )
    _pick_panel(scene, plan, comment)
    left, right = st.columns(2, gap="medium")
    with left:
        chart(
            design.spread_figure(record, synthetic=synthetic, lang=lang),
            "spread",
            lang,
            how="design.spread.how",
            provenance=comment,
        )
    with right:
        _arcs(scene, plan, comment)
    _table(scene, plan)
    design_exports.exports(scene, plan, comment)


def _comment(scene: Scene, plan: Plan) -> str:
    return f"{scene.comment()}; candidates sha256 {plan.candidates_sha256[:12]}; {_rules_text(plan)}"


def _rules_text(plan: Plan) -> str:
    return "; ".join(f"{name}={value}" for name, value in asdict(plan.wishes).items()) + f"; vetoed={len(plan.vetoed)}"


def _warnings(scene: Scene, plan: Plan) -> None:
    record = plan.record
    if record.nothing_to_learn:
        st.error(scene.text("design.nothing"), icon=":material/block:")
    if record.saturated:
        st.warning(scene.text("design.saturated", ceiling=record.ceiling), icon=":material/trending_flat:")
    if record.one_class > ONE_CLASS:
        st.warning(scene.text("design.one_class", p=record.one_class, n=len(record.chosen)), icon=":material/warning:")
    outside = int(plan.pool.beyond[record.chosen].sum())
    if outside:
        st.warning(scene.text("design.outside", outside=outside, n=len(record.chosen)), icon=":material/explore_off:")


def _numbers(scene: Scene, plan: Plan) -> None:
    record = plan.record
    cells = st.columns(5)
    random = float(record.random_gain[:, -1].mean()) if len(record.random_gain) else float("nan")
    metric(
        cells[0],
        scene.text("design.kpi.gain"),
        scene.text("live.kpi.nats", value=float(record.gain[-1])),
        scene.text("design.kpi.random", value=random),
        help_text=scene.text("design.kpi.gain_help", ceiling=record.ceiling),
    )
    metric(
        cells[1],
        scene.text("design.kpi.per_pick"),
        scene.text("live.kpi.nats", value=float(record.gain[-1]) / len(record.chosen)),
        scene.text("design.kpi.of_ln2"),
    )
    metric(
        cells[2],
        scene.text("design.kpi.positives"),
        f"{record.expected_positives:.1f}",
        scene.text("design.kpi.of", n=len(record.chosen)),
    )
    metric(cells[3], scene.text("design.kpi.one_class"), f"{100 * record.one_class:.1f} %")
    metric(
        cells[4],
        scene.text("live.kpi.time"),
        f"{plan.seconds:.1f}",
        scene.text("design.kpi.candidates", n=len(plan.pool.table)),
    )
    st.caption(
        ":material/info: " + scene.text("design.path" if plan.wishes.delta == "integrated" else "design.path_joint")
    )


def _removed(scene: Scene, plan: Plan) -> None:
    removed = {name: count for name, count in plan.pool.removed.items() if count}
    said = "; ".join(scene.text(f"design.removed.{name}", n=count) for name, count in removed.items())
    shown = scene.text("shell.shown", shown=len(plan.pool.table), total=plan.pool.read)
    vetoed = scene.text("design.vetoed", n=len(plan.vetoed)) if plan.vetoed else ""
    st.caption(":material/filter_alt: " + " · ".join(part for part in (shown, said, vetoed) if part))


# ------------------------------------------------------------------ one pick


def _open_pick(plan: Plan) -> int | None:
    pick = session.get(PICK)
    return pick if isinstance(pick, int) and 0 <= pick < len(plan.record.chosen) else None


def _clicked(event: Any, plan: Plan) -> None:
    """Open the pick that was clicked; once per click, since a redrawn figure forgets its selection."""
    for point in points_of(event):
        name = str(point.get("id", ""))
        pick = int(name[4:]) if name.startswith("pick") and name[4:].isdigit() else -1
        if 0 <= pick < len(plan.record.chosen) and session.get(PICK) != pick:
            session.put(PICK, pick)
            st.rerun()


def _veto(name: str) -> None:
    session.put(VETOED, (*session.get(VETOED, ()), name))
    session.put(PRESSED, "again")
    session.forget(PICK, "design_pick_box", "chart_candidates")


def _pick_panel(scene: Scene, plan: Plan, comment: str) -> None:
    """Draw what one pick would decide, and the veto."""
    pick = _open_pick(plan) or 0
    names = planning.keys_of(plan.pool.table)
    row = int(plan.record.chosen[pick])
    with st.container(border=True):
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.markdown(f"**{scene.text('design.pick', pick=pick + 1, name=plain(plan.pool.names[row], 80))}**")
        right.button(
            scene.text("design.veto"),
            icon=":material/block:",
            key="veto",
            on_click=_veto,
            args=(names[row],),
            help=scene.text("design.veto_help"),
            width="stretch",
        )
        answers = planning.answers(plan, pick)
        left, right = st.columns(2, gap="medium")
        with left:
            chart(
                design.decides_figure(
                    plan.record,
                    pick,
                    models.atom_names(cache.model(scene.run), scene.lang),
                    synthetic=scene.synthetic,
                    lang=scene.lang,
                ),
                "decides",
                scene.lang,
                how="design.decides.how",
                provenance=comment,
            )
        with right:
            chart(
                design.answers_figure(answers, pick, row, plan.pool.names, synthetic=scene.synthetic, lang=scene.lang),
                "answers",
                scene.lang,
                how="design.answers.how",
                provenance=comment,
            )


def _arcs(scene: Scene, plan: Plan, comment: str) -> None:
    """Draw the batch on the chromosome that holds most of it."""
    table = plan.pool.table.take(plan.record.chosen)
    same = (table.enhancer_chrom == table.promoter_chrom) & (table.enhancer_start >= 0) & (table.promoter_start >= 0)
    chroms = [str(name) for name in table.enhancer_chrom[same]]
    if not chroms:
        empty(scene.text("live.arcs.none"), scene.text("live.arcs.none_do"))
        return
    options = sorted(set(chroms), key=lambda name: (-chroms.count(name), name))
    chrom = st.selectbox(
        scene.text("live.arcs.chrom"),
        options,
        key="design_chrom",
        format_func=lambda name: scene.text("live.arcs.choice", chrom=name, n=chroms.count(name)),
    )
    rows = np.flatnonzero(same & (table.enhancer_chrom.astype(str) == chrom))
    pairs = arcs.Arcs(
        str(chrom),
        (table.enhancer_start[rows] + table.enhancer_end[rows]) / 2.0,
        (table.promoter_start[rows] + table.promoter_end[rows]) / 2.0,
        plan.record.probability[plan.record.chosen][rows],
        np.full(len(rows), -1, dtype=np.int8),
        [plan.pool.names[place] for place in plan.record.chosen[rows]],
    )
    chart(
        arcs.arcs_figure(pairs, synthetic=scene.synthetic, lang=scene.lang),
        "design_arcs",
        scene.lang,
        how="design.arcs.how",
        provenance=comment,
    )


def _table(scene: Scene, plan: Plan) -> None:
    rows = planning.plan_rows(plan)
    columns = ("pick", "pair", "gain_nats", "joint_gain_nats", "probability", "distance_bp", "gene", "outside_training")
    shown = [{scene.text(f"design.col.{name}"): row[name] for name in columns} for row in rows]
    fraction = st.column_config.NumberColumn(format="%.3f", width="small")
    st.markdown(f"**{scene.text('design.batch')}**")
    st.dataframe(
        shown,
        hide_index=True,
        key="batch",
        height=table_height(len(shown), 620),
        alt=scene.text("design.batch.alt", n=len(rows), gain=float(plan.record.gain[-1])),
        column_config={
            **{scene.text(f"design.col.{name}"): fraction for name in ("gain_nats", "joint_gain_nats", "probability")},
            scene.text("design.col.distance_bp"): st.column_config.NumberColumn(format="localized"),
        },
    )


# ------------------------------------------------------------------ check


def check_block(scene: Scene) -> None:
    """Offer the check on lines whose labels are known, run it when asked, and draw it."""
    st.subheader(scene.text("design.check"), anchor=False)
    st.caption(scene.text("design.check_lead", rounds=planning.ROUNDS))
    st.button(
        scene.text("design.check_go"),
        icon=":material/fact_check:",
        key="design_check_go",
        on_click=session.put,
        args=(CHECK_PRESSED, True),
        disabled=not isinstance(session.get(PLAN), Plan),
    )
    if session.take(CHECK_PRESSED):
        try:
            _run_check(scene)
        except MetaBamError as error:
            empty(scene.text("design.check_none"), plain(f"{error.message} {error.remedy}", 300))
            return
        st.rerun()
    held = session.get(CHECK)
    if isinstance(held, dict) and held.get("run") == scene.summary.run_id:
        chart(
            design.check_figure(held["records"], held["lines"], synthetic=scene.synthetic, lang=scene.lang),
            "check",
            scene.lang,
            how="design.check.how",
            provenance=scene.comment(),
        )


def _run_check(scene: Scene) -> None:
    """Judge planned against random supports on the candidates, where they carry labels.

    Raises
    ------
    InputError
        ``no-labels``, or ``too-few-pairs``.
    """
    plan, loaded = session.get(PLAN), session.get(CANDIDATES)
    line = planning.labelled_context(*encoded(scene, loaded)) if isinstance(loaded, Loaded) else None
    if line is None or not isinstance(plan, Plan):
        raise InputError("no-labels", scene.text("design.check_unlabelled"), "")
    waiting = st.empty()
    bar, cancel = waiting.container().columns([4, 1], vertical_alignment="center")
    shown = bar.progress(0.0, scene.text("design.checking"))
    cancel.button(scene.text("live.cancel"), icon=":material/stop_circle:", key="cancel_check", width="stretch")

    def tell(share: float) -> None:
        shown.progress(share, scene.text("design.checking"))

    record = planning.check(
        cache.model(scene.run),
        line,
        plan.wishes,
        progress=tell,
    )
    waiting.empty()
    session.put(CHECK, {"run": scene.summary.run_id, "records": [record], "lines": [line.cell_line or loaded.name]})
