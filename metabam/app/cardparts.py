"""Parts (v) to (vii) of an atom's card, and steering: gates by line, bands of the track, arcs, the response curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import streamlit as st

from metabam.app import atomdata, cache, cardpairs, layout, navigation, session
from metabam.app.widgets import chart, empty, figure_foot
from metabam.plots import atomcard
from metabam.plots.offline import Section

if TYPE_CHECKING:
    from metabam.app.card import Card

FACTOR: Final = "steer_factor"
BOX: Final = "steer_box"
LENS: Final = "sequence"
LIMIT: Final = 3.0
STEP: Final = 0.25


def open_in_lens(card: Card, row: int) -> None:
    """Offer the current pair to the sequence lens, where this app has one."""
    if not any(page.stem == LENS for page in navigation.PAGES):
        return
    st.page_link(
        navigation.entry(LENS).path,
        label=card.text("card.lens", pair=card.names[row]),
        icon=navigation.entry(LENS).icon,
        query_params={
            "pair": card.names[row],
            "line": cardpairs.key_of(card.atom),
            "atom": str(card.atom + 1),
            "run": card.scene.summary.run_id,
        },
    )


# ------------------------------------------------------------------ (v)


def gates_part(card: Card) -> None:
    """Draw (v): alpha and delta of each line over random supports."""
    title = card.head("v", "card.gates")
    record = atomdata.support_gates(card.scene)
    planted = None if card.chosen.planted is None else planted_gates(card)
    figure = atomcard.gates_by_line(
        record,
        card.atom,
        second=card.chosen.second,
        planted=planted,
        synthetic=card.scene.synthetic,
        lang=card.scene.lang,
    )
    chart(figure, "card_gates", card.scene.lang, how="card.gates.how", provenance=card.scene.comment())
    card.facts["gates"] = {
        line: {
            "alpha": record.gate[place, :, card.atom].tolist(),
            "delta": record.evidence[place, :, card.atom].tolist(),
        }
        for place, line in enumerate(record.lines)
    }
    card.sections.append(Section(title, figures=[figure]))


def planted_gates(card: Card) -> list[float] | None:
    """Return the true gates of the mechanism that the atom stands for, by line and with the sign of its r."""
    world = card.chosen.planted
    if world is None:
        return None
    match = atomdata.recovery(card.scene, world)
    mechanism = match.of_atom(card.atom)
    if mechanism < 0 or not match.matched[mechanism]:
        return None
    known = world.truth
    rows = [known.lines.index(line.partition(" | ")[0]) for line in card.pairs.lines]
    return [float(value) for value in np.sign(match.score(mechanism)) * known.gates[rows, mechanism]]


# ------------------------------------------------------------------ (vi)


def track_part(card: Card) -> None:
    """Draw (vi): which periods and wavelet bands of the position track the atom uses."""
    title = card.head("vi", "card.track")
    uses = cache.model(card.scene.run).learner.track_uses()
    if not uses:
        empty(card.text("card.track.none"), card.text("card.track.none_do"))
        card.sections.append(Section(title, [card.text("card.track.none")]))
        return
    figure = atomcard.track_figure(uses, card.atom, synthetic=card.scene.synthetic, lang=card.scene.lang)
    chart(figure, "card_track", card.scene.lang, how="card.track.how", provenance=card.scene.comment())
    card.sections.append(Section(title, figures=[figure]))


# ------------------------------------------------------------------ (vii)


def arcs_part(card: Card) -> None:
    """Draw (vii): the atom's top pairs of one chromosome as arcs, and all of them as a table."""
    title = card.head("vii", "card.arcs")
    where = card.where
    if where is None:
        empty(card.text("card.arcs.none"), card.text("card.no_places"))
        card.sections.append(Section(title, [card.text("card.arcs.none")]))
        return
    rows, probability = atomdata.top_pairs(card.scene, card.atom)
    names, counts = np.unique(where.chrom[rows].astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    chroms = [str(names[place]) for place in order if names[place]]
    if not chroms:
        empty(card.text("card.arcs.none"), card.text("card.no_places"))
        return
    cells = st.columns([1.2, 1, 1], gap="large", vertical_alignment="bottom")
    if session.get("card_chrom") not in chroms:
        session.forget("card_chrom")
    chrom = cells[0].selectbox(card.text("card.chrom"), chroms, key="card_chrom")
    least = cells[1].slider(card.text("card.least"), 0.0, 1.0, 0.0, 0.05, key="card_least")
    opacity = cells[2].slider(card.text("card.opacity"), 0.1, 1.0, 0.6, 0.1, key="card_opacity")
    here = type(where)(*(getattr(where, name)[rows] for name in where.__slots__))
    figure = atomcard.top_arcs(
        here,
        probability,
        card.pairs.labels[rows],
        str(chrom or chroms[0]),
        card.atom,
        least=float(least),
        opacity=float(opacity),
        synthetic=card.scene.synthetic,
        lang=card.scene.lang,
    )
    st.caption(card.text("card.arcs.note", n=len(rows), total=f"{len(card.pairs):,}"))
    chart(figure, "card_arcs", card.scene.lang, how="card.arcs.how", provenance=card.scene.comment())
    with st.expander(card.text("card.arcs.table", n=len(rows)), icon=":material/table:"):
        st.dataframe(_top_table(card, rows, probability), hide_index=True, key="card_top", height=300)
    card.sections.append(Section(title, figures=[figure]))


def _top_table(card: Card, rows: Any, probability: Any) -> list[dict[str, object]]:
    """Return one row per top pair."""
    found = card.pairs
    return [
        {
            card.text("card.col.pair"): card.names[row],
            card.text("card.col.locus"): "" if card.where is None else atomdata.locus(card.where, row),
            card.text("card.col.label"): int(found.labels[row]),
            card.text("card.col.potential"): round(float(found.potential[row, card.atom]), 3),
            card.text("card.col.probability"): round(float(probability[place]), 4),
        }
        for place, row in enumerate(rows.tolist())
    ]


# ------------------------------------------------------------------ steering


def steering_part(card: Card, pins: list[int]) -> None:
    """Draw the response of the pinned pairs to the atom's gate; the slider only moves a marker, no model runs."""
    title = card.text("card.steer")
    st.markdown(f"#### {title}")
    lines = list(card.pairs.lines)
    left, right = st.columns([1.4, 1], gap="large", vertical_alignment="bottom")
    default = int(card.pairs.line[pins[0]])
    if session.get("steer_line") not in lines:
        session.forget("steer_line")
    line = left.selectbox(
        card.text("card.steer.line"),
        lines,
        index=default,
        key="steer_line",
        help=card.text("card.steer.line_help"),
    )
    right.caption(card.text("card.steer.pins", n=len(pins)))
    rows = np.asarray(pins, dtype=np.int64)
    first = atomdata.steering(card.scene, card.atom, str(line), rows)
    other = card.chosen.second
    second = None if other is None else atomdata.steering(card.scene, other, str(line), rows)
    names = [card.names[row] for row in pins]

    @st.fragment
    def steer() -> None:
        layout.guarded(_steer, card, first, second, names)

    steer()
    figure = atomcard.steering_figure(
        first,
        names,
        float(session.get(FACTOR, 1.0)),
        second=second,
        synthetic=card.scene.synthetic,
        lang=card.scene.lang,
    )
    card.facts["steering"] = {
        "line": line,
        "factors": first.factors.tolist(),
        "gate": first.gate,
        "probability": {name: first.probability[:, place].tolist() for place, name in enumerate(names)},
    }
    card.sections.append(Section(title, [card.text("card.steer.how")], figures=[figure]))


def _steer(card: Card, first: Any, second: Any, names: list[str]) -> None:
    """Draw slider, number box, Reset and the curve; one fragment, so that the rest of the page stays."""
    cells = st.columns([4, 1, 1], vertical_alignment="bottom", gap="medium")
    for key in (FACTOR, BOX):
        if key not in st.session_state:
            session.put(key, 1.0)
    cells[0].slider(
        card.text("card.steer.factor", k=card.atom + 1),
        -LIMIT,
        LIMIT,
        step=STEP,
        key=FACTOR,
        on_change=_copy,
        args=(FACTOR, BOX),
    )
    cells[1].number_input(
        card.text("card.steer.box"), -LIMIT, LIMIT, step=STEP, key=BOX, on_change=_copy, args=(BOX, FACTOR)
    )
    cells[2].button(
        card.text("card.steer.reset"),
        icon=":material/restart_alt:",
        on_click=_reset,
        width="stretch",
        key="steer_reset",
    )
    factor = float(session.get(FACTOR, 1.0))
    figure = atomcard.steering_figure(
        first, names, factor, second=second, synthetic=card.scene.synthetic, lang=card.scene.lang
    )
    chart(figure, "card_steering", card.scene.lang, footless=True)
    if abs(factor) > first.bound:
        st.caption(":material/warning: " + card.text("card.steer.beyond", gate=f"{factor * first.gate:+.2f}"))
    figure_foot(figure, "card_steering", card.scene.lang, how="card.steer.how", provenance=card.scene.comment())


def _copy(source: str, target: str) -> None:
    """Give the other control the value, on the grid of the slider."""
    value = float(session.get(source, 1.0))
    nearest = min(max(round(value / STEP) * STEP, -LIMIT), LIMIT)
    session.put(source, nearest)
    session.put(target, nearest)


def _reset() -> None:
    session.put(FACTOR, 1.0)
    session.put(BOX, 1.0)
