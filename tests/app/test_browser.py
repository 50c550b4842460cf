"""The app in a real browser, on servers that nobody has visited before.

``METABAM_SHOTS=DIR pytest -m browser -k shots tests/app`` saves a picture of every page in both languages there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metabam.app.navigation import PAGES
from metabam.texts import text
from tests.app.browser import CHROMIUM, FLAGS, open_page, settle, whole_page
from tests.app.conftest import ASSETS
from tests.app.tour import Tour

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.is_file(), reason="no Chromium at /usr/bin/chromium"),
]
DEEP = [page for page in PAGES if not page.default]
SUPPORT = sorted((ASSETS / "examples").glob("support_*.tsv"))
SHOTS = os.environ.get("METABAM_SHOTS", "")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


def is_clean(page: Any, title: str) -> None:
    assert page.locator("h1").first.inner_text() == title
    assert page.locator("[role=dialog]").count() == 0
    assert page.get_by_test_id("stException").count() == 0
    assert page.get_by_test_id("stSidebarNav").is_visible()
    assert page.get_by_test_id("stAlertContentError").count() == 0


@pytest.mark.parametrize("entry", DEEP, ids=[page.stem for page in DEEP])
def test_first_request_to_a_fresh_server_is_a_deep_link(chromium, server, entry):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    open_page(page, f"{server}/{entry.stem}?run=demo&lang=zh")
    is_clean(page, text(f"{entry.stem}.title", "zh"))
    assert shown_run(page) == "demo"
    page.wait_for_timeout(5000)
    is_clean(page, text(f"{entry.stem}.title", "zh"))
    assert "run=demo" in page.url
    assert "lang=zh" in page.url
    page.close()


def test_front_page_its_links_and_a_page_that_is_not_there(chromium, server):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_page(page, f"{server}/?lang=zh")
    is_clean(page, text("overview.title", "zh"))
    assert page.get_by_test_id("stPlotlyChart").count() == 2
    assert page.get_by_test_id("stPageLink").filter(has_text=text("overview.go.gates", "zh")).count() == 1
    figure = page.get_by_test_id("stPlotlyChart").first
    figure.locator(".heatmaplayer image").first.wait_for(state="attached")
    page.wait_for_timeout(2000)  # plotly attaches its pointer events after it has drawn
    box = figure.bounding_box()
    page.mouse.move(box["x"] + 0.46 * box["width"], box["y"] + 0.6 * box["height"])
    page.wait_for_timeout(600)
    page.mouse.click(box["x"] + 0.46 * box["width"], box["y"] + 0.6 * box["height"])  # the panel of the gates
    page.locator("h1", has_text=text("atoms.title", "zh")).wait_for(timeout=60_000)
    settle(page)
    is_clean(page, text("atoms.title", "zh"))
    assert "lang=zh" in page.url
    assert [url for url in asked if not url.startswith((server, server.replace("http", "ws"), "data:", "blob:"))] == []
    page.goto(f"{server}/nope", wait_until="load")
    page.get_by_text("Page not found").first.wait_for(timeout=60_000)
    page.close()


def shown_run(page: Any) -> str:
    return str(page.get_by_test_id("stSidebar").get_by_test_id("stSelectbox").first.locator("input").input_value())


def put_file(page: Any, file: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(str(file))
    settle(page)


def test_uploads_good_and_bad(chromium, server, tmp_path):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    open_page(page, f"{server}/live")
    page.get_by_role("button", name="upload", exact=True).or_(page.get_by_role("radio", name="upload")).first.click()
    settle(page)
    rows = SUPPORT[0].read_text().splitlines()
    label = rows[0].split("\t").index("label")
    good = tmp_path / "sixteen.tsv"
    good.write_text("\n".join(rows) + "\n")
    put_file(page, good)
    page.get_by_text("This table is accepted").first.wait_for()
    one_class = tmp_path / "one_class.tsv"
    one_class.write_text("\n".join([rows[0], *(row for row in rows[1:] if row.split("\t")[label] == "1")]) + "\n")
    put_file(page, one_class)
    page.get_by_text("This table is refused").first.wait_for()
    fifteen = tmp_path / "fifteen.tsv"
    fifteen.write_text("\n".join(rows[:16]) + "\n")
    put_file(page, fifteen)
    page.get_by_text("15 pairs").first.wait_for()
    picture = tmp_path / "picture.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    put_file(page, picture)
    page.get_by_text("This table is refused").first.wait_for()
    assert page.get_by_test_id("stException").count() == 0
    put_file(page, good)
    page.get_by_text("This table is accepted").first.wait_for()
    page.get_by_role("button", name=text("live.go")).click()
    page.get_by_text(text("fig.queries.title")).first.wait_for(timeout=60_000)
    with page.expect_download() as download:
        page.get_by_role("button", name=text("live.export.csv")).click()
    saved = download.value.path().read_text()
    assert saved.startswith("# SYNTHETIC")
    assert "probability" in saved.splitlines()[1]
    page.close()


def test_an_uploaded_pair_opens_in_the_lens_and_its_copied_link_says_why_it_is_nowhere_else(chromium, server, tmp_path):
    head, *rows = (ASSETS / "examples" / "queries_unseen01.tsv").read_text().splitlines()[:12]
    place = head.split("\t").index("pair_id")
    own = [[*row.split("\t")[:place], f"mine{at}", *row.split("\t")[place + 1 :]] for at, row in enumerate(rows)]
    (tmp_path / "asked.tsv").write_text("\n".join([head, *map("\t".join, own)]) + "\n")
    visit = Tour(chromium.new_page(viewport={"width": 1280, "height": 900}))
    page = visit.page
    open_page(page, f"{server}/live")
    visit.segment("method_queries", "live.method.upload")
    visit.upload(tmp_path / "asked.tsv")
    visit.press("live.go", "query_predictions")
    page.locator(".st-key-query_lens button").first.click()
    page.locator("h1", has_text=text("sequence.title")).wait_for(timeout=60_000)
    visit.chart("seq_tracks")
    visit.settle()
    assert visit.says(text("sequence.belief.live"))
    link = page.url
    assert "line=yours" in link
    assert "pair=mine" in link
    page.close()
    stranger = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    open_page(stranger, link)
    is_clean(stranger, text("sequence.title"))
    stranger.get_by_text("stays in the browser session").first.wait_for(timeout=30_000)
    assert stranger.locator(".st-key-chart_seq_tracks").count() == 0
    stranger.context.close()
    taught = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    open_page(taught, f"{server}/sequence?pair=pair010064&line=unseen01")
    Tour(taught).chart("seq_tracks")
    settle(taught)
    assert "pair=pair010064" in taught.url
    assert "line=unseen01" in taught.url
    taught.context.close()


@pytest.mark.nightly
def test_a_training_run_is_followed_live(chromium, server, tmp_path):
    import json
    import shutil
    import time

    from metabam.train.folder import RunFolder

    folder = tmp_path / "runs" / "ticking"
    shutil.copytree(ASSETS / "demo", folder)
    status = json.loads((folder / "status.json").read_text())

    def beat(step: int) -> None:
        status.update(state="running", phase="meta-train", step=step, n_steps=99_999, heartbeat=time.time())
        (folder / "status.json").write_text(json.dumps(status))

    beat(50_001)
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    open_page(page, f"{server}/training?run=ticking")
    page.get_by_text("50,001 / 99,999").first.wait_for(timeout=30_000)
    RunFolder(folder).record(50_021, "meta-train", {"total": 0.5})
    beat(50_021)
    page.get_by_test_id("stMetric").get_by_text("50,021 / 99,999").first.wait_for(timeout=30_000)
    is_clean(page, text("training.title"))
    page.close()


@pytest.mark.nightly
@pytest.mark.parametrize("width", [1280, 1600])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_shots_of_every_page(chromium, server, tmp_path, lang, width):
    folder = Path(SHOTS or tmp_path)
    page = chromium.new_page(viewport={"width": width, "height": 900})
    for entry in PAGES:
        open_page(page, f"{server}/{'' if entry.default else entry.stem}?lang={lang}")
        if entry.stem == "live":
            page.get_by_role("button", name=text("live.go", lang)).click()
            page.get_by_text(text("fig.queries.title", lang)).first.wait_for(timeout=60_000)
            settle(page)
        is_clean(page, text(f"{entry.stem}.title", lang))
        assert page.get_by_text(text("shell.badge.synthetic", lang)).first.is_visible()
        whole_page(page, folder / f"{entry.stem}_{lang}_{width}.png", width)
        if entry.stem == "live":
            for place, tab in enumerate(("belief", "shots"), start=1):
                page.get_by_role("tab", name=text(f"live.tab.{tab}", lang)).click()
                settle(page)
                whole_page(page, folder / f"live_tab{place}_{lang}_{width}.png", width)
    page.close()
