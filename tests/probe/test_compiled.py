import os
import subprocess
import sys
from pathlib import Path

import pytest

from metabam.probe import compiled


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.delenv(compiled.VARIABLE, raising=False)
    monkeypatch.delitem(sys.modules, "numba.core.config", raising=False)
    compiled._folder.cache_clear()
    yield
    compiled._folder.cache_clear()


def test_compiled_code_lies_in_the_cache_of_the_user_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("METABAM_CACHE", str(tmp_path / "cache"))
    assert compiled.keep_compiled() == tmp_path / "cache" / "numba"
    assert os.environ[compiled.VARIABLE] == str(tmp_path / "cache" / "numba")
    assert (tmp_path / "cache" / "numba").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_was_named_stands(monkeypatch, tmp_path):
    monkeypatch.setenv(compiled.VARIABLE, str(tmp_path / "named"))
    assert compiled.keep_compiled() == tmp_path / "named"


@pytest.mark.parametrize("how", ["a file", "open to others"])
def test_without_a_private_folder_one_of_this_process_is_used(monkeypatch, tmp_path, how):
    if how == "a file":
        (tmp_path / "cache").write_text("")
    else:
        (tmp_path / "cache" / "numba").mkdir(parents=True)
        (tmp_path / "cache" / "numba").chmod(0o777)
    monkeypatch.setenv("METABAM_CACHE", str(tmp_path / "cache"))
    found = compiled.keep_compiled()
    assert tmp_path not in found.parents
    assert found.is_dir()
    assert found.stat().st_mode & 0o077 == 0


def test_numba_writes_where_it_is_told_and_not_beside_the_package(tmp_path):
    pytest.importorskip("memelite", reason="the extra 'motifs' is not installed")
    code = (
        "import sys, numba; from metabam.probe.compiled import keep_compiled; keep_compiled();"
        "import memelite; print(sys.modules['memelite.tomtom']._tomtom._cache._cache_path)"
    )
    environment = {name: value for name, value in os.environ.items() if name != compiled.VARIABLE}
    environment |= {"METABAM_CACHE": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=root)
    assert done.stdout.startswith(str(tmp_path / "numba")), done.stderr
