"""Meta-training behind the loop's protocol: metrics by name, reproducible steps, an evaluation that changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from metabam.config import ModelConfig, TrainConfig
from metabam.train.metatrain import MetaTraining
from tests.model.worlds import planted_contexts

MODEL = ModelConfig(n_atoms=7, context_dim=2, mix_rank=2, hidden=11)
TRAIN = TrainConfig(steps=6, eval_every=3, birth_steps=20, batch_tasks=4, query_size=32)
NAMES = {
    "auroc_own", "auroc_other", "auroc_flipped", "auprc_train", "base_rate", "kl_per_dim", "gate_saturation",
    "effective_rank", "singular_values", "line_probe", "line_chance", "kappa",
}  # fmt: skip
LEFT_OUT = {
    "auroc_leftout", "auprc_leftout", "prevalence_leftout", "task_full_leftout", "task_context_leftout", "score",
}  # fmt: skip


@pytest.fixture(scope="module")
def world():
    return planted_contexts(4, seed=5)


def _steps(training, count):
    totals = []
    for step in range(1, count + 1):
        terms = training.loss(step, 0, 1)
        training.optimizer.zero_grad()
        torch.autograd.backward(terms.total)
        training.optimizer.step()
        totals.append(float(terms.total.detach()))
    return totals


def test_metrics_steps_and_snapshots(world):
    training = MetaTraining(world[:3], MODEL, TRAIN, 0, n_steps=4, left_out=world[3])
    twin = MetaTraining(world[:3], MODEL, TRAIN, 0)
    assert (training.n_steps, twin.n_steps) == (4, 6)
    before = {name: value.clone() for name, value in training.module.state_dict().items()}
    torch.manual_seed(11)
    state = torch.get_rng_state()
    metrics = training.evaluate(0)
    assert set(metrics) == NAMES | LEFT_OUT
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in training.module.state_dict().items())
    assert metrics["line_chance"] == pytest.approx(1 / 3)
    assert metrics["auroc_own"] > metrics["auroc_flipped"]
    assert len(metrics["kl_per_dim"]) == 2
    assert len(metrics["singular_values"]) == 7
    assert _steps(training, 3) == _steps(twin, 3)
    assert np.array_equal(training.snapshot()["atoms"], twin.snapshot()["atoms"])
    assert not np.array_equal(training.snapshot()["atoms"], before["basis.atoms"].numpy())
    assert set(twin.evaluate(3)) == NAMES
    assert len(training.batch_ids(1, 0, 2)) == 2
    assert training.learner().adapt is not None
