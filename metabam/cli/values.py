"""What the values of flags may be: each reads one word, or says what is wrong with it."""

from __future__ import annotations

import argparse
import re


def whole(text: str) -> int:
    """Return a whole number written plainly: no sign but minus, no leading zero, no exponent."""
    if not re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def count(text: str) -> int:
    """Return a whole number of at least 1."""
    value = whole(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} must be at least 1")
    return value


def positive(text: str) -> float:
    """Return a finite number of at least 0, written plainly."""
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0")
    return float(text)


def seed(text: str) -> int:
    """Return a whole number from 0 to 2**32 - 1."""
    value = whole(text) if len(text) <= 18 else -1
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"{text} must be a whole number from 0 to {2**32 - 1}")
    return value


def port(text: str) -> int:
    """Return a TCP port from 1 to 65535."""
    value = whole(text)
    if not 1 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"{value} must be from 1 to 65535")
    return value


def names(text: str) -> list[str]:
    """Return the names of a comma-separated list, in order."""
    found = text.split(",")
    if any(not name.strip() for name in found):
        raise argparse.ArgumentTypeError(f"{text!r} holds an empty name")
    return [name.strip() for name in found]
