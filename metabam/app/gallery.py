"""The Atoms page as a whole: which atom is open, the gallery, and what the reader wrote about each atom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from metabam.app import atomdata, atommotifs, cache, layout, session, truth
from metabam.app.layout import Scene
from metabam.app.truth import Planted
from metabam.app.widgets import csv_text, empty, json_text, plain, points_of, table_height
from metabam.errors import MetaBamError
from metabam.records import GalleryRecord, RecoveredRecord
from metabam.texts import LANGUAGES, text

ATOM: Final = "atom"
PINNED: Final = "pin_atom"
TAB: Final = "atoms_tab"
TABS: Final = ("spectrum", "gallery", "card")
NOTES: Final = "atom_notes"
TABLE: Final = "gallery_table"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The open atom and the pinned one, counted from 0, and the truth where it is shown."""

    atom: int
    second: int | None
    planted: Planted | None


def take_clicks(scene: Scene) -> None:
    """Turn a link to an atom, or a click in the cosine map or the gallery, into an open card, before widgets are drawn.

    A selection stays in the browser's state; it counts once, when it changes.
    """
    if session.get("atom_linked") is None:
        session.put("atom_linked", True)
        if ATOM in st.query_params and TAB not in st.query_params:
            session.put(TAB, scene.text("atoms.tab.card"))
    cell = [_cell(point) for point in points_of(session.get("chart_cosine_map"))]
    if changed("cell", cell) and cell and cell[0] is not None:
        session.put("atom_pair", cell[0])
        _open(scene, *cell[0])
    rows = rows_of(session.get(TABLE))
    if changed("row", rows) and rows:
        _open(scene, rows[0] + 1)


def tabs(scene: Scene) -> Any:
    """Draw the three tabs; the address keeps which one is open, and a link to an atom alone opens its card."""
    labels = [scene.text(f"atoms.tab.{name}") for name in TABS]
    for place, name in enumerate(TABS):
        if session.get(TAB) in [text(f"atoms.tab.{name}", lang) for lang in LANGUAGES]:
            session.put(TAB, labels[place])
    return st.tabs(labels, key=TAB, on_change="rerun", bind="query-params")


def changed(name: str, value: object) -> bool:
    """Return whether a selection differs from the last one seen, and remember it."""
    kept = session.get(f"seen_{name}")
    session.put(f"seen_{name}", value)
    return bool(kept != value)


def _open(scene: Scene, atom: int, second: int | None = None) -> None:
    """Open the card of an atom, counted from 1; a second one is pinned."""
    session.put(ATOM, str(atom))
    if second is not None:
        session.put(PINNED, str(second) if second != atom else "")
    session.put(TAB, scene.text("atoms.tab.card"))


def _cell(point: dict[str, object]) -> tuple[int, int] | None:
    """Return the two atoms of a clicked cell, counted from 1; its id may come back as text, list or dict."""
    value = point.get("id", point.get("customdata", ""))
    while isinstance(value, list | tuple | dict):
        value = next(iter(value.values() if isinstance(value, dict) else value), "")
    parts = str(value).split(",")
    return (int(parts[0]), int(parts[1])) if len(parts) == 2 and all(part.isdigit() for part in parts) else None


def rows_of(state: Any) -> list[int]:
    """Return the selected rows of a table."""
    try:
        return [int(row) for row in state["selection"]["rows"]]
    except (KeyError, TypeError, ValueError):
        return []


