"""What is said about single atoms, on learners and DNA whose answers are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from metabam.errors import ConfigError, InputError
from metabam.probe.enrichment import best_sites, enriched
from metabam.probe.examples import example_pairs
from metabam.probe.gallery import gallery_of, nearest_atoms
from metabam.probe.motifs import aligned
from metabam.probe.recovery import recovered
from metabam.probe.steering import gates_over_supports, lost_without, steering_curve
from metabam.records import AblationCase, MotifSet, PairWindows
from tests.probe.toys import Additive, K, belief, line, pairs, random_learner, weights

GATE = np.linspace(-0.9, 0.8, K)


# ------------------------------------------------------------------ examples


def test_top_bottom_and_bins_of_a_ramp():
    found = example_pairs(np.arange(101, dtype=np.float32), top=3, bottom=2, per_bin=4)
    assert found.rows[:3].tolist() == [100, 99, 98]
    assert found.rows[3:5].tolist() == [0, 1]
    assert found.group[:5].tolist() == [0, 0, 0, 1, 1]
    assert found.low[0] == 90.0
    assert found.high[0] == 100.0
    assert found.share[0] == pytest.approx(11 / 101), "the highest bin is closed"
    assert found.share.sum() == pytest.approx(1.0)
    for place in range(10):
        inside = found.rows[found.group == 2 + place]
        assert len(inside) == 4
        assert ((inside >= found.low[place]) & (inside <= found.high[place])).all()


def test_a_constant_potential_has_one_bin_and_a_missing_one_is_refused():
    found = example_pairs(np.full(7, 2.0), top=2, bottom=2, per_bin=3)
    assert (found.share == 1.0).sum() == 1
    with pytest.raises(InputError, match="no-potential"):
        example_pairs(np.full(3, np.nan))


# ------------------------------------------------------------------ steering


def test_a_linear_learner_answers_along_a_line():
    x = pairs(5, width=K)
    delta = np.linspace(0.1, 0.3, K)
    found = steering_curve(Additive(), belief(GATE, delta), x, 2, (-3.0, 0.0, 1.0, 2.0))
    base = x.astype(float) @ (GATE + delta)
    for row, factor in enumerate((-3.0, 0.0, 1.0, 2.0)):
        assert found.logit[row] == pytest.approx(base + (factor - 1.0) * GATE[2] * x[:, 2], abs=1e-5)
    assert found.bound == pytest.approx(1 / abs(GATE[2]))
    assert steering_curve(Additive(), belief(np.zeros(K)), x, 2, (2.0,)).bound == float("inf")
    with pytest.raises(ConfigError, match="steering-atom"):
        steering_curve(Additive(), belief(GATE), x, K)


def test_losing_an_atom_loses_its_gate_and_its_evidence():
    x = pairs(5, width=K)
    delta = np.linspace(0.1, 0.3, K)
    p, logit, lost = lost_without(Additive(), belief(GATE, delta), x, 7)
    assert lost == pytest.approx((GATE[7] + delta[7]) * x[:, 7], abs=1e-5)
    assert logit == pytest.approx(x.astype(float) @ (GATE + delta), abs=1e-5)
    assert p == pytest.approx(1 / (1 + np.exp(-logit)))


def test_steering_leaves_the_model_as_it_was():
    learner = random_learner()
    before = weights(learner)
    context = line("a", pairs(23), np.arange(23) % 2)
    found = gates_over_supports(learner, [context], shots=8, supports=3)
    steering_curve(learner, learner.adapt(support_of(context)), context.features[:3], 1)
    assert weights(learner) == before
    assert found.gate.shape == found.evidence.shape == (1, 3, K)
    again = gates_over_supports(learner, [context], shots=8, supports=3)
    assert again.gate.tobytes() == found.gate.tobytes()
    assert np.ptp(found.gate[0], axis=0).max() > 0, "supports differ"


def support_of(context):
    from metabam.records import SupportSet

    return SupportSet(context.features[:8], context.labels[:8])


# ------------------------------------------------------------------ gallery


def test_gallery_counts_what_was_put_in():
    x = np.abs(pairs(31, width=K)) + 0.1
    x[:, 4] *= -1.0
    cases = []
    for name, sign in (("a", 1.0), ("b", -1.0)):
        gate = np.zeros(K)
        gate[3] = 0.9 * sign
        labels = (np.arange(31) % 2).astype(np.int8)
        cases.append(AblationCase(name, belief(gate), x, labels, np.arange(31)))
    atoms = np.eye(K, 13, dtype=np.float32)
    atoms[8] = -2.0 * atoms[1]
    found = gallery_of(Additive(), cases, x, atoms, random=19)
    assert found.density[4] == 0.0
    assert found.density[3] == 1.0
    assert found.highest[4] < 0
    assert found.rank[3] == 1
    assert found.usage[:, 3] == pytest.approx(0.9 * x[:, 3].mean(), rel=1e-5), "the mean of both lines is 0"
    assert found.signed[:, 3] == pytest.approx([0.9 * x[:, 3].mean(), -0.9 * x[:, 3].mean()], rel=1e-5)
    assert found.usage[:, 5].max() == pytest.approx(0.0, abs=1e-6)
    assert not found.effect.inside[3]
    assert found.effect.inside[5]
    assert (int(found.nearest[1]), found.nearest_cosine[1]) == (8, pytest.approx(-1.0))
    with pytest.raises(InputError, match="gallery-shape"):
        gallery_of(Additive(), cases, x[:, :5], atoms)


def test_an_atom_at_right_angles_to_all_others_has_no_neighbour():
    nearest, cosine = nearest_atoms(np.array([[1, 0, 0], [0, 1, 0], [0, 1, -1]], dtype=np.float32))
    assert nearest.tolist() == [-1, 2, 1]
    assert cosine.tolist() == pytest.approx([0.0, 0.5**0.5, 0.5**0.5])


def test_one_atom_alone_has_no_neighbour():
    assert nearest_atoms(np.ones((1, 3), dtype=np.float32))[0].tolist() == [-1]


# ------------------------------------------------------------------ recovery


def test_recovery_names_the_atom_the_sign_and_the_miss():
    rng = np.random.default_rng(0)
    activity = rng.standard_normal((97, 3))
    states = rng.standard_normal((97, 5)).astype(np.float32)
    states[:, 4] = -activity[:, 1]
    states[:, 2] = activity[:, 0] + 0.1 * states[:, 2]
    found = recovered(states, activity, ("one", "two", "three"))
    assert found.of_atom(4) == 1
    assert found.score(1) == pytest.approx(-1.0)
    assert found.of_atom(2) == 0
    assert found.matched.tolist() == [True, True, False]
    assert found.r.shape == (5, 3)
    assert abs(found.score(2)) < 0.7
    with pytest.raises(InputError, match="recovery-shape"):
        recovered(states, activity, ("one",))


# ------------------------------------------------------------------ DNA


def matrix(word: str) -> np.ndarray:
    return 0.94 * np.eye(4)[["ACGT".index(base) for base in word]] + 0.015


def codes(rng, count: int, length: int, gc: float = 0.5) -> np.ndarray:
    return rng.choice(4, size=(count, length), p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]).astype(np.uint8)


def windows(enhancers, promoters) -> PairWindows:
    index = np.arange(len(enhancers), dtype=np.int64)
    return PairWindows(enhancers, promoters, index, index, 0 * index, 0 * index)


def planted(rng, count: int = 211, active: int = 29) -> tuple[PairWindows, np.ndarray]:
    """Return pairs whose most active ones hold GATTACA (either strand) in the enhancer, and their potential."""
    enhancers, promoters = codes(rng, count, 67), codes(rng, count, 61)
    for row in range(active):
        site = [2, 0, 3, 3, 0, 1, 0] if row % 2 else [3, 2, 3, 0, 0, 3, 1]
        enhancers[row, 11:18] = site
    potential = rng.standard_normal(count) - 5.0 * (np.arange(count) >= active)
    return windows(enhancers, promoters), potential


def test_a_planted_motif_is_found_on_its_side_alone():
    rng = np.random.default_rng(1)
    dna, potential = planted(rng)
    motifs = MotifSet(("site", "other"), (matrix("GATTACA"), matrix("CCGTCCG")))
    distance = rng.uniform(1e4, 1e6, len(dna))
    found = enriched(dna, distance, potential, motifs, top=20, per_top=3)
    best = found.found[0]
    assert (best.kind, best.name, best.side) == ("motif", "site", "enhancer")
    assert best.effect > 0.9
    assert all(item.q <= 0.05 for item in found.found)
    assert not [item for item in found.found if item.name == "other" or item.side == "promoter"]
    assert {item.name for item in found.found if item.kind == "k-mer"} <= {"ATTACA", "GATTAC", "GTAATC", "TGTAAT"}
    assert found.n_top == 20
    assert found.tested["motif"] == 4
    gc = found.gc["enhancer"]
    assert abs(gc[0] - gc[1]) < 0.06, "the background is matched"


def test_nothing_is_enriched_where_nothing_was_planted():
    rng = np.random.default_rng(2)
    dna = windows(codes(rng, 211, 67), codes(rng, 211, 61))
    motifs = MotifSet(("site",), (matrix("GATTACA"),))
    found = enriched(dna, rng.uniform(1e4, 1e6, 211), rng.standard_normal(211), motifs, top=20)
    assert found.found == ()


def test_an_atom_that_follows_gc_is_told_from_one_that_follows_a_motif():
    rng = np.random.default_rng(3)
    enhancers = np.concatenate([codes(rng, 41, 67, 0.9), codes(rng, 170, 67, 0.3)])
    potential = np.concatenate([np.full(41, 3.0), rng.standard_normal(170) - 3])
    dna = windows(enhancers, codes(rng, 211, 61))
    with pytest.raises(InputError, match="enrichment-matched"):
        enriched(dna, rng.uniform(1e4, 1e6, 211), potential, MotifSet((), ()), top=20)
    with pytest.raises(InputError, match="enrichment-pairs"):
        enriched(windows(enhancers[:7], enhancers[:7]), np.ones(7), np.ones(7), MotifSet((), ()))


def test_best_site_equals_a_search_by_hand():
    rng = np.random.default_rng(4)
    dna = codes(rng, 5, 17)
    dna[2, 3] = 4
    pwms = [rng.dirichlet(np.ones(4), size=7), rng.dirichlet(np.ones(4), size=19)]
    found = best_sites(dna, pwms)
    odds = np.log2(np.maximum(pwms[0], 1e-4) / 0.25)
    for row in range(5):
        scores = []
        for table in (odds, odds[::-1, ::-1]):
            for start in range(17 - 7 + 1):
                letters = dna[row, start : start + 7]
                scores.append(sum(table[i, c] for i, c in enumerate(letters) if c < 4))
        assert found[row, 0] == pytest.approx(max(scores), abs=1e-4)
    assert np.isneginf(found[:, 1]).all(), "longer than the sequences"


def test_a_motif_is_turned_and_shifted_onto_its_reference():
    reference = np.random.default_rng(5).dirichlet(np.full(4, 0.3), size=11)
    inner = reference[2:9]
    assert aligned(inner, reference)[:2] == (2, False)
    start, turned, cosine = aligned(inner[::-1, ::-1], reference)
    assert (start, turned) == (2, True)
    assert 0.5 < cosine <= 1.0
    assert aligned(reference, reference)[2] == pytest.approx(1.0)
