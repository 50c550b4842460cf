"""What each optional term of the objective, and refinement, does to adaptation on held-out planted lines.

    python benchmarks/objective_terms.py --world DIR --run RUN [--steps 300] [--only NAME ...] [--out table.md]

The run's encoder makes the features of the held-out lines, its cached training contexts train one model per variant
for the same number of steps on the same episodes. AUROC of the full path and of z_c alone with the own support,
another line's and the label-flipped one, on the same tasks for every variant; the difference from the plain model is
paired, its standard error taken over lines. The line probe is a fresh nearest-centroid probe of the training line on
z_c, judged on supports that it has not seen. Prints Markdown.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from planted_tasks import Held, Task, draw_tasks, open_run, read_world, split

from metabam.bench.encoding import encoded
from metabam.config import ModelConfig, RefineConfig, TrainConfig
from metabam.files import load_tensors, save_tensors
from metabam.learners.birth import Birth, give_birth
from metabam.learners.episodic import EpisodeSource, real_tasks
from metabam.learners.metabam import MetaBamLearner
from metabam.learners.selection import run_steps
from metabam.metrics import auroc
from metabam.model.encoders import without_recall
from metabam.model.metabam import MetaBam, Support
from metabam.records import FloatArray, LabelledContext, SupportSet

PLAIN = "plain"
CONTROLS = ("own", "other", "flipped")


@dataclass(frozen=True)
class Variant:
    """What is switched on, in training and afterwards."""

    train: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    refine: RefineConfig | None = None
    steps: int | None = None


VARIANTS: dict[str, Variant] = {
    PLAIN: Variant(),
    "birth alone": Variant(steps=0),
    "adversary 0.03": Variant({"adversary": 0.03}),
    "adversary 1": Variant({"adversary": 1.0}),
    "adversary 1, all episodes real": Variant(
        {"adversary": 1.0, "virtual_mixture": 0.0, "virtual_exemplar": 0.0, "virtual_flip": 0.0}
    ),
    "all episodes real": Variant({"virtual_mixture": 0.0, "virtual_exemplar": 0.0, "virtual_flip": 0.0}),
    "reconstruction 0.1": Variant({"reconstruction": 0.1}),
    "reconstruction 1": Variant({"reconstruction": 1.0}),
    "adversary 1 + reconstruction 1": Variant({"adversary": 1.0, "reconstruction": 1.0}),
    "consistency 0.1": Variant({"consistency": 0.1}),
    "consistency 1": Variant({"consistency": 1.0}),
    "support likelihood 1": Variant({"support_likelihood": 1.0}),
    "learned prior": Variant(model={"prior": "learned"}),
    "learned prior + consistency 1": Variant({"consistency": 1.0}, {"prior": "learned"}),
    "refinement, 20 MAP steps": Variant(refine=RefineConfig(steps=20)),
    "refinement, 100 Langevin steps": Variant(refine=RefineConfig(steps=100, step_size=0.02, noise=1.0, chains=4)),
}


class Lab:
    """One world and run: trains every variant on the same episodes, judges it on the same tasks."""

    def __init__(self, training: list[LabelledContext], held: list[Held], model: ModelConfig, args: Any) -> None:
        self.training, self.held, self.args = training, held, args
        self.config = model
        self.tasks: list[Task] = list(draw_tasks(held, args.shots, args.supports, args.queries, args.seed))
        self.tasks = [task for task in self.tasks if task.scheme == "natural"]
        self._births: dict[str, Birth] = {}
        self._trained: dict[str, MetaBam] = {}

    def learner(self, variant: Variant) -> MetaBamLearner:
        """Return the trained learner of a variant; what differs after training alone shares a model."""
        config = self.config.model_copy(update=variant.model)
        train = TrainConfig.model_validate(
            {**TrainConfig(leave_one_line_out=False, steps=self.args.steps).model_dump(), **variant.train}
        )
        steps = self.args.steps if variant.steps is None else variant.steps
        key = f"{config!r}{train!r}{steps}"
        if key not in self._trained:
            place = repr(config)
            if place not in self._births:
                self._births[place] = give_birth(self.training, config, self.args.seed, steps=train.birth_steps)
            birth = self._births[place]
            own = Birth(deepcopy(birth.model), birth.prior, birth.heads, birth.spread)
            for _ in run_steps(own, EpisodeSource(self.training, own, train, self.args.seed), steps):
                pass
            self._trained[key] = own.model.eval()
        return MetaBamLearner.of_model(self._trained[key], train)

    def judge(self, learner: MetaBamLearner, refine: RefineConfig | None) -> dict[tuple[str, str], np.ndarray]:
        """Return mean AUROC per held-out line (E,) by path and control."""
        rows: dict[tuple[str, str], dict[int, list[float]]] = {}
        for task in self.tasks:
            one = self.held[task.line].context
            labels = one.labels[task.queries]
            for control, support in self._supports(task):
                fingerprint = learner.adapt(support)
                if refine is not None:
                    fingerprint = learner.refine(fingerprint, support, refine)[0]
                for path in ("full", "context"):
                    found = learner.predict(fingerprint, one.features[task.queries], path=path)
                    value = auroc(labels, found.logit)
                    if value is not None:
                        rows.setdefault((path, control), {}).setdefault(task.line, []).append(value)
        return {key: np.array([np.mean(values) for _, values in sorted(lines.items())]) for key, lines in rows.items()}

    def _supports(self, task: Task) -> Sequence[tuple[str, SupportSet]]:
        one, other = self.held[task.line].context, self.held[task.other].context
        own = SupportSet(one.features[task.support], one.labels[task.support])
        wrong = SupportSet(other.features[task.other_support], other.labels[task.other_support])
        return [("own", own), ("other", wrong), ("flipped", own.flipped())]

    def line_probe(self, model: MetaBam) -> float:
        """Return how often a fresh nearest-centroid probe names the training line from z_c at 16 shots."""
        first, second = [], []
        with torch.no_grad():
            for at, context in enumerate(self.training):
                tasks = real_tasks(context, (16,), 64, 2, 1_000 + at)
                states = Support(model.states(tasks.support), tasks.support_labels, tasks.support_mask)
                means = model.infer_context(states).mean.double().numpy()
                first.append(means[:32].mean(0))
                second.append(means[32:])
        centroids = np.stack(first)
        named = [np.argmin(((rows[:, None] - centroids) ** 2).sum(-1), 1) == at for at, rows in enumerate(second)]
        return float(np.mean(named))


def held_features(world: Path, run: Any, cache: Path | None) -> tuple[Any, Any, FloatArray]:
    """Return table, truth and the features (B, D) of all pairs of a world by the run's encoder, kept in ``cache``."""
    table, truth = read_world(world)
    made_with = run.manifest["files"]["encoder.safetensors"]["sha256"][:12]
    kept = None if cache is None else cache / f"{world.name}-{made_with}.safetensors"
    if kept is not None and kept.exists():
        return table, truth, np.asarray(load_tensors(kept).tensors["features"])
    features = encoded(table, world / "genome.fa", without_recall(run.load_encoder()), run.config.encoder)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        save_tensors(kept, {"features": features})
    return table, truth, features


