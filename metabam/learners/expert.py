"""The expert framework behind the learner protocol: Theta_C, FiLM, decoupling, prototypes or one MAML step.

Its context reads no labels: where lines share their DNA (the planted world), Theta_C cannot tell them apart, and what
adapts is the prototypes or the MAML step. Interventions are arguments of :meth:`CellLineExpert.predict`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor

from metabam.config import ExpertConfig
from metabam.errors import ConfigError, InputError, TrainingError
from metabam.learners.expert_training import Z90, ExpertSource, new_network, train
from metabam.learners.logistic import sampling_offset
from metabam.learners.weights import load_exactly
from metabam.model.expert.network import ExpertNetwork
from metabam.model.expert.prototypes import Linear
from metabam.model.expert.theta import ROWS, Theta
from metabam.model.expert.transform import Film, modulate
from metabam.records import FloatArray, LabelledContext, Prediction, StepRecord, SupportSet

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ExpertContext:
    """What the expert believes about one line after a support; d = width, H = d / 2.

    ``theta`` (5, d) in the order specific, common, interaction, attention, gate; ``pooled`` (d,) the pooled support;
    ``gamma``, ``beta`` (H,) FiLM in force; ``weight`` (d,) and ``bias`` () the read-out in force; ``prototypes`` and
    ``variance`` (2, d) of the two classes, ``None`` under MAML.
    """

    theta: Float64Array
    pooled: Float64Array
    gamma: Float64Array
    beta: Float64Array
    weight: Float64Array
    bias: Float64Array
    prototypes: Float64Array | None
    variance: Float64Array | None
    n_support: int


class CellLineExpert:
    """The expert framework as a learner.

    Parameters
    ----------
    config
        Sizes, options and training settings.

    Examples
    --------
    >>> CellLineExpert().name
    'expert'
    """

    name = "expert"
    context_type: ClassVar[type] = ExpertContext

    def __init__(self, config: ExpertConfig | None = None) -> None:
        self.config = config or ExpertConfig()
        self.network: ExpertNetwork | None = None
        self._rate = 0.5

    # ------------------------------------------------------------- learning

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        """Learn from the training contexts in memory, both stages; deterministic in ``seed``."""
        for _ in self.fit_steps(contexts, seed=seed):
            pass

    def fit_steps(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> Iterator[StepRecord]:
        """Learn as :meth:`fit` does, yielding a record per step; the learner is fitted once all are taken."""
        source = ExpertSource(contexts, self.config, seed)
        network = new_network(source)
        yield from train(network, source)
        self._rate = source.rate
        self.network = network.eval()

    # ------------------------------------------------------------- inference

    def adapt(self, support: SupportSet) -> ExpertContext:
        """Return the belief about a new context after ``S >= 0`` labelled pairs; at S = 0, the pooled model.

        Raises
        ------
        InputError
            ``feature-count``: the support has another number of features than the training pairs.
        """
        network = self._fitted()
        features = self._features(support.features)
        kept = max(1, len(support))
        padded, labels, mask = torch.zeros(1, kept, features.shape[1]), torch.zeros(1, kept), torch.zeros(1, kept)
        padded[0, : len(support)] = features
        labels[0, : len(support)] = torch.from_numpy(support.labels.astype(np.float32))
        mask[0, : len(support)] = 1.0
        offset = torch.tensor([sampling_offset(support.labels, self._rate)], dtype=torch.float32)
        with torch.no_grad():
            lifted = network.lift(padded)
            context = network.read_context(lifted, mask)
            found = network.adapt(context, network.halves(lifted, context.theta), labels, mask, offset)
        return ExpertContext(
            theta=_array(context.theta.rows[0]),
            pooled=_array(context.pooled[0]),
            gamma=_array(found.film.gamma[0]),
            beta=_array(found.film.beta[0]),
            weight=_array(found.readout.weight[0]),
            bias=_array(found.readout.bias[0]),
            prototypes=None if found.prototypes is None else _array(found.prototypes[0]),
            variance=None if found.variance is None else _array(found.variance[0]),
            n_support=len(support),
        )

    def predict(
        self,
        context: ExpertContext,
        queries: FloatArray,
        *,
        theta_override: NDArray[Any] | None = None,
        path: Literal["full", "pooled"] = "full",
    ) -> Prediction:
        """Return P(y = 1) for query features (Q, D), in order.

        The 90 % interval comes from the prototypes' spread, scaled on the training lines to hold what a thousand pairs
        of the line would say (it knows nothing of what the features miss); under MAML, and with ``path="pooled"``,
        there is none.

        Parameters
        ----------
        context
            What :meth:`adapt` returned, or another line's.
        queries
            z_q, (Q, D).
        theta_override
            Theta_C (5, d) to embed the queries with instead of the context's own; FiLM and read-out stay.
        path
            ``"full"``, or ``"pooled"`` for what the context says before any label: its own FiLM, the training lines'
            read-out.
        """
        network = self._fitted()
        self._check(context)
        features = self._features(queries)
        theta = self._theta(context.theta if theta_override is None else theta_override)
        with torch.inference_mode():
            halves = network.halves(network.lift(features), theta)
            if path == "pooled":
                film = network.transform.film(_tensor(context.pooled), self._theta(context.theta))
                return _prediction(network.pooled_readout().logits(modulate(halves, film)), None)
            embedded = modulate(halves, Film(_tensor(context.gamma), _tensor(context.beta)))
            logits = Linear(_tensor(context.weight), _tensor(context.bias)).logits(embedded)
            if context.prototypes is None or context.variance is None:
                return _prediction(logits, None)
            prototypes, variance = _tensor(context.prototypes), _tensor(context.variance)
            return _prediction(logits, network.head.logit_variance(embedded, prototypes, variance))

    def embed(self, context: ExpertContext, queries: FloatArray) -> FloatArray:
        """Return F = [F_common, F_specific] (Q, d) of query features (Q, D) under a context: what DCI judges."""
        network = self._fitted()
        features = self._features(queries)
        with torch.inference_mode():
            halves = network.halves(network.lift(features), self._theta(context.theta))
            film = Film(_tensor(context.gamma), _tensor(context.beta))
            return np.asarray(modulate(halves, film).numpy(), dtype=np.float32)

    # ------------------------------------------------------------- state

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return all tensors by name and a JSON-ready description."""
        network = self._fitted()
        tensors = {name: value.detach().numpy().copy() for name, value in network.state_dict().items()}
        description = {
            "learner": self.name,
            "n_features": len(network.feature_centre),
            "base_rate": self._rate,
            "expert": self.config.model_dump(mode="json"),
        }
        return tensors, description

    @classmethod
    def from_state(cls, tensors: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> CellLineExpert:
        """Return the learner that :meth:`state` described, bit for bit.

        Raises
        ------
        CheckpointError
            ``weights-mismatch``: a tensor is missing, unknown or of another shape.
        """
        learner = cls(ExpertConfig.model_validate(description["expert"], strict=False))
        network = ExpertNetwork(learner.config, int(description["n_features"]))
        load_exactly(network, tensors)
        learner.network = network
        learner._rate = float(description["base_rate"])
        return learner

    # ------------------------------------------------------------- inside

    def _fitted(self) -> ExpertNetwork:
        if self.network is None:
            raise TrainingError("not-fitted", "this learner has not been trained.", "Call fit, or load a run.")
        return self.network

    def _features(self, features: FloatArray) -> Tensor:
        wanted = len(self._fitted().feature_centre)
        if features.ndim != 2 or features.shape[1] != wanted:
            raise InputError(
                "feature-count",
                f"features have shape {features.shape}, the model reads (pairs, {wanted}).",
                "Encode pairs with the encoder of the same run.",
            )
        return torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))

    def _check(self, context: ExpertContext) -> None:
        """Refuse a context of another expert: every array has the width of this one."""
        d = self.config.width
        wanted = {"theta": (len(ROWS), d), "pooled": (d,), "gamma": (d // 2,), "beta": (d // 2,), "weight": (d,)}
        wanted |= {"bias": (), "prototypes": (2, d), "variance": (2, d)}
        for name, shape in wanted.items():
            value = getattr(context, name)
            if value is not None and (np.shape(value) != shape or not np.isfinite(value).all()):
                raise InputError(
                    "context-shape",
                    f"{name} of shape {np.shape(value)} is not the {shape} finite numbers of this expert.",
                    "Use a context that this very learner made.",
                )

    def _theta(self, rows: NDArray[Any]) -> Theta:
        array = np.asarray(rows, dtype=np.float32)
        if array.shape != (len(ROWS), self.config.width) or not np.isfinite(array).all():
            raise ConfigError(
                "theta-shape",
                f"Theta_C of shape {array.shape} must be {(len(ROWS), self.config.width)} finite numbers.",
                "Give one row each: " + ", ".join(ROWS) + ".",
            )
        return Theta(torch.from_numpy(array))


def _tensor(array: Float64Array) -> Tensor:
    return torch.from_numpy(np.asarray(array, dtype=np.float32))


def _array(tensor: Tensor) -> Float64Array:
    return np.asarray(tensor.detach().numpy(), dtype=np.float64)


def _prediction(logits: Tensor, variance: Tensor | None) -> Prediction:
    """Return probabilities, with a 90 % interval where the logit's variance (Q,) is known."""
    centre = _array(logits)
    if variance is None:
        return Prediction(expit(centre), centre)
    half = Z90 * np.sqrt(_array(variance))
    return Prediction(expit(centre), centre, expit(centre - half), expit(centre + half), 0.9)
