"""Where does a line lie among the training lines? A cloud of supports per line, and maps of it.

Distances are those in z; a map only draws them. UMAP is fitted once, at the end of training, and stored: it is slow,
differs between machines, and its ``transform`` moves points by the batch they come in. New points are placed by
their neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from metabam.data.episodes import apart_from, draw_support
from metabam.errors import CheckpointError, InputError
from metabam.files import load_tensors, save_tensors
from metabam.learners.base import Learner
from metabam.learners.batched import adapt_many
from metabam.metrics import task_aurocs
from metabam.probe.compiled import keep_compiled
from metabam.records import CloudRecord, Fingerprint, LabelledContext, LayoutRecord, PlacementRecord, SupportSet

Array = NDArray[np.float64]

SUPPORTS = 200
SHOTS = 16
NEIGHBOURS = 15
LEAST_POINTS = 10
MOST_QUERIES = 300
MOST_JUDGED = 2_000
"""Points of a layout whose neighbourhoods are compared; the memory goes with their square."""
MAP_FILE = "map.safetensors"
FORMAT = "metabam-map/1"


def support_cloud(
    learner: Learner[Fingerprint],
    lines: Sequence[LabelledContext],
    *,
    supports: int = SUPPORTS,
    shots: int = SHOTS,
    judged: bool = False,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> CloudRecord:
    """Return what the learner believes after each of many supports per line, and after all pairs of the line.

    Parameters
    ----------
    supports, shots
        Supports of each line, drawn at natural prevalence.
    judged
        Whether to score each support on at most 300 other pairs of its line; costs one prediction a support.

    Raises
    ------
    InputError
        ``no-lines``; ``too-few-pairs`` where a line is smaller than a support.
    """
    if not lines:
        raise InputError("no-lines", "there is no line to place.", "Choose lines.")
    rng = np.random.default_rng(seed)
    beliefs: list[Fingerprint] = []
    positives, scores, full = [], [], []
    for number, line in enumerate(lines):
        chosen = [draw_support(line.labels, shots, rng, balanced=False) for _ in range(supports)]
        found = adapt_many(learner, [SupportSet(line.features[rows], line.labels[rows]) for rows in chosen])
        beliefs += found
        positives += [int(line.labels[rows].sum()) for rows in chosen]
        full.append(learner.adapt(SupportSet(line.features, line.labels)).mean)
        if judged:
            scores += [_score(learner, line, rows, one, rng) for rows, one in zip(chosen, found, strict=True)]
        if progress is not None:
            progress((number + 1) / len(lines))
    return CloudRecord(
        lines=tuple(line.name for line in lines),
        mean=np.stack([belief.mean for belief in beliefs]),
        std=np.stack([belief.std for belief in beliefs]),
        spectrum=np.stack([belief.spectrum for belief in beliefs]),
        line=np.repeat(np.arange(len(lines)), supports).astype(np.int64),
        positives=np.array(positives, dtype=np.int64),
        auroc=np.array(scores) if judged else np.full(len(beliefs), np.nan),
        full=np.stack(full),
        shots=shots,
    )


def pca_layout(cloud: CloudRecord) -> LayoutRecord:
    """Return the two principal axes of the cloud's means; deterministic, the largest loading of an axis is positive."""
    centre = cloud.mean.mean(axis=0)
    _, singular, axes = np.linalg.svd(cloud.mean - centre, full_matrices=False)
    axes = axes[:2]
    if len(axes) < 2:
        axes = np.concatenate([axes, np.zeros((2 - len(axes), axes.shape[1]))])
    largest = axes[np.arange(2), np.abs(axes).argmax(axis=1)]
    axes = axes * np.where(largest < 0, -1.0, 1.0)[:, None]
    power = np.pad(singular**2, (0, 2))
    explained = power[:2] / power.sum() if power.sum() > 0 else np.zeros(2)
    return _judged_layout("pca", cloud, (cloud.mean - centre) @ axes.T, axes, centre, explained)


