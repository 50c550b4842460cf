"""Bases in a notebook: what carries one pair's prediction, or feeds one atom, with mutagenesis and motif sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metabam.notebook.opened import Demo
from metabam.notebook.panels import Panel, Section, dropdown, number
from metabam.plots.sequence import SIDES, Site, Window
from metabam.records import AttributionRecord, ByteArray, Fingerprint, MotifHit, PairTable
from metabam.texts import text

if TYPE_CHECKING:
    from metabam.learners.differentiable import Target
    from metabam.probe.attribute import Baseline, Method

WINDOW = 60
SMOOTH = 11
STRONGEST = 30


def elements(opened: Demo, table: PairTable, row: int) -> tuple[ByteArray, ByteArray]:
    """Return enhancer and promoter of one pair as the encoder reads them, (L_E,) and (L_P,) codes."""
    from metabam.data.elements import windows_of

    predictor = opened.predictor
    one = table.take(np.array([row]))
    windows, _ = windows_of(one, predictor.genome, predictor.enhancer_window, predictor.promoter_window)
    return windows.enhancers[windows.enhancer_index[0]], windows.promoters[windows.promoter_index[0]]


def attribution(
    opened: Demo,
    fingerprint: Fingerprint,
    table: PairTable,
    row: int,
    *,
    target: Target = "logit",
    atom: int = 1,
    method: Method = "integrated_gradients",
    baseline: Baseline = "shuffle",
) -> AttributionRecord:
    """Return what each base of one pair adds to the logit, or to p_k or h_k of an atom counted from 1."""
    from metabam.probe.attribute import attribute_bases

    return attribute_bases(
        opened.learner,
        opened.encoder,
        fingerprint,
        *elements(opened, table, row),
        target=target,
        atom=atom - 1,
        method=method,
        baseline=baseline,
    )


def planted_sites(opened: Demo, table: PairTable, row: int) -> list[Site]:
    """Return what the world planted in a pair, [start, end) in the windows that the encoder reads."""
    at = opened.truth.rows_of(table.pair_id[[row]])[0]
    widths = {motif.name: motif.width for motif in opened.truth.motifs}
    predictor, found = opened.predictor, []
    for side, window in zip(SIDES, (predictor.enhancer_window, predictor.promoter_window), strict=True):
        length = int(getattr(table, f"{side}_end")[row] - getattr(table, f"{side}_start")[row])
        offset = -((length - window) // 2) if length >= window else (window - length) // 2
        for part in filter(None, str(getattr(opened.truth, f"{side}_sites")[at]).split(";")):
            name, start = part.split(":")[:2]
            found.append(Site(name, side, int(start) + offset, int(start) + offset + widths[name]))
    return found


def motif_hits(opened: Demo, enhancer: ByteArray, promoter: ByteArray) -> tuple[MotifHit, ...]:
    """Return the motif sites of two elements with q <= 0.05: the run's own motifs, else the world's."""
    from metabam.data.worldlink import world_motifs
    from metabam.probe.hits import dictionary_hits, scan_motifs
    from metabam.records import MotifSet

    if isinstance(getattr(opened.encoder, "motifs", None), MotifSet):
        return dictionary_hits(opened.encoder, enhancer, promoter).hits
    return scan_motifs(world_motifs(opened.truth), enhancer, promoter).hits


def window_of(record: AttributionRecord, width: int = WINDOW) -> Window:
    """Return the stretch around the 11 bp with the largest mean |attribution|, on whichever side they are."""
    best = (-1.0, SIDES[0], 0)
    for side in SIDES:
        size = np.abs(getattr(record, side))
        means = np.convolve(size, np.ones(SMOOTH) / SMOOTH, mode="valid")
        at = int(np.argmax(means))
        best = max(best, (float(means[at]), side, at + SMOOTH // 2))
    length = len(getattr(record, best[1]))
    start = min(max(0, best[2] - width // 2), max(0, length - width))
    return Window(best[1], start, min(length, start + width))


def sequence_view(
    opened: Demo,
    *,
    line: str,
    pair: int = 1,
    target: Target = "logit",
    atom: int = 1,
    method: Method = "integrated_gradients",
    baseline: Baseline = "shuffle",
    lang: str = "en",
) -> Section:
    """Return both tracks of one pair, letters and mutagenesis of its strongest stretch, and the strongest bases.

    Parameters
    ----------
    pair
        Place in the line's example queries by falling prediction, counted from 1.
    """
    from metabam.plots.basewindow import letters_figure, mutagenesis_figure
    from metabam.plots.sequence import tracks_figure
    from metabam.probe.mutagenesis import mutate_window

    fingerprint, table, order = ranked(opened, line)
    row = int(order[pair - 1])
    record = attribution(opened, fingerprint, table, row, target=target, atom=atom, method=method, baseline=baseline)
    codes = {"enhancer": record.enhancer_codes, "promoter": record.promoter_codes}
    window = window_of(record)
    mutated = mutate_window(
        opened.learner,
        opened.encoder,
        fingerprint,
        codes["enhancer"],
        codes["promoter"],
        side=window.side,
        start=window.start,
        end=window.end,
        target=target,
        atom=atom - 1,
        attribution=record,
    )
    hits = motif_hits(opened, codes["enhancer"], codes["promoter"])
    planted = planted_sites(opened, table, row)
    marks: dict[str, Any] = {"synthetic": opened.synthetic, "lang": lang}
    figures = (
        tracks_figure(record, hits, planted, window=window, **marks),
        letters_figure(record, window, hits, planted, mutated, **marks),
        mutagenesis_figure(mutated, codes[window.side], **marks),
    )
    note = text(
        "notebook.lens",
        lang,
        pair=str(table.pair_id[row]),
        total=record.total,
        gap=record.value - record.baseline,
        residual=record.residual,
        share=record.enhancer_share,
        agreement=mutated.agreement,
    )
    return Section(figures, base_table(record), note)


def ranked(opened: Demo, line: str) -> tuple[Fingerprint, PairTable, Any]:
    """Return the fingerprint of a line's example support, its queries, and their order by falling prediction."""
    key = f"ranked {line}"
    if key not in opened.kept:
        fingerprint, table = opened.predictor.adapt(opened.support(line)), opened.queries(line)
        logit = opened.predictor.score(fingerprint, table)["logit"].to_numpy()
        opened.kept[key] = fingerprint, table, np.argsort(-logit, kind="stable")
    found: tuple[Fingerprint, PairTable, Any] = opened.kept[key]
    return found


