"""Which pairs to test next: candidates, the rules that filter them, one plan, its order sheet, and its check."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from metabam.app.adaptation import Loaded, encode_rows, pair_names
from metabam.errors import InputError
from metabam.records import (
    DesignRecord,
    Fingerprint,
    FloatArray,
    LabelledContext,
    NoveltyRecord,
    PairTable,
    PosteriorDraws,
    RetrospectRecord,
)

if TYPE_CHECKING:
    from metabam.app.model import Model
    from metabam.probe.design import Rules
    from metabam.probe.novelty import TrainingPairs
    from metabam.score import Predictor

Array = NDArray[np.float64]
ROUNDS: Final = 30
CHECKED: Final = 200
CHECK_DRAWS: Final = 256
SHEET_KINDS: Final = ("csv", "bedpe")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the reader asks of a batch; distances in bp, ``region`` as (chrom, start, end) or ``None``."""

    size: int = 16
    per_enhancer: int = 0
    per_gene: int = 0
    nearest: float = 0.0
    farthest: float = float("inf")
    region: tuple[str, int, int] | None = None
    include: tuple[str, ...] = ()
    exclude_tested: bool = True
    cost: str = ""
    draws: int = 512
    delta: str = "integrated"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Pool:
    """Candidates that the rules left: ``table`` (B rows), ``features`` (B, D), what each filter removed, novelty."""

    table: PairTable = field(repr=False)
    features: FloatArray = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    removed: dict[str, int]
    read: int
    novelty: NoveltyRecord | None = field(repr=False)

    @property
    def beyond(self) -> NDArray[np.bool_]:
        """Return which candidates (B,) lie farther from the training pairs than 95 % of training pairs do."""
        record = self.novelty
        if record is None or not np.isfinite(record.edge):
            return np.zeros(len(self.table), dtype=bool)
        return np.asarray(record.support > record.edge, dtype=bool)


@dataclass(frozen=True, slots=True)
class Plan:
    """One planned batch: the record, the candidates it was chosen from, the draws, and what was vetoed."""

    run_id: str
    weights: str
    candidates: str
    candidates_sha256: str
    support: str
    support_sha256: str
    wishes: Wishes
    vetoed: tuple[str, ...]
    pool: Pool = field(repr=False)
    record: DesignRecord = field(repr=False)
    draws: PosteriorDraws = field(repr=False)
    seconds: float = 0.0


def keys_of(table: PairTable) -> list[str]:
    """Return what names each row in a choice: its id, else its locus."""
    return [name.split("  ")[0] for name in pair_names(table)]


def region_of(text: str) -> tuple[str, int, int] | None:
    """Return chromosome, start and end of ``chr1:1,000-2,000`` or ``chr1``; ``None`` for no text.

    Raises
    ------
    InputError
        ``region`` for anything else.
    """
    said = text.strip().replace(",", "").replace("–", "-")
    if not said:
        return None
    chrom, _, span = said.partition(":")
    start, _, end = span.partition("-")
    if not span:
        return chrom, 0, 1 << 62
    if not (start.isdigit() and end.isdigit() and int(start) < int(end)):
        raise InputError("region", f"{text!r:.40} is no region.", "Write chr1:1000000-2000000, or chr1 alone.")
    return chrom, int(start), int(end)


def encoded(
    predictor: Predictor[Fingerprint], loaded: Loaded, progress: Callable[[float], None] | None = None
) -> tuple[PairTable, FloatArray]:
    """Return the candidates that can be encoded, and their features."""
    features, status = encode_rows(predictor, loaded.result, progress)
    good = np.asarray(status == "ok", dtype=bool)
    return loaded.result.table.take(good), features[good]


def pool_of(
    table: PairTable,
    features: FloatArray,
    wishes: Wishes,
    *,
    read: int,
    tested: PairTable | None = None,
    training: TrainingPairs | None = None,
) -> Pool:
    """Return the candidates that the filters leave, must-includes among them, and how many each filter removed."""
    from metabam.probe.novelty import novelty

    kept = np.ones(len(table), dtype=bool)
    removed = {"unusable": read - len(table)}
    must = np.isin(np.array(keys_of(table), dtype=object).astype(str), wishes.include)
    for name, inside in _filters(table, wishes, tested):
        removed[name] = int((kept & ~inside & ~must).sum())
        kept &= inside | must
    rows = np.flatnonzero(kept)
    chosen = table.take(rows)
    record = None if training is None or not len(rows) else novelty(training, features[rows])
    return Pool(chosen, features[rows], tuple(pair_names(chosen)), removed, read, record)


