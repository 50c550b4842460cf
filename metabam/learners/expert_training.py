"""Two-stage training of the expert framework (s5): supervised on all lines, then in episodes; both deterministic.

A batch is always ONE line (a context of mixed lines means nothing). Stage 1 teaches lift, Theta_C, decoupling and the
pooled head on 64 pairs a line, which are their own context; every fourth batch has none, so that S = 0 is learned.
Stage 2 scores the queries of episodes after adaptation to their support, which is also their context.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from metabam.config import ExpertConfig
from metabam.data.virtual import VirtualLines, VirtualMix
from metabam.errors import TrainingError
from metabam.learners.episodic import split_rows
from metabam.learners.hierarchical import line_fits
from metabam.learners.logistic import Standardiser, base_rate, check_contexts, sampling_offset
from metabam.losses import task_loss
from metabam.model.expert.decoupling import Halves, sparse_features
from metabam.model.expert.network import ExpertNetwork
from metabam.model.expert.penalty import gradient_penalty, penalty_weight, unit_projection
from metabam.model.expert.terms import ExpertTerms
from metabam.model.expert.transform import modulate
from metabam.records import LabelledContext, StepRecord

_CANDIDATES = 4
_MOST_LINES = 8  # of one supervised batch
_SPREAD_ROWS = 1_000  # pairs of each line that the within-class spread is taken from
_SPREAD_SHOTS = (4, 16, 64)
Z90 = 1.6448536269514722  # half width of a central 90 % interval, in standard deviations


@dataclass(frozen=True, slots=True)
class ExpertTasks:
    """B padded tasks: supports (B, S, D) and queries (B, Q, D) with labels and masks; ``offset`` (B,) log odds."""

    support: Tensor
    support_labels: Tensor
    support_mask: Tensor
    query: Tensor
    query_labels: Tensor
    query_mask: Tensor
    offset: Tensor


class ExpertSource:
    """Batches and episodes of the training contexts; what step ``t`` holds is a function of (seed, t) alone."""

    def __init__(self, contexts: Sequence[LabelledContext], config: ExpertConfig, seed: int) -> None:
        check_contexts(contexts)
        self.contexts = list(contexts)
        self.config = config
        self.seed = seed
        self.rate = base_rate(contexts)
        self.standardiser = Standardiser.of(contexts)
        heads = line_fits(contexts, self.standardiser)[0][:, 1:]
        self._designs = [self.standardiser.design(c.features)[:, 1:] for c in contexts]
        self._lines = VirtualLines(heads, 0.3 * heads.std(0), np.array([c.prevalence for c in contexts]))
        self._mix = VirtualMix(0.70 * config.virtual, 0.18 * config.virtual, 0.12 * config.virtual)

    def batch(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return features (E', N, D), labels (E', N) and the context mask (E', N) of a supervised step."""
        rng = np.random.default_rng([self.seed, 1, step])
        lines = rng.permutation(len(self.contexts))[:_MOST_LINES]
        rows = [rng.integers(0, len(self.contexts[line]), self.config.context_size) for line in lines]
        x = np.stack([self.contexts[line].features[chosen] for line, chosen in zip(lines, rows, strict=True)])
        y = np.stack([self.contexts[line].labels[chosen] for line, chosen in zip(lines, rows, strict=True)])
        mask = torch.full(y.shape, 0.0 if step % 4 == 0 else 1.0)
        return torch.from_numpy(x), torch.from_numpy(y.astype(np.float32)), mask

    def tasks(self, step: int) -> ExpertTasks:
        """Return the episodes of a step of stage 2."""
        drawn = [self._draw(step, place) for place in range(self.config.batch_tasks)]
        support, support_labels, support_mask = _padded([item[0] for item in drawn], [item[1] for item in drawn])
        query, query_labels, query_mask = _padded([item[2] for item in drawn], [item[3] for item in drawn])
        offset = torch.tensor([sampling_offset(item[1], self.rate) for item in drawn], dtype=torch.float32)
        return ExpertTasks(support, support_labels, support_mask, query, query_labels, query_mask, offset)

    def _draw(
        self, step: int, place: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.float32], NDArray[np.int8]]:
        rng = np.random.default_rng([self.seed, 2, step, place])
        shots, balanced = int(rng.choice(self.config.shots)), bool(rng.random() < 0.5)
        mode = self._mix.draw(rng)
        at = int(rng.integers(len(self.contexts)))
        context = self.contexts[at]
        wanted = _CANDIDATES * max(self.config.shots) + 2 * self.config.query_size
        rows = rng.choice(len(context), min(wanted, len(context)), replace=False)
        labels = context.labels[rows] if mode == "real" else self._lines.labels(mode, self._designs[at][rows], rng)
        support, query = split_rows(context, rows, labels, shots, self.config.query_size, rng, balanced=balanced)
        features = context.features[rows]
        return features[support], labels[support], features[query], labels[query]


