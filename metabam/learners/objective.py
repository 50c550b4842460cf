"""The objective on a batch of episodes (Plan 34 s3.2), term by term, and the heads that only training needs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metabam.config import TrainConfig
from metabam.learners.episodic import Tasks
from metabam.losses import LossTerms, kl_weight, minus_elbo, reversal_strength, task_loss
from metabam.model.adversary import CellLineDiscriminator
from metabam.model.context import ContextPosterior, kl_between
from metabam.model.decoder import SupportDecoder
from metabam.model.metabam import Belief, MetaBam, Support
from metabam.model.refine import support_log_likelihood


def attach_heads(model: MetaBam, config: TrainConfig, n_lines: int, seed: int) -> None:
    """Give a model the heads of the terms that are switched on, in place; without any, nothing is drawn or added.

    They are trained and resumed with the model, and left out of what is stored: no prediction needs them.
    """
    sizes = model.config
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if config.adversary > 0:
            model.auxiliary["adversary"] = CellLineDiscriminator(sizes.context_dim, n_lines, sizes.hidden)
        if config.reconstruction > 0:
            model.auxiliary["decoder"] = SupportDecoder(sizes.n_atoms, sizes.context_dim, sizes.hidden)


def episode_loss(model: MetaBam, tasks: Tasks, config: TrainConfig, step: int, n_steps: int) -> LossTerms:
    """Return the objective on a batch.

    Both task terms score the posterior mean probability of held-out queries, z_c and delta integrated out in closed
    form: with one draw of z_c instead, its variance shrank until 90 % intervals of the context path held 30 %.
    ``vnc`` is minus the ELBO of the support, beta ramped up, divided by the number of queries.
    """
    support = model.support(tasks.support, tasks.support_labels, tasks.support_mask)
    belief = model.adapt(support)
    query = model.states(tasks.query, belief.context.mean)
    unfolded = model.unfolded(query, belief)[-1]
    context_logit = model.moderated(*model.combine(unfolded, query, belief, "context"))
    full_logit = model.moderated(*model.combine(unfolded, query, belief))
    context_term = task_loss(context_logit, tasks.query_labels, tasks.query_mask)
    full_term = task_loss(full_logit, tasks.query_labels, tasks.query_mask)
    return LossTerms(
        task_full=full_term,
        task_context=config.context_loss * context_term,
        vnc=_vnc(model, support, belief, config, step, n_steps),
        orthogonality=config.orthogonality * model.basis.orthogonality(),
        adversary=_adversary(model, belief, tasks, config, step, n_steps),
        reconstruction=_reconstruction(model, support, belief, config),
        consistency=_consistency(model, support, query, belief, tasks, config),
    )


def _vnc(model: MetaBam, support: Support, belief: Belief, config: TrainConfig, step: int, n_steps: int) -> Tensor:
    kl = model.context_kl(belief.context).sum(-1)
    fits = torch.zeros_like(kl)
    if config.support_likelihood > 0:
        fits = support_log_likelihood(model, support, belief.context.mean)
    beta = kl_weight(step, n_steps, config.beta) / config.query_size
    return minus_elbo(fits, kl, likelihood=config.support_likelihood / config.query_size, beta=beta)


def _adversary(model: MetaBam, belief: Belief, tasks: Tasks, config: TrainConfig, step: int, n_steps: int) -> Tensor:
    """Return the discriminator's cross-entropy on real episodes, over their expected number: ranks then add up."""
    if config.adversary == 0:
        return belief.alpha.new_zeros(())
    scores = model.auxiliary["adversary"](belief.context.mean, reversal_strength(step, n_steps))
    real = (tasks.lines >= 0).to(scores.dtype)
    each = nn.functional.cross_entropy(scores, tasks.lines.clamp(min=0), reduction="none")
    return config.adversary * (each * real).sum() / (len(real) * config.real_share)


def _reconstruction(model: MetaBam, support: Support, belief: Belief, config: TrainConfig) -> Tensor:
    if config.reconstruction == 0:
        return belief.alpha.new_zeros(())
    offset = model.sampling_offset(support.labels, support.mask)
    logits = model.auxiliary["decoder"](belief.context.mean, support.states - model.readout.centre, offset)
    loss: Tensor = SupportDecoder.loss(logits, support.labels, support.mask, config.reconstruction_form)
    return config.reconstruction * loss


def _consistency(
    model: MetaBam, support: Support, query: Tensor, belief: Belief, tasks: Tasks, config: TrainConfig
) -> Tensor:
    """Return KL(q(z | S and queries) || q(z | S)) per query, the first held fixed (neural processes' term).

    Without the stop-gradient the two chase each other: the context was dead within 400 steps. With it the target still
    runs ahead, for the encoder's learned correction sums over pairs and the target has more of them: on a planted world
    the KL grew from 5 to millions of nats within 110 steps at weight 1, and every path was dead.
    """
    if config.consistency == 0:
        return belief.alpha.new_zeros(())
    with torch.no_grad():
        if model.rotation is not None:
            query = model.states(tasks.query)  # z_c is inferred from unrotated states
        every = Support(
            torch.cat([support.states, query], -2),
            torch.cat([support.labels, tasks.query_labels], -1),
            torch.cat([support.mask, tasks.query_mask], -1),
        )
        full = model.infer_context(every)
    gap = kl_between(ContextPosterior(full.mean, full.scale), belief.context)
    return config.consistency * gap.mean() / config.query_size
