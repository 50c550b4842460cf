"""One HTML file that needs no network: figures with plotly.js inside, tables and sentences, everything escaped."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import plotly.io as pio

from metabam.plots import theme

_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; form-action 'none'"
)
_STYLE: Final = (
    f"body{{font:15px/1.5 {theme.FONT};color:{theme.INK};max-width:1060px;margin:24px auto;padding:0 16px}}"
    f"h1{{font-size:1.7rem}}h2{{font-size:1.15rem;margin-top:2rem;color:{theme.ACCENT}}}"
    f"table{{border-collapse:collapse;font-size:13px}}td,th{{padding:3px 10px;border-bottom:1px solid {theme.GRID};"
    f"text-align:left}}th{{color:{theme.MUTED}}}footer{{margin-top:2rem;color:{theme.MUTED};font-size:12px}}"
    f".badge{{border:1px solid;border-radius:4px;padding:1px 8px;font-size:13px}}"
)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of an exported page: a heading, sentences, a table (rows of equal columns) and figures."""

    title: str
    paragraphs: Sequence[str] = ()
    rows: Sequence[Mapping[str, object]] = ()
    figures: Sequence[theme.Figure] = field(default=(), repr=False)


def offline_page(
    title: str, sections: Sequence[Section], *, synthetic: bool | None, footer: str, lang: str = "en"
) -> str:
    """Return the page as HTML; plotly.js is inside once (about 4.8 MB), and a policy forbids every request.

    Alternative texts become ``aria-label``; marks of bold in sentences are dropped; the upload of plotly is off.
    """
    badge = html.escape(theme.badge_text(synthetic, lang))
    colour = theme.REAL if synthetic is False else theme.SYNTHETIC
    parts = [
        f'<!doctype html><html lang="{"zh-Hans" if lang == "zh" else "en"}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>",
        f'<h1>{html.escape(title)} <span class="badge" style="color:{colour}">{badge}</span></h1>',
    ]
    library: bool | str = True
    for section in sections:
        parts.append(f"<h2>{html.escape(section.title)}</h2>")
        parts += [f"<p>{html.escape(sentence.replace('**', ''))}</p>" for sentence in section.paragraphs]
        if section.rows:
            parts.append(_table(section.rows))
        for figure in section.figures:
            drawn = pio.to_html(
                figure,
                config=theme.CONFIG,
                include_plotlyjs=library,
                full_html=False,
                default_width="100%",
                default_height=f"{figure.layout.height or 360}px",
            )
            library = False
            parts.append(f'<div role="img" aria-label="{html.escape(theme.alt_of(figure), quote=True)}">{drawn}</div>')
    parts.append(f"<footer>{html.escape(footer)}</footer></body></html>")
    return "\n".join(parts)


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as an HTML table."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_cell(row.get(name, '')))}</td>" for name in columns) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    """Return a cell as text: floats to four significant digits, nothing for None."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
