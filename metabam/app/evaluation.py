"""The head of the Evaluation page: the benchmark, its verdicts, the controls, the numbers, the honesty panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import streamlit as st

from metabam.app import judged, layout, session
from metabam.app.judged import learner_name
from metabam.app.layout import Scene
from metabam.app.widgets import chart, empty, metric, number, plain
from metabam.errors import MetaBamError
from metabam.plots import evaluation as figures
from metabam.records import AuditRecord, HonestyRecord, ScoreRecord

if TYPE_CHECKING:
    from pandas import DataFrame

    from metabam.bench.result import BenchResult

LEARNER: Final = "learner"
SHOTS: Final = "shots"
HONEST_SHOTS: Final = 16
BESIDE: Final = ("hierarchical", "pooled", "gene_propensity", "pair_lookup", "truth_knower")
MEASURED: Final = ("auprc", "auroc", "brier", "ece_pooled", "gain_auprc")
METRICS: Final = ("auprc", "auroc", "brier", "log_loss", "reversal_auroc")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader chose: the judged learner, those beside it, held-out lines (empty: all), shots, metric."""

    learner: str
    beside: tuple[str, ...]
    lines: tuple[str, ...]
    shots: int
    metric: str

    @property
    def learners(self) -> list[str]:
        """Return the judged learner and those beside it."""
        return [self.learner, *self.beside]

    def names(self, lang: str) -> dict[str, str]:
        """Return the readable names of the learners."""
        return {name: learner_name(name, lang) for name in self.learners}


def command(scene: Scene) -> str:
    """Return the one command that judges this run."""
    run = scene.summary.run_id
    if scene.synthetic is False:
        return f"metabam bench --real W2a --out runs/{run}/bench"
    return f"metabam bench --world WORLD --run runs/{run} --out runs/{run}/bench"


def load(scene: Scene) -> BenchResult:
    """Return the benchmark of this run, or say what is missing and stop the page."""
    try:
        result = judged.result_of(scene)
    except MetaBamError as error:
        layout.problem(error, scene.lang)
        st.markdown(scene.text("evaluation.unreadable_do"))
        st.code(command(scene), language="bash")
        layout.footer(scene)
        st.stop()
    if result is None:
        empty(scene.text("evaluation.none"), scene.text("evaluation.none_do"), command(scene))
        layout.footer(scene)
        st.stop()
    return result


def controls(scene: Scene, result: BenchResult) -> Choice:
    """Draw the controls and return what they say; the address may name learner and shots."""
    left, middle, right = st.columns([1.2, 2, 1.8], vertical_alignment="bottom", gap="medium")
    options = result.learners
    first = "metabam" if "metabam" in options else options[0]
    sizes = [str(size) for size in sorted(int(size) for size in result.table.S.unique())]
    usual = str(HONEST_SHOTS) if str(HONEST_SHOTS) in sizes else sizes[-1]
    learner = _named(scene, options, first)
    left.selectbox(
        scene.text("evaluation.learners"),
        options,
        key=LEARNER,
        format_func=lambda name: learner_name(str(name), scene.lang),
        help=scene.text("evaluation.learners_help"),
    )
    beside = middle.multiselect(
        scene.text("evaluation.beside"),
        [name for name in options if name != learner],
        default=[name for name in BESIDE if name in options and name != learner],
        key=f"beside_{learner}",
        format_func=lambda name: learner_name(name, scene.lang),
        persist_state="session",
        max_selections=8,
        placeholder=scene.text("shell.choose"),
    )
    lines = right.multiselect(
        scene.text("evaluation.lines"),
        result.lines,
        key="bench_lines",
        format_func=lambda name: name.partition(" | ")[0],
        help=scene.text("evaluation.lines_help"),
        placeholder=scene.text("evaluation.lines_all"),
        persist_state="session",
    )
    left, right = st.columns([2, 1], vertical_alignment="bottom", gap="medium")
    shots = _bound(scene, SHOTS, sizes, usual)
    left.segmented_control(
        scene.text("evaluation.shots"), sizes, default=usual, key=SHOTS, bind="query-params", required=True
    )
    kept = [name for name in METRICS if name in set(result.table.metric)]
    wanted = right.selectbox(
        scene.text("evaluation.metric"),
        kept,
        key="bench_metric",
        persist_state="session",
        format_func=lambda name: scene.text(f"evaluation.metric.{name}"),
    )
    return Choice(learner, tuple(beside), tuple(lines), int(shots), str(wanted))


def _named(scene: Scene, options: list[str], default: str) -> str:
    """Return the learner of the address or of this session, and write it into the address.

    A bound widget would write the readable name, which changes with the language.
    """
    asked = session.get(LEARNER, st.query_params.get(LEARNER))
    learner = str(layout.valid(LEARNER, asked, options, default, scene))
    session.put(LEARNER, learner)
    if learner != default:
        st.query_params[LEARNER] = learner
    elif LEARNER in st.query_params:
        del st.query_params[LEARNER]
    return learner


def _bound(scene: Scene, name: str, options: list[str], default: str) -> str:
    """Return a value that the address may name, checked against what this benchmark has."""
    asked = session.get(name, st.query_params.get(name))
    if session.get(name) is not None and session.get(name) not in options:
        session.forget(name)
    return str(layout.valid(name, asked, options, default, scene))


def withheld(scene: Scene, found: AuditRecord) -> None:
    """Say why no score is shown."""
    for record in found.refusals:
        kind = "line" if record.relation == "line" else "pair"
        reason = scene.text(f"evaluation.withheld.{kind}", line=plain(record.line), shared=record.shared)
        st.error(scene.text("evaluation.withheld", reason=reason), icon=":material/block:")
    st.markdown(scene.text("evaluation.withheld_do"))


