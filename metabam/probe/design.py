"""Which pairs to test next, so that their labels teach the model most about a line: greedy joint information gain.

The gain of a batch is I(y_1..y_b; w) in nats, w being z_c (delta integrated out) or z_c with delta. Labels are
independent given w: exact where delta is drawn too, an approximation once it is integrated out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from metabam.errors import ConfigError, InputError
from metabam.records import BoolArray, DesignRecord, FloatArray, IntArray, PosteriorDraws

Array = NDArray[np.float64]
Draw = Callable[[int], PosteriorDraws]
Progress = Callable[[float], None]

OUTCOMES = 2_048
MOST_CANDIDATES = 2_000
RANDOM_BATCHES = 20
NOTHING = 0.01
NEAR_CEILING = 0.85
_EDGE = np.float32(1e-6)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a batch must keep to.

    ``size`` pairs; ``enhancer`` and ``promoter`` (B,) identities (a gene's id may stand for its promoter), of which
    each may come at most ``per_enhancer`` and ``per_promoter`` times (``None``: no limit); ``include`` rows come first,
    ``exclude`` rows never; ``cost`` (B,) > 0 divides the gain of a pick.
    """

    size: int = 16
    enhancer: IntArray | None = None
    promoter: IntArray | None = None
    per_enhancer: int | None = None
    per_promoter: int | None = None
    include: tuple[int, ...] = ()
    exclude: tuple[int, ...] = ()
    cost: Array | None = None


def plan_support(
    draw: Draw,
    rules: Rules,
    *,
    outcomes: int = OUTCOMES,
    most: int = MOST_CANDIDATES,
    random_batches: int = RANDOM_BATCHES,
    seed: int = 0,
    progress: Progress | None = None,
) -> DesignRecord:
    """Return the batch of pairs that is expected to teach most, its gain by pick, and what simpler choices would teach.

    ``EIG(x) = H(mean_m p_m(x)) - mean_m H(p_m(x))``; a batch is grown greedily on its joint gain, with ``outcomes``
    sampled label vectors whose posterior weights over the M draws are updated after each pick, so no pick repeats a
    question. Gains reported are re-estimated on fresh draws, those of the baselines on the same ones.

    Parameters
    ----------
    draw
        seed -> M draws with P(y = 1) of all B candidates, for example
        ``lambda seed: posterior_draws(learner, belief, features, 512, seed=seed)``.
    rules
        Batch size and constraints.
    most
        Candidates of largest single gain (per cost) that the search looks at.
    random_batches
        Random batches under the same rules.

    Raises
    ------
    InputError
        ``too-few-candidates`` where the rules leave fewer pairs than the batch needs.
    ConfigError
        ``design-rules`` for rows, costs or sizes that make no sense.

    Notes
    -----
    A gain estimated with M draws cannot exceed ln M: within 15 % of that it is ``saturated``, raise M. 2,000
    candidates, M = 512, 16 picks: about 4 s on one core.
    """
    draws = draw(2 * seed)
    p = draws.probability
    n_draws, count = p.shape
    _check(rules, count)
    single = single_gain(p)
    worth = single / (1.0 if rules.cost is None else rules.cost)
    pool = np.setdiff1d(np.argsort(-worth, kind="stable")[:most], rules.exclude)
    pool = np.concatenate([rules.include, np.setdiff1d(pool, rules.include)]).astype(np.int64)
    rng = np.random.default_rng(seed)
    chosen, greedy = _grow(p, pool, rules, outcomes, rng, progress)
    fresh = draw(2 * seed + 1)
    mean = p.mean(axis=0, dtype=np.float64)

    def judged(rows: IntArray) -> Array:
        return joint_gain(fresh.probability[:, rows], outcomes, seed)

    shuffled = [_take(rng.permutation(count), rules) for _ in range(random_batches)]
    weights, gain = outcome_weights(fresh.probability[:, chosen], outcomes, seed)
    one_class = np.prod(p[:, chosen], axis=1, dtype=np.float64) + np.prod(1.0 - p[:, chosen], axis=1, dtype=np.float64)
    ceiling = float(np.log(n_draws))
    return DesignRecord(
        chosen=chosen,
        single=single,
        gain=gain,
        greedy_gain=greedy,
        random_gain=np.stack([judged(rows) for rows in shuffled]) if shuffled else np.zeros((0, len(chosen))),
        uncertain_gain=judged(_take(np.argsort(np.abs(mean - 0.5), kind="stable"), rules)),
        balanced_gain=judged(_take(_alternating(mean), rules)),
        probability=mean,
        expected_positives=float(mean[chosen].sum()),
        one_class=float(one_class.mean()),
        std_before=fresh.context.std(axis=0),
        std_after=_spread_after(fresh.context, weights),
        gate_change=_gate_change(draws, chosen),
        ceiling=ceiling,
        saturated=bool(gain[-1] > NEAR_CEILING * ceiling),
        nothing_to_learn=bool(single.max() < NOTHING),
    )


