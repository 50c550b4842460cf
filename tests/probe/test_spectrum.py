import numpy as np
import pytest

from metabam.errors import InputError
from metabam.probe.spectrum import effective_rank, singular_spectrum


def test_spectrum_by_hand():
    atoms = np.array([[3.0, 0.0, 0.0], [0.0, 4.0, 0.0]])
    found = singular_spectrum(atoms, step=17)
    assert found.singular == pytest.approx([4.0, 3.0])
    assert found.singular_normalised == pytest.approx([1.0, 1.0])
    # exp of the entropy of (4/7, 3/7); (9 + 16) / 16
    assert found.effective_rank == pytest.approx((7 / 4) ** (4 / 7) * (7 / 3) ** (3 / 7))
    assert found.effective_rank_normalised == pytest.approx(2.0)
    assert found.stable_rank == pytest.approx(25 / 16)
    assert (found.max_rank, found.step, found.max_cosine, found.mean_cosine) == (2, 17, 0.0, 0.0)


def test_duplicate_atoms_are_one_direction():
    found = singular_spectrum(np.array([[1.0, 2.0], [-2.0, -4.0], [0.5, 1.0]]))
    assert found.effective_rank == pytest.approx(1.0, abs=1e-6)
    assert found.max_cosine == pytest.approx(1.0)
    assert found.cosines == pytest.approx(np.array([[1, -1, 1], [-1, 1, -1], [1, -1, 1]]))
    assert found.max_rank == 2


def test_rank_is_bounded_by_the_smaller_side_and_the_band_holds_gaussians():
    rng = np.random.default_rng(7)
    for shape in ((11, 13), (13, 5)):
        found = singular_spectrum(rng.standard_normal(shape))
        assert found.effective_rank <= found.max_rank + 1e-9
        assert found.singular.shape == found.null_low.shape == (min(shape),)
        ratio = found.singular / found.singular[0]
        assert np.mean((found.null_low <= ratio) & (ratio <= found.null_high)) >= 0.6
        assert found.cosines.shape == (shape[0], shape[0])


def test_degenerate_atoms():
    nothing = singular_spectrum(np.zeros((3, 5)))
    assert (nothing.effective_rank, nothing.stable_rank, nothing.max_cosine) == (0.0, 0.0, 0.0)
    one = singular_spectrum(np.ones((1, 5)))
    assert (one.max_cosine, one.mean_cosine) == (0.0, 0.0)
    assert one.effective_rank == pytest.approx(1.0)
    assert effective_rank(np.array([2.0, 2.0, 0.0])) == pytest.approx(2.0)


def test_bad_atoms_are_refused():
    with pytest.raises(InputError, match="NaN"):
        singular_spectrum(np.array([[1.0, np.nan]]))
    with pytest.raises(InputError, match="not \\(K, D\\)"):
        singular_spectrum(np.zeros(3))
    with pytest.raises(InputError, match="not \\(K, D\\)"):
        singular_spectrum(np.zeros((0, 3)))


def test_the_cached_band_cannot_be_spoiled():
    found = singular_spectrum(np.eye(3))
    with pytest.raises(ValueError, match="read-only"):
        found.null_low[0] = 9.0
