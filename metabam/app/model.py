"""A finished run in memory: encoder, learner and training features, shared read-only by all sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from metabam.app.wording import feature_name
from metabam.config import inference_threads
from metabam.errors import CheckpointError
from metabam.model.encoders import layout_of
from metabam.plots.path import PathExample
from metabam.records import ConvergenceRecord, Fingerprint, LabelledContext, Prediction, SupportSet

if TYPE_CHECKING:
    from metabam.learners.metabam import MetaBamLearner
    from metabam.model.encoders.base import PairEncoder
    from metabam.train.run import Run

Array = NDArray[np.float64]
DRAWS = 400


@dataclass(frozen=True, slots=True)
class Model:
    """Encoder, Meta-BAM learner and the training contexts of one run; nobody edits them."""

    encoder: PairEncoder
    learner: MetaBamLearner
    contexts: list[LabelledContext]
    enhancer_window: int
    promoter_window: int


def load(run: Run) -> Model:
    """Return the model of a finished run; torch is told how many threads to use from now on.

    Raises
    ------
    MetaBamError
        When weights are missing or are not those that the manifest names, or ``METABAM_THREADS`` is no number;
        ``run-other-learner`` for a run of another learner than Meta-BAM.
    """
    import torch

    from metabam.learners.metabam import MetaBamLearner

    torch.set_num_threads(inference_threads())
    config, learner = run.config.encoder, run.load_learner()
    if not isinstance(learner, MetaBamLearner):
        raise CheckpointError(
            "run-other-learner",
            f"{run.id} holds the learner {learner.name!r}; this page reads Meta-BAM alone.",
            "Use `metabam adapt` and `metabam score`, or choose another run.",
        )
    return Model(run.load_encoder(), learner, run.training_contexts(), config.enhancer_window, config.promoter_window)


def no_support(model: Model) -> SupportSet:
    """Return a support of no pairs, which adapts to the prior."""
    width = layout_of(model.encoder).width
    return SupportSet(np.zeros((0, width), dtype=np.float32), np.zeros(0, dtype=np.int8))


def gate_interval(model: Model, fingerprint: Fingerprint, level: float = 0.9, seed: int = 0) -> tuple[Array, Array]:
    """Return the central interval of each gate under the posterior of z, (K,) twice; 400 seeded draws."""
    noise = np.random.default_rng(seed).standard_normal((DRAWS, len(fingerprint.mean)))
    gates = model.learner.spectrum_of(fingerprint.mean + fingerprint.std * noise)
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(np.asarray(gates, dtype=np.float64), [tail, 1.0 - tail], axis=0)
    return low, high


def atom_names(model: Model, lang: str = "en", top: int = 3) -> list[str]:
    """Return for each atom the pair features that weigh most in it."""
    features = model.encoder.features
    names: list[str] = []
    for row in np.asarray(model.learner.atoms):
        strongest = np.argsort(-np.abs(row))[:top]
        names.append(", ".join(feature_name(features, int(at), lang) for at in strongest if at < len(features)))
    return names


def kl_to(mean: Array, std: Array, prior_mean: Array, prior_std: Array) -> Array:
    """Return KL(N(mean, std^2) || N(prior_mean, prior_std^2)) in nats, per dimension (Z,)."""
    ratio = (std / prior_std) ** 2
    return np.asarray(0.5 * (ratio + ((mean - prior_mean) / prior_std) ** 2 - 1.0 - np.log(ratio)), dtype=np.float64)


def balanced_rows(labels: NDArray[np.int8], shots: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return rows of a support of half positives and half negatives, fewer where a class has not enough."""
    chosen = [
        rng.choice(np.flatnonzero(labels == value), size=min(shots // 2, int((labels == value).sum())), replace=False)
        for value in (1, 0)
    ]
    return np.concatenate(chosen).astype(np.int64)


def path_example(model: Model, seed: int = 0, shots: int = 16, queries: int = 200) -> PathExample:
    """Return one worked example on the run's first training line: support and queries are different pairs of it."""
    context = model.contexts[0]
    rng = np.random.default_rng(seed)
    rows = balanced_rows(context.labels, shots, rng)
    rest = np.setdiff1d(np.arange(len(context)), rows)
    asked = np.sort(rng.choice(rest, size=min(queries, len(rest)), replace=False))
    fingerprint = model.learner.adapt(SupportSet(context.features[rows], context.labels[rows]))
    prediction = model.learner.predict(fingerprint, context.features[asked], trace=True)
    low, high = interval(prediction)
    states = np.zeros((1, len(fingerprint.spectrum))) if prediction.states is None else prediction.states.mean(axis=1)
    return PathExample(
        context.name,
        context.labels[rows],
        fingerprint.mean,
        fingerprint.std,
        fingerprint.spectrum,
        np.asarray(states, dtype=np.float64),
        prediction.probability,
        low,
        high,
    )


def interval(prediction: Prediction) -> tuple[Array, Array]:
    """Return the ends of the interval of a prediction; the probability itself twice where it has none."""
    low = prediction.probability if prediction.lower is None else prediction.lower
    high = prediction.probability if prediction.upper is None else prediction.upper
    return low, high


def line_fingerprints(model: Model, most: int = 64, seed: int = 0) -> dict[str, Fingerprint]:
    """Return the fingerprint of each training line from up to 64 balanced pairs of it."""
    found: dict[str, Fingerprint] = {}
    for context in model.contexts:
        rows = balanced_rows(context.labels, most, np.random.default_rng(seed))
        found[context.name] = model.learner.adapt(SupportSet(context.features[rows], context.labels[rows]))
    return found


def nearest_lines(fingerprint: Fingerprint, lines: dict[str, Fingerprint]) -> list[tuple[str, float]]:
    """Return the training lines by distance in z, nearest first: the gap of the means in joint standard deviations."""
    gaps = {
        name: float(np.sqrt(np.sum((fingerprint.mean - other.mean) ** 2 / (fingerprint.std**2 + other.std**2))))
        for name, other in lines.items()
    }
    return sorted(gaps.items(), key=lambda item: (item[1], item[0]))


def convergence_of(model: Model, support: SupportSet, orders: int = 20, seed: int = 0) -> ConvergenceRecord:
    """Return posterior, gates and likelihood from 1 pair to all of them, over random orders."""
    from metabam.probe.convergence import convergence_curve

    shots = shot_ladder(len(support))
    return convergence_curve(model.learner, support, shots, orders=orders, seed=seed)


def shot_ladder(size: int) -> tuple[int, ...]:
    """Return the numbers of pairs to try: all of 1..8, then every second, then every eighth, and the last."""
    ladder = [shot for shot in range(1, size + 1) if shot <= 8 or (shot <= 16 and shot % 2 == 0) or shot % 8 == 0]
    return tuple(dict.fromkeys([*ladder, size])) if size else ()


def other_learner(model: Model, name: str, seed: int = 0) -> Any:
    """Return another learner of the registry, fitted on the same training contexts."""
    from metabam.learners import LEARNERS

    learner = LEARNERS[name]()
    learner.fit(model.contexts, seed=seed)
    return learner
