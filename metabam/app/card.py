"""The card of one atom, its order, and parts (i) to (iii): who it is, how strongly pairs match it, which pairs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import streamlit as st

from metabam.app import atomdata, cache, cardexport, cardmotifs, cardparts, gallery, session
from metabam.app.atomdata import Pairs, Rows
from metabam.app.gallery import Chosen
from metabam.app.independence import pair_table
from metabam.app.layout import Scene
from metabam.app.widgets import chart, csv_text, metric, plain
from metabam.app.wording import feature_name
from metabam.plots import atomcard
from metabam.plots.ablation import PER
from metabam.plots.offline import Section
from metabam.records import GalleryRecord, PairPlaces

PAIR: Final = "pair"
PINS: Final = "pinned_pairs"
DENSE: Final = 0.9
MOST_PINS: Final = 6
LEAST_READ: Final = 0.05


@dataclass(frozen=True, slots=True)
class Card:
    """What all parts of the card of one atom read; ``sections`` and ``facts`` collect what the exports say."""

    scene: Scene
    chosen: Chosen
    gallery: GalleryRecord = field(repr=False)
    pairs: Pairs = field(repr=False)
    where: PairPlaces | None = field(repr=False)
    names: list[str] = field(repr=False)
    sections: list[Section] = field(repr=False)
    facts: dict[str, Any] = field(repr=False)

    @property
    def atom(self) -> int:
        """Return the open atom, counted from 0."""
        return self.chosen.atom

    def text(self, key: str, **values: object) -> str:
        """Return a string of the catalogue."""
        return self.scene.text(key, **values)

    def head(self, place: str, key: str) -> str:
        """Draw the heading of one part and return it."""
        title = f"{place} · {self.text(key)}"
        st.markdown(f"#### {title}")
        return title


def card_tab(scene: Scene, chosen: Chosen) -> None:
    """Draw the card of the open atom in its fixed order, then steering and the exports."""
    if not gallery.ready(scene):
        return
    found = atomdata.pairs(scene)
    where = atomdata.places(scene, found)
    card = Card(scene, chosen, gallery.gallery_record(scene), found, where, atomdata.names_of(found, where), [], {})
    _who(card)
    if chosen.planted is not None:
        cardmotifs.truth_part(card)
    rows = atomdata.examples(scene, chosen.atom)
    pins = _pinned(card, rows)
    current = _current(card, rows)
    _histogram(card, current)
    _examples(card, rows, current)
    cardmotifs.enrichment_part(card)
    cardparts.gates_part(card)
    cardparts.track_part(card)
    cardparts.arcs_part(card)
    cardparts.steering_part(card, pins)
    cardexport.exports(card)


# ------------------------------------------------------------------ (i)


def _who(card: Card) -> None:
    """Draw (i): index, rank, badges, neighbours, what it reads, and the reader's own label and notes."""
    scene, atom, record = card.scene, card.atom, card.gallery
    title = card.head("i", "card.who")
    cells = st.columns(5)
    total = len(record.density)
    metric(cells[0], scene.text("card.atom"), atom + 1, scene.text("card.of", total=total))
    metric(cells[1], scene.text("card.rank"), int(record.rank[atom]), scene.text("card.of", total=total))
    pairs = scene.text("card.pairs", n=f"{record.n_pairs:,}")
    metric(cells[2], scene.text("card.density"), f"{record.density[atom]:.1%}", pairs)
    effect = record.effect
    spread = scene.text("card.interval", low=f"{effect.low[atom]:+.3f}", high=f"{effect.high[atom]:+.3f}", n=effect.n)
    short = f"{effect.low[atom]:+.3f} … {effect.high[atom]:+.3f}"
    metric(cells[3], scene.text("card.effect"), f"{effect.effect[atom]:+.3f}", short, help_text=spread)
    nearest = int(record.nearest[atom])
    alike = f"cos {record.nearest_cosine[atom]:+.2f}" if nearest >= 0 else ""
    metric(cells[4], scene.text("card.nearest"), nearest + 1 if nearest >= 0 else "–", alike)
    said = _badges(card)
    reads = _reads(card)
    st.caption(":material/tune: " + scene.text("card.reads", features=plain(reads, 300)))
    left, right = st.columns([1, 2], gap="medium")
    kept = gallery.notes(scene).get(str(atom + 1), {})
    for cell, name, draw in ((left, "label", st.text_input), (right, "notes", st.text_input)):
        key = f"{name}_{cache.weights_digest(scene.run)[:8]}_{atom + 1}"
        if key not in st.session_state:
            session.put(key, kept.get(name, ""))
        with cell:
            draw(
                scene.text(f"card.{name}"),
                key=key,
                max_chars=60 if name == "label" else 1000,
                help=scene.text(f"card.{name}_help"),
                on_change=gallery.write_note,
                args=(scene, atom, name, key),
            )
    numbers = {
        "usage_rank": int(record.rank[atom]),
        "density": float(record.density[atom]),
        "highest_potential": float(record.highest[atom]),
        "effect": [float(effect.effect[atom]), float(effect.low[atom]), float(effect.high[atom])],
        "effect_size": float(effect.size[atom]),
        "random_95": effect.size_band,
        "p_against_random": float(effect.p[atom]),
        "label_log_likelihood_lost": [float(part[atom]) for part in (effect.fit, effect.fit_low, effect.fit_high)],
        "verdict": effect.verdicts[atom],
        "nearest": [nearest + 1, float(record.nearest_cosine[atom])],
        "reads": reads,
    }
    card.facts.update(numbers)
    sentences = [*said, scene.text("card.reads", features=reads)]
    facts = (
        (scene.text("card.rank"), f"{record.rank[atom]} / {total}"),
        (scene.text("card.density"), f"{record.density[atom]:.1%} ({pairs})"),
        (scene.text("card.effect"), f"{effect.effect[atom]:+.3f} ({spread})"),
        (
            scene.text("atoms.col.chance"),
            f"{effect.size[atom]:.3f} / {effect.size_band:.3f} (p = {effect.p[atom]:.3f})",
        ),
        (scene.text("card.nearest"), f"{nearest + 1 if nearest >= 0 else '–'} ({alike})"),
    )
    table = [{scene.text("card.fact"): name, scene.text("card.value"): value} for name, value in facts]
    card.sections.append(Section(title, sentences, table))


