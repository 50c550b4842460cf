"""The motif track of the Sequence lens: whose motifs, which sites, and the atoms behind a clicked one."""

from __future__ import annotations

from typing import Final

import streamlit as st

from metabam.app import cache, lens, navigation, session
from metabam.app.layout import Scene
from metabam.app.lens import Lens
from metabam.app.widgets import empty, plain, points_of
from metabam.errors import InputError, MetaBamError
from metabam.files import sha256
from metabam.records import MotifHitRecord, MotifSet

FILE: Final = "upload_motifs"
CAP: Final = 5 * 2**20
GO: Final = "lens_go"


def source(scene: Scene) -> tuple[str, MotifSet] | None:
    """Draw whose motifs are looked for; return the brought ones, or None for the run's own."""
    kept = session.get(lens.MOTIFS)
    brought = kept if kept is not None and kept[1] is not None else None
    with st.popover(scene.text("sequence.motifs"), icon=":material/upload_file:"):
        st.markdown(scene.text("sequence.motifs_help"))
        name = f"{FILE}_{session.get('forgotten', 0)}"
        st.file_uploader(
            scene.text("sequence.motifs_file"), key=name, max_upload_size=5, on_change=_take_motifs, args=(name,)
        )
        if kept is not None and kept[1] is None:
            st.error(plain(kept[2], 300), icon=":material/error:")
    if brought is None:
        return None
    own = st.segmented_control(
        scene.text("sequence.motifs_from"),
        ["file", "run"],
        default="file",
        key="lens_motifs_from",
        required=True,
        format_func=lambda item: scene.text(f"sequence.motifs_from.{item}", n=len(brought[1])),
    )
    return (str(brought[0]), brought[1]) if own == "file" else None


def _take_motifs(name: str) -> None:
    """Read an uploaded motif file; its size and form are judged here, on the bytes."""
    from metabam.data.meme import parse_meme

    file = session.get(name)
    if file is None:
        session.forget(lens.MOTIFS)
        return
    data = file.getvalue()[: CAP + 1]
    try:
        if len(data) > CAP:
            raise InputError("motif-file", "the file is larger than 5 MiB.", "Bring fewer motifs.")
        found = parse_meme(data.decode("utf-8", errors="replace"), "the file")
        session.put(lens.MOTIFS, (sha256(data), found, ""))
    except MetaBamError as error:
        session.put(lens.MOTIFS, ("", None, f"{error.message} {error.remedy}"))


def found(scene: Scene, result: Lens, brought: tuple[str, MotifSet] | None) -> MotifHitRecord | None:
    """Return the motif sites, or say why there are none to look for."""
    try:
        return lens.hits_of(scene, result, brought)
    except InputError as error:
        remedy = scene.text("sequence.no_dictionary_do") if error.code == "no-motifs" else plain(error.remedy)
        empty(scene.text("sequence.no_dictionary") if error.code == "no-motifs" else plain(error.message), remedy)
        return None


def note(scene: Scene, hits: MotifHitRecord | None, brought: tuple[str, MotifSet] | None) -> None:
    """Say how many sites of how many tested are drawn, or that none is."""
    if hits is None:
        return
    source = scene.text(f"sequence.motifs_from.{hits.source}", n=hits.n_motifs)
    if hits.hits:
        told = scene.text("sequence.hits", n=len(hits.hits), tested=f"{hits.tested:,}", source=source)
        st.caption(f":material/data_array: {told} {scene.text('sequence.hits_click')}")
    else:
        empty(
            scene.text("sequence.no_hits", tested=f"{hits.tested:,}", source=source, q=hits.best_q),
            scene.text("sequence.no_hits_file" if brought is not None else "sequence.no_hits_run"),
        )


def clicked(scene: Scene, hits: MotifHitRecord | None, event: object) -> None:
    """Show which atoms read the motif of a clicked site."""
    for point in points_of(event):
        told = str(point.get("id", ""))
        if told.startswith("hit,") and told[4:].isdigit():
            session.put("lens_hit", int(told[4:]))
    at = session.get("lens_hit")
    if hits is None or at is None or at >= len(hits.hits):
        return
    hit = hits.hits[at]
    with st.container(border=True):
        st.markdown(
            scene.text(
                "sequence.hit",
                name=plain(hit.name, 40),
                side=scene.text(f"fig.seq.{hit.side}"),
                start=hit.start,
                end=hit.end,
                strand=plain(hit.strand),
                q=hit.q,
            )
        )
        if hits.source != "run":
            st.caption(scene.text("sequence.hit_file"))
            return
        atoms = lens.atoms_of_motif(cache.model(scene.run), hit.motif, scene.lang)
        if not atoms:
            st.caption(scene.text("sequence.hit_unused"))
            return
        st.caption(scene.text("sequence.hit_atoms"))
        for k, feature, weight in atoms[:3]:
            told = scene.text("sequence.hit_atom", k=k + 1, feature=feature, weight=weight)
            st.button(
                told,
                key=f"open_atom_{k + 1}",
                icon=":material/grain:",
                type="tertiary",
                on_click=session.put,
                args=(GO, str(k + 1)),
            )


def leave() -> None:
    """Open the atom whose button was pressed."""
    atom = session.take(GO)
    if atom is not None:
        navigation.go("atoms", atom=str(atom))
