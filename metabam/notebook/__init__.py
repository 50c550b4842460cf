"""The model in a Jupyter notebook: the bundled demo at hand, the app's own figures, and a panel for each page.

Everything drawn here comes from the same functions as the pages of the app; this is the only door to ipywidgets. Each
twin has two forms: a function that returns a :class:`Section` (figures and a table, no widget), and a panel of controls
that reads it anew.

==================  =====================  ==========================
page                section                panel
==================  =====================  ==========================
Training monitor    :func:`training`       :func:`training_view`
Atoms               :func:`card`           :func:`atom_browser`
Sequence lens       :func:`sequence_view`  :func:`sequence_lens`
Mechanism ablation  :func:`ablation`       :func:`ablation_panel`
Fingerprint drift   :func:`drift`          :func:`drift_panel`
Context manifold    :func:`manifold`       :func:`manifold_view`
Adapt live          :func:`adaptation`     :func:`adapt_panel`
Design my support   :func:`design`         :func:`design_panel`
==================  =====================  ==========================
"""

from __future__ import annotations

from metabam.notebook.adapting import adapt_panel, adaptation, queries_figure, repeated, session_json
from metabam.notebook.atoms import (
    atom_browser,
    card,
    gallery,
    gallery_table,
    planted_gates,
    recovery,
    spectrum,
    training_pairs,
)
from metabam.notebook.lens import attribution, planted_sites, ranked, sequence_lens, sequence_view
from metabam.notebook.opened import Demo, demo, judged, read_support
from metabam.notebook.panels import FIGURE_CONFIG, Panel, Section, errors_into, show
from metabam.notebook.placing import cloud, manifold, manifold_view
from metabam.notebook.planning import design, design_panel, order_sheet, plan
from metabam.notebook.removing import ablated, ablation, ablation_panel
from metabam.notebook.swapping import drift, drift_panel
from metabam.notebook.watching import phases, training, training_view

__all__ = [
    "FIGURE_CONFIG",
    "Demo",
    "Panel",
    "Section",
    "ablated",
    "ablation",
    "ablation_panel",
    "adapt_panel",
    "adaptation",
    "atom_browser",
    "attribution",
    "card",
    "cloud",
    "demo",
    "design",
    "design_panel",
    "drift",
    "drift_panel",
    "errors_into",
    "gallery",
    "gallery_table",
    "judged",
    "manifold",
    "manifold_view",
    "order_sheet",
    "phases",
    "plan",
    "planted_gates",
    "planted_sites",
    "queries_figure",
    "ranked",
    "read_support",
    "recovery",
    "repeated",
    "sequence_lens",
    "sequence_view",
    "session_json",
    "show",
    "spectrum",
    "training",
    "training_pairs",
    "training_view",
]
