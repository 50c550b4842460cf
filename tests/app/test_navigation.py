"""Routing: nested pages and doors, so that a deep link is clean on a fresh server."""

from __future__ import annotations

from pathlib import Path

import pytest

from metabam.app.navigation import PAGES, entry

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "pages"


def test_every_registered_page_is_there_and_its_stem_is_unique():
    stems = [page.stem for page in PAGES]
    assert len(set(stems)) == len(stems)
    for page in PAGES:
        assert (ROOT / page.path).is_file()
    assert [page.stem for page in PAGES if page.default] == ["overview"]


def test_one_byte_identical_door_per_page_except_the_default():
    doors = sorted(FOLDER.glob("*.py"))
    assert {door.stem for door in doors} == {page.stem for page in PAGES if not page.default}
    assert {door.read_bytes() for door in doors} == {b"from metabam.app.navigation import enter\n\nenter()\n"}


def test_nothing_else_lies_in_pages():
    direct = [item for item in FOLDER.iterdir() if item.name != "__pycache__"]
    assert {item.suffix for item in direct if item.is_file()} == {".py"}
    sections = [item for item in direct if item.is_dir()]
    assert {item.name for item in sections} == {page.section for page in PAGES}
    registered = {ROOT / page.path for page in PAGES}
    inside = {file for section in sections for file in section.rglob("*") if "__pycache__" not in file.parts}
    assert inside == registered


@pytest.mark.parametrize("stem", [page.stem for page in PAGES if not page.default])
def test_first_request_of_a_session_is_a_deep_link(app, stem):
    at = app(entry(stem).path)
    assert not at.exception
    assert at.title[0].value == entry(stem).title("en")
    assert at.sidebar.selectbox(key="run").value == "demo"


def test_settings_hold_what_the_security_of_the_app_rests_on():
    import tomllib

    values = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    server = values["server"]
    assert server["address"] == "127.0.0.1"
    assert (server["maxUploadSize"], server["maxMessageSize"]) == (20, 50)
    assert server["enableXsrfProtection"]
    assert server["enableCORS"]
    assert not server["enableStaticServing"]
    assert server["fileWatcherType"] == "none"
    assert server["allowedHosts"]
    assert values["client"]["showErrorDetails"] == "none"
    assert values["client"]["showErrorLinks"] is False
    assert values["browser"]["gatherUsageStats"] is False
