"""What Context manifold computes: the cloud of supports, its maps, and where new lines lie in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from metabam.app import cache, session, shelf
from metabam.app import lines as known
from metabam.app.layout import Scene
from metabam.app.widgets import digest
from metabam.errors import CheckpointError
from metabam.records import CloudRecord, Fingerprint, LabelledContext, LayoutRecord, PlacementRecord

if TYPE_CHECKING:
    from metabam.app.model import Model

Array = NDArray[np.float64]
SHOTS: Final = 16
SUPPORTS: Final = 200
LEAST_POINTS: Final = 10
MOST_DRAWN: Final = 5_000
PLACED: Final = "manifold_placed"
_TOLERANCE: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Maps:
    """The cloud of a run and its stored UMAP, if there is one; ``key`` changes whenever either does."""

    key: str
    cloud: CloudRecord = field(repr=False)
    umap: LayoutRecord | None = field(default=None, repr=False)

    @property
    def small(self) -> bool:
        """Return whether there are too few points for anything but PCA."""
        return len(self.cloud.mean) < LEAST_POINTS

    def views(self) -> list[str]:
        """Return the maps that can be drawn."""
        if self.small:
            return ["pca"]
        return ["pca", *(["umap"] if self.umap is not None else []), "raw"]

    def ids(self) -> list[str]:
        """Return an identity of each support: its line and its number there, counted from 1."""
        within = np.zeros(len(self.cloud.lines), dtype=np.int64)
        found = []
        for line in self.cloud.line.tolist():
            within[line] += 1
            found.append(f"{self.cloud.lines[line]}#{within[line]}")
        return found


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line to be placed: its name, where it comes from (``example`` or ``own``), and what the model believes."""

    name: str
    origin: str
    belief: Fingerprint = field(repr=False)


def stored(scene: Scene, model: Model) -> Maps | None:
    """Return the map beside a run's files, ``None`` where there is none.

    Raises
    ------
    CheckpointError
        ``map-broken``; ``map-other`` where it was made with other weights or lines than the run now has.
    """
    from metabam.probe.manifold import MAP_FILE

    try:
        status = (scene.run.folder / MAP_FILE).stat()
    except OSError:
        return None
    key = digest(cache.weights_digest(scene.run), status.st_ino, status.st_size, status.st_mtime_ns)
    return _stored(key, scene.run.folder, model)


@st.cache_resource(max_entries=4, show_spinner=False)
def _stored(key: str, _folder: Any, _model: Model) -> Maps | None:
    """Read a stored map and hold it against the model."""
    from metabam.probe.manifold import load_map

    found = load_map(_folder)
    if found is None:
        return None
    cloud, layout = found
    if not belongs(cloud, _model):
        raise CheckpointError("map-other", "the stored map is that of another model.", "Make it again.")
    return Maps(key, cloud, layout)


def belongs(cloud: CloudRecord, model: Model) -> bool:
    """Return whether a cloud is that of a model: after all pairs of its first line, the same belief comes out."""
    lines = {context.name: context for context in model.contexts}
    width = len(model.learner.prior()[0])
    if not set(cloud.lines) <= set(lines) or cloud.mean.shape[1] != width:
        return False
    first = lines[cloud.lines[0]]
    from metabam.records import SupportSet

    again = model.learner.adapt(SupportSet(first.features, first.labels))
    return bool(np.abs(again.mean - cloud.full[0]).max() < _TOLERANCE)


def computed_key(scene: Scene, names: Sequence[str], seed: int, *, judged: bool) -> str:
    """Return the digest of a cloud that this page computes."""
    return digest("cloud", cache.weights_digest(scene.run), seed, judged, *names)


def compute(scene: Scene, names: Sequence[str], seed: int, *, judged: bool, progress: Callable[[float], None]) -> Maps:
    """Compute the cloud of some training lines; ``progress`` may raise to cancel, and nothing is then kept."""
    from metabam.probe.manifold import support_cloud

    model = cache.model(scene.run)
    chosen = [context for context in model.contexts if context.name in names]
    cloud = support_cloud(
        model.learner, chosen, supports=SUPPORTS, shots=SHOTS, judged=judged, seed=seed, progress=progress
    )
    key = computed_key(scene, names, seed, judged=judged)
    made = Maps(key, cloud)
    shelf.shared().put(key, made)
    return made


def large_enough(contexts: Sequence[LabelledContext]) -> list[str]:
    """Return the lines that a support of 16 can be drawn from."""
    return [context.name for context in contexts if len(context) >= SHOTS]


