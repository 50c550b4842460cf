"""What Fingerprint drift computes: supports of two lines, the matrix of swaps, and everything about one cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metabam.app import cache, session, shelf
from metabam.app import lines as known
from metabam.app import model as models
from metabam.app.layout import Scene
from metabam.app.lines import Line
from metabam.app.model import Model
from metabam.app.widgets import digest
from metabam.errors import InputError
from metabam.records import Fingerprint, IntArray, SwapLine, SwapRecord

Array = NDArray[np.float64]
CONTROLS: Final = ("own", "other", "prior", "shuffled")
DRAWS: Final = 64
MOST_PAIRS: Final = 2_000
SHUFFLES: Final = 5
CELL: Final = "drift_cell"
MATRIX: Final = "drift_matrix"


@dataclass(frozen=True, slots=True)
class Settings:
    """What was applied: seed and size of the supports, draws of z (0: its mean), and the lines of the matrix."""

    seed: int = 0
    shots: int = 16
    draws: int = 0
    lines: tuple[str, ...] = ()

    def key(self, scene: Scene, lines: Sequence[Line]) -> str:
        """Return what every number on the page depends on, but for the lines chosen."""
        done = known.adapted(scene) if any(line.origin == "own" for line in lines) else None
        mark = "" if done is None else done.support_sha256 + done.query_sha256
        return digest(cache.weights_digest(scene.run), self.seed, self.shots, self.draws, mark)


@dataclass(frozen=True, slots=True)
class Cell:
    """Line A's fingerprint on line B's sequences.

    ``column`` and ``row`` hold the scores in their only cell (0, 1), judged by A's and by B's labels. Pairs (N,) are
    those that both label and no support touches: ``rows`` in B, identities, labels in both lines, ``native`` logits
    and those of A's fingerprint and its controls by name; ``total`` were to be had. ``change`` (3, K) is gate A minus
    gate B with its 90 % interval.
    """

    a: str
    b: str
    column: SwapRecord
    row: SwapRecord
    rows: IntArray = field(repr=False)
    enhancer: IntArray = field(repr=False)
    promoter: IntArray = field(repr=False)
    labels_b: NDArray[np.int8] = field(repr=False)
    labels_a: NDArray[np.int8] = field(repr=False)
    native: Array = field(repr=False)
    answers: dict[str, Array] = field(repr=False)
    total: int
    fingerprint_a: Fingerprint = field(repr=False)
    fingerprint_b: Fingerprint = field(repr=False)
    moved: IntArray = field(repr=False)
    change: Array = field(repr=False)

    @property
    def reversed(self) -> NDArray[np.bool_]:
        """Return which pairs have another label in A than in B."""
        return np.asarray(self.labels_a != self.labels_b, dtype=np.bool_)

    def ids(self) -> list[str]:
        """Return an identity for each pair that no order of rows changes."""
        return [f"{one:x}:{two:x}" for one, two in zip(self.enhancer.tolist(), self.promoter.tolist(), strict=True)]

    def logits(self, fingerprint: str) -> Array:
        """Return the logits under B's own fingerprint (``native``), A's, or one of A's controls."""
        return self.native if fingerprint == "native" else self.answers[fingerprint]

    def sided(self, fingerprint: str, among: NDArray[np.bool_]) -> tuple[int, int]:
        """Return how many of some reversed pairs lie on A's side under a fingerprint, and of how many."""
        right: NDArray[np.bool_] = on_side(self.logits(fingerprint)[among], self.labels_a[among] == 1)
        return int(right.sum()), int(among.sum())


