"""The tabs of the Evaluation page: by line, by shots, one cutoff on both curves, slices, the leakage audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import streamlit as st

from metabam.app import judged, session
from metabam.app.evaluation import Choice, command
from metabam.app.judged import learner_name
from metabam.app.layout import Scene
from metabam.app.widgets import chart, digest, empty, metric, points_of, table_height
from metabam.metrics import auprc, auroc, expected_calibration_error
from metabam.plots import cutoffs, queries
from metabam.plots import evaluation as figures
from metabam.records import AuditRecord, CutoffRecord, GeneRankRecord, JudgedPairs, ScoreRecord, SliceRecord

if TYPE_CHECKING:
    from pandas import DataFrame

    from metabam.bench.result import BenchResult

CONTROLS: Final = ("none", "permuted", "wrong_line", "flipped")
MOST_PAIRS: Final = 200
SLICED: Final = 4
CUTOFF: Final = "cutoff"


def by_line(scene: Scene, result: BenchResult, choice: Choice, comment: str) -> None:
    """Draw one dot per held-out line and learner, controls among them."""
    from metabam.bench import scores

    with_controls = st.toggle(
        scene.text("evaluation.controls"),
        value=True,
        key="bench_controls",
        help=scene.text("evaluation.controls_help"),
    )
    found = scores.line_scores(result.table, choice.metric, choice.shots, choice.learners)
    if with_controls:
        found += scores.line_scores(result.table, choice.metric, choice.shots, [choice.learner], CONTROLS)
    found = [record for record in found if not choice.lines or record.line in choice.lines]
    if not found:
        empty(scene.text("evaluation.lines.none", shots=choice.shots), scene.text("evaluation.lines.none_do"))
        return
    figure = figures.line_dots_figure(
        found,
        choice.names(scene.lang),
        metric=scene.text(f"evaluation.metric.{choice.metric}"),
        synthetic=scene.synthetic,
        lang=scene.lang,
    )
    event = chart(figure, "by_line", scene.lang, how="evaluation.lines.how", provenance=comment, on_select="rerun")
    for point in points_of(event):
        learner, _, rest = str(point.get("id", "")).partition("|")
        line = rest.partition("|")[2]
        chosen = [one for one in result.pairs if one.line == line and learner in one.logits]
        if chosen:
            _pair_table(scene, chosen, learner, "tp", float(session.get(CUTOFF, 0.5)), key="behind_dot")


@st.cache_data(max_entries=32, show_spinner=False)
def _shots(
    key: str,  # noqa: ARG001 - only the cache reads its key
    _table: DataFrame,
    choice: Choice,
) -> list[ScoreRecord]:
    """Return the means over lines by support size."""
    from metabam.bench import scores

    return scores.by_shots(_table, choice.metric, choice.learners, choice.lines)


def by_shots(scene: Scene, result: BenchResult, choice: Choice, comment: str) -> None:
    """Draw the mean over lines against the number of labelled pairs."""
    found = _shots(judged.tag(scene), result.table, choice)
    if not found:
        empty(scene.text("evaluation.lines.none", shots=choice.shots), scene.text("evaluation.lines.none_do"))
        return
    figure = figures.shots_figure(
        found,
        choice.names(scene.lang),
        metric=scene.text(f"evaluation.metric.{choice.metric}"),
        synthetic=scene.synthetic,
        lang=scene.lang,
    )
    chart(figure, "by_shots", scene.lang, how="evaluation.shots.how", provenance=comment)


# ------------------------------------------------------------------ cutoff


def kept_pairs(result: BenchResult, choice: Choice) -> list[JudgedPairs]:
    """Return the supports of the chosen lines on which the judged learner's predictions were kept."""
    return [
        one for one in result.pairs if choice.learner in one.logits and (not choice.lines or one.line in choice.lines)
    ]


