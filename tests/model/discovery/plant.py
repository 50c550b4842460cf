"""Small sequences with known answers: background DNA, and sites written into it."""

from __future__ import annotations

import numpy as np

STRONG = np.array(
    [
        [0.85, 0.05, 0.05, 0.05], [0.05, 0.85, 0.05, 0.05], [0.05, 0.05, 0.85, 0.05], [0.05, 0.05, 0.05, 0.85],
        [0.05, 0.85, 0.05, 0.05], [0.85, 0.05, 0.05, 0.05], [0.05, 0.05, 0.05, 0.85], [0.05, 0.05, 0.85, 0.05],
        [0.05, 0.05, 0.85, 0.05],
    ]
)  # fmt: skip
OTHER = np.array(
    [
        [0.05, 0.05, 0.05, 0.85], [0.05, 0.05, 0.05, 0.85], [0.85, 0.05, 0.05, 0.05], [0.05, 0.05, 0.85, 0.05],
        [0.05, 0.85, 0.05, 0.05], [0.05, 0.05, 0.85, 0.05], [0.85, 0.05, 0.05, 0.05], [0.85, 0.05, 0.05, 0.05],
    ]
)  # fmt: skip


def dna(rng, n, length, gc=0.45):
    weights = np.array([(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2])
    return rng.choice(4, size=(n, length), p=weights).astype(np.uint8)


def site(rng, pwm):
    return np.array([rng.choice(4, p=column) for column in pwm], dtype=np.uint8)


def write(rng, codes, row, start, pwm, reverse):
    letters = site(rng, pwm)
    codes[row, start : start + len(pwm)] = 3 - letters[::-1] if reverse else letters


def plant(rng, codes, pwm, share):
    """Write one site on either strand into a share of the elements; return which, (n,) bool."""
    holds = rng.random(len(codes)) < share
    for row in np.flatnonzero(holds):
        write(rng, codes, row, rng.integers(0, codes.shape[1] - len(pwm) + 1), pwm, rng.random() < 0.5)
    return holds
