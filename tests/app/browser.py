"""A fresh server and a real browser for each case that needs them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 90.0
NOBODY_ELSE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
ICONS = """
window.icons = [];
const keep = link => { if (link && /icon/.test(link.rel || '')) window.icons.push(link.href); };
new MutationObserver(changes => {
    for (const change of changes) {
        if (change.type === 'attributes') { window.icons.push(change.oldValue || ''); keep(change.target); }
        change.addedNodes.forEach(node => node.nodeName === 'LINK' && keep(node));
    }
}).observe(document, {subtree: true, childList: true, attributes: true, attributeOldValue: true,
                      attributeFilter: ['href']});
"""


@dataclass(frozen=True)
class Server:
    """A running server: where it answers, and its process."""

    address: str
    process: subprocess.Popen[bytes]


class Witness:
    """Every address that a browser window asks for: requests, sockets, and favicons, which drivers do not report."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.asked: list[str] = []
        page.add_init_script(ICONS)
        page.context.on("request", lambda request: self.asked.append(request.url))
        page.on("websocket", lambda socket: self.asked.append(socket.url))

    def icons(self) -> list[str]:
        """Return every favicon of the document that is open, from the first to the one of now."""
        now = "() => [...window.icons, ...[...document.querySelectorAll('link[rel~=icon]')].map(link => link.href)]"
        return [str(icon) for icon in self.page.evaluate(now) if icon]

    def elsewhere(self) -> list[str]:
        """Return what was asked of anyone but this machine."""
        return [url for url in self.asked + self.icons() if not at_home(url)]


def at_home(url: str) -> bool:
    """Return whether an address is inside the document, relative to it, or on 127.0.0.1."""
    parts = urllib.parse.urlsplit(url)
    return parts.hostname in (None, "127.0.0.1") and parts.scheme in ("", "data", "blob", "about", "http", "ws")


@contextmanager
def running_server(runs: Path, cache: Path, **more: str) -> Iterator[Server]:
    """Start a new server process on a free port with more environment, yield it, and end it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "METABAM_RUNS": str(runs),
        "METABAM_CACHE": str(cache),
        "OMP_NUM_THREADS": "1",
        **more,
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            await_answer(f"http://127.0.0.1:{port}/_stcore/health", server)
            yield Server(f"http://127.0.0.1:{port}", server)
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


@contextmanager
def fresh_server(runs: Path, cache: Path) -> Iterator[str]:
    """Start a new server process on a free port, yield its address, and end it."""
    with running_server(runs, cache) as server:
        yield server.address


def await_answer(address: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}")
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError("the server did not answer")


def settle(page: Any, quiet: float = 0.8, limit: float = 60.0) -> None:
    """Wait until the app has not been running for a moment."""
    end, still = time.monotonic() + limit, 0.0
    while time.monotonic() < end and still < quiet:
        page.wait_for_timeout(200)
        state = page.locator("[data-testid=stApp]").first.get_attribute("data-test-script-state")
        busy = state not in (None, "notRunning") or page.get_by_test_id("stSkeleton").count() > 0
        still = 0.0 if busy else still + 0.2


def open_page(page: Any, address: str) -> None:
    """Open an address and wait until its page stands."""
    page.goto(address, wait_until="load")
    page.wait_for_selector("h1", timeout=90_000)
    settle(page)


def whole_page(page: Any, file: Path, width: int) -> None:
    """Save a picture of the whole page: the window grows until nothing is below it."""
    for _ in range(3):
        height = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
        page.set_viewport_size({"width": width, "height": int(max(900, height + 5))})
        page.wait_for_timeout(900)
    page.mouse.move(4, 4)
    page.screenshot(path=str(file))
    page.set_viewport_size({"width": width, "height": 900})
