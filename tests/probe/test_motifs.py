from pathlib import Path

import numpy as np
import pytest

from metabam.data.worldfiles import read_truth
from metabam.data.worldlink import world_motifs
from metabam.errors import ConfigError, InputError
from metabam.model.encoders import innermost
from metabam.probe.motifs import benjamini_hochberg, match_motifs
from metabam.probe.naming import kept_matches
from metabam.records import MotifSet
from metabam.train.run import RunStore


def sharp(word, name):
    pwm = np.full((len(word), 4), 0.02)
    pwm[np.arange(len(word)), ["ACGT".index(letter) for letter in word]] = 0.94
    return name, pwm


def motifs(*words):
    named = [sharp(word, word) for word in words]
    return MotifSet(tuple(name for name, _ in named), tuple(pwm for _, pwm in named))


def test_q_values_by_hand():
    found = benjamini_hochberg(np.array([[0.01, 0.04], [0.03, 0.5]]))
    # sorted 0.01 0.03 0.04 0.5 -> 0.04 0.06 0.0533 0.5, then the running minimum from the right
    assert found == pytest.approx(np.array([[0.04, 0.16 / 3], [0.16 / 3, 0.5]]))


def test_nothing_to_compare_is_refused():
    with pytest.raises(InputError, match="no-motifs"):
        match_motifs(motifs("ACGTACGT"), MotifSet((), ()))


def test_without_the_package_the_remedy_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "memelite", None)
    with pytest.raises(ConfigError, match="no-tomtom"):
        match_motifs(motifs("ACGTACGT"), motifs("ACGTACGT"))


@pytest.mark.nightly
def test_tomtom_finds_the_same_word_on_either_strand_and_nothing_else():
    pytest.importorskip("memelite", reason="the extra 'motifs' is not installed")
    rng = np.random.default_rng(0)
    others = ["".join(rng.choice(list("ACGT"), 9)) for _ in range(40)]
    found = match_motifs(motifs("TTGACCAAT", "GGGCCCAAA"), motifs("ATTGGTCAA", *others))
    assert [(match.motif, match.known, match.strand) for match in found.matches] == [("TTGACCAAT", "ATTGGTCAA", "-")]
    assert found.unmatched == ("GGGCCCAAA",)
    assert found.tested == (2, 41)
    assert not found.few_known
    assert found.matches[0].q <= 0.05


@pytest.mark.nightly
def test_the_demo_keeps_what_the_comparison_gives():
    pytest.importorskip("memelite", reason="the extra 'motifs' is not installed")
    root = Path(__file__).resolve().parents[2] / "assets"
    own = innermost(RunStore(root).open("demo").load_encoder()).motifs
    known = world_motifs(read_truth(root / "world"))
    kept, found = kept_matches(root / "demo", own, known), match_motifs(own, known)
    assert [(match.motif, match.known, match.strand, match.offset) for match in kept.matches] == [
        (match.motif, match.known, match.strand, match.offset) for match in found.matches
    ]
    assert [match.q for match in kept.matches] == pytest.approx([match.q for match in found.matches], rel=1e-6)


@pytest.mark.nightly
def test_few_known_motifs_still_give_calibrated_p_values():
    pytest.importorskip("memelite", reason="the extra 'motifs' is not installed")
    root = Path(__file__).resolve().parents[2] / "assets"
    known = world_motifs(read_truth(root / "world"))
    own = innermost(RunStore(root).open("demo").load_encoder()).motifs
    rng, sets = np.random.default_rng(0), 40
    shuffled = [MotifSet(own.names, tuple(pwm[rng.permutation(len(pwm))] for pwm in own.pwms)) for _ in range(sets)]
    false = sum(bool(match_motifs(item, known).matches) for item in shuffled)
    assert false <= 7, "5 % of 40 sets, and their binomial spread"
