import json

import numpy as np
import pytest

from metabam.probe.naming import MATCH_FILE, keep_matches, kept_matches, motifs_of_atom, planted_q
from metabam.records import FeatureInfo, MotifMatch, MotifMatchRecord
from tests.probe.test_motifs import motifs

OWN, KNOWN = motifs("TTGACCAAT", "GGGCCCAAA"), motifs("ATTGGTCAA", "CACGTGACC")


def record():
    matches = (
        MotifMatch("TTGACCAAT", "ATTGGTCAA", 1e-9, 4e-9, 0, "-", 9),
        MotifMatch("GGGCCCAAA", "ATTGGTCAA", 0.01, 0.02, -3, "+", 6),
    )
    return MotifMatchRecord(matches, (2, 2), (), True)


def test_a_kept_comparison_comes_back_whole_for_the_same_motifs_alone(tmp_path):
    assert kept_matches(tmp_path, OWN, KNOWN) is None
    keep_matches(tmp_path, OWN, KNOWN, record())
    assert kept_matches(tmp_path, OWN, KNOWN) == record()
    assert kept_matches(tmp_path, OWN, OWN) is None
    renamed = type(OWN)(("x", "y"), OWN.pwms)
    assert kept_matches(tmp_path, renamed, KNOWN) is None
    moved = type(OWN)(OWN.names, (OWN.pwms[0], OWN.pwms[1] + 1e-12))
    assert kept_matches(tmp_path, moved, KNOWN) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("q", 0.051), ("q", "x"), ("known", "CEBPB"), ("motif", "none"), ("offset", None), ("strand", ...)],
)
def test_a_match_that_cannot_be_is_no_comparison(tmp_path, field, value):
    keep_matches(tmp_path, OWN, KNOWN, record())
    said = json.loads((tmp_path / MATCH_FILE).read_text())
    if value is ...:
        del said["matches"][0][field]
    else:
        said["matches"][0][field] = value
    (tmp_path / MATCH_FILE).write_text(json.dumps(said))
    assert kept_matches(tmp_path, OWN, KNOWN) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", "null"])
def test_a_broken_file_is_no_comparison(tmp_path, text):
    (tmp_path / MATCH_FILE).write_text(text)
    assert kept_matches(tmp_path, OWN, KNOWN) is None


def test_the_motifs_of_an_atom_are_those_of_its_heaviest_feature():
    features = [
        FeatureInfo("a", "single_enhancer", (3,)),
        FeatureInfo("b", "pair", (0, 5)),
        FeatureInfo("c", "periodic"),
    ]
    assert motifs_of_atom(np.array([0.2, -0.9, 0.5, 7.0], np.float32), features) == (0, 5), "recall is no feature"
    assert motifs_of_atom(np.array([0.2, -0.1, 0.5], np.float32), features) == ()
    assert motifs_of_atom(np.array([0.2], np.float32), []) == ()


def test_a_planted_motif_counts_only_among_the_own_ones():
    assert planted_q(["ATTGGTCAA", "CACGTGACC"], ["TTGACCAAT", "GGGCCCAAA"], record()) == {
        "ATTGGTCAA": 4e-9,
        "CACGTGACC": None,
    }
    assert planted_q(["ATTGGTCAA"], ["GGGCCCAAA"], record()) == {"ATTGGTCAA": 0.02}
    assert planted_q(["ATTGGTCAA"], [], record()) == {"ATTGGTCAA": None}
