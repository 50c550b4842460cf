"""What a visitor does and sees in the browser: pages by the menu, presses, drawn figures, tables, downloads."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metabam.texts import text
from tests.app.browser import settle

LIMIT = 180.0  # seconds until the wait for one act is given up; the printed seconds are the measurement
FIGURE = """key => {
    const plot = document.querySelector('.st-key-chart_' + key + ' .js-plotly-plot');
    const list = values => values == null ? [] : Array.from(values, v => ArrayBuffer.isView(v) ? Array.from(v) : v);
    return {
        traces: plot._fullData.map(t => ({name: t.name, type: t.type, x: list(t.x), y: list(t.y), ids: list(t.ids)})),
        outlined: plot._fullLayout.shapes.map(s => ({colour: s.line.color, x0: s.x0, x1: s.x1})),
        annotations: plot._fullLayout.annotations.map(a => a.text),
    };
}"""
CELLS = "e => [...e.querySelectorAll('canvas table tr')].map(r => [...r.children].map(c => c.textContent))"


@dataclass
class Tour:
    """One visitor in one browser window, and the seconds that each step took."""

    page: Any
    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = 0.0

    def begin(self) -> None:
        """Start the clock of a step."""
        self._since = time.perf_counter()

    def end(self, step: str) -> None:
        """Stop the clock of a step, and see that the page is whole."""
        self.seconds[step] = time.perf_counter() - self._since
        page = self.page
        assert page.get_by_test_id("stException").count() == 0, step
        assert page.locator("[role=dialog]").count() == 0, step
        assert page.get_by_text(text("shell.error.title")).count() == 0, step
        assert page.get_by_text(text("shell.badge.synthetic"), exact=True).first.is_visible(), step

    def settle(self, quiet: float = 0.6) -> None:
        """Wait until the page has stopped working."""
        settle(self.page, quiet, LIMIT)

    def go(self, stem: str) -> None:
        """Open a page by the menu."""
        title = text(f"{stem}.title")
        self.page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
        self.page.locator("h1", has_text=title).wait_for(timeout=1e3 * LIMIT)
        self.settle(1.0)

    def press(self, key: str, waits_for: str = "") -> None:
        """Press the button of a text; wait for a chart by its key, then for the page."""
        self.page.get_by_role("button", name=text(key)).first.click()
        if waits_for:
            self.chart(waits_for)
        self.settle()

    def truth(self) -> None:
        """Turn the switch of the truth on."""
        self.page.locator(".st-key-show_truth label").first.click()
        self.settle()

    def tab(self, key: str) -> None:
        """Open a tab by its text."""
        self.page.get_by_role("tab", name=text(key), exact=True).click()
        self.settle()

    def pick(self, key: str, option: str) -> None:
        """Choose an option of a select box: its text is typed first, since a long list draws only what is in view."""
        box = self.page.locator(f".st-key-{key} input").first
        box.click()
        box.fill(option)
        self.page.get_by_role("option", name=option, exact=True).first.click()
        self.settle()

    def segment(self, widget: str, key: str) -> None:
        """Choose one of a row of buttons."""
        self.page.locator(f".st-key-{widget}").get_by_text(text(key), exact=True).first.click()
        self.settle()

    def chart(self, key: str) -> dict[str, Any]:
        """Wait for a figure and return its traces, shapes and annotations as plotly holds them."""
        self.page.locator(f".st-key-chart_{key} .js-plotly-plot .main-svg").first.wait_for(
            state="attached", timeout=1e3 * LIMIT
        )
        found: dict[str, Any] = self.page.evaluate(FIGURE, key)
        return found

    def trace(self, key: str, name: str) -> dict[str, Any]:
        """Return the last trace of one name."""
        return [trace for trace in self.chart(key)["traces"] if trace["name"] == name][-1]

    def table(self, *columns: str) -> list[dict[str, str]]:
        """Wait for the table that has these columns; return its drawn rows by the names of its columns."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            for place in self.page.get_by_test_id("stDataFrame").all():
                head, *rows = place.evaluate(CELLS) or [[]]
                if rows and set(columns) <= set(head):
                    return [dict(zip(head, row, strict=False)) for row in rows]
            self.page.mouse.wheel(0, 300)  # a table is filled once it comes into view
            self.page.wait_for_timeout(300)
        raise AssertionError(f"no table with {columns}")

    def says(self, words: str) -> bool:
        """Return whether the page shows some words."""
        return bool(self.page.get_by_test_id("stMain").get_by_text(words).count())

    def words(self) -> str:
        """Return all that the page says."""
        return str(self.page.get_by_test_id("stMain").inner_text())

    def number(self, label: str) -> str:
        """Return the number of a tile by its label."""
        tile = self.page.get_by_test_id("stMetric").filter(has=self.page.get_by_text(label, exact=True)).first
        return str(tile.get_by_test_id("stMetricValue").inner_text())

    def download(self, key: str) -> bytes:
        """Press a download button by the key of its widget and return the file."""
        with self.page.expect_download(timeout=1e3 * LIMIT) as found:
            self.page.locator(f".st-key-{key} button").first.click()
        return Path(found.value.path()).read_bytes()

    def data(self, key: str) -> str:
        """Return a downloaded table as text, without the comment above its header."""
        lines = self.download(key).decode().splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("#"))

    def lasso(self, key: str, *, left: float, right: float, top: float, bottom: float) -> None:
        """Draw a closed path with the mouse over a figure; its corners as shares of the plotting area."""
        area = self.page.locator(f".st-key-chart_{key} .nsewdrag").first
        area.scroll_into_view_if_needed()
        self.page.wait_for_timeout(1_500)  # plotly attaches its pointer events after it has drawn
        box, mouse = area.bounding_box(), self.page.mouse
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
        mouse.move(*places[0])
        mouse.down()
        for place in places[1:]:
            mouse.move(*place, steps=6)
        mouse.up()
        self.settle()

    def upload(self, file: Path) -> None:
        """Choose a file in the first uploader of the page."""
        self.page.locator("input[type=file]").first.set_input_files(str(file))
        self.settle()

    def report(self, title: str) -> str:
        """Return the seconds of each step as a table."""
        rows = [f"{name:<28}{value:7.1f} s" for name, value in self.seconds.items()]
        return "\n".join([title, *rows, f"{'in all':<28}{sum(self.seconds.values()):7.1f} s"])
