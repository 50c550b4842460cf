import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metabam.errors import ConfigError, InputError
from metabam.score import read_scores, scores_text, write_scores
from metabam.score.table import scores_frame

IDS = ["=1+1", "'=x", "plain", "-0.5", "a\tb", 'say "hi"', "two\nlines", "-0.5", "NA", "", "ärm"]


def example():
    rng = np.random.default_rng(0)
    numbers = rng.random((len(IDS), 4)) / 3.0
    numbers[3], numbers[5, 1:3] = np.nan, np.nan
    numbers[6, 3] = -5e-324
    status = np.array(["ok"] * len(IDS), dtype=object)
    status[3] = "unknown-contig"
    return scores_frame(IDS, numbers, status)


@pytest.mark.parametrize("suffix", [".tsv", ".parquet"])
def test_q12_reimport_is_bit_equal_and_keeps_order(tmp_path, suffix):
    scores = example()
    write_scores(scores, tmp_path / f"s{suffix}")
    again = read_scores(tmp_path / f"s{suffix}")
    assert list(again.columns) == ["pair_id", "probability", "lower", "upper", "logit", "status"]
    assert again["pair_id"].tolist() == IDS
    assert again["status"].tolist() == scores["status"].tolist()
    for name in ("probability", "lower", "upper", "logit"):
        assert again[name].to_numpy().tobytes() == scores[name].to_numpy().tobytes()


@given(
    st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs", "Cc"])), st.floats()), min_size=1, max_size=7)
)
def test_any_id_and_any_number_come_back(tmp_path_factory, rows):
    numbers = np.zeros((len(rows), 4))
    numbers[:, 0] = [0.0 if np.isinf(value) else value for _, value in rows]
    scores = scores_frame([name for name, _ in rows], numbers, np.array(["ok"] * len(rows), dtype=object))
    path = tmp_path_factory.mktemp("scores") / "s.tsv"
    write_scores(scores, path)
    again = read_scores(path)
    assert again["pair_id"].tolist() == [name for name, _ in rows]
    pd.testing.assert_series_equal(again["probability"], scores["probability"], check_exact=True)


def test_formula_cells_are_neutral_and_numbers_are_not_touched():
    lines = scores_text(example()).splitlines()
    assert lines[1].startswith("'=1+1\t0.")
    assert not any(line.startswith(("=", "+", "@")) for line in lines)


def test_empty_scores_keep_their_columns(tmp_path):
    nothing = scores_frame([], np.zeros((0, 4)), np.zeros(0, dtype=object))
    write_scores(nothing, tmp_path / "s.tsv")
    again = read_scores(tmp_path / "s.tsv")
    assert (len(again), list(again.columns)) == (0, list(nothing.columns))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="neither"):
        write_scores(example(), tmp_path / "s.xlsx")
    for name, data in (("a.tsv", b"x\ty\n1\t2\n"), ("b.tsv", b"\xff\xfe"), ("c.parquet", b"PAR1 no"), ("d.tsv", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError):
            read_scores(tmp_path / name)