def controls(scene: Scene) -> Chosen:
    """Draw which atom is open, which one is pinned beside it, and the switch of the truth."""
    count = next((len(atoms) for atoms in scene.run.snapshots().values()), scene.run.config.model.n_atoms)
    numbers = [str(number) for number in range(1, count + 1)]
    asked = st.query_params.get(ATOM)
    if session.get(ATOM, asked) not in numbers:
        session.forget(ATOM)
        asked_badly = asked is not None and asked not in numbers
        if asked_badly:
            layout.valid(ATOM, asked, numbers, numbers[0], scene)
            del st.query_params[ATOM]
    if session.get(PINNED, "") not in ("", *numbers):
        session.forget(PINNED)
    left, middle, right = st.columns([1.3, 1.3, 2.4], vertical_alignment="bottom", gap="large")
    labels = notes(scene)

    def named(number: str) -> str:
        said = labels.get(number, {}).get("label", "")
        return f"{number} · {said[:24]}" if said else number  # options are drawn as they are, not as Markdown

    atom = left.selectbox(
        scene.text("atoms.pick"),
        numbers,
        key=ATOM,
        bind="query-params",
        format_func=named,
        help=scene.text("atoms.pick_help"),
    )
    second = middle.selectbox(
        scene.text("atoms.pin"),
        ["", *(number for number in numbers if number != atom)],
        key=PINNED,
        persist_state="session",
        format_func=lambda number: named(number) if number else scene.text("atoms.pin_none"),
        help=scene.text("atoms.pin_help"),
    )
    with right:
        planted = truth.planted(scene)
    return Chosen(int(atom or 1) - 1, int(second) - 1 if second and second != atom else None, planted)


# ------------------------------------------------------------------ what the reader wrote


def notes(scene: Scene) -> dict[str, dict[str, str]]:
    """Return label and notes by atom, counted from 1, of this session and this run's weights."""
    kept = session.get(NOTES) or {}
    found: dict[str, dict[str, str]] = kept.get(_notes_key(scene), {})
    return found


def write_note(scene: Scene, atom: int, field: str, widget: str) -> None:
    """Keep what was typed for one atom; the app invents no label of its own."""
    kept = dict(session.get(NOTES) or {})
    mine = {number: dict(said) for number, said in kept.get(_notes_key(scene), {}).items()}
    mine.setdefault(str(atom + 1), {})[field] = str(session.get(widget, ""))[:2000]
    kept[_notes_key(scene)] = mine
    session.put(NOTES, kept)


def _notes_key(scene: Scene) -> str:
    return cache.weights_digest(scene.run)[:16] or scene.summary.run_id


# ------------------------------------------------------------------ the gallery


def ready(scene: Scene) -> bool:
    """Return whether the run's model can be read; where it cannot, say why."""
    try:
        cache.model(scene.run)
    except MetaBamError as error:
        if scene.summary.state == "running" or not cache.weights_digest(scene.run):
            run = plain(scene.summary.run_id)
            empty(scene.text("shell.empty.unfinished", run=run), scene.text("shell.empty.unfinished_do"))
        else:
            layout.problem(error, scene.lang)
        return False
    return True


