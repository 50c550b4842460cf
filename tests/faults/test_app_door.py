"""The same support cases through the page Adapt live, as one visitor who uploads one file after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.cases import Case, Outcome
from tests.faults.catalogue import CASES
from tests.faults.lab import Lab

ROOT = Path(__file__).resolve().parents[2]
LIVE = "pages/adapt/live.py"
SUPPORTS = [case for case in CASES if case.slot == "support" and not case.options]


@pytest.fixture(scope="module")
def visitor(small_world):
    """Return the app on its page for adapting, with an uploader open, in one session for all cases."""
    from streamlit.testing.v1 import AppTest

    runs = small_world / "runs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METABAM_RUNS", str(runs))
        patch.setenv("METABAM_CACHE", str(runs.parent / "cache"))
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60.0)
        at.query_params["run"] = "small"
        at.run()
        at.switch_page(LIVE)
        at.run()
        at.segmented_control(key="method_support").set_value("upload").run()
        yield at


@pytest.mark.parametrize("case", SUPPORTS, ids=lambda case: case.param)
def test_case(case: Case, lab: Lab, visitor, monkeypatch: pytest.MonkeyPatch):
    from metabam.app import cache

    monkeypatch.setattr(cache, "genome", lambda run_id: lab.genome if case.genome else None)
    visitor.file_uploader[0].upload(case.name, case.make(), "text/plain")
    visitor.run()
    assert not visitor.exception
    adapt = next(button for button in visitor.button if button.label == "Adapt to these pairs")
    refused = case.outcome in (Outcome.REJ, Outcome.ASK)
    assert adapt.disabled is refused
    told = [value for table in visitor.dataframe for value in table.value.to_numpy().ravel().tolist()]
    assert case.outcome is Outcome.ACC or case.code in told
    for line in case.lines:
        assert str(line) in told
