"""Every code name that metabam/MODEL.md mentions exists."""

from __future__ import annotations

import dataclasses
import re
from importlib import import_module
from pathlib import Path

import pytest

from metabam.config import ModelConfig, TrainConfig

DOCUMENT = (Path(__file__).resolve().parent.parent / "metabam" / "MODEL.md").read_text()
NAMES = sorted(set(re.findall(r"`(metabam\.[\w.]+)`", DOCUMENT)))


def find(name: str) -> object:
    """Return what a dotted name stands for; attributes made in ``__init__`` are looked up in its source."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError as error:
            if not name.startswith(str(error.name)):
                raise
            continue
        rest = parts[cut:]
        for index, part in enumerate(rest):
            if isinstance(found, type) and index == len(rest) - 1 and not hasattr(found, part):
                fields = {item.name for item in dataclasses.fields(found)} if dataclasses.is_dataclass(found) else set()
                source = Path(str(import_module(found.__module__).__file__)).read_text()
                body = source[source.index(f"class {found.__name__}") :]
                assert part in fields or f"self.{part} = " in body, name
                return part
            found = getattr(found, part)
        return found
    raise AssertionError(name)


@pytest.mark.parametrize("name", NAMES)
def test_name_exists(name):
    assert find(name) is not None


def test_a_wrong_name_would_be_noticed():
    with pytest.raises((AttributeError, AssertionError)):
        find("metabam.records.FingerPrint")


def test_the_table_names_enough_and_every_option_of_the_text_exists():
    assert len(NAMES) >= 15
    options = set(ModelConfig.model_fields) | set(TrainConfig.model_fields)
    assert {"mix", "unfolding", "aggregation", "evidence", "beta"} <= options