@st.fragment
def cutoff_panel(scene: Scene, result: BenchResult, choice: Choice, comment: str) -> None:
    """Draw both curves with one cutoff, what it does to the pairs, and the calibration."""
    from metabam.bench import scores

    kept = kept_pairs(result, choice)
    if not kept:
        name = learner_name(choice.learner, scene.lang)
        empty(scene.text("evaluation.pairs.none", learner=name), scene.text("evaluation.pairs.none_do"))
        return
    left, right = st.columns([1, 2], vertical_alignment="bottom", gap="large")
    options = ["", *sorted({one.line for one in kept})]
    line = left.selectbox(
        scene.text("evaluation.cutoff_line"),
        options,
        key="cutoff_line",
        format_func=lambda name: name.partition(" | ")[0] or scene.text("evaluation.cutoff_all"),
    )
    kept = [one for one in kept if not line or one.line == line]
    _clicked()
    cutoff = right.slider(scene.text("evaluation.cutoff"), 0.0, 1.0, 0.5, 0.005, key=CUTOFF, format="%.3f")
    labels = np.concatenate([one.labels for one in kept])
    probability = 1.0 / (1.0 + np.exp(-np.concatenate([one.logits[choice.learner] for one in kept])))
    good = np.isfinite(probability)
    labels, probability = labels[good], probability[good]
    record = scores.cutoffs(probability, labels)
    areas = {"pr": auprc(labels, probability), "roc": auroc(labels, probability)}
    columns = st.columns(2, gap="medium")
    for cell, (kind, area) in zip(columns, areas.items(), strict=True):
        with cell:
            chart(
                cutoffs.cutoff_figure(
                    record,
                    float(cutoff),
                    kind=kind,  # type: ignore[arg-type]  # the keys are the two literals it takes
                    area=float("nan") if area is None else area,
                    synthetic=scene.synthetic,
                    lang=scene.lang,
                ),
                kind,
                scene.lang,
                provenance=comment,
                on_select="rerun",
            )
    with st.popover(scene.text("shell.how"), type="tertiary", icon=":material/help:"):
        st.markdown(scene.text("evaluation.cutoff.how", supports=len(kept)))
    left, right = st.columns(2, gap="medium")
    with left:
        _confusion(scene, record, float(cutoff))
    with right:
        ece = expected_calibration_error(labels, probability)
        chart(
            queries.reliability_figure(
                probability,
                labels,
                ece=float("nan") if ece is None else ece,
                synthetic=scene.synthetic,
                lang=scene.lang,
            ),
            "judged_reliability",
            scene.lang,
            how="evaluation.reliability.how",
            provenance=comment,
        )
    which = st.segmented_control(
        scene.text("evaluation.pairs.which"),
        ["tp", "fp", "fn", "tn"],
        default="fp",
        key="which_pairs",
        required=True,
        format_func=lambda name: scene.text(f"evaluation.pairs.{name}"),
    )
    _pair_table(scene, kept, choice.learner, str(which), float(cutoff))


def _clicked() -> None:
    """Move the cutoff to a point that was clicked on either curve, once per click."""
    for key in ("chart_pr", "chart_roc"):
        points = points_of(session.get(key))
        value = str(points[0].get("id", "")) if points else ""
        if not value:
            session.forget(f"{key}_seen")
        elif session.get(f"{key}_seen") != value:
            session.put(f"{key}_seen", value)
            try:
                session.put(CUTOFF, float(np.clip(np.floor(float(value) * 200) / 200, 0.0, 1.0)))
            except ValueError:
                continue


