"""A figure that a notebook updates in place, where the optional package anywidget is installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import plotly
from plotly import graph_objects as go


def possible() -> bool:
    """Return whether a figure can be a widget here."""
    return find_spec("anywidget") is not None


def live_figure(figure: go.Figure, config: Mapping[str, object]) -> go.FigureWidget:
    """Return a figure as a widget; only where :func:`possible`."""
    widget = go.FigureWidget(figure)
    widget._config = {**widget._config, **config}
    return widget


def change(widget: go.FigureWidget, figure: go.Figure) -> None:
    """Give a widget the traces and the layout of another figure, in one message where the traces are alike."""
    if [trace.type for trace in widget.data] != [trace.type for trace in figure.data]:
        widget.data = ()
        widget.add_traces(figure.data)
        widget.layout = figure.layout
        return
    with widget.batch_update():
        for old, new in zip(widget.data, figure.data, strict=True):
            told = new.to_plotly_json()
            told.pop("type", None)
            old.update(told, overwrite=True)
        widget.layout.update(figure.layout.to_plotly_json(), overwrite=True)


def versions() -> str:
    """Return what to compare where a notebook shows blank figures."""
    return f"plotly {plotly.__version__}"
