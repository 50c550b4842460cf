"""The context manifold in a notebook: supports of the training lines, and where new lines lie among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from metabam.notebook.opened import Demo
from metabam.notebook.panels import Panel, Section, dropdown, number
from metabam.records import CloudRecord, Fingerprint, LayoutRecord
from metabam.texts import text

SUPPORTS = 200


def cloud(opened: Demo) -> tuple[CloudRecord, LayoutRecord | None]:
    """Return the cloud of 16-pair supports and its UMAP as the run stores them; computed, without UMAP, otherwise."""
    if "cloud" not in opened.kept:
        from metabam.probe.manifold import load_map, support_cloud

        stored = load_map(opened.run.folder)
        opened.kept["cloud"] = stored or (support_cloud(opened.learner, opened.contexts, supports=SUPPORTS), None)
    found: tuple[CloudRecord, LayoutRecord | None] = opened.kept["cloud"]
    return found


def views(opened: Demo) -> list[str]:
    """Return the maps that can be drawn: UMAP only where the run stores one."""
    return ["pca", *(["umap"] if cloud(opened)[1] is not None else []), "raw"]


def manifold(
    opened: Demo,
    *,
    view: str = "pca",
    colour: str = "line",
    gate: int = 1,
    fingerprints: Mapping[str, Fingerprint] | None = None,
    lang: str = "en",
) -> Section:
    """Return the map with new lines on it, the map by one gate, and the nearest training lines by distance in z.

    Parameters
    ----------
    view
        One of :func:`views`; ``raw`` shows the first two dimensions of z.
    colour
        ``line``, or ``sigma``, ``positives``, ``auroc`` where the run judged its supports.
    fingerprints
        New lines by name; the example lines, each after its 16 pairs, by default.
    """
    from metabam.plots.manifold import MapView, Newcomers, gates_figure, map_figure
    from metabam.probe.manifold import pca_layout, place, project, raw_layout

    points, stored = cloud(opened)
    layout = stored if view == "umap" and stored is not None else None
    if layout is None:
        layout = raw_layout(points, 0, 1) if view == "raw" else pca_layout(points)
    new = examples(opened) if fingerprints is None else dict(fingerprints)
    placed = place(points, layout, list(new.values()))
    stars = project(points, layout, points.full, np.zeros_like(points.full))[0]
    drawn = MapView(
        points,
        layout,
        [f"{points.lines[line]}#{at + 1}" for at, line in enumerate(points.line.tolist())],
        stars,
        lines=points.lines,
        new=Newcomers(tuple(new), placed.coordinates, placed.ellipse, [fingerprints is not None] * len(new)),
    )
    marks: dict[str, Any] = {"synthetic": opened.synthetic, "lang": lang}
    figures = (map_figure(drawn, colour=colour, **marks), gates_figure(drawn, [gate], **marks))
    table = pd.DataFrame(
        {
            "line": list(new),
            "nearest": [points.lines[at] for at in placed.nearest[:, 0]],
            "distance": placed.distance[:, 0],
            "second": [points.lines[at] for at in placed.nearest[:, 1]],
            "second_distance": placed.distance[:, 1],
            "inside_hull": placed.inside,
        }
    )
    note = text(
        "notebook.manifold",
        lang,
        n=len(points.mean),
        lines=len(points.lines),
        trust=layout.trustworthiness,
        overlap=layout.overlap,
        inside=int(placed.inside.sum()),
        total=len(new),
    )
    return Section(figures, table, note)


def examples(opened: Demo) -> dict[str, Fingerprint]:
    """Return the example lines, each after its 16 pairs; computed once."""
    if "examples" not in opened.kept:
        opened.kept["examples"] = {name: opened.predictor.adapt(opened.support(name)) for name in opened.lines}
    found: dict[str, Fingerprint] = opened.kept["examples"]
    return found


def manifold_view(opened: Demo, fingerprints: Mapping[str, Fingerprint] | None = None, lang: str = "en") -> Panel:
    """Return a panel: which map, what colours the supports, which gate the second map shows."""

    def read(**chosen: Any) -> Section:
        return manifold(opened, fingerprints=fingerprints, lang=lang, **chosen)

    judged = bool(np.isfinite(cloud(opened)[0].auroc).any())
    colours = ["line", "sigma", "positives", *(["auroc"] if judged else [])]
    controls = {
        "view": dropdown("view", [(text(f"notebook.view.{name}", lang), name) for name in views(opened)], lang, "pca"),
        "colour": dropdown("colour", [(text(f"notebook.colour.{name}", lang), name) for name in colours], lang, "line"),
        "gate": number("atom", 1, len(opened.learner.atoms), 1, lang),
    }
    return Panel(read, controls, lang)
