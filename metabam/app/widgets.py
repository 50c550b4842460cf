"""Small pieces that every page uses: a chart with its reading help and exports, escaped text, tables, CSV and JSON."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import streamlit as st

from metabam.plots import theme
from metabam.texts import text

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:])")
ROW_HEIGHT: Final = 33
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def plain(value: object, limit: int = 120) -> str:
    """Return user text that Markdown shows literally, on one line, cut at ``limit`` characters."""
    flat = " ".join(str(value).split())
    if len(flat) > limit:
        flat = flat[: limit - 1] + "…"
    return _MARKDOWN.sub(r"\\\1", flat)


def number(value: float, digits: int = 3) -> str:
    """Return a number for reading; a dash where it is not finite."""
    return "–" if not math.isfinite(value) else f"{value:.{digits}f}"


def csv_text(rows: Sequence[Mapping[str, object]], comment: str = "") -> str:
    """Return rows as CSV, columns in order of first appearance.

    Text cells that a spreadsheet would run as a formula get a leading apostrophe; numbers never do. ``comment`` becomes
    lines that start with ``#``, above the header.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    for line in comment.splitlines():
        out.write(f"# {line}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name, "")) for name in columns] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    """Return one safe CSV cell: floats by shortest round trip, text never as a formula."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return repr(value) if isinstance(value, float) else value


def json_text(value: object) -> str:
    """Return strict JSON (no NaN), readable by people."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False, default=_json_default) + "\n"


def _json_default(value: object) -> object:
    """Return arrays as lists, everything else as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def digest(*parts: object) -> str:
    """Return the SHA-256 of some values, as the key of a cache."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()


def chart(figure: theme.Figure, key: str, lang: str, *, how: str = "", provenance: str = "", **options: Any) -> Any:
    """Draw a figure with its help and CSV below; return the selection where ``on_select`` asked for one.

    Parameters
    ----------
    figure
        From :mod:`metabam.plots`; it carries its alternative text and the drawn rows.
    key
        Unique on the page; also the name of the exported file.
    how
        Key of the text behind "How to read this".
    provenance
        Comment lines of the CSV.
    **options
        Only ``on_select``, ``selection_mode``, ``config`` (more of plotly's settings) and ``footless`` (the caller
        draws :func:`figure_foot` later).
    """
    config = {
        **theme.CONFIG,
        **options.get("config", {}),
        "toImageButtonOptions": {"format": "svg", "filename": f"metabam_{key}"},
    }
    event = st.plotly_chart(
        figure,
        theme=None,
        key=f"chart_{key}",
        alt=theme.alt_of(figure) or None,
        config=config,
        on_select=options.get("on_select", "ignore"),
        selection_mode=options.get("selection_mode", "points"),
    )
    if not options.get("footless"):
        figure_foot(figure, key, lang, how=how, provenance=provenance)
    return event


def figure_foot(figure: theme.Figure, key: str, lang: str, *, how: str = "", provenance: str = "") -> None:
    """Draw the quiet row below a figure that was drawn without one."""
    chart_foot(key, lang, how=how, csv_of=lambda: csv_text(theme.drawn_rows(figure), provenance))


def chart_foot(key: str, lang: str, *, how: str, csv_of: Any) -> None:
    """Draw the quiet row below a chart: how to read it, and its values."""
    with st.container(horizontal=True, gap="small", horizontal_alignment="right", key=f"foot_{key}"):
        if how:
            with st.popover(text("shell.how", lang), type="tertiary", icon=":material/help:"):
                st.markdown(text(how, lang))
        st.download_button(
            text("shell.csv", lang),
            data=csv_of,
            file_name=f"metabam_{key}.csv",
            mime="text/csv",
            key=f"csv_{key}",
            type="tertiary",
            icon=":material/download:",
            help=text("shell.csv_help", lang),
            on_click="ignore",
        )


def metric(cell: Any, label: str, value: object, note: str = "", *, help_text: str = "") -> None:
    """Draw one bordered number; ``note`` is a quiet line below it, such as the base rate or the largest value."""
    cell.metric(
        label,
        value,
        note or None,
        delta_color="off",
        delta_arrow="off",
        help=help_text or None,
        border=True,
        height="stretch",
    )


def table_height(rows: int, most: int) -> int | Literal["content"]:
    """Return the height of a table in px: that of its rows, so that no empty ones follow, and at most ``most``."""
    return "content" if ROW_HEIGHT * (rows + 1) + 3 <= most else most


def points_of(event: Any) -> list[dict[str, Any]]:
    """Return the selected points of a chart event as plain dictionaries."""
    try:
        return [dict(point) for point in event["selection"]["points"]]
    except (KeyError, TypeError):
        return []


def empty(message: str, remedy: str = "", command: str = "") -> None:
    """Draw an empty panel: what is missing and the one thing that mends it; never blank."""
    with st.container(border=True):
        st.markdown(f":material/inbox: **{message}**")
        if remedy:
            st.markdown(remedy)
        if command:
            st.code(command, language="bash")
