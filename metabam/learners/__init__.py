"""Learners behind one protocol (:class:`metabam.learners.base.Learner`), listed by name and built on demand."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from metabam.learners.base import Learner

__all__ = ["LEARNERS", "Learner", "LearnerEntry", "View"]

View = Literal["features", "facts", "kmers", "truth"]
"""What a learner reads as ``features``: z_q, or one of the matrices of :mod:`metabam.data.views`."""


@dataclass(frozen=True, slots=True)
class LearnerEntry:
    """Where a learner lives and what it is; calling it builds the unfitted learner and imports its module only then.

    ``needs`` says what must be handed to the call, or be installed: ``"truth"`` (a planted world's), ``"weights"``.
    """

    module: str
    factory: str
    description: str
    view: View = "features"
    needs: Literal["", "truth", "weights"] = ""

    def __call__(self, *arguments: Any, **options: Any) -> Learner[Any]:
        """Return the unfitted learner."""
        module = import_module(f"metabam.learners.{self.module}")
        learner: Learner[Any] = getattr(module, self.factory)(*arguments, **options)
        return learner


LEARNERS: dict[str, LearnerEntry] = {
    "metabam": LearnerEntry("metabam", "MetaBamLearner", "mechanism basis, variational context, evidence posterior"),
    "expert": LearnerEntry("expert", "CellLineExpert", "cell-line expert: Theta_C, FiLM, prototypes or one MAML step"),
    "hierarchical": LearnerEntry("classical", "HierarchicalLogistic", "logistic regression, empirical-Bayes prior"),
    "pooled_prior": LearnerEntry("classical", "PooledPriorLogistic", "logistic regression about the pooled weights"),
    "pooled": LearnerEntry("classical", "PooledLogistic", "one logistic regression for all lines, zero-shot"),
    "per_task": LearnerEntry("classical", "PerTaskLogistic", "logistic regression on the support alone"),
    "prototype": LearnerEntry("prototype", "PrototypeNetwork", "distance to the support's class centroids"),
    "maml1": LearnerEntry("maml", "Maml1", "MAML, one inner gradient step"),
    "maml5": LearnerEntry("maml", "Maml5", "MAML, five inner gradient steps"),
    "ridge": LearnerEntry("ridge", "RidgeHead", "learned embedding, ridge head solved in closed form"),
    "neural_process": LearnerEntry("neural_process", "NeuralProcess", "conditional neural process"),
    "in_context": LearnerEntry("in_context", "InContextTransformer", "transformer that reads the support as tokens"),
    "finetune": LearnerEntry("finetune", "FineTune", "pooled network, all weights fine-tuned on the support"),
    "gaussian_process": LearnerEntry("gaussian_process", "GaussianProcess", "Laplace GP, kernel from training lines"),
    "kmer_prototype": LearnerEntry("prototype", "KmerPrototype", "prototypes in k-mer space", view="kmers"),
    "support_prevalence": LearnerEntry("sequence_free", "SupportPrevalence", "the support's share of positives"),
    "distance": LearnerEntry("sequence_free", "DistanceLearner", "log distance alone", view="facts"),
    "tss_count": LearnerEntry("sequence_free", "TssCount", "promoters between the two elements", view="facts"),
    "gene_propensity": LearnerEntry("propensity", "GenePropensity", "the gene's mean training label", view="facts"),
    "pair_lookup": LearnerEntry("propensity", "PairLookup", "gene, enhancer and pair looked up", view="facts"),
    "truth_knower": LearnerEntry("truth", "TruthKnower", "planted world: the Bayes probability itself", view="truth"),
    "informed": LearnerEntry("truth", "Informed", "planted world: knows its law, infers u_c", "truth", "truth"),
    "tabpfn": LearnerEntry("tabpfn_adapter", "TabPfn", "TabPFN on the support (your weights)", needs="weights"),
}
"""Name -> entry; nothing heavy is imported before an entry is called."""
