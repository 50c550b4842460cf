"""What the Sequence lens computes: attributions, mutagenesis, motif sites."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from metabam.app import cache, pairtables, session
from metabam.app.layout import Scene
from metabam.app.pairtables import Element, LineTable
from metabam.app.widgets import digest
from metabam.app.wording import feature_name
from metabam.plots.sequence import SIDES, Site, Window
from metabam.records import (
    AttributionRecord,
    Fingerprint,
    MotifHitRecord,
    MotifSet,
    MutagenesisRecord,
    PairTable,
)

if TYPE_CHECKING:
    from metabam.app.model import Model
    from metabam.data.worldfiles import Truth
    from metabam.learners.differentiable import Target
    from metabam.probe.attribute import Baseline, Method

Array = NDArray[np.float64]
MOST_WINDOW: Final = 200
FIRST_WINDOW: Final = 100
SMOOTH: Final = 11
TRUSTED: Final = 0.05
AGREE: Final = 0.3
RESULT: Final = "own_lens"
MUTATED: Final = "own_mutagenesis"
MOTIFS: Final = "own_motifs"
_HITS: Final = "own_hits"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: a pair of a line, the belief it is read under, and how; ``atom`` counts from 0."""

    line: str
    pair: str
    belief: str
    target: Target
    atom: int
    method: Method
    baseline: Baseline


@dataclass(frozen=True, slots=True)
class Lens:
    """One answer: both elements, the belief, the attribution, and how many seconds it took."""

    asked: Asked
    key: str
    label: int
    probability: float
    enhancer: Element = field(repr=False)
    promoter: Element = field(repr=False)
    fingerprint: Fingerprint = field(repr=False)
    record: AttributionRecord = field(repr=False)
    seconds: float
    offsets: tuple[int, int] = (0, 0)

    def element(self, side: str) -> Element:
        """Return the enhancer or the promoter."""
        return self.enhancer if side == "enhancer" else self.promoter


def compute(scene: Scene, line: LineTable, row: int, asked: Asked) -> Lens:
    """Return the attribution of one pair; shared by all sessions where nothing of it belongs to one.

    Raises
    ------
    MetaBamError
        What :func:`metabam.probe.attribute.attribute_bases` and :func:`metabam.app.pairtables.elements` refuse.
    """
    start = time.perf_counter()
    model = cache.model(scene.run)
    belief = pairtables.fingerprint(scene, line, asked.belief)
    enhancer, promoter = pairtables.elements(scene, line, row)
    key = digest(cache.weights_digest(scene.run), line.digest, row, asked, belief.mean.tobytes(), belief.n_support)
    private = line.own or asked.belief == pairtables.FROM_LIVE
    pair = enhancer, promoter
    record = _attributed(model, belief, pair, asked) if private else _shared(key, model, belief, pair, asked)
    return Lens(
        asked,
        key,
        int(line.table.label[row]),
        float(pairtables.encoded(scene, line).probability[row]),
        enhancer,
        promoter,
        belief,
        record,
        time.perf_counter() - start,
        (_offset(line.table, row, "enhancer", enhancer), _offset(line.table, row, "promoter", promoter)),
    )


def _offset(table: PairTable, row: int, side: str, element: Element) -> int:
    """Return where the element of the table begins in the window that was read."""
    return int(getattr(table, f"{side}_start")[row]) - element.start if element.chrom else 0


