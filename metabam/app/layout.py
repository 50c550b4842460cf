"""What every page shares: sidebar, head with badges, footer with provenance, and the boundary that catches errors."""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from metabam.app import cache, judged, navigation, session
from metabam.app.brand import LOGO
from metabam.app.runlines import lines_of
from metabam.app.widgets import digest, empty, plain
from metabam.errors import MetaBamError
from metabam.plots import theme
from metabam.records import RunSummary
from metabam.texts import LANGUAGES, text

if TYPE_CHECKING:
    from metabam.train.run import Run

LOG: Final = logging.getLogger("metabam.app")
RUN: Final = "run"
STATE_ICONS: Final = {
    "running": ":material/play_circle:",
    "finished": ":material/check_circle:",
    "failed": ":material/error:",
    "stopped": ":material/pause_circle:",
    "silent": ":material/help:",
    "broken": ":material/broken_image:",
    "incomplete": ":material/hourglass_empty:",
}
STATE_COLOURS: Final = {
    "running": "blue",
    "finished": "green",
    "failed": "red",
    "stopped": "orange",
    "silent": "orange",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a page starts from: the language and the run that the reader chose."""

    lang: str
    summary: RunSummary
    run: Run

    @property
    def synthetic(self) -> bool | None:
        """Return whether the run's data were simulated; None when nobody wrote it down."""
        stated = self.run.manifest.get("synthetic", self.summary.synthetic)
        return stated if isinstance(stated, bool) else None

    def text(self, key: str, **values: object) -> str:
        """Return a string of the catalogue in the reader's language."""
        return text(key, self.lang, **values)

    def provenance(self) -> dict[str, object]:
        """Return what identifies and judges the numbers on this page; it goes into the footer and into every export."""
        return judged.stamp(judged.audit(self)) | provenance(self.run, self.summary)

    def comment(self) -> str:
        """Return the provenance as one comment line of a CSV: origin and honesty verdict first."""
        badge = theme.badge_text(self.synthetic, "en")
        return f"{badge}; " + "; ".join(f"{name}={value}" for name, value in self.provenance().items())


def provenance(run: Run, summary: RunSummary) -> dict[str, object]:
    """Return run id, weights and config digests, seed, split digest, threads and versions."""
    manifest = run.manifest
    split = manifest.get("split", {})
    split_digest = split.get("digest", "") if isinstance(split, dict) else ""
    return {
        "run": summary.run_id,
        "weights": cache.weights_digest(run)[:12] or "–",
        "config": digest(run.config.model_dump_json())[:12],
        "seed": run.config.seed,
        "split": str(split_digest)[:12] or digest(run.config.holdout, run.config.holdout_chrom)[:12],
        "threads": run.config.train.threads,
        "metabam": _version("metabam"),
        "torch": _version("torch"),
        "streamlit": _version("streamlit"),
        "plotly": _version("plotly"),
    }


@functools.cache
def _version(package: str) -> str:
    """Return the installed version of a package, looked up once per process."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "–"


# ------------------------------------------------------------------ sidebar


def sidebar() -> None:
    """Draw the wordmark, the run picker, the facts of the run, the language switch and Reset view."""
    st.logo(LOGO, size="large")
    with st.sidebar:
        guarded(_sidebar)


def _sidebar() -> None:
    lang = session.language()
    runs = cache.list_runs()
    ids = [run.run_id for run in runs]
    if runs:
        chosen = _pick(runs, ids, lang)
        _facts(chosen, lang)
    st.segmented_control(
        text("shell.sidebar.language", lang),
        list(LANGUAGES),
        key=session.LANGUAGE,
        required=True,
        format_func=lambda code: LANGUAGES[code],
    )
    session.remember_language()
    st.button(
        text("shell.sidebar.reset", lang),
        icon=":material/restart_alt:",
        on_click=session.reset_view,
        help=text("shell.sidebar.reset_help", lang),
        width="stretch",
    )


def _pick(runs: list[RunSummary], ids: list[str], lang: str) -> RunSummary:
    """Draw the run picker and return the choice; the address always names the run, so that a link stays what it was."""
    asked = st.query_params.get(RUN)
    if asked is not None and asked not in ids:
        session.put("unknown_run", True)
    if session.get(RUN, asked) not in ids:
        session.put(RUN, ids[0])
    st.markdown(f":small[{text('shell.sidebar.run', lang)}]", help=text("shell.sidebar.run_help", lang))
    st.selectbox(
        text("shell.sidebar.run", lang),
        ids,
        index=None,
        required=True,
        label_visibility="collapsed",
        key=RUN,
        bind="query-params",
        on_change=session.forget,
        args=("unknown_run",),
    )
    chosen = next((run for run in runs if run.run_id == session.get(RUN)), runs[0])
    if session.get("unknown_run"):
        st.caption(":material/link_off: " + text("shell.unknown_run", lang, run=plain(chosen.run_id)))
    return chosen


def _facts(summary: RunSummary, lang: str) -> None:
    """Draw the few facts that tell one run from another."""
    st.badge(
        text(f"shell.state.{summary.state}", lang),
        icon=STATE_ICONS.get(summary.state),
        color=STATE_COLOURS.get(summary.state, "gray"),  # type: ignore[arg-type]  # values are the literals it takes
    )
    unknown = text("shell.unknown", lang)
    facts = [
        ("step", f"{summary.step:,} / {summary.n_steps:,}" if summary.n_steps else f"{summary.step:,}"),
        ("holdout", listed(summary.holdout) or text("shell.none", lang)),
        ("seed", unknown if summary.seed is None else str(summary.seed)),
    ]
    genome, lines = _genome_and_lines(summary)
    facts.insert(0, ("lines", lines or unknown))
    facts.insert(0, ("genome", genome or unknown))
    st.caption("  \n".join(f"{text(f'shell.sidebar.{name}', lang)}: **{plain(value, 60)}**" for name, value in facts))


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return names joined by commas; of many, the first ones and how many there are."""
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} … ({len(names)})"


