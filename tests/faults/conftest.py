"""A small genome on disk, and a really trained, tiny Meta-BAM on top of it."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.config import ModelConfig, TrainConfig
from metabam.data.genome import Genome
from metabam.data.synthetic import simulate
from metabam.records import FeatureInfo, LabelledContext
from metabam.score import Predictor
from tests.faults import tables
from tests.faults.kill import Trainers, output
from tests.faults.lab import Lab

FEATURES = tuple(FeatureInfo(f"{base} in {side}", "composition") for side in "EP" for base in "ACGT")


class Composition:
    """Shares of A, C, G and T in enhancer and promoter, scaled to spread: features whose values anyone can count."""

    kind = "motif"
    features = FEATURES

    def encode(self, windows):
        sides = ((windows.enhancers, windows.enhancer_index), (windows.promoters, windows.promoter_index))
        parts = [(codes == base).mean(axis=1)[index] for codes, index in sides for base in range(4)]
        return (40.0 * (np.stack(parts, axis=1) - 0.25)).astype(np.float32)


def training_contexts(lines: int = 5, pairs: int = 211) -> list[LabelledContext]:
    rng = np.random.default_rng(11)
    features = rng.standard_normal((pairs, len(FEATURES))).astype(np.float32)
    contexts = []
    for number in range(lines):
        weights = rng.standard_normal(len(FEATURES))
        labels = (features @ weights + rng.logistic(size=pairs) > 0).astype(np.int8)
        index = np.arange(pairs)
        contexts.append(LabelledContext(f"line{number}", "", features, labels, index, index))
    return contexts


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    from metabam.learners.metabam import MetaBamLearner

    folder = tmp_path_factory.mktemp("lab")
    path = folder / "small.fa"
    path.write_text(tables.genome_text())
    train = TrainConfig(steps=30, batch_tasks=4, query_size=32, leave_one_line_out=False, threads=1)
    learner = MetaBamLearner(ModelConfig(n_atoms=11, context_dim=2, hidden=16), train)
    learner.fit(training_contexts(), seed=0)
    with Genome(path, index_dir=folder / "index") as genome:
        predictor = Predictor(Composition(), learner, genome, tables.WINDOW, tables.WINDOW)
        yield Lab(genome, predictor, folder)


@pytest.fixture(scope="session")
def small_world(tmp_path_factory):
    """Return a folder with a small planted world and ``runs/small``, trained on it by a process of its own."""
    folder = tmp_path_factory.mktemp("app")
    sizes = {"training_lines": 3, "heldout_lines": 1, "pairs_per_line": 150}
    simulate(folder / "world", 3, enhancer_length=200, promoter_length=200, **sizes)
    trainers = Trainers("--pipeline")
    try:
        assert trainers.run(folder / "runs" / "small", world=str(folder / "world")) == 0, output(folder / "runs/small")
    finally:
        trainers.close()
    return folder
