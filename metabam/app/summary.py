"""The blocks of the Overview: numbers of the run, the path, never-seen lines, all runs, the run card."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import streamlit as st

from metabam.app import cache, judged, layout, navigation, session
from metabam.app.layout import RUN, Scene
from metabam.app.runlines import lines_of
from metabam.app.widgets import chart, empty, figure_foot, json_text, metric, plain, points_of
from metabam.errors import MetaBamError
from metabam.plots import path, queries, theme
from metabam.records import RunSummary

TARGETS: Final = {
    "support": "live",
    "posterior": "live",
    "gates": "atoms",
    "unfolding": "training",
    "prediction": "live",
}


def numbers(scene: Scene) -> dict[str, object]:
    """Draw the run in six numbers and two verdicts that are still open; return them for the run card."""
    lines = [line for line in lines_of(scene.run) if line.training]
    pairs, positives = sum(line.pairs for line in lines), sum(line.positives for line in lines)
    model = scene.run.config.model
    records = cache.spectra(scene.run, scene.summary.run_id)
    atoms, width = next(iter(scene.run.snapshots().values())).shape if records else (model.n_atoms, 0)
    cells = st.columns(6)
    metric(cells[0], scene.text("overview.lines"), len(lines))
    metric(cells[1], scene.text("overview.pairs"), f"{pairs:,}")
    share = f"{positives / pairs:.0%}" if pairs else "–"
    metric(cells[2], scene.text("overview.positives"), f"{positives:,}", share)
    metric(
        cells[3],
        scene.text("overview.size"),
        f"{atoms} × {width or '–'}",
        help_text=scene.text("overview.size_help"),
    )
    metric(cells[4], scene.text("overview.steps"), model.n_steps, help_text=scene.text("overview.steps_help"))
    rank = records[-1].effective_rank if records else float("nan")
    shown = f"{rank:.1f}" if records else "–"
    top = scene.text("overview.of", top=records[-1].max_rank) if records else ""
    metric(cells[5], scene.text("overview.rank"), shown, top, help_text=scene.text("overview.rank_help"))
    found = judged.audit(scene)
    if found.missed:
        st.error(f"**{judged.honesty_text(found, scene.lang)}**", icon=":material/flag:")
    judged.badges(scene, found)
    return {
        "training_lines": [line.name for line in lines],
        "pairs": pairs,
        "positives": positives,
        "K": atoms,
        "D": width,
        "T": model.n_steps,
        "effective_rank": None if not records else rank,
        "max_rank": None if not records else records[-1].max_rank,
        **judged.facts(found),
    }


def path_block(scene: Scene) -> None:
    """Draw the path of one prediction; a click on a panel, or the link below it, opens its page."""
    try:
        example = cache.path_example(scene.run)
    except MetaBamError as error:
        if scene.summary.state == "finished":
            layout.problem(error, scene.lang)
        else:
            run = plain(scene.summary.run_id)
            empty(scene.text("shell.empty.unfinished", run=run), scene.text("shell.empty.unfinished_do"))
        return
    figure = path.path_diagram(example, synthetic=scene.synthetic, lang=scene.lang)
    with st.container(border=True):
        event = chart(figure, "path", scene.lang, on_select="rerun", footless=True)
        for column, panel in zip(st.columns([0.16, 0.19, 0.21, 0.22, 0.22]), path.PANELS, strict=True):
            entry = navigation.entry(TARGETS[panel])
            column.page_link(entry.path, label=scene.text(f"overview.go.{panel}"), icon=entry.icon)
        figure_foot(figure, "path", scene.lang, how="overview.path.how", provenance=scene.comment())
    for point in points_of(event):
        panel = str(point.get("id", ""))
        if panel in TARGETS:
            navigation.go(TARGETS[panel])


def scores_block(scene: Scene) -> list[queries.LineScore]:
    """Draw AUPRC against the base rate on lines never seen; return the scores for the run card."""
    scores: list[queries.LineScore] = []
    if cache.is_bundled(scene.summary.run_id) and scene.summary.state == "finished":
        try:
            scores = cache.bundled_scores(scene.run)
        except MetaBamError as error:
            layout.problem(error, scene.lang)
            return []
    if not scores:
        scores = judged.line_scores(scene)
    if not scores:
        empty(scene.text("overview.scores.empty"), scene.text("overview.scores.empty_do"))
        return []
    lines = [line.name.partition(" | ")[0] for line in lines_of(scene.run)] + [score.line for score in scores]
    event = chart(
        queries.line_scores_figure(scores, lines=lines, synthetic=scene.synthetic, lang=scene.lang),
        "never_seen",
        scene.lang,
        how="overview.scores.how",
        provenance=judged.comment(scene, judged.audit(scene)),
        on_select="rerun",
    )
    for point in points_of(event):
        judged.show_line(scene, str(point.get("id", "")))
        navigation.go("evaluation")
    return scores


def lines_block(scene: Scene) -> None:
    """Draw the cell lines of the run as a table."""
    st.markdown(f"#### {scene.text('overview.lines.head')}")
    lines = lines_of(scene.run)
    name = {key: scene.text(f"overview.lines.{key}") for key in ("line", "role", "pairs", "positives", "share")}
    rows = [
        {
            name["line"]: line.name,
            name["role"]: scene.text(f"overview.lines.{'training' if line.training else 'heldout'}"),
            name["pairs"]: line.pairs,
            name["positives"]: line.positives,
            name["share"]: 100 * line.positives / line.pairs if line.pairs else None,
        }
        for line in lines
    ]
    st.dataframe(
        rows,
        hide_index=True,
        key="lines",
        alt=scene.text("overview.lines.alt", n=len(rows)),
        column_config={
            name["line"]: st.column_config.TextColumn(width=112),
            name["role"]: st.column_config.TextColumn(width=78),
            name["pairs"]: st.column_config.NumberColumn(format="localized", width=56),
            name["positives"]: st.column_config.NumberColumn(format="localized", width=64),
            name["share"]: st.column_config.NumberColumn(format="%.0f %%", width=70),
        },
    )


def runs_block(scene: Scene) -> None:
    """Draw all runs; one that cannot be read is one grey row with its reason."""
    runs = cache.list_runs()
    bad = sum(run.state in ("broken", "incomplete") for run in runs)
    with st.expander(
        f"{scene.text('overview.runs.head')} ({len(runs)})", icon=":material/folder_open:", expanded=bad > 0
    ):
        name = {key: scene.text(f"overview.runs.{key}") for key in ("run", "state", "step", "created", "reason")}
        st.dataframe(
            [_run_row(scene, run, name) for run in runs[:500]],
            hide_index=True,
            key="runs",
            alt=scene.text("overview.runs.alt", n=len(runs), bad=bad),
        )
        if not cache.is_bundled(scene.summary.run_id) and any(run.run_id == cache.DEMO for run in runs):
            st.button(
                scene.text("overview.demo"),
                icon=":material/science:",
                help=scene.text("overview.demo_help"),
                on_click=session.put,
                args=(RUN, cache.DEMO),
                key="load_demo",
            )


def _run_row(scene: Scene, run: RunSummary, name: dict[str, str]) -> dict[str, object]:
    step = f"{run.step:,} / {run.n_steps:,}" if run.n_steps else ""
    return {
        name["run"]: run.run_id,
        name["state"]: scene.text(f"shell.state.{run.state}"),
        name["step"]: step,
        name["created"]: run.created,
        name["reason"]: run.reason[:200],
    }


def card_block(scene: Scene, facts: dict[str, object], scores: list[queries.LineScore]) -> None:
    """Draw the two downloads that describe the run on one page."""
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            scene.text("overview.card_md"),
            lambda: card_markdown(scene, facts, scores),
            "metabam_run_card.md",
            "text/markdown",
            icon=":material/description:",
            on_click="ignore",
            key="card_md",
        )
        st.download_button(
            scene.text("overview.card_json"),
            lambda: json_text(card(scene, facts, scores)),
            "metabam_run_card.json",
            "application/json",
            icon=":material/data_object:",
            on_click="ignore",
            key="card_json",
        )


def card(scene: Scene, facts: dict[str, object], scores: list[queries.LineScore]) -> dict[str, object]:
    """Return what the run card says, as plain values."""
    return {
        "run": scene.summary.run_id,
        "data": theme.badge_text(scene.synthetic, "en"),
        "state": scene.summary.state,
        "step": scene.summary.step,
        "holdout": list(scene.summary.holdout),
        **facts,
        "never_seen": [asdict(score) for score in scores],
        "provenance": scene.provenance(),
    }


def card_markdown(scene: Scene, facts: dict[str, object], scores: list[queries.LineScore]) -> str:
    """Return the run card as Markdown."""
    values = card(scene, facts, scores)
    lines = [f"# Meta-BAM run {plain(values['run'])}: {values['data']}", "", "| | |", "|---|---|"]
    lines += [
        f"| {key} | {plain(value, 300)} |" for key, value in values.items() if key not in ("never_seen", "provenance")
    ]
    if scores:
        lines += ["", "| line never seen | AUPRC | 95 % | base rate | pairs | shots |", "|---|---|---|---|---|---|"]
        lines += [
            f"| {plain(item.line)} | {item.auprc:.3f} | {item.lower:.3f}–{item.upper:.3f} | {item.base_rate:.3f} "
            f"| {item.pairs} | {item.shots} |"
            for item in scores
        ]
    lines += ["", "Provenance: " + "; ".join(f"{key} {plain(value)}" for key, value in scene.provenance().items())]
    return "\n".join(lines) + "\n"