def _attributed(model: Model, belief: Fingerprint, pair: tuple[Element, Element], asked: Asked) -> AttributionRecord:
    from metabam.probe.attribute import attribute_bases

    return attribute_bases(
        model.learner,
        model.encoder,
        belief,
        pair[0].codes,
        pair[1].codes,
        target=asked.target,
        atom=asked.atom,
        method=asked.method,
        baseline=asked.baseline,
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _shared(
    key: str,  # noqa: ARG001 - read by the cache alone
    _model: Model,
    _belief: Fingerprint,
    _pair: tuple[Element, Element],
    _asked: Asked,
) -> AttributionRecord:
    return _attributed(_model, _belief, _pair, _asked)


def mutate(scene: Scene, lens: Lens, window: Window) -> MutagenesisRecord:
    """Return the effect of every substitution in a window of at most 200 bp."""
    from metabam.probe.mutagenesis import mutate_window

    model = cache.model(scene.run)
    return mutate_window(
        model.learner,
        model.encoder,
        lens.fingerprint,
        lens.enhancer.codes,
        lens.promoter.codes,
        side=window.side,
        start=window.start,
        end=window.end,
        target=lens.asked.target,
        atom=lens.asked.atom,
        attribution=lens.record,
    )


def mutated(lens: Lens, window: Window) -> MutagenesisRecord | None:
    """Return the mutagenesis of this pair and window, if this session has computed it."""
    kept = session.get(MUTATED)
    return kept[2] if kept is not None and kept[:2] == (lens.key, window) else None


# ------------------------------------------------------------------ window


def first_window(record: AttributionRecord) -> Window:
    """Return 100 bp around the 11 bp with the largest mean |attribution|, on whichever side they are."""
    best: tuple[float, str, int] = (-1.0, SIDES[0], 0)
    for side in SIDES:
        size = np.abs(getattr(record, side))
        width = min(SMOOTH, len(size))
        means = np.convolve(size, np.ones(width) / width, mode="valid")
        at = int(np.argmax(means))
        best = max(best, (float(means[at]), side, at + width // 2), key=lambda item: item[0])
    return fitted(Window(best[1], best[2] - FIRST_WINDOW // 2, best[2] + FIRST_WINDOW // 2), record)


def fitted(window: Window, record: AttributionRecord) -> Window:
    """Return the window moved into its element; one longer than 200 bp is cut around its middle."""
    length = len(getattr(record, window.side))
    size = max(1, min(window.end - window.start, MOST_WINDOW, length))
    middle = (window.start + window.end) // 2
    start = min(max(0, middle - size // 2 if window.end - window.start > size else window.start), length - size)
    return Window(window.side, start, start + size)


def dragged(event: Any) -> Window | None:
    """Return the stretch that a drag over the tracks selected, or None."""
    try:
        box = event["selection"]["box"][-1]
        low, high = sorted(float(value) for value in box["x"][:2])
        side = SIDES[1] if str(box.get("xref", "x")).startswith("x2") else SIDES[0]
    except (KeyError, TypeError, IndexError, ValueError):
        return None
    return Window(side, round(low), max(round(high), round(low)) + 1)


# ------------------------------------------------------------------ motifs


def hits_of(scene: Scene, lens: Lens, brought: tuple[str, MotifSet] | None) -> MotifHitRecord:
    """Return the motif sites of the pair: of a brought file, or else of the run's own dictionary.

    Raises
    ------
    InputError
        ``no-motifs`` where the run has no dictionary and no file was brought.
    """
    from metabam.probe.hits import dictionary_hits, scan_motifs

    key = digest(lens.enhancer.codes.tobytes(), lens.promoter.codes.tobytes(), brought[0] if brought else "")
    kept = session.get(_HITS)
    if kept is not None and kept[0] == key:
        held: MotifHitRecord = kept[1]
        return held
    pair = lens.enhancer.codes, lens.promoter.codes
    encoder = cache.model(scene.run).encoder
    found = dictionary_hits(encoder, *pair) if brought is None else scan_motifs(brought[1], *pair)
    session.put(_HITS, (key, found))
    return found


def atoms_of_motif(model: Model, motif: int, lang: str = "en", top: int = 5) -> list[tuple[int, str, float]]:
    """Return the atoms (from 0) that weigh a motif's features most: (atom, feature, its weight in the atom)."""
    atoms = np.asarray(model.learner.atoms)
    columns = [
        at for at, feature in enumerate(model.encoder.features) if motif in feature.motifs and at < atoms.shape[1]
    ]
    if not columns:
        return []
    weights = atoms[:, columns]
    best = np.abs(weights).argmax(axis=1)
    strength = np.abs(weights).max(axis=1)
    order = np.argsort(-strength)[:top]
    features = model.encoder.features
    return [
        (int(k), feature_name(features, columns[best[k]], lang), float(weights[k, best[k]])) for k in order.tolist()
    ]


def planted_sites(truth: Truth, lens: Lens) -> list[Site]:
    """Return what the program planted in this pair, in window coordinates; nothing for a pair of another world."""
    at = np.flatnonzero(truth.pair_id == lens.asked.pair)
    if not len(at):
        return []
    widths = {motif.name: motif.width for motif in truth.motifs}
    found = []
    for side, offset in zip(SIDES, lens.offsets, strict=True):
        told = str(getattr(truth, f"{side}_sites")[at[0]])
        for part in [part for part in told.split(";") if part]:
            name, start = part.split(":")[:2]
            found.append(Site(name, side, int(start) + offset, int(start) + offset + widths[name]))
    return found