def gallery_tab(scene: Scene, chosen: Chosen) -> None:
    """Draw the gallery as a table, one row per atom; a selected row opens the card."""
    if not ready(scene):
        return
    record = gallery_record(scene)
    match = None if chosen.planted is None else atomdata.recovery(scene, chosen.planted)
    rows = gallery_rows(scene, record, match)
    kinds = record.effect.verdicts
    st.caption(
        scene.text("shell.shown", shown=len(rows), total=len(rows))
        + " · "
        + scene.text("atoms.gallery.note", pairs=f"{record.n_pairs:,}", n=record.effect.n, lines=len(record.lines))
    )
    counted = {"needed": kinds.count("needed"), "chance": kinds.count("chance"), "total": len(rows)}
    st.caption(":material/fact_check: " + scene.text("atoms.gallery.verdicts", n=record.effect.n_labelled, **counted))
    name = {key: scene.text(f"atoms.col.{key}") for key in COLUMNS}
    widest = max(float(record.usage.max()), 1e-6)
    st.dataframe(
        [{name[key]: _shown(key, value) for key, value in row.items()} for row in rows],
        hide_index=True,
        key=TABLE,
        on_select="rerun",
        selection_mode="single-row",
        height=table_height(len(rows), 633),
        alt=scene.text(
            "atoms.gallery.alt",
            n=len(rows),
            k=int(record.rank.argmin()) + 1,
            use=float(record.usage.mean(axis=0).max()),
        ),
        column_config={
            name["atom"]: st.column_config.NumberColumn(width=52),
            name["label"]: st.column_config.TextColumn(width=68),
            name["rank"]: st.column_config.NumberColumn(width=58),
            name["nearest"]: st.column_config.TextColumn(width=86),
            name["planted"]: st.column_config.TextColumn(width=84),
            name["usage"]: st.column_config.BarChartColumn(
                width=86, y_min=0, y_max=widest, help=scene.text("atoms.col.usage_help")
            ),
            name["gate"]: st.column_config.BarChartColumn(
                width=86, y_min=-1, y_max=1, help=scene.text("atoms.col.gate_help")
            ),
            name["density"]: st.column_config.ProgressColumn(
                width=84, min_value=0.0, max_value=1.0, format="percent", help=scene.text("atoms.col.density_help")
            ),
            name["effect"]: st.column_config.NumberColumn(
                width=66, format="%+.3f", help=scene.text("atoms.col.effect_help")
            ),
            name["chance"]: st.column_config.NumberColumn(
                width=60, format="%.2f", help=scene.text("atoms.col.chance_help")
            ),
            name["verdict"]: st.column_config.TextColumn(width=74, help=scene.text("atoms.col.verdict_help")),
            name["r"]: st.column_config.TextColumn(width=52, help=scene.text("atoms.col.r_help")),
        },
    )
    _foot(scene, record, match, name)
    if match is not None:
        _misses(scene, chosen.planted, match)


COLUMNS: Final = (
    *("atom", "label", "rank", "usage", "density", "effect", "gate", "nearest", "chance", "verdict"),
    *("planted", "r"),
)


def _shown(key: str, value: object) -> object:
    """Return a cell of the table: the correlation as a text, so that an atom without one shows a dash."""
    if key != "r":
        return value
    return f"{value:+.2f}" if isinstance(value, float) else "–"


def gallery_record(scene: Scene) -> GalleryRecord:
    """Return the gallery; the first visitor of a run sees it being computed."""
    with st.empty(), st.spinner(scene.text("atoms.gallery.working"), show_time=True):
        return atomdata.gallery(scene)


def gallery_rows(scene: Scene, record: GalleryRecord, match: RecoveredRecord | None) -> list[dict[str, object]]:
    """Return one row per atom, keyed by column; lists hold one value per training line."""
    labels = notes(scene)
    rows: list[dict[str, object]] = []
    for atom, place in enumerate(record.rank.tolist()):
        nearest = int(record.nearest[atom])
        row: dict[str, object] = {
            "atom": atom + 1,
            "label": labels.get(str(atom + 1), {}).get("label", ""),
            "rank": place,
            "usage": record.usage[:, atom].tolist(),
            "density": float(record.density[atom]),
            "effect": float(record.effect.effect[atom]),
            "gate": record.gates[:, atom].tolist(),
            "nearest": f"{nearest + 1} ({record.nearest_cosine[atom]:+.2f})" if nearest >= 0 else "–",
            "chance": float(record.effect.size[atom] / record.effect.size_band) if record.effect.size_band else None,
            "verdict": scene.text(f"atoms.verdict.{record.effect.verdicts[atom]}"),
        }
        if match is not None:
            mechanism = match.of_atom(atom)
            hit = mechanism >= 0 and bool(match.matched[mechanism])
            row["planted"] = match.names[mechanism] if hit else scene.text("atoms.gallery.none")
            row["r"] = match.score(mechanism) if mechanism >= 0 else None
        rows.append(row)
    return rows