def _genome_and_lines(summary: RunSummary) -> tuple[str, str]:
    """Return the genome's name and the training lines of a readable run, empty otherwise."""
    if summary.state in ("broken", "incomplete"):
        return "", ""
    try:
        run = cache.open_run(summary.run_id)
        genome = run.manifest.get("genome", {})
        name = str(genome.get("name") or genome.get("fingerprint", "")[:12]) if isinstance(genome, dict) else ""
        return name, listed([line.name for line in lines_of(run) if line.training])
    except (MetaBamError, OSError, AttributeError):
        return "", ""


# ------------------------------------------------------------------ page frame


def begin(stem: str) -> Scene:
    """Draw the head of a page and return what it works on; without a readable run, say why and stop the page."""
    lang = session.language()
    navigation.arrive()
    st.title(navigation.entry(stem).title(lang), anchor=False)
    runs = cache.list_runs()
    chosen = next((run for run in runs if run.run_id == session.get(RUN)), runs[0] if runs else None)
    if chosen is None:
        question(stem, lang)
        empty(
            text("shell.empty.no_runs", lang),
            text("shell.empty.no_runs_do", lang),
            "metabam simulate --out world --seed 1\n"
            "metabam train --genome world/genome.fa --pairs world/pairs.tsv --holdout LINE --out runs/first",
        )
        st.stop()
    if chosen.state in ("broken", "incomplete"):
        question(stem, lang)
        _unreadable(chosen, chosen.reason, lang)
    try:
        scene = Scene(lang, chosen, cache.open_run(chosen.run_id))
        badges(scene)
    except MetaBamError as error:
        question(stem, lang)
        _unreadable(chosen, error.message, lang)
    question(stem, lang)
    return scene


def _unreadable(summary: RunSummary, reason: str, lang: str) -> None:
    """Say why a run cannot be read, and stop the page."""
    empty(
        text("shell.empty.broken", lang, run=plain(summary.run_id), reason=plain(reason or summary.state, 300)),
        text("shell.empty.broken_do", lang),
    )
    st.stop()