def _badges(card: Card) -> list[str]:
    """Draw what a reader must know before reading on: dead, dense, within chance, a near copy; return the sentences."""
    scene, atom, record = card.scene, card.atom, card.gallery
    said = []
    if record.density[atom] == 0:
        text = scene.text("card.dead", x=f"{0:g}", top=f"{record.highest[atom]:.2f}", n=f"{record.n_pairs:,}")
        st.warning(text, icon=":material/block:")
        said.append(text)
    elif record.density[atom] > DENSE:
        text = scene.text("card.dense", share=f"{record.density[atom]:.0%}")
        st.warning(text, icon=":material/blur_on:")
        said.append(text)
    verdict = record.effect.verdicts[atom]
    if verdict == "chance":
        text = scene.text(
            "card.chance",
            size=f"{record.effect.size[atom]:.3f}",
            band=f"{record.effect.size_band:.3f}",
            p=f"{record.effect.p[atom]:.2f}",
        )
        st.warning(text, icon=":material/casino:")
        said.append(text)
    elif verdict != "moves":
        spread = (record.effect.fit[atom], record.effect.fit_low[atom], record.effect.fit_high[atom])
        fit, low, high = (f"{PER * value:+.2f}" for value in spread)
        text = scene.text(f"card.{verdict}", fit=fit, low=low, high=high, n=record.effect.n_labelled, per=PER)
        (st.info if verdict == "needed" else st.warning)(text, icon=":material/fact_check:")
        said.append(text)
    return said


def _reads(card: Card, most: int = 3) -> str:
    """Return the features that weigh most in the atom, at least a twentieth of the largest, with their weights."""
    model = cache.model(card.scene.run)
    weights = model.learner.atoms[card.atom]
    size = np.abs(weights)
    order = [int(place) for place in np.argsort(-size)[:most] if size[place] >= LEAST_READ * size.max()]
    named = (
        f"{feature_name(model.encoder.features, place, card.scene.lang)} ({weights[place]:+.2f})" for place in order
    )
    return card.text("card.reads_join").join(named)


# ------------------------------------------------------------------ which pairs


def _selection_key(card: Card) -> str:
    return f"card_examples_{card.atom}"


