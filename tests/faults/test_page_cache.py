"""S59, Q09 and Q10 at the caches that all sessions share: real files and runs that differ in one cell or one element.

What a user brings is in no shared cache: it is kept by session, as the bytes it was.
"""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from metabam.app import adaptation, cache
from metabam.files import save_tensors
from metabam.probe.spectrum import singular_spectrum

ROWS = 50_001
SHAPE = (101, 4_957)  # 500,657 elements


@pytest.fixture
def run(small_world, tmp_path, monkeypatch):
    """Return the folder of a copy of the small run, in a run folder of its own."""
    import streamlit as st

    shutil.copytree(small_world / "runs" / "small", tmp_path / "runs" / "small")
    monkeypatch.setenv("METABAM_RUNS", str(tmp_path / "runs"))
    st.cache_data.clear()
    return tmp_path / "runs" / "small"


def table(changed: int = -1) -> bytes:
    """Return a query table of 50,001 rows; one row may have another first digit of its promoter's end."""
    header = "chrom\tenhancer_start\tenhancer_end\tpromoter_start\tpromoter_end\n"
    rows = (f"synthetic1\t{i}\t{i + 200}\t60000\t{60400 if i == changed else 60200}\n" for i in range(ROWS))
    return (header + "".join(rows)).encode()


def test_q09_a_bundled_table_that_differs_in_one_cell_is_read_afresh(tmp_path, monkeypatch):
    """Also where size and time of the file are those of the old one."""
    monkeypatch.setattr(cache, "BUNDLED", tmp_path)
    (tmp_path / "examples").mkdir()
    path = tmp_path / "examples" / "queries_many.tsv"
    path.write_bytes(table())
    before = path.stat()
    assert cache.example(path.name) == table()
    for row in (0, 25_013, ROWS - 1):
        path.write_bytes(table(row))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_size == before.st_size
        found = cache.example(path.name)
        assert found == table(row)
        assert found != table()


def test_q09_a_table_of_a_session_is_known_by_all_its_bytes():
    one, other = (adaptation.read_queries(table(row), "q.tsv", "upload", None) for row in (-1, 25_013))
    assert len(one.result.table) == len(other.result.table) == ROWS
    assert one.sha256 != other.sha256
    differing = np.flatnonzero(one.result.table.promoter_end != other.result.table.promoter_end)
    assert differing.tolist() == [25_013]


def test_q09_scores_of_bundled_tables_follow_their_content(small_world, run, tmp_path, monkeypatch):
    """The scores on the Overview belong to the tables that are there, not to their names."""
    head, *rows = (small_world / "world" / "pairs.tsv").read_text().splitlines()
    names = head.split("\t")
    label, line = names.index("label"), names.index("cell_line")
    mine = [row.split("\t") for row in rows if row.split("\t")[line] == "unseen01"]
    columns = [*names, "enhancer_seq", "promoter_seq"]
    draw = np.random.default_rng(7)
    for row in mine:
        row += ["".join(draw.choice(list("ACGT"), 200)) for _ in "EP"]
    classes = [[row for row in mine if row[label] == kind][:19] for kind in "01"]

    def written(items):
        return ("\n".join("\t".join(row) for row in [columns, *items]) + "\n").encode()

    monkeypatch.setattr(cache, "BUNDLED", tmp_path)
    (tmp_path / "examples").mkdir()
    support, asked = ([*classes[0][part], *classes[1][part]] for part in (slice(8), slice(8, None)))
    (tmp_path / "examples" / "support_unseen01.tsv").write_bytes(written(support))
    queries = tmp_path / "examples" / "queries_unseen01.tsv"
    queries.write_bytes(written(asked))
    opened = cache.open_run("small")
    first = cache.bundled_scores(opened)
    assert len(first) == 1
    asked[0][label] = "1"  # one cell
    queries.write_bytes(written(asked))
    second = cache.bundled_scores(opened)
    assert second[0].base_rate == pytest.approx(first[0].base_rate + 1 / len(asked))


def test_q10_atoms_that_differ_in_one_element_have_a_spectrum_of_their_own(run):
    """500,657 numbers, one of them changed by less than the rounding of their sum."""
    for old in (run / "snapshots").iterdir():
        old.unlink()
    atoms = np.random.default_rng(3).uniform(1.0, 2.0, SHAPE).astype(np.float32)
    base = singular_spectrum(atoms, step=11).singular
    for place in (None, (0, 0), (50, 2_011), (100, 4_956)):
        values = atoms.copy()
        if place:
            values[place] += np.float32(0.004)
        save_tensors(run / "snapshots" / "step-00000011.safetensors", {"atoms": values}, {})
        (found,) = cache.spectra(cache.open_run("small"), "small")
        fresh = singular_spectrum(values, step=11)
        assert np.array_equal(found.singular, fresh.singular), place
        assert place is None or not np.array_equal(found.singular, base), place
