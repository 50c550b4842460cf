"""The same cases through the command line: ``metabam check`` says what the library says, with its exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from metabam.cli import main
from tests.faults.cases import Case, Outcome
from tests.faults.catalogue import CASES
from tests.faults.lab import Lab

UPLOAD_ONLY = ("Q02-over-row-limit", "Q02-over-size-limit", "S43-5-m-rows-in-queries")
"""Query files of the command line may be larger than an upload: these limits are not its own."""
LIBRARY_ONLY = ("S16-override", "S53-score-answered", "S53-answer-no-number", "S55-no-header-answered")
"""``metabam check`` judges as strictly as an upload and answers no question: a header row is the answer there."""


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.param not in UPLOAD_ONLY + LIBRARY_ONLY], ids=lambda case: case.param
)
def test_case(case: Case, lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / f"table{'.csv' if case.name.endswith('.csv') else '.tsv'}"
    path.write_bytes(case.make())
    before = sorted(tmp_path.iterdir())
    words = ["check", str(path), "--role", case.slot, "--json", "--base", str(case.options.get("base", 0))]
    status = main([*words, "--genome", str(lab.genome.path)] if case.genome else words)
    streams = capsys.readouterr()
    told = json.loads(streams.out)
    assert "Traceback" not in streams.err
    assert sorted(tmp_path.iterdir()) == before
    if case.outcome in (Outcome.REJ, Outcome.ASK):
        assert status == 65
        codes = [told["error"]["code"]] if "error" in told else [problem["code"] for problem in told["problems"]]
        assert case.code in codes or codes == ["file-size"]
        return
    assert status == 0
    assert told["usable"] is True
    assert told["rows_read"] >= told["rows_used"] > 0
    found = [problem for problem in told["problems"] if problem["code"] == case.code]
    assert bool(found) is (case.outcome is not Outcome.ACC)
    if case.lines:
        assert tuple(dict.fromkeys(problem["line"] for problem in found)) == case.lines


def test_query_files_may_be_larger_than_an_upload(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "queries.tsv"
    path.write_bytes(next(case for case in CASES if case.param == "Q02-over-row-limit").make())
    assert main(["check", str(path), "--role", "query", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows_read"] == told["rows_used"] == 100_001
