import numpy as np
import pytest

from metabam.data.meme import parse_meme, read_meme
from metabam.errors import InputError

TEXT = """MEME version 4

ALPHABET= ACGT

strands: + -

Background letter frequencies
A 0.25 C 0.25 G 0.25 T 0.25

MOTIF MA0001.1 FIRST
letter-probability matrix: alength= 4 w= 3 nsites= 20 E= 0
 0.7 0.1 0.1 0.1
 0.0 1.0 0.0 0.0
 0.25 0.25 0.25 0.25

URL http://example.org/MA0001.1

MOTIF second
letter-probability matrix: alength= 4 w= 2
0.5 0.5 0.0 0.0
0.1 0.2 0.3 0.4
"""


def test_motifs_are_read_in_order(tmp_path):
    found = parse_meme(TEXT)
    assert found.names == ("MA0001.1 FIRST", "second")
    assert [pwm.shape for pwm in found.pwms] == [(3, 4), (2, 4)]
    assert found.pwms[0][0] == pytest.approx([0.7, 0.1, 0.1, 0.1])
    assert found.pwms[0][1] == pytest.approx([1e-4, 1.0, 1e-4, 1e-4], rel=1e-3)
    assert all(pwm.sum(axis=1) == pytest.approx(np.ones(len(pwm))) for pwm in found.pwms)
    (tmp_path / "known.meme").write_text(TEXT)
    assert read_meme(tmp_path / "known.meme").names == found.names


def test_what_the_simulator_writes_is_read():
    from metabam.data.planting import PlantedMotif
    from metabam.data.worldfiles import meme_text

    pwm = np.random.default_rng(0).dirichlet(np.full(4, 0.5), 7)
    fields = dict.fromkeys(PlantedMotif.__dataclass_fields__)
    motif = PlantedMotif(**{**fields, "name": "M01", "pwm": pwm})
    found = parse_meme(meme_text((motif,)))
    assert found.names == ("M01",)
    assert found.pwms[0] == pytest.approx(pwm, abs=2e-4)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (">M1\n1 2 3 4\n", "meme-format"),
        (TEXT.replace("ALPHABET= ACGT", "ALPHABET= ACDEFGHIKLMNPQRSTVWY"), "meme-format"),
        (TEXT.replace("0.7 0.1", "0.7 0.9"), "meme-motif"),
        (TEXT.replace("w= 3", "w= 4"), "meme-motif"),
        (TEXT.replace("0.5 0.5 0.0 0.0", "0.5 0.5 nan 0.0"), "meme-motif"),
        (TEXT.replace("0.5 0.5 0.0 0.0", "1.5 -0.5 0.0 0.0"), "meme-motif"),
        (TEXT.split("MOTIF")[0], "meme-empty"),
        (TEXT.replace("letter-probability", "log-odds"), "meme-motif"),
    ],
    ids=["jaspar", "protein", "sum", "width", "nan", "negative", "empty", "log-odds"],
)
def test_anything_else_is_refused(text, code):
    with pytest.raises(InputError, match=code):
        parse_meme(text)
