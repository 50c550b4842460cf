"""``metabam app``: Streamlit on this machine only, unless told otherwise."""

from __future__ import annotations

import argparse
import importlib.util
import os
import socket
import sys
from pathlib import Path
from typing import Final, NoReturn

import metabam
from metabam.cli.report import Output
from metabam.errors import ConfigError

MEMORY: Final = {"MALLOC_ARENA_MAX": "2"}
"""What the server's process is started with: with one heap per thread, glibc kept 32 MiB per visitor; with two, 7."""


def app(arguments: argparse.Namespace, output: Output) -> NoReturn:
    """Replace this process by the app's server.

    Raises
    ------
    ConfigError
        ``no-app`` (the package was installed without its pages), ``no-streamlit``, ``no-genome`` or ``port-in-use``.
    """
    root = Path(metabam.__file__).resolve().parent.parent
    if not (root / "app.py").is_file():
        raise ConfigError(
            "no-app", "the pages of the app are not beside the package.", "Install from a checkout: `pip install -e .`."
        )
    if importlib.util.find_spec("streamlit") is None:
        raise ConfigError("no-streamlit", "Streamlit is not installed.", "Run `pip install -r requirements.txt`.")
    address = "0.0.0.0" if arguments.share else "127.0.0.1"
    if arguments.share:
        output.note(
            "WARNING: --share listens on every address of this machine and there is NO password: whoever reaches port "
            f"{arguments.port} can use the app and see the runs."
        )
    _check_port(address, arguments.port)
    environment = MEMORY | dict(os.environ)
    environment["METABAM_RUNS"] = str(Path(arguments.runs or environment.get("METABAM_RUNS", "runs")).absolute())
    if arguments.genome is not None:
        genome = Path(arguments.genome).absolute()
        if not genome.is_file():
            raise ConfigError("no-genome", f"there is no file {arguments.genome}.", "Give an uncompressed FASTA.")
        environment["METABAM_GENOME"] = str(genome)
    if arguments.share:
        environment["STREAMLIT_SERVER_ALLOWED_HOSTS"] = "*"
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    command += ["--server.address", address, "--server.port", str(arguments.port), "--server.showEmailPrompt", "false"]
    os.chdir(root)
    os.execve(sys.executable, command, environment)


def _check_port(address: str, port: int) -> None:
    """Refuse a port that another program listens on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except PermissionError as error:
            raise ConfigError(
                "port-refused", f"port {port} needs rights that this user lacks.", "Choose --port above 1023."
            ) from error
        except OSError as error:
            raise ConfigError("port-in-use", f"port {port} is in use.", "Choose another with --port N.") from error
