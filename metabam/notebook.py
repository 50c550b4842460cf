"""The model in a Jupyter notebook: the bundled demo at hand, the app's own figures, and one interactive panel.

Everything drawn here comes from the same functions as the pages of the app; this is the only door to ipywidgets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import metabam
from metabam.errors import InputError, MetaBamError
from metabam.records import Fingerprint, PairTable

if TYPE_CHECKING:
    import pandas as pd

    from metabam.data.worldfiles import Truth
    from metabam.score import Predictor
    from metabam.train.run import Run

FIGURE_CONFIG = {"showSendToCloud": False, "displaylogo": False}


@dataclass(frozen=True, slots=True)
class Demo:
    """The bundled run, its predictor, the truth of the planted world it was trained on, and example tables.

    ``lines`` are the cell lines with example tables: the run never saw them.
    """

    run: Run
    predictor: Predictor[Fingerprint]
    truth: Truth
    lines: tuple[str, ...]
    folder: Path

    def support(self, line: str, *, shuffled: bool = False) -> PairTable:
        """Return the 16 labelled example pairs of a line; ``shuffled``: the same pairs, their labels permuted."""
        return read_support(self.folder / f"support_{line}{'_shuffled' if shuffled else ''}.tsv")

    def queries(self, line: str) -> PairTable:
        """Return the example queries of a line, labelled, sharing no element with its support."""
        from metabam.data.pairs import read_table

        result = read_table(self.folder / f"queries_{line}.tsv", role="query")
        result.raise_if_refused()
        return result.table

    def planted_probability(self, line: str, table: PairTable) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return the Bayes probability of each pair in a line, (B,): what the generator of the labels knew."""
        rows = self.truth.rows_of(table.pair_id)
        return np.asarray(self.truth.probability[rows, self.truth.lines.index(line)])


def demo() -> Demo:
    """Open the bundled demo.

    Raises
    ------
    InputError
        ``no-demo`` where the package was installed without its assets.
    """
    from metabam.data.worldfiles import read_truth
    from metabam.score import Predictor
    from metabam.train.run import RunStore

    assets = Path(metabam.__file__).resolve().parent.parent / "assets"
    if not (assets / "demo").is_dir():
        raise InputError("no-demo", "the bundled demo is not beside the package.", "Run `python assets/build.py`.")
    run = RunStore(assets).open("demo")
    lines = tuple(sorted(path.stem.removeprefix("queries_") for path in (assets / "examples").glob("queries_*.tsv")))
    return Demo(run, Predictor.of_run(run, None), read_truth(assets / "world"), lines, assets / "examples")


def read_support(path: Path | str) -> PairTable:
    """Return the labelled pairs of a CSV or TSV file, 4 to 64 of them.

    Raises
    ------
    InputError
        Any bad row refuses the table; the message lists all of them.
    """
    from metabam.data.pairs import read_table

    result = read_table(Path(path), role="support")
    result.raise_if_refused()
    return result.table


def show(figure: Any) -> None:
    """Display a Plotly figure without the button that uploads it."""
    figure.show(config=FIGURE_CONFIG)


def judged(table: PairTable, scores: pd.DataFrame) -> dict[str, float | None]:
    """Return AUROC and AUPRC beside the prevalence, of the labelled rows that were scored."""
    from metabam.metrics import auprc, auroc, prevalence

    rows = (table.label >= 0) & (scores["status"] == "ok").to_numpy()
    labels, logit = table.label[rows], scores["logit"].to_numpy()[rows]
    return {"auroc": auroc(labels, logit), "auprc": auprc(labels, logit), "prevalence": prevalence(labels)}


def queries_figure(table: PairTable, scores: pd.DataFrame, prior: pd.DataFrame, *, synthetic: bool | None) -> Any:
    """Return the app's figure of query predictions beside those of the prior; rows without a score are left out."""
    from metabam.plots.queries import prediction_figure

    rows = (scores["status"] == "ok").to_numpy()

    def column(frame: pd.DataFrame, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.asarray(frame[name].to_numpy(dtype=np.float64)[rows])

    return prediction_figure(
        column(scores, "probability"),
        column(scores, "lower"),
        column(scores, "upper"),
        [str(name) for name in table.pair_id[rows]],
        prior=column(prior, "probability"),
        labels=table.label[rows],
        synthetic=synthetic,
    )


def adapt_panel(opened: Demo) -> Any:
    """Return a panel: choose a line and how many of its pairs to adapt to; the predictions follow.

    An error appears above the figure and the last good figure stays. The slider calls the model when it is let go.
    """
    import ipywidgets as widgets

    line = widgets.Dropdown(options=opened.lines, description="Cell line")
    shots = widgets.IntSlider(value=16, min=0, max=16, description="Pairs", continuous_update=False)
    message, canvas = widgets.HTML(), widgets.Output()

    def redraw(_change: object = None) -> None:
        support, queries = opened.support(line.value), opened.queries(line.value)
        prior = opened.predictor.prior()
        fingerprint: Fingerprint = prior
        if shots.value:
            fingerprint = opened.predictor.adapt(support.take(np.arange(shots.value)))
        scores, before = (opened.predictor.score(item, queries) for item in (fingerprint, prior))
        figure = queries_figure(queries, scores, before, synthetic=opened.run.synthetic)
        found = judged(queries, scores)
        message.value = f"AUROC {found['auroc']:.3f}, AUPRC {found['auprc']:.3f}, prevalence {found['prevalence']:.3f}"
        with canvas:
            canvas.clear_output(wait=True)
            show(figure)

    guarded = errors_into(message, redraw)
    for control in (line, shots):
        control.observe(guarded, names="value")
    guarded(None)
    return widgets.VBox([widgets.HBox([line, shots]), message, canvas])


def errors_into(message: Any, callback: Callable[[object], None]) -> Callable[[object], None]:
    """Return a callback whose user-facing errors are shown in a widget instead of vanishing in the kernel's log."""
    from html import escape

    def guarded(change: object) -> None:
        try:
            callback(change)
        except MetaBamError as error:
            message.value = f"<b>{escape(error.message)}</b> {escape(error.remedy)}"

    return guarded
