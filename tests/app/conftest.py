"""Run folders in every state a page can meet, cut from the bundled demo, and the app on top of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.browser import fresh_server

ROOT = Path(__file__).resolve().parents[2]
ASSETS = Path(os.environ.get("METABAM_ASSETS") or ROOT / "assets")
DEMO = ASSETS / "demo"
TIMEOUT = 60.0


@pytest.fixture(scope="session")
def demo_present() -> None:
    """Skip what needs the bundled demo where it has not been built."""
    if not (DEMO / "manifest.json").is_file():
        pytest.skip("the bundled demo run is not there: build it with the command in assets/MANIFEST.json")


@pytest.fixture
def runs(tmp_path, monkeypatch, demo_present) -> Path:
    """Return an empty run folder that the app looks into."""
    import streamlit as st

    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("METABAM_RUNS", str(folder))
    monkeypatch.setenv("METABAM_CACHE", str(tmp_path / "cache"))
    st.cache_data.clear()
    return folder


@pytest.fixture
def server(tmp_path, demo_present) -> Iterator[str]:
    """Return the address of a new server over an empty run folder; it has answered nobody yet."""
    (tmp_path / "runs").mkdir()
    with fresh_server(tmp_path / "runs", tmp_path / "cache") as address:
        yield address


@pytest.fixture
def copy_demo(runs) -> Callable[[str], Path]:
    """Return a function that copies the demo run into the run folder under a name."""

    def copy(name: str) -> Path:
        shutil.copytree(DEMO, runs / name)
        return runs / name

    return copy


def add_checkpoints(folder: Path, steps: tuple[int, ...] = (5, 7, 11)) -> None:
    """Leave the last checkpoint of a run as it is, and put earlier ones of slightly other atoms before it."""
    import numpy as np

    from metabam.files import load_tensors, save_tensors

    files = sorted((folder / "snapshots").iterdir())
    atoms = load_tensors(files[-1], cap=64 << 20).tensors["atoms"]
    for file in files:
        file.unlink()
    for step in (*steps, 13):
        moved = atoms + np.float32(0.01 * (13 - step)) * np.sin(np.arange(atoms.size, dtype=np.float32)).reshape(
            atoms.shape
        )
        save_tensors(folder / "snapshots" / f"step-{step:08d}.safetensors", {"atoms": moved.astype(np.float32)}, {})


@pytest.fixture
def no_demo(monkeypatch, tmp_path) -> None:
    """Hide the bundled demo."""
    from metabam.app import cache

    monkeypatch.setattr(cache, "BUNDLED", tmp_path / "nothing")


@pytest.fixture
def app(runs) -> Callable[..., AppTest]:
    """Return a function that opens the app on one page with one address.

    ``by_menu`` goes to the page from the Overview: AppTest names the first page of a session by its file and later ones
    by their address, so that a button pressed on a deep link would look like a change of page.
    """

    def start(page: str = "", *, by_menu: bool = False, **query: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
        for name, value in query.items():
            at.query_params[name] = value
        if by_menu:
            at.run()
        if page:
            at.switch_page(page)
        return at.run()

    return start


def words(at: AppTest) -> str:
    """Return everything that a page says, in one text."""
    kinds = (at.title, at.subheader, at.markdown, at.caption, at.error, at.warning, at.info, at.success, at.code)
    said = [element.value for kind in kinds for element in kind]
    said += [f"{item.label} {item.value}" for item in at.metric]
    said += [item.proto.body for item in at.get("badge")] if at.get("badge") else []
    return "\n".join(str(item) for item in said).replace("\\", "")
