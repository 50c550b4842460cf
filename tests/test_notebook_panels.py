"""The panels of the notebook: an error leaves the last good view, figures live where they can, sessions repeat."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from plotly import graph_objects as go

from metabam import notebook
from metabam.app.adaptation_exports import read_session, same_result
from metabam.errors import InputError
from metabam.notebook import panels
from metabam.plots import livefigure

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def shown(monkeypatch):
    """Collect the figures that would be displayed."""
    drawn: list[go.Figure] = []
    monkeypatch.setattr(panels, "show", drawn.append)
    monkeypatch.setattr(livefigure, "possible", lambda: False)
    return drawn


def squares(*, size: int) -> notebook.Section:
    if size == 5:
        raise InputError("five", "five <is> refused.", "Choose another.")
    if size == 7:
        raise ZeroDivisionError("seven")
    x = np.arange(size)
    return notebook.Section((go.Figure(go.Scatter(x=x, y=x**2)),), pd.DataFrame({"x": x, "y": x**2}), f"{size} points")


def sized() -> notebook.Panel:
    return notebook.Panel(squares, {"size": panels.number("size", 1, 11, 3, "en")})


def test_a_panel_draws_when_made_and_again_when_a_control_is_let_go(shown):
    panel = sized()
    assert not panel.controls["size"].continuous_update
    assert [len(figure.data[0].x) for figure in shown] == [3]
    panel.controls["size"].value = 4
    assert [len(figure.data[0].x) for figure in shown] == [3, 4]
    assert panel.section.table["y"].tolist() == [0, 1, 4, 9]
    assert panel.message.value == "4 points"


@pytest.mark.parametrize(("bad", "said"), [(5, "five &lt;is&gt; refused."), (7, "ZeroDivisionError")])
def test_an_error_is_shown_and_the_last_good_view_stays(shown, bad, said):
    panel = sized()
    table = panel._table.value
    panel.controls["size"].value = bad
    assert said in panel.message.value
    assert len(shown) == 1
    assert len(panel.section.table) == 3
    assert panel._table.value == table
    panel.controls["size"].value = 2
    assert panel.message.value == "2 points"
    assert len(shown) == 2


def test_what_fails_at_once_is_raised(shown):
    with pytest.raises(InputError, match="five"):
        notebook.Panel(squares, {"size": panels.number("size", 1, 11, 5, "en")})


def test_without_anywidget_a_panel_names_the_versions_to_compare(shown):
    last = sized().box.children[-1].value
    assert "plotly 7." in last
    assert "ipywidgets 8." in last


def test_a_section_shows_its_figures_and_returns_its_table(shown, capsys):
    table = squares(size=3).show()
    assert len(shown) == 1
    assert capsys.readouterr().out == "3 points\n"
    assert table["y"].tolist() == [0, 1, 4]


def test_a_live_figure_takes_the_next_figure_in_place():
    if not livefigure.possible():
        pytest.skip("anywidget is not installed: figures are drawn anew instead")
    panel = sized()
    figure = panel._figures.children[0]
    assert figure._config["showSendToCloud"] is False
    panel.controls["size"].value = 4
    assert panel._figures.children[0] is figure
    assert figure.data[0].y.tolist() == [0, 1, 4, 9]
    livefigure.change(figure, go.Figure(go.Bar(x=["a"], y=[2], name="b")))
    assert [(trace.type, list(trace.y)) for trace in figure.data] == [("bar", [2])]


@pytest.fixture(scope="module")
def demo():
    if not (ROOT / "assets" / "demo").is_dir():
        pytest.skip("the demo has not been built: python assets/build.py")
    return notebook.demo()


def test_a_session_is_repeated_here_and_read_by_the_app(demo):
    path = demo.support_file(demo.lines[0])
    fingerprint = demo.predictor.adapt(demo.support(demo.lines[0]))
    session = notebook.session_json(demo, path, fingerprint)
    stored = read_session(session.encode(), "session.json")
    assert stored.support == path.read_bytes()
    assert stored.weights == demo.run.weights_sha256
    assert same_result(stored.fingerprint, fingerprint)
    assert notebook.repeated(demo, session)
    other = json.loads(session)
    other["fingerprint"]["mean"][0] += 1e-9
    assert not notebook.repeated(demo, json.dumps(other))
    other["weights_sha256"] = "0" * 64
    with pytest.raises(InputError, match="other weights"):
        notebook.repeated(demo, json.dumps(other))
    with pytest.raises(InputError, match="no session file"):
        notebook.repeated(demo, "{}")


def test_an_adaptation_to_no_pair_is_the_prior_and_shuffled_labels_are_refused_where_there_are_none(demo):
    line = demo.lines[1]
    section = notebook.adaptation(demo, line=line, shots=0)
    prior = demo.predictor.score(demo.predictor.prior(), demo.queries(line))
    assert np.array_equal(section.table.sort_index()["logit"], prior["logit"])
    with pytest.raises(InputError, match="shuffled"):
        notebook.adaptation(demo, line=line, shuffled=True)


def test_few_pairs_of_a_support_hold_both_classes(demo):
    from metabam.notebook.adapting import spread

    support = demo.support(demo.lines[0])
    assert support.label[spread(support, 2)].tolist() == [1, 0]
    assert sorted(spread(support, 16).tolist()) == list(range(16))


def test_training_pairs_are_distinct_and_known_to_the_world(demo):
    pairs = notebook.training_pairs(demo)
    assert len(set(pairs.world.tolist())) == len(pairs.world)
    assert (pairs.world >= 0).all()
    for number, context in enumerate(demo.contexts):
        known = demo.truth.probability[pairs.world[pairs.line == number], demo.truth.lines.index(context.cell_line)]
        assert known[pairs.labels[pairs.line == number] == 1].mean() > 2 * known.mean()


def test_every_curve_of_a_phase_is_in_the_table_and_a_strange_phase_is_refused(demo):
    section = notebook.training(demo, phase="meta-train")
    steps, loss = demo.run.history().series("task_full", "meta-train")
    row = section.table.set_index("name").loc["task_full"]
    assert row["last"] == loss[-1]
    assert row["best"] == loss.min()
    assert len(steps) == row["n"]
    with pytest.raises(InputError, match="nothing was logged"):
        notebook.training(demo, phase="dreaming")


def test_training_curves_are_drawn_without_a_network(demo):
    section = notebook.training(demo, phase="meta-train", smooth=0.5)
    assert section.figures
    assert {type(figure) for figure in section.figures} == {go.Figure}  # a Vega chart fetches its library when shown
    steps, loss = demo.run.history().series("total", "meta-train")
    raw, smooth = section.figures[0].data[:2]
    assert len(raw.y) == len(smooth.y) == len(steps)
    assert raw.y[-1] == loss[-1]
    assert smooth.y[-1] != loss[-1]


def test_a_line_is_not_swapped_with_itself(demo):
    name = demo.contexts[0].name
    with pytest.raises(InputError, match="same line"):
        notebook.drift(demo, a=name, b=name)
    with pytest.raises(InputError, match="no training line"):
        notebook.drift(demo, a="elsewhere", b=name)