def _confusion(scene: Scene, record: CutoffRecord, cutoff: float) -> None:
    """Draw the table of what the cutoff does, precision and recall with their intervals."""
    at = record.at(cutoff)
    hits, alarms = (int(record.hits[at]), int(record.alarms[at])) if at >= 0 else (0, 0)
    missed, left = record.positives - hits, record.negatives - alarms
    cells = st.columns(3)
    total = record.positives + record.negatives
    metric(
        cells[0],
        scene.text("evaluation.cutoff.flagged"),
        f"{hits + alarms:,}",
        scene.text("evaluation.cutoff.of", n=total),
    )
    for cell, name, part, whole in (
        (cells[1], "precision", hits, hits + alarms),
        (cells[2], "recall", hits, record.positives),
    ):
        if whole:
            low, high = queries.wilson(part / whole, whole)
            note = scene.text("evaluation.cutoff.wilson", low=low, high=high)
            about = scene.text("evaluation.cutoff.wilson_help", n=f"{whole:,}")
            metric(cell, scene.text(f"evaluation.cutoff.{name}"), f"{part / whole:.3f}", note, help_text=about)
        else:
            metric(cell, scene.text(f"evaluation.cutoff.{name}"), "–")
    said = {name: scene.text(f"evaluation.cutoff.{name}") for name in ("row", "predicted", "not_predicted")}
    st.dataframe(
        [
            {said["row"]: scene.text("fig.label.1"), said["predicted"]: hits, said["not_predicted"]: missed},
            {said["row"]: scene.text("fig.label.0"), said["predicted"]: alarms, said["not_predicted"]: left},
        ],
        hide_index=True,
        key="confusion",
        alt=scene.text("evaluation.cutoff.alt", cutoff=cutoff, tp=hits, fp=alarms, fn=missed, tn=left),
    )


def _pair_table(
    scene: Scene, kept: list[JudgedPairs], learner: str, which: str, cutoff: float, key: str = "behind"
) -> None:
    """Draw the pairs of one cell of the table, the most certain first."""
    rows: list[dict[str, Any]] = []
    said = {
        name: scene.text(f"evaluation.pairs.{name}")
        for name in ("pair", "line", "support", "label", "distance", "bayes")
    }
    for one in kept:
        chance = 1.0 / (1.0 + np.exp(-one.logits[learner]))
        called = chance >= cutoff
        chosen = (called if which in ("tp", "fp") else ~called) & (one.labels == (which in ("tp", "fn")))
        for row in np.flatnonzero(chosen):
            cells: dict[str, Any] = {
                said["pair"]: one.names[row] if one.names else str(row),
                said["line"]: one.line.partition(" | ")[0],
                "P": float(chance[row]),
                said["label"]: int(one.labels[row]),
                said["support"]: one.support_seed + 1,
            }
            if one.distance is not None:
                cells[said["distance"]] = float(one.distance[row])
            if one.bayes is not None:
                cells[said["bayes"]] = float(one.bayes[row])
            rows.append(cells)
    rows.sort(key=lambda cells: -abs(cells["P"] - cutoff))
    shown = rows[:MOST_PAIRS]
    head = scene.text("evaluation.pairs.head")
    st.markdown(f"**{head}** · :gray[{scene.text('shell.shown', shown=len(shown), total=len(rows))}]")
    if not rows:
        return
    fraction = st.column_config.NumberColumn(format="%.3f", width="small")
    st.dataframe(
        shown,
        hide_index=True,
        height=table_height(len(shown), 300),
        key=key,
        alt=scene.text(
            "evaluation.pairs.alt",
            shown=len(shown),
            total=len(rows),
            which=scene.text(f"evaluation.pairs.{which}"),
        ),
        column_config={
            "P": fraction,
            said["bayes"]: fraction,
            said["distance"]: st.column_config.NumberColumn(format="localized"),
        },
    )


# ------------------------------------------------------------------ slices


@st.cache_data(max_entries=16, show_spinner=False)
def _sliced(
    key: str,  # noqa: ARG001 - only the cache reads its key
    _pairs: list[JudgedPairs],
    learners: tuple[str, ...],
) -> tuple[list[SliceRecord], list[GeneRankRecord]]:
    """Return slices and gene ranks."""
    from metabam.bench import scores

    return scores.slices(_pairs, learners), scores.gene_ranks(_pairs, learners)