def on_side(logits: Array, positive: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which pairs lie on the right side of the median logit of all of them: positives above, others not.

    Half of them do under a fingerprint that knows nothing, whatever its mean and spread; a count of pairs that merely
    moved the right way would praise every fingerprint that knows less, for logits then fall back to the mean.
    """
    if not len(logits):
        return np.zeros(0, dtype=bool)
    return np.asarray((logits > np.median(logits)) == positive)


def supports_of(line: Line, settings: Settings) -> SwapLine:
    """Return a line with two disjoint supports; the first of an uploaded line is the one its reader brought.

    Raises
    ------
    InputError
        ``too-few-pairs`` where a line is too small for two supports.
    """
    labels = line.context.labels
    rng = np.random.default_rng([settings.seed, *line.name.encode()])
    if line.origin == "own":
        first = np.arange(line.shots, dtype=np.int64)
    else:
        first = models.balanced_rows(labels, settings.shots, rng)
    rest = np.setdiff1d(np.arange(len(labels)), first)
    other = rest[models.balanced_rows(labels[rest], settings.shots, rng)]
    if min(len(first), len(other)) < 2:
        raise InputError(
            "too-few-pairs", f"{line.name} has too few labelled pairs for two supports.", "Use fewer shots."
        )
    return SwapLine(line.context, first.astype(np.int64), other.astype(np.int64))


def cell_of(scene: Scene, lines: dict[str, Line], a: str, b: str, settings: Settings) -> Cell:
    """Return everything about one cell; the last one of this session is kept."""
    key = (settings.key(scene, list(lines.values())), a, b)
    kept = session.get(CELL)
    if not kept or kept[0] != key:
        kept = (key, compute_cell(cache.model(scene.run), lines[a], lines[b], settings))
        session.put(CELL, kept)
    found: Cell = kept[1]
    return found


def compute_cell(model: Model, a: Line, b: Line, settings: Settings) -> Cell:
    """Return what line A's fingerprint says about line B's sequences, with its controls."""
    from metabam.data.episodes import apart_from
    from metabam.probe.swap import judged_pairs, sampled_answer, swap_both, swap_pair

    learner = model.learner
    says = sampled_answer(learner, settings.draws, seed=settings.seed) if settings.draws else None
    one, two = supports_of(a, settings), supports_of(b, settings)
    column, row = swap_both(
        learner, [two, one], cells=[(0, 1)], answer=says, most_shared=MOST_PAIRS, shuffles=SHUFFLES, seed=settings.seed
    )
    pairs, labels_b, labels_a, total = judged_pairs(two, one, MOST_PAIRS)
    free = apart_from(two.context, two.support)[pairs]
    pairs, labels_b, labels_a = pairs[free], labels_b[free], labels_a[free]
    native = known.fingerprint_of(model, b, two.support)
    beliefs = _beliefs(model, a, one, settings.seed)
    features = two.context.features[pairs]
    found = {
        name: swap_pair(learner, native, belief, features, labels_b, labels_a, answer=says)
        for name, belief in beliefs.items()
    }
    moved = found["own"].moved
    return Cell(
        a=a.name,
        b=b.name,
        column=column,
        row=row,
        rows=pairs,
        enhancer=two.context.enhancer[pairs],
        promoter=two.context.promoter[pairs],
        labels_b=labels_b,
        labels_a=labels_a,
        native=found["own"].native,
        answers={name: record.swapped for name, record in found.items()},
        total=total,
        fingerprint_a=beliefs["own"],
        fingerprint_b=native,
        moved=moved,
        change=np.stack([found["own"].gate_change, *_change_interval(model, beliefs["own"], native, moved)]),
    )


def _beliefs(model: Model, line: Line, drawn: SwapLine, seed: int) -> dict[str, Fingerprint]:
    """Return line A's fingerprint and its three controls, in the order of :data:`CONTROLS`."""
    from metabam.records import SupportSet

    rng = np.random.default_rng([seed, *line.name.encode()])
    labels = line.context.labels[drawn.support]
    shuffled = SupportSet(line.context.features[drawn.support], rng.permutation(labels))
    found = (
        known.fingerprint_of(model, line, drawn.support),
        known.fingerprint_of(model, line, drawn.other),
        model.learner.adapt(models.no_support(model)),
        model.learner.adapt(shuffled),
    )
    return dict(zip(CONTROLS, found, strict=True))


def _change_interval(model: Model, one: Fingerprint, two: Fingerprint, moved: IntArray) -> Array:
    """Return the ends of the central 90 % of gate differences between draws of the two contexts, (2, moved)."""
    rng = np.random.default_rng(0)
    gates = [
        model.learner.spectrum_of(belief.mean + belief.std * rng.standard_normal((models.DRAWS, len(belief.mean))))
        for belief in (one, two)
    ]
    return np.asarray(np.quantile((gates[0] - gates[1])[:, moved], [0.05, 0.95], axis=0))


# ------------------------------------------------------------------ the matrix


def matrix_of(scene: Scene, lines: dict[str, Line], settings: Settings) -> tuple[SwapRecord, SwapRecord] | None:
    """Return the matrix of these settings if it has been computed, by this session or (public lines) by another."""
    key = _matrix_key(scene, lines, settings)
    kept = session.get(MATRIX)
    if kept and kept[0] == key:
        mine: tuple[SwapRecord, SwapRecord] = kept[1]
        return mine
    public: tuple[SwapRecord, SwapRecord] | None = shelf.shared().get(key)
    return public


def compute_matrix(
    scene: Scene, lines: dict[str, Line], settings: Settings, progress: Callable[[float], None]
) -> tuple[SwapRecord, SwapRecord]:
    """Compute the matrix, judged by the column's and by the row's labels; ``progress`` may raise to cancel."""
    from metabam.probe.swap import sampled_answer, swap_both

    learner = cache.model(scene.run).learner
    chosen = [lines[name] for name in settings.lines if name in lines]
    found = swap_both(
        learner,
        [supports_of(line, settings) for line in chosen],
        answer=sampled_answer(learner, settings.draws, seed=settings.seed) if settings.draws else None,
        most_shared=MOST_PAIRS,
        shuffles=SHUFFLES,
        seed=settings.seed,
        progress=progress,
    )
    key = _matrix_key(scene, lines, settings)
    session.put(MATRIX, (key, found))
    if all(line.origin != "own" for line in chosen):
        shelf.shared().put(key, found)
    return found


def _matrix_key(scene: Scene, lines: dict[str, Line], settings: Settings) -> str:
    return digest(settings.key(scene, list(lines.values())), *settings.lines)


def cell_in(record: SwapRecord, a: str, b: str) -> tuple[int, int] | None:
    """Return row and column of line A's fingerprint on line B's sequences in a matrix, if it holds both lines."""
    if a not in record.lines or b not in record.lines:
        return None
    return record.lines.index(b), record.lines.index(a)
