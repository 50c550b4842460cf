"""TabPFN on the support alone, for users who have the package and hold weights; nothing is ever downloaded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit, logit

from metabam.errors import ConfigError, TrainingError
from metabam.learners.logistic import Standardiser, base_rate, check_contexts, sampling_offset
from metabam.records import FloatArray, LabelledContext, Prediction, SupportSet

WEIGHTS_VARIABLE = "METABAM_TABPFN_WEIGHTS"
_FLOOR = 1e-6


class TabPfn:
    """``tabpfn.TabPFNClassifier`` (doi:10.1038/s41586-024-08328-6) fitted on each support.

    TabPFN takes the support's share of positives for the base rate; the offset by which a support over-represents
    positives is taken off its log odds. A support without both classes answers the training base rate.

    Parameters
    ----------
    weights
        A local TabPFN checkpoint; the environment variable ``METABAM_TABPFN_WEIGHTS`` when left out.
    n_estimators
        Members of TabPFN's ensemble.
    """

    name = "tabpfn"

    def __init__(self, weights: str | Path | None = None, n_estimators: int = 4) -> None:
        self.weights = weights or os.environ.get(WEIGHTS_VARIABLE)
        self.n_estimators = n_estimators
        self._standardiser: Standardiser | None = None
        self._rate = 0.5
        self._seed = 0

    def _classifier(self) -> Any:
        """Return an unfitted classifier.

        Raises
        ------
        ConfigError
            ``no-tabpfn`` without the package, ``no-tabpfn-weights`` without a checkpoint on this machine.
        """
        try:
            package = import_module("tabpfn")
        except ImportError as error:
            raise ConfigError(
                "no-tabpfn", f"the package tabpfn is not usable here ({error}).", "Run: pip install 'metabam[tabpfn]'."
            ) from None
        if self.weights is None or not Path(self.weights).is_file():
            raise ConfigError(
                "no-tabpfn-weights",
                "there is no TabPFN checkpoint: " + ("none was named." if self.weights is None else f"{self.weights}."),
                f"Name a local .ckpt file in {WEIGHTS_VARIABLE}; TabPFN ships none, and none is downloaded.",
            )
        return package.TabPFNClassifier(
            model_path=str(self.weights), device="cpu", n_estimators=self.n_estimators, random_state=self._seed
        )

    def fit(self, contexts: Sequence[LabelledContext], *, seed: int = 0) -> None:
        """Learn the base rate and the feature scales, and check that TabPFN can be used at all."""
        check_contexts(contexts)
        self._seed = seed
        self._classifier()
        self._standardiser = Standardiser.of(contexts)
        self._rate = base_rate(contexts)

    def _design(self, features: FloatArray) -> FloatArray:
        if self._standardiser is None:
            raise TrainingError("not-fitted", f"learner {self.name!r} has not been fitted.", "Call fit first.")
        return self._standardiser.design(features)[:, 1:].astype(np.float32)

    def adapt(self, support: SupportSet) -> tuple[Any, float] | None:
        """Return a fitted classifier and the offset of this support; ``None`` without both classes."""
        design = self._design(support.features)
        if len(set(support.labels.tolist())) < 2:
            return None
        return self._classifier().fit(design, support.labels), sampling_offset(support.labels, self._rate)

    def predict(self, context: tuple[Any, float] | None, queries: FloatArray) -> Prediction:
        """Return P(y = 1) for query features (Q, D), in order."""
        design = self._design(queries)
        z = np.full(len(design), float(logit(self._rate)))
        if context is not None:
            classifier, offset = context
            p = np.asarray(classifier.predict_proba(design), dtype=np.float64)[:, 1]
            z = logit(np.clip(p, _FLOOR, 1.0 - _FLOOR)) - offset
        return Prediction(np.asarray(expit(z)), z)
