"""``metabam app`` becomes a server that answers on this machine alone, with the memory settings that it needs."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from metabam.cli.serve import MEMORY
from tests.app.browser import await_answer

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("streamlit", reason="the extra 'app' is not installed")


@pytest.mark.skipif(not Path("/proc/self/environ").is_file(), reason="reads the server's environment from /proc")
@pytest.mark.parametrize("own", [{}, {"MALLOC_ARENA_MAX": "7"}], ids=["default", "set-by-the-user"])
def test_the_server_has_few_heaps_unless_told_otherwise(own, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name not in MEMORY} | own
    environment |= {"METABAM_RUNS": str(tmp_path), "METABAM_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "metabam.cli", "app", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            await_answer(f"http://127.0.0.1:{port}/_stcore/health", server)
            held = Path(f"/proc/{server.pid}/environ").read_bytes().split(b"\0")
        finally:
            server.terminate()
    wanted = MEMORY | own
    assert {f"{name}={value}".encode() for name, value in wanted.items()} <= set(held)
    assert f"METABAM_RUNS={tmp_path}".encode() in held
