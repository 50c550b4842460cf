"""A fresh server and a real browser for each case that needs them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
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


@dataclass(frozen=True)
class Server:
    """A running server: where it answers, and its process."""

    address: str
    process: subprocess.Popen[bytes]


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
            _wait(f"http://127.0.0.1:{port}/_stcore/health", server)
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


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
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
