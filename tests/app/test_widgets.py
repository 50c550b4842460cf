"""Small pieces: escaped text, CSV and JSON that re-import bit for bit, caches that keep sessions apart."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pytest

from metabam.app import widgets

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    r"$\href{javascript:alert(1)}{x}$",
    "</script><script>alert(1)</script>",
    "`code` **bold** _it_ ~~s~~ :red[x] :material/home:",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_user_text_literally(text):
    shown = widgets.plain(text)
    assert shown.replace("\\", "") == text.replace("\\", "")
    for place, character in enumerate(shown):
        if character in "*_[]()<>`$~:":
            assert shown[place - 1] == "\\"


def test_long_user_text_is_cut_and_put_on_one_line():
    assert widgets.plain("a\nb\tc") == "a b c"
    assert len(widgets.plain("x" * 5000)) == 120


def test_csv_reads_back_bit_for_bit():
    values = [0.1 + 0.2, -1e-300, math.pi, 5e-324, -0.0]
    text = widgets.csv_text([{"name": f"n{i}", "value": value} for i, value in enumerate(values)], "run=x\nseed=3")
    lines = text.splitlines()
    assert lines[:2] == ["# run=x", "# seed=3"]
    rows = list(csv.DictReader(io.StringIO("\n".join(lines[2:]))))
    assert [float(row["value"]).hex() for row in rows] == [value.hex() for value in values]


def test_csv_guards_text_and_never_numbers():
    text = widgets.csv_text([{"a": "=1+1", "b": -1.5}, {"a": "＝x", "b": -2}, {"a": "@x", "b": math.nan}])
    assert text.splitlines() == ["a,b", "'=1+1,-1.5", "'＝x,-2", "'@x,"]


def test_json_is_strict():
    assert json.loads(widgets.json_text({"a": np.arange(3), "b": "染色质"})) == {"a": [0, 1, 2], "b": "染色质"}
    with pytest.raises(ValueError, match="Out of range"):
        widgets.json_text({"a": math.nan})


def test_digest_tells_one_element_from_another():
    assert widgets.digest("a", "bc") != widgets.digest("ab", "c")
    assert len(widgets.digest("x")) == 64


def test_selected_points_are_read_as_plain_dictionaries():
    event = {"selection": {"points": [{"id": "3,2"}], "box": [], "lasso": []}}
    assert widgets.points_of(event) == [{"id": "3,2"}]
    assert widgets.points_of(None) == []
    assert widgets.points_of({}) == []


def test_no_cache_takes_what_a_user_brought():
    """Only the listed functions cache, and each key is a digest, an id or a listed name, never a table or an array."""
    import ast
    from pathlib import Path

    root = Path(widgets.__file__).parent
    cached = {}
    for path in root.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            kinds = [ast.unparse(item) for item in node.decorator_list if "cache_" in ast.unparse(item)]
            if kinds and "scope='session'" not in kinds[0]:
                cached[f"{path.stem}.{node.name}"] = [item.arg for item in node.args.args]
    assert set(cached) == {
        *(f"cache._{name}" for name in ("listing", "history", "model", "spectrum", "other", "lines", "training")),
        *(f"cache._{name}" for name in ("path", "genome", "scores")),
        *(f"atomdata._{name}" for name in ("pairs", "world_places", "gallery", "support_gates", "examples", "answers")),
        *(f"atomdata._{name}" for name in ("steering", "recovery")),
        *("evaluation._means", "evaluation_panels._shots", "evaluation_panels._sliced", "judged._result"),
        *("lines._example_tables", "lines._example", "lines._shared_places", "pairtables._bundled"),
        *("pairtables._encoded", "placing._stored", "placing._layout", "placing._belief", "lens._shared"),
        *("shelf.shared", "truth._truth", "truth._linked"),
    }
    plain = {"root", "bundled", "key", "step", "name", "size", "stamp", "path", "atom", "line", "choice", "learners"}
    plain |= {"weights", "trained", "view", "first", "second"}
    for arguments in cached.values():
        assert all(name in plain or name.startswith("_") for name in arguments)


def test_a_table_is_as_high_as_its_rows_up_to_a_limit():
    from metabam.app.widgets import ROW_HEIGHT, table_height

    assert table_height(3, 300) == "content"
    assert table_height(0, ROW_HEIGHT + 3) == "content"
    assert table_height(1, ROW_HEIGHT + 3) == ROW_HEIGHT + 3
    assert table_height(100, 300) == 300
