import numpy as np
import pytest

from metabam.errors import CheckpointError, InputError
from metabam.files import save_tensors
from metabam.probe.manifold import (
    MAP_FILE,
    in_hull,
    load_map,
    nearest,
    pca_layout,
    place,
    project,
    raw_layout,
    save_map,
    support_cloud,
    umap_layout,
)
from metabam.records import CloudRecord, LayoutRecord
from tests.probe.toys import Additive, K, belief, line, pairs, random_learner, weights

E, Z = 3, 5


def cloud(n=31, seed=0, spread=(3.0, 2.0, 0.5, 0.2, 0.1)):
    rng = np.random.default_rng(seed)
    mean = rng.standard_normal((E * n, Z)) * spread
    which = np.repeat(np.arange(E), n)
    mean[:, 0] += 10.0 * which
    flat = np.zeros(E * n)
    return CloudRecord(
        ("a", "b", "c"), mean, np.ones((E * n, Z)), np.zeros((E * n, K)), which, which.copy(), flat, mean[:E], 16
    )


def test_principal_axes_are_those_of_the_spread_and_their_sign_is_fixed():
    made = cloud()
    found = pca_layout(made)
    assert np.abs(found.axes[0, 0]) > 0.99
    assert (found.axes[np.arange(2), np.abs(found.axes).argmax(axis=1)] > 0).all()
    assert found.axes @ found.axes.T == pytest.approx(np.eye(2), abs=1e-9)
    assert found.coordinates == pytest.approx((made.mean - made.mean.mean(axis=0)) @ found.axes.T)
    assert 0.9 < found.explained.sum() <= 1.0
    assert found.ellipses.shape == (E, 2, 2)
    assert found.ellipses[1] == pytest.approx(np.cov(found.coordinates[made.line == 1].T))
    assert found.trustworthiness > 0.9
    assert 0.5 < found.overlap <= 1.0
    mirrored = pca_layout(cloud(seed=0))
    assert np.array_equal(mirrored.coordinates, found.coordinates)


def test_a_plane_is_drawn_without_loss():
    flat = pca_layout(cloud(spread=(3.0, 2.0, 0.0, 0.0, 0.0)))
    assert flat.overlap == 1.0
    assert flat.trustworthiness == pytest.approx(1.0)
    assert flat.explained.sum() == pytest.approx(1.0)


def test_new_points_are_placed_in_z():
    made = cloud()
    layout = pca_layout(made)
    inside = belief(np.zeros(K), mean=made.mean[made.line == 2].mean(axis=0))
    outside = belief(np.zeros(K), mean=np.full(Z, 99.0))
    found = place(made, layout, [inside, outside])
    assert found.nearest.shape == (2, 3)
    assert found.nearest[0].tolist() == [2, 1, 0]
    assert found.distance[0, 0] == pytest.approx(0.0, abs=1e-9)
    assert np.all(np.diff(found.distance, axis=1) >= 0)
    assert found.inside.tolist() == [True, False]
    assert found.ellipse[0] == pytest.approx(np.eye(2), abs=1e-9)  # std 1 in every dimension
    stored = LayoutRecord("umap", layout.coordinates, None, None, layout.explained, layout.ellipses, 1.0, 1.0)
    near = place(made, stored, [inside])
    rows, apart = nearest(made.mean, inside.mean[None], 15)
    weight = 1 / apart[0]
    wanted = (weight[:, None] * layout.coordinates[rows[0]]).sum(axis=0) / weight.sum()
    assert near.coordinates[0] == pytest.approx(wanted)
    on_top = place(made, stored, [belief(np.zeros(K), mean=made.mean[7])])
    assert on_top.coordinates[0] == pytest.approx(layout.coordinates[7], abs=1e-5)


def test_hull_by_hand():
    square = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert in_hull(square, np.array([0.5, 0.9]))
    assert in_hull(square, np.array([1.0, 1.0]))
    assert not in_hull(square, np.array([0.5, 1.1]))


def test_a_cloud_of_supports():
    learner = random_learner()
    before = weights(learner)
    lines = [line(name, pairs(211, at), np.arange(211) % 3 == 0) for at, name in enumerate("ab")]
    found = support_cloud(learner, lines, supports=7, shots=11, judged=True)
    assert found.mean.shape == (14, 2)
    assert found.spectrum.shape == (14, K)
    assert found.line.tolist() == [0] * 7 + [1] * 7
    assert found.full.shape == (2, 2)
    assert ((found.positives > 0) & (found.positives < 11)).all()
    assert np.isfinite(found.auroc).all()
    unjudged = support_cloud(Additive(), [line("a", pairs(53, 0, K), np.arange(53) % 2)], supports=2)
    assert np.isnan(unjudged.auroc).all()
    assert weights(learner) == before
    with pytest.raises(InputError, match="no-lines"):
        support_cloud(learner, [])


def test_a_stored_map_comes_back_and_a_broken_one_is_refused(tmp_path):
    made = cloud()
    layout = pca_layout(made)
    assert load_map(tmp_path) is None
    stored = LayoutRecord("umap", layout.coordinates, None, None, layout.explained, layout.ellipses, 1.0, 1.0)
    save_map(tmp_path, made, stored)
    back, drawn = load_map(tmp_path)
    assert np.array_equal(back.mean, made.mean)
    assert back.lines == made.lines
    assert np.array_equal(drawn.coordinates, layout.coordinates)
    assert drawn.method == "umap"
    assert np.isnan(drawn.explained).all()
    save_tensors(tmp_path / MAP_FILE, {"mean": made.mean}, {"format": "another"})
    with pytest.raises(CheckpointError, match="map-broken"):
        load_map(tmp_path)


def test_umap_is_refused_for_a_handful_of_points():
    with pytest.raises(InputError, match="map-small"):
        umap_layout(cloud(3))


@pytest.mark.nightly
def test_umap_keeps_neighbourhoods():
    found = umap_layout(cloud(), seed=1)
    assert found.coordinates.shape == (93, 2)
    assert np.isfinite(found.coordinates).all()
    assert found.trustworthiness > 0.85


def test_two_raw_dimensions_are_those_dimensions():
    made = cloud()
    found = raw_layout(made, 3, 1)
    assert np.array_equal(found.coordinates, made.mean[:, [3, 1]])
    power = made.mean.var(axis=0)
    assert found.explained == pytest.approx(power[[3, 1]] / power.sum())
    inside = belief(np.zeros(K), mean=np.arange(5.0))
    assert place(made, found, [inside]).coordinates[0].tolist() == [3.0, 1.0]
    assert project(made, found, np.arange(5.0)[None], np.full((1, 5), 2.0))[1][0] == pytest.approx(4.0 * np.eye(2))
    for axes in ((1, 1), (0, 5), (-1, 2)):
        with pytest.raises(InputError, match="dimensions 1 to 5"):
            raw_layout(made, *axes)


def test_a_large_cloud_is_judged_on_a_part_of_it(monkeypatch):
    from metabam.probe import manifold

    made = cloud()
    whole = pca_layout(made)
    monkeypatch.setattr(manifold, "MOST_JUDGED", 47)
    part = pca_layout(made)
    assert np.array_equal(part.coordinates, whole.coordinates)
    assert part.overlap != whole.overlap
    assert 0.0 < part.overlap <= 1.0
