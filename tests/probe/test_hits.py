import numpy as np
import pytest

from metabam.errors import InputError
from metabam.probe.hits import composition, dictionary_hits, scan_motifs
from metabam.records import MotifSet
from tests.probe.grammar import L_E, L_P, WORDS, dna, encoder, plant, pwm
from tests.probe.test_attribute import Counting

LONG = "ACCGATTGTCTAGGAAGA"


def reverse(word):
    return "".join("ACGT"[3 - "ACGT".index(letter)] for letter in reversed(word))


def test_p_values_are_those_of_all_words():
    """A motif of two columns with four distinct odds each: the sixteen scores can be ranked by hand."""
    table = np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]])
    codes = np.array([0, 3, 1, 1, 2, 0, 3], dtype=np.uint8)
    base = composition((codes, codes))
    found = scan_motifs(MotifSet(("m",), (table,)), codes, codes, level=1.0)
    assert found.tested == 2 * 2 * 6
    odds = np.log(table / base)
    words = [(a, b) for a in range(4) for b in range(4)]
    score = {word: odds[0, word[0]] + odds[1, word[1]] for word in words}
    best = found.hits[0]
    assert (best.side, best.start, best.end, best.strand) == ("enhancer", 0, 2, "+")  # AT is its own reverse complement
    assert best.score == pytest.approx(score[0, 3], abs=0.01)
    assert best.p == pytest.approx(sum(base[a] * base[b] for a, b in words if score[a, b] >= score[0, 3] - 0.01))


def test_a_planted_word_is_found_on_either_strand_and_chance_words_are_not():
    motifs = MotifSet(("long", "absent"), (pwm(LONG), pwm("CGTACGTTTGCAAGCTAC")))
    e, p = plant(dna(1, L_E, 4)[0], LONG, 41), plant(dna(1, L_P, 5)[0], reverse(LONG), 13)
    found = scan_motifs(motifs, e, p)
    assert [(hit.name, hit.side, hit.start, hit.end, hit.strand) for hit in found.hits] == [
        ("long", "enhancer", 41, 59, "+"),
        ("long", "promoter", 13, 31, "-"),
    ]
    assert all(hit.q <= 0.05 for hit in found.hits)
    nothing = scan_motifs(motifs, dna(1, L_E, 4)[0], dna(1, L_P, 5)[0])
    assert nothing.hits == ()
    assert nothing.best_q > 0.05
    assert nothing.tested == 2 * 2 * (L_E - 17 + L_P - 17)


def test_windows_with_an_n_are_not_tested():
    e = np.full(L_E, 4, dtype=np.uint8)
    found = scan_motifs(MotifSet(("long",), (pwm(LONG),)), e, e)
    assert (found.tested, found.hits, found.best_q) == (0, (), 1.0)


def test_the_dictionary_finds_its_word_where_it_was_planted():
    """P(site) of the calibration 0.9 s - 4 at the best site; q is the running mean of 1 - P."""
    made = encoder()
    e = plant(dna(1, L_E, 4)[0], WORDS[0], 41)
    found = dictionary_hits(made, e, dna(1, L_P, 5)[0], level=0.2)
    top = next(hit for hit in found.hits if (hit.side, hit.start) == ("enhancer", 41))
    assert (top.name, top.end, top.strand) == (WORDS[0], 49, "+")
    assert top.p == pytest.approx(1.0 / (1.0 + np.exp(0.9 * top.score - 4.0)), rel=1e-4)
    assert [hit.q for hit in found.hits] == pytest.approx(
        np.cumsum([hit.p for hit in found.hits]) / np.arange(1, len(found.hits) + 1)
    )
    assert (found.source, found.n_motifs) == ("run", 3)
    assert found.tested == 3 * (L_E + L_P) - 2 * (7 + 6 + 6)
    strict = dictionary_hits(made, e, dna(1, L_P, 5)[0], level=0.0)
    assert strict.hits == ()


def test_what_has_no_motifs_says_so():
    e = dna(1, L_E)[0]
    with pytest.raises(InputError, match="no motif dictionary"):
        dictionary_hits(Counting(), e, e)
    with pytest.raises(InputError, match="no motif to look"):
        scan_motifs(MotifSet((), ()), e, e)
    with pytest.raises(InputError, match="2001 motifs"):
        scan_motifs(MotifSet(("m",) * 2001, (pwm("A"),) * 2001), e, e)