def single_gain(probability: FloatArray) -> Array:
    """Return EIG(x) in nats of each candidate alone, (B,), in [0, ln 2]; ``probability`` (M, B)."""
    mean = probability.mean(axis=0, dtype=np.float64)
    return np.asarray(np.maximum(_entropy(mean) - _entropy(probability).mean(axis=0, dtype=np.float64), 0.0))


def joint_gain(probability: FloatArray, outcomes: int = OUTCOMES, seed: int = 0) -> Array:
    """Return I(y_1..y_b; w) in nats after each of the batch's pairs, (b,); ``probability`` (M, b)."""
    return outcome_weights(probability, outcomes, seed)[1]


def outcome_weights(probability: FloatArray, outcomes: int, seed: int) -> tuple[FloatArray, Array]:
    """Return posterior weights (J, M) of the draws after J sampled label vectors, and the joint gain by pick (b,).

    Label vector j is drawn from draw ``j mod M``, so that each draw speaks equally often. The last label of every
    gain is summed over both its values instead of sampled.
    """
    n_draws, size = probability.shape
    rng = np.random.default_rng(seed)
    source = np.arange(outcomes) % n_draws
    weights = np.full((outcomes, n_draws), 1.0 / n_draws, dtype=np.float32)
    gain, total = np.empty(size), 0.0
    for pick in range(size):
        column = probability[:, pick]
        predictive = weights @ column
        total += float(_entropy(predictive).mean(dtype=np.float64) - _entropy(column).mean(dtype=np.float64))
        gain[pick] = total
        label = rng.random(outcomes) < column[source]
        weights = _updated(weights, column, label)
    return weights, gain


def answers_if(probability: FloatArray, row: int) -> Array:
    """Return mean P(y = 1) (2, B) of all candidates if candidate ``row`` came out 0, and if it came out 1."""
    p = probability.astype(np.float64)
    weights = np.stack([1.0 - p[:, row], p[:, row]])
    return np.asarray((weights / np.maximum(weights.sum(axis=1, keepdims=True), _EDGE)) @ p)


# ------------------------------------------------------------------ the search


def _grow(
    p: FloatArray, pool: IntArray, rules: Rules, outcomes: int, rng: np.random.Generator, progress: Progress | None
) -> tuple[IntArray, Array]:
    """Return the rows picked and the joint gain after each, as the search's own draws see it."""
    n_draws = len(p)
    candidates = np.ascontiguousarray(p[:, pool])
    noise = _entropy(candidates).mean(axis=0, dtype=np.float64)
    source = np.arange(outcomes) % n_draws
    weights = np.full((outcomes, n_draws), 1.0 / n_draws, dtype=np.float32)
    quota = _Quota(rules, len(p[0]))
    price = np.ones(len(pool)) if rules.cost is None else np.asarray(rules.cost, dtype=np.float64)[pool]
    open_ = np.ones(len(pool), dtype=bool)
    chosen: list[int] = []
    gains: list[float] = []
    for pick in range(rules.size):
        gain = _entropy(weights @ candidates).mean(axis=0, dtype=np.float64) - noise
        if pick < len(rules.include):
            at = pick
        else:
            allowed = open_ & quota.allows(pool)
            if not allowed.any():
                raise _too_few(rules.size, pick)
            at = int(np.argmax(np.where(allowed, gain / price, -np.inf)))
        open_[at] = False
        quota.take(int(pool[at]))
        chosen.append(int(pool[at]))
        gains.append(float(gain[at]) + (gains[-1] if gains else 0.0))
        label = rng.random(outcomes) < candidates[source, at]
        weights = _updated(weights, candidates[:, at], label)
        if progress is not None:
            progress((pick + 1) / rules.size)
    return np.array(chosen, dtype=np.int64), np.array(gains)


