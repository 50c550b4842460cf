"""What the package names in English, in the reader's language: pair features, and findings about pairs."""

from __future__ import annotations

import re
from typing import Final

from metabam.records import FeatureInfo, Problem
from metabam.texts import has, text

_SIDE: Final = re.compile(r"(?P<name>.+) in the (?P<side>enhancer|promoter)")
_NUMBERED: Final = (
    (re.compile(r"period ([\d.]+) bp"), "period"),
    (re.compile(r"learned feature (\d+)"), "learned"),
    (re.compile(r"component (\d+)"), "component"),
)
_COMPOSITION: Final = {"GC share": "gc", "CpG observed / expected": "cpg", "AT skew": "at"}
_LETTERS: Final = {"enhancer": "E", "promoter": "P"}


def feature_name(features: tuple[FeatureInfo, ...], place: int, lang: str, *, short: bool = False) -> str:
    """Return what the feature at ``place`` measures; ``short`` says (E) and (P) for enhancer and promoter."""
    if place >= len(features):
        return text("atoms.feature.unnamed", lang, n=place + 1)
    parts = features[place].name.split(" x ")
    matches = [_SIDE.fullmatch(part) for part in parts]
    if not all(matches):
        return _inner(features[place].name, lang)
    said = [
        f"{_inner(match['name'], lang)} ({_LETTERS[match['side']]})"
        if short
        else text(f"atoms.feature.{match['side']}", lang, name=_inner(match["name"], lang))
        for match in matches
        if match is not None
    ]
    return " × ".join(said)


def _inner(name: str, lang: str) -> str:
    if name in _COMPOSITION:
        return text(f"atoms.feature.{_COMPOSITION[name]}", lang)
    for pattern, key in _NUMBERED:
        found = pattern.fullmatch(name)
        if found:
            return text(f"atoms.feature.{key}", lang, n=found[1])
    return name


def notice(problem: Problem, lang: str) -> tuple[str, str]:
    """Return message and remedy of a finding about pairs or a fingerprint; in English where there is no text for it.

    Texts are filled with the numbers of the message, in their order.
    """
    key = f"live.notice.{problem.code}"
    if lang == "en" or not has(key):
        return problem.message, problem.remedy
    numbers = {f"n{place}": number for place, number in enumerate(re.findall(r"\d+(?:\.\d+)?", problem.message))}
    try:
        return text(key, lang, **numbers), text(f"{key}.do", lang) if has(f"{key}.do") else ""
    except KeyError:
        return problem.message, problem.remedy
