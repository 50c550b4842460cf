"""No page, and no file that a page gives out, asks anybody but this machine for anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from metabam.app.navigation import PAGES
from metabam.texts import text
from tests.app.browser import CHROMIUM, FLAGS, NOBODY_ELSE, Witness, at_home, open_page, settle
from tests.app.tour import Tour

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.is_file(), reason="no Chromium at /usr/bin/chromium"),
]
FIRST = "manifold"  # a deep link that wakes a server goes through a door before app.py runs


@pytest.fixture(scope="module")
def cut_off() -> Iterator[Any]:
    """Return a browser that can reach 127.0.0.1 and no other name."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=[*FLAGS, NOBODY_ELSE])
        yield browser
        browser.close()


def test_addresses_at_home_and_elsewhere():
    assert all(map(at_home, ["data:image/png;base64,AA", "blob:http://127.0.0.1:1/x", "ws://127.0.0.1:1/", "a.svg"]))
    for url in ("https://fonts.gstatic.com/x.svg", "http://localhost.example/", "//cdn.plot.ly/x.js", "wss://a.b/"):
        assert not at_home(url)


def test_all_ten_pages_in_one_visit_ask_this_machine_alone(cut_off, server, tmp_path):
    page = cut_off.new_page(viewport={"width": 1280, "height": 900})
    visit, seen = Tour(page), Witness(page)
    order = sorted(PAGES, key=lambda entry: entry.stem != FIRST)
    asks, answered = {}, 0
    for entry in order:
        open_page(page, f"{server}/{'' if entry.default else entry.stem}")
        if entry.stem == "live":
            visit.press("live.go", "query_predictions")
        if entry.stem == "training":
            page.get_by_test_id("stVegaLiteChart").first.locator("canvas, svg").first.wait_for(timeout=60_000)
        if entry.stem == "atoms":
            visit.segment("atoms_tab", "atoms.tab.card")
            (tmp_path / "card.html").write_bytes(visit.download("card_html"))
        assert page.locator("h1").first.inner_text() == text(f"{entry.stem}.title")
        asks[entry.stem] = seen.elsewhere()
        answered += len(seen.asked) - len(seen.elsewhere())
        seen.asked.clear()
    assert {stem: urls for stem, urls in asks.items() if urls} == {}
    assert answered > len(PAGES)  # able to fail: requests and icons are seen
    assert seen.icons()
    page.goto((tmp_path / "card.html").as_uri(), wait_until="load")
    page.locator(".js-plotly-plot .main-svg").first.wait_for(state="attached", timeout=60_000)
    page.wait_for_timeout(500)
    assert {url for url in seen.asked if not url.startswith(("data:", "blob:"))} == {(tmp_path / "card.html").as_uri()}
    page.close()


def test_a_witness_sees_a_favicon_and_a_request_from_elsewhere(cut_off, server):
    page = cut_off.new_page()
    seen = Witness(page)
    open_page(page, f"{server}/training")
    settle(page)
    page.evaluate("""() => {
        document.querySelector('link[rel~=icon]').href = 'https://fonts.gstatic.com/one.svg';
        document.querySelector('link[rel~=icon]').href = 'data:,';
        fetch('https://elsewhere.invalid/two').catch(() => null);
    }""")
    page.wait_for_timeout(500)
    assert {"https://fonts.gstatic.com/one.svg", "https://elsewhere.invalid/two"} <= set(seen.elsewhere())
    page.close()
