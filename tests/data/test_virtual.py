import numpy as np
import pytest

from metabam.data.virtual import VirtualLines, VirtualMix
from metabam.errors import ConfigError

E, K, N = 5, 11, 700


def _lines(seed=0, spread=0.1):
    rng = np.random.default_rng(seed)
    return VirtualLines(rng.normal(size=(E, K)), np.full(K, spread), np.linspace(0.1, 0.3, E)), rng


def test_shares_of_kinds():
    rng = np.random.default_rng(0)
    drawn = [VirtualMix(0.5, 0.2, 0.1).draw(rng) for _ in range(4000)]
    shares = {kind: drawn.count(kind) / 4000 for kind in set(drawn)}
    assert shares == pytest.approx({"mixture": 0.5, "exemplar": 0.2, "flip": 0.1, "real": 0.2}, abs=0.03)
    assert {VirtualMix(0.0, 0.0, 0.0).draw(rng) for _ in range(20)} == {"real"}


def test_mixtures_stay_in_the_span_of_the_heads():
    lines, rng = _lines(spread=0.0)
    drawn = np.stack([lines.draw("mixture", np.zeros((1, K)), rng) for _ in range(60)])
    span = np.vstack([lines.heads, drawn])
    assert np.linalg.matrix_rank(span, tol=1e-8) == E
    assert np.linalg.matrix_rank(drawn, tol=1e-8) == E  # and are not copies of one line


def test_a_flip_is_minus_a_head():
    lines, rng = _lines(spread=0.0)
    drawn = lines.draw("flip", np.zeros((1, K)), rng)
    assert np.abs(lines.heads + drawn).sum(1).min() == 0.0


def test_an_exemplar_likes_itself_or_its_opposite():
    lines, rng = _lines()
    design = rng.normal(size=(1, K))
    values = [float(design[0] @ lines.draw("exemplar", design, rng)) for _ in range(30)]
    assert min(values) < 0.0 < max(values)
    assert np.allclose(np.abs(values), abs(values[0]))


@pytest.mark.parametrize("mode", ["mixture", "exemplar", "flip"])
def test_labels_have_natural_prevalence_and_follow_the_label_function(mode):
    lines, rng = _lines()
    design = 2.0 * rng.normal(size=(N, K))
    shares = [lines.labels(mode, design, rng).mean() for _ in range(40)]
    assert 0.08 < np.mean(shares) < 0.32
    assert np.std(shares) > 0.02  # each virtual line takes one training line's base rate


def test_determinism_and_refusals():
    lines, _ = _lines()
    design = np.random.default_rng(1).normal(size=(N, K))
    one, two = (lines.labels("mixture", design, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one, two)
    with pytest.raises(ConfigError, match="virtual-shape"):
        VirtualLines(np.zeros((E, K)), np.zeros(K + 1), np.zeros(E))
    with pytest.raises(ConfigError, match="virtual-mode"):
        lines.draw("real", design, np.random.default_rng(0))