def _pinned(card: Card, rows: Rows) -> list[int]:
    """Return the pinned pairs: those selected in the table, else those of last time, else three typical ones."""
    listed = rows.examples.rows
    selected = [place for place in gallery.rows_of(session.get(_selection_key(card))) if place < len(listed)]
    if selected:
        session.put(PINS, [card.names[listed[place]] for place in selected][:MOST_PINS])
        if gallery.changed(f"pairs_{card.atom}", selected):
            st.query_params[PAIR] = card.names[listed[selected[-1]]]
    kept = session.get(PINS) or []
    known = [row for row in (_row_of(card, name) for name in kept) if row is not None]
    return known or [int(listed[0]), int(listed[len(listed) // 2]), int(listed[min(10, len(listed) - 1)])]


def _row_of(card: Card, name: object) -> int | None:
    """Return the row of a pair by its id."""
    try:
        return card.names.index(str(name))
    except ValueError:
        return None


def _current(card: Card, rows: Rows) -> int:
    """Return the pair of the address, or the atom's top pair; an id that this run lacks is said."""
    asked = st.query_params.get(PAIR)
    row = None if asked is None else _row_of(card, asked)
    if asked is not None and row is None:
        note = card.text("shell.unknown_value", name=PAIR, value=plain(asked, 40))
        st.caption(":material/link_off: " + note)
    return int(rows.examples.rows[0]) if row is None else row


def _histogram(card: Card, current: int) -> None:
    """Draw (ii): how strongly the run's pairs match the atom."""
    title = card.head("ii", "card.histogram")
    second = card.chosen.second
    potential = card.pairs.potential
    figure = atomcard.potential_histogram(
        potential[:, card.atom].astype(np.float64),
        card.atom,
        current=float(potential[current, card.atom]),
        current_name=card.names[current],
        second=None if second is None else (second, potential[:, second].astype(np.float64)),
        synthetic=card.scene.synthetic,
        lang=card.scene.lang,
    )
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        chart(figure, "card_potential", card.scene.lang, how="card.histogram.how", provenance=card.scene.comment())
    with right:
        records = cache.spectra(card.scene.run, card.scene.summary.run_id)
        nearest = int(card.gallery.nearest[card.atom])
        other = nearest if second is None else second
        if records and other >= 0:
            pair_table(card.scene, records[-1], (card.atom + 1, other + 1), top=7, width=196)
            if second is not None:
                r = float(np.corrcoef(potential[:, card.atom], potential[:, second])[0, 1])
                st.caption(card.text("card.second_r", r=f"{r:+.2f}", n=f"{len(potential):,}"))
    card.sections.append(Section(title, figures=[figure]))


def _examples(card: Card, rows: Rows, current: int) -> None:
    """Draw (iii): the top, the bottom and random pairs of each part of the range; selected rows are pinned."""
    title = card.head("iii", "card.examples")
    shown = example_rows(card, rows)
    st.caption(
        card.text("shell.shown", shown=len(shown), total=f"{len(card.pairs):,}")
        + " · "
        + card.text("card.examples_note")
    )
    name = {key: card.text(f"card.col.{key}") for key in shown[0]}
    st.dataframe(
        [{name[key]: value for key, value in row.items()} for row in shown],
        hide_index=True,
        key=_selection_key(card),
        on_select="rerun",
        selection_mode="multi-row",
        height=392,
        alt=card.text("card.examples_alt", n=len(shown), pair=shown[0]["pair"], p=float(str(shown[0]["potential"]))),
        column_config={
            name["group"]: st.column_config.TextColumn(width=132),
            name["pair"]: st.column_config.TextColumn(width=80),
            name["locus"]: st.column_config.TextColumn(width=282),
            name["line"]: st.column_config.TextColumn(width=50),
            name["label"]: st.column_config.NumberColumn(width=42),
            name["potential"]: st.column_config.NumberColumn(width=52, format="%+.2f"),
            name["probability"]: st.column_config.NumberColumn(width=52, format="%.2f"),
            name["lost"]: st.column_config.NumberColumn(width=60, format="%+.2f", help=card.text("card.col.lost_help")),
        },
    )
    if card.where is None:
        _ask_for_places(card)
    with st.container(horizontal=True, gap="small", horizontal_alignment="right"):
        cardparts.open_in_lens(card, current)
        with st.popover(card.text("shell.how"), type="tertiary", icon=":material/help:"):
            st.markdown(card.text("card.examples.how"))
        st.download_button(
            card.text("shell.csv"),
            lambda: csv_text([{"atom": card.atom + 1, **row} for row in shown], card.scene.comment()),
            f"metabam_atom{card.atom + 1}_pairs.csv",
            "text/csv",
            type="tertiary",
            icon=":material/download:",
            on_click="ignore",
            key="card_examples_csv",
        )
    card.facts["pairs"] = shown
    card.sections.append(
        Section(title, [card.text("card.examples.how")], [{name[key]: row[key] for key in row} for row in shown])
    )


def example_rows(card: Card, rows: Rows) -> list[dict[str, object]]:
    """Return one row per example pair: group, pair, locus, line, label, p, P, and the logit lost without the atom."""
    found, examples = card.pairs, rows.examples
    return [
        {
            "group": _group(card, rows, int(group)),
            "pair": card.names[row],
            "locus": "" if card.where is None else atomdata.locus(card.where, row),
            "line": found.lines[found.line[row]].partition(" | ")[0],
            "label": int(found.labels[row]),
            "potential": float(found.potential[row, card.atom]),
            "probability": float(rows.probability[place]),
            "lost": float(rows.lost[place]),
        }
        for place, (row, group) in enumerate(zip(examples.rows.tolist(), examples.group.tolist(), strict=True))
    ]


def _group(card: Card, rows: Rows, group: int) -> str:
    """Return what a group of example pairs is called: top, bottom, or a bin with its share of all pairs."""
    if group < 2:
        return card.text("card.group.bottom" if group else "card.group.top")
    examples, place = rows.examples, group - 2
    return card.text(
        "card.group.bin",
        low=f"{examples.low[place]:.2f}",
        high=f"{examples.high[place]:.2f}",
        share=f"{100 * examples.share[place]:.3g}",
    )


def _ask_for_places(card: Card) -> None:
    """Say that the run keeps no coordinates, and take the table that has them."""
    st.caption(":material/location_off: " + card.text("card.no_places"))
    file = st.file_uploader(card.text("card.places"), type=["tsv", "csv", "txt", "bedpe"], key="card_places")
    if file is not None:
        from metabam.data.pairs import read_table

        result = read_table(file.getvalue(), role="training", name=file.name, upload=True)
        result.raise_if_refused()
        if session.get(atomdata.PLACES) is None:
            session.put(atomdata.PLACES, result.table)
            st.rerun()