def _filters(table: PairTable, wishes: Wishes, tested: PairTable | None) -> list[tuple[str, NDArray[np.bool_]]]:
    from metabam.data.overlap import pair_keys

    distance = np.nan_to_num(table.distance(), nan=np.inf)
    found = [("distance", (distance >= wishes.nearest) & (distance <= wishes.farthest))]
    if wishes.region is not None:
        chrom, start, end = wishes.region
        inside = np.ones(len(table), dtype=bool)
        for side in ("enhancer", "promoter"):
            inside &= getattr(table, f"{side}_chrom").astype(str) == chrom
            inside &= (getattr(table, f"{side}_start") >= start) & (getattr(table, f"{side}_end") <= end)
        found.append(("region", inside))
    if tested is not None and wishes.exclude_tested:
        found.append(("tested", ~np.isin(pair_keys(table), pair_keys(tested))))
    return found


def rules_of(pool: Pool, wishes: Wishes, vetoed: tuple[str, ...] = ()) -> Rules:
    """Return what the batch must keep to.

    Raises
    ------
    InputError
        ``no-cost`` where the cost column holds something else than positive numbers.
    """
    from metabam.data.elements import element_identities
    from metabam.probe.design import Rules

    table, names = pool.table, keys_of(pool.table)
    enhancer, promoter = element_identities(table)
    genes = np.unique(table.gene_id.astype(str), return_inverse=True)[1].astype(np.int64)
    place = {name: row for row, name in enumerate(names)}
    cost = None
    if wishes.cost:
        try:
            cost = np.array([float(cell) for cell in table.extra[wishes.cost]])
        except (KeyError, ValueError):
            raise InputError("no-cost", "the cost column is not all numbers.", "Choose another column.") from None
        if not (np.isfinite(cost).all() and (cost > 0).all()):
            raise InputError("no-cost", "costs must be positive numbers.", "Mend the cost column.")
    return Rules(
        size=wishes.size,
        enhancer=enhancer,
        promoter=genes if any(table.gene_id) else promoter,
        per_enhancer=wishes.per_enhancer or None,
        per_promoter=wishes.per_gene or None,
        include=tuple(place[name] for name in wishes.include if name in place and name not in vetoed),
        exclude=tuple(place[name] for name in vetoed if name in place),
        cost=cost,
    )


def plan(
    model: Model,
    belief: Fingerprint,
    pool: Pool,
    wishes: Wishes,
    *,
    vetoed: tuple[str, ...] = (),
    progress: Callable[[float], None] | None = None,
    **origin: str,
) -> Plan:
    """Return the batch that is expected to teach most about z_c; the model itself does not change.

    Parameters
    ----------
    belief
        Where planning starts: the prior, or the fingerprint of the current support.
    origin
        ``run_id``, ``weights``, and names and digests of candidates and support.

    Raises
    ------
    InputError
        ``too-few-candidates``.
    """
    from metabam.probe.design import plan_support

    start = time.perf_counter()
    rules = rules_of(pool, wishes, vetoed)
    if len(pool.table) - len(rules.exclude) < max(wishes.size, 1):
        left = len(pool.table) - len(rules.exclude)
        raise InputError(
            "too-few-candidates", f"the rules leave {left} pairs for a batch of {wishes.size}.", "Relax them."
        )
    draw = drawer(model, belief, wishes)
    record = plan_support(partial(draw, pool.features), rules, seed=wishes.seed, progress=progress)
    draws = draw(pool.features, 2 * wishes.seed)
    seconds = time.perf_counter() - start
    return Plan(wishes=wishes, vetoed=vetoed, pool=pool, record=record, draws=draws, seconds=seconds, **origin)


def drawer(model: Model, belief: Fingerprint, wishes: Wishes) -> Callable[[FloatArray, int], PosteriorDraws]:
    """Return what draws the probabilities of pairs under a belief."""
    from metabam.learners.posterior import posterior_draws

    kind: Any = wishes.delta

    def draw(features: FloatArray, seed: int) -> PosteriorDraws:
        return posterior_draws(model.learner, belief, features, wishes.draws, seed=seed, delta=kind)

    return draw


