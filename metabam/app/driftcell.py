"""One cell of Fingerprint drift: its pairs, the gates that moved, the path between the lines, and its exports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from metabam.app import cache, layout, picks, session, truth
from metabam.app import lines as known
from metabam.app.layout import Scene
from metabam.app.lines import Line, Places
from metabam.app.swapping import CONTROLS, Cell, on_side
from metabam.app.widgets import chart, chart_foot, csv_text, empty
from metabam.plots import drift, driftpath
from metabam.records import IntArray, PathRecord

if TYPE_CHECKING:
    from metabam.data.worldfiles import Truth

Foot = Callable[["Named", list[int]], None]
PINNED: Final = "drift_pinned"
FIRST_PINNED: Final = "drift_first_pinned"
MOST_PINNED: Final = 5
LISTED_ROWS: Final = 12


@dataclass(frozen=True, slots=True)
class Named:
    """The pairs of a cell with names, ids and the row of their place, -1 where it is not known."""

    names: list[str] = field(repr=False)
    ids: list[str] = field(repr=False)
    places: Places = field(repr=False)
    rows: IntArray = field(repr=False)


def named(scene: Scene, lines: dict[str, Line], cell: Cell) -> Named:
    """Return the pairs of a cell with the best names that are known."""
    places = known.places_of(scene, list(lines.values()))
    rows = places.rows_of(cell.enhancer, cell.promoter)
    return Named(places.names(cell.enhancer, cell.promoter), cell.ids(), places, rows)


def planted(cell: Cell, pairs: Named, world: Truth | None) -> tuple[NDArray[np.bool_], NDArray[np.float64]] | None:
    """Return which pairs are planted reversals (Bayes P on opposite sides of 0.5), and P in A and in B, (2, N).

    ``None`` where the truth does not hold both lines. Pairs that the world does not know count as not reversed.
    """
    columns = [name.split(" | ")[0] for name in (cell.a, cell.b)]
    if world is None or not set(columns) <= set(world.lines):
        return None
    ids = {name: row for row, name in enumerate(world.pair_id.tolist())}
    table = pairs.places.table
    at = np.array([ids.get(str(table.pair_id[row]), -1) if row >= 0 else -1 for row in pairs.rows.tolist()], dtype=int)
    chance = world.probability[np.maximum(at, 0)][:, [world.lines.index(name) for name in columns]].T
    chance = np.where(at >= 0, chance, np.nan)
    return (chance[0] > 0.5) != (chance[1] > 0.5), chance


@st.fragment
def panel(scene: Scene, lines: dict[str, Line], cell: Cell, foot: Foot) -> None:
    """Draw everything about one cell; its controls redraw nothing else. ``foot`` draws the exports."""
    layout.guarded(_panel, scene, lines, cell, foot)


def _panel(scene: Scene, lines: dict[str, Line], cell: Cell, foot: Foot) -> None:
    st.subheader(scene.text("drift.pairs"), anchor=False)
    planted_world = truth.shown(scene)
    pairs = named(scene, lines, cell)
    pinned = pairs_panel(scene, cell, pairs, planted_world)
    st.subheader(scene.text("drift.turning"), anchor=False)
    turning(scene, lines, cell, pairs, pinned)
    foot(pairs, pinned)


def pairs_panel(scene: Scene, cell: Cell, pairs: Named, world: Truth | None) -> list[int]:
    """Draw native against swapped logits beside what the reversed pairs did; return the pinned positions."""
    if not len(cell.native):
        empty(scene.text("drift.pairs.none"), scene.text("drift.few_do"))
        return []
    found = planted(cell, pairs, world)
    pinned = _pin(scene, cell, pairs)
    left, right = st.columns(2, gap="large")
    with left:
        control = str(
            st.segmented_control(
                scene.text("drift.which"), list(CONTROLS), default="own", required=True, key="drift_which",
                format_func=lambda name: scene.text(f"drift.which.{name}"), help=scene.text("drift.which_help"),
                persist_state="session",
            )
        )  # fmt: skip
        view = drift.PairsView(
            cell.native, cell.answers[control], cell.labels_b, cell.labels_a, pairs.names, pairs.ids,
            cell.b, cell.a, None if found is None else found[0], pinned,
        )  # fmt: skip
        chart(
            drift.pairs_figure(view, control=control, total=cell.total, synthetic=scene.synthetic, lang=scene.lang),
            "drift_pairs",
            scene.lang,
            on_select="rerun",
            footless=True,
        )
        chart_foot(
            "drift_pairs",
            scene.lang,
            how="drift.pairs.how",
            csv_of=lambda: csv_text(pair_rows(cell, pairs, np.arange(len(cell.native))), scene.comment()),
        )
    with right:
        _sides(scene, cell, None if found is None else found[0])
    _pinned_table(scene, cell, pairs, pinned)
    if found is not None:
        _listed(scene, cell, pairs, *found)
    return pinned


def _pin(scene: Scene, cell: Cell, pairs: Named) -> list[int]:
    """Draw which pairs are pinned: a click adds one, at most five; the first choice is what turned most as labelled."""
    place = {one: at for at, one in enumerate(pairs.ids)}
    kept = session.get(PINNED)
    chosen = [one for one in kept or [] if one in place]
    untouched, here = session.get(FIRST_PINNED) or (None, None), (cell.a, cell.b)
    if kept is None or (kept and not chosen) or (kept == untouched[0] and here != untouched[1]):
        chosen = [pairs.ids[at] for at in most_turned(cell)]
        session.put(FIRST_PINNED, (chosen, here))
    for one in picks.fresh("chart_drift_pairs"):
        if one in place and one not in chosen:
            chosen = [*chosen, one][-MOST_PINNED:]
    session.put(PINNED, chosen)
    st.multiselect(
        scene.text("drift.pinned"), pairs.ids, key=PINNED, max_selections=MOST_PINNED,
        format_func=lambda one: pairs.names[place[one]] if one in place else one,
        help=scene.text("drift.pinned_help"), placeholder=scene.text("shell.choose"),
    )  # fmt: skip
    return [place[one] for one in session.get(PINNED) or [] if one in place]


def most_turned(cell: Cell, most: int = 3) -> list[int]:
    """Return the reversed pairs whose verdict turned to A's label, then those that moved farthest towards it.

    Without reversed pairs, those that moved farthest.
    """
    step = cell.answers["own"] - cell.native
    if not cell.reversed.any():
        return [int(row) for row in np.argsort(-np.abs(step), kind="stable")[:most]]
    wanted = np.where(cell.labels_a == 1, 1.0, -1.0)
    turned = (cell.native * wanted < 0) & (cell.answers["own"] * wanted > 0)
    order = np.lexsort((-step * wanted, ~turned, ~cell.reversed))
    return [int(row) for row in order[: min(most, int(cell.reversed.sum()))]]


def _sides(scene: Scene, cell: Cell, listed: NDArray[np.bool_] | None) -> None:
    """Say how many reversed pairs lie on A's side, under A's fingerprint, its controls and B's own."""
    groups = [("measured", cell.reversed)] + ([] if listed is None else [("planted", listed & cell.reversed)])
    st.markdown(f"**{scene.text('drift.sides')}**", help=scene.text("drift.sides_help"))
    shown = []
    for fingerprint in (*CONTROLS, "native"):
        row: dict[str, object] = {scene.text("drift.col.fingerprint"): scene.text(f"drift.which.{fingerprint}")}
        for name, among in groups:
            right, n = cell.sided(fingerprint, among)
            low, high = wilson(right, n)
            row[scene.text(f"drift.col.{name}")] = f"{right:,} / {n:,}" + (f" ({low:.0%}–{high:.0%})" if n else "")
        shown.append(row)
    right, n = cell.sided("own", cell.reversed)
    st.dataframe(
        shown, hide_index=True, key="drift_sides", alt=scene.text("drift.sides.alt", right=right, n=n),
        column_config={scene.text("drift.col.fingerprint"): st.column_config.TextColumn(width=104)},
    )  # fmt: skip


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953); (0, 1) without trials."""
    if n == 0:
        return 0.0, 1.0
    z, share = 1.959964, hits / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def _pinned_table(scene: Scene, cell: Cell, pairs: Named, pinned: list[int]) -> None:
    """Draw what is known of the pinned pairs."""
    if not pinned:
        empty(scene.text("drift.pinned.none"), scene.text("drift.pinned.none_do"))
        return
    shown = [
        {
            "#": place,
            scene.text("drift.col.pair"): pairs.names[at],
            scene.text("drift.col.label_b"): int(cell.labels_b[at]),
            scene.text("drift.col.label_a"): int(cell.labels_a[at]),
            scene.text("drift.col.native"): float(cell.native[at]),
            scene.text("drift.col.swapped"): float(cell.answers["own"][at]),
            scene.text("drift.col.locus"): pairs.places.locus(int(pairs.rows[at])) if pairs.rows[at] >= 0 else "–",
        }
        for place, at in enumerate(pinned, start=1)
    ]
    number = st.column_config.NumberColumn(format="%+.2f", width="small")
    st.dataframe(
        shown, hide_index=True, key="drift_pinned_table", alt=scene.text("drift.pinned.alt", n=len(pinned)),
        column_config={scene.text(f"drift.col.{name}"): number for name in ("native", "swapped")},
    )  # fmt: skip


def _listed(scene: Scene, cell: Cell, pairs: Named, listed: NDArray[np.bool_], chance: NDArray[np.float64]) -> None:
    """List planted reversals, widest first, beside what the model did with them, misses included."""
    rows = np.flatnonzero(listed)
    wanted = chance[0] > 0.5
    right = np.zeros(len(wanted), dtype=bool)
    right[rows] = on_side(cell.answers["own"][rows], wanted[rows])
    hits, shuffled = (int(on_side(cell.answers[name][rows], wanted[rows]).sum()) for name in ("own", "shuffled"))
    st.markdown(
        ":material/visibility: "
        + scene.text("drift.truth", n=len(rows), hits=hits, shuffled=shuffled, missed=len(rows) - hits)
    )
    order = rows[np.argsort(-np.abs(chance[0] - chance[1])[rows], kind="stable")][:LISTED_ROWS]
    shown = [
        {
            scene.text("drift.col.pair"): pairs.names[at],
            scene.text("drift.col.p_b"): float(chance[1, at]),
            scene.text("drift.col.p_a"): float(chance[0, at]),
            scene.text("drift.col.native"): float(cell.native[at]),
            scene.text("drift.col.swapped"): float(cell.answers["own"][at]),
            scene.text("drift.col.right"): scene.text("drift.yes" if right[at] else "drift.no"),
        }
        for at in order
    ]
    number = st.column_config.NumberColumn(format="%.2f", width="small")
    st.dataframe(
        shown, hide_index=True, key="drift_listed", alt=scene.text("drift.truth.alt", n=len(rows), hits=hits),
        column_config={scene.text(f"drift.col.{name}"): number for name in ("p_a", "p_b", "native", "swapped")},
    )  # fmt: skip
    st.caption(scene.text("shell.shown", shown=len(shown), total=len(rows)))


# ------------------------------------------------------------------ gates and path


def turning(scene: Scene, lines: dict[str, Line], cell: Cell, pairs: Named, pinned: list[int]) -> None:
    """Draw the gates that moved, the path from A to B for the pinned pairs, and the unfolding of one of them."""
    from metabam.probe.swap import fingerprint_path

    synthetic, lang, comment = scene.synthetic, scene.lang, scene.comment()
    left, right = st.columns(2, gap="large")
    with left:
        if cell.a == cell.b:
            empty(scene.text("drift.same"), scene.text("drift.same_do"))
        else:
            chart(
                driftpath.gates_figure(cell.moved, *cell.change, synthetic=synthetic, lang=lang),
                "drift_gates",
                lang,
                how="drift.gates.how",
                provenance=comment,
            )
    if not pinned:
        with right:
            empty(scene.text("drift.pinned.none"), scene.text("drift.pinned.none_do"))
        return
    features = lines[cell.b].context.features[cell.rows[pinned]]
    path = fingerprint_path(cache.model(scene.run).learner, cell.fingerprint_a, cell.fingerprint_b, features)
    names = [pairs.names[at] for at in pinned]
    with right:
        chart(
            driftpath.path_figure(path, names, line_a=cell.a, line_b=cell.b, synthetic=synthetic, lang=lang),
            "drift_path",
            lang,
            how="drift.path.how",
            provenance=comment,
        )
    _trace(scene, cell, path, names)


@st.fragment
def _trace(scene: Scene, cell: Cell, path: PathRecord, names: list[str]) -> None:
    """Draw the unfolding of one pinned pair at both ends of the path; at first of one whose sign turns."""
    turned = np.flatnonzero(path.flips >= 0)
    at = st.selectbox(
        scene.text("drift.trace"), list(range(len(names))), index=int(turned[0]) if len(turned) else 0,
        format_func=lambda place: f"{place + 1}: {names[place]}", key=f"drift_trace_{len(names)}",
    )  # fmt: skip
    chart(
        driftpath.trace_figure(
            path, int(at or 0), names[int(at or 0)], line_a=cell.a, line_b=cell.b,
            synthetic=scene.synthetic, lang=scene.lang,
        ),
        "drift_trace",
        scene.lang,
        how="drift.trace.how",
        provenance=scene.comment(),
    )  # fmt: skip


def pair_rows(cell: Cell, pairs: Named, chosen: IntArray) -> list[dict[str, object]]:
    """Return some pairs of a cell with places, labels and logits under every fingerprint."""
    table, rows = pairs.places.table, []
    for at in chosen.tolist():
        row = int(pairs.rows[at])
        cells: dict[str, object] = {"pair": pairs.names[at]}
        for side in ("enhancer", "promoter"):
            for part in ("chrom", "start", "end"):
                value = getattr(table, f"{side}_{part}")[row] if row >= 0 else ""
                cells[f"{side}_{part}"] = str(value) if part == "chrom" or row < 0 else int(value)
        cells |= {"label_b": int(cell.labels_b[at]), "label_a": int(cell.labels_a[at])}
        cells["logit_native"] = float(cell.native[at])
        rows.append(cells | {f"logit_{name}": float(values[at]) for name, values in cell.answers.items()})
    return rows
