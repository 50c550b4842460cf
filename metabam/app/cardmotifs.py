"""Part (iv) of an atom's card: motifs and k-mers of its top pairs; and what was planted, under the truth switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import streamlit as st

from metabam.app import atomdata, atommotifs, session, truth
from metabam.app.gallery import rows_of
from metabam.app.widgets import chart, csv_text, empty, plain, table_height
from metabam.errors import ConfigError, MetaBamError
from metabam.plots import logo, theme
from metabam.plots.offline import Section
from metabam.records import Enriched, EnrichmentRecord, MotifMatchRecord, MotifSet

if TYPE_CHECKING:
    from metabam.app.card import Card

MOTIFS: Final = "atom_motifs"
SOURCE: Final = "motif_source"
MOST_ROWS: Final = 12
MEME_CAP: Final = 5 << 20


# ------------------------------------------------------------------ (iv)


def enrichment_part(card: Card) -> None:
    """Draw (iv): what the DNA of the top pairs shares, beside pairs of like GC and distance."""
    title = card.head("iv", "card.motifs")
    left, right = st.columns([1.6, 1], vertical_alignment="bottom", gap="large")
    with right:
        _motif_file(card)
    with left:
        motifs, source = _source(card)
    genome = truth.genome(card.scene)
    reason = "places" if card.where is None else "genome" if genome is None else "motifs" if motifs is None else ""
    if reason or card.where is None or genome is None or motifs is None:
        empty(card.text(f"card.motifs.no_{reason}"), card.text(f"card.motifs.no_{reason}_do"))
        card.sections.append(Section(title, [card.text(f"card.motifs.no_{reason}")]))
        return
    try:
        with st.spinner(card.text("card.motifs.working"), show_time=True):
            record = atommotifs.enrichment(card.scene, card.atom, card.where, genome, motifs)
    except MetaBamError as error:
        empty(plain(error.message, 400), plain(error.remedy, 300))
        card.sections.append(Section(title, [error.message]))
        return
    note = _balance(card, record)
    st.caption(note)
    compared = _known(card, source)
    shown = enriched_rows(card, record, compared)
    card.facts["enrichment"] = {"source": source, "note": note, "rows": shown}
    if not shown:
        empty(card.text("card.motifs.none", motifs=record.tested["motif"], kmers=record.tested["k-mer"]))
        card.sections.append(Section(title, [note]))
        return
    figures = _table_and_logo(card, record, shown, source)
    name = {key: card.text(f"card.motif.{key}") for key in shown[0]}
    card.sections.append(Section(title, [note], [{name[key]: row[key] for key in row} for row in shown], figures))


def _source(card: Card) -> tuple[MotifSet | None, str]:
    """Draw which motifs are tested and return them."""
    found: dict[str, MotifSet] = {}
    own, world, file = atommotifs.run_motifs(card.scene), truth.at_hand(card.scene), session.get(MOTIFS)
    if own is not None:
        found["run"] = own
    if not isinstance(world, str):
        from metabam.data.worldlink import world_motifs

        found["world"] = world_motifs(world.truth)
    if file is not None:
        found["file"] = file[1]
    names = list(found)
    if not names:
        return None, ""
    if session.get(SOURCE) not in names:
        session.forget(SOURCE)
    chosen = st.segmented_control(
        card.text("card.motifs.source"),
        names,
        default=names[0],
        key=SOURCE,
        required=True,
        format_func=lambda name: card.text(f"card.motifs.source.{name}", n=len(found[name])),
    )
    name = str(chosen or names[0])
    return found[name], name


def _motif_file(card: Card) -> None:
    """Take a motif file of the reader; it stays in this session."""
    with st.popover(card.text("card.motifs.file"), icon=":material/upload_file:", width="stretch"):
        st.caption(card.text("card.motifs.file_help"))
        file = st.file_uploader(card.text("card.motifs.file"), type=["meme", "txt"], key="card_meme")
        kept = session.get(MOTIFS)
        if file is not None and (kept is None or kept[0] != (file.name, file.size)):
            from metabam.data.meme import parse_meme

            try:
                data = file.getvalue()[: MEME_CAP + 1]
                if len(data) > MEME_CAP:
                    raise ConfigError("meme-size", "the motif file is over 5 MB.", "Keep the motifs you need.")
                motifs = parse_meme(data.decode("utf-8", errors="replace"), file.name)
            except MetaBamError as error:
                st.error(f"{plain(error.message, 300)}  \n{plain(error.remedy, 200)}", icon=":material/error:")
                return
            session.put(MOTIFS, ((file.name, file.size), motifs))
            st.rerun()
        if kept is not None:
            st.caption(card.text("card.motifs.file_kept", name=plain(kept[0][0], 60), n=len(kept[1])))
            st.button(card.text("card.motifs.file_drop"), key="drop_meme", on_click=session.forget, args=(MOTIFS,))


def _balance(card: Card, record: EnrichmentRecord) -> str:
    """Return the sizes of both sets and how alike they are."""
    return card.text(
        "card.motifs.note",
        top=record.n_top,
        background=record.n_background,
        enhancers=" / ".join(str(n) for n in record.elements["enhancer"]),
        promoters=" / ".join(str(n) for n in record.elements["promoter"]),
        gc_e=" / ".join(f"{value:.2f}" for value in record.gc["enhancer"]),
        gc_p=" / ".join(f"{value:.2f}" for value in record.gc["promoter"]),
        distance=" / ".join(f"{value / 1e3:,.0f}" for value in record.distance),
        motifs=record.tested["motif"],
        kmers=f"{record.tested['k-mer']:,}",
    )


def _known(card: Card, source: str) -> MotifMatchRecord | None:
    """Return which of the run's motifs are known ones: kept by the run, else on request, for that takes a minute."""
    own, world, file = atommotifs.run_motifs(card.scene), truth.at_hand(card.scene), session.get(MOTIFS)
    if source != "run" or own is None:
        return None
    if file is not None:
        known = file[1]
    elif not isinstance(world, str):
        from metabam.data.worldlink import world_motifs

        known = world_motifs(world.truth)
    else:
        return None
    found = atommotifs.kept(card.scene, own, known) or _asked(card, own, known)
    if found is None:
        return None
    few = " " + card.text("card.motifs.few") if found.few_known else ""
    st.caption(card.text("card.motifs.compared", n=len(found.matches), tests=found.tested[0] * found.tested[1]) + few)
    return found


