"""Bootstraps over genes against cases that can be counted, and the flag that follows."""

import numpy as np
import pytest

from metabam.bench.honesty import Unit, gene_draws, honesty, line_scores


def unit(labels, genes, line="X", world="w", **logits):
    values = {name: np.array(value, dtype=float) for name, value in logits.items()}
    return Unit(world, "0", line, np.array(labels, dtype=np.int8), np.array(genes), values)


def test_draws_of_two_genes_are_the_four_that_exist():
    """Gene 7 is ordered rightly (AUPRC 1), gene 8 wrongly (1/2), both together in between (5/6): 1 : 1 : 2."""
    one = unit([1, 0, 1, 0], [7, 7, 8, 8], good=[4, 1, 2, 3], flat=[0, 0, 0, 0])
    values = gene_draws([one], ["good", "flat"], 4_000, 0)
    # together: ranks are + (1/1), - , + (2/3): (1 + 2/3) / 2
    assert values["good"][0] == pytest.approx(5 / 6)
    assert set(np.round(values["good"][1:], 6)) == {1.0, 0.5, round(5 / 6, 6)}
    assert np.mean(values["good"][1:] == 1.0) == pytest.approx(0.25, abs=0.03)
    assert np.mean(np.isclose(values["good"][1:], 5 / 6)) == pytest.approx(0.5, abs=0.03)
    assert values["flat"] == pytest.approx(np.full(4_001, 0.5))


def test_one_draw_weighs_a_gene_alike_in_every_line():
    """The same gene is right in line X and wrong in line Y: their mean is 3/4 in every draw that keeps both."""
    both = [
        unit([1, 0], [7, 7], "X", good=[1, 0]),
        unit([1, 0], [7, 7], "Y", good=[0, 1]),
    ]
    assert gene_draws(both, ["good"], 100, 0)["good"] == pytest.approx(np.full(101, 0.75))


def test_a_draw_that_leaves_one_class_is_left_out():
    one = unit([1, 0], [7, 8], good=[1, 0])
    values = gene_draws([one], ["good"], 1_000, 0)["good"]
    assert np.isfinite(values).mean() == pytest.approx(0.5, abs=0.06)
    assert (values[np.isfinite(values)] == 1.0).all()


def many(seed=0, lines=5, genes=29):
    """Return units whose ``distance`` knows nothing, ``weak`` a little on one gene alone and ``metabam`` a lot."""
    rng = np.random.default_rng(seed)
    out = []
    for line in range(lines):
        labels = (rng.random(7 * genes) < 0.25).astype(np.int8)
        labels[:2] = [0, 1]
        noise = rng.standard_normal((3, len(labels)))
        out.append(
            unit(
                labels, np.repeat(np.arange(genes), 7), f"line{line}",
                metabam=2.0 * labels + noise[0], per_task=noise[1], distance=noise[2],
                support_prevalence=np.zeros(len(labels)),
            )
        )  # fmt: skip
    return out


def test_the_flag_tells_a_learner_that_beats_chance_from_one_that_does_not():
    records = {(r.learner, r.baseline): r for r in honesty(many(), draws=200)}
    assert set(records) == {(a, b) for a in ("metabam", "per_task") for b in ("distance", "support_prevalence")}
    best = records["metabam", "distance"]
    assert best.shown_to_beat
    assert best.low < best.estimate < best.high
    assert (best.pairs, best.genes, best.lines, best.dropped, best.draws) == (5 * 203, 29, 5, 0, 200)
    assert not records["per_task", "distance"].shown_to_beat


def test_a_pair_that_one_method_cannot_score_leaves_all():
    units = many()
    clean = honesty(units, draws=50)[0]
    units[0].logits["distance"][3] = np.nan
    found = honesty(units, draws=50)
    assert {(r.dropped, r.pairs) for r in found} == {(1, 5 * 203 - 1)}
    assert found[0].estimate != clean.estimate


def test_a_learner_that_did_not_run_everywhere_is_not_judged():
    units = many()
    del units[1].logits["per_task"]
    assert {r.learner for r in honesty(units, draws=20)} == {"metabam"}
    assert honesty([], draws=20) == []


def test_line_scores_are_about_one_line_each():
    units = many()
    records = line_scores([*units, units[0]], draws=100)
    assert len(records) == 5 * 4
    ours = [r for r in records if r.learner == "metabam"]
    assert [r.line for r in ours] == [f"line{n}" for n in range(5)]
    assert all(r.low <= r.estimate <= r.high for r in records)
    flat = next(r for r in records if r.learner == "support_prevalence")
    assert flat.estimate == pytest.approx(flat.prevalence)
