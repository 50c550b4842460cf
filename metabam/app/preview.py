"""How a support was read, before it is used: which column became what, and the first bases of its first pair."""

from __future__ import annotations

import streamlit as st

from metabam.app import cache
from metabam.app.adaptation import Loaded
from metabam.app.layout import Scene
from metabam.app.widgets import table_height

SHOWN_BASES = 20


def as_read(scene: Scene, loaded: Loaded) -> None:
    """Draw the columns as they were read beside the first bases of the first pair, where there are any."""
    columns = mapping_rows(loaded)
    bases, from_genome = first_bases(loaded, scene)
    if not columns and not bases:
        return
    left, right = st.columns(2, gap="large")
    if columns:
        with left:
            st.markdown(f"**{scene.text('live.mapping')}**", help=scene.text("live.mapping_help"))
            st.dataframe(
                [{scene.text(f"live.mapping.{name}"): value for name, value in row.items()} for row in columns],
                hide_index=True,
                height=table_height(len(columns), 312),
                key=f"mapping_{loaded.sha256[:12]}",
                alt=scene.text("live.mapping.alt", n=len(columns), name=loaded.name[:60]),
            )
    with right:
        st.markdown(f"**{scene.text('live.first')}**", help=scene.text("live.first_help"))
        if bases:
            st.dataframe(
                [
                    {
                        scene.text("live.first.element"): scene.text(f"live.first.{side}"),
                        scene.text("live.first.place"): place,
                        scene.text("live.first.bases"): letters,
                    }
                    for side, place, letters in bases
                ],
                hide_index=True,
                key=f"first_{loaded.sha256[:12]}",
                alt=scene.text("live.first.alt", place=bases[0][1], bases=bases[0][2]),
            )
            st.caption(scene.text("live.first.genome" if from_genome else "live.first.table"))
        else:
            st.caption(":material/help: " + scene.text("live.first.none"))


def mapping_rows(loaded: Loaded) -> list[dict[str, str]]:
    """Return one row per column that is used: what it is read as, its name in the file, its first cell."""
    result = loaded.result
    first = result.rows[0] if result.rows else ()
    rows: list[dict[str, str]] = []
    for field, column in result.mapping.items():
        place = result.header.index(column) if column in result.header else -1
        cell = first[place] if 0 <= place < len(first) else ""
        rows.append({"field": field, "column": column, "first": cell if len(cell) <= 24 else cell[:23] + "…"})
    return rows


def first_bases(loaded: Loaded, scene: Scene) -> tuple[list[tuple[str, str, str]], bool]:
    """Return (side, place, first bases) of the first usable pair, and whether they come from the genome.

    A table that carries its own sequences is read by them, so these are shown; otherwise the genome's.
    """
    from metabam.data.upload import first_pair

    result = loaded.result
    if result.refused or not len(result.table):
        return [], False
    table = result.table
    if table.enhancer_seq is not None and table.promoter_seq is not None:
        given = [
            (
                side,
                f"{getattr(table, f'{side}_chrom')[0]}:{getattr(table, f'{side}_start')[0]}"
                f"-{getattr(table, f'{side}_end')[0]}",
                str(getattr(table, f"{side}_seq")[0])[:SHOWN_BASES].upper(),
            )
            for side in ("enhancer", "promoter")
        ]
        if all(letters for _, _, letters in given):
            return given, False
    genome = cache.genome(scene.summary.run_id)
    if genome is None:
        return [], False
    told = first_pair(result, genome, SHOWN_BASES)
    return [(side, *_split(said)) for side, said in told.items()], True


def _split(said: str) -> tuple[str, str]:
    """Return place and bases of ``chr1:1000-1400 ACGT``."""
    place, _, letters = said.rpartition(" ")
    return place, letters