def answers(plan_: Plan, pick: int) -> Array:
    """Return mean P (2, B) of all candidates if pick number ``pick`` came out 0, and if it came out 1."""
    from metabam.probe.design import answers_if

    return answers_if(plan_.draws.probability, int(plan_.record.chosen[pick]))


# ------------------------------------------------------------------ check


def labelled_context(table: PairTable, features: FloatArray) -> LabelledContext | None:
    """Return the labelled candidates as a line whose labels are known; ``None`` without both classes."""
    from metabam.data.episodes import contexts_of

    known = table.label >= 0
    if len(np.unique(table.label[known])) < 2:
        return None
    contexts = contexts_of(table.take(known), features[known])
    return contexts[0] if len(contexts) == 1 else None


def check(
    model: Model,
    line: LabelledContext,
    wishes: Wishes,
    *,
    rounds: int = ROUNDS,
    progress: Callable[[float], None] | None = None,
) -> RetrospectRecord:
    """Return planned against random supports of a line whose labels are known, starting from the prior.

    Raises
    ------
    InputError
        ``too-few-pairs``.
    """
    from metabam.app.model import no_support
    from metabam.probe.design import Rules
    from metabam.probe.retrospect import check_design

    prior = model.learner.adapt(no_support(model))
    rules = Rules(size=wishes.size, per_enhancer=wishes.per_enhancer or None, per_promoter=wishes.per_gene or None)
    shots = tuple(size for size in (2, 4, 8, 12) if size < wishes.size) + ((16,) if wishes.size <= 16 else ())
    return check_design(
        model.learner,
        drawer(model, prior, replace(wishes, draws=CHECK_DRAWS)),
        line,
        rules,
        rounds=rounds,
        candidates=min(CHECKED, len(line) // 2),
        random_shots=shots,
        seed=wishes.seed,
        progress=progress,
    )


def advantage(records: list[RetrospectRecord]) -> tuple[float, float, float, int]:
    """Return mean of planned minus random AUROC over lines and rounds, Student's 95 % interval, and n rounds."""
    from scipy.stats import t as student

    gaps = np.concatenate([record.planned - record.random for record in records])
    gaps = gaps[np.isfinite(gaps)]
    middle = float(gaps.mean())
    half = float(student.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps))) if len(gaps) > 1 else np.nan
    return middle, middle - half, middle + half, len(gaps)


# ------------------------------------------------------------------ order sheet


def order_sheet(plan_: Plan, kind: str) -> bytes:
    """Return the chosen pairs in the order picked, with an empty label column to fill in; Adapt live reads it back.

    ``csv`` keeps every column of the candidates, their sequences included; ``bedpe`` has a header line and the six
    anchor columns, name, label, gene and sequences.
    """
    from metabam.data.exports import export_rows, table_columns

    chosen = plan_.pool.table.take(plan_.record.chosen)
    columns: dict[str, Any] = {name: value for name, value in table_columns(chosen).items() if name != "label"}
    if kind == "csv":
        return export_rows({**columns, "label": [""] * len(chosen)}, separator=",")
    anchors = ("chrom1", "start1", "end1", "chrom2", "start2", "end2")
    made: dict[str, Any] = dict(zip(anchors, chosen.coordinates(), strict=True))
    made["pair_id"] = keys_of(chosen)
    made["label"] = [""] * len(chosen)
    made |= {name: columns[name] for name in ("gene_id", "enhancer_seq", "promoter_seq") if name in columns}
    return export_rows(made)


def plan_rows(plan_: Plan) -> list[dict[str, object]]:
    """Return one row per pick, in the order picked, at full precision."""
    record, table = plan_.record, plan_.pool.table
    distance, beyond = table.distance(), plan_.pool.beyond
    before = np.concatenate([[0.0], record.gain[:-1]])
    names = keys_of(table)
    return [
        {
            "pick": pick + 1,
            "pair": names[row],
            "gain_nats": float(record.gain[pick] - before[pick]),
            "joint_gain_nats": float(record.gain[pick]),
            "single_gain_nats": float(record.single[row]),
            "probability": float(record.probability[row]),
            "distance_bp": float(distance[row]),
            "gene": str(table.gene_id[row]),
            "outside_training": bool(beyond[row]),
        }
        for pick, row in enumerate(record.chosen.tolist())
    ]
