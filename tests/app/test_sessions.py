"""Ten visitors adapt ten different tables at once on one server: each gets the answer to its own, and no other."""

from __future__ import annotations

import csv
import io
import os
import time
from pathlib import Path

import numpy as np
import pytest

from metabam.app import adaptation, cache
from metabam.cli.serve import MEMORY
from metabam.texts import text
from tests.app.browser import CHROMIUM, FLAGS, open_page, running_server
from tests.app.conftest import ASSETS
from tests.app.tour import LIMIT, Tour

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.nightly,
    pytest.mark.skipif(not CHROMIUM.is_file(), reason="no Chromium at /usr/bin/chromium"),
]
VISITORS, SHOTS, LINES = 10, 16, 4
BUDGET_MIB, BUDGET_SECONDS = 8.0, 5.0


def tables(folder: Path) -> list[Path]:
    """Write one table for each visitor: 8 contacts and 8 others of one of four lines, no pair twice within a line."""
    files = []
    for visitor in range(VISITORS):
        line = f"unseen{visitor % LINES + 1:02d}"
        head, *rows = (ASSETS / "examples" / f"queries_{line}.tsv").read_text().splitlines(keepends=True)
        place = head.split("\t").index("label")
        turn = visitor // LINES
        half = SHOTS // 2
        chosen = [
            row
            for label in "10"
            for row in [row for row in rows if row.split("\t")[place] == label][turn * half : (turn + 1) * half]
        ]
        assert len(chosen) == SHOTS
        files.append(folder / f"visitor{visitor}_{line}.tsv")
        files[-1].write_text(head + "".join(chosen))
    return files


def alone(file: Path, queries: bytes) -> np.ndarray:
    """Return what the model answers to the queries after one table, computed here, with nobody else about."""
    run = cache.open_run("demo")
    done = adaptation.adapt(
        cache.model(run),
        adaptation.read_support(file.read_bytes(), file.name, "upload", None),
        adaptation.read_queries(queries, "queries.tsv", "example", None),
        {},
        genome=None,
        run_id="demo",
        weights=cache.weights_digest(run),
        lines=cache.line_fingerprints(run),
        run=run,
    )
    assert done.queries is not None
    return done.queries.probability


def resident(process: int) -> float:
    """Return the resident memory of a process in MiB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def ready(browser, address: str, file: Path) -> Tour:
    """Open a new browser profile on Adapt live with one table uploaded."""
    visit = Tour(browser.new_context(viewport={"width": 1280, "height": 900}).new_page())
    visit.page.set_default_timeout(1e3 * LIMIT)
    open_page(visit.page, f"{address}/live")
    visit.segment("method_support", "live.method.upload")
    visit.upload(file)
    visit.page.get_by_text(file.name).first.wait_for()
    return visit


def press_together(visits: list[Tour]) -> list[float]:
    """Press Adapt in every window, then wait for all; return the seconds of each from its own press."""
    since, took = [], [float("nan")] * len(visits)
    for visit in visits:
        visit.page.get_by_role("button", name=text("live.go")).first.click(no_wait_after=True)
        since.append(time.perf_counter())
    end = time.monotonic() + 4 * LIMIT
    while not np.isfinite(took).all() and time.monotonic() < end:
        for place, visit in enumerate(visits):
            if not np.isfinite(took[place]) and visit.page.locator(".st-key-chart_query_predictions .main-svg").count():
                took[place] = time.perf_counter() - since[place]
        time.sleep(0.05)
    assert np.isfinite(took).all()
    return took


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="reads the server's memory from /proc")
def test_x23_ten_visitors_adapt_at_once_and_each_gets_its_own_answer(tmp_path, demo_present, capsys):
    (tmp_path / "runs").mkdir()
    files = tables(tmp_path)
    queries = (ASSETS / "examples" / "queries_unseen01.tsv").read_bytes()
    wanted = [alone(file, queries) for file in files]
    gaps = [np.abs(a - b).max() for place, a in enumerate(wanted) for b in wanted[:place]]
    assert min(gaps) > 1e-3  # able to fail: no two visitors expect the same
    with (
        running_server(tmp_path / "runs", tmp_path / "cache", **MEMORY) as server,
        playwright.sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        first = ready(browser, server.address, files[0])  # what all share is read once, before memory is counted
        press_together([first])
        first.page.context.close()
        base = resident(server.process.pid)
        visits = [ready(browser, server.address, file) for file in files]
        took = press_together(visits)
        for visit in visits:
            visit.settle()
        held = resident(server.process.pid)
        for file, visit, expected in zip(files, visits, wanted, strict=True):
            said = visit.words()
            assert file.name in said
            assert not [other.name for other in files if other != file and other.name in said]
            rows = list(csv.DictReader(io.StringIO(visit.data("export_csv"))))
            answered = np.array([float(row["probability"]) for row in rows])
            np.testing.assert_allclose(answered, expected, rtol=0, atol=1e-6)
            visit.end(file.name)
        browser.close()
    with capsys.disabled():
        print(
            f"\n{VISITORS} visitors at once: from the press to the figure, p50 {np.median(took):.1f} s, "
            f"p95 {np.percentile(took, 95):.1f} s (one alone is budgeted {BUDGET_SECONDS:g} s); "
            f"server {base:.0f} MiB before, {held:.0f} MiB after, "
            f"{(held - base) / VISITORS:.1f} MiB per visitor (aimed at: {BUDGET_MIB:g})"
        )