def raw_layout(cloud: CloudRecord, first: int, second: int) -> LayoutRecord:
    """Return two dimensions of z as they are, counted from 0; ``explained`` is their share of the variance.

    Raises
    ------
    InputError
        ``map-dimension`` for a dimension that z lacks, or the same one twice.
    """
    width = cloud.mean.shape[1]
    if not (0 <= first < width and 0 <= second < width) or first == second:
        raise InputError("map-dimension", f"z has dimensions 1 to {width}.", "Choose two different ones.")
    power = cloud.mean.var(axis=0)
    explained = power[[first, second]] / power.sum() if power.sum() > 0 else np.zeros(2)
    axes = np.eye(width)[[first, second]]
    return _judged_layout("raw", cloud, cloud.mean[:, [first, second]], axes, np.zeros(width), explained)


def umap_layout(cloud: CloudRecord, *, seed: int = 0) -> LayoutRecord:
    """Return UMAP coordinates of the cloud's means (doi:10.21105/joss.00861); fitted once, never transformed.

    Raises
    ------
    InputError
        ``map-small`` for fewer than 10 points.

    Notes
    -----
    The first fit in a process takes 10 to 60 s; distances and cluster sizes in the picture mean nothing.
    """
    import warnings

    if len(cloud.mean) < LEAST_POINTS:
        raise InputError("map-small", f"{len(cloud.mean)} points are too few for UMAP.", "Use PCA.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keep_compiled()
        from umap import UMAP

        reducer = UMAP(n_neighbors=min(NEIGHBOURS, len(cloud.mean) - 1), random_state=seed, n_jobs=1)
        coordinates = np.asarray(reducer.fit_transform(cloud.mean), dtype=np.float64)
    return _judged_layout("umap", cloud, coordinates, None, None, np.full(2, np.nan))


def place(cloud: CloudRecord, layout: LayoutRecord, beliefs: Sequence[Fingerprint]) -> PlacementRecord:
    """Return where new beliefs lie in a map, and among the lines in z.

    A linear map projects mean and covariance; any other one puts a point at the mean of its 15 nearest neighbours in
    z, weighted by 1 / distance, and gives it their covariance. ``inside`` asks for the convex hull in all Z
    dimensions, which five lines fill poorly: far from everything is the rule, not the exception.
    """
    mean = np.stack([belief.mean for belief in beliefs])
    std = np.stack([belief.std for belief in beliefs])
    coordinates, ellipse = project(cloud, layout, mean, std)
    centres = np.stack([cloud.mean[cloud.line == at].mean(axis=0) for at in range(len(cloud.lines))])
    apart = np.linalg.norm(mean[:, None] - centres[None], axis=2)
    order = np.argsort(apart, axis=1, kind="stable")[:, :3]
    inside = np.array([in_hull(cloud.mean, point) for point in mean], dtype=bool)
    return PlacementRecord(
        coordinates, ellipse, order.astype(np.int64), np.take_along_axis(apart, order, axis=1), inside
    )


def project(cloud: CloudRecord, layout: LayoutRecord, mean: Array, std: Array) -> tuple[Array, Array]:
    """Return where beliefs with mean and std (m, Z) lie in a map, (m, 2), and their covariance there, (m, 2, 2)."""
    if layout.axes is not None and layout.centre is not None:
        ellipse = np.einsum("az,mz,bz->mab", layout.axes, std**2, layout.axes)
        return (mean - layout.centre) @ layout.axes.T, ellipse
    return _by_neighbours(cloud.mean, layout.coordinates, mean)


def in_hull(points: Array, point: Array) -> bool:
    """Return whether a point (Z,) is a convex combination of points (n, Z)."""
    system = np.concatenate([points.T, np.ones((1, len(points)))])
    found = linprog(np.zeros(len(points)), A_eq=system, b_eq=np.append(point, 1.0), bounds=(0, None), method="highs")
    return bool(found.status == 0)


def save_map(folder: Path, cloud: CloudRecord, layout: LayoutRecord) -> str:
    """Write cloud and layout beside a run's other files and return the file's SHA-256."""
    tensors = {
        "mean": cloud.mean, "std": cloud.std, "spectrum": cloud.spectrum, "line": cloud.line,
        "positives": cloud.positives, "auroc": cloud.auroc, "full": cloud.full, "coordinates": layout.coordinates,
    }  # fmt: skip
    description = {"format": FORMAT, "lines": list(cloud.lines), "shots": cloud.shots, "method": layout.method}
    return save_tensors(folder / MAP_FILE, tensors, description)


def load_map(folder: Path) -> tuple[CloudRecord, LayoutRecord] | None:
    """Return the stored cloud and UMAP layout of a run folder; ``None`` where none was stored.

    Raises
    ------
    CheckpointError
        ``map-broken`` where the file does not hold what it says.
    """
    if not (folder / MAP_FILE).exists():
        return None
    file = load_tensors(folder / MAP_FILE)
    t, said = file.tensors, file.description
    try:
        if said["format"] != FORMAT or said["method"] != "umap":
            raise KeyError("format")
        cloud = CloudRecord(
            lines=tuple(str(name) for name in said["lines"]),
            **{name: t[name] for name in ("mean", "std", "spectrum", "line", "positives", "auroc", "full")},
            shots=int(said["shots"]),
        )
        counts = {len(t[name]) for name in ("mean", "std", "spectrum", "line", "positives", "auroc", "coordinates")}
        if len(counts) != 1 or t["coordinates"].shape[1:] != (2,) or len(cloud.full) != len(cloud.lines):
            raise KeyError("shapes")
        layout = _judged_layout("umap", cloud, t["coordinates"], None, None, np.full(2, np.nan))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise CheckpointError("map-broken", f"{MAP_FILE} is unusable ({error!r}).", "Train with --map again.") from None
    return cloud, layout


# ------------------------------------------------------------------ inside


def _score(
    learner: Learner[Fingerprint],
    line: LabelledContext,
    support: NDArray[np.int64],
    belief: Fingerprint,
    rng: np.random.Generator,
) -> float:
    rows = np.flatnonzero(apart_from(line, support))
    rows = rng.permutation(rows)[:MOST_QUERIES]
    if not len(rows):
        return float("nan")
    logit = learner.predict(belief, line.features[rows]).logit
    return float(task_aurocs(logit[None], line.labels[rows][None].astype(np.float64))[0])


def _judged_layout(
    method: str, cloud: CloudRecord, coordinates: Array, axes: Array | None, centre: Array | None, explained: Array
) -> LayoutRecord:
    """Return a layout with its ellipses and how far its neighbourhoods are those in z."""
    ellipses = np.zeros((len(cloud.lines), 2, 2))
    for at in range(len(cloud.lines)):
        own = coordinates[cloud.line == at]
        if len(own) > 1:
            ellipses[at] = np.cov(own.T)
    kept = np.unique(np.linspace(0, len(coordinates) - 1, min(len(coordinates), MOST_JUDGED)).round().astype(np.int64))
    means, places = cloud.mean[kept], coordinates[kept]
    near = min(NEIGHBOURS, len(places) - 1)
    high, low = (nearest(points, points, near, skip_self=True)[0] for points in (means, places))
    overlap = np.mean([len(np.intersect1d(a, b)) / near for a, b in zip(high, low, strict=True)]) if near else np.nan
    trust = np.nan
    if len(places) > 2 * near:
        from sklearn.manifold import trustworthiness

        trust = float(trustworthiness(means, places, n_neighbors=near))
    return LayoutRecord(method, coordinates, axes, centre, explained, ellipses, trust, float(overlap))


def nearest(points: Array, asked: Array, count: int, *, skip_self: bool = False) -> tuple[NDArray[np.int64], Array]:
    """Return the nearest points (m, count) of each row of ``asked`` and their distances, nearest first."""
    square = (asked**2).sum(axis=1)[:, None] + (points**2).sum(axis=1) - 2.0 * asked @ points.T
    apart = np.sqrt(np.maximum(square, 0.0))
    if skip_self:
        np.fill_diagonal(apart, np.inf)
    order = np.argsort(apart, axis=1, kind="stable")[:, :count].astype(np.int64)
    return order, np.take_along_axis(apart, order, axis=1)


def _by_neighbours(points: Array, coordinates: Array, asked: Array) -> tuple[Array, Array]:
    near, apart = nearest(points, asked, min(NEIGHBOURS, len(points)))
    weight = 1.0 / np.maximum(apart, 1e-9)
    weight /= weight.sum(axis=1, keepdims=True)
    places = coordinates[near]
    middle = np.einsum("mk,mkc->mc", weight, places)
    off = places - middle[:, None]
    return middle, np.einsum("mk,mka,mkb->mab", weight, off, off)