def _asked(card: Card, own: MotifSet, known: MotifSet) -> MotifMatchRecord | None:
    """Offer the comparison and return it once it was asked for; say how to add the library where it is missing."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            card.text("card.motifs.compare", n=len(known)),
            icon=":material/compare:",
            key="compare_motifs",
            on_click=session.put,
            args=(atommotifs.COMPARED, True),
            help=card.text("card.motifs.compare_help"),
        )
        if not session.get(atommotifs.COMPARED):
            return None
        try:
            with st.spinner(card.text("card.motifs.comparing"), show_time=True):
                return atommotifs.matches(own, known)
        except ConfigError as error:
            st.caption(f":material/extension_off: {plain(error.message)} `{error.remedy}`")
            return None


def enriched_rows(card: Card, record: EnrichmentRecord, compared: MotifMatchRecord | None) -> list[dict[str, Any]]:
    """Return one row per enriched motif or k-mer, best first, at most 12; all have q <= 0.05."""
    known = {} if compared is None else {match.motif: match for match in reversed(compared.matches)}
    rows = []
    for item in record.found[:MOST_ROWS]:
        row: dict[str, Any] = {
            "kind": card.text(f"card.motif.kind.{'motif' if item.kind == 'motif' else 'kmer'}"),
            "name": item.name,
        }
        if compared is not None:
            match = known.get(item.name) if item.kind == "motif" else None
            row["known"] = "–" if match is None else f"{match.known} (q {match.q:.1e}, {match.strand})"
        rows.append(
            row
            | {
                "side": card.text(f"card.motif.side.{item.side}"),
                "consensus": logo.consensus(item.pwm),
                "effect": f"AUROC {item.effect:.2f}" if item.kind == "motif" else f"log2 OR {item.effect:.1f}",
                "q": f"{item.q:.1e}",
            }
        )
    return rows


def _table_and_logo(
    card: Card, record: EnrichmentRecord, shown: list[dict[str, Any]], source: str
) -> list[theme.Figure]:
    """Draw the table and the logo of the selected row, from the very matrix that was tested."""
    name = {key: card.text(f"card.motif.{key}") for key in shown[0]}
    key = f"card_motifs_{card.atom}_{source}"
    selected = [row for row in rows_of(session.get(key)) if row < len(shown)]
    item: Enriched = record.found[selected[0] if selected else 0]
    figure = logo.logo_figure(
        [logo.Logo(item.name, item.pwm)],
        title=card.text("card.motif.logo", name=theme.label(item.name)),
        note=card.text(
            "card.motif.logo_note",
            side=card.text(f"card.motif.side.{item.side}"),
            effect=f"AUROC {item.effect:.2f}" if item.kind == "motif" else f"log2 OR {item.effect:.1f}",
            q=f"{item.q:.1e}",
        ),
        synthetic=card.scene.synthetic,
        lang=card.scene.lang,
    )
    if "known" in name:  # one column more: the logo goes below
        left, right = st.container(), st.columns([1.25, 1], gap="medium")[0]
    else:
        left, right = st.columns([1.25, 1], gap="medium")
    with left:
        st.dataframe(
            [{name[column]: value for column, value in row.items()} for row in shown],
            hide_index=True,
            key=key,
            on_select="rerun",
            selection_mode="single-row",
            height=table_height(len(shown), 330),
            alt=card.text("card.motif.alt", n=len(shown), name=item.name, q=f"{item.q:.1e}"),
        )
        st.caption(card.text("shell.shown", shown=len(shown), total=len(record.found)))
    with right:
        chart(figure, "card_logo", card.scene.lang, how="card.motifs.how", provenance=card.scene.comment())
        st.download_button(
            card.text("card.motifs.csv"),
            lambda: csv_text(shown, card.scene.comment()),
            f"metabam_atom{card.atom + 1}_enriched.csv",
            "text/csv",
            type="tertiary",
            icon=":material/download:",
            on_click="ignore",
            key="enriched_csv",
        )
    return [figure]


# ------------------------------------------------------------------ truth


def truth_part(card: Card) -> None:
    """Draw which planted mechanism the atom stands for, with sign, score and motif; a miss is said as plainly."""
    world = card.chosen.planted
    if world is None:
        return
    match = atomdata.recovery(card.scene, world)
    mechanism = match.of_atom(card.atom)
    best = int(np.argmax(np.abs(match.r[card.atom])))
    known = world.truth
    with st.container(border=True):
        if mechanism >= 0 and match.matched[mechanism]:
            facts = known.mechanisms[mechanism]
            sign = "plus" if match.score(mechanism) > 0 else "minus"
            said = card.text(
                "card.truth.hit",
                name=match.names[mechanism],
                kind=card.text(f"card.truth.kind.{facts['kind']}"),
                element=_element(card, str(facts["element"])),
                r=f"{match.score(mechanism):+.2f}",
                sign=card.text(f"card.truth.{sign}"),
            )
        else:
            mechanism = -1
            owner = int(match.atom[best]) + 1
            said = card.text(
                "card.truth.miss",
                name=match.names[best],
                r=f"{match.r[card.atom, best]:+.2f}",
                bar=f"{match.bar:g}",
                owner=owner if owner else "–",
            )
        if mechanism >= 0:
            said += " " + named_text(card, mechanism, world)
        missed = [name for name, hit in zip(match.names, match.matched, strict=True) if not hit]
        st.markdown(f":orange-badge[{card.text('card.truth')}] {said}")
        st.caption(
            card.text("card.truth.misses", n=len(missed), total=len(match.names), names=", ".join(missed) or "–")
        )
        figures = [] if mechanism < 0 else _planted_logo(card, mechanism)
    card.facts["truth"] = {"said": said, "missed": missed, "r": match.r[card.atom].tolist(), "names": list(match.names)}
    card.sections.append(Section(card.text("card.truth"), [said], figures=figures))


def named_text(card: Card, mechanism: int, world: truth.Planted) -> str:
    """Return in words which of a mechanism's planted motifs are among the atom's own, by motif comparison."""
    found = atommotifs.planted_q(card.scene, mechanism, card.atom, world)
    if found is None:
        return card.text("card.truth.not_compared")
    if not found:
        return ""
    said = [f"{name} (q = {q:.0e})" for name, q in found.items() if q is not None]
    rest = [name for name, q in found.items() if q is None]
    out = card.text("card.truth.named", motifs=card.text("shell.comma").join(said)) if said else ""
    return f"{out} {card.text('card.truth.unnamed', motifs=', '.join(rest))}".strip() if rest else out


def _element(card: Card, element: str) -> str:
    """Return the side of a mechanism in the reader's language."""
    return card.text(f"card.truth.element.{element if element in ('enhancer', 'promoter') else 'both'}")