def _padded(
    features: Sequence[NDArray[np.float32]], labels: Sequence[NDArray[np.int8]]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return (B, N, D), (B, N) and (B, N): features, labels and mask, N the largest and at least 1."""
    longest = max(1, max(len(item) for item in labels))
    x = np.zeros((len(labels), longest, features[0].shape[1]), dtype=np.float32)
    y, mask = (np.zeros((len(labels), longest), dtype=np.float32) for _ in range(2))
    for at, (one, two) in enumerate(zip(features, labels, strict=True)):
        x[at, : len(two)], y[at, : len(two)], mask[at, : len(two)] = one, two, 1.0
    return torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(mask)


def supervised_loss(network: ExpertNetwork, source: ExpertSource, step: int) -> ExpertTerms:
    """Return the objective of a step of stage 1."""
    features, labels, mask = source.batch(step)
    lifted = network.lift(features)
    context = network.read_context(lifted, mask)
    halves = network.halves(lifted, context.theta)
    embedded = modulate(halves, context.film)
    keep = torch.ones_like(labels)
    task = task_loss(network.pooled_readout().logits(embedded), labels, keep)
    return _terms(network, task, features, keep, halves, embedded, source.seed, step)


def episode_loss(network: ExpertNetwork, source: ExpertSource, step: int, penalty_step: int) -> ExpertTerms:
    """Return the objective of a step of stage 2: the task term scores the queries after adaptation."""
    tasks = source.tasks(step)
    lifted = network.lift(tasks.support)
    context = network.read_context(lifted, tasks.support_mask)
    support = network.halves(lifted, context.theta)
    adapted = network.adapt(context, support, tasks.support_labels, tasks.support_mask, tasks.offset)
    halves = network.halves(network.lift(tasks.query), context.theta)
    embedded = modulate(halves, adapted.film)
    task = task_loss(adapted.readout.logits(embedded), tasks.query_labels, tasks.query_mask)
    return _terms(network, task, tasks.query, tasks.query_mask, halves, embedded, source.seed, penalty_step)


def _terms(
    network: ExpertNetwork,
    task: Tensor,
    features: Tensor,
    mask: Tensor,
    halves: Halves,
    embedded: Tensor,
    seed: int,
    step: int,
) -> ExpertTerms:
    """Return the task term with the regularisers that the settings ask for, on pairs features (B, N, D)."""
    config = network.config
    generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
    zero = torch.zeros_like(task)
    reconstruction = kl = correlation = penalty = zero
    weight = penalty_weight(config.gradient_penalty, step, config.penalty_every)
    if weight:
        projection = unit_projection(config.width // 2, generator)
        penalty = weight * gradient_penalty(lambda x: network.common_of(x, mask), features, projection)
    if config.decoupling != "none":
        kept = mask > 0
        found = network.latent(embedded[kept], network.standardise(features[kept]), generator)
        factor = config.decoupling == "factor_vae"
        reconstruction = config.decoupling_weight * found.reconstruction
        kl = config.decoupling_weight * (1.0 if factor else config.vae_beta) * found.kl
        correlation = config.decoupling_weight * config.total_correlation * found.total_correlation if factor else zero
    decoupling = network.decoupling
    return ExpertTerms(
        task=task,
        orthogonality=config.orthogonality * decoupling.orthogonality(),
        sparse_features=config.sparse_features * sparse_features(halves.specific, mask),
        sparse_weights=config.sparse_weights * decoupling.sparse_weights(),
        gradient_penalty=penalty,
        reconstruction=reconstruction,
        kl=kl,
        total_correlation=correlation,
    )


def new_network(source: ExpertSource) -> ExpertNetwork:
    """Return an untrained network, a function of the source's seed; the global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(source.seed)
        network = ExpertNetwork(source.config, source.contexts[0].features.shape[1])
    with torch.no_grad():
        network.feature_centre.copy_(torch.from_numpy(source.standardiser.centre))
        network.feature_scale.copy_(torch.from_numpy(source.standardiser.scale))
        network.head.bias.fill_(float(np.log(source.rate / (1.0 - source.rate))))
    return network


def train(network: ExpertNetwork, source: ExpertSource) -> Iterator[StepRecord]:
    """Train the network in place; yield a record per step with its loss terms and ``stage`` 1 or 2.

    Raises
    ------
    TrainingError
        ``loss-not-finite``, before the optimizer moved.
    """
    config = source.config
    done = 0
    for stage, n_steps, rate in ((1, config.supervised_steps, config.lr), (2, config.episodic_steps, 0.5 * config.lr)):
        optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=config.weight_decay)
        for step in range(1, n_steps + 1):
            optimizer.param_groups[0]["lr"] = rate * min(1.0, step / 50) * 0.5 * (1 + np.cos(np.pi * step / n_steps))
            done += 1
            terms = supervised_loss(network, source, step) if stage == 1 else episode_loss(network, source, step, done)
            optimizer.zero_grad()
            torch.autograd.backward(terms.total)
            norm = nn.utils.clip_grad_norm_(network.parameters(), config.clip_norm)
            if not bool(torch.isfinite(terms.total.detach() + norm)):
                raise TrainingError(
                    "loss-not-finite",
                    f"stage {stage}, step {step}: the loss or its gradient is not finite; the optimizer did not move.",
                    "Try a smaller learning rate.",
                )
            optimizer.step()
            named = {name: float(value.detach()) for name, value in terms.named().items()}
            yield StepRecord(done, "meta-train", named, {"stage": float(stage), "grad_norm": float(norm)})
    measure_spread(network, source)