def slices_panel(scene: Scene, result: BenchResult, choice: Choice, comment: str) -> None:
    """Draw AUPRC by distance, label noise and reversal, and where true genes rank."""
    kept = kept_pairs(result, choice)
    if not kept:
        name = learner_name(choice.learner, scene.lang)
        empty(scene.text("evaluation.pairs.none", learner=name), scene.text("evaluation.pairs.none_do"))
        return
    learners = tuple(name for name in choice.learners if all(name in one.logits for one in kept))[:SLICED]
    key = digest(judged.tag(scene), *choice.lines, "|", *learners)
    records, ranks = _sliced(key, kept, learners)
    kinds = list(dict.fromkeys(record.kind for record in records))
    if not kinds:
        empty(scene.text("evaluation.slices.missing"), scene.text("evaluation.slices.missing_do"), command(scene))
        return
    names = {name: learner_name(name, scene.lang) for name in learners}
    cells = [cell for _ in range(2) for cell in st.columns(2, gap="medium")]
    for cell, kind in zip(cells, ("distance", "reversal", "noise"), strict=False):
        with cell:
            mine = [record for record in records if record.kind == kind and record.pairs]
            if not mine:
                empty(scene.text("evaluation.slices.no_truth" if kind == "noise" else "evaluation.slices.missing"))
                continue
            labels = {record.name: scene.text(f"evaluation.slice.{record.name}") for record in mine}
            chart(
                figures.slices_figure(
                    mine,
                    names,
                    labels,
                    title=scene.text(f"evaluation.slices.{kind}"),
                    synthetic=scene.synthetic,
                    lang=scene.lang,
                ),
                f"slices_{kind}",
                scene.lang,
                how="evaluation.slices.how",
                provenance=comment,
            )
    with cells[3]:
        if ranks:
            chart(
                figures.gene_rank_figure(ranks, names, synthetic=scene.synthetic, lang=scene.lang),
                "gene_rank",
                scene.lang,
                how="evaluation.rank.how",
                provenance=comment,
            )
        else:
            empty(scene.text("evaluation.rank.none"), scene.text("evaluation.rank.none_do"))


# ------------------------------------------------------------------ audit


def audit_table(scene: Scene, result: BenchResult, found: AuditRecord) -> None:
    """Draw what training, supports and judged pairs have in common, the worst line of each relation."""
    if not result.leaks:
        empty(scene.text("evaluation.audit.none"), "", command(scene))
        return
    st.caption(scene.text("evaluation.audit.lead"))
    worst: dict[tuple[str, str], Any] = {}
    order = {"refused": 2, "flagged": 1, "clear": 0}
    for record in result.leaks:
        key = (record.between, record.relation)
        held = worst.get(key)
        share = record.shared / record.pairs if record.pairs else 0.0
        rank = (order[record.verdict], share)
        if held is None or rank > (order[held.verdict], held.shared / held.pairs if held.pairs else 0.0):
            worst[key] = record
    name = {
        key: scene.text(f"evaluation.audit.{key}")
        for key in ("between", "relation", "line", "pairs", "share", "verdict")
    }
    rows = [
        {
            name["between"]: scene.text(f"evaluation.between.{record.between}"),
            name["relation"]: scene.text(f"evaluation.relation.{record.relation}"),
            name["share"]: 100.0 * record.shared / record.pairs if record.pairs else None,
            name["verdict"]: scene.text(f"evaluation.verdict.{record.verdict}"),
            name["pairs"]: record.pairs,
            name["line"]: record.line,
        }
        for record in worst.values()
    ]
    flagged = sum(record.verdict == "flagged" for record in worst.values())
    st.dataframe(
        rows,
        hide_index=True,
        key="leakage_table",
        height=table_height(len(rows), 640),
        alt=scene.text("evaluation.audit.alt", n=len(rows), refused=len(found.refusals), flagged=flagged),
        column_config={
            name["between"]: st.column_config.TextColumn(width=150),
            name["relation"]: st.column_config.TextColumn(width=180),
            name["verdict"]: st.column_config.TextColumn(width=90),
            name["share"]: st.column_config.NumberColumn(format="%.1f"),
            name["pairs"]: st.column_config.NumberColumn(format="localized"),
        },
    )
