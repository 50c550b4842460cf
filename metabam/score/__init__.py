"""Queries in, probabilities out: the predictor of a run, its fingerprints as files, and tables of scores."""

from metabam.score.fingerprint import (
    fingerprint_from_dict,
    fingerprint_to_dict,
    load_fingerprint,
    save_fingerprint,
)
from metabam.score.predictor import Predictor
from metabam.score.table import read_scores, scores_text, write_scores

__all__ = [
    "Predictor",
    "fingerprint_from_dict",
    "fingerprint_to_dict",
    "load_fingerprint",
    "read_scores",
    "save_fingerprint",
    "scores_text",
    "write_scores",
]