def measure_spread(network: ExpertNetwork, source: ExpertSource) -> None:
    """Fix what the intervals rest on, from the training lines and without a context.

    The spread of F within each class, mean over lines; then the factor at which the central 90 % interval after 4, 16
    and 64 pairs holds what the prototypes of a thousand pairs of the same line say, in 90 % of cases.
    """
    lines = [item for context in source.contexts if (item := _embedded(network, context)) is not None]
    if not lines:
        return
    head = network.head
    with torch.no_grad():
        spreads = [torch.stack([f[y == value].var(0) for value in (0, 1)]) for f, y in lines]
        head.spread.copy_(torch.stack(spreads).mean(0))
        head.interval_scale.fill_(1.0)
        gaps = []
        for at, (f, y) in enumerate(lines):
            target = head.readout(head.adapt(f, y, torch.ones_like(y))[0]).logits(f)
            for shots, repeat in product(_SPREAD_SHOTS, range(8)):
                rows = np.random.default_rng([source.seed, 3, at, shots, repeat]).permutation(len(y))[:shots]
                prototypes, variance = head.adapt(f[rows], y[rows], torch.ones(len(rows)))
                deviation = head.logit_variance(f, prototypes, variance).sqrt()
                gaps.append((head.readout(prototypes).logits(f) - target).abs() / deviation)
        head.interval_scale.fill_(float(np.quantile(torch.cat(gaps).numpy(), 0.9)) / Z90)


def _embedded(network: ExpertNetwork, context: LabelledContext) -> tuple[Tensor, Tensor] | None:
    """Return F (N, d) and labels (N,) of some pairs of a line; ``None`` where a class has fewer than two."""
    rows = np.unique(np.linspace(0, len(context) - 1, _SPREAD_ROWS).astype(np.int64))
    labels = torch.from_numpy(context.labels[rows].astype(np.float32))
    if min(int((labels == value).sum()) for value in (0, 1)) < 2:
        return None
    with torch.no_grad():
        lifted = network.lift(torch.from_numpy(context.features[rows]))[None]
        belief = network.read_context(lifted, torch.zeros(1, len(rows)))
        return modulate(network.halves(lifted, belief.theta), belief.film)[0], labels