def base_table(record: AttributionRecord, most: int = STRONGEST) -> pd.DataFrame:
    """Return the bases with the largest |attribution|, positions 0-based in the window."""
    sides = [
        pd.DataFrame(
            {
                "side": side,
                "position": np.arange(len(getattr(record, side))),
                "base": ["ACGTN"[code] for code in getattr(record, f"{side}_codes")],
                "attribution": getattr(record, side),
            }
        )
        for side in SIDES
    ]
    table = pd.concat(sides, ignore_index=True)
    return table.reindex(table["attribution"].abs().sort_values(ascending=False).index[:most]).reset_index(drop=True)


def sequence_lens(opened: Demo, lang: str = "en") -> Panel:
    """Return a panel: choose a line, a pair by rank of its prediction, what is explained and how; takes seconds."""

    def read(**chosen: Any) -> Section:
        return sequence_view(opened, lang=lang, **chosen)

    def told(kind: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
        return [(text(f"notebook.{kind}.{name}", lang), name) for name in names]

    methods = told("method", ("integrated_gradients", "feature_ablation"))
    baselines = told("baseline", ("shuffle", "uniform", "zeros"))
    controls = {
        "line": dropdown("line", opened.lines, lang),
        "pair": number("pair", 1, 100, 1, lang),
        "target": dropdown("target", told("target", ("logit", "potential", "state")), lang, "logit"),
        "atom": number("atom", 1, len(opened.learner.atoms), 1, lang),
        "method": dropdown("method", methods, lang, "integrated_gradients"),
        "baseline": dropdown("baseline", baselines, lang, "shuffle"),
    }
    return Panel(read, controls, lang)
