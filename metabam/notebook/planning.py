"""Designing a support in a notebook: which pairs to test next, and whether planning pays where labels are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from metabam.notebook.opened import Demo
from metabam.notebook.panels import Panel, Section, dropdown, number, switch
from metabam.records import DesignRecord, Fingerprint, FloatArray, PairTable, PosteriorDraws
from metabam.texts import text

DRAWS = 512


def plan(
    opened: Demo,
    candidates: PairTable,
    start: Fingerprint | None = None,
    *,
    size: int = 16,
    draws: int = DRAWS,
    seed: int = 0,
) -> DesignRecord:
    """Return the pairs that are expected to teach most about z_c; labels of the candidates are not looked at.

    Parameters
    ----------
    candidates
        Every row must be readable.
    start
        Where planning starts: the fingerprint of a first support; the prior by default.

    Raises
    ------
    InputError
        ``support-row``: a candidate cannot be read; ``too-few-candidates``.
    """
    from metabam.data.elements import element_identities
    from metabam.learners.posterior import posterior_draws
    from metabam.probe.design import Rules, plan_support

    features = _readable(opened, candidates)
    belief = opened.predictor.prior() if start is None else start
    enhancer, promoter = element_identities(candidates)

    def draw(at: int) -> PosteriorDraws:
        return posterior_draws(opened.learner, belief, features, draws, seed=at)

    return plan_support(draw, Rules(size=size, enhancer=enhancer, promoter=promoter), seed=seed)


def _readable(opened: Demo, table: PairTable) -> FloatArray:
    from metabam.errors import InputError

    features, status = opened.predictor.features(table)
    bad = np.flatnonzero(status != "ok")
    if len(bad):
        listed = ", ".join(str(table.line[row]) for row in bad[:10])
        raise InputError("support-row", f"{len(bad)} candidates cannot be read: lines {listed}.", "Remove them.")
    return features


def design(
    opened: Demo, *, line: str, size: int = 16, adapted: bool = False, seed: int = 0, lang: str = "en"
) -> Section:
    """Return a batch chosen among a line's example queries: gain by pick beside simpler choices, and the order sheet.

    ``adapted`` plans on top of the line's 16 example pairs instead of the prior.
    """
    from metabam.plots.design import candidates_figure, gain_figure, spread_figure

    table = opened.queries(line)
    start = opened.predictor.adapt(opened.support(line)) if adapted else None
    record = plan(opened, table, start, size=size, seed=seed)
    marks: dict[str, Any] = {"synthetic": opened.synthetic, "lang": lang}
    names = [str(name) for name in table.pair_id]
    figures = (
        candidates_figure(record, table.distance(), names, np.zeros(len(table), dtype=bool), **marks),
        gain_figure(record, **marks),
        spread_figure(record, **marks),
    )
    note = text(
        "notebook.design",
        lang,
        size=len(record.chosen),
        n=len(table),
        gain=float(record.gain[-1]),
        random=float(record.random_gain[:, -1].mean()),
        positives=record.expected_positives,
        one_class=record.one_class,
    )
    if record.saturated:
        note += " " + text("notebook.design.saturated", lang)
    return Section(figures, order_sheet(table, record), note)


def order_sheet(table: PairTable, record: DesignRecord) -> pd.DataFrame:
    """Return the chosen pairs in the order picked, with what each is expected to teach and an empty label column."""
    rows = record.chosen
    return pd.DataFrame(
        {
            "pick": np.arange(1, len(rows) + 1),
            "pair_id": table.pair_id[rows],
            "chrom": table.enhancer_chrom[rows],
            "enhancer_start": table.enhancer_start[rows],
            "enhancer_end": table.enhancer_end[rows],
            "promoter_start": table.promoter_start[rows],
            "promoter_end": table.promoter_end[rows],
            "gain_nats": np.diff(record.gain, prepend=0.0),
            "single_gain_nats": record.single[rows],
            "probability": record.probability[rows],
            "label": [""] * len(rows),
        }
    )


def design_panel(opened: Demo, lang: str = "en") -> Panel:
    """Return a panel: candidates of which line, how many pairs, from the prior or on top of a first support."""

    def read(**chosen: Any) -> Section:
        return design(opened, lang=lang, **chosen)

    controls = {
        "line": dropdown("line", opened.lines, lang),
        "size": number("size", 1, 16, 16, lang),
        "adapted": switch("adapted", lang),
        "seed": number("seed", 0, 19, 0, lang),
    }
    return Panel(read, controls, lang)