def _foot(scene: Scene, record: GalleryRecord, match: RecoveredRecord | None, name: dict[str, str]) -> None:
    """Draw how to read the table, and its two exports."""
    with st.container(horizontal=True, gap="small", horizontal_alignment="right"):
        with st.popover(scene.text("shell.how"), type="tertiary", icon=":material/help:"):
            st.markdown(scene.text("atoms.gallery.how"))
        st.download_button(
            scene.text("shell.csv"),
            lambda: csv_text(_flat(scene, record, match), scene.comment()),
            "metabam_atoms.csv",
            "text/csv",
            type="tertiary",
            icon=":material/download:",
            on_click="ignore",
            key="gallery_csv",
            help=scene.text("shell.csv_help"),
        )
        st.download_button(
            "JSON",
            lambda: json_text(
                {
                    "columns": name,
                    "rows": gallery_rows(scene, record, match),
                    "lines": list(record.lines),
                    "random_directions_band": record.effect.size_band,
                    "notes": notes(scene),
                    "provenance": scene.provenance(),
                }
            ),
            "metabam_atoms.json",
            "application/json",
            type="tertiary",
            icon=":material/data_object:",
            on_click="ignore",
            key="gallery_json",
        )


def _flat(scene: Scene, record: GalleryRecord, match: RecoveredRecord | None) -> list[dict[str, object]]:
    """Return the rows with one column per line instead of lists, and the interval of the effect."""
    rows = []
    for atom, row in enumerate(gallery_rows(scene, record, match)):
        flat = {key: value for key, value in row.items() if not isinstance(value, list)}
        for place, line in enumerate(record.lines):
            flat[f"usage {line}"] = float(record.usage[place, atom])
            flat[f"signed effect {line}"] = float(record.signed[place, atom])
            flat[f"gate {line}"] = float(record.gates[place, atom])
        flat |= {
            "effect low": float(record.effect.low[atom]),
            "effect high": float(record.effect.high[atom]),
            "effect size": float(record.effect.size[atom]),
            "p against random": float(record.effect.p[atom]),
            "label log-likelihood lost per pair": float(record.effect.fit[atom]),
            "label log-likelihood lost low": float(record.effect.fit_low[atom]),
            "label log-likelihood lost high": float(record.effect.fit_high[atom]),
            "pairs": record.effect.n,
        }
        rows.append(flat)
    return rows


def _misses(scene: Scene, planted: Planted | None, match: RecoveredRecord) -> None:
    """Draw every planted mechanism with its atom: hits and misses."""
    hits = int(match.matched.sum())
    motifs = [_motif_verdict(scene, planted, match, place) for place in range(len(match.names))]
    st.markdown(f"**{scene.text('atoms.truth.head', hits=hits, total=len(match.names))}**")
    name = {key: scene.text(f"atoms.truth.{key}") for key in ("mechanism", "atom", "r", "verdict", "motifs")}
    st.dataframe(
        [
            {
                name["mechanism"]: mechanism,
                name["atom"]: int(match.atom[place]) + 1 if match.atom[place] >= 0 else None,
                name["r"]: match.score(place),
                name["verdict"]: scene.text("atoms.truth.hit" if match.matched[place] else "atoms.truth.miss"),
                name["motifs"]: motifs[place],
            }
            for place, mechanism in enumerate(match.names)
        ],
        hide_index=True,
        key="planted_table",
        height="content",
        alt=scene.text("atoms.truth.alt", hits=hits, total=len(match.names)),
        column_config={
            name["r"]: st.column_config.NumberColumn(format="%+.2f"),
            name["motifs"]: st.column_config.TextColumn(help=scene.text("atoms.truth.motifs_help")),
        },
    )
    st.caption(scene.text("atoms.truth.note", n=f"{match.n_pairs:,}", bar=f"{match.bar:g}"))


def _motif_verdict(scene: Scene, planted: Planted | None, match: RecoveredRecord, place: int) -> str:
    """Return how many motifs of one mechanism are among its atom's by motif comparison, and the largest q of those."""
    found = None if planted is None else atommotifs.planted_q(scene, place, int(match.atom[place]), planted)
    if found is None:
        return scene.text("atoms.truth.motifs_open")
    if not found:
        return "–"
    known = [q for q in found.values() if q is not None]
    said = scene.text("atoms.truth.motifs_named", n=len(known), total=len(found))
    return f"{said} (q ≤ {max(known):.0e})" if known else said
