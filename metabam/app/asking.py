"""The controls of the Sequence lens: which pair of which line, under which belief, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from metabam.app import cache, cardpairs, layout, navigation, pairtables, session
from metabam.app.layout import Scene
from metabam.app.lens import Asked
from metabam.app.pairtables import LineTable
from metabam.app.widgets import empty, plain
from metabam.records import PairTable

if TYPE_CHECKING:
    from metabam.learners.differentiable import Target
    from metabam.probe.attribute import Baseline, Method

LINE: Final = "line"
PAIR: Final = "pair"
ATOM: Final = "atom"
PRESSED: Final = "lens_pressed"
OPENED: Final = "lens_opened"
ELSEWHERE: Final = "lens_elsewhere"
MOST_PAIRS: Final = 5_000
TARGETS: Final = ("logit", "potential", "state")
METHODS: Final = ("integrated_gradients", "feature_ablation")
BASELINES: Final = ("shuffle", "uniform", "zeros")
WITH_TWIN: Final = ("motif", "cnn")


@dataclass(frozen=True, slots=True)
class Request:
    """What the controls say, and whether it is to be computed now."""

    line: LineTable
    row: int
    asked: Asked
    now: bool


def request(scene: Scene) -> Request | None:
    """Draw the controls; return what they ask for, or None where there is no pair (the page has said so)."""
    if cache.model(scene.run).encoder.kind == "precomputed":
        empty(scene.text("sequence.precomputed"), scene.text("sequence.precomputed_do"))
        return None
    tables = pairtables.line_tables() | pairtables.labelled()
    number = cardpairs.atom_of(session.get(LINE, st.query_params.get(LINE)))
    listed = None if number is None else cardpairs.table_of(scene, number)
    if listed is not None:
        tables[listed.key] = listed
    if not tables:
        empty(scene.text("sequence.no_pairs"), scene.text("sequence.no_pairs_do"))
        return None
    linked = _arrival(tables)
    _elsewhere(scene)
    line = tables[_line_picker(scene, tables)]
    read = pairtables.encoded(scene, line)
    names = pairtables.named_pairs(line.table)
    order = [int(row) for row in np.argsort(-np.nan_to_num(read.probability, nan=-1.0), kind="stable")]
    order = [row for row in order if read.usable[row]][:MOST_PAIRS]
    if not order:
        empty(scene.text("sequence.no_usable", n=len(names)), scene.text("sequence.no_usable_do"))
        return None
    shown = scene.text("shell.shown", shown=f"{len(order):,}", total=f"{len(names):,}")
    told = "sequence.order" if cardpairs.atom_of(line.key) is None else "sequence.order.atom"
    told = "sequence.order.labelled" if line.key == pairtables.LABELLED else told
    st.caption(f"{shown} · {scene.text(told)}")
    labels = {names[row]: _pair_text(scene, line, row, float(read.probability[row]), names[row]) for row in order}
    with st.form("lens_form", border=True):
        asked, pressed = _form(scene, line, labels)
    _remember(asked)
    return Request(line, names.index(asked.pair), asked, bool(session.take(PRESSED)) or pressed or linked)


def _arrival(tables: dict[str, LineTable]) -> bool:
    """Return whether this session has just come in by a link or a button to a pair that there is."""
    given: dict[str, str] = session.take(navigation.ARRIVED) or {}
    pair = given.get(PAIR, st.query_params.get(PAIR))
    line = given.get(LINE, st.query_params.get(LINE))
    first = PAIR in given or (session.get(OPENED) != (pair, line) and session.get(PAIR) in (None, pair))
    session.put(OPENED, (pair, line))
    if pair is None:
        session.forget(ELSEWHERE)
    if ATOM in given:
        session.put("lens_target", "potential")
    if pair is None or not first:
        return False
    private = line in pairtables.PRIVATE  # a pair of the same name in another table would be another pair
    order = [key for key in tables if key == line] if private else sorted(tables, key=lambda key: key != line)
    found = next((key for key in order if pair in pairtables.named_pairs(tables[key].table)), None)
    if found is None and private:
        session.put(ELSEWHERE, True)
    if found is not None:
        session.forget(ELSEWHERE)
        session.put(LINE, found)
        if cardpairs.atom_of(found) is not None:
            _under_its_own_line(tables[found].table, pair)
    return found is not None


def _remember(asked: Asked) -> None:
    """Write line and pair into the address, by their names; a bound widget would write its texts, or nothing at all."""
    for name, value in ((LINE, asked.line), (PAIR, asked.pair)):
        if st.query_params.get(name) != value:
            st.query_params[name] = value
    session.put(OPENED, (asked.pair, asked.line))


def _elsewhere(scene: Scene) -> None:
    """Say why a linked pair of somebody's own table is not here, until a pair has been read."""
    if PRESSED in st.session_state:
        session.forget(ELSEWHERE)
    if not session.get(ELSEWHERE):
        return
    empty(scene.text("sequence.elsewhere"), scene.text("sequence.elsewhere_do"))
    live = navigation.entry("live")
    st.page_link(live.path, label=scene.text("sequence.elsewhere_go"), icon=live.icon)


def _under_its_own_line(table: PairTable, pair: str) -> None:
    """Read a training pair under the fingerprint of the line that labels it."""
    row = pairtables.named_pairs(table).index(pair)
    session.put("lens_belief", f"{table.cell_line[row]} | {table.assay[row]}")


