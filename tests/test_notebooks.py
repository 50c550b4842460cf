"""Each notebook runs from its first cell to its assertions; the .ipynb is what its source says, without outputs."""

from __future__ import annotations

import re
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "notebooks").glob("*.py"))
SLOW = {"04_train_your_own": 600}
"""Notebooks that train, with the seconds that a cell may take; the others get 120."""
FETCHES = re.compile(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//|import\s*\(?\s*["']https?://|["']https?://cdn""")
"""What makes a browser ask another machine when an output is shown."""
RUNS = [pytest.param(path, id=path.stem, marks=[pytest.mark.nightly] if path.stem in SLOW else []) for path in SOURCES]


def test_every_notebook_has_a_source_and_the_other_way_round():
    assert SOURCES
    assert [path.stem for path in SOURCES] == sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_notebook_is_generated_from_its_source_without_outputs(source):
    written = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    wanted = jupytext.read(source)
    assert [(cell.cell_type, cell.source) for cell in written.cells] == [
        (cell.cell_type, cell.source) for cell in wanted.cells
    ]
    for cell in written.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert "widgets" not in written.metadata


@pytest.mark.parametrize("source", RUNS)
def test_notebook_runs_and_its_assertions_hold(source, monkeypatch):
    if not (ROOT / "assets" / "demo").is_dir():
        pytest.skip("the demo has not been built: python assets/build.py")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebook = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    limit = SLOW.get(source.stem, 120)
    NotebookClient(
        notebook, timeout=limit, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    ).execute()
    assert "assert " in notebook.cells[-1].source
    errors = [out for cell in notebook.cells for out in cell.get("outputs", []) if out.output_type == "error"]
    assert not errors
    shown = [out.get("data", {}) for cell in notebook.cells for out in cell.get("outputs", [])]
    assert not [found.group() for data in shown if (found := FETCHES.search(data.get("text/html", "")))]
    assert not [kind for data in shown for kind in data if "vega" in kind]


def test_an_output_that_fetches_is_known():
    for html in (
        '<script src="https://cdn.jsdelivr.net/npm/vega@6"></script>',
        "<link href='//fonts.example/x.css'>",
        'import("https://esm.sh/x")',
    ):
        assert FETCHES.search(html)
    assert not FETCHES.search('<img src="data:image/png;base64,AA"><svg xmlns="http://www.w3.org/2000/svg"></svg>')