def _planted_logo(card: Card, mechanism: int) -> list[theme.Figure]:
    """Draw the planted motifs of a mechanism above the run's motifs that the atom reads."""
    world = card.chosen.planted
    if world is None:
        return []
    pwms = {motif.name: motif.pwm for motif in world.truth.motifs}
    logos = [logo.Logo(str(name), pwms[str(name)]) for name in world.truth.mechanisms[mechanism]["motifs"]]
    logos = _with_own(card, logos)
    if not logos:
        st.caption(card.text("card.truth.no_motif"))
        return []
    figure = logo.logo_figure(
        logos,
        title=card.text("card.truth.logos"),
        note=card.text("card.truth.logos_note"),
        synthetic=card.scene.synthetic,
        lang=card.scene.lang,
    )
    chart(figure, "card_planted", card.scene.lang, provenance=card.scene.comment())
    return [figure]


def _with_own(card: Card, planted: list[logo.Logo]) -> list[logo.Logo]:
    """Return each planted motif with the run's most alike one below it, turned and shifted to fit, its cosine named."""
    from metabam.probe.motifs import aligned

    own, drawn = atommotifs.atom_motifs(card.scene, card.atom), []
    for item in planted:
        drawn.append(item)
        fits = [(aligned(pwm, item.pwm), name, pwm) for name, pwm in own]
        if fits:
            (start, turned, cosine), name, pwm = max(fits, key=lambda fit: fit[0][2])
            strand = "-" if turned else "+"
            drawn.append(logo.Logo(f"{name} ({strand}), cos {cosine:.2f}", pwm[::-1, ::-1] if turned else pwm, start))
    return drawn
