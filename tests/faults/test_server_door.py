"""Cases about the endpoint and about time: a real server, a real browser, and a stranger who speaks to both.

S47 and S48 send a body of their own to the address that the page was given for a legitimate upload, S59 changes the
table while the page adapts to it, X08 takes the room for temporary files away from the running server.
"""

from __future__ import annotations

import json
import resource
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metabam.texts import text
from tests.app.browser import CHROMIUM, FLAGS, open_page, running_server, settle

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.is_file(), reason="no Chromium at /usr/bin/chromium"),
]
ENDPOINT = "**/_stcore/upload_file/**"
MIB = 1 << 20
SPOOLED = 600 << 10  # room for any one temporary file in X08; a body of more than 1 MiB goes to one


@pytest.fixture(scope="module")
def server(small_world, tmp_path_factory):
    genome = str(small_world / "world" / "genome.fa")
    with running_server(small_world / "runs", tmp_path_factory.mktemp("cache"), METABAM_GENOME=genome) as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, server):
    """Return a visitor of its own on Adapt live, with the uploader of supports open."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    open_page(page, f"{server.address}/live?run=small")
    page.get_by_role("button", name="upload", exact=True).or_(page.get_by_role("radio", name="upload")).first.click()
    settle(page)
    yield page
    context.close()


@pytest.fixture(scope="module")
def supports(small_world) -> tuple[bytes, bytes]:
    """Return two supports of 16 pairs of the unseen line that share no pair."""
    head, *rows = (small_world / "world" / "pairs.tsv").read_text().splitlines()
    names = head.split("\t")
    label, line = names.index("label"), names.index("cell_line")
    mine = [row for row in rows if row.split("\t")[line] == "unseen01"]
    classes = [[row for row in mine if row.split("\t")[label] == kind] for kind in "01"]
    made = ["\n".join([head, *classes[0][at : at + 8], *classes[1][at : at + 8]]) + "\n" for at in (0, 8)]
    return made[0].encode(), made[1].encode()


class Stranger:
    """Takes the address and the credentials of the page's next upload, and sends its own body there instead."""

    def __init__(self, page: Any, data: bytes, name: str) -> None:
        self.data, self.name, self.status = data, name, 0
        self.url, self.headers, self.answer = "", {}, {}
        page.unroute_all()
        page.route(ENDPOINT, self._instead)

    def _instead(self, route: Any) -> None:
        if route.request.method != "PUT" or self.status:  # a file that is replaced is deleted first
            route.continue_()
            return
        sent = route.request.all_headers()
        kept = ("cookie", "x-xsrftoken", "origin")
        self.url, self.headers = route.request.url, {name: sent[name] for name in kept if name in sent}
        status = self.put(self.data, self.name)
        route.fulfill(status=status, headers=self.answer)

    def put(self, data: bytes, name: str, method: str = "PUT") -> int:
        """Send one request straight to the endpoint and return the answer's status."""
        disposition = f'Content-Disposition: form-data; name="{name}"; filename="{name}"'
        body = f"--frontier\r\n{disposition}\r\nContent-Type: application/octet-stream\r\n\r\n".encode()
        body += data + b"\r\n--frontier--\r\n"
        headers = {**self.headers, "Content-Type": "multipart/form-data; boundary=frontier"}
        request = urllib.request.Request(self.url, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                self.status, self.answer = answer.status, dict(answer.headers)
        except urllib.error.HTTPError as error:
            self.status = error.code
            error.close()
        return self.status


def choose(page: Any, data: bytes, name: str = "mine.tsv") -> None:
    """Choose a file in the uploader, as a user does."""
    page.locator("input[type=file]").first.set_input_files({"name": name, "mimeType": "text/plain", "buffer": data})
    settle(page)


def told(page: Any) -> str:
    """Return what the page says, with the cells of its tables."""
    grids = page.get_by_test_id("stDataFrame").locator("canvas").all()
    return "\n".join([page.get_by_test_id("stMain").inner_text(), *(str(grid.text_content()) for grid in grids)])


def says(page: Any, words: str) -> None:
    """Wait until the page says something; its tables are drawn a moment after its text."""
    for _ in range(100):
        if words in told(page):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{words!r} is not in: {told(page)}")


def stands(page: Any, server: Any) -> None:
    """The server is the process it was, and no part of the page broke."""
    assert server.process.poll() is None
    assert page.get_by_test_id("stException").count() == 0


def resident(server: Any) -> int:
    """Return the resident memory of the server in bytes."""
    rows = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return next(int(row.split()[1]) << 10 for row in rows if row.startswith("VmRSS"))


HOSTILE = {
    "S47-exe": (b"MZ\x90\x00" + bytes(300), "setup.exe", "a Windows program"),
    "S48-5-MiB": (b"x\n" * (5 * MIB // 2), "mine.tsv", "bytes exceed the 1 MiB of a support"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_direct_put_is_refused_by_what_it_is(case, page, server, supports):
    data, name, words = HOSTILE[case]
    choose(page, supports[0])
    page.get_by_text("This table is accepted").first.wait_for()
    before = resident(server)
    stranger = Stranger(page, data, name)
    choose(page, supports[1], "other.tsv")
    assert stranger.status == 204, "the endpoint takes it: the page must not"
    page.get_by_text("This table is refused").first.wait_for()
    says(page, words)
    assert page.get_by_role("button", name=text("live.go")).is_disabled()
    assert resident(server) - before <= 64 * MIB * max(1.0, len(data) / MIB)
    stands(page, server)
    choose(page, supports[0])
    page.get_by_text("This table is accepted").first.wait_for()
    assert page.get_by_role("button", name=text("live.go")).is_enabled()
    stands(page, server)


def adapt(page: Any) -> None:
    page.get_by_role("button", name=text("live.go")).click()


def result(page: Any) -> tuple[str, str]:
    """Return digest of the support and the fingerprint of what the page shows, from the session that it exports."""
    with page.expect_download() as download:
        page.get_by_role("button", name=text("live.export.json")).click()
    values = json.loads(download.value.path().read_text())
    return values["support"]["sha256"], json.dumps(values["fingerprint"], sort_keys=True)


def test_s59_table_replaced_or_removed_while_adapting(page, server, supports):
    """Whatever happens to the upload meanwhile, the page shows one table with its own result: the old or the new."""
    expected = []
    for data in supports:
        choose(page, data)
        adapt(page)
        page.get_by_text(text("live.export.json")).first.wait_for()
        settle(page)
        expected.append(result(page))
    old, new = expected
    assert old[0] != new[0]
    assert old[1] != new[1]
    rounds = [(0, "choose"), (40, "choose"), (160, "choose"), (0, "put"), (40, "put"), (0, "delete")]
    for number, (wait, change) in enumerate(rounds):
        stranger = Stranger(page, supports[0], f"round{number}.tsv")
        choose(page, supports[0])
        assert stranger.status == 204
        page.get_by_test_id("stMetric").get_by_text(f"round{number}.tsv").first.wait_for()
        adapt(page)
        page.wait_for_timeout(wait)
        if change == "choose":
            choose(page, supports[1])
        else:
            assert stranger.put(supports[1], "mine.tsv", method=change.upper()) == 204
            settle(page)
        assert result(page) in (old, new), (wait, change)
        stands(page, server)


def test_x08_no_room_for_the_temporary_file_of_an_upload(chromium, page, server, supports):
    """That session gets a message; another one and the server live; with room again the same session goes on."""
    context = chromium.new_context()
    other = context.new_page()
    open_page(other, f"{server.address}/live?run=small")
    big = supports[0].split(b"\n")[0] + b"\n" + b"x\n" * (2 * MIB // 2)
    page.get_by_role("radio", name="upload").or_(page.get_by_role("button", name="upload", exact=True)).last.click()
    settle(page)
    uploader = page.get_by_test_id("stFileUploader").last
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (SPOOLED, resource.RLIM_INFINITY))
    try:
        page.locator("input[type=file]").last.set_input_files(
            {"name": "queries.tsv", "mimeType": "text/plain", "buffer": big}
        )
        uploader.get_by_text("Error").wait_for(timeout=30_000)
        settle(page)
        stands(page, server)
        choose(page, supports[0])  # small enough to need no file
        page.get_by_text("This table is accepted").first.wait_for()
        open_page(other, f"{server.address}/atoms?run=small")
        stands(other, server)
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
    page.locator("input[type=file]").last.set_input_files(
        {"name": "again.tsv", "mimeType": "text/plain", "buffer": big}
    )
    settle(page)
    says(page, "rows exceed the 100,000 of a query upload")  # it arrived whole, and was read
    stands(page, server)
    context.close()


def test_q08_a_long_query_table_can_be_cancelled(page, server, supports):
    """Progress is drawn, Cancel ends the work at the next piece, what was shown before stays, and the page goes on."""
    choose(page, supports[0])
    adapt(page)
    page.get_by_text(text("live.export.json")).first.wait_for()
    settle(page)
    before = result(page)
    header = "chrom\tenhancer_start\tenhancer_end\tpromoter_start\tpromoter_end\n"
    rows = "".join(f"synthetic1\t{i}\t{i + 200}\t{i + 9_000}\t{i + 9_200}\n" for i in range(99_000))
    page.get_by_role("radio", name="upload").or_(page.get_by_role("button", name="upload", exact=True)).last.click()
    settle(page)
    page.locator("input[type=file]").last.set_input_files(
        {"name": "long.tsv", "mimeType": "text/plain", "buffer": (header + rows).encode()}
    )
    settle(page)
    page.get_by_text("long.tsv").first.wait_for()
    adapt(page)
    cancel = page.get_by_role("button", name=text("live.cancel"), exact=True)
    cancel.click(timeout=60_000)
    cancel.wait_for(state="detached", timeout=60_000)
    settle(page)
    assert page.get_by_text(text("live.stale")).first.is_visible()
    assert result(page) == before
    stands(page, server)