def question(stem: str, lang: str) -> None:
    """Draw the biological question that the page answers."""
    asked = text(f"{stem}.question", lang)
    st.markdown(f":gray[{asked}]" if lang == "zh" else f":gray[*{asked}*]")


def badges(scene: Scene) -> None:
    """Draw origin, run, state, step and split as one row of chips."""
    kind = "unknown" if scene.synthetic is None else ("synthetic" if scene.synthetic else "real")
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="head_badges"):
        st.badge(
            scene.text(f"shell.badge.{kind}"),
            icon=":material/science:" if kind != "real" else ":material/biotech:",
            color="blue" if kind == "real" else "orange",
            help=scene.text(f"shell.badge.{kind}_help"),
        )
        st.badge(plain(scene.summary.run_id, 40), icon=":material/folder:", color="gray")
        st.badge(scene.text("shell.head.step", step=f"{scene.summary.step:,}"), icon=":material/flag:", color="gray")
        if scene.summary.holdout:
            lines = plain(listed(scene.summary.holdout), 60)
            st.badge(scene.text("shell.head.holdout", lines=lines), icon=":material/visibility_off:", color="gray")
        chroms = scene.run.config.holdout_chrom
        if chroms:
            st.badge(scene.text("shell.head.holdout_chrom", chroms=plain(", ".join(chroms), 40)), color="gray")


def footer(scene: Scene) -> None:
    """Draw the provenance of everything above."""
    facts = {name: plain(value, 40) for name, value in scene.provenance().items()}
    said = judged.honesty_text(judged.audit(scene), scene.lang)
    st.divider()
    st.caption(
        scene.text("shell.honesty", said=plain(said, 300))
        + "  \n"
        + scene.text("shell.footer", **facts)
        + "  \n"
        + scene.text("shell.versions", **facts)
        + " · "
        + scene.text("shell.no_auth")
    )


def finished_model(scene: Scene) -> Any:
    """Return the run's frozen model, or say why there is none and stop the page."""
    try:
        return cache.model(scene.run)
    except MetaBamError as error:
        if scene.summary.state == "running" or not cache.weights_digest(scene.run):
            run = plain(scene.summary.run_id)
            empty(scene.text("shell.empty.unfinished", run=run), scene.text("shell.empty.unfinished_do"))
        else:
            problem(error, scene.lang)
        footer(scene)
        st.stop()
        raise


# ------------------------------------------------------------------ errors


def problem(error: MetaBamError, lang: str) -> None:
    """Draw an error that a reader can act on: what happened and what to try, no traceback."""
    message = "  \n".join(plain(line, 400) for line in error.message.splitlines() if line.strip())
    remedy = plain(error.remedy, 400)
    st.error(
        f"**{text('shell.error.title', lang)}**  \n{message}" + (f"  \n{remedy}" if remedy else ""),
        icon=":material/error:",
    )


def guarded(draw: Callable[..., object], *arguments: object) -> None:
    """Run one part of a page; whatever goes wrong inside is said in words, and the rest of the app goes on."""
    try:
        draw(*arguments)
    except MetaBamError as error:
        problem(error, session.language())
    except Exception as error:
        code = digest(type(error).__name__, error)[:8]
        LOG.exception("page error %s", code)
        lang = session.language()
        st.error(
            f"**{text('shell.error.title', lang)}**  \n"
            + text("shell.error.unexpected", lang, kind=plain(type(error).__name__))
            + "  \n"
            + text("shell.error.try", lang, code=code),
            icon=":material/error:",
        )


def valid(name: str, value: object, allowed: list[Any], default: Any, scene: Scene) -> Any:
    """Return a value from the address if this run has it; otherwise the default, and a note."""
    if value in allowed:
        return value
    if value is not None and not (isinstance(value, float) and math.isnan(value)):
        st.caption(":material/link_off: " + scene.text("shell.unknown_value", name=name, value=plain(value, 40)))
    return default