def gain(values: np.ndarray, plain: np.ndarray) -> str:
    """Return the paired difference and its standard error over lines."""
    difference = values - plain
    return f"{difference.mean():+.4f} ± {difference.std(ddof=1) / np.sqrt(len(difference)):.4f}"


def report(lab: Lab, names: Sequence[str], say: Callable[[str], None]) -> str:
    """Return the Markdown table."""
    lines = [
        f"S = {', '.join(map(str, lab.args.shots))}; {len(lab.held)} held-out lines, {lab.args.supports} supports "
        f"each; {lab.args.steps} steps; line probe beside chance 1/E = {1 / len(lab.training):.2f}",
        "",
        "| variant | full | change | full: other / flipped | z_c alone | change | alone: other / flipped | probe |",
        "|---|---|---|---|---|---|---|---|",
    ]
    plain: dict[tuple[str, str], np.ndarray] = {}
    for name in [PLAIN, *(name for name in names if name != PLAIN)]:
        began = time.perf_counter()
        learner = lab.learner(VARIANTS[name])
        found = lab.judge(learner, VARIANTS[name].refine)
        plain = plain or found
        cells = [name]
        for path in ("full", "context"):
            own, other, flipped = (found[path, control] for control in CONTROLS)
            cells += [f"{own.mean():.4f}", gain(own, plain[path, "own"]), f"{other.mean():.3f} / {flipped.mean():.3f}"]
        model = learner.model
        cells.append("" if model is None else f"{lab.line_probe(model):.2f}")
        lines.append("| " + " | ".join(cells) + " |")
        say(f"{lines[-1]}  ({time.perf_counter() - began:.0f} s)")
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", required=True, help="folder that metabam simulate wrote")
    parser.add_argument("--run", required=True, help="finished run trained on that world")
    parser.add_argument("--steps", type=int, default=300, help="training steps of every variant")
    parser.add_argument("--shots", type=int, nargs="+", default=[16])
    parser.add_argument("--supports", type=int, default=3, help="supports per line")
    parser.add_argument("--queries", type=int, default=1_000, help="queries per task, at most")
    parser.add_argument("--lines", type=int, default=20, help="held-out lines, at most")
    parser.add_argument("--only", nargs="+", default=list(VARIANTS), choices=list(VARIANTS), metavar="NAME")
    parser.add_argument("--cache", help="folder that keeps the encoded features")
    parser.add_argument("--out", help="file for the Markdown table")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    run = open_run(args.run)
    cache = None if args.cache is None else Path(args.cache)
    table, truth, features = held_features(Path(args.world), run, cache)
    _, held = split(table, truth, features)
    training = [context.of_pairs() for context in run.training_contexts()]  # DNA alone: nothing is recalled
    lab = Lab(training, held[: args.lines], run.config.model, args)
    text = report(lab, args.only, lambda line: print(line, flush=True))
    if args.out is not None:
        Path(args.out).write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