def flags(scene: Scene, result: BenchResult, found: AuditRecord) -> None:
    """Draw the red flag of every baseline that is not shown to be beaten, above all numbers."""
    if not result.own:
        st.info(scene.text("evaluation.not_own"), icon=":material/info:")
    for name in found.missed:
        baseline = learner_name(name, scene.lang)
        st.error(f"**{scene.text('evaluation.honesty.flag', baseline=plain(baseline))}**", icon=":material/flag:")


# ------------------------------------------------------------------ numbers


@st.cache_data(max_entries=64, show_spinner=False)
def _means(
    key: str,  # noqa: ARG001 - only the cache reads its key
    _table: DataFrame,
    choice: Choice,
) -> dict[str, ScoreRecord | None]:
    """Return the judged learner's means over lines, by metric."""
    from metabam.bench import scores

    return {
        name: scores.over_lines(_table, name, choice.shots, choice.learner, lines=choice.lines) for name in MEASURED
    }


def numbers(scene: Scene, result: BenchResult, choice: Choice) -> None:
    """Draw the judged learner in numbers, each with its interval or what it is measured against."""
    from metabam.bench import scores

    means = _means(judged.tag(scene), result.table, choice)

    def mean(name: str) -> tuple[float, str, float, int]:
        found = means[name]
        if found is None:
            return float("nan"), "", float("nan"), 0
        said = scene.text("evaluation.kpi.interval", low=found.low, high=found.high)
        return found.estimate, said if np.isfinite(found.low) else "", found.base, found.n

    top, bottom = st.columns(4), st.columns(4)
    value, interval, base, n = mean("auprc")
    ratio = value / base if base > 0 else float("nan")
    label = scene.text("evaluation.kpi.of_base", base=base, ratio=ratio) if np.isfinite(value) else ""
    metric(top[0], "AUPRC", number(value), label, help_text=interval)
    for cell, name, label, key in (
        (top[1], "auroc", "AUROC", ""),
        (top[2], "brier", scene.text("evaluation.kpi.brier"), ""),
        (top[3], "ece_pooled", scene.text("evaluation.kpi.ece"), "ece_help"),
        (bottom[0], "gain_auprc", scene.text("evaluation.kpi.gain"), "gain_help"),
    ):
        one, interval, _, _ = mean(name)
        metric(cell, label, number(one), interval, help_text=scene.text(f"evaluation.kpi.{key}") if key else "")
    others = {
        "gap": number(scores.once(result.table, "generalisation_gap", choice.learner)),
        "efficiency": number(scores.efficiency(result.table, choice.learner, choice.shots), 5),
        "dci": number(scores.once(result.table, "disentanglement", choice.learner)),
    }
    for cell, (name, shown) in zip(bottom[1:], others.items(), strict=True):
        metric(cell, scene.text(f"evaluation.kpi.{name}"), shown, help_text=scene.text(f"evaluation.kpi.{name}_help"))
    lines = len(choice.lines) or len(result.lines)
    st.caption(scene.text("evaluation.kpi.note", lines=lines, n=n))


# ------------------------------------------------------------------ honesty


def honesty_panel(scene: Scene, result: BenchResult, choice: Choice, found: AuditRecord) -> None:
    """Draw the six baselines on the very same pairs, always open: figure and table."""
    st.subheader(scene.text("evaluation.honesty.head"), anchor=False)
    st.caption(scene.text("evaluation.honesty.lead"))
    mine = [record for record in result.honesty if record.learner == choice.learner]
    name = learner_name(choice.learner, scene.lang)
    if mine:
        names = {record.baseline: learner_name(record.baseline, scene.lang) for record in mine}
        chart(
            figures.honesty_figure(mine, names, synthetic=scene.synthetic, lang=scene.lang),
            "honesty",
            scene.lang,
            how="evaluation.honesty.how",
            provenance=judged.comment(scene, found),
        )
    else:
        empty(scene.text("evaluation.honesty.unknown", learner=name), "", command(scene))
    _honesty_table(scene, mine, name, found)
    if found.honesty == "beaten":
        st.caption(":material/info: " + scene.text("evaluation.honesty.all"))


def _honesty_table(scene: Scene, mine: list[HonestyRecord], name: str, found: AuditRecord) -> None:
    from metabam.bench.entries import SEQUENCE_FREE

    said = {
        key: scene.text(f"evaluation.honesty.column.{key}")
        for key in ("baseline", "knows", "difference", "low", "high", "verdict", "needs")
    }
    rows = []
    for baseline in SEQUENCE_FREE:
        record = next((one for one in mine if one.baseline == baseline), None)
        if record is None:
            verdict = scene.text("evaluation.honesty.missing_row", command=f"--learner {baseline}")
        else:
            verdict = scene.text(f"evaluation.honesty.{'beaten' if record.shown_to_beat else 'lost'}_row")
        rows.append(
            {
                said["baseline"]: learner_name(baseline, scene.lang),
                said["verdict"]: verdict,
                said["difference"]: None if record is None else record.estimate,
                said["low"]: None if record is None else record.low,
                said["high"]: None if record is None else record.high,
                said["knows"]: scene.text(f"evaluation.knows.{baseline}"),
                said["needs"]: scene.text(f"evaluation.needs.{baseline}"),
            }
        )
    signed = st.column_config.NumberColumn(format="%+.3f", width=72)
    st.dataframe(
        rows,
        hide_index=True,
        key="honesty_table",
        height="content",
        alt=scene.text(
            "evaluation.honesty.table_alt", learner=name, lost=len(found.missed), missing=len(found.missing)
        ),
        column_config={said[key]: signed for key in ("difference", "low", "high")},
    )