def layout_of(maps: Maps, view: str, first: int, second: int) -> LayoutRecord:
    """Return one map of a cloud; the two dimensions count for the raw view alone."""
    if view == "umap" and maps.umap is not None:
        return maps.umap
    return _layout(digest(maps.key, view, *((first, second) if view == "raw" else ())), maps.cloud, view, first, second)


@st.cache_resource(max_entries=16, show_spinner=False)
def _layout(
    key: str,  # noqa: ARG001 - the cache alone reads it
    _cloud: CloudRecord,
    view: str,
    first: int,
    second: int,
) -> LayoutRecord:
    """Compute a linear map."""
    from metabam.probe.manifold import pca_layout, raw_layout

    return raw_layout(_cloud, first, second) if view == "raw" else pca_layout(_cloud)


def new_lines(scene: Scene, model: Model, examples: Sequence[str]) -> list[NewLine]:
    """Return the lines to place: chosen bundled ones, and what this session adapted to."""
    found = []
    if examples:
        lines = {line.name: line for line in known.example_lines(scene.run, model)}
        for name in examples:
            if name in lines:
                key = digest(cache.weights_digest(scene.run), name)
                found.append(NewLine(name, "example", _belief(key, model, lines[name])))
    done = known.adapted(scene)
    if done is not None:
        found.append(NewLine(done.support_name or known.OWN, "own", done.fingerprint))
    return found


@st.cache_resource(max_entries=32, show_spinner=False)
def _belief(key: str, _model: Model, _line: known.Line) -> Fingerprint:  # noqa: ARG001 - the cache alone reads the key
    """Return what the model believes about a bundled line after its example support alone."""
    table = _line.table if _line.table is not None else known.empty_table()
    return known.predictor_of(_model, None).adapt(table.take(np.arange(_line.shots)))


def placed(maps: Maps, view: str, layout: LayoutRecord, lines: Sequence[NewLine]) -> PlacementRecord | None:
    """Return where new lines lie; the last answer of this session is kept."""
    from metabam.probe.manifold import place

    if not lines:
        return None
    key = digest(maps.key, view, layout.coordinates[:3].tobytes(), *(line.belief.mean.tobytes() for line in lines))
    kept = session.get(PLACED)
    if not kept or kept[0] != key:
        kept = (key, place(maps.cloud, layout, [line.belief for line in lines]))
        session.put(PLACED, kept)
    found: PlacementRecord = kept[1]
    return found


def stars(maps: Maps, layout: LayoutRecord) -> Array:
    """Return where the full support of each line lies in a map, (E, 2)."""
    from metabam.probe.manifold import project

    return project(maps.cloud, layout, maps.cloud.full, np.zeros_like(maps.cloud.full))[0]


def own_distance(cloud: CloudRecord) -> Array:
    """Return the distance in z of each support to the mean of its own line's supports, (n,)."""
    centres = np.stack([cloud.mean[cloud.line == at].mean(axis=0) for at in range(len(cloud.lines))])
    return np.asarray(np.linalg.norm(cloud.mean - centres[cloud.line], axis=1))


# ------------------------------------------------------------------ selections


def inside_selection(coordinates: Array, selection: Any) -> NDArray[np.bool_]:
    """Return which points (n, 2) lie in the lassos and boxes of a chart's selection."""
    found = np.zeros(len(coordinates), dtype=bool)
    for ring in _shapes(selection, "lasso"):
        found |= in_polygon(coordinates, ring)
    for corners in _shapes(selection, "box"):
        low, high = corners.min(axis=0), corners.max(axis=0)
        found |= ((coordinates >= low) & (coordinates <= high)).all(axis=1)
    return found


def _shapes(selection: Any, kind: str) -> list[Array]:
    """Return the shapes of one kind as points (m, 2); what is malformed is left out."""
    shapes = []
    try:
        for shape in selection[kind]:
            points = np.column_stack([np.asarray(shape[axis], dtype=np.float64) for axis in ("x", "y")])
            if len(points) >= 2 and np.isfinite(points).all():
                shapes.append(points)
    except (KeyError, TypeError, ValueError):
        return shapes
    return shapes


def in_polygon(points: Array, ring: Array) -> NDArray[np.bool_]:
    """Return which points (n, 2) lie inside a closed polygon (m, 2), by the number of edges to their right."""
    inside = np.zeros(len(points), dtype=bool)
    x, y = points.T
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        crosses = (y0 > y) != (y1 > y)
        if y0 != y1:
            inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside
