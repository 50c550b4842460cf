"""The catalogue of strings: both languages for every key, the same placeholders, and no key missing or forgotten."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from metabam.texts import (
    CATALOGUE,
    LANGUAGES,
    ablation,
    adapt,
    atoms,
    card,
    design,
    drift,
    evaluation,
    evaluation_figures,
    figures,
    has,
    labels,
    manifold,
    notebook,
    overview,
    sequence,
    shell,
    text,
    training,
)

ROOT = Path(__file__).resolve().parents[1]
CODE = [
    *(ROOT / "metabam" / "app").glob("*.py"),
    *(ROOT / "metabam" / "notebook").glob("*.py"),
    *(ROOT / "metabam" / "plots").glob("*.py"),
    *(ROOT / "pages").glob("*/*.py"),
]


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_both_languages_say_the_same_with_the_same_placeholders(key):
    english, chinese = CATALOGUE[key]
    assert english.strip()
    assert chinese.strip()
    assert placeholders(english) == placeholders(chinese)
    assert re.search(r"[\u4e00-\u9fff]", english) is None


def test_no_key_is_in_two_files():
    parts = (
        shell,
        overview,
        training,
        atoms,
        card,
        adapt,
        figures,
        sequence,
        ablation,
        drift,
        manifold,
        evaluation,
        evaluation_figures,
        design,
        labels,
        notebook,
    )
    assert sum(len(part.CATALOGUE) for part in parts) == len(CATALOGUE)


def used_keys() -> tuple[set[str], list[re.Pattern[str]]]:
    """Return the keys written out in the code, and patterns of those put together from parts."""
    whole: set[str] = set()
    parts: list[re.Pattern[str]] = []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
                whole.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                pattern = "".join(
                    re.escape(str(value.value)) if isinstance(value, ast.Constant) else ".+" for value in node.values
                )
                if re.match(r"(?:[a-z]+\\\.|\.\+\\\.)", pattern):
                    parts.append(re.compile(pattern))
    return whole, parts


def test_every_key_that_the_code_names_exists():
    whole, _ = used_keys()
    prefixes = (
        "shell.",
        "overview.",
        "training.",
        "atoms.",
        "card.",
        "live.",
        "fig.",
        "metric.",
        "sequence.",
        "ablation.",
        "drift.",
        "manifold.",
        "evaluation.",
        "design.",
        "notebook.",
    )
    named = {
        key for key in whole if key.startswith(prefixes) and re.fullmatch(r"[a-z]+\.[A-Za-z0-9_.\-]*[A-Za-z0-9]", key)
    }
    assert len(named) > 100
    assert sorted(key for key in named if not has(key)) == []


def test_no_key_is_left_over():
    whole, parts = used_keys()
    forgotten = [key for key in CATALOGUE if key not in whole and not any(part.fullmatch(key) for part in parts)]
    assert forgotten == []


def test_text_fills_placeholders_and_falls_back_to_english():
    assert text("shell.shown", "en", shown=5, total=7) == "5 shown / 7 in total"
    assert text("shell.shown", "zh", shown=5, total=7) == "显示 5 / 共 7"
    assert text("shell.how", "fr") == text("shell.how", "en")
    with pytest.raises(KeyError):
        text("shell.shown", "en", shown=5)
    assert set(LANGUAGES) == {"en", "zh"}
