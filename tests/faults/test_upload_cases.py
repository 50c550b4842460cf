"""Every bad input of the S and Q catalogue through the one reader, by id; the judge is ``oracle.py``."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from metabam.data.digests import array_digest
from metabam.data.genome import Genome
from metabam.data.pairs import read_table
from metabam.data.upload import read_queries, read_support
from tests.faults import flows, tables
from tests.faults.cases import Case, Outcome
from tests.faults.catalogue import CASES, FLOWS, IN_PART, OPEN
from tests.faults.lab import Lab
from tests.faults.oracle import content, judge, run_judged

RELIABILITY = Path(__file__).resolve().parents[2] / "RELIABILITY.md"
GOLDEN = Path(__file__).with_name("golden.json")
WRITE_GOLDEN = os.environ.get("METABAM_WRITE_GOLDEN") == "1"
IDS = [f"S{number:02d}" for number in range(1, 61)] + [f"Q{number:02d}" for number in range(1, 13)]


@pytest.fixture(scope="module")
def golden():
    return json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}


def read(case: Case, data: bytes, genome: Genome):
    given = genome if case.genome else None
    if case.slot == "query":
        return read_queries(data, case.name, given)
    if case.slot == "training":
        return read_table(data, role="training", name=case.name, genome=given)
    return read_support(data, case.name, given, **case.options)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.param)
def test_case(case: Case, lab: Lab, golden):
    data = case.make()
    reference = content(read_support(tables.clean(), "clean.tsv").table)
    result, _ = run_judged(lambda: read(case, data, lab.genome), len(data))
    judge(case, result, reference)
    bystander = read_support(tables.clean(), "clean.tsv")
    assert content(bystander.table) == reference
    assert bystander.report.problems == ()
    told = [str(problem) for problem in result.report.problems][:20]
    if WRITE_GOLDEN:
        golden[case.param] = told
        GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True, ensure_ascii=True) + "\n")
    assert told == golden.get(case.param), "message differs from golden.json (METABAM_WRITE_GOLDEN=1 rewrites it)"


@pytest.mark.parametrize("param", FLOWS)
def test_flow(param: str, lab: Lab):
    before = array_digests(lab)
    flows.FLOWS[param](lab)
    assert array_digests(lab) == before, "the shared model was changed"


def array_digests(lab: Lab) -> list[str]:
    return [array_digest(values) for _, values in sorted(lab.predictor.learner.state()[0].items())]


def test_catalogue_is_complete(capsys):
    """Each of S01-S60 and Q01-Q12 has a case or a flow, or is listed as open with its reason; ids are unique."""
    built = {case.id for case in CASES} | {flow.split("-")[0] for flow in FLOWS}
    params = [case.param for case in CASES] + list(FLOWS)
    assert len(params) == len(set(params))
    assert sorted(FLOWS) == sorted(flows.FLOWS)
    assert built.isdisjoint(OPEN)
    assert sorted(built | set(OPEN)) == sorted(IDS)
    assert len(IDS) == 60 + 12
    with capsys.disabled():
        print(f"\ncatalogue: {len(built)} of {len(IDS)} ids built, {len(params)} inputs; open: {dict(OPEN) or 'none'}")
        parts = ", ".join(f"{key} ({why})" for key, why in IN_PART.items())
        print(f"whole: {len(built) - len(IN_PART)}, in part: {parts}")


def test_published_states_are_these():
    """RELIABILITY.md says of each id what this table says: built, built in part (what is open), or open (why)."""
    published = dict(re.findall(r"^\| ([SQ]\d\d) \|.*\| ([^|]+) \|$", RELIABILITY.read_text(), flags=re.M))
    expected = dict.fromkeys(IDS, "built") | {key: f"built in part: {why}" for key, why in IN_PART.items()}
    assert published == expected | {key: f"open: {why}" for key, why in OPEN.items()}


def test_golden_file_holds_exactly_the_cases(golden):
    assert sorted(golden) == sorted(case.param for case in CASES)


def test_every_outcome_occurs():
    assert {case.outcome for case in CASES} == set(Outcome)
