"""How good predictions are, how sure that is, and the expert framework's metrics of codes and adaptation."""

from metabam.metrics.framework import (
    Disentanglement,
    adaptation_efficiency,
    dci_of,
    disentanglement,
    generalisation_gap,
)
from metabam.metrics.predictions import (
    Interval,
    WeightedMetric,
    auprc,
    auroc,
    bootstrap_over_lines,
    brier,
    expected_calibration_error,
    interval_coverage,
    log_loss,
    paired_bootstrap,
    prevalence,
    reliability,
    task_aurocs,
    weighted_auprc,
    weighted_auroc,
)

__all__ = [
    "Disentanglement",
    "Interval",
    "WeightedMetric",
    "adaptation_efficiency",
    "auprc",
    "auroc",
    "bootstrap_over_lines",
    "brier",
    "dci_of",
    "disentanglement",
    "expected_calibration_error",
    "generalisation_gap",
    "interval_coverage",
    "log_loss",
    "paired_bootstrap",
    "prevalence",
    "reliability",
    "task_aurocs",
    "weighted_auprc",
    "weighted_auroc",
]