def _line_picker(scene: Scene, tables: dict[str, LineTable]) -> str:
    """Draw the choice of the line and return its key."""
    keys = list(tables)
    if session.get(LINE) not in keys:
        layout.valid(LINE, st.query_params.get(LINE), keys, keys[0], scene)
        session.put(LINE, keys[0])
    st.selectbox(
        scene.text("sequence.line"),
        keys,
        key=LINE,
        format_func=lambda key: line_text(scene, key),
        help=scene.text("sequence.line_help"),
    )
    chosen = str(session.get(LINE, keys[0]))
    if not tables[chosen].own and not cache.is_bundled(scene.summary.run_id):
        st.caption(":material/warning: " + scene.text("live.other_world"))
    return chosen


def line_text(scene: Scene, key: str) -> str:
    """Return the readable name of a line of pairs."""
    atom = cardpairs.atom_of(key)
    if atom is not None:
        return scene.text("sequence.line.atom", atom=atom + 1)
    if key in pairtables.PRIVATE:
        return scene.text(f"sequence.line.{key}")
    return scene.text("sequence.line.bundled", line=key)


def _pair_text(scene: Scene, line: LineTable, row: int, probability: float, name: str) -> str:
    label = int(line.table.label[row])
    known = scene.text(f"fig.label.{label}") if label >= 0 else scene.text("sequence.unlabelled")
    return f"{name} · P {probability:.2f} · {known}"


def belief_text(scene: Scene, name: str) -> str:
    """Return the readable name of a belief that a pair can be read under."""
    if name in (pairtables.FROM_SUPPORT, pairtables.FROM_LIVE, pairtables.FROM_NOTHING):
        return scene.text(f"sequence.belief.{name}")
    return scene.text("sequence.belief.line", line=name)


def _form(scene: Scene, line: LineTable, labels: dict[str, str]) -> tuple[Asked, bool]:
    """Draw the form; return what it says and whether it was submitted just now."""
    left, right = st.columns([2, 1.5], gap="medium")
    with left:
        pair = _linked_choice(
            scene, PAIR, list(labels), "sequence.pair", "sequence.pair_help", lambda name: labels[name], bind=None
        )
    beliefs = pairtables.fingerprints(scene, line)
    if session.get("lens_belief") not in beliefs:
        session.forget("lens_belief")
    belief = right.selectbox(
        scene.text("sequence.belief"),
        beliefs,
        key="lens_belief",
        persist_state="session",
        format_func=lambda name: belief_text(scene, name),
        help=scene.text("sequence.belief_help"),
    )
    first, second, third, fourth = st.columns([2.3, 0.75, 1.5, 1.7], gap="small", vertical_alignment="bottom")
    if session.get("lens_target") not in TARGETS:
        session.put("lens_target", "potential" if st.query_params.get(ATOM) else "logit")
    target = first.segmented_control(
        scene.text("sequence.target"),
        list(TARGETS),
        key="lens_target",
        required=True,
        persist_state="session",
        format_func=lambda name: scene.text(f"sequence.target.{name}"),
        help=scene.text("sequence.target_help"),
    )
    atoms = [str(k + 1) for k in range(len(cache.model(scene.run).learner.atoms))]
    with second:
        atom = _linked_choice(scene, ATOM, atoms, "sequence.atom", "sequence.atom_help", str)
    method, baseline = _how(scene, third, fourth)
    pressed = st.form_submit_button(
        scene.text("sequence.go"),
        type="primary",
        icon=":material/genetics:",
        help=scene.text("sequence.go_help"),
        on_click=session.put,
        args=(PRESSED, True),
    )
    target = cast("Target", str(target))
    return Asked(line.key, pair, str(belief), target, int(atom) - 1, method, baseline), bool(pressed)


def _how(scene: Scene, left: DeltaGenerator, right: DeltaGenerator) -> tuple[Method, Baseline]:
    """Draw method and baseline; without a differentiable twin of the encoder only one method is on offer."""
    methods = list(METHODS if cache.model(scene.run).encoder.kind in WITH_TWIN else METHODS[1:])
    if session.get("lens_method") not in methods:
        session.forget("lens_method")
    method = left.selectbox(
        scene.text("sequence.method"),
        methods,
        key="lens_method",
        persist_state="session",
        format_func=lambda name: scene.text(f"sequence.method.{name}"),
        help=scene.text("sequence.method_help"),
    )
    baseline = right.selectbox(
        scene.text("sequence.baseline"),
        list(BASELINES),
        key="lens_baseline",
        persist_state="session",
        format_func=lambda name: scene.text(f"sequence.baseline.{name}"),
        help=scene.text("sequence.baseline_help"),
    )
    return cast("Method", str(method)), cast("Baseline", str(baseline))


def _linked_choice(
    scene: Scene,
    key: str,
    options: list[str],
    label: str,
    note: str,
    told: Callable[[str], str],
    *,
    bind: Literal["query-params"] | None = "query-params",
) -> str:
    """Draw a choice that the address keeps; a value that is not on offer is named and replaced by the first."""
    asked = st.query_params.get(key)
    if session.get(key) not in options:
        if asked is not None and asked not in options:
            layout.valid(key, asked, options, options[0], scene)
        session.put(key, asked if asked in options else options[0])
    st.selectbox(
        scene.text(label),
        options,
        key=key,
        bind=bind,
        format_func=told,
        help=scene.text(note),
    )
    return str(session.get(key, options[0]))


def stale(result: Asked, asked: Asked) -> bool:
    """Return whether what is shown answers another question than the controls ask."""
    same_atom = result.target == "logit" or result.atom == asked.atom
    parts = ("line", "pair", "belief", "target", "method", "baseline")
    return not same_atom or any(getattr(result, name) != getattr(asked, name) for name in parts)


def shown_pair(asked: Asked) -> str:
    """Return the pair and line of an answer, for Markdown."""
    return f"{plain(asked.pair, 60)} · {plain(asked.line, 40)}"
