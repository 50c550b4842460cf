"""Two things that only hands do: a lasso around points of a map, and a sheet downloaded, filled in and given back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest

from metabam.texts import text
from tests.app.browser import CHROMIUM, FLAGS, open_page
from tests.app.conftest import ASSETS
from tests.app.tour import Tour

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.is_file(), reason="no Chromium at /usr/bin/chromium"),
]
QUERIES = ASSETS / "examples" / "queries_unseen01.tsv"


@pytest.fixture
def tour(server) -> Iterator[Tour]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        visit = Tour(browser.new_page(viewport={"width": 1280, "height": 1100}))
        visit.page.set_default_timeout(180_000)
        yield visit
        browser.close()


def test_a_lasso_lists_its_supports_and_survives_a_recolour(tour, server):
    open_page(tour.page, f"{server}/manifold")
    assert tour.says(text("manifold.chosen.none"))
    tour.lasso("map", left=0.1, right=0.9, top=0.1, bottom=0.9)
    said = tour.page.get_by_text("supports chosen").first
    said.wait_for()
    chosen = int(said.inner_text().split(" ")[0])
    assert 0 < chosen <= 1_000
    ids = [row["support"] for row in csv.DictReader(io.StringIO(tour.data("manifold_ids")))]
    assert len(ids) == len(set(ids)) == chosen
    tour.pick("colour", text("fig.manifold.colour.sigma"))
    assert tour.says(text("manifold.chosen", n=chosen))
    tour.press("manifold.clear")
    assert tour.says(text("manifold.chosen.none"))


def test_an_order_sheet_comes_back_bit_by_bit(tour, server, tmp_path):
    """The sheet, filled in, gives to the last bit the predictions that the rows of the original table give."""
    source = list(csv.DictReader(QUERIES.read_text().splitlines(), delimiter="\t"))
    known = {row["pair_id"]: row for row in source}
    open_page(tour.page, f"{server}/design")
    tour.press("design.go", "gain")
    rows = list(csv.DictReader(io.StringIO(tour.download("sheet_csv").decode())))
    assert len(rows) == 16
    for row in rows:
        assert row.pop("label") == ""
        theirs = known[row["pair_id"]]
        shared = set(theirs) & set(row)
        assert {name: row[name] for name in shared} == {name: theirs[name] for name in shared}
    assert {"chrom", "enhancer_start", "promoter_end", "enhancer_seq", "promoter_seq"} <= set(rows[0])
    filled = [{**row, "label": known[row["pair_id"]]["label"]} for row in rows]
    original = [known[row["pair_id"]] for row in rows]
    tour.go("live")
    tour.segment("method_support", "live.method.upload")
    answers = []
    for name, table, separator in (("order.csv", filled, ","), ("original.tsv", original, "\t")):
        tour.upload(write(tmp_path / name, table, separator))
        tour.page.get_by_text(name).first.wait_for()
        assert tour.number(text("live.kpi.rows")) == "16"
        tour.press("live.go", "query_predictions")
        tour.page.get_by_text(text("live.stale")).wait_for(state="detached")
        answers.append(tour.download("export_csv"))
    assert answers[0] == answers[1]
    assert len(answers[0].splitlines()) == 402


def write(file, rows, separator):
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), delimiter=separator, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file
