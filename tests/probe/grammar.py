"""A motif dictionary written by hand, with every kind of code in it, and elements to read with it."""

from __future__ import annotations

import numpy as np

from metabam.model.discovery.calibrate import Calibration
from metabam.model.discovery.dictionary import MotifDictionary
from metabam.model.discovery.periodicity import Periodicity
from metabam.model.discovery.reader import SideReader
from metabam.model.discovery.scan import fit_background
from metabam.model.discovery.spacing import Spaced
from metabam.model.encoders.motif import MotifEncoder
from metabam.records import MotifSet

WORDS = ("TGACTCAT", "GGGCGGG", "CACCTGA")
L_E, L_P = 101, 97


def pwm(word):
    table = np.full((len(word), 4), 0.05)
    table[np.arange(len(word)), ["ACGT".index(letter) for letter in word]] = 0.85
    return table


def dna(count, length, seed=0, unknown=0.0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (count, length)).astype(np.uint8)
    codes[rng.random((count, length)) < unknown] = 4
    return codes


def plant(codes, word, at):
    codes[at : at + len(word)] = ["ACGT".index(letter) for letter in word]
    return codes


def reader(seed):
    rng = np.random.default_rng(seed)
    loading = (rng.standard_normal(16) + 1j * rng.standard_normal(16)).astype(np.complex64)
    motif = Calibration(0.9, -4.0)
    return SideReader(
        fit_background(dna(53, 101, seed)),
        (0, 1, 2),
        tuple(pwm(word) for word in WORDS),
        (motif, Calibration(1.1, -5.0), motif),
        (Spaced(0, 0, 2, 1, 5), Spaced(1, 1, 1, 0, 3)),
        (Calibration(0.8, -6.0), Calibration(0.7, -5.0)),
        (Periodicity(10.5, loading, 0.3),),
        (Calibration(2.0, -2.0, 0.8),),
    )


def encoder() -> MotifEncoder:
    """Return an encoder of 13 features: singles, spaced pairs, a period, composition, and products across the pair."""
    single = [(0, -1), (1, -1), (-1, 2), (3, -1), (-1, 4), (5, -1), (6, -1), (7, -1), (8, -1), (-1, 7)]
    columns = np.array([*single, (0, 1), (3, 2), (2, 4)], dtype=np.int64)
    motifs = MotifSet(WORDS, tuple(pwm(word) for word in WORDS))
    numbers = np.full(13, 0.1), np.full(13, 0.5), np.ones(13)
    made = MotifDictionary(motifs, np.ones(3), reader(1), reader(2), columns, *numbers)
    return MotifEncoder(made)
