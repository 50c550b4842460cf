"""Taking apart what EM blends: two motifs under one PWM, and a partner that hides at a fixed distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metabam.model.discovery.compare import pwm_cosine
from metabam.model.discovery.em import PSEUDO, Windows, posterior

Pwm = NDArray[np.float64]
_BLEND_GAIN = 0.25
"""Nats per site that two PWMs must explain better than one."""


def split_blend(windows: Windows, pwm: Pwm, prior: float = 0.15, alike: float = 0.75) -> list[Pwm]:
    """Return the two PWMs that the sites of one are a mixture of, or that one alone.

    The sites (posterior above 0.3) are dealt to two PWMs by EM, started from each informative column's commonest
    letter against the rest; the best start counts. One PWM stays one when two explain its sites hardly better, or when
    the two are within cosine ``alike``.
    """
    weight, _ = posterior(windows, pwm, prior)
    sites = weight > 0.3
    hot, share = windows.hot[sites].astype(np.float64), weight[sites]
    if len(hot) < 60:
        return [pwm]
    one = _profile(hot, share)
    base = float((share * (hot @ np.log(one))).sum())
    best: tuple[float, NDArray[np.float64], NDArray[np.float64], float] | None = None
    table = one.reshape(-1, 4)
    information = (table * np.log2(table / 0.25)).sum(axis=1)
    for column in np.argsort(-information)[:10]:
        letter = int(table[column].argmax())
        belongs = np.where(hot[:, 4 * column + letter] > 0, 0.9, 0.1)
        gain, first, second, part = _two_component(hot, share, belongs)
        if best is None or gain > best[0]:
            best = (gain, first, second, part)
    if best is None:
        return [pwm]
    gain, first, second, part = best
    penalty = 1.5 * windows.width * np.log(len(hot))
    if (gain - base - penalty) / share.sum() < _BLEND_GAIN or not 0.08 < part < 0.92:
        return [pwm]
    pair = [first.reshape(-1, 4), second.reshape(-1, 4)]
    return [pwm] if pwm_cosine(*pair) > alike else pair


def _profile(hot: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weighted letter shares, (4 W,), columns summing to one."""
    counts = (weight @ hot).reshape(-1, 4) + PSEUDO
    return np.asarray((counts / counts.sum(axis=1, keepdims=True)).ravel())


def _two_component(
    hot: NDArray[np.float64], weight: NDArray[np.float64], belongs: NDArray[np.float64], steps: int = 15
) -> tuple[float, NDArray[np.float64], NDArray[np.float64], float]:
    """Return (log-likelihood, first PWM, second PWM, share of the first) of weighted sites under a mixture of two."""
    value, part = -np.inf, 0.5
    first = second = np.zeros(0)
    for _ in range(steps):
        first, second = _profile(hot, weight * belongs), _profile(hot, weight * (1 - belongs))
        part = float(np.clip((weight * belongs).sum() / weight.sum(), 1e-3, 1 - 1e-3))
        a, b = hot @ np.log(first) + np.log(part), hot @ np.log(second) + np.log1p(-part)
        total = np.logaddexp(a, b)
        value = float((weight * total).sum())
        belongs = np.exp(a - total)
    return value, first, second, part


def find_partner(windows: Windows, pwm: Pwm, flank: int, width: int = 14, prior: float = 0.15) -> Pwm | None:
    """Return the motif that stands at one fixed offset beside many sites of ``pwm``, or ``None``.

    ``windows`` are the motif's sites ``flank`` bp wider on each side. Letters are counted by offset, weighted by
    P(site); the stretch of ``width`` columns that differs most from the other flanking columns seeds a mixture
    "partner here / not here", whose partner is returned.
    """
    weight, _ = posterior(_core_only(windows, flank, len(pwm)), pwm, prior)
    if weight.sum() < 40:
        return None
    counts = (weight.astype(np.float32) @ windows.hot).reshape(-1, 4).astype(np.float64) + 0.25
    shares = counts / counts.sum(axis=1, keepdims=True)
    outside = np.ones(windows.width, dtype=np.bool_)
    outside[flank - 1 : flank + len(pwm) + 1] = False
    usual = np.median(shares[outside], axis=0)
    usual /= usual.sum()
    excess = 2 * (counts * np.log(shares / usual)).sum(axis=1)
    excess = np.where(outside, np.maximum(excess - 3.0, 0.0), 0.0)
    summed = np.convolve(excess, np.ones(width), mode="valid")
    blocked = np.convolve(~outside, np.ones(width), mode="valid") > 0
    summed[blocked] = 0.0
    start = int(summed.argmax())
    if summed[start] < 100.0:
        return None
    hot = windows.hot.reshape(len(weight), -1, 4)[:, start : start + width].reshape(len(weight), -1).astype(np.float64)
    here = np.maximum(usual + (shares[start : start + width] - usual) / 0.4, 0.02)
    partner = here / here.sum(axis=1, keepdims=True)
    part = 0.4
    for _ in range(20):
        lead = hot @ np.log(partner / usual).ravel() + np.log(part) - np.log1p(-part)
        belongs = weight / (1 + np.exp(-np.clip(lead, -50, 50)))
        part = float(np.clip(belongs.sum() / weight.sum(), 0.02, 0.98))
        partner = np.asarray(_profile(hot, belongs).reshape(-1, 4))
    return np.asarray(partner)


def _core_only(windows: Windows, flank: int, width: int) -> Windows:
    """Return the windows without their flanks."""
    hot = windows.hot.reshape(len(windows.element), -1, 4)[:, flank : flank + width].reshape(len(windows.element), -1)
    surprise = windows.surprise[:, flank : flank + width]
    return Windows(hot, surprise, windows.element, windows.n_elements, windows.places, windows.rival)
