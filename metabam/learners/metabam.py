"""Meta-BAM behind the learner protocol: birth from the training lines, episodes, and a lean adapt / predict.

Interventions are arguments of :meth:`MetaBamLearner.predict`; no prediction changes a weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metabam.config import ModelConfig, RefineConfig, TrainConfig
from metabam.errors import ConfigError, InputError, TrainingError
from metabam.learners.folds import line_folds
from metabam.learners.interventions import base_shift, edited, sigmoid, unfold_with
from metabam.learners.refinement import refined
from metabam.learners.selection import choose_steps, train_steps
from metabam.learners.weights import load_exactly
from metabam.model.context import ContextPosterior
from metabam.model.metabam import Belief, MetaBam
from metabam.records import (
    AtomEdit,
    FeatureLayout,
    Fingerprint,
    FloatArray,
    LabelledContext,
    Prediction,
    RefinementPath,
    SupportSet,
    TrackUse,
)

Float64Array = NDArray[np.float64]
_Z90 = 1.6448536269514722


class MetaBamLearner:
    """Meta-BAM (Plan 34) as a learner.

    Parameters
    ----------
    config, train
        Model and training settings.

    Examples
    --------
    >>> learner = MetaBamLearner(ModelConfig(), TrainConfig())
    >>> learner.name
    'metabam'
    """

    name = "metabam"

    def __init__(self, config: ModelConfig | None = None, train: TrainConfig | None = None) -> None:
        self.config = config or ModelConfig()
        self.train = train or TrainConfig()
        self.model: MetaBam | None = None
        self.chosen_steps: int | None = None

    # ------------------------------------------------------------- learning

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        """Learn from the training contexts in memory; deterministic in ``seed``.

        With three cell lines or more and ``train.leave_one_line_out``, the number of meta-training steps is chosen on
        left-out lines.
        """
        steps = self.train.steps
        if self.train.leave_one_line_out and len(line_folds(contexts)) >= 3:
            steps = choose_steps(contexts, self.config, self.train, seed).steps
        self.chosen_steps = steps
        self.model = train_steps(contexts, self.config, self.train, seed, steps)
        self.model.eval()

    @classmethod
    def of_model(cls, model: MetaBam, train: TrainConfig | None = None) -> MetaBamLearner:
        """Return a learner around a trained model."""
        learner = cls(model.config, train)
        learner.model = model.eval()
        return learner

    # ------------------------------------------------------------- inference

    def adapt(self, support: SupportSet) -> Fingerprint:
        """Return the belief about a new context after ``S >= 0`` labelled pairs; at S = 0, the prior.

        Raises
        ------
        InputError
            When the support has another number of features than the training pairs (``feature-count``).
        """
        model = self._fitted()
        features = self.as_features(support.features)
        with torch.inference_mode():
            labels = torch.from_numpy(support.labels.astype(np.float32))
            belief = model.adapt(model.support(features, labels, torch.ones_like(labels)))
        return Fingerprint(
            mean=_array(belief.context.mean),
            std=_array(belief.context.std),
            spectrum=_array(belief.alpha),
            evidence_mean=_array(belief.delta_mean),
            evidence_cov=_array(belief.delta_covariance),
            n_support=len(support),
        )

    def refine(
        self, fingerprint: Fingerprint, support: SupportSet, config: RefineConfig | None = None
    ) -> tuple[Fingerprint, RefinementPath]:
        """Return the fingerprint after gradient steps on log P(S | z) + log p(z), and the path (Plan 34 s3.2.3).

        ``fingerprint`` is what :meth:`adapt` made of the same ``support``. The evidence is inferred anew at the
        refined gates. Where the search diverges, the fingerprint comes back as it was; its provenance
        (``refinement``) says so. No weight changes.
        """
        model = self._fitted()
        features = self.as_features(support.features)
        with torch.no_grad():
            labels = torch.from_numpy(support.labels.astype(np.float32))
            given = model.support(features, labels, torch.ones_like(labels))
        return refined(model, fingerprint, given, config or RefineConfig())

    def predict(
        self,
        context: Fingerprint,
        queries: FloatArray,
        *,
        gate_override: NDArray[Any] | None = None,
        atom_mask: NDArray[Any] | None = None,
        steps: int | None = None,
        path: Literal["full", "context"] = "full",
        trace: bool = False,
        edit: AtomEdit | None = None,
    ) -> Prediction:
        """Return P(y = 1) with a 90 % interval for query features (Q, W), in order.

        The interval is for the pair's own probability: it holds what z_c and delta leave open, and what the features
        do not hold of the pair (:mod:`metabam.learners.dispersion`), which moves no probability.

        Parameters
        ----------
        context
            What :meth:`adapt` returned (or another cell line's fingerprint).
        queries
            z_q and what the run's encoder puts behind it, (Q, W).
        gate_override
            Gates (K,) in [-1, 1] to use instead of the fingerprint's, at every step; their uncertainty is then zero.
        atom_mask
            (K,) 0 or 1: atoms with 0 lose their gate and their delta.
        steps
            Unfolding steps, 0 to T.
        path
            ``"full"``, or ``"context"`` for what z_c alone would say.
        trace
            Whether to return the unfolding's states (T + 1, Q, K).
        edit
            A linear edit of gates and delta, of one unfolding step or of all.
        """
        model = self._fitted()
        features = self.as_features(queries)
        with torch.inference_mode():
            belief = self._belief(context, gate_override, atom_mask)
            states = model.states(features, belief.context.mean)
            if edit is not None and edit.step is not None:
                unfolded = unfold_with(model, states, belief, edited(belief, edit), edit.step, steps)
            else:
                belief = belief if edit is None else edited(belief, edit)
                unfolded = model.unfolded(states, belief, steps)
            logit, variance = model.combine(unfolded[-1], states, belief, path)
            logit = logit + self._base_shift(context, path)
            moderated = _array(model.moderated(logit, variance))
            centre, half = _interval(moderated, _array(variance.clamp(min=0.0)), model)
            kept = torch.stack(unfolded).numpy() if trace else None
        return Prediction(
            probability=sigmoid(moderated),
            logit=moderated,
            lower=sigmoid(np.minimum(centre - half, moderated)),
            upper=sigmoid(np.maximum(centre + half, moderated)),
            level=0.9,
            states=kept,
        )

    def draw_logits(self, context: Fingerprint, queries: FloatArray, *, seed: int = 0) -> Float64Array:
        """Return ``config.draws`` joint posterior draws of the full logit, (M, Q); deterministic in ``seed``."""
        model = self._fitted()
        features = self.as_features(queries)
        rng = np.random.default_rng(seed)
        n_atoms, width = len(context.spectrum), len(context.mean)
        noise = torch.from_numpy(rng.normal(size=(self.config.draws, width)).astype(np.float32))
        with torch.inference_mode():
            belief = self._belief(context, None, None)
            root = torch.linalg.cholesky(
                belief.delta_covariance.double() + 1e-10 * torch.eye(n_atoms, dtype=torch.float64)
            ).float()
            spread = torch.from_numpy(rng.normal(size=(len(noise), n_atoms)).astype(np.float32))
            deltas = belief.delta_mean + spread @ root.T
            contexts = belief.context.draw(noise)
            alphas = model.gate(contexts)
            moved = model.readout.effects(alphas) - model.readout.effects(belief.alpha)
            deltas = deltas - model.evidence.kappa * moved
            states = model.states(features)
            shift = self._base_shift(context, "full")
            logits = []
            for z, alpha, delta in zip(contexts, alphas, deltas, strict=True):
                states = states if model.rotation is None else model.states(features, z)
                logit = model.context_logit(states, alpha, step_gates=model.gates_by_step(z))
                logits.append(logit + (states - model.readout.centre) @ delta + shift)
            return _array(torch.stack(logits))

    def spectrum_of(self, contexts: NDArray[Any]) -> Float64Array:
        """Return the gates (M, K) of contexts z_c (M, Z)."""
        with torch.inference_mode():
            return _array(self._fitted().gate(torch.from_numpy(np.asarray(contexts, dtype=np.float32))))

    def prior(self) -> tuple[Float64Array, Float64Array]:
        """Return mean and standard deviation of z_c before any label, (Z,) each."""
        if self.config.prior == "standard":
            return np.zeros(self.config.context_dim), np.ones(self.config.context_dim)
        with torch.inference_mode():
            prior = self._fitted().prior()
            return _array(prior.mean), _array(prior.std)

    @property
    def atoms(self) -> NDArray[np.float32]:
        """Return V, (K, D) float32, a copy."""
        return np.array(self._fitted().basis.atoms.detach().numpy(), dtype=np.float32)

    def track_uses(self) -> tuple[TrackUse, ...]:
        """Return which periods and wavelet bands of the position track each atom uses; empty where none are read."""
        multiscale = self._fitted().multiscale
        return () if multiscale is None else multiscale.uses()

    def spectra_by_step(self, context: Fingerprint) -> Float64Array:
        """Return the gates G_1 ... G_T (T, K) of a fingerprint; the last row is its spectrum."""
        model = self._fitted()
        with torch.inference_mode():
            gates = model.gates_by_step(_tensor(context.mean))
        shared = np.broadcast_to(np.asarray(context.spectrum), (self.config.n_steps, len(context.spectrum)))
        return np.array(shared) if gates is None else _array(gates)

    @property
    def weights(self) -> Float64Array:
        """Return the read-out weights w (K,) >= 0, logits per unit state."""
        with torch.inference_mode():
            return _array(self._fitted().readout.weight)

    def mechanism_states(self, queries: FloatArray) -> FloatArray:
        """Return h^(0) (Q, K) of query features (Q, D), before any context rotates the atoms."""
        features = self.as_features(queries)
        with torch.inference_mode():
            return np.asarray(self._fitted().states(features).numpy())

    def potentials(self, queries: FloatArray) -> FloatArray:
        """Return p (Q, K) of query features (Q, D), before any context rotates the atoms; 0 at an atom's threshold."""
        features = self.as_features(queries)
        with torch.inference_mode():
            return np.asarray(self._fitted().potentials(features).numpy())

    # ------------------------------------------------------------- state

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return all tensors by name and a JSON-ready description."""
        model = self._fitted()
        stored = {name: value for name, value in model.state_dict().items() if not name.startswith("auxiliary.")}
        tensors = {name: value.detach().numpy().copy() for name, value in stored.items()}
        description = {
            "learner": self.name,
            "n_features": int(model.basis.atoms.shape[1]),
            "model": model.config.model_dump(mode="json"),
            "train": self.train.model_dump(mode="json"),
            "chosen_steps": self.chosen_steps,
            "element_variance": model.element_variance,
        }
        if model.layout.width > model.layout.n_features:
            description["layout"] = model.layout.as_json()
        return tensors, description

    @classmethod
    def from_state(cls, tensors: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> MetaBamLearner:
        """Return the learner that :meth:`state` described, bit for bit.

        Raises
        ------
        CheckpointError
            When a tensor is missing, unknown or of another shape (``weights-mismatch``).
        """
        # a model stored before priors had two parts has one
        config = ModelConfig.model_validate({"robust": 0.0, **description["model"]}, strict=False)
        train = TrainConfig.model_validate(description["train"], strict=False)
        learner = cls(config, train)
        layout = FeatureLayout.of_json(description["layout"]) if "layout" in description else None
        model = MetaBam(config, int(description["n_features"]), layout)
        load_exactly(model, tensors)
        model.element_variance = float(description.get("element_variance", 0.0))
        learner.model = model
        learner.chosen_steps = description.get("chosen_steps")
        return learner

    # ------------------------------------------------------------- inside

    def _fitted(self) -> MetaBam:
        if self.model is None:
            raise TrainingError("not-fitted", "this learner has not been trained.", "Call fit, or load a run.")
        return self.model

    def as_features(self, features: FloatArray) -> Tensor:
        """Return features (Q, W) as the model reads them, float32; another number of columns is refused."""
        wanted = self._fitted().layout.width
        if features.ndim != 2 or features.shape[1] != wanted:
            raise InputError(
                "feature-count",
                f"features have shape {features.shape}, the model reads (pairs, {wanted}).",
                "Encode pairs with the encoder of the same run.",
            )
        return torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))

    def _belief(
        self, context: Fingerprint, gate_override: NDArray[Any] | None, atom_mask: NDArray[Any] | None
    ) -> Belief:
        mean, alpha = _tensor(context.mean), _tensor(context.spectrum)
        gates = self._fitted().gates_by_step(mean) if gate_override is None else None
        scale = torch.diag(_tensor(context.std))
        delta, covariance = _tensor(context.evidence_mean), _tensor(context.evidence_cov)
        if gate_override is not None:
            alpha, scale = self._per_atom(gate_override, "gate_override"), torch.zeros_like(scale)
        if atom_mask is not None:
            keep = self._per_atom(atom_mask, "atom_mask")
            alpha, delta, covariance = alpha * keep, delta * keep, covariance * keep[:, None] * keep
            gates = None if gates is None else gates * keep
        return Belief(ContextPosterior(mean, scale), alpha, delta, covariance, gates)

    def _base_shift(self, context: Fingerprint, path: Literal["full", "context"]) -> float:
        """Return b such that training pairs, under this belief, have the training lines' base rate on average.

        A support's share of positives says nothing about a line's base rate, but moving gates moves the mean
        prediction; this takes that back. It belongs to the fingerprint: an override or a mask does not move it.
        """
        return float(base_shift(self._fitted(), self._belief(context, None, None), path))

    def _per_atom(self, values: NDArray[Any], name: str) -> Tensor:
        array, n_atoms = np.asarray(values, dtype=np.float32), self._fitted().config.n_atoms
        low = 0.0 if name == "atom_mask" else -1.0
        if array.shape != (n_atoms,) or not np.all((array >= low) & (array <= 1.0)):
            raise ConfigError(
                "per-atom",
                f"{name} of shape {array.shape} must hold {n_atoms} numbers in [{low:g}, 1].",
                "Give one number per atom.",
            )
        return torch.from_numpy(array)


def _interval(moderated: Float64Array, variance: Float64Array, model: MetaBam) -> tuple[Float64Array, Float64Array]:
    """Return centre and half width (Q,), in logits, of the 90 % interval whose mean probability is the one given."""
    total = variance * float(model.interval_scale) ** 2 + model.element_variance
    return moderated * np.sqrt(1.0 + np.pi / 8.0 * total), _Z90 * np.sqrt(total)


def _tensor(array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.asarray(array, dtype=np.float32))


def _array(tensor: Tensor) -> Float64Array:
    return np.asarray(tensor.detach().numpy(), dtype=np.float64)
