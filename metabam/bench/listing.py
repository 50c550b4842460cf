"""What can be chosen by name: learners, encoders, and the ``mix`` of the unfolding, one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from metabam.bench.entries import CONTEXT_ONLY, GIVEN_RECALL, TRUE_ACTIVITIES, UNSEEN, known
from metabam.config import EncoderConfig, ModelConfig
from metabam.learners import LEARNERS

ENCODERS: Final[Mapping[str, str]] = {
    "motif": "motifs discovered without labels, calibrated, with spacing, pairs, periodicity and composition",
    "cnn": "small convolutional network learned from the training lines' labels",
    "cbat": "cross-boundary attention transformer over both elements",
    "dnabert2": "DNABERT-2, frozen, from local weights (optional extra)",
    "hyenadna": "HyenaDNA, frozen, from local weights (optional extra)",
    "enformer": "Enformer, frozen, from local weights (optional extra)",
    "precomputed": "pair features given as a table, no DNA read",
}
MIXES: Final[Mapping[str, str]] = {
    "bilinear": "low-rank second-order synergy and antagonism (default)",
    "mlp": "two-layer perceptron over all atoms",
    "logic": "soft logic gates sigma(W h * G)",
    "attention": "self-attention among atoms",
    "ssm": "selective state-space scan over atoms, in their order",
    "gating": "element-wise gates alone",
}


def listed() -> dict[str, dict[str, str]]:
    """Return description by name for ``learners``, ``encoders`` and ``mix``, as the settings accept them today."""
    return {
        "learners": {entry.name: _learner(entry.name, entry.base) for entry in known()},
        "encoders": {name: _said(ENCODERS, name) for name in _choices(EncoderConfig.model_fields["kind"])},
        "mix": {name: _said(MIXES, name) for name in _choices(ModelConfig.model_fields["mix"])},
    }


def _choices(field: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in get_args(field.annotation))


def _said(texts: Mapping[str, str], name: str) -> str:
    return texts.get(name, "")


def _learner(name: str, base: str) -> str:
    if name == CONTEXT_ONLY:
        return "Meta-BAM's answer from z_c alone, without the evidence posterior"
    if name == UNSEEN:
        return "Meta-BAM as if no training line had held any of the elements: what recall is not there to tell"
    if name == GIVEN_RECALL:
        return f"{base} on the features that Meta-BAM reads, moved by what it recalls of the elements"
    if name.endswith(TRUE_ACTIVITIES):
        return f"{base} on the true mechanism activities: what the encoder loses (W1)"
    return LEARNERS[name].description