class _Quota:
    """How often each enhancer and promoter may still come."""

    def __init__(self, rules: Rules, count: int) -> None:
        sides = ((rules.enhancer, rules.per_enhancer), (rules.promoter, rules.per_promoter))
        self._sides = [
            (np.unique(identity, return_inverse=True)[1], limit, np.zeros(count, dtype=np.int64))
            for identity, limit in sides
            if identity is not None and limit is not None
        ]

    def allows(self, rows: IntArray) -> BoolArray:
        """Return which rows may still be taken."""
        allowed = np.ones(len(rows), dtype=bool)
        for member, limit, used in self._sides:
            allowed &= used[member[rows]] < limit
        return allowed

    def take(self, row: int) -> None:
        """Count one row."""
        for member, _, used in self._sides:
            used[member[row]] += 1


def _take(order: Iterable[int], rules: Rules) -> IntArray:
    """Return the first rows of an order that the rules allow, must-includes first."""
    ranked = np.asarray(list(order), dtype=np.int64)
    quota, chosen = _Quota(rules, len(ranked)), list(rules.include)
    for row in chosen:
        quota.take(row)
    barred = {*rules.include, *rules.exclude}
    for row in ranked.tolist():
        if len(chosen) == rules.size:
            break
        if row not in barred and quota.allows(np.array([row]))[0]:
            quota.take(row)
            chosen.append(row)
    if len(chosen) < rules.size:
        raise _too_few(rules.size, len(chosen))
    return np.array(chosen, dtype=np.int64)


def _check(rules: Rules, count: int) -> None:
    named = (*rules.include, *rules.exclude)
    if rules.size < 1 or len(rules.include) > rules.size or len(set(rules.include)) != len(rules.include):
        raise ConfigError("design-rules", f"a batch of {rules.size} with {len(rules.include)} fixed rows.", "Mend it.")
    if any(not 0 <= row < count for row in named) or set(rules.include) & set(rules.exclude):
        raise ConfigError("design-rules", "a row is unknown, or both included and excluded.", "Choose other rows.")
    for values in (rules.enhancer, rules.promoter, rules.cost):
        if values is not None and len(values) != count:
            raise ConfigError("design-rules", f"{len(values)} values for {count} candidates.", "Give one for each.")
    if rules.cost is not None and not (np.isfinite(rules.cost).all() and (rules.cost > 0).all()):
        raise ConfigError("design-rules", "costs must be positive numbers.", "Mend the cost column.")
    if count - len(set(rules.exclude)) < rules.size:
        raise _too_few(rules.size, count - len(set(rules.exclude)))


def _too_few(size: int, found: int) -> InputError:
    return InputError(
        "too-few-candidates", f"the rules leave {found} pairs for a batch of {size}.", "Relax them, or ask for fewer."
    )


# ------------------------------------------------------------------ numbers


def _entropy(p: NDArray[Any]) -> NDArray[Any]:
    """Return the entropy of Bernoulli(p) in nats, same shape and kind."""
    chance = torch.from_numpy(np.ascontiguousarray(p))
    return np.asarray((torch.special.entr(chance) + torch.special.entr(1.0 - chance)).numpy())


def _updated(weights: FloatArray, column: FloatArray, label: BoolArray) -> FloatArray:
    """Return weights (J, M) after one label each (J,) of the pair whose probabilities are ``column`` (M,)."""
    kept = np.clip(column, _EDGE, 1 - _EDGE)
    changed = np.where(label[:, None], kept, 1 - kept)
    changed *= weights
    changed /= changed.sum(axis=1, keepdims=True)
    return changed


def _alternating(mean: Array) -> IntArray:
    """Return rows surest positive, surest negative, next surest positive, ...: what "eight and eight" looks like."""
    order = np.argsort(-mean, kind="stable")
    out = np.empty(len(order), dtype=np.int64)
    half = (len(order) + 1) // 2
    out[0::2], out[1::2] = order[:half], order[half:][::-1]
    return out


def _spread_after(context: Array, weights: FloatArray) -> Array:
    """Return the expected posterior standard deviation of z_c by dimension, (Z,): root of the mean variance."""
    first = weights @ context
    variance = weights @ context**2 - first**2
    return np.asarray(np.sqrt(np.maximum(variance.mean(axis=0), 0.0)))


def _gate_change(draws: PosteriorDraws, chosen: IntArray) -> Array:
    """Return mean gates if each pick turns out 1 minus if it turns out 0, (b, K)."""
    p = draws.probability[:, chosen].astype(np.float64)
    up, down = p / p.sum(axis=0), (1 - p) / (1 - p).sum(axis=0)
    return np.asarray((up - down).T @ draws.spectrum)
