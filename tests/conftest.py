"""What holds for every test: one thread, set before torch is imported; no clock for properties; longest files first."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

LONGEST = ("tests/app/test_demo.py", "tests/test_notebooks.py", "tests/app/test_browser.py", "tests/test_lint.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, so that processes which share the suite by files (``-n 2``) end together."""
    place = {name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(LONGEST)))
