"""One panel for all twins: controls on top, what is wrong below them, then figures and a table.

A slider calls the model when it is let go. An error appears above the figures, and the last good view stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from html import escape
from typing import TYPE_CHECKING, Any

from metabam.errors import MetaBamError
from metabam.texts import text

if TYPE_CHECKING:
    import pandas as pd

FIGURE_CONFIG = {"showSendToCloud": False, "displaylogo": False}
MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class Section:
    """What one setting of a twin shows, without any widget: figures, the table behind them, one line of numbers."""

    figures: tuple[Any, ...] = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    note: str = ""

    def show(self) -> pd.DataFrame:
        """Draw the figures as they are and return the table: what a saved notebook keeps."""
        for figure in self.figures:
            show(figure)
        if self.note:
            print(self.note)
        return self.table


def show(figure: Any) -> None:
    """Display a Plotly figure without the button that uploads it; Jupyter's own extension draws it, offline."""
    figure.show(config=FIGURE_CONFIG)


def errors_into(message: Any, lang: str = "en") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator: a callback's error is shown in a widget instead of vanishing in the kernel's log."""

    def decorated(callback: Callable[..., None]) -> Callable[..., None]:
        @wraps(callback)
        def guarded(*given: object) -> None:
            try:
                callback(*given)
            except MetaBamError as error:
                message.value = f"<b>{escape(error.message)}</b> {escape(error.remedy)}"
            except Exception as error:  # a notebook's kernel would swallow it
                told = text("notebook.failed", lang, kind=type(error).__name__)
                message.value = f"<b>{escape(told)}</b> {escape(str(error)[:300])}"

        return guarded

    return decorated


class Panel:
    """Controls that read a :class:`Section` anew; the last good one is ``section``, the widgets are ``controls``."""

    def __init__(self, read: Callable[..., Section], controls: Mapping[str, Any], lang: str = "en") -> None:
        """Draw the first section; what goes wrong there is raised, later errors are shown in the panel."""
        import ipywidgets as widgets

        from metabam.plots import livefigure

        self.controls = dict(controls)
        self.message = widgets.HTML()
        self._read = read
        self._figures = widgets.VBox()
        self._table = widgets.HTML()
        self.section = self._now()
        self._draw()
        guarded = errors_into(self.message, lang)(self._redraw)
        for control in self.controls.values():
            if control.has_trait("continuous_update"):
                control.continuous_update = False
            control.observe(guarded, names="value")
        row = widgets.HBox(list(self.controls.values()), layout={"flex_flow": "row wrap"})
        said = [] if livefigure.possible() else [widgets.HTML(_versions(lang))]
        self.box = widgets.VBox([row, self.message, self._figures, self._table, *said])

    def _now(self) -> Section:
        return self._read(**{name: control.value for name, control in self.controls.items()})

    def _redraw(self, _change: object = None) -> None:
        self.section = self._now()
        self._draw()

    def _draw(self) -> None:
        """Put the section on the screen."""
        import ipywidgets as widgets

        from metabam.plots import livefigure

        places = list(self._figures.children)
        fresh = len(places) != len(self.section.figures)
        if fresh:
            places = []
        for at, figure in enumerate(self.section.figures):
            alive = livefigure.possible()
            if fresh:
                places.append(livefigure.live_figure(figure, FIGURE_CONFIG) if alive else widgets.Output())
            elif alive:
                livefigure.change(places[at], figure)
        if fresh:
            self._figures.children = tuple(places)
        for place, figure in zip(places, self.section.figures, strict=True):
            if isinstance(place, widgets.Output):
                with place:
                    place.clear_output(wait=True)
                    show(figure)
        rows = self.section.table
        self._table.value = rows.head(MOST_ROWS).to_html(index=False, float_format="{:.3g}".format, border=0)
        self.message.value = escape(self.section.note)

    def _repr_mimebundle_(self, **asked: Any) -> Any:
        """Return what a notebook displays."""
        return self.box._repr_mimebundle_(**asked)


def _versions(lang: str) -> str:
    """Return what to compare where figures stay blank: mostly two versions that do not match."""
    import ipywidgets

    from metabam.plots import livefigure

    found = f"{livefigure.versions()}, ipywidgets {ipywidgets.__version__}"
    return f"<small>{escape(text('notebook.versions', lang, found=found))}</small>"


def named(key: str, lang: str) -> str:
    """Return the label of a control."""
    return text(f"notebook.control.{key}", lang)


def dropdown(key: str, options: Any, lang: str, value: Any = None) -> Any:
    """Return a choice among options."""
    import ipywidgets as widgets

    listed = list(options)
    return widgets.Dropdown(options=listed, value=listed[0] if value is None else value, description=named(key, lang))


def number(key: str, low: int, high: int, value: int, lang: str) -> Any:
    """Return a slider of whole numbers that reports when it is let go."""
    import ipywidgets as widgets

    return widgets.IntSlider(min=low, max=high, value=value, description=named(key, lang), continuous_update=False)


def amount(key: str, low: float, high: float, value: float, step: float, lang: str) -> Any:
    """Return a slider of numbers that reports when it is let go."""
    import ipywidgets as widgets

    return widgets.FloatSlider(
        min=low, max=high, value=value, step=step, description=named(key, lang), continuous_update=False
    )


def switch(key: str, lang: str, *, value: bool = False) -> Any:
    """Return a check box."""
    import ipywidgets as widgets

    return widgets.Checkbox(value=value, description=named(key, lang))
