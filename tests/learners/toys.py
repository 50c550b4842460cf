"""What every learner is tried on: small families seen as features, as pair facts, and as the truth of a world."""

import numpy as np
import torch

from metabam.config import PeerConfig, TrainConfig
from metabam.learners import LEARNERS
from metabam.learners.finetune import FineTune
from metabam.records import LabelledContext, PairFacts

TRAINING = 3
EPISODES = TrainConfig(birth_steps=37, batch_tasks=7, query_size=53, shots=(0, 4, 16, 32))
SMALL = PeerConfig(steps=101, batches=31, hidden=12, lr=5e-3, episodes=EPISODES)
LEARNED = ("maml1", "maml5", "ridge", "neural_process", "in_context")


def build(name, truth=None):
    """Return an unfitted learner of a size that a test can afford."""
    if name in LEARNED:
        return LEARNERS[name](SMALL)
    if name == "metabam":
        return LEARNERS[name](train=EPISODES.model_copy(update={"steps": 7, "leave_one_line_out": False}))
    if name == "finetune":
        return FineTune(hidden=7, epochs=1)
    return LEARNERS[name](truth) if name == "informed" else LEARNERS[name]()


def numbers_of(value):
    """Return nested tuples of every number a learner holds, whatever it is made of."""
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, torch.Tensor):
        return value.detach().numpy().tobytes()
    if isinstance(value, torch.nn.Module):
        return numbers_of(dict(value.state_dict()))
    if isinstance(value, dict):
        return tuple((str(key), numbers_of(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(numbers_of(item) for item in value)
    if hasattr(type(value), "__dataclass_fields__"):
        return tuple(numbers_of(getattr(value, name)) for name in type(value).__dataclass_fields__)
    return numbers_of(vars(value)) if hasattr(value, "__dict__") else repr(value)


def feature_family(lines=TRAINING + 2, n=601):
    """Return lines whose labels follow +a or -a: the pooled answer is worth nothing, a few labels are worth much."""
    rng = np.random.default_rng(0)
    a = np.array([1.5, -1.0, 2.0, 0.0, 0.0])
    contexts = []
    for line in range(lines):
        x = rng.standard_normal((n, len(a)))
        z = x @ (a * (1 - 2 * (line % 2)) + 0.3 * rng.standard_normal(len(a)))
        labels = (rng.random(n) < 1 / (1 + np.exp(1.0 - 2 * z))).astype(np.int8)
        contexts.append(LabelledContext(f"line{line}", "", x.astype(np.float32), labels, np.arange(n), np.arange(n)))
    return contexts


def fact_family(lines=TRAINING + 2, n=601):
    """Return lines of pair facts whose genes, distance and promoters between tell the label."""
    contexts = []
    for line in range(lines):
        rng = np.random.default_rng([line, 1])
        gene, enhancer = rng.integers(0, 41, n), rng.integers(0, 83, n)
        distance = rng.uniform(3, 6, n)
        z = 1.5 * np.where(gene % 3 == 0, 1, -1) - (distance - 4.5)
        facts = PairFacts(gene, enhancer, gene + 1_009, np.floor(distance**2), distance)
        labels = (rng.random(n) < 1 / (1 + np.exp(1.0 - z))).astype(np.int8)
        contexts.append(LabelledContext(f"line{line}", "", facts.view(), labels, np.arange(n), np.arange(n)))
    return contexts
